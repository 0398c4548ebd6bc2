"""Local hexatic order: how well the neighbours of a particle sit on the corners of a hexagon.

psi_6(i) = (1/n_i) sum_j exp(6 i theta_ij)
"""

import math
from typing import Any

import numpy as np

from analysis.structure.pairs import Radial, pair_correlation, pairs_within
from analysis.structure.plane import edges_of, inside, nearest_image, points_of
from analysis.structure.voronoi import voronoi

SIX = 6
EACH = 2.0  # particles to a cell, on average, where the nearest are searched


def nearest_neighbours(points: Any, box: Any, k: int = SIX) -> np.ndarray:
    """Return the vectors (N, k, 2) from each point to its k nearest others, nearest first.

    points  (N, 2); box  (2,) edges, half of which must hold the neighbours, or None in open space
    """
    host, edges = points_of(points), edges_of(box, 2)
    if not 1 <= k < len(host):
        raise ValueError(f"neighbours: must be from 1 to {len(host) - 1}, got {k}")
    if not np.isfinite(edges).all():
        return nearest_by_tree(host, edges, k)
    from analysis.structure.kernels.cells import nearest

    host = inside(host, edges)
    side = math.sqrt(float(np.prod(edges)) * EACH / len(host))
    nx, ny = (max(1, int(edge / side)) for edge in edges)
    x, y = (np.ascontiguousarray(column) for column in host.T)
    _, dx, dy = nearest(x, y, nx, ny, edges, k)
    if float((dx[:, -1] ** 2 + dy[:, -1] ** 2).max()) > float(edges.min() / 2) ** 2:
        raise ValueError("box: neighbours are beyond half the box; use more particles")
    return np.stack([dx, dy], axis=-1)


def nearest_by_tree(points: np.ndarray, edges: np.ndarray, k: int) -> np.ndarray:
    """Return what `nearest_neighbours` does, from a tree: for open space, whose crowds vary."""
    from scipy.spatial import cKDTree

    periodic = bool(np.isfinite(edges).all())
    host = inside(points, edges)
    found = cKDTree(host, boxsize=edges if periodic else None).query(host, k=k + 1)[1]
    other = found != np.arange(len(host))[:, None]
    other[other.all(axis=1), -1] = False  # among others at one place it may not find itself
    return nearest_image(host[found[other].reshape(-1, k)] - host[:, None], edges)


def _sixth(d: np.ndarray) -> np.ndarray:
    """Return exp(6 i theta) of vectors (P, 2): the sixth power of the unit vector."""
    z = d[:, 0] + 1j * d[:, 1]
    size = np.abs(z)
    if not (size > 0).all():
        raise ValueError("points: two are at the same place, so that no direction joins them")
    return (z / size) ** SIX


def hexatic_order(
    points: Any,
    box: Any,
    *,
    neighbours: int = SIX,
    reach: float | None = None,
    cells: bool = False,
) -> np.ndarray:
    """Return psi_6 (N,), complex, of points (N, 2); |psi_6| is 1 in a hexagonal lattice.

    box         (2,) edges or None in open space
    neighbours  how many of the nearest count
    reach       if given, all closer than this count instead; a point without any has psi_6 = 0
    cells       if true, those whose Voronoi cells share an edge count instead; periodic box
    """
    n = len(points)
    if cells and reach is not None:
        raise ValueError("reach: goes without cells, which choose the neighbours themselves")
    if reach is None and not cells:
        near = nearest_neighbours(points, box, neighbours)
        return _sixth(near.reshape(-1, 2)).reshape(n, -1).mean(axis=1)
    found = voronoi(points, box) if reach is None else pairs_within(points, box, reach)
    i = np.concatenate([found.i, found.j])
    angles = np.tile(_sixth(found.d), 2)  # exp(6 i (theta + pi)) is the same
    count = np.bincount(i, minlength=n)
    total = np.bincount(i, angles.real, n) + 1j * np.bincount(i, angles.imag, n)
    return total / np.maximum(count, 1)


def hexatic_correlation(
    points: Any, psi: np.ndarray, box: Any, r_max: float, bins: int = 100
) -> Radial:
    """Return g_6(r) = <psi_6*(0) psi_6(r)> over pairs of points at each distance; NaN for none."""
    return pair_correlation(points, psi, box, r_max, bins)
