"""Means over frames with an error that respects how long the frames remember each other.

error^2 = (variance/T) (1 + 2 sum_t rho(t)),   the sum cut by Geyer's positive pairs
"""

from typing import NamedTuple

import numpy as np


class Average(NamedTuple):
    """Mean (...), its standard error, and how many frames (...) count as one."""

    mean: np.ndarray
    error: np.ndarray
    inefficiency: np.ndarray


def autocovariance(values: np.ndarray) -> np.ndarray:
    """Return the autocovariance (T, ...) of series along the first axis, each sum over T."""
    t = len(values)
    centred = values - values.mean(axis=0)
    size = 1 << (2 * t - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
    return np.fft.irfft(power, size, axis=0)[:t] / t


def _inefficiency(series: np.ndarray) -> np.ndarray:
    """Return 1 + 2 sum rho of each column (T, k): pairs rho(2m) + rho(2m + 1) while positive."""
    t = len(series)
    covariance = autocovariance(series)
    rho = covariance / np.where(covariance[0] > 0, covariance[0], 1.0)
    even = rho[: 2 * (t // 2)].reshape(t // 2, 2, -1).sum(axis=1)
    kept = np.logical_and.accumulate(even > 0, axis=0)
    total = np.where(kept, np.minimum.accumulate(even, axis=0), 0.0).sum(axis=0)
    return np.maximum(2 * total - 1, 1.0)


def frame_average(values: np.ndarray) -> Average:
    """Return the mean of values (T, ...) over frames, and its standard error.

    A series that never changes has error 0; a single frame has error NaN: nothing is known of it.
    Geyer (1992) Stat. Sci. 7, 473, sec. 3.3.
    """
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise ValueError("values: there is no frame")
    if not np.isfinite(values).all():
        raise ValueError("values: must be finite")
    mean = values.mean(axis=0)
    if len(values) == 1:
        return Average(mean, np.full(mean.shape, np.nan), np.ones(mean.shape))
    flat = values.reshape(len(values), -1)
    inefficiency = np.minimum(_inefficiency(flat), len(values))
    # the mean of T correlated values hides part of their variance
    bias = np.maximum(1 - inefficiency / len(values), 1 / len(values))
    error = np.sqrt(flat.var(axis=0) / bias * inefficiency / len(values))
    return Average(mean, error.reshape(mean.shape), inefficiency.reshape(mean.shape))
