"""Adaptive exponential Adams predictor-corrector (PEC) for batches, on any array library.

    du/dt = L u + N(t, u),  L diagonal

A step evaluates N once. Predictor: N is extrapolated by the polynomial through its last p values,
and the variation-of-constants integral is taken exactly. Corrector: the polynomial also goes
through the new value, which is order p + 1; the correction's norm is the error estimate (Milne).
The new value is kept (PEC), not evaluated again. Steps change by interpolating the past.
Hochbruck & Ostermann (2010) Acta Numerica 19, 209, Sec. 2.5; Hairer, Norsett & Wanner (1993)
Solving Ordinary Differential Equations I, Sec. III.1 and III.5 (Adams methods, changing steps).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from array_api_compat import is_numpy_array

from core.backend import namespace, to_host
from sims.integrators import etd_levels as levels
from sims.integrators import etd_weights
from sims.integrators.etd_problem import (
    Array,
    Frame,
    Problem,
    State,
    collapse,
    spacings,
    step_size,
)

LANE = 16384  # values: members advance together in lanes so long that they stay in the cache
STATIONS = 4  # per frame: there lanes with equal steps join
MAX_SWEEPS = 30
CACHED = 24  # steps whose weights are kept


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


def etd_adams(
    problem: Problem,
    u0: Array,
    times: Sequence[float] | np.ndarray,
    resume: tuple[int, State] | None = None,
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
    return _etd_adams(Solver(problem, u0), marks, gaps, resume)


def _etd_adams(
    solver: "Solver", times: np.ndarray, gaps: np.ndarray, resume: tuple[int, State] | None
) -> Iterator[Frame]:
    first, lanes = 0, []
    if resume is None:
        yield solver.frame(0, [])
    elif resume[0] > 0:
        first, lanes = resume[0], solver.restored(resume[1])
    for index in range(first, len(gaps)):
        start, gap = float(times[index]), float(gaps[index])
        with np.errstate(over="ignore", invalid="ignore"):  # such steps are rejected
            if index == 0:
                lanes = solver.started(start, gap)
            else:
                lanes = solver.entered(lanes, gap, float(gaps[index - 1]))
            lanes = solver.crossed(lanes, start, gap)
        yield solver.frame(index + 1, lanes)


class Solver:
    """One integration on one array library: the problem, weights by step, and counts."""

    def __init__(self, problem: Problem, u0: Array) -> None:
        members, n = u0.shape
        self.problem, self.u0 = problem, u0
        self.xp, self.device = namespace(u0), u0.device
        self.weights = lru_cache(maxsize=CACHED)(self._weights)
        self.rows = max(2, LANE // n) if is_numpy_array(u0) else members
        self.sizes = self.norms(u0)
        self.steps = np.zeros(members, dtype=np.int64)
        self.evaluations = np.zeros(members, dtype=np.int64)

    def _weights(self, h: float) -> tuple[Array, list[Array], np.ndarray]:
        w = etd_weights.weights(self.problem.linear, h, self.problem.order)
        return self._here(w.turn), [self._here(row) for row in w.newton], w.newton

    def _here(self, host: np.ndarray) -> Array:
        return self.xp.asarray(host, device=self.device)

    def norms(self, v: Array) -> list[float]:
        """Return scale |v| of each row."""
        squares = self.xp.sum(self.xp.real(v * self.xp.conj(v)), axis=-1)
        return [self.problem.scale * s**0.5 for s in to_host(squares).tolist()]

    def limits(self, u: Array) -> list[float]:
        """Return the tolerated error of each row."""
        return [self.problem.atol + self.problem.rtol * size for size in self.norms(u)]

    def table(self, past: list[Array]) -> list[Array]:
        """Return the backward differences 0 .. p - 1 at the newest of the past values."""
        row = past[: self.problem.order]
        out = [row[0]]
        while len(row) > 1:
            row = [new - old for new, old in pairwise(row)]
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

    def crossed(self, lanes: list[Lane], start: float, gap: float) -> list[Lane]:
        """Return the lanes at the next frame, with |u| restored where the equation keeps it."""
        for station in range(1, STATIONS + 1):
            until = levels.TICKS // STATIONS * station
            todo, lanes = self.merged(lanes), []
            while todo:
                for part in self.advanced(todo.pop(), start, gap, until):
                    (todo if part.position < until else lanes).append(part)
        if self.problem.norm_kept:
            lanes = [replace(lane, u=self.restored_norm(lane)) for lane in lanes]
        return lanes

    def advanced(self, lane: Lane, start: float, gap: float, until: int) -> list[Lane]:
        """Return the lane at the position `until`, or its parts when members want other steps.

        start, gap  time of the last frame, and from there to the next
        """
        p = self.problem.order
        while lane.position < until:
            h = gap * (levels.ticks(lane.level) / levels.TICKS)
            t = start + gap * (lane.position / levels.TICKS)
            u, table, errors = self.step(lane, t, h)
            lane.tried += 1
            scaled = [levels.scaled(e, x) for e, x in zip(errors, lane.limits, strict=True)]
            if self.problem.steps is not None:
                scaled = [1.0 if error < np.inf else error for error in scaled]
            # Nobody changes if all will do, and none is so small that the step could grow.
            if all(error <= 1 for error in scaled):
                after = lane.position + levels.ticks(lane.level)
                known, least = len(lane.past) + 1, min(lane.least)
                smallest = min(scaled)
                if levels.coarser(smallest, p, lane.level, after, known, least) == lane.level:
                    self.accept(lane, u, table)
                    continue
            parts = self.split(lane, u, table, scaled, gap, t)
            if len(parts) > 1:
                return parts
            lane = parts[0]
        self.count(lane)
        return [lane]

    def split(
        self, lane: Lane, u: Array, table: list[Array], scaled: list[float], gap: float, t: float
    ) -> list[Lane]:
        """Return the parts of a lane after a step, by whether it is accepted and what is next."""
        p, problem = self.problem.order, self.problem
        after, known = lane.position + levels.ticks(lane.level), len(lane.past) + 1
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
            if level != lane.level:
                step_size(level, gap, t, part.members[0])
                ratio = levels.ticks(level) / levels.ticks(lane.level)
                part = self.relevelled(part, level, ratio)
                part.limits, part.least = self.limits(part.u), problem.least(part.u, gap)
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
        self.steps[lane.members] += lane.accepted
        self.evaluations[lane.members] += lane.tried
        lane.accepted = lane.tried = 0

    def take(self, lane: Lane, rows: list[int]) -> Lane:
        """Return a lane of some of the rows."""
        if len(rows) == len(lane.members):
            return replace(lane)
        past = [self._rows(value, rows) for value in lane.past]
        return replace(
            lane,
            members=[lane.members[i] for i in rows],
            u=self._rows(lane.u, rows),
            past=past,
            table=self.table(past),
            limits=[lane.limits[i] for i in rows],
            least=[lane.least[i] for i in rows],
        )

    def joined(self, lanes: list[Lane]) -> Lane:
        """Return one lane of several with equal time, level and number of past values."""
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

    def started(self, t0: float, gap: float) -> list[Lane]:
        """Return all members p steps after t0, each with the largest step that will do."""
        problem, u0 = self.problem, self.u0
        limits, slopes = self.limits(u0), self.norms(problem.nonlinear(t0, u0))
        least = problem.least(u0, gap)
        self.evaluations += 1
        pending: dict[int, list[int]] = {}
        for member, (slope, size) in enumerate(zip(slopes, self.sizes, strict=True)):
            if not (np.isfinite(size) and np.isfinite(slope)):
                raise collapse(member, t0)
            level = problem.first_level(slope, size, limits[member], least[member], gap)
            pending.setdefault(level, []).append(member)
        lanes = []
        while pending:
            level, members = pending.popitem()
            if len(members) > self.rows:
                pending[level] = members[self.rows :]
            h = step_size(level, gap, t0, members[0])
            for member, (error, u, past) in self.begun(members[: self.rows], t0, h, limits):
                new = problem.level_after(error, limits[member], level)
                if new != level:
                    pending.setdefault(new, []).append(member)
                    continue
                self.steps[member] += problem.order
                position, table = problem.order * levels.ticks(level), self.table(past)
                bounds = [limits[member]], [least[member]]
                lanes.append(Lane([member], u, past, table, level, position, *bounds))
        return lanes

    def begun(
        self, members: list[int], t0: float, h: float, limits: list[float]
    ) -> Iterator[tuple[int, tuple[float, Array, list[Array]]]]:
        """Yield each member's error estimate, u (1, n) and past values after p steps from t0.

        By collocation: the polynomial of degree p through N at t0 .. t0 + p h is integrated
        exactly over each step, and N is swept until it agrees; order p + 1, stable whatever L.
        The error is infinite if the sweeps do not settle.
        """
        p, problem, left = self.problem.order, self.problem, list(members)
        turn, newton, host = self.weights(h)
        rows = [[self._here(weight) for weight in step] for step in etd_weights.block(host)]
        u0 = self._rows(self.u0, left)
        values, last, sweep = [problem.nonlinear(t0, u0)] * (p + 1), u0, 0
        while left:
            u, sweep = u0, sweep + 1
            for j in range(p):
                u = turn * u
                for weight, value in zip(rows[j], values, strict=True):
                    u += weight * value
                values[j + 1] = problem.nonlinear(t0 + (j + 1) * h, u)
            changes, last, stay = self.norms(u - last), u, []
            for i, change in enumerate(changes):
                enough = problem.settled(limits[left[i]], self.sizes[left[i]])
                settled = sweep > 1 and change <= enough
                if not settled and sweep < MAX_SWEEPS and change < np.inf:
                    stay.append(i)
                    continue
                self.evaluations[left[i]] += 1 + p * sweep
                past = [self._rows(value, [i]) for value in values[::-1]]
                error = np.inf
                if settled or (problem.steps is not None and change < np.inf):
                    last_difference = self.table(past)[-1] - self.table(past[1:])[-1]
                    error = self.norms(newton[-1] * last_difference)[0]
                yield left[i], (error, self._rows(u, [i]), past)
            if len(stay) < len(left):
                left = [left[i] for i in stay]
                u0, last = self._rows(u0, stay), self._rows(last, stay)
                values = [self._rows(value, stay) for value in values]

    def _rows(self, values: Array, rows: list[int]) -> Array:
        where = self.xp.asarray(rows, dtype=self.xp.int64, device=self.device)
        return self.xp.take(values, where, axis=0)

    def entered(self, lanes: list[Lane], gap: float, before: float) -> list[Lane]:
        """Return the lanes at the beginning of a gap between frames, after one of size `before`."""
        problem, fixed, ready = self.problem, self.problem.steps is not None, []
        for old in lanes:
            lane = replace(old, position=0, limits=self.limits(old.u))
            if not fixed:
                lane.least = problem.least(lane.u, gap)
            h, level = before * (levels.ticks(lane.level) / levels.TICKS), lane.level
            if gap != before:
                level = levels.coarsest(gap, h)
            wishes: dict[int, list[int]] = {}
            for row, least in enumerate(lane.least):
                wishes.setdefault(level if fixed else max(level, least), []).append(row)
            for new, rows in wishes.items():
                part = self.take(lane, rows)
                ratio = gap * (levels.ticks(new) / levels.TICKS) / h
                ready.append(part if ratio == 1 else self.relevelled(part, new, ratio))
        return ready

    def restored_norm(self, lane: Lane) -> Array:
        """Return u with each row scaled to its initial norm."""
        pairs = zip(lane.members, self.norms(lane.u), strict=True)
        factors = [self.sizes[member] / size if size > 0 else 1.0 for member, size in pairs]
        return self.xp.asarray(factors, device=self.device)[:, None] * lane.u

    def frame(self, index: int, lanes: list[Lane]) -> Frame:
        """Return the batch at a frame."""
        u = self.xp.asarray(self.u0, copy=True)
        for lane in lanes:
            for row, member in enumerate(lane.members):
                u[member, :] = lane.u[row, :]
        steps, evaluations = self.steps.copy(), self.evaluations.copy()

        def state() -> State:
            return self.state(lanes, steps, evaluations)

        return Frame(u, index, state, steps, evaluations)

    def state(self, lanes: list[Lane], steps: np.ndarray, evaluations: np.ndarray) -> State:
        """Return what `restored` needs, on the host."""
        members, n = self.u0.shape
        u = np.zeros((members, n), dtype=np.complex128)
        past = np.zeros((members, self.problem.kept, n), dtype=np.complex128)
        level, known = np.zeros(members, dtype=np.int64), np.zeros(members, dtype=np.int64)
        for lane in lanes:
            level[lane.members], known[lane.members] = lane.level, len(lane.past)
            u[lane.members] = to_host(lane.u)
            for i, value in enumerate(lane.past):
                past[lane.members, i] = to_host(value)
        counts = {"steps": steps, "evaluations": evaluations}
        return {"u": u, "past": past, "level": level, "known": known, **counts}

    def restored(self, state: State) -> list[Lane]:
        """Return the lanes of a saved state, one per member."""
        self.steps, self.evaluations = state["steps"].copy(), state["evaluations"].copy()
        lanes = []
        for m in range(len(self.steps)):
            known, level = int(state["known"][m]), int(state["level"][m])
            past = [self._here(value[None].copy()) for value in state["past"][m, :known]]
            u, table = self._here(state["u"][m : m + 1].copy()), self.table(past)
            lanes.append(Lane([m], u, past, table, level, levels.TICKS, [0.0], [0]))
        return lanes
