"""The correlation dimension: how the correlation sum falls with the radius.

C(r) ~ r^D2;  where the set is folded, C(r) ~ r^D2 ln(4 e S/r), S its size
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import choice, orbit, positive
from analysis.dynamics.correlation import (
    PER_OCTAVE,
    CorrelationSum,
    Curve,
    curve_of,
    public,
    window_of,
)

FEWEST = 400  # pairs behind the smallest radius that is fitted
WIDEST = 0.5  # of all pairs, at the largest radius that is fitted
BEND = 1.5  # a slope that falls linearly with r lies so many of its bends below that at r = 0
SPAN = 2 * PER_OCTAVE  # radii that a scaling region spans at least: a factor of 4
FOLD = 4 * math.e  # of x(n + 1) = 4x(1 - x), C(r) = (4r/pi^2) ln(4e/r) + O(r^2), by integration
EDGE = 1 / 20  # of the size: beyond, it is the edges of a set that bend its curve
NEAR = 2.0  # standard errors within which the power of the logarithm is 1 ...
ODDS = 7.0  # ... and of 1 against 0: those of two errors, if the error is 1/2


class Dimension(NamedTuple):
    """A dimension with its standard error, the radii between which it was found, and the curve.

    folded  whether the logarithm of a folded set was divided out
    """

    value: float
    standard_error: float
    low: float
    high: float
    curve: CorrelationSum
    folded: bool = False


def _slopes(curve: Curve, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
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


def _cut(curve: Curve, low: float | None, high: float | None) -> Curve:
    """Return the radii that may be fitted: enough pairs, unsaturated, between low and high."""
    fit = (curve.pairs >= FEWEST) & (curve.sums > 0).all(axis=0)
    if low is None and high is None:
        fit &= curve.sums[0] <= WIDEST
    if low is not None:
        fit &= curve.radii >= low
    if high is not None:
        fit &= curve.radii <= high
    keep = np.flatnonzero(fit)
    return Curve(curve.radii[keep], curve.sums[:, keep], curve.pairs[keep])


def _fitted(curve: Curve, whole_range: bool) -> tuple[float, float, int]:
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


def _logarithm(curve: Curve, size: float) -> np.ndarray:
    return np.asarray(np.log(FOLD * size / curve.radii))


def unfolded(found: Dimension) -> np.ndarray:
    """Return the shares of pairs of which a dimension is the slope: C, over ln(4eS/r) if folded."""
    if not found.folded:
        return found.curve.sums
    radii = found.curve.radii
    return np.asarray(found.curve.sums * math.log(FOLD) / np.log(FOLD * radii[-1] / radii))


def _power(curve: Curve, size: float) -> tuple[float, float]:
    """Return b of C(r) ~ r^D ln(4eS/r)^b and its error, from the small radii; 0, inf of too few."""
    keep = curve.radii <= EDGE * size
    if keep.sum() <= SPAN:
        return 0.0, math.inf
    radii = curve.radii[keep]
    logarithm = np.log(_logarithm(curve, size)[keep])
    terms = np.stack([np.ones(radii.size), np.log(radii), logarithm], axis=1)
    each = np.linalg.lstsq(terms, np.log(curve.sums[:, keep]).T, rcond=None)[0][2]
    return float(each[0]), float(_jackknife(each[1:]))


def _regression(
    curve: Curve, size: float, folds: bool | None, whole_range: bool
) -> tuple[float, float, int, bool]:
    """Return (slope, its error, first radius, folded)."""
    flat = Curve(curve.radii, curve.sums / _logarithm(curve, size), curve.pairs)
    plain = *_fitted(curve, whole_range), False
    if folds is False or (folds is None and whole_range):
        return plain
    folded = *_fitted(flat, whole_range), True
    if folds:
        return folded
    power, scatter = _power(curve, size)
    likely = 1 / (1 + math.exp(min((0.5 - power) / scatter**2, 700.0)))  # that b is 1, and not 0
    seen = likely > ODDS / (1 + ODDS) and abs(power - 1) < NEAR * scatter
    value, error, first, _ = folded if seen else plain
    unsure = math.sqrt(likely * (1 - likely)) * abs(folded[0] - plain[0])
    return value, math.hypot(error, unsure), first, seen


def _takens(curve: Curve, first: int) -> tuple[float, float]:
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
    folds: bool | None = None,
) -> Dimension:
    """Return the correlation dimension D2 of a set of points, with its error and scaling region.

    x          (T,) or (T, d), states or delay vectors (`embed`), in time order
    theiler    as in `correlation_sum`
    low, high  scaling region, in units of x; None: chosen by the rule below
    method     "fit": least-squares slope of ln C against ln r; "takens": maximum likelihood of the
               distances within r_0, -1/<ln(r_ij/r_0)>, with r_0 = `high` or the middle of
               the region that the rule chooses; its error includes how far it is from the fit
    folds      whether to divide C by ln(4eS/r), S the size of the set; None: found out, where
               neither low nor high is given. Of a fit only

    The region reaches from the smallest radius with 400 pairs up to the one, a factor of 4 or more
    above and with at most half of all pairs, that makes the error smallest. The error is
    hypot(statistical, bend): the jackknife over 16 parts of the orbit, and 1.5 times the difference
    of the slopes in the lower and the upper half of the region, or its own error if that is more.
    Noise bends the curve at small radii: set `low` above it.

    Where a flow or a map folds its attractor, as those with one hump do, the density is endless on
    the folds, like 1/sqrt(distance). C(r) has a logarithm then, its slope comes to D2 as slowly as
    1/ln r, and a fit is low by a tenth. The logarithm's power b is fitted to radii below a
    twentieth of the size; folds are seen where b is 1 within 2 errors, and 1 is 7 times as likely
    as 0. With p the probability of 1, the error also holds (p (1 - p))^(1/2) times what the
    logarithm changes. A set that is folded in two directions comes out low still.

    All pairs are counted where they are fewer than 4e7; larger radii from at most 8192 points.
    Raises ValueError for NaN, equal points, too few points, low >= high.
    Grassberger & Procaccia (1983) Physica D 9, 189; Takens (1985) Lect. Notes Math. 1125, 99;
    Theiler (1990) J. Opt. Soc. Am. A 7, 1055; slow convergence: Sprott & Rowlands (2001) Int. J.
    Bifurc. Chaos 11, 1865.
    """
    choice(method, "method", ("fit", "takens"))
    for bound, name in ((low, "low"), (high, "high")):
        if bound is not None:
            positive(bound, name)
    if low is not None and high is not None and not low < high:
        raise ValueError(f"low: must be below high, got {low:g} and {high:g}")
    points = orbit(x, "x", 100)
    curve = curve_of(points, window_of(points, theiler))
    fit = _cut(curve, low, high)
    size, given = float(curve.radii[0]), low is not None or high is not None
    if method == "takens":
        folds = False
    value, error, first, folded = _regression(fit, size, folds, given)
    if method == "takens":
        if high is None:
            first = (first + len(fit.radii) - 1) // 2
        found, scatter = _takens(curve, int(np.searchsorted(-curve.radii, -fit.radii[first])))
        value, error = found, math.hypot(scatter, found - value)
    ends = float(fit.radii[-1]), float(fit.radii[first])
    return Dimension(value, error, *ends, public(curve), folded)
