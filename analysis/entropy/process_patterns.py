"""How often each ordinal pattern comes in processes whose law is known, (d!,) by Lehmer code.

    two increments  1/4 + asin(r)/2pi;  three  1/8 + (asin r12 + asin r13 + asin r23)/4pi

`ordinal_patterns` lists the codes.
"""

import itertools
import math
from functools import cache
from typing import Any

import numpy as np

from analysis.entropy.checks import whole
from analysis.entropy.ordinal import HIGHEST, codes_by_arrays, ordinal_patterns
from analysis.entropy.processes import checked_hurst, checked_phi


def gaussian_patterns(variogram: Any, order: int) -> np.ndarray:
    """Return the pattern probabilities of a Gaussian process of stationary increments, (d!,).

    variogram  E (x(t+h) - x(t))^2 at h = 0 .. d - 1, in any unit
    order      2, 3 or 4; beyond, there is no closed form

    A pattern says that d - 1 differences of neighbours in rank are positive: an orthant,
    1/4 + asin(r)/2pi for two normal variables, 1/8 + (asin r12 + asin r13 + asin r23)/4pi for
    three, r their correlations.

    Raises ValueError for another order, a variogram that is not d numbers, 0 and then positive, or
    that no process has.
    Bandt & Shiha (2007) J. Time Ser. Anal. 28, 646.
    """
    whole(order, "order", 2, 4)
    v = np.asarray(variogram, dtype=float)
    if v.shape != (order,) or v[0] != 0 or not np.all(v[1:] > 0):
        raise ValueError(f"variogram: must be {order} numbers, 0 and then positive, got {v}")
    steps = np.arange(order - 1)
    apart = steps[:, None] - steps
    increments = (v[np.abs(apart + 1)] + v[np.abs(apart - 1)]) / 2 - v[np.abs(apart)]
    if np.linalg.eigvalsh(increments).min() < -1e-9 * v[1]:
        raise ValueError("variogram: belongs to no process; its increments have a negative mode")
    pattern = ordinal_patterns(order).astype(int)
    low, high = pattern[:, :-1], pattern[:, 1:]

    def lag(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return v[np.abs(a - b)]

    angles = np.zeros(len(pattern))
    for i, j in itertools.combinations(range(order - 1), 2):
        a, b, c, d = high[:, i], low[:, i], high[:, j], low[:, j]
        covariance = (lag(a, d) + lag(b, c) - lag(a, c) - lag(b, d)) / 2
        angles += np.arcsin(np.clip(covariance / np.sqrt(lag(a, b) * lag(c, d)), -1, 1))
    return 0.5 ** (order - 1) + angles / (math.pi * 2 ** (order - 2))


def brownian_patterns(hurst: float, order: int) -> np.ndarray:
    """Return the pattern probabilities of fractional Brownian motion, (d!,) by Lehmer code.

    hurst  0 < H < 1;  order  2, 3 or 4.  The same at every delay, for the motion has no scale.

    Raises ValueError for H or order outside.
    Bandt & Shiha (2007) J. Time Ser. Anal. 28, 646, for fractional Brownian motion.
    """
    whole(order, "order", 2, 4)
    return gaussian_patterns(np.arange(order, dtype=float) ** (2 * checked_hurst(hurst)), order)


def autoregressive_patterns(phi: float, order: int) -> np.ndarray:
    """Return the pattern probabilities of the stationary `autoregressive`, (d!,) by Lehmer code.

    phi  -1 < phi < 1; for delay tau give phi^tau;  order  2, 3 or 4

    Raises ValueError for phi or order outside.
    Bandt & Shiha (2007) J. Time Ser. Anal. 28, 646.
    """
    whole(order, "order", 2, 4)
    powers = checked_phi(phi) ** np.arange(order)
    return gaussian_patterns(1 - powers, order)


@cache
def logistic_measures(order: int) -> tuple[np.ndarray, int]:
    """Return the pattern probabilities of x -> 4x(1-x) as (whole numbers (d!,), what they sum to).

    x = sin^2(pi u/2) rises with u and turns the map into the tent u -> 1 - |1 - 2u|, whose
    invariant law is uniform: probabilities are lengths. The pattern of u, Tu, .. changes only where
    T^i u = T^j u, at u = 2m / (2^j +- 2^i); over a common denominator everything is an integer.
    """
    whole(order, "order", 2, HIGHEST)
    pairs = [(i, j, s) for i, j in itertools.combinations(range(order), 2) for s in (-1, 1)]
    one = 2 * math.lcm(*(2**j + s * 2**i for i, j, s in pairs))  # < 2^46 at order 8
    found = [np.arange(0, one + 1, 2 * one // (2**j + s * 2**i)) for i, j, s in pairs]
    breaks = np.unique(np.concatenate([*found, [0, one]]))
    u = (breaks[1:] + breaks[:-1]) // 2
    orbit = np.empty((u.size, order), np.int64)
    for k in range(order):
        orbit[:, k] = u
        u = np.minimum(2 * u, 2 * (one - u))
    lengths = np.zeros(math.factorial(order), np.int64)
    np.add.at(lengths, codes_by_arrays(orbit, order, 1)[:, 0], np.diff(breaks))
    lengths.setflags(write=False)
    return lengths, one


def logistic_patterns(order: int) -> np.ndarray:
    """Return the pattern probabilities of the logistic map at r = 4, (d!,) by Lehmer code.

    order  2 to 8

    Exact rationals, rounded once; `logistic_measures` has them as integers.

    Raises ValueError for order outside.
    """
    lengths, total = logistic_measures(order)
    return lengths / total
