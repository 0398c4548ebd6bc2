"""DOP853 for lanes of small states, its arithmetic as instructions of `vectors`.

    k_i = f(t + c_i h, y + h sum_j a_ij k_j),  lane by lane

Between two stages the right-hand side is called, a compiled function that this code knows by its
address alone: what is written here is compiled once for a number of components and lanes.
Coefficients are constants, zeros left out.

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5 and II.6;
Hairer & Wanner (1996) Part II, Sec. IV.2, for the boundary of stability. Importing this module
imports Numba.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from sims.integrators import step_control, tableau
from sims.integrators.elementary import maximum, minimum, sqrt
from sims.integrators.lane_layout import (
    AFTER,
    DENSE,
    END,
    END_LOW,
    ERROR,
    FACTOR,
    LEAST_STEP,
    LOW,
    NEW,
    NEXT,
    OLD,
    PAST,
    PAST_LOW,
    RATE,
    REJECTED,
    SIZE,
    STATE,
    STEPS,
    STIFF,
    TIME,
    TINY,
    H,
    K,
    T,
    Y,
    place,
)
from sims.integrators.tableau import STAGES, STAGES_DENSE
from sims.integrators.vectors import Block, Cell, Lanes, emitted, where

STIFF_RATIO = 6.1  # h |lambda| at the boundary of stability
STIFF_SHARE = 0.9  # of a stiff solution's steps lie there


class Rows:
    """The rows of a block at one component, whichever it is when the code runs."""

    def __init__(self, w: Block, component: Any, dimension: int) -> None:
        self.w, self.component, self.n = w, component, dimension

    def _place(self, row: int) -> Any:
        return self.w.moved(place(row, 0, self.n, self.w.lanes), self.component)

    def __getitem__(self, row: int) -> Lanes:
        """Return a row's lanes."""
        return self.w[self._place(row)]

    def __setitem__(self, row: int, value: Lanes) -> None:
        """Write a row's lanes."""
        self.w[self._place(row)] = value

    def sum(self, weights: Any, newest: Lanes) -> Lanes:
        """Return the weighted sum of the stages, of which the last is not in its row yet."""
        found: Lanes | None = None
        last = max(j for j, weight in enumerate(weights) if weight != 0)
        for j, weight in enumerate(weights[: last + 1]):
            if weight != 0:
                term = (newest if j == last else self[K + j]) * float(weight)
                found = term if found is None else found + term
        assert found is not None
        return found


class Writer:
    """The pieces of a step, for n components."""

    def __init__(self, n: int) -> None:
        self.n = n

    def each(self, w: Block, write: Callable[[Rows], None]) -> None:
        """Write a loop over the components."""
        w.repeat(self.n, lambda component: write(Rows(w, component, self.n)))

    def begin(self, w: Block, bound: Lanes) -> None:
        """Choose where the step ends, and write the first stage's state."""
        t, low, wished = w.one(T), w.one(LOW), w.one(H)
        left = (bound - t) - low
        whole = wished < left
        h = where(whole, wished, left)
        step = h + low
        end = t + step
        w.keep({H: h, SIZE: h, TIME: t + h * float(tableau.C[1])})
        w.keep({END: where(whole, end, bound)})
        w.keep({END_LOW: where(whole, step - (end - t), 0.0)})

        def state(rows: Rows) -> None:
            rows[STATE] = rows[Y] + h * (rows[K] * float(tableau.A[1, 0])).rounded()

        self.each(w, state)

    def stage(self, w: Block, stage: int) -> None:
        """Take the rate of the stage before, and write this one's state."""
        h = w.one(SIZE)
        w.keep({TIME: w.one(T) + h * float(tableau.C[stage])})

        def state(rows: Rows) -> None:
            rate = rows[RATE]
            rows[K + stage - 1] = rate
            rows[STATE] = rows[Y] + h * rows.sum(tableau.A[stage], rate).rounded()

        self.each(w, state)

    def end(self, w: Block, rtol: Lanes, atol: Lanes) -> None:
        """Write the new state, the error and what it makes of the step: Eqs. (5.18) onwards.

        Three roots are the power 1/8. An error that is not a number shrinks the step.
        """
        h, fifths, thirds = w.one(SIZE), Cell(w), Cell(w)

        def state(rows: Rows) -> None:
            rate, y = rows[RATE], rows[Y]
            rows[K + STAGES - 1] = rate
            new = y + h * rows.sum(tableau.A[STAGES], rate).rounded()
            scale = 1.0 / (atol + rtol * maximum(abs(y), abs(new)))
            fifth = scale * rows.sum(tableau.E5, rate).rounded()
            third = scale * rows.sum(tableau.E3, rate).rounded()
            fifths.add(fifth * fifth)
            thirds.add(third * third)
            rows[OLD] = rows[STATE]  # where the last stage was
            rows[STATE] = rows[NEW] = new

        self.each(w, state)
        fifth = fifths.value()
        total = float(self.n) * (fifth + 0.01 * thirds.value()).rounded()
        error = h * fifth.rounded() / sqrt(total + TINY)
        factor = step_control.SAFETY / sqrt(sqrt(sqrt(error)))
        factor = maximum(w.number(step_control.MIN_FACTOR), factor)
        factor = minimum(factor, w.number(step_control.MAX_FACTOR))
        held = where(w.one(AFTER) > 0.0, minimum(factor, w.number(1.0)), factor)
        w.keep({TIME: w.one(T) + h, ERROR: error, FACTOR: held})

    def judge(self, w: Block) -> tuple[Any]:
        """Compare h |lambda| with the boundary of stability; return where samples lie.

        The last stage ends where the step does: two states, and their rates, tell lambda.
        """
        h, rates, states = w.one(SIZE), Cell(w), Cell(w)

        def take(rows: Rows) -> None:
            rate = rows[RATE]
            rows[K + STAGES] = rate
            apart, moved = rate - rows[K + STAGES - 1], rows[NEW] - rows[OLD]
            rates.add(apart * apart)
            states.add(moved * moved)

        self.each(w, take)
        ok = w.one(ERROR) < 1.0
        above = h * h * rates.value() > STIFF_RATIO**2 * states.value()
        stiff = where(w.both(ok, above), w.number(1.0), 0.0)
        w.keep({STIFF: w.one(STIFF) + stiff})
        return (w.both(ok, w.one(END) >= w.one(NEXT)),)

    def dense(self, w: Block) -> None:
        """Write the dense output's coefficients and the old state."""
        h = w.one(SIZE)

        def rows_of(rows: Rows) -> None:
            rate = rows[RATE]
            rows[K + STAGES_DENSE - 1] = rate
            for i, weights in enumerate(tableau.P):
                last = max(j for j, weight in enumerate(weights) if weight != 0)
                newest = rate if last == STAGES_DENSE - 1 else rows[K + last]
                rows[DENSE + i] = h * rows.sum(weights, newest).rounded()
            rows[OLD] = rows[Y]

        self.each(w, rows_of)

    def advance(self, w: Block, limit: Lanes, most_stiff: Lanes) -> tuple[Any]:
        """Move accepted lanes on; return where one cannot go on."""
        ok, t, h = w.one(ERROR) < 1.0, w.one(T), w.one(SIZE) * w.one(FACTOR)
        steps = w.one(STEPS) + where(ok, w.number(1.0), 0.0)
        time = where(ok, w.one(END), t)
        w.keep({PAST: t, PAST_LOW: w.one(LOW)})
        w.keep({LOW: where(ok, w.one(END_LOW), w.one(LOW)), T: time, H: h, STEPS: steps})
        w.keep({AFTER: where(ok, w.number(0.0), 1.0)})
        w.keep({REJECTED: w.one(REJECTED) + where(ok, w.number(0.0), 1.0)})

        def move(rows: Rows) -> None:
            rows[Y] = where(ok, rows[NEW], rows[Y])
            rows[K] = where(ok, rows[K + STAGES], rows[K])

        self.each(w, move)
        large = h >= LEAST_STEP * abs(time) + TINY
        stiff = w.one(STIFF) >= most_stiff + STIFF_SHARE * steps
        stopped = w.either(w.either(stiff, steps >= limit), w.builder.not_(large))
        return (w.both(stopped, w.one(NEXT) < math.inf),)

    def read(self, w: Block) -> None:
        """Write the states at the times in TIME, from the step's begin: HNW (1993), Eq. (6.13)."""
        theta = w.one(TIME) / w.one(SIZE)
        rest = 1.0 - theta

        def state(rows: Rows) -> None:
            found = rows[DENSE + 6]
            for row in range(5, -1, -1):
                found = rows[DENSE + row] + (theta if row % 2 else rest) * found
            rows[STATE] = rows[OLD] + theta * found

        self.each(w, state)


def piece(name: str, dimension: int, lanes: int, scalars: int = 0) -> Any:
    """Return what Numba compiles to a piece of a step, a function of w and some scalars."""
    return emitted(getattr(Writer(dimension), name), lanes, scalars)


def stage(number: int, dimension: int, lanes: int) -> Any:
    """Return what Numba compiles to the state of a stage."""
    return emitted(lambda w: Writer(dimension).stage(w, number), lanes)


def _called(stages: Sequence[int], indent: str) -> str:
    return f"\n{indent}".join(f"rhs(w)\n{indent}stage_{number}(w)" for number in stages)


def text(dimension: int, lanes: int, version: str) -> str:
    """Return a module with `steps` and `read`, which `sims.integrators.lanes` drives.

    `steps` takes steps, `most` at most, until samples lie in one (1 is returned), a lane cannot go
    on (2), or both (3).
    """
    inner, more = range(2, STAGES), range(STAGES + 2, STAGES_DENSE)
    numbers = (*inner, STAGES + 1, *more)
    size = f"{dimension}, {lanes}"
    stages = "\n".join(f"stage_{number} = dop.stage({number}, {size})" for number in numbers)
    return f'''"""DOP853 for {lanes} lanes of {dimension} components."""

from numba import njit

from sims.integrators import dop853_lanes as dop  # {version}
from sims.integrators.lanes import RATES, STEPS_TYPE

begin, end = dop.piece("begin", {size}, 1), dop.piece("end", {size}, 2)
judge, dense = dop.piece("judge", {size}), dop.piece("dense", {size})
advance, reading = dop.piece("advance", {size}, 2), dop.piece("read", {size})
{stages}


@njit(STEPS_TYPE, cache=True)
def steps(rhs, w, rtol, atol, bound, limit, most_stiff, most):
    for _ in range(most):
        begin(w, bound)
        {_called(inner, " " * 8)}
        rhs(w)
        end(w, rtol, atol)
        rhs(w)
        wanted = judge(w)
        if wanted:
            stage_{STAGES + 1}(w)
            {_called(more, " " * 12)}
            rhs(w)
            dense(w)
        stuck = advance(w, limit, most_stiff)
        if wanted or stuck:
            return wanted + 2 * stuck
    return 0


@njit(RATES, cache=True)
def read(w):
    reading(w)
'''
