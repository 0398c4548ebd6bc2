"""Pictures of the field itself: over space and time, over wavenumber, in the complex plane."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from analysis.figures import style
from core.store import Measure, MeasureFile

WIDEST, TALLEST = 900, 500  # points of a map; more cannot be seen at its printed size


def _first(file: MeasureFile) -> tuple[Measure, str]:
    """Return the first member, and what to say if there are more."""
    name, measure = next(iter(file.members.items()))
    return measure, f", member {name}" if len(file.members) > 1 else ""


def _thin(values: np.ndarray, axis: np.ndarray, most: int, along: int) -> tuple:
    """Return every k-th value along an axis, so that at most `most` stay."""
    step = -(-len(axis) // most)
    return np.take(values, np.arange(0, len(axis), step), axis=along), axis[::step]


def _map(measure: Measure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (value, second, axis) thinned to what a picture shows."""
    assert measure.second is not None  # maps have a second axis: the measure's promise
    value, second = _thin(measure.value, measure.second, WIDEST, 1)
    value, axis = _thin(value, measure.axis, TALLEST, 0)
    return value, second, axis


def space_time(file: MeasureFile) -> Figure:
    """Return |psi| over space (across) and time (upwards)."""
    measure, which = _first(file)
    value, x, t = _map(measure)
    figure, axes = style.new(6.4, 4.0)
    image = axes.pcolormesh(x, t, value, shading="nearest", rasterized=True, vmin=0)
    axes.grid(False)
    figure.colorbar(image, ax=axes, label=style.label(measure.label, measure.units), pad=0.02)
    axes.set_xlabel(style.label(measure.second_label, measure.second_units))
    axes.set_ylabel(style.label(measure.axis_label, measure.axis_units))
    style.title(axes, f"{measure.label} over space and time{which}\n{style.about(file)}")
    return figure


def spectrum(file: MeasureFile) -> Figure:
    """Return the spectrum over time as a map, and at the first, middle and last frame."""
    measure, which = _first(file)
    value, k, t = _map(measure)
    floor = float(value.max()) * 1e-32
    figure, (left, right) = style.new(7.6, 3.4, ncols=2, width_ratios=(1.15, 1))
    norm = LogNorm(vmin=max(floor, 1e-34), vmax=float(value.max()))
    image = left.pcolormesh(
        k, t, np.maximum(value, floor), norm=norm, shading="nearest", rasterized=True
    )
    left.grid(False)
    figure.colorbar(image, ax=left, label=style.label(measure.label, measure.units), pad=0.02)
    left.set_xlabel(style.label(measure.second_label, measure.second_units))
    left.set_ylabel(style.label(measure.axis_label, measure.axis_units))
    assert measure.second is not None
    for i, row in enumerate((0, len(measure.axis) // 2, len(measure.axis) - 1)):
        right.plot(
            measure.second,
            np.maximum(measure.value[row], floor),
            color=style.COLOURS[i],
            lw=1.1,
            label=f"t = {measure.axis[row]:g}",
        )
    right.set_yscale("log")
    right.set_ylim(floor, float(value.max()) * 1e5)
    seen = np.abs(measure.second[(measure.value > 1e3 * floor).any(axis=0)])
    edge = min(1.1 * float(seen.max()), float(np.abs(measure.second).max()))
    for panel in (left, right):
        panel.set_xlim(-edge, edge)
    right.legend(loc="upper right", ncols=3, columnspacing=1.0, handlelength=1.2)
    right.set_xlabel(style.label(measure.second_label, measure.second_units))
    style.title(left, f"Spectrum over time{which}\n{style.about(file)}")
    return figure


def phase_space(file: MeasureFile) -> Figure:
    """Return one frame's points in the complex plane, and the coherence over time."""
    measure, which = _first(file)
    figure, (left, right) = style.new(7.6, 3.3, ncols=2, width_ratios=(1, 1.25))
    extra = measure.extra
    points = left.scatter(
        extra["re"], extra["im"], c=extra["modulus"], s=5, linewidths=0, rasterized=True
    )
    figure.colorbar(points, ax=left, label="|psi|", pad=0.02)
    reach = float(extra["modulus"].max()) * 1.1
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    left.set(xlabel="Re psi", ylabel="Im psi")
    style.title(left, f"Phase space at t = {extra['frame_time'][0]:g}{which}\n{style.about(file)}")
    for i, name in enumerate(measure.components):
        right.plot(measure.axis, measure.value[:, i], color=style.COLOURS[i], label=name)
    right.set_ylim(0, max(1.0, float(measure.value.max())) * 1.2)
    right.margins(x=0)
    right.legend(loc="upper right", ncols=2)
    right.set_xlabel(style.label(measure.axis_label, measure.axis_units))
    return figure
