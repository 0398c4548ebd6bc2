"""The correlation sum: how many pairs of points are near one another.

C(r) = share of pairs with |t_i - t_j| >= w and |x_i - x_j| <= r
"""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import orbit, still, whole
from analysis.dynamics.embedding import mean_period

PER_OCTAVE = 4  # radii
OCTAVES = 40
BLOCKS = 16  # parts of the orbit, each left out once for the errors
COARSE = 8192  # points of the thinned orbit that gives the large radii
BUDGET = 4e7  # pairs that are counted of the whole orbit, at most


class CorrelationSum(NamedTuple):
    """C(r): radii (K,) rising, shares of pairs (K,), and the pairs (K,) that were counted."""

    radii: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray


class _Counts(NamedTuple):
    """Pairs within each radius (K,), of how many; the same without each block (B, K), (B,)."""

    within: np.ndarray
    of: float
    without: np.ndarray
    without_of: np.ndarray


def _eligible(n: int, theiler: int, block: np.ndarray) -> tuple[float, np.ndarray]:
    """Return how many pairs are `theiler` or more apart, and how many without each block."""
    place = np.arange(n)
    partners = np.maximum(place - theiler + 1, 0) + np.maximum(n - place - theiler, 0)
    ends = np.searchsorted(block, np.arange(BLOCKS + 1))
    size = np.maximum(np.diff(ends) - theiler + 1, 0)
    inside = np.maximum(size * (size - 1) / 2, 0)
    touching = np.array([partners[a:b].sum() for a, b in itertools.pairwise(ends)])
    total = partners.sum() / 2
    return float(total), total - (touching - inside)


def _counted(points: np.ndarray, radii: np.ndarray, theiler: int) -> _Counts:
    """Count the pairs of points (N, d) within each of the radii, which fall."""
    from analysis.dynamics.kernels import pairs as kernel

    n = len(points)
    columns = np.ascontiguousarray(points.T)
    widest = np.argsort(-np.ptp(columns, axis=1), kind="stable")
    columns = columns[widest]
    number, extent = kernel.cells(columns, radii[0])
    key = kernel.keys(number, extent)
    order = np.argsort(key, kind="stable")
    block = np.arange(n) * BLOCKS // n
    counts = np.zeros((BLOCKS, radii.size), np.int64)
    total = np.zeros(radii.size, np.int64)
    row = int(extent[2] + 2)
    kernel.count(
        np.ascontiguousarray(columns[:, order]), order, key[order], block[order], row,
        row * int(extent[1] + 2), theiler, radii, counts, total,
    )  # fmt: skip
    of, without_of = _eligible(n, theiler, block)
    within = total[::-1].cumsum()[::-1]
    touching = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    return _Counts(within, of, within - touching, without_of)


class Curve(NamedTuple):
    """C(r) at falling radii, with each block left out (1 + B, K); the pairs counted (K,)."""

    radii: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray


def _shares(counts: _Counts) -> np.ndarray:
    return np.concatenate(
        [counts.within[None] / counts.of, counts.without / counts.without_of[:, None]]
    )


def window_of(points: np.ndarray, theiler: int | None) -> int:
    n = len(points)
    most = (n - 1) // 4
    if theiler is None:
        return max(1, min(math.ceil(mean_period(points)), most))
    return whole(theiler, "theiler", 1, most)


def curve_of(points: np.ndarray, theiler: int) -> Curve:
    """Return C(r) from the size of the set down, by factors of 2^(1/4)."""
    size = float(np.ptp(points, axis=0).max())
    if still(points):
        raise ValueError("x: all points are equal, but for rounding; they have no dimension")
    radii = size * 2.0 ** (-np.arange(OCTAVES * PER_OCTAVE) / PER_OCTAVE)
    step = -(-len(points) // COARSE)
    thin = _counted(points[::step], radii, -(-theiler // step))
    sums, pairs = _shares(thin), thin.within
    if step > 1:
        expected = sums[0] * len(points) ** 2 / 2
        first = int(np.searchsorted(-expected, -BUDGET))
        fine = _counted(points, radii[first:], theiler)
        sums = np.concatenate([sums[:, :first], _shares(fine)], axis=1)
        pairs = np.concatenate([pairs[:first], fine.within])
    return Curve(radii, sums, pairs)


def public(curve: Curve) -> CorrelationSum:
    kept = np.flatnonzero(curve.pairs > 0)[::-1]
    return CorrelationSum(curve.radii[kept], curve.sums[0, kept], curve.pairs[kept])


def correlation_sum(x: Any, radii: Any = None, *, theiler: int | None = None) -> CorrelationSum:
    """Return the share of pairs of points within each radius.

    x        (T,) or (T, d); the distance is the largest difference of a coordinate
    radii    (K,) rising, all pairs are counted; None: from the size of the set down by 2^(1/4),
             as far as there are pairs, the large ones from a thinned orbit (see
             `correlation_dimension`)
    theiler  pairs closer in time than so many samples are left out, 1 (a point with itself) to
             T/4; None: one mean period of the slowest coordinate

    Raises ValueError for NaN, equal points, and radii that are not positive and rising.
    Grassberger & Procaccia (1983) Phys. Rev. Lett. 50, 346; Theiler (1986) Phys. Rev. A 34, 2427.
    """
    points = orbit(x, "x", 8)
    window = window_of(points, theiler)
    if radii is None:
        return public(curve_of(points, window))
    asked = np.asarray(radii, dtype=float)
    if asked.ndim != 1 or not asked.size or not (asked > 0).all() or not (np.diff(asked) > 0).all():
        raise ValueError("radii: must be one list of positive numbers that rise")
    found = _counted(points, np.ascontiguousarray(asked[::-1]), window)
    return CorrelationSum(asked, found.within[::-1] / found.of, found.within[::-1])
