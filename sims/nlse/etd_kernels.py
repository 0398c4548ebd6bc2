"""The nonlinear term of the Schrödinger equation, compiled, for exponential Adams steps.

    N(psi_hat) = i mask F[(gamma |psi|^2 - V) psi],  psi = F^-1[mask psi_hat]

Importing this module imports Numba and rocket-fft.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from rocket_fft import c2c

from sims.integrators.etd_adams_compiled import (
    BEGIN,
    MARCH,
    Kernel,
    bind,
    fingerprint,
)
from sims.nlse.equation import Equation

_GAMMA, _POTENTIAL, _MASK, _HEAD = 0, 1, 2, 3  # then V (n) and the mask (n)
_AXIS = np.zeros(1, dtype=np.int64)


def kernel(equation: Equation) -> Kernel:
    """Return the compiled term of the equation."""
    n = equation.n
    parameters = np.zeros(_HEAD + 2 * n)
    parameters[_GAMMA] = equation.nonlinearity
    for column, values in ((_POTENTIAL, equation.potential), (_MASK, equation.mask)):
        if values is not None:
            parameters[column] = 1.0
            first = _HEAD + (column - _POTENTIAL) * n
            parameters[first : first + n] = values
    return Kernel(march, begin, parameters)


@njit
def _field(psi_hat, psi, parameters):
    """Write psi = F^-1[mask psi_hat]."""
    n = psi.size
    if parameters[_MASK] == 0.0:
        c2c(psi_hat, psi, _AXIS, False, 1.0 / n, 1)
        return
    mask = parameters[_HEAD + n : _HEAD + 2 * n]
    for j in range(n):
        psi[j] = mask[j] * psi_hat[j]
    c2c(psi, psi, _AXIS, False, 1.0 / n, 1)


@njit(fastmath={"contract", "nsz"})
def _turned(psi, gamma, potential):
    """Change psi to i (gamma |psi|^2 - V) psi; V is empty where there is none."""
    if potential.size == 0:
        for j in range(psi.size):
            a, b = psi[j].real, psi[j].imag
            g = gamma * (a * a + b * b)
            psi[j] = complex(-g * b, g * a)
        return
    for j in range(psi.size):
        a, b = psi[j].real, psi[j].imag
        g = gamma * (a * a + b * b) - potential[j]
        psi[j] = complex(-g * b, g * a)


@njit
def term(t, psi_hat, out, psi, parameters):
    n = psi.size
    _field(psi_hat, psi, parameters)
    _turned(psi, parameters[_GAMMA], parameters[_HEAD : _HEAD + n * int(parameters[_POTENTIAL])])
    c2c(psi, out, _AXIS, True, 1.0, 1)
    if parameters[_MASK] != 0.0:
        mask = parameters[_HEAD + n : _HEAD + 2 * n]
        for j in range(n):
            out[j] *= mask[j]


@njit
def rate(psi_hat, psi, parameters):
    n, gamma, most = psi.size, parameters[_GAMMA], 0.0
    _field(psi_hat, psi, parameters)
    potential = parameters[_HEAD : _HEAD + n]  # zero where there is none
    for j in range(n):
        a, b = psi[j].real, psi[j].imag
        most = max(most, abs(gamma * (a * a + b * b) - 0.5 * potential[j]))
    return most


_march, _begin = bind(term, rate)


def _cached(version: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    @njit(MARCH, cache=True)
    def march(m, u, past, numbers, limits, options, reals, slots, e, w, c, x, fresh, work, given):
        version  # noqa: B018  (see fingerprint)
        own, common, weights = (u, past, numbers, limits), (options, reals), (e, w, c, x)
        return _march(m, *own, common, slots, weights, fresh, work, given)

    @njit(BEGIN, cache=True)
    def begin(u0, t0, h, reals, turn, block, enough, u, values, work, given):
        version  # noqa: B018
        return _begin(u0, t0, h, reals, turn, block, enough, u, values, work, given)

    return march, begin


march, begin = _cached(fingerprint())
