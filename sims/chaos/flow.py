"""Trajectories of a flow, one or many side by side.

dx/dt = f(x)
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.errors import NumericsError
from sims.chaos import generate, switched, switching
from sims.chaos.system import System
from sims.integrators import lanes

INTEGRATORS = ("dop853", "taylor", "implicit")
PROBE = 20_000  # steps in which a stiff flow is found out
STIFF = 100  # steps at the boundary of stability, beyond 9 of 10, that make one


def ensemble(
    system: System,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray | None = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    integrator: str = "dop853",
) -> np.ndarray:
    """Return the states (M, T, d) at `times` (T,), from `starts` (M, d), side by side.

    times       rising
    parameters  (M, p) in the order of the system's, one row for each start; None for its own
    integrator  dop853; taylor, several times faster for flows without corners, but compiled for
                each system; or implicit: Radau IIA of order 9, for stiff flows, one after another

    A trajectory's bits depend neither on the others nor on how many there are.

    Raises NumericsError that names the system, and the trajectory if there are several, whose step
    size collapses; ValueError for shapes that do not fit, and an integrator that a flow cannot use.
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
    if integrator not in INTEGRATORS:
        raise ValueError(f"integrator: no '{integrator}'; known: {', '.join(INTEGRATORS)}")
    if integrator == "taylor" and system.corners:
        what = ", ".join(system.corners)
        raise ValueError(
            f"integrator: {system.name} has {what}, which no series follows; use dop853"
        )
    if switching.jumps(system):
        if integrator == "implicit":
            raise ValueError(f"integrator: {system.name} jumps; use dop853")
        return _each(system, times, starts, parameters, rtol, atol, switched.trajectory)
    if integrator == "implicit":
        return _each(system, times, starts, parameters, rtol, atol, _implicit)
    width = 1 if len(starts) == 1 else lanes.LANES
    rhs = method = None
    if integrator == "taylor":
        method = generate.taylor(system, rtol, width)
    else:
        rhs = generate.compiled_lanes(system, width)
    found = lanes.integrate(
        rhs, times, starts, given, lanes=width, rtol=rtol, atol=atol, method=method
    )
    for member in range(len(starts)):
        problem = found.problem(member)
        if problem:
            which = f"trajectory {member}: " if len(starts) > 1 else ""
            raise NumericsError(f"{system.name}: {which}{problem}")
    return found.states


def _implicit(
    system: System, times: np.ndarray, start: np.ndarray, rtol: float, atol: float
) -> np.ndarray:
    """Return the states (T, d) of a stiff flow."""
    from sims.integrators import implicit  # compiled only when it is asked for

    rhs, tangent = generate.compiled(system), generate.compiled(system, "tangent")
    work = generate.work(system)
    return implicit.integrate(rhs, tangent, times, start, work, rtol=rtol, atol=atol)[0]


def _each(
    system: System,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray | None,
    rtol: float,
    atol: float,
    follow: Callable[[System, np.ndarray, np.ndarray, float, float], np.ndarray],
) -> np.ndarray:
    """Return the states (M, T, d) that `follow` gives, one trajectory after another."""
    found = []
    for member, start in enumerate(starts):
        own = system
        if parameters is not None:
            given = [float(value) for value in parameters[member]]
            own = replace(system, parameters=dict(zip(system.parameters, given, strict=True)))
        try:
            found.append(follow(own, times, start, rtol, atol))
        except NumericsError as problem:
            which = f"trajectory {member}: " if len(starts) > 1 else ""
            raise NumericsError(f"{system.name}: {which}{problem}") from None
    return np.array(found)


def chosen(
    system: System,
    integrator: str,
    duration: float,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
) -> str:
    """Return the integrator that a name stands for: `auto` is implicit for a stiff flow.

    A flow is stiff if DOP853, on its way from the catalogue's point, takes 9 of 10 steps at the
    boundary of its stability, h |lambda| > 6.1: Hairer & Wanner (1996), Sec. IV.2.
    """
    if integrator != "auto":
        return integrator
    if switching.jumps(system):
        return "dop853"
    found = lanes.integrate(
        generate.compiled_lanes(system, 1), np.array([0.0, duration]),
        np.array([system.initial_condition]), np.array([[*system.parameters.values(), 0.0]]),
        lanes=1, rtol=rtol, atol=atol, max_steps=PROBE, most_stiff=STIFF,
    )  # fmt: skip
    return "implicit" if found.counts[0, lanes.STATUS] == lanes.STIFF_ENOUGH else "dop853"


def trajectory(
    system: System,
    times: np.ndarray,
    initial: np.ndarray | None = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    integrator: str = "dop853",
) -> np.ndarray:
    """Return the states (T, d) at `times` (T,), from `initial` (d,) or the catalogue's point.

    times  rising

    Raises NumericsError that names the system if its step size collapses or it blows up.
    """
    x0 = np.asarray(system.initial_condition if initial is None else initial, dtype=float)
    return ensemble(system, times, x0[None], rtol=rtol, atol=atol, integrator=integrator)[0]
