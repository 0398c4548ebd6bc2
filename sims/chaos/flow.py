"""Trajectories of a flow.

dx/dt = f(x)
"""

import numpy as np

from core.errors import NumericsError
from sims.chaos import generate
from sims.chaos.system import System
from sims.integrators import lanes


def ensemble(
    system: System,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray | None = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
) -> np.ndarray:
    """Return the states (M, T, d) at `times` (T,), from `starts` (M, d), side by side.

    times       rising
    parameters  (M, p) in the order of the system's, one row for each start; None for its own

    A trajectory's bits depend neither on the others nor on how many there are, from 2 on; one
    alone differs from them by rounding.

    Raises NumericsError that names the system, and the trajectory if there are several, whose step
    size collapses; ValueError for shapes that do not fit.
    """
    times = np.ascontiguousarray(times, dtype=float)
    starts = np.ascontiguousarray(starts, dtype=float)
    own = np.array([[*system.parameters.values(), 0.0]])
    given = own if parameters is None else np.asarray(parameters, dtype=float)
    if starts.ndim != 2 or starts.shape[1] != system.dimension:
        raise ValueError(f"starts: expected (M, {system.dimension}), got {starts.shape}")
    if parameters is not None:
        if given.shape != (len(starts), len(system.parameters)):
            expected = (len(starts), len(system.parameters))
            raise ValueError(f"parameters: expected {expected}, got {given.shape}")
        given = np.ascontiguousarray(np.column_stack([given, np.zeros(len(given))]))
    if len(times) == 0 or not (np.isfinite(times).all() and (np.diff(times) >= 0).all()):
        raise ValueError("times: must be finite and rising")
    width = 1 if len(starts) == 1 else lanes.LANES
    rhs = generate.compiled_lanes(system, width)
    found = lanes.integrate(rhs, times, starts, given, lanes=width, rtol=rtol, atol=atol)
    for member in range(len(starts)):
        problem = found.problem(member)
        if problem:
            which = f"trajectory {member}: " if len(starts) > 1 else ""
            raise NumericsError(f"{system.name}: {which}{problem}")
    return found.states


def trajectory(
    system: System,
    times: np.ndarray,
    initial: np.ndarray | None = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
) -> np.ndarray:
    """Return the states (T, d) at `times` (T,), from `initial` (d,) or the catalogue's point.

    times  rising

    Raises NumericsError that names the system if its step size collapses or it blows up.
    """
    x0 = np.asarray(system.initial_condition if initial is None else initial, dtype=float)
    return ensemble(system, times, x0[None], rtol=rtol, atol=atol)[0]
