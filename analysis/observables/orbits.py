"""Observables that are orbits: the state of a run over time, or delay vectors of a series."""

import numpy as np

from analysis.observables.kinds import Orbit, Rows, Series
from analysis.observables.registry import OBSERVABLES
from analysis.observables.series import Selection
from core.errors import ConfigError
from core.store import Member

WHOLE = Rows(np.zeros(1), "whole run")
NAMES = 12  # coordinates whose own names are kept


@OBSERVABLES.register("orbit", of_series=True, gives=Orbit, with_member=True, along="time")
def orbit(found: Series, member: Member, chosen: Selection) -> Orbit:
    """Return the states of the run in time order, each row of the field a coordinate."""
    names = tuple(str(i) for i in range(len(found.values)))
    for axis in member.coords.values():
        if axis.dtype.kind not in "fiu" and len(axis) == len(names) <= NAMES:
            names = tuple(str(name) for name in axis)
    values = np.ascontiguousarray(found.values.T, dtype=float)[None]
    return Orbit(values, found.step, found.along, names, f"the orbit of {found.label}", WHOLE)


def _room(samples: int, *, dimension: int, delay: int = 1) -> None:
    for name, value in (("dimension", dimension), ("delay", delay)):
        if value < 1:
            raise ConfigError(f"{name}: must be 1 or more, got {value}")
    if samples < (dimension - 1) * delay + 2:
        raise ConfigError(
            f"dimension: series of {samples} samples hold no two vectors of {dimension} values "
            f"{delay} apart"
        )


@OBSERVABLES.register("embedded", of_series=True, gives=Orbit, room=_room, along="time")
def embedded(found: Series, *, dimension: int, delay: int = 1) -> Orbit:
    """Return delay vectors (x(t), x(t + tau), ..) of each series."""
    from analysis.dynamics.embedding import embed

    values = np.stack([embed(row, dimension, delay) for row in found.values.astype(float)])
    names = tuple(f"x({found.along}+{k * delay * found.step:.4g})" for k in range(dimension))
    label = f"{found.label}, embedded in {dimension} dimensions at delay {delay}"
    return Orbit(values, found.step, found.along, names, label, found.rows)
