# mypy: disallow-untyped-defs=False
"""The compiled method of steps: the Dormand-Prince 8(5,3) pair that remembers its dense output.

dx/dt = f(x(t), x(t - tau))

No step is longer than the shortest delay, so that what is looked up is known; every step's dense
output, of order 7, is kept as a piece of history. Steps end at the breaks, where a kink of the
beginning comes back, and know nothing of the times at which states are wanted.

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.17.
Importing this module imports Numba.
"""

import math
import warnings
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning

from sims.integrators import compiled_sums, step_control, tableau
from sims.integrators.compiled import RIGHT_HAND_SIDE, fingerprint
from sims.integrators.compiled_sums import P_ROWS, advance, combine, copy_row, error, norm
from sims.integrators.tableau import STAGES, STAGES_DENSE

# Where each number lies in the float64 array ...
T, H, PREVIOUS, RTOL, ATOL, LONGEST, SCALARS = 0, 1, 2, 3, 4, 5, 6
# ... and in the int64 array; PAST is where in `work` the delayed states begin.
STEPS, REJECTED, STATUS, PIECES, BREAK, PAST, FIXED, COUNTS = 0, 1, 2, 3, 4, 5, 6, 7
ARRIVED, PAUSED, COLLAPSED, FULL = 0, 1, 2, 3
INNER, NEW, ROWS = STAGES_DENSE, STAGES_DENSE + 1, STAGES_DENSE + 2
_NEAR = 1.01  # a step that would leave less than 1 % of itself before a break goes there
_SAME = 1e-10  # of the shortest delay: a break so near behind is that at which the step begins

_C = np.array(tableau.C)


@njit
def _piece(s, k, starts, spans, pieces, out):
    """Write the state at time s, from piece k."""
    theta = (s - starts[k]) / spans[k]
    weight = 1.0
    copy_row(out, pieces[k, 0])
    for i in range(7):
        weight *= theta if i % 2 == 0 else 1.0 - theta
        for j in range(out.size):
            out[j] += weight * pieces[k, i + 1, j]


@njit
def _rate(f, stage, t, h, y, out, work, counts, delays, cursors, starts, spans, pieces):
    """Write f, the delayed states put where it finds them."""
    n = y.size
    for d in range(delays.size):
        s, k = t - delays[d], cursors[d]
        while k + 1 < counts[PIECES] and starts[k + 1] <= s:
            k += 1
        while k > 0 and starts[k] > s:
            k -= 1
        cursors[d] = k
        first = counts[PAST] + d * n
        _piece(s, k, starts, spans, pieces, work[first : first + n])
    f(stage, t, h, y, out, work)


@njit
def _begin(f, scalars, counts, y, k, work, delays, cursors, starts, spans, pieces):
    """Evaluate the first rate, and choose the first step unless one is given; False if NaN."""
    t, rtol, atol = scalars[T], scalars[RTOL], scalars[ATOL]
    _rate(f, 0, t, 0.0, y, k[0], work, counts, delays, cursors, starts, spans, pieces)
    size, rate = norm(y, y, rtol, atol, False), norm(k[0], y, rtol, atol, False)
    if not (math.isfinite(size) and math.isfinite(rate)):
        return False
    if scalars[H] == 0.0:
        span = scalars[LONGEST]
        h = step_control.trial_step(size, rate, span)
        for j in range(y.size):
            k[INNER, j] = y[j] + h * k[0, j]
        _rate(
            f, STAGES, t + h, h, k[INNER], k[1], work, counts, delays, cursors,
            starts, spans, pieces,
        )  # fmt: skip
        for j in range(y.size):
            k[1, j] -= k[0, j]
        change = norm(k[1], y, rtol, atol, False) / h
        scalars[H] = step_control.first_step(rate, change, h, span, span)
    return True


@njit
def _end_of_step(scalars, counts, breaks):
    """Return where the next step ends: at the next break, if it is near."""
    t, h = scalars[T], min(scalars[H], scalars[LONGEST])
    ulp = np.nextafter(abs(t), np.inf) - abs(t)
    near = max(_SAME * scalars[LONGEST], 100.0 * ulp)  # rounding makes two breaks of one
    while counts[BREAK] < breaks.size and breaks[counts[BREAK]] <= t + near:
        counts[BREAK] += 1
    if counts[BREAK] < breaks.size and t + _NEAR * h >= breaks[counts[BREAK]]:
        return min(breaks[counts[BREAK]], t + scalars[LONGEST])
    return t + h


@njit
def _keep(f, t, h, y, k, work, counts, delays, cursors, starts, spans, pieces):
    """Make the dense output of a step into a piece of history."""
    for stage in range(STAGES + 1, STAGES_DENSE):
        advance(k[INNER], y, stage, h, k)
        _rate(
            f, stage, t + _C[stage] * h, h, k[INNER], k[stage], work, counts, delays, cursors,
            starts, spans, pieces,
        )  # fmt: skip
    new = counts[PIECES]
    starts[new], spans[new] = t, h
    copy_row(pieces[new, 0], y)
    for i in range(7):
        combine(pieces[new, i + 1], P_ROWS + i, h, k)
    counts[PIECES] += 1


@njit
def _run(
    f, marks, done, pause, scalars, counts, y, k, work, delays, cursors, starts, spans, pieces,
    breaks, frames,
):  # fmt: skip
    """Fill the frames from number `done` on; return how many are done after `pause` steps."""
    rtol, atol = scalars[RTOL], scalars[ATOL]
    for _ in range(pause):
        t = scalars[T]
        while done < marks.size and marks[done] <= t:
            if marks[done] == t:
                copy_row(frames[done], y)
            else:
                _piece(marks[done], counts[PIECES] - 1, starts, spans, pieces, frames[done])
            done += 1
        if done == marks.size:
            counts[STATUS] = ARRIVED
            return done
        if counts[PIECES] == starts.size:
            counts[STATUS] = FULL
            return done
        end = _end_of_step(scalars, counts, breaks)
        h = end - t
        if not h >= step_control.MIN_STEP_ULPS * (np.nextafter(abs(t), np.inf) - abs(t)):
            counts[STATUS] = COLLAPSED
            return done
        for stage in range(1, STAGES):
            advance(k[INNER], y, stage, h, k)
            _rate(
                f, stage, t + _C[stage] * h, h, k[INNER], k[stage], work, counts, delays,
                cursors, starts, spans, pieces,
            )  # fmt: skip
        advance(k[NEW], y, STAGES, h, k)
        scaled = error(h, y, k[NEW], k, rtol, atol, False)
        fixed = counts[FIXED] == 1
        if not (scaled < 1.0 or (fixed and scaled < np.inf)):
            factor = step_control.step_factor(scaled, scalars[PREVIOUS], True)
            scalars[H] = 0.0 if fixed else h * factor
            counts[REJECTED] += 1
            continue
        _rate(
            f, STAGES, end, h, k[NEW], k[STAGES], work, counts, delays, cursors,
            starts, spans, pieces,
        )  # fmt: skip
        _keep(f, t, h, y, k, work, counts, delays, cursors, starts, spans, pieces)
        if not fixed:
            factor = step_control.step_factor(scaled, scalars[PREVIOUS], counts[REJECTED] > 0)
            cut = h < min(scalars[H], scalars[LONGEST])  # by a break: the old wish stands
            scalars[H] = max(h * factor, scalars[H]) if cut else h * factor
        scalars[PREVIOUS] = max(scaled, step_control.PREVIOUS_MIN)
        scalars[T] = end
        counts[REJECTED] = 0
        counts[STEPS] += 1
        copy_row(y, k[NEW])
        copy_row(k[0], k[STAGES])
    counts[STATUS] = PAUSED
    return done


def _cached(version: str) -> tuple[Any, Any]:
    row, table, ints = types.float64[::1], types.float64[:, ::1], types.int64[::1]
    past = (row, row, ints, row, row, types.float64[:, :, ::1])  # work, delays, cursors, pieces

    @njit(types.boolean(RIGHT_HAND_SIDE, row, ints, row, table, *past), cache=True)
    def begin(f, scalars, counts, y, k, work, delays, cursors, starts, spans, pieces):
        version  # noqa: B018  (see fingerprint)
        return _begin(
            f, scalars, counts, y, k, work, delays, cursors, starts, spans, pieces
        )  # fmt: skip

    @njit(
        types.int64(
            RIGHT_HAND_SIDE, row, types.int64, types.int64, row, ints, row, table, *past, row, table
        ),
        cache=True,
    )
    def run(
        f, marks, done, pause, scalars, counts, y, k, work, delays, cursors, starts, spans,
        pieces, breaks, frames,
    ):  # fmt: skip
        version  # noqa: B018
        return _run(
            f, marks, done, pause, scalars, counts, y, k, work, delays, cursors, starts, spans,
            pieces, breaks, frames,
        )  # fmt: skip

    return begin, run


with warnings.catch_warnings():  # functions as arguments are experimental: the tests watch them
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    begin, run_until = _cached(fingerprint(compiled_sums, step_control, tableau))
