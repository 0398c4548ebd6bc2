"""Entropies: functionals of a distribution, and of the density that it stands for.

To add one: a function of arrays here, and, where a measure is to use it, an entry in `measures`.
"""

from analysis.entropy.densities import (
    differential_renyi,
    differential_shannon,
    differential_tsallis,
)
from analysis.entropy.functionals import renyi, shannon, tsallis

__all__ = [
    "differential_renyi",
    "differential_shannon",
    "differential_tsallis",
    "renyi",
    "shannon",
    "tsallis",
]
