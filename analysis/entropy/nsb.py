"""The Bayesian entropy of counts under a prior that is nearly flat in entropy.

    E[H] = int H(b) rho(b) dxi / int rho(b) dxi,   xi(b) = psi(K b + 1) - psi(b + 1),
    rho(b) = G(K b)/G(N + K b) prod_i G(n_i + b)/G(b)

b is the concentration of a symmetric Dirichlet prior over K outcomes and xi its mean entropy. The
integrals are taken over t = ln b, where the integrand is analytic and falls off exponentially on
both sides, so that the trapezoidal rule converges faster than any power of its step.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln, zeta

from analysis.entropy.checks import whole

FALL = 45.0  # what is exp(-45) of the peak is left out
ROUGH = 0.5  # step in ln b of the search for the peak
FIRST, FINEST = 64, 2**13  # intervals
PRECISION = 1e-8  # halving the step squares the error, so that the next rule is exact to rounding
LARGE = 20.0  # from here Stirling's series with five terms is exact to rounding
MEMORY = 2**18  # numbers held at a time


class Posterior(NamedTuple):
    """Mean and standard deviation of the entropy, in nats."""

    mean: float
    std: float


def posterior(c: np.ndarray, K: int | None = None) -> Posterior:
    """Return the posterior mean and standard deviation of the Shannon entropy of counts.

    c  (bins,) non-negative whole numbers with a sum of at least 1
    K  number of possible outcomes, those that never occurred too; None takes the number of bins

    Raises ValueError for other counts and for K below the number of bins that are occupied.
    Nemenman, Shafee & Bialek (2002) Adv. Neural Inf. Process. Syst. 14, 471; moments at given b:
    Wolpert & Wolf (1995) Phys. Rev. E 52, 6841.
    """
    counts = np.asarray(c, dtype=float)
    if counts.ndim != 1 or not (counts >= 0).all() or (counts % 1 != 0).any() or not counts.any():
        raise ValueError("c: must be one row of non-negative whole numbers, not all 0")
    n, multiplicity = np.unique(counts[counts > 0], return_counts=True)
    times = multiplicity.astype(float)
    outcomes = whole(counts.size if K is None else K, "K", 1)
    if outcomes < multiplicity.sum():
        raise ValueError(
            f"K: must be at least {multiplicity.sum()}, the occupied bins, got {outcomes}"
        )
    if outcomes == 1:
        return Posterior(0.0, 0.0)
    t, weights = _nodes(n, times, outcomes)
    mean, variance = _by_parts(lambda part: _moments(part, n, times, outcomes), t, n.size)
    average = float(weights @ mean)
    spread = float(weights @ ((mean - average) ** 2 + variance))
    return Posterior(average, math.sqrt(max(spread, 0.0)))


def _nodes(n: np.ndarray, times: np.ndarray, outcomes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (t, weights) of a trapezoidal rule for averages over the posterior of t = ln b."""

    def height(t: np.ndarray) -> np.ndarray:
        return _by_parts(lambda part: _log_integrand(part, n, times, outcomes), t, n.size)

    # Beyond these ends the integrand falls as exp(-|t|): b << 1/(K ln N), and b >> N^2.
    total = math.log(float(n @ times) + 1)
    left = -math.log(outcomes) - math.log(1 + total) - FALL - 10
    rough = np.arange(left, 2 * total + FALL + 10, ROUGH)
    heights = height(rough)
    top = int(np.argmax(heights))
    low, high = rough[max(top - 1, 0)], rough[min(top + 1, rough.size - 1)]
    while high - low > 1e-6:  # a peak may be far narrower than the step
        fine = np.linspace(low, high, 9)
        best = int(np.argmax(height(fine)))
        low, high = fine[max(best - 1, 0)], fine[min(best + 1, 8)]
    middle = 0.5 * (low + high)
    peak = float(height(np.array([middle]))[0])
    inside = rough[heights > peak - FALL]
    ends = []
    for sign in (-1.0, 1.0):
        near = max([sign * middle, *(sign * inside)])
        far = near + ROUGH
        for _ in range(20):
            half = 0.5 * (near + far)
            kept = height(np.array([sign * half]))[0] > peak - FALL
            near, far = (half, far) if kept else (near, half)
        ends.append(sign * far)
    return _trapezoid(height, peak, *ends)


def _trapezoid(
    height: Callable[[np.ndarray], np.ndarray], peak: float, first: float, last: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights, the step halved until the integral stands."""
    t = np.linspace(first, last, FIRST + 1)
    w = np.exp(height(t) - peak)
    while t.size <= FINEST:
        middles = 0.5 * (t[1:] + t[:-1])
        between = np.exp(height(middles) - peak)
        done = abs(between.mean() * middles.size / w.sum() - 1) < PRECISION
        t, w = (np.insert(a, np.arange(1, a.size), b) for a, b in ((t, middles), (w, between)))
        if done:
            break
    return t, w / w.sum()


def _by_parts(
    function: Callable[[np.ndarray], np.ndarray], t: np.ndarray, width: int
) -> np.ndarray:
    """Return function(t), whose last axis is that of t, without holding t.size x width numbers."""
    parts = np.array_split(t, 1 + t.size * width // MEMORY)
    return np.concatenate([function(part) for part in parts if part.size], axis=-1)


def _log_integrand(t: np.ndarray, n: np.ndarray, times: np.ndarray, outcomes: int) -> np.ndarray:
    """Return ln(rho(b) dxi/db b) at b = exp(t), but for a constant."""
    b = np.exp(t)
    rho = _log_rising(b[:, None], n) @ times - _log_rising(outcomes * b, n @ times)
    return rho + _log_slope(b, outcomes) + t


def _log_rising(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return ln(G(n + x) / (G(n) G(x))), which stays small where either is."""
    large, small = np.maximum(x, n), np.minimum(x, n)
    far = np.maximum(large, LARGE)
    stirling = small * np.log(far) + (far + small - 0.5) * np.log1p(small / far) - small
    stirling += _stirling_rest(far + small) - _stirling_rest(far)
    close = np.minimum(large, LARGE)
    direct = gammaln(close + small) - gammaln(close)
    return np.where(large >= LARGE, stirling, direct) - gammaln(small)


def _stirling_rest(z: np.ndarray) -> np.ndarray:
    """Return ln G(z) - (z - 1/2) ln z + z - ln(2 pi)/2; Abramowitz & Stegun 6.1.41."""
    s = 1 / (z * z)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / z


def _log_slope(b: np.ndarray, outcomes: int) -> np.ndarray:
    """Return ln dxi/db = ln(K psi'(K b + 1) - psi'(b + 1)); their common 1/b is taken out."""
    k, near, far = float(outcomes), np.minimum(b, 30.0), np.maximum(b, 30.0)
    direct = k * zeta(2, k * near + 1) - zeta(2, near + 1)
    s = 1 / (far * far)
    series = (1 - 1 / k) / 2 - (1 - k**-2) / (6 * far) + s / far * (1 - k**-4) / 30
    series += -(s**2) / far * (1 - k**-6) / 42 + s**3 / far * (1 - k**-8) / 30
    return np.where(b < 30, np.log(direct), np.log(series * s))


def _moments(t: np.ndarray, n: np.ndarray, times: np.ndarray, outcomes: int) -> np.ndarray:
    """Return the (mean, variance) of the entropy at each b = exp(t).

    Second moments about the mean, not about 0: the leading terms cancel on paper.
    """
    n, times = np.append(n, 0.0), np.append(times, outcomes - times.sum())
    a = n + np.exp(t)[:, None]
    total = n @ times + outcomes * np.exp(t)
    psi = digamma(a + 1)
    mean = (a * (digamma(total + 1)[:, None] - psi)) @ times / total
    v = psi + (mean - digamma(total + 2))[:, None]
    variance = (a * (v * v + (a + 1) * zeta(2, a + 1))) @ times / total / (total + 1)
    variance += total / (total + 1) ** 3 - 2 / (total + 1) ** 2 - zeta(2, total + 2)
    return np.stack([mean, variance])
