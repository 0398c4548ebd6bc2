"""Pair laws as functions of the distance, and forces by all pairs, for arrays of any library.

F_i = sum_j F(r_ij) r_ij/|r_ij| - k x_i + kappa (x_(i+1) - 2 x_i + x_(i-1))

The compiled forces of `pairs` are held against these; observables are made of them.
"""

import math
from typing import Any

import numpy as np

from core.backend import namespace
from sims.active.system import Pair

Array = Any


def force(pair: Pair, r: Array, size: Array | float = 1.0) -> Array:
    """Return the repulsive force at distances r; `size` (as r) is a pair's diameter over sigma."""
    xp = namespace(r)
    sigma, k = pair.diameter * size, pair.strength
    inside = r < pair.cutoff * size
    if pair.kind == "wca":
        i6 = (sigma / r) ** 6
        found = 24 * k * i6 * (2 * i6 - 1) / r
    elif pair.kind == "harmonic":
        found = k * (sigma - r)
    elif pair.kind == "softplus":
        found = k * (_softplus(xp, pair.beta * (sigma - r)) / pair.beta - pair.tail)
    else:
        found = xp.zeros_like(r)
    return xp.where(inside, found, xp.zeros_like(r))


def _softplus(xp: Any, z: Array) -> Array:
    return xp.maximum(z, xp.zeros_like(z)) + xp.log1p(xp.exp(-xp.abs(z)))


def slope(pair: Pair, r: Array, size: Array | float = 1.0) -> Array:
    """Return U''(r) = -dF/dr."""
    xp = namespace(r)
    sigma, k = pair.diameter * size, pair.strength
    inside = r < pair.cutoff * size
    if pair.kind == "wca":
        i6 = (sigma / r) ** 6
        found = 24 * k * i6 * (26 * i6 - 7) / r**2
    elif pair.kind == "harmonic":
        found = k * xp.ones_like(r)
    elif pair.kind == "softplus":
        found = 0.5 * k * (1 + xp.tanh(0.5 * pair.beta * (sigma - r)))
    else:
        found = xp.zeros_like(r)
    return xp.where(inside, found, xp.zeros_like(r))


def energy(pair: Pair, r: np.ndarray, size: np.ndarray | float = 1.0) -> np.ndarray:
    """Return U(r), which is 0 at the cutoff; the softplus energy is a dilogarithm."""
    sigma, k, cut = pair.diameter * size, pair.strength, pair.cutoff * size
    inside = r < cut
    if pair.kind == "wca":
        i6 = (sigma / r) ** 6
        found = 4 * k * i6 * (i6 - 1) + k
    elif pair.kind == "harmonic":
        found = 0.5 * k * (sigma - r) ** 2
    elif pair.kind == "softplus":
        found = k * (_primitive(pair.beta, sigma - r) - _primitive(pair.beta, sigma - cut))
        found = found - k * pair.tail * (cut - r)
    else:
        found = np.zeros_like(r)
    return np.where(inside, found, 0.0)


def _primitive(beta: float, gap: Any) -> Any:
    """Return the integral of ln(1 + e^(beta s))/beta from -inf to gap: -Li_2(-e^(beta gap))/beta^2.

    Li_2(-w) = -pi^2/6 - ln(w)^2/2 - Li_2(-1/w) where w is large.
    """
    from scipy.special import spence

    z = beta * np.asarray(gap, dtype=float)
    small = -spence(1 + np.exp(-np.abs(z)))  # -Li_2(-e^-|z|)
    large = math.pi**2 / 6 + z**2 / 2 - small
    return np.where(z > 0, large, small) / beta**2


def nearest_image(gap: Array, edge: Array) -> Array:
    """Return differences (..., d) of positions brought into the box; inf is an open axis."""
    xp = namespace(gap)
    closed = xp.isfinite(edge)
    safe = xp.where(closed, edge, xp.ones_like(edge))
    turns = xp.where(closed, xp.floor(gap / safe + 0.5), xp.zeros_like(gap))
    return gap - safe * turns


def by_all_pairs(pair: Pair, x: Array, edge: Array, size: Array | None = None) -> Array:
    """Return the pair forces (N, d) on particles at x (N, d), by all N^2 pairs.

    edge  (d,) of the box, inf along an open axis
    size  (N,) diameters over the pair law's, where they differ
    """
    xp = namespace(x)
    gap = nearest_image(x[:, None, :] - x[None, :, :], edge)
    r2 = xp.sum(gap * gap, axis=-1)
    one = xp.ones_like(r2)
    itself = xp.arange(x.shape[0])[:, None] == xp.arange(x.shape[0])[None, :]
    r = xp.sqrt(xp.where(itself, one, r2))
    mean = one if size is None else 0.5 * (size[:, None] + size[None, :])
    over = xp.where(itself, xp.zeros_like(r), force(pair, r, mean) / r)
    return xp.sum(over[:, :, None] * gap, axis=1)


def along_chain(x: Array, stiffness: float, closed: bool) -> Array:
    """Return the forces (N, d) of springs between particles that follow each other."""
    xp = namespace(x)
    pull = stiffness * (xp.roll(x, -1, axis=0) - x)
    last = xp.arange(x.shape[0])[:, None] == x.shape[0] - 1
    if not closed:
        pull = xp.where(last, xp.zeros_like(pull), pull)
    return pull - xp.roll(pull, 1, axis=0)


def alignment(x: Array, e: Array, edge: Array, reach: float) -> Array:
    """Return the sums (N,) of sin(theta_j - theta_i) over the others nearer than the reach."""
    xp = namespace(x)
    gap = nearest_image(x[:, None, :] - x[None, :, :], edge)
    near = xp.astype(xp.sum(gap * gap, axis=-1) < reach**2, x.dtype)
    total = near @ e  # a particle's own heading does not turn it
    return e[:, 0] * total[:, 1] - e[:, 1] * total[:, 0]
