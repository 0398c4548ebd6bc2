"""Forecasts of series and the equations behind them: models, scores, sparse regression, recipes."""

from analysis.forecast.backtest import Backtest, Split, backtest, split, standard_error
from analysis.forecast.models import MODELS, model, models
from analysis.forecast.ranks import RankCorrelation, spearman
from analysis.forecast.scores import error_curve, mase, nrmse, smape, valid_steps
from analysis.forecast.series import Forecaster, Model

__all__ = [
    "MODELS",
    "Backtest",
    "Forecaster",
    "Model",
    "RankCorrelation",
    "Split",
    "backtest",
    "error_curve",
    "mase",
    "model",
    "models",
    "nrmse",
    "smape",
    "spearman",
    "split",
    "standard_error",
    "valid_steps",
]
