"""Band-limited complex noise that does not know the grid."""

import numpy as np


def coefficients(
    rng: np.random.Generator, cutoff: int, rms: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode numbers 0, 1, -1, 2, -2 ... cutoff, -cutoff and their coefficients.

    Both are (2 cutoff + 1,). The real and imaginary parts are independent and normal, with
    <sum |c|^2> = rms^2. Modes are drawn outwards from 0, so that up to the common factor
    rms/sqrt(2 cutoff + 1) a mode's coefficient depends on the generator and its number alone.
    """
    order = np.arange(1, cutoff + 1)
    modes = np.concatenate([[0], np.stack([order, -order], axis=1).ravel()])
    pairs = rng.standard_normal((len(modes), 2))
    return modes, (pairs[:, 0] + 1j * pairs[:, 1]) * (rms / np.sqrt(2.0 * len(modes)))


def band_limited(
    rng: np.random.Generator, n: int, cutoff: int, rms: float, first: float = -0.5
) -> np.ndarray:
    """Return complex noise (n,) of modes |m| <= cutoff on n points of one period.

    rms    square root of the expected mean of |noise|^2 over the period
    first  where the grid begins, in periods; the same field is sampled whatever n is

    Raises ValueError unless n > 2 cutoff.
    """
    if n <= 2 * cutoff:
        raise ValueError(f"cutoff: {cutoff} modes need more than {2 * cutoff} points, got {n}")
    modes, values = coefficients(rng, cutoff, rms)
    transform = np.zeros(n, dtype=np.complex128)
    transform[modes % n] = values * np.exp(2j * np.pi * modes * first)
    return n * np.fft.ifft(transform)
