"""Coefficients of Radau IIA with five stages, computed from their definition.

    a_ij = integral from 0 to c_i of l_j,  l_j the Lagrange polynomials on c_1 .. c_5 = 1

The nodes c are the zeros of d^4/dx^4 (x^4 (x - 1)^5): order 9, stiffly accurate.

Hairer & Wanner (1996) Solving Ordinary Differential Equations II, Sec. IV.5, Eq. (5.6); IV.8.
"""

import numpy as np
from numpy.polynomial import Polynomial


def tables(stages: int) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Return c (s,), A (s, s), g, and the weights of the error estimate in the stages (s,).

    g  the inverse of the real eigenvalue of A^-1, for an odd number of stages

    The estimate is g h f(y) + sum_i e_i z_i: the difference to the formula of order s that has
    the weight g at the beginning of the step.
    """
    x = Polynomial([0.0, 1.0])
    nodes = np.sort((x ** (stages - 1) * (x - 1) ** stages).deriv(stages - 1).roots().real)
    polynomial = (x ** (stages - 1) * (x - 1) ** stages).deriv(stages - 1)
    for _ in range(3):  # roots of a companion matrix, polished
        nodes[:-1] -= polynomial(nodes[:-1]) / polynomial.deriv()(nodes[:-1])
    nodes[-1] = 1.0
    powers = np.arange(1, stages + 1)
    vandermonde = nodes[:, None] ** (powers - 1)  # (node, power)
    integrals = nodes[:, None] ** powers / powers
    a = np.linalg.solve(vandermonde.T, integrals.T).T
    eigenvalues = np.linalg.eigvals(np.linalg.inv(a))
    real = float(eigenvalues[np.argmin(np.abs(eigenvalues.imag))].real)
    moments = 1.0 / powers
    moments[0] -= 1.0 / real
    weights = np.linalg.solve(vandermonde.T, moments)
    return nodes, a, 1.0 / real, np.linalg.solve(a.T, weights - a[-1])


STAGES = 5
NODES, A, INVERSE_REAL, E = tables(STAGES)
for _table in (NODES, A, E):
    _table.flags.writeable = False
