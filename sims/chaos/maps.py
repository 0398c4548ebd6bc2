# mypy: disallow-untyped-defs=False
"""Orbits of a map, and how its tangent vectors stretch along them.

x(n + 1) = f(x(n));  Q(n + 1) R(n + 1) = J(x(n)) Q(n),  made orthonormal at every iteration

The functions that `generate` compiles for a flow serve here as they are: what was the rate is the
next state. The loops know them by their type alone and are compiled once for all maps.
"""

import hashlib
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning

from core.errors import ConfigError, NumericsError
from sims.chaos import generate, tangent, words
from sims.chaos.system import System
from sims.chaos.tangent import Stretch, orthonormalise
from sims.integrators.compiled import RIGHT_HAND_SIDE, fingerprint

PAUSE = 1_000_000  # iterations between two looks at the keyboard
FAR = 1e150  # a state beyond it has blown up
_WHOLE = 1e-9  # what is nearer than that to a whole number is one
_DONE, _BLOWN_UP, _LOST = 0, 1, 2


@njit
def _next(f, n, y, out, work, code, base, seed, bits):
    """Write f(y), and what words tell better, into out; False if it has blown up."""
    f(0, float(n), 0.0, y, out, work)
    if code != words.NONE:
        words.step(code, base, bits, words.fresh(seed, n))
        words.read(bits, out)


@njit
def _sane(y, d):
    largest = 0.0
    for i in range(d):
        largest = max(largest, abs(y[i]) if y[i] == y[i] else math.inf)
    return largest < FAR


@njit
def _iterate(f, marks, done, pause, n, y, out, work, code, base, seed, bits, frames):
    """Fill the frames from number `done` on; return (done, n, status) after `pause` iterations."""
    d = y.size
    for _ in range(pause):
        while done < marks.size and marks[done] == n:
            for i in range(d):
                frames[done, i] = y[i]
            done += 1
        if done == marks.size:
            break
        _next(f, n, y, out, work, code, base, seed, bits)
        n += 1
        for i in range(d):
            y[i] = out[i]
        if not _sane(y, d):
            return done, n, _BLOWN_UP
    return done, n, _DONE


@njit
def _stretch(f, d, interval, n, y, out, work, code, base, seed, bits, logarithms):
    """Fill the rows of logarithms (m, d), each over `interval` iterations; return (n, status)."""
    nothing = y[:0]  # to move along with the vectors
    for row in range(logarithms.shape[0]):
        for _ in range(interval):
            _next(f, n, y, out, work, code, base, seed, bits)
            n += 1
            for i in range(y.size):
                y[i] = out[i]
            if not _sane(y, d):
                return n, _BLOWN_UP
            if not orthonormalise(y[d:], nothing, logarithms[row], d):
                return n, _LOST
    return n, _DONE


def _cached(version: str) -> tuple[Any, Any]:
    row, table = types.float64[::1], types.float64[:, ::1]
    integer, word = types.int64, types.uint64
    scheme = (integer, word, word, types.uint64[::1])
    state = (integer, row, row, row)

    @njit(
        types.Tuple((integer, integer, integer))(
            RIGHT_HAND_SIDE, types.int64[::1], integer, integer, *state, *scheme, table
        ),
        cache=True,
    )
    def iterate(f, marks, done, pause, n, y, out, work, code, base, seed, bits, frames):
        version  # noqa: B018  (see fingerprint)
        return _iterate(f, marks, done, pause, n, y, out, work, code, base, seed, bits, frames)

    @njit(
        types.Tuple((integer, integer))(RIGHT_HAND_SIDE, integer, integer, *state, *scheme, table),
        cache=True,
    )
    def stretch(f, d, interval, n, y, out, work, code, base, seed, bits, logarithms):
        version  # noqa: B018
        return _stretch(f, d, interval, n, y, out, work, code, base, seed, bits, logarithms)

    return iterate, stretch


with warnings.catch_warnings():  # functions as arguments are experimental: the tests watch them
    warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
    iterate, stretch = _cached(fingerprint(tangent, words))


def _whole(times: np.ndarray, system: System) -> np.ndarray:
    """Return times as numbers of iterations, or raise ConfigError."""
    times = np.atleast_1d(np.asarray(times, dtype=float))
    rounded = np.rint(times)
    if not (np.abs(times - rounded) <= _WHOLE * np.maximum(1.0, np.abs(times))).all():
        first = times[np.abs(times - rounded) > _WHOLE * np.maximum(1.0, np.abs(times))][0]
        raise ConfigError(
            f"{system.name}: a map has no state at t = {first:g}; its time counts iterations"
        )
    if (np.diff(rounded) < 0).any():
        raise ValueError("times: must rise")
    return rounded.astype(np.int64)


def _start(system: System, initial: Any, seed: int) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return the first state, and what says how it is stepped: (code, slope, seed, words)."""
    x0 = np.array(system.initial_condition if initial is None else initial, dtype=float)
    if x0.shape != (system.dimension,):
        raise ValueError(f"initial: {system.name} has {system.dimension} variables")
    code, base = words.scheme(system)
    count = words.COUNT[code]
    if ((x0[:count] < 0) | (x0[:count] >= 1)).any():
        raise ConfigError(f"{system.name}: initial: must be from 0 to 1, 1 left out")
    # other starts draw other digits: with the same ones, all orbits would be one after 64 steps
    told = hashlib.sha256(b"%d " % seed + x0.tobytes()).digest()
    key = int.from_bytes(told[:8], "little")
    return x0, (code, np.uint64(base), np.uint64(key), words.filled(x0[:count], key))


def _fail(system: System, status: int, n: int) -> None:
    if status == _BLOWN_UP:
        raise NumericsError(f"{system.name}: has blown up at iteration {n}")
    if status == _LOST:
        raise NumericsError(f"{system.name}: tangent vectors are lost at iteration {n}")


def trajectory(
    system: System, times: np.ndarray, initial: np.ndarray | None = None, *, seed: int = 0
) -> np.ndarray:
    """Return the states (T, d) at the iterations `times` (T,), from `initial` (d,) at times[0].

    times    whole numbers, rising; they need not be neighbours
    initial  (d,), or the catalogue's point
    seed     of the digits below the 53rd, of maps that are stepped in words; see `words`

    Raises NumericsError that names the system and the iteration if it blows up, ConfigError for
    times between two iterations.
    """
    marks = _whole(times, system)
    y, (code, base, key, bits) = _start(system, initial, seed)
    function, work = generate.compiled(system), generate.work(system)
    frames, out = np.empty((len(marks), y.size)), np.empty(y.size)
    done, n = 0, int(marks[0])
    while done < len(marks):
        done, n, status = iterate(
            function, marks, done, PAUSE, n, y, out, work, code, base, key, bits, frames
        )
        _fail(system, status, n)
    return frames


def stretches(
    system: System,
    duration: float,
    initial: np.ndarray | None = None,
    *,
    interval: float = 1,
    seed: int = 0,
) -> Iterator[Stretch]:
    """Yield how tangent vectors grow along an orbit, `interval` iterations at a time.

    They are made orthonormal at every iteration, in compiled code; interval only says over how
    many the growth is added up before it is told.

    Raises NumericsError if the map blows up, or takes a tangent vector to 0.
    Eckmann & Ruelle (1985) Rev. Mod. Phys. 57, 617, Sec. V.C.
    """
    d = system.dimension
    each = max(1, round(interval))
    x0, (code, base, key, bits) = _start(system, initial, seed)
    y = np.concatenate([x0, np.eye(d).ravel(), [0.0]])  # the last is for the trace of J
    function, work = generate.compiled(system, "tangent"), generate.work(system)
    out, n, left = np.empty(y.size), 0, int(duration // each)
    while left > 0:
        rows = np.zeros((min(left, max(1, PAUSE // each)), d))
        begun = n
        n, status = stretch(function, d, each, n, y, out, work, code, base, key, bits, rows)
        _fail(system, status, n)
        for k, row in enumerate(rows):
            end = float(begun + (k + 1) * each)
            yield Stretch(end, float(each), row, float(row.sum()))
        left -= len(rows)


@dataclass(frozen=True)
class Tangent:
    """A map and a point of it, whose tangent vectors `analysis.dynamics` can follow."""

    system: System
    initial: np.ndarray | None = None
    seed: int = 0

    def stretches(self, duration: float, interval: float) -> Iterator[Stretch]:
        """Yield as `stretches` does."""
        return stretches(self.system, duration, self.initial, interval=interval, seed=self.seed)
