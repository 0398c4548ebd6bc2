"""The edges of the complexity-entropy plane: no distribution of n outcomes lies beyond them.

Lower edge: one outcome t, the others equal. Upper edge: k outcomes 0, one t, the others equal,
for each k in turn.
"""

import math
from typing import NamedTuple

import numpy as np

from analysis.entropy.checks import choice, whole
from analysis.entropy.complexity import HC, largest_divergence
from analysis.entropy.ordinal import HIGHEST
from analysis.entropy.ordinal_entropy import MEASURES

HIGHEST_PARAM = 1000  # 2 to this power, which D holds, is finite


class HCBounds(NamedTuple):
    """The least and the largest complexity: each a curve of points (h, c), h rising."""

    lower: HC
    upper: HC


def _logs(values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ln p (0 where p is), ln m and ln u of distributions of values (..., 3)."""
    u = 1 / times.sum(axis=-1, keepdims=True)
    log = np.log(np.where(values > 0, values, 1.0))
    return log, np.log((values + u) / 2), np.log(u)


def _powers(values: np.ndarray, times: np.ndarray, q: float) -> list[tuple[np.ndarray, ...]]:
    """Return (weights, exponents) of sum p^q, sum p^q m^(1-q), sum u^q m^(1-q), each less 1."""
    log, middle, u = _logs(values, times)
    mass, e = times * values, q - 1
    ratio = np.where(values > 0, log - middle, 0.0)
    return [(mass, e * log), (mass, e * ratio), (times * np.exp(u), e * (u - middle))]


def _sums(values: np.ndarray, times: np.ndarray, q: float) -> tuple[np.ndarray, ...]:
    """Return each sum less 1, over q - 1: by expm1, which keeps the digits near order 1."""
    parts = _powers(values, times, q)
    return tuple((weight * np.expm1(e)).sum(axis=-1) / (q - 1) for weight, e in parts)


def _logarithms(values: np.ndarray, times: np.ndarray, q: float) -> tuple[np.ndarray, ...]:
    """Return the logarithm of each sum, over q - 1; the largest term is factored out."""
    found = []
    for weight, e in _powers(values, times, q):
        change = (weight * np.expm1(np.minimum(e, 40.0))).sum(axis=-1)
        near = (np.abs(change) < 0.5) & (e.max(axis=-1) < 40)
        peak = np.where(weight > 0, e, -np.inf).max(axis=-1, keepdims=True)
        far = peak[..., 0] + np.log((weight * np.exp(np.minimum(e - peak, 0.0))).sum(axis=-1))
        found.append(np.where(near, np.log1p(np.where(near, change, 0.0)), far) / (q - 1))
    return tuple(found)


def _shannon(values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the limits of the above at order 1: -H, KL(p, m), KL(u, m)."""
    log, middle, u = _logs(values, times)
    mass = times * values
    parts = (mass * log, mass * (log - middle), times * np.exp(u) * (u - middle))
    return tuple(part.sum(axis=-1) for part in parts)


def _point(values: np.ndarray, times: np.ndarray, measure: str, param: float | None) -> HC:
    """Return h and c of distributions given by values (..., 3), each occurring `times`."""
    size = int(times[0].sum())
    q = 1.0 if measure == "shannon" or param is None else float(param)
    if q == 1:
        of_p, first, second = _shannon(values, times)
    elif measure == "renyi":
        of_p, first, second = _logarithms(values, times, q)
    else:
        of_p, first, second = _sums(values, times, q)
    if measure == "tsallis" and q != 1:
        h = of_p / (np.expm1((1 - q) * math.log(size)) / (q - 1))
    else:
        h = -of_p / math.log(size)
    distance = (first + second) / 2
    return HC(h, h * distance / largest_divergence(size, measure, param))


def _family(size: int, zeros: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (values, times) with `zeros` outcomes 0, one outcome t and the others equal."""
    others = size - 1 - zeros
    values = np.stack([t, (1 - t) / others, np.zeros_like(t)], axis=-1)
    times = np.stack([np.ones_like(t), others + 0.0 * t, zeros + 0.0 * t], axis=-1)
    return values, times


def hc_bounds(
    order: int, *, measure: str = "shannon", param: float | None = None, points: int = 1000
) -> HCBounds:
    """Return the edges of the complexity-entropy plane for order! outcomes.

    order           of the ordinal patterns, 2 to 8
    measure, param  as in `statistical_complexity`, but of order 1 to 1000: below 1 distributions
                    of two values lie beyond these curves (by up to 0.05 at order 0.2), and the true
                    edges have no closed form
    points          on each edge, at least; the upper one has two or more for each of its arcs

    Raises ValueError for an order outside 2 .. 8 and for a param outside 1 .. 1000.
    Martín, Plastino & Rosso (2006) Physica A 369, 439, sec. 3.
    """
    size = math.factorial(whole(order, "order", 2, HIGHEST))
    choice(measure, "measure", MEASURES)
    if (measure == "shannon") != (param is None):
        raise ValueError("param: give the order of renyi or tsallis, and none to shannon")
    if param is not None and not 1 <= param <= HIGHEST_PARAM:
        raise ValueError(f"param: the edges are known from 1 to {HIGHEST_PARAM}, got {param}")
    points = whole(points, "points", 2)
    t = np.linspace(1 / size, 1.0, points)
    lower = _point(*_family(size, np.zeros_like(t), t), measure, param)
    each = max(2, -(-points // (size - 1)))
    zeros = np.repeat(np.arange(size - 1.0), each)
    share = np.tile(np.arange(each) / each, size - 1)
    upper = _point(*_family(size, zeros, (1 - share) / (size - zeros)), measure, param)
    # the last arc ends where one outcome is left
    h, c = np.append(upper.h, 0.0), np.append(upper.c, 0.0)
    return HCBounds(
        HC(lower.h[::-1].clip(0.0), lower.c[::-1].clip(0.0)),
        HC(h[::-1].clip(0.0), c[::-1].clip(0.0)),
    )
