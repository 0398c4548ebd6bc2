"""A gallery: the orbit of each member in a panel of its own, one component against another."""

import math
import re

from matplotlib.figure import FigureBase

from analysis.figures import style
from core.store import Measure, MeasureFile

ACROSS = 7
MOST = 180  # panels
LETTERS = 14  # of a name in a line


def _columns(count: int) -> int:
    return min(ACROSS, max(3, math.ceil(math.sqrt(count))))


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    count = min(len(file.members), MOST)
    across = _columns(count)
    return 0.9 + style.WIDTH / across * 1.25 * math.ceil(count / across)


def _folded(name: str) -> str:
    """Return a name in lines that fit a panel, broken before capitals."""
    lines = [""]
    for part in re.findall(r"[A-Z0-9.]*[^A-Z]*", name):
        if len(lines[-1] + part) > LETTERS and lines[-1]:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _pair(measure: Measure) -> tuple[int, int]:
    """Return the components that are drawn: the first, and the last of the first three."""
    return 0, min(measure.value.shape[1], 3) - 1


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the members in rows, each named, axes left out: it is the shape that counts."""
    shown = list(file.members.items())[:MOST]
    across = _columns(len(shown))
    panels = canvas.subplots(
        nrows=math.ceil(len(shown) / across), ncols=across, squeeze=False
    ).ravel()
    for axes in panels[len(shown) :]:
        axes.remove()
    for axes, (name, measure) in zip(panels, shown, strict=False):
        first, second = _pair(measure)
        dots = {"ls": "", "marker": ".", "ms": 1.0, "mew": 0} if "dots" in measure.extra else {}
        axes.plot(
            measure.value[:, first], measure.value[:, second], lw=0.35, color=style.COLOURS[0],
            rasterized=len(shown) > 12, **dots,
        )  # fmt: skip
        axes.set_title(_folded(name), fontsize=8, loc="center", pad=2)
        axes.margins(0.05)
        axes.set(xticks=[], yticks=[], frame_on=False)
    rest = f" (the first {MOST} of {len(file.members)})" if len(file.members) > MOST else ""
    style.headline(canvas, f"Orbits: the first component across, the third upwards{rest}", file)
