"""How all figures look: sizes, colours, words, and how they are saved."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import LogLocator, NullLocator

from core.store import MeasureFile, replacing

# Okabe & Ito's palette, told apart by all kinds of colour vision (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#767676"
EXACT: dict[str, Any] = {"color": "black", "linestyle": (0, (4, 3)), "linewidth": 1.0}
BOUND: dict[str, Any] = {"color": GREY, "linestyle": (0, (1, 2)), "linewidth": 1.0}
WIDTH = 7.0  # inches of every figure, so that text has one size in all of them
DPI = 200  # of PNG, and of what is rasterised inside SVG and PDF
RC: Any = {
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],  # a browser has one
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.xmargin": 0,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "image.cmap": "viridis",
    "figure.titlesize": 10,
    "svg.hashsalt": "entroflow",
    "svg.fonttype": "none",
    "axes.formatter.useoffset": False,
}
# Parameters that tell runs apart, then those that tell how well they are computed.
PHYSICS = (
    "amplitude", "amplitudes", "velocity", "velocities", "a", "order", "wavenumber", "noise",
    "width", "dispersion", "nonlinearity", "trajectories", "samples", "points_per_period",
    "transient", "model", "particles", "packing_fraction", "self_propulsion_speed",
    "rotational_diffusivity", "translational_diffusivity", "persistence_rate",
    "tumble_rate", "chirality",
)  # fmt: skip
NUMERICS = ("n", "length", "integrator", "rtol", "dealias", "filter", "time_step")
PLAIN: dict[str, Any] = {
    "trajectories": 1,
    "dispersion": 1.0,
    "nonlinearity": 1.0,
    "velocity": 0.0,
    "dealias": "none",
    "translational_diffusivity": 0.0,
    "chirality": 0.0,
}
PLAIN["filter"] = "none"  # values that go without saying
SIGNS = (
    ("psi_6", "ψ₆"),
    (r"\bg_6\b", "g₆"),
    (r"\bv_0\b", "v₀"),
    (r"\bmu\b", "μ"),
    (r"\brho\b", "ρ"),
    (r"\bGamma\b", "Γ"),
    ("psi_hat", "ψ\u0302"),
    (r"\bpsi\b", "ψ"),
    (r"\bkappa\b", "κ"),
    (r"\^2", "²"),
)


def context() -> Any:
    """Return the context in which figures are drawn and saved."""
    return matplotlib.rc_context(RC)


def pretty(text: str) -> str:
    """Return text with the signs that file attributes spell out: |psi|^2 becomes |ψ|²."""
    for plain, sign in SIGNS:
        text = re.sub(plain, sign, text)
    return text


def label(text: str, units: str) -> str:
    """Return an axis label; a dimensionless quantity has no bracket."""
    text = pretty(text)
    return text if units in ("", "1") else f"{text} [{units}]"


def _value(value: Any) -> str | None:
    """Return a parameter as text, None where it says nothing or too much."""
    if value is None or isinstance(value, Mapping | bool):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        parts = [_value(v) for v in value]
        return None if None in parts else f"({', '.join(str(p) for p in parts)})"
    return f"{value:.6g}"


def _listed(params: Mapping[str, Any], keys: Sequence[str]) -> str:
    shown = []
    for key in keys:
        text = _value(params.get(key))
        if text is not None and params[key] != PLAIN.get(key):
            shown.append(f"{key} = {text}" if len(key) == 1 else f"{key.replace('_', ' ')} {text}")
    return ", ".join(shown)


def _numerics(file: MeasureFile) -> dict[str, Any]:
    """Return the parameters with what moved the members, where they say it; maps have no error."""
    moved = [str(name) for name in np.atleast_1d(file.attrs.get("integrators", ()))]
    if not moved:
        return file.params
    exact = all(name.startswith("iteration") for name in moved)
    return {**file.params, "integrator": ", ".join(moved)} | ({"rtol": None} if exact else {})


def about(file: MeasureFile) -> str:
    """Return the run in two lines: name, case and physics; numerics, members and seed."""
    params = _numerics(file)
    known = any(key in params for key in PHYSICS)
    physics = _listed(params, PHYSICS if known else [k for k in params if k not in NUMERICS][:6])
    case = str(params.get("case", file.simulator)).replace("_", " ")
    name = file.run_name.replace("_", " ")
    head = name if name == case else f"{name} ({case})"
    count = f"{len(file.members)} members" if len(file.members) > 1 else ""
    rest = ", ".join(
        part for part in (_listed(params, NUMERICS), count, f"seed {file.seed}") if part
    )
    return f"{head}: {physics}\n{rest}" if physics else f"{head}\n{rest}"


def headline(canvas: FigureBase, text: str, file: MeasureFile) -> None:
    """Set the title: what is shown, of which run, computed how; long lines are folded."""
    lines = [pretty(text), *pretty(about(file)).split("\n")]
    folded = [part for line in lines for part in textwrap.wrap(line, 100)]
    canvas.suptitle("\n".join(folded), x=0.01, ha="left", linespacing=1.35)


def footnote(canvas: FigureBase, text: str) -> None:
    """Set the convention of a measure below its axes, small."""
    folded = "\n".join(textwrap.wrap(pretty(text), 110))
    canvas.supxlabel(folded, x=0.01, ha="left", fontsize=8, color=GREY, linespacing=1.3)


def logarithmic(axes: Axes, low: float, high: float) -> None:
    """Make the value axis logarithmic from low to high, with few enough ticks to read."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())


def beside(axes: Axes, y: float, text: str, colour: str = GREY) -> None:
    """Name a horizontal line at its right end, outside the data."""
    axes.annotate(
        text, (1, y), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        va="center", fontsize=8, color=colour, annotation_clip=False,
    )  # fmt: skip


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG, PNG or PDF by suffix; the same figure gives the same bytes."""
    path = Path(path)
    kind = path.suffix.lstrip(".") or "svg"
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with context(), replacing(path) as beside_path:
        figure.savefig(beside_path, format=kind, dpi=DPI, metadata=dates)
