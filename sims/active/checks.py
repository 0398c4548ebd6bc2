"""What a run of active matter cannot be, told before it starts, with the number that would do."""

import math
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.progress import say
from sims.active import forces, system
from sims.active.params import Params

DENSEST = {"wca": 0.9069, "harmonic": 1.2, "softplus": 1.2, "none": math.inf}
RANDOM = 0.9  # packing above which random discs do not come apart in good time
NEIGHBOURS = 6.0  # the stiffest mode of discs that touch: six springs
STABLE, GOOD = 2.0, 1.0  # time step times the stiffest rate: Euler-Maruyama breaks at 2
JUMP = 0.5  # of a diameter in one step is too much
TURN = 0.1  # of a persistence time in one step is too much
MOST_STEPS = 1e15  # beyond which a time is no longer a whole number of steps


def _refuse(key: str, text: str) -> None:
    raise ConfigError(f"{key}: {text}")


def _positive(params: Params, *keys: str) -> None:
    for key in keys:
        value = getattr(params, key)
        if value is not None and not value > 0:
            _refuse(key, f"must be positive, got {value:g}")


def _not_negative(params: Params, *keys: str) -> None:
    for key in keys:
        value = getattr(params, key)
        if value is not None and value < 0:
            _refuse(key, f"must be 0 or more, got {value:g}")


def _particles(params: Params) -> None:
    several = system.species(params)
    if not several:
        _refuse("particles", "no species; give a number, or a list of species with count")
    for i, one in enumerate(several):
        if one.count < 1:
            key = "particles" if isinstance(params.particles, int) else f"particles[{i}].count"
            _refuse(key, f"must be 1 or more, got {one.count}")
        if one.self_propulsion_speed is not None and one.self_propulsion_speed < 0:
            _refuse(f"particles[{i}].self_propulsion_speed", "must be 0 or more")
        if one.rotational_diffusivity is not None and one.rotational_diffusivity < 0:
            _refuse(f"particles[{i}].rotational_diffusivity", "must be 0 or more")
        if one.rotational_diffusivity is not None and params.model not in ("abp", "rtp"):
            _refuse(f"particles[{i}].rotational_diffusivity", f"{params.model} has none; remove it")


def _model(params: Params) -> None:
    """Refuse a model without its rate, and rates that it does not have."""
    needs = {"abp": "rotational_diffusivity", "aoup": "persistence_rate", "rtp": "tumble_rate"}
    own = needs.get(params.model)
    if own is not None:
        given = getattr(params, own)
        mixed = own == "rotational_diffusivity" and bool((system.rotational(params) > 0).all())
        if given is None and not mixed:
            _refuse(own, f"missing; {params.model} needs it")
        if given is not None and not given > 0 and not mixed:
            _refuse(own, f"must be positive, got {given:g}; the persistence time is its inverse")
    for key, models in (
        ("rotational_diffusivity", ("abp", "rtp")),
        ("persistence_rate", ("aoup",)),
        ("tumble_rate", ("rtp",)),
        ("alignment", ("abp", "rtp")),
    ):
        if getattr(params, key) is not None and params.model not in models:
            _refuse(key, f"{params.model} has none; remove it")
    if params.chirality and params.model == "passive":
        _refuse("chirality", "passive particles have no heading; remove it")
    if params.dimension not in (1, 2):
        _refuse("dimension", f"must be 1 or 2, got {params.dimension}")
    if params.dimension == 1 and (params.model == "abp" or params.chirality or params.alignment):
        _refuse("dimension", "headings do not rotate in 1-D; use rtp or aoup there")
    if params.dimension == 1 and params.rotational_diffusivity:
        _refuse("rotational_diffusivity", "headings do not rotate in 1-D; remove it")
    if params.integrator == "heun" and params.alignment is not None:
        _refuse("integrator", "heun takes no alignment; use euler")


def _interaction(params: Params) -> None:
    about = params.interaction
    for key in ("strength", "diameter", "beta", "cutoff"):
        value = getattr(about, key)
        if value is not None and not value > 0:
            _refuse(f"interaction.{key}", f"must be positive, got {value:g}")
    if about.kind == "softplus" and about.beta is None:
        _refuse("interaction.beta", "missing; softplus needs it, such as 7.5")
    if about.kind != "softplus" and (about.beta or about.cutoff):
        _refuse("interaction", f"{about.kind} has neither beta nor cutoff; remove them")
    if about.kind == "softplus" and about.cutoff and about.cutoff <= about.diameter:
        _refuse("interaction.cutoff", f"must be above the diameter {about.diameter:g}")
    if not 0 <= about.polydispersity < 0.5:
        _refuse("interaction.polydispersity", f"must be in [0, 0.5), got {about.polydispersity:g}")
    if about.polydispersity and about.kind in ("softplus", "none"):
        _refuse("interaction.polydispersity", f"not for {about.kind}; use wca or harmonic")
    if params.alignment is not None and not params.alignment.range > 0:
        _refuse("alignment.range", f"must be positive, got {params.alignment.range:g}")


def _space(params: Params) -> None:
    """Refuse boxes that are none, too small, or too full."""
    if params.packing_fraction is not None and params.box is not None:
        _refuse("box", "packing_fraction makes the box; give one of the two")
    _positive(params, "packing_fraction")
    if isinstance(params.box, tuple) and len(params.box) != params.dimension:
        _refuse("box", f"needs {params.dimension} edges, got {len(params.box)}")
    edge = system.edges(params)
    if not (edge > 0).all():
        _refuse("box", f"edges must be positive, got {edge.tolist()}")
    closed = bool(np.isfinite(edge).all())
    for key in ("trap", "coupling"):
        one = getattr(params, key)
        if one is not None and closed:
            _refuse(key, "needs open space; remove packing_fraction and box")
        if one is not None and not one.stiffness > 0:
            _refuse(f"{key}.stiffness", f"must be positive, got {one.stiffness:g}")
    if params.coupling is not None and system.count(params) < 2:
        _refuse("coupling", "needs two particles or more")
    if closed and system.cutoff(params) and edge.min() < 2 * system.cutoff(params):
        _refuse(
            "box" if params.box is not None else "particles",
            f"the box of {edge.min():.4g} is smaller than twice the cutoff "
            f"{system.cutoff(params):.4g}; take a larger box or more particles",
        )
    if closed and edge.min() < 2 * system.reach(params):
        most = edge.min() / 2 - system.cutoff(params)
        _refuse("skin", f"does not fit into the box; use skin <= {most:.4g}")
    kind, packing = params.interaction.kind, density(params)
    if packing > DENSEST[kind]:
        _refuse(_crowd(params), f"packing {packing:.3g} is too dense for {kind}; use less than "
                f"{DENSEST[kind]:g}")  # fmt: skip
    if params.initial == "random" and kind in ("wca", "harmonic") and packing > RANDOM + 1e-9:
        _refuse("initial", f"random discs do not come apart at packing {packing:.3g}; use lattice")
    if params.initial == "slab" and not (closed and params.dimension == 2 and 0.1 <= packing < 0.9):
        _refuse("initial", "slab needs a box in 2-D and a packing fraction from 0.1 to 0.9")
    if (params.initial == "file") != (params.path is not None):
        _refuse("path", "goes with initial: file; give both or neither")


def _crowd(params: Params) -> str:
    return "packing_fraction" if params.packing_fraction is not None else "box"


def density(params: Params) -> float:
    """Return the packing fraction; 0 in open space."""
    edge, about = system.edges(params), params.interaction
    if not np.isfinite(edge).all():
        return 0.0
    one = about.diameter
    if params.dimension == 2:
        one = math.pi / 4 * about.diameter**2 * (1 + about.polydispersity**2)
    return float(system.count(params) * one / np.prod(edge))


def _frames(params: Params) -> None:
    _positive(params, "time_step", "t_end", "mobility", "skin")
    _not_negative(
        params, "thermalization", "self_propulsion_speed", "translational_diffusivity",
        "rotational_diffusivity",
    )  # fmt: skip
    if params.frames < 2:
        _refuse("frames", f"must be 2 or more (the first and the last), got {params.frames}")
    for key in ("t_end", "thermalization"):
        if getattr(params, key) / params.time_step > MOST_STEPS:
            _refuse(key, f"is more than {MOST_STEPS:.0e} steps of {params.time_step:g}")
    apart = params.t_end / (params.frames - 1)
    steps = apart / params.time_step
    if steps < 1 - 1e-9 or abs(steps - round(steps)) > 1e-6 * steps:
        _refuse(
            "time_step",
            f"{params.time_step:g} does not divide the {apart:.6g} between frames; "
            f"use {apart / max(1, math.ceil(steps)):.10g}",
        )


def stiffest(params: Params) -> float:
    """Return the fastest relaxation rate of the forces, mu times the largest curvature."""
    law, mu = system.pair(params), params.mobility
    curvature = 0.0
    if law.kind in ("harmonic", "softplus"):
        curvature = NEIGHBOURS * law.strength
    elif law.kind == "wca":
        size = 2 - system.widest(params)  # of two of the smallest, which are the stiffest
        push = 2 * float(system.speeds(params).max()) / mu
        push += 12 * system.temperature(params) / (law.diameter * size)
        r = np.linspace(0.6, 1, 4001)[1:] * law.cutoff * size
        held = r[forces.force(law, r, size) >= push]
        deep = min(float(held.max()) if len(held) else float(r[0]), law.diameter * size)
        curvature = NEIGHBOURS * float(forces.slope(law, np.array([deep]), size)[0])
    if params.trap is not None:
        curvature += params.trap.stiffness
    if params.coupling is not None:
        curvature += 4 * params.coupling.stiffness
    return mu * curvature


def turning(params: Params) -> float:
    """Return how fast neighbours align a heading: strength times how many there are on average."""
    if params.alignment is None:
        return 0.0
    disc = math.pi / 4 * params.interaction.diameter**2
    dense = (density(params) or system.OPEN_PACKING) / disc
    around = min(system.count(params) - 1, math.pi * params.alignment.range**2 * dense)
    return abs(params.alignment.strength) * around


def _film(params: Params) -> None:
    if params.animate is None:
        return
    if params.dimension != 2 or not np.isfinite(system.edges(params)).all():
        _refuse("animate", "films are of a periodic box in 2-D; remove it")
    if params.animate == "heading" and params.model == "passive":
        _refuse("animate", "passive particles have no heading; use density or hexatic")


def _steps(params: Params) -> None:
    """Refuse a time step past stability, and warn of one that is near it."""
    step, rate = params.time_step, max(stiffest(params), turning(params))
    if step * rate > STABLE:
        _refuse(
            "time_step",
            f"{step:g} is past stability: the stiffest mode relaxes at {rate:.4g}; "
            f"use time_step <= {GOOD / rate:.3g}",
        )
    if step * rate > GOOD:
        say(f"warning: time_step: {step:g} is near the limit of stability {STABLE / rate:.3g}")
    for key, value in (
        ("rotational_diffusivity", float(system.rotational(params).max())),
        ("persistence_rate", params.persistence_rate or 0.0),
        ("tumble_rate", params.tumble_rate or 0.0),
        ("chirality", abs(params.chirality)),
    ):
        if value * step > TURN:
            _refuse(
                "time_step", f"{step:g} is too long for {key} {value:g}; "
                f"use time_step <= {TURN / value:.3g}",
            )  # fmt: skip
    if system.cutoff(params):
        _hold(params)


def _hold(params: Params) -> None:
    """Refuse steps longer than a particle, and a skin that is used up by one step."""
    rare = 8.0 if params.integrator == "heun" else 4.0  # heun cannot go on after such a jump
    jump = rare * math.sqrt(2 * params.translational_diffusivity * params.time_step)
    jump += 3 * float(system.speeds(params).max()) * params.time_step
    sigma = params.interaction.diameter
    if params.interaction.kind != "none" and jump > JUMP * sigma:
        enough = params.time_step * (JUMP * sigma / jump) ** 2
        _refuse("time_step", f"particles may jump {jump:.3g} in a step, of a diameter {sigma:g}; "
                f"use time_step <= {enough:.3g}")  # fmt: skip
    if jump > system.skin(params) / 2:
        _refuse("skin", f"{system.skin(params):g} cannot hold: particles move up to {jump:.3g} in "
                f"a step; use skin >= {4 * jump:.3g}, or a smaller time_step")  # fmt: skip


def check(params: Params) -> None:
    """Raise ConfigError, which begins with the key, for what cannot be."""
    every: tuple[Any, ...] = (_frames, _particles, _model, _interaction, _space, _film, _steps)
    for one in every:
        one(params)
