# mypy: disallow-untyped-defs=False
"""Radau IIA of 5 stages and order 9 for stiff systems, with the exact Jacobian; compiled.

    z_i = h sum_j a_ij f(t + c_j h, y + z_j),  y_new = y + z_5;  Newton: (1 - h A x J) dz = residue

The stages are the values of a polynomial of degree 5, which also gives what lies within a step and
the guess for the next. The error is that of an embedded formula of order 5, filtered by
(1 - h g J)^-1, 1/g being the real eigenvalue of A^-1: it controls the polynomial as well.

Hairer & Wanner (1996) Solving Ordinary Differential Equations II, Sec. IV.5 and IV.8; Hairer &
Wanner (1999) J. Comput. Appl. Math. 111, 93. Importing this module imports Numba.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.extending import register_jitable

from core.errors import NumericsError
from sims.integrators import compiled, radau, step_control
from sims.integrators.compiled import RIGHT_HAND_SIDE
from sims.integrators.dop853_batch import ADVICE, MAX_STEPS, SMALLEST, too_many
from sims.integrators.lane_layout import LEAST_STEP, TINY
from sims.integrators.radau import INVERSE_REAL, NODES, STAGES, A, E

NEWTON = 10  # iterations
PAUSE = 500  # steps between two looks at the keyboard
SAFETY, SHRINK, GROW = 0.9, 0.2, 8.0
_EXPONENT = -1 / (STAGES + 1)

T, H, H_OLD, RTOL, ATOL, SCALARS = 0, 1, 2, 3, 4, 5
STEPS, REJECTED, FACTORISATIONS, AFTER, STATUS, COUNTS = 0, 1, 2, 3, 4, 5
ARRIVED, PAUSED, COLLAPSED = 0, 1, 2


register_jitable(step_control.trial_step)


@njit(error_model="numpy")
def _factorise(a, pivots):
    """Write the LU factors of a into it; False if it is singular."""
    n = a.shape[0]
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        pivots[k] = p
        if not abs(a[p, k]) > 0.0:
            return False
        if p != k:
            for j in range(n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            factor = a[i, k]
            if factor != 0.0:
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
    return True


@njit(error_model="numpy")
def _solve(a, pivots, b):
    """Write the solution into b."""
    n = b.size
    for k in range(n):
        b[k], b[pivots[k]] = b[pivots[k]], b[k]
    for k in range(n):
        for i in range(k + 1, n):
            b[i] -= a[i, k] * b[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= a[i, j] * b[j]
        b[i] /= a[i, i]


@njit(error_model="numpy")
def _norm(v, y, other, rtol, atol):
    total = 0.0
    for j in range(v.size):
        total += (v[j] / (atol + rtol * max(abs(y[j % y.size]), abs(other[j % y.size])))) ** 2
    return math.sqrt(total / v.size)


@njit(error_model="numpy")
def _within(theta, z, out):
    """Write what the stages' polynomial has grown by at a part of the step: Lagrange's formula."""
    for j in range(out.size):
        out[j] = 0.0
    for i in range(STAGES):
        weight = theta / NODES[i]
        for m in range(STAGES):
            if m != i:
                weight *= (theta - NODES[m]) / (NODES[i] - NODES[m])
        for j in range(out.size):
            out[j] += weight * z[i, j]


@njit(error_model="numpy")
def _guess(scalars, z, old):
    """Write the guess for the stages: the last step's polynomial, gone on with."""
    h, before = scalars[H], scalars[H_OLD]
    for i in range(STAGES):
        if before == 0.0:
            z[i, :] = 0.0
            continue
        _within(1.0 + NODES[i] * h / before, old, z[i])
        for j in range(z.shape[1]):
            z[i, j] -= old[STAGES - 1, j]


@njit(error_model="numpy")
def _matrices(h, jacobian, whole, pivots, small, small_pivots):
    n = jacobian.shape[0]
    for i in range(STAGES):
        for k in range(STAGES):
            for a in range(n):
                for b in range(n):
                    whole[i * n + a, k * n + b] = -h * A[i, k] * jacobian[a, b]
    for a in range(STAGES * n):
        whole[a, a] += 1.0
    for a in range(n):
        for b in range(n):
            small[a, b] = -h * INVERSE_REAL * jacobian[a, b]
        small[a, a] += 1.0
    return _factorise(whole, pivots) and _factorise(small, small_pivots)


@njit(error_model="numpy")
def _newton(rhs, t, h, y, z, rates, residue, whole, pivots, rtol, atol, work):
    """Solve for the stages; return the number of iterations, 0 if they do not converge."""
    n = y.size
    enough = max(10.0 * 2.3e-16 / rtol, min(0.03, math.sqrt(rtol)))
    before, rate = 0.0, 0.0
    point = np.empty(n)
    for iteration in range(1, NEWTON + 1):
        for i in range(STAGES):
            for j in range(n):
                point[j] = y[j] + z[i, j]
            rhs(0, t + NODES[i] * h, h, point, rates[i], work)
        for i in range(STAGES):
            for j in range(n):
                total = 0.0
                for k in range(STAGES):
                    total += A[i, k] * rates[k, j]
                residue[i * n + j] = h * total - z[i, j]
        _solve(whole, pivots, residue)
        size = _norm(residue, y, y, rtol, atol)
        if not math.isfinite(size):
            return 0
        for i in range(STAGES):
            for j in range(n):
                z[i, j] += residue[i * n + j]
        if iteration > 1 and before > 0.0:
            rate = size / before
            left = NEWTON - iteration
            if rate >= 1.0 or (rate**left / (1.0 - rate) * size > enough and left > 0):
                return 0
        if size == 0.0 or (iteration > 1 and rate / (1.0 - rate) * size <= enough):
            return iteration
        before = size
    return 0


@njit(error_model="numpy")
def _error(rhs, t, h, y, z, rate, small, pivots, again, rtol, atol, work):
    """Return the scaled error; filtered once more (`again`) where the first seems too large."""
    n = y.size
    base, error, new = np.empty(n), np.empty(n), np.empty(n)
    for j in range(n):
        total = 0.0
        for i in range(STAGES):
            total += E[i] * z[i, j]
        base[j] = total
        error[j] = total + INVERSE_REAL * h * rate[j]
        new[j] = y[j] + z[STAGES - 1, j]
    _solve(small, pivots, error)
    scaled = _norm(error, y, new, rtol, atol)
    if scaled >= 1.0 and again:
        for j in range(n):
            error[j] += y[j]
        other = np.empty(n)
        rhs(0, t, h, error, other, work)
        for j in range(n):
            error[j] = base[j] + INVERSE_REAL * h * other[j]
        _solve(small, pivots, error)
        scaled = _norm(error, y, new, rtol, atol)
    return scaled


@njit(error_model="numpy")
def _run(rhs, tangent, marks, done, pause, scalars, counts, y, z, work, frames):
    """Fill the frames from number `done` on; return how many are done after `pause` steps."""
    n, rtol, atol, bound = y.size, scalars[RTOL], scalars[ATOL], marks[marks.size - 1]
    whole, pivots = np.empty((STAGES * n, STAGES * n)), np.empty(STAGES * n, np.int64)
    small, small_pivots = np.empty((n, n)), np.empty(n, np.int64)
    new, rates, residue = np.empty((STAGES, n)), np.empty((STAGES, n)), np.empty(STAGES * n)
    both, slopes, inner = np.zeros(n + n * n), np.empty(n + n * n), np.empty(n)
    for j in range(n):
        both[j] = y[j]
        both[n + j * n + j] = 1.0  # so that J times it is the Jacobian
    if scalars[H] == 0.0:
        tangent(0, scalars[T], 0.0, both, slopes, work)
        size, rate = _norm(y, y, y, rtol, atol), _norm(slopes[:n], y, y, rtol, atol)
        scalars[H] = step_control.trial_step(size, rate, bound - scalars[T])
        if not (math.isfinite(size) and math.isfinite(rate)):
            counts[STATUS] = COLLAPSED
            return done
    for _ in range(pause):
        while done < marks.size and marks[done] <= scalars[T]:
            for j in range(n):
                frames[done, j] = y[j]
            done += 1
        if done == marks.size:
            counts[STATUS] = ARRIVED
            return done
        t, h = scalars[T], min(scalars[H], bound - scalars[T])
        scalars[H] = h
        if not h >= LEAST_STEP * abs(t) + TINY:
            counts[STATUS] = COLLAPSED
            return done
        for j in range(n):
            both[j] = y[j]
        tangent(0, t, h, both, slopes, work)
        jacobian = slopes[n:].reshape(n, n)
        counts[FACTORISATIONS] += 1
        _guess(scalars, new, z)
        if not _matrices(h, jacobian, whole, pivots, small, small_pivots):
            scalars[H], counts[AFTER] = h / 2, 1
            continue
        count = _newton(rhs, t, h, y, new, rates, residue, whole, pivots, rtol, atol, work)
        if count == 0:
            scalars[H], counts[AFTER] = h / 2, 1
            counts[REJECTED] += 1
            if scalars[H_OLD] != 0.0 and counts[REJECTED] % 4 == 3:
                scalars[H_OLD] = 0.0  # the guess may be what is wrong
            continue
        again = counts[AFTER] == 1 or counts[STEPS] == 0
        scaled = _error(rhs, t, h, y, new, slopes[:n], small, small_pivots, again, rtol, atol, work)
        factor = GROW
        if scaled > 0.0:
            factor = SAFETY * (2 * NEWTON + 1) / (2 * NEWTON + count) * scaled**_EXPONENT
            factor = min(GROW, max(SHRINK, factor)) if math.isfinite(scaled) else SHRINK
        if not scaled < 1.0:
            scalars[H], counts[AFTER] = h * factor, 1
            counts[REJECTED] += 1
            continue
        end = bound if h >= bound - t else t + h
        while done < marks.size and marks[done] <= end:
            _within((marks[done] - t) / h, new, inner)
            for j in range(n):
                frames[done, j] = y[j] + inner[j]
            done += 1
        for i in range(STAGES):
            for j in range(n):
                z[i, j] = new[i, j]
        for j in range(n):
            y[j] += z[STAGES - 1, j]
        scalars[T], scalars[H_OLD] = end, h
        scalars[H] = h * (min(factor, 1.0) if counts[AFTER] == 1 else factor)
        counts[AFTER] = 0
        counts[STEPS] += 1
    counts[STATUS] = PAUSED
    return done


def _cached(version: str) -> Callable[..., int]:
    row, table, ints = types.float64[::1], types.float64[:, ::1], types.int64[::1]
    arrays = (row, ints, row, table, row, table)
    functions = (RIGHT_HAND_SIDE, RIGHT_HAND_SIDE)

    @njit(types.int64(*functions, row, types.int64, types.int64, *arrays), cache=True)
    def run(rhs, tangent, marks, done, pause, scalars, counts, y, z, work, frames):
        version  # noqa: B018  (see compiled.fingerprint)
        return _run(rhs, tangent, marks, done, pause, scalars, counts, y, z, work, frames)

    return run


# Numba warns that functions as arguments are experimental; the tests watch over what is used.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    run_until = _cached(compiled.fingerprint(radau))


def integrate(
    rhs: Any,
    tangent: Any,
    times: np.ndarray,
    y0: np.ndarray,
    work: np.ndarray,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    first_step: float | None = None,
    max_steps: int = MAX_STEPS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the states (T, n) at `times` (T,), rising, and counts (5,) of steps and the like.

    rhs      a function for `sims.integrators.compiled`: f(y)
    tangent  one for the state and a matrix Q (n, n) behind it: f(y) and J(y) Q
    work     the parameters of both

    Raises NumericsError if the step size collapses.
    """
    n = y0.size
    scalars, counts = np.zeros(SCALARS), np.zeros(COUNTS, dtype=np.int64)
    frames, y = np.empty((len(times), n)), np.array(y0, dtype=np.float64)
    span = float(times[-1] - times[0])
    if span == 0.0:
        frames[:] = y
        return frames, counts
    scalars[[T, RTOL, ATOL]] = times[0], rtol, max(atol, SMALLEST)
    scalars[H] = first_step or 0.0
    z, done = np.zeros((STAGES, n)), 0
    while True:  # the interpreter looks after signals between two calls
        done = run_until(rhs, tangent, times, done, PAUSE, scalars, counts, y, z, work, frames)
        if counts[STATUS] == ARRIVED:
            return frames, counts
        t = scalars[T]
        if counts[STATUS] == COLLAPSED:
            raise NumericsError(f"step size collapsed at t = {t:g}; {ADVICE}")
        if counts[STEPS] >= max_steps:
            raise NumericsError(too_many(max_steps, t))
