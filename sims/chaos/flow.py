"""Trajectories of a flow, and how its tangent vectors stretch along them.

dx/dt = f(x);  dQ/dt = J(x) Q,  Q made orthonormal again and again: Q -> Q R^-1
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.errors import NumericsError
from sims.chaos import generate, switched, switching
from sims.chaos.system import System
from sims.integrators import compiled, lanes
from sims.integrators.dop853_batch import Control

CONDITION = 1e4  # of Q: beyond it, it is made orthonormal again


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
    if switching.jumps(system):
        return _jumping(system, times, starts, parameters, rtol, atol)
    width = 1 if len(starts) == 1 else lanes.LANES
    rhs = generate.compiled_lanes(system, width)
    found = lanes.integrate(rhs, times, starts, given, lanes=width, rtol=rtol, atol=atol)
    for member in range(len(starts)):
        problem = found.problem(member)
        if problem:
            which = f"trajectory {member}: " if len(starts) > 1 else ""
            raise NumericsError(f"{system.name}: {which}{problem}")
    return found.states


def _jumping(
    system: System,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray | None,
    rtol: float,
    atol: float,
) -> np.ndarray:
    """Return the states (M, T, d) of a flow that jumps, one trajectory after another."""
    found = []
    for member, start in enumerate(starts):
        own = system
        if parameters is not None:
            given = [float(value) for value in parameters[member]]
            own = replace(system, parameters=dict(zip(system.parameters, given, strict=True)))
        try:
            found.append(switched.trajectory(own, times, start, rtol, atol))
        except NumericsError as problem:
            which = f"trajectory {member}: " if len(starts) > 1 else ""
            raise NumericsError(f"{system.name}: {which}{problem}") from None
    return np.array(found)


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


@dataclass(frozen=True)
class Stretch:
    """Growth of the tangent vectors between two orthonormalisations.

    time        when it ended; duration of it
    logarithms  (d,) ln |R_ii|, the first for the fastest direction
    """

    time: float
    duration: float
    logarithms: np.ndarray


def stretches(
    system: System,
    duration: float,
    initial: np.ndarray | None = None,
    *,
    interval: float,
    rtol: float = 1e-10,
    atol: float = 1e-10,
) -> Iterator[Stretch]:
    """Yield how tangent vectors grow along a trajectory, from one orthonormalisation to the next.

    interval  time between them; halved while the vectors' condition number passes 1e4, doubled
              back to it while they stay far from that

    Benettin et al. (1980) Meccanica 15, 9; Shimada & Nagashima (1979) Prog. Theor. Phys. 61, 1605.
    """
    d = system.dimension
    x0 = np.asarray(system.initial_condition if initial is None else initial, dtype=float)
    y0 = np.concatenate([x0, np.eye(d).ravel()])
    control = Control(rtol, atol)
    lane = compiled.start(
        generate.compiled(system, "tangent"), y0, 0.0, generate.work(system), control
    )
    now, span = 0.0, interval
    while now < duration:
        try:
            lane.run(np.array([min(now + span, duration)]))
        except NumericsError as problem:
            raise NumericsError(f"{system.name}: {problem}") from None
        reached = float(lane.scalars[compiled.T])
        q, r = np.linalg.qr(lane.y[d:].reshape(d, d))
        diagonal = np.abs(np.diagonal(r))
        if not (np.isfinite(diagonal).all() and diagonal.min() > 0):
            raise NumericsError(f"{system.name}: tangent vectors are lost at t = {reached:g}")
        # the rates of the new vectors: those of the old ones in the new basis
        rates = np.linalg.solve(r.T, lane.k[0, d:].reshape(d, d).T).T
        lane.y[d:], lane.k[0, d:] = q.ravel(), rates.ravel()
        lane.scalars[compiled.H_OLD] = 0.0  # nothing behind this point may be interpolated
        yield Stretch(reached, reached - now, np.log(diagonal))
        condition = diagonal.max() / diagonal.min()
        if condition > CONDITION:
            span /= 2
        elif condition < math.sqrt(CONDITION):
            span = min(2 * span, interval)
        now = reached


@dataclass(frozen=True)
class Tangent:
    """A system and a point of it, whose tangent vectors `analysis.dynamics` can follow."""

    system: System
    initial: np.ndarray | None = None
    rtol: float = 1e-10
    atol: float = 1e-10

    def stretches(self, duration: float, interval: float) -> Iterator[Stretch]:
        """Yield as `stretches` does."""
        return stretches(
            self.system, duration, self.initial, interval=interval, rtol=self.rtol, atol=self.atol
        )
