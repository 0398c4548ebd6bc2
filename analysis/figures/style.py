"""How all figures look: sizes, colours, labels, and how they are saved."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core.store import MeasureFile, replacing

# Okabe & Ito's palette, told apart by all kinds of colour vision (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
EXACT = {"color": "black", "linestyle": (0, (4, 3)), "linewidth": 1.0}
RC: Any = {
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "image.cmap": "viridis",
    "svg.hashsalt": "entroflow",
    "svg.fonttype": "none",
    "axes.formatter.useoffset": False,
}
KEYS = ("amplitude", "velocity", "amplitudes", "velocities", "a", "order", "wavenumber", "noise")
DPI = 200


def context() -> Any:
    """Return the context in which figures are drawn and saved."""
    return matplotlib.rc_context(RC)


def new(width: float = 6.4, height: float = 3.4, **grid: Any) -> tuple[Figure, Any]:
    """Return a figure with its axes in the house style."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**grid)


def label(text: str, units: str) -> str:
    """Return an axis label; a dimensionless quantity has no bracket."""
    return text if units in ("", "1") else f"{text} [{units}]"


def about(file: MeasureFile) -> str:
    """Return the run in a few words: its name, case and what it is made of."""
    params = file.params
    shown = []
    for key in KEYS:
        value = params.get(key)
        if value not in (None, 0, 0.0):
            if isinstance(value, list | tuple):
                text = "(" + ", ".join(f"{v:g}" for v in value) + ")"
            else:
                text = f"{value:g}"
            shown.append(f"{key} {text}")
    count = len(file.members)
    if count > 1:
        shown.append(f"{count} members")
    case = str(params.get("case", file.simulator)).replace("_", " ")
    name = file.run_name.replace("_", " ")
    head = name if name == case else f"{name} ({case})"
    return f"{head}: {', '.join(shown)}" if shown else head


def title(axes: Axes, text: str) -> None:
    """Set the title, at the left."""
    axes.set_title(text, loc="left")


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG, PNG or PDF by suffix; the same figure gives the same bytes."""
    path = Path(path)
    kind = path.suffix.lstrip(".") or "svg"
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with context(), replacing(path) as beside:
        figure.savefig(beside, format=kind, dpi=DPI, metadata=dates)
