"""HDF5 in the layout of The Well: a file per system, each variable a field (B, T, 1).

    OUT/data/<split>/<System>.hdf5, or OUT/<System>.hdf5 for a run without a split

A flow has no space: fields get one axis `x` of one point, for its readers want one.
Ohana et al. (2024) The Well, Advances in Neural Information Processing Systems 37.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.export.series import Series, grouped
from core.errors import ConfigError
from core.store.hdf5 import FILTERS, new_file, set_attributes

NAMES = {"validation": "valid"}  # what The Well calls a part


def _dataset(group: Any, name: str, values: np.ndarray, **flags: Any) -> None:
    options = {**FILTERS, "chunks": (1, *values.shape[1:])} if values.ndim > 2 else {}
    data = group.create_dataset(name, data=values, **options)
    for key, value in flags.items():
        data.attrs[key] = value


def _scalars(file: Any, series: Sequence[Series]) -> None:
    """Write the parameters: one number each, or one for each series where they differ."""
    names = tuple(series[0].parameters)
    group = file.create_group("scalars")
    set_attributes(group, {"field_names": names})
    for name in names:
        each = np.array([one.parameters[name] for one in series], dtype=np.float32)
        varies = bool((each != each[0]).any())
        values = each if varies else each[:1].reshape(())
        _dataset(group, name, values, sample_varying=varies, time_varying=False)
        file.attrs[name] = float(series[0].parameters[name])
    set_attributes(file, {"simulation_parameters": names})


def _space(file: Any, time: np.ndarray) -> None:
    dimensions = file.create_group("dimensions")
    set_attributes(dimensions, {"spatial_dims": ("x",)})
    _dataset(dimensions, "time", time.astype(np.float32), sample_varying=False)
    origin = np.zeros(1, dtype=np.float32)
    _dataset(dimensions, "x", origin, sample_varying=False, time_varying=False)
    edge = file.create_group("boundary_conditions").create_group("x_open")
    set_attributes(
        edge,
        {
            "associated_dims": ("x",), "associated_fields": (), "bc_type": "OPEN",
            "sample_varying": False, "time_varying": False,
        },
    )  # fmt: skip
    edge.create_dataset("mask", data=np.ones(1, dtype=bool))
    edge.create_dataset("values", data=origin)


def _fields(file: Any, series: Sequence[Series]) -> None:
    values = np.stack([each.values for each in series])
    group = file.create_group("t0_fields")
    set_attributes(group, {"field_names": series[0].components})
    flags = {"dim_varying": np.array([True]), "sample_varying": True, "time_varying": True}
    for i, name in enumerate(series[0].components):
        _dataset(group, name, values[:, :, i : i + 1].astype(np.float32), **flags)
    for empty in ("t1_fields", "t2_fields"):
        set_attributes(file.create_group(empty), {"field_names": ()})


def _write(path: Path, system: str, series: Sequence[Series]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as (file, check):
        about = {"dataset_name": system, "grid_type": "cartesian", "n_spatial_dims": 1}
        facts = {
            "n_trajectories": len(series),
            "equations": tuple(series[0].facts.get("equations", ())),
        }
        set_attributes(file, {**about, **facts, "series": tuple(each.name for each in series)})
        _scalars(file, series)
        _space(file, series[0].time)
        _fields(file, series)
        check()


def write(series: Sequence[Series], output: Path) -> list[Path]:
    """Write a folder with a file for each system, and for each part of the split; return which.

    Raises ConfigError if the output is a file, or each component is a series of its own.
    """
    if output.is_file():
        raise ConfigError(f"-o: {output} is a file; well writes a folder")
    if any(each.alone for each in series):
        raise ConfigError("--univariate: well holds each component as a field anyway; leave it out")
    made = []
    for split, members in grouped(series, "split").items():
        folder = output / "data" / NAMES.get(split, split) if split else output
        for system, own in grouped(members, "system").items():
            made.append(folder / f"{system}.hdf5")
            _write(made[-1], system, own)
    return made
