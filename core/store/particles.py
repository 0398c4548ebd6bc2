"""Particles at many times: one frame of them, and the layout of a run that holds the frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.store.run import Block, Coordinate, Field, Layout

AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Frame:
    """The particles of one member at one time.

    step, time   counted and simulated
    position     (N, d), in the box or beyond it
    box          (d,) edges of the periodic box, which begins at 0; inf along an open axis
    elements     further arrays of the particles by name: (N,) or (N, d)
    observables  what belongs to the frame as a whole by name: numbers or arrays
    """

    step: int
    time: float
    position: np.ndarray
    box: np.ndarray
    elements: Mapping[str, np.ndarray] = field(default_factory=dict)
    observables: Mapping[str, Any] = field(default_factory=dict)

    def block(
        self,
        member: int,
        index: int,
        state: Callable[[], dict[str, np.ndarray]] | None = None,
    ) -> Block:
        """Return the frame as the block that `write_h5md` takes."""
        values = {"position": self.position, **self.elements, **self.observables}
        own = {name: np.asarray(value)[None] for name, value in values.items()}
        return Block(slice(member, member + 1), index, own, state)


def particle_layout(
    *,
    time: np.ndarray,
    step: np.ndarray,
    members: int,
    particles: int,
    box: np.ndarray,
    title: str,
    elements: Mapping[str, Field] | None = None,
    observables: Mapping[str, Field] | None = None,
    parameters: Mapping[str, Any] | None = None,
    coordinates: Mapping[str, Coordinate] | None = None,
    time_units: str = "1",
) -> Layout:
    """Return the layout of a run of particles.

    time, step   (T,) of the frames
    box          (d,) edges, d = 1, 2 or 3; all inf in open space
    elements     fields of the particles besides position, dims ("particle",) or
                 ("particle", "axis")
    observables  fields of the frame, dims () or names in `coordinates`
    parameters   numbers and text, for /parameters
    """
    edges = np.asarray(box, dtype=float)
    ids = Coordinate(np.arange(particles), "1", "particle")
    axes = Coordinate(np.asarray(AXES[: len(edges)]), "1", "axis of space")
    position = Field(("particle", "axis"), "float64", "1", "position")
    return Layout(
        time=np.asarray(time, dtype=float),
        members=members,
        coordinates={"particle": ids, "axis": axes, **(coordinates or {})},
        fields={"position": position, **(elements or {}), **(observables or {})},
        title=title,
        signal="position",
        time_units=time_units,
        attributes=dict(parameters or {}),
        constants={
            "step": Coordinate(np.asarray(step, dtype=np.int64), "1", "integration steps"),
            "box": Coordinate(edges, "1", "edges of the box"),
        },
    )
