"""Bifurcation diagrams over a parameter, the largest Lyapunov exponent beneath.

Of a run that varies the parameter over its members, or of several runs that differ in one.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import bifurcations, style
from core.store import Measure, MeasureFile

LEAD = "parameter "
HIGH, BENEATH = 3.4, 1.6  # inches
FEW, MANY = 4_000, 40_000  # points, up to and from which dots are large and small
EDGE = 0.01  # of the parameter's range, so that no dot is cut
BAND = 0.02  # of the range: a lower exponent lies outside the picture


def _has_exponents(file: MeasureFile) -> bool:
    return any("exponent" in measure.extra for measure in file.members.values())


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.2 + HIGH + (BENEATH if _has_exponents(file) else 0.0)


def _varied(measures: Sequence[Measure]) -> tuple[str, np.ndarray]:
    """Return name and values of the parameter; of several that go together, the first."""
    names = [key for key in measures[0].extra if key.startswith(LEAD)]
    if not names:
        return "member", np.arange(float(len(measures)))
    return names[0].removeprefix(LEAD), np.array([float(m.extra[names[0]]) for m in measures])


def _points(axes: Axes, x: np.ndarray, measures: Sequence[Measure]) -> None:
    values = [np.asarray(m.value) for m in measures]
    total = sum(v.size for v in values)
    size = 3.0 if total < FEW else 1.4 if total < MANY else 0.9
    axes.plot(
        np.repeat(x, [v.size for v in values]), np.concatenate(values), ".", ms=size, mew=0,
        rasterized=total > FEW, color=style.COLOURS[0],
    )  # fmt: skip
    label = measures[0].label
    axes.set_ylabel(style.pretty(label[0].lower() + label[1:]))


def _exponents(axes: Axes, x: np.ndarray, measures: Sequence[Measure]) -> None:
    """Draw the exponents that are known; far below the rest, lines leave the picture."""
    known = ["exponent" in measure.extra for measure in measures]
    found = np.array([m.extra["exponent"] for m in measures if "exponent" in m.extra])
    x, (largest, error) = x[known], found.T
    axes.axhline(0.0, color=style.GREY, lw=0.7)
    axes.fill_between(x, largest - error, largest + error, color=style.COLOURS[1], alpha=0.3, lw=0)
    axes.plot(x, largest, color=style.COLOURS[1], lw=0.8)
    low, high = float(np.quantile(largest - error, BAND)), float((largest + error).max())
    low = max(low, -2.0 * max(high, 0.0)) if high > 0 else low
    margin = 0.08 * max(high - low, 1e-12)
    axes.set_ylim(low - margin, high + margin)
    axes.set_ylabel("largest exponent")


def _panels(
    canvas: FigureBase, name: str, x: np.ndarray, measures: Sequence[Measure], both: bool
) -> None:
    order = np.argsort(x, kind="stable")
    x, measures = x[order], [measures[i] for i in order]
    panels = canvas.subplots(
        nrows=2 if both else 1, sharex=True, squeeze=False,
        gridspec_kw={"height_ratios": [HIGH, BENEATH] if both else [1.0]},
    )[:, 0]  # fmt: skip
    _points(panels[0], x, measures)
    if both:
        _exponents(panels[1], x, measures)
        canvas.align_ylabels(list(panels))
    panels[-1].set_xlabel(style.pretty(name))
    if x[0] < x[-1]:
        panels[-1].set_xlim(float(x[0]) - EDGE * np.ptp(x), float(x[-1]) + EDGE * np.ptp(x))


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the members of a run over its parameter."""
    measures = list(file.members.values())
    name, x = _varied(measures)
    _panels(canvas, name, x, measures, _has_exponents(file))
    style.headline(canvas, f"{measures[0].label} over {name}", file)
    style.footnote(canvas, measures[0].convention)


def together(files: Sequence[MeasureFile], canvas: FigureBase) -> None:
    """Draw the members of several runs over the one parameter in which the runs differ."""
    name, values = bifurcations.varied(files)
    x = np.repeat(values, [len(file.members) for file in files])
    measures = [measure for file in files for measure in file.members.values()]
    _panels(canvas, name, x, measures, all(map(_has_exponents, files)))
    text = f"{measures[0].label} of {len(files)} runs over {name}. The first of them:"
    style.headline(canvas, text, files[0])
    style.footnote(canvas, measures[0].convention)
