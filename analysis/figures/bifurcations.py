"""Bifurcation diagrams: the maxima of series over a parameter that runs differ in, or over members.

Of one file with one series: each maximum against the next.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.errors import SchemaError
from core.store import Measure, MeasureFile

NAMED = 16  # members whose names fit below


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 4.6


def _flat(params: Mapping[str, Any], lead: str = "") -> dict[str, Any]:
    """Return parameters with those inside mappings by their own names."""
    found: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{key}: ")
        else:
            found[lead + key] = value
    return found


def varied(files: Sequence[MeasureFile]) -> tuple[str, np.ndarray]:
    """Return the one number in which runs differ: its name and its values, one for each file.

    Raises SchemaError if they differ in nothing, in several parameters, or in what is no number.
    """
    each = [_flat(file.params) for file in files]
    names = sorted({n for p in each for n in p})
    differ = [n for n in names if any(p.get(n) != each[0].get(n) for p in each)]
    if len(differ) != 1:
        what = ", ".join(differ) if differ else "nothing"
        raise SchemaError(
            f"{files[0].path}: a diagram of {len(files)} runs needs one parameter that varies; "
            f"they differ in {what}"
        )
    values = [p.get(differ[0]) for p in each]
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise SchemaError(f"{files[0].path}: {differ[0]} is no number in every run")
    return differ[0].rpartition(": ")[2].replace("_", " "), np.array(values, dtype=float)


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    size = 4.0 if len(x) < 2000 else 2.0
    axes.plot(x, y, ".", color=style.COLOURS[0], ms=size, mew=0, rasterized=len(x) > 2000)
    axes.margins(0.04)


def _first(measure: Measure) -> np.ndarray:
    """Return the maxima of the first row."""
    return measure.extra["heights"][measure.extra["rows"] == measure.axis[0]]


def together(files: Sequence[MeasureFile], canvas: FigureBase) -> None:
    """Draw the maxima of several runs, of all their members, over the parameter that varies."""
    name, values = varied(files)
    for file in files:
        parts.extra(file, "heights")
    heights = [np.concatenate([_first(m) for m in file.members.values()]) for file in files]
    axes = canvas.subplots()
    _dots(axes, np.repeat(values, [h.size for h in heights]), np.concatenate(heights))
    measure, _ = parts.first(files[0])
    axes.set_xlabel(name)
    axes.set_ylabel(measure.label[0].lower() + measure.label[1:])
    text = f"Bifurcation diagram of {len(files)} runs over {name}. The first of them:"
    style.headline(canvas, text, files[0])
    style.footnote(canvas, measure.convention)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the maxima over members, or over the rows of the only one; of one series their map."""
    heights, rows = parts.extra(file, "heights"), parts.extra(file, "rows")
    measure, _ = parts.first(file)
    axes = canvas.subplots()
    up = measure.label[0].lower() + measure.label[1:]
    if len(file.members) > 1:
        each = [_first(m) for m in file.members.values()]
        _dots(axes, np.repeat(np.arange(len(each)), [e.size for e in each]), np.concatenate(each))
        if len(each) <= NAMED:
            axes.set_xticks(np.arange(len(each)), list(file.members), rotation=90 * (len(each) > 8))
        axes.set(xlabel="member", ylabel=up)
    elif len(measure.axis) > 1:
        _dots(axes, rows, heights)
        axes.set(xlabel=style.label(measure.axis_label, measure.axis_units), ylabel=up)
        if len(measure.axis) <= NAMED:
            axes.set_xticks(measure.axis)
    else:
        _dots(axes, heights[:-1], heights[1:])
        ends = [float(heights.min()), float(heights.max())]
        axes.plot(ends, ends, color=style.GREY, lw=0.7, zorder=0)
        axes.set(xlabel="maximum n", ylabel="maximum n + 1")
    axes.yaxis.label.set_text(style.pretty(axes.get_ylabel()))
    style.headline(canvas, measure.label, file)
    style.footnote(canvas, measure.convention)
