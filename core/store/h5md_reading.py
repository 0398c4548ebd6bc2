"""Runs of particles read frame by frame: never the whole file at once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import SchemaError
from core.store.h5md import PLACE
from core.store.particles import AXES, Frame
from core.store.run import Member, Run, read_run

BOX = "box"


class FrameField:
    """A field of one member, read from disk only as its first index asks: (T, *dims).

    components  how many components of a vector the run has; the file holds three
    """

    def __init__(self, dataset: h5py.Dataset, components: int | None = None) -> None:
        self._dataset, self._components = dataset, components
        shape = dataset.shape
        self.shape: tuple[int, ...] = shape if components is None else (*shape[:-1], components)
        self.dtype = dataset.dtype
        self.units = str(dataset.attrs.get("units", "1"))
        self.long_name = str(dataset.attrs.get("long_name", ""))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        found = self._dataset[first]
        if self._components is not None:
            found = found[..., : self._components]
        inner = () if isinstance(first, int | np.integer) else (slice(None),)
        return found[(*inner, *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


def _fields(group: h5py.Group, d: int) -> tuple[dict[str, FrameField], dict[str, tuple[str, ...]]]:
    fields: dict[str, FrameField] = {}
    dims: dict[str, tuple[str, ...]] = {}
    for name, element in group.items():
        if name == BOX:
            continue
        value = element["value"]
        own = tuple(json.loads(value.attrs["dims"]))
        fields[name] = FrameField(value, d if own[-1:] == ("axis",) else None)
        dims[name] = ("time", *own)
    return fields, dims


def _member(root: h5py.Group, index: int) -> Member:
    particles = root["particles"][PLACE]
    d = int(particles.attrs["dimension"])
    fields, dims = _fields(particles, d)
    more, more_dims = _fields(root["observables"][PLACE], d)
    fields, dims = {**fields, **more}, {**dims, **more_dims}
    if "edges" in particles[BOX]:
        fields[BOX] = FrameField(particles[BOX]["edges/value"], d)
        dims[BOX] = ("time", "axis")
    sizes = {
        dim: size
        for name, values in fields.items()
        for dim, size in zip(dims[name], values.shape, strict=True)
    }
    time = particles["position/time"][...]
    for name, values in fields.items():
        if len(values) != len(time):
            raise ValueError(f"{name} has {len(values)} frames of {len(time)}")
    coords = {dim: np.arange(size) for dim, size in sizes.items() if dim != "time"}
    return Member(
        name=str(index),
        index=index,
        time=time,
        coords={**coords, "axis": np.asarray(AXES[:d])},
        fields=fields,
        dims=dims,
        signal="position",
        constants={"step": particles["position/step"][...]},
    )


def particle_members(file: h5py.File) -> list[Member]:
    """Return the members of an open H5MD run."""
    places = [file, *(file[f"members/{k}"] for k in range(1, int(file.attrs["members"])))]
    return [_member(place, index) for index, place in enumerate(places)]


@contextmanager
def read_h5md(path: str | Path) -> Iterator[Run]:
    """Yield a run of particles; its fields and `frames` can be read while the block lasts.

    Raises SchemaError if the file is missing, no run of particles, or incomplete.
    """
    with read_run(path) as run:
        if "position" not in run.members[0].fields:
            raise SchemaError(f"{path}: a run of {run.simulator}, which has no particles")
        yield run


def frames(
    member: Member, start: int = 0, stop: int | None = None, every: int = 1
) -> Iterator[Frame]:
    """Yield a member's frames one by one; start, stop and every as in a slice."""
    dims = member.dims
    open_space = np.full(len(member.coords["axis"]), np.inf)
    for t in range(*slice(start, stop, every).indices(len(member.time))):
        values = {name: values[t] for name, values in member.fields.items() if name != BOX}
        yield Frame(
            step=int(member.constants["step"][t]),
            time=float(member.time[t]),
            position=values["position"],
            box=member.fields[BOX][t] if BOX in member.fields else open_space,
            elements={k: v for k, v in values.items() if "particle" in dims[k] and k != "position"},
            observables={k: v for k, v in values.items() if "particle" not in dims[k]},
        )
