"""Observables: from the fields of a member to distributions, series, points, orbits, matrices.

To add one, write a function here or in a module of this room and register it with what it gives.
"""

from analysis.observables import clouds, field, orbits, particles, series
from analysis.observables.kinds import (
    KINDS,
    Distribution,
    Matrices,
    Observed,
    Orbit,
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
    "Orbit",
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
    "orbits",
    "particles",
    "samples",
    "select",
    "series",
]
