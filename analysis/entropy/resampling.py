"""The bootstrap: standard error and 95 % interval of any statistic, by drawing the samples anew.

Correlated samples are drawn in blocks, on a circle so that each has the same chance. The blocks
must be longer than the correlation and much shorter than the series.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from analysis.entropy.checks import array, generator, last, like, reals, to_host, whole
from analysis.entropy.estimators import entropy_from_counts
from core.backend import namespace

Array = Any
Seed = int | np.random.Generator
PERCENT = (2.5, 97.5)


class Estimate(NamedTuple):
    """A statistic, its standard error, the ends of its 95 % interval and the number of draws."""

    value: Array
    stderr: Array
    low: Array
    high: Array
    n: int


def bootstrap(
    fn: Callable[[Array], Array], x: Array, n: int = 200, block: int | None = None, *, seed: Seed
) -> Estimate:
    """Return fn(x) with its standard error and 95 % percentile interval.

    fn     takes an array of the shape of x; returns a number or an array
    x      (..., T) samples along the last axis; what stands before is drawn together
    n      number of draws, at least 2
    block  length of the blocks of consecutive samples drawn; None draws single samples
    seed   a whole number or a NumPy generator

    A bias of fn, as that of a plug-in entropy, is in every draw a second time: the interval is then
    off by it. Raises ValueError for x that `reals` refuses, n < 2 and block outside 1 .. T.
    Efron (1979) Ann. Stat. 7, 1; blocks: Politis & Romano (1992) in Exploring the Limits of
    Bootstrap, 263.
    """
    x = array(x, "x")
    xp = namespace(x)
    if not xp.isdtype(x.dtype, ("integral", "bool")):  # symbols stay what they are
        x, xp = reals(x, "x")
    if x.ndim == 0:
        raise ValueError("x: must have an axis of samples")
    n = whole(n, "n", 2)
    size = x.shape[-1]
    length = 1 if block is None else whole(block, "block", 1, size)
    rng = generator(seed)
    draws = []
    for _ in range(n):
        starts = rng.integers(size, size=-(-size // length))
        picked = (starts[:, None] + np.arange(length)).ravel()[:size] % size
        draws.append(to_host(fn(xp.take(x, like(picked, x), axis=-1))))
    return _estimate(fn(x), np.stack(draws), x)


def bootstrap_counts(c: Array, n: int = 200, *, seed: Seed, axis: int = -1, **how: Any) -> Estimate:
    """Return `entropy_from_counts(c, **how)` with its error, counts drawn anew multinomially.

    c     (..., bins) whole numbers
    n     number of draws, at least 2
    seed  a whole number or a NumPy generator
    how   measure, order, estimator and K of `entropy_from_counts`

    Raises ValueError as `entropy_from_counts`, and for n < 2. Source as `bootstrap`.
    """
    n = whole(n, "n", 2)
    c, _ = reals(c, "c")
    c = last(c, axis, "c")
    value = entropy_from_counts(c, **how)
    counts = to_host(c).astype(np.int64)
    total = counts.sum(axis=-1)
    rng = generator(seed)
    drawn = rng.multinomial(total, counts / total[..., None], size=(n, *total.shape))
    return _estimate(value, to_host(entropy_from_counts(drawn, **how)), c)


def _estimate(value: Array, draws: np.ndarray, array: Array) -> Estimate:
    """Return the estimate from draws (n, ...), in the library of the value if it has one."""
    kind = value if hasattr(value, "shape") else array
    if not np.isfinite(draws).all():
        raise ValueError("fn: is not finite for some of the draws, so that it has no error")
    low, high = np.percentile(draws, PERCENT, axis=0)
    parts = (draws.std(axis=0, ddof=1), low, high)
    stderr, low, high = (like(np.asarray(part), kind) for part in parts)
    xp = namespace(kind)
    return Estimate(xp.asarray(value), stderr, low, high, draws.shape[0])
