"""Trajectories of a delay equation by the method of steps, and how its tangent vectors stretch.

dx/dt = f(x(t), x(t - tau));  dQ/dt = df/dx Q(t) + df/dx_tau Q(t - tau)

A state is a stretch of history: the tangent vectors, as functions over the longest delay, are made
orthonormal again and again.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import NumericsError
from sims.chaos import delay_code, generate
from sims.chaos import delay_kernel as kernel
from sims.chaos.history import NODES, TERMS, History, fitted, history, lengths
from sims.chaos.system import System
from sims.chaos.tangent import Stretch
from sims.integrators.dop853_batch import ADVICE, MAX_STEPS, SMALLEST

PAUSE = 2000  # steps between two looks at the keyboard
ROOM = 1024  # pieces of history for which there is room at first
POINTS = 64  # of the history, at which tangent vectors are compared


@dataclass
class _Lane:
    """A solution on its way, with what it remembers; arrays as in `delay_kernel`."""

    system: System
    function: Any
    scalars: np.ndarray
    counts: np.ndarray
    y: np.ndarray
    k: np.ndarray
    work: np.ndarray
    delays: np.ndarray
    cursors: np.ndarray
    starts: np.ndarray
    spans: np.ndarray
    pieces: np.ndarray
    breaks: np.ndarray

    def _past(self) -> tuple[np.ndarray, ...]:
        return (self.work, self.delays, self.cursors, self.starts, self.spans, self.pieces)

    def run(self, marks: np.ndarray) -> np.ndarray:
        """Return the states (T, n) at the times `marks` (T,), rising.

        Raises NumericsError if the step size collapses.
        """
        frames = np.empty((len(marks), self.y.size))
        done, name = 0, self.system.name
        while True:
            done = kernel.run_until(
                self.function, marks, done, PAUSE, self.scalars, self.counts, self.y, self.k,
                *self._past(), self.breaks, frames,
            )  # fmt: skip
            t, status = self.scalars[kernel.T], self.counts[kernel.STATUS]
            if status == kernel.ARRIVED:
                return frames
            if status == kernel.COLLAPSED:
                raise NumericsError(f"{name}: step size collapsed at t = {t:g}; {ADVICE}")
            if status == kernel.FULL:
                self._forget()
            if self.counts[kernel.STEPS] >= MAX_STEPS:
                raise NumericsError(f"{name}: more than {MAX_STEPS} steps at t = {t:g}")

    def _first_needed(self, now: float) -> int:
        """Return the number of the first piece that reaches into the longest delay before now."""
        count = int(self.counts[kernel.PIECES])
        oldest = now - self.delays.max() * (1 + 1e-9)
        return max(0, int(np.searchsorted(self.starts[:count], oldest, side="right")) - 1)

    def _forget(self) -> None:
        """Drop the pieces that nothing looks up any more; make room if most are needed."""
        count = int(self.counts[kernel.PIECES])
        first = self._first_needed(float(self.scalars[kernel.T]))
        kept = count - first
        size = len(self.starts) * (2 if 2 * kept > len(self.starts) else 1)
        for name in ("starts", "spans", "pieces"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]))
            new[:kept] = old[first:count]
            setattr(self, name, new)
        self.counts[kernel.PIECES] = kept
        self.cursors[...] = np.maximum(self.cursors - first, 0)

    def history(self, end: float) -> History:
        """Return what is needed to go on from a time within the last step."""
        count, first = int(self.counts[kernel.PIECES]), self._first_needed(end)
        part = slice(first, count)
        return History(
            self.starts[part].copy(), self.spans[part].copy(), self.pieces[part].copy(), end,
            self.breaks[self.breaks > end],
        )  # fmt: skip


def _start(
    system: System, name: str, past: History, rtol: float, atol: float, fixed_step: float | None
) -> _Lane:
    n, delays = past.coefficients.shape[2], lengths(system)
    scalars, counts = np.zeros(kernel.SCALARS), np.zeros(kernel.COUNTS, dtype=np.int64)
    scalars[[kernel.T, kernel.H]] = past.end, fixed_step or 0.0
    scalars[[kernel.RTOL, kernel.ATOL]] = rtol, max(atol, SMALLEST)
    scalars[[kernel.PREVIOUS, kernel.LONGEST]] = 1e-4, delays.min()
    pieces = len(past.starts)
    counts[[kernel.PIECES, kernel.PAST]] = pieces, delay_code.offset(system)
    counts[kernel.FIXED] = fixed_step is not None
    room = pieces + ROOM
    starts, spans = np.zeros(room), np.zeros(room)
    kept = np.zeros((room, TERMS, n))
    starts[:pieces], spans[:pieces], kept[:pieces] = past.starts, past.spans, past.coefficients
    work = np.concatenate([generate.work(system), np.zeros(n * len(delays))])
    lane = _Lane(
        system, delay_code.compiled(system, name), scalars, counts, past.at(past.end)[0],
        np.zeros((kernel.ROWS, n)), work, delays, np.zeros(len(delays), dtype=np.int64),
        starts, spans, kept, past.breaks,
    )  # fmt: skip
    if not kernel.begin(lane.function, scalars, counts, lane.y, lane.k, *lane._past()):
        raise NumericsError(f"{system.name}: the rate at t = {past.end:g} is not finite; {ADVICE}")
    return lane


def follow(
    system: System,
    times: np.ndarray,
    initial: Any = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    fixed_step: float | None = None,
) -> tuple[np.ndarray, History]:
    """Return the states (T, d) at `times` (T,), and the history with which to go on from the last.

    times       rising; the first is the present of the history
    initial     (d,) a state that has held for ever, a function of the time that gives (d,),
                (times, states) to be joined by a cubic spline, or a History; the catalogue's point
                if nothing is given. See `history.history`
    rtol, atol  error per step; the steps do not depend on `times`
    fixed_step  take steps of this size, whatever the error

    Raises ConfigError if a delay is longer than the history, NumericsError that names the system
    if its step size collapses.
    """
    times = np.ascontiguousarray(times, dtype=float)
    if (np.diff(times) < 0).any():
        raise ValueError("times: must rise")
    past = history(system, initial, float(times[0]))
    lane = _start(system, "rhs", past, rtol, atol, fixed_step)
    found = lane.run(times)
    return found, lane.history(float(times[-1]))


def trajectory(system: System, times: np.ndarray, initial: Any = None, **control: Any) -> Any:
    """Return the states (T, d) at `times` (T,), as `follow` does."""
    return follow(system, times, initial, **control)[0]


def _disturbed(system: System, past: History, count: int) -> History:
    """Return a history with `count` tangent vectors (d, count) behind the state, row by row.

    They begin as constants and as cosines over the longest delay, one after another.
    """
    d, reach = system.dimension, float(lengths(system).max())
    t = past.starts[:, None] + past.spans[:, None] * NODES - past.end
    extra = np.zeros((*t.shape, d, count))
    for c in range(count):
        extra[:, :, c % d, c] = np.cos(math.pi * (c // d) * t / reach)
    added = fitted(extra.reshape(*t.shape, d * count))
    return replace(past, coefficients=np.concatenate([past.coefficients, added], axis=2))


def _orthonormalise(lane: _Lane, d: int, count: int) -> np.ndarray:
    """Make the tangent vectors orthonormal as functions; return ln of the diagonal of R.

    The product of two is that of their present values plus the mean over the longest delay.
    """
    now = float(lane.scalars[kernel.T])
    past = lane.history(now)
    t = now - lane.delays.max() * (np.arange(POINTS) + 0.5) / POINTS
    values = past.at(t)[:, d:].reshape(-1, count) / math.sqrt(POINTS)
    table = np.vstack([lane.y[d:].reshape(d, count), values])
    r = np.linalg.qr(table, mode="r")
    diagonal = np.abs(np.diagonal(r))
    if not (np.isfinite(diagonal).all() and diagonal.min() > 0):
        raise NumericsError(f"{lane.system.name}: tangent vectors are lost at t = {now:g}")
    back = np.linalg.inv(r)
    used = int(lane.counts[kernel.PIECES])
    for array in (lane.y, lane.k[0], lane.pieces[:used]):
        q = array[..., d:].reshape(*array.shape[:-1], d, count)
        array[..., d:] = (q @ back).reshape(*array.shape[:-1], d * count)
    return np.log(diagonal)


def stretches(
    system: System,
    duration: float,
    initial: Any = None,
    *,
    interval: float,
    count: int = 1,
    rtol: float = 1e-8,
    atol: float = 1e-8,
) -> Iterator[Stretch]:
    """Yield how `count` tangent vectors grow along a trajectory.

    interval  time between two orthonormalisations, to the end of the step then under way
    initial   as `follow` takes it

    A delay equation has infinitely many exponents; the first `count` are followed.
    Farmer (1982) Physica D 4, 366.
    """
    d = system.dimension
    past = _disturbed(system, history(system, initial, 0.0), count)
    lane = _start(system, "tangent", past, rtol, atol, None)
    now = 0.0
    while now < duration:
        lane.run(np.array([now + interval]))
        reached = float(lane.scalars[kernel.T])
        yield Stretch(reached, reached - now, _orthonormalise(lane, d, count))
        now = reached


@dataclass(frozen=True)
class Tangent:
    """A delay system and a history of it, whose tangent vectors `analysis.dynamics` can follow."""

    system: System
    initial: Any = None
    count: int = 1
    rtol: float = 1e-8
    atol: float = 1e-8

    def stretches(self, duration: float, interval: float) -> Iterator[Stretch]:
        """Yield as `stretches` does."""
        return stretches(
            self.system, duration, self.initial, interval=interval, count=self.count,
            rtol=self.rtol, atol=self.atol,
        )  # fmt: skip
