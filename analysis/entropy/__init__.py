"""Entropies: functionals of a distribution."""

from analysis.entropy.functionals import renyi, shannon, tsallis

__all__ = ["renyi", "shannon", "tsallis"]
