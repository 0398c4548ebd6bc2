"""Measures by name. To add one: a module here with a registered function, and its import below.

A measure takes (run, member, **options) and returns a core.store.Measure.
"""

from analysis.measures import (
    attractors,
    bifurcation,
    disagreement,
    entropies,
    fields,
    invariants,
    modulation,
    motion,
    phases,
    production,
    reversible,
    solitons,
    spectra,
    structures,
    swimming,
    trapped,
)
from analysis.measures.registry import MEASURES
from analysis.measures.skill import forecast as forecast
from analysis.measures.symbolic import equations as equations

__all__ = [
    "MEASURES",
    "attractors",
    "bifurcation",
    "disagreement",
    "entropies",
    "fields",
    "invariants",
    "modulation",
    "motion",
    "phases",
    "production",
    "reversible",
    "solitons",
    "spectra",
    "structures",
    "swimming",
    "trapped",
]
