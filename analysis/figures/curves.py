"""Curves: any quantities against time or scale, a panel each, with mean, band, exact value."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import OF_SURROGATES, Measure, MeasureFile

FEW = 6  # members that are drawn each by itself, if they have no mean
SPARSE = 12  # points that are also marked
LABEL = 24  # letters that fit beside one panel


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.45 + 1.55 * len(_panels(parts.first(file)[0]))


def _panels(measure: Measure) -> list[tuple[int, int | None]]:
    """Return (component, component of its surrogates or None) for each panel."""
    names = [name for name, _, _ in parts.columns(measure)]
    return [
        (i, names.index(name + OF_SURROGATES) if name + OF_SURROGATES in names else None)
        for i, name in enumerate(names)
        if not name.endswith(OF_SURROGATES)
    ]


def _curve(axes: Axes, file: MeasureFile, column: int, colour: str) -> list[np.ndarray]:
    """Draw one component, the mean with its error or each member; return what was drawn."""
    mark = "o" if len(parts.first(file)[0].axis) <= SPARSE else ""
    if file.mean is not None and len(file.members) > 1:
        mean = parts.columns(file.mean)[column][1]
        error = parts.need(file, "standard_error", file.standard_error)
        band = error[:, column] if error.ndim > 1 else error
        low, high, axis = mean - band, mean + band, file.mean.axis
        name = f"mean of {len(file.members)} members"
        axes.plot(axis, mean, color=colour, marker=mark, ms=3, label=name)
        axes.fill_between(axis, low, high, color=colour, alpha=0.25, lw=0, label="± standard error")
        return [low, high]
    shown = list(file.members.items())[:FEW]
    for i, (name, measure) in enumerate(shown):
        own = colour if len(shown) == 1 else style.COLOURS[i % len(style.COLOURS)]
        text = "computed" if len(shown) == 1 else f"member {name}"
        values = parts.columns(measure)[column][1]
        axes.plot(measure.axis, values, color=own, marker=mark, ms=3, label=text)
    return [parts.columns(measure)[column][1] for _, measure in shown]


def _baseline(axes: Axes, file: MeasureFile, column: int) -> np.ndarray:
    """Draw the mean of the surrogates, over members if there are several."""
    shown = file.mean if file.mean is not None else parts.first(file)[0]
    values = parts.columns(shown)[column][1]
    axes.plot(shown.axis, values, label="surrogates", **style.EXACT)
    return values


def _room(axes: Axes, drawn: list[np.ndarray], legend: bool) -> None:
    """Leave room above for the legend; keep what is constant from being drawn as noise."""
    low = min(float(values.min()) for values in drawn)
    high = max(float(values.max()) for values in drawn)
    span = high - low
    if span < 1e-3 * max(abs(low), abs(high), 1e-3):
        span = max(0.1 * abs(high), 1e-3)
        low, high = (low + high - span) / 2, (low + high + span) / 2
    axes.set_ylim(low - 0.06 * span, high + (0.32 if legend else 0.06) * span)


def _log(axes: Axes, drawn: list[np.ndarray], legend: bool) -> None:
    positive = np.concatenate([values[values > 0] for values in drawn])
    if positive.size:
        low, high = float(positive.min()), float(positive.max())
        style.logarithmic(axes, low / 2, high * 2 * ((high / low) ** 0.3 if legend else 1))


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw one panel per component, with the exact value dashed where it is known."""
    measure, _ = parts.first(file)
    columns = parts.columns(measure)
    chosen = _panels(measure)
    panels = np.atleast_1d(canvas.subplots(nrows=len(chosen), sharex=True))
    for axes, (i, baseline) in zip(panels, chosen, strict=True):
        name, values, exact = columns[i]
        drawn = _curve(axes, file, i, style.COLOURS[i % len(style.COLOURS)])
        if exact is not None:
            far = f"differs by {np.abs(values - exact).max():.0e} at most"
            alone = len(file.members) == 1
            axes.plot(
                measure.axis, exact, label=f"exact ({far})" if alone else "exact", **style.EXACT
            )
            drawn.append(exact)
        if baseline is not None:
            drawn.append(_baseline(axes, file, baseline))
        legend = exact is not None or baseline is not None or len(file.members) > 1
        (_log if measure.scale == "log" else _room)(axes, drawn, legend)
        if legend:
            axes.legend(loc="upper right", ncols=3)
        if "span" in measure.extra:
            axes.axvspan(*measure.extra["span"], color=style.GREY, alpha=0.15, lw=0)
        short = name or measure.label.split(" of ")[0]
        axes.set_ylabel("\n".join(textwrap.wrap(style.label(short, measure.units), LABEL)))
    canvas.align_ylabels(list(panels))
    style.headline(canvas, measure.label, file)
    panels[-1].set_xlabel(style.label(measure.axis_label, measure.axis_units))
    style.footnote(canvas, measure.convention)
