"""Trajectories of one flow side by side on a device, each with its own time and step.

dx/dt = f(x, t; p)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import to_host
from sims.chaos.gpu import source
from sims.chaos.system import System
from sims.devices import Device
from sims.integrators.dop853_batch import ADVICE, MAX_STEPS, SMALLEST, too_many

PAUSE = 500  # steps of a launch: the host looks in between, and a signal is heeded
HEAD = 8  # numbers that a trajectory keeps between launches, as enumerated in dop853.cu
TIME, STEPS, STATUS = 0, 4, 7
RUNNING, ARRIVED, COLLAPSED, EXHAUSTED = range(4)


@dataclass(frozen=True)
class Outcome:
    """What became of M trajectories.

    states  (M, T, d) at the times asked for; not a number from where one ended too soon
    ended   (M,) the time that each reached
    steps   (M,) that were accepted
    status  (M,) how each ended
    """

    states: np.ndarray
    ended: np.ndarray
    steps: np.ndarray
    status: np.ndarray

    def problem(self, member: int) -> str:
        """Return what stopped a trajectory, in words; nothing if it arrived."""
        if self.status[member] == COLLAPSED:
            return f"step size collapsed at t = {self.ended[member]:g}; {ADVICE}"
        if self.status[member] == EXHAUSTED:
            return too_many(int(self.steps[member]), self.ended[member])
        return ""


def follow(
    device: Device,
    system: System,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray | None = None,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-10,
    max_steps: int = MAX_STEPS,
) -> Outcome:
    """Return the trajectories of a flow from `starts` (M, d), by DOP853, one thread each.

    times       (T,) rising, the first that of the starts; or (M, T), of each its own
    parameters  (M, p) in the order of the system's; None for its own
    """
    own = np.array([list(system.parameters.values())])
    given = own if parameters is None else np.asarray(parameters, dtype=float)
    numbered = np.column_stack([given.reshape(len(given), -1), np.zeros(len(given))])
    kernel = device.kernels(source.text([system]))[f"follow_{system.dimension}"]
    return launch(device, kernel, times, starts, numbered, rtol, atol, max_steps)


def launch(
    device: Device,
    kernel: Any,
    times: np.ndarray,
    starts: np.ndarray,
    parameters: np.ndarray,
    rtol: float,
    atol: float,
    max_steps: int = MAX_STEPS,
) -> Outcome:
    """Return the trajectories that a kernel of `source.text` makes.

    parameters  (M or 1, width + 1), the system's number in the last column
    """
    xp, (members, n) = device.xp, starts.shape
    marks = np.array(np.atleast_2d(times), dtype=float, order="C")
    mark, start, rows, options = (
        xp.asarray(np.array(each, dtype=float, order="C"))
        for each in (marks, starts, parameters, [rtol, max(atol, SMALLEST), max_steps])
    )
    kept = xp.zeros((HEAD + 2 * n, members), dtype=xp.float64)
    found = xp.full((marks.shape[1], n, members), np.nan, dtype=xp.float64)
    sizes = (members, marks.shape[1], len(parameters), len(marks), PAUSE)
    while bool(xp.any(kept[STATUS, :] == RUNNING)):
        kernel(
            members, *(np.int32(size) for size in sizes), mark, start, rows, options, kept, found
        )
    head = to_host(kept[:HEAD, :])
    states = np.moveaxis(to_host(found), 2, 0)
    return Outcome(
        np.ascontiguousarray(states), head[TIME], head[STEPS].astype(np.int64),
        head[STATUS].astype(np.int64),
    )  # fmt: skip
