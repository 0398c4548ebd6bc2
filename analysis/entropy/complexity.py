"""The complexity-entropy plane: how disordered a series is, and how far from both extremes.

    h = H(p) / H(u),  c = h D(p, u) / D_max,  D = [D(p || m) + D(u || m)] / 2,  m = (p + u) / 2

with u the uniform distribution. For Shannon D is the Jensen-Shannon divergence; Rényi and Tsallis
take their own entropy and divergence.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.entropy.checks import array, last, to_host, whole
from analysis.entropy.divergences import renyi_divergence, tsallis_divergence
from analysis.entropy.ordinal import ordinal_counts, sweep_counts
from analysis.entropy.ordinal_entropy import entropy_of, frequencies
from core.backend import namespace

Array = Any
PATTERN_SHARE = (0.3, 0.5)  # of the natural period, that a window should span
PERIODS = 1.5  # that a series should last


class HC(NamedTuple):
    """A point of the plane, or an array of them: normalised entropy h and complexity c."""

    h: Any
    c: Any


def _divergence(p: Array, r: Array, measure: str, param: Any) -> Array:
    if measure == "renyi":
        return renyi_divergence(p, r, param)
    return tsallis_divergence(p, r, param)


def _from_uniform(p: Array, measure: str, param: Any) -> Array:
    """Return D(p, u) of the module's head."""
    xp = namespace(p)
    u = 1 / p.shape[-1]
    middle = (p + u) / 2
    if measure == "shannon" or param == 1:
        # term by term, so that near p = u the rounding is of the terms, not of their entropies
        seen = xp.where(p > 0, p / middle, xp.ones_like(p))
        return xp.sum(p * xp.log(seen) + u * xp.log(u / middle), axis=-1) / 2
    uniform = xp.full_like(p, u)
    return (
        _divergence(p, middle, measure, param) + _divergence(uniform, middle, measure, param)
    ) / 2


def largest_divergence(size: int, measure: str = "shannon", param: Any = None) -> float:
    """Return D of certainty, the largest there is, among `size` outcomes."""
    certain = np.zeros(size)
    certain[0] = 1.0
    return float(_from_uniform(certain, measure, param))


def statistical_complexity(
    p: Array, *, measure: str = "shannon", param: float | None = None, axis: int = -1
) -> HC:
    """Return the normalised entropy and the statistical complexity of a distribution.

    p               (..., k) probabilities along `axis`; outcomes never seen count, as zeros
    measure, param  shannon, or renyi or tsallis with its order, positive and finite

    Raises ValueError for NaN, negative or unnormalised p, fewer than two outcomes, a bad order.
    López-Ruiz, Mancini & Calbet (1995) Phys. Lett. A 209, 321; Lamberti et al. (2004) Physica A
    334, 119, eq. (10); Rényi: Jauregui et al. (2018) Physica A 498, 74; Tsallis: Ribeiro et al.
    (2017) Phys. Rev. E 95, 062106.
    """
    p = last(array(p, "p"), axis, "p")
    xp = namespace(p)
    if xp.isdtype(p.dtype, ("integral", "bool")):
        p = xp.astype(p, xp.float64)
    if p.shape[-1] < 2:
        raise ValueError("p: one outcome alone has no complexity; give two or more")
    if param is not None and (np.ndim(param) > 0 or not 0 < param < math.inf):
        raise ValueError(f"param: must be one positive and finite order here, got {param}")
    h = entropy_of(p, measure, param, normalize=True)
    distance = _from_uniform(p, measure, param)
    return HC(h, h * distance / largest_divergence(p.shape[-1], measure, param))


def complexity_entropy(
    x: Array,
    order: int = 3,
    delay: Any = 1,
    *,
    measure: str = "shannon",
    param: float | None = None,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> HC:
    """Return where a series lies on the complexity-entropy plane of its ordinal patterns.

    x      (..., T); order, ties, seed as in `ordinal_counts`
    delay  an integer, or several: then h and c are (..., number of delays), a delay sweep

    Raises ValueError as `ordinal_counts` and `statistical_complexity`.
    Rosso et al. (2007) Phys. Rev. Lett. 99, 154102.
    """
    if np.ndim(delay) == 0:
        counts = ordinal_counts(x, order, delay, axis=axis, ties=ties, seed=seed)
        return statistical_complexity(frequencies(counts), measure=measure, param=param)
    delays = [whole(tau, "delay", 1) for tau in np.ravel(to_host(delay))]
    if not delays:
        raise ValueError("delay: name at least one")
    each = sweep_counts(x, order, delays, axis=axis, ties=ties, seed=seed)
    xp = namespace(each[0])
    p = frequencies(xp.stack(each, axis=-2))
    return statistical_complexity(p, measure=measure, param=param)


class Sampling(NamedTuple):
    """What a series allows: natural period in samples, best delays, periods that it lasts."""

    period: float
    shortest: int
    longest: int
    periods: float
    enough: bool


def suggest_delays(x: Array, order: int = 5) -> Sampling:
    """Return the delays at which an ordinal analysis of a series can be trusted.

    x      (T,) a series that oscillates about its mean
    order  d, samples in a window

    The natural period is twice the mean time between crossings of the mean. A window should span
    0.3 to 0.5 of it, delay (d - 1) samples, and the series should last 1.5 of it or more: shorter
    windows see a smooth line, which looks regular, longer ones fold the motion, which looks noisy.

    Raises ValueError for a series that never crosses its mean.
    Hyman, Daniel & Schaffner (2025) PECCARY, arXiv:2407.11970, on the ideal sampling scheme.
    """
    order = whole(order, "order", 2)
    host = np.asarray(to_host(x), dtype=float)
    if host.ndim != 1 or not np.isfinite(host).all():
        raise ValueError("x: must be one series of finite numbers")
    above = host > host.mean()
    crossings = np.flatnonzero(above[1:] != above[:-1])
    if crossings.size < 2:
        raise ValueError("x: crosses its mean fewer than twice, so that it shows no period")
    period = 2 * float(crossings[-1] - crossings[0]) / (crossings.size - 1)
    low, high = (share * period / (order - 1) for share in PATTERN_SHARE)
    shortest = max(1, math.ceil(low))
    periods = host.size / period
    return Sampling(period, shortest, max(shortest, math.floor(high)), periods, periods >= PERIODS)
