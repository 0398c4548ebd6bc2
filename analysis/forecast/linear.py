"""Vector autoregression with a ridge penalty; order and penalty chosen on the validation part.

z(t + 1) = c + A1 z(t) + A2 z(t - 1) + ... + Ap z(t - p + 1)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.forecast.regression import ridge
from analysis.forecast.series import Iterated, Scale, delayed, several
from analysis.forecast.validation import choose, fitting


@dataclass(frozen=True)
class _Linear:
    """The map of one step: coefficients (1 + p d, d), the constant first."""

    order: int
    coefficients: np.ndarray

    def __call__(self, window: np.ndarray) -> np.ndarray:
        recent = delayed(window, self.order)[:, -1]
        return self.coefficients[0] + recent @ self.coefficients[1:]


@dataclass(frozen=True)
class Autoregression:
    """Linear prediction of all components from the last `order` samples of all.

    orders     to choose from
    penalties  to choose from, relative to the largest singular value squared
    """

    orders: tuple[int, ...] = (1, 2, 4, 8, 16)
    penalties: tuple[float, ...] = (1e-10, 1e-8, 1e-6, 1e-4, 1e-2)

    def fit(self, train: np.ndarray) -> Iterated:
        """Return the forecaster of series (T, d) or (R, T, d).

        Raises ValueError for series that are too short or not finite.
        """
        series = several(train, 10)
        order, penalty = choose(series, self._candidates)
        return self._made(series, order, (penalty,))[0]

    def _candidates(self, series: np.ndarray) -> Iterator[tuple[tuple[int, float], Iterated]]:
        for order in fitting(self.orders, lambda p: p, series.shape[1]):
            made = self._made(series, order, self.penalties)
            for penalty, forecaster in zip(self.penalties, made, strict=True):
                yield (order, penalty), forecaster

    def _made(self, series: np.ndarray, order: int, penalties: tuple[float, ...]) -> list[Iterated]:
        scale = Scale.of(series)
        z = scale.apply(series)
        rows = delayed(z, order)[:, :-1].reshape(-1, order * z.shape[-1])
        features = np.column_stack([np.ones(len(rows)), rows])
        targets = z[:, order:].reshape(-1, z.shape[-1])
        return [
            Iterated(
                order, scale, _Linear(order, w), (("order", float(order)), ("penalty", penalty))
            )
            for penalty, w in zip(penalties, ridge(features, targets, penalties), strict=True)
        ]
