"""Structure and dynamics of particles in the plane: arrays and a box in, numbers out."""

from analysis.structure.averages import Average, frame_average
from analysis.structure.clusters import Clusters, find_clusters, size_distribution
from analysis.structure.density import (
    Phases,
    binodals,
    box_densities,
    disc_densities,
    phase_densities,
)
from analysis.structure.disorder import density_entropy, heading_entropy, position_entropy
from analysis.structure.factor import (
    Factor,
    Shells,
    coarsening_length,
    density_modes,
    shells,
    structure_factor,
)
from analysis.structure.forces import Forces, Interaction, pair_forces
from analysis.structure.hexatic import (
    hexatic_correlation,
    hexatic_order,
    nearest_neighbours,
)
from analysis.structure.motion import (
    Diffusion,
    effective_diffusion,
    heading_products,
    over_particles,
    square_displacements,
    unwrapped,
)
from analysis.structure.pairs import (
    Pairs,
    Radial,
    contact_numbers,
    pair_correlation,
    pairs_within,
    radial_distribution,
)
from analysis.structure.swimming import Pressures, effective_speed, pressures
from analysis.structure.voronoi import Voronoi, cell_densities, voronoi

__all__ = [
    "Average", "Clusters", "Diffusion", "Factor", "Forces", "Interaction", "Pairs", "Phases",
    "Pressures", "Radial", "Shells", "Voronoi", "binodals", "box_densities", "cell_densities",
    "coarsening_length", "contact_numbers", "density_entropy", "density_modes", "disc_densities",
    "effective_diffusion", "effective_speed", "find_clusters", "frame_average",
    "heading_entropy", "heading_products", "hexatic_correlation", "hexatic_order",
    "nearest_neighbours", "over_particles", "pair_correlation", "pair_forces", "pairs_within",
    "phase_densities", "position_entropy", "pressures", "radial_distribution", "shells",
    "size_distribution", "square_displacements", "structure_factor", "unwrapped", "voronoi",
]  # fmt: skip
