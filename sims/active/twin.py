"""One step of the equations for arrays of any library, by all pairs: what the compiled loop is
held against.

dx = (v e + mu F) dt + sqrt(2 D dt) n;  headings by their exact angle, propulsions by exact steps
"""

import math
from typing import Any, NamedTuple

from core.backend import namespace
from sims.active import forces, system
from sims.active.params import Params

Array = Any


class Noise(NamedTuple):
    """Standard normal numbers of one step: of the positions and the propulsions (N, d)."""

    position: Array
    heading: Array


class Moving(NamedTuple):
    """Positions and propulsions (N, d), and the work of self-propulsion so far (N,)."""

    x: Array
    e: Array
    work: Array


def force(params: Params, x: Array, edge: Array, size: Array | None = None) -> Array:
    """Return what acts (N, d): pairs, trap, springs."""
    found = forces.by_all_pairs(system.pair(params), x, edge, size)
    if params.trap is not None:
        found = found - params.trap.stiffness * x
    if params.coupling is not None:
        closed = params.coupling.kind == "ring"
        found = found + forces.along_chain(x, params.coupling.stiffness, closed)
    return found


def turned(params: Params, x: Array, e: Array, edge: Array, noise: Array) -> Array:
    """Return headings or propulsions (N, d) after one step; tumbles apart.

    noise  (N, d); of a heading only the first column is used
    """
    xp, h = namespace(x), params.time_step
    if params.model == "passive" or (params.dimension == 1 and params.model != "aoup"):
        return e
    angle = xp.full((x.shape[0],), params.chirality * h, dtype=x.dtype)
    if params.model != "aoup":
        angle = angle + xp.sqrt(2 * h * xp.asarray(system.rotational(params))) * noise[:, 0]
        if params.alignment is not None:
            pull = forces.alignment(x, e, edge, params.alignment.range)
            angle = angle + params.alignment.strength * h * pull
    if params.dimension == 2:
        c, s = xp.cos(angle), xp.sin(angle)
        e = xp.stack([c * e[:, 0] - s * e[:, 1], s * e[:, 0] + c * e[:, 1]], axis=1)
    if params.model == "aoup":
        keep = math.exp(-(params.persistence_rate or 0.0) * h)
        e = keep * e + math.sqrt(1 - keep**2) * noise
    return e


def step(
    params: Params, now: Moving, noise: Noise, edge: Array, size: Array | None = None
) -> Moving:
    """Return the particles one step later, in no order but their own, positions unwrapped.

    edge  (d,) of the box, inf in open space
    size  (N,) diameters over the usual one, where they differ

    Kloeden & Platen (1992) Numerical Solution of Stochastic Differential Equations, Secs. 10.2
    and 15.5.
    """
    xp, h = namespace(now.x), params.time_step
    v = xp.asarray(system.speeds(params))[:, None]
    mu = params.mobility
    kick = math.sqrt(2 * params.translational_diffusivity * h) * noise.position

    def drift(x: Array, e: Array) -> Array:
        return v * e + mu * force(params, x, edge, size)

    first = drift(now.x, now.e)
    e = turned(params, now.x, now.e, edge, noise.heading)
    if params.integrator == "euler":
        moved = first * h + kick
        return Moving(now.x + moved, e, now.work + xp.sum(v / mu * now.e * moved, axis=1))
    second = drift(now.x + first * h + kick, e)
    power = 0.5 * h * (now.e * first + e * second) + 0.5 * (now.e + e) * kick
    x = now.x + 0.5 * h * (first + second) + kick
    return Moving(x, e, now.work + xp.sum(v / mu * power, axis=1))
