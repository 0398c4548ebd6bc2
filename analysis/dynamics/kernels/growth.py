# mypy: disable-error-code=no-untyped-def
"""Neighbours of reference points and how far they are from them later, compiled.

S_i(k) = < ln |x(i + k) - x(j + k)| >_j,  j the nearest neighbour of i, or all within a radius

Of a flow, distances are those across it: |y - (y.u) u|, u(i) the direction in which x(i) moves.
"""

import numpy as np
from numba import njit


@njit
def _squares(points, i, found):
    """Write the squared distances of point i to the first `found.size` points."""
    found[:] = 0.0
    for c in range(points.shape[0]):
        own = points[c, i]
        row = points[c, : found.size]
        for j in range(found.size):
            found[j] += (row[j] - own) ** 2


@njit
def _across(points, directions, i, reach, found, along):
    """Take what lies along the direction of point i off the squared distances.

    Points further along than `reach` are no neighbours: infinite.
    """
    if directions.shape[0] == 0:
        return
    along[:] = 0.0
    for c in range(points.shape[0]):
        own, part = points[c, i], directions[c, i]
        row = points[c, : found.size]
        for j in range(found.size):
            along[j] += (row[j] - own) * part
    for j in range(found.size):
        found[j] = found[j] - along[j] ** 2 if abs(along[j]) <= reach else np.inf


@njit
def _follow(points, directions, i, j, logs, number):
    """Add ln |x(i + k) - x(j + k)| for each k; equal points count nothing."""
    for k in range(logs.size):
        square, along = 0.0, 0.0
        for c in range(points.shape[0]):
            apart = points[c, i + k] - points[c, j + k]
            square += apart**2
            if directions.shape[0] > 0:
                along += apart * directions[c, i + k]
        square -= along**2
        if square > 0:
            logs[k] += 0.5 * np.log(square)
            number[k] += 1


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[::1], int64[::1], int64, float64,"
    "float64[:, ::1], int64[:, ::1])",
    cache=True,
    nogil=True,
)
def follow(points, directions, reach, references, theiler, radius, logs, number):
    """Follow the neighbours of each reference.

    points      (d, N)
    directions  (d, N) unit vectors, for distances across them; (0, 0) for whole distances
    reach       (N,) how far along its direction a point may have neighbours
    references  (M,), each below N - K
    radius      0: the nearest neighbour only; else all within it
    logs        (M, K) sums of logarithms of distances and number (M, K) of terms, added to
    """
    last = points.shape[1] - logs.shape[1] + 1
    squares, along = np.empty(last), np.empty(last)
    for m in range(references.size):
        i = references[m]
        _squares(points, i, squares)
        _across(points, directions, i, reach[i], squares, along)
        squares[max(0, i - theiler + 1) : min(last, i + theiler)] = np.inf
        if radius > 0:
            for j in range(last):
                if squares[j] <= radius * radius:
                    _follow(points, directions, i, j, logs[m], number[m])
            continue
        nearest, least = -1, np.inf
        for j in range(last):
            if 0 < squares[j] < least:
                nearest, least = j, squares[j]
        if nearest >= 0:
            _follow(points, directions, i, nearest, logs[m], number[m])


@njit("void(float64[:, ::1], int64[::1], int64, int64[::1], float64[::1])", cache=True, nogil=True)
def nearest(points, references, theiler, found, distance):
    """Write the nearest point of each reference, `theiler` or more away in time, and how far."""
    n = points.shape[1]
    squares = np.empty(n)
    for m in range(references.size):
        i = references[m]
        _squares(points, i, squares)
        squares[max(0, i - theiler + 1) : min(n, i + theiler)] = np.inf
        j = np.argmin(squares)
        found[m], distance[m] = j, np.sqrt(squares[j])
