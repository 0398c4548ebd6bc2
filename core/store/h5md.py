"""Runs of particles as H5MD 1.1, in the dialect that MDAnalysis opens and freud accepts.

    /h5md                                    version, author, creator
    /particles/trajectory                    box, position and further elements of member 0
    /observables/trajectory                  what belongs to a frame as a whole, member 0
    /members/<k>/{particles,observables}/..  the same of member k > 0; readers see member 0
    /parameters                              scalars, as attributes
    /provenance                              as in every file

The layout is that of any run (see `core.store.run.Layout`), with the coordinates `particle` and
`axis`: a field with `particle` among its axes is an element of the trajectory, any other an
observable. Vectors have three components in the file; those beyond the run's dimension are 0.
Reduced units: there is no attribute `unit`, which MDAnalysis would try to convert.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import NumericsError
from core.store.hdf5 import CONVENTIONS, FILTERS, add_dataset, new_file, set_attributes
from core.store.run import SCHEMA, Block, Layout

SUFFIX = ".h5md"
PLACE = "trajectory"  # the one particles group; MDAnalysis looks for this name
COMPONENTS = 3


def _padded(values: np.ndarray, last: int = COMPONENTS) -> np.ndarray:
    """Return vectors with zeros for the components beyond the run's dimension."""
    missing = last - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)]) if missing else values


def _series(group: h5py.Group, name: str, layout: Layout, first: h5py.Group | None) -> h5py.Group:
    """Return the group of a time-dependent element, its step and time those of the first."""
    element = group.create_group(name)
    if first is None:
        step = layout.constants["step"]
        add_dataset(element, "step", step.values, units="1", long_name=step.long_name)
        add_dataset(element, "time", layout.time, units=layout.time_units, long_name="time")
    else:
        element["step"], element["time"] = first["step"], first["time"]
    return element


def _box(group: h5py.Group, layout: Layout, position: h5py.Group) -> None:
    """Write the box; the third edge of a plane is 1, for readers that want a volume."""
    edges = layout.constants["box"].values
    closed = np.isfinite(edges)
    box = group.create_group("box")
    walls = ["periodic" if c else "none" for c in closed]
    walls += ["none"] * (COMPONENTS - len(walls))
    box.attrs["dimension"] = COMPONENTS
    box.attrs["boundary"] = np.asarray(walls, dtype=h5py.string_dtype())
    if closed.any():
        full = np.ones(COMPONENTS)
        full[: len(edges)] = edges
        every = np.broadcast_to(full, (len(layout.time), COMPONENTS))
        about = {"units": layout.constants["box"].units, "long_name": "edges of the box"}
        add_dataset(_series(box, "edges", layout, position), "value", every, **about)


def _create(root: h5py.Group, layout: Layout) -> dict[str, h5py.Dataset]:
    """Make the groups of one member; return the dataset of each field."""
    particles = root.create_group(f"particles/{PLACE}")
    observables = root.create_group(f"observables/{PLACE}")
    particles.attrs["dimension"] = len(layout.constants["box"].values)
    made: dict[str, h5py.Dataset] = {}
    first: h5py.Group | None = None
    for name in ["position", *sorted(set(layout.fields) - {"position"})]:
        about = layout.fields[name]
        group = particles if "particle" in about.dims else observables
        element = _series(group, name, layout, first)
        first = first or element
        sizes = [
            COMPONENTS if dim == "axis" else len(layout.coordinates[dim].values)
            for dim in about.dims
        ]
        shape = (len(layout.time), *sizes)
        chunks = (1, *sizes) if sizes else shape
        data = element.create_dataset("value", shape, dtype=about.dtype, chunks=chunks, **FILTERS)
        set_attributes(data, {"units": about.units, "long_name": about.long_name})
        data.attrs["dims"] = json.dumps(about.dims)
        made[name] = data
    _box(particles, layout, particles["position"])
    return made


def _refuse(name: str, member: int, layout: Layout, frame: int, values: np.ndarray) -> None:
    """Raise NumericsError that names the first value that is not finite."""
    at = np.argwhere(~np.isfinite(values))[0]
    dims = layout.fields[name].dims
    which = f" of particle {int(at[dims.index('particle')])}" if "particle" in dims else ""
    raise NumericsError(
        f"member {member}: {name}{which} is not finite at t = {layout.time[frame]:g}; "
        "take a smaller time_step, or check the initial state and the forces"
    )


def _write_frame(
    made: Mapping[str, h5py.Dataset], member: int, layout: Layout, block: Block, row: int
) -> None:
    frame = int(block.frame)  # type: ignore[arg-type]
    missing = layout.fields.keys() ^ block.values.keys()
    if missing:
        raise ValueError(f"frame {frame}: the layout and the frame differ in {sorted(missing)}")
    for name, every in block.values.items():
        values = np.asarray(every)[row]
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            _refuse(name, member, layout, frame, values)
        made[name][frame] = _padded(values) if "axis" in layout.fields[name].dims else values


def _check(path: Path, layout: Layout) -> None:
    edges = layout.constants["box"].values
    if path.suffix != SUFFIX:
        raise ValueError(f"{path}: runs of particles end in {SUFFIX}, by which readers know them")
    if not 1 <= len(edges) <= COMPONENTS:
        raise ValueError(f"box: must have 1 to 3 edges, got {len(edges)}")
    if not (np.isfinite(edges).all() or np.isposinf(edges).all()) or not (edges > 0).all():
        raise ValueError(f"box: edges must be positive, or all inf in open space, got {edges}")
    if len(layout.constants["step"].values) != len(layout.time):
        raise ValueError("step: must be as many as there are times")


def write_h5md(
    path: str | Path,
    layout: Layout,
    frames: Iterable[Block],
    stamp: Callable[[], Mapping[str, Any]],
) -> None:
    """Write a run of particles, frame by frame, and give the file its name when all is there.

    path    ends in .h5md
    layout  as `particle_layout` gives it
    frames  blocks of one frame and one or several members, each exactly once, in any order
    stamp   provenance, asked at the end

    Raises NumericsError for a value that is not finite or a frame that never came, OutputError
    when the disk refuses.
    """
    path = Path(path)
    _check(path, layout)
    done = np.zeros((layout.members, len(layout.time)), dtype=bool)
    with new_file(path) as (file, check):
        head = {"schema": SCHEMA, "Conventions": CONVENTIONS, "title": layout.title}
        set_attributes(file, {**head, "members": layout.members})
        set_attributes(file.create_group("h5md"), {"version": np.array([1, 1])})
        set_attributes(file.create_group("h5md/author"), {"name": "not given"})
        set_attributes(file.create_group("h5md/creator"), {"name": "entroflow", "version": "1"})
        set_attributes(file.create_group("parameters"), layout.attributes)
        places = [file, *(file.create_group(f"members/{k}") for k in range(1, layout.members))]
        made = [_create(place, layout) for place in places]
        for block in frames:
            if not isinstance(block.frame, int | np.integer):
                raise ValueError("frames: one at a time")
            if done[block.members, block.frame].any():
                raise ValueError(f"frame {block.frame} of {block.members} came twice")
            for row, member in enumerate(range(layout.members)[block.members]):
                _write_frame(made[member], member, layout, block, row)
            check()
            done[block.members, block.frame] = True
        if not done.all():
            raise NumericsError(f"{path}: {int((~done).sum())} frames were never computed")
        set_attributes(file.create_group("provenance"), stamp())
