"""Adaptive exponential Adams predictor-corrector (PEC) for batches, on any array library.

    du/dt = L u + N(t, u),  L diagonal

A step evaluates N once. Predictor: N is extrapolated by the polynomial through its last p values,
and the variation-of-constants integral is taken exactly. Corrector: the polynomial also goes
through the new value, which is order p + 1; the correction's norm is the error estimate (Milne).
The new value is kept (PEC), not evaluated again. Steps change by interpolating the past.
Hochbruck & Ostermann (2010) Acta Numerica 19, 209, Sec. 2.5; Hairer, Norsett & Wanner (1993)
Solving Ordinary Differential Equations I, Sec. III.1 and III.5 (Adams methods, changing steps).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from array_api_compat import is_numpy_array

from core.backend import namespace, to_host
from core.errors import NumericsError
from sims.integrators import etd_levels as levels
from sims.integrators import etd_weights

Array = Any
Term = Callable[[float, Array], Array]  # (t, u (m, n)) -> N (m, n)
Rate = Callable[[Array], Array]  # u (m, n) -> (m,) bound of |dN/du|

ADVICE = "the solution may blow up there; loosen rtol and atol, or check the initial values"
LANE = 8192  # values: members advance together in lanes so long that they stay in the cache
MAX_SWEEPS = 30
CACHED = 24  # steps whose weights are kept


@dataclass(frozen=True)
class Problem:
    """What is integrated, and how well.

    linear      (n,) complex128 on the host, Re <= 0
    nonlinear   (t, u (m, n)) -> (m, n), a new array
    rtol, atol  a step's error stays below atol + rtol |u|, where |u| = scale (sum |u_k|^2)^(1/2)
                at the last frame or change of step
    order       p, 1 to 7: the predictor's order; the method's is p + 1
    scale       see rtol
    rate        u -> (m,) a bound of |dN/du|, for stability; None leaves it to the error estimate
    max_step    largest step
    steps       steps per frame, fixed, without error control; None adapts
    """

    linear: np.ndarray
    nonlinear: Term
    rtol: float
    atol: float
    order: int
    scale: float = 1.0
    rate: Rate | None = None
    max_step: float = np.inf
    steps: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.order < len(levels.STABLE):
            raise ValueError(f"order: must be 1 to {len(levels.STABLE) - 1}, not {self.order}")
        if not (self.rtol >= 0 and self.atol >= 0 and self.rtol + self.atol > 0):
            raise ValueError(
                f"rtol, atol: must not be negative nor both zero, not {self.rtol}, {self.atol}"
            )
        if not self.max_step > 0:
            raise ValueError(f"max_step: must be positive, not {self.max_step}")

    def settled(self, limit: float, size: float) -> float:
        """Return the change below which the sweeps of the start have settled."""
        return max(0.0 if self.steps else 0.01 * limit, 1e-15 * size)

    def least(self, u: Array, gap: float) -> list[int]:
        """Return the coarsest level allowed for each row of u (m, n) in a gap between frames."""
        largest = [self.max_step] * u.shape[0]
        if self.rate is not None:
            stable = levels.STABLE[self.order]
            pairs = zip(largest, to_host(self.rate(u)).tolist(), strict=True)
            largest = [min(most, stable / rate) if rate > 0 else most for most, rate in pairs]
        return [levels.coarsest(gap, most) for most in largest]

    @property
    def kept(self) -> int:
        """Past values kept: after doubling the step there are still p + 1."""
        return 2 * self.order + 1


@dataclass(frozen=True)
class Frame:
    """The batch at one of the times.

    u            (M, n)
    index        which time
    state        returns host arrays to go on from, to the same bits
    steps        (M,) accepted steps so far
    evaluations  (M,) values of N so far
    """

    u: Array
    index: int
    state: Callable[[], dict[str, np.ndarray]]
    steps: np.ndarray
    evaluations: np.ndarray


@dataclass
class Lane:
    """Members at the same time with the same step; rows are members. No array is ever changed.

    members   their numbers
    u         (m, n)
    past      values of N at t, t - h, ..., each (m, n)
    table     backward differences 0 .. p - 1 of the past
    level     of the step
    position  ticks since the frame
    limits    (m,) tolerated errors
    least     (m,) coarsest levels allowed
    accepted, tried   steps not yet counted
    """

    members: list[int]
    u: Array
    past: list[Array]
    table: list[Array]
    level: int
    position: int
    limits: list[float]
    least: list[int]
    accepted: int = 0
    tried: int = 0


def spacings(times: Sequence[float] | np.ndarray, equal: bool = False) -> np.ndarray:
    """Return the gaps between times (T,), as (T-1,); gaps equal but for rounding get one value.

    Raises ValueError unless the times are finite and increase, and if asked are equally spaced.
    """
    marks = np.asarray(times, dtype=np.float64)
    if marks.ndim != 1 or marks.size == 0 or not np.isfinite(marks).all():
        raise ValueError("times: need a list of finite numbers")
    gaps = np.diff(marks)
    if not (gaps > 0).all():
        raise ValueError("times: must increase strictly")
    rounding = 4 * np.spacing(np.abs(marks).max())
    start = 0
    for i in range(1, len(gaps) + 1):
        if i == len(gaps) or abs(gaps[i] - gaps[start]) > rounding:
            gaps[start:i] = (marks[i] - marks[start]) / (i - start)
            start = i
    if equal and gaps.size and (gaps != gaps[0]).any():
        raise ValueError("times: a fixed number of steps needs equally spaced times")
    return gaps


def collapse(member: int, time: float) -> NumericsError:
    """Return the error of a step that became too small."""
    return NumericsError(f"member {member}: step size collapsed at t = {time:g}; {ADVICE}")


def settle(
    problem: Problem,
    attempt: Callable[[int, float], float],
    slope: float,
    size: float,
    limit: float,
    least: int,
    gap: float,
    t0: float,
    member: int,
) -> int:
    """Return the coarsest level with which the first p steps will do, having attempted it last.

    attempt      (level, step) -> error estimate after p steps, infinite if there is no answer
    slope, size  |N| and |u| at t0
    limit, least tolerated error and coarsest level allowed
    """
    if not (np.isfinite(size) and np.isfinite(slope)):
        raise collapse(member, t0)
    guess = levels.coarsest(gap, levels.first_step(slope, size, limit, problem.order))
    level = max(least, guess, levels.coarsest(1.0, 1.0 / problem.order))
    if problem.steps:
        level = levels.level_of(problem.steps)
    while True:
        h = gap * (levels.ticks(level) / levels.TICKS) if level <= levels.FINEST else 0.0
        if levels.collapsed(h, t0):
            raise collapse(member, t0)
        error = levels.scaled(attempt(level, h), limit)
        if error <= 1 or (problem.steps and error < np.inf):
            return level
        if problem.steps:
            raise NumericsError(f"steps: {problem.steps} per frame are too few to start with")
        level = levels.finer(error, problem.order, level, 0)


def etd_adams(
    problem: Problem,
    u0: Array,
    times: Sequence[float] | np.ndarray,
    resume: tuple[int, dict[str, np.ndarray]] | None = None,
) -> Iterator[Frame]:
    """Integrate du/dt = L u + N(t, u), yielding the batch at each of `times`.

    u0      (M, n) complex; the state at times[0], yielded first
    times   (T,) increasing; each is landed on, never interpolated
    resume  (j, state) goes on after times[j]: yields j + 1, ...

    Every member has its own steps, and its bits do not depend on who shares the batch.
    Raises ValueError for times that do not increase, NumericsError if a step size collapses.
    """
    gaps = spacings(times, problem.steps is not None)
    marks = np.asarray(times, dtype=np.float64)
    return _etd_adams(Solver(problem, u0), u0, marks, gaps, resume)


def _etd_adams(
    solver: "Solver",
    u0: Array,
    times: np.ndarray,
    gaps: np.ndarray,
    resume: tuple[int, dict[str, np.ndarray]] | None,
) -> Iterator[Frame]:
    if resume is None:
        first, lanes = 0, []
        yield solver.frame(0, [], u0, 0.0)
    else:
        first, state = resume
        lanes = solver.restore(state, u0) if first else []
    for index in range(first, len(gaps)):
        start, gap = float(times[index]), float(gaps[index])
        if index == 0:
            todo = [solver.start(u0[m : m + 1, :], m, start, gap) for m in range(u0.shape[0])]
            todo = solver.merged(todo)
        else:
            todo = solver.enter(lanes, gap, float(gaps[index - 1]))
        lanes = []
        while todo:
            parts = solver.advance(todo.pop(), start, gap)
            lanes += [part for part in parts if part.position == levels.TICKS]
            todo += [part for part in parts if part.position < levels.TICKS]
        yield solver.frame(index + 1, lanes, u0, gap)


class Solver:
    """One integration on one array library: the problem, weights by step, and counts."""

    def __init__(self, problem: Problem, like: Array) -> None:
        members, n = like.shape
        self.problem, self.xp, self.device = problem, namespace(like), like.device
        self.weights = lru_cache(maxsize=CACHED)(self._weights)
        self.rows = max(2, LANE // n) if is_numpy_array(like) else members
        self.steps = np.zeros(members, dtype=np.int64)
        self.evaluations = np.zeros(members, dtype=np.int64)

    def _weights(self, h: float) -> tuple[Array, list[Array], np.ndarray]:
        w = etd_weights.weights(self.problem.linear, h, self.problem.order)
        return self._here(w.turn), [self._here(row) for row in w.newton], w.newton

    def _here(self, host: np.ndarray) -> Array:
        return self.xp.asarray(host, device=self.device)

    def norms(self, v: Array) -> list[float]:
        """Return scale |v| of each row."""
        xp = self.xp
        real, imaginary = xp.real(v), xp.imag(v)
        squares = xp.sum(real * real + imaginary * imaginary, axis=-1)
        return [self.problem.scale * s**0.5 for s in to_host(squares).tolist()]

    def limits(self, u: Array) -> list[float]:
        """Return the tolerated error of each row."""
        return [self.problem.atol + self.problem.rtol * size for size in self.norms(u)]

    def table(self, past: list[Array]) -> list[Array]:
        """Return the backward differences 0 .. p - 1 at the newest of the past values."""
        row = past[: self.problem.order]
        out = [row[0]]
        while len(row) > 1:
            row = [new - old for new, old in zip(row[:-1], row[1:], strict=True)]
            out.append(row[0])
        return out

    def step(self, lane: Lane, t: float, h: float) -> tuple[Array, list[Array], list[float]]:
        """Return u at t + h, the differences 0 .. p there, and each row's error."""
        turn, newton, _ = self.weights(h)
        u = turn * lane.u
        for i, difference in enumerate(lane.table):
            u += newton[i] * difference
        table = [self.problem.nonlinear(t + h, u)]
        for difference in lane.table:
            table.append(table[-1] - difference)
        correction = newton[-1] * table[-1]
        u += correction
        return u, table, self.norms(correction)

    def accept(self, lane: Lane, u: Array, table: list[Array]) -> None:
        """Advance the lane by the step that was tried."""
        lane.u, lane.table = u, table[:-1]
        lane.past = [table[0], *lane.past[: self.problem.kept - 1]]
        lane.position += levels.ticks(lane.level)
        lane.accepted += 1

    def advance(self, lane: Lane, start: float, gap: float) -> list[Lane]:
        """Step the lane to the next frame, or until its members want different steps.

        start, gap  time of the last frame, and from there to the next
        """
        p = self.problem.order
        dull = levels.GROW * 0.75 ** (p + 1)  # with an error from here to 1 nobody changes
        while lane.position < levels.TICKS:
            h = gap * (levels.ticks(lane.level) / levels.TICKS)
            t = start + gap * (lane.position / levels.TICKS)
            u, table, errors = self.step(lane, t, h)
            lane.tried += 1
            scaled = [levels.scaled(e, x) for e, x in zip(errors, lane.limits, strict=True)]
            if self.problem.steps or (min(scaled) > dull and all(x <= 1 for x in scaled)):
                self.accept(lane, u, table)
                continue
            parts = self.split(lane, u, table, scaled, gap, t)
            if len(parts) > 1:
                return parts
            lane = parts[0]
        self.count(lane)
        return [lane]

    def split(
        self,
        lane: Lane,
        u: Array,
        table: list[Array],
        scaled: list[float],
        gap: float,
        t: float,
    ) -> list[Lane]:
        """Return the parts of a lane after a step, by whether it is accepted and what is next."""
        p = self.problem.order
        after = lane.position + levels.ticks(lane.level)
        known = min(len(lane.past) + 1, self.problem.kept)
        wishes: dict[tuple[bool, int], list[int]] = {}
        for row, error in enumerate(scaled):
            if error <= 1:
                level = levels.coarser(error, p, lane.level, after, known, lane.least[row])
            else:
                level = levels.finer(error, p, lane.level, lane.position)
            wishes.setdefault((error <= 1, level), []).append(row)
        self.count(lane)
        moved = replace(lane)
        self.accept(moved, u, table)
        parts = []
        for (accepted, level), rows in wishes.items():
            part = self.take(moved if accepted else lane, rows)
            part.accepted = int(accepted)
            self.count(part)
            if level != lane.level:
                h = gap * (levels.ticks(level) / levels.TICKS) if level <= levels.FINEST else 0.0
                if levels.collapsed(h, t):
                    raise collapse(part.members[0], t)
                part = self.relevelled(part, level, levels.ticks(level) / levels.ticks(lane.level))
                part.limits, part.least = self.limits(part.u), self.problem.least(part.u, gap)
            parts.append(part)
        return parts

    def relevelled(self, lane: Lane, level: int, ratio: float) -> Lane:
        """Return the lane with a step of another level, `ratio` times the one it had."""
        matrix = etd_weights.respacing(ratio, len(lane.past), self.problem.order)
        past = []
        for row in matrix:
            used = np.flatnonzero(row).tolist()
            value = lane.past[used[0]]
            if len(used) > 1:
                value = float(row[used[0]]) * value
                for i in used[1:]:
                    value = value + float(row[i]) * lane.past[i]
            past.append(value)
        return replace(lane, past=past, table=self.table(past), level=level)

    def count(self, lane: Lane) -> None:
        """Add the lane's steps to its members' counts."""
        for member in lane.members:
            self.steps[member] += lane.accepted
            self.evaluations[member] += lane.tried
        lane.accepted = lane.tried = 0

    def take(self, lane: Lane, rows: list[int]) -> Lane:
        """Return a lane of some of the rows."""
        if len(rows) == len(lane.members):
            return replace(lane)
        where = self.xp.asarray(rows, device=self.device)
        past = [self.xp.take(value, where, axis=0) for value in lane.past]
        return replace(
            lane,
            members=[lane.members[i] for i in rows],
            u=self.xp.take(lane.u, where, axis=0),
            past=past,
            table=self.table(past),
            limits=[lane.limits[i] for i in rows],
            least=[lane.least[i] for i in rows],
        )

    def joined(self, lanes: list[Lane]) -> Lane:
        """Return one lane of several with equal time, level and number of past values."""
        if len(lanes) == 1:
            return lanes[0]
        concat = self.xp.concat
        past = [concat(values, axis=0) for values in zip(*(x.past for x in lanes), strict=True)]
        return replace(
            lanes[0],
            members=[member for lane in lanes for member in lane.members],
            u=concat([lane.u for lane in lanes], axis=0),
            past=past,
            table=self.table(past),
            limits=[limit for lane in lanes for limit in lane.limits],
            least=[level for lane in lanes for level in lane.least],
        )

    def merged(self, lanes: list[Lane]) -> list[Lane]:
        """Return the lanes with equal ones joined, as few as the cache allows."""
        equal: dict[tuple[int, int, int], list[Lane]] = {}
        for lane in lanes:
            equal.setdefault((lane.level, lane.position, len(lane.past)), []).append(lane)
        out: list[Lane] = []
        for alike in equal.values():
            total = sum(len(lane.members) for lane in alike)
            if len(alike) <= -(-total // self.rows):
                out += alike
                continue
            whole = self.joined(sorted(alike, key=lambda lane: lane.members[0]))
            for i in range(0, total, self.rows):
                out.append(self.take(whole, list(range(i, min(i + self.rows, total)))))
        return out

    def start(self, u0: Array, member: int, t0: float, gap: float) -> Lane:
        """Return a lane of one member, p steps after t0, with the largest step that will do."""
        p, problem = self.problem.order, self.problem
        limit, size = self.limits(u0)[0], self.norms(u0)[0]
        slope = self.norms(problem.nonlinear(t0, u0))[0]
        self.evaluations[member] += 1
        least = problem.least(u0, gap)[0]
        begun: list[tuple[list[Array], Array]] = []

        def attempt(level: int, h: float) -> float:
            past, u, error, evaluations = self.begin(u0, t0, h, problem.settled(limit, size))
            self.evaluations[member] += evaluations
            begun[:] = [(past, u)]
            return error

        level = settle(problem, attempt, slope, size, limit, least, gap, t0, member)
        self.steps[member] += p
        ((past, u),) = begun
        position, table = p * levels.ticks(level), self.table(past)
        return Lane([member], u, past, table, level, position, [limit], [least])

    def begin(
        self, u0: Array, t0: float, h: float, enough: float
    ) -> tuple[list[Array], Array, float, int]:
        """Return p + 1 values of N, newest first, and u at t0 + p h, by collocation.

        The polynomial of degree p through N at t0 .. t0 + p h is integrated exactly over each
        step, and N is swept until it agrees: order p + 1, and stable whatever L. Also returns
        the error estimate at the end, infinite if the sweeps do not settle, and the evaluations.
        """
        p, problem = self.problem.order, self.problem
        turn, newton, host = self.weights(h)
        rows = [[self._here(w) for w in step] for step in etd_weights.block(host)]
        values = [problem.nonlinear(t0, u0)] * (p + 1)
        last, change, sweep = u0, np.inf, 0
        while sweep < MAX_SWEEPS and not (sweep > 1 and change <= enough):
            u, sweep = u0, sweep + 1
            for j in range(p):
                u = turn * u
                for weight, value in zip(rows[j], values, strict=True):
                    u += weight * value
                values[j + 1] = problem.nonlinear(t0 + (j + 1) * h, u)
            change, last = self.norms(u - last)[0], u
            if not change < np.inf:
                break
        past = values[::-1]
        error = np.inf
        if change <= enough or (problem.steps and change < np.inf):
            difference = self.table(past)[-1] - self.table(past[1:])[-1]
            error = self.norms(newton[-1] * difference)[0]
        return past, last, error, 1 + p * sweep

    def enter(self, lanes: list[Lane], gap: float, before: float) -> list[Lane]:
        """Return the lanes at the beginning of a gap between frames, after one of size `before`."""
        ready = []
        for lane in lanes:
            lane = replace(lane, position=0, limits=self.limits(lane.u))
            lane.least = [0] * len(lane.members) if self.problem.steps else self.problem.least(lane.u, gap)
            h, level = before * (levels.ticks(lane.level) / levels.TICKS), lane.level
            if gap != before and not self.problem.steps:
                level = levels.coarsest(gap, h)
            wishes: dict[int, list[int]] = {}
            for row, least in enumerate(lane.least):
                wishes.setdefault(max(level, least), []).append(row)
            for new, rows in wishes.items():
                part = self.take(lane, rows)
                ratio = gap * (levels.ticks(new) / levels.TICKS) / h
                if ratio != 1:
                    part = self.relevelled(part, new, ratio)
                ready.append(part)
        return self.merged(ready)

    def frame(self, index: int, lanes: list[Lane], u0: Array, gap: float) -> Frame:
        """Return the batch at a frame."""
        u = u0
        if lanes:
            u = self.xp.empty_like(u0)
            for lane in lanes:
                for row, member in enumerate(lane.members):
                    u[member, :] = lane.u[row, :]
        steps, evaluations = self.steps.copy(), self.evaluations.copy()
        kept = list(lanes)

        def state() -> dict[str, np.ndarray]:
            return self.state(kept, u0.shape, steps, evaluations)

        return Frame(u, index, state, steps, evaluations)

    def state(
        self,
        lanes: list[Lane],
        shape: tuple[int, int],
        steps: np.ndarray,
        evaluations: np.ndarray,
    ) -> dict[str, np.ndarray]:
        """Return what `restore` needs, on the host."""
        members, n = shape
        u = np.zeros(shape, dtype=np.complex128)
        past = np.zeros((members, self.problem.kept, n), dtype=np.complex128)
        level, known = np.zeros(members, dtype=np.int64), np.zeros(members, dtype=np.int64)
        for lane in lanes:
            level[lane.members], known[lane.members] = lane.level, len(lane.past)
            u[lane.members] = to_host(lane.u)
            for i, value in enumerate(lane.past):
                past[lane.members, i] = to_host(value)
        counts = {"steps": steps, "evaluations": evaluations}
        return {"u": u, "past": past, "level": level, "known": known, **counts}

    def restore(self, state: dict[str, np.ndarray], u0: Array) -> list[Lane]:
        """Return the lanes of a saved state, one per member."""
        self.steps, self.evaluations = state["steps"].copy(), state["evaluations"].copy()
        lanes = []
        for member in range(u0.shape[0]):
            u = self._here(state["u"][member : member + 1])
            known = int(state["known"][member])
            past = [self._here(v[None, :].copy()) for v in state["past"][member, :known]]
            level = int(state["level"][member])
            lanes.append(Lane([member], u, past, self.table(past), level, levels.TICKS, [0.0], [0]))
        return lanes
