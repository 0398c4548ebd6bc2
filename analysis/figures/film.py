"""A film of a run: |psi| and its real and imaginary parts, frame by frame, as GIF or MP4.

The axes are drawn once by matplotlib; each frame only adds three lines to that picture.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageDraw, ImageFont

from analysis.figures import style
from core import command
from core.errors import ConfigError
from core.store import read_run, replacing

MOST = 200  # frames; a run with more is thinned
RATE = 25  # frames per second
FINE = 2  # lines are drawn on a picture this much larger, then averaged down
SUFFIXES = (".gif", ".mp4")


def _stage(x: np.ndarray, reach: float, heading: str) -> tuple[Image.Image, list[Axes]]:
    """Return the empty axes as a picture, and the axes that place points on it."""
    with style.context():
        figure, axes = style.new(6.4, 4.2, nrows=2, sharex=True)
        canvas = FigureCanvasAgg(figure)
        figure.set_dpi(100 * FINE)
        for panel, low, label in zip(axes, (0.0, -reach), ("|psi|", "Re, Im psi"), strict=True):
            panel.set(xlim=(x[0], x[-1]), ylim=(low, reach * 1.05))
            panel.set_ylabel(label)
        axes[1].plot([], [], color=style.COLOURS[1], label="Re psi")
        axes[1].plot([], [], color=style.COLOURS[2], label="Im psi")
        axes[1].legend(loc="upper right", ncols=2)
        axes[1].set_xlabel("x")
        style.title(axes[0], heading)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()), list(axes)


def _line(
    pen: ImageDraw.ImageDraw, axes: Axes, height: int, x: np.ndarray, y: np.ndarray, colour: str
) -> None:
    points = axes.transData.transform(np.stack([x, y], axis=-1))
    points[:, 1] = height - points[:, 1]
    pen.line([tuple(point) for point in points], fill=colour, width=2 * FINE, joint="curve")


def frames(time: np.ndarray, x: np.ndarray, psi: np.ndarray, heading: str) -> Iterator[Image.Image]:
    """Yield one picture per saved time.

    time (T,), x (n,), psi (T, n) complex
    """
    reach = float(np.abs(psi).max()) or 1.0
    empty, (upper, lower) = _stage(x, reach, heading)
    font = ImageFont.load_default(size=11 * FINE)
    for t, field in zip(time, psi, strict=True):
        picture = empty.copy()
        pen = ImageDraw.Draw(picture)
        _line(pen, upper, picture.height, x, np.abs(field), style.COLOURS[0])
        _line(pen, lower, picture.height, x, field.real, style.COLOURS[1])
        _line(pen, lower, picture.height, x, field.imag, style.COLOURS[2])
        pen.text((picture.width - 12 * FINE, 8 * FINE), f"t = {t:.2f}", "black", font, anchor="ra")
        yield picture.reduce(FINE)


def _gif(pictures: list[Image.Image], path: Path) -> None:
    """Write a GIF with the one palette of its middle picture."""
    palette = pictures[len(pictures) // 2].quantize(64)
    flat = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    flat[0].save(
        path, format="GIF", save_all=True, append_images=flat[1:], duration=1000 // RATE, loop=0
    )


def _mp4(pictures: list[Image.Image], path: Path) -> None:
    """Write an MP4 by ffmpeg."""
    width, height = (side // 2 * 2 for side in pictures[0].size)
    words = [
        "ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{width}x{height}", "-r", str(RATE), "-i", "-", "-pix_fmt", "yuv420p",
        "-f", "mp4", str(path),
    ]  # fmt: skip
    raw = b"".join(p.crop((0, 0, width, height)).tobytes() for p in pictures)
    done = subprocess.run(words, input=raw, capture_output=True)
    if done.returncode:
        raise ConfigError(f"ffmpeg: {done.stderr.decode(errors='replace').strip()[:200]}")


def animate(
    time: np.ndarray, x: np.ndarray, psi: np.ndarray, path: str | Path, heading: str = ""
) -> None:
    """Write a film of psi (T, n), as GIF or, where ffmpeg is installed, as MP4.

    Raises ConfigError for another suffix, or an MP4 without ffmpeg.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"-o: no films of kind '{path.suffix}'; use {' or '.join(SUFFIXES)}")
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ConfigError(f"{path}: MP4 needs ffmpeg, which is not installed; use .gif")
    step = -(-len(time) // MOST)
    pictures = list(frames(time[::step], x, psi[::step], heading))
    with replacing(path) as beside:
        (_gif if path.suffix == ".gif" else _mp4)(pictures, beside)


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m analysis.figures.film", description=__doc__)
    parser.add_argument("run", help="a run file that holds psi")
    parser.add_argument("-o", "--output", required=True, help="film.gif or film.mp4")
    arguments = parser.parse_args(argv)
    with read_run(arguments.run) as run:
        member = run.members[0]
        if "psi" not in member.fields:
            raise ConfigError(f"{arguments.run}: holds no psi to film")
        psi = member.fields["psi"][...]
        animate(member.time, member.coords["x"], psi, arguments.output, run.name)


if __name__ == "__main__":
    command.run(main)
