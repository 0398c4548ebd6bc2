"""Entropy from counts, with the bias of few samples corrected.

    plug-in: H(n/N);  Miller-Madow: + (occupied - 1)/2N;  jackknife: N H - (N - 1) <H less one>
    Grassberger: ln N - sum n G(n)/N;  Chao-Shen: -sum p ln p / (1 - (1 - p)^N), p = C n/N

The plug-in is too low by about (occupied - 1)/2N nats.
"""

import math
from typing import Any

import numpy as np

from analysis.entropy import functionals
from analysis.entropy.checks import choice, last, like, reals, to_host, whole
from analysis.entropy.functionals import Order, at_orders
from core.backend import namespace

Array = Any
MEASURES = ("shannon", "renyi", "tsallis")
ESTIMATORS = (
    "plugin",
    "miller_madow",
    "grassberger",
    "grassberger1988",
    "chao_shen",
    "jackknife",
    "nsb",
)


def entropy_from_counts(
    c: Array,
    *,
    measure: str = "shannon",
    order: Order | None = None,
    estimator: str = "plugin",
    K: int | None = None,
    axis: int = -1,
) -> Array:
    """Return the entropy of the distribution that counts were drawn from, in nats, along an axis.

    c          (..., bins) whole numbers, of integer type or not; bins with 0 count as unobserved
    measure    shannon, renyi or tsallis
    order      alpha or q of renyi and tsallis, a number or an array as in `renyi`
    estimator  plugin and jackknife for every measure; for shannon also miller_madow, grassberger
               (of 2003), grassberger1988, chao_shen and nsb
    K          number of possible outcomes, for nsb alone; None takes the number of bins

    Raises ValueError for counts that are negative, not whole or all 0, an order that is missing or
    has no meaning, K with another estimator, the jackknife of one sample and of an order < 0.
    Miller (1955) in Information Theory in Psychology, 95; Grassberger (2003) arXiv:physics/0307138,
    and (1988) Phys. Lett. A 128, 369; Chao & Shen (2003) Environ. Ecol. Stat. 10, 429; Zahl (1977)
    Ecology 58, 907; NSB in `nsb`.
    """
    choice(measure, "measure", MEASURES)
    choice(estimator, "estimator", ESTIMATORS)
    if measure == "shannon" and order is not None:
        raise ValueError("order: has no meaning for shannon")
    if measure != "shannon" and order is None:
        raise ValueError(f"order: {measure} needs one")
    if measure != "shannon" and estimator not in ("plugin", "jackknife"):
        raise ValueError(f"estimator: {estimator} is for shannon; {measure} has plugin, jackknife")
    if K is not None and estimator != "nsb":
        raise ValueError("K: only the estimator nsb uses it")
    c, total = _counts(c, axis)
    if estimator == "nsb":
        return _nsb(c, K)
    if estimator == "jackknife":
        return _jackknife(c, total, measure, order)
    if estimator == "plugin":
        return _plugin(c / total[..., None], measure, order)
    return _CORRECTED[estimator](c, total)


def _counts(c: Array, axis: int) -> tuple[Array, Array]:
    """Return (c as floating numbers with its bins last, their sums)."""
    c, xp = reals(c, "c")
    if c.ndim == 0:
        raise ValueError("c: must have an axis of bins")
    c = last(xp.astype(c, xp.float64), axis, "c")
    if bool(xp.any(c < 0)):
        raise ValueError("c: holds a negative count")
    if bool(xp.any(c != xp.floor(c))):
        raise ValueError("c: must be whole numbers; probabilities go to `shannon` and its like")
    total = xp.sum(c, axis=-1)
    if bool(xp.any(total == 0)):
        raise ValueError("c: must hold at least one sample in every row")
    return c, total


def _plugin(p: Array, measure: str, order: Order | None) -> Array:
    if measure == "shannon":
        return functionals.shannon(p)
    return getattr(functionals, measure)(p, order)


def _miller_madow(c: Array, total: Array) -> Array:
    xp = namespace(c)
    occupied = xp.sum(xp.astype(c > 0, c.dtype), axis=-1)
    return functionals.shannon(c / total[..., None]) + (occupied - 1) / (2 * total)


def _chao_shen(c: Array, total: Array) -> Array:
    xp = namespace(c)
    singles = xp.sum(xp.astype(c == 1, c.dtype), axis=-1)
    # With nothing but singletons the coverage would be 0; then one of them counts as seen twice.
    singles = xp.where(singles == total, total - 1, singles)
    p = (1 - singles / total)[..., None] * c / total[..., None]
    some = (p > 0) & (p < 1)
    inner = xp.where(some, p, xp.full_like(p, 0.5))
    seen = -xp.expm1(total[..., None] * xp.log1p(-inner))
    return 0.0 - xp.sum(xp.where(some, p * xp.log(inner) / seen, xp.zeros_like(p)), axis=-1)


def _grassberger(c: Array, total: Array) -> Array:
    # E[n G(n)] = l ln l + l E1(2l) for a Poisson number of mean l
    from scipy.special import digamma

    def g(n: np.ndarray) -> np.ndarray:
        odd_even = 0.5 * (digamma((n + 1) / 2) - digamma(n / 2))
        return digamma(n) + np.where(n % 2 == 0, 1.0, -1.0) * odd_even

    return _by_digamma(c, total, g)


def _grassberger_1988(c: Array, total: Array) -> Array:
    # The last term is over n (n + 1), as the limit q -> 1 of the paper's n^q gives it: only then
    # does the bias fall as exp(-l)/l^2. Some of the literature has it over n + 1.
    from scipy.special import digamma

    def g(n: np.ndarray) -> np.ndarray:
        return digamma(n) + np.where(n % 2 == 0, 1.0, -1.0) / (n * (n + 1))

    return _by_digamma(c, total, g)


def _by_digamma(c: Array, total: Array, g: Any) -> Array:
    """Return ln N - sum n G(n)/N, by way of the host, each distinct count taken once."""
    counts = to_host(c)
    most = int(counts.max())
    if most <= 4 * counts.size:
        table = np.concatenate([[0.0], np.arange(1, most + 1) * g(np.arange(1.0, most + 1))])
        terms = table[counts.astype(np.int64)]
    else:
        terms = np.where(counts > 0, counts * g(np.maximum(counts, 1.0)), 0.0)
    size = to_host(total)
    return like(np.log(size) - terms.sum(axis=-1) / size, c)


_CORRECTED = {
    "miller_madow": _miller_madow,
    "grassberger": _grassberger,
    "grassberger1988": _grassberger_1988,
    "chao_shen": _chao_shen,
}


def _nsb(c: Array, K: int | None) -> Array:
    from analysis.entropy.nsb import posterior

    counts = to_host(c)
    outcomes = counts.shape[-1] if K is None else whole(K, "K", 1)
    means = [posterior(row, outcomes).mean for row in counts.reshape(-1, counts.shape[-1])]
    return like(np.reshape(means, counts.shape[:-1]), c)


def _jackknife(c: Array, total: Array, measure: str, order: Order | None) -> Array:
    xp = namespace(c)
    if bool(xp.any(total < 2)):
        raise ValueError("c: the jackknife needs at least two samples in every row")
    if measure == "shannon":
        # N H - (N - 1) <H less one> is d(N) - sum n d(n)/N with d(n) = n ln n - (n - 1) ln(n - 1)
        p = c / total[..., None]
        return _step(total, xp) - xp.sum(p * _step(c, xp), axis=-1)

    def one(value: float) -> Array:
        if value < 0:
            raise ValueError(f"order: the jackknife needs one of 0 or more, got {value:g}")
        whole_sample = _plugin(c / total[..., None], measure, value)
        mean = _less_one(c, total, measure, value)
        # rounding grows as N 1e-16, far below the error of N samples
        return whole_sample + (total - 1) * (whole_sample - mean)

    return at_orders(order, "order", one)


def _step(n: Array, xp: Any) -> Array:
    """Return n ln n - (n - 1) ln(n - 1), 0 for n = 0 and 1, without cancellation."""
    many = n > 1
    n = xp.where(many, n, xp.full_like(n, 2.0))
    return xp.where(many, xp.log(n) - (n - 1) * xp.log1p(-1 / n), xp.zeros_like(n))


def _less_one(c: Array, total: Array, measure: str, order: float) -> Array:
    """Return the mean entropy of the counts less one sample, over the samples.

    Taking one out of a bin changes one term of the sum. The largest bin may hold the sum alone, so
    that its term is no difference; there the entropy is computed anew.
    """
    xp = namespace(c)
    rest = (total - 1)[..., None]
    largest = xp.max(c, axis=-1, keepdims=True)
    place = xp.argmax(c, axis=-1, keepdims=True)
    bins = like(np.arange(c.shape[-1]), c)
    lowered = c - xp.astype(bins == place, c.dtype)
    anew = _plugin(lowered / rest, measure, order)[..., None]
    if order == math.inf:
        others = 0 * c if measure == "tsallis" else 0.0 - xp.log(largest / rest) + 0 * c
    else:
        others = _less_one_of_the_others(c, rest, largest, measure, order)
    each = xp.where(c == largest, anew + 0 * c, others)
    return xp.sum(c * each, axis=-1) / total


def _less_one_of_the_others(
    c: Array, rest: Array, largest: Array, measure: str, order: float
) -> Array:
    """Return the entropy less one sample of each bin (..., bins); where c is largest, anything."""
    xp = namespace(c)
    excess, ones = order - 1, xp.ones_like(c)
    less = xp.where(c > 1, c - 1, 0 * c)

    def exchanged(term: Any) -> Array:
        """Return sum term(c), with the term of each bin in turn replaced by that of c - 1."""
        own = term(c)
        return xp.sum(own, axis=-1, keepdims=True) - own + term(less)

    def change(n: Array) -> Array:  # p^a - p, or its slope at order 1
        p = xp.clip(n / rest, max=1.0)
        log = xp.log(xp.where(n > 0, p, ones))
        return p * (log if order == 1 else xp.expm1(excess * log))

    def power(n: Array) -> Array:
        return xp.where(n > 0, xp.exp(order * xp.log(xp.where(n > 0, n, ones) / largest)), 0 * c)

    sums = exchanged(change)
    if order == 1:
        return 0.0 - sums
    if measure == "tsallis":
        return 0.0 - sums / excess
    near = xp.abs(sums) < 0.5
    by_change = 0.0 - xp.log1p(xp.where(near, sums, 0 * c)) / excess
    powers = xp.where(c == largest, ones, exchanged(power))
    by_peak = 0.0 - (order * xp.log(largest / rest) + xp.log(powers)) / excess
    return xp.where(near, by_change, by_peak)
