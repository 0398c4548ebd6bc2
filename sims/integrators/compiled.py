# mypy: disallow-untyped-defs=False
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
from sims.integrators import compiled_sums, step_control, tableau
from sims.integrators.compiled_sums import P_ROWS, advance, combine, copy_row, error, norm
from sims.integrators.dop853 import check_options, checked_times
from sims.integrators.dop853_batch import MAX_STEPS, SMALLEST, Control, Norm, too_many
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

_C = np.array(tableau.C)

register_jitable(step_control.step_factor)
register_jitable(step_control.next_step)
register_jitable(step_control.quantise)
register_jitable(step_control.first_step)
register_jitable(step_control.trial_step)


@njit
def _begin(rhs, scalars, counts, y, k, work):
    """Evaluate the first rate, and choose the first step unless one is given; False if NaN."""
    t, l2 = scalars[T], counts[L2] == 1
    rtol, atol = scalars[RTOL], scalars[ATOL]
    rhs(0, t, scalars[H], y, k[0], work)
    counts[EVALUATIONS] += 1
    size, rate = norm(y, y, rtol, atol, l2), norm(k[0], y, rtol, atol, l2)
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
        change = norm(k[1], y, rtol, atol, l2) / trial
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
        advance(k[_INNER], y, stage, h, k)
        rhs(stage, t + _C[stage] * h, h, k[_INNER], k[stage], work)
    for i in range(7):
        combine(dense[i], P_ROWS + i, h, k)
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
    rtol, atol = scalars[RTOL], scalars[ATOL]
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
            advance(k[_INNER], y, stage, h, k)
            rhs(stage, t + _C[stage] * h, h, k[_INNER], k[stage], work)
        advance(k[_NEW], y, STAGES, h, k)
        counts[EVALUATIONS] += STAGES - 1
        scaled = error(h, y, k[_NEW], k, rtol, atol, l2)
        accepted = scaled < 1.0 or (fixed and scaled < np.inf)
        if not fixed:
            factor = step_control.step_factor(scaled, scalars[PREVIOUS], counts[REJECTED] > 0)
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
        _accept(h, scaled, scalars)
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
    """Compile `function(stage, t, h, y, out, work)`, or load it from the disk cache.

    A division by zero gives an infinity there, as in NumPy.
    """
    return cfunc(SIGNATURE, cache=True, error_model="numpy")(function)


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
    begin, run_until = _cached(fingerprint(compiled_sums, step_control, tableau))


@dataclass
class Trajectory:
    """One state on its way.

    scalars, counts  (12,) float64 and (8,) int64: times, step, tolerances; counters and switches
    y, y_old, dense  (n,), (n,), (7, n): state at scalars[T]; the last step's dense output
    k                (18, n): stages; row 0 is the rate at y
    work             parameters and scratch of the right-hand side
    """

    rhs: Any
    control: Control
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

    def run(self, marks: np.ndarray) -> np.ndarray:
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
                raise NumericsError(f"step size collapsed at t = {t:g}; {self.control.advice}")
            if self.counts[STEPS] >= self.control.max_steps:
                raise NumericsError(too_many(self.control.max_steps, t))


def start(
    rhs: Any,
    y0: np.ndarray,
    t0: float,
    work: np.ndarray,
    control: Control,
    *,
    first_step: float | None = None,
    framed: bool = False,
) -> Trajectory:
    """Return y0 (n,) at t0, ready to run.

    Raises NumericsError if y0 or its rate is not finite.
    """
    n, direction = y0.size, control.direction
    bound = direction * math.inf if control.bound is None else control.bound
    scalars, counts = np.zeros(SCALARS), np.zeros(COUNTS, dtype=np.int64)
    scalars[[T, T_OLD, BOUND, DIRECTION]] = t0, t0, bound, direction
    scalars[[RTOL, ATOL, MAX_STEP]] = control.rtol, max(control.atol, SMALLEST), control.max_step
    scalars[H] = direction * min(first_step or 0.0, control.max_step)
    scalars[PREVIOUS] = step_control.PREVIOUS_MIN
    counts[[L2, FRAMED]] = control.norm == "l2", framed
    counts[[QUANTISED, FIXED]] = control.quantised, control.fixed
    y = np.array(y0, dtype=np.float64)
    arrays = (y.copy(), np.zeros((7, n)), np.zeros((_ROWS, n)), work)
    lane = Trajectory(rhs, control, scalars, counts, y, *arrays)
    if not begin(rhs, scalars, counts, y, lane.k, work):
        raise NumericsError(f"step size collapsed at t = {t0:g}; {control.advice}")
    return lane


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
    fixed_step: float | None = None,
) -> Iterator[np.ndarray]:
    """Do as `sims.integrators.dop853.dop853`, with a compiled right-hand side.

    rhs   a function decorated with @right_hand_side
    work  (any,) float64, its parameters; copied, so that it may also be its scratch
    """
    marks = checked_times(times)
    check_options(rtol, atol, norm, first_step, max_step, fixed_step)
    if len(marks) == 1:
        return iter([np.array(y0, dtype=np.float64)])
    control = Control(
        rtol,
        atol,
        norm,
        max_step,
        bound=float(marks[-1]),
        direction=1.0 if marks[-1] > marks[0] else -1.0,
        max_steps=max_steps,
        fixed=fixed_step is not None,
    )
    own = np.zeros(1) if work is None else np.array(work, dtype=np.float64)
    lane = start(rhs, y0, float(marks[0]), own, control, first_step=fixed_step or first_step)
    return _frames(lane, marks)


def _frames(lane: Trajectory, marks: np.ndarray) -> Iterator[np.ndarray]:
    yield lane.y.copy()
    for first in range(1, len(marks), _FRAMES):
        yield from lane.run(marks[first : first + _FRAMES])
