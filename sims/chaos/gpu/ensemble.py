"""Several trajectories of one system at once, from points of its attractor that each finds itself.

On the CPU a trajectory starts where the one before it ended, which cannot be had side by side. Here
each starts from the catalogue's point displaced at random, and is followed until the displacement
has grown to the size of the attractor and its own number of periods has passed. Where an energy
picks the orbits, the starts lie along one orbit, found on the CPU.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from core.errors import ConfigError, NumericsError
from sims import devices
from sims.chaos import granularity, motion
from sims.chaos.ensemble import ASIDE, BETWEEN, Ensemble, picked, reason
from sims.chaos.gpu.follow import follow
from sims.chaos.params import Params
from sims.chaos.switching import jumps
from sims.chaos.system import System
from sims.devices import Device


def check(params: Params, planned: Sequence[tuple[System, str]], where: str = "") -> None:
    """Raise ConfigError, which says where and what to do, for what a card does not move."""
    at = f"{where}: " if where else ""
    for system, integrator in planned:
        what = f"is a {system.kind} system" if system.kind == "delay" else f"is a {system.kind}"
        if system.kind == "flow":
            what = "jumps" if jumps(system) else ""
            what = what or ("" if integrator == "dop853" else f"is to have integrator {integrator}")
        if what:
            raise ConfigError(
                f"{at}device: gpu moves smooth flows by DOP853, and {system.name} {what}; "
                "leave it out, or use device: cpu"
            )
    for key in ("dynamical_noise", "vary"):
        if getattr(params, key):
            raise ConfigError(f"{at}device: gpu moves flows without {key}; use device: cpu")


def on(
    xp: ModuleType, params: Params, planned: Sequence[tuple[System, str]]
) -> Callable[..., Ensemble]:
    """Return `ensemble` on the card of an array library.

    planned  the systems of the run, and what integrates each

    Raises ConfigError for what a card does not move.
    """
    check(params, planned)
    return partial(ensemble, device=devices.of(xp))


def _rows(systems: list[System]) -> np.ndarray:
    return np.array([list(system.parameters.values()) for system in systems])


def _along(
    systems: list[System], span: float, before: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return starts (M, d) along one orbit and their times, `span` and some periods apart."""
    point, starts, problems = np.array(systems[0].initial_condition), [], []
    now, begins = 0.0, []
    for number, system in enumerate(systems):
        wait = before[number] * system.period + (span if number else 0.0)
        problem = ""
        try:
            if wait:
                point = motion.onward(system, wait, point, begin=now, rtol=rtol, atol=rtol)
                now += wait
        except NumericsError as found:
            problem = str(found)
        starts.append(point)
        begins.append(now)
        problems.append(problem)
    return np.array(starts), np.array(begins), problems


def _apart(
    device: Device,
    systems: list[System],
    before: np.ndarray,
    aside: Callable[[int], np.random.Generator],
    rtol: float,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return starts (M, d) from displaced points, and the own time for which each is followed."""
    first = systems[0]
    good = np.array(first.initial_condition)
    points = [good] + [
        good * (1 + ASIDE * aside(number).normal(size=good.size))
        for number in range(1, len(systems))
    ]
    exponent = granularity.largest(first)
    grown = math.log(1 / ASIDE) / exponent if exponent else 0.0
    waits = before * first.period
    waits[1:] += waits[0] + grown
    times = np.stack([np.zeros(len(waits)), waits], axis=1)
    found = follow(device, first, times, np.array(points), _rows(systems), rtol=rtol, atol=rtol)
    problems = [found.problem(number) for number in range(len(systems))]
    return found.states[:, -1], waits, problems


def ensemble(
    systems: list[System],
    times: np.ndarray,
    before: np.ndarray,
    aside: Callable[[int], np.random.Generator],
    *,
    rtol: float,
    atol: float,
    device: Device,
    **other: Any,
) -> Ensemble:
    """Return trajectories (m, T, d), side by side, without those that break down.

    As `sims.chaos.ensemble.ensemble`; more of them move none.
    """
    first = systems[0]
    if picked(first):
        starts, begins, problems = _along(systems, float(times[-1] - times[0]), before, rtol)
    else:
        starts, begins, problems = _apart(device, systems, before, aside, max(rtol, BETWEEN))
    failed = np.array([bool(one) for one in problems])
    starts = np.where(failed[:, None], np.array(first.initial_condition), starts)
    begins = np.where(failed | first.autonomous, 0.0, begins)
    when = begins[:, None] + times
    found = follow(device, first, when, starts, _rows(systems), rtol=rtol, atol=atol)
    problems = [f"{one}; this was before its first sample" if one else "" for one in problems]
    problems = [one or found.problem(number) for number, one in enumerate(problems)]
    kept = [number for number, one in enumerate(problems) if not one]
    lost = [
        reason(one, first.name, number, len(systems)) for number, one in enumerate(problems) if one
    ]
    return Ensemble(
        len(systems), tuple(kept), tuple(systems[number] for number in kept), starts[kept],
        tuple(begins[kept].tolist()), found.states[kept], tuple(lost),
    )  # fmt: skip
