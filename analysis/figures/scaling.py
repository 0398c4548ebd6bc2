"""Scaling regions: a curve, the line fitted to a part of it, and the local slope below."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

FEW = 6  # members drawn in colours of their own
SPARSE = 160  # points that are marked
SLOPE = 4  # points of the curve that a local slope spans, each way


def height(file: MeasureFile) -> float:
    """Return the inches that the figures ask for."""
    return 5.2


def _local(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes of straight lines through 2 SLOPE + 1 points, and where they are."""
    wide = min(SLOPE, (len(x) - 1) // 2)
    if wide < 1:
        return x[:0], x[:0]
    windows = np.lib.stride_tricks.sliding_window_view
    a, b = windows(x, 2 * wide + 1), windows(y, 2 * wide + 1)
    a = a - a.mean(axis=-1, keepdims=True)
    return x[wide:-wide], (a * b).sum(axis=-1) / (a * a).sum(axis=-1)


def _shade(panels: list[Axes], low: float, high: float) -> None:
    for axes in panels:
        axes.axvspan(low, high, color="#f0f0f0", lw=0, zorder=0)


def _members(file: MeasureFile) -> list[tuple[str, Measure, str, float]]:
    """Return (name, measure, colour, width) of the members that are drawn."""
    many = len(file.members) > FEW
    return [
        (name, m, style.GREY if many else style.COLOURS[i % len(style.COLOURS)], 0.7 if many else 1)
        for i, (name, m) in enumerate(file.members.items())
    ]


def _verdict(file: MeasureFile, word: str) -> str:
    """Return the number that the figure is about, with its standard error over members, or fit."""
    if len(file.members) == 1:
        value, error = parts.extra(file, "fit")[:2]
        return f"{word} {value:.4g} ± {error:.1g} (of the fit)"
    each = np.array([m.value.ravel()[0] for m in file.members.values()])
    error = each.std(ddof=1) / np.sqrt(each.size)
    if len({"" if name.isdigit() else name.partition(".")[0] for name in file.members}) > 1:
        return f"{word} of {each.size} systems"
    return f"{word} {each.mean():.4g} ± {error:.1g} over {each.size} members"


def _curves(
    file: MeasureFile, canvas: FigureBase, across: str, up: str, base: float, slope: str
) -> list[Axes]:
    """Draw curves of extra[up] over extra[across], fitted lines and, below, local slopes."""
    upper, lower = canvas.subplots(nrows=2, sharex=True, height_ratios=(2, 1))
    shown = _members(file)
    for name, measure, colour, width in shown:
        x, y = measure.extra[across], measure.extra[up]
        upper.plot(
            x, y, color=colour, lw=width, marker="o" if len(x) <= SPARSE else "", ms=2.4,
            mfc="none", mew=0.6, label=name if 1 < len(shown) <= FEW else None,
        )  # fmt: skip
        value, _, low, high = measure.extra["fit"]
        log = base > 0
        horizontal, vertical = (np.log(x), np.log(y)) if log else (x, y)
        inside = (x >= low * (1 - 1e-9)) & (x <= high * (1 + 1e-9))
        middle, level = horizontal[inside].mean(), vertical[inside].mean()
        ends = np.array([low, high])
        line = level + value * ((np.log(ends) if log else ends) - middle)
        upper.plot(ends, np.exp(line) if log else line, color="black", lw=1.2 * width, zorder=5)
        at, slopes = _local(horizontal, vertical)
        lower.plot(np.exp(at) if log else at, slopes, color=colour, lw=width)
        lower.plot(ends, [value, value], color="black", lw=1.2 * width, zorder=5)
        if len(shown) == 1:
            _shade([upper, lower], low, high)
    if 1 < len(shown) <= FEW:
        upper.legend(title="member", loc="center left", bbox_to_anchor=(1.0, 0.5))
    lower.set_ylabel(slope)
    fits = np.array([m.extra["fit"] for _, m, _, _ in shown])
    top = float(fits[:, 0].max())
    lower.set_ylim(min(0.0, 1.6 * float(fits[:, 0].min())), 1.6 * top if top > 0 else 1.0)
    canvas.align_ylabels([upper, lower])
    return [upper, lower]


def dimension(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the correlation sum with its scaling region, and its local slope."""
    for name in ("radii", "sums", "fit"):
        parts.extra(file, name)
    upper, lower = _curves(file, canvas, "radii", "sums", 2.0, "local slope")
    upper.set_xscale("log")
    least = min(float(m.extra["sums"].min()) for m in file.members.values())
    style.logarithmic(upper, least / 3, 3.0)
    measure, _ = parts.first(file)
    folded = "over the logarithm" in measure.convention
    upper.set_ylabel("C(r) / ln(4eS/r)" if folded else "share of pairs C(r)")
    lower.set_xlabel("radius r")
    style.headline(canvas, f"{measure.label}: {_verdict(file, 'D2 =')}".replace("= of", "of"), file)
    style.footnote(canvas, measure.convention)


def divergence(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the mean logarithm of the distance of neighbours, the fitted line and the slope."""
    for name in ("times", "logarithms", "fit"):
        parts.extra(file, name)
    upper, lower = _curves(file, canvas, "times", "logarithms", 0.0, "local slope")
    upper.set_ylabel("mean ln distance\nof neighbours [nat]")
    lower.set_xlabel("time after they were neighbours")
    measure, _ = parts.first(file)
    style.headline(canvas, f"{measure.label}: {_verdict(file, 'λ =')}".replace("= of", "of"), file)
    style.footnote(canvas, measure.convention)
