"""The correlation sum and the dimension that it grows with.

C(r) = share of pairs with |t_i - t_j| >= w and |x_i - x_j| <= r  ~  r^D2
"""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import choice, orbit, positive, still, whole
from analysis.dynamics.embedding import mean_period

PER_OCTAVE = 4  # radii
OCTAVES = 40
BLOCKS = 16  # parts of the orbit, each left out once for the errors
FEWEST = 400  # pairs behind the smallest radius that is fitted
COARSE = 8192  # points of the thinned orbit that gives the large radii
BUDGET = 4e7  # pairs that are counted of the whole orbit, at most
WIDEST = 0.5  # of all pairs, at the largest radius that is fitted
BEND = 1.5  # a slope that falls linearly with r lies so many of its bends below that at r = 0
SPAN = 2 * PER_OCTAVE  # radii that a scaling region spans at least: a factor of 4


class CorrelationSum(NamedTuple):
    """C(r): radii (K,) rising, shares of pairs (K,), and the pairs (K,) that were counted."""

    radii: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray


class Dimension(NamedTuple):
    """A dimension with its standard error, the radii between which it was found, and the curve."""

    value: float
    standard_error: float
    low: float
    high: float
    curve: CorrelationSum


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


class _Curve(NamedTuple):
    """C(r) at falling radii, with each block left out (1 + B, K); the pairs counted (K,)."""

    radii: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray


def _shares(counts: _Counts) -> np.ndarray:
    return np.concatenate(
        [counts.within[None] / counts.of, counts.without / counts.without_of[:, None]]
    )


def _window(points: np.ndarray, theiler: int | None) -> int:
    n = len(points)
    most = (n - 1) // 4
    if theiler is None:
        return max(1, min(math.ceil(mean_period(points)), most))
    return whole(theiler, "theiler", 1, most)


def _curve(points: np.ndarray, theiler: int) -> _Curve:
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
    return _Curve(radii, sums, pairs)


def _public(curve: _Curve) -> CorrelationSum:
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
    window = _window(points, theiler)
    if radii is None:
        return _public(_curve(points, window))
    asked = np.asarray(radii, dtype=float)
    if asked.ndim != 1 or not asked.size or not (asked > 0).all() or not (np.diff(asked) > 0).all():
        raise ValueError("radii: must be one list of positive numbers that rise")
    found = _counted(points, np.ascontiguousarray(asked[::-1]), window)
    return CorrelationSum(asked, found.within[::-1] / found.of, found.within[::-1])


def _slopes(curve: _Curve, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return least-squares slopes of ln C against ln r (1 + B, W) of windows start .. stop - 1."""
    x = np.log(curve.radii)
    x = x - x.mean()
    y = np.log(curve.sums)

    def summed(values: np.ndarray) -> np.ndarray:
        sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(axis=-1)], axis=-1)
        return np.asarray(sums[..., stop] - sums[..., start])

    n, sx, sxx = stop - start, summed(x), summed(x * x)
    return np.asarray((n * summed(x * y) - sx * summed(y)) / (n * sxx - sx**2))


def _jackknife(each: np.ndarray) -> np.ndarray:
    """Return the standard error from values with each block left out (B, ..)."""
    return np.asarray(each.std(axis=0) * math.sqrt(len(each) - 1))


def _cut(curve: _Curve, low: float | None, high: float | None) -> _Curve:
    """Return the radii that may be fitted: enough pairs, unsaturated, between low and high."""
    fit = (curve.pairs >= FEWEST) & (curve.sums > 0).all(axis=0)
    if low is None and high is None:
        fit &= curve.sums[0] <= WIDEST
    if low is not None:
        fit &= curve.radii >= low
    if high is not None:
        fit &= curve.radii <= high
    keep = np.flatnonzero(fit)
    return _Curve(curve.radii[keep], curve.sums[:, keep], curve.pairs[keep])


def _fitted(curve: _Curve, whole_range: bool) -> tuple[float, float, int]:
    """Return (slope, its error, first radius) of the best window, or of all radii."""
    k = len(curve.radii)
    span = 2 if whole_range else SPAN
    if k <= span:
        raise ValueError(
            f"x: {k} radii with {FEWEST} pairs or more are too few for a slope; give more points"
            + (" or a wider range of radii" if whole_range else "")
        )
    start = np.arange(1 if whole_range else k - SPAN)
    stop = np.full(start.size, k)
    middle = (start + stop) // 2
    slopes = _slopes(curve, start, stop)
    bends = _slopes(curve, start, middle + 1) - _slopes(curve, middle, stop)
    # a bend that is small by chance is not small
    bend = np.maximum(BEND * np.abs(bends[0]), _jackknife(bends[1:]))
    error = np.hypot(_jackknife(slopes[1:]), bend)
    best = int(np.argmin(error))
    return float(slopes[0, best]), float(error[best]), best


def _takens(curve: _Curve, first: int) -> tuple[float, float]:
    """Return -1/<ln(r_ij/r_0)> over the pairs within radius `first`, and its error.

    Of counts: -<ln(r_ij/r_0)> is the integral of C(r)/C(r_0) over d ln r, from C's power law
    between one radius and the next.
    """
    last = int(np.flatnonzero((curve.sums > 0).all(axis=0))[-1])
    share = curve.sums[:, first : last + 1] / curve.sums[:, first : first + 1]
    inner, ratio = -np.diff(share, axis=1), -np.diff(np.log(share), axis=1)
    flat = ratio < 1e-12
    mean = np.where(flat, share[:, 1:], inner / np.where(flat, 1.0, ratio))
    each = 1 / (mean.sum(axis=1) * math.log(2) / PER_OCTAVE)
    return float(each[0]), float(_jackknife(each[1:]))


def correlation_dimension(
    x: Any,
    *,
    theiler: int | None = None,
    low: float | None = None,
    high: float | None = None,
    method: str = "fit",
) -> Dimension:
    """Return the correlation dimension D2 of a set of points, with its error and scaling region.

    x          (T,) or (T, d), states or delay vectors (`embed`), in time order
    theiler    as in `correlation_sum`
    low, high  scaling region, in units of x; None: chosen by the rule below
    method     "fit": least-squares slope of ln C against ln r; "takens": maximum likelihood of the
               distances within r_0, -1/<ln(r_ij/r_0)>, with r_0 = `high` or the middle of
               the region that the rule chooses; its error includes how far it is from the fit

    The region reaches from the smallest radius with 400 pairs up to the one, a factor of 4 or more
    above and with at most half of all pairs, that makes the error smallest. The error is
    hypot(statistical, bend): the jackknife over 16 parts of the orbit, and 1.5 times the difference
    of the slopes in the lower and the upper half of the region, or its own error if that is more.
    Noise bends the curve at small radii: set `low` above it.

    All pairs are counted where they are fewer than 4e7; larger radii from at most 8192 points.
    Raises ValueError for NaN, equal points, too few points, low >= high.
    Grassberger & Procaccia (1983) Physica D 9, 189; Takens (1985) Lect. Notes Math. 1125, 99;
    Theiler (1990) J. Opt. Soc. Am. A 7, 1055.
    """
    choice(method, "method", ("fit", "takens"))
    for bound, name in ((low, "low"), (high, "high")):
        if bound is not None:
            positive(bound, name)
    if low is not None and high is not None and not low < high:
        raise ValueError(f"low: must be below high, got {low:g} and {high:g}")
    points = orbit(x, "x", 100)
    curve = _curve(points, _window(points, theiler))
    fit = _cut(curve, low, high)
    value, error, first = _fitted(fit, low is not None or high is not None)
    if method == "takens":
        if high is None:
            first = (first + len(fit.radii) - 1) // 2
        found, scatter = _takens(curve, int(np.searchsorted(-curve.radii, -fit.radii[first])))
        value, error = found, math.hypot(scatter, found - value)
    return Dimension(value, error, float(fit.radii[-1]), float(fit.radii[first]), _public(curve))
