"""Backtest: a model learns from the first part of a series and forecasts from starts in the rest.

train            test
|----------------|--s--------s--------s----|      from each start s, `steps` samples ahead
"""

from dataclasses import dataclass

import numpy as np

from analysis.forecast.scores import error_curve, mase, smape, valid_steps
from analysis.forecast.series import Model


@dataclass(frozen=True)
class Split:
    """Where a series is cut, and where forecasts start.

    train   samples to learn from
    steps   samples ahead of each start
    starts  (S,) index of the first sample that is forecast
    """

    train: int
    steps: int
    starts: np.ndarray


@dataclass(frozen=True)
class Backtest:
    """Scores of one model on one series, start by start.

    forecast  (S, steps, d), truth likewise
    error     (S, steps) normalised root mean square error, standard deviations of the training part
    smape, mase, nrmse  (S,)
    valid     (S,) steps until the error first exceeds the threshold; held where it never did
    """

    forecast: np.ndarray
    truth: np.ndarray
    error: np.ndarray
    smape: np.ndarray
    mase: np.ndarray
    nrmse: np.ndarray
    valid: np.ndarray
    held: np.ndarray


def split(samples: int, train: float, steps: int, starts: int) -> Split:
    """Return where to cut a series of so many samples.

    train   fraction of it to learn from
    starts  at most; as many as do not overlap, spread over the test part, the first at its begin

    Raises ValueError if the test part is shorter than one forecast.
    """
    if not 0 < train < 1:
        raise ValueError(f"train: must be between 0 and 1, got {train:g}")
    if steps < 1 or starts < 1:
        raise ValueError(f"starts: must be 1 or more, and a step ahead, got {starts} and {steps}")
    begin = round(train * samples)
    room = samples - begin
    if room < steps:
        raise ValueError(
            f"horizon: {steps} samples, but the test part has {room} "
            f"({samples} samples, of which {begin} to learn from); shorten it, or give more"
        )
    count = min(starts, room // steps)
    places = begin + np.linspace(0, room - steps, count).round().astype(int)
    return Split(begin, steps, places if count > 1 else places[:1])


def standard_error(values: np.ndarray) -> float:
    """Return the standard error of the mean over starts (S,), taken as independent; NaN for one."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def backtest(model: Model, series: np.ndarray, cut: Split, threshold: float = 0.4) -> Backtest:
    """Return the scores of a model on a series (T, d).

    The model sees the first `cut.train` samples when it is fitted, and all samples before a start
    when it forecasts from there.

    Raises ValueError for values that are not finite, and what the model raises.
    """
    x = np.asarray(series, dtype=float)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError(f"series: expected finite values (T, d), got shape {x.shape}")
    past = x[: cut.train]
    forecaster = model.fit(past)
    if forecaster.memory > cut.starts[0]:
        raise ValueError(
            f"train: {cut.train} samples, but this model looks back {forecaster.memory}"
        )
    start = np.stack([x[s - forecaster.memory : s] for s in cut.starts])
    truth = np.stack([x[s : s + cut.steps] for s in cut.starts])
    found = forecaster.predict(start, cut.steps)
    error = error_curve(truth, found, past.std(axis=0))
    moving = past.std(axis=0) > 0
    pairs = list(zip(truth, found, strict=True))
    valid, held = valid_steps(error, threshold)
    return Backtest(
        forecast=found,
        truth=truth,
        error=error,
        smape=np.array([smape(y, f) for y, f in pairs]),
        mase=np.array([mase(y[:, moving], f[:, moving], past[:, moving]) for y, f in pairs]),
        nrmse=np.sqrt((error**2).mean(axis=-1)),
        valid=valid,
        held=held,
    )
