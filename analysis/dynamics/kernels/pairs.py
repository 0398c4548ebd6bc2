# mypy: disable-error-code=no-untyped-def
"""Counts of pairs by distance, compiled: a grid of cells of the largest radius, each pair met once.

    distance = max over coordinates of |x_i - x_j|;  counts[k] = #{pairs: r_(k+1) < distance <= r_k}

Cells are laid over three coordinates at most and numbered so that the three cells in a row along
the last of them are one range of points: own cell and its neighbours are five ranges. Distances of
a range are computed in one loop that the compiler vectorises, then filed from the largest radius
down, where most pairs are.
"""

import numpy as np
from numba import njit

GRID = 3  # coordinates with cells
FINEST = 1 << 20  # cells along a coordinate, so that three numbers fit into one


def cells(points: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each point (N, 3) of points (d, N), and how many there are (3,).

    A cell is at least `radius` wide; absent coordinates have one cell.
    """
    number = np.zeros((points.shape[1], GRID), np.int64)
    for c in range(min(GRID, len(points))):
        least, width = points[c].min(), np.ptp(points[c])
        size = max(radius, width / (FINEST - 2))
        # one part in 1e9 wider: rounding must not put near points two cells apart
        number[:, c] = np.floor((points[c] - least) / (size * (1 + 1e-9))) if size > 0 else 0
    return number, number.max(axis=0) + 1


def keys(number: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Return one number for each cell; rows along the last coordinate are apart by two."""
    row = extent[2] + 2
    return np.asarray((number[:, 0] * (extent[1] + 2) + number[:, 1] + 1) * row + number[:, 2] + 1)


@njit
def _range(sorted_keys, first, last):
    """Return the range of points whose keys are from first to last."""
    return np.searchsorted(sorted_keys, first), np.searchsorted(sorted_keys, last, side="right")


@njit
def _file(squares, times, i, start, theiler, block, radii, counts, total):
    """File the distances of point i to the points from `start` on."""
    top = radii[0]
    for n in range(squares.size):
        distance = squares[n]
        if distance > top:
            continue
        j = start + n
        if abs(times[i] - times[j]) < theiler:
            continue
        k = 0
        while k + 1 < radii.size and distance <= radii[k + 1]:
            k += 1
        total[k] += 1
        counts[block[i], k] += 1
        if block[j] != block[i]:
            counts[block[j], k] += 1


@njit("void(float64[:, ::1], int64, int64, int64, float64[::1])", cache=True, nogil=True)
def _distances(points, i, start, stop, found):
    for n in range(stop - start):
        found[n] = 0.0
    for c in range(points.shape[0]):
        own = points[c, i]
        row = points[c, start:stop]
        for n in range(row.size):
            far = abs(row[n] - own)
            found[n] = far if far > found[n] else found[n]


@njit(
    "void(float64[:, ::1], int64[::1], int64[::1], int64[::1], int64, int64, int64,"
    "float64[::1], int64[:, ::1], int64[::1])",
    cache=True,
    nogil=True,
)
def count(points, times, sorted_keys, block, row, plane, theiler, radii, counts, total):
    """Count the pairs of points by distance, in total and those with a point of each block.

    points       (d, N) ordered by key; times (N,) of the points; block (N,) of each
    row, plane   what a step along the second and the first coordinate adds to a key
    theiler      pairs closer in time are left out
    radii        (K,) falling; counts (B, K) and total (K,) are added to
    """
    n = sorted_keys.size
    buffer = np.empty(n)
    shifts = np.array([0, row, plane - row, plane, plane + row])
    begin = 0
    while begin < n:
        key = sorted_keys[begin]
        end = np.searchsorted(sorted_keys, key, side="right")
        for s in range(5):
            first, last = key + shifts[s] - 1, key + shifts[s] + 1
            start, stop = _range(sorted_keys, first if s > 0 else key, last)
            for i in range(begin, end):
                low = i + 1 if s == 0 else start
                if stop > low:
                    _distances(points, i, low, stop, buffer)
                    _file(buffer[: stop - low], times, i, low, theiler, block, radii, counts, total)
        begin = end
