"""Distances to the k-th neighbour in up to three dimensions, compiled: a tree met leaf by leaf.

    r_k(i) = k-th smallest of |x(i) - x(j)| over j != i, each difference the shorter way round

Each node halves its points along its widest side, so that dense and sparse places cost the same.
All leaves lie at one depth: node i has the children 2i + 1 and 2i + 2, and its points are a range
that follows from its place. The points of a leaf search together: first their own leaf, then the
siblings on the way up to the root, and of those only nodes closer than the farthest k-th neighbour
yet. No bound needs a margin for rounding: a rounded difference never falls as the exact one rises,
so that the rounded gap between two boxes is at most any rounded distance across it.
"""

import numpy as np
from numba import njit

LEAF = 32  # points at most, at least half; 16 takes a seventh longer, 64 no less


@njit
def _divide(points, index, axis, begin, middle, end):
    """Order begin .. end so that none before `middle` lies above any from it on (Hoare)."""
    last = end - 1
    while begin < last:
        pivot = points[axis, (begin + last) // 2]
        i, j = begin, last
        while i <= j:
            while points[axis, i] < pivot:
                i += 1
            while points[axis, j] > pivot:
                j -= 1
            if i <= j:
                for c in range(3):
                    points[c, i], points[c, j] = points[c, j], points[c, i]
                index[i], index[j] = index[j], index[i]
                i += 1
                j -= 1
        if middle <= j:
            last = j
        elif middle > i:
            begin = i
        else:
            return


@njit
def _build(points, index, depth):
    """Order the points (3, N) in place; return the lower and upper corners of all nodes."""
    n = index.size
    nodes = (2 << depth) - 1
    low, high = np.empty((nodes, 3)), np.empty((nodes, 3))
    for level in range(depth + 1):
        width = depth - level
        for place in range(1 << level):
            node = (1 << level) - 1 + place
            begin = ((place << width) * n) >> depth
            end = (((place + 1) << width) * n) >> depth
            axis = 0
            for c in range(3):
                least = most = points[c, begin]
                for i in range(begin + 1, end):
                    value = points[c, i]
                    least = value if value < least else least
                    most = value if value > most else most
                low[node, c], high[node, c] = least, most
                if most - least > high[node, axis] - low[node, axis]:
                    axis = c
            if width > 0:
                middle = (((2 * place + 1) << (width - 1)) * n) >> depth
                _divide(points, index, axis, begin, middle, end)
    return low, high


@njit
def _side(low, high, least, most, period):
    """Return the distance between two ranges of a coordinate, the shorter way round."""
    below, above = least - high, low - most
    across = below if below > above else above
    across = across if across > 0 else 0.0
    below, above = most - low, high - least
    around = period - (below if below > above else above)
    return around if around < across else across


@njit
def _gap(low, high, a, b, period):
    """Return the square of the distance between the boxes of two nodes."""
    total = 0.0
    for c in range(3):
        side = _side(low[a, c], high[a, c], low[b, c], high[b, c], period[c])
        total += side * side
    return total


@njit
def _insert(near, row, square):
    """Put a square into its place among the k least, which it is one of."""
    k = near.shape[1] - 1
    while k > 0 and near[row, k - 1] > square:
        near[row, k] = near[row, k - 1]
        k -= 1
    near[row, k] = square


@njit
def _meet(points, low, high, node, own, other, near, squares, period):
    """Show the points of another leaf, a node, to those of a leaf; return the largest k-th square.

    own, other  (first, last + 1) of their points
    """
    begin, end = own
    start, stop = other
    k = near.shape[1] - 1
    p0, p1, p2 = period[0], period[1], period[2]
    l0, l1, l2 = low[node, 0], low[node, 1], low[node, 2]
    h0, h1, h2 = high[node, 0], high[node, 1], high[node, 2]
    xs, ys, zs = points[0, start:stop], points[1, start:stop], points[2, start:stop]
    reach = 0.0
    for i in range(begin, end):
        row = i - begin
        x, y, z = points[0, i], points[1, i], points[2, i]
        worst = near[row, k]
        dx, dy, dz = _side(x, x, l0, h0, p0), _side(y, y, l1, h1, p1), _side(z, z, l2, h2, p2)
        if dx * dx + dy * dy + dz * dz < worst:
            for j in range(xs.size):
                dx, dy, dz = abs(xs[j] - x), abs(ys[j] - y), abs(zs[j] - z)
                wx, wy, wz = p0 - dx, p1 - dy, p2 - dz
                dx = wx if wx < dx else dx
                dy = wy if wy < dy else dy
                dz = wz if wz < dz else dz
                squares[j] = dx * dx + dy * dy + dz * dz
            if start == begin:
                squares[row] = np.inf  # itself
            for j in range(xs.size):
                if squares[j] < worst:
                    _insert(near, row, squares[j])
                    worst = near[row, k]
        reach = worst if worst > reach else reach
    return reach


@njit("float64[::1](float64[:, ::1], int64, float64[::1])", cache=True, nogil=True)
def kth_distances(points, k, period):
    """Return the distance of each point to its k-th neighbour; the points are left reordered.

    points  (3, N), absent coordinates 0; in 0 .. period where periodic
    k       below N
    period  (3,), inf where open
    """
    n = points.shape[1]
    depth = 0
    while (n >> depth) > LEAF:
        depth += 1
    index = np.arange(n)
    low, high = _build(points, index, depth)
    near = np.empty(((n >> depth) + 1, k))
    found, squares = np.empty(n), np.empty((n >> depth) + 1)
    stack, gaps = np.empty(depth + 2, np.int64), np.empty(depth + 2)
    first = (1 << depth) - 1
    for leaf in range(1 << depth):
        own = node = first + leaf
        here = (leaf * n) >> depth, ((leaf + 1) * n) >> depth
        near[:] = np.inf
        reach = _meet(points, low, high, own, here, here, near, squares, period)
        while node > 0:
            stack[0] = ((node - 1) ^ 1) + 1
            gaps[0] = _gap(low, high, own, stack[0], period)
            top = 1
            node = (node - 1) >> 1
            while top > 0:
                top -= 1
                other = stack[top]
                if gaps[top] >= reach:
                    continue
                if other >= first:
                    place = other - first
                    there = (place * n) >> depth, ((place + 1) * n) >> depth
                    reach = _meet(points, low, high, other, here, there, near, squares, period)
                    continue
                for child in (2 * other + 1, 2 * other + 2):
                    stack[top] = child
                    gaps[top] = _gap(low, high, own, child, period)
                    top += 1
                if gaps[top - 1] > gaps[top - 2]:  # the nearer is met first
                    stack[top - 1], stack[top - 2] = stack[top - 2], stack[top - 1]
                    gaps[top - 1], gaps[top - 2] = gaps[top - 2], gaps[top - 1]
        for row in range(here[1] - here[0]):
            found[index[here[0] + row]] = np.sqrt(near[row, k - 1])
    return found
