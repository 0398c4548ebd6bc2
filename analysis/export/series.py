"""Series of a run as exporters take them: one per member, or one per component of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import ConfigError, SchemaError
from core.registry import nearest
from core.store import Member, Run


@dataclass(frozen=True)
class Series:
    """A series of a benchmark.

    name        such as Lorenz.2, or Lorenz.2.x of a component
    system      that it belongs to
    time        (T,) equally spaced
    values      (T, C) float32 or float64, NaN where a sample is missing
    components  (C,) names
    split       to which it belongs, or ""
    parameters  of the system, by name
    facts       what the run's file says of the system, such as its equations
    alone       it is one component of a series of several
    """

    name: str
    system: str
    time: np.ndarray
    values: np.ndarray
    components: tuple[str, ...]
    split: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    alone: bool = False


def _parameters(member: Member) -> dict[str, float]:
    names = member.facts.get("parameter_names", [])
    values = np.atleast_1d(member.constants.get("parameters", np.array([])))
    return {str(name): float(value) for name, value in zip(names, values, strict=False)}


def _series(member: Member, run: Run) -> Series:
    values = member.fields.get(member.signal)
    axes = member.dims.get(member.signal, ())
    if values is None or len(axes) != 2 or values.dtype.kind != "f":
        raise SchemaError(
            f"{run.path}: '{member.signal}' has axes {', '.join(axes)}; export takes runs of real "
            "series (time, component), such as those of simulator chaos"
        )
    facts = {k: v for k, v in member.facts.items() if k not in ("NX_class", "signal", "axes")}
    return Series(
        name=member.label or member.name,
        system=member.part or run.name,
        time=member.time,
        values=np.asarray(values[...]),
        components=tuple(str(name) for name in member.coords[axes[1]]),
        split=member.split,
        parameters=_parameters(member),
        facts=facts,
    )


def _chosen(run: Run, systems: Sequence[str], split: str | None) -> list[Member]:
    known = {member.part for member in run.members}
    for name in systems:
        if name not in known:
            raise ConfigError(f"--systems: no system '{name}' in {run.path}{nearest(name, known)}")
    parts = sorted({member.split for member in run.members} - {""})
    if split is not None and split not in parts:
        hint = nearest(split, parts) if parts else "; this run has no split"
        raise ConfigError(f"--split: no '{split}'{hint}")
    return [
        member
        for member in run.members
        if (not systems or member.part in systems) and split in (None, member.split)
    ]


def _components(series: Series) -> Iterable[Series]:
    for i, component in enumerate(series.components):
        yield replace(
            series,
            name=f"{series.name}.{component}",
            values=series.values[:, i : i + 1],
            components=(component,),
            alone=True,
        )


def of_run(
    run: Run,
    systems: Sequence[str] = (),
    split: str | None = None,
    univariate: bool = False,
) -> list[Series]:
    """Return the series of a run.

    systems     to take, by name; all if none is named
    split       to take: one part; all if None
    univariate  each component as a series of its own

    Raises ConfigError for a system or part that the run does not have, SchemaError for a run that
    does not hold real series.
    """
    found = [_series(member, run) for member in _chosen(run, systems, split)]
    if not univariate:
        return found
    return [part for series in found for part in _components(series)]


def grouped(series: Iterable[Series], key: str) -> dict[str, list[Series]]:
    """Return the series by system, or by split, in the order in which they come."""
    found: dict[str, list[Series]] = {}
    for each in series:
        found.setdefault(getattr(each, key), []).append(each)
    return found
