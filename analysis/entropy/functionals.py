"""Shannon, Rényi and Tsallis entropies of a discrete distribution, at any order.

    S = -sum p ln p;  R_a = ln(sum p^a) / (1 - a);  T_q = (1 - sum p^q) / (q - 1)

At an order 1 + e the textbook forms lose all digits as e falls. Both are written by
sum p^a - 1 = sum p (exp(e ln p) - 1), which expm1 gives to rounding, so that the limit e = 0 is
approached, not jumped to.
"""

import math
from typing import Any

from core.backend import namespace

Array = Any
NORMALISED = 1e-6


def _checked(p: Array, axis: int) -> tuple[Array, Any]:
    xp = namespace(p)
    if not xp.isdtype(p.dtype, "real floating"):
        raise ValueError(f"p: must be real floating, got {p.dtype}")
    if p.ndim == 0 or p.shape[axis] == 0:
        raise ValueError("p: must hold at least one probability")
    if bool(xp.any(xp.isnan(p))):
        raise ValueError("p: holds NaN")
    if bool(xp.any(p < 0)):
        raise ValueError("p: holds a negative probability")
    if bool(xp.any(xp.abs(xp.sum(p, axis=axis) - 1) > NORMALISED)):
        raise ValueError(f"p: must sum to 1 within {NORMALISED:g} along axis {axis}")
    return p, xp


def _surprisal(p: Array, xp: Any) -> tuple[Array, Array]:
    """Return (where p > 0, ln p there and 0 elsewhere)."""
    support = p > 0
    return support, xp.log(xp.where(support, p, xp.ones_like(p)))


def _order(order: float, name: str) -> float:
    order = float(order)
    if math.isnan(order):
        raise ValueError(f"{name}: must be a number, got NaN")
    return order


def _scaled(entropy: Array, size: int, base: float | None, normalize: bool) -> Array:
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
    p, xp = _checked(p, axis)
    _, log = _surprisal(p, xp)
    return _scaled(-xp.sum(p * log, axis=axis), p.shape[axis], base, normalize)


def renyi(
    p: Array, alpha: float, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Array:
    """Return the Rényi entropy of order alpha along an axis.

    p      (..., k) probabilities
    alpha  any order: 0 (Hartley), 1 (Shannon), inf (min-entropy), -inf; at negative orders a
           zero probability makes the entropy infinite
    base, normalize  as in `shannon`

    Raises ValueError as `shannon`, and for alpha NaN.
    Rényi (1961) Proc. 4th Berkeley Symp. 1, 547, eq. (1.21).
    """
    alpha = _order(alpha, "alpha")
    p, xp = _checked(p, axis)
    size = p.shape[axis]
    if alpha == 1:
        return shannon(p, axis=axis, base=base, normalize=normalize)
    if alpha == math.inf:
        entropy = -xp.log(xp.max(p, axis=axis))
    elif alpha == -math.inf:
        smallest = xp.min(p, axis=axis)
        ones = xp.ones_like(smallest)
        log = xp.log(xp.where(smallest > 0, smallest, ones))
        entropy = xp.where(smallest > 0, -log, ones * math.inf)
    else:
        entropy = _renyi(p, alpha, axis, xp)
    return _scaled(entropy, size, base, normalize)


def _renyi(p: Array, alpha: float, axis: int, xp: Any) -> Array:
    support, log = _surprisal(p, xp)
    excess = alpha - 1
    zero, low = xp.zeros_like(p), xp.full_like(p, -math.inf)
    if abs(excess) < 0.1:
        # sum p^alpha = 1 + sum p expm1(excess ln p): exact as alpha -> 1
        entropy = -xp.log1p(xp.sum(p * xp.expm1(excess * log), axis=axis)) / excess
    else:
        # factor the largest term out: no overflow at order 1000, no underflow
        exponent = xp.where(support, alpha * log, low)
        peak = xp.max(exponent, axis=axis, keepdims=True)
        total = xp.sum(xp.where(support, xp.exp(exponent - peak), zero), axis=axis)
        entropy = -(xp.squeeze(peak, axis=axis) + xp.log(total)) / excess
    if alpha < 0:
        missing = xp.any(~support, axis=axis)
        entropy = xp.where(missing, xp.ones_like(entropy) * math.inf, entropy)
    return entropy


def tsallis(p: Array, q: float, *, axis: int = -1, normalize: bool = False) -> Array:
    """Return the Tsallis entropy of order q along an axis, dimensionless.

    p          (..., k) probabilities
    q          any order; 1 is Shannon in nats, inf is 0; at negative orders a zero probability
               makes the entropy infinite
    normalize  divide by the entropy of the uniform distribution

    Raises ValueError as `shannon`, and for q NaN or -inf, where it is infinite for every p.
    Tsallis (1988) J. Stat. Phys. 52, 479, eq. (1).
    """
    q = _order(q, "q")
    if q == -math.inf:
        raise ValueError("q: must be above -inf, where the entropy is infinite")
    p, xp = _checked(p, axis)
    size = p.shape[axis]
    if q == 1:
        return shannon(p, axis=axis, normalize=normalize)
    if q == math.inf:
        entropy = xp.zeros_like(xp.sum(p, axis=axis))
    else:
        support, log = _surprisal(p, xp)
        # 1 - sum p^q = -sum p (p^(q-1) - 1)
        terms = xp.where(support, p * xp.expm1((q - 1) * log), xp.zeros_like(p))
        entropy = -xp.sum(terms, axis=axis) / (q - 1)
        if q < 0:
            missing = xp.any(~support, axis=axis)
            entropy = xp.where(missing, xp.ones_like(entropy) * math.inf, entropy)
        elif q == 0:
            entropy = xp.astype(xp.sum(xp.astype(support, p.dtype), axis=axis) - 1, p.dtype)
    if not normalize or size == 1:
        return entropy
    top = -math.expm1((1 - q) * math.log(size)) / (q - 1)
    return entropy / top if top else entropy
