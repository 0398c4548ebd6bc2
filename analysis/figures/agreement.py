"""Routes beside exact rates: how far each is off, with its error, and what was allowed."""

from dataclasses import replace
from itertools import groupby
from math import floor, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import style
from core.store import Measure, MeasureFile

LINE = 0.19  # inches of a row
WIDEST = 6.0  # per cent shown: what is farther off stands at the edge


def text(measure: Measure, name: str) -> str:
    """Return a word that a row carries."""
    found = np.asarray(measure.extra.get(name, "")).item()
    return found.decode() if isinstance(found, bytes) else str(found)


def number(value: float, error: float | None) -> str:
    """Return a value with its standard error, both to two digits of the error."""
    if not error or error < 1e-12 * abs(value):
        return f"{value:.5g}"
    places = 1 - floor(log10(error))
    if not -4 < places < 7:
        return f"{value:.3g} ± {error:.1g}"
    return f"{value:.{max(places, 0)}f} ± {error:.{max(places, 0)}f}"


def alone(file: MeasureFile) -> MeasureFile:
    """Return the file with its first row only: a headline should not count rows as members."""
    return replace(file, members=dict([next(iter(file.members.items()))]))


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    rows = list(file.members.values())
    return 1.5 + LINE * (len(rows) + 1.3 * len({text(m, "case") for m in rows}))


def _error(measure: Measure) -> float:
    return float(np.asarray(measure.extra.get("standard_error", 0.0)).ravel()[0])


def _point(left: Axes, right: Axes, row: float, measure: Measure, colour: str) -> None:
    """Draw a row in per cent of the exact rate, with what its check allows, and its numbers."""
    value, error = float(measure.value[0, 0]), _error(measure)
    exact = 0.0 if measure.exact is None else float(measure.exact[0, 0])
    right.text(0.0, row, number(value, error), va="center", fontsize=8)
    if not exact:
        right.text(0.7, row, "exact: 0", va="center", fontsize=8)
        return
    off = 100 * (value / exact - 1)
    for check in measure.checks:
        wide = 100 * check.tolerance / exact
        left.barh(row, 2 * wide, left=-wide, height=0.8, color="#e8e8e8", lw=0)
    failed = any(not check.passed for check in measure.checks)
    left.errorbar(
        min(max(off, -WIDEST), WIDEST), row, xerr=abs(100 * error / exact),
        fmt="X" if failed else "o", ms=6 if failed else 3.5,
        color=style.COLOURS[1] if failed else colour, lw=1.1,
    )  # fmt: skip
    right.text(0.7, row, f"{off:+.2f} %", va="center", fontsize=8)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw a row for each route, grouped by case: its distance from the exact rate in per cent."""
    left, right = canvas.subplots(ncols=2, sharey=True, width_ratios=(1.7, 1))
    row, ticks, names = 0.0, list[float](), list[str]()
    groups = groupby(file.members.values(), key=lambda m: text(m, "case"))
    for i, (case, members) in enumerate(groups):
        rows = list(members)
        exact = rows[0].exact
        told = "" if exact is None else f": exact {float(exact[0, 0]):.6g}"
        row -= 0.3
        left.text(-WIDEST, row, case + told, va="center", fontsize=8.5, fontweight="bold",
                  bbox={"color": "white", "pad": 1.0})  # fmt: skip
        right.text(0.0, row, f"convention {rows[0].convention}", va="center", fontsize=8,
                   color=style.GREY)  # fmt: skip
        row -= 1
        for measure in rows:
            _point(left, right, row, measure, style.COLOURS[i % len(style.COLOURS)])
            ticks.append(row)
            names.append(measure.label)
            row -= 1
    left.axvline(0, **style.EXACT)
    left.set_yticks(ticks, names, fontsize=8)
    left.tick_params(axis="y", length=0)
    left.set_ylim(row + 0.3, 0.4)
    left.set_xlim(-WIDEST, WIDEST)
    left.set_xlabel("found less exact, per cent of it; grey: allowed; bars: one standard error")
    left.spines["left"].set_visible(False)
    right.set_xlim(0, 1)
    right.set_axis_off()
    style.headline(canvas, "Entropy production by every route, against exact rates", alone(file))
