"""The nonlinear Schrödinger equation on a periodic grid, in Fourier space.

i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi - V(x) psi = 0
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Equation:
    """The equation and its grid.

    n               grid points, even
    length          period of the box
    dispersion      beta
    nonlinearity    gamma; negative is defocusing
    potential       V on the grid, (n,) real, or None
    mask            (n,) real in [0, 1] over FFT-ordered modes, or None: the nonlinear term is
                    mask F[g(F^-1[mask psi_hat])], which conserves mass and energy exactly
    """

    n: int
    length: float
    dispersion: float = 1.0
    nonlinearity: float = 1.0
    potential: np.ndarray | None = None
    mask: np.ndarray | None = None


def wavenumbers(n: int, length: float) -> np.ndarray:
    """Return the FFT-ordered wavenumbers 2 pi m / length, (n,)."""
    return 2 * np.pi * np.fft.fftfreq(n, d=length / n)


def grid(n: int, length: float) -> np.ndarray:
    """Return the grid points from -length/2 on, (n,); x = 0 is point n/2."""
    return (np.arange(n) - n // 2) * (length / n)


def linear(equation: Equation) -> np.ndarray:
    """Return the diagonal of the linear part, -i beta k^2/2, (n,)."""
    return -0.5j * equation.dispersion * wavenumbers(equation.n, equation.length) ** 2


def nonlinear(equation: Equation, xp: ModuleType) -> Callable[[Array], Array]:
    """Return psi_hat (..., n) -> i F[(gamma |psi|^2 - V) psi] in the array library `xp`."""
    potential = None if equation.potential is None else xp.asarray(equation.potential)
    mask = None if equation.mask is None else xp.asarray(equation.mask)

    def term(psi_hat: Array) -> Array:
        psi = xp.fft.ifft(psi_hat if mask is None else mask * psi_hat)
        rate = equation.nonlinearity * (xp.real(psi) ** 2 + xp.imag(psi) ** 2)
        if potential is not None:
            rate = rate - potential
        out = 1j * xp.fft.fft(rate * psi)
        return out if mask is None else mask * out

    return term
