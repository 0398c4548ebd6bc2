"""Forecasts: how long each model's are valid, against the exponent, and one of them to look at."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import NullFormatter

from analysis.figures import parts, style
from analysis.forecast import spearman
from core import rng
from core.store import Measure, MeasureFile

LEAST = 0.01  # periods; shorter valid times are drawn there, on a logarithmic axis
PAIRS = 4  # systems with an exponent, from which on they are drawn against it
LEARNERS = 3  # models in that panel and in the example: those valid for longest


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 5.6


def _colour(i: int) -> str:
    return style.GREY if i >= len(style.COLOURS) else style.COLOURS[i]


def _best(valid: np.ndarray) -> list[int]:
    """Return the models valid for longest in the median, best first; valid is (members, models)."""
    return np.argsort(-np.median(valid, axis=0), kind="stable")[:LEARNERS].tolist()


def _distribution(axes: Axes, names: tuple[str, ...], valid: np.ndarray, horizon: float) -> None:
    """Draw each member's valid time, model by model, with the median as a bar."""
    shown = np.maximum(valid, LEAST)
    spread = np.linspace(-0.25, 0.25, len(shown)) if len(shown) > 1 else np.zeros(1)
    for i in range(len(names)):
        middle = float(np.median(shown[:, i]))
        axes.plot(np.sort(shown[:, i]), i + spread, "o", ms=2.2, color=_colour(i), alpha=0.7)
        axes.plot([middle, middle], [i - 0.38, i + 0.38], color="black", lw=1.6)
        axes.annotate(
            f"{np.median(valid[:, i]):.2f}", (1, i), (3, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", fontsize=8, annotation_clip=False,
        )  # fmt: skip
    axes.axvline(horizon, **style.BOUND)
    axes.set_xscale("log")
    axes.set_xlim(LEAST * 0.8, horizon * 1.25)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("valid time [periods]")
    axes.set_title("each system, and the median" if len(valid) > 1 else "")


def _against(
    axes: Axes, names: tuple[str, ...], valid: np.ndarray, rate: np.ndarray, seed: int
) -> None:
    """Draw valid times against the exponent, with the rank correlation of each model."""
    for i in _best(valid):
        text = names[i]
        if np.ptp(valid[:, i]) > 0 and np.ptp(rate) > 0:
            found = spearman(
                rate, valid[:, i], rng.generator(seed, "analysis", "forecasts", names[i])
            )
            text += f", ρ = {found.rho:.2f} ± {found.standard_error:.2f}, p = {found.p_value:.1g}"
        axes.plot(rate, np.maximum(valid[:, i], LEAST), "o", ms=2.6, color=_colour(i), label=text)
    line = np.geomspace(rate.min(), rate.max(), 50)
    for times in (1, 5):
        axes.plot(line, times / line, **style.BOUND)
        axes.annotate(
            f"{times} Lyapunov time" + "s" * (times > 1), (line[0], times / line[0]), (2, 2),
            textcoords="offset points", fontsize=7, color=style.GREY,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.05)
    axes.set_xlabel("largest exponent × period")
    axes.set_ylabel("valid time [periods]")
    axes.legend(loc="lower left", fontsize=8, bbox_to_anchor=(0, 1), borderaxespad=0.1)
    axes.set_title("")


def _growth(axes: Axes, measure: Measure) -> None:
    """Draw the error of each model over the lead time, where there are too few exponents."""
    for i, name in enumerate(measure.components):
        low = max(1e-6, 1e-3 * float(measure.value.max()))
        axes.plot(measure.axis, np.maximum(measure.value[:, i], low), color=_colour(i), label=name)
    axes.set_yscale("log")
    axes.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    axes.set_ylabel("error [standard deviations]")


def _example(axes: Axes, name: str, measure: Measure) -> None:
    truth, forecast = measure.extra["truth"], measure.extra["forecast"]
    axes.plot(measure.axis, truth, color="black", lw=2.0, alpha=0.5, label=f"{name}, what came")
    for i in _best(measure.extra["valid"][None]):
        axes.plot(
            measure.axis, forecast[:, i], color=_colour(i), lw=1.1, label=measure.components[i]
        )
    room = 0.5 * float(np.ptp(truth)) or 1.0
    axes.set_ylim(truth.min() - 0.3 * room, truth.max() + 0.9 * room)
    axes.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    axes.set_ylabel("first component")
    axes.legend(loc="upper left", ncols=4)


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw valid times of all models, the best of them against the exponent, and an example."""
    measure, _ = parts.first(file)
    each = list(file.members.items())
    for name in ("valid", "truth", "forecast"):
        parts.extra(file, name)
    valid = np.array([one.extra["valid"] for _, one in each])
    rates = np.array([float(one.extra.get("rate", np.nan)) for _, one in each])
    rows: Any = canvas.subfigures(2, 1, height_ratios=(1.5, 1))
    top, bottom = rows
    left, right = top.subplots(ncols=2)
    _distribution(left, measure.components, valid, float(measure.axis[-1]))
    known = np.isfinite(rates)
    if known.sum() >= PAIRS:
        _against(right, measure.components, valid[known], rates[known], file.seed)
    else:
        _growth(right, measure)
    middle = int(np.argsort(np.median(valid, axis=1), kind="stable")[len(each) // 2])
    _example(bottom.subplots(), *each[middle])
    style.headline(canvas, "How long forecasts from a system's own past are valid", file)
    style.footnote(canvas, measure.convention)
