# mypy: disable-error-code=no-untyped-def
"""Lines of the recurrence matrix, counted diagonal by diagonal and column by column, not stored.

R(i, j) = 1 where the largest difference of a coordinate of x_i and x_j is within r
"""

import numpy as np
from numba import njit


@njit
def _near(points, i, j, radius):
    for c in range(points.shape[1]):  # noqa: SIM110  (Numba has no all())
        if abs(points[i, c] - points[j, c]) > radius:
            return False
    return True


@njit("void(float64[:, ::1], float64, int64, int64[::1])", cache=True, nogil=True)
def diagonals(points, radius, theiler, lengths):
    """Count the lines along diagonals j - i >= theiler by their length; the matrix is symmetric."""
    n = points.shape[0]
    for far in range(theiler, n):
        run = 0
        for i in range(n - far):
            if _near(points, i, i + far, radius):
                run += 1
            elif run > 0:
                lengths[run] += 1
                run = 0
        if run > 0:
            lengths[run] += 1


@njit("void(float64[:, ::1], float64, int64, int64[::1])", cache=True, nogil=True)
def columns(points, radius, theiler, lengths):
    """Count the vertical lines by their length, columns whole, |i - j| < theiler counted as 0."""
    n = points.shape[0]
    run = np.zeros(n, np.int64)
    for i in range(n):
        for j in range(n):
            if abs(i - j) >= theiler and _near(points, i, j, radius):
                run[j] += 1
            elif run[j] > 0:
                lengths[run[j]] += 1
                run[j] = 0
    for j in range(n):
        if run[j] > 0:
            lengths[run[j]] += 1
