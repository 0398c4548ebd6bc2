"""Ordinal patterns: which of d! orders each window of a series is in, counted.

    code(t) = sum_k k! #{j < k : x(t + j tau) > x(t + k tau)},  k = 1 .. d - 1

A window is x(t), x(t + tau), .. x(t + (d-1) tau). The code is the Lehmer code of its order, with
equal values taken in the order of time; `ordinal_patterns` lists the orders by code.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from analysis.entropy.checks import array, choice, generator, last, like, whole
from core.backend import namespace

Array = Any
TIES = ("stable", "raise", "equal", "random")
HIGHEST = 8  # d! = 40320 is the last that fits 16 bits
TILE = 32768  # windows that the array code takes at once on a CPU, to stay in its cache
_SIGN = np.uint64(1 << 63)


def _ordered(x: Array, axis: int) -> tuple[Array, Any]:
    """Return (x with the samples last, its namespace); integers stay what they are."""
    x = array(x, "x")
    xp = namespace(x)
    if x.ndim == 0 or 0 in x.shape:
        raise ValueError(f"x: must be a series with samples, got shape {x.shape}")
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.dtype.itemsize > 8:
        raise ValueError(f"x: {x.dtype} has more digits than are compared; convert it to float64")
    if xp.isdtype(x.dtype, "real floating"):
        if bool(xp.any(xp.isnan(x))):
            raise ValueError("x: holds NaN; drop or fill those samples first")
    elif not xp.isdtype(x.dtype, ("integral", "bool")):
        raise ValueError(f"x: must be real numbers, got {x.dtype}")
    return last(x, axis, "x"), xp


def windows(samples: int, order: int, delay: int) -> int:
    """Return how many windows a series has; raise ValueError if it has none."""
    whole(order, "order", 2, HIGHEST)
    whole(delay, "delay", 1)
    found = samples - (order - 1) * delay
    if found < 1:
        raise ValueError(
            f"x: {samples} samples hold no window of order {order} and delay {delay}, which "
            f"needs {(order - 1) * delay + 1}; lower the order or the delay"
        )
    return found


@cache
def _patterns(order: int) -> np.ndarray:
    """Return (d!, d) uint8: by code, the positions in a window from smallest to largest value."""
    code = np.arange(math.factorial(order))
    table = np.zeros((code.size, order), np.uint8)
    rank = np.zeros((code.size, order), np.int64)  # of each position among those up to it
    for k in range(1, order):
        ahead = code // math.factorial(k) % (k + 1)
        rank[:, k] = k - ahead
        rank[:, :k] += rank[:, :k] >= rank[:, k : k + 1]
    np.put_along_axis(table, rank, np.arange(order, dtype=np.uint8)[None, :], axis=1)
    table.setflags(write=False)
    return table


def ordinal_patterns(order: int) -> np.ndarray:
    """Return the patterns by code: (d!, d), the positions of a window in order of their values.

    Row (2, 0, 1) is a window whose last value is the smallest, then its first, then its second:
    what argsort gives. Code 0 rises throughout, code d! - 1 falls.
    """
    return _patterns(whole(order, "order", 2, HIGHEST)).copy()


@cache
def _weak_orders(order: int) -> np.ndarray:
    """Return where each (code, flags of equality) comes among the weak orders, -1 if it cannot be.

    Bit k - 1 of the flags says that position k equals an earlier one; in time order among equals,
    that needs an earlier position just below it.
    """
    table = _patterns(order)
    allowed = np.zeros(len(table), np.int64)
    for below, above in zip(table.T[:-1], table.T[1:], strict=True):
        above = above.astype(np.int64)
        allowed |= np.where(below < above, 1 << np.maximum(above - 1, 0), 0)
    flags = np.arange(1 << (order - 1))
    valid = (flags[None, :] & ~allowed[:, None]) == 0
    index = np.where(valid.ravel(), np.cumsum(valid.ravel()) - 1, -1)
    index.setflags(write=False)
    return index


def weak_orders(order: int) -> np.ndarray:
    """Return a window of each pattern with ties "equal", by code: (weak orders, d) ranks from 0."""
    table = ordinal_patterns(order).astype(np.int64)
    index = _weak_orders(order)
    code, flags = np.divmod(np.flatnonzero(index >= 0), 1 << (order - 1))
    place = table[code]
    later = place > 0
    tied = later & ((flags[:, None] >> np.where(later, place - 1, 0)) & 1 == 1)
    ranks = np.cumsum(~tied, axis=1) - 1
    windows = np.empty_like(place)
    np.put_along_axis(windows, place, ranks, axis=1)
    return windows


def alphabet(order: int, ties: str = "stable") -> int:
    """Return how many patterns there are: d!, or the number of weak orders if ties are equal."""
    whole(order, "order", 2, HIGHEST)
    if choice(ties, "ties", TIES) == "equal":
        return int(_weak_orders(order).max()) + 1
    return math.factorial(order)


def _random_ranks(x: Array, xp: Any, seed: Any) -> Array:
    """Return ranks along the last axis in which equal values come in random order."""
    drawn = generator(seed).random(x.shape)
    mixed = like(np.argsort(drawn, axis=-1), x)
    order = xp.argsort(xp.take_along_axis(x, mixed, axis=-1), axis=-1, stable=True)
    return xp.argsort(xp.take_along_axis(mixed, order, axis=-1), axis=-1, stable=True)


def _refuse_ties(x: Array, xp: Any, order: int, delay: int) -> None:
    for k in range(1, order):
        lag = k * delay
        if bool(xp.any(x[..., lag:] == x[..., : x.shape[-1] - lag])):
            raise ValueError(
                f"x: holds equal values {lag} samples apart, inside a window; "
                "choose ties='stable', 'equal' or 'random'"
            )


def codes_by_arrays(x: Array, order: int, delay: int) -> Array:
    """Return the codes (rows, W) of x (rows, T): the plain twin of the compiled kernel."""
    xp = namespace(x)
    found = x.shape[1] - (order - 1) * delay
    code = xp.zeros((x.shape[0], found), dtype=xp.uint8 if order < 6 else xp.int32)
    ahead = xp.zeros(x.shape, dtype=xp.uint8)
    for k in range(1, order):
        lag = k * delay
        greater = x[:, : x.shape[1] - lag] > x[:, lag:]
        ahead = ahead[:, delay if k > 1 else lag :] + xp.astype(greater, xp.uint8)
        code = code + math.factorial(k) * xp.astype(ahead[:, :found], code.dtype)
    return code


def _equalities(x: Array, order: int, delay: int) -> Array:
    """Return (rows, W), bit k - 1 set where position k of the window equals an earlier one."""
    xp = namespace(x)
    found = x.shape[1] - (order - 1) * delay
    flags = xp.zeros((x.shape[0], found), dtype=xp.int64)
    for k in range(1, order):
        now = x[:, k * delay : k * delay + found]
        equal = xp.zeros(now.shape, dtype=xp.bool)
        for j in range(k):
            equal = equal | (x[:, j * delay : j * delay + found] == now)
        flags = flags + (1 << (k - 1)) * xp.astype(equal, xp.int64)
    return flags


def _tally(code: Array, size: int) -> Array:
    """Return (rows, size) counts of codes (rows, W)."""
    xp = namespace(code)
    rows = code.shape[0]
    flat = xp.astype(code, xp.int64) + size * xp.arange(rows, dtype=xp.int64)[:, None]
    flat = xp.reshape(flat, (-1,))
    if hasattr(xp, "bincount"):
        return xp.reshape(xp.bincount(flat, minlength=rows * size), (rows, size))
    edges = xp.searchsorted(xp.sort(flat), xp.arange(rows * size + 1, dtype=xp.int64))
    return xp.reshape(edges[1:] - edges[:-1], (rows, size))


def counts_by_arrays(x: Array, order: int, delay: int) -> Array:
    """Return the counts (rows, d!) of x (rows, T), tile by tile where the array is NumPy's."""
    xp = namespace(x)
    size = math.factorial(order)
    if not isinstance(x, np.ndarray):
        return _tally(codes_by_arrays(x, order, delay), size)
    reach = (order - 1) * delay
    found, rows = x.shape[1] - reach, max(1, TILE // x.shape[1])
    total = np.zeros((x.shape[0], size), np.int64)
    for row in range(0, x.shape[0], rows):
        for start in range(0, found, TILE):
            tile = x[row : row + rows, start : min(start + TILE, found) + reach]
            total[row : row + rows] += _tally(codes_by_arrays(tile, order, delay), size)
    return xp.asarray(total)


def _for_kernel(x: np.ndarray) -> np.ndarray:
    """Return a contiguous copy or view of one of the three types that the kernel knows.

    No conversion may make two values equal that were not: integers never become floats.
    """
    if x.dtype.kind == "f":
        kind: Any = np.float32 if x.dtype.itemsize <= 4 else np.float64
    else:
        kind = np.int64
        if x.dtype.kind == "u" and x.dtype.itemsize == 8:
            x = (x.astype(np.uint64) ^ _SIGN).view(np.int64)
    return np.ascontiguousarray(x, dtype=kind)


def _flat(x: Array, xp: Any) -> Array:
    """Return x as (rows, T) of a type that can be compared."""
    if xp.isdtype(x.dtype, "bool"):
        x = xp.astype(x, xp.uint8)
    return xp.reshape(x, (-1, x.shape[-1]))


def _prepared(
    x: Array, order: int, delays: Sequence[int], axis: int, ties: str, seed: Any
) -> tuple[Array, Any, tuple[int, ...]]:
    """Return (x as rows, its namespace, shape of the batch)."""
    choice(ties, "ties", TIES)
    x, xp = _ordered(x, axis)
    batch = tuple(x.shape[:-1])
    x = _flat(x, xp)
    for delay in delays:
        windows(x.shape[-1], order, delay)
        if ties == "raise":
            _refuse_ties(x, xp, order, delay)
    if ties == "random":
        x = _random_ranks(x, xp, seed)
    return _for_kernel(x) if isinstance(x, np.ndarray) else x, xp, batch


def _codes(x: Array, xp: Any, order: int, delay: int, ties: str) -> Array:
    if isinstance(x, np.ndarray):
        from analysis.entropy.kernels import ordinal as kernel

        code: Array = np.empty((x.shape[0], x.shape[1] - (order - 1) * delay), np.uint16)
        kernel.codes(x, order, delay, code)
    else:
        code = codes_by_arrays(x, order, delay)
    code = xp.astype(code, xp.int64)
    if ties != "equal":
        return code
    index = (1 << (order - 1)) * code + _equalities(x, order, delay)
    table = like(_weak_orders(order), x)
    return xp.reshape(xp.take(table, xp.reshape(index, (-1,))), index.shape)


def ordinal_codes(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return the code of each window, (..., W) with W = T - (order - 1) delay, int64.

    Arguments and errors as in `ordinal_counts`.
    """
    x, xp, batch = _prepared(x, order, (delay,), axis, ties, seed)
    return xp.reshape(_codes(x, xp, order, delay, ties), (*batch, -1))


def ordinal_counts(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return how many windows of a series are in each order, (..., d!) by code, int64.

    x      (..., T) real or integer, the samples along `axis`; leading axes are a batch
    order  d, samples in a window, 2 to 8
    delay  tau, samples from one to the next in a window
    ties   stable  equal values count as rising in time, as a stable argsort has them
           equal   windows with equal values are patterns of their own: (..., weak orders of d)
           random  equal values come in random order, drawn from `seed`
           raise   ValueError if a window holds equal values

    Raises ValueError for NaN, an order outside 2 .. 8, a series shorter than a window.
    Bandt & Pompe (2002) Phys. Rev. Lett. 88, 174102; ties `equal`: Bian et al. (2012)
    Phys. Rev. E 85, 021906. For the prefix counts see Unakafova & Keller (2013) Entropy 15, 4392.
    """
    return sweep_counts(x, order, (delay,), axis=axis, ties=ties, seed=seed)[0]


def sweep_counts(
    x: Array,
    order: int,
    delays: Sequence[int],
    *,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> list[Array]:
    """Return the counts for each of several delays; arguments and errors as above."""
    x, xp, batch = _prepared(x, order, delays, axis, ties, seed)
    size = alphabet(order, ties)
    return [
        xp.reshape(_counts(x, xp, order, delay, ties, size), (*batch, size)) for delay in delays
    ]


def _counts(x: Array, xp: Any, order: int, delay: int, ties: str, size: int) -> Array:
    if ties == "equal":
        return _tally(_codes(x, xp, order, delay, ties), size)
    if not isinstance(x, np.ndarray):
        return counts_by_arrays(x, order, delay)
    from analysis.entropy.kernels import ordinal as kernel

    total = np.zeros((x.shape[0], size), np.int64)
    kernel.counts(x, order, delay, total)
    return total
