"""Differential entropies: of the density that cells of one size and their probabilities stand for.

    h = S + ln d;  h_a = R_a + ln d;  t_q = (1 - sum p^q d^(1-q)) / (q - 1),  d the cell's size

These are the sums for -int f ln f, ln(int f^a)/(1 - a) and (1 - int f^q)/(q - 1) with f = p/d.
They tend to the integrals as the grid is refined, where the entropies of the cells grow without
end; for an analytic periodic density the sums are exact to rounding once it is resolved.
"""

import math
from typing import Any

from analysis.entropy.functionals import at_orders, renyi, shannon
from core.backend import namespace

Array = Any


def _log(cell: float) -> float:
    if not 0 < cell < math.inf:
        raise ValueError(f"cell: must be positive and finite, got {cell}")
    return math.log(cell)


def differential_shannon(p: Array, cell: float, *, axis: int = -1) -> Array:
    """Return the differential Shannon entropy, in nats, of the density p/cell along an axis.

    p     (..., k) probabilities of the cells
    cell  size of each, in the units of its axis

    Raises ValueError as `shannon`, and for a cell that is not positive.
    Shannon (1948) Bell Syst. Tech. J. 27, 623, sec. 20.
    """
    return shannon(p, axis=axis) + _log(cell)


def differential_renyi(p: Array, cell: float, alpha: float, *, axis: int = -1) -> Array:
    """Return the differential Rényi entropy, in nats; arguments as above, any order alpha.

    Rényi (1961) Proc. 4th Berkeley Symp. 1, 547, sec. 4.
    """
    return renyi(p, alpha, axis=axis) + _log(cell)


def differential_tsallis(p: Array, cell: float, q: float, *, axis: int = -1) -> Array:
    """Return the differential Tsallis entropy of any order q; arguments as above.

    It is (exp((1 - q) h_q) - 1)/(1 - q) with h_q the Rényi one, which keeps its digits as q -> 1.
    As q -> inf it tends to 0 where the density stays at or below 1, and to -inf elsewhere.
    Tsallis (1988) J. Stat. Phys. 52, 479, eq. (1), for a density.
    """
    return at_orders(q, "q", lambda order: _tsallis(p, cell, order, axis))


def _tsallis(p: Array, cell: float, q: float, axis: int) -> Array:
    h = differential_renyi(p, cell, q, axis=axis)
    if q == 1:
        return h
    xp = namespace(h)
    none, endless = xp.zeros_like(h), xp.full_like(h, -math.inf)
    if q == math.inf:
        return xp.where(h < 0, endless, none)
    limit = math.log(float(xp.finfo(h.dtype).max)) - 1
    exponent = (1 - q) * h
    change = -xp.expm1(xp.clip(exponent, max=limit)) / (q - 1)
    return xp.where(exponent > limit, endless * math.copysign(1.0, q - 1), change)
