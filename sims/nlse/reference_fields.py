"""The initial conditions of simple-idealized-1d-nlse 0.0.5, for comparison with its results.

Herho et al. (2025), the package's `core/initial_conditions.py`, restated. They are kept as they
are there: the solitons are a plain sum, the "breather" is a modulated pulse without a background
(no closed form), and the "modulation instability" is a Gaussian with white noise that depends on
the grid.
"""

from typing import Any

import numpy as np

from core.exact_nlse_scaling import sech

LEGACY_SEED = 42
LEGACY_NOISE = 0.01


def soliton(x: np.ndarray, amplitude: float, position: float, velocity: float) -> np.ndarray:
    """Return A sech(A (x - x0)) e^(ivx)."""
    return amplitude * sech(amplitude * (x - position)) * np.exp(1j * velocity * x)


def single_soliton(p: Any, x: np.ndarray) -> np.ndarray:
    return soliton(x, p.amplitude, p.position, p.velocity)


def two_soliton(p: Any, x: np.ndarray) -> np.ndarray:
    each = zip(p.amplitudes, p.positions, p.velocities, strict=True)
    return np.sum(np.stack([soliton(x, *one) for one in each]), axis=0)


def breather(p: Any, x: np.ndarray) -> np.ndarray:
    """Return sqrt2 A sech(A x) e^(ifx) (1 + cos(2fx)/2), f = wavenumber."""
    pulse = np.sqrt(2) * p.amplitude * sech(p.amplitude * x)
    modulated = 1 + 0.5 * np.cos(2 * p.wavenumber * x)
    return pulse * modulated * np.exp(1j * p.wavenumber * x)


def modulation_instability(p: Any, x: np.ndarray) -> np.ndarray:
    """Return A exp(-x^2/(2 w^2)) + 0.01 (white + i white), the package's own random numbers.

    They come from the legacy generator with seed 42, as a local object; the run's own stream is
    not used, so every member is the same.
    """
    legacy = np.random.RandomState(LEGACY_SEED)
    noise = legacy.randn(x.size) + 1j * legacy.randn(x.size)
    return p.amplitude * np.exp(-(x**2) / (2 * p.width**2)) + LEGACY_NOISE * noise
