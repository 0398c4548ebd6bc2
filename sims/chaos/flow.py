"""Trajectories of a flow.

dx/dt = f(x)
"""

import numpy as np

from core.errors import NumericsError
from sims.chaos import generate
from sims.chaos.system import System
from sims.integrators import compiled
from sims.integrators.dop853_batch import Control


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
    times = np.ascontiguousarray(times, dtype=float)
    control = Control(rtol, atol, bound=float(times[-1]))
    try:
        lane = compiled.start(
            generate.compiled(system), x0, float(times[0]), generate.work(system), control
        )
        found = lane.run(times)
    except NumericsError as problem:
        raise NumericsError(f"{system.name}: {problem}") from None
    if not np.isfinite(found).all():
        first = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise NumericsError(f"{system.name}: not finite at t = {times[first]:g}; it has blown up")
    return found
