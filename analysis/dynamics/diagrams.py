"""Bifurcation diagrams: where orbits turn, or what they come back to, parameter by parameter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import orbit, series, whole
from analysis.dynamics.polynomials import Local
from analysis.dynamics.sections import poincare, sampling


class Diagram(NamedTuple):
    """Points of a diagram: parameters (P,), values (P,); members (P,), whose they are."""

    parameters: np.ndarray
    values: np.ndarray
    members: np.ndarray


def local_maxima(x: Any, times: Any = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return times and heights (C,) of the maxima of a series (T,).

    times  (T,) rising, or the time from a sample to the next

    Each lies on the polynomial through six samples around it, whose error is of the sixth order in
    height and of the fifth in time. A plateau counts once; ends count nothing.
    Raises ValueError for NaN, a constant series, fewer than 6 samples.
    """
    values = series(x, "x", 6)
    at = sampling(times, values.size)
    changed = np.flatnonzero(np.diff(values) != 0)  # the last sample of each level
    level = values[changed]
    rise = np.concatenate([level, values[-1:]])
    top = np.flatnonzero((rise[1:-1] > rise[:-2]) & (rise[1:-1] > rise[2:]))
    if not top.size:
        return np.empty(0), np.empty(0)
    end, begin = changed[top + 1], changed[top] + 1
    local = Local(at, values[:, None], None, end)
    low, high = at[begin - 1] - at[end], at[end + 1] - at[end]
    root = local.root(lambda _, rate: rate[:, 0], low, high)
    height = local.at(root)[0][:, 0]
    # a level of equal samples is no bump of a polynomial
    flat = end > begin
    root = np.where(flat, (at[begin] - at[end]) / 2, root)
    return local.origin + root, np.where(flat, values[end], height)


def _family(family: Any, parameters: Any) -> tuple[list[np.ndarray], np.ndarray]:
    each = np.asarray(parameters, dtype=float)
    if each.ndim != 1 or not np.isfinite(each).all():
        raise ValueError("parameters: must be one list of finite numbers")
    if len(family) != each.size:
        raise ValueError(
            f"parameters: {each.size} values for {len(family)} orbits; give one for each"
        )
    if not len(family):
        raise ValueError("family: is empty")
    return [orbit(x, f"family[{i}]", 6) for i, x in enumerate(family)], each


def _diagram(each: np.ndarray, found: Sequence[np.ndarray]) -> Diagram:
    counts = [len(values) for values in found]
    members = np.repeat(np.arange(each.size), counts)
    return Diagram(np.repeat(each, counts), np.concatenate(found), members)


def bifurcation(
    family: Any,
    parameters: Any,
    times: Any = 1.0,
    *,
    component: int = 0,
    normal: Any = None,
    offset: float = 0.0,
    direction: int = 1,
) -> Diagram:
    """Return the maxima of a component for each parameter, or its values on a section.

    family      orbits (T,) or (T, d), one for each parameter, after their transients
    parameters  (M,)
    times       (T,) rising, or the time from a sample to the next
    component   whose values are given
    normal, offset, direction  of a plane as in `poincare`; None: maxima of the component

    An orbit that is constant, such as a fixed point, gives its value once.
    Raises ValueError for NaN and shapes that do not fit.
    """
    orbits, each = _family(family, parameters)
    found = []
    for x in orbits:
        column = x[:, whole(component, "component", 0, x.shape[1] - 1)]
        if column.min() == column.max():
            found.append(column[:1])
        elif normal is None:
            found.append(local_maxima(column, times)[1])
        else:
            section = poincare(x, times, normal, offset, direction=direction)
            found.append(section.points[:, component])
    return _diagram(each, found)


def orbit_diagram(family: Any, parameters: Any, *, keep: int | None = None) -> Diagram:
    """Return the last values of the orbits of a map, for each parameter.

    family  orbits (T,), one for each parameter
    keep    how many values of each; None: the second half

    Raises ValueError for NaN and shapes that do not fit.
    May (1976) Nature 261, 459.
    """
    orbits, each = _family(family, parameters)
    found = []
    for i, x in enumerate(orbits):
        if x.shape[1] != 1:
            raise ValueError(f"family[{i}]: must be one series (T,), got shape {x.shape}")
        last = len(x) - len(x) // 2 if keep is None else whole(keep, "keep", 1, len(x))
        found.append(x[-last:, 0])
    return _diagram(each, found)
