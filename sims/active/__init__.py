"""active: self-propelled particles in the plane or on a line, overdamped, with pair forces.

dx = (v e + mu F) dt + sqrt(2 D) dW,  the heading or propulsion e by model
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np

from core.store import Block, Field, Layout, particle_layout, write_h5md
from sims import Trajectories
from sims.active import system
from sims.active.describe import describe
from sims.active.params import Params, prepare

__all__ = ["FIELDS", "NAME", "SUFFIX", "WRITE", "Params", "describe", "prepare", "trajectories"]

NAME = "active"
WRITE, SUFFIX = write_h5md, ".h5md"
TABLES = (Path(__file__).with_name("gpu") / "particles.cu",)  # code that is not Python's
_PLANE, _EACH = ("particle", "axis"), ("particle",)
FIELDS = {
    "position": Field(_PLANE, "float64", "1", "position, in the box"),
    "image": Field(_PLANE, "int32", "1", "how often the particle left the box"),
    "orientation": Field(_PLANE, "float64", "1", "heading, of length 1"),
    "active": Field(_PLANE, "float64", "1", "propulsion over v"),
    "species": Field(_EACH, "int32", "1", "species"),
    "diameter": Field(_EACH, "float64", "1", "diameter"),
    "work": Field(_EACH, "float64", "1", "work of the particle's self-propulsion since t = 0"),
}

Resume = Callable[[Layout], tuple[int, dict[str, np.ndarray]] | None]


def _elements(params: Params) -> dict[str, Field]:
    """Return the elements of the particles besides the position."""
    names = ["work"]
    if np.isfinite(system.edges(params)).all():
        names.append("image")
    if params.model != "passive":
        names.append("active" if params.model == "aoup" else "orientation")
    if len(system.species(params)) > 1:
        names.append("species")
    if params.interaction.polydispersity:
        names.append("diameter")
    return {name: FIELDS[name] for name in names}


def fields(params: Params) -> dict[str, Field]:
    """Return the fields that a run of these parameters will hold."""
    from sims.active import observe

    return {"position": FIELDS["position"], **_elements(params), **observe.about(params)}


def sizes(params: Params) -> dict[str, int]:
    """Return how many points each axis will have."""
    return {
        "time": params.frames,
        "particle": system.count(params),
        "axis": params.dimension,
    }


def _layout(params: Params, members: int) -> Layout:
    from sims.active import observe

    per_frame = system.steps_per_frame(params)
    step = np.arange(params.frames, dtype=np.int64) * per_frame
    facts = {
        "model": params.model,
        "time_step": params.time_step,
        "self_propulsion_speed": 0.0 if params.model == "passive" else params.self_propulsion_speed,
        "translational_diffusivity": params.translational_diffusivity,
        "rotational_diffusivity": params.rotational_diffusivity or 0.0,
        "persistence_rate": params.persistence_rate or 0.0,
        "tumble_rate": params.tumble_rate or 0.0,
        "mobility": params.mobility,
        "temperature": system.temperature(params),
        "interaction": params.interaction.kind,
        "strength": params.interaction.strength,
        "diameter": params.interaction.diameter,
    }
    return particle_layout(
        time=step * params.time_step,
        step=step,
        members=members,
        particles=system.count(params),
        box=system.edges(params),
        title=f"Active matter: {params.model}, {system.count(params)} particles",
        elements=_elements(params),
        observables=observe.about(params),
        parameters=facts,
    )


def trajectories(
    params: Params,
    stream: Callable[[int], Any],
    xp: ModuleType,
    members: int = 1,
    resume: Resume = lambda layout: None,
) -> Trajectories:
    """Return the layout of the run and its frames, computed as they are asked for.

    params   as `prepare` gives them
    stream   member -> random generator
    xp       the array library: NumPy's for the CPU, CuPy's for a card
    members  independent replicas, each of its own stream
    resume   layout -> (last frame, state) to go on from, or None

    Raises NumericsError that names the particle and the time.
    """
    from sims.active import run

    layout = _layout(params, members)
    cost: dict[str, Any] = {"solve_cpu_s": 0.0, "particle_steps": 0, "lists": 0}
    start: Callable[..., Any] = run.begin
    if "numpy" not in xp.__name__:
        from sims.active.gpu import engine

        start = engine.starter(xp)
        cost["noise"] = engine.NOISE
    begun = resume(layout)

    def blocks() -> Iterator[Block]:
        begin = process_time()
        for block in run.frames(params, stream, members, begun, cost, start):
            cost["solve_cpu_s"] += process_time() - begin
            yield block
            begin = process_time()

    def notes() -> Mapping[str, Any]:
        return dict(cost)

    return Trajectories(layout, blocks(), notes, run.status(cost))
