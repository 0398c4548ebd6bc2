"""Rank correlation, with a p-value by permutations and an error by the bootstrap.

rho = correlation of the ranks, ties at the mean of theirs
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

EXACT = 8  # up to so many pairs, all n! orders are gone through


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho, its bootstrap standard error, two-sided p-value, and the pairs it is of."""

    rho: float
    standard_error: float
    p_value: float
    pairs: int


def _rho(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlation of ranks along the last axis; NaN where one is constant."""
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    size = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size > 0, (a * b).sum(axis=-1) / np.where(size > 0, size, 1.0), np.nan)


def spearman(
    x: np.ndarray, y: np.ndarray, draw: np.random.Generator, n: int = 2000
) -> RankCorrelation:
    """Return the rank correlation of pairs (n,), (n,).

    draw  the stream of the permutations (above 8 pairs; below, all orders) and of the bootstrap
    n     of either; a p-value is then (r + 1)/(n + 1), r the permutations with at least |rho|

    Raises ValueError for fewer than 4 pairs, values that are not finite, or all equal.
    Spearman (1904) Am. J. Psychol. 15, 72; Efron & Tibshirani (1993) An Introduction to the
    Bootstrap, Secs. 6 and 15.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 4:
        raise ValueError(f"x: expected 4 pairs or more, got {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x: holds values that are not finite")
    from scipy.stats import rankdata  # here: a figure's job loads no SciPy for its name

    a, b = rankdata(x), rankdata(y)
    rho = float(_rho(a, b))
    if math.isnan(rho):
        raise ValueError("x: all values are equal: no order to compare")
    least = abs(rho) * (1 - 1e-12)
    if len(x) <= EXACT:
        orders = np.array(list(itertools.permutations(range(len(x)))))
        p = float((np.abs(_rho(a, b[orders])) >= least).mean())
    else:
        orders = draw.permuted(np.tile(np.arange(len(x)), (n, 1)), axis=1)
        p = (int((np.abs(_rho(a, b[orders])) >= least).sum()) + 1) / (n + 1)
    drawn = draw.integers(len(x), size=(n, len(x)))
    again = _rho(rankdata(x[drawn], axis=1), rankdata(y[drawn], axis=1))
    return RankCorrelation(rho, float(np.nanstd(again, ddof=1)), p, len(x))
