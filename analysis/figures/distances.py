"""Distances on a logarithmic axis: drift of invariants, error against the exact solution."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

FLOOR = float(np.finfo(float).eps)
FEW = 6  # members that are told apart by colour


def height(file: MeasureFile) -> float:
    """Return the inches that both pictures ask for."""
    return 3.6


def _shown(measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Return (axis, value) without a first frame of zeros; other zeros lie on a lowest line."""
    start = 1 if len(measure.axis) > 1 and not np.any(measure.value[0]) else 0
    return measure.axis[start:], np.maximum(measure.value[start:], FLOOR / 4)


def _bounds(axes: Axes, measure: Measure) -> float:
    """Draw what the checks allow, one line per tolerance; return the largest."""
    named: dict[float, list[str]] = {}
    for check in measure.checks:
        component = next((c for c in measure.components if c in check.quantity), "")
        named.setdefault(check.tolerance, []).append(component)
    for tolerance, components in named.items():
        axes.axhline(tolerance, **style.BOUND)
        names = ",\n".join(filter(None, components))
        style.beside(
            axes, tolerance, f"{names} ≤ {tolerance:.0e}" if names else f"bound {tolerance:.0e}"
        )
    return max(named, default=0.0)


def _finish(axes: Axes, measure: Measure, low: float, high: float, text: str) -> None:
    """Set labels and limits, with the machine epsilon where it is in sight."""
    if low < 100 * FLOOR:
        axes.axhline(FLOOR, **style.BOUND)
        style.beside(axes, FLOOR, "machine\nepsilon")
        low = min(low, FLOOR / 4)
    # the legend has the uppermost fifth, the data what is below it
    low, high = low / 3, high * 3
    style.logarithmic(axes, low, high * (high / low) ** 0.18)
    axes.set_xlim(measure.axis[0], measure.axis[-1])
    axes.set_ylabel(text)
    axes.set_xlabel(style.label(measure.axis_label, measure.axis_units))


def drift(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the drift of each invariant; of several members, the largest."""
    axes = canvas.subplots()
    measure, _ = parts.first(file)
    shown = [_shown(one) for one in file.members.values()]
    least = min(len(axis) for axis, _ in shown)
    axis, worst = shown[0][0][-least:], np.max([value[-least:] for _, value in shown], axis=0)
    for i, (name, values) in enumerate(
        zip(measure.components, worst.reshape(least, -1).T, strict=True)
    ):
        axes.plot(axis, values, color=style.COLOURS[i % len(style.COLOURS)], label=name)
    high = max(float(worst.max()), _bounds(axes, measure))
    several = ",\nlargest over members" if len(file.members) > 1 else ""
    _finish(axes, measure, float(worst.min()), high, f"relative drift{several}")
    axes.legend(loc="upper left", ncols=max(1, len(measure.components)))
    style.headline(canvas, "Drift of the invariants", file)


def error(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the distance to the exact solution, of each member, with its bound."""
    axes = canvas.subplots()
    measure, _ = parts.first(file)
    many = len(file.members) > FEW
    low, high = np.inf, 0.0
    for i, (name, one) in enumerate(file.members.items()):
        axis, values = _shown(one)
        colour = style.COLOURS[0 if many else i]
        axes.plot(axis, values, color=colour, lw=0.8 if many else None, label=f"member {name}")
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    high = max(high, _bounds(axes, measure))
    _finish(axes, measure, low, high, style.label(measure.label, measure.units))
    if 1 < len(file.members) <= FEW:
        axes.legend(loc="upper left", ncols=len(file.members))
    style.headline(canvas, "Distance to the exact solution", file)
