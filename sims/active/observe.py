"""What is seen of a frame: pressure, sum rule, contacts, clusters, from the list of pairs."""

import numpy as np

from core.store import Field
from sims.active import forces, system
from sims.active.engine import Simulation
from sims.active.params import Params


def _pays(params: Params) -> bool:
    """Return whether the swim work over T is all the entropy production: no torque does work."""
    turned = params.chirality or params.alignment is not None
    return params.model != "passive" and params.translational_diffusivity > 0 and not turned


def about(params: Params) -> dict[str, Field]:
    """Return what each number of a frame is, by name."""
    found = {
        "swim_work": Field((), "float64", "1", "work of self-propulsion on all since t = 0"),
        "effective_speed": Field((), "float64", "1", "mean of e (v e + mu F), along the heading"),
        "potential_energy": Field((), "float64", "1", "potential energy per particle"),
        "laplacian": Field((), "float64", "1", "mu times the Laplacian of U, per particle"),
    }
    if _pays(params):
        found["entropy_production"] = Field(
            (), "float64", "1", "swim work over T since t = 0, in k_B; heading even"
        )
    if params.interaction.kind != "none":
        found["contacts"] = Field((), "float64", "1", "neighbours within the cutoff, per particle")
        found["largest_cluster"] = Field(
            (),
            "float64",
            "1",
            f"share of the largest cluster, linked within {system.NEAR:g} diameters",
        )
        if np.isfinite(system.edges(params)).all():
            found["virial_pressure"] = Field((), "float64", "1", "virial of the pairs over d V")
    return found


def distances(simulation: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Return distance and diameter over the usual one (K,), (K,) of the listed pairs."""
    i, j = simulation.listed()
    p, edge = simulation.particles, simulation.rules.edge
    gap = p.x[:, i] - p.x[:, j]
    for d in range(2):
        if edge[d] > 0:
            gap[d] -= edge[d] * np.floor(gap[d] / edge[d] + 0.5)
    return np.sqrt((gap**2).sum(axis=0)), 0.5 * (p.size[i] + p.size[j])


def largest_cluster(n: int, first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of the largest set of linked particles among n."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    return float(np.bincount(label).max() / n)


def _bonds(simulation: Simulation) -> tuple[float, float]:
    """Return energy and Laplacian of the coupling, of all particles."""
    coupling = simulation.params.coupling
    if coupling is None:
        return 0.0, 0.0
    x = simulation.by_number(simulation.particles.x)
    ends = np.roll(x, -1, axis=0) if coupling.kind == "ring" else x[1:]
    gaps = ends - x[: len(ends)]
    d = simulation.params.dimension
    return (
        float(0.5 * coupling.stiffness * (gaps**2).sum()),
        2.0 * d * coupling.stiffness * len(gaps),
    )


def observables(simulation: Simulation) -> dict[str, float]:
    """Return the numbers of a frame, as `about` names them; the list must be fresh."""
    params, p = simulation.params, simulation.particles
    n, d = p.work.size, params.dimension
    law, mu = system.pair(params), params.mobility
    simulation.act()
    energy, laplacian = _bonds(simulation)
    if params.trap is not None:
        energy += float(0.5 * params.trap.stiffness * (p.x**2).sum())
        laplacian += params.trap.stiffness * d * n
    work = float(p.work.sum())
    along = p.e * (p.speed * p.e + mu * p.f)
    found = {"swim_work": work, "effective_speed": float(along.sum() / n)}
    if _pays(params):
        found["entropy_production"] = work / system.temperature(params)
    if params.interaction.kind != "none":
        r, size = distances(simulation)
        push = forces.force(law, r, size)
        energy += float(forces.energy(law, r, size).sum())
        # U'' + (d - 1) U'/r at each end of the pair
        laplacian += float(2 * (forces.slope(law, r, size) - (d - 1) * push / r).sum())
        found["contacts"] = float(2 * np.count_nonzero(r < law.cutoff * size) / n)
        near = r < system.NEAR * law.diameter * size
        i, j = simulation.listed()
        found["largest_cluster"] = largest_cluster(n, i[near], j[near])
        edge = system.edges(params)
        if np.isfinite(edge).all():
            found["virial_pressure"] = float((push * r).sum() / (d * np.prod(edge)))
    found["potential_energy"] = energy / n
    found["laplacian"] = mu * laplacian / n
    return found
