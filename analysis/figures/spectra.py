"""Lyapunov spectra: the largest exponent of each member with its error, largest first."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import style
from core.store import Measure, MeasureFile

MOST = 150  # rows
LONG = 30  # rows of one column; more are set in two
ROW = 0.145  # inches
LOW = 1e-3  # per period; below it a point lies on the left edge


def _columns(count: int) -> int:
    return 2 if count > LONG else 1


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    count = min(len(file.members), MOST)
    rows = math.ceil(count / _columns(count))
    return 1.7 + max(rows * (ROW if rows > 12 else 0.25), 1.0)


def _per_period(measure: Measure) -> tuple[float, float, float]:
    """Return the largest exponent times the period, its error, and what is stated elsewhere."""
    period = float(measure.extra["period"])
    stated = float(measure.extra["stated"]) if "stated" in measure.extra else math.nan
    error = float(measure.extra["standard_error"][0])
    return float(measure.value[0]) * period, error * period, stated * period


def _panel(axes: Axes, names: list[str], values: np.ndarray, high: float) -> None:
    place = np.arange(len(names))
    largest, error, stated = values.T
    shown = np.maximum(largest, LOW)
    left = np.minimum(error, shown - LOW)
    axes.plot(np.clip(stated, LOW, high), place, "x", color=style.GREY, ms=3.5, mew=0.8,
              label="dysts 0.96 states")  # fmt: skip
    sure = largest > 3 * error
    for chosen, fill, text in ((sure, True, "computed, ± standard error"),
                               (~sure, False, "computed, within 3 errors of 0")):  # fmt: skip
        axes.errorbar(
            shown[chosen], place[chosen], xerr=(left[chosen], error[chosen]), fmt="o", ms=3,
            color=style.COLOURS[0], mfc=style.COLOURS[0] if fill else "white", elinewidth=0.8,
            mew=0.8, label=text if chosen.any() else None,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(LOW * 0.8, high)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(place, names, fontsize=8)
    axes.set_xlabel("largest exponent × period")


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the members in one column, or in two."""
    found = [(name, _per_period(measure)) for name, measure in file.members.items()]
    found = sorted(found, key=lambda item: -item[1][0])[:MOST]
    across = _columns(len(found))
    rows = math.ceil(len(found) / across)
    values = np.array([numbers for _, numbers in found])
    high = 2 * float(np.nanmax(values[:, [0, 2]], initial=10 * LOW))
    panels = canvas.subplots(ncols=across, squeeze=False)[0]
    for i, axes in enumerate(panels):
        part = slice(i * rows, (i + 1) * rows)
        _panel(axes, [name for name, _ in found[part]], values[part], high)
    handles, texts = panels[0].get_legend_handles_labels()
    for axes in panels[1:]:
        more = zip(*axes.get_legend_handles_labels(), strict=True)
        for handle, text in more:
            if text not in texts:
                handles, texts = [*handles, handle], [*texts, text]
    canvas.legend(handles, texts, loc="outside lower right", ncols=3)
    style.headline(canvas, "Largest Lyapunov exponents, nats per period", file)
