"""Flows with additive noise in the equations (Itô): Runge-Kutta of strong order 1.5.

dx_i = f_i(x) dt + s_i dW_i
"""

import math
from functools import cache
from typing import Any

import numpy as np

from core.errors import NumericsError
from sims.chaos import generate
from sims.chaos.system import System

ACCURACY = 0.01  # error of the equations from sample to sample, by what the noise does meanwhile
MOST = 4096  # steps between two samples
TRIED = 512  # samples, to find how many steps are needed
PIECE = 256  # samples whose noise is held at once
_ROOT_3 = math.sqrt(3.0)


def increments(
    draw: np.random.Generator, steps: int, d: int, h: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return W(h) and (1/h) times the integral of W over a step: (steps, d) each.

    The second is W(h)/2 + sqrt(h/12) g, g independent of W(h).
    """
    g = draw.standard_normal((steps, 2, d))
    w = math.sqrt(h) * g[:, 0]
    return w, 0.5 * (w + math.sqrt(h) / _ROOT_3 * g[:, 1])


def step(rate: Any, t: float, h: float, x: Any, w: Any, i: Any, s: Any) -> Any:
    """Return the state a step later: the array twin of the compiled loop.

    rate  (x, t) -> dx/dt;  x, w, i, s  (..., d), w and i as `increments` gives them

    The classical Runge-Kutta step with its two middle stages moved by (3/2) s i: with b their
    coefficients of s i, sum of (weight b) = 1 gives f' s times the integral of W, and sum of
    (weight b^2) = 3/2 gives f'' s^2 h^2/4 in the mean, which make the strong order 1.5, and 4
    without noise. The conditions are those of Rossler (2010) SIAM J. Numer. Anal. 48, 922.
    """
    aside = 1.5 * s * i
    k1 = rate(x, t)
    k2 = rate(x + 0.5 * h * k1 + aside, t + 0.5 * h)
    k3 = rate(x + 0.5 * h * k2 + aside, t + 0.5 * h)
    k4 = rate(x + h * k3, t + h)
    return x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4) + s * w


@cache
def _compiled() -> Any:
    import warnings

    from numba import njit, types
    from numba.core.errors import NumbaExperimentalFeatureWarning

    from sims.integrators.compiled import RIGHT_HAND_SIDE

    row, table = types.float64[::1], types.float64[:, ::1]

    def run(rhs, marks, h, steps, x, starts, w, i, s, work, k, out):  # type: ignore[no-untyped-def]
        d, mid = x.size, k[4]
        for m in range(marks.size):
            if starts.shape[0] > 0:
                x[:] = starts[m]
            for n in range(steps):
                t, at = marks[m] + n * h, (m * steps + n) % w.shape[0]
                rhs(0, t, h, x, k[0], work)
                for j in range(d):
                    mid[j] = x[j] + 0.5 * h * k[0, j] + 1.5 * s[j] * i[at, j]
                rhs(0, t + 0.5 * h, h, mid, k[1], work)
                for j in range(d):
                    mid[j] = x[j] + 0.5 * h * k[1, j] + 1.5 * s[j] * i[at, j]
                rhs(0, t + 0.5 * h, h, mid, k[2], work)
                for j in range(d):
                    mid[j] = x[j] + h * k[2, j]
                rhs(0, t + h, h, mid, k[3], work)
                for j in range(d):
                    slope = k[0, j] + 2.0 * k[1, j] + 2.0 * k[2, j] + k[3, j]
                    x[j] += h / 6.0 * slope + s[j] * w[at, j]
            out[m] = x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        signature = types.void(
            *(RIGHT_HAND_SIDE, row, types.float64, types.int64, row, table, table, table),
            *(row, row, table, table),
        )
        return njit(signature, cache=True)(run)


def advance(
    system: System,
    marks: np.ndarray,
    h: float,
    steps: int,
    x: np.ndarray,
    increments: tuple[np.ndarray, np.ndarray],
    s: np.ndarray,
) -> np.ndarray:
    """Return the states (n, d) `steps` steps h after each of the times `marks` (n,), compiled.

    x           (d,) the state at the first of them; or (n, d), a state at each
    increments  w and i (n steps, d); fewer of them are used again and again
    """
    d, several = system.dimension, np.ndim(x) == 2
    starts = np.ascontiguousarray(x, dtype=float) if several else np.empty((0, d))
    state, out = np.empty(d) if several else np.array(x, dtype=float), np.empty((len(marks), d))
    tables = [np.ascontiguousarray(each) for each in increments]
    _compiled()(
        generate.compiled(system), np.ascontiguousarray(marks, dtype=float), h, steps, state,
        starts, *tables, np.ascontiguousarray(s, dtype=float), generate.work(system),
        np.empty((5, d)), out,
    )  # fmt: skip
    return out


def substeps(
    system: System, times: np.ndarray, states: np.ndarray, spread: np.ndarray, noise: float
) -> int:
    """Return the steps from sample to sample that are fine enough for noise of this strength.

    states  (T, d) of a noiseless trajectory; at most 512 of its samples are tried, each on its own
    spread  (d,) of the components
    noise   what it adds from sample to sample, in units of `spread`

    From each to the next, the error without noise is a hundredth of it (RMS) in each component.

    Raises NumericsError if 4096 steps are not enough.
    """
    chosen = np.unique(np.linspace(0, len(times) - 2, TRIED).astype(int))
    gap, none = times[1] - times[0], np.zeros((1, system.dimension))
    scale = np.where(spread > 0, spread, np.inf)
    n = 1
    while n <= MOST:
        found = advance(system, times[chosen], gap / n, n, states[chosen], (none, none), none[0])
        with np.errstate(over="ignore", invalid="ignore"):  # steps too large may end anywhere
            wrong = np.sqrt(np.mean(((found - states[chosen + 1]) / scale) ** 2, axis=0))
        if np.max(wrong) <= ACCURACY * noise:
            return n
        n *= 2
    raise NumericsError(
        f"{system.name}: too stiff for dynamical noise: {MOST} steps from sample to sample are "
        "too few; ask for more points_per_period"
    )


def trajectory(
    system: System,
    times: np.ndarray,
    start: np.ndarray,
    strength: np.ndarray,
    steps: int,
    draw: np.random.Generator,
) -> np.ndarray:
    """Return a noisy trajectory (T, d) from a start (d,).

    times     (T,) equally spaced
    strength  (d,) s_i, in the units of x_i per square root of time
    steps     from sample to sample

    Raises NumericsError that says when it was lost.
    """
    pieces, h = [np.array(start, dtype=float)[None]], (times[1] - times[0]) / steps
    for first in range(0, len(times) - 1, PIECE):
        marks = times[:-1][first : first + PIECE]
        moved = increments(draw, len(marks) * steps, system.dimension, h)
        pieces.append(advance(system, marks, h, steps, pieces[-1][-1], moved, strength))
    found = np.concatenate(pieces)
    if not np.isfinite(found).all():
        first = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise NumericsError(f"{system.name}: not finite at t = {times[first]:g}; it has blown up")
    return found
