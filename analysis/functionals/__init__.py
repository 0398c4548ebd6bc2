"""Functionals: from what an observable gives to numbers, one or several for each row.

To add one, write a function here or in a module of this room and register it with what it takes;
it works with every observable that gives that.
"""

from analysis.functionals import (
    clouds,
    distributions,
    divergences,
    irregularity,
    motion,
    patterns,
    reference,
)
from analysis.functionals.registry import FUNCTIONALS, Result

__all__ = [
    "FUNCTIONALS",
    "Result",
    "clouds",
    "distributions",
    "divergences",
    "irregularity",
    "motion",
    "patterns",
    "reference",
]
