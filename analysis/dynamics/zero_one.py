"""The 0-1 test for chaos: whether a series drives a walk in the plane away or keeps it bounded.

z_c(n) = sum_{j<=n} x(j) e^(i j c);  M_c(n) = <|z_c(j+n) - z_c(j)|^2>;  K_c = corr(n, D_c(n))
D_c(n) = M_c(n) - <x>^2 (1 - cos nc)/(1 - cos c)
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import series, whole
from analysis.dynamics.embedding import mean_period

LEAST = 200  # samples, after those that are passed over
PER_PERIOD = 4  # samples that are kept of each mean period
GOLDEN = (math.sqrt(5) - 1) / 2
BATCH = 1 << 21  # numbers of one batch of transforms


class ZeroOne(NamedTuple):
    """K: 0 for regular, 1 for chaotic motion; its standard error and quartiles over frequencies.

    each, frequencies  (n,) K_c at each frequency c
    step               of the samples given, one in so many was used
    """

    value: float
    standard_error: float
    quartiles: tuple[float, float]
    each: np.ndarray
    frequencies: np.ndarray
    step: int


def _frequencies(n: int) -> np.ndarray:
    """Return n frequencies that fill (pi/5, 4 pi/5) evenly and are no fractions of pi."""
    place = (np.arange(1, n + 1) * GOLDEN) % 1
    return np.asarray(math.pi / 5 + 3 * math.pi / 5 * place)


def _displacement(x: np.ndarray, c: np.ndarray, most: int) -> np.ndarray:
    """Return D_c(n), n = 1 .. most, for each frequency: (C, most).

    The average is over the same N - most starting points j for every n, by a correlation:
    sum |z(j+n)|^2 + sum |z(j)|^2 - 2 Re sum z(j)* z(j+n).
    """
    n = x.size
    z = np.cumsum(x * np.exp(1j * np.outer(c, np.arange(1, n + 1))), axis=1)
    z -= z.mean(axis=1, keepdims=True)
    starts = n - most
    size = 1 << math.ceil(math.log2(n + starts))
    head = np.fft.fft(z[:, :starts], size)
    cross = np.fft.ifft(np.conj(head) * np.fft.fft(z, size))[:, 1 : most + 1].real
    square = np.concatenate([np.zeros((c.size, 1)), np.cumsum(np.abs(z) ** 2, axis=1)], axis=1)
    lags = np.arange(1, most + 1)
    moved = square[:, starts + lags] - square[:, lags]
    mean = (moved + square[:, starts : starts + 1] - 2 * cross) / starts
    swing = (1 - np.cos(np.outer(c, lags))) / (1 - np.cos(c))[:, None]
    return np.asarray(mean - x.mean() ** 2 * swing)


def _correlation(rows: np.ndarray) -> np.ndarray:
    """Return the correlation of each row (C, n) with 1 .. n; 0 for a row that does not vary."""
    far = rows - rows.mean(axis=1, keepdims=True)
    place = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    size = np.sqrt((far**2).sum(axis=1) * (place**2).sum())
    return np.asarray(np.where(size > 0, far @ place / np.where(size > 0, size, 1), 0.0))


def _thinned(x: np.ndarray, step: int | None) -> tuple[np.ndarray, int]:
    if step is None:
        step = max(1, round(mean_period(x) / PER_PERIOD))
    step = whole(step, "step", 1)
    kept = x[::step]
    if kept.size < LEAST:
        raise ValueError(
            f"x: {x.size} samples leave {kept.size}, one in {step} (four in a mean period); "
            f"{LEAST} or more are needed: give a longer series"
        )
    return kept, step


def zero_one_test(x: Any, *, frequencies: int = 100, step: int | None = None) -> ZeroOne:
    """Return the median K of the 0-1 test of a series: near 0 if regular, near 1 if chaotic.

    x            (T,) real, of a deterministic stationary system; noise gives 1
    frequencies  how many c in (pi/5, 4 pi/5), the same ones each time
    step         every step-th sample is used; None: four in a mean period, since densely sampled
                 flows look regular to the test

    K_c is the correlation of D_c(n) with n up to a tenth of the samples used. The standard error is
    that of the median over frequencies (1.2533 of the mean's, from the quartiles). Weak chaos and
    short series lie between: K near 1/2 says that the series is too short to tell.

    Raises ValueError for NaN, a constant series, and fewer than 200 samples after thinning.
    Gottwald & Melbourne (2009) SIAM J. Appl. Dyn. Syst. 8, 129, eqs. (2.3)-(3.1).
    """
    values, every = _thinned(series(x, "x", 2), step)
    values = values - values.mean()  # a large one would leave of D_c what rounding makes of it
    values = values / np.abs(values).max()
    c = _frequencies(whole(frequencies, "frequencies", 3))
    most = values.size // 10
    few = max(1, BATCH // (4 * values.size))
    parts = [
        _correlation(_displacement(values, c[i : i + few], most)) for i in range(0, c.size, few)
    ]
    each = np.concatenate(parts)
    low, middle, high = (float(q) for q in np.quantile(each, (0.25, 0.5, 0.75)))
    error = 1.2533 * (high - low) / 1.349 / math.sqrt(c.size)
    return ZeroOne(middle, error, (low, high), each, c, every)
