"""Observables: from the fields of a member to a distribution over time.

Each takes a run's member and options, and returns a Distribution. To add one, write a function
here or in a module of this room and register it with the fields that it needs.
"""

from analysis.observables.field import OBSERVABLES, Distribution, density, phase, spectrum

__all__ = ["OBSERVABLES", "Distribution", "density", "phase", "spectrum"]
