"""The run file, schema entroflow-run/1: what a simulator writes and an analysis reads."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import NumericsError, SchemaError
from core.store.hdf5 import (
    CONVENTIONS,
    FILTERS,
    add_dataset,
    add_scale,
    checked_file,
    committed_complex,
    new_file,
    set_attributes,
)

SCHEMA = "entroflow-run/1"
PARTS = "systems"  # the group that holds the parts of a run, where it has several
CHUNK = 2**20  # bytes, at most, of a trajectory compressed as one
SPLIT = "split"  # the constant that says to which part of a benchmark a member belongs


@dataclass(frozen=True)
class Field:
    """What a simulator says of one field: its axes after (member, time), type and meaning.

    whole  compressed by trajectory instead of by frame: for states of a few numbers
    mask   the field, 1 or 0, that says where values of this one are missing to a reader
    """

    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str
    whole: bool = False
    mask: str = ""


@dataclass(frozen=True)
class Extent:
    """How large a field of one member is: points by axis, time first; its type; any missing."""

    sizes: Mapping[str, int]
    dtype: str
    masked: bool = False


@dataclass(frozen=True)
class Coordinate:
    """The points of one axis; or a constant, whose own first axis may be ("member",)."""

    values: np.ndarray
    units: str
    long_name: str
    dims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The shape of a run before its numbers exist.

    time        (T,) saved times
    members     number of members
    coordinates axes by name, for the fields' dims
    fields      fields by name
    title       one line for people
    signal      the field that viewers plot first
    path        group that holds it, for a run of several parts; "" is the file itself
    attributes  facts of a part, numbers and text
    constants   arrays of a part that do not depend on time, by name
    numbers     of the members, where some of those planned are lost; else 0, 1, ...
    """

    time: np.ndarray
    members: int
    coordinates: Mapping[str, Coordinate]
    fields: Mapping[str, Field]
    title: str
    signal: str
    time_units: str = "1"
    path: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Coordinate] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """One frame of some members, or several, as a simulator yields it.

    members  which members
    frame    index into the layout's time, or a slice of it
    values   host arrays by field, (m, *dims), or (m, frames, *dims)
    state    returns host arrays from which the simulator goes on after this frame
    layout   of the part, with its first block, where it turned out otherwise than planned
    lost     what could not be computed, a line each; a block without values is a lost part
    """

    members: slice
    frame: int | slice
    values: Mapping[str, np.ndarray]
    state: Callable[[], dict[str, np.ndarray]] | None = None
    part: int = 0
    layout: Layout | None = None
    lost: tuple[str, ...] = ()


def _chunk(about: Field, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the chunk of a field of this shape: a frame, or as many as fit into `CHUNK` bytes."""
    if not about.dims:
        return (1, shape[1])
    size = math.prod(shape[2:]) * np.dtype(about.dtype).itemsize
    frames = min(shape[1], max(1, CHUNK // size)) if about.whole else 1
    return (1, frames, *shape[2:])


def _create(file: h5py.Group, layout: Layout) -> None:
    scales = {
        "member": add_scale(
            file,
            "member",
            np.asarray(layout.numbers or range(layout.members), dtype=np.int64),
            units="1",
            long_name="member of the run",
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
        kind = committed_complex(file.file) if about.dtype == "complex128" else about.dtype
        data = file.create_dataset(name, shape, dtype=kind, chunks=_chunk(about, shape), **FILTERS)
        set_attributes(data, {"units": about.units, "long_name": about.long_name})
        if about.mask:
            data.attrs["mask"] = about.mask
        for axis, dim in enumerate(dims):
            data.dims[axis].attach_scale(scales[dim])
    for name, points in layout.constants.items():
        data = add_dataset(
            file, name, points.values, units=points.units, long_name=points.long_name
        )
        for axis, dim in enumerate(points.dims):
            data.dims[axis].attach_scale(scales[dim])
    signal = ("member", "time", *layout.fields[layout.signal].dims)
    facts = {"title": layout.title, "NX_class": "NXdata", "signal": layout.signal}
    set_attributes(file, {**facts, **layout.attributes})
    file.attrs["axes"] = np.asarray(signal, dtype=h5py.string_dtype())


def _first_bad(values: np.ndarray, layout: Layout, block: Block) -> tuple[int, float]:
    """Return the member and the time of the first value that is not finite."""
    at = np.argwhere(~np.isfinite(values))[0]
    if isinstance(block.frame, slice):
        return int(at[0]) + block.members.start, layout.time[block.frame][int(at[1])]
    return int(at[0]) + block.members.start, layout.time[block.frame]


def _write_block(file: h5py.Group, layout: Layout, block: Block) -> None:
    for name, values in block.values.items():
        values = np.asarray(values)
        if not np.isfinite(values).all():
            first, t = _first_bad(values, layout, block)
            raise NumericsError(
                f"member {first}: {name} is not finite at t = {t:g}; "
                "check the initial condition, tighten rtol or refine the grid"
            )
        file[name][block.members, block.frame] = values


class _Parts:
    """The parts of a run that is being written: each gets its group with its first block."""

    def __init__(self, file: h5py.File, planned: Sequence[Layout], several: bool) -> None:
        self._file, self._several = file, several
        self._layouts, self._lost = list(planned), set[int]()
        self._places: dict[int, h5py.Group] = {}
        self._written: dict[int, np.ndarray] = {}
        self._sums = [hashlib.sha256() for _ in planned]
        self.failed: list[str] = []

    def _open(self, block: Block) -> None:
        if block.layout is not None:
            self._layouts[block.part] = block.layout
        layout, file = self._layouts[block.part], self._file
        place = file.create_group(f"{PARTS}/{layout.path}") if self._several else file
        _create(place, layout)
        self._places[block.part] = place
        self._written[block.part] = np.zeros((layout.members, len(layout.time)), dtype=bool)

    def add(self, block: Block) -> None:
        """Write a block, or note what is lost."""
        self.failed += block.lost
        if not block.values:
            self._lost.add(block.part)
            return
        if block.part not in self._places:
            self._open(block)
        done = self._written[block.part]
        if done[block.members, block.frame].any():
            raise ValueError(f"frame {block.frame} of {block.members} came twice")
        _write_block(self._places[block.part], self._layouts[block.part], block)
        done[block.members, block.frame] = True
        if self._several:
            for name in sorted(block.values):
                self._sums[block.part].update(np.ascontiguousarray(block.values[name]).tobytes())

    def missing(self) -> int:
        """Return how many frames were never computed, of what is not lost."""
        found = sum(int(np.count_nonzero(~done)) for done in self._written.values())
        for part, layout in enumerate(self._layouts):
            if part not in self._written and part not in self._lost:
                found += layout.members * len(layout.time)
        return found

    def facts(self) -> dict[str, Any]:
        """Return the root's attributes."""
        digest = "".join(part.hexdigest() for part in self._sums)
        found: dict[str, Any] = {"title": f"{len(self._places)} systems"} if self._several else {}
        if self._several:
            found["sha256"] = hashlib.sha256(digest.encode()).hexdigest()
        return found | ({"failed": tuple(self.failed)} if self.failed else {})


def write_run(
    path: str | Path,
    layout: Layout | Sequence[Layout],
    blocks: Iterable[Block],
    provenance: Callable[[], Mapping[str, Any]],
) -> None:
    """Write a run, block by block, and give the file its name when all is there.

    layout      of the run; or of its parts, each a group of its own
    blocks      every (part, member, frame) exactly once, in any order; or word that it is lost
    provenance  asked at the end, so that it can hold the run's cost

    Raises NumericsError for a value that is not finite, OutputError when the disk refuses.
    """
    several = not isinstance(layout, Layout)
    planned = [layout] if isinstance(layout, Layout) else list(layout)
    with new_file(path) as (file, check):
        set_attributes(file, {"schema": SCHEMA, "Conventions": CONVENTIONS})
        parts = _Parts(file, planned, several)
        for block in blocks:
            parts.add(block)
            check()
        if parts.missing():
            raise NumericsError(f"{path}: {parts.missing()} frames were never computed")
        set_attributes(file, parts.facts())
        set_attributes(file.create_group("provenance"), provenance())


def _keys(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


class MemberField:
    """One member's part of a field, read from disk only as it is sliced: (T, *dims).

    Where the field has a mask, missing values read as NaN; `true` gives them all the same.
    """

    def __init__(self, dataset: h5py.Dataset, member: int) -> None:
        self._dataset, self._member = dataset, member
        mask = dataset.attrs.get("mask", "")
        self._mask: h5py.Dataset | None = dataset.parent[mask] if mask else None
        self.shape: tuple[int, ...] = dataset.shape[1:]
        self.dtype = dataset.dtype
        self.units = str(dataset.attrs.get("units", "1"))
        self.long_name = str(dataset.attrs.get("long_name", ""))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        values = self.true(key)
        if self._mask is None:
            return values
        return np.where(self._mask[(self._member, *_keys(key))] == 1, np.nan, values).astype(
            values.dtype
        )

    def true(self, key: Any = ...) -> np.ndarray:
        """Return the values, those that are missing to a reader too."""
        return self._dataset[(self._member, *_keys(key))]

    @property
    def masked(self) -> bool:
        """Return whether values may be missing."""
        return self._mask is not None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


@dataclass(frozen=True)
class Member:
    """One member of a run.

    time       (T,)
    coords     axes by name, such as x (n,)
    fields     (T, *dims) by name, sliced lazily
    dims       names of each field's axes, time first
    signal     the field that is meant where none is named
    label      what people call it, where a number will not do: the name of its part
    facts      attributes of the part that it belongs to: numbers, text, lists of either
    constants  arrays which do not depend on time, by name: of the part, or the member's own
    part       the name of the part
    split      of a benchmark, to which it belongs, such as train; "" where there is none
    """

    name: str
    index: int
    time: np.ndarray
    coords: dict[str, np.ndarray]
    fields: Mapping[str, Any]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signal: str = ""
    label: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    part: str = ""
    split: str = ""

    def extents(self) -> dict[str, Extent]:
        """Return how large each field is."""
        return {
            name: Extent(
                dict(zip(self.dims[name], values.shape, strict=True)),
                str(values.dtype),
                getattr(values, "masked", False),
            )
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


def _points(dataset: h5py.Dataset) -> np.ndarray:
    return dataset.asstr()[...] if h5py.check_string_dtype(dataset.dtype) else dataset[...]


def _is_field(item: Any) -> bool:
    """Return whether a dataset is (member, time, ...); constants of a part are not."""
    if not isinstance(item, h5py.Dataset) or item.is_scale or item.ndim < 2:
        return False
    return list(item.dims[1].keys()) == ["time"]


def _members(group: h5py.Group, part: str) -> list[Member]:
    """Return the members of a run, or of one part of it."""
    data = {k: d for k, d in group.items() if isinstance(d, h5py.Dataset)}
    scales = {k: _points(d) for k, d in data.items() if d.is_scale}
    fields = {k: d for k, d in data.items() if _is_field(d)}
    dims = {k: tuple(str(dim.keys()[0]) for dim in d.dims)[1:] for k, d in fields.items()}
    constants = {k: _points(d) for k, d in data.items() if k not in scales and k not in fields}
    own = {k for k in constants if data[k].ndim and list(data[k].dims[0].keys()) == ["member"]}
    facts = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in group.attrs.items()}
    numbers = scales["member"].tolist()
    alone = part if numbers == [0] or not part else ""
    return [
        Member(
            name=str(i),
            index=i,
            time=scales["time"],
            coords={k: v for k, v in scales.items() if k not in ("member", "time")},
            fields={k: MemberField(d, i) for k, d in fields.items()},
            dims=dims,
            signal=str(group.attrs.get("signal", "")),
            label=alone if alone or not part else f"{part}.{number}",
            facts=facts,
            constants={k: v[i] if k in own else v for k, v in constants.items()},
            part=part,
            split=str(constants[SPLIT][i]) if SPLIT in own else "",
        )
        for i, number in enumerate(numbers)
    ]


def _all_members(file: h5py.File) -> list[Member]:
    """Return the members of a run of one part, of several, or of particles."""
    if "h5md" in file:
        from core.store.h5md_reading import particle_members

        return particle_members(file)
    groups = [file, *file[PARTS].values()] if PARTS in file else [file]
    members = [
        member
        for group in (groups[1:] or groups)
        for member in _members(group, group.name.rpartition("/")[2])
    ]
    return [replace(m, name=str(i), index=i) for i, m in enumerate(members)]


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
            run = Run(
                path=path,
                simulator=spec["simulator"],
                name=str(provenance["run"]),
                params=spec["params"],
                seed=int(provenance["seed"]),
                members=_all_members(file),
                attrs=provenance,
            )
        except (KeyError, IndexError, OSError, TypeError, ValueError) as problem:
            raise SchemaError(
                f"{path}: incomplete run file ({problem}); delete it and simulate again"
            ) from None
        try:
            yield run
        except OSError as problem:
            if problem.errno is not None:  # of the system, not of HDF5: another file
                raise
            raise SchemaError(
                f"{path}: is damaged ({problem}); delete it and simulate again"
            ) from None
