"""One call for the motion of a system of any kind: it is integrated, iterated, or both."""

import math
from typing import Any

import numpy as np

from sims.chaos import flow
from sims.chaos import tangent as flow_tangent
from sims.chaos.system import System

# `maps` and `delays` are imported where they are needed: each loads compiled code.
INTEGRATORS = {"map": "iteration", "delay": "dop853, method of steps"}


def integrator(system: System, of_flows: str = "dop853") -> str:
    """Return what moves the system, in words; of_flows: the one that was chosen for a flow."""
    if system.exact:
        from sims.chaos import words

        if words.scheme(system)[0]:
            return "iteration in words of 64 bits"
    return of_flows if system.kind == "flow" else INTEGRATORS[system.kind]


def follow(
    system: System,
    times: np.ndarray,
    initial: Any = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    seed: int = 0,
    integrator: str = "dop853",
) -> tuple[np.ndarray, Any]:
    """Return the states as `trajectory` does, and from what to go on after the last time."""
    if system.kind == "delay":
        from sims.chaos import delays

        return delays.follow(system, times, initial, rtol=rtol, atol=atol)
    found = trajectory(
        system, times, initial, rtol=rtol, atol=atol, seed=seed, integrator=integrator
    )
    return found, found[-1]


def trajectory(
    system: System,
    times: np.ndarray,
    initial: Any = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    seed: int = 0,
    integrator: str = "dop853",
) -> np.ndarray:
    """Return the states (T, d) of a flow, a map or a delay equation at `times` (T,), rising.

    times       whole numbers for a map
    initial     (d,) at times[0]; the catalogue's point if nothing is given. For a delay equation
                also a history: a function, (times, states), or what `onward` gives
    rtol, atol  error per step; without meaning for maps
    seed        of the digits that `words` draws; without meaning for what is not stepped in words
    integrator  of a flow: dop853, taylor or implicit

    Raises NumericsError that names the system and the time if it blows up; ConfigError for times
    between the iterations of a map, and for a history shorter than the delay.
    """
    if system.kind == "map":
        from sims.chaos import maps

        return maps.trajectory(system, times, initial, seed=seed)
    if system.kind == "delay":
        from sims.chaos import delays

        return delays.follow(system, times, initial, rtol=rtol, atol=atol)[0]
    return flow.trajectory(system, times, initial, rtol=rtol, atol=atol, integrator=integrator)


def whole(system: System, duration: float) -> float:
    """Return a duration, of a map rounded up to whole iterations."""
    return float(math.ceil(duration)) if system.kind == "map" else float(duration)


def onward(
    system: System,
    duration: float,
    initial: Any = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    begin: float = 0.0,
    seed: int = 0,
    integrator: str = "dop853",
) -> Any:
    """Return from what to go on after `duration`: a state (d,), or of a delay equation a history.

    duration  of a map: rounded up to whole iterations
    begin     the time at `initial`, which equations may know

    Raises as `trajectory`.
    """
    if system.kind == "delay":
        from sims.chaos import delays

        times = np.array([begin, begin + duration])
        return delays.follow(system, times, initial, rtol=rtol, atol=atol)[1]
    times = np.array([begin, begin + whole(system, duration)])
    return trajectory(
        system, times, initial, rtol=rtol, atol=atol, seed=seed, integrator=integrator
    )[-1]


def tangent(system: System, initial: Any = None, *, exponents: int = 1, seed: int = 0) -> Any:
    """Return the system's `Tangent`, which `analysis.dynamics.lyapunov_spectrum` takes.

    exponents  of a delay equation, how many; of others all d are computed
    """
    if system.kind == "map":
        from sims.chaos import maps

        return maps.Tangent(system, initial, seed)
    if system.kind == "delay":
        from sims.chaos import delays

        return delays.Tangent(system, initial, exponents)
    return flow_tangent.Tangent(system, initial)
