"""How particles move and turn: displacement, diffusion, memory of the heading.

MSD(t) = <|x(s + t) - x(s)|^2>,   C(t) = <e(s + t) e(s)>,   over particles and origins s
"""

from typing import Any, NamedTuple

import numpy as np

from core.backend import namespace, to_host

Array = Any
FAR = 0.4  # of the box in one frame: beyond, the way round is not known
BLOCKS = 8  # of particles, whose scatter is the error


class Diffusion(NamedTuple):
    """Effective diffusivity, its standard error, and the local exponent of the MSD there."""

    value: float
    error: float
    exponent: float


def unwrapped(positions: Any, box: Any, image: Any = None) -> np.ndarray:
    """Return positions (T, N, d) without the jumps at the edges of the box.

    box    (d,) or (T, d) edges, inf in open space
    image  (T, N, d) crossings counted by the simulation; if given, nothing is guessed
    Without them, each step is taken the shortest way round: raises ValueError where a particle
    moves more than 0.4 of the box from frame to frame, as then that may be wrong.
    """
    x, edges = np.asarray(positions, dtype=float), np.asarray(box, dtype=float)
    if x.ndim != 3:
        raise ValueError(f"positions: must be (T, N, d), got shape {x.shape}")
    if not np.isfinite(x).all():
        frame, particle = np.argwhere(~np.isfinite(x))[0][:2]
        raise ValueError(f"positions: particle {particle} of frame {frame} is not finite")
    edges = edges if edges.ndim == 1 else edges[:, None, :]
    if not np.isfinite(edges).all():
        return x
    if image is not None:
        return x + np.asarray(image) * edges
    steps = np.diff(x, axis=0)
    sides = edges if edges.ndim == 1 else edges[1:]
    steps -= sides * np.round(steps / sides)
    if steps.size and float((np.abs(steps) / sides).max()) > FAR:
        raise ValueError(
            f"positions: a particle moves more than {FAR} of the box between frames, so that its "
            "way round is not known; store more frames, or images"
        )
    return np.concatenate([x[:1], x[:1] + np.cumsum(steps, axis=0)])


def _products(x: Array, xp: Any) -> Array:
    """Return sum_s x(s + t) x(s) for each lag t: (T, ...) along the first axis."""
    t = x.shape[0]
    size = 1 << (2 * t - 1).bit_length()
    spectrum = xp.fft.fft(xp.astype(x, xp.complex128), n=size, axis=0)
    power = xp.astype(xp.real(spectrum * xp.conj(spectrum)), xp.complex128)
    return xp.real(xp.fft.ifft(power, axis=0))[:t, ...]


def square_displacements(x: Array) -> Array:
    """Return the mean square displacement of each particle over all origins, (T, N).

    x  (T, N, d) unwrapped, any namespace; lag t is an average over T - t origins
    |x(s + t) - x(s)|^2 = |x(s + t)|^2 + |x(s)|^2 - 2 x(s + t) x(s), the products by FFT; the
    origin is the particle's mean place, so that little cancels.
    """
    xp = namespace(x)
    t = x.shape[0]
    x = x - xp.mean(x, axis=0, keepdims=True)
    cross = xp.sum(_products(x, xp), axis=-1)
    square = xp.sum(x**2, axis=-1)
    ahead = xp.cumulative_sum(square, axis=0)
    last = ahead[-1:, ...]
    # over s = 0 .. T - t - 1: the squares at s, and at s + t
    early = xp.flip(ahead, axis=0)
    late = last - xp.concat([xp.zeros_like(last), ahead[:-1, ...]], axis=0)
    origins = xp.astype(xp.arange(t, 0, -1), x.dtype)[:, None]
    found = (early + late - 2 * cross) / origins
    return xp.where(found > 0, found, xp.zeros_like(found))


def heading_products(e: Array) -> Array:
    """Return the mean of e(s + t) e(s) over all origins for each particle, (T, N).

    e  (T, N, d) headings, or any vectors of the particles; any namespace
    """
    xp = namespace(e)
    cross = xp.sum(_products(e, xp), axis=-1)
    return cross / xp.astype(xp.arange(e.shape[0], 0, -1), e.dtype)[:, None]


def over_particles(each: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over particles of (T, N) and its error from blocks of them, (T,) each.

    Particles of a block are neighbours in the file, so that its scatter holds what they share;
    the error is NaN for fewer than two blocks.
    """
    host = to_host(each)
    n = host.shape[1]
    if n < 2:
        return host.mean(axis=1), np.full(len(host), np.nan)
    count = min(BLOCKS * 4, n)
    parts = np.stack([part.mean(axis=1) for part in np.array_split(host, count, axis=1)])
    return host.mean(axis=1), parts.std(axis=0, ddof=1) / np.sqrt(count)


def effective_diffusion(
    lags: Any, each: Array, dimension: int, window: tuple[float, float]
) -> Diffusion:
    """Return D_eff, half the slope of the mean square displacement per dimension, in a window.

    lags  (T,) times; each  (T, N) as `square_displacements` gives; window  (first, last) lag
    The error is the scatter of blocks of particles; `exponent` is d ln MSD/d ln t over the
    window, 1 where the motion is diffusive.
    """
    t, host = np.asarray(lags, dtype=float), to_host(each)
    inside = (t >= window[0]) & (t <= window[1]) & (t > 0)
    if np.count_nonzero(inside) < 2:
        raise ValueError(f"window: fewer than two lags from {window[0]:g} to {window[1]:g}")
    lag = t[inside] - t[inside].mean()
    slope = (lag[:, None] * host[inside]).sum(axis=0) / (lag**2).sum() / (2 * dimension)
    mean, error = over_particles(slope[None])
    curve = host[inside].mean(axis=1)
    exponent = np.polyfit(np.log(t[inside]), np.log(curve), 1)[0] if (curve > 0).all() else 0.0
    return Diffusion(float(mean[0]), float(error[0]), float(exponent))
