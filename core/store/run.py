"""The run file, schema entroflow-run/1: what a simulator writes and an analysis reads."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import NumericsError, SchemaError
from core.store.hdf5 import (
    CONVENTIONS,
    FILTERS,
    add_scale,
    checked_file,
    committed_complex,
    new_file,
    set_attributes,
)

SCHEMA = "entroflow-run/1"


@dataclass(frozen=True)
class Field:
    """What a simulator says of one field: its axes after (member, time), type and meaning."""

    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str


@dataclass(frozen=True)
class Extent:
    """How large a field of one member is: points by axis, time first; and its type."""

    sizes: Mapping[str, int]
    dtype: str


@dataclass(frozen=True)
class Coordinate:
    """The points of one axis."""

    values: np.ndarray
    units: str
    long_name: str


@dataclass(frozen=True)
class Layout:
    """The shape of a run before its numbers exist.

    time        (T,) saved times
    members     number of members
    coordinates axes by name, for the fields' dims
    fields      fields by name
    title       one line for people
    signal      the field that viewers plot first
    """

    time: np.ndarray
    members: int
    coordinates: Mapping[str, Coordinate]
    fields: Mapping[str, Field]
    title: str
    signal: str
    time_units: str = "1"


@dataclass(frozen=True)
class Block:
    """One frame of some members, as a simulator yields it.

    members  which members
    frame    index into the layout's time
    values   host arrays by field, (m, *dims)
    state    returns host arrays from which the simulator goes on after this frame
    """

    members: slice
    frame: int
    values: Mapping[str, np.ndarray]
    state: Callable[[], dict[str, np.ndarray]] | None = None


def _create(file: h5py.File, layout: Layout) -> None:
    scales = {
        "member": add_scale(
            file, "member", np.arange(layout.members), units="1", long_name="member of the run"
        ),
        "time": add_scale(file, "time", layout.time, units=layout.time_units, long_name="time"),
    }
    for name, points in layout.coordinates.items():
        scales[name] = add_scale(
            file, name, points.values, units=points.units, long_name=points.long_name
        )
    for name, about in layout.fields.items():
        dims = ("member", "time", *about.dims)
        shape = tuple(len(scales[d]) for d in dims)
        kind = committed_complex(file) if about.dtype == "complex128" else about.dtype
        chunks = (1, 1, *shape[2:]) if about.dims else (1, shape[1])
        data = file.create_dataset(name, shape, dtype=kind, chunks=chunks, **FILTERS)
        set_attributes(data, {"units": about.units, "long_name": about.long_name})
        for axis, dim in enumerate(dims):
            data.dims[axis].attach_scale(scales[dim])
    signal = ("member", "time", *layout.fields[layout.signal].dims)
    set_attributes(
        file,
        {
            "schema": SCHEMA,
            "title": layout.title,
            "Conventions": CONVENTIONS,
            "NX_class": "NXdata",
            "signal": layout.signal,
        },
    )
    file.attrs["axes"] = np.asarray(signal, dtype=h5py.string_dtype())


def _write_block(file: h5py.File, layout: Layout, block: Block) -> None:
    for name, values in block.values.items():
        values = np.asarray(values)
        if not np.isfinite(values).all():
            first = int(np.argwhere(~np.isfinite(values))[0][0]) + block.members.start
            raise NumericsError(
                f"member {first}: {name} is not finite at t = {layout.time[block.frame]:g}; "
                "check the initial condition, tighten rtol or refine the grid"
            )
        file[name][block.members, block.frame] = values


def write_run(
    path: str | Path,
    layout: Layout,
    blocks: Iterable[Block],
    provenance: Callable[[], Mapping[str, Any]],
) -> None:
    """Write a run, block by block, and give the file its name when all is there.

    blocks      every (member, frame) exactly once, in any order
    provenance  asked at the end, so that it can hold the run's cost

    Raises NumericsError for a value that is not finite, OutputError when the disk refuses.
    """
    written = np.zeros((layout.members, len(layout.time)), dtype=bool)
    with new_file(path) as (file, check):
        _create(file, layout)
        for block in blocks:
            if written[block.members, block.frame].any():
                raise ValueError(f"frame {block.frame} of {block.members} came twice")
            _write_block(file, layout, block)
            check()
            written[block.members, block.frame] = True
        if not written.all():
            raise NumericsError(f"{path}: {np.count_nonzero(~written)} frames were never computed")
        set_attributes(file.create_group("provenance"), provenance())


class MemberField:
    """One member's part of a field, read from disk only as it is sliced: (T, *dims)."""

    def __init__(self, dataset: h5py.Dataset, member: int) -> None:
        self._dataset, self._member = dataset, member
        self.shape: tuple[int, ...] = dataset.shape[1:]
        self.dtype = dataset.dtype
        self.units = str(dataset.attrs.get("units", "1"))
        self.long_name = str(dataset.attrs.get("long_name", ""))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        key = key if isinstance(key, tuple) else (key,)
        return self._dataset[(self._member, *key)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


@dataclass(frozen=True)
class Member:
    """One member of a run.

    time    (T,)
    coords  axes by name, such as x (n,)
    fields  (T, *dims) by name, sliced lazily
    dims    names of each field's axes, time first
    """

    name: str
    index: int
    time: np.ndarray
    coords: dict[str, np.ndarray]
    fields: Mapping[str, Any]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def extents(self) -> dict[str, Extent]:
        """Return how large each field is."""
        return {
            name: Extent(dict(zip(self.dims[name], values.shape, strict=True)), str(values.dtype))
            for name, values in self.fields.items()
        }


@dataclass(frozen=True)
class Run:
    """A run file open for reading; `params` are complete, defaults included."""

    path: Path
    simulator: str
    name: str
    params: dict[str, Any]
    seed: int
    members: list[Member]
    attrs: dict[str, Any] = field(default_factory=dict)


@contextmanager
def read_run(path: str | Path) -> Iterator[Run]:
    """Yield a run; its fields can be sliced while the block lasts.

    Raises SchemaError if the file is missing, unreadable, of another schema, or incomplete.
    """
    path = Path(path)
    with checked_file(path, SCHEMA) as file:
        try:
            provenance = dict(file["provenance"].attrs)
            spec = json.loads(provenance["spec_json"])
            time = file["time"][:]
            scales = {
                k: d[:] for k, d in file.items() if isinstance(d, h5py.Dataset) and d.is_scale
            }
            fields = {
                k: d
                for k, d in file.items()
                if isinstance(d, h5py.Dataset) and not d.is_scale and d.ndim >= 2
            }
            dims = {k: tuple(str(dim.keys()[0]) for dim in d.dims)[1:] for k, d in fields.items()}
            members = [
                Member(
                    name=str(m),
                    index=int(m),
                    time=time,
                    coords={k: v for k, v in scales.items() if k not in ("member", "time")},
                    fields={k: MemberField(d, i) for k, d in fields.items()},
                    dims=dims,
                )
                for i, m in enumerate(scales["member"])
            ]
        except (KeyError, IndexError, OSError, ValueError) as problem:
            raise SchemaError(
                f"{path}: incomplete run file ({problem}); delete it and simulate again"
            ) from None
        yield Run(
            path=path,
            simulator=spec["simulator"],
            name=str(provenance["run"]),
            params=spec["params"],
            seed=int(provenance["seed"]),
            members=members,
            attrs=provenance,
        )
