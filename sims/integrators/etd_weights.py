"""Weights of exponential Adams methods, exact for every mode however fast it turns.

u(t+h) = exp(z) u(t) + h int_0^1 exp(z (1-s)) N(t + s h) ds,   z = h L
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss

NODES = 40
LARGE = 24.0  # |z| from which integration by parts, a finite sum, is exact to rounding


@dataclass(frozen=True)
class Weights:
    """What a step of size h needs, with h in the weights.

    turn     (n,) exp(h L)
    newton   (order + 1, n) weights of the backward differences 0 .. order at t
    """

    h: float
    turn: np.ndarray
    newton: np.ndarray


@lru_cache(maxsize=32)
def _newton(order: int) -> tuple[Polynomial, ...]:
    """Return the polynomials binomial(s + i - 1, i), i = 0 .. order."""
    basis = [Polynomial([1.0])]
    for i in range(1, order + 1):
        basis.append(basis[-1] * Polynomial([i - 1.0, 1.0]) / i)
    return tuple(basis)


@lru_cache(maxsize=32)
def _quadrature(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes (NODES,) on [0, 1], and the masses times the polynomials there."""
    nodes, masses = leggauss(NODES)
    s = (nodes + 1) / 2
    return s, np.array([q(s) for q in _newton(order)]) * (masses / 2)


@lru_cache(maxsize=32)
def _slopes(order: int, at: float) -> np.ndarray:
    """Return the derivatives 0 .. order of the polynomials, (order + 1, order + 1)."""
    return np.array([[q.deriv(k)(at) for k in range(order + 1)] for q in _newton(order)])


def newton_weights(z: np.ndarray, order: int) -> np.ndarray:
    """Return gamma_i(z) = int_0^1 exp(z (1-s)) binomial(s + i - 1, i) ds, (order + 1, n).

    They multiply the backward differences nabla^i N of equally spaced values.

    z      (n,) complex, Re z <= 0
    order  highest difference

    Gauss-Legendre quadrature for |z| < 24: with 40 nodes its error is below rounding there.
    Beyond, integration by parts: sum_k [exp(z) q^(k)(0) - q^(k)(1)] / z^(k+1), which ends, q being
    a polynomial, and loses nothing, its terms falling off. Nothing is solved for, so no digits go.
    Hochbruck & Ostermann (2010) Acta Numerica 19, 209, Sec. 2.5 (exponential Adams methods).
    """
    weights = np.empty((order + 1, z.size), dtype=np.complex128)
    small = np.abs(z) < LARGE
    s, table = _quadrature(order)
    weights[:, small] = table @ np.exp((1 - s)[:, None] * z[small])
    large = z[~small]
    turned, total = np.exp(large), np.zeros((order + 1, large.size), dtype=np.complex128)
    for k in range(order, -1, -1):
        first, last = _slopes(order, 0.0)[:, k, None], _slopes(order, 1.0)[:, k, None]
        total = (total + (first * turned - last)) / large
    weights[:, ~small] = total
    return weights


def weights(linear: np.ndarray, h: float, order: int) -> Weights:
    """Return the weights of a step of size h for the diagonal `linear` (n,).

    Equal entries of `linear`, such as those of k and -k, get equal weights and are computed once.
    """
    rates, where = np.unique(linear, return_inverse=True)
    z = h * rates
    return Weights(h, np.exp(z)[where], (h * newton_weights(z, order))[:, where])


def lagrange(newton: np.ndarray) -> np.ndarray:
    """Return the weights of N(t), N(t-h), ... that equal those of differences 0, 1, ...; (p, n)."""
    p = len(newton)
    table = np.array([[(-1) ** j * comb(i, j) for j in range(p)] for i in range(p)], dtype=float)
    return np.tensordot(table.T, newton, axes=1)


def block(newton: np.ndarray) -> np.ndarray:
    """Return weights (p, p + 1, n): row j takes N at t0 .. t0 + p h over step j of the first p.

    They integrate the polynomial through all p + 1 values. In the basis binomial(s + i - 1, i) of
    any step it has coefficients that are whole-numbered combinations of the values.
    """
    basis = _newton(len(newton) - 1)
    nodes = np.arange(len(newton))
    tables = [np.array([q(nodes - j) for q in basis]).T for j in nodes[:-1]]
    return np.stack([np.tensordot(np.rint(np.linalg.inv(v)).T, newton, axes=1) for v in tables])


def interpolate_at(target: float, known: int, degree: int, row: np.ndarray) -> None:
    """Fill row (known,) with the weights of the values at 0, 1, ... for the value at `target`.

    They are those of the polynomial of that degree through the nearest values, or pick the value
    at `target` itself. Plain Python on numbers: Numba compiles the very same source.
    """
    row[:] = 0.0
    nearest = round(target)
    if abs(target - nearest) < 1e-12:
        row[int(nearest)] = 1.0
        return
    first = min(max(int(target) - degree // 2, 0), known - 1 - degree)
    for node in range(first, first + degree + 1):
        weight = 1.0
        for other in range(first, first + degree + 1):
            if other != node:
                weight *= (target - other) / (node - other)
        row[node] = weight


def respaced_rows(ratio: float, known: int, order: int) -> int:
    """Return how many values spaced by `ratio` to keep of `known` spaced by 1.

    A larger step keeps all that there are; a smaller one, which interpolates, what it needs.
    """
    if ratio < 1.0:
        return order + 1
    return int((known - 1) / ratio + 1e-9) + 1


@lru_cache(maxsize=512)
def respacing(ratio: float, known: int, order: int) -> np.ndarray:
    """Return the matrix (rows, known) from values spaced by h to values spaced by ratio h.

    Both sequences go back from the same time.
    """
    table = np.zeros((respaced_rows(ratio, known, order), known))
    for i, row in enumerate(table):
        interpolate_at(i * ratio, known, min(order, known - 1), row)
    table.flags.writeable = False
    return table
