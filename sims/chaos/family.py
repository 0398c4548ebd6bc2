"""One system at many values of a parameter: a trajectory at each, side by side.

parameter of member m = first + (last - first) m/(M - 1)
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core import config
from core.errors import ConfigError, NumericsError
from sims.chaos import flow, motion, switching
from sims.chaos.ensemble import Ensemble, on_the_way, reason
from sims.chaos.system import System


def check(given: Mapping[str, Any], systems: list[System], members: int, where: str) -> None:
    """Refuse parameters that cannot be varied, with a line that names the key."""
    for name, ends in given.items():
        at = config.join(where, name)
        whole = config.coerce(tuple[float, ...], ends, at)
        if len(whole) != 2 or whole[0] == whole[1]:
            raise ConfigError(f"{at}: expected the first and the last value, got {list(ends)}")
        for system in systems:
            for value in whole:
                system.changed({name: value}, where)
    if given and members < 2:
        raise ConfigError(f"{where}: needs trajectories, one for each value; set 2 or more")


def members(system: System, given: Mapping[str, Any], count: int) -> list[System]:
    """Return the system with the parameters of each member, evenly from first to last."""
    rows = {name: np.linspace(ends[0], ends[1], count).tolist() for name, ends in given.items()}
    each = [{name: row[m] for name, row in rows.items()} for m in range(count)]
    return [replace(system.changed(one, system.name), regime=system.regime) for one in each]


@dataclass(frozen=True)
class _Moved:
    """What became of each: its states (T, d), and from what it may go on; or why it has none."""

    states: dict[int, np.ndarray]
    ends: dict[int, Any]
    lost: dict[int, str]


def _abreast(
    systems: list[System], times: np.ndarray, starts: Mapping[int, Any], rtol: float, atol: float
) -> _Moved:
    """Follow smooth flows side by side; if one breaks down, each beside a copy of its own.

    One alone, without a copy, would differ by rounding from what it is among others.
    """
    states, lost, numbers = dict[int, np.ndarray](), dict[int, str](), list(starts)
    parameters = np.array([list(one.parameters.values()) for one in systems])

    def made(of: list[int]) -> np.ndarray:
        points = np.array([starts[m] for m in of])
        return flow.ensemble(systems[0], times, points, parameters[of], rtol=rtol, atol=atol)

    try:
        if len(numbers) > 1:
            states = dict(zip(numbers, made(numbers), strict=True))
    except NumericsError:
        pass
    for m in [] if states else numbers:
        try:
            states[m] = made([m, m])[0]
        except NumericsError as problem:
            lost[m] = str(problem).replace("trajectory 0: ", "")
    return _Moved(states, {m: found[-1] for m, found in states.items()}, lost)


def _in_turn(
    systems: list[System], times: np.ndarray, starts: Mapping[int, Any], **options: Any
) -> _Moved:
    moved = _Moved({}, {}, {})
    for m, start in starts.items():
        try:
            moved.states[m], moved.ends[m] = motion.follow(systems[m], times, start, **options)
        except NumericsError as problem:
            moved.lost[m] = str(problem)
    return moved


def ensemble(
    systems: list[System],
    times: np.ndarray,
    transient: float,
    *,
    rtol: float,
    atol: float,
    seed: int = 0,
    integrator: str = "dop853",
) -> Ensemble:
    """Return trajectories (m, T, d), each from the system's own point, a transient later.

    systems    (M,) which differ in their parameters alone
    times      (T,) of the samples, from 0
    transient  periods before the first sample

    Smooth flows go in lanes, all others one after another; what a member does depends on none of
    the others. Where the equations know the time, it goes on from the transient to the samples.
    Those that break down are left out, with a line each.
    """
    first = systems[0]
    smooth = first.kind == "flow" and not any(map(switching.jumps, systems))

    def move(when: np.ndarray, starts: Mapping[int, Any], rtol: float, atol: float) -> _Moved:
        if smooth and integrator == "dop853":
            return _abreast(systems, when, starts, rtol, atol)
        how: dict[str, Any] = {"seed": seed, "integrator": integrator}
        return _in_turn(systems, when, starts, rtol=rtol, atol=atol, **how)

    starts: Mapping[int, Any] = dict.fromkeys(
        range(len(systems)), np.array(first.initial_condition, dtype=float)
    )
    lost: dict[int, str] = {}
    begin = 0.0
    if transient:
        until = transient * first.period
        before = np.array([0.0, math.ceil(until) if first.kind == "map" else until])
        loose = on_the_way(first, rtol)
        moved = move(before, starts, loose, loose)
        starts, lost = moved.ends, moved.lost
        begin = 0.0 if first.autonomous else float(before[-1])
    moved = move(begin + times, starts, rtol, atol)
    lost, numbers = lost | moved.lost, sorted(moved.states)
    states = np.array([moved.states[m] for m in numbers])
    return Ensemble(
        len(systems),
        tuple(numbers),
        tuple(systems[m] for m in numbers),
        states.reshape(-1, len(times), first.dimension)[:, 0],
        (begin,) * len(numbers),
        states.reshape(-1, len(times), first.dimension),
        tuple(reason(lost[m], first.name, m, len(systems)) for m in sorted(lost)),
    )
