"""What is free in a model is chosen by how well it forecasts the last part of its training data.

The loss is the mean over starts and lead times of min(e, sqrt 2), e the error in standard
deviations, so that a forecast that is lost counts as much as one drawn at random.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from analysis.forecast.series import Forecaster, several

LOST = 2**0.5  # what two independent draws of a variance of 1 differ by
PART = 0.2  # of the training series, its last
STARTS = 8
Choice = TypeVar("Choice")


def parts(train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the series (R, T, d) that are fitted to, and all of it; see `loss`."""
    series = several(train, 10)
    return series[:, : series.shape[1] - max(2, round(PART * series.shape[1]))], series


def loss(forecaster: Forecaster, series: np.ndarray, begin: int, spread: np.ndarray) -> float:
    """Return the loss of forecasts of series (R, T, d) from sample `begin` on.

    Half of that part lies ahead of the last start, in which the starts are spread out.
    """
    length = series.shape[1]
    steps = max(1, (length - begin) // 2)
    places = np.unique(np.linspace(begin, length - steps, STARTS).round().astype(int))
    places = places[places >= forecaster.memory]
    if len(places) == 0:
        return np.inf
    start = np.concatenate([series[:, p - forecaster.memory : p] for p in places])
    ahead = np.concatenate([series[:, p : p + steps] for p in places])
    error = (forecaster.predict(start, steps) - ahead) / spread
    return float(np.minimum(np.sqrt((error**2).mean(axis=-1)), LOST).mean())


def choose(
    train: np.ndarray,
    candidates: Callable[[np.ndarray], Iterable[tuple[Choice, Forecaster]]],
) -> Choice:
    """Return the choice whose forecaster, fitted to the first part, does best on the rest.

    candidates  series (R, T, d) -> the choices, and the model fitted with each; of equal ones the
                first wins

    Raises ValueError if the series are too short for any.
    """
    first, series = parts(train)
    spread = first.std(axis=(0, 1))
    spread = np.where(spread > 0, spread, 1.0)
    best: tuple[float, Choice] | None = None
    for choice, forecaster in candidates(first):
        found = loss(forecaster, series, first.shape[1], spread)
        if np.isfinite(found) and (best is None or found < best[0]):
            best = (found, choice)
    if best is None:
        raise ValueError(f"train: {series.shape[1]} samples are too few for this model; give more")
    return best[1]


def fitting(options: Sequence[int], reach: Callable[[int], int], length: int) -> list[int]:
    """Return those options whose reach leaves more than half of `length` samples."""
    return [option for option in options if 2 * reach(option) < length]
