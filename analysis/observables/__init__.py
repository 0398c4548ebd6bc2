"""Observables: from the fields of a member to distributions, series, symbols, points, matrices.

To add one, write a function here or in a module of this room and register it with what it gives.
"""

from analysis.observables import clouds, field, particles, series
from analysis.observables.kinds import (
    KINDS,
    Distribution,
    Matrices,
    Observed,
    Pair,
    Points,
    Rows,
    Series,
    Symbols,
    kind,
)
from analysis.observables.registry import OBSERVABLES
from analysis.observables.series import Selection, observe, samples, select

__all__ = [
    "KINDS",
    "OBSERVABLES",
    "Distribution",
    "Matrices",
    "Observed",
    "Pair",
    "Points",
    "Rows",
    "Selection",
    "Series",
    "Symbols",
    "clouds",
    "field",
    "kind",
    "observe",
    "particles",
    "samples",
    "select",
    "series",
]
