"""Particles in the plane sorted into cells: pairs within a reach, each once, and nearest others.

    |r_j - r_i| < reach, by the shortest way through the box

Cells are no smaller than the reach, so that partners lie in the same cell or the eight around it;
half of those suffice. Particles are ordered by cell, row by row: the rest of a cell and the next
form one run of particles, and so do three cells of the next row. A box of fewer than three cells
a side becomes one cell, in which all pairs are tried by their nearest images.
"""

# mypy: disable-error-code="no-untyped-def"

import numpy as np
from numba import njit

RUNS = 5  # at most: own cell with the next, or both apart; and three cells of the next row


@njit
def _order(x, y, nx, ny, across, up):
    """Return (x, y, index) in order of the cells, and where each cell begins."""
    n = x.size
    cell = np.empty(n, np.int64)
    start = np.zeros(nx * ny + 1, np.int64)
    for i in range(n):
        cx = min(max(int(x[i] * across), 0), nx - 1)
        cy = min(max(int(y[i] * up), 0), ny - 1)
        cell[i] = cy * nx + cx
        start[cell[i] + 1] += 1
    for c in range(nx * ny):
        start[c + 1] += start[c]
    place = start[:-1].copy()
    xs, ys, index = np.empty(n), np.empty(n), np.empty(n, np.int64)
    for i in range(n):
        at = place[cell[i]]
        place[cell[i]] += 1
        xs[at], ys[at], index[at] = x[i], y[i], i
    return xs, ys, index, start


@njit
def _runs(cx, cy, nx, ny, start, periodic, lx, ly, begin, end, shift_x, shift_y):
    """Fill the runs of partners of a cell; the first is its own. Return how many there are."""
    c = cy * nx + cx
    begin[0], end[0], shift_x[0], shift_y[0] = start[c], start[c + 1], 0.0, 0.0
    count = 1
    if cx + 1 < nx:
        end[0] = start[c + 2]
    elif periodic and nx > 1:
        begin[1], end[1] = start[cy * nx], start[cy * nx + 1]
        shift_x[1], shift_y[1] = lx, 0.0
        count = 2
    row, above = cy + 1, 0.0
    if row == ny:
        if not periodic or ny == 1:
            return count
        row, above = 0, ly
    low, high = max(cx - 1, 0), min(cx + 1, nx - 1)
    begin[count], end[count] = start[row * nx + low], start[row * nx + high + 1]
    shift_x[count], shift_y[count] = 0.0, above
    count += 1
    if periodic and cx == 0:
        begin[count], end[count] = start[row * nx + nx - 1], start[row * nx + nx]
        shift_x[count], shift_y[count] = -lx, above
        count += 1
    if periodic and cx == nx - 1:
        begin[count], end[count] = start[row * nx], start[row * nx + 1]
        shift_x[count], shift_y[count] = lx, above
        count += 1
    return count


@njit
def _nearest(d, length):
    """Return a distance by the shortest way round; `length` is 0 in open space or among cells."""
    if length > 0:
        if d > 0.5 * length:
            return d - length
        if d < -0.5 * length:
            return d + length
    return d


@njit(cache=True, nogil=True)
def pair_list(x, y, nx, ny, box, periodic, reach):
    """Return (i, j, dx, dy) of all pairs, d = r_j - r_i.

    x, y      (N,) from 0 to the box
    nx, ny    cells: at least 3 by 3, or 1 by 1, in a periodic box
    box       (2,) edges, or extents in open space
    """
    lx, ly = box[0], box[1]
    xs, ys, index, start = _order(x, y, nx, ny, nx / lx, ny / ly)
    image = periodic and nx == 1
    ix, iy = (lx, ly) if image else (0.0, 0.0)
    begin, end = np.empty(RUNS, np.int64), np.empty(RUNS, np.int64)
    sx, sy = np.empty(RUNS), np.empty(RUNS)
    square, room, found = reach * reach, 8 * x.size + 64, 0
    first, second = np.empty(room, np.int64), np.empty(room, np.int64)
    px, py = np.empty(room), np.empty(room)
    for cy in range(ny):
        for cx in range(nx):
            c = cy * nx + cx
            count = _runs(cx, cy, nx, ny, start, periodic, lx, ly, begin, end, sx, sy)
            for i in range(start[c], start[c + 1]):
                begin[0] = i + 1
                for s in range(count):
                    for j in range(begin[s], end[s]):
                        dx = _nearest(xs[j] + sx[s] - xs[i], ix)
                        dy = _nearest(ys[j] + sy[s] - ys[i], iy)
                        if dx * dx + dy * dy < square:
                            if found == room:
                                more = np.empty(room, np.int64)
                                first = np.concatenate((first, more))
                                second = np.concatenate((second, more))
                                px = np.concatenate((px, np.empty(room)))
                                py = np.concatenate((py, np.empty(room)))
                                room *= 2
                            first[found], second[found] = index[i], index[j]
                            px[found], py[found] = dx, dy
                            found += 1
    return first[:found], second[:found], px[:found], py[:found]


@njit(cache=True, nogil=True)
def pair_histogram(x, y, nx, ny, box, periodic, reach, bins, real, imag):
    """Return (counts, sums) over the distance: how many pairs, and Re w_i* w_j over them.

    real, imag  (N,) the parts of a weight w of each particle; of size 0 for counts alone
    """
    lx, ly = box[0], box[1]
    xs, ys, index, start = _order(x, y, nx, ny, nx / lx, ny / ly)
    image = periodic and nx == 1
    ix, iy = (lx, ly) if image else (0.0, 0.0)
    begin, end = np.empty(RUNS, np.int64), np.empty(RUNS, np.int64)
    sx, sy = np.empty(RUNS), np.empty(RUNS)
    square, per, weighted = reach * reach, bins / reach, real.size > 0
    counts, sums = np.zeros(bins, np.int64), np.zeros(bins)
    for cy in range(ny):
        for cx in range(nx):
            c = cy * nx + cx
            count = _runs(cx, cy, nx, ny, start, periodic, lx, ly, begin, end, sx, sy)
            for i in range(start[c], start[c + 1]):
                begin[0] = i + 1
                for s in range(count):
                    for j in range(begin[s], end[s]):
                        dx = _nearest(xs[j] + sx[s] - xs[i], ix)
                        dy = _nearest(ys[j] + sy[s] - ys[i], iy)
                        r2 = dx * dx + dy * dy
                        if r2 < square:
                            b = min(int(np.sqrt(r2) * per), bins - 1)
                            counts[b] += 1
                            if weighted:
                                p, q = index[i], index[j]
                                sums[b] += real[p] * real[q] + imag[p] * imag[q]
    return counts, sums


@njit
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def clusters(x, y, nx, ny, box, periodic, reach):
    """Return the cluster (N,) of each particle: those linked by steps below the reach.

    Clusters are numbered as they are met; the arguments are those of `pair_list`.
    """
    lx, ly = box[0], box[1]
    xs, ys, index, start = _order(x, y, nx, ny, nx / lx, ny / ly)
    image = periodic and nx == 1
    ix, iy = (lx, ly) if image else (0.0, 0.0)
    begin, end = np.empty(RUNS, np.int64), np.empty(RUNS, np.int64)
    sx, sy = np.empty(RUNS), np.empty(RUNS)
    square = reach * reach
    parent = np.arange(x.size)
    for cy in range(ny):
        for cx in range(nx):
            c = cy * nx + cx
            count = _runs(cx, cy, nx, ny, start, periodic, lx, ly, begin, end, sx, sy)
            for i in range(start[c], start[c + 1]):
                begin[0] = i + 1
                own = _root(parent, i)
                for s in range(count):
                    for j in range(begin[s], end[s]):
                        dx = _nearest(xs[j] + sx[s] - xs[i], ix)
                        dy = _nearest(ys[j] + sy[s] - ys[i], iy)
                        if dx * dx + dy * dy < square and parent[j] != own:
                            other = _root(parent, j)
                            if other < own:
                                parent[own] = other
                                own = other
                            elif other > own:
                                parent[other] = own
    label, number, many = np.empty(x.size, np.int64), np.empty(x.size, np.int64), 0
    for i in range(x.size):  # a parent is never behind its child
        if parent[i] == i:
            number[i] = many
            many += 1
        else:
            number[i] = number[parent[i]]
        label[index[i]] = number[i]
    return label


@njit(cache=True, nogil=True)
def disc_counts(x, y, nx, ny, box, periodic, reach, middle_x, middle_y):
    """Return how many particles are closer than the reach to each middle; arguments as above."""
    lx, ly = box[0], box[1]
    xs, ys, _, start = _order(x, y, nx, ny, nx / lx, ny / ly)
    image = periodic and nx == 1
    ix, iy = (lx, ly) if image else (0.0, 0.0)
    square, around = reach * reach, 1 if nx > 1 or ny > 1 else 0
    counts = np.zeros(middle_x.size, np.int64)
    for m in range(middle_x.size):
        cx = min(max(int(middle_x[m] * nx / lx), 0), nx - 1)
        cy = min(max(int(middle_y[m] * ny / ly), 0), ny - 1)
        for oy in range(-around, around + 1):
            row, sy = cy + oy, 0.0
            if row < 0 or row >= ny:
                if not periodic:
                    continue
                sy = -ly if row < 0 else ly
                row += ny if row < 0 else -ny
            for ox in range(-around, around + 1):
                column, sx = cx + ox, 0.0
                if column < 0 or column >= nx:
                    if not periodic:
                        continue
                    sx = -lx if column < 0 else lx
                    column += nx if column < 0 else -nx
                c = row * nx + column
                for j in range(start[c], start[c + 1]):
                    dx = _nearest(xs[j] + sx - middle_x[m], ix)
                    dy = _nearest(ys[j] + sy - middle_y[m], iy)
                    if dx * dx + dy * dy < square:
                        counts[m] += 1
    return counts


@njit
def _insert(best, chosen, gap_x, gap_y, r2, j, dx, dy):
    """Put a neighbour in its place among the nearest, ascending; the last drops out."""
    at = best.size - 1
    while at > 0 and best[at - 1] > r2:
        best[at], chosen[at] = best[at - 1], chosen[at - 1]
        gap_x[at], gap_y[at] = gap_x[at - 1], gap_y[at - 1]
        at -= 1
    best[at], chosen[at], gap_x[at], gap_y[at] = r2, j, dx, dy


@njit(cache=True, nogil=True)
def nearest(x, y, nx, ny, box, k):
    """Return (j, dx, dy), each (N, k), of the k nearest others in a periodic box, d = r_j - r_i.

    x, y  (N,) from 0 to the box (2,); nx, ny  cells of any number; k  below N
    Cells are searched in rings, until whatever is outside them is farther than the k-th found.
    """
    n, lx, ly = x.size, box[0], box[1]
    xs, ys, index, start = _order(x, y, nx, ny, nx / lx, ny / ly)
    wide, high = lx / nx, ly / ny
    who, px, py = np.empty((n, k), np.int64), np.empty((n, k)), np.empty((n, k))
    best, gap_x, gap_y = np.empty(k), np.empty(k), np.empty(k)
    chosen = np.empty(k, np.int64)
    for cy in range(ny):
        for cx in range(nx):
            c = cy * nx + cx
            for i in range(start[c], start[c + 1]):
                best[:] = np.inf
                left, low = xs[i] - cx * wide, ys[i] - cy * high
                inner = max(min(left, wide - left, low, high - low), 0.0)  # to its cell's side
                for ring in range(max(nx, ny) // 2 + 1):
                    edge = inner + (ring - 1) * min(wide, high)
                    if ring > 0 and best[k - 1] <= edge * edge:
                        break
                    for oy in range(-ring, ring + 1):
                        if 2 * oy > ny or 2 * oy <= -ny:
                            continue  # met from the other side
                        row = (cy + oy) % ny
                        step = 1 if abs(oy) == ring else 2 * ring
                        for ox in range(-ring, ring + 1, step):
                            if 2 * ox > nx or 2 * ox <= -nx:
                                continue
                            t = row * nx + (cx + ox) % nx
                            for j in range(start[t], start[t + 1]):
                                dx = _nearest(xs[j] - xs[i], lx)
                                dy = _nearest(ys[j] - ys[i], ly)
                                r2 = dx * dx + dy * dy
                                if j != i and r2 < best[k - 1]:
                                    _insert(best, chosen, gap_x, gap_y, r2, index[j], dx, dy)
                own = index[i]
                who[own], px[own], py[own] = chosen, gap_x, gap_y
    return who, px, py
