"""Figures: a measure file in, a matplotlib Figure out. No pyplot, no file, no global state."""

from collections.abc import Callable

from matplotlib.figure import Figure

from analysis.figures import curves, fields, style, tables
from core.errors import SchemaError
from core.registry import nearest
from core.store import MeasureFile

KINDS: dict[str, Callable[[MeasureFile], Figure]] = {
    "curves": curves.over_time,
    "drift": curves.drift,
    "error": curves.error,
    "growth": curves.growth,
    "map": fields.space_time,
    "spectrum_map": fields.spectrum,
    "phase": fields.phase_space,
    "table": tables.against_exact,
}

__all__ = ["KINDS", "draw"]


def draw(file: MeasureFile) -> Figure:
    """Return the picture that a measure asks for.

    Raises SchemaError if it asks for a kind that does not exist.
    """
    kind = next(iter(file.members.values())).figure
    if kind not in KINDS:
        raise SchemaError(f"{file.path}: no figure of kind '{kind}'{nearest(kind, KINDS)}")
    with style.context():
        return KINDS[kind](file)
