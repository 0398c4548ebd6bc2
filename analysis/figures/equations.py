"""Equations found from data: which systems' are exactly recovered, and how near the numbers are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

FLOOR = 1e-12
NAMED = 40  # systems that are named along the axis
OUTCOMES = ("all terms, no other", "in some equations", "in none", "not in the library")


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 3.9


def outcome(measure: Measure) -> int:
    """Return which of OUTCOMES a system has."""
    if len(measure.components) < 4:
        return 3
    exact = (measure.value[:, 1] == 0) & (measure.value[:, 2] == 0)
    return 0 if exact.all() else 1 if exact.any() else 2


def _counts(axes: Axes, found: list[int]) -> None:
    counts = [found.count(i) for i in range(len(OUTCOMES))]
    colours = (style.COLOURS[2], style.COLOURS[4], style.COLOURS[1], "#c8c8c8")
    axes.barh(range(len(OUTCOMES)), counts, color=colours)
    for i, count in enumerate(counts):
        axes.annotate(f"{count}", (count, i), (3, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(OUTCOMES)), OUTCOMES)
    axes.set_ylim(len(OUTCOMES) - 0.5, -0.5)
    axes.set_xlim(0, 1.15 * max(counts))
    axes.set_xlabel("systems")


def _errors(axes: Axes, names: list[str], measures: list[Measure]) -> None:
    """Draw the largest error of a coefficient and of the rates, sorted by the first."""
    worst = np.array([measure.value[:, 3].max() for measure in measures])
    rates = np.array([measure.value[:, 4].max() for measure in measures])
    exact = np.array([outcome(measure) == 0 for measure in measures])
    order = np.argsort(worst, kind="stable")
    place = np.arange(len(order))
    colour = style.COLOURS[0]
    for chosen, fill, text in ((exact, colour, "coefficients, exact terms"),
                               (~exact, "white", "coefficients, other terms")):  # fmt: skip
        at = chosen[order]
        if at.any():
            shown = np.maximum(worst[order][at], FLOOR)
            axes.plot(place[at], shown, "o", ms=3.5, color=colour, mfc=fill, label=text)
    shown = np.maximum(rates[order], FLOOR)
    axes.plot(place, shown, "x", ms=3, color=style.COLOURS[1], label="rates")
    axes.set_yscale("log")
    axes.set_xlim(-0.7, len(order) - 0.3)
    if len(order) <= NAMED:
        axes.set_xticks(place, [names[i] for i in order], rotation=90, fontsize=8)
    else:
        axes.set_xlabel("systems, sorted")
    axes.set_ylabel("largest relative error")
    axes.legend(loc="upper left")


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw how many systems have their equations recovered, and the errors of those scored."""
    measure, _ = parts.first(file)
    left, right = canvas.subplots(ncols=2, width_ratios=(1, 1.6))
    _counts(left, [outcome(one) for one in file.members.values()])
    scored = {name: one for name, one in file.members.items() if outcome(one) < 3}
    if scored:
        _errors(right, list(scored), list(scored.values()))
    else:
        right.set_axis_off()
    style.headline(canvas, "Equations found from the samples, against the true ones", file)
    few = len(file.members) == 1
    style.footnote(canvas, measure.convention if few else measure.convention.split("; scored")[0]
                   .split("; not scored")[0])  # fmt: skip
