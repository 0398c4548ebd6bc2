"""A function of distance, wavenumber, lag or size: its mean with error, and what it should be."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import LogLocator, NullLocator

from analysis.figures import parts, style
from core.store import MeasureFile

CLOSE = 300.0  # ratio of the ends of a logarithmic axis below which 2 and 5 are marked too
SPARSE = 25  # points that are also marked


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 3.9


def _drawn(file: MeasureFile) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Return (axis, value, error, what the error is of)."""
    measure, _ = parts.first(file)
    if file.mean is not None:
        error = parts.need(file, "standard_error", file.standard_error)
        return file.mean.axis, file.mean.value, error, f"mean of {len(file.members)} members"
    error = measure.extra.get("error", np.zeros(len(measure.axis)))
    return measure.axis, measure.value, error, "computed"


def _logarithmic(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Make both axes logarithmic, about the numbers that can be shown there."""
    axes.set_xscale("log")
    axes.set_xlim(float(x[x > 0].min()) / 1.05, float(x.max()) * 1.05)
    if x.max() < CLOSE * x[x > 0].min():
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.xaxis.set_minor_locator(NullLocator())
    positive = y[y > 0]
    low, high = float(positive.min()), float(positive.max())
    style.logarithmic(axes, low / 1.5, high * 2.5)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the curve with its band of error, the exact one dashed, and a line to compare with."""
    measure, _ = parts.first(file)
    axes = canvas.subplots()
    x, y, error, name = _drawn(file)
    mark = "o" if len(x) <= SPARSE or "points" in measure.extra else ""
    axes.plot(x, y, color=style.COLOURS[0], marker=mark, ms=3.5, label=name)
    if error.any():
        text = "± standard error"
        axes.fill_between(
            x, y - error, y + error, color=style.COLOURS[0], alpha=0.3, lw=0, label=text
        )
    if measure.exact is not None:
        axes.plot(measure.axis, measure.exact, label="exact", **style.EXACT)
    for line in measure.extra.get("reference", np.empty(0)):
        axes.axhline(line, **style.BOUND)
    if "logarithmic" in measure.extra:
        _logarithmic(axes, x, y)
    else:
        low, high = float((y - error).min()), float((y + error).max())
        axes.set_ylim(low - 0.05 * (high - low), high + 0.15 * (high - low))
    if error.any() or measure.exact is not None or file.mean is not None:
        axes.legend(loc="best")
    axes.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    axes.set_ylabel(style.label(measure.label, measure.units))
    style.headline(canvas, f"{measure.label[:1].upper()}{measure.label[1:]}", file)
    style.footnote(canvas, measure.convention)
