# mypy: disallow-untyped-defs=False
"""The sums of the compiled DOP853: combinations of stages, norms and error estimates.

Linear combinations skip the zeros of the tableau and are added up in sweeps over few rows, which
LLVM turns into vector instructions.
Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5.
"""

import math

import numpy as np
from numba import njit

from sims.integrators import tableau
from sims.integrators.tableau import STAGES_DENSE

_SMALL = 16  # below this many components plain loops are faster
_WIDE = 5  # terms added in one sweep: with more pointers LLVM does not vectorise the loop


def _sparse(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns, the values and the number of the non-zeros of each row."""
    counts = np.count_nonzero(rows, axis=1)
    columns = np.zeros((len(rows), 3 * _WIDE), dtype=np.int64)
    values = np.zeros((len(rows), 3 * _WIDE))
    for i, row in enumerate(rows):
        columns[i, : counts[i]] = np.flatnonzero(row)
        columns[i, counts[i] :] = columns[i, 0]  # padding: a row at hand, with weight 0
        values[i, : counts[i]] = row[row != 0]
    return columns, values, counts


_COLUMNS, _VALUES, _COUNTS = _sparse(np.vstack([tableau.A, tableau.P]))
P_ROWS = STAGES_DENSE  # the first row of P in them; rows below are those of A
_ESTIMATE = np.flatnonzero(tableau.E5)  # E3 is non-zero at the same eight stages
_E5, _E3 = tableau.E5[_ESTIMATE], tableau.E3[_ESTIMATE]


@njit
def copy_row(out, y):
    """Write y: Numba takes seconds to compile `out[:] = y`, for the sake of its error message."""
    for j in range(out.size):
        out[j] = y[j]


@njit
def _plus_two(out, y, a, k0, b, k1):
    for j in range(out.size):
        out[j] = y[j] + (a * k0[j] + b * k1[j])


@njit
def _sum_five(out, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j]


@njit
def _add_five(out, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] += a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j]


@njit
def _plus_five(out, y, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = y[j] + (a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j])


@njit
def _more_five(out, y, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = y[j] + (out[j] + a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j])


@njit
def _small_sum(out, row, h, k):
    for j in range(out.size):
        total = 0.0
        for i in range(_COUNTS[row]):
            total += _VALUES[row, i] * k[_COLUMNS[row, i], j]
        out[j] = h * total


@njit
def advance(out, y, row, h, k):
    """Write y + h sum_j a_j k_j, with row `row` of the tables for a."""
    if out.size < _SMALL:
        _small_sum(out, row, h, k)
        for j in range(out.size):
            out[j] += y[j]
        return
    v, c, count = h * _VALUES[row], _COLUMNS[row], _COUNTS[row]
    if count <= 2:
        _plus_two(out, y, v[0], k[c[0]], v[1], k[c[1]])
        return
    a, b = 0, 5
    if count > 5:
        _sum_five(out, v[0], k[c[0]], v[1], k[c[1]], v[2], k[c[2]], v[3], k[c[3]], v[4], k[c[4]])
        a, b = 5, 10
    p, q, r, s, u = k[c[a]], k[c[a + 1]], k[c[a + 2]], k[c[a + 3]], k[c[a + 4]]
    if b == 5:
        _plus_five(out, y, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)
    else:
        _more_five(out, y, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)


@njit
def combine(out, row, h, k):
    """Write h sum_j a_j k_j."""
    if out.size < _SMALL:
        _small_sum(out, row, h, k)
        return
    v, c = h * _VALUES[row], _COLUMNS[row]
    _sum_five(out, v[0], k[c[0]], v[1], k[c[1]], v[2], k[c[2]], v[3], k[c[3]], v[4], k[c[4]])
    for a in range(5, _COUNTS[row], 5):
        p, q, r, s, u = k[c[a]], k[c[a + 1]], k[c[a + 2]], k[c[a + 3]], k[c[a + 4]]
        _add_five(out, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)


# Sums of squares may be added up in any order: the order is fixed when the code is compiled.
@njit(fastmath={"reassoc", "contract"})
def square(v):
    """Return sum v^2."""
    total = 0.0
    for j in range(v.size):
        total += v[j] * v[j]
    return total


@njit(fastmath={"reassoc", "contract"})
def _weighted_square(v, y, y_new, rtol, atol):
    total = 0.0
    for j in range(v.size):
        scaled = v[j] / (atol + rtol * max(abs(y[j]), abs(y_new[j])))
        total += scaled * scaled
    return total / v.size


@njit(fastmath={"reassoc", "contract"})
def _estimates(k0, k1, k2, k3, k4, k5, k6, k7):
    """Return the sums of squares of the two error estimates over h."""
    fifth, third = 0.0, 0.0
    for j in range(k0.size):
        e = _E5[0] * k0[j] + _E5[1] * k1[j] + _E5[2] * k2[j] + _E5[3] * k3[j]
        e += _E5[4] * k4[j] + _E5[5] * k5[j] + _E5[6] * k6[j] + _E5[7] * k7[j]
        fifth += e * e
        e = _E3[0] * k0[j] + _E3[1] * k1[j] + _E3[2] * k2[j] + _E3[3] * k3[j]
        e += _E3[4] * k4[j] + _E3[5] * k5[j] + _E3[6] * k6[j] + _E3[7] * k7[j]
        third += e * e
    return fifth, third


@njit(fastmath={"reassoc", "contract"})
def _weighted_estimates(k, y, y_new, rtol, atol):
    fifth, third = 0.0, 0.0
    for j in range(y.size):
        scale = atol + rtol * max(abs(y[j]), abs(y_new[j]))
        e5, e3 = 0.0, 0.0
        for i in range(8):
            e5 += _E5[i] * k[_ESTIMATE[i], j]
            e3 += _E3[i] * k[_ESTIMATE[i], j]
        fifth += (e5 / scale) ** 2
        third += (e3 / scale) ** 2
    return fifth / y.size, third / y.size


@njit
def error(h, y, y_new, k, rtol, atol, l2):
    """Return the scaled error of a step: HNW (1993), Sec. II.5, Eq. (5.18) onwards."""
    if l2:
        s = _ESTIMATE
        fifth, third = _estimates(
            k[s[0]], k[s[1]], k[s[2]], k[s[3]], k[s[4]], k[s[5]], k[s[6]], k[s[7]]
        )
        scale = atol + rtol * math.sqrt(max(square(y), square(y_new)))
        fifth, third = fifth / scale / scale, third / scale / scale
    else:
        fifth, third = _weighted_estimates(k, y, y_new, rtol, atol)
    if fifth == 0.0 and third == 0.0:
        return 0.0
    return abs(h) * fifth / math.sqrt(fifth + 0.01 * third)


@njit
def norm(v, y, rtol, atol, l2):
    """Return the norm of v against the size of y."""
    if l2:
        return math.sqrt(square(v)) / (atol + rtol * math.sqrt(square(y)))
    return math.sqrt(_weighted_square(v, y, y, rtol, atol))
