"""Entropies of ordinal patterns: of how often they come, how large they are, what follows them.

H = -sum p(pattern) ln p(pattern)
"""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import array, choice, last, like, to_host, whole
from analysis.entropy.functionals import renyi, shannon, tsallis
from analysis.entropy.ordinal import alphabet, ordinal_codes, ordinal_counts
from core.backend import namespace

Array = Any
MEASURES = ("shannon", "renyi", "tsallis")


def entropy_of(p: Array, measure: str, param: Any, *, normalize: bool = False) -> Array:
    """Return the entropy of p (..., k) by name: shannon, or renyi or tsallis of order `param`."""
    choice(measure, "measure", MEASURES)
    if measure == "shannon":
        if param is not None:
            raise ValueError("param: Shannon entropy has no order; leave it out")
        return shannon(p, normalize=normalize)
    if param is None:
        raise ValueError(f"param: {measure} needs an order")
    if measure == "renyi":
        return renyi(p, param, normalize=normalize)
    return tsallis(p, param, normalize=normalize)


def frequencies(counts: Array) -> Array:
    """Return counts (..., k) as relative frequencies, float64."""
    xp = namespace(counts)
    counts = xp.astype(counts, xp.float64)
    return counts / xp.sum(counts, axis=-1, keepdims=True)


def permutation_entropy(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    measure: str = "shannon",
    param: Any = None,
    normalize: bool = True,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return the entropy of the ordinal patterns of a series.

    x               (..., T); order, delay, ties, seed as in `ordinal_counts`
    measure, param  shannon, or renyi or tsallis with its order
    normalize       divide by its maximum, that of d! equal frequencies (of all weak orders with
                    ties='equal'); else in nats

    Raises ValueError as `ordinal_counts`, and for a measure without its order.
    Bandt & Pompe (2002) Phys. Rev. Lett. 88, 174102, eq. (2).
    """
    counts = ordinal_counts(x, order, delay, axis=axis, ties=ties, seed=seed)
    return entropy_of(frequencies(counts), measure, param, normalize=normalize)


def _spreads(x: Array, order: int, delay: int) -> Array:
    """Return the variance of each window, (..., W)."""
    xp = namespace(x)
    found = x.shape[-1] - (order - 1) * delay
    parts = [x[..., k * delay : k * delay + found] for k in range(order)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    mean = total / order
    square = xp.zeros_like(mean)
    for part in parts:
        square = square + (part - mean) ** 2
    return square / order


def weighted_permutation_entropy(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    measure: str = "shannon",
    param: Any = None,
    normalize: bool = True,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return the permutation entropy with each window counted by the variance of its values.

    Arguments as in `permutation_entropy`; ties='equal' included.

    Raises ValueError as `permutation_entropy`, and for a series without any variation.
    Fadlallah et al. (2013) Phys. Rev. E 87, 022911, eq. (6).
    """
    code = ordinal_codes(x, order, delay, axis=axis, ties=ties, seed=seed)
    xp = namespace(code)
    x = xp.astype(last(array(x, "x"), axis, "x"), xp.float64)
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError("x: holds infinity, whose windows have no variance")
    # each row from its own first sample and in its own unit, a power of two: equal samples are
    # exactly 0, nothing overflows, and no row depends on another
    x = x / 2 - x[..., :1] / 2
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    _, exponent = np.frexp(np.maximum(to_host(largest), np.finfo(float).tiny))
    for half in (exponent // 2, exponent - exponent // 2):  # two factors, neither out of range
        x = x * like(np.ldexp(1.0, -half), x)
    weight = _spreads(x, order, delay)
    total = xp.sum(weight, axis=-1, keepdims=True)
    if bool(xp.any(total == 0)):
        raise ValueError("x: a series is constant, so that no window has a weight")
    size = alphabet(order, ties)
    masses = _weighed(code, weight, size)
    return entropy_of(masses / total, measure, param, normalize=normalize)


def _weighed(code: Array, weight: Array, size: int) -> Array:
    """Return (..., size), the sum of the weights of each code (..., W)."""
    xp = namespace(code)
    batch = code.shape[:-1]
    rows = math.prod(batch)
    flat = xp.reshape(code, (rows, -1)) + size * xp.arange(rows, dtype=xp.int64)[:, None]
    flat, weight = xp.reshape(flat, (-1,)), xp.reshape(weight, (-1,))
    if hasattr(xp, "bincount"):
        masses = xp.bincount(flat, weight, minlength=rows * size)
    else:
        order = xp.argsort(flat, stable=True)
        sums = xp.cumulative_sum(xp.take(weight, order), include_initial=True)
        edges = xp.arange(rows * size + 1, dtype=xp.int64)
        at = xp.take(sums, xp.searchsorted(xp.take(flat, order), edges))
        masses = at[1:] - at[:-1]
    return xp.reshape(masses, (*batch, size))


def missing_patterns(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return how many of the patterns never come, an integer for each series.

    In a long deterministic series some are forbidden; in a short noisy one some are missing by
    chance: compare with a surrogate. Arguments and errors as in `ordinal_counts`.
    Amigó (2010) Permutation Complexity in Dynamical Systems, ch. 3.
    """
    counts = ordinal_counts(x, order, delay, axis=axis, ties=ties, seed=seed)
    xp = namespace(counts)
    return xp.sum(xp.astype(counts == 0, xp.int64), axis=-1)


def ordinal_transition_entropy(
    x: Array,
    order: int = 3,
    delay: int = 1,
    *,
    step: int = 1,
    self_transitions: bool = True,
    normalize: bool = False,
    axis: int = -1,
    ties: str = "stable",
    seed: Any = None,
) -> Array:
    """Return the entropy of the next pattern, given this one: -sum p(i, j) ln p(j | i), in nats.

    step              samples from a window to the next; 1 is the ordinal transition network
    self_transitions  False leaves out the pairs of equal patterns
    normalize         divide by the logarithm of the number of patterns
    Other arguments as in `ordinal_counts`.

    Raises ValueError as `ordinal_counts`, and for a series that holds no pair.
    Pessa & Ribeiro (2019) Phys. Rev. E 100, 042304; the global node entropy of
    McCullough et al. (2017) Phil. Trans. R. Soc. A 375, 20160292.
    """
    code = ordinal_codes(x, order, delay, axis=axis, ties=ties, seed=seed)
    step = whole(step, "step", 1, max(1, code.shape[-1] - 1))
    if code.shape[-1] < 2:
        raise ValueError("x: holds a single window, so no pair of windows; give a longer series")
    host = to_host(code)
    rows = host.reshape(-1, host.shape[-1])
    size = alphabet(order, ties)
    found = np.array([_next_entropy(row, step, size, self_transitions) for row in rows])
    if normalize:
        found = found / math.log(size)
    return like(found.reshape(host.shape[:-1]), code)


def _next_entropy(code: np.ndarray, step: int, size: int, self_transitions: bool) -> float:
    now, after = code[:-step], code[step:]
    if not self_transitions:
        changed = now != after
        now, after = now[changed], after[changed]
        if now.size == 0:
            raise ValueError(
                "x: no pattern ever changes, so that nothing is left without self_transitions"
            )
    pairs, both = np.unique(now.astype(np.int64) * size + after, return_counts=True)
    first = pairs // size
    starts = np.flatnonzero(np.r_[True, first[1:] != first[:-1]])
    from_ = np.repeat(np.add.reduceat(both, starts), np.diff(np.r_[starts, both.size]))
    return float(0.0 - (both * np.log(both / from_)).sum() / both.sum())
