"""The distribution of local densities, with the two phases that it shows."""

import numpy as np
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from analysis.structure.density import phase_densities
from core.store import MeasureFile

DATA = 0.7  # of the panel's height; the rest is the legend's


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 3.9


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the histogram with its error, the fit, and the binodals as lines."""
    measure, which = parts.first(file)
    edges, error = parts.extra(file, "edges"), parts.extra(file, "error")
    (mean,) = parts.extra(file, "mean")
    axes = canvas.subplots()
    axes.stairs(
        measure.value, edges, fill=True, color=style.COLOURS[5], alpha=0.6, label="measured"
    )
    if error.any():
        axes.errorbar(
            measure.axis, measure.value, error, fmt="none", ecolor=style.GREY, elinewidth=0.8,
            label="± error over frames",
        )  # fmt: skip
    top = float((measure.value + error).max())
    axes.axvline(float(mean), ymax=DATA, label=f"mean {mean:.3f}", **style.EXACT)
    if "binodals" in measure.extra:
        gas, dense = measure.extra["binodals"]
        fine = np.linspace(edges[0], edges[-1], 800)
        described = (measure.extra[key] for key in ("parts", "binodals", "widths"))
        fit = phase_densities(fine, *described).sum(axis=0)
        axes.plot(fine, fit, color=style.COLOURS[1], lw=1.2, label="two phases, fitted")
        top = max(top, float(fit.max()))
        for place, colour, name in (
            (gas, style.COLOURS[2], "gas"),
            (dense, style.COLOURS[3], "dense"),
        ):
            axes.axvline(place, ymax=DATA, color=colour, lw=1.4, label=f"{name} phase {place:.3f}")
        text = "Local packing fraction: two phases"
    else:
        text = "Local packing fraction: one phase"
    axes.set_ylim(0, top / DATA)
    axes.legend(loc="upper right", ncols=3)
    axes.set_xlabel(measure.axis_label)
    axes.set_ylabel("probability density")
    style.headline(canvas, f"{text}{which}", file)
    style.footnote(canvas, measure.convention)
