# mypy: disallow-untyped-defs=False
"""How tangent vectors of a flow stretch along a trajectory, and what volume loses on the way.

dx/dt = f(x);  dQ/dt = J(x) Q;  ds/dt = tr J(x)
After every step Q is made orthonormal again, Q -> Q R^-1, and ln R_ii and s are added up.

Benettin et al. (1980) Meccanica 15, 9; Shimada & Nagashima (1979) Prog. Theor. Phys. 61, 1605.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning

from core.errors import NumericsError
from sims.chaos import generate, switching
from sims.chaos.system import System
from sims.integrators import compiled, compiled_sums, step_control, tableau
from sims.integrators.compiled import RIGHT_HAND_SIDE, T
from sims.integrators.dop853_batch import Control

RTOL = ATOL = 1e-8  # of a step; the exponents' own statistical error is far above
JUMPING = 5.0  # times a period, at least, are the vectors of a flow that jumps orthonormalised
_AT_ONCE = 1024  # stretches held at once
_PAUSE = 2000  # steps between two looks at the keyboard
_ARRIVED, _PAUSED, _COLLAPSED, _LOST = 0, 1, 2, 3
_ROW = types.float64[::1]
_TABLE = types.float64[:, ::1]


@njit
def orthonormalise(q, rate, logarithms, d):
    """Make the columns of Q (d, d) orthonormal, move their rates along, add up ln R_ii.

    Modified Gram-Schmidt; both are stored row by row, behind the state. A map's have no rates: none
    are given. False if a column is lost.
    """
    moved = rate.size > 0
    for i in range(d):
        for j in range(i):
            overlap = 0.0
            for row in range(d):
                overlap += q[row * d + j] * q[row * d + i]
            for row in range(d):
                q[row * d + i] -= overlap * q[row * d + j]
                if moved:
                    rate[row * d + i] -= overlap * rate[row * d + j]
        square = 0.0
        for row in range(d):
            square += q[row * d + i] * q[row * d + i]
        length = math.sqrt(square)
        if not (length > 0.0 and math.isfinite(length)):
            return False
        logarithms[i] += math.log(length)
        for row in range(d):
            q[row * d + i] /= length
            if moved:
                rate[row * d + i] /= length
    return True


@njit
def _follow(rhs, d, ends, done, scalars, counts, y, y_old, dense, k, work, growth):
    """Fill the rows of `growth` from number `done` on, one for each time of `ends`.

    A row holds the time reached, the sum of tr J and the sums of ln R_ii.
    """
    never, unused = np.full(1, np.inf), np.empty((1, y.size))
    volume = d + d * d
    for _ in range(_PAUSE):
        before = counts[compiled.STEPS]
        compiled._run(
            rhs, never, 0, 1, scalars, counts, y, y_old, dense, k, work, unused
        )  # one step, or one that is refused
        if counts[compiled.STATUS] == _COLLAPSED:
            return done
        if counts[compiled.STEPS] == before:
            continue
        growth[done, 1] += y[volume]
        y[volume] = 0.0
        if not orthonormalise(y[d:volume], k[0, d:volume], growth[done, 2:], d):
            counts[compiled.STATUS] = _LOST
            return done
        while done < ends.size and scalars[T] >= ends[done]:
            growth[done, 0] = scalars[T]  # of what one step passes, the first has all the growth
            done += 1
        if done == ends.size:
            counts[compiled.STATUS] = _ARRIVED
            return done
    counts[compiled.STATUS] = _PAUSED
    return done


def _cached(version: str):
    ints = types.int64[::1]

    @njit(
        types.int64(
            *(RIGHT_HAND_SIDE, types.int64, _ROW, types.int64, _ROW, ints),
            *(_ROW, _ROW, _TABLE, _TABLE, _ROW, _TABLE),
        ),
        cache=True,
    )
    def follow(rhs, d, ends, done, scalars, counts, y, y_old, dense, k, work, growth):
        version  # noqa: B018  (see compiled.fingerprint)
        return _follow(rhs, d, ends, done, scalars, counts, y, y_old, dense, k, work, growth)

    return follow


with warnings.catch_warnings():
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    _run_on = _cached(compiled.fingerprint(compiled, compiled_sums, step_control, tableau))


@dataclass(frozen=True)
class Stretch:
    """Growth of the tangent vectors, and of volume, over a piece of a trajectory.

    time        when it ended; duration of it
    logarithms  (d,) sums of ln |R_ii|, the first for the fastest direction
    divergence  integral of tr J over it, of a map sum of ln |det J|, where known; else NaN
    """

    time: float
    duration: float
    logarithms: np.ndarray
    divergence: float = math.nan


@dataclass(frozen=True)
class Tangent:
    """A flow and a point of it, whose tangent vectors `analysis.dynamics` can follow.

    initial     (d,) where the trajectory begins; the catalogue's point if None
    rtol, atol  error per step, of the state and of the tangent vectors
    vectors     of a flow that jumps, how many are followed; all d if None
    """

    system: System
    initial: np.ndarray | None = None
    rtol: float = RTOL
    atol: float = ATOL
    vectors: int | None = None

    def stretches(self, duration: float, interval: float) -> Iterator[Stretch]:
        """Yield the growth over pieces of about `interval`, each ending where a step ends.

        A step that is longer than the interval is one piece.

        Raises NumericsError that names the system if its step size collapses, or if the vectors
        vanish or grow past all bounds within one step.
        """
        system, d = self.system, self.system.dimension
        x0 = np.asarray(system.initial_condition if self.initial is None else self.initial)
        if switching.jumps(system):
            yield from self._jumping(x0.astype(float), duration, interval)
            return
        y0 = np.concatenate([x0.astype(float), np.eye(d).ravel(), [0.0]])
        rhs, control = generate.compiled(system, "tangent"), Control(self.rtol, self.atol)
        try:
            lane = compiled.start(rhs, y0, 0.0, generate.work(system), control)
        except NumericsError as problem:
            raise NumericsError(f"{system.name}: {problem}") from None
        count = max(math.ceil(duration / interval - 1e-9), 1)
        ends, before = np.arange(1, count + 1) * (duration / count), 0.0
        for first in range(0, count, _AT_ONCE):
            part = ends[first : first + _AT_ONCE]
            for row in _grown(lane, system, part):
                if row[0] > before:
                    yield Stretch(row[0], row[0] - before, row[2:].copy(), row[1])
                before = row[0]

    def _jumping(self, x0: np.ndarray, duration: float, interval: float) -> Iterator[Stretch]:
        """Yield likewise of a flow that jumps, in pieces that end at its jumps as well."""
        from sims.chaos import switched  # loads SciPy

        step = min(interval, self.system.period / JUMPING)
        try:
            for found in switched.stretches(
                self.system, duration, x0, step, self.rtol, self.atol, self.vectors
            ):
                yield Stretch(*found)
        except NumericsError as problem:
            raise NumericsError(f"{self.system.name}: {problem}") from None


def _grown(lane: compiled.Trajectory, system: System, ends: np.ndarray) -> np.ndarray:
    """Return time, sum of tr J and sums of ln R_ii for each of `ends`: (E, 2 + d)."""
    growth = np.zeros((len(ends), 2 + system.dimension))
    arrays = (lane.scalars, lane.counts, lane.y, lane.y_old, lane.dense, lane.k, lane.work)
    done = 0
    while done < len(ends):  # the interpreter looks after signals between two calls
        done = _run_on(lane.rhs, system.dimension, ends, done, *arrays, growth)
        t, status = float(lane.scalars[T]), lane.counts[compiled.STATUS]
        if status == _COLLAPSED:
            advice = lane.control.advice
            raise NumericsError(f"{system.name}: step size collapsed at t = {t:g}; {advice}")
        if status == _LOST:
            raise NumericsError(f"{system.name}: tangent vectors are lost at t = {t:g}")
    return growth
