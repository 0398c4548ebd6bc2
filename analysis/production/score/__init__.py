"""Entropy production from the score of the stationary density: fit, judge on held-out frames.

To add a family of features, write a function that yields Terms; `fit` and `entropy_production`
work with every one. Of Told terms, which know where each row is, `train` makes a network.
"""

from analysis.production.score.local import Local, Swimmers, local_terms
from analysis.production.score.neural import Network, train
from analysis.production.score.small import fourier_hermite, gaussian, linear_drift
from analysis.production.score.surroundings import surrounding_terms
from analysis.production.score.terms import (
    Bracket,
    Score,
    Terms,
    Told,
    entropy_production,
    fit,
    probability_current,
)

__all__ = [
    "Bracket",
    "Local",
    "Network",
    "Score",
    "Swimmers",
    "Terms",
    "Told",
    "entropy_production",
    "fit",
    "fourier_hermite",
    "gaussian",
    "linear_drift",
    "local_terms",
    "probability_current",
    "surrounding_terms",
    "train",
]
