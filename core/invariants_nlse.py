"""Conserved integrals of the nonlinear Schrödinger equation, with spectral derivatives.

    i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi - V(x) psi = 0

psi is (..., n) on a periodic grid, in any array namespace; results are (...) real. The integral
of a band-limited periodic function is its mean times the period, so nothing is lost to quadrature.
Odd derivatives drop the Nyquist mode, which has no sign.
"""

from typing import Any

import numpy as np

from core.backend import namespace

Array = Any


def _derivatives(psi: Array, length: float, *orders: int) -> tuple[Array, ...]:
    """Return the derivatives of psi (..., n) of the given orders."""
    xp = namespace(psi)
    n = psi.shape[-1]
    k = 2 * np.pi * np.fft.fftfreq(n, d=length / n)
    odd = k.copy()
    if n % 2 == 0:
        odd[n // 2] = 0.0
    transform = xp.fft.fft(psi)
    out = []
    for order in orders:
        factor = (1j * (odd if order % 2 else k)) ** order
        out.append(xp.fft.ifft(xp.asarray(factor, dtype=psi.dtype) * transform))
    return tuple(out)


def _integral(values: Array, length: float) -> Array:
    xp = namespace(values)
    return xp.mean(values, axis=-1) * length


def _square(psi: Array) -> Array:
    xp = namespace(psi)
    return xp.real(psi) ** 2 + xp.imag(psi) ** 2


def _cross(a: Array, b: Array) -> Array:
    """Return Im(a* b)."""
    xp = namespace(a)
    return xp.real(a) * xp.imag(b) - xp.imag(a) * xp.real(b)


def mass(psi: Array, length: float) -> Array:
    """Return the integral of |psi|^2."""
    return _integral(_square(psi), length)


def momentum(psi: Array, length: float) -> Array:
    """Return the integral of Im psi* psi_x; a potential changes it."""
    (slope,) = _derivatives(psi, length, 1)
    return _integral(_cross(psi, slope), length)


def energy(
    psi: Array,
    length: float,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
    potential: Array | None = None,
) -> Array:
    """Return 1/2 the integral of beta |psi_x|^2 - gamma |psi|^4, plus that of V |psi|^2.

    potential  V on the grid, (n,) real, or None
    The gradient term is beta k^2 |psi_k|^2 summed over all modes, the Nyquist one included, as
    that is what the discrete equation conserves.
    """
    xp = namespace(psi)
    n = psi.shape[-1]
    density = _square(psi)
    k = 2 * np.pi * np.fft.fftfreq(n, d=length / n)
    spectrum = _square(xp.fft.fft(psi) / n)
    gradient = xp.sum(xp.asarray(k**2, dtype=density.dtype) * spectrum, axis=-1) * length
    local = -nonlinearity / 2 * density**2
    if potential is not None:
        local = local + xp.asarray(potential, dtype=density.dtype) * density
    return dispersion / 2 * gradient + _integral(local, length)


def fourth(
    psi: Array, length: float, *, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> Array:
    """Return the integral of Im(psi_x* psi_xx - 3 (gamma/beta) |psi|^2 psi* psi_x), for V = 0.

    Zakharov & Shabat (1972) Sov. Phys. JETP 34, 62, sec. 4: the fourth of the infinite series.
    """
    slope, bend = _derivatives(psi, length, 1, 2)
    ratio = nonlinearity / dispersion
    return _integral(_cross(slope, bend) - 3 * ratio * _square(psi) * _cross(psi, slope), length)


def fifth(
    psi: Array, length: float, *, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> Array:
    """Return the fifth invariant, for V = 0.

    The integral of |psi_xx|^2 - 6 g |psi|^2 |psi_x|^2 - g ((|psi|^2)_x)^2 + 2 g^2 |psi|^6 with
    g = gamma/beta. Same source as `fourth`.
    """
    xp = namespace(psi)
    slope, bend = _derivatives(psi, length, 1, 2)
    ratio, density = nonlinearity / dispersion, _square(psi)
    steep = 2 * (xp.real(psi) * xp.real(slope) + xp.imag(psi) * xp.imag(slope))
    terms = (
        _square(bend)
        - 6 * ratio * density * _square(slope)
        - ratio * steep**2
        + 2 * ratio**2 * density**3
    )
    return _integral(terms, length)
