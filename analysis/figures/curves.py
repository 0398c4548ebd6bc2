"""Curves over time: entropies, drifts, errors, growth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from core.store import Measure, MeasureFile

FLOOR = float(np.finfo(float).eps)
FEW = 4  # members that are drawn each by itself


def _columns(measure: Measure) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """Return (name, values, exact) of each component."""
    if not measure.components:
        return [("", measure.value, measure.exact)]
    return [
        (name, measure.value[:, i], None if measure.exact is None else measure.exact[:, i])
        for i, name in enumerate(measure.components)
    ]


def _curve(axes: Axes, file: MeasureFile, column: int, colour: str, name: str) -> None:
    """Draw one component: each member where they are few, else the mean and its error."""
    members = list(file.members.values())
    if file.mean is not None and len(members) > 1:
        mean = _columns(file.mean)[column][1]
        error = file.standard_error
        assert error is not None  # the store writes both or neither
        band = error[:, column] if error.ndim > 1 else error
        axes.fill_between(file.mean.axis, mean - band, mean + band, color=colour, alpha=0.25, lw=0)
        axes.plot(file.mean.axis, mean, color=colour, label=f"{name} (mean ± s.e.)".strip())
        return
    for measure in members[:FEW]:
        axes.plot(measure.axis, _columns(measure)[column][1], color=colour, label=name)


def over_time(file: MeasureFile) -> Figure:
    """Return one panel per component, with the exact value dashed where it is known."""
    first = next(iter(file.members.values()))
    columns = _columns(first)
    figure, panels = style.new(6.4, 1.3 + 1.55 * len(columns), nrows=len(columns), sharex=True)
    panels = np.atleast_1d(panels)
    for i, (name, values, exact) in enumerate(columns):
        axes = panels[i]
        _curve(axes, file, i, style.COLOURS[i % len(style.COLOURS)], "computed")
        if exact is not None:
            axes.plot(first.axis, exact, label="exact", **style.EXACT)
        shown = values if file.mean is None else _columns(file.mean)[i][1]
        _room(axes, shown, shown if exact is None else exact)
        if exact is not None or len(file.members) > 1:
            axes.legend(loc="upper right", ncols=2)
        axes.set_ylabel(style.label(name or first.label, first.units))
        axes.margins(x=0)
    style.title(panels[0], f"{first.label}\n{style.about(file)}")
    panels[-1].set_xlabel(style.label(first.axis_label, first.axis_units))
    return figure


def _room(axes: Axes, values: np.ndarray, exact: np.ndarray) -> None:
    """Leave room for the legend; keep what is constant to rounding from being drawn as noise."""
    low, high = float(np.minimum(values, exact).min()), float(np.maximum(values, exact).max())
    if high - low < 1e-3 * max(abs(high), 1e-12):
        middle, half = (low + high) / 2, max(abs(high) * 0.05, 0.05)
        axes.set_ylim(middle - half, middle + 1.6 * half)
    else:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.35 * (high - low))


def _logarithmic(axes: Axes, lowest: float, highest: float, floor: float = FLOOR) -> None:
    axes.set_yscale("log")
    axes.set_ylim(min(lowest, floor) / 5, max(highest, floor * 10) * 8)
    axes.margins(x=0)


def drift(file: MeasureFile) -> Figure:
    """Return the drift of each invariant on a logarithmic axis, worst member first."""
    figure, axes = style.new()
    first = next(iter(file.members.values()))
    stack = np.stack([m.value for m in file.members.values()]).max(axis=0)
    shown = np.maximum(stack, FLOOR / 4)
    for i, name in enumerate(first.components):
        axes.plot(first.axis, shown[:, i], color=style.COLOURS[i], label=name)
    _logarithmic(axes, float(shown[1:].min()), float(shown.max()))
    axes.axhline(FLOOR, color="#999999", lw=0.8, ls=":")
    axes.annotate(
        "machine epsilon", (1, FLOOR), xycoords=("axes fraction", "data"), ha="right", va="bottom",
        fontsize=7, color="#666666",
    )  # fmt: skip
    axes.legend(loc="upper left", ncols=len(first.components))
    worst = " (largest over members)" if len(file.members) > 1 else ""
    axes.set_ylabel(f"relative drift{worst}")
    axes.set_xlabel(style.label(first.axis_label, first.axis_units))
    style.title(axes, f"Drift of the invariants\n{style.about(file)}")
    return figure


def error(file: MeasureFile) -> Figure:
    """Return the distance to the exact solution on a logarithmic axis, with its bound."""
    figure, axes = style.new()
    first = next(iter(file.members.values()))
    highest = 0.0
    for i, (name, measure) in enumerate(file.members.items()):
        values = np.maximum(measure.value, FLOOR / 4)
        highest = max(highest, float(values.max()))
        axes.plot(measure.axis, values, color=style.COLOURS[i % 6], label=f"member {name}")
    for check in first.checks:
        axes.axhline(check.tolerance, **style.EXACT)
        axes.annotate(
            f"bound {check.tolerance:.0e}", (0.01, check.tolerance),
            xycoords=("axes fraction", "data"), va="bottom", fontsize=8,
        )  # fmt: skip
        highest = max(highest, check.tolerance)
    _logarithmic(axes, float(np.maximum(first.value, FLOOR / 4)[1:].min()), highest)
    if 1 < len(file.members) <= 6:
        axes.legend(loc="lower right")
    axes.set_ylabel(style.label(first.label, first.units))
    axes.set_xlabel(style.label(first.axis_label, first.axis_units))
    style.title(axes, f"Distance to the exact solution\n{style.about(file)}")
    return figure


def growth(file: MeasureFile) -> Figure:
    """Return the growing mode on a logarithmic axis, with the fitted and the exact rate."""
    figure, axes = style.new()
    first = next(iter(file.members.values()))
    fitted, exact = first.extra["rates"]
    low, high = first.extra["window"]
    axes.axvspan(low, high, color="#e4e4e4", lw=0, label="window of the fit")
    axes.plot(first.axis, first.value, color=style.COLOURS[0], label="growing mode")
    if first.exact is not None:
        axes.plot(first.axis, first.exact, label=f"exact rate {exact:.9f}", **style.EXACT)
    axes.plot([], [], " ", label=f"fitted rate {fitted:.9f}, off by {abs(fitted - exact):.1e}")
    axes.set_yscale("log")
    axes.margins(x=0)
    axes.legend(loc="upper left")
    axes.set_ylabel(style.label(first.label, first.units))
    axes.set_xlabel(style.label(first.axis_label, first.axis_units))
    style.title(axes, f"Growth of a modulation\n{style.about(file)}")
    return figure
