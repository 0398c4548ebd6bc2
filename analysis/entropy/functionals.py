"""Shannon, Rényi and Tsallis entropies of a discrete distribution, at any order.

    S = -sum p ln p;  R_a = ln(sum p^a) / (1 - a);  T_q = (1 - sum p^q) / (q - 1)

At an order 1 + e the textbook forms lose all digits as e falls. Both are written by
sum p^a - 1 = sum p (exp(e ln p) - 1), which expm1 gives to rounding, so that the limit e = 0 is
approached, not jumped to.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.entropy.checks import array
from core.backend import namespace, to_host

Array = Any
Order = Any  # a number, or an array of numbers
NORMALISED = 1e-6


def checked(p: Array, axis: int, name: str = "p") -> tuple[Array, Any]:
    """Return (p, its namespace); p is rescaled where its sum is off by more than rounding.

    Only where it is off: rescaling would add a rounding to distributions that are nearly certain,
    whose entropy is no larger than that. Without it the orders would not agree with one another.
    """
    p = array(p, name)
    xp = namespace(p)
    if xp.isdtype(p.dtype, ("integral", "bool")):
        p = xp.astype(p, xp.float64)
    if not xp.isdtype(p.dtype, "real floating"):
        raise ValueError(f"{name}: must be real floating, got {p.dtype}")
    if not -p.ndim <= axis < p.ndim:
        raise ValueError(f"axis: {axis} is not one of {name}, which has shape {p.shape}")
    if p.shape[axis] == 0:
        raise ValueError(f"{name}: must hold at least one probability")
    if bool(xp.any(xp.isnan(p))):
        raise ValueError(f"{name}: holds NaN")
    if bool(xp.any(p < 0)):
        raise ValueError(f"{name}: holds a negative probability")
    total = xp.sum(p, axis=axis, keepdims=True)
    off = xp.abs(total - 1)
    if bool(xp.any(off > NORMALISED)):
        raise ValueError(f"{name}: must sum to 1 within {NORMALISED:g} along axis {axis}")
    rounding = p.shape[axis] * float(xp.finfo(p.dtype).eps)
    if bool(xp.any(off > rounding)):
        p = p / xp.where(off > rounding, total, xp.ones_like(total))
    return p, xp


def _surprisal(p: Array, xp: Any) -> tuple[Array, Array]:
    """Return (where p > 0, ln p there and 0 elsewhere)."""
    support = p > 0
    return support, xp.log(xp.where(support, p, xp.ones_like(p)))


def largest_exponent(p: Array, xp: Any) -> float:
    """Return an exponent whose exponential is still finite in the type of p."""
    return math.log(float(xp.finfo(p.dtype).max)) - 1


def at_orders(order: Order, name: str, one: Callable[[float], Array]) -> Array:
    """Return one(order), or for an array of orders their results, its axes after the batch's."""
    try:
        values = np.asarray(to_host(order), dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: must be a number, or an array of them, got {order!r}") from None
    if np.isnan(values).any():
        raise ValueError(f"{name}: must be a number, got NaN")
    if values.ndim == 0:
        return one(float(values))
    if values.size == 0:
        raise ValueError(f"{name}: holds no order")
    results = [one(float(value)) for value in values.ravel()]
    xp, batch = namespace(results[0]), results[0].shape
    return xp.reshape(xp.stack(results, axis=-1), (*batch, *values.shape))


def scaled(entropy: Array, size: int, base: float | None, normalize: bool) -> Array:
    if base is not None and normalize:
        raise ValueError("base: has no meaning with normalize=True")
    if normalize:
        return entropy / math.log(size) if size > 1 else entropy
    if base is None:
        return entropy
    if not base > 0 or base == 1:
        raise ValueError(f"base: must be positive and not 1, got {base}")
    return entropy / math.log(base)


def shannon(
    p: Array, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Array:
    """Return the Shannon entropy of p along an axis.

    p          (..., k) probabilities; zeros add nothing
    base       of the logarithm; None gives nats
    normalize  divide by ln k, the entropy of the uniform distribution

    Raises ValueError for NaN, negative or unnormalised p (tolerance 1e-6).
    Shannon (1948) Bell Syst. Tech. J. 27, 379, sec. 6.
    """
    p, xp = checked(p, axis)
    _, log = _surprisal(p, xp)
    return scaled(_shannon(p, log, axis, xp), p.shape[axis], base, normalize)


def _shannon(p: Array, log: Array, axis: int, xp: Any) -> Array:
    # subtracted from 0, so that certainty has 0 and not -0
    return 0.0 - xp.sum(p * log, axis=axis)


def renyi(
    p: Array, alpha: Order, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Array:
    """Return the Rényi entropy of order alpha along an axis.

    p      (..., k) probabilities
    alpha  any order: 0 (Hartley), 1 (Shannon), inf (min-entropy), -inf; at negative orders a
           zero probability makes the entropy infinite. Orders of shape s give (..., *s)
    base, normalize  as in `shannon`

    Raises ValueError as `shannon`, and for alpha NaN.
    Rényi (1961) Proc. 4th Berkeley Symp. 1, 547, eq. (1.21).
    """
    p, xp = checked(p, axis)
    known = _surprisal(p, xp)
    entropy = at_orders(alpha, "alpha", lambda a: _renyi(p, known, a, axis, xp))
    return scaled(entropy, p.shape[axis], base, normalize)


def _renyi(p: Array, known: tuple[Array, Array], alpha: float, axis: int, xp: Any) -> Array:
    support, log = known
    if alpha == 1:
        return _shannon(p, log, axis, xp)
    if math.isinf(alpha):
        extreme = (xp.max if alpha > 0 else xp.min)(p, axis=axis)
        ones = xp.ones_like(extreme)
        log = xp.log(xp.where(extreme > 0, extreme, ones))
        return xp.where(extreme > 0, 0.0 - log, ones * math.inf)
    excess = alpha - 1
    # The largest term factored out: no overflow at order 1000, no underflow.
    exponent = xp.where(support, alpha * log, xp.full_like(p, -math.inf))
    peak = xp.max(exponent, axis=axis, keepdims=True)
    total = xp.sum(xp.exp(exponent - peak), axis=axis)
    entropy = 0.0 - (xp.squeeze(peak, axis=axis) + xp.log(total)) / excess
    # Where sum p^alpha is near 1, by order or by certainty, its logarithm is that of 1 + change.
    limit = largest_exponent(p, xp)
    change = xp.sum(p * xp.expm1(xp.clip(excess * log, max=limit)), axis=axis)
    near = (xp.abs(change) < 0.5) & ~xp.any(excess * log > limit, axis=axis)
    by_change = 0.0 - xp.log1p(xp.where(near, change, xp.zeros_like(change))) / excess
    entropy = xp.where(near, by_change, entropy)
    if alpha < 0:
        missing = xp.any(~support, axis=axis)
        entropy = xp.where(missing, xp.ones_like(entropy) * math.inf, entropy)
    return entropy


def tsallis(p: Array, q: Order, *, axis: int = -1, normalize: bool = False) -> Array:
    """Return the Tsallis entropy of order q along an axis, dimensionless.

    p          (..., k) probabilities
    q          any order, or an array of them as in `renyi`; 1 is Shannon in nats, inf is 0; at
               negative orders a zero probability makes the entropy infinite
    normalize  divide by the entropy of the uniform distribution

    Raises ValueError as `shannon`, and for q NaN or -inf, where it is infinite for every p.
    Tsallis (1988) J. Stat. Phys. 52, 479, eq. (1).
    """
    p, xp = checked(p, axis)
    known = _surprisal(p, xp)
    size = p.shape[axis]

    def one(q: float) -> Array:
        entropy = _tsallis(p, known, q, axis, xp)
        divided = normalize and size > 1
        return entropy / _tsallis_of_uniform(size, q) if divided else entropy

    return at_orders(q, "q", one)


def _tsallis(p: Array, known: tuple[Array, Array], q: float, axis: int, xp: Any) -> Array:
    """Return -sum p (p^(q-1) - 1) / (q - 1), which is (1 - sum p^q) / (q - 1)."""
    support, log = known
    if q == -math.inf:
        raise ValueError("q: must be above -inf, where the entropy is infinite")
    if q == 1:
        return _shannon(p, log, axis, xp)
    if q == math.inf:
        return xp.zeros_like(xp.sum(p, axis=axis))
    if q == 0:
        return xp.sum(xp.astype(support, p.dtype), axis=axis) - 1
    limit = largest_exponent(p, xp) - math.log(p.shape[axis])  # that of the sum too
    exponent, power = (q - 1) * log, q * log
    # Far from 1 the term is p^q itself, where exp(exponent) would overflow before it.
    far = xp.exp(xp.clip(power, max=limit))
    far = xp.where(power > limit, xp.full_like(p, math.inf), far)
    terms = xp.where(exponent > 40, far, p * xp.expm1(xp.clip(exponent, max=40.0)))
    entropy = 0.0 - xp.sum(xp.where(support, terms, xp.zeros_like(p)), axis=axis) / (q - 1)
    if q < 0:
        missing = xp.any(~support, axis=axis)
        entropy = xp.where(missing, xp.ones_like(entropy) * math.inf, entropy)
    return entropy


def _tsallis_of_uniform(size: int, q: float) -> float:
    if q == 1:
        return math.log(size)
    if q == math.inf:
        return 1.0  # every entropy of that order is 0
    exponent = (1 - q) * math.log(size)
    if exponent > 700:
        raise ValueError(f"q: {q:g} is too low to normalize by; the entropy overflows")
    return -math.expm1(exponent) / (q - 1)
