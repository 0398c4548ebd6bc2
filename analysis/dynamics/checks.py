"""What the functions of orbits ask of their arguments: one line that names the argument."""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, reals, to_host, whole

__all__ = ["choice", "orbit", "positive", "series", "still", "whole"]

ROUNDING = 1e-9  # of the largest value: what varies less is at rest, but for integrators' errors


def still(x: np.ndarray) -> bool:
    """Return whether a series (T,), or every coordinate of an orbit (T, d), rests."""
    return bool((np.ptp(x, axis=0) <= ROUNDING * np.abs(x).max(axis=0)).all())


def _host(x: Any, name: str) -> np.ndarray:
    return np.ascontiguousarray(to_host(reals(x, name)[0]), dtype=np.float64)


def orbit(x: Any, name: str, least: int = 2) -> np.ndarray:
    """Return an orbit as (T, d) on the host; a series (T,) has one coordinate."""
    found = _host(x, name)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2:
        raise ValueError(f"{name}: must be (T,) or (T, d), got shape {found.shape}")
    if len(found) < least:
        raise ValueError(f"{name}: {least} points or more are needed, got {len(found)}")
    return found


def series(x: Any, name: str, least: int = 2) -> np.ndarray:
    """Return a series (T,) that is not constant, on the host."""
    found = _host(x, name)
    if found.ndim != 1:
        raise ValueError(f"{name}: must be one series (T,), got shape {found.shape}")
    if found.size < least:
        raise ValueError(f"{name}: {least} samples or more are needed, got {found.size}")
    if still(found):
        raise ValueError(f"{name}: is constant, but for rounding: it has no dynamics")
    return found


def positive(value: Any, name: str) -> float:
    """Return a positive finite number."""
    number = float(value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name}: must be positive and finite, got {value}")
    return number
