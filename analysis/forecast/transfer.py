"""Transfer: what followed like states of other systems, where a series has seen little itself.

z(t + 1) = z(t) + sum_i w_i (z(t_i + 1) - z(t_i)),  over the nearest states u(t_i) of the series
and of others, whose distances count `distrust` times

All series are scaled to mean 0 and deviation 1, and have as many samples in a period.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.forecast.analogue import FLOOR, library
from analysis.forecast.neighbours import tree_of
from analysis.forecast.series import Iterated, Scale, delayed, several
from analysis.forecast.validation import choose

NEVER = np.inf


@dataclass(frozen=True)
class Library:
    """States (n, order) of other systems, as a tree, and the moves after them (n, 1)."""

    tree: Any
    moves: np.ndarray


@dataclass(frozen=True)
class _Step:
    """The map of one step: own states first, then those of others."""

    own: Library
    others: Library | None
    order: int
    skip: int
    neighbours: int
    distrust: float

    def __call__(self, window: np.ndarray) -> np.ndarray:
        now = delayed(window, self.order, self.skip)[:, -1]
        distance, moves = _near(self.own, now, self.neighbours)
        if self.others is not None and self.distrust < NEVER:
            far, foreign = _near(self.others, now, self.neighbours)
            distance = np.concatenate([distance, self.distrust * far], axis=1)
            moves = np.concatenate([moves, foreign], axis=1)
            nearest = np.argsort(distance, axis=1, kind="stable")[:, : self.neighbours]
            distance = np.take_along_axis(distance, nearest, 1)
            moves = np.take_along_axis(moves, nearest[..., None], 1)
        weights = np.exp(-distance / np.maximum(distance[:, :1], FLOOR))
        weights /= weights.sum(axis=1, keepdims=True)
        return window[:, -1] + np.einsum("sk,skd->sd", weights, moves)


def _near(source: Library, now: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances (S, k) and moves (S, k, 1) of the nearest states, nearest first."""
    count = min(neighbours, len(source.moves))
    distance, index = source.tree.query(now, count)
    shape = (len(now), count)
    return distance.reshape(shape), source.moves[index.reshape(shape)]


@dataclass(frozen=True)
class Transfer:
    """Analogues in delays of one component, of the series itself and of others.

    others       what `learned` has made of other systems' series; None for none
    order, skip  of the delays
    neighbours   how many
    distrusts    factors of the distance to states of others, to choose from on the validation part;
                 infinite leaves them out
    """

    others: Library | None = None
    order: int = 6
    skip: int = 3
    neighbours: int = 4
    distrusts: tuple[float, ...] = (NEVER, 4.0, 2.0, 1.0)

    def learned(self, sources: Sequence[np.ndarray]) -> "Transfer":
        """Return the model that also knows series (T, 1) of other systems, each scaled by itself.

        Raises ValueError for one that is too short or of several components.
        """
        pairs = [self._library(self._checked(source)) for source in sources]
        states, moves = (np.concatenate(part) for part in zip(*pairs, strict=True))
        return replace(self, others=Library(tree_of(states), moves))

    def fit(self, train: np.ndarray) -> Iterated:
        """Return the forecaster of series (T, 1) or (R, T, 1).

        Raises ValueError for series that are too short, or of several components.
        """
        series = self._checked(train)
        return self._made(series, choose(series, self._candidates))

    def _checked(self, train: np.ndarray) -> np.ndarray:
        series = several(train, 2 * ((self.order - 1) * self.skip + 6))
        if series.shape[-1] != 1:
            raise ValueError(f"train: expected one component, got {series.shape[-1]}")
        return series

    def _library(self, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return library(Scale.of(series).apply(series), self.order, self.skip)

    def _candidates(self, series: np.ndarray) -> Iterator[tuple[float, Iterated]]:
        for distrust in self.distrusts:
            yield distrust, self._made(series, distrust)

    def _made(self, series: np.ndarray, distrust: float) -> Iterated:
        states, moves = self._library(series)
        step = _Step(
            Library(tree_of(states), moves),
            self.others,
            self.order,
            self.skip,
            self.neighbours,
            distrust,
        )
        memory = (self.order - 1) * self.skip + 1
        return Iterated(memory, Scale.of(series), step, (("distrust", distrust),))
