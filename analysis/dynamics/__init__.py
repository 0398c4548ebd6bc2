"""Dynamics: what the growth of small disturbances and the geometry of an orbit say of a system."""

from analysis.dynamics.lyapunov import Spectrum, kaplan_yorke, lyapunov_spectrum, pesin_entropy

__all__ = ["Spectrum", "kaplan_yorke", "lyapunov_spectrum", "pesin_entropy"]
