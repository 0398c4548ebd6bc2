"""Divergences between two distributions: Kullback-Leibler, Rényi, Tsallis, Jensen-Shannon and more.

    KL = sum p ln(p/r);  D_a = ln(sum p^a r^(1-a)) / (a - 1);  T_q = (sum p^q r^(1-q) - 1) / (q - 1)

All three are taken from one sum of terms that are never negative, with x = ln(p/r):

    G_a = sum r [(e^(ax) - 1) - a (e^x - 1)] / (a - 1),  KL = G_1,  T_q = G_q,
    D_a = ln(1 + (a - 1) G_a) / (a - 1)

The added terms a p and (1 - a) r sum to 1 as p and r do; they also take out, to first order, what
rounding leaves in those sums. Orders below 1/2 follow from D_a(p, r) = a/(1-a) D_(1-a)(r, p).
"""

import math
from dataclasses import dataclass
from typing import Any

from analysis.entropy.checks import last
from analysis.entropy.functionals import Order, at_orders, checked, largest_exponent, scaled
from core.backend import namespace

Array = Any
NEAR = 0.3  # below it the series takes over, above it the closed form loses at most 3 bits
TERMS = 15  # NEAR^13 / 15! is below the rounding of the first term


@dataclass(frozen=True)
class _Pair:
    """Two distributions of one shape and x = ln(p/r), 0 where either is 0."""

    p: Array
    r: Array
    difference: Array  # p - r, which may be known better than by subtraction
    x: Array
    both: Array

    def swapped(self) -> "_Pair":
        return _Pair(self.r, self.p, -self.difference, -self.x, self.both)


def _pair(p: Array, r: Array, axis: int) -> _Pair:
    p, xp = checked(p, axis, "p")
    r, _ = checked(r, axis, "r")
    p, r = last(p, axis, "p"), last(r, axis, "r")
    if p.shape[-1] != r.shape[-1]:
        raise ValueError(f"r: must hold as many outcomes as p, {p.shape[-1]}, got {r.shape[-1]}")
    kind = xp.result_type(p, r)
    p, r = xp.broadcast_arrays(xp.astype(p, kind), xp.astype(r, kind))
    return _compared(p, r, p - r)


def _compared(p: Array, r: Array, difference: Array) -> _Pair:
    xp = namespace(p)
    both = (p > 0) & (r > 0)
    ones = xp.ones_like(p)
    above, below = xp.where(both, p, ones), xp.where(both, r, ones)
    tiny = below < float(xp.finfo(p.dtype).smallest_normal)  # p/r might overflow
    ratio = above / xp.where(tiny, ones, below)
    far = xp.where(tiny, xp.log(above) - xp.log(below), xp.log(ratio))
    change = xp.where(both & ~tiny, difference, 0 * ones) / xp.where(tiny, ones, below)
    close = xp.abs(change) < 0.5
    x = xp.where(close & ~tiny, xp.log1p(xp.where(close, change, 0 * ones)), far)
    return _Pair(p, r, difference, xp.where(both, x, 0 * ones), both)


def _terms(pair: _Pair, order: float, rest: float | None = None) -> Array:
    """Return the terms of G at an order from 1/2, none of them negative.

    rest  1 - order, where that has more digits than the order
    """
    p, r, x = pair.p, pair.r, pair.x
    xp = namespace(p)
    rest = 1 - order if rest is None else rest
    limit = largest_exponent(p, xp) - math.log(p.shape[-1])
    exponent = -rest * x
    if rest == 0:
        closed = p * x - pair.difference
    else:
        # Far off, p^a r^(1-a) itself, which may be finite where exp(exponent) is not.
        power = xp.log(xp.where(pair.both, p, xp.ones_like(p))) + exponent
        large = xp.where(
            power > limit, xp.full_like(p, math.inf), xp.exp(xp.clip(power, max=limit))
        )
        change = p * xp.expm1(xp.clip(exponent, max=40.0))
        closed = xp.where(exponent > 40, large, change) / -rest - pair.difference
    near = xp.abs(x) * max(1.0, order) < NEAR
    terms = xp.where(near, r * _series(xp.where(near, x, 0 * x), order), closed)
    alone = xp.full_like(p, math.inf) if rest <= 0 else p * (order / rest)
    terms = xp.where(pair.both, terms, xp.where(p > 0, alone, r))
    return xp.where((p > 0) | (r > 0), terms, xp.zeros_like(p))


def _series(x: Array, order: float) -> Array:
    """Return sum x^n a (1 + a + ... + a^(n-2)) / n! from n = 2, for small x max(1, a)."""
    # In powers of y = x s with s = max(1, a), so that the factors stay bounded at large orders:
    # b_2 = a/s, b_(n+1) = (a/s) (s^(1-n) + b_n).
    scale = max(1.0, order)
    factors = [order / scale]
    for n in range(3, TERMS):
        factors.append((order / scale) * (scale ** (2 - n) + factors[-1]))
    y, total = x * scale, 0 * x
    for n in range(TERMS - 1, 1, -1):
        total = total * y + factors[n - 2] / math.factorial(n)
    return total * y * (y / scale)


def _sum(pair: _Pair, order: float) -> Array:
    xp = namespace(pair.p)
    if order == 0:
        return xp.sum(xp.where(pair.p > 0, xp.zeros_like(pair.r), pair.r), axis=-1)
    if order >= 0.5:
        return xp.sum(_terms(pair, order), axis=-1)
    return xp.sum(_terms(pair.swapped(), 1 - order, order), axis=-1) * (order / (1 - order))


def kl(p: Array, r: Array, *, axis: int = -1, base: float | None = None) -> Array:
    """Return the Kullback-Leibler divergence of p from r along an axis, in nats.

    p, r  (..., k) probabilities, broadcast against one another; infinite where p > 0 and r = 0
    base  of the logarithm; None gives nats

    Raises ValueError as `shannon`, naming p or r.
    Kullback & Leibler (1951) Ann. Math. Stat. 22, 79, sec. 2.
    """
    return scaled(_sum(_pair(p, r, axis), 1.0), 1, base, False)


def js(
    p: Array,
    r: Array,
    weights: tuple[float, float] | None = None,
    *,
    axis: int = -1,
    base: float | None = None,
) -> Array:
    """Return the Jensen-Shannon divergence of p and r along an axis, in nats; not its root.

    p, r     (..., k) probabilities, broadcast against one another
    weights  of p and r, positive with sum 1; None gives 1/2 each. It is at most their entropy,
             ln 2 for halves, which disjoint supports attain
    base     of the logarithm; None gives nats

    Raises ValueError as `kl`, and for weights that are not positive or do not sum to 1.
    Lin (1991) IEEE Trans. Inf. Theory 37, 145, eq. (4.1).
    """
    first, second = (0.5, 0.5) if weights is None else (float(w) for w in weights)
    if not (first > 0 and second > 0 and abs(first + second - 1) < 1e-9):
        raise ValueError(f"weights: must be two positive numbers with sum 1, got {weights}")
    pair = _pair(p, r, axis)
    xp = namespace(pair.p)
    middle = first * pair.p + second * pair.r
    # p - middle by the weights: its own subtraction would lose the digits of close distributions
    terms = first * _terms(_compared(pair.p, middle, second * pair.difference), 1.0)
    terms = terms + second * _terms(_compared(pair.r, middle, -first * pair.difference), 1.0)
    most = -first * math.log(first) - second * math.log(second)
    return scaled(xp.clip(xp.sum(terms, axis=-1), max=most), 1, base, False)  # only rounding is cut


def renyi_divergence(p: Array, r: Array, alpha: Order, *, axis: int = -1) -> Array:
    """Return the Rényi divergence of order alpha of p from r along an axis, in nats.

    p, r   (..., k) probabilities, broadcast against one another
    alpha  any order, or an array of them of shape s for (..., *s); 0 gives -ln r(p > 0), 1 is KL,
           inf ln max p/r. Infinite for disjoint supports, and from order 1 where p > 0 and r = 0.
           Negative orders give -|a|/(1+|a|) times the divergence of order 1 - a of r from p

    Raises ValueError as `kl`, and for alpha NaN.
    Rényi (1961) Proc. 4th Berkeley Symp. 1, 547, eq. (3.3); limits as van Erven & Harremoës (2014)
    IEEE Trans. Inf. Theory 60, 3797, sec. II.
    """
    pair = _pair(p, r, axis)
    return at_orders(alpha, "alpha", lambda order: _renyi(pair, order))


def _renyi(pair: _Pair, order: float) -> Array:
    xp = namespace(pair.p)
    if order < 0:  # at order -inf the factor is -1
        factor = -1.0 if order == -math.inf else order / (1 - order)
        return factor * _renyi(pair.swapped(), 1 - order)
    if 0 < order < 0.5:
        return order / (1 - order) * _between(pair.swapped(), 1 - order, order)
    endless = xp.full_like(pair.p, math.inf)
    if order == math.inf:
        x = xp.where(pair.both, pair.x, xp.where(pair.p > 0, endless, -endless))
        return xp.clip(xp.max(x, axis=-1), min=0.0)  # below 0 only by rounding
    if order == 1:
        return _sum(pair, order)
    divergence = _between(pair, order, 1 - order)
    if order > 1:
        alone = xp.any((pair.p > 0) & (pair.r == 0), axis=-1)
        divergence = xp.where(alone, xp.full_like(divergence, math.inf), divergence)
    return divergence


def _between(pair: _Pair, order: float, rest: float) -> Array:
    """Return ln(sum p^a r^(1-a)) / (a - 1) at order a = 0 or from 1/2, not 1; rest is 1 - a."""
    xp = namespace(pair.p)
    total = _sum(pair, order) if order < 0.5 else xp.sum(_terms(pair, order, rest), axis=-1)
    # Where the sum of powers is near 1 its logarithm is that of 1 + change.
    finite = xp.isfinite(total)
    change = -rest * xp.where(finite, total, xp.ones_like(total))
    near = finite & (xp.abs(change) < 0.5)
    by_change = xp.log1p(xp.where(near, change, xp.zeros_like(change))) / -rest
    return xp.where(near, by_change, _by_peak(pair, order, rest))


def _by_peak(pair: _Pair, order: float, rest: float) -> Array:
    """Return ln(sum p^a r^(1-a)) / (a - 1), the largest term factored out: nothing overflows."""
    xp = namespace(pair.p)
    ones = xp.ones_like(pair.p)
    if order == 0:
        power = xp.log(xp.where(pair.both, pair.r, ones))
    else:
        power = xp.log(xp.where(pair.both, pair.p, ones)) - rest * pair.x
    peak = xp.max(xp.where(pair.both, power, -math.inf * ones), axis=-1, keepdims=True)
    common = xp.isfinite(peak)
    peak = xp.where(common, peak, xp.zeros_like(peak))
    terms = xp.exp(xp.where(pair.both, power - peak, -math.inf * ones))
    common, peak = xp.squeeze(common, axis=-1), xp.squeeze(peak, axis=-1)
    total = xp.where(common, xp.sum(terms, axis=-1), xp.ones_like(peak))
    divergence = (peak + xp.log(total)) / -rest
    return xp.where(common, divergence, xp.full_like(divergence, math.inf))


def tsallis_divergence(p: Array, r: Array, q: Order, *, axis: int = -1) -> Array:
    """Return the Tsallis divergence of order q of p from r along an axis, dimensionless.

    p, r  (..., k) probabilities, broadcast against one another
    q     any finite order, or an array of them of shape s for (..., *s); 1 is KL in nats. From
          order 1 infinite where p > 0 and r = 0; below 0 minus infinity where p = 0 and r > 0

    Raises ValueError as `kl`, and for q NaN or infinite.
    Tsallis (1998) Phys. Rev. E 58, 1442.
    """
    pair = _pair(p, r, axis)

    def one(order: float) -> Array:
        if math.isinf(order):
            raise ValueError("q: must be finite; there every two distributions are infinitely far")
        return _sum(pair, order)

    return at_orders(q, "q", one)


def cauchy_schwarz(p: Array, r: Array, *, axis: int = -1) -> Array:
    """Return the Cauchy-Schwarz divergence -ln(p.r / (|p| |r|)) along an axis, in nats.

    p, r  (..., k) probabilities, broadcast against one another; 0 only for p = r, infinite for
          disjoint supports

    Raises ValueError as `kl`.
    Principe (2010) Information Theoretic Learning, Springer, sec. 2.7.
    """
    pair = _pair(p, r, axis)
    xp = namespace(pair.p)
    p, r = pair.p, pair.r
    squares = xp.sum(r * r, axis=-1)
    along = xp.sum(pair.difference * r, axis=-1) / squares
    across = pair.difference - along[..., None] * r  # of p, at right angles to r
    sine = xp.sum(across * across, axis=-1) / xp.sum(p * p, axis=-1)
    near = sine < 0.5
    small = -0.5 * xp.log1p(-xp.where(near, sine, xp.zeros_like(sine)))
    common = xp.any(pair.both, axis=-1)
    ones, none = xp.ones_like(p), xp.full_like(p, -math.inf)
    # the product of small probabilities may vanish where its logarithm does not
    power = xp.log(xp.where(pair.both, p, ones)) + xp.log(xp.where(pair.both, r, ones))
    power = xp.where(pair.both, power, none)
    peak = xp.max(power, axis=-1, keepdims=True)
    peak = xp.where(xp.isfinite(peak), peak, xp.zeros_like(peak))
    total = xp.sum(xp.exp(power - peak), axis=-1)
    product = xp.squeeze(peak, axis=-1) + xp.log(xp.where(common, total, xp.ones_like(total)))
    large = 0.5 * (xp.log(xp.sum(p * p, axis=-1)) + xp.log(squares)) - product
    return xp.where(near, small, xp.where(common, large, xp.full_like(large, math.inf)))
