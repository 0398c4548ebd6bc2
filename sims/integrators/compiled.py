"""DOP853 compiled once by Numba, for any right-hand side: it takes them as typed functions.

    dy/dt = f(t, y),  y (n,) float64

A right-hand side is a function `(stage, t, h, y, out, work)` decorated with @right_hand_side that
writes f(t, y) into `out`; `work` holds its parameters and scratch. As the integrator knows it by
its type alone, the integrator is compiled and cached on disk once for all systems.

A state that lives in a frame of its own at each step (an interaction picture) is started with
framed=True; then f is also called with three further stages: FRAME_STATE and FRAME_RATE after an
accepted step h, to write y, or the rate y, as seen from the next step's frame; and OUT_OF_FRAME,
to write y as seen from outside at time h after the step began.

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5 and II.6.
Importing this module imports Numba.
"""

import hashlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.extending import register_jitable

from core.errors import NumericsError
from sims.integrators import step_control, tableau
from sims.integrators.dop853 import ADVICE, MAX_STEPS, Norm, checked_times, too_many
from sims.integrators.tableau import STAGES, STAGES_DENSE

_F8, _ROW = types.float64, types.float64[::1]
SIGNATURE = types.void(types.int64, _F8, _F8, _ROW, _ROW, _ROW)
RIGHT_HAND_SIDE = types.FunctionType(SIGNATURE)
FRAME_STATE, FRAME_RATE, OUT_OF_FRAME = -1, -2, -3
PAUSE = 2000  # steps between two looks at the keyboard
_FRAMES = 4096  # states held at once

# Where each number of a trajectory lies in its float64 array ...
T, T_LOW, H, PREVIOUS, T_OLD, T_OLD_LOW, H_OLD = 0, 1, 2, 3, 4, 5, 6
RTOL, ATOL, MAX_STEP, BOUND, DIRECTION, SCALARS = 7, 8, 9, 10, 11, 12
# ... and in its int64 array.
STEPS, REJECTED, EVALUATIONS, STATUS = 0, 1, 2, 3
L2, FRAMED, QUANTISED, FIXED, COUNTS = 4, 5, 6, 7, 8
_ARRIVED, _PAUSED, _COLLAPSED = 0, 1, 2
_INNER, _NEW, _ROWS = STAGES_DENSE, STAGES_DENSE + 1, STAGES_DENSE + 2  # rows of k beyond stages
_SMALL = 16  # below this many components plain loops are faster
_WIDE = 5  # terms added in one sweep: with more pointers LLVM does not vectorise the loop


def _sparse(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns, the values and the number of the non-zeros of each row."""
    counts = np.count_nonzero(rows, axis=1)
    columns = np.zeros((len(rows), 3 * _WIDE), dtype=np.int64)
    values = np.zeros((len(rows), 3 * _WIDE))
    for i, row in enumerate(rows):
        columns[i, : counts[i]] = np.flatnonzero(row)
        columns[i, counts[i] :] = columns[i, 0]  # padding: a row at hand, with weight 0
        values[i, : counts[i]] = row[row != 0]
    return columns, values, counts


_COLUMNS, _VALUES, _COUNTS = _sparse(np.vstack([tableau.A, tableau.P]))
_P = STAGES_DENSE  # the first row of P in them
_ESTIMATE = np.flatnonzero(tableau.E5)  # E3 is non-zero at the same eight stages
_E5, _E3 = tableau.E5[_ESTIMATE], tableau.E3[_ESTIMATE]
_C = np.array(tableau.C)

for _function in (step_control.step_factor, step_control.next_step, step_control.quantise):
    register_jitable(_function)
for _function in (step_control.first_step, step_control.trial_step):
    register_jitable(_function)


@njit
def copy_row(out, y):
    """Write y: Numba takes seconds to compile `out[:] = y`, for the sake of its error message."""
    for j in range(out.size):
        out[j] = y[j]


@njit
def _plus_two(out, y, a, k0, b, k1):
    for j in range(out.size):
        out[j] = y[j] + (a * k0[j] + b * k1[j])


@njit
def _sum_five(out, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j]


@njit
def _add_five(out, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] += a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j]


@njit
def _plus_five(out, y, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = y[j] + (a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j])


@njit
def _more_five(out, y, a, k0, b, k1, c, k2, d, k3, e, k4):
    for j in range(out.size):
        out[j] = y[j] + (out[j] + a * k0[j] + b * k1[j] + c * k2[j] + d * k3[j] + e * k4[j])


@njit
def _small_sum(out, row, h, k):
    for j in range(out.size):
        total = 0.0
        for i in range(_COUNTS[row]):
            total += _VALUES[row, i] * k[_COLUMNS[row, i], j]
        out[j] = h * total


@njit
def _advance(out, y, row, h, k):
    """Write y + h sum_j a_j k_j, with row `row` of the tables for a."""
    if out.size < _SMALL:
        _small_sum(out, row, h, k)
        for j in range(out.size):
            out[j] += y[j]
        return
    v, c, count = h * _VALUES[row], _COLUMNS[row], _COUNTS[row]
    if count <= 2:
        _plus_two(out, y, v[0], k[c[0]], v[1], k[c[1]])
        return
    a, b = 0, 5
    if count > 5:
        _sum_five(out, v[0], k[c[0]], v[1], k[c[1]], v[2], k[c[2]], v[3], k[c[3]], v[4], k[c[4]])
        a, b = 5, 10
    p, q, r, s, u = k[c[a]], k[c[a + 1]], k[c[a + 2]], k[c[a + 3]], k[c[a + 4]]
    if b == 5:
        _plus_five(out, y, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)
    else:
        _more_five(out, y, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)


@njit
def _sum(out, row, h, k):
    """Write h sum_j a_j k_j."""
    if out.size < _SMALL:
        _small_sum(out, row, h, k)
        return
    v, c = h * _VALUES[row], _COLUMNS[row]
    _sum_five(out, v[0], k[c[0]], v[1], k[c[1]], v[2], k[c[2]], v[3], k[c[3]], v[4], k[c[4]])
    for a in range(5, _COUNTS[row], 5):
        p, q, r, s, u = k[c[a]], k[c[a + 1]], k[c[a + 2]], k[c[a + 3]], k[c[a + 4]]
        _add_five(out, v[a], p, v[a + 1], q, v[a + 2], r, v[a + 3], s, v[a + 4], u)


# Sums of squares may be added up in any order: the order is fixed when the code is compiled.
@njit(fastmath={"reassoc", "contract"})
def square(v):
    """Return sum v^2."""
    total = 0.0
    for j in range(v.size):
        total += v[j] * v[j]
    return total


@njit(fastmath={"reassoc", "contract"})
def _weighted_square(v, y, y_new, rtol, atol):
    total = 0.0
    for j in range(v.size):
        scaled = v[j] / (atol + rtol * max(abs(y[j]), abs(y_new[j])))
        total += scaled * scaled
    return total / v.size


@njit(fastmath={"reassoc", "contract"})
def _estimates(k0, k1, k2, k3, k4, k5, k6, k7):
    """Return the sums of squares of the two error estimates over h."""
    fifth, third = 0.0, 0.0
    for j in range(k0.size):
        e = _E5[0] * k0[j] + _E5[1] * k1[j] + _E5[2] * k2[j] + _E5[3] * k3[j]
        e += _E5[4] * k4[j] + _E5[5] * k5[j] + _E5[6] * k6[j] + _E5[7] * k7[j]
        fifth += e * e
        e = _E3[0] * k0[j] + _E3[1] * k1[j] + _E3[2] * k2[j] + _E3[3] * k3[j]
        e += _E3[4] * k4[j] + _E3[5] * k5[j] + _E3[6] * k6[j] + _E3[7] * k7[j]
        third += e * e
    return fifth, third


@njit(fastmath={"reassoc", "contract"})
def _weighted_estimates(k, y, y_new, rtol, atol):
    fifth, third = 0.0, 0.0
    for j in range(y.size):
        scale = atol + rtol * max(abs(y[j]), abs(y_new[j]))
        e5, e3 = 0.0, 0.0
        for i in range(8):
            e5 += _E5[i] * k[_ESTIMATE[i], j]
            e3 += _E3[i] * k[_ESTIMATE[i], j]
        fifth += (e5 / scale) ** 2
        third += (e3 / scale) ** 2
    return fifth / y.size, third / y.size


@njit
def _error(h, y, y_new, k, scalars, l2):
    """Return the scaled error of a step: HNW (1993), Sec. II.5, Eq. (5.18) onwards."""
    rtol, atol = scalars[RTOL], scalars[ATOL]
    if l2:
        s = _ESTIMATE
        fifth, third = _estimates(
            k[s[0]], k[s[1]], k[s[2]], k[s[3]], k[s[4]], k[s[5]], k[s[6]], k[s[7]]
        )
        scale = atol + rtol * math.sqrt(max(square(y), square(y_new)))
        fifth, third = fifth / scale / scale, third / scale / scale
    else:
        fifth, third = _weighted_estimates(k, y, y_new, rtol, atol)
    if fifth == 0.0 and third == 0.0:
        return 0.0
    return abs(h) * fifth / math.sqrt(fifth + 0.01 * third)


@njit
def _norm(v, y, scalars, l2):
    rtol, atol = scalars[RTOL], scalars[ATOL]
    if l2:
        return math.sqrt(square(v)) / (atol + rtol * math.sqrt(square(y)))
    return math.sqrt(_weighted_square(v, y, y, rtol, atol))


@njit
def _begin(rhs, scalars, counts, y, k, work):
    """Evaluate the first rate, and choose the first step unless one is given; False if NaN."""
    t, l2 = scalars[T], counts[L2] == 1
    rhs(0, t, scalars[H], y, k[0], work)
    counts[EVALUATIONS] += 1
    size, rate = _norm(y, y, scalars, l2), _norm(k[0], y, scalars, l2)
    if not (math.isfinite(size) and math.isfinite(rate)):
        return False
    if scalars[H] == 0.0:
        span, direction = abs(scalars[BOUND] - t), scalars[DIRECTION]
        trial = step_control.trial_step(size, rate, span)
        h = direction * trial
        for j in range(y.size):
            k[_INNER, j] = y[j] + h * k[0, j]
        rhs(STAGES, t + h, h, k[_INNER], k[1], work)
        counts[EVALUATIONS] += 1
        for j in range(y.size):
            k[1, j] -= k[0, j]
        change = _norm(k[1], y, scalars, l2) / trial
        scalars[H] = direction * step_control.first_step(
            rate, change, trial, span, scalars[MAX_STEP]
        )
    if counts[QUANTISED] == 1:
        scalars[H] = step_control.quantise(scalars[H])
    return True


@njit
def _accept(h, error, scalars):
    """Move time on by h, keeping what rounding leaves out."""
    scalars[PREVIOUS] = max(error, step_control.PREVIOUS_MIN)
    scalars[T_OLD], scalars[T_OLD_LOW], scalars[H_OLD] = scalars[T], scalars[T_LOW], h
    step = h + scalars[T_LOW]
    end = scalars[T] + step
    scalars[T_LOW] = step - (end - scalars[T])
    scalars[T] = end
    if scalars[DIRECTION] * (end - scalars[BOUND]) >= 0.0:
        scalars[T], scalars[T_LOW] = scalars[BOUND], 0.0


@njit
def _keep_dense(rhs, t, h, y, k, y_old, dense, work):
    for stage in range(STAGES + 1, STAGES_DENSE):
        _advance(k[_INNER], y, stage, h, k)
        rhs(stage, t + _C[stage] * h, h, k[_INNER], k[stage], work)
    for i in range(7):
        _sum(dense[i], _P + i, h, k)
    copy_row(y_old, y)


@njit
def _read(rhs, mark, scalars, counts, y, y_old, dense, k, work, out):
    """Write the state at a time within the last step: HNW (1993), Sec. II.6, Eq. (6.13)."""
    if scalars[H_OLD] == 0.0:
        copy_row(out, y)
        return
    elapsed = (mark - scalars[T_OLD]) - scalars[T_OLD_LOW]
    theta, weight = elapsed / scalars[H_OLD], 1.0
    inner = k[_INNER]
    copy_row(inner, y_old)
    for i in range(7):
        weight *= theta if i % 2 == 0 else 1.0 - theta
        for j in range(out.size):
            inner[j] += weight * dense[i, j]
    if counts[FRAMED] == 1:
        rhs(OUT_OF_FRAME, mark, elapsed, inner, out, work)
    else:
        copy_row(out, inner)


@njit
def _run(rhs, marks, done, pause, scalars, counts, y, y_old, dense, k, work, frames):
    """Fill the frames from number `done` on; return how many are done after `pause` steps."""
    direction, l2 = scalars[DIRECTION], counts[L2] == 1
    quantised, fixed = counts[QUANTISED] == 1, counts[FIXED] == 1
    for _ in range(pause):
        t, h = scalars[T], scalars[H]
        while done < marks.size and direction * (t - marks[done]) >= 0.0:
            _read(rhs, marks[done], scalars, counts, y, y_old, dense, k, work, frames[done])
            done += 1
        if done == marks.size:
            counts[STATUS] = _ARRIVED
            return done
        ulp = np.nextafter(abs(t), np.inf) - abs(t)
        if not abs(h) >= step_control.MIN_STEP_ULPS * ulp:
            counts[STATUS] = _COLLAPSED
            return done
        if direction * (t + h - scalars[BOUND]) > 0.0:
            h = scalars[BOUND] - t
        for stage in range(1, STAGES):
            _advance(k[_INNER], y, stage, h, k)
            rhs(stage, t + _C[stage] * h, h, k[_INNER], k[stage], work)
        _advance(k[_NEW], y, STAGES, h, k)
        counts[EVALUATIONS] += STAGES - 1
        error = _error(h, y, k[_NEW], k, scalars, l2)
        accepted = error < 1.0 or (fixed and error < np.inf)
        if not fixed:
            factor = step_control.step_factor(error, scalars[PREVIOUS], counts[REJECTED] > 0)
            scalars[H] = step_control.next_step(
                h, factor, scalars[MAX_STEP], quantised, not accepted
            )
        elif not accepted:
            scalars[H] = 0.0
        if not accepted:
            counts[REJECTED] += 1
            continue
        rhs(STAGES, t + h, h, k[_NEW], k[STAGES], work)
        counts[EVALUATIONS] += 1
        counts[REJECTED] = 0
        counts[STEPS] += 1
        _accept(h, error, scalars)
        if direction * (scalars[T] - marks[done]) >= 0.0:
            _keep_dense(rhs, t, h, y, k, y_old, dense, work)
            counts[EVALUATIONS] += STAGES_DENSE - STAGES - 1
        if counts[FRAMED] == 1:
            rhs(FRAME_STATE, t, h, k[_NEW], y, work)
            rhs(FRAME_RATE, t, h, k[STAGES], k[0], work)
        else:
            copy_row(y, k[_NEW])
            copy_row(k[0], k[STAGES])
    counts[STATUS] = _PAUSED
    return done


def right_hand_side(function: Callable[..., None]) -> Any:
    """Compile `function(stage, t, h, y, out, work)`, or load it from the disk cache."""
    return cfunc(SIGNATURE, cache=True)(function)


def fingerprint(*modules: Any) -> str:
    """Return a hash of the modules' text.

    Numba's disk cache notices changes of the file of a function only, not of what it imports. A
    cached function that closes over this text is compiled anew when those change.
    """
    texts = [Path(module.__file__).read_bytes() for module in modules]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _cached(version: str) -> tuple[Callable[..., bool], Callable[..., int]]:
    table = types.float64[:, ::1]
    ints = types.int64[::1]

    @njit(types.boolean(RIGHT_HAND_SIDE, _ROW, ints, _ROW, table, _ROW), cache=True)
    def begin(rhs, scalars, counts, y, k, work):
        version  # noqa: B018  (see fingerprint)
        return _begin(rhs, scalars, counts, y, k, work)

    @njit(
        types.int64(
            *(RIGHT_HAND_SIDE, _ROW, types.int64, types.int64, _ROW, ints),
            *(_ROW, _ROW, table, table, _ROW, table),
        ),
        cache=True,
    )
    def run(rhs, marks, done, pause, scalars, counts, y, y_old, dense, k, work, frames):
        version  # noqa: B018
        args = (scalars, counts, y, y_old, dense, k, work, frames)
        return _run(rhs, marks, done, pause, *args)

    return begin, run


# Numba warns that functions as arguments are experimental; the tests watch over what is used.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    begin, run_until = _cached(fingerprint(step_control, tableau))


@dataclass
class Trajectory:
    """One state on its way.

    scalars, counts  (12,) float64 and (8,) int64: times, step, tolerances; counters and switches
    y, y_old, dense  (n,), (n,), (7, n): state at scalars[T]; the last step's dense output
    k                (18, n): stages; row 0 is the rate at y
    work             parameters and scratch of the right-hand side
    """

    rhs: Any
    scalars: np.ndarray
    counts: np.ndarray
    y: np.ndarray
    y_old: np.ndarray
    dense: np.ndarray
    k: np.ndarray
    work: np.ndarray

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of the arrays from which `resume` goes on to the same bits."""
        kept = {"rate": self.k[0], "y": self.y, "y_old": self.y_old, "dense": self.dense}
        kept |= {"scalars": self.scalars, "counts": self.counts}
        return {name: array.copy() for name, array in kept.items()}

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Take over a saved state."""
        self.k[0] = state["rate"]
        for name in ("y", "y_old", "dense", "scalars", "counts"):
            getattr(self, name)[...] = state[name]

    def run(
        self, marks: np.ndarray, max_steps: int = MAX_STEPS, advice: str = ADVICE
    ) -> np.ndarray:
        """Return the states (T, n) at the times `marks` (T,), none before the last step's begin.

        Raises NumericsError if the step size collapses.
        """
        frames = np.empty((len(marks), self.y.size))
        arrays = (self.scalars, self.counts, self.y, self.y_old, self.dense, self.k, self.work)
        done = 0
        while True:  # the interpreter looks after signals between two calls
            done = run_until(self.rhs, marks, done, PAUSE, *arrays, frames)
            t = self.scalars[T]
            if self.counts[STATUS] == _ARRIVED:
                return frames
            if self.counts[STATUS] == _COLLAPSED:
                raise NumericsError(f"step size collapsed at t = {t:g}; {advice}")
            if self.counts[STEPS] >= max_steps:
                raise NumericsError(too_many(max_steps, t))


def start(
    rhs: Any,
    y0: np.ndarray,
    t0: float,
    work: np.ndarray,
    *,
    rtol: float,
    atol: float,
    norm: Norm = "rms",
    first_step: float | None = None,
    max_step: float = math.inf,
    bound: float = math.inf,
    framed: bool = False,
    quantised: bool = False,
    fixed: bool = False,
    advice: str = ADVICE,
) -> Trajectory:
    """Return y0 (n,) at t0 ready to run; `bound` (or its infinity) also gives the direction.

    Raises NumericsError if y0 or its rate is not finite.
    """
    n = y0.size
    direction = 1.0 if bound > t0 else -1.0
    scalars, counts = np.zeros(SCALARS), np.zeros(COUNTS, dtype=np.int64)
    scalars[[T, T_OLD, RTOL, ATOL, MAX_STEP, BOUND]] = t0, t0, rtol, atol, max_step, bound
    scalars[[H, PREVIOUS]] = direction * (first_step or 0.0), step_control.PREVIOUS_MIN
    scalars[DIRECTION] = direction
    counts[[L2, FRAMED, QUANTISED, FIXED]] = norm == "l2", framed, quantised, fixed
    y = np.array(y0, dtype=np.float64)
    arrays = (np.zeros(n), np.zeros((7, n)), np.zeros((_ROWS, n)), work)
    trajectory = Trajectory(rhs, scalars, counts, y, *arrays)
    if not begin(rhs, scalars, counts, y, trajectory.k, work):
        raise NumericsError(f"step size collapsed at t = {t0:g}; {advice}")
    trajectory.y_old[:] = y
    return trajectory


def dop853_compiled(
    rhs: Any,
    y0: np.ndarray,
    times: Sequence[float] | np.ndarray,
    *,
    work: np.ndarray | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    norm: Norm = "rms",
    first_step: float | None = None,
    max_step: float = math.inf,
    max_steps: int = MAX_STEPS,
) -> Iterator[np.ndarray]:
    """Do as `sims.integrators.dop853.dop853`, with a compiled right-hand side.

    rhs   a function decorated with @right_hand_side
    work  (any,) float64, its parameters; copied, so that it may also be its scratch
    """
    marks = checked_times(times)
    own = np.zeros(1) if work is None else np.array(work, dtype=np.float64)
    yield np.array(y0, dtype=np.float64)
    if len(marks) == 1:
        return
    options = {"norm": norm, "first_step": first_step, "max_step": max_step}
    bound = float(marks[-1])
    lane = start(rhs, y0, float(marks[0]), own, rtol=rtol, atol=atol, bound=bound, **options)
    for first in range(1, len(marks), _FRAMES):
        yield from lane.run(marks[first : first + _FRAMES], max_steps)
