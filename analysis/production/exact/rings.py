"""Exact entropy production on rings: a driven particle, and two swimmers.

    dx = (f - V'(x)) dt + sqrt(2 T) dW
    J = T (1 - e^(-f L/T)) / int dx int dz e^((V(x + z) - V(x) - f z)/T),  x and z from 0 to L

k_B = 1, mobility 1; rates in nats per unit of time.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from analysis.production.checks import finite, positive

MOST = 1 << 14  # points of a ring
WORST = 1e-5  # of a rate, bound on what rounding takes, which is tenfold or more above it


def driven_ring(V: Callable[[Any], Any], f: float, L: float = 2 * math.pi, T: float = 1.0) -> float:
    """Return sigma = f L J/T of a particle on a ring, in the potential V and a constant force f.

    V  function of an array (n,) with period L, smooth
    f  force; L  length of the ring; T  temperature

    The inner integral over y = x .. x + L of each Fourier mode of e^(V/T) is elementary; the outer
    one pairs it with that of e^(-V/T), so 1/J = (1/T) sum_m c_m L d_(-m)/(f/T - i q_m), with
    spectral accuracy. Flat: f^2/T.

    Raises ValueError for V that does not close on itself, is not resolved by 2^14 points, or whose
    barrier over T is above 30 or so strongly driven that rounding would take the sum.
    Risken (1989) The Fokker-Planck Equation, sec. 11.3.
    """
    positive(L=L, T=T)
    finite(f=f)
    ends = np.broadcast_to(np.asarray(V(np.array([0.0, L])), dtype=float), (2,))
    if not np.isfinite(ends).all() or abs(ends[1] - ends[0]) > 1e-9 * (1 + abs(ends[0])):
        raise ValueError(
            f"V: must have the period L = {L:g}: V(0) = {ends[0]:g}, V(L) = {ends[1]:g}"
        )
    if f == 0:
        return 0.0
    before, n = math.inf, 64
    while n <= MOST:
        now, rounding = _ring_rate(V, f, L, T, n)
        if rounding > WORST:
            raise ValueError(
                f"V: rounding takes {rounding:.0e} of the rate, at a barrier over T of several "
                f"tens driven by f L/T = {f * L / T:.3g}; take a higher T"
            )
        if abs(now - before) <= max(1e-13, rounding) * abs(now):
            return now
        before, n = now, 2 * n
    raise ValueError(f"V: is not resolved by {MOST} points; it must be smooth and periodic")


def _ring_rate(
    V: Callable[[Any], Any], f: float, L: float, T: float, n: int
) -> tuple[float, float]:
    """Return the rate from n points, and the share of it that rounding may take."""
    x = np.arange(n) * (L / n)
    v = np.broadcast_to(np.asarray(V(x), dtype=float), (n,)) / T
    if np.ptp(v) > 30:
        raise ValueError(f"V: its barrier over T is {np.ptp(v):.3g}; above 30 rounding takes J")
    v = v - (v.max() + v.min()) / 2
    up, down = np.fft.fft(np.exp(v)) / n, np.fft.fft(np.exp(-v)) / n
    q = 2 * math.pi * np.fft.fftfreq(n, d=L / n)
    share = f / T - 1j * q
    inverse = np.sum(up * np.conj(down) / share).real
    # each coefficient is off by a rounding of the largest of what it is a mean of
    off = (np.exp(v.max()) * np.abs(down) + np.exp(-v.min()) * np.abs(up)) / np.abs(share)
    rounding = np.finfo(float).eps / 2 * off.sum() / abs(inverse)
    return float(f / inverse), float(rounding)


class Parts(NamedTuple):
    """A rate and what the positions x and the propulsions g pay of it; convention even."""

    total: float
    x: float
    g: float


class RingDensity(NamedTuple):
    """A stationary density rho(x, g) = phi(g) sum_n c_n(x) He_n(g)/sqrt(n!), phi standard normal.

    x (P,) points of the ring; c (n, P) coefficients; force (P,); also what made them
    """

    x: np.ndarray
    c: np.ndarray
    force: np.ndarray
    v0: float
    gamma: float
    eps: float


def swimmer_force(x: Any, k: float = 2.5, beta: float = 7.5, r0: float = 1.0) -> np.ndarray:
    """Return k softplus(2 r0 - |x|) sign(x), the force on the distance x of two swimmers."""
    x = np.asarray(x, dtype=float)
    return k * np.sign(x) * np.logaddexp(0, beta * (2 * r0 - np.abs(x))) / beta


def two_swimmers(
    v0: float = 0.25,
    gamma: float = 0.1,
    eps: float = 0.1,
    k: float = 2.5,
    beta: float = 7.5,
    L: float = 16.0,
    r0: float = 1.0,
) -> Parts:
    """Return the rate of two active swimmers on a ring, of their distance x and propulsion g.

        dx = (v0 g + k softplus_beta(2 r0 - |x|) sign(x)) dt + sqrt(2 eps) dW
        dg = -gamma g dt + sqrt(2 gamma) dW'

    With the default values .39699 = .36455 (x) + .03244 (g). sigma = (v0/eps) <g (v0 g + f)> needs
    the one moment <g f>; sigma_g = gamma (<s_g^2> - 1) the score of the density, which is solved
    for in Fourier modes of x and Hermite polynomials of g.

    Raises ValueError for eps = 0 (take sigma_g = <Laplacian of the potential>, `sum_rule`), and
    where the modes do not resolve the density.
    The model: Boffi & Vanden-Eijnden (2024) PNAS 121, e2318106121.
    """
    if eps == 0:
        raise ValueError(
            "eps: is 0, and the convention even divides by it: without thermal noise the "
            "conventions g (see sum_rule) and fodor exist"
        )
    coarse = ring_parts(ring_density(v0, gamma, eps, k, beta, L, r0, points=192, levels=24))
    fine = ring_parts(ring_density(v0, gamma, eps, k, beta, L, r0, points=256, levels=32))
    if max(abs(a - b) for a, b in zip(coarse, fine, strict=True)) > 1e-6 * max(1e-3, fine.total):
        raise ValueError(
            f"two_swimmers: 256 modes of x and 32 of g do not resolve the density, {coarse} "
            f"and {fine}; soften the force or raise eps"
        )
    return fine


def ring_density(
    v0: float,
    gamma: float,
    eps: float,
    k: float,
    beta: float,
    L: float,
    r0: float = 1.0,
    *,
    points: int = 256,
    levels: int = 32,
) -> RingDensity:
    """Return the stationary density of `two_swimmers`, from points modes of x and levels of g.

    In the Hermite levels the equation is a chain,
        0 = -v0 d_x(sqrt(n) c_(n-1) + sqrt(n + 1) c_(n+1)) - d_x(f c_n) + eps d_xx c_n
            - gamma n c_n,
    solved from the highest level down; level 0 is fixed by its integral, 1.
    """
    positive(gamma=gamma, eps=eps, k=k, beta=beta, L=L, r0=r0)
    finite(v0=v0)
    if 4 * r0 > L:
        raise ValueError(f"L: must be 4 r0 = {4 * r0:g} or more, for two swimmers, got {L:g}")
    x = np.arange(points) * (L / points) - L / 2
    force = swimmer_force(x, k, beta, r0)
    force[0] = 0.0  # opposite: both ways round are as far
    q = 2 * math.pi * np.fft.fftfreq(points, d=L / points)
    modes = np.fft.fft(np.eye(points), axis=0)
    curve = np.fft.ifft(-(q[:, None] ** 2) * modes, axis=0).real
    q[points // 2] = 0.0  # Nyquist's mode has no odd derivative
    slope = np.fft.ifft(1j * q[:, None] * modes, axis=0).real
    level = eps * curve - slope * force
    down = np.zeros_like(slope)  # c_(n+1) = down c_n
    ladder = [down]
    for n in range(levels - 1, 0, -1):
        own = level - gamma * n * np.eye(points) - v0 * math.sqrt(n + 1) * slope @ down
        down = np.linalg.solve(own, v0 * math.sqrt(n) * slope)
        ladder.append(down)
    own = level - v0 * slope @ down
    own[points // 2] = L / points  # any one equation follows from the others
    right = np.zeros(points)
    right[points // 2] = 1.0
    c = [np.linalg.solve(own, right)]
    for step in ladder[:0:-1]:
        c.append(step @ c[-1])
    return RingDensity(x, np.array(c), force, v0, gamma, eps)


def ring_parts(density: RingDensity) -> Parts:
    """Return the rates of a density on the ring; nodes where it is below 1e-12 are left out."""
    dx = density.x[1] - density.x[0]
    v0, eps = density.v0, density.eps
    total = v0 / eps * (v0 + dx * float(density.force @ density.c[1]))
    g, weight = np.polynomial.hermite_e.hermegauss(2 * len(density.c))
    weight = weight / weight.sum()
    values, slopes = _hermite(g, len(density.c))
    rho, rho_g = density.c.T @ values, density.c.T @ slopes  # over phi(g)
    seen = rho * weight > 1e-12
    square = (rho_g**2 / np.where(seen, rho, 1.0) * weight)[seen].sum() * dx
    # s_g = rho_g/rho - g: <s_g^2> = <(rho_g/rho)^2> - 2 <g rho_g/rho> + 1, the middle one is
    # 2 <g^2 - 1> = 0 by parts
    part = density.gamma * float(square)
    return Parts(float(total), float(total) - part, part)


def _hermite(g: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return normalised Hermite polynomials at nodes g and their derivatives, (levels, nodes)."""
    values, slopes = np.zeros((levels, len(g))), np.zeros((levels, len(g)))
    values[0] = 1.0
    for n in range(1, levels):
        two = values[n - 2] * math.sqrt(n - 1) if n > 1 else 0.0
        values[n] = (g * values[n - 1] - two) / math.sqrt(n)
        slopes[n] = math.sqrt(n) * values[n - 1]
    return values, slopes
