"""Local hexatic order: how well the neighbours of a particle sit on the corners of a hexagon.

psi_6(i) = (1/n_i) sum_j exp(6 i theta_ij)
"""

from typing import Any

import numpy as np

from analysis.structure.pairs import Radial, pair_correlation, pairs_within
from analysis.structure.plane import edges_of, inside, nearest_image, points_of

SIX = 6


def _nearest(points: Any, box: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (i, d) of the k nearest of each point, (N k,) and (N k, 2)."""
    from scipy.spatial import cKDTree

    host, edges = points_of(points), edges_of(box, 2)
    if not 1 <= k < len(host):
        raise ValueError(f"neighbours: must be from 1 to {len(host) - 1}, got {k}")
    host = inside(host, edges)
    tree = cKDTree(host, boxsize=edges if np.isfinite(edges).all() else None)
    far, found = tree.query(host, k=k + 1)
    if np.isfinite(edges).all() and far.max() > edges.min() / 2:
        raise ValueError("box: neighbours are beyond half the box; use more particles")
    i = np.repeat(np.arange(len(host)), k + 1)
    j = found.ravel()
    other = j != i  # itself comes first, or among others at the same place
    extra = (~other).reshape(-1, k + 1).sum(axis=1) == 0
    other.reshape(-1, k + 1)[extra, -1] = False
    i, j = i[other], j[other]
    return i, nearest_image(host[j] - host[i], edges)


def _sixth(d: np.ndarray) -> np.ndarray:
    """Return exp(6 i theta) of vectors (P, 2): the sixth power of the unit vector."""
    z = d[:, 0] + 1j * d[:, 1]
    size = np.abs(z)
    if not (size > 0).all():
        raise ValueError("points: two are at the same place, so that no direction joins them")
    return (z / size) ** SIX


def hexatic_order(
    points: Any, box: Any, *, neighbours: int = SIX, reach: float | None = None
) -> np.ndarray:
    """Return psi_6 (N,), complex, of points (N, 2); |psi_6| is 1 in a hexagonal lattice.

    box         (2,) edges or None in open space
    neighbours  how many of the nearest count
    reach       if given, all closer than this count instead; a point without any has psi_6 = 0
    """
    n = len(points)
    if reach is None:
        i, d = _nearest(points, box, neighbours)
        angles = _sixth(d)
    else:
        found = pairs_within(points, box, reach)
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
