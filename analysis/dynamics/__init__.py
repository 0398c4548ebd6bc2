"""Dynamics: what the growth of small disturbances and the geometry of an orbit say of a system."""

from analysis.dynamics.correlation import CorrelationSum, correlation_sum
from analysis.dynamics.delays import delay_information, embedding_delay, false_neighbours
from analysis.dynamics.diagrams import Diagram, bifurcation, local_maxima, orbit_diagram
from analysis.dynamics.dimension import Dimension, correlation_dimension
from analysis.dynamics.divergence import Exponent, TwoParticle, lyapunov_from_data, two_particle
from analysis.dynamics.embedding import embed, mean_period
from analysis.dynamics.lyapunov import Spectrum, kaplan_yorke, lyapunov_spectrum, pesin_entropy
from analysis.dynamics.periods import Period, Timescales, autocorrelation, period, timescales
from analysis.dynamics.recurrences import Recurrence, recurrence
from analysis.dynamics.sections import Section, poincare, return_map, return_times
from analysis.dynamics.zero_one import ZeroOne, zero_one_test

__all__ = [
    "CorrelationSum",
    "Diagram",
    "Dimension",
    "Exponent",
    "Period",
    "Recurrence",
    "Section",
    "Spectrum",
    "Timescales",
    "TwoParticle",
    "ZeroOne",
    "autocorrelation",
    "bifurcation",
    "correlation_dimension",
    "correlation_sum",
    "delay_information",
    "embed",
    "embedding_delay",
    "false_neighbours",
    "kaplan_yorke",
    "local_maxima",
    "lyapunov_from_data",
    "lyapunov_spectrum",
    "mean_period",
    "orbit_diagram",
    "period",
    "pesin_entropy",
    "poincare",
    "recurrence",
    "return_map",
    "return_times",
    "timescales",
    "two_particle",
    "zero_one_test",
]
