"""A film of particles in their box: discs coloured by what surrounds them, or by their heading.

The axes are drawn once by matplotlib; each frame paints discs in the colours of one palette.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from analysis.figures import style
from analysis.structure import disc_densities, hexatic_order
from core.errors import ConfigError
from core.store import Frame, Member, Run, frames

MOST = 61  # frames; a run with more is thinned
RATE = 12  # frames per second, unless asked otherwise
SHADES, GREYS = 24, 8  # of the colours and of what is written: the palette of the film
LEAST = 0.75  # pixels of a radius, so that no particle vanishes
WIDE = 5.4  # inches, of 100 pixels
NEAR = 2.5  # diameters: radius of the discs in which densities are taken


@dataclass(frozen=True)
class Colour:
    """What colours a particle: (frame, diameter) -> (N,), its name, its scale, its colour map."""

    of: Callable[[Frame, float], np.ndarray]
    label: str
    low: float
    high: float
    colours: str


def _density(frame: Frame, diameter: float) -> np.ndarray:
    radius = min(NEAR * diameter, float(np.min(frame.box)) / 2)
    return disc_densities(frame.position, frame.box, radius, frame.position) * (
        np.pi / 4 * diameter**2
    )


def _hexatic(frame: Frame, diameter: float) -> np.ndarray:
    return np.abs(hexatic_order(frame.position, frame.box))


def _heading(frame: Frame, diameter: float) -> np.ndarray:
    name = next((name for name in ("orientation", "active") if name in frame.elements), None)
    if name is None:
        raise ConfigError("colour: these particles have no heading; use density or hexatic")
    e = frame.elements[name]
    return np.mod(np.arctan2(e[:, 1], e[:, 0]), 2 * np.pi) / np.pi


COLOURS = {
    "density": Colour(_density, "local packing fraction", 0.0, 1.2, "viridis"),
    "hexatic": Colour(_hexatic, "local hexatic order |ψ₆|", 0.0, 1.0, "viridis"),
    "heading": Colour(_heading, "direction of the heading, in units of π", 0.0, 2.0, "hsv"),
}


def _palette(colours: str) -> Image.Image:
    """Return a picture whose palette has the shades of the colour map, then greys to white."""
    shades = matplotlib.colormaps[colours](np.linspace(0, 1, SHADES))[:, :3]
    greys = np.repeat(np.linspace(0, 1, GREYS)[:, None], 3, axis=1)
    picture = Image.new("P", (1, 1))
    picture.putpalette((255 * np.concatenate([shades, greys])).round().astype(int).ravel().tolist())
    return picture


def _flat(picture: Image.Image, palette: Image.Image) -> Image.Image:
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _stage(box: np.ndarray, heading: str, colour: Colour) -> tuple[Image.Image, Axes]:
    """Return the empty axes with their colour bar as a picture, and the axes."""
    tall = float(np.clip(box[1] / box[0], 0.25, 2.0))
    with style.context():
        figure = Figure(figsize=(WIDE, 0.75 + 0.78 * WIDE * tall), layout="constrained", dpi=100)
        axes = figure.subplots()
        canvas = FigureCanvasAgg(figure)
        axes.set(xlim=(0, box[0]), ylim=(0, box[1]), aspect="equal", xlabel="x", ylabel="y")
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(True)
        shades = matplotlib.colormaps[colour.colours].resampled(SHADES)
        scale = ScalarMappable(Normalize(colour.low, colour.high), shades)
        bar = figure.colorbar(scale, ax=axes, pad=0.02, aspect=30, shrink=0.9)
        bar.set_label(colour.label)
        axes.set_title(style.pretty(heading) or " ", loc="left")
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()), axes


def _discs(
    size: tuple[int, int], box: np.ndarray, x: np.ndarray, width: np.ndarray, shade: np.ndarray
) -> Image.Image:
    """Return the particles (N, 2) of widths (N,) as a picture of the whole box.

    Each paints the pixels whose middles it covers, those beyond an edge at the other side; shade
    (N,) counts in the palette.
    """
    scale = np.array(size) / box
    middle = x * scale
    middle[:, 1] = size[1] - middle[:, 1]
    half = np.maximum(0.5 * width[:, None] * scale, LEAST)
    reach = int(np.ceil(half.max()))
    pixel = np.floor(middle).astype(int)[:, :, None] + np.arange(-reach, reach + 1)
    apart = ((pixel + 0.5 - middle[:, :, None]) / half[:, :, None]) ** 2
    who, column, row = np.nonzero(apart[:, 0, :, None] + apart[:, 1, None, :] <= 1)
    painted = np.full(size[::-1], SHADES + GREYS - 1, dtype=np.uint8)
    rows, columns = pixel[who, 1, row] % size[1], pixel[who, 0, column] % size[0]
    painted[rows, columns] = shade[who]
    return Image.frombytes("P", size, painted.tobytes())


def pictures(
    some: Iterator[Frame], box: np.ndarray, diameter: float, heading: str, name: str
) -> Iterator[Image.Image]:
    """Yield one picture for each frame, all of one palette.

    box       (2,) edges, periodic
    diameter  of a particle, where a frame does not hold its own
    name      of the colour: density, hexatic or heading
    """
    colour = COLOURS[name]
    empty, axes = _stage(box, heading, colour)
    palette = _palette(colour.colours)
    paper = _flat(empty, palette)
    low, high = axes.transData.transform(np.stack([np.zeros(2), box]))
    left, right = round(low[0]) + 1, round(high[0])
    top, bottom = round(empty.height - high[1]) + 1, round(empty.height - low[1])
    font = ImageFont.load_default(size=13)
    for frame in some:
        span = (colour.of(frame, diameter) - colour.low) / (colour.high - colour.low)
        shade = np.clip((span * SHADES).astype(int), 0, SHADES - 1)
        width = np.broadcast_to(frame.elements.get("diameter", diameter), shade.shape)
        place = np.mod(frame.position, box)
        picture = paper.copy()
        picture.paste(_discs((right - left, bottom - top), box, place, width, shade), (left, top))
        words = Image.new("RGB", (110, 20), "white")
        ImageDraw.Draw(words).text((109, 10), f"t = {frame.time:g}", "black", font, anchor="rm")
        picture.paste(_flat(words, palette), (right - 110, max(0, top - 22)))
        yield picture


def film(run: Run, member: Member, heading: str, colour: str | None) -> list[Image.Image]:
    """Return the pictures of a run of particles.

    colour  density, hexatic or heading; what the run asks for if not given, density if it does not

    Raises ConfigError for an unknown colour, or particles that are not in a box of the plane.
    """
    name = colour or str(run.params.get("animate") or "density")
    if name not in COLOURS:
        raise ConfigError(f"--colour: no '{name}'; use {', '.join(COLOURS)}")
    first = next(frames(member, 0))
    box = np.asarray(first.box, dtype=float)
    if box.size != 2 or not np.isfinite(box).all():
        raise ConfigError(f"{run.path}: films are of particles in a periodic box in the plane")
    about: dict[str, Any] = run.params.get("interaction") or {}
    step = -(-len(member.time) // MOST)
    some = (next(frames(member, at)) for at in range(0, len(member.time), step))
    return list(pictures(some, box, float(about.get("diameter") or 1.0), heading, name))


def save_gif(made: list[Image.Image], path: Path, rate: int) -> None:
    """Write a GIF of pictures of one palette."""
    made[0].save(
        path, format="GIF", save_all=True, append_images=made[1:], duration=1000 // rate, loop=0
    )
