"""Our exponents and dimensions against the reference database's: all of them, and the worst."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import style
from core.store import MeasureFile

WORST = 28  # systems that are named
ROW, LEAST = 0.15, 4.6  # inches
LOW = 1e-3  # per period; what is below lies on the edge

Rows = dict[str, np.ndarray]  # by system: ours, its error, theirs


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.6 + max(LEAST, ROW * min(len(file.members), WORST))


def _rows(file: MeasureFile, what: str) -> Rows:
    """Return the values of the members that have them; exponents times the period."""
    found = {}
    for name, measure in file.members.items():
        if what in measure.extra:
            scale = float(measure.extra["period"]) if what == "exponent" else 1.0
            found[name] = np.asarray(measure.extra[what], dtype=float) * scale
    return found


def _far(rows: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return which rows differ by more than the measure's relative difference and errors."""
    ours, error, theirs = rows.T
    return np.abs(theirs - ours) > np.maximum(limits[0] * np.abs(ours), limits[1] * error)


def _scatter(axes: Axes, rows: np.ndarray, limits: np.ndarray, low: float, high: float) -> None:
    """Draw theirs over ours, those that are far off in colour."""
    far, share = _far(rows, limits), limits[0]
    shown = np.clip(rows, low, high)
    axes.plot([low, high], [low, high], color=style.GREY, lw=0.7, zorder=0)
    axes.fill_between(
        [low, high], [(1 - share) * low, (1 - share) * high],
        [(1 + share) * low, (1 + share) * high],
        color=style.GREY, alpha=0.18, lw=0, zorder=0,
    )  # fmt: skip
    for chosen, colour, text in ((~far, 0, "agree"), (far, 1, "differ")):
        axes.plot(
            shown[chosen, 0], shown[chosen, 2], "o", ms=3.2, mew=0, alpha=0.75,
            color=style.COLOURS[colour], label=f"{text}: {int(chosen.sum())}",
        )  # fmt: skip
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="ours")
    axes.legend(loc="lower right", handletextpad=0.1, borderaxespad=0.2)


def _exponents(axes: Axes, rows: Rows, limits: np.ndarray) -> None:
    values = np.array(list(rows.values()))
    axes.set(xscale="log", yscale="log")
    high = 1.5 * max(float(values[:, [0, 2]].max()), 10 * LOW)
    _scatter(axes, values, limits, LOW, high)
    axes.set_ylabel("theirs")
    axes.set_title("largest exponent × period")


def _dimensions(axes: Axes, rows: Rows, limits: np.ndarray) -> None:
    values = np.array(list(rows.values()))
    both = values[:, [0, 2]]
    margin = 0.05 * float(np.ptp(both)) + 1e-3
    _scatter(axes, values, limits, float(both.min()) - margin, float(both.max()) + margin)
    axes.set_ylabel("theirs")
    axes.set_title("correlation dimension")


def _ratio(row: np.ndarray) -> float:
    """Return by how many octaves a stated value is off; ours is its error at least."""
    ours, error, theirs = row
    return abs(math.log2(max(theirs, LOW) / max(ours, error, LOW)))


def _worst(axes: Axes, rows: Rows, limits: np.ndarray) -> None:
    """Draw the systems that differ most, a line each from ours to theirs."""
    far = dict(zip(rows, _far(np.array(list(rows.values())), limits), strict=True))
    names = sorted((n for n in rows if far[n]), key=lambda n: -_ratio(rows[n]))[:WORST]
    values = np.maximum(np.array([rows[n] for n in names]).reshape(-1, 3), [LOW, 0.0, LOW])
    place = np.arange(len(names))
    ours, error, theirs = values.T
    axes.hlines(place, ours, theirs, color=style.GREY, lw=0.7)
    axes.errorbar(
        ours, place, xerr=(np.minimum(error, ours - LOW), error), fmt="o", ms=3, elinewidth=0.8,
        color=style.COLOURS[0], label="ours",
    )  # fmt: skip
    axes.plot(theirs, place, "x", color=style.COLOURS[1], ms=4, mew=1.0, label="theirs")
    axes.set_xscale("log")
    axes.set_xlim(0.8 * LOW, 1.5 * max(float(values[:, [0, 2]].max(initial=0.0)), 10 * LOW))
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_yticks(place, names, fontsize=8)
    axes.set_xlabel(f"exponent × period, {len(names)} furthest apart")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.0)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw both comparisons, and beside them the exponents that differ most."""
    exponents, dimensions = _rows(file, "exponent"), _rows(file, "dimension")
    limits = np.asarray(next(iter(file.members.values())).extra["limits"], dtype=float)
    grid = canvas.add_gridspec(2 if dimensions else 1, 2, width_ratios=[1.0, 1.15])
    _exponents(canvas.add_subplot(grid[0, 0]), exponents, limits)
    if dimensions:
        _dimensions(canvas.add_subplot(grid[1, 0]), dimensions, limits)
    _worst(canvas.add_subplot(grid[:, 1]), exponents, limits)
    style.headline(canvas, "Our annotations and the reference database's", file)
    measure = next(iter(file.members.values()))
    style.footnote(canvas, f"{measure.convention}; grey: within 20 %")
