"""A film of a run: |psi| and its real and imaginary parts, or particles, as GIF or MP4.

The axes are drawn once by matplotlib; each frame only adds lines to that picture. Particles are
drawn by `swarm_film`.
"""

import argparse
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor, ImageDraw, ImageFont

from analysis.figures import style
from core import command
from core.errors import ConfigError, NumericsError
from core.store import OutputError, Run, read_run, replacing

MOST = 200  # frames; a run with more is thinned
RATE = 25  # frames per second, unless asked otherwise
FINE = 2  # lines are drawn on a picture this much larger, then averaged down
DASH = 12 * FINE  # pixels of a dash and of the gap after it
SHADES = 16  # of each line against white
SUFFIXES = (".gif", ".mp4")
MODULUS, REAL, IMAGINARY = style.COLOURS[0], style.COLOURS[1], style.COLOURS[2]


def _stage(
    x: np.ndarray, reach: float, heading: str, exact: bool
) -> tuple[Image.Image, tuple[Axes, Axes]]:
    """Return the empty axes as a picture, and the axes that place points on it."""
    with style.context():
        figure = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=100 * FINE)
        upper, lower = figure.subplots(nrows=2, sharex=True)
        canvas = FigureCanvasAgg(figure)
        upper.set(xlim=(x[0], x[-1]), ylim=(0, 1.25 * reach), ylabel="|ψ|")
        lower.set(ylim=(-1.05 * reach, 1.5 * reach), xlabel="x", ylabel="Re ψ, Im ψ")
        upper.plot([], [], color=MODULUS, label="computed")
        if exact:
            upper.plot([], [], label="exact", **style.EXACT)
            upper.legend(loc="upper right", ncols=2)
        lower.plot([], [], color=REAL, label="Re ψ")
        lower.plot([], [], color=IMAGINARY, label="Im ψ")
        lower.legend(loc="upper right", ncols=2)
        figure.align_ylabels()
        upper.set_title(style.pretty(heading) or " ", loc="left")
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()), (upper, lower)


def _points(axes: Axes, height: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the pixels (n, 2) of a curve."""
    points = axes.transData.transform(np.stack([x, y], axis=-1))
    points[:, 1] = height - points[:, 1]
    return points


def _line(pen: ImageDraw.ImageDraw, points: np.ndarray, colour: str) -> None:
    pen.line(points.ravel().tolist(), fill=colour, width=2 * FINE, joint="curve")


def _dashed(pen: ImageDraw.ImageDraw, points: np.ndarray) -> None:
    """Draw a black dashed curve: every other stretch of DASH pixels along it."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    fine = np.arange(0, along[-1], DASH / 4)
    dense = np.stack([np.interp(fine, along, column) for column in points.T], axis=-1)
    for start in range(0, len(dense) - 1, 8):
        pen.line(dense[start : start + 5].ravel().tolist(), fill="black", width=FINE)


def frames(
    time: np.ndarray,
    x: np.ndarray,
    psi: np.ndarray,
    heading: str,
    exact: np.ndarray | None = None,
) -> Iterator[Image.Image]:
    """Yield one picture per saved time.

    time (T,), x (n,), psi (T, n) complex, exact as psi or None
    """
    reach = float(np.abs(psi).max()) or 1.0
    empty, (upper, lower) = _stage(x, reach, heading, exact is not None)
    font = ImageFont.load_default(size=11 * FINE)
    height = empty.height
    corner = (empty.width - 12 * FINE, 6 * FINE)
    for row, (t, field) in enumerate(zip(time, psi, strict=True)):
        picture = empty.copy()
        pen = ImageDraw.Draw(picture)
        _line(pen, _points(upper, height, x, np.abs(field)), MODULUS)
        if exact is not None:
            _dashed(pen, _points(upper, height, x, np.abs(exact[row])))
        _line(pen, _points(lower, height, x, field.real), REAL)
        _line(pen, _points(lower, height, x, field.imag), IMAGINARY)
        pen.text(corner, f"t = {t:.2f}", "black", font, anchor="ra")
        yield picture.reduce(FINE)


def _palette() -> Image.Image:
    """Return a picture whose palette has the lines' colours in shades down to pure white."""
    ramp = np.linspace(0, 1, SHADES)[:, None]
    lines = [ImageColor.getrgb(colour) for colour in (MODULUS, REAL, IMAGINARY, "black")]
    shades = np.concatenate([np.array(line) * (1 - ramp) + 255 * ramp for line in lines])
    picture = Image.new("P", (1, 1))
    picture.putpalette(shades.round().astype(int).ravel().tolist())
    return picture


def _gif(pictures: list[Image.Image], path: Path, rate: int) -> None:
    """Write a GIF, all pictures in one palette."""
    palette = _palette()
    flat = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    flat[0].save(
        path, format="GIF", save_all=True, append_images=flat[1:], duration=1000 // rate, loop=0
    )


def _mp4(pictures: list[Image.Image], path: Path, rate: int) -> None:
    """Write an MP4 by ffmpeg."""
    width, height = (side // 2 * 2 for side in pictures[0].size)
    words = [
        "ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{width}x{height}", "-r", str(rate), "-i", "-", "-pix_fmt", "yuv420p",
        "-f", "mp4", str(path),
    ]  # fmt: skip
    raw = b"".join(p.crop((0, 0, width, height)).tobytes() for p in pictures)
    done = subprocess.run(words, input=raw, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[:200]
        raise OutputError(f"{path}: ffmpeg failed ({said}); use .gif")


def _checked(path: str | Path, fps: int) -> Path:
    """Return the path of a film, or raise ConfigError for one that cannot be made."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"-o: no films of kind '{path.suffix}'; use {' or '.join(SUFFIXES)}")
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ConfigError(f"{path}: MP4 needs ffmpeg, which is not installed; use .gif")
    if not 1 <= fps <= 50:
        raise ConfigError(f"fps: must be from 1 to 50, got {fps}; 25 is a good choice")
    return path


def animate(
    time: np.ndarray,
    x: np.ndarray,
    psi: np.ndarray,
    path: str | Path,
    heading: str = "",
    *,
    exact: np.ndarray | None = None,
    fps: int = RATE,
) -> None:
    """Write a film of psi (T, n), as GIF or, where ffmpeg is installed, as MP4.

    exact  (T, n), drawn dashed; fps  frames per second, 1 to 50

    Raises ConfigError for another suffix or rate, or an MP4 without ffmpeg; NumericsError for a
    field that is not finite.
    """
    path = _checked(path, fps)
    finite = np.isfinite(psi).all(axis=-1)
    if not finite.all():
        raise NumericsError(f"{path}: psi is not finite at t = {time[~finite][0]:g}")
    step = -(-len(time) // MOST)
    thin = None if exact is None else exact[::step]
    pictures = list(frames(time[::step], x, psi[::step], heading, thin))
    with replacing(path) as beside:
        (_gif if path.suffix == ".gif" else _mp4)(pictures, beside, fps)


def _particles(run: Run, heading: str, arguments: argparse.Namespace) -> None:
    from analysis.figures import swarm_film

    rate = swarm_film.RATE if arguments.fps is None else arguments.fps
    path = _checked(arguments.output, rate)
    pictures = swarm_film.film(run, run.members[0], heading, arguments.colour)
    with replacing(path) as beside:
        if path.suffix == ".gif":
            swarm_film.save_gif(pictures, beside, rate)
        else:
            _mp4([picture.convert("RGB") for picture in pictures], beside, rate)


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m analysis.figures.film", description=__doc__)
    parser.add_argument("run", help="a run file that holds psi, or particles")
    parser.add_argument("-o", "--output", required=True, help="film.gif or film.mp4")
    parser.add_argument("--fps", type=int, help="frames per second")
    parser.add_argument("--colour", help="of particles: density, hexatic or heading")
    arguments = parser.parse_args(argv)
    with read_run(arguments.run) as run:
        member = run.members[0]
        heading = run.name.replace("_", " ")
        if len(run.members) > 1:
            heading += f", member {member.name} of {len(run.members)}"
        if "psi" not in member.fields and "position" in member.fields:
            _particles(run, heading, arguments)
            return
        if arguments.colour:
            raise ConfigError("--colour: is for runs of particles; remove it")
        if "psi" not in member.fields:
            raise ConfigError(f"{arguments.run}: holds no psi to film")
        psi = member.fields["psi"][...]
        exact = member.fields["psi_exact"][...] if "psi_exact" in member.fields else None
        fps = RATE if arguments.fps is None else arguments.fps
        animate(
            member.time, member.coords["x"], psi, arguments.output, heading, exact=exact, fps=fps
        )


if __name__ == "__main__":
    command.run(main)
