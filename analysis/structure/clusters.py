"""Clusters: particles linked by steps shorter than a reach, also across the edges of the box."""

from typing import Any, NamedTuple

import numpy as np

from analysis.structure.pairs import pairs_by_arrays
from analysis.structure.plane import grid_for


class Clusters(NamedTuple):
    """Which cluster (N,) each particle is in, 0 the largest, and the sizes (C,), descending."""

    label: np.ndarray
    sizes: np.ndarray

    @property
    def largest(self) -> float:
        """Return the part of all particles that is in the largest cluster."""
        return float(self.sizes[0] / self.label.size)

    @property
    def mean_size(self) -> float:
        """Return the mean size of the cluster of a particle chosen at random."""
        return float((self.sizes.astype(float) ** 2).sum() / self.label.size)


def _ranked(raw: np.ndarray) -> Clusters:
    """Return clusters numbered by size; of equal ones, that of the first particle comes first."""
    sizes = np.bincount(raw)
    first = np.full(len(sizes), raw.size)
    first[raw[::-1]] = np.arange(raw.size)[::-1]
    order = np.lexsort((first, -sizes))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Clusters(rank[raw], sizes[order])


def find_clusters(points: Any, box: Any, reach: float) -> Clusters:
    """Return the clusters of points (N, 2): linked are those closer than a reach.

    box  (2,) edges or None in open space; reach  at most half the box
    The time is proportional to N: cells of the size of the reach, and a forest of sets joined as
    links are met (Tarjan (1975) J. ACM 22, 215).
    """
    from analysis.structure.kernels.cells import clusters

    return _ranked(clusters(*grid_for(points, box, reach)))


def clusters_by_arrays(points: Any, box: Any, reach: float) -> Clusters:
    """Return what `find_clusters` does, from all pairs and the components of their graph."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(points)
    found = pairs_by_arrays(points, box, reach)
    graph = coo_array((np.ones(len(found.i)), (found.i, found.j)), shape=(n, n))
    return _ranked(connected_components(graph, directed=False)[1])


def size_distribution(sizes: np.ndarray, particles: int, per_octave: int = 2) -> np.ndarray:
    """Return clusters of each size as rows (s, n_s): mean size of a bin, density of clusters.

    sizes      of all clusters of one frame or several
    particles  how many there are in all those frames, by which the density is divided
    Bins widen with the size, `per_octave` to a doubling; sum over s of s n_s is 1.
    """
    sizes = np.asarray(sizes)
    if sizes.size == 0 or sizes.min() < 1:
        raise ValueError("sizes: must be whole numbers from 1 on")
    octaves = np.log2(sizes.max()) + 1
    raw = 2.0 ** (np.arange(int(per_octave * octaves) + 2) / per_octave)
    edges = np.unique(np.ceil(raw)).astype(int)
    counts, _ = np.histogram(sizes, bins=edges)
    mass, _ = np.histogram(sizes, bins=edges, weights=sizes.astype(float))
    some = counts > 0
    return np.stack([mass[some] / counts[some], counts[some] / np.diff(edges)[some] / particles])
