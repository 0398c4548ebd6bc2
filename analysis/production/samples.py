"""Samples of exactly solvable Langevin equations, to try estimators on.

dx = -A x dt + sqrt(2 D) dW     or     dx = b(x) dt + sqrt(2 D) dW
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.production.checks import positive
from analysis.production.exact.linear import covariance


def linear(A: Any, D: Any, interval: float, steps: int, seed: Any, walkers: int = 1) -> np.ndarray:
    """Return stationary paths (steps + 1, walkers, n) of dx = -A x dt + sqrt(2 D) dW.

    interval  between samples; the transitions have no error, x' = e^(-A h) x + N(0, C - e C e^T)

    Raises ValueError as `covariance`.
    """
    from scipy.linalg import expm

    positive(interval=interval, steps=steps, walkers=walkers)
    draw = np.random.default_rng(seed)
    C, step = covariance(A, D), expm(-np.asarray(A, dtype=float) * interval)
    root, kick = _root(C), _root(C - step @ C @ step.T)
    paths = np.empty((steps + 1, walkers, len(C)))
    paths[0] = draw.standard_normal((walkers, len(C))) @ root.T
    for t in range(steps):
        paths[t + 1] = paths[t] @ step.T + draw.standard_normal((walkers, len(C))) @ kick.T
    return paths


def _root(matrix: np.ndarray) -> np.ndarray:
    """Return R with R R^T a covariance that may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def langevin(
    drift: Callable[[np.ndarray], np.ndarray],
    D: Any,
    start: Any,
    time_step: float,
    steps: int,
    seed: Any,
    every: int = 1,
) -> np.ndarray:
    """Return paths (steps//every + 1, walkers, n) of dx = b(x) dt + sqrt(2 D) dW, Euler-Maruyama.

    drift  (walkers, n) -> (walkers, n);  D  (n,);  start  (walkers, n)
    """
    positive(time_step=time_step, steps=steps, every=every)
    draw = np.random.default_rng(seed)
    x = np.array(start, dtype=float)
    noise = np.sqrt(2 * np.asarray(D, dtype=float) * time_step)
    paths = np.empty((steps // every + 1, *x.shape))
    paths[0] = x
    for t in range(1, steps + 1):
        x = x + drift(x) * time_step + noise * draw.standard_normal(x.shape)
        if t % every == 0:
            paths[t // every] = x
    return paths


def two_swimmers(n: int, seed: Any, *, fine: int = 2048, nodes: int = 400) -> np.ndarray:
    """Return n independent samples (n, 2) of distance and propulsion of `exact.two_swimmers`.

    Drawn from the cells of a grid, fine times nodes, of the solved density, and evenly within
    each. The cells' widths .008 and .03 change means of smooth functions by 1e-4 of them.
    """
    from analysis.production.exact.rings import _hermite, ring_density

    density = ring_density(0.25, 0.1, 0.1, 2.5, 7.5, 16.0)
    modes = np.fft.rfft(density.c, axis=1) * (fine / density.c.shape[1])
    step = 16.0 / fine
    turn = np.exp(1j * np.pi * np.arange(modes.shape[1]) / fine)  # to the middles of cells
    levels = np.fft.irfft(modes * turn, n=fine, axis=1)
    width = 12.0 / nodes
    g = (np.arange(nodes) + 0.5) * width - 6.0
    rho = levels.T @ (_hermite(g, len(levels))[0] * np.exp(-(g**2) / 2))
    draw = np.random.default_rng(seed)
    mass = np.cumsum(np.maximum(rho, 0.0).reshape(-1))
    cell = np.searchsorted(mass, draw.random(n) * mass[-1])
    inside = draw.random((n, 2))
    x = -8.0 + (cell // nodes + inside[:, 0]) * step
    return np.stack([x, g[cell % nodes] + (inside[:, 1] - 0.5) * width], axis=1)
