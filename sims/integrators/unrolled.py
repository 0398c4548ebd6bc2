"""The arithmetic of DOP853 written out for a number of components and lanes, as Python text.

    k_i = f(t + c_i h, y + h sum_j a_ij k_j),  lane by lane

All of a block of lanes lies in one array `w`, so that a compiler sees every distance: first one
number a lane (times, steps, errors); then rows of n L numbers, component after component, each with
its lanes side by side; then the parameters, each with its lanes. Coefficients are constants in the
text, zeros left out: a row of the tableau is one sum without index or loop.

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5 and II.6;
Hairer & Wanner (1996) Part II, Sec. IV.2, for the boundary of stability.
"""

import numpy as np

from sims.integrators import step_control, tableau
from sims.integrators.tableau import STAGES, STAGES_DENSE

# What each lane has one of: the time of a stage; the time and what rounding left out of it, now, at
# the end of the step that is tried, and before it; the step, its error and what it is multiplied by
# next; 1 after a rejection; the next sample's time, infinite in an idle lane; what is counted.
TIME, T, LOW, END, END_LOW, PAST, PAST_LOW, H, ERROR, FACTOR, AFTER, NEXT = range(12)
STEPS, REJECTED, STIFF, HEAD = 12, 13, 14, 15
# Rows: what a right-hand side reads and writes; the state, that before the step, the new one; the
# steps' sizes; the squares of the two errors; the dense output; the stages.
STATE, RATE, Y, OLD, NEW, SIZE, FIFTH, THIRD, DENSE = range(9)
K = DENSE + 7
ROWS = K + STAGES_DENSE
STIFF_RATIO = 6.1  # h |lambda| at the boundary of stability
STIFF_SHARE = 0.9  # of a stiff solution's steps lie there
LEAST_STEP = step_control.MIN_STEP_ULPS * float(np.finfo(float).eps) / 2  # of the time
TINY = 1e-300  # a step or an error of this size counts as none


def place(row: int, component: int, dimension: int, lanes: int) -> int:
    """Return where a row's component of the first lane lies in `w`."""
    return lanes * (HEAD + row * dimension + component)


def parameters_at(dimension: int, lanes: int) -> int:
    """Return where the first lane's first parameter lies in `w`."""
    return place(ROWS, 0, dimension, lanes)


class _Writer:
    """Lines of text for a number of components and lanes."""

    def __init__(self, dimension: int, lanes: int) -> None:
        self.n, self.lanes = dimension, lanes
        self.lines: list[str] = []

    def lane(self, what: int) -> str:
        return f"w[{what * self.lanes} + l]"

    def row(self, row: int) -> str:
        return f"w[{place(row, 0, self.n, self.lanes)} + j]"

    def part(self, row: int, component: int) -> str:
        return f"w[{place(row, component, self.n, self.lanes)} + l]"

    def sum(self, weights: np.ndarray) -> str:
        terms = [
            f"{float(weight)!r} * {self.row(K + i)}"
            for i, weight in enumerate(weights)
            if weight != 0
        ]
        return f"({' + '.join(terms)})"

    def over_components(self, row: int) -> str:
        return "(" + " + ".join(self.part(row, i) for i in range(self.n)) + ")"

    def each_lane(self, *lines: str) -> None:
        self.lines.append(f"    for l in range({self.lanes}):")
        self.lines += [f"        {line}" for line in lines]

    def each(self, *lines: str) -> None:
        self.lines.append(f"    for j in range({self.n * self.lanes}):")
        self.lines += [f"        {line}" for line in lines]

    def stage(self, stage: int) -> None:
        t, h, c = self.lane(T), self.lane(H), float(tableau.C[stage])
        self.each_lane(f"{self.lane(TIME)} = {t} + {c!r} * {h}")
        total = self.sum(tableau.A[stage])
        self.each(f"{self.row(STATE)} = {self.row(Y)} + {self.row(SIZE)} * {total}")
        self.lines.append("    rhs(w)")
        self.each(f"{self.row(K + stage)} = {self.row(RATE)}")


def _attempt(n: int, lanes: int) -> list[str]:
    """Return a function that tries a step: new states, their rates and errors."""
    o = _Writer(n, lanes)
    o.each_lane(
        f"left = (bound - {o.lane(T)}) - {o.lane(LOW)}",
        f"h = {o.lane(H)} if {o.lane(H)} < left else left",
        f"step = h + {o.lane(LOW)}",
        f"end = {o.lane(T)} + step",
        f"low = step - (end - {o.lane(T)})",
        f"{o.lane(H)} = h",
        f"{o.lane(END)} = end if h < left else bound",
        f"{o.lane(END_LOW)} = low if h < left else 0.0",
        *(f"{o.part(SIZE, i)} = h" for i in range(n)),
    )
    for stage in range(1, STAGES):
        o.stage(stage)
    y, new = o.row(Y), o.row(NEW)
    o.each(
        f"{new} = {y} + {o.row(SIZE)} * {o.sum(tableau.A[STAGES])}",
        f"scale = 1.0 / (atol + rtol * max(abs({y}), abs({new})))",
        f"fifth = scale * {o.sum(tableau.E5)}",
        f"third = scale * {o.sum(tableau.E3)}",
        f"{o.row(FIFTH)} = fifth * fifth",
        f"{o.row(THIRD)} = third * third",
        f"{o.row(OLD)} = {o.row(STATE)}",  # where the last stage was
        f"{o.row(STATE)} = {new}",
    )
    # HNW (1993), Sec. II.5, Eq. (5.18) onwards; three roots are the power 1/8. The order of the
    # comparisons makes an error that is not a number shrink the step.
    o.each_lane(
        f"{o.lane(TIME)} = {o.lane(T)} + {o.lane(H)}",
        f"fifth = {o.over_components(FIFTH)}",
        f"total = {n} * (fifth + 0.01 * {o.over_components(THIRD)})",
        f"error = {o.lane(H)} * fifth / math.sqrt(total + {TINY!r})",
        f"{o.lane(ERROR)} = error",
        f"factor = {step_control.SAFETY!r} / math.sqrt(math.sqrt(math.sqrt(error)))",
        f"factor = factor if factor > {step_control.MIN_FACTOR!r} else {step_control.MIN_FACTOR!r}",
        f"factor = factor if factor < {step_control.MAX_FACTOR!r} else {step_control.MAX_FACTOR!r}",
        f"{o.lane(FACTOR)} = 1.0 if {o.lane(AFTER)} > 0.0 and factor > 1.0 else factor",
    )
    o.lines.append("    rhs(w)")
    o.each(f"{o.row(K + STAGES)} = {o.row(RATE)}")
    o.each_lane(*_boundary(o))
    o.lines.append("    wanted = 0")
    o.each_lane(f"wanted |= 1 if {o.lane(ERROR)} < 1.0 and {o.lane(END)} >= {o.lane(NEXT)} else 0")
    return ["def attempt(rhs, w, rtol, atol, bound):", *o.lines, "    return wanted"]


def _dense(n: int, lanes: int) -> list[str]:
    """Return a function that writes the dense output's coefficients and the old state."""
    o = _Writer(n, lanes)
    for stage in range(STAGES + 1, STAGES_DENSE):
        o.stage(stage)
    o.each(
        *(f"{o.row(DENSE + i)} = {o.row(SIZE)} * {o.sum(row)}" for i, row in enumerate(tableau.P)),
        f"{o.row(OLD)} = {o.row(Y)}",
    )
    return ["def dense(rhs, w):", *o.lines]


def _boundary(o: _Writer) -> list[str]:
    """Return lines that compare h |lambda| with the boundary: the last stage ends at t + h too."""
    last, new, n = K + STAGES - 1, K + STAGES, o.n
    rates = " + ".join(f"({o.part(new, i)} - {o.part(last, i)})**2" for i in range(n))
    states = " + ".join(f"({o.part(NEW, i)} - {o.part(OLD, i)})**2" for i in range(n))
    return [
        f"above = {o.lane(H)} * {o.lane(H)} * ({rates})",
        f"stiff = 1.0 if above > {STIFF_RATIO**2!r} * ({states}) else 0.0",
        f"{o.lane(STIFF)} += stiff if {o.lane(ERROR)} < 1.0 else 0.0",
    ]


def _advance(n: int, lanes: int) -> list[str]:
    """Return a function that moves accepted lanes on; it returns whether one cannot go on."""
    o = _Writer(n, lanes)
    moved = [(T, END), (LOW, END_LOW)]
    o.each_lane(
        f"ok = {o.lane(ERROR)} < 1.0",
        f"{o.lane(PAST)} = {o.lane(T)}",
        f"{o.lane(PAST_LOW)} = {o.lane(LOW)}",
        *(f"{o.lane(a)} = {o.lane(b)} if ok else {o.lane(a)}" for a, b in moved),
        f"{o.lane(H)} = {o.lane(H)} * {o.lane(FACTOR)}",
        f"{o.lane(AFTER)} = 0.0 if ok else 1.0",
        f"{o.lane(STEPS)} += 1.0 if ok else 0.0",
        f"{o.lane(REJECTED)} += 0.0 if ok else 1.0",
        *(f"{o.part(Y, i)} = {o.part(NEW, i)} if ok else {o.part(Y, i)}" for i in range(n)),
        *(f"{o.part(K, i)} = {o.part(K + STAGES, i)} if ok else {o.part(K, i)}" for i in range(n)),
    )
    o.lines.append("    stuck = 0")
    o.each_lane(
        f"small = not {o.lane(H)} >= {LEAST_STEP!r} * abs({o.lane(T)}) + {TINY!r}",
        f"stiff = {o.lane(STIFF)} >= most_stiff + {STIFF_SHARE!r} * {o.lane(STEPS)}",
        f"many = stiff or {o.lane(STEPS)} >= limit",
        f"stuck |= 1 if (small or many) and {o.lane(NEXT)} < math.inf else 0",
    )
    return ["def advance(w, limit, most_stiff):", *o.lines, "    return stuck"]


def _read(n: int, lanes: int) -> list[str]:
    """Return a function that writes the states at the times in the row TIME, from the step's begin.

    HNW (1993), Sec. II.6, Eq. (6.13).
    """
    o = _Writer(n, lanes)
    lines = [f"theta = {o.lane(TIME)} / {o.part(SIZE, 0)}", "rest = 1.0 - theta"]
    for i in range(n):
        inner = o.part(DENSE + 6, i)
        for row in range(5, -1, -1):
            inner = f"({o.part(DENSE + row, i)} + {('theta', 'rest')[(row + 1) % 2]} * {inner})"
        lines.append(f"{o.part(STATE, i)} = {o.part(OLD, i)} + theta * {inner}")
    o.each_lane(*lines)
    return ["def read(w):", *o.lines]


_STEPS = """def steps(rhs, w, rtol, atol, bound, limit, most_stiff, most):
    for _ in range(most):
        wanted = attempt(rhs, w, rtol, atol, bound)
        if wanted:
            dense(rhs, w)
        stuck = advance(w, limit, most_stiff)
        if wanted or stuck:
            return wanted + 2 * stuck
    return 0"""


def text(dimension: int, lanes: int) -> str:
    """Return a module with `steps`, which `sims.integrators.lanes` drives.

    It takes steps, `most` at most, until samples lie in one (1 is returned), a lane cannot go on
    (2), or both (3).
    """
    options = 'error_model="numpy", fastmath={"contract"}'
    functions = (_attempt, _dense, _advance)
    parts = [
        f'"""DOP853 for {lanes} lanes of {dimension} components."""\n',
        "import math\n\nfrom numba import njit\n",
        "from sims.integrators.lanes import RATES, STEPS_TYPE",
        *("\n".join([f"@njit({options})", *each(dimension, lanes)]) for each in functions),
        f"@njit(STEPS_TYPE, cache=True, {options})\n{_STEPS}",
        "\n".join([f"@njit(RATES, cache=True, {options})", *_read(dimension, lanes)]),
    ]
    return "\n\n\n".join(parts) + "\n"
