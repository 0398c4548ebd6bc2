"""Next-generation reservoir: ridge regression of increments on monomials of recent samples.

z(t + 1) - z(t) = W [1, u, all products u_i u_j],  u = (z(t), z(t - s), ..., z(t - (k - 1) s))
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.forecast.regression import ridge
from analysis.forecast.series import Iterated, Scale, delayed, several
from analysis.forecast.validation import choose

MOST = 40  # linear features of which products are made; beyond, the linear ones stand alone


def quadratic(u: np.ndarray) -> np.ndarray:
    """Return [1, u, products of two] of features (n, m), as (n, 1 + m + m (m + 1)/2)."""
    m = u.shape[-1]
    ones = np.ones((*u.shape[:-1], 1))
    if m > MOST:
        return np.concatenate([ones, u], axis=-1)
    i, j = np.triu_indices(m)
    return np.concatenate([ones, u, u[..., i] * u[..., j]], axis=-1)


@dataclass(frozen=True)
class _Quadratic:
    """The map of one step; coefficients (features, d) of the increment."""

    order: int
    skip: int
    coefficients: np.ndarray

    def __call__(self, window: np.ndarray) -> np.ndarray:
        recent = delayed(window, self.order, self.skip)[:, -1]
        return window[:, -1] + quadratic(recent) @ self.coefficients


@dataclass(frozen=True)
class Nvar:
    """Nonlinear vector autoregression, quadratic in the last samples of all components.

    orders, skips  how many samples, and how far apart, to choose from
    penalties      to choose from, relative to the largest singular value squared

    Gauthier, Bollt, Griffith & Barbosa (2021) Nat. Commun. 12, 5564, eqs. (5)-(8).
    """

    orders: tuple[int, ...] = (1, 2, 3)
    skips: tuple[int, ...] = (1, 4)
    penalties: tuple[float, ...] = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4)

    def fit(self, train: np.ndarray) -> Iterated:
        """Return the forecaster of series (T, d) or (R, T, d).

        Raises ValueError for series that are too short or not finite.
        """
        series = several(train, 10)
        order, skip, penalty = choose(series, self._candidates)
        return self._made(series, order, skip, (penalty,))[0]

    def _candidates(self, series: np.ndarray) -> Iterator[tuple[tuple[int, int, float], Iterated]]:
        pairs = {(k, s if k > 1 else 1) for k in self.orders for s in self.skips}
        for order, skip in sorted(pairs):
            if 2 * ((order - 1) * skip + 1) >= series.shape[1]:
                continue
            made = self._made(series, order, skip, self.penalties)
            for penalty, forecaster in zip(self.penalties, made, strict=True):
                yield (order, skip, penalty), forecaster

    def _made(
        self, series: np.ndarray, order: int, skip: int, penalties: tuple[float, ...]
    ) -> list[Iterated]:
        scale = Scale.of(series)
        z = scale.apply(series)
        rows = delayed(z, order, skip)[:, :-1].reshape(-1, order * z.shape[-1])
        reach = (order - 1) * skip
        step = (z[:, reach + 1 :] - z[:, reach:-1]).reshape(-1, z.shape[-1])
        found = ridge(quadratic(rows), step, penalties)
        names = ("order", "skip", "penalty")
        return [
            Iterated(
                reach + 1,
                scale,
                _Quadratic(order, skip, w),
                tuple(zip(names, (float(order), float(skip), penalty), strict=True)),
            )
            for penalty, w in zip(penalties, found, strict=True)
        ]
