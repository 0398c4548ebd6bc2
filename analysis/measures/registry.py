"""The table of measures, and what several of them share."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from core.registry import Registry
from core.store import Check, Member, Run

MEASURES = Registry("measure")
PROMISED_AT = 1e-11  # the default rtol; looser runs trade the promise for speed
TAIL = 15 / 16  # of the modes in use: beyond it the spectrum of a resolved field is rounding
RESOLVED = 1e-9  # of the peak, there: a coarser grid is the run's choice and promises nothing
OUTRUN = 1e-8  # a later frame that passes this is no longer resolved
KEPT = {"none": 1.0, "two_thirds": 2 / 3, "half": 1 / 2}  # modes that dealiasing leaves
UNFILTERED = 0.75  # of those: below it exp(-36 s^36) is within 1.2e-3 of 1


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


def tail(run: Run, psi: np.ndarray) -> float:
    """Return the largest |psi_hat| in the last 1/16 of the modes that evolve freely, over the peak.

    psi  (n,) or (T, n); a zero field has no tail
    """
    kept = KEPT[run.params.get("dealias", "none")]
    if run.params.get("filter", "none") != "none":
        kept *= UNFILTERED
    size = np.abs(np.fft.fft(psi, axis=-1))
    modes = np.abs(np.fft.fftfreq(psi.shape[-1])) * 2
    last = (modes >= TAIL * kept) & (modes <= kept)
    peak = size.max(axis=-1)
    return float((size[..., last].max(axis=-1) / np.where(peak > 0, peak, 1.0)).max())


def careful(run: Run, member: Member) -> bool:
    """Return whether an exact answer holds for an NLSE run and its accuracy is promised.

    It is undisturbed, at the default tolerance or a stricter one, and its grid resolves the first
    frame. Later frames are not asked: what a solver spoils must not excuse it.
    """
    return (
        float(run.params["rtol"]) <= PROMISED_AT
        and not disturbed(run)
        and tail(run, member.fields["psi"][0]) <= RESOLVED
    )


def explained(checks: Iterable[Check], run: Run, member: Member) -> tuple[Check, ...]:
    """Return the rows; failed ones say so where the field has outrun its grid."""
    rows = tuple(checks)
    if all(row.passed for row in rows):
        return rows
    worst = tail(run, member.fields["psi"][...])
    if worst <= OUTRUN:
        return rows
    why = f"; the spectrum's tail reaches {worst:.0e} of its peak: use a finer grid than n = "
    why += str(len(member.coords["x"]))
    return tuple(row if row.passed else replace(row, source=row.source + why) for row in rows)


def drift(values: np.ndarray, scale: float | None = None) -> np.ndarray:
    """Return |value - first| over |first|, or over `scale` where the first is nearly zero."""
    base = abs(float(values[0])) if scale is None else scale
    return np.abs(values - values[0]) / (base if base > 0 else 1.0)
