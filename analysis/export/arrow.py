"""Arrow for GluonTS and Chronos: a row {start, target, item_id, freq, ...} for each series.

`target` is flat; of several components it is (C, T), and `target._np_shape` holds that shape, as
GluonTS writes it. Our time has no unit: a step counts as one second, and `step` says what it is.
"""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.export.series import Series
from core.errors import ConfigError
from core.store import replacing

START, FREQUENCY = "2000-01-01T00:00:00", "s"


def _pyarrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError:
        raise ConfigError("arrow: pyarrow is not installed; pip install pyarrow") from None


def _about(series: Sequence[Series]) -> dict[str, str]:
    """Return what belongs to a system rather than to a row, as the file's metadata."""
    systems = {
        each.system: {
            "equations": each.facts.get("equations", []),
            "variables": each.facts.get("variables", []),
            "components": list(each.components),
            "parameter_names": list(each.parameters),
            "period": each.facts.get("period"),
        }
        for each in series
    }
    return {"entroflow": json.dumps(systems)}


def write(series: Sequence[Series], output: Path) -> list[Path]:
    """Write one file, all splits in it, each row with its own.

    Raises ConfigError where pyarrow is missing.
    """
    pa = _pyarrow()
    kind = pa.list_(pa.float32() if series[0].values.dtype == np.float32 else pa.float64())
    columns: dict[str, Any] = {
        "start": pa.array([np.datetime64(START, "ms")] * len(series), pa.timestamp("ms")),
        "target": pa.array([each.values.T.ravel() for each in series], kind),
        "item_id": pa.array([each.name for each in series]),
        "freq": pa.array([FREQUENCY] * len(series)),
        "system": pa.array([each.system for each in series]),
        "step": pa.array([float(each.time[1] - each.time[0]) for each in series]),
        "parameters": pa.array(
            [list(each.parameters.values()) for each in series], pa.list_(pa.float64())
        ),
    }
    if any(len(each.components) > 1 for each in series):
        shapes = [list(each.values.T.shape) for each in series]
        columns["target._np_shape"] = pa.array(shapes, pa.list_(pa.int64()))
    if any(each.split for each in series):
        columns["split"] = pa.array([each.split for each in series])
    table = pa.table(columns).replace_schema_metadata(_about(series))
    with (
        replacing(output) as beside,
        pa.OSFile(str(beside), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as file,
    ):
        file.write_table(table, max_chunksize=1024)
    return [output]
