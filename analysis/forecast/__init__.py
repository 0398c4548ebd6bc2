"""Forecasts of series and the equations behind them: models, scores, sparse regression, recipes."""

from analysis.forecast.backtest import Backtest, Split, backtest, split, standard_error
from analysis.forecast.derivatives import METHODS, Finite, Next, SavitzkyGolay, Weak
from analysis.forecast.models import MODELS, model, models
from analysis.forecast.polynomials import NotPolynomial, expand
from analysis.forecast.ranks import RankCorrelation, spearman
from analysis.forecast.scores import error_curve, mase, nrmse, smape, valid_steps
from analysis.forecast.series import Forecaster, Model
from analysis.forecast.sindy import Equations, Score, SparseRegression, score

__all__ = [
    "METHODS",
    "MODELS",
    "Backtest",
    "Equations",
    "Finite",
    "Forecaster",
    "Model",
    "Next",
    "NotPolynomial",
    "RankCorrelation",
    "SavitzkyGolay",
    "Score",
    "SparseRegression",
    "Split",
    "Weak",
    "backtest",
    "error_curve",
    "expand",
    "mase",
    "model",
    "models",
    "nrmse",
    "score",
    "smape",
    "spearman",
    "split",
    "standard_error",
    "valid_steps",
]
