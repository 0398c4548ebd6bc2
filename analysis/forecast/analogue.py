"""Forecast by analogues: what followed the nearest states of the past, step by step.

z(t + 1) = z(t) + sum_i w_i (z(t_i + 1) - z(t_i)),  w_i ~ exp(-|u(t) - u(t_i)| / nearest distance)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.forecast.neighbours import tree_of
from analysis.forecast.series import Iterated, Scale, delayed, several
from analysis.forecast.validation import choose

FLOOR = 1e-12  # of a distance: an exact repetition counts alone, and divides by no zero


@dataclass(frozen=True)
class _Nearest:
    """The map of one step: a tree of past states, and how each moved on."""

    tree: Any
    moves: np.ndarray
    order: int
    skip: int
    neighbours: int

    def __call__(self, window: np.ndarray) -> np.ndarray:
        now = delayed(window, self.order, self.skip)[:, -1]
        distance, index = self.tree.query(now, self.neighbours)
        distance = distance.reshape(len(now), -1)
        weights = np.exp(-distance / np.maximum(distance[:, :1], FLOOR))
        weights /= weights.sum(axis=1, keepdims=True)
        moves = self.moves[index.reshape(len(now), -1)]
        return window[:, -1] + np.einsum("sk,skd->sd", weights, moves)


def library(
    z: np.ndarray, order: int, skip: int, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return past states (n, order d) of scaled series (R, T, d) and the moves after them (n, d).

    rows  which of them to keep; all if not given
    """
    reach = (order - 1) * skip
    states = delayed(z, order, skip)[:, :-1].reshape(-1, order * z.shape[-1])
    moves = (z[:, reach + 1 :] - z[:, reach:-1]).reshape(-1, z.shape[-1])
    return (states, moves) if rows is None else (states[rows], moves[rows])


@dataclass(frozen=True)
class Analogue:
    """Nearest neighbours in a delay embedding of all components.

    orders      samples in the embedding, to choose from; skip, how far apart
    neighbours  how many, to choose from

    Lorenz (1969) J. Atmos. Sci. 26, 636; the weights of Sugihara & May (1990) Nature 344, 734.
    """

    orders: tuple[int, ...] = (1, 2, 4)
    skip: int = 4
    neighbours: tuple[int, ...] = (1, 2, 4, 8)

    def fit(self, train: np.ndarray) -> Iterated:
        """Return the forecaster of series (T, d) or (R, T, d).

        Raises ValueError for series that are too short or not finite.
        """
        series = several(train, 10)
        return self.made(series, *choose(series, self._candidates))

    def _candidates(self, series: np.ndarray) -> Iterator[tuple[tuple[int, int], Iterated]]:
        for order in self.orders:
            if 2 * ((order - 1) * self.skip + 1) >= series.shape[1]:
                continue
            for count in self.neighbours:
                yield (order, count), self.made(series, order, count)

    def made(
        self, series: np.ndarray, order: int, neighbours: int, rows: np.ndarray | None = None
    ) -> Iterated:
        """Return the forecaster with an order and a number of neighbours, nothing chosen.

        rows  which of the past states to keep; all if not given
        """
        scale = Scale.of(series)
        states, moves = library(scale.apply(series), order, self.skip, rows)
        count = min(neighbours, len(states))
        step = _Nearest(tree_of(states), moves, order, self.skip, count)
        chosen = (("order", float(order)), ("neighbours", float(count)))
        return Iterated((order - 1) * self.skip + 1, scale, step, chosen)
