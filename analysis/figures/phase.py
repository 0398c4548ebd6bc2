"""Phase space: the points of one frame in the complex plane, and their coherence over time."""

from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import MeasureFile


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 3.7


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw Re psi against Im psi, coloured by |psi|, beside the measure's curves."""
    measure, which = parts.first(file)
    re, im, modulus, at = (parts.extra(file, k) for k in ("re", "im", "modulus", "frame_time"))
    left, right = canvas.subplots(ncols=2, width_ratios=(1.15, 1))
    left.plot(re, im, color="#c8c8c8", lw=0.5, zorder=1)
    points = left.scatter(re, im, c=modulus, s=7, linewidths=0, rasterized=True, zorder=2)
    canvas.colorbar(points, ax=left, label="|ψ|", pad=0.03, aspect=30)
    reach = (float(modulus.max()) or 1.0) * 1.1
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    left.set(xlabel="Re ψ", ylabel="Im ψ")
    left.set_title(f"the field at {style.pretty(measure.axis_label)} = {at[0]:g}")
    for i, (name, values, _) in enumerate(parts.columns(measure)):
        right.plot(measure.axis, values, color=style.COLOURS[i % len(style.COLOURS)], label=name)
    right.set_ylim(0, max(1.0, float(measure.value.max())) * 1.2)
    right.legend(loc="upper right", ncols=2, columnspacing=1.0, handlelength=1.2, borderpad=0)
    right.set_title("from 0, all phases, to 1, one phase")
    right.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    style.headline(canvas, f"Phase space{which}", file)
