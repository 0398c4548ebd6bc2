"""Echo state network: a fixed random recurrent network, of which only the read-out is fitted.

r(t) = (1 - a) r(t - 1) + a tanh(A r(t - 1) + B [1, z(t)]);  z(t + 1) - z(t) = W [1, z(t), r(t)]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.forecast.regression import ridge
from analysis.forecast.series import Scale, histories, several, shaped
from analysis.forecast.validation import choose
from core import rng


@cache
def network(nodes: int, degree: int, seed: int) -> np.ndarray:
    """Return a sparse random matrix (nodes, nodes) of spectral radius 1.

    degree  mean number of links into a node
    seed    of the stream "analysis", "forecast", "reservoir"

    Raises ValueError if so few links leave no eigenvalue but 0.
    """
    draw = rng.generator(seed, "analysis", "forecast", "reservoir", nodes, degree)
    links = draw.random((nodes, nodes)) < degree / nodes
    weights = np.where(links, draw.uniform(-1, 1, (nodes, nodes)), 0.0)
    radius = np.abs(np.linalg.eigvals(weights)).max()
    if radius < 1e-6:
        raise ValueError(f"degree: {degree} links among {nodes} nodes close no loop; give more")
    weights /= radius
    weights.setflags(write=False)
    return weights


@dataclass(frozen=True)
class _Design:
    """What is not fitted: links A (N, N), input B (1 + d, N), leak a."""

    links: np.ndarray
    entry: np.ndarray
    leak: float

    def step(self, state: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the states (S, N) after inputs (S, d)."""
        drive = state @ self.links.T + self.entry[0] + z @ self.entry[1:]
        return (1 - self.leak) * state + self.leak * np.tanh(drive)

    def states(self, z: np.ndarray) -> np.ndarray:
        """Return the states (S, T, N) after each of the inputs (S, T, d), from rest."""
        found = np.empty((len(z), z.shape[1], len(self.links)))
        state = np.zeros((len(z), len(self.links)))
        for t in range(z.shape[1]):
            state = self.step(state, z[:, t])
            found[:, t] = state
        return found


def _read(z: np.ndarray, state: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((*z.shape[:-1], 1)), z, state], axis=-1)


@dataclass(frozen=True)
class Reservoir:
    """A fitted network; `memory` samples of history wake it from rest."""

    memory: int
    scale: Scale
    design: _Design
    coefficients: np.ndarray
    chosen: tuple[tuple[str, float], ...]

    def predict(self, start: np.ndarray, steps: int) -> np.ndarray:
        """Return the samples (steps, d) after a history (m, d); (S, steps, d) after (S, m, d).

        A forecast that runs away is held at REACH times the farthest training sample.
        Raises ValueError for a history that is too short or not finite.
        """
        window = histories(start, self.memory, len(self.scale.mean), steps)
        z = self.scale.apply(window)
        state, now = self.design.states(z)[:, -1], z[:, -1]
        found = np.empty((len(z), steps, z.shape[-1]))
        for t in range(steps):
            now = self.scale.held(now + _read(now, state) @ self.coefficients)
            found[:, t] = now
            state = self.design.step(state, now)
        return shaped(self.scale.undo(found), start)


@dataclass(frozen=True)
class EchoState:
    """A reservoir of sparse random links, read out by ridge regression.

    nodes, degree  of the network; seed of its stream
    radii          spectral radii to choose from
    leaks          to choose from; 1 is no memory of its own
    entry          standard deviation of the input weights
    penalties      to choose from, relative to the largest singular value squared
    warm           samples that wake the network before it is read

    Jaeger & Haas (2004) Science 304, 78; Pathak et al. (2018) Phys. Rev. Lett. 120, 024102.
    """

    nodes: int = 200
    degree: int = 6
    seed: int = 0
    radii: tuple[float, ...] = (0.3, 0.9)
    leaks: tuple[float, ...] = (0.3, 1.0)
    entry: float = 0.3
    penalties: tuple[float, ...] = (1e-12, 1e-10, 1e-8, 1e-6)
    warm: int = 50

    def fit(self, train: np.ndarray) -> Reservoir:
        """Return the forecaster of series (T, d) or (R, T, d).

        Raises ValueError for series that are too short or not finite.
        """
        series = several(train, 3 * self.warm)
        radius, leak, penalty = choose(series, self._candidates)
        return self._made(series, radius, leak, (penalty,))[0]

    def _candidates(
        self, series: np.ndarray
    ) -> Iterator[tuple[tuple[float, float, float], Reservoir]]:
        for radius in self.radii:
            for leak in self.leaks:
                made = self._made(series, radius, leak, self.penalties)
                for penalty, forecaster in zip(self.penalties, made, strict=True):
                    yield (radius, leak, penalty), forecaster

    def _design(self, components: int, radius: float, leak: float) -> _Design:
        draw = rng.generator(self.seed, "analysis", "forecast", "input", self.nodes, components)
        entry = self.entry * draw.normal(size=(1 + components, self.nodes))
        return _Design(radius * network(self.nodes, self.degree, self.seed), entry, leak)

    def _made(
        self, series: np.ndarray, radius: float, leak: float, penalties: tuple[float, ...]
    ) -> list[Reservoir]:
        scale = Scale.of(series)
        z = scale.apply(series)
        design = self._design(z.shape[-1], radius, leak)
        features = _read(z, design.states(z))[:, self.warm : -1]
        step = z[:, self.warm + 1 :] - z[:, self.warm : -1]
        found = ridge(
            features.reshape(-1, features.shape[-1]), step.reshape(-1, z.shape[-1]), penalties
        )
        names = ("radius", "leak", "penalty")
        return [
            Reservoir(
                self.warm, scale, design, w, tuple(zip(names, (radius, leak, penalty), strict=True))
            )
            for penalty, w in zip(penalties, found, strict=True)
        ]
