"""Figures: measure files in, a matplotlib Figure out. No pyplot, no file, no global state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure, FigureBase

from analysis.figures import (
    curves,
    diagram,
    distances,
    gallery,
    growth,
    maps,
    numbers,
    parts,
    phase,
    plane,
    scaling,
    section,
    style,
    tables,
)
from core.errors import SchemaError
from core.registry import nearest
from core.store import MeasureFile


@dataclass(frozen=True)
class Kind:
    """How a measure is drawn onto a canvas, and how many inches high that is.

    together  how several files of the kind share one canvas; None: one below the other
    """

    draw: Callable[[MeasureFile, FigureBase], None]
    height: Callable[[MeasureFile], float]
    together: Callable[[Sequence[MeasureFile], FigureBase], None] | None = None


KINDS: dict[str, Kind] = {
    "curves": Kind(curves.draw, curves.height),
    "dimension": Kind(scaling.dimension, scaling.height),
    "divergence": Kind(scaling.divergence, scaling.height),
    "drift": Kind(distances.drift, distances.height),
    "error": Kind(distances.error, distances.height),
    "gallery": Kind(gallery.draw, gallery.height),
    "growth": Kind(growth.draw, growth.height),
    "maxima": Kind(diagram.draw, diagram.height, diagram.together),
    "map": Kind(maps.field, maps.field_height),
    "spectrum_map": Kind(maps.spectrum, maps.spectrum_height),
    "numbers": Kind(numbers.draw, numbers.height),
    "phase": Kind(phase.draw, phase.height),
    "plane": Kind(plane.draw, plane.height),
    "section": Kind(section.draw, section.height),
    "table": Kind(tables.draw, tables.height),
}

__all__ = ["KINDS", "Kind", "draw"]


def _kind(file: MeasureFile) -> Kind:
    name = parts.first(file)[0].figure
    if name not in KINDS:
        raise SchemaError(f"{file.path}: no figure of kind '{name}'{nearest(name, KINDS)}")
    return KINDS[name]


def draw(files: MeasureFile | Sequence[MeasureFile]) -> Figure:
    """Return the picture that a measure asks for; of several measures, one below the other.

    Several of one kind that can share a picture do: maxima of the runs of a sweep make a diagram.

    Raises SchemaError if one asks for a kind that does not exist, or lacks what its kind needs.
    """
    several = [files] if isinstance(files, MeasureFile) else list(files)
    kinds = [_kind(file) for file in several]
    heights = [kind.height(file) for kind, file in zip(kinds, several, strict=True)]
    together = kinds[0].together if len({id(kind) for kind in kinds}) == 1 < len(kinds) else None
    with style.context():
        if together is not None:
            figure = Figure(figsize=(style.WIDTH, heights[0]), layout="constrained")
            together(several, figure)
            return figure
        figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
        canvases: list[FigureBase] = [figure]
        if len(several) > 1:
            rows: Any = figure.subfigures(len(several), 1, height_ratios=heights)
            canvases = list(rows)
        for kind, file, canvas in zip(kinds, several, canvases, strict=True):
            kind.draw(file, canvas)
    return figure
