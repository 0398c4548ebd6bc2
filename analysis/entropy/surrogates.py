"""Surrogate series: what a measure gives on noise that shares some property with the data.

shuffled          the values, in any order
phase_randomised  the periodogram, values near normal
iaaft             the values, and the periodogram as nearly as they allow
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from analysis.entropy.checks import choice, generator, like, reals, symbols, to_host, whole
from core.backend import namespace

Array = Any
KINDS = ("shuffled", "phase_randomised", "iaaft")
TILE = 32768  # samples that are adjusted together on a CPU, in its cache
CHUNK = 1 << 22  # samples of surrogates that are held at once by a test


class SurrogateTest(NamedTuple):
    """A measure of a series beside the same measure of its surrogates."""

    value: Array
    mean: Array
    stderr: Array
    low: Array
    high: Array
    p: Array


def _series(x: Array) -> tuple[Array, Any]:
    x, xp = reals(x, "x")
    if x.ndim == 0:
        raise ValueError("x: must be a series with samples, got a number")
    return x, xp


def shuffled(x: Array, seed: Any, n: int = 1) -> Array:
    """Return n copies of a series with its samples in random order, (n, ..., T).

    x     (..., T) real or integer; each row is shuffled by itself
    seed  integer or Generator
    n     copies

    Nothing but the values survives: the null hypothesis is independent samples.

    Raises ValueError for NaN, n below 1, no seed.
    Theiler et al. (1992) Physica D 58, 77, sec. 2.
    """
    n, drawer = whole(n, "n", 1), generator(seed)
    if isinstance(x, list | tuple):
        x = np.asarray(x)
    if namespace(x).isdtype(x.dtype, ("integral", "bool")):
        host = to_host(symbols(x, "x")[0])
    else:
        host = to_host(_series(x)[0])
    if host.ndim == 0:
        raise ValueError("x: must be a series with samples, got a number")
    # the order is drawn, not the values moved: it is the same for any type and layout
    order = np.argsort(drawer.random((n, *host.shape)), axis=-1)
    return like(np.take_along_axis(host[None], order, axis=-1), x)


def phase_randomised(x: Array, seed: Any, n: int = 1) -> Array:
    """Return n series with the periodogram of x and random phases, (n, ..., T).

    x        (..., T) real; rows get phases of their own, so that cross-spectra are lost
    seed, n  as in `shuffled`

    Mean and periodogram are kept to rounding (for even T the Nyquist mode, which has no phase, is
    kept whole). The null hypothesis is a linear Gaussian process; ends that do not meet show up as
    noise at high frequencies.

    Raises ValueError as `shuffled`.
    Theiler et al. (1992) Physica D 58, 77, sec. 2.
    """
    n, drawer = whole(n, "n", 1), generator(seed)
    x, xp = _series(x)
    samples = x.shape[-1]
    modes = xp.fft.rfft(xp.astype(x, xp.float64), axis=-1)
    turn = np.ones((n, *modes.shape), complex)
    free = slice(1, (samples + 1) // 2)  # without the mean and Nyquist's
    drawn = drawer.random((n, *modes.shape[:-1], (samples - 1) // 2))
    turn[..., free] = np.exp(2j * math.pi * drawn)
    turned = modes[None, ...] * like(turn, x)
    return xp.astype(xp.fft.irfft(turned, n=samples, axis=-1), x.dtype)


def iaaft(x: Array, seed: Any, n: int = 1, *, iterations: int = 200) -> Array:
    """Return n series with the values of x and nearly its periodogram, (n, ..., T).

    x           (..., T) real; each row by itself
    seed, n     as in `shuffled`
    iterations  at most; it stops when no rank changes any more

    From a shuffle on, in turn: give it the amplitudes of x, keeping its phases; then the values of
    x, keeping its ranks. The values are exact at the end. The null hypothesis is a linear Gaussian
    process seen through a monotonic function.

    Raises ValueError as `shuffled`, and for iterations below 1.
    Schreiber & Schmitz (1996) Phys. Rev. Lett. 77, 635.
    """
    whole(iterations, "iterations", 1)
    x, xp = _series(x)
    samples, wide = x.shape[-1], xp.astype(x, xp.float64)
    series = xp.astype(shuffled(x, seed, n), xp.float64)
    shape = series.shape

    def rows(each: Array) -> Array:
        """Return what belongs to each row of x once for every row of the surrogates."""
        return xp.reshape(
            xp.broadcast_to(each, (*shape[:-1], each.shape[-1])), (-1, each.shape[-1])
        )

    series, values = rows(series), rows(xp.sort(wide, axis=-1))
    amplitude = rows(xp.abs(xp.fft.rfft(wide, axis=-1)))
    few = max(1, TILE // samples) if isinstance(series, np.ndarray) else series.shape[0]
    parts = [
        _adjusted(
            series[i : i + few, :], values[i : i + few, :], amplitude[i : i + few, :], iterations
        )
        for i in range(0, series.shape[0], few)
    ]
    return xp.astype(xp.reshape(xp.concat(parts, axis=0), shape), x.dtype)


def _adjusted(series: Array, values: Array, amplitude: Array, iterations: int) -> Array:
    """Return rows with the given sorted values and, nearly, amplitudes; rows done do not change."""
    xp, order = namespace(series), None
    for _ in range(iterations):
        modes = xp.fft.rfft(series, axis=-1)
        size = xp.abs(modes)
        modes = modes * (amplitude / xp.where(size > 0, size, xp.ones_like(size)))
        target = xp.fft.irfft(modes, n=series.shape[-1], axis=-1)
        # ties are between equal values or rounding, so that a stable sort would only be slower
        before, order = order, xp.argsort(target, axis=-1, stable=False)
        series = _placed(values, order, xp)
        if before is not None and bool(xp.all(order == before)):
            break
    return series


def _placed(values: Array, order: Array, xp: Any) -> Array:
    """Return sorted values where an argsort has its places."""
    if isinstance(values, np.ndarray):
        placed = np.empty_like(values)
        np.put_along_axis(placed, order, values, axis=-1)
        return placed
    ranks = xp.argsort(order, axis=-1, stable=False)
    return xp.take_along_axis(values, ranks, axis=-1)


def surrogate_test(
    fn: Callable[[Array], Array], x: Array, kind: str = "iaaft", n: int = 99, seed: Any = None
) -> SurrogateTest:
    """Return a measure of a series, what it is on n surrogates, and the rank of one in the other.

    fn    (..., T) -> (...), a measure along the last axis
    x     (..., T) real, or integers if shuffled; every row is tested by itself
    kind  shuffled, phase_randomised or iaaft: the null hypothesis
    n     surrogates; 19 can show p = 0.1 at best, 99 0.02
    seed  integer or Generator

    value        fn(x), (...)
    mean, stderr of the measure on surrogates: their mean, and their standard deviation
    low, high    the 2.5 % and 97.5 % quantiles of the surrogates
    p            two-sided, min(1, 2 (r + 1)/(n + 1)), r the surrogates at or beyond the value on
                 the side where fewer are; under the null hypothesis P(p <= a) <= a

    Raises ValueError for an unknown kind, n below 2, no seed, and if fn gives
    NaN or infinity or does not keep the batch.
    Schreiber & Schmitz (2000) Physica D 142, 346, sec. 3; (r + 1)/(n + 1): Davison & Hinkley (1997)
    Bootstrap Methods, sec. 4.2.
    """
    draw = {"shuffled": shuffled, "phase_randomised": phase_randomised, "iaaft": iaaft}[
        choice(kind, "kind", KINDS)
    ]
    n, drawer = whole(n, "n", 2), generator(seed)
    numbers, xp = _series(x)
    x = numbers if isinstance(x, list | tuple) or kind != "shuffled" else x  # symbols stay symbols
    value = _measured(fn, x)
    at_once = max(1, CHUNK // math.prod(x.shape))
    parts = [
        _measured(fn, draw(x, drawer, min(at_once, n - done))) for done in range(0, n, at_once)
    ]
    drawn = xp.concat(parts, axis=0)
    above = xp.sum(xp.astype(drawn >= value, xp.int64), axis=0)
    below = xp.sum(xp.astype(drawn <= value, xp.int64), axis=0)
    rank = xp.astype(xp.minimum(above, below), drawn.dtype)
    ranked = xp.sort(drawn, axis=0)
    return SurrogateTest(
        value,
        xp.mean(drawn, axis=0),
        xp.std(drawn, axis=0, correction=1),
        _quantile(ranked, 0.025),
        _quantile(ranked, 0.975),
        xp.clip(2 * (rank + 1) / (n + 1), max=1.0),
    )


def _measured(fn: Callable[[Array], Array], x: Array) -> Array:
    value = fn(x)
    if isinstance(value, float | int | np.generic):
        value = like(float(value), x)
    value, _ = reals(value, "fn")
    if tuple(value.shape) != tuple(x.shape[:-1]):
        raise ValueError(
            f"fn: must turn (..., T) into (...): it turned {x.shape} into {tuple(value.shape)}"
        )
    return value


def _quantile(ranked: Array, share: float) -> Array:
    """Return a quantile of sorted values (n, ...), linear between them."""
    place = share * (ranked.shape[0] - 1)
    low = math.floor(place)
    high = min(low + 1, ranked.shape[0] - 1)
    return ranked[low, ...] + (place - low) * (ranked[high, ...] - ranked[low, ...])
