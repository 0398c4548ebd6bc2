"""Maps: a field over space and time, and its spectrum over wavenumber and time."""

import zlib

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import Measure, MeasureFile

WIDEST, TALLEST = 900, 500  # points of a map; more cannot be seen at its printed size
ROUGHEST = 85_000  # bytes of a map packed in 256 colours; a figure is about five times that
DEEPEST = 1e-32  # of the largest power: below is rounding
SPARSE = 40  # modes in sight that are also marked


def _coarse(file: MeasureFile, measure: Measure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (value, second, axis), no finer than a picture shows."""
    second = parts.need(file, "second", measure.second)
    value, second = parts.coarse(measure.value, second, WIDEST, 1)
    value, axis = parts.coarse(value, measure.axis, TALLEST, 0)
    return value, second, axis


def _packed(value: np.ndarray) -> int:
    """Return the bytes of a map in 256 colours when packed, which tells how rough it is."""
    low, high = float(value.min()), float(value.max())
    colours = (value - low) * (255 / (high - low or 1.0))
    return len(zlib.compress(colours.astype(np.uint8).tobytes(), 1))


def _smaller(value: np.ndarray, x: np.ndarray, t: np.ndarray) -> tuple:
    """Return a map coarse enough for a small file; only noise needs that."""
    ratio = ROUGHEST / _packed(value)
    if ratio < 1:
        value, x = parts.coarse(value, x, max(1, int(len(x) * ratio**0.5)), 1)
        value, t = parts.coarse(value, t, max(1, int(len(t) * ratio**0.5)), 0)
    return value, x, t


def _name(axes: Axes, measure: Measure) -> None:
    axes.grid(False)
    axes.set_xlabel(style.label(measure.second_label, measure.second_units))
    axes.set_ylabel(style.label(measure.axis_label, measure.axis_units))


def field_height(file: MeasureFile) -> float:
    """Return the inches that `field` asks for."""
    return 4.4


def field(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw a field over space (across) and time (upwards); one of two signs around white."""
    measure, which = parts.first(file)
    value, x, t = _smaller(*_coarse(file, measure))
    axes = canvas.subplots()
    low, high = float(value.min()), float(value.max())
    if low < 0:
        colours, norm = "RdBu_r", Normalize(-max(-low, high), max(-low, high))
    else:
        colours, norm = "viridis", Normalize(0, high or 1.0)
    image = axes.pcolormesh(
        x, t, value, shading="nearest", rasterized=True, cmap=colours, norm=norm
    )
    bar = canvas.colorbar(image, ax=axes, pad=0.02, aspect=30)
    bar.set_label(style.label(measure.label, measure.units))
    _name(axes, measure)
    style.headline(canvas, f"{measure.label} over space and time{which}", file)


def spectrum_height(file: MeasureFile) -> float:
    """Return the inches that `spectrum` asks for."""
    return 3.9


def spectrum(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw a spectrum over time as a map, and at the first, middle and last frame."""
    measure, which = parts.first(file)
    value, k, t = _coarse(file, measure)
    top = float(value.max()) or 1.0
    floor = top * DEEPEST
    left, right = canvas.subplots(ncols=2, width_ratios=(1.25, 1))
    image = left.pcolormesh(
        k, t, np.maximum(value, floor), norm=LogNorm(floor, top), shading="nearest", rasterized=True
    )
    bar = canvas.colorbar(image, ax=left, pad=0.02, aspect=30)
    bar.minorticks_off()
    bar.set_label(style.label(measure.label, measure.units))
    _name(left, measure)
    second = parts.need(file, "second", measure.second)
    seen = np.abs(second[(measure.value > 1e3 * floor).any(axis=0)])
    edge = 1.1 * float(seen.max(initial=0)) or float(np.abs(second).max())
    edge = min(edge, float(np.abs(second).max()))
    mark = "o" if np.count_nonzero(np.abs(second) <= edge) <= SPARSE else ""
    for i, row in enumerate((0, len(measure.axis) // 2, len(measure.axis) - 1)):
        line = np.where(measure.value[row] > floor, measure.value[row], np.nan)
        name = f"{style.pretty(measure.axis_label)} = {measure.axis[row]:g}"
        right.plot(
            second,
            line,
            color=style.COLOURS[i],
            lw=1.1,
            marker=mark,
            ms=3,
            zorder=4 - i,
            label=name,
        )
    style.logarithmic(right, floor, top * 1e6)
    right.yaxis.tick_right()
    right.spines[["left", "right"]].set_visible([False, True])
    for axes in (left, right):
        axes.set_xlim(-edge, edge)
    right.legend(loc="upper center", ncols=3, columnspacing=0.8, handlelength=1, borderpad=0)
    right.set_xlabel(style.label(measure.second_label, measure.second_units))
    style.headline(canvas, f"Spectrum over time{which}", file)
