"""HDF5 habits shared by every file: compression, the complex type, scales, checks on reading."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import SchemaError
from core.store.atomic import replacing
from core.store.sink import Sink

COMPLEX_TYPE = "_PFNC_DOUBLE_COMPLEX_TYPE"  # the name by which netCDF tools know a complex number
CONVENTIONS = "CF-1.10"
FILTERS = {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True}


@contextmanager
def new_file(path: str | Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Yield a new HDF5 file, which gets its final name only when the block succeeds.

    With it comes a function that raises if the disk has refused a write so far.
    """
    with replacing(path) as beside:
        sink = Sink(beside)
        try:
            with h5py.File(sink, "w") as file:
                yield file, sink.check
        finally:
            sink.close()
        sink.check()


@contextmanager
def checked_file(path: str | Path, schema: str) -> Iterator[h5py.File]:
    """Yield a file open for reading, refusing what is no HDF5 or has another schema."""
    path = Path(path)
    if not path.is_file():
        raise SchemaError(f"{path}: no such file; make it first")
    try:
        file = h5py.File(path, "r")
    except OSError as problem:
        first = str(problem).splitlines()[0]
        raise SchemaError(
            f"{path}: cannot be read as HDF5 ({first}); delete it and make it again"
        ) from None
    with file:
        found = file.attrs.get("schema", "none")
        if found != schema:
            raise SchemaError(
                f"{path}: schema '{found}', expected '{schema}'; "
                "give the file of that stage, or make it again"
            )
        yield file


def committed_complex(file: h5py.File) -> h5py.Datatype:
    """Return the file's committed complex128 type, made on first use."""
    if COMPLEX_TYPE not in file:
        file[COMPLEX_TYPE] = np.dtype(np.complex128)
    return file[COMPLEX_TYPE]


def set_attributes(target: Any, attributes: Mapping[str, Any]) -> None:
    """Write attributes: numbers, text, tuples of either; truth as 0 or 1, known to all readers."""
    for key, value in attributes.items():
        if isinstance(value, tuple):
            text = not value or isinstance(value[0], str)
            value = np.asarray(value, dtype=h5py.string_dtype() if text else np.float64)
        target.attrs[key] = int(value) if isinstance(value, bool) else value


def add_dataset(
    group: h5py.Group,
    name: str,
    values: np.ndarray,
    *,
    units: str,
    long_name: str,
    **attributes: Any,
) -> h5py.Dataset:
    """Write one array, compressed unless it is a scalar or text."""
    values = np.asarray(values)
    options: dict[str, Any] = {}
    if values.ndim and values.size and values.dtype.kind in "fiuc":
        options = dict(FILTERS)
    if values.dtype.kind == "U":
        values, options["dtype"] = values.astype(object), h5py.string_dtype()
    elif values.dtype.kind == "c":
        options["dtype"] = committed_complex(group.file)
    dataset = group.create_dataset(name, shape=values.shape, data=values, **options)
    set_attributes(dataset, {"units": units, "long_name": long_name, **attributes})
    return dataset


def add_scale(
    group: h5py.Group, name: str, values: np.ndarray, *, units: str, long_name: str
) -> h5py.Dataset:
    """Write a coordinate that other datasets attach to, as netCDF and xarray expect it."""
    dataset = add_dataset(group, name, values, units=units, long_name=long_name)
    dataset.make_scale(name)
    return dataset
