"""The table of measures, and what several of them share."""

from typing import Any

import numpy as np

from core.registry import Registry
from core.store import Member, Run

MEASURES = Registry("measure")
PROMISED_AT = 1e-11  # the default rtol; looser runs trade the promise for speed


def timed(member: Member) -> dict[str, Any]:
    """Return the axis of a measure over time."""
    return {"axis": member.time, "axis_label": "t", "axis_units": "1"}


def box(member: Member) -> float:
    """Return the period of a member's grid."""
    x = member.coords["x"]
    return float(x[-1] - x[0]) * len(x) / (len(x) - 1)


def coefficients(run: Run) -> tuple[float, float]:
    """Return (dispersion, nonlinearity) of an NLSE run."""
    return float(run.params["dispersion"]), float(run.params["nonlinearity"])


def disturbed(run: Run) -> bool:
    """Return whether noise or a potential makes the closed forms not apply."""
    return bool(run.params.get("noise")) or run.params.get("potential") is not None


def careful(run: Run) -> bool:
    """Return whether an NLSE run is at the tolerances for which accuracy is promised."""
    return float(run.params["rtol"]) <= PROMISED_AT and not disturbed(run)


def drift(values: np.ndarray, scale: float | None = None) -> np.ndarray:
    """Return |value - first| over |first|, or over `scale` where the first is nearly zero."""
    base = abs(float(values[0])) if scale is None else scale
    return np.abs(values - values[0]) / (base if base > 0 else 1.0)
