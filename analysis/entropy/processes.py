"""Reference processes whose law is known exactly: series to try a measure on, and their patterns.

    white noise;  x(t) = phi x(t-1) + e(t);  fractional Gaussian noise, covariance
    (|k+1|^2H - 2|k|^2H + |k-1|^2H)/2, and its sum;  1/f^k noise;  x -> r x (1 - x)

Nothing is approximate but rounding: no burn-in where the stationary law can be drawn, no
truncated filter. `process_patterns` has the probabilities of their ordinal patterns.
"""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import generator, whole

Members = int | tuple[int, ...] | None
AT_ONCE = 1 << 18  # samples of a ring in hand
SERIES_FROM = 16  # lags from which the series for the covariance is good to rounding


def _shape(n: int, members: Members) -> tuple[int, ...]:
    n = whole(n, "n", 1)
    if members is None:
        return (n,)
    batch = members if isinstance(members, tuple) else (members,)
    return (*(whole(m, "members", 1) for m in batch), n)


def white_noise(n: int, seed: Any, *, members: Members = None) -> np.ndarray:
    """Return independent standard normal samples, (n,) or (*members, n).

    n        samples
    seed     integer or Generator
    members  None, how many series, or the shape of a batch of them; more of them leave the first
             as they are

    Raises ValueError for n or members below 1, and for no seed.
    """
    return generator(seed).standard_normal(_shape(n, members))


def autoregressive(n: int, phi: float, seed: Any, *, members: Members = None) -> np.ndarray:
    """Return x(t) = phi x(t-1) + e(t) with e standard normal, from the stationary law on.

    n, seed, members  as in `white_noise`
    phi               -1 < phi < 1; the variance is 1/(1 - phi^2)

    Raises ValueError as `white_noise`, and for phi outside.
    Box & Jenkins (1970) Time Series Analysis, sec. 3.2.3.
    """
    from scipy.signal import lfilter  # slow to import

    phi = checked_phi(phi)
    x = white_noise(n, seed, members=members)
    x[..., 0] /= math.sqrt((1 - phi) * (1 + phi))
    return lfilter([1.0], [1.0, -phi], x, axis=-1)


def checked_phi(phi: float) -> float:
    if not -1 < phi < 1:
        raise ValueError(f"phi: must be between -1 and 1, or nothing is stationary; got {phi}")
    return float(phi)


def checked_hurst(hurst: float) -> float:
    if not 0 < hurst < 1:
        raise ValueError(f"hurst: must be between 0 and 1, got {hurst}")
    return float(hurst)


def fractional_covariance(lags: int, hurst: float) -> np.ndarray:
    """Return the covariance of fractional Gaussian noise of unit variance at lags 0 .. lags - 1.

    The second difference of |k|^2H loses k^2 of its digits; far lags are summed from the binomial
    series instead, sum over j >= 1 of C(2H, 2j) k^(2H - 2j).
    Mandelbrot & van Ness (1968) SIAM Rev. 10, 422.
    """
    power, k = 2 * hurst, np.arange(lags, dtype=float)
    near = k[:SERIES_FROM]
    covariance = np.empty(lags)
    covariance[:SERIES_FROM] = (
        (near + 1) ** power - 2 * near**power + np.abs(near - 1) ** power
    ) / 2
    far = k[SERIES_FROM:]
    binomial, total = 1.0, np.zeros(far.size)
    for j in range(1, 8):  # 16^-14 is below rounding
        binomial *= (power - 2 * j + 2) * (power - 2 * j + 1) / ((2 * j - 1) * (2 * j))
        total += binomial * far ** (power - 2 * j)
    covariance[SERIES_FROM:] = total
    return covariance


def fractional_gaussian_noise(
    n: int, hurst: float, seed: Any, *, members: Members = None
) -> np.ndarray:
    """Return fractional Gaussian noise of unit variance, its covariance exact at every lag.

    n, seed, members  as in `white_noise`
    hurst             0 < H < 1; 1/2 is white noise

    The covariance is embedded in that of a ring of 2n samples, whose Fourier modes are independent.

    Raises ValueError as `white_noise`, and for H outside.
    Davies & Harte (1987) Biometrika 74, 95, app.; Craigmile (2003) J. Time Ser. Anal. 24, 505.
    """
    hurst, shape = checked_hurst(hurst), _shape(n, members)
    covariance = fractional_covariance(n + 1, hurst)
    ring = np.concatenate([covariance, covariance[-2:0:-1]])
    power = np.fft.rfft(ring).real
    # in theory none is negative at any H and n; one that is shows a covariance gone wrong
    if power.min() < -1e-10 * power.max():
        raise ArithmeticError(f"the ring of {ring.size} samples has a negative mode, H = {hurst}")
    amplitude = np.sqrt(np.maximum(power, 0))
    drawer, series = generator(seed), np.empty((math.prod(shape[:-1]), n))
    rows = max(1, AT_ONCE // ring.size)
    for start in range(0, len(series), rows):
        some = series[start : start + rows]
        modes = np.fft.rfft(drawer.standard_normal((len(some), ring.size))) * amplitude
        some[:] = np.fft.irfft(modes, ring.size)[:, :n]
    return series.reshape(shape)


def fractional_brownian_motion(
    n: int, hurst: float, seed: Any, *, members: Members = None
) -> np.ndarray:
    """Return fractional Brownian motion from 0 at unit steps, variance t^2H at sample t.

    Arguments and errors as in `fractional_gaussian_noise`, whose running sum it is.
    Mandelbrot & van Ness (1968) SIAM Rev. 10, 422.
    """
    shape = _shape(n, members)
    motion = np.zeros(shape)
    if n > 1:
        noise = fractional_gaussian_noise(n - 1, hurst, seed, members=members)
        np.cumsum(noise, axis=-1, out=motion[..., 1:])
    else:
        checked_hurst(hurst)
        generator(seed)
    return motion


def noise_with_spectrum(
    n: int, exponent: float, seed: Any, *, members: Members = None
) -> np.ndarray:
    """Return Gaussian noise of spectrum f^-exponent, periodic over its n samples.

    n, seed, members  as in `white_noise`; n is at least 2
    exponent          k of 1/f^k; 0 is white, 1 pink, 2 brown

    Exactly a stationary process on a ring of n samples: the last is a neighbour of the first, the
    mean is 0, and the expected variance 1. It is no sample of a longer series.

    Raises ValueError as `white_noise`, and for an exponent that is not finite.
    """
    whole(n, "n", 2)
    if not math.isfinite(exponent):
        raise ValueError(f"exponent: must be finite, got {exponent}")
    noise = white_noise(n, seed, members=members)
    frequency = np.arange(n // 2 + 1) / (1 if exponent > 0 else n // 2)  # no power is above 1
    amplitude = np.zeros(frequency.size)
    amplitude[1:] = frequency[1:] ** (-exponent / 2)
    twice = amplitude[1 : (n + 1) // 2]  # frequencies of both signs, all but 0 and Nyquist's
    variance = (np.sum(amplitude**2) + np.sum(twice**2)) / n
    amplitude /= math.sqrt(variance)
    return np.fft.irfft(np.fft.rfft(noise) * amplitude, n)


def logistic_map(
    n: int,
    r: float = 4.0,
    *,
    x0: Any = None,
    seed: Any = None,
    members: Members = None,
    transient: int = 0,
) -> np.ndarray:
    """Return an orbit of x -> r x (1 - x), (n,) or one for each start, (..., n).

    n          samples
    r          0 to 4
    x0         start, 0 to 1, or an array of them; without it starts are drawn from `seed` for
               `members`, by the invariant law of r = 4: sin^2(pi u/2), u uniform
    transient  steps left out before the first sample

    In floating point every orbit is at last periodic; at r = 4 after some 10^7 steps. An orbit at
    r = 4 that repeats itself is refused; below 4 periods may be real.

    Raises ValueError for r or x0 outside, x0 and seed both or neither, an orbit that repeats.
    Ulam & von Neumann (1947) Bull. Am. Math. Soc. 53, 1120.
    """
    n, transient = whole(n, "n", 1), whole(transient, "transient", 0)
    if not 0 <= r <= 4:
        raise ValueError(f"r: must be from 0 to 4, or orbits escape; got {r}")
    if (x0 is None) == (seed is None):
        raise ValueError("x0: give either x0 or seed")
    if x0 is None:
        batch = _shape(n, members)[:-1]
        x0 = np.sin(np.pi / 2 * generator(seed).random(batch)) ** 2
    elif members is not None:
        raise ValueError("members: has no meaning with x0, which says how many")
    start = np.asarray(x0, dtype=float)
    if not np.all((start >= 0) & (start <= 1)):
        raise ValueError("x0: must be from 0 to 1")
    if start.ndim == 0:
        orbit = _orbit(float(start), float(r), n, np.empty(n), transient)
    else:
        steps = _orbit(start, float(r), n, np.empty((n, *start.shape)), transient)
        orbit = np.ascontiguousarray(np.moveaxis(steps, 0, -1))
    if r == 4 and n > 1 and bool(np.any(orbit[..., :-1] == orbit[..., -1:])):
        raise ValueError("x0: an orbit repeats itself in floating point; take others, or fewer n")
    return orbit


def _orbit(x: Any, r: float, n: int, out: np.ndarray, transient: int) -> np.ndarray:
    for _ in range(transient):
        x = r * x * (1 - x)
    for t in range(n):
        out[t] = x
        x = r * x * (1 - x)
    return out
