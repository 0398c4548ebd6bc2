"""Exponential Adams steps as Numba loops; `etd_adams` is the array form of the same method.

    du/dt = L u + N(t, u),  L diagonal

The predictor, and the value that the last p give for N, are sums over rows of a ring, with weights
in Lagrange form: every row is read once. Members take turns, each to the next frame. An equation's
module binds the loops to its term, compiles and caches them. Importing this module imports Numba.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import register_jitable

from sims.integrators import etd_levels as levels
from sims.integrators import etd_weights
from sims.integrators.etd_adams import MAX_SWEEPS
from sims.integrators.etd_problem import (
    Frame,
    Problem,
    State,
    collapse,
    spacings,
    step_size,
)

_F8, _I8, _REALS, _INTS = types.float64, types.int64, types.float64[::1], types.int64[::1]
_ROW, _TABLE = types.complex128[::1], types.complex128[:, ::1]
_CUBE = types.complex128[:, :, ::1]
# Signatures of what `bind` returns, with the tuples of arrays laid open.
MARCH = types.UniTuple(_I8, 2)(
    _I8,
    *(_TABLE, _CUBE, types.int64[:, ::1], _REALS, _INTS, _REALS),
    *(_INTS, _TABLE, _CUBE, _TABLE, _REALS, _TABLE, _TABLE, _REALS),
)
BEGIN = types.Tuple((_I8, _F8))(
    *(_ROW, _F8, _F8, _REALS, _ROW, _CUBE, _F8, _ROW, _TABLE, _TABLE, _REALS)
)

# Sums may be reordered, once and for all at compilation; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
PAUSE = 24_576  # steps between two looks at the keyboard

# Columns of the members' numbers.
LEVEL, POSITION, HEAD, KNOWN, STEPS, EVALUATIONS, LEAST, COUNTS = 0, 1, 2, 3, 4, 5, 6, 7
# Places of the common numbers.
ORDER, FIXED = 0, 1
SCALE, ATOL, RTOL, MAX_STEP, STABLE, START, GAP, BEFORE, REALS = 0, 1, 2, 3, 4, 5, 6, 7, 8
# How it stands with a member after `march`; the position of one that begins a gap.
_ARRIVED, _PAUSED, _LACKS_WEIGHTS, _COLLAPSED = 0, 1, 2, 3
_ENTERING = -1

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
def _predict_both(u, ring, numbers, slot, weights, work):
    """Write u and N at t + h as the last p values give them."""
    turn, lagrange, _, factors = weights
    _predict(work[0], u, ring, numbers[HEAD], turn[slot], lagrange[slot])
    _extrapolate(work[1], ring, numbers[HEAD], factors)


@njit
def _accept(u, predicted, head, ring, numbers):
    u[:] = predicted
    numbers[HEAD], numbers[KNOWN] = head, min(numbers[KNOWN] + 1, ring.shape[0] - 1)
    numbers[POSITION] += levels.ticks(numbers[LEVEL])
    numbers[STEPS] += 1


def bind(term: Any, rate: Any) -> tuple[Any, Any]:
    """Return Numba functions of signatures MARCH and BEGIN for a nonlinear term.

    term  Numba function (t, u, out, scratch, parameters) that writes N(t, u)
    rate  Numba function (u, scratch, parameters) -> a bound of |dN/du|

    All rows are (n,) complex128. The module that has the term compiles and caches the two.
    """

    @njit
    def measure(u, numbers, limits, reals, work, parameters):
        """Find the tolerated error and the coarsest level allowed."""
        limits[0] = reals[ATOL] + reals[RTOL] * (reals[SCALE] * math.sqrt(_square(u)))
        largest, steepest = reals[MAX_STEP], rate(u, work[2], parameters)
        if steepest > 0.0:
            largest = min(largest, reals[STABLE] / steepest)
        numbers[LEAST] = levels.coarsest(reals[GAP], largest)

    @njit
    def step_member(u, ring, numbers, limits, options, reals, slots, weights, work, given):
        """Try one step; return the error over the tolerated one, or less than 0 and why not."""
        level, rows = numbers[LEVEL], ring.shape[0]
        if level > levels.FINEST:
            return -1.0, _COLLAPSED
        h = _step_of(level, reals[GAP])
        t = reals[START] + reals[GAP] * (numbers[POSITION] / levels.TICKS)
        if not h > 10.0 * (np.nextafter(abs(t), np.inf) - abs(t)):
            return -1.0, _COLLAPSED
        slot, head = slots[level], (numbers[HEAD] + rows - 1) % rows
        if slot < 0:
            return -1.0, _LACKS_WEIGHTS
        _predict_both(u, ring, numbers, slot, weights, work)
        term(t + h, work[0], ring[head], work[2], given)
        numbers[EVALUATIONS] += 1
        square = _correct(work[0], weights[2][slot], ring[head], work[1])
        return levels.scaled(reals[SCALE] * math.sqrt(square), limits[0]), _PAUSED

    @njit
    def march_member(u, ring, numbers, limits, options, reals, slots, weights, fresh, work, given):
        """Step one member to the next frame; return how it stands with it."""
        order, fixed, rows = options[ORDER], options[FIXED] == 1, ring.shape[0]
        if numbers[POSITION] == _ENTERING:
            measure(u, numbers, limits, reals, work, given)
            _enter(ring, numbers, options, reals, fresh)
        for _ in range(PAUSE):
            if numbers[POSITION] == levels.TICKS:
                return _ARRIVED
            error, status = step_member(
                u, ring, numbers, limits, options, reals, slots, weights, work, given
            )
            if status != _PAUSED or (fixed and not error < np.inf):
                return _COLLAPSED if status == _PAUSED else status
            level = numbers[LEVEL]
            new = level if fixed else _next_level(error, numbers, order, rows - 1)
            if fixed or error <= 1.0:
                _accept(u, work[0], (numbers[HEAD] + rows - 1) % rows, ring, numbers)
            if new != level:
                numbers[LEVEL] = new
                if new <= levels.FINEST:
                    _respace(ring, numbers, order, levels.ticks(new) / levels.ticks(level), fresh)
                    measure(u, numbers, limits, reals, work, given)
        return _PAUSED

    @njit
    def march(member, u, ring, numbers, limits, common, slots, weights, fresh, work, given):
        """Step members on to the next frame; return the first that is not there, and why.

        u, ring          (M, n), (M, 2p + 2, n): states and past values, one row being spare
        numbers, limits  (M, COUNTS), (M,): the members' own
        common           options and reals
        slots            (levels,) where a level's weights are, or -1
        weights          exp(h L) (slots, n); of the past (slots, p, n); of the correction
                         (slots, n); and (p,) of the past in the value it gives for the next N
        """
        options, reals = common
        while member < u.shape[0]:
            own = u[member], ring[member], numbers[member], limits[member : member + 1]
            status = march_member(*own, options, reals, slots, weights, fresh, work, given)
            if status != _ARRIVED:
                return member, status
            member += 1
        return member, _ARRIVED

    @njit
    def begin(u0, t0, h, reals, turn, block, enough, u, values, work, given):
        """Fill values (p + 1, n), oldest first, and u after p steps.

        Returns the sweeps and the last change.
        """
        p, change, sweep = block.shape[0], np.inf, 0
        predicted, before, scratch = work[0], work[1], work[2]
        term(t0, u0, values[0], scratch, given)
        for j in range(p):
            values[j + 1] = values[0]
        before[:] = u0
        while sweep < MAX_SWEEPS and not (sweep > 1 and change <= enough):
            u[:] = u0
            sweep += 1
            for j in range(p):
                _multiply(predicted, turn, u)
                for i in range(p + 1):
                    _add_one(predicted, block[j, i], values[i])
                u[:] = predicted
                term(t0 + (j + 1) * h, u, values[j + 1], scratch, given)
            _combine_one(before, -1.0, 1.0, u)
            change = reals[SCALE] * math.sqrt(_square(before))
            before[:] = u
            if not change < np.inf:
                break
        return sweep, change

    return march, begin


def fingerprint() -> str:
    """Return a hash of these kernels: Numba's disk cache looks at a cached function's file only.

    A cached function that closes over this text is compiled anew when they change.
    """
    own = Path(__file__)
    texts = [own, *(own.with_name(f"{name}.py") for name in ("etd_levels", "etd_weights"))]
    return hashlib.sha256(b"\0".join(text.read_bytes() for text in texts)).hexdigest()


@dataclass(frozen=True)
class Kernel:
    """A compiled nonlinear term: the loops below, bound to it by the module that has it.

    march, begin  what `bind` returns, compiled with signatures MARCH and BEGIN
    parameters    (any,) float64, passed to the term
    """

    march: Callable[..., Any]
    begin: Callable[..., Any]
    parameters: np.ndarray


def etd_adams_compiled(
    problem: Problem,
    kernel: Kernel,
    u0: np.ndarray,
    times: Sequence[float] | np.ndarray,
    resume: tuple[int, State] | None = None,
) -> Iterator[Frame]:
    """Integrate as `etd_adams.etd_adams` does, with `kernel` for the problem's own functions.

    u0      (M, n) complex128 NumPy array; the state at times[0], yielded first
    times   (T,) increasing; each is landed on, never interpolated
    resume  (j, state) goes on after times[j]: yields j + 1, ...

    Raises ValueError for times that do not increase, NumericsError if a step size collapses.
    """
    gaps = spacings(times, problem.steps is not None)
    marks = np.asarray(times, dtype=np.float64)
    return _etd_adams_compiled(Lanes(problem, kernel, u0), marks, gaps, resume)


def _etd_adams_compiled(
    lanes: "Lanes",
    times: np.ndarray,
    gaps: np.ndarray,
    resume: tuple[int, State] | None,
) -> Iterator[Frame]:
    if resume is None:
        first = 0
        yield lanes.frame(0)
    else:
        first, state = resume
        lanes.restore(state)
    for index in range(first, len(gaps)):
        start, gap = float(times[index]), float(gaps[index])
        if index == 0:
            lanes.start(start, gap)
        else:
            lanes.enter(gap, float(gaps[index - 1]))
        lanes.advance(start)
        yield lanes.frame(index + 1)


def _sizes(u: np.ndarray) -> np.ndarray:
    """Return the norm of each row, whose bits do not depend on the others."""
    return np.sqrt(np.sum(u.real**2 + u.imag**2, axis=-1))


class Lanes:
    """The members on their way, and the weights of every level in use."""

    def __init__(self, problem: Problem, kernel: Kernel, u0: np.ndarray) -> None:
        (members, n), p = u0.shape, problem.order
        self.problem, self.kernel = problem, kernel
        self.u0, self.u = np.array(u0, dtype=np.complex128), np.array(u0, dtype=np.complex128)
        self.sizes = _sizes(self.u)
        self.ring = np.zeros((members, problem.kept + 1, n), dtype=np.complex128)
        self.numbers = np.zeros((members, COUNTS), dtype=np.int64)
        self.limits = np.zeros(members)
        self.options = np.array([p, problem.steps is not None], dtype=np.int64)
        self.reals = np.zeros(REALS)
        self.reals[[SCALE, ATOL, RTOL, MAX_STEP, STABLE]] = (
            problem.scale,
            problem.atol,
            problem.rtol,
            problem.max_step,
            levels.STABLE[p],
        )
        self.slots = np.full(levels.FINEST + 1, -1, dtype=np.int64)
        self.turn = np.zeros((0, n), dtype=np.complex128)
        self.lagrange = np.zeros((0, p, n), dtype=np.complex128)
        self.last = np.zeros((0, n), dtype=np.complex128)
        self.newton: list[np.ndarray] = []
        self.factors = np.array([(-1.0) ** j * comb(p, j + 1) for j in range(p)])
        self.fresh = np.zeros((problem.kept + 1, n), dtype=np.complex128)
        self.work = np.zeros((3, n), dtype=np.complex128)
        self.frames = 0

    def weights(self, level: int) -> int:
        """Return the slot of a level's weights, computed if need be."""
        if self.slots[level] < 0:
            h = self.reals[GAP] * (levels.ticks(level) / levels.TICKS)
            w = etd_weights.weights(self.problem.linear, h, self.problem.order)
            rows = etd_weights.lagrange(w.newton[:-1])
            self.turn = np.concatenate([self.turn, w.turn[None]])
            self.lagrange = np.concatenate([self.lagrange, rows[None]])
            self.last = np.concatenate([self.last, w.newton[-1:]])
            self.slots[level] = len(self.newton)
            self.newton.append(w.newton)
        return int(self.slots[level])

    def forget(self) -> None:
        """Drop all weights: they belong to another spacing of frames."""
        self.slots[:] = -1
        self.turn, self.lagrange, self.last = self.turn[:0], self.lagrange[:0], self.last[:0]
        self.newton = []

    def start(self, t0: float, gap: float) -> None:
        """Take the members p steps forward from t0."""
        self.reals[GAP] = gap
        with np.errstate(over="ignore", invalid="ignore"):  # such a start is refused
            for member in range(len(self.u)):
                self._start(member, t0, gap)

    def _start(self, member: int, t0: float, gap: float) -> None:
        problem, p, numbers = self.problem, self.problem.order, self.numbers[member]
        u0, values = self.u0[member], np.zeros((p + 1, self.u0.shape[1]), dtype=np.complex128)
        size = problem.scale * float(np.linalg.norm(u0))
        slope = problem.scale * float(np.linalg.norm(problem.nonlinear(t0, u0[None])))
        limit = problem.atol + problem.rtol * size
        least = problem.least(u0[None], gap)[0]
        numbers[EVALUATIONS] += 1
        if not (np.isfinite(size) and np.isfinite(slope)):
            raise collapse(member, t0)
        level, new = -1, problem.first_level(slope, size, limit, least, gap)
        while new != level:
            level, h = new, step_size(new, gap, t0, member)
            error = self._attempt(member, level, t0, h, problem.settled(limit, size), values)
            new = problem.level_after(error, limit, level)
        self.ring[member, : p + 1] = values[::-1]
        numbers[[LEVEL, POSITION, HEAD]] = level, p * levels.ticks(level), 0
        numbers[[KNOWN, LEAST]] = p + 1, least
        numbers[STEPS] += p
        self.limits[member] = limit

    def _attempt(
        self, member: int, level: int, t0: float, h: float, enough: float, values: np.ndarray
    ) -> float:
        """Take a member p steps from t0 and fill values (p + 1, n); return the error estimate."""
        problem, p, slot = self.problem, self.problem.order, self.weights(level)
        block, u0, u = etd_weights.block(self.newton[slot]), self.u0[member], self.u[member]
        tail = (self.turn[slot], block, enough, u, values, self.work, self.kernel.parameters)
        sweeps, change = self.kernel.begin(u0, t0, h, self.reals, *tail)
        self.numbers[member, EVALUATIONS] += 1 + p * sweeps
        if not (change <= enough or (problem.steps is not None and change < np.inf)):
            return np.inf
        signs = np.array([(-1.0) ** (p - j) * comb(p, j) for j in range(p + 1)])
        difference = np.tensordot(signs, values, axes=1)
        return float(problem.scale * np.linalg.norm(self.newton[slot][-1] * difference))

    def enter(self, gap: float, before: float) -> None:
        """Begin a gap between frames, after one of size `before`."""
        if gap != self.reals[GAP]:
            self.forget()
        self.reals[[GAP, BEFORE]] = gap, before
        self.numbers[:, POSITION] = _ENTERING

    def advance(self, start: float) -> None:
        """Step all members to the next frame."""
        self.reals[START] = start
        member, status = 0, _PAUSED
        while status != _ARRIVED:
            member, status = self.kernel.march(
                member,
                *(self.u, self.ring, self.numbers, self.limits, self.options, self.reals),
                *(self.slots, self.turn, self.lagrange, self.last, self.factors),
                *(self.fresh, self.work, self.kernel.parameters),
            )
            if status == _LACKS_WEIGHTS:
                self.weights(int(self.numbers[member, LEVEL]))
            elif status == _COLLAPSED:
                position = self.numbers[member, POSITION] / levels.TICKS
                raise collapse(member, start + self.reals[GAP] * position)
        if self.problem.norm_kept:
            sizes = _sizes(self.u)
            self.u *= np.where(sizes > 0, self.sizes / np.where(sizes > 0, sizes, 1), 1)[:, None]

    def frame(self, index: int) -> Frame:
        """Return the members at a frame; its state can be asked for until the next frame."""
        self.frames = index
        numbers = self.numbers

        def state() -> dict[str, np.ndarray]:
            if self.frames != index:
                raise RuntimeError(f"state of frame {index} asked for after {self.frames}")
            return self.state()

        steps, evaluations = numbers[:, STEPS].copy(), numbers[:, EVALUATIONS].copy()
        return Frame(self.u.copy(), index, state, steps, evaluations)

    def state(self) -> dict[str, np.ndarray]:
        """Return what `restore` needs; the same as of the array form."""
        past = np.zeros((len(self.u), self.problem.kept, self.u.shape[1]), dtype=np.complex128)
        for member, numbers in enumerate(self.numbers):
            places = (numbers[HEAD] + np.arange(numbers[KNOWN])) % self.ring.shape[1]
            past[member, : numbers[KNOWN]] = self.ring[member, places]
        columns = {"level": LEVEL, "known": KNOWN, "steps": STEPS, "evaluations": EVALUATIONS}
        counts = {name: self.numbers[:, column].copy() for name, column in columns.items()}
        return {"u": self.u.copy(), "past": past, **counts}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over a saved state, at a frame."""
        self.u[...], self.ring[:, : self.problem.kept] = state["u"], state["past"]
        columns = {"level": LEVEL, "known": KNOWN, "steps": STEPS, "evaluations": EVALUATIONS}
        for name, column in columns.items():
            self.numbers[:, column] = state[name]
        self.numbers[:, POSITION], self.numbers[:, HEAD] = levels.TICKS, 0
