"""Closed solutions of the nonlinear Schrödinger equation: plane wave, soliton, breathers.

    i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi = 0

Every function takes x (n,) and a scalar t and returns psi (n,) complex128. `dispersion` is beta,
`nonlinearity` is gamma. Formulas are written for beta = gamma = 1 (or beta = 1, gamma = -1 for
dark solitons) and carried to other coefficients by the equation's scaling: with phi a solution
for beta = 1, gamma = s = sign(beta gamma),

    psi(x, t) = sqrt|beta/gamma| phi(x, |beta| t),   complex conjugated where beta < 0.

So only the sign of beta gamma decides: positive is focusing, negative defocusing. Solutions of
several solitons are in `core.exact_nlse_solitons`, and are also found here by name.
"""

from collections.abc import Callable

import numpy as np

from core.errors import ConfigError
from core.exact_nlse_scaling import sech, stretch
from core.exact_nlse_solitons import (
    bound_state,
    dark_soliton_pair,
    n_soliton,
    soliton_shifts,
)

__all__ = [
    "akhmediev",
    "akhmediev_wavenumber",
    "bound_state",
    "dark_soliton_pair",
    "growing_mode",
    "growth_rate",
    "kuznetsov_ma",
    "n_soliton",
    "peregrine",
    "periodic_sum",
    "plane_wave",
    "soliton",
    "soliton_invariants",
    "soliton_shifts",
]

Solution = Callable[[np.ndarray, float], np.ndarray]


def plane_wave(
    x: np.ndarray,
    t: float,
    amplitude: float,
    wavenumber: float = 0.0,
    phase: float = 0.0,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
) -> np.ndarray:
    """Return A exp(i(q x + (gamma A^2 - beta q^2/2) t + phase)), for coefficients of any sign."""
    frequency = nonlinearity * amplitude**2 - dispersion * wavenumber**2 / 2
    return amplitude * np.exp(1j * (wavenumber * x + frequency * t + phase))


def soliton(
    x: np.ndarray,
    t: float,
    amplitude: float,
    velocity: float = 0.0,
    position: float = 0.0,
    phase: float = 0.0,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
) -> np.ndarray:
    """Return the bright soliton A sech(w (x - x0 - v t)) exp(i(q x + W t + phase)).

    The inverse width is w = A sqrt(gamma/beta), the carrier q = v/beta and the frequency
    W = (gamma A^2 - v^2/beta)/2; `phase` is the carrier's phase at x = 0, t = 0, whatever the
    position. Raises ConfigError unless beta gamma > 0.
    Zakharov & Shabat (1972) Sov. Phys. JETP 34, 62.
    """
    scale, _, _ = stretch("a bright soliton", dispersion, nonlinearity, focusing=True)
    frequency = (nonlinearity * amplitude**2 - velocity**2 / dispersion) / 2
    envelope = amplitude * sech(amplitude / scale * (x - position - velocity * t))
    return envelope * np.exp(1j * (velocity / dispersion * x + frequency * t + phase))


def soliton_invariants(amplitude: float, velocity: float) -> tuple[float, float, float]:
    """Return mass 2A, momentum 2Av and energy A v^2 - A^3/3 of a soliton for beta = gamma = 1."""
    return 2 * amplitude, 2 * amplitude * velocity, amplitude * velocity**2 - amplitude**3 / 3


def _on_background(
    name: str,
    unit: Solution,
    x: np.ndarray,
    t: float,
    dispersion: float,
    nonlinearity: float,
) -> np.ndarray:
    """Return the breather `unit` (background 1, beta = gamma = 1) for other coefficients.

    psi(x, t) = phi(sqrt(gamma/beta) x, |gamma| t) keeps the background at 1.
    """
    scale, _, mirrored = stretch(name, dispersion, nonlinearity, focusing=True)
    psi = unit(x / scale, abs(nonlinearity) * t)
    return np.conj(psi) if mirrored else psi


def akhmediev_wavenumber(a: float, dispersion: float = 1.0, nonlinearity: float = 1.0) -> float:
    """Return the modulation wavenumber 2 sqrt(1 - 2a) sqrt(gamma/beta) of an Akhmediev breather."""
    _check_range("an Akhmediev breather", "a", a, 0.0, 0.5)
    scale, _, _ = stretch("an Akhmediev breather", dispersion, nonlinearity, focusing=True)
    return 2 * float(np.sqrt(1 - 2 * a)) / scale


def akhmediev(
    x: np.ndarray, t: float, a: float, *, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> np.ndarray:
    """Return the Akhmediev breather on a background of 1, at its peak at x = 0, t = 0.

    0 < a < 1/2. It is periodic in x with wavenumber w = 2 sqrt(1 - 2a), grows and decays at
    the rate b = sqrt(8a(1 - 2a)), and its peak is 1 + 2 sqrt(2a).
    Akhmediev & Korneev (1986) Theor. Math. Phys. 69, 1089; Dudley et al. (2009) Opt. Express
    17, 21497, eq. (1).
    """
    _check_range("an Akhmediev breather", "a", a, 0.0, 0.5)

    def unit(x: np.ndarray, t: float) -> np.ndarray:
        rate, wavenumber = np.sqrt(8 * a * (1 - 2 * a)), 2 * np.sqrt(1 - 2 * a)
        # Divided by cosh(b t), so that nothing overflows far from the peak.
        decay, slope = float(sech(rate * t)), np.tanh(rate * t)
        above = 2 * (1 - 2 * a) + 1j * rate * slope
        below = np.sqrt(2 * a) * np.cos(wavenumber * x) * decay - 1
        return np.exp(1j * t) * (1 + above / below)

    return _on_background("an Akhmediev breather", unit, x, t, dispersion, nonlinearity)


def peregrine(
    x: np.ndarray, t: float, *, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> np.ndarray:
    """Return the Peregrine breather on a background of 1, at its peak of 3 at x = 0, t = 0.

    Its tail falls only like 1/x^2, so that a periodic box of length L disturbs it by order L^-3
    at the edges. Peregrine (1983) J. Austral. Math. Soc. B 25, 16, eq. (6.7).
    """

    def unit(x: np.ndarray, t: float) -> np.ndarray:
        return np.exp(1j * t) * (1 - 4 * (1 + 2j * t) / (1 + 4 * x**2 + 4 * t**2))

    return _on_background("a Peregrine breather", unit, x, t, dispersion, nonlinearity)


def kuznetsov_ma(
    x: np.ndarray, t: float, a: float, *, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> np.ndarray:
    """Return the Kuznetsov-Ma breather on a background of 1, at its peak at x = 0, t = 0.

    a > 1/2. |psi| has the period 2 pi/b, b = sqrt(8a(2a - 1)); the tail falls like exp(-w|x|),
    w = 2 sqrt(2a - 1); the peak is 1 + 2 sqrt(2a).
    Kuznetsov (1977) Sov. Phys. Dokl. 22, 507; Ma (1979) Stud. Appl. Math. 60, 43.
    """
    _check_range("a Kuznetsov-Ma breather", "a", a, 0.5, np.inf)

    def unit(x: np.ndarray, t: float) -> np.ndarray:
        rate, decay = np.sqrt(8 * a * (2 * a - 1)), 2 * np.sqrt(2 * a - 1)
        # Divided by cosh(w x), so that nothing overflows far out.
        small = sech(decay * x)
        above = (2 * (2 * a - 1) * np.cos(rate * t) + 1j * rate * np.sin(rate * t)) * small
        return np.exp(1j * t) * (1 - above / (np.sqrt(2 * a) - np.cos(rate * t) * small))

    return _on_background("a Kuznetsov-Ma breather", unit, x, t, dispersion, nonlinearity)


def growth_rate(
    amplitude: float, kappa: float, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> float:
    """Return the rate at which a small modulation of a plane wave grows, 0 where it is stable.

    kappa  wavenumber of the modulation relative to the wave
    sqrt((beta kappa^2/2)(2 gamma A^2 - beta kappa^2/2)); |kappa| sqrt(A^2 - kappa^2/4) for
    beta = gamma = 1. Benjamin & Feir (1967) J. Fluid Mech. 27, 417; Zakharov & Ostrovsky (2009)
    Physica D 238, 540, sec. 2.
    """
    stiffness = dispersion * kappa**2 / 2
    return float(np.sqrt(max(stiffness * (2 * nonlinearity * amplitude**2 - stiffness), 0.0)))


def growing_mode(
    amplitude: float, kappa: float, dispersion: float = 1.0, nonlinearity: float = 1.0
) -> complex:
    """Return the factor 1 + 2i rate/(beta kappa^2) of cos(kappa x) that only grows.

    A + eps cos(kappa x) times this factor holds, to first order in eps, no decaying part.
    """
    rate = growth_rate(amplitude, kappa, dispersion, nonlinearity)
    return complex(1.0, 2 * rate / (dispersion * kappa**2))


def periodic_sum(
    solution: Solution,
    x: np.ndarray,
    t: float,
    length: float,
    centre: float = 0.0,
    background: complex = 0.0,
) -> np.ndarray:
    """Return background + the sum over copies, moved by multiples of `length`, of the rest.

    solution    (x, t) -> psi on the whole line, tending to `background` on both sides
    centre      where the solution's middle is at this time
    The sum is periodic and smooth whatever the carrier's wavenumber. It solves the equation up
    to the product of a tail with the next copy, exp(-length/width); three copies, counted from
    the middle, leave out exp(-1.5 length/width).
    """
    near = x - length * np.round((x - centre) / length)
    copies = (solution(near + j * length, t) - background for j in (-1, 0, 1))
    return np.sum(np.stack(list(copies)), axis=0) + background


def _check_range(name: str, key: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        text = f"between {low:g} and {high:g}" if np.isfinite(high) else f"above {low:g}"
        raise ConfigError(f"{key}: {name} needs it {text}, got {value:g}")
