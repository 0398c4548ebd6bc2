"""Series that forecasters learn from, their scale, and the loop that follows a one-step map.

z = (x - mean) / standard deviation of the training part;  z(t + 1) = F(z(t), z(t - 1), ...)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

REACH = 4.0  # times the farthest training sample: a forecast that runs away is held there


class Forecaster(Protocol):
    """A fitted model. `memory` is how many samples before a start it looks at."""

    @property
    def memory(self) -> int:
        """Return how many samples of history it needs."""
        ...

    def predict(self, start: np.ndarray, steps: int) -> np.ndarray:
        """Return the `steps` samples after each history in `start`."""
        ...


class Model(Protocol):
    """A model that has seen nothing yet."""

    def fit(self, train: np.ndarray) -> Forecaster:
        """Return the model fitted to series (T, d), or to several of one length (R, T, d)."""
        ...


def several(train: np.ndarray, least: int = 2) -> np.ndarray:
    """Return training series as (R, T, d).

    least  how many samples each must have

    Raises ValueError for another shape, a value that is not finite, or a series that is too short.
    """
    series = np.asarray(train, dtype=float)
    if series.ndim == 2:
        series = series[None]
    if series.ndim != 3 or 0 in series.shape:
        raise ValueError(f"train: expected (T, d) or (R, T, d), got {np.shape(train)}")
    if not np.isfinite(series).all():
        _, row, column = np.argwhere(~np.isfinite(series))[0]
        raise ValueError(f"train: not finite at sample {row}, component {column}")
    if series.shape[1] < least:
        raise ValueError(f"train: {series.shape[1]} samples, but {least} are needed; give more")
    return series


def histories(start: np.ndarray, memory: int, components: int, steps: int) -> np.ndarray:
    """Return the last `memory` samples of histories (m, d) or (S, m, d), as (S, memory, d).

    Raises ValueError for another shape, a value that is not finite, too short a history, or fewer
    than one step.
    """
    given = np.asarray(start, dtype=float)
    given = given[None] if given.ndim == 2 else given
    if given.ndim != 3 or given.shape[-1] != components:
        raise ValueError(
            f"start: expected (m, {components}) or (S, m, {components}), got {np.shape(start)}"
        )
    if given.shape[1] < memory:
        raise ValueError(f"start: {given.shape[1]} samples of history, but {memory} are needed")
    if steps < 1:
        raise ValueError(f"steps: must be 1 or more, got {steps}")
    last = given[:, given.shape[1] - memory :]
    if not np.isfinite(last).all():
        raise ValueError("start: holds values that are not finite")
    return last


def shaped(found: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return forecasts (S, steps, d) as (steps, d) where one history was given as (m, d)."""
    return found[0] if np.ndim(start) == 2 else found


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation (d,) of training series; a constant component has spread 1."""

    mean: np.ndarray
    spread: np.ndarray
    farthest: np.ndarray

    @classmethod
    def of(cls, series: np.ndarray) -> "Scale":
        """Return the scale of series (R, T, d)."""
        mean, spread = series.mean(axis=(0, 1)), series.std(axis=(0, 1))
        spread = np.where(spread > 0, spread, 1.0)
        return cls(mean, spread, np.abs((series - mean) / spread).max(axis=(0, 1)))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return x in standard deviations from the mean."""
        return (x - self.mean) / self.spread

    def undo(self, z: np.ndarray) -> np.ndarray:
        """Return z as the series has it."""
        return z * self.spread + self.mean

    def held(self, z: np.ndarray) -> np.ndarray:
        """Return z kept within REACH times what training has seen; what is not finite is 0."""
        edge = REACH * np.maximum(self.farthest, 1.0)
        return np.clip(np.nan_to_num(z, nan=0.0, posinf=np.inf, neginf=-np.inf), -edge, edge)


@dataclass(frozen=True)
class Iterated:
    """A forecaster that applies a map of one step again and again.

    advance  (S, memory, d) scaled windows, oldest sample first -> (S, d), the next scaled samples
    chosen   what was chosen on the validation part, by name
    """

    memory: int
    scale: Scale
    advance: Callable[[np.ndarray], np.ndarray]
    chosen: tuple[tuple[str, float], ...] = ()

    def predict(self, start: np.ndarray, steps: int) -> np.ndarray:
        """Return the samples (steps, d) after a history (m, d); (S, steps, d) after (S, m, d).

        A forecast that runs away is held at REACH times the farthest training sample.
        Raises ValueError for a history that is too short or not finite.
        """
        window = histories(start, self.memory, len(self.scale.mean), steps)
        track = np.empty((len(window), self.memory + steps, window.shape[-1]))
        track[:, : self.memory] = self.scale.apply(window)
        for t in range(steps):
            with np.errstate(over="ignore", invalid="ignore"):
                ahead = self.advance(track[:, t : t + self.memory])
            track[:, t + self.memory] = self.scale.held(ahead)
        return shaped(self.scale.undo(track[:, self.memory :]), start)


def delayed(z: np.ndarray, order: int, skip: int = 1) -> np.ndarray:
    """Return z(t), z(t - skip), ... side by side, (..., n, order d), for every t that has them."""
    reach = (order - 1) * skip
    n = z.shape[-2] - reach
    return np.concatenate(
        [z[..., reach - i * skip : reach - i * skip + n, :] for i in range(order)], axis=-1
    )
