"""Several trajectories of one system, from points of its attractor that are far from one another.

start_(k+1) = the state `gap` periods after the end of trajectory k, so that no two share a stretch
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import NumericsError
from sims.chaos import motion
from sims.chaos.system import System

BETWEEN = 1e-7  # tolerance on the way from one trajectory to the next: any point will do ...
EXACT = ("conservative", "quasi-periodic")  # ... but where an energy picks the orbits, or may
ASIDE = 1e-3  # relative displacement of a start, after one from which a trajectory was lost


@dataclass(frozen=True)
class Ensemble:
    """What is kept of a system's trajectories.

    planned   how many there would be
    numbers   (m,) which of those planned
    systems   (m,) with the parameters of each
    starts    (m, d)
    begins    (m,) the time of each start, which the equations may know; 0 where they do not
    states    (m, T, d)
    lost      a line for each that is not kept
    """

    planned: int
    numbers: tuple[int, ...]
    systems: tuple[System, ...]
    starts: np.ndarray
    begins: tuple[float, ...]
    states: np.ndarray
    lost: tuple[str, ...]


def reason(text: str, name: str, number: int, planned: int) -> str:
    """Return what went wrong as a line that names the system, and the trajectory."""
    which = f".{number}" if planned > 1 else ""
    return f"{name}{which}: {text.removeprefix(f'{name}: ')}"


def gaps(members: int, transient: float, apart: float, draw: np.random.Generator) -> np.ndarray:
    """Return the periods (M,) that lie before each trajectory: apart to 2 apart, drawn."""
    found = apart * (1 + draw.random(members))  # the same for the first ones, however many
    found[0] = transient
    return found


def jittered(system: System, by: float, draw: np.random.Generator) -> System:
    """Return the system with each parameter times 1 + u, u uniform from -by to by."""
    if by == 0 or not system.parameters:
        return system
    factors = 1 + by * draw.uniform(-1, 1, size=len(system.parameters))
    values = np.array(list(system.parameters.values())) * factors
    return system.changed(dict(zip(system.parameters, values.tolist(), strict=True)), system.name)


def picked(system: System) -> bool:
    """Return whether an energy picks the orbits, or may: then all starts lie along one."""
    return system.regime in EXACT or (system.kind == "flow" and system.incompressible)


def on_the_way(system: System, rtol: float) -> float:
    """Return the tolerance before a first sample."""
    return rtol if picked(system) else max(rtol, BETWEEN)


def _after(
    system: System,
    point: Any,
    begin: float,
    duration: float,
    rtol: float,
    seed: int,
    integrator: str,
) -> Any:
    """Return the state some time later; where that fails, the message says when it was."""
    if duration == 0:
        return point
    loose = on_the_way(system, rtol)
    try:
        return motion.onward(
            system,
            duration,
            point,
            begin=begin,
            rtol=loose,
            atol=loose,
            seed=seed,
            integrator=integrator,
        )
    except NumericsError as problem:
        raise NumericsError(f"{problem}; this was before its first sample") from None


def ensemble(
    systems: list[System],
    times: np.ndarray,
    before: np.ndarray,
    aside: Callable[[int], np.random.Generator],
    *,
    rtol: float,
    atol: float,
    seed: int = 0,
    integrator: str = "dop853",
) -> Ensemble:
    """Return trajectories (m, T, d), one after another, without those that break down.

    systems  (M,) the system of each: the same, or with parameters of its own
    times    (T,) of the samples, from 0
    before   (M,) periods before each start
    aside    (number) -> generator of the displacement after a trajectory that was lost
    seed     of the digits that maps without rounding draw; see `words`
    integrator  of flows

    More of them move none. Where the equations know the time, it goes on from one to the next.
    """
    now = 0.0
    good = np.array(systems[0].initial_condition)
    point: Any = good  # of a delay equation: its history
    numbers, starts, begins, states, lost = [], [], [], [], []
    for number, system in enumerate(systems):
        if number and system.kind == "delay" and system is not systems[number - 1]:
            point = good  # with another delay the history may be too short: one that held for ever
        wait = before[number] * system.period
        begin = 0.0 if system.autonomous else now + motion.whole(system, wait)
        try:
            start = _after(system, point, now, wait, rtol, seed, integrator)
            at = begin + times
            found, then = motion.follow(
                system, at, start, rtol=rtol, atol=atol, seed=seed, integrator=integrator
            )
        except NumericsError as problem:
            lost.append(reason(str(problem), system.name, number, len(systems)))
            point = good * (1 + ASIDE * aside(number).normal(size=good.size))
            now = 0.0
            continue
        good, point = found[0], then
        now = 0.0 if system.autonomous else float(at[-1])
        begins.append(begin)
        numbers.append(number)
        starts.append(found[0])
        states.append(found)
    d = systems[0].dimension
    return Ensemble(
        len(systems),
        tuple(numbers),
        tuple(systems[n] for n in numbers),
        np.array(starts).reshape(-1, d),
        tuple(begins),
        np.array(states).reshape(-1, len(times), d),
        tuple(lost),
    )
