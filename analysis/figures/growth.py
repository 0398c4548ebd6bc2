"""The growth of a small disturbance: on a logarithmic axis, with the fitted and the exact rate."""

import numpy as np
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import MeasureFile


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 4.6


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the amplitude above, and below how far it is from growing at the exact rate."""
    measure, which = parts.first(file)
    fitted, exact = parts.extra(file, "rates")
    low, high = parts.extra(file, "window")
    curve = parts.need(file, "exact", measure.exact)
    upper, lower = canvas.subplots(nrows=2, sharex=True, height_ratios=(2.2, 1))
    some = max(1, len(measure.axis) // 50)
    upper.plot(
        measure.axis, measure.value, "o", color=style.COLOURS[0], ms=4, markevery=some,
        markerfacecolor="none", label="growing mode",
    )  # fmt: skip
    if "fit" in measure.extra:
        upper.plot(
            measure.axis, measure.extra["fit"], color=style.COLOURS[1],
            label=f"fitted rate {fitted:.9f}",
        )  # fmt: skip
    upper.plot(measure.axis, curve, label=f"exact rate {exact:.9f}", **style.EXACT)
    low_value, high_value = float(measure.value.min()), float(max(measure.value.max(), curve.max()))
    style.logarithmic(upper, low_value / 2, high_value * 2)
    upper.legend(loc="upper left")
    upper.set_ylabel(style.label(measure.label, measure.units).replace(" of ", "\nof ", 1))
    far = np.maximum(np.abs(measure.value / curve - 1), np.finfo(float).eps)[1:]
    lower.plot(measure.axis[1:], far, color=style.COLOURS[0])
    style.logarithmic(lower, float(far.min()) / 3, float(far.max()) * 3)
    lower.set_ylabel("relative distance\nfrom exact growth")
    lower.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    for axes in (upper, lower):
        axes.axvspan(low, high, color="#f0f0f0", lw=0, zorder=0)
    lower.text(
        (low + high) / 2, 0.93, "window of the fit", ha="center", va="top", fontsize=8,
        color=style.GREY, transform=lower.get_xaxis_transform(),
    )  # fmt: skip
    canvas.align_ylabels([upper, lower])
    text = f"Growth of a modulation{which}: rate off by {abs(fitted - exact):.1e}"
    style.headline(canvas, text, file)
