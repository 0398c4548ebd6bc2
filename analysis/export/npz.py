"""NumPy arrays for darts and anything else: Lorenz/values (B, T, C) and what belongs to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.export.series import Series, grouped
from core.store import replacing


def arrays(series: Sequence[Series]) -> dict[str, np.ndarray]:
    """Return the arrays by name, a few for each system.

    values (B, T, C) with NaN where a sample is missing; mask (B, T, C) 1 there; time (T,);
    components (C,), or (B,) where each is a series of its own; name, split (B,);
    parameters (B, P), which differ where they were jittered; parameter_names (P,);
    variables (d,) and equations (d,) as texts
    """
    found: dict[str, Any] = {}
    for system, members in grouped(series, "system").items():
        first = members[0]
        named = [each.components[0] for each in members] if first.alone else first.components
        values = np.stack([each.values for each in members])
        each_of = {
            "values": values,
            "mask": np.isnan(values).astype(np.uint8),
            "time": first.time,
            "components": np.array(named),
            "name": np.array([each.name for each in members]),
            "split": np.array([each.split for each in members]),
            "parameters": np.array([list(each.parameters.values()) for each in members]),
            "parameter_names": np.array(list(first.parameters), dtype=str),
            "variables": np.array(first.facts.get("variables", []), dtype=str),
            "equations": np.array(first.facts.get("equations", []), dtype=str),
        }
        found |= {f"{system}/{key}": value for key, value in each_of.items()}
    return found


def write(series: Sequence[Series], output: Path) -> list[Path]:
    """Write one file, which numpy.load reads without pickles."""
    named: Any = arrays(series)
    with replacing(output) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **named)
    return [output]
