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


class HCBounds(NamedTuple):
    """The least and the largest complexity: each a curve of points (h, c), h rising."""

    lower: HC
    upper: HC


def _logs(values: np.ndarray) -> np.ndarray:
    return np.log(np.where(values > 0, values, 1.0))


def _sums(values: np.ndarray, times: np.ndarray, q: float) -> tuple[np.ndarray, ...]:
    """Return (sum p^q, sum p^q m^(1-q), sum u^q m^(1-q)), each value occurring `times`."""
    u = 1 / times.sum(axis=-1, keepdims=True)
    middle = (values + u) / 2
    power = np.where(values > 0, np.exp(q * _logs(values)), 0.0)
    return (
        (times * power).sum(axis=-1),
        (times * power * middle ** (1 - q)).sum(axis=-1),
        (times * u**q * middle ** (1 - q)).sum(axis=-1),
    )


def _point(values: np.ndarray, times: np.ndarray, measure: str, param: float | None) -> HC:
    """Return h and c of distributions given by values (..., 3), each occurring `times`."""
    size = int(times[0].sum())
    u = 1 / size
    if measure == "shannon" or param == 1:
        middle = (values + u) / 2
        h = -(times * values * _logs(values)).sum(axis=-1) / math.log(size)
        first = (times * values * (_logs(values) - np.log(middle))).sum(axis=-1)
        second = (times * u * (math.log(u) - np.log(middle))).sum(axis=-1)
        distance = (first + second) / 2
    else:
        q = float(param if param is not None else 1.0)
        power, of_p, of_u = _sums(values, times, q)
        if measure == "renyi":
            h = np.log(power) / (1 - q) / math.log(size)
            distance = (np.log(of_p) + np.log(of_u)) / (2 * (q - 1))
        else:
            h = (1 - power) / -math.expm1((1 - q) * math.log(size))
            distance = (of_p + of_u - 2) / (2 * (q - 1))
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
    measure, param  as in `statistical_complexity`, but of order 1 or more: below it distributions
                    of two values lie beyond these curves (by up to 0.05 at order 0.2), and the true
                    edges have no closed form
    points          on each edge, at least; the upper one has two or more for each of its arcs

    Raises ValueError for an order outside 2 .. 8 and for a param below 1.
    Martín, Plastino & Rosso (2006) Physica A 369, 439, sec. 3.
    """
    size = math.factorial(whole(order, "order", 2, HIGHEST))
    choice(measure, "measure", MEASURES)
    if param is not None and not 1 <= param < math.inf:
        raise ValueError(f"param: the edges are known from 1 on, got {param}")
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
