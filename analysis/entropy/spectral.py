"""Spectral entropy: how evenly the power of a series is spread over its frequencies.

    H = -sum_k p_k ln p_k,  p_k = P_k / sum P,  P_k = w_k |sum_t x_t exp(-2 pi i k t / T)|^2

P is the one-sided periodogram, k = 1 .. T // 2: w is 2, for the negative frequencies, but 1 at the
Nyquist frequency, which is its own negative.
"""

from typing import Any

from analysis.entropy.checks import last, reals
from analysis.entropy.functionals import shannon

Array = Any


def _periodogram(x: Array, dc: bool, xp: Any) -> Array:
    """Return the one-sided periodogram (..., K) of x (..., T), up to a factor."""
    samples = x.shape[-1]
    power = xp.abs(xp.fft.rfft(x)) ** 2
    inner = (samples + 1) // 2  # the first frequency without a negative one, if there is one
    parts = [power[..., :1]] if dc else []
    parts += [2.0 * power[..., 1:inner], power[..., inner:]]
    return xp.concat(parts, axis=-1)


def spectral_entropy(
    x: Array, *, normalize: bool = True, dc: bool = False, axis: int = -1
) -> Array:
    """Return the Shannon entropy of the periodogram of a series, (...) of (..., T).

    x          (..., T) real, the samples along `axis`; computed in float64
    normalize  divide by ln K, K the number of frequencies, T // 2; else in nats
    dc         keep the mean, as frequency 0; K is one more

    0 for a sine of a whole number of periods. White noise tends to 1 - (1 - gamma)/ln K, not to 1:
    the periodogram's scatter about a flat spectrum does not fall with T.
    Raises ValueError for NaN, infinity, a single sample, and a series without power: a constant
    one, or with dc=True one of zeros.
    Powell & Percival (1979) J. Phys. A 12, 2053; normalised: Inouye et al. (1991)
    Electroencephalogr. Clin. Neurophysiol. 79, 204.
    """
    x, xp = reals(x, "x")
    if x.ndim == 0:
        raise ValueError("x: must be a series, got a number")
    x = xp.astype(last(x, axis, "x"), xp.float64)
    if x.shape[-1] < 2:
        raise ValueError("x: a single sample has no spectrum; give two or more")
    if not dc:
        # Less the first sample, not the mean, whose rounding would be the spectrum of equal ones;
        # what is left of the mean is in frequency 0. Halves: a difference cannot overflow.
        x = 0.5 * x - 0.5 * x[..., :1]
    if not bool(xp.all(xp.any(x != 0, axis=-1))):
        kind = "series of zeros" if dc else "constant series"
        raise ValueError(f"x: a {kind} has no power to spread over frequencies; leave it out")
    x = x / xp.max(xp.abs(x), axis=-1, keepdims=True)  # squares neither overflow nor vanish
    power = _periodogram(x, dc, xp)
    return shannon(power / xp.sum(power, axis=-1, keepdims=True), normalize=normalize)
