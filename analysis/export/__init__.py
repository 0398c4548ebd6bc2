"""Exporters: the series of a run in the formats of other tools, to read it back from there.

    arrow  rows {start, target, item_id, freq, ...} for GluonTS and Chronos; needs pyarrow
    ts     text for aeon and sktime, the system as class
    npz    NumPy arrays (B, T, C) per system, with what darts calls static covariates
    well   HDF5 in the layout of The Well, a file per system

A sample that is missing is NaN there, or `?` in text. To add one, write its module and add its
name here.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.export.series import Series
from core.errors import ConfigError
from core.registry import nearest

FORMATS = ("arrow", "ts", "npz", "well")


def writer(name: str) -> Callable[[Sequence[Series], Path], list[Path]]:
    """Return the function (series, output) -> files of a format.

    Raises ConfigError for an unknown format, or where what it needs is not installed.
    """
    if name not in FORMATS:
        raise ConfigError(f"no format '{name}'{nearest(name, FORMATS)}")
    module = importlib.import_module(f"analysis.export.{name}")
    found: Callable[[Sequence[Series], Path], list[Path]] = module.write
    return found
