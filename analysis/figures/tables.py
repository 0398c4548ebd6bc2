"""Numbers beside exact ones, as points and as how far they are apart."""

import numpy as np
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import MeasureFile

LEAST = 1e-17  # distances below are drawn here: a logarithmic axis has no zero


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.7 + 0.42 * parts.first(file)[0].value.size


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw every number with its exact value on the left, and their distance on the right."""
    measure, which = parts.first(file)
    need = parts.need(file, "exact", measure.exact)
    names = [
        ", ".join(filter(None, [name, f"{style.pretty(measure.axis_label)} {number:g}"]))
        for name, _, _ in parts.columns(measure)
        for number in measure.axis
    ]
    value, exact = measure.value.T.ravel(), need.T.ravel()
    rows = np.arange(len(names))[::-1]
    left, right = canvas.subplots(ncols=2, sharey=True, width_ratios=(1.5, 1))
    left.axvline(0, color=style.GREY, lw=0.8)
    left.plot(exact, rows, "|", color="black", ms=15, mew=1.5, label="exact")
    left.plot(value, rows, "o", color=style.COLOURS[0], ms=5, label="measured")
    for row, number in zip(rows, value, strict=True):
        left.annotate(
            f"{number:+.9f}", (number, row), (0, 9), textcoords="offset points", ha="center",
            fontsize=8,
        )  # fmt: skip
    low, high = min(0.0, *value, *exact), max(0.0, *value, *exact)
    room = 0.25 * (high - low) or 1.0  # for numbers at both ends
    left.set(xlim=(low - room, high + room), ylim=(-0.6, len(names) - 0.2))
    left.set_yticks(rows, names)
    left.legend(loc="lower left", ncols=2, bbox_to_anchor=(0, 1), borderpad=0, borderaxespad=0.2)
    left.set_xlabel(style.label(measure.label, measure.units))
    far = np.maximum(np.abs(value - exact), LEAST)
    right.plot(far, rows, "o", color=style.COLOURS[1], ms=5)
    right.set_xscale("log")
    right.set_xlabel("|measured − exact|")
    bound = max((check.tolerance for check in measure.checks), default=0.0)
    right.set_xlim(far.min() / 10, max(bound, far.max()) * 10)
    if bound:
        right.axvline(bound, **style.BOUND)
        right.set_title(f"bound {bound:.0e}", loc="right", fontsize=8, color=style.GREY)
    text = f"{measure.label[:1].upper()}{measure.label[1:]}{which}: measured and exact"
    style.headline(canvas, text, file)
