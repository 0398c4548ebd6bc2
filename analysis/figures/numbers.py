"""Numbers of whole runs: one point for each member, their mean and its standard error."""

import textwrap

import numpy as np
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import MeasureFile

LABEL = 16  # letters of an axis' name in a line


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.5 + 1.3 * len(parts.columns(parts.first(file)[0]))


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw one panel per component, members across."""
    measure, _ = parts.first(file)
    columns = parts.columns(measure)
    panels = np.atleast_1d(canvas.subplots(nrows=len(columns), sharex=True))
    place = np.arange(len(file.members))
    for i, (name, _, _) in enumerate(columns):
        axes, colour = panels[i], style.COLOURS[i % len(style.COLOURS)]
        values = np.array([parts.columns(m)[i][1].ravel()[0] for m in file.members.values()])
        axes.plot(place, values, "o", color=colour, ms=5, label="members")
        if len(values) > 1:
            mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
            axes.axhline(mean, color=colour, lw=1.0, label=f"mean {mean:.5g} ± {error:.1g}")
            axes.axhspan(mean - error, mean + error, color=colour, alpha=0.2, lw=0)
            low, high = values.min(), values.max()
            span = high - low or max(abs(high), 1.0) * 0.1
            axes.set_ylim(low - 0.15 * span, high + 0.6 * span)
            axes.legend(loc="upper right", ncols=2)
        else:
            axes.annotate(
                f"{values[0]:.6g}", (0, values[0]), (8, 0), textcoords="offset points", va="center"
            )
        axes.margins(x=0.08)
        text = style.label(name or "value", measure.units)
        axes.set_ylabel("\n".join(textwrap.wrap(text, LABEL)))
    panels[-1].set_xticks(place, list(file.members))
    panels[-1].set_xlabel("member")
    canvas.align_ylabels(list(panels))
    style.headline(canvas, measure.label, file)
    style.footnote(canvas, measure.convention)
