"""Timescales of a series: its period, by spectrum, crossings or autocorrelation; its memory.

P(f) = |sum_t w(t) (x(t) - <x>) e^(-2 pi i f t)|^2;  rho(k) = <x(t) x(t + k)> / <x^2>
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import choice, positive, series

METHODS = ("spectral", "crossings", "autocorrelation")
LEAST = 16  # samples
PARTS = 4  # of the series, whose periods give the error of a spectral or autocorrelation one
# Blackman & Harris' window of 4 terms: side lobes at -92 dB, so that neither the mean nor the peak
# at -f moves the one at f; Harris (1978) Proc. IEEE 66, 51, table 1
WINDOW = (0.35875, -0.48829, 0.14128, -0.01168)
REFINEMENTS = 40


class Period(NamedTuple):
    """A period and its standard error, in units of time; NaN where too short to tell the error."""

    value: float
    standard_error: float


class Timescales(NamedTuple):
    """What times a series has.

    period         of the largest spectral peak
    crossing       mean time between rises through the mean
    decorrelation  when the autocorrelation first falls below 1/e; NaN if it does not
    integral       sum of the autocorrelation up to its first zero: T/(2 integral) samples count
    """

    period: Period
    crossing: Period
    decorrelation: float
    integral: float


def _power(x: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return P at frequencies in cycles per sample."""
    place = np.arange(x.size)
    return np.abs(np.exp(-2j * math.pi * np.outer(frequencies, place)) @ x) ** 2


def _windowed(x: np.ndarray) -> np.ndarray:
    place = 2 * math.pi * (np.arange(x.size) + 0.5) / x.size
    window = sum(a * np.cos(k * place) for k, a in enumerate(WINDOW))
    return np.asarray((x - (window * x).sum() / np.sum(window)) * window)


def _spectral(x: np.ndarray) -> float:
    """Return the period of the largest peak, in samples: a parabola through it, again and again."""
    y = _windowed(x)
    power = np.abs(np.fft.rfft(y, 4 * x.size)) ** 2
    step = 1 / (4 * x.size)
    least = 4  # transforms: one cycle in the series; slower is a trend
    peak = least + int(np.argmax(power[least:]))
    middle = peak * step
    for _ in range(REFINEMENTS):
        low, top, high = np.log(_power(y, middle + step * np.array([-1.0, 0.0, 1.0])))
        bend = low - 2 * top + high
        shift = 0.5 * (low - high) / bend if bend < 0 else math.copysign(1.0, high - low)
        middle = min(max(middle + step * float(np.clip(shift, -1, 1)), 0.5 / x.size), 0.5)
        step = max(step / 4, 1e-4 / x.size)
        if abs(shift) * step < 1e-13:
            break
    return float(1 / middle)


def _rises(x: np.ndarray) -> np.ndarray:
    """Return the times in samples at which x - <x> rises through 0 after a fall below -h.

    h is a tenth of the standard deviation, so that noise near the mean counts no crossing. The
    times are those of straight lines between samples.
    """
    y = x - x.mean()
    band = 0.1 * y.std()
    state = np.where(y >= band, 1, np.where(y <= -band, -1, 0))
    known = np.flatnonzero(state)
    turns = np.flatnonzero((state[known[1:]] == 1) & (state[known[:-1]] == -1))
    found = []
    for a, b in zip(known[turns], known[turns + 1], strict=True):
        k = a + int(np.flatnonzero((y[a:b] < 0) & (y[a + 1 : b + 1] >= 0))[-1])
        found.append(k + y[k] / (y[k] - y[k + 1]))
    return np.array(found)


def autocorrelation(x: Any) -> np.ndarray:
    """Return the autocorrelation rho(k), k = 0 .. T/2, of a series (T,); rho(0) = 1.

    Each lag is divided by its own number of products. Raises ValueError as `period`.
    """
    y = series(x, "x", LEAST)
    n = y.size
    y = y - y.mean()
    power = np.abs(np.fft.rfft(y, 2 * n)) ** 2
    lags = n // 2 + 1
    found = np.fft.irfft(power, 2 * n)[:lags] / (n - np.arange(lags))
    return np.asarray(found / found[0])


def _first_return(x: np.ndarray) -> float:
    """Return the lag of the first peak of the autocorrelation after it fell below 0."""
    rho = autocorrelation(x)
    negative = np.flatnonzero(rho < 0)
    start = int(negative[0]) if negative.size else rho.size
    positive_ = np.flatnonzero(rho[start:] > 0)
    if not positive_.size:
        raise ValueError("x: its autocorrelation does not return; give two periods or more")
    start += int(positive_[0])
    ends = np.flatnonzero(rho[start:] < 0)
    stop = start + int(ends[0]) if ends.size else rho.size
    k = start + int(np.argmax(rho[start:stop]))
    if not 0 < k < rho.size - 1:
        raise ValueError("x: its autocorrelation does not return; give two periods or more")
    bend = rho[k - 1] - 2 * rho[k] + rho[k + 1]
    return k + (0.5 * float((rho[k - 1] - rho[k + 1]) / bend) if bend < 0 else 0.0)


def _crossing(x: np.ndarray, dt: float) -> Period:
    gaps = np.diff(_rises(x)) * dt
    if not gaps.size:
        raise ValueError("x: rises through its mean less than twice; give two periods or more")
    error = gaps.std(ddof=1) / math.sqrt(gaps.size) if gaps.size > 1 else math.nan
    return Period(float(gaps.mean()), float(error))


def period(x: Any, dt: float = 1.0, *, method: str = "spectral") -> Period:
    """Return the period of a series and its standard error, in the units of dt.

    x       (T,) real, 16 samples or more
    dt      time from a sample to the next
    method  "spectral": the largest peak of the windowed periodogram, slower than a cycle in the
            series left out; "crossings": mean time from one rise through the mean to the next;
            "autocorrelation": its first peak after it has been negative

    The error is, for crossings, that of their mean; else of the four quarters' periods, NaN where a
    quarter holds none. They differ where a series has no one period: of the Lorenz system x and z
    have different ones.

    Raises ValueError for NaN, a constant series, fewer than two periods.
    Windows: Harris (1978) Proc. IEEE 66, 51. A sine's period is found to 1e-6 from ten periods on.
    """
    choice(method, "method", METHODS)
    values, step = series(x, "x", LEAST), positive(dt, "dt")
    if method == "crossings":
        return _crossing(values, step)
    find = _spectral if method == "spectral" else _first_return
    value = find(values)
    try:
        quarters = [find(part) for part in np.array_split(values, PARTS)]
        error = float(np.std(quarters, ddof=1)) / math.sqrt(PARTS)
    except ValueError:
        error = math.nan
    return Period(value * step, error * step)


def timescales(x: Any, dt: float = 1.0) -> Timescales:
    """Return period, crossing time, decorrelation time and integral time of a series (T,).

    Arguments and errors as `period`.
    """
    values, step = series(x, "x", LEAST), positive(dt, "dt")
    rho = autocorrelation(values)
    below = np.flatnonzero(rho < math.exp(-1))
    decorrelation = math.nan
    if below.size:
        k = int(below[0])
        decorrelation = step * (k - (math.exp(-1) - rho[k]) / (rho[k - 1] - rho[k]))
    zero = np.flatnonzero(rho <= 0)
    kept = rho[: int(zero[0]) if zero.size else rho.size]
    integral = step * (float(kept.sum()) - 0.5)
    try:
        crossing = _crossing(values, step)
    except ValueError:
        crossing = Period(math.nan, math.nan)
    return Timescales(period(values, step), crossing, float(decorrelation), integral)
