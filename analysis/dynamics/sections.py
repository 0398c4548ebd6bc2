"""Poincaré sections: where an orbit goes through a plane, and how one crossing leads to the next.

n . x(t) = c,  located on a polynomial through the samples around it
"""

from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import orbit, whole
from analysis.dynamics.polynomials import Local


class Section(NamedTuple):
    """Crossings in time order: times (C,), points (C, d), directions (C,) of +1 and -1."""

    times: np.ndarray
    points: np.ndarray
    directions: np.ndarray


def sampling(times: Any, count: int) -> np.ndarray:
    """Return sampling times (T,) of a series; a number is the time from a sample to the next."""
    found = np.asarray(times, dtype=float)
    if found.ndim == 0:
        found = found * np.arange(count)
    if found.shape != (count,):
        raise ValueError(f"times: must be a step or ({count},), got shape {found.shape}")
    if not np.isfinite(found).all() or not (np.diff(found) > 0).all():
        raise ValueError("times: must be finite and rise")
    return found


def _normal(normal: Any, d: int) -> np.ndarray:
    """Return the normal (d,) of a plane; an integer is the coordinate that is held fixed."""
    if np.ndim(normal) == 0:
        return np.eye(d)[whole(normal, "normal", 0, d - 1)]
    found = np.asarray(normal, dtype=float)
    if found.shape != (d,) or not np.isfinite(found).all() or not found.any():
        raise ValueError(f"normal: must be {d} finite numbers, not all 0, or a coordinate's number")
    return found


def poincare(
    x: Any,
    times: Any,
    normal: Any,
    offset: float = 0.0,
    *,
    direction: int = 0,
    rates: Any = None,
) -> Section:
    """Return where an orbit crosses the plane normal . x = offset.

    x          (T, d) real
    times      (T,) rising, or the time from a sample to the next
    normal     (d,), or the number of the coordinate that is held at `offset`
    direction  1: only where normal . x rises, -1: falls, 0: both
    rates      (T, d) dx/dt at the samples, where known

    Each crossing lies on the polynomial through the six samples around it, with an error of the
    sixth order of the step, or through values and rates of the four around it, of the eighth (fewer
    where there are fewer). An orbit that crosses twice between two samples is not seen: sample it
    ten times a period or more.

    Raises ValueError for NaN, times that do not rise, fewer than 4 samples, a plane without normal.
    The idea of landing on the plane: Hénon (1982) Physica D 5, 412.
    """
    points = orbit(x, "x", 4)
    at = sampling(times, len(points))
    if direction not in (-1, 0, 1):
        raise ValueError(f"direction: must be 1, -1 or 0 for both, got {direction!r}")
    if not np.isfinite(offset):
        raise ValueError(f"offset: must be finite, got {offset}")
    slope = None if rates is None else orbit(rates, "rates", 4)
    if slope is not None and slope.shape != points.shape:
        raise ValueError(f"rates: must have the shape of x, {points.shape}, got {slope.shape}")
    plane = _normal(normal, points.shape[1])
    above = points @ plane - offset >= 0
    index = np.flatnonzero(above[1:] != above[:-1])
    turned = np.where(above[index + 1], 1, -1)
    if direction:
        index, turned = index[turned == direction], turned[turned == direction]
    if not index.size:
        return Section(np.empty(0), np.empty((0, points.shape[1])), np.empty(0, int))
    local = Local(at, points, slope, index)
    root = local.root(lambda value, _: value @ plane - offset, np.zeros(index.size), local.span)
    return Section(local.origin + root, local.at(root)[0], turned)


def return_times(section: Section) -> np.ndarray:
    """Return the times from each crossing to the next (C - 1,), of one direction each.

    Raises ValueError if the section has crossings of both directions, or fewer than two.
    """
    if section.times.size < 2:
        raise ValueError(f"section: {section.times.size} crossings make no return; give two")
    if len(set(section.directions.tolist())) > 1:
        raise ValueError("section: has both directions; make it with direction=1 or -1")
    return np.diff(section.times)


def return_map(values: Any, lag: int = 1) -> np.ndarray:
    """Return pairs (values(n), values(n + lag)) as (C - lag, 2): of crossings, or of maxima.

    values  (C,) of successive crossings

    Raises ValueError for NaN and fewer than lag + 1 values.
    Lorenz (1963) J. Atmos. Sci. 20, 130, sec. 7.
    """
    found = orbit(values, "values", 2)
    if found.shape[1] != 1:
        raise ValueError(f"values: must be one list of numbers, got shape {found.shape}")
    step = whole(lag, "lag", 1, len(found) - 1)
    return np.stack([found[:-step, 0], found[step:, 0]], axis=1)
