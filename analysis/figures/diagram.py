"""The phase diagram: runs of a sweep by packing fraction and Péclet number, with their binodals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

NAMED = 1.25  # of the range of Péclet numbers: a logarithmic axis beyond tenfold
TENFOLD = 10.0


def height(file: MeasureFile) -> float:
    """Return the inches that one diagram asks for."""
    return 4.6


def peclet(params: dict[str, Any]) -> float:
    """Return v_0 over diameter and forgetting rate; the length of persistence in diameters."""
    model, d = params.get("model", "abp"), int(params.get("dimension") or 2)
    rate = {
        "aoup": float(params.get("persistence_rate") or 0.0),
        "rtp": float(params.get("tumble_rate") or 0.0)
        + (d - 1) * float(params.get("rotational_diffusivity") or 0.0),
    }.get(model, (d - 1) * float(params.get("rotational_diffusivity") or 0.0))
    diameter = float((params.get("interaction") or {}).get("diameter") or 1.0)
    speed = 0.0 if model == "passive" else float(params.get("self_propulsion_speed") or 0.0)
    return speed / (rate * diameter) if rate > 0 else 0.0


def _shown(file: MeasureFile) -> Measure:
    return file.mean if file.mean is not None else parts.first(file)[0]


def _binodals(axes: Axes, runs: list[tuple[float, Measure]]) -> None:
    """Draw both densities of each run that has separated, joined along the Péclet number."""
    found: dict[float, list[np.ndarray]] = {}
    for pe, measure in runs:
        gas, dense, separated = measure.value[0, :3]
        if separated >= 0.5:
            found.setdefault(pe, []).append(np.array([gas, dense]))
    heights = sorted(found)
    means = np.array([np.mean(found[pe], axis=0) for pe in heights])
    for i, name in enumerate(("gas", "dense phase")):
        for pe in heights:
            if i == 0:
                axes.plot(means[heights.index(pe)], [pe, pe], color=style.GREY, lw=0.6, zorder=1)
            each = np.array(found[pe])[:, i]
            axes.plot(each, np.full(len(each), pe), "_", color=style.COLOURS[1 + i], ms=9, mew=1.6)
        if heights:
            axes.plot(
                means[:, i], heights, "-", color=style.COLOURS[1 + i], lw=1.2,
                label=f"binodal, {name}",
            )  # fmt: skip


def draw(files: Sequence[MeasureFile], canvas: FigureBase) -> None:
    """Draw a point for each run, coloured by its largest cluster, filled where it has separated."""
    runs = [(peclet(file.params), _shown(file)) for file in files]
    axes = canvas.subplots()
    _binodals(axes, runs)
    norm, drawn = Normalize(0, 1), None
    for separated, mark, name in ((True, "o", "two phases"), (False, "s", "one phase")):
        some = [(pe, m) for pe, m in runs if (m.value[0, 2] >= 0.5) == separated]
        if some:
            drawn = axes.scatter(
                [m.value[0, 4] for _, m in some], [pe for pe, _ in some],
                c=[m.value[0, 3] for _, m in some], norm=norm, marker=mark, s=60,
                edgecolors="black", linewidths=1.2 if separated else 0.5, label=name, zorder=4,
            )  # fmt: skip
    if drawn is not None:
        bar = canvas.colorbar(drawn, ax=axes, pad=0.02, aspect=30)
        bar.set_label("largest cluster, part of the particles")
    numbers = np.array([pe for pe, _ in runs])
    positive = numbers[numbers > 0]
    if positive.size == numbers.size and numbers.max() > TENFOLD * numbers.min():
        axes.set_yscale("log")
        axes.set_ylim(numbers.min() / NAMED, numbers.max() * NAMED**3)
    else:
        room = 0.12 * (np.ptp(numbers) or max(numbers.max(), 1.0))
        axes.set_ylim(max(0.0, numbers.min() - room), numbers.max() + 2.2 * room)
    axes.set_xlim(0, max(1.0, 1.05 * max(float(m.value[0, [1, 4]].max()) for _, m in runs)))
    axes.set_xlabel("packing fraction")
    axes.set_ylabel("Péclet number v₀/(Γσ)")
    axes.legend(loc="upper left", ncols=4, columnspacing=1.0, handletextpad=0.4)
    measure = parts.first(files[0])[0]
    if len(files) == 1:
        style.headline(canvas, "Phases", files[0])
    else:
        names = sorted({file.run_name.split("/")[0].replace("_", " ") for file in files})
        text = f"Phase diagram of {', '.join(names)}: {len(files)} runs"
        canvas.suptitle(text, x=0.01, ha="left")
    style.footnote(canvas, f"{measure.convention}; Γ is the rate at which the heading forgets")


def single(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the diagram of one run alone."""
    draw([file], canvas)
