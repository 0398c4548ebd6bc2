"""Importance sampling: which past states to keep, where only so many can be kept.

p_i ~ e_i^q,  e_i the error with which the states kept so far foretell what follows state i
"""

from dataclasses import dataclass

import numpy as np

from analysis.forecast.analogue import Analogue, library
from analysis.forecast.neighbours import tree_of
from analysis.forecast.series import Iterated, Scale, several


def uniform(count: int, budget: int, draw: np.random.Generator) -> np.ndarray:
    """Return `budget` of `count` rows, each as likely, rising."""
    _room(count, budget)
    return np.sort(draw.choice(count, budget, replace=False))


def _room(count: int, budget: int) -> None:
    if not 2 <= budget <= count:
        raise ValueError(f"budget: must be from 2 to {count}, the states there are, got {budget}")


def foretold(
    states: np.ndarray, moves: np.ndarray, kept: np.ndarray, neighbours: int
) -> np.ndarray:
    """Return the distance (n,) of each move from the mean move of its nearest kept states.

    states (n, m), moves (n, d); a kept state is not its own neighbour, so that its error counts too
    """
    count = min(neighbours, len(kept) - 1)
    _, index = tree_of(states[kept]).query(states, count + 1)
    own = kept[index] == np.arange(len(states))[:, None]
    last = ~own.any(axis=1)  # not kept: the farthest of one too many goes
    own[last, -1] = True
    others = index[~own].reshape(len(states), count)
    return np.linalg.norm(moves[kept][others].mean(axis=1) - moves, axis=1)


@dataclass(frozen=True)
class Sampler:
    """Rounds of drawing states with a probability that grows with the error of foretelling them.

    power   q; at 0 all are as likely
    rounds  after a first one in which all are; each keeps as many
    """

    power: float = 1.0
    rounds: int = 4

    def rows(
        self,
        states: np.ndarray,
        moves: np.ndarray,
        budget: int,
        neighbours: int,
        draw: np.random.Generator,
    ) -> np.ndarray:
        """Return which rows (budget,) of states (n, m) with moves (n, d) are kept, rising.

        Raises ValueError for a budget below 2, beyond n, or too small for the rounds.
        """
        _room(len(states), budget)
        parts = np.diff(np.linspace(0, budget, self.rounds + 2).round().astype(int))
        if parts.min() < 1 or parts[0] < 2:
            raise ValueError(f"budget: {budget} states are too few for {self.rounds + 1} rounds")
        kept = uniform(len(states), int(parts[0]), draw)
        for size in parts[1:]:
            weight = foretold(states, moves, kept, neighbours) ** self.power
            weight = np.maximum(weight, 1e-12 * weight.max() + np.finfo(float).tiny)
            weight[kept] = 0.0
            more = draw.choice(len(states), int(size), replace=False, p=weight / weight.sum())
            kept = np.sort(np.concatenate([kept, more]))
        return kept


def sampled(
    train: np.ndarray,
    budget: int,
    draw: np.random.Generator,
    *,
    sampler: Sampler | None = None,
    order: int = 1,
    neighbours: int = 4,
) -> Iterated:
    """Return a forecaster by analogues that keeps `budget` states of series (T, d) or (R, T, d).

    sampler  which draws them; uniformly if not given
    """
    series, model = several(train, 10), Analogue()
    states, moves = library(Scale.of(series).apply(series), order, model.skip)
    if sampler is None:
        rows = uniform(len(states), budget, draw)
    else:
        rows = sampler.rows(states, moves, budget, neighbours, draw)
    return model.made(series, order, neighbours, rows)
