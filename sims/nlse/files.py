"""Initial fields and potentials, from HDF5 files or formulas, and clear words when they fail."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import ConfigError, SchemaError
from core.registry import nearest
from core.store.run import SCHEMA

POTENTIALS = {"harmonic": ("frequency", "center"), "file": ("path",)}


def _open(path: str, key: str) -> tuple[h5py.File, str]:
    """Return the open file and the dataset's name ("" if none is given) of "FILE[:/DATASET]"."""
    name, _, dataset = path.partition(":/")
    if not Path(name).is_file():
        raise ConfigError(f"{key}: no file '{name}'; give an HDF5 file as FILE.h5:/DATASET")
    try:
        return h5py.File(name, "r"), dataset
    except OSError as problem:
        reason = str(problem).splitlines()[0]
        raise SchemaError(f"{key}: {name}: cannot be read as HDF5 ({reason})") from None


def _dataset(file: h5py.File, name: str, key: str) -> h5py.Dataset:
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        known = [k for k, v in file.items() if isinstance(v, h5py.Dataset)]
        raise SchemaError(f"{key}: {file.filename}: no dataset '/{name}'{nearest(name, known)}")
    return found


def _values(data: Any, shape: tuple[int, ...], kinds: str, what: str) -> np.ndarray:
    """Return data[...] checked for type and finite values; `shape` is what it should be."""
    values = np.asarray(data)
    if values.dtype.kind not in kinds:
        raise SchemaError(f"{what}: expected numbers of kind {kinds!r}, found {values.dtype}")
    if values.shape != shape:
        raise SchemaError(
            f"{what}: expected shape {shape}, found {values.shape}; make n agree with the file"
        )
    if not np.isfinite(values).all():
        raise SchemaError(f"{what}: has values that are not finite")
    return values


def field_from_file(path: str, n: int, length: float, key: str = "path") -> np.ndarray:
    """Return the complex field (n,) that "FILE.h5:/DATASET" or a run file holds.

    path  a dataset of shape (n,), complex or real; or, without a dataset, a run file of this
          simulator, of which the first member's last psi is taken
    Raises ConfigError for a file that is not there or a box that differs, SchemaError for one
    that cannot be read, lacks the dataset, or holds another type or shape, or a NaN.
    """
    file, name = _open(path, key)
    with file:
        if name:
            values = _values(_dataset(file, name, key)[()], (n,), "fc", f"{key}: {path}")
            return values.astype(np.complex128)
        schema = file.attrs.get("schema", "none")
        if schema != SCHEMA:
            raise SchemaError(
                f"{key}: {path}: schema '{schema}', expected '{SCHEMA}'; "
                "for any other file name the dataset, FILE.h5:/DATASET"
            )
        psi, x = _dataset(file, "psi", key), _dataset(file, "x", key)[()]
        if psi.ndim != 3:
            raise SchemaError(f"{key}: {path}: /psi is not (member, time, x) but {psi.shape}")
        values = _values(psi[0, -1], (n,), "c", f"{key}: {path}: /psi")
        box = (x[1] - x[0]) * len(x)
        if abs(box - length) > 1e-9 * length:
            raise ConfigError(f"length: {path} was made in a box of {box:.15g}, got {length:.15g}")
        return values.astype(np.complex128)


def potential_on_grid(spec: Mapping[str, Any] | None, x: np.ndarray) -> np.ndarray | None:
    """Return V on the grid, (n,), or None.

    spec  None; {kind: harmonic, frequency: w, center: c (0)} for w^2 (x - c)^2/2; or
          {kind: file, path: FILE.h5:/DATASET}, real values on the same grid
    A harmonic potential has a corner at the edge of the periodic box: keep the field away.
    Raises ConfigError or SchemaError, as `field_from_file` does.
    """
    if spec is None:
        return None
    kind = spec.get("kind")
    if kind not in POTENTIALS:
        raise ConfigError(f"potential.kind: no '{kind}'{nearest(str(kind), POTENTIALS)}")
    for name in spec:
        if name != "kind" and name not in POTENTIALS[kind]:
            raise ConfigError(f"potential.{name}: unknown key{nearest(name, POTENTIALS[kind])}")
    if POTENTIALS[kind][0] not in spec:
        raise ConfigError(f"potential: missing '{POTENTIALS[kind][0]}', required by kind '{kind}'")
    if kind == "harmonic":
        frequency, centre = (_number(spec, key) for key in POTENTIALS["harmonic"])
        return 0.5 * frequency**2 * (x - centre) ** 2
    path = spec["path"]
    file, name = _open(str(path), "potential.path")
    with file:
        if not name:
            raise ConfigError(f"potential.path: name the dataset, '{path}:/DATASET'")
        data = _dataset(file, name, "potential.path")[()]
        return _values(data, x.shape, "f", f"potential.path: {path}").astype(np.float64)


def _number(spec: Mapping[str, Any], key: str) -> float:
    value = spec.get(key, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ConfigError(f"potential.{key}: expected a number, got {value!r}")
    return float(value)
