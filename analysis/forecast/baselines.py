"""Forecasts that ask nothing of the data: the last value, the mean, the last season.

x(t + h) = x(t);  x(t + h) = <x>;  x(t + h) = x(t + h - k s), k the least with h <= k s
"""

from dataclasses import dataclass

import numpy as np

from analysis.forecast.series import histories, several, shaped


@dataclass(frozen=True)
class _Repeated:
    """Repeats the last `memory` samples."""

    memory: int
    components: int

    def predict(self, start: np.ndarray, steps: int) -> np.ndarray:
        """Return the samples (steps, d) after a history (m, d); (S, steps, d) after (S, m, d)."""
        last = histories(start, self.memory, self.components, steps)
        return shaped(last[:, np.arange(steps) % self.memory], start)


@dataclass(frozen=True)
class _Constant:
    """Gives one sample (d,) for ever."""

    value: np.ndarray
    memory: int = 0

    def predict(self, start: np.ndarray, steps: int) -> np.ndarray:
        """Return the samples (steps, d) after a history (m, d); (S, steps, d) after (S, m, d)."""
        count = len(histories(start, 0, len(self.value), steps))
        return shaped(np.broadcast_to(self.value, (count, steps, len(self.value))).copy(), start)


@dataclass(frozen=True)
class Persistence:
    """All that follows is as the last sample."""

    def fit(self, train: np.ndarray) -> _Repeated:
        """Return the forecaster; of the series only their number of components is used."""
        return _Repeated(1, several(train).shape[-1])


@dataclass(frozen=True)
class Mean:
    """All that follows is the mean of the training series."""

    def fit(self, train: np.ndarray) -> _Constant:
        """Return the forecaster of the mean."""
        return _Constant(several(train).mean(axis=(0, 1)))


@dataclass(frozen=True)
class Seasonal:
    """The last season again and again.

    season  in samples
    """

    season: int

    def fit(self, train: np.ndarray) -> _Repeated:
        """Return the forecaster; raises ValueError if the series are shorter than a season."""
        if self.season < 1:
            raise ValueError(f"season: must be 1 sample or more, got {self.season}")
        return _Repeated(self.season, several(train, self.season).shape[-1])
