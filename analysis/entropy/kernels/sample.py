"""Matches of templates within a radius, compiled: a grid of ranks, each pair met once.

    |x(i + k) - x(j + k)| <= r for k = 0 .. m - 1

A rounded difference never falls as one value rises, so that the values within r of x(i) are one
range of ranks: two pointers over the sorted series find all ranges, and every later comparison is
one of integers, exact at a distance of r. Templates lie in columns by their first value, and in a
column by their second: the candidates of a template are one run in its own column and one in the
next. A column begins at the first value farther than r from the beginning of the column before;
within a column all first values match, and none match beyond the next.
"""

import numpy as np
from numba import njit


@njit
def _ranges(values, radius, low, high):
    """Write the first and last rank within radius of each rank."""
    first = last = 0
    for k in range(values.size):
        while values[k] - values[first] > radius:
            first += 1
        while last + 1 < values.size and values[last + 1] - values[k] <= radius:
            last += 1
        low[k], high[k] = first, last


@njit
def _columns(high):
    """Return the column of each rank, and how many columns there are."""
    column = np.empty(high.size, np.int32)
    rank = count = 0
    while rank < high.size:
        end = int(high[rank]) + 1
        column[rank:end] = count
        rank, count = end, count + 1
    return column, count


@njit
def _layout(order, high, templates, last):
    """Return (time, rank of each value, first position of each column) of the templates.

    time   (templates,) when each begins
    ranks  (last + 1, templates), 0 or more; a value past the end of the series has rank N
    start  (columns + 2,); the last column is empty, so that each has a next one
    """
    n = order.size
    rank = np.empty(n, np.uint32)
    for k in range(n):
        rank[order[k]] = k
    column, columns = _columns(high)
    start = np.zeros(columns + 2, np.int64)
    for t in range(templates):
        start[column[rank[t]] + 1] += 1
    for c in range(columns + 1):
        start[c + 1] += start[c]
    place = start.copy()
    time = np.empty(templates, np.int64)
    for k in range(n):  # in order of the second value
        t = order[k] - 1
        if t >= 0 and t < templates:
            c = column[rank[t]]
            time[place[c]] = t
            place[c] += 1
    ranks = np.empty((last + 1, templates), np.uint32)
    for p in range(templates):
        for d in range(last + 1):
            t = time[p] + d
            ranks[d, p] = rank[t] if t < n else n
    return time, ranks, start


@njit
def _next_run(second, low, high, begin, end, stop):
    """Move a run up to the ranks low .. high of the second value."""
    while begin < stop and second[begin] < low:
        begin += 1
    while end < stop and second[end] <= high:
        end += 1
    return begin, end


@njit
def _agree(third, low, width):
    """Return how many third values of a run match."""
    found = np.uint32(0)
    for q in range(third.size):
        found += np.uint32(np.uint32(third[q] - low) <= width)
    return np.int64(found)


@njit
def _agree_in_next(first, high, third, low, width):
    """Return how many first values of a run match, and how many third values of those."""
    found = both = np.uint32(0)
    for q in range(first.size):
        match = first[q] <= high
        found += np.uint32(match)
        both += np.uint32(match & (np.uint32(third[q] - low) <= width))
    return np.int64(found), np.int64(both)


@njit
def _pairs_of_two(ranks, start, low, high):
    """Return the pairs that match for 2 samples, and those that do for 3."""
    first, second, third = ranks[0], ranks[1], ranks[2]
    shorter = longer = 0
    for c in range(start.size - 2):
        own, begin, end, stop = start[c], start[c + 1], start[c + 1], start[c + 2]
        for p in range(start[c], start[c + 1]):
            bottom, top = low[second[p]], high[second[p]]
            _, own = _next_run(second, bottom, top, start[c + 1], own, start[c + 1])
            begin, end = _next_run(second, bottom, top, begin, end, stop)
            floor = low[third[p]]
            width = np.uint32(high[third[p]] - floor)
            shorter += own - p - 1
            longer += _agree(third[p + 1 : own], floor, width)
            found, both = _agree_in_next(
                first[begin:end], high[first[p]], third[begin:end], floor, width
            )
            shorter += found
            longer += both
    return shorter, longer


@njit
def _keep(match, values, low, width):
    """Clear the matches of a run whose further value does not agree."""
    for q in range(values.size):
        match[q] &= np.uint32(np.uint32(values[q] - low) <= width)


@njit
def _add(match, tally):
    """Add the matches of a run to a tally of each of its templates; return how many."""
    found = np.uint32(0)
    for q in range(tally.size):
        tally[q] += match[q]
        found += match[q]
    return found


@njit
def _tally_run(ranks, p, begin, end, match, low, high, shorter, longer):
    """Add the matches of template p in a run; match holds those of the first two values."""
    last = ranks.shape[0] - 1
    for d in range(2, last + 1):
        if d == last:
            shorter[p] += _add(match, shorter[begin:end])
        floor = low[ranks[d, p]]
        width = np.uint32(high[ranks[d, p]] - floor)
        _keep(match, ranks[d, begin:end], floor, width)
    longer[p] += _add(match, longer[begin:end])


@njit
def _tally_all(ranks, start, low, high, shorter, longer):
    first, second = ranks[0], ranks[1]
    match = np.empty(first.size, np.uint32)
    for c in range(start.size - 2):
        own, begin, end, stop = start[c], start[c + 1], start[c + 1], start[c + 2]
        for p in range(start[c], start[c + 1]):
            bottom, top = low[second[p]], high[second[p]]
            _, own = _next_run(second, bottom, top, start[c + 1], own, start[c + 1])
            begin, end = _next_run(second, bottom, top, begin, end, stop)
            match[: own - p - 1] = 1
            _tally_run(ranks, p, p + 1, own, match, low, high, shorter, longer)
            match[: end - begin] = 1
            _keep(match, first[begin:end], low[first[p]], high[first[p]] - low[first[p]])
            _tally_run(ranks, p, begin, end, match, low, high, shorter, longer)


@njit
def _ranked(values, radius):
    """Return `_ranges`, and for the rank N of no value a range of its own."""
    n = values.size
    low, high = np.empty(n + 1, np.uint32), np.empty(n + 1, np.uint32)
    _ranges(values, radius, low, high)
    low[n] = high[n] = n
    return low, high


@njit("UniTuple(int64, 2)(float64[::1], int64[::1], float64)", cache=True, nogil=True)
def pairs_of_two(values, order, radius):
    """Return the pairs of the N - 2 templates that match for 2 samples, and for 3.

    values, order  (N,) the sorted series, and the times of its values
    """
    low, high = _ranked(values, radius)
    _, ranks, start = _layout(order, high[:-1], values.size - 2, 2)
    return _pairs_of_two(ranks, start, low, high)


@njit(
    "void(float64[::1], int64[::1], float64, int64, int64[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def tallies(values, order, radius, m, shorter, longer):
    """Write how many other templates match each: for m samples, and for m + 1.

    shorter  (N - m + 1,); every template of m samples
    longer   (N - m,)
    """
    n = values.size
    low, high = _ranked(values, radius)
    templates = n - max(m, 2) + 1
    time, ranks, start = _layout(order, high[:-1], templates, m)
    by_place, by_place_longer = np.zeros(templates, np.uint32), np.zeros(templates, np.uint32)
    _tally_all(ranks, start, low, high, by_place, by_place_longer)
    for p in range(templates):
        if time[p] < n - m:
            longer[time[p]] = by_place_longer[p]
        if m > 1:
            shorter[time[p]] = by_place[p]
    if m == 1:
        for k in range(n):
            shorter[order[k]] = high[k] - low[k]
