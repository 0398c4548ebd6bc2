"""Pairs of particles, and how they are spread: neighbours, contacts, radial distribution.

    g(r) = n(r) / [N (N - 1)/2 pi (r_2^2 - r_1^2) / A]

with n(r) the pairs between the edges r_1 and r_2 of a bin: 1 for an ideal gas, without bias.
"""

from typing import Any, NamedTuple

import numpy as np

from analysis.structure.plane import (
    edges_of,
    grid_for,
    inside,
    nearest_image,
    periodic_edges,
    points_of,
)


class Pairs(NamedTuple):
    """Pairs (P,) of particles i and j, each once, with d (P, 2) = r_j - r_i."""

    i: np.ndarray
    j: np.ndarray
    d: np.ndarray


class Radial(NamedTuple):
    """A function of the distance: r (B,) middles of bins, value (B,), pairs (B,) counted."""

    r: np.ndarray
    value: np.ndarray
    pairs: np.ndarray


def pairs_within(points: Any, box: Any, reach: float) -> Pairs:
    """Return all pairs of points closer than a reach.

    points  (N, 2); box  (2,) edges or None in open space; reach  at most half the box
    """
    from analysis.structure.kernels.cells import pair_list

    i, j, dx, dy = pair_list(*grid_for(points, box, reach))
    return Pairs(i, j, np.stack([dx, dy], axis=-1))


def pairs_by_arrays(points: Any, box: Any, reach: float) -> Pairs:
    """Return what `pairs_within` does, from all N^2 differences."""
    host, edges = points_of(points), edges_of(box, 2)
    host = inside(host, edges)
    gaps = nearest_image(host[None] - host[:, None], edges)
    near = (gaps**2).sum(axis=-1) < reach**2
    i, j = np.nonzero(np.triu(near, 1))
    return Pairs(i, j, gaps[i, j])


def contact_numbers(points: Any, box: Any, reach: float) -> np.ndarray:
    """Return how many others (N,) each point has closer than a reach."""
    found = pairs_within(points, box, reach)
    return np.bincount(np.concatenate([found.i, found.j]), minlength=len(points))


def _middles(r_max: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    if bins < 1:
        raise ValueError(f"bins: must be 1 or more, got {bins}")
    edges = np.linspace(0, r_max, bins + 1)
    return (edges[1:] + edges[:-1]) / 2, np.pi * np.diff(edges**2)


def radial_distribution(points: Any, box: Any, r_max: float, bins: int = 100) -> Radial:
    """Return g(r) of points in a periodic box: the density of pairs over that of an ideal gas.

    points  (N, 2), N > 1; box  (2,) edges; r_max  at most half the shorter edge
    """
    from analysis.structure.kernels.cells import pair_histogram

    area = float(np.prod(periodic_edges(box)))
    r, rings = _middles(r_max, bins)
    none = np.empty(0)
    counts, _ = pair_histogram(*grid_for(points, box, r_max), bins, none, none)
    n = len(points)
    if n < 2:
        raise ValueError("points: two at least make a pair")
    return Radial(r, counts / (n * (n - 1) / 2 * rings / area), counts)


def pair_correlation(points: Any, weights: Any, box: Any, r_max: float, bins: int = 100) -> Radial:
    """Return the mean of Re w_i* w_j over pairs at each distance; NaN where there are none.

    weights  (N,) real or complex, such as the local hexatic order
    """
    from analysis.structure.kernels.cells import pair_histogram

    r, _ = _middles(r_max, bins)
    w = np.asarray(weights, dtype=complex)
    if w.shape != (len(points),):
        raise ValueError(f"weights: must be one for each point, got shape {w.shape}")
    real, imag = np.ascontiguousarray(w.real), np.ascontiguousarray(w.imag)
    counts, sums = pair_histogram(*grid_for(points, box, r_max), bins, real, imag)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return Radial(r, mean, counts)
