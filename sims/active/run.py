"""The frames of a run, member by member: start, thermalise, advance, look, keep."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from core import command
from core.progress import say
from core.store import Block
from sims.active import initial, normals, observe, system
from sims.active.engine import CHUNK, Simulation
from sims.active.params import Params

PERIOD = 5.0  # seconds between two lines of progress in a long thermalisation


def begin(params: Params, draw: np.random.Generator) -> Simulation:
    """Return a member's simulation at its start."""
    x, e, size = initial.start(params, draw)
    if params.model == "passive":
        e = np.zeros_like(e)
    simulation = Simulation(params, x, e, normals.seed(draw), size)
    if params.tumble_rate:
        simulation.wait[0] = draw.geometric(simulation.rules.tumble) - 1
    simulation.list_anew()
    initial.refuse_overlap(simulation)
    return simulation


def _pieces(
    simulations: list[Simulation], steps: int, cost: dict[str, Any], what: str = ""
) -> Iterator[None]:
    """Take steps, member by member, in pieces short enough that a signal is heeded soon.

    Yields between two pieces; lists are made anew after each, so that a run which goes on from
    there has the same bits.
    """
    n = simulations[0].particles.work.size
    most, done, said = max(1, int(CHUNK / n)), simulations[0].steps, time.monotonic()
    while done < steps:
        now = min(steps - done, most)
        for simulation in simulations:
            simulation.advance(now)
            simulation.list_anew()
            cost["particle_steps"] += now * n
            command.heed()
        done += now
        if what and time.monotonic() - said > PERIOD:
            said = time.monotonic()
            say(f"{what}: step {done} of {steps}")
        if done < steps:
            yield


def thermalise(simulations: list[Simulation], cost: dict[str, Any]) -> Iterator[None]:
    """Take the steps before the first frame, and count time, work and images from there."""
    steps = system.thermal_steps(simulations[0].params)
    yield from _pieces(simulations, steps, cost, "thermalisation")
    for simulation in simulations:
        simulation.forget()


def values(simulation: Simulation) -> dict[str, np.ndarray]:
    """Return the fields of a frame."""
    params, p = simulation.params, simulation.particles
    found: dict[str, Any] = {
        "position": simulation.by_number(p.x),
        "work": simulation.by_number(p.work),
    }
    if np.isfinite(system.edges(params)).all():
        found["image"] = simulation.by_number(p.image).astype(np.int32)
    if params.model != "passive":
        name = "active" if params.model == "aoup" else "orientation"
        found[name] = simulation.by_number(p.e)
    if len(system.species(params)) > 1:
        found["species"] = system.kind_of(params).astype(np.int32)
    if params.interaction.polydispersity:
        found["diameter"] = simulation.by_number(p.size) * params.interaction.diameter
    found.update(observe.observables(simulation))
    return {name: np.asarray(value) for name, value in found.items()}


def _states(simulations: list[Simulation]) -> dict[str, np.ndarray]:
    states = [simulation.state() for simulation in simulations]
    return {name: np.stack([state[name] for state in states]) for name in states[0]}


def frames(
    params: Params,
    stream: Callable[[int], Any],
    members: int,
    begun: tuple[int, dict[str, np.ndarray]] | None,
    cost: dict[str, Any],
    begin: Callable[[Params, np.random.Generator], Simulation] = begin,
) -> Iterator[Block]:
    """Yield the frames, all members together, and blocks without values where a long way to the
    next may be interrupted, the first frame's thermalisation included."""
    simulations = [begin(params, stream(member)) for member in range(members)]
    done, per_frame = -1 if begun is None else begun[0], system.steps_per_frame(params)
    if begun is not None:
        for member, simulation in enumerate(simulations):
            simulation.restore({name: all_of[member] for name, all_of in begun[1].items()})
    for frame in range(done + 1, params.frames):
        on_the_way = (
            _pieces(simulations, frame * per_frame, cost)
            if frame
            else thermalise(simulations, cost)
        )
        for _ in on_the_way:
            yield Block(slice(0, members), frame - 1, {}, lambda: _states(simulations))
        every = [values(simulation) for simulation in simulations]
        together = {name: np.stack([one[name] for one in every]) for name in every[0]}
        cost["lists"] = sum(simulation.lists for simulation in simulations)
        cost["largest_cluster"] = float(together.get("largest_cluster", np.zeros(1)).max())
        yield Block(slice(0, members), frame, together, lambda: _states(simulations))


def status(cost: dict[str, Any]) -> Callable[[], str]:
    """Return what the progress line adds: the rate, and the largest cluster."""

    def said() -> str:
        rate = cost["particle_steps"] / max(cost["solve_cpu_s"], 1e-9)
        cluster = cost.get("largest_cluster", 0.0)
        text = f", {rate / 1e6:.1f} million particle-steps per second"
        return text + (f", largest cluster {cluster:.0%}" if cluster else "")

    return said
