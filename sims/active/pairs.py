# mypy: disallow-untyped-defs=False
"""Pairs of particles, compiled: the list of those that are near, and the forces between them.

    a pair closer than the cutoff now was closer than cutoff + skin when the list was made,
    as long as no particle has moved by more than skin/2 since

Particles are sorted by cell, so that the neighbours of one lie in a few unbroken ranges. Forces go
in three passes over blocks of pairs, gather, law, scatter, the middle one without branches.
"""

import math

import numpy as np
from numba import njit

NONE, WCA, HARMONIC, SOFTPLUS = range(4)
BLOCK = 256  # pairs at a time; their scratch stays in the first cache
FULL = -1  # the list is too short

FAST = {"contract", "nsz", "arcp"}
_HALF = np.polynomial.chebyshev.Chebyshev.interpolate(
    lambda y: np.exp(-y), 12, domain=[0, 1]
).convert(kind=np.polynomial.Polynomial)
_SERIES = np.polynomial.chebyshev.Chebyshev.interpolate(
    lambda t: np.where(t > 1e-3, np.arctanh(np.sqrt(t)) / np.sqrt(np.maximum(t, 1e-300)),
                       1 + t / 3 + t**2 / 5 + t**3 / 7 + t**4 / 9 + t**5 / 11),
    11, domain=[0, 1 / 9],
).convert(kind=np.polynomial.Polynomial)  # fmt: skip
E = tuple(float(c) for c in _HALF.coef)  # of exp(-y) on [0, 1]
A = tuple(float(c) for c in _SERIES.coef)  # of artanh(s)/s in s^2 on [0, 1/9]


@njit(fastmath=FAST)
def _softplus(z):
    """Return ln(1 + e^z) to 1e-15, without branches."""
    y = min(abs(z), 32.0) * 0.03125
    p = E[10] + y * (E[11] + y * E[12])
    p = E[7] + y * (E[8] + y * (E[9] + y * p))
    p = E[4] + y * (E[5] + y * (E[6] + y * p))
    p = E[1] + y * (E[2] + y * (E[3] + y * p))
    w = E[0] + y * p
    w *= w
    w *= w
    w *= w
    w *= w
    w *= w
    s = w / (2.0 + w)
    t = s * s
    q = A[8] + t * (A[9] + t * (A[10] + t * A[11]))
    q = A[4] + t * (A[5] + t * (A[6] + t * (A[7] + t * q)))
    q = A[0] + t * (A[1] + t * (A[2] + t * (A[3] + t * q)))
    return max(z, 0.0) + 2.0 * s * q


@njit(fastmath=FAST, error_model="numpy")
def law(kind, r2, n, strength, sigma2, cut2, beta, tail):
    """Turn squared distances r2 (n,) into forces over the distance, in place; 0 from the cutoff on.

    sigma2, cut2  squares of diameter and cutoff
    tail          softplus at the cutoff, which is taken off
    """
    if kind == WCA:
        scale = 24.0 * strength / sigma2
        over = 1.0 / sigma2
        most = cut2 * over
        for k in range(n):
            inverse = 1.0 / min(r2[k] * over, most)
            i6 = inverse * inverse * inverse
            r2[k] = scale * inverse * i6 * (2.0 * i6 - 1.0)
    elif kind == HARMONIC:
        over = 1.0 / sigma2
        for k in range(n):
            r2[k] = strength * (1.0 / math.sqrt(min(r2[k] * over, 1.0)) - 1.0)
    else:
        sigma = math.sqrt(sigma2)
        for k in range(n):
            r = math.sqrt(min(r2[k], cut2))
            r2[k] = strength * (_softplus(beta * (sigma - r)) / beta - tail) / r


@njit(fastmath=FAST, error_model="numpy")
def forces(kind, x, size, f, first, second, pairs, edge, law_of, mixed, scratch):
    """Add the forces of listed pairs to f (2, N); each pair's are opposite to the last bit.

    edge     (2,) of the box, 0 along an open axis
    law_of   (5,) strength, sigma^2, cutoff^2, beta, tail
    mixed    whether diameters differ: then sigma^2 and cutoff^2 are those of diameter 1
    scratch  (4, BLOCK)
    """
    gx, gy, r2, per = scratch[0], scratch[1], scratch[2], scratch[3]
    lx, ly = edge[0], edge[1]
    ox = 1.0 / lx if lx > 0 else 0.0
    oy = 1.0 / ly if ly > 0 else 0.0
    strength, sigma2, cut2, beta, tail = law_of[0], law_of[1], law_of[2], law_of[3], law_of[4]
    for start in range(0, pairs, BLOCK):
        n = min(BLOCK, pairs - start)
        one, other = first[start : start + n], second[start : start + n]
        for k in range(n):
            i, j = one[k], other[k]
            gx[k] = x[0, i] - x[0, j]
            gy[k] = x[1, i] - x[1, j]
        for k in range(n):
            gx[k] -= lx * math.floor(gx[k] * ox + 0.5)
            gy[k] -= ly * math.floor(gy[k] * oy + 0.5)
            r2[k] = gx[k] * gx[k] + gy[k] * gy[k]
        if mixed:
            for k in range(n):
                mean = 0.5 * (size[one[k]] + size[other[k]])
                per[k] = 1.0 / (mean * mean)
                r2[k] *= per[k]
        law(kind, r2, n, strength, sigma2, cut2, beta, tail)
        if mixed and kind == WCA:  # F/r of soft discs is a function of r/sigma alone
            for k in range(n):
                r2[k] *= per[k]
        for k in range(n):
            i, j = one[k], other[k]
            fx, fy = r2[k] * gx[k], r2[k] * gy[k]
            f[0, i] += fx
            f[1, i] += fy
            f[0, j] -= fx
            f[1, j] -= fy


@njit(fastmath=FAST, error_model="numpy")
def torques(x, e, torque, first, second, pairs, edge, reach2):
    """Set torque (N,) to the sum of sin(theta_j - theta_i) over the others within the reach."""
    for i in range(torque.size):
        torque[i] = 0.0
    ox = 1.0 / edge[0] if edge[0] > 0 else 0.0
    oy = 1.0 / edge[1] if edge[1] > 0 else 0.0
    for k in range(pairs):
        i, j = first[k], second[k]
        gx, gy = x[0, i] - x[0, j], x[1, i] - x[1, j]
        gx -= edge[0] * math.floor(gx * ox + 0.5)
        gy -= edge[1] * math.floor(gy * oy + 0.5)
        if gx * gx + gy * gy < reach2:
            turn = e[0, i] * e[1, j] - e[1, i] * e[0, j]
            torque[i] += turn
            torque[j] -= turn


@njit
def grid(x, edge, reach, low, width, count):
    """Set origin, width and number of the cells along each axis; return whether they will do.

    Periodic axes need three cells, or a neighbour would be met twice.
    """
    most = max(4.0, 4.0 * math.sqrt(x.shape[1]))
    for d in range(2):
        if edge[d] > 0:
            low[d] = 0.0
            count[d] = np.int64(min(edge[d] / reach, most))
            if count[d] < 3:
                return False
            width[d] = edge[d] / count[d]
        else:
            low[d] = x[d, 0]
            high = x[d, 0]
            for i in range(x.shape[1]):
                low[d] = min(low[d], x[d, i])
                high = max(high, x[d, i])
            span = high - low[d]
            count[d] = np.int64(max(1.0, min(span / reach, most)))
            width[d] = max(span / count[d], reach)
    return True


@njit
def order(x, low, width, count, cell, start, place):
    """Sort particles by cell, stably: cell (N,), start (cells + 1,), and the new place (N,)."""
    nx, ny = count[0], count[1]
    for c in range(nx * ny + 1):
        start[c] = 0
    for i in range(x.shape[1]):
        cx = min(np.int64((x[0, i] - low[0]) / width[0]), nx - 1)
        cy = min(np.int64((x[1, i] - low[1]) / width[1]), ny - 1)
        cell[i] = cy * nx + cx
        start[cell[i] + 1] += 1
    for c in range(nx * ny):
        start[c + 1] += start[c]
    for i in range(x.shape[1]):
        place[i] = start[cell[i]]
        start[cell[i]] += 1
    for c in range(nx * ny, 0, -1):
        start[c] = start[c - 1]
    start[0] = 0


@njit
def _ranges(cx, cy, edge, axis, start, bounds, shift):
    """Set the ranges of particles right of and above a cell, with what they are shifted by.

    bounds, shift  (4, 2) first and end, and what to add to the cell's own particles; the first
                   range is that of the own row. Returns how many there are.
    """
    nx, ny = axis[0], axis[1]
    lx, ly = edge[0], edge[1]
    row = cy * nx
    for q in range(4):
        shift[q, 0] = shift[q, 1] = 0.0
    bounds[0, 0] = start[row + cx]
    bounds[0, 1] = start[row + cx + 2] if cx < nx - 1 else start[row + cx + 1]
    n = 1
    if cx == nx - 1 and lx > 0:
        bounds[n, 0], bounds[n, 1], shift[n, 0] = start[row], start[row + 1], -lx
        n += 1
    up = cy + 1
    if up < ny or ly > 0:
        lift = 0.0 if up < ny else -ly
        row = up * nx if up < ny else 0
        bounds[n, 0] = start[row + max(cx - 1, 0)]
        bounds[n, 1] = start[row + min(cx + 1, nx - 1) + 1]
        shift[n, 1] = lift
        n += 1
        if lx > 0 and (cx == 0 or cx == nx - 1):
            over = nx - 1 if cx == 0 else 0
            bounds[n, 0], bounds[n, 1] = start[row + over], start[row + over + 1]
            shift[n, 0], shift[n, 1] = lx if cx == 0 else -lx, lift
            n += 1
    return n


@njit(fastmath=FAST)
def by_cells(x, edge, axis, start, reach2, first, second):
    """List all pairs nearer than the reach; return how many, or FULL. x is sorted by cell."""
    bounds, shift = np.zeros((4, 2), dtype=np.int64), np.zeros((4, 2))
    x0, x1 = x[0], x[1]
    n = 0
    for cy in range(axis[1]):
        for cx in range(axis[0]):
            cell = cy * axis[0] + cx
            ranges = _ranges(cx, cy, edge, axis, start, bounds, shift)
            most = 0
            for q in range(ranges):
                most += bounds[q, 1] - bounds[q, 0]
            if n + most * (start[cell + 1] - start[cell]) + 1 > first.size:
                return FULL
            for i in range(start[cell], start[cell + 1]):
                for q in range(ranges):
                    xi, yi = x0[i] + shift[q, 0], x1[i] + shift[q, 1]
                    low = i + 1 if q == 0 else bounds[q, 0]
                    for j in range(low, bounds[q, 1]):
                        gx, gy = xi - x0[j], yi - x1[j]
                        first[n] = i
                        second[n] = j
                        n += gx * gx + gy * gy < reach2
    return n


@njit
def by_all(x, edge, reach2, first, second):
    """List all pairs whose nearest images are nearer than the reach; return how many, or FULL."""
    ox = 1.0 / edge[0] if edge[0] > 0 else 0.0
    oy = 1.0 / edge[1] if edge[1] > 0 else 0.0
    n = 0
    for i in range(x.shape[1]):
        if n + x.shape[1] > first.size:
            return FULL
        for j in range(i + 1, x.shape[1]):
            gx, gy = x[0, i] - x[0, j], x[1, i] - x[1, j]
            gx -= edge[0] * math.floor(gx * ox + 0.5)
            gy -= edge[1] * math.floor(gy * oy + 0.5)
            first[n] = i
            second[n] = j
            n += gx * gx + gy * gy < reach2
    return n
