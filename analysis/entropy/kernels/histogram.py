"""Counts of binned points, compiled: the bins of a block are found, then tallied.

The bin of v is the last edge at or below it. For even bins it is the whole part of
f(v) = (v - low) scale, but for rounding. f never falls as v rises, so that a bin can be wrong only
where f is within `deviation`, the farthest that f of an edge is from its number, of a whole number.
Blocks with such a value, and only those, are mended by the edges themselves.
"""

import numpy as np
from numba import njit

BLOCK = 2048  # the indices of a block stay in the first-level cache
SPREAD = 2048  # counters of one row, up to which four copies of them are worth their clearing


@njit
def _even(x, edges, bins, deviation, index, lost):
    """Write the bins of x into index, and mark in lost what is outside."""
    low, high = edges[0], edges[bins]
    scale = bins / (high - low)
    last = np.int32(bins - 1)
    near, outside = np.int32(0), np.int32(0)  # sums, which unlike truths are vectorised
    for j in range(x.size):
        inside = (x[j] >= low) & (x[j] <= high)
        f = (x[j] - low) * scale if inside else 0.5
        i = min(np.int32(f), last)
        index[j] = i
        near += np.int32(abs(f - i - 0.5) >= 0.5 - deviation)
        outside += np.int32(not inside)
    if outside > 0:
        for j in range(x.size):
            lost[j] |= not ((x[j] >= low) & (x[j] <= high))
    if near == 0:
        return
    for j in range(x.size):
        place = np.uint32(index[j])  # unsigned: a signed index is first searched for a wraparound
        if x[j] < edges[place]:
            index[j] -= 1
        elif place < last and x[j] >= edges[np.uint32(place + np.uint32(1))]:
            index[j] += 1


@njit
def _uneven(x, edges, bins, index, lost):
    """As `_even`, by halving; all samples take the same steps, so that none waits for another."""
    for j in range(x.size):
        index[j] = 0
        lost[j] |= not ((x[j] >= edges[0]) & (x[j] <= edges[bins]))
    size = np.int32(bins)
    while size > 1:
        half = np.int32(size // 2)
        for j in range(x.size):
            above = x[j] >= edges[np.uint32(index[j] + half)]
            index[j] += half * np.int32(above)
        size = np.int32(size - half)


@njit
def _block(points, row, start, size, edges, bins, deviation, index, cell, lost):
    """Write into cell the number of the cell of each point of a block; the last is for outside."""
    lost[:size] = False
    total = 1
    for d in range(points.shape[0]):
        x = points[d, row, start : start + size]
        found = index if d > 0 else cell
        if deviation[d] < 0.25:
            _even(x, edges[d], bins[d], deviation[d], found, lost)
        else:
            _uneven(x, edges[d], bins[d], found, lost)
        if d > 0:
            for j in range(size):
                cell[j] = cell[j] * np.int32(bins[d]) + index[j]
        total *= bins[d]
    for j in range(size):
        cell[j] = np.int32(total) if lost[j] else cell[j]


@njit
def _tally(cell, counts):
    """Add to counts (ways, cells): copies in turn, so that equal neighbours need not wait."""
    start = 0
    if counts.shape[0] == 4:
        start = cell.size - cell.size % 4
        for j in range(0, start, 4):
            for way in range(4):
                counts[way, np.uint32(cell[j + way])] += 1
    for j in range(start, cell.size):
        counts[0, np.uint32(cell[j])] += 1


@njit(
    "int64(float64[:, :, ::1], float64[:, ::1], int64[::1], float64[::1], int64[:, ::1])",
    cache=True,
    nogil=True,
)
def count(points, edges, bins, deviation, counts):
    """Add to counts (rows, cells) the points (d, rows, n); return how many lie outside.

    edges      (d, most + 1), those of a coordinate first
    bins       (d,) of each coordinate; a row of counts holds their product
    deviation  (d,) of the edges from even ones, in bins; inf for uneven ones
    """
    cells = counts.shape[1]
    _, rows, n = points.shape
    index, cell, lost = (
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.bool_),
    )
    ways = 4 if cells <= SPREAD and n >= 4 * cells else 1
    scratch = np.zeros((ways, cells + 1), np.int64)
    outside = 0
    for row in range(rows):
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            _block(points, row, start, size, edges, bins, deviation, index, cell, lost)
            _tally(cell[:size], scratch)
        for way in range(ways):
            for k in range(cells):
                counts[row, k] += scratch[way, k]
            outside += scratch[way, cells]
            scratch[way] = 0
    return outside
