"""The measure file, schema entroflow-measure/1: what an analysis writes and a figure reads."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import NumericsError, SchemaError
from core.store.hdf5 import (
    CONVENTIONS,
    add_dataset,
    add_scale,
    checked_file,
    new_file,
    set_attributes,
)
from core.store.run import Run

SCHEMA = "entroflow-measure/1"
MEAN = "mean"
OF_SURROGATES = ", surrogates"  # ends the name of a component that is the baseline of another


@dataclass(frozen=True)
class Check:
    """A number beside the exact answer; kind says how the two are compared.

    absolute  |computed - exact| <= tolerance
    relative  |computed - exact| <= tolerance |exact|
    upper     computed <= tolerance (exact is the ideal, usually 0)
    """

    quantity: str
    computed: float
    exact: float
    tolerance: float
    source: str
    kind: str = "absolute"

    @property
    def error(self) -> float:
        """Return the deviation that is held against the tolerance."""
        if self.kind == "upper":
            return self.computed
        deviation = abs(self.computed - self.exact)
        return deviation / abs(self.exact) if self.kind == "relative" else deviation

    @property
    def passed(self) -> bool:
        """Return whether the deviation is within the tolerance; NaN is not."""
        return bool(self.error <= self.tolerance)


@dataclass(frozen=True)
class Measure:
    """What one analysis says of one member.

    axis        (n,) the abscissa, with label and units
    value       (n, ...) the result, with label, units and the convention it follows
    components  names along value's last axis, where that axis is a list of quantities
    second      coordinate of value's axis 1, for maps
    exact       as value: the exact answer, where one exists
    extra       further arrays that the figure needs
    summary     scalars for the summary table: (quantity, value, units)
    checks      rows for the verification table
    figure      the kind of picture that shows it; scale of its value axis
    """

    axis: np.ndarray
    axis_label: str
    axis_units: str
    value: np.ndarray
    label: str
    units: str
    convention: str
    components: tuple[str, ...] = ()
    second: np.ndarray | None = None
    second_label: str = ""
    second_units: str = ""
    exact: np.ndarray | None = None
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    summary: tuple[tuple[str, float, str], ...] = ()
    checks: tuple[Check, ...] = ()
    figure: str = "curves"
    scale: str = "linear"


TEXTS = (
    "axis_label",
    "axis_units",
    "label",
    "units",
    "convention",
    "second_label",
    "second_units",
    "figure",
    "scale",
)


@dataclass(frozen=True)
class MeasureFile:
    """A measure file, read whole.

    members         measures by member name
    mean            the mean over members, where there are several of one shape
    standard_error  (n, ...) of that mean
    """

    path: Path
    name: str
    run_name: str
    simulator: str
    params: dict[str, Any]
    spec: dict[str, Any]
    seed: int
    members: dict[str, Measure]
    mean: Measure | None
    standard_error: np.ndarray | None
    attrs: dict[str, Any]


def _finite(name: str, member: str, measure: Measure) -> None:
    for what, values in (("axis", measure.axis), ("value", measure.value)):
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(np.asarray(values)))[0][0])
            raise NumericsError(
                f"member {member}: {name}: {what} is not finite at "
                f"{measure.axis_label} = {np.asarray(measure.axis)[row]:g}"
            )


def _write_group(group: h5py.Group, measure: Measure) -> None:
    add_dataset(group, "axis", measure.axis, units=measure.axis_units, long_name=measure.axis_label)
    add_dataset(group, "value", measure.value, units=measure.units, long_name=measure.label)
    if measure.second is not None:
        add_dataset(
            group,
            "second",
            measure.second,
            units=measure.second_units,
            long_name=measure.second_label,
        )
    if measure.exact is not None:
        add_dataset(
            group,
            "exact",
            measure.exact,
            units=measure.units,
            long_name=f"{measure.label}, exact",
        )
    for key, values in measure.extra.items():
        add_dataset(group.require_group("extra"), key, values, units="1", long_name=key)
    set_attributes(group, {key: getattr(measure, key) for key in TEXTS})
    set_attributes(
        group,
        {
            "components_json": json.dumps(measure.components),
            "summary_json": json.dumps(measure.summary),
            "checks_json": json.dumps([asdict(check) for check in measure.checks]),
        },
    )


def _write_error(group: h5py.Group, measure: Measure, error: np.ndarray | None) -> None:
    """Write the standard error over members; NaN where one member gives none."""
    about = "standard error of the mean over members"
    if error is None:
        error, about = np.full(np.shape(measure.value), np.nan), f"{about}: one member, none"
    add_dataset(group, "standard_error", error, units=measure.units, long_name=about)


def _read_group(group: h5py.Group) -> Measure:
    texts: dict[str, Any] = {key: str(group.attrs[key]) for key in TEXTS}
    return Measure(
        axis=group["axis"][...],
        value=group["value"][...],
        components=tuple(json.loads(group.attrs["components_json"])),
        second=group["second"][...] if "second" in group else None,
        exact=group["exact"][...] if "exact" in group else None,
        extra={k: d[...] for k, d in group["extra"].items()} if "extra" in group else {},
        summary=tuple((q, v, u) for q, v, u in json.loads(group.attrs["summary_json"])),
        checks=tuple(Check(**row) for row in json.loads(group.attrs["checks_json"])),
        **texts,
    )


def _mean(measures: list[Measure]) -> tuple[Measure, np.ndarray] | None:
    """Return the mean over members and its standard error, if the members' shapes agree."""
    first = measures[0]
    same = all(
        m.value.shape == first.value.shape and np.array_equal(m.axis, first.axis) for m in measures
    )
    if len(measures) < 2 or not same:
        return None
    values = np.stack([m.value for m in measures])
    error = values.std(axis=0, ddof=1) / np.sqrt(len(measures))
    scalars = [{q: v for q, v, _ in m.summary} for m in measures]
    summary = tuple(
        (q, float(np.mean([s[q] for s in scalars])), u)
        for q, _, u in first.summary
        if all(q in s for s in scalars)
    )
    fields = {key: getattr(first, key) for key in TEXTS}
    return (
        Measure(
            axis=first.axis,
            value=values.mean(axis=0),
            components=first.components,
            second=first.second,
            summary=summary,
            **fields,
        ),
        error,
    )


def _write_table(file: h5py.File, members: Mapping[str, Measure]) -> None:
    """Write (member, axis, ...) as root variables with scales, which netCDF tools read."""
    measures = list(members.values())
    first = measures[0]
    if any(m.value.shape != first.value.shape for m in measures):
        return
    scales = [
        add_scale(file, "member", np.arange(len(measures)), units="1", long_name="member"),
        add_scale(file, "axis", first.axis, units=first.axis_units, long_name=first.axis_label),
    ]
    for extent in range(1, first.value.ndim):
        if extent == 1 and first.second is not None:
            values, units, label = first.second, first.second_units, first.second_label
        else:
            values, units, label = np.arange(first.value.shape[extent]), "1", "component"
        scales.append(add_scale(file, f"axis_{extent}", values, units=units, long_name=label))
    table = add_dataset(
        file,
        "value",
        np.stack([m.value for m in measures]),
        units=first.units,
        long_name=first.label,
        convention=first.convention,
        components=", ".join(first.components),
    )
    for axis, scale in enumerate(scales):
        table.dims[axis].attach_scale(scale)


def write_measure(
    path: str | Path,
    name: str,
    members: Mapping[str, Measure],
    *,
    run: Run,
    spec: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> None:
    """Write a measure of every member, their mean and its standard error, and a table.

    members  measures by the members' names, as the run has them

    Raises NumericsError for a value that is not finite, OutputError when the disk refuses.
    """
    for member, measure in members.items():
        _finite(name, member, measure)
    first = next(iter(members.values()))
    labels = {member.name: member.label for member in run.members}
    moved = {str(m.facts["integrator"]): None for m in run.members if "integrator" in m.facts}
    with new_file(path) as (file, _):
        set_attributes(
            file,
            {
                "schema": SCHEMA,
                "title": f"{name} of {run.name}",
                "Conventions": CONVENTIONS,
                "measure": name,
                "run": run.name,
                "simulator": run.simulator,
                "params_json": json.dumps(run.params, sort_keys=True),
                "spec_json": json.dumps(dict(spec), sort_keys=True),
                "seed": run.seed,
                "label": first.label,
                "units": first.units,
                "convention": first.convention,
                **({"integrators": tuple(moved)} if moved else {}),
            },
        )
        mean = _mean(list(members.values()))
        error = None if mean is None else mean[1]
        for member, measure in members.items():
            group = file.create_group(member)
            if labels.get(member):
                group.attrs["member"] = labels[member]
            _write_group(group, measure)
            _write_error(group, measure, error)
        if mean is not None:
            group = file.create_group(MEAN)
            _write_group(group, mean[0])
            _write_error(group, mean[0], error)
        _write_table(file, members)
        set_attributes(file.create_group("provenance"), provenance)


def read_measure(path: str | Path) -> MeasureFile:
    """Return a measure file.

    Raises SchemaError if the file is missing, unreadable, of another schema, or incomplete.
    """
    path = Path(path)
    with checked_file(path, SCHEMA) as file:
        try:
            groups = {k: g for k, g in file.items() if isinstance(g, h5py.Group) and k.isdigit()}
            ordered = sorted(groups, key=int)
            return MeasureFile(
                path=path,
                name=str(file.attrs["measure"]),
                run_name=str(file.attrs["run"]),
                simulator=str(file.attrs["simulator"]),
                params=json.loads(file.attrs["params_json"]),
                spec=json.loads(file.attrs["spec_json"]),
                seed=int(file.attrs["seed"]),
                members={
                    str(groups[k].attrs.get("member", k)): _read_group(groups[k]) for k in ordered
                },
                mean=_read_group(file[MEAN]) if MEAN in file else None,
                standard_error=file[MEAN]["standard_error"][...] if MEAN in file else None,
                attrs=dict(file.attrs),
            )
        except (KeyError, OSError, ValueError, TypeError) as problem:
            raise SchemaError(
                f"{path}: incomplete measure file ({problem}); delete it and analyse again"
            ) from None
