"""Figures: measure files in, a matplotlib Figure out. No pyplot, no file, no global state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure, FigureBase

from analysis.figures import (
    agreement,
    bifurcations,
    curves,
    densities,
    diagram,
    disagreements,
    distances,
    equations,
    footing,
    forecasts,
    gallery,
    growth,
    maps,
    numbers,
    parts,
    phase,
    plane,
    profile,
    scaling,
    section,
    spectra,
    style,
    swarm,
    sweeps,
    tables,
)
from core.errors import SchemaError
from core.registry import nearest
from core.store import MeasureFile


@dataclass(frozen=True)
class Kind:
    """How a measure is drawn onto a canvas, and how many inches high that is.

    together  draws the measures of several runs as one picture, where that is what they are for
    """

    draw: Callable[[MeasureFile, FigureBase], None]
    height: Callable[[MeasureFile], float]
    together: Callable[[Sequence[MeasureFile], FigureBase], None] | None = None


KINDS: dict[str, Kind] = {
    "agreement": Kind(agreement.draw, agreement.height),
    "bifurcation": Kind(sweeps.draw, sweeps.height, sweeps.together),
    "curves": Kind(curves.draw, curves.height),
    "densities": Kind(densities.draw, densities.height),
    "dimension": Kind(scaling.dimension, scaling.height),
    "disagreements": Kind(disagreements.draw, disagreements.height),
    "divergence": Kind(scaling.divergence, scaling.height),
    "drift": Kind(distances.drift, distances.height),
    "error": Kind(distances.error, distances.height),
    "equations": Kind(equations.draw, equations.height),
    "footing": Kind(footing.draw, footing.height),
    "forecasts": Kind(forecasts.draw, forecasts.height),
    "gallery": Kind(gallery.draw, gallery.height),
    "growth": Kind(growth.draw, growth.height),
    "maxima": Kind(bifurcations.draw, bifurcations.height, bifurcations.together),
    "map": Kind(maps.field, maps.field_height),
    "spectrum_map": Kind(maps.spectrum, maps.spectrum_height),
    "numbers": Kind(numbers.draw, numbers.height),
    "phase": Kind(phase.draw, phase.height),
    "phases": Kind(diagram.single, diagram.height, diagram.draw),
    "plane": Kind(plane.draw, plane.height),
    "profile": Kind(profile.draw, profile.height),
    "section": Kind(section.draw, section.height),
    "spectra": Kind(spectra.draw, spectra.height),
    "swarm": Kind(swarm.draw, swarm.height),
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

    Several that are for a diagram, such as `phases` or `maxima` of the runs of a sweep, make one
    picture together.

    Raises SchemaError if one asks for a kind that does not exist, or lacks what its kind needs.
    """
    several = [files] if isinstance(files, MeasureFile) else list(files)
    kinds = [_kind(file) for file in several]
    together = kinds[0].together
    if together is not None and len(kinds) > 1 and all(kind is kinds[0] for kind in kinds):
        with style.context():
            figure = Figure(
                figsize=(style.WIDTH, kinds[0].height(several[0])), layout="constrained"
            )
            together(several, figure)
        return figure
    heights = [kind.height(file) for kind, file in zip(kinds, several, strict=True)]
    with style.context():
        figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
        canvases: list[FigureBase] = [figure]
        if len(several) > 1:
            rows: Any = figure.subfigures(len(several), 1, height_ratios=heights)
            canvases = list(rows)
        for kind, file, canvas in zip(kinds, several, canvases, strict=True):
            kind.draw(file, canvas)
    return figure
