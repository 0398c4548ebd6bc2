"""What a delay equation remembers: the states of a stretch of time, as polynomials in pieces.

x(t_k + theta h_k) = c_0 + theta (c_1 + (1 - theta) (c_2 + theta (c_3 + (1 - theta) (...))))

The form, of degree 7, is that of the dense output of the Dormand-Prince 8(5,3) pair: Hairer,
Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.6.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from core.errors import ConfigError
from sims.chaos.system import System

TERMS = 8
LEVELS = 9  # a break that has been integrated so often is smoother than the method sees
NODES = (1 - np.cos(math.pi * np.arange(TERMS) / (TERMS - 1))) / 2
_MOST = 4096  # pieces of a given function
_CLOSE = 1e-13  # of a piece to its function, against the largest value


def _weights(theta: np.ndarray) -> np.ndarray:
    """Return the weight (..., 8) of each coefficient at theta."""
    parts = [np.ones_like(theta)]
    for i in range(TERMS - 1):
        parts.append(parts[-1] * (theta if i % 2 == 0 else 1 - theta))
    return np.stack(parts, axis=-1)


_FIT = np.linalg.inv(_weights(NODES))


def fitted(values: np.ndarray) -> np.ndarray:
    """Return the coefficients (..., 8, d) of what has values (..., 8, d) at a piece's NODES."""
    return np.asarray(np.einsum("cn,...nd->...cd", _FIT, values))


@dataclass(frozen=True)
class History:
    """States over the time from starts[0] to `end`.

    starts, spans  (K,) when each piece begins and how long it is; the last may pass `end`
    coefficients   (K, 8, d)
    end            the present
    breaks         times after it at which a derivative of the solution jumps
    """

    starts: np.ndarray
    spans: np.ndarray
    coefficients: np.ndarray
    end: float
    breaks: np.ndarray

    @property
    def reach(self) -> float:
        """Return how far back it goes."""
        return self.end - float(self.starts[0])

    def at(self, times: Any) -> np.ndarray:
        """Return the states (T, d) at times (T,) between its begin and its end."""
        times = np.atleast_1d(np.asarray(times, dtype=float))
        k = np.clip(np.searchsorted(self.starts, times, side="right") - 1, 0, None)
        theta = (times - self.starts[k]) / self.spans[k]
        return np.einsum("tc,tcd->td", _weights(theta), self.coefficients[k])

    def moved(self, end: float) -> "History":
        """Return the same states with the present at `end`."""
        by = end - self.end
        return replace(self, starts=self.starts + by, end=end, breaks=self.breaks + by)


def of_function(
    function: Callable[[float], Any], reach: float, end: float, breaks: np.ndarray
) -> History:
    """Return the states (d,) that a function of the time gives, over `reach` before `end`.

    Pieces are halved until a polynomial of degree 7 is the function to 1e-13 of its largest value.

    Raises ValueError if that needs more than 4096 pieces: it jumps, or has a corner.
    """

    def values(times: np.ndarray) -> np.ndarray:
        return np.array([np.atleast_1d(np.asarray(function(float(t)), dtype=float)) for t in times])

    open_, done = [(end - reach, reach)], []
    largest = np.abs(values(end - reach * NODES)).max()
    while open_:
        start, span = open_.pop()
        c = fitted(values(start + span * NODES))
        between = (NODES[1:] + NODES[:-1]) / 2
        apart = np.abs(_weights(between) @ c - values(start + span * between)).max()
        if not math.isfinite(apart):
            raise ValueError(f"initial: the function is not finite near t = {start:g}")
        if apart <= _CLOSE * max(largest, 1e-300):
            done.append((start, span, c))
        else:
            open_ += [(start + span / 2, span / 2), (start, span / 2)]
        if len(open_) + len(done) > _MOST:
            raise ValueError(f"initial: the function is not smooth near t = {start:g}")
    starts, spans, c = (np.array(part) for part in zip(*done, strict=True))
    return History(starts, spans, c, end, breaks)


def of_samples(times: Any, states: Any, end: float, breaks: np.ndarray) -> History:
    """Return the cubic spline through samples; the last of the times becomes `end`.

    times   (K,) rising, K at least 4; states  (K, d)
    """
    times, states = np.asarray(times, dtype=float), np.asarray(states, dtype=float)
    if times.ndim != 1 or len(times) < 4 or not (np.diff(times) > 0).all():
        raise ValueError("initial: the times of a history must rise, and be 4 or more")
    if states.shape[:1] != times.shape or states.ndim != 2 or not np.isfinite(states).all():
        raise ValueError("initial: the states of a history must be (K, d), finite")
    spline = CubicSpline(times, states)
    spans = np.diff(times)
    nodes = times[:-1, None] + spans[:, None] * NODES
    return History(times[:-1] + (end - times[-1]), spans, fitted(spline(nodes)), end, breaks)


def lengths(system: System) -> np.ndarray:
    """Return the delays of a system."""
    return np.array([system.parameters[name] for name in system.delays])


def breaking_points(system: System) -> np.ndarray:
    """Return after which times a kink at 0 comes back, smoothed once more each time.

    Sums of up to 9 delays: Bellen & Zennaro (2003) Numerical Methods for Delay Differential
    Equations, Sec. 2.2.
    """
    sums = {
        sum(chosen)
        for level in range(1, LEVELS + 1)
        for chosen in itertools.combinations_with_replacement(lengths(system).tolist(), level)
    }
    return np.array(sorted(sums))


def history(system: System, given: Any, now: float) -> History:
    """Return the history that ends `now`, checked against the system.

    given  nothing: the catalogue's point, for all times; (d,) another; a function of the time
           that gives (d,), `now` being its own time; (times, states): samples; a History

    Raises ConfigError if it does not reach back as far as the longest delay.
    """
    reach, breaks = float(lengths(system).max()), now + breaking_points(system)
    if isinstance(given, History):
        found = given.moved(now)
    elif isinstance(given, tuple) and len(given) == 2 and np.ndim(given[0]) == 1:
        found = of_samples(given[0], given[1], now, breaks)
    elif callable(given):
        found = of_function(given, reach, now, breaks)
    else:
        state = np.asarray(system.initial_condition if given is None else given, dtype=float)
        c = np.zeros((1, TERMS, state.size))
        c[0, 0] = state.ravel()
        found = History(np.array([now - reach]), np.array([reach]), c, now, breaks)
    if found.coefficients.shape[2] != system.dimension:
        raise ValueError(f"initial: {system.name} has {system.dimension} variables")
    if found.reach < reach * (1 - 1e-12):
        raise ConfigError(
            f"{system.name}: the delay is {reach:g}, but the history given reaches back "
            f"{found.reach:g} only"
        )
    return found
