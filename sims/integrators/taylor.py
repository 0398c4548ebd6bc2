"""Taylor's method for many small states at once: steps and samples as instructions of `vectors`.

    y(t + h) = sum_k y_k h^k,  y_{k+1} = f(y)_k/(k + 1),  k < p

The order p follows from the tolerance, and the step from the last two coefficients: the last but
one would leave an error of the tolerance, the last of e^-2 of it. No step is refused. The layout of
a block is that of `lane_layout`, the coefficients from the first on in the rows from DENSE.

Jorba & Zou (2005) Exp. Math. 14, 99, Eqs. (3.5) to (3.8). Importing this module imports Numba.
"""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]

from sims.integrators import elementary, lane_layout
from sims.integrators.jets import Jet, Jets, Term
from sims.integrators.lane_layout import (
    DENSE,
    LEAST_STEP,
    LOW,
    NEXT,
    OLD,
    PAST,
    PAST_LOW,
    ROWS,
    STATE,
    STEPS,
    TIME,
    TINY,
    H,
    T,
    Y,
)
from sims.integrators.vectors import Block, Lanes, emitted, where

MOST = ROWS - DENSE  # coefficients for which there are rows
SMALLEST = 1e-200  # a coefficient of this size counts as none: the step stays finite
Rates = Callable[[Jets, Any, list[Jet], list[Jet]], list[Jet]]


def order(tolerance: float) -> int:
    """Return the order that needs the least work: Jorba & Zou (2005), Eq. (3.8)."""
    return min(MOST, max(3, math.ceil(1.0 - 0.5 * math.log(max(tolerance, 1e-300)))))


def _largest(parts: list[Lanes]) -> Lanes:
    """Return the largest, or not a number if one is none."""
    found = parts[0]
    for part in parts[1:]:
        found = found.block.call("maximum", found, part)
    return found


def _root(x: Lanes, k: int) -> Lanes:
    """Return x^(-1/k) to one per cent: bits of a number are its logarithm, nearly."""
    builder, w = x.block.builder, x.block
    bits = Lanes(w, builder.sitofp(x.bits(), x.value.type))
    power = (bits * 2.0**-elementary.MANTISSA - elementary.BIAS) * (-1.0 / k)
    whole = elementary.floor(power)
    rest = power - whole
    shifted = (whole + (elementary.SHIFT + elementary.BIAS)).bits()
    width = w.constant(ir.IntType(64), elementary.MANTISSA)
    scale = Lanes(w, builder.bitcast(builder.shl(shifted, width), x.value.type))
    return (scale * (1.0 + rest * (0.65625 + rest * 0.34375))).rounded() + 0.0 * x


class _Step:
    """What writes a step of `dimension` components to order p, for `lanes` lanes."""

    def __init__(self, rates: Rates, dimension: int, p: int, lanes: int, parameters: int) -> None:
        self.rates, self.n, self.p, self.lanes, self.count = rates, dimension, p, lanes, parameters

    def place(self, row: int, component: int) -> int:
        return lane_layout.place(row, component, self.n, self.lanes)

    def coefficients(self, w: Block) -> list[list[Term]]:
        """Return y_0 .. y_p of each component."""
        jets, found = Jets(w), []
        first = lane_layout.parameters_at(self.n, self.lanes)
        given = [jets.constant(w[first + self.lanes * i]) for i in range(self.count)]
        rates: list[Jet] = []
        for i in range(self.n):
            start = w[self.place(Y, i)]

            def find(own: Jet, k: int, i: int = i, start: Lanes = start) -> Term:
                if k == 0:
                    return start
                slope = rates[i].term(k - 1)
                return None if slope is None else slope * (1.0 / k)

            found.append(Jet(jets, find))
        rates += self.rates(jets, jets.time(w[self.lanes * T]), found, given)
        for k in range(self.p + 1):
            for each in found:
                each.term(k)
        return [each.terms for each in found]

    def size(self, w: Block, found: list[list[Term]], rtol: Lanes, atol: Lanes) -> Lanes:
        """Return the step that the last two coefficients allow; not a number if one is none."""
        sizes = []
        for k, weight in ((self.p - 1, 1.0), (self.p, math.exp(2.0))):
            parts = [w.number(SMALLEST)]
            for i in range(self.n):
                scale = atol + rtol * abs(w.of(found[i][0] or 0.0))
                term = found[i][k]
                if term is not None:
                    parts.append(abs(term) * weight / scale)
            sizes.append(_root(_largest(parts), k))
        return elementary.minimum(*sizes) * math.exp(-0.7 / (self.p - 1))

    def write(
        self, w: Block, rtol: Lanes, atol: Lanes, bound: Lanes, limit: Lanes
    ) -> tuple[Any, Any]:
        """Write a step; return where samples lie in it, and where a lane cannot go on."""
        lanes, n = self.lanes, self.n
        t, low = w[lanes * T], w[lanes * LOW]
        found = self.coefficients(w)
        wished = self.size(w, found, rtol, atol)
        left = (bound - t) - low
        ok, whole = wished > 0.0, wished < left
        h = where(whole, wished, left)
        step = h + low
        end = t + step
        time = where(ok, where(whole, end, bound), t)
        w.keep({PAST: t, PAST_LOW: low})
        w[lanes * T] = time
        w[lanes * LOW] = where(ok, where(whole, step - (end - t), 0.0), low)
        w[lanes * H] = wished
        steps = w[lanes * STEPS] + 1.0
        w[lanes * STEPS] = steps
        for i in range(n):
            start = w.of(found[i][0] or 0.0)
            w[self.place(OLD, i)] = start
            for k in range(1, self.p + 1):
                w[self.place(DENSE + k - 1, i)] = w.of(found[i][k] or 0.0)
            w[self.place(Y, i)] = where(ok, _horner(found[i], h), start)
        small = w.builder.not_(wished >= LEAST_STEP * abs(time) + TINY)
        busy = w[lanes * NEXT] < math.inf
        stuck = w.builder.and_(w.builder.or_(small, steps >= limit), busy)
        return time >= w[lanes * NEXT], stuck

    def read(self, w: Block) -> None:
        """Write the states at the times in the row TIME, counted from the last step's begin."""
        elapsed = w[self.lanes * TIME]
        for i in range(self.n):
            rows = [OLD, *range(DENSE, DENSE + self.p)]
            w[self.place(STATE, i)] = _horner([w[self.place(row, i)] for row in rows], elapsed)


def _horner(terms: list[Term], h: Lanes) -> Lanes:
    """Return the sum of a series."""
    found = h.block.of(terms[-1] or 0.0)
    for term in terms[-2::-1]:
        found = found * h if term is None else found * h + term
    return found


def step(rates: Rates, dimension: int, p: int, lanes: int, parameters: int) -> Any:
    """Return what Numba compiles to a step, a function of w, rtol, atol, bound and limit.

    rates       (jets, t, variables, parameters) -> the jets of the right-hand sides
    p           its order
    parameters  their number

    It returns 1 if samples lie in the step, plus 2 if a lane cannot go on.
    """
    return emitted(_Step(rates, dimension, p, lanes, parameters).write, lanes, 4)


def reading(dimension: int, p: int, lanes: int) -> Any:
    """Return what Numba compiles to the reading of samples, a function of w."""
    return emitted(_Step(lambda *_: [], dimension, p, lanes, 0).read, lanes)


def text(dimension: int, p: int, lanes: int, version: str) -> str:
    """Return a module with `read`, which `sims.integrators.lanes` calls."""
    return f'''"""Taylor series of order {p} for {lanes} lanes of {dimension} components."""

from numba import njit

from sims.integrators import taylor  # {version}
from sims.integrators.lanes import RATES

reading = taylor.reading({dimension}, {p}, {lanes})


@njit(RATES, cache=True)
def read(w):
    reading(w)
'''
