"""The complexity-entropy plane: a run's path between its edges, beside known processes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

MARKS = {"noise": ("s", "white noise, as long"), "logistic": ("^", "logistic map, r = 4")}
NAMED = 12  # members that are named beside their points
EVERY = 12  # points of a path that carry the error of the mean


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 4.8


def _edges(axes: Axes, measure: Measure) -> None:
    lower, upper = measure.extra["lower"], measure.extra["upper"]
    h = np.linspace(0, 1, 800)
    low, high = np.interp(h, lower[0], lower[1]), np.interp(h, upper[0], upper[1])
    axes.fill_between(h, low, high, color="#f2f2f2", lw=0, zorder=0)
    axes.plot(*lower, color=style.GREY, lw=0.9)
    axes.plot(*upper, color=style.GREY, lw=0.9, label="edges of the plane")


def _processes(axes: Axes, measure: Measure) -> None:
    for name, (mark, text) in MARKS.items():
        if name in measure.extra:
            axes.plot(
                *measure.extra[name], mark, color="black", ms=5, mfc="white", label=text, zorder=4
            )
    if "brownian" in measure.extra:
        axes.plot(
            *measure.extra["brownian"], color="black", lw=1.0, ls=(0, (4, 2)), zorder=3,
            label="fractional Brownian motion",
        )  # fmt: skip


def _systems(axes: Axes, file: MeasureFile) -> None:
    """Draw one point for each member, of its first row; few of them are named."""
    few = len(file.members) <= NAMED
    for i, (name, measure) in enumerate(file.members.items()):
        h, c = measure.value[0]
        axes.plot(h, c, "o", ms=3.5, color=style.COLOURS[0], label="systems" if i == 0 else None)
        if few:
            axes.annotate(name, (h, c), (4, 0), textcoords="offset points", fontsize=8, va="center")


def _path(axes: Axes, file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the rows as points coloured by their axis; of several members the mean, with errors."""
    shown = file.mean if file.mean is not None else parts.first(file)[0]
    h, c = shown.value[:, 0], shown.value[:, 1]
    name = f"mean of {len(file.members)} members" if file.mean is not None else "this run"
    axes.plot(h, c, color=style.COLOURS[0], lw=0.7, alpha=0.6, zorder=5)
    points = axes.scatter(h, c, c=shown.axis, s=12, zorder=6, label=name, cmap="viridis")
    if file.standard_error is not None:
        step = max(1, len(h) // EVERY)
        error = file.standard_error[::step]
        axes.errorbar(
            h[::step], c[::step], xerr=error[:, 0], yerr=error[:, 1], fmt="none",
            ecolor=style.COLOURS[1], elinewidth=0.9, capsize=1.5, zorder=7, label="standard error",
        )  # fmt: skip
    if len(h) > 1:
        bar = canvas.colorbar(points, ax=axes, pad=0.02, shrink=0.9)
        bar.set_label(style.label(shown.axis_label, shown.axis_units))


def _tops(measure: Measure) -> list[float]:
    """Return the largest complexities drawn; above them stands the legend."""
    return [float(measure.value[:, 1].max()), *(v[1].max() for v in measure.extra.values())]


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the plane with its edges and references, where the measure has them, and the run."""
    measure, _ = parts.first(file)
    axes = canvas.subplots()
    if "upper" in measure.extra:
        _edges(axes, measure)
        axes.set_xlim(0, 1.02)
    _processes(axes, measure)
    if all(name.isdigit() for name in file.members):
        _path(axes, file, canvas)
    else:
        _systems(axes, file)
    axes.set_ylim(0, 1.25 * max(_tops(measure)))
    axes.set_xlabel(measure.components[0])
    axes.set_ylabel(measure.components[1])
    axes.legend(loc="upper left")
    style.headline(canvas, measure.label, file)
    style.footnote(canvas, measure.convention)
