"""A frame of particles: a disc for each, coloured by what its surroundings are."""

import math

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import FigureBase

from analysis.figures import parts, style
from core.store import MeasureFile

WIDE = 5.2  # inches of the picture
LEAST = 0.35  # of a point: discs are drawn no smaller


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for: the window's shape, with room for words."""
    (low, high) = parts.extra(file, "window")
    side = high - low
    return 1.0 + WIDE * float(np.clip(side[1] / side[0], 0.25, 1.2))


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the particles in their box; those that reach over an edge come in at the other."""
    measure, which = parts.first(file)
    (low, high), diameter = parts.extra(file, "window"), parts.extra(file, "diameter")
    (time,) = parts.extra(file, "time")
    x, y, shade = measure.value.T
    axes = canvas.subplots()
    side = high - low
    size = np.maximum(diameter, LEAST / 72 / WIDE * float(side[0])) * np.ones(len(x))
    order = np.argsort(shade, kind="stable")
    places, sizes = [np.column_stack([x, y])[order]], [size[order]]
    colours = [shade[order]]
    for move in ((1, 0), (-1, 0), (0, 1), (0, -1)):  # images that show at an edge
        other = places[0] + np.array(move) * side
        reach = size[order][:, None] / 2
        near = ((other > low - reach) & (other < high + reach)).all(axis=1)
        places.append(other[near])
        sizes.append(size[order][near])
        colours.append(shade[order][near])
    if shade.min() > 0 and shade.max() > 100 * shade.min():
        norm: Normalize = LogNorm(float(shade.min()), float(shade.max()))
    else:
        norm = Normalize(
            min(float(shade.min()), 0.0),
            max(float(shade.max()), 1.0 if "psi_6" in measure.label else 0.0),
        )
    wide = np.concatenate(sizes)
    discs = EllipseCollection(
        wide, wide, 0.0, units="xy", offsets=np.concatenate(places),
        transOffset=axes.transData, linewidths=0, cmap="viridis", norm=norm, rasterized=True,
    )  # fmt: skip
    discs.set_array(np.concatenate(colours))
    axes.add_collection(discs)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xlabel="x", ylabel="y")
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
    bar = canvas.colorbar(discs, ax=axes, pad=0.02, aspect=30, shrink=0.9)
    bar.set_label(style.label(measure.label, measure.units))
    many = len(measure.axis)
    covered = math.pi / 4 * float((diameter * np.ones(many)) @ (diameter * np.ones(many)))
    covered /= float(side.prod())
    text = f"{many} particles at t = {time:g}, {covered:.2f} of the area covered{which}"
    style.headline(canvas, text, file)
