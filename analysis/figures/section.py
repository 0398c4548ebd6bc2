"""Poincaré sections: the crossings in their plane, and each against the next."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

MOST = 12  # members, a row of panels each
ROW = 2.9  # inches
SHOWN = "coordinates shown: "


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    count = min(len(file.members), MOST)
    return 1.25 + ROW * (1.0 if count == 1 else 0.85 * count)


def _names(measure: Measure) -> list[str]:
    """Return the names of the two coordinates shown, with which the convention ends."""
    _, told, names = measure.convention.rpartition(SHOWN)
    return [*(names.split(", ") if told else []), "first", "second"][:2]


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, count: int) -> None:
    size = 2.6 if count < 500 else 1.7
    axes.plot(x, y, ".", color=colour, ms=size, mew=0, rasterized=count > 2000)
    axes.margins(0.05)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw, for each member, its points in the plane, and the first coordinate's return map."""
    parts.extra(file, "points")
    shown = list(file.members.items())[:MOST]
    panels = canvas.subplots(nrows=len(shown), ncols=2, squeeze=False)
    for (left, right), (name, measure) in zip(panels, shown, strict=True):
        points, names = measure.extra["points"], _names(measure)
        colour = style.COLOURS[0]
        if points.shape[1] > 1:
            _dots(left, points[:, 0], points[:, 1], colour, len(points))
            left.set(xlabel=names[0], ylabel=names[1])
        else:
            _dots(left, measure.extra["times"], points[:, 0], colour, len(points))
            left.set(xlabel="t", ylabel=names[0])
        _dots(right, points[:-1, 0], points[1:, 0], style.COLOURS[1], len(points))
        low, high = float(points[:, 0].min()), float(points[:, 0].max())
        right.plot([low, high], [low, high], color=style.GREY, lw=0.7, zorder=0)
        right.set(xlabel=f"{names[0]}, crossing n", ylabel=f"{names[0]}, crossing n + 1")
        title = "" if len(shown) == 1 else f"{name}: "
        left.set_title(f"{title}{len(points)} crossings")
        right.set_title("return map")
    measure, _ = parts.first(file)
    canvas.align_ylabels(list(panels[:, 0]))
    canvas.align_ylabels(list(panels[:, 1]))
    rest = f" (the first {MOST} of {len(file.members)})" if len(file.members) > MOST else ""
    style.headline(canvas, f"{measure.label}{rest}", file)
    style.footnote(canvas, measure.convention)
