# mypy: disallow-untyped-defs=False
"""Many small states at once: lanes side by side, each with its own time and step.

    dy/dt = f(t, y; p),  y (n,), lane by lane

A lane that has arrived takes the next state, so that none waits for the others. What a lane does
depends on no other: its numbers come from its own alone, by the same instructions in every lane.

A right-hand side is a function of one array, `w`, laid out as `lane_layout` says: it reads the
times of the stages, the row STATE and the parameters, and writes the row RATE. The arithmetic of
`dop853_lanes` is compiled once for each number of components and lanes, whatever the system; that
of `taylor` holds the right-hand side, and is compiled for each.

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5, II.6; IV.2.
Importing this module imports Numba.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.extending import register_jitable

from sims.integrators import compiled, dop853_lanes, lane_layout, step_control, taylor, written
from sims.integrators.dop853_batch import ADVICE, MAX_STEPS, SMALLEST, too_many
from sims.integrators.lane_layout import (
    AFTER,
    HEAD,
    LOW,
    NEW,
    NEXT,
    PAST,
    PAST_LOW,
    RATE,
    REJECTED,
    ROWS,
    STATE,
    STEPS,
    STIFF,
    TIME,
    H,
    K,
    T,
    Y,
)
from sims.integrators.pointers import Pointer

LANES = 8  # an AVX-512 register, or two of AVX2
LEAST_STEP = lane_layout.LEAST_STEP
PAUSE = 2000  # steps between two looks at the keyboard

_F8, _I8, _ROW = types.float64, types.int64, types.float64[::1]
_TABLE, _INTS = types.float64[:, ::1], types.int64[:, ::1]
RATES = types.void(_ROW)
RIGHT_HAND_SIDE = types.FunctionType(RATES)
STEPS_TYPE = types.int64(RIGHT_HAND_SIDE, _ROW, _F8, _F8, _F8, _F8, _F8, _I8)

for _function in (step_control.trial_step, step_control.first_step):
    register_jitable(_function)

# A block's integers, a lane each: its state, and how many of its samples are done.
WHO, DONE, INTS = 0, 1, 2
RTOL, ATOL, LIMIT, MOST_STIFF, FIRST = 0, 1, 2, 3, 4
# What is counted for each state, and what became of it.
COUNTED_STEPS, COUNTED_REJECTED, COUNTED_STIFF, STATUS, COUNTS = 0, 1, 2, 3, 4
RUNNING, ARRIVED, COLLAPSED, EXHAUSTED, STIFF_ENOUGH = 0, 1, 2, 3, 4


@njit(error_model="numpy")
def _norms(n, lanes, lane, w, row, rtol, atol):
    """Return the scaled norm of a lane's row, against the size of its state."""
    total = 0.0
    for i in range(n):
        at = lanes * (HEAD + i) + lane
        total += (w[at + lanes * n * row] / (atol + rtol * abs(w[at + lanes * n * Y]))) ** 2
    return math.sqrt(total / n)


@njit(error_model="numpy")
def _first_step(n, lanes, lane, rhs, w, span, rtol, atol):
    """Return the first step of a lane whose state is in Y, and leave its rate in K."""
    first, row = lanes * HEAD + lane, lanes * n
    w[lane] = w[lanes * T + lane]
    for at in range(first, first + row, lanes):
        w[at + row * STATE] = w[at + row * Y]
    rhs(w)
    for at in range(first, first + row, lanes):
        w[at + row * K] = w[at + row * RATE]
    size = _norms(n, lanes, lane, w, Y, rtol, atol)
    rate = _norms(n, lanes, lane, w, K, rtol, atol)
    if not (math.isfinite(size) and math.isfinite(rate)):
        return 0.0
    trial = step_control.trial_step(size, rate, span)
    w[lane] += trial
    for at in range(first, first + row, lanes):
        w[at + row * STATE] += trial * w[at + row * K]
    rhs(w)
    for at in range(first, first + row, lanes):
        w[at + row * NEW] = w[at + row * RATE] - w[at + row * K]
    change = _norms(n, lanes, lane, w, NEW, rtol, atol) / trial
    return step_control.first_step(rate, change, trial, span, math.inf)


@njit(error_model="numpy")
def _end(lanes, lane, found, ended, counts, w, at, status):
    """Let a lane's state go, what is missing of it being not a number."""
    who = at[WHO, lane]
    ended[who] = w[lanes * T + lane]
    counts[who, COUNTED_STEPS] = int(w[lanes * STEPS + lane])
    counts[who, COUNTED_REJECTED] = int(w[lanes * REJECTED + lane])
    counts[who, COUNTED_STIFF] = int(w[lanes * STIFF + lane])
    counts[who, STATUS] = status
    for mark in range(at[DONE, lane], found.shape[1]):
        for i in range(found.shape[2]):
            found[who, mark, i] = math.nan
    at[WHO, lane] = -1
    w[lanes * T + lane] = w[lanes * H + lane] = 0.0
    w[lanes * NEXT + lane] = math.inf


@njit(error_model="numpy")
def _fill(n, lanes, lane, rhs, marks, starts, parameters, found, ended, counts, w, at, options):
    """Give the next state to a lane, if there is one."""
    while at[WHO, lane] < 0 and at[WHO, lanes] < starts.shape[0]:
        who = at[WHO, lanes]
        at[WHO, lanes] += 1
        done = 0
        while done < marks.size and marks[done] <= marks[0]:
            for i in range(n):
                found[who, done, i] = starts[who, i]
            done += 1
        at[WHO, lane], at[DONE, lane] = who, done
        for i in range(n):
            w[lanes * (HEAD + Y * n + i) + lane] = starts[who, i]
        row = min(who, parameters.shape[0] - 1)
        for p in range(parameters.shape[1]):
            w[lanes * (HEAD + ROWS * n + p) + lane] = parameters[row, p]
        for what in (LOW, AFTER, STEPS, REJECTED, STIFF):
            w[lanes * what + lane] = 0.0
        w[lanes * T + lane] = marks[0]
        if done == marks.size:
            _end(lanes, lane, found, ended, counts, w, at, ARRIVED)
            continue
        span = marks[marks.size - 1] - marks[0]
        h = span
        if options[FIRST] >= 0.0:
            h = _first_step(n, lanes, lane, rhs, w, span, options[RTOL], options[ATOL])
        first = options[FIRST] if options[FIRST] > 0.0 else h
        w[lanes * H + lane], w[lanes * NEXT + lane] = first, marks[done]
        if h == 0.0:
            _end(lanes, lane, found, ended, counts, w, at, COLLAPSED)


@njit(error_model="numpy")
def _samples(n, lanes, read, marks, found, w, at):
    """Write the samples that lie in the last steps of the lanes, one of each at a time."""
    for _ in range(marks.size):
        due = 0
        for lane in range(lanes):
            if w[lanes * T + lane] >= w[lanes * NEXT + lane]:
                past, low = w[lanes * PAST + lane], w[lanes * PAST_LOW + lane]
                w[lanes * TIME + lane] = (w[lanes * NEXT + lane] - past) - low
                due += 1
        if due == 0:
            return
        read(w)
        for lane in range(lanes):
            if w[lanes * T + lane] >= w[lanes * NEXT + lane]:
                done, who = at[DONE, lane], at[WHO, lane]
                for i in range(n):
                    found[who, done, i] = w[lanes * (HEAD + STATE * n + i) + lane]
                at[DONE, lane] = done + 1
                w[lanes * NEXT + lane] = marks[done + 1] if done + 1 < marks.size else math.inf


@njit(error_model="numpy")
def _status(lanes, lane, marks, w, at, options):
    """Return why a lane cannot go on, or RUNNING."""
    share = dop853_lanes.STIFF_SHARE * w[lanes * STEPS + lane]
    if w[lanes * STIFF + lane] >= options[MOST_STIFF] + share:
        return STIFF_ENOUGH
    if w[lanes * STEPS + lane] >= options[LIMIT]:
        return EXHAUSTED
    least = LEAST_STEP * abs(w[lanes * T + lane]) + lane_layout.TINY
    return RUNNING if w[lanes * H + lane] >= least else COLLAPSED


@njit(error_model="numpy")
def _drive(steps, read, n, lanes, rhs, marks, starts, parameters, found, ended, counts, w, at,
           options, pause):  # fmt: skip
    """Take some `pause` steps of a block; return whether all states have come to an end."""
    rtol, atol, limit, most_stiff = options[0], options[1], options[2], options[3]
    given = (rhs, marks, starts, parameters, found, ended, counts, w, at, options)
    busy, bound = 0, marks[marks.size - 1]
    for lane in range(lanes):
        _fill(n, lanes, lane, *given)
        busy += at[WHO, lane] >= 0
    for _ in range(pause):
        if busy == 0:
            return True
        told = steps(rhs, w, rtol, atol, bound, limit, most_stiff, pause)
        if told & 1:
            _samples(n, lanes, read, marks, found, w, at)
        for lane in range(lanes if told > 0 else 0):
            status = _status(lanes, lane, marks, w, at, options) if told > 1 else RUNNING
            if at[DONE, lane] == marks.size:
                status = ARRIVED
            if at[WHO, lane] >= 0 and status != RUNNING:
                _end(lanes, lane, found, ended, counts, w, at, status)
                _fill(n, lanes, lane, *given)
                busy -= at[WHO, lane] < 0
        if told == 0:
            break
    return busy == 0


def right_hand_side(function: Callable[..., None]) -> Any:
    """Compile `function(w)`, or load it from the disk cache.

    A division by zero gives an infinity there, as in NumPy.
    """
    decorate = cfunc(RATES, cache=True, error_model="numpy", fastmath={"contract"})
    return Pointer(decorate(function), RATES)


def _cached(version: str) -> Callable[..., bool]:
    states = (_ROW, _TABLE, _TABLE, types.float64[:, :, ::1], _ROW, _INTS)
    signature = types.boolean(
        *(types.FunctionType(STEPS_TYPE), RIGHT_HAND_SIDE, _I8, _I8, RIGHT_HAND_SIDE),
        *(*states, _ROW, _INTS, _ROW, _I8),
    )

    @njit(signature, cache=True, error_model="numpy")
    def drive(steps, read, n, lanes, rhs, marks, starts, parameters, found, ended, counts, w, at,
              options, pause):  # fmt: skip
        version  # noqa: B018  (see compiled.fingerprint)
        return _drive(steps, read, n, lanes, rhs, marks, starts, parameters, found, ended, counts,
                      w, at, options, pause)  # fmt: skip

    return drive


# Numba warns that functions as arguments are experimental; the tests watch over what is used.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    drive = _cached(compiled.fingerprint(step_control, lane_layout, dop853_lanes))


@dataclass(frozen=True)
class Method:
    """What moves a block: its steps, and what reads samples within the last one."""

    steps: Pointer
    read: Pointer


def _loaded(text: str, name: str, function: str, signature: Any) -> Pointer:
    """Return a compiled function of a written module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        return Pointer(getattr(written.module(text, name), function), signature)


@cache
def _dop853(dimension: int, lanes: int) -> Method:
    """Return the compiled steps for a number of components and lanes."""
    own = ("dop853_lanes", "lane_layout", "vectors", "elementary", "tableau", "step_control")
    version = written.version(*own)
    text, name = dop853_lanes.text(dimension, lanes, version), f"dop853_{dimension}_{lanes}"
    return Method(_loaded(text, name, "steps", STEPS_TYPE), _loaded(text, name, "read", RATES))


@cache
def _series(dimension: int, order: int, lanes: int) -> Pointer:
    """Return the compiled reading of Taylor series."""
    version = written.version("taylor", "lane_layout", "vectors")
    text = taylor.text(dimension, order, lanes, version)
    return _loaded(text, f"taylor_{dimension}_{order}_{lanes}", "read", RATES)


def taylor_method(text: str, name: str, dimension: int, order: int, lanes: int) -> Method:
    """Return the steps of a module that holds a system's equations, compiled."""
    return Method(_loaded(text, name, "steps", STEPS_TYPE), _series(dimension, order, lanes))


@right_hand_side
def _nothing(w):
    """Stand where a right-hand side is asked for and not needed."""


@dataclass(frozen=True)
class Outcome:
    """What became of M states.

    states  (M, T, n) at the times asked for; not a number from where one ended too soon
    ended   (M,) the time that each reached
    counts  (M, 4) steps, rejected steps, steps at the boundary of stability; how it ended
    """

    states: np.ndarray
    ended: np.ndarray
    counts: np.ndarray

    def problem(self, member: int) -> str:
        """Return what stopped a state, in words; nothing if it arrived."""
        t, status = self.ended[member], self.counts[member, STATUS]
        if status == COLLAPSED:
            return f"step size collapsed at t = {t:g}; {ADVICE}"
        if status == EXHAUSTED:
            return too_many(int(self.counts[member, COUNTED_STEPS]), t)
        if status == STIFF_ENOUGH:
            return f"stiff up to t = {t:g}; an implicit method takes longer steps"
        return ""


def integrate(
    rhs: Any,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray,
    *,
    lanes: int = LANES,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    max_steps: int = MAX_STEPS,
    most_stiff: float = math.inf,
    first_step: float = 0.0,
    method: Method | None = None,
) -> Outcome:
    """Follow M states at once.

    rhs         a function decorated with @right_hand_side, for as many lanes
    times       (T,) rising, the first of them that of the starts
    starts      (M, n)
    parameters  (M, p), or (1, p) for all
    lanes       states side by side: 1 is best for few states, LANES for many

    max_steps   accepted ones, of each
    most_stiff  steps at the boundary of stability, beyond 0.9 of all, before one is given up
    first_step  its size; chosen, if 0
    method      DOP853, or one that knows its right-hand side: `rhs` is None then

    An error per step stays below atol + rtol |y|, root mean square over components.
    """
    members, n = starts.shape
    block = np.zeros(lane_layout.parameters_at(n, lanes) + lanes * parameters.shape[1])
    block[lanes * NEXT : lanes * (NEXT + 1)] = math.inf
    at = np.full((INTS, lanes + 1), -1, dtype=np.int64)
    at[WHO, lanes] = 0  # the next state that no lane has
    first = first_step if method is None else -1.0  # none is needed
    options = np.array([rtol, max(atol, SMALLEST), max_steps, most_stiff, first])
    found = np.empty((members, len(times), n))
    outcome = Outcome(found, np.zeros(members), np.zeros((members, COUNTS), dtype=np.int64))
    chosen = _dop853(n, lanes) if method is None else method
    given = (chosen.steps, chosen.read, n, lanes, _nothing if rhs is None else rhs)
    states = (times, starts, parameters, found, outcome.ended, outcome.counts)
    while not drive(*given, *states, block, at, options, PAUSE):
        pass  # the interpreter looks after signals between two calls
    return outcome
