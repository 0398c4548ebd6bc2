"""Exponential Adams steps as Numba loops; `etd_adams` is the array form of the same method.

    du/dt = L u + N(t, u),  L diagonal

The predictor, and the value that the last p give for N, are sums over rows of a ring, with weights
in Lagrange form: every row is read once. Members take turns, each to the next frame. N is a Numba
function of signature TERM and is known by its type alone, so this is compiled and cached on disk
once for all equations. Importing this module imports Numba.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import register_jitable

from sims.integrators import etd_levels as levels
from sims.integrators import etd_weights
from sims.integrators.etd_adams import MAX_SWEEPS, Frame, Problem, collapse, settle, spacings

_F8, _I8, _ROW = types.float64, types.int64, types.complex128[::1]
_TABLE = types.complex128[:, ::1]
_CUBE = types.complex128[:, :, ::1]
TERM = types.void(_F8, _ROW, _ROW, _ROW, types.float64[::1])  # t, u, out, scratch, parameters
RATE = types.float64(_ROW, _ROW, types.float64[::1])  # u, scratch, parameters -> bound of |dN/du|

# Sums may be reordered, once and for all at compilation; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
PAUSE = 20_000  # steps between two looks at the keyboard

# Columns of the members' numbers.
LEVEL, POSITION, HEAD, KNOWN, STEPS, EVALUATIONS, LEAST, COUNTS = 0, 1, 2, 3, 4, 5, 6, 7
# Places of the common numbers.
ORDER, FIXED = 0, 1
SCALE, ATOL, RTOL, MAX_STEP, STABLE, START, GAP, BEFORE, REALS = 0, 1, 2, 3, 4, 5, 6, 7, 8
_ARRIVED, _PAUSED, _LACKS_WEIGHTS, _COLLAPSED = 0, 1, 2, 3

for _function in (
    levels.ticks,
    levels.finer,
    levels.coarser,
    levels.coarsest,
    levels.scaled,
    etd_weights.interpolate_at,
    etd_weights.respaced_rows,
):
    register_jitable(_function)


@njit(fastmath=FAST)
def _multiply(out, a, x):
    for i in range(out.size):
        out[i] = a[i] * x[i]


@njit(fastmath=FAST)
def _add_one(out, a, x):
    for i in range(out.size):
        out[i] += a[i] * x[i]


@njit(fastmath=FAST)
def _add_three(out, a, x, b, y, c, z):
    for i in range(out.size):
        out[i] += a[i] * x[i] + b[i] * y[i] + c[i] * z[i]


@njit(fastmath=FAST)
def _combine_one(out, keep, a, x):
    for i in range(out.size):
        out[i] = keep * out[i] + a * x[i]


@njit(fastmath=FAST)
def _combine_three(out, keep, a, x, b, y, c, z):
    for i in range(out.size):
        out[i] = keep * out[i] + a * x[i] + b * y[i] + c * z[i]


@njit(fastmath=FAST)
def _square(x):
    total = 0.0
    for i in range(x.size):
        total += x[i].real * x[i].real + x[i].imag * x[i].imag
    return total


@njit(fastmath=FAST)
def _correct(u, weight, value, extrapolated):
    """Add the correction to u; return the sum of its squares."""
    total = 0.0
    for i in range(u.size):
        change = weight[i] * (value[i] - extrapolated[i])
        total += change.real * change.real + change.imag * change.imag
        u[i] += change
    return total


@njit
def _predict(out, u, ring, head, turn, weights):
    """Write turn u + sum_j weights_j N_j, N_0 being the newest."""
    rows, p = ring.shape[0], weights.shape[0]
    _multiply(out, turn, u)
    j = 0
    while j + 3 <= p:
        a, b, c = (head + j) % rows, (head + j + 1) % rows, (head + j + 2) % rows
        _add_three(out, weights[j], ring[a], weights[j + 1], ring[b], weights[j + 2], ring[c])
        j += 3
    while j < p:
        _add_one(out, weights[j], ring[(head + j) % rows])
        j += 1


@njit
def _extrapolate(out, ring, head, factors):
    """Write sum_j factors_j N_j."""
    rows, p = ring.shape[0], factors.size
    j, keep = 0, 0.0
    out[:] = 0.0
    while j + 3 <= p:
        a, b, c = (head + j) % rows, (head + j + 1) % rows, (head + j + 2) % rows
        x, y, z = ring[a], ring[b], ring[c]
        _combine_three(out, keep, factors[j], x, factors[j + 1], y, factors[j + 2], z)
        j, keep = j + 3, 1.0
    while j < p:
        _combine_one(out, keep, factors[j], ring[(head + j) % rows])
        j, keep = j + 1, 1.0


@njit
def _respace(ring, numbers, order, ratio, fresh):
    """Turn the ring into values spaced `ratio` times as far."""
    row = np.empty(ring.shape[0])
    known, head, rows = numbers[KNOWN], numbers[HEAD], ring.shape[0]
    new = etd_weights.respaced_rows(ratio, known, order)
    for i in range(new):
        etd_weights.interpolate_at(i * ratio, known, min(order, known - 1), row[:known])
        fresh[i] = 0.0
        for j in range(known):
            if row[j] != 0.0:
                _combine_one(fresh[i], 1.0, row[j], ring[(head + j) % rows])
    ring[:new] = fresh[:new]
    numbers[HEAD], numbers[KNOWN] = 0, new


@njit
def _step_of(level, gap):
    return gap * (levels.ticks(level) / levels.TICKS)


@njit
def _measure(rate, u, reals, scratch, parameters):
    """Return the tolerated error and the coarsest level allowed."""
    limit = reals[ATOL] + reals[RTOL] * (reals[SCALE] * math.sqrt(_square(u)))
    largest, steepest = reals[MAX_STEP], rate(u, scratch, parameters)
    if steepest > 0.0:
        largest = min(largest, reals[STABLE] / steepest)
    return limit, levels.coarsest(reals[GAP], largest)


@njit
def _enter(ring, numbers, options, reals, fresh):
    """Begin the gap after a frame."""
    numbers[POSITION], level = 0, numbers[LEVEL]
    h = _step_of(level, reals[BEFORE])
    if options[FIXED] == 0:
        if reals[GAP] != reals[BEFORE]:
            level = levels.coarsest(reals[GAP], h)
        numbers[LEVEL] = max(level, numbers[LEAST])
    ratio = _step_of(numbers[LEVEL], reals[GAP]) / h
    if ratio != 1.0:
        _respace(ring, numbers, options[ORDER], ratio, fresh)


@njit
def _next_level(error, numbers, order, kept):
    """Return the level wanted after a step whose error, over the tolerated one, is given."""
    level, position = numbers[LEVEL], numbers[POSITION]
    if error <= 1.0:
        after, known = position + levels.ticks(level), min(numbers[KNOWN] + 1, kept)
        return levels.coarser(error, order, level, after, known, numbers[LEAST])
    return levels.finer(error, order, level, position)


@njit
def _march(
    term,
    rate,
    u,
    ring,
    numbers,
    limits,
    options,
    reals,
    slots,
    turn,
    lagrange,
    last,
    factors,
    fresh,
    work,
    parameters,
):
    """Step one member to the next frame; return what has happened.

    u, ring          (n,), (2p + 2, n): state and past values, one row being spare
    numbers, limits  (COUNTS,) int64, (1,): the member's own
    slots            (levels,) where a level's weights are, or -1
    turn, lagrange, last   (slots, n), (slots, p, n), (slots, n): weights
    factors          (p,) of N_j in the value that the last p give for the next N
    """
    order, rows = options[ORDER], ring.shape[0]
    predicted, extrapolated, scratch = work[0], work[1], work[2]
    if numbers[POSITION] == levels.TICKS:
        limits[0], numbers[LEAST] = _measure(rate, u, reals, scratch, parameters)
        _enter(ring, numbers, options, reals, fresh)
    for _ in range(PAUSE):
        level = numbers[LEVEL]
        if numbers[POSITION] == levels.TICKS:
            return _ARRIVED
        if level > levels.FINEST:
            return _COLLAPSED
        h = _step_of(level, reals[GAP])
        t = reals[START] + reals[GAP] * (numbers[POSITION] / levels.TICKS)
        if not h > 10.0 * (np.nextafter(abs(t), np.inf) - abs(t)):
            return _COLLAPSED
        slot, head = slots[level], numbers[HEAD]
        if slot < 0:
            return _LACKS_WEIGHTS
        _predict(predicted, u, ring, head, turn[slot], lagrange[slot])
        _extrapolate(extrapolated, ring, head, factors)
        head = (head + rows - 1) % rows
        term(t + h, predicted, ring[head], scratch, parameters)
        numbers[EVALUATIONS] += 1
        square = _correct(predicted, last[slot], ring[head], extrapolated)
        error = levels.scaled(reals[SCALE] * math.sqrt(square), limits[0])
        new = level
        if options[FIXED] == 0:
            new = _next_level(error, numbers, order, rows - 1)
        if error <= 1.0 or options[FIXED] == 1:
            u[:] = predicted
            numbers[HEAD] = head
            numbers[KNOWN] = min(numbers[KNOWN] + 1, rows - 1)
            numbers[POSITION] += levels.ticks(level)
            numbers[STEPS] += 1
        if new != level:
            numbers[LEVEL] = new
            if new <= levels.FINEST:
                ratio = levels.ticks(new) / levels.ticks(level)
                _respace(ring, numbers, order, ratio, fresh)
                limits[0], numbers[LEAST] = _measure(rate, u, reals, scratch, parameters)
    return _PAUSED


@njit
def _begin(term, u0, t0, h, reals, turn, block, enough, u, values, work, parameters):
    """Fill values (p + 1, n), oldest first, and u after p steps; return the sweeps and settled."""
    p = block.shape[0]
    predicted, scratch = work[0], work[2]
    term(t0, u0, values[0], scratch, parameters)
    for j in range(p):
        values[j + 1] = values[0]
    before, change, sweep = work[1], np.inf, 0
    before[:] = u0
    while sweep < MAX_SWEEPS and not (sweep > 1 and change <= enough):
        u[:] = u0
        sweep += 1
        for j in range(p):
            _multiply(predicted, turn, u)
            for i in range(p + 1):
                _add_one(predicted, block[j, i], values[i])
            u[:] = predicted
            term(t0 + (j + 1) * h, u, values[j + 1], scratch, parameters)
        _combine_one(before, -1.0, 1.0, u)
        change = reals[SCALE] * math.sqrt(_square(before))
        before[:] = u
        if not change < np.inf:
            break
    return sweep, change


def _fingerprint() -> str:
    """Return a hash of what the kernels import: Numba's disk cache looks at this file only."""
    texts = [Path(module.__file__).read_bytes() for module in (levels, etd_weights)]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _cached(version: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    ints, reals, table = types.int64[::1], types.float64[::1], types.complex128[:, ::1]
    cube, term = types.complex128[:, :, ::1], types.FunctionType(TERM)

    @njit(cache=True)
    def march(
        member,
        term,
        rate,
        u,
        ring,
        numbers,
        limits,
        options,
        reals,
        slots,
        turn,
        lagrange,
        last,
        factors,
        fresh,
        work,
        parameters,
    ):
        version  # noqa: B018  (see _fingerprint)
        while member < u.shape[0]:
            status = _march(
                term,
                rate,
                u[member],
                ring[member],
                numbers[member],
                limits[member : member + 1],
                options,
                reals,
                slots,
                turn,
                lagrange,
                last,
                factors,
                fresh,
                work,
                parameters,
            )
            if status != _ARRIVED:
                return member, status
            member += 1
        return member, _ARRIVED

    @njit(cache=True)
    def begin(term, u0, t0, h, reals, turn, block, enough, u, values, work, parameters):
        version  # noqa: B018
        return _begin(term, u0, t0, h, reals, turn, block, enough, u, values, work, parameters)

    return march, begin


march, begin = _cached(_fingerprint())
