"""Score families of small systems: gradients of quadratic and of Fourier-Hermite potentials.

    s = base + grad sum_k theta_k phi_k(x)

Each yields Terms of blocks of samples, for `fit` and `entropy_production`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from analysis.production.score.terms import Terms

BLOCK = 8192  # samples held at a time
Drift = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _samples(x: Any) -> np.ndarray:
    x = np.asarray(x, dtype=float)
    x = x.reshape(-1, x.shape[-1]) if x.ndim > 1 else x[:, None]
    if not len(x) or not np.isfinite(x).all():
        raise ValueError("x: must be finite samples (..., n), one at least")
    return x


def _blocks(
    x: Any, drift: Drift, diffusion: Any, features: Callable[[np.ndarray], tuple], base: Any
) -> Iterator[Terms]:
    x, D = _samples(x), np.asarray(diffusion, dtype=float)
    if D.shape != x.shape[1:] or not (D > 0).all():
        raise ValueError(
            f"diffusion: must be {x.shape[1]} positive numbers; a variable without noise has "
            "no finite rate, leave it out (convention g)"
        )
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        b, div = drift(part)
        values, slopes = features(part)
        known, known_slope = base(part) if base else (np.zeros_like(part), np.zeros_like(part))
        yield Terms(values, slopes, known, known_slope, b, div, D)


def linear_drift(A: Any) -> Drift:
    """Return the drift -A x with its divergence, as the families want it."""
    A = np.asarray(A, dtype=float)

    def drift(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -x @ A.T, np.full(len(x), -np.trace(A))

    return drift


def gaussian(x: Any, drift: Drift, diffusion: Any) -> Iterator[Terms]:
    """Yield Terms of phi = x_a and x_a x_b: the fitted score is -C^-1 (x - mean) of the samples.

    x          (..., n) stationary samples
    drift      (R, n) -> (b (R, n), div b (R,))
    diffusion  (n,) positive

    Raises ValueError for variables without noise and infinite samples.
    """

    def features(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, n = x.shape
        pairs = [(a, b) for a in range(n) for b in range(a, n)]
        values, slopes = np.zeros((2, n + len(pairs), rows, n))
        for a in range(n):
            values[a, :, a] = 1.0
        for k, (a, b) in enumerate(pairs, start=n):
            values[k, :, a] += x[:, b]
            if a != b:
                values[k, :, b] += x[:, a]
            else:
                slopes[k, :, a] = 1.0
        return values, slopes

    return _blocks(x, drift, diffusion, features, None)


def fourier_hermite(
    x: Any,
    drift: Drift,
    diffusion: Any,
    *,
    length: float,
    waves: int,
    degree: int = 0,
    base: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
) -> Iterator[Terms]:
    """Yield Terms of cos and sin(2 pi m x_0/length) He_p(x_1), m to `waves`, p to `degree`.

    x       (..., 1) or (..., 2): a position on a ring of that length, and a normal variable if any
    base    (R, n) -> (s, its diagonal derivatives): a known part, such as (F/eps, -g)

    Raises ValueError as `gaussian`, and for more than 2 variables.
    """

    def features(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, n = x.shape
        if n > 2:
            raise ValueError(f"x: a position and one normal variable at most, got {n} variables")
        q = 2 * np.pi / length * np.arange(waves + 1)[:, None]
        ring = np.concatenate([np.cos(q * x[:, 0]), np.sin(q[1:] * x[:, 0])])
        first = np.concatenate([-q * np.sin(q * x[:, 0]), q[1:] * np.cos(q[1:] * x[:, 0])])
        second = -(np.concatenate([q, q[1:]]) ** 2) * ring
        he, he1, he2 = np.zeros((3, (degree if n == 2 else 0) + 1, rows))
        he[0] = 1.0
        for p in range(1, len(he)):
            he[p] = x[:, 1] * he[p - 1] - (p - 1) * (he[p - 2] if p > 1 else 0.0)
            he1[p] = p * he[p - 1]
            he2[p] = p * (p - 1) * (he[p - 2] if p > 1 else 0.0)
        values, slopes = np.zeros((2, len(ring), len(he), rows, n))
        values[..., 0], slopes[..., 0] = first[:, None] * he, second[:, None] * he
        if n == 2:
            values[..., 1], slopes[..., 1] = ring[:, None] * he1, ring[:, None] * he2
        shape = (len(ring) * len(he), rows, n)
        return values.reshape(shape)[1:], slopes.reshape(shape)[1:]  # the first is constant

    return _blocks(x, drift, diffusion, features, base)
