"""A simulation under way on a card: what `sims.active.engine.Simulation` is on the processor.

Steps are launched many at a time. Once a particle has gone farther than the list allows, those that
were launched after do nothing; the host then makes the list anew and goes on from there.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from core.backend import to_host
from sims import devices
from sims.active import engine, initial, kernels, system
from sims.active.gpu import source
from sims.active.gpu.neighbours import Neighbours
from sims.active.params import Params
from sims.devices import Device

Array = Any
LEAST, MOST = 4, 512  # steps launched between two looks
NEVER = 2**64 - 1
NOISE = "Philox4x32-10 by particle and step"


class Simulation(engine.Simulation):
    """Particles that move by the rules of a run, on a device.

    `particles` is a copy on the host, as it was after the last call; to write to it moves nothing.

    params  checked
    x, e    (N, d) positions, and headings or propulsions
    key     (2,) uint32 of the noise
    size    (N,) diameters over the usual one, where they differ
    """

    def __init__(
        self,
        params: Params,
        x: np.ndarray,
        e: np.ndarray,
        key: np.ndarray,
        size: np.ndarray | None = None,
        *,
        device: Device,
    ) -> None:
        n, xp = len(x), device.xp
        self.params, self.rules, self._xp, self._n = params, engine.rules_of(params), xp, n
        self._kernels = device.kernels(source.text())
        self._rules, self._key = xp.asarray(source.rules(params)), xp.asarray(key)
        self.key = key.copy()
        self.steps = self.lists = self._ticks = self._since = 0
        self._ahead = LEAST
        self.particles = host = kernels.particles(n)
        host.x[: x.shape[1]], host.e[: e.shape[1]] = x.T, e.T
        host.speed[:] = system.speeds(params)
        host.turn[:] = np.sqrt(2 * system.rotational(params) * params.time_step)
        host.size[:] = 1.0 if size is None else size
        self._never = xp.asarray(np.array([NEVER], dtype=np.uint64))
        self._stop = xp.asarray(self._never, copy=True)
        self._neighbours = Neighbours(device, self._kernels, n, source.rules(params))
        self._upload()

    def _upload(self) -> None:
        """Take everything from the host's table over to the device."""
        xp, host = self._xp, self.particles

        def planes(rows: np.ndarray) -> Array:
            return xp.asarray(np.array(rows.T, order="C"))

        self._x, self._e, self._image = planes(host.x), planes(host.e), planes(host.image)
        self._start = planes(host.x)
        self._number = xp.asarray(host.number.astype(np.int32))
        self._place = xp.astype(xp.argsort(self._number), xp.int32)
        self._speed, self._turn = xp.asarray(host.speed.copy()), xp.asarray(host.turn.copy())
        self._size, self._work = xp.asarray(host.size.copy()), xp.asarray(host.work.copy())
        self._spare = (xp.zeros_like(self._x), xp.zeros_like(self._x))
        self._trial = (xp.zeros_like(self._x), xp.zeros_like(self._x))

    def _download(self) -> None:
        """Bring the copy on the host up to date."""
        host = self.particles
        for to, values in (
            (host.x, self._x), (host.e, self._e), (host.image, self._image),
            (host.start, self._start),
        ):  # fmt: skip
            to[:] = to_host(values).T
        for row, values in (
            (host.number, self._number), (host.speed, self._speed), (host.turn, self._turn),
            (host.size, self._size), (host.work, self._work), (host.place, self._place),
        ):  # fmt: skip
            row[:] = to_host(values)

    def forget(self) -> None:
        """Count time, work and images from now on."""
        self.steps = 0
        self._work[...] = 0.0
        self._list()
        self._image[...] = 0.0
        self._download()

    def list_anew(self) -> None:
        """Sort the particles and list their neighbours; where two runs do, they go on alike.

        Raises NumericsError for a position that is not finite.
        """
        self._list()
        self._download()

    def _list(self) -> None:
        xp, n = self._xp, self._n
        self.lists += 1
        self._since = 0
        if not bool(xp.all(xp.isfinite(self._x))):
            self._refuse(kernels.NOT_FINITE)
        self._kernels["wrap"](n, np.int32(n), self._rules, self._x, self._image)
        if self.rules.reach > 0:
            grid = self._neighbours.grid(self._x)
            key = None
            if grid is not None:
                order, key = self._neighbours.order(self._x, self._number, grid)
                self._sort(order)
            self._neighbours.list(self._x, grid, key)
        self._start = xp.asarray(self._x, copy=True)

    def _sort(self, order: Array) -> None:
        """Bring the particles into an order."""
        xp = self._xp
        for name in ("x", "e", "image", "number", "speed", "turn", "size", "work"):
            setattr(self, f"_{name}", xp.take(getattr(self, f"_{name}"), order, axis=0))
        self._place = xp.astype(xp.argsort(self._number), xp.int32)

    def _about(self) -> tuple[Array, ...]:
        return self._size, self._neighbours.count, self._neighbours.neighbour

    def act(self) -> None:
        """Set the host's forces and torques to those at the positions; the list must be fresh."""
        xp, host = self._xp, self.particles
        force, torque = xp.zeros_like(self._x), xp.zeros_like(self._size)
        self._kernels["act"](
            self._n, np.int32(self._n), self._rules, self._number, self._place, *self._about(),
            self._x, self._e, force, torque,
        )  # fmt: skip
        host.f[:], host.torque[:] = to_host(force).T, to_host(torque)

    def advance(self, steps: int) -> None:
        """Take steps; the list must be fresh or of this simulation.

        Raises NumericsError that names the particle and the time of what is not finite.
        """
        idle = False
        while steps > 0:
            taken, stopped = self._launch(min(steps, self._ahead))
            steps -= taken
            self._since += taken
            if stopped:
                if idle and taken == 0:
                    heun = self.params.integrator == "heun"  # a trial step that no list can hold
                    self._refuse(kernels.TOO_FAR, self._trial[0] if heun else None)
                idle = taken == 0
                self._again()
            else:
                self._ahead = min(MOST, 2 * self._ahead)
        self._download()

    def _again(self) -> None:
        """Make the list anew, and expect it to last as long as the one before."""
        self._ahead = max(LEAST, min(MOST, self._since))
        if self._crossed():
            self._refuse(kernels.TOO_FAR)
        self._list()

    def _launch(self, steps: int) -> tuple[int, bool]:
        """Launch steps; return how many were taken, and whether the list must be made anew."""
        n, begin = np.int32(self._n), self._ticks
        take = self._heun if self.params.integrator == "heun" else self._euler
        self._stop[...] = self._never
        now, to = (self._x, self._e), self._spare
        for step in range(begin, begin + steps):
            take(n, np.uint64(step), now, to)
            now, to = to, now
        stop = int(self._stop[0])
        taken = min(stop, begin + steps) - begin
        if (steps - taken) % 2:
            now, to = to, now
        (self._x, self._e), self._spare = now, to
        self._ticks += taken
        self.steps += taken
        return taken, stop != NEVER

    def _euler(self, n: Any, step: Any, now: Any, to: Any) -> None:
        self._kernels["euler"](
            self._n, n, step, self._stop, self._rules, self._key, self._number, self._place,
            self._speed, self._turn, *self._about(), self._start, *now, *to, self._work,
        )  # fmt: skip

    def _heun(self, n: Any, step: Any, now: Any, to: Any) -> None:
        given = (self._n, n, step, self._stop, self._rules, self._key, self._number, self._place)
        self._kernels["heun_trial"](
            *given, self._speed, *self._about(), self._start, *now, *self._trial
        )
        self._kernels["heun"](
            *given, self._speed, self._turn, *self._about(), self._start, *now, *self._trial, *to,
            self._work,
        )  # fmt: skip

    def _crossed(self) -> bool:
        """Return whether a particle has crossed half the box since the list was made."""
        xp, edge = self._xp, np.where(self.rules.edge > 0, 0.5 * self.rules.edge, np.inf)
        return bool(xp.any(xp.abs(self._x - self._start) > xp.asarray(edge)))

    def _refuse(self, ending: int, trial: Array | None = None) -> None:
        self._download()
        self._heed(ending, None if trial is None else to_host(trial).T)

    def listed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the listed pairs (K,), (K,) by their places, each once."""
        return self._neighbours.pairs()

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a simulation of the same parameters needs to go on to the same bits."""
        counts = np.array([self.steps, self.lists, self._ticks])
        return {
            "particles": self.particles.table.copy(),
            "key": self.key.copy(),
            "counts": counts,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state, at a frame."""
        self.particles.table[:] = state["particles"]
        self.key = np.array(state["key"], dtype=np.uint32)
        self._key = self._xp.asarray(self.key)
        self._upload()
        self.steps, self.lists, self._ticks = (int(v) for v in state["counts"])
        lists = self.lists
        self.list_anew()
        self.lists = lists


def begin(params: Params, draw: np.random.Generator, device: Device) -> Simulation:
    """Return a member's simulation at its start, which is made on the host."""
    x, e, size = initial.start(params, draw)
    if params.model == "passive":
        e = np.zeros_like(e)
    key = draw.integers(0, 2**32, size=2, dtype=np.uint32)
    simulation = Simulation(params, x, e, key, size, device=device)
    simulation.list_anew()
    initial.refuse_overlap(simulation)
    return simulation


def starter(xp: ModuleType) -> Callable[[Params, np.random.Generator], Simulation]:
    """Return what begins a member on the card of an array library."""
    return partial(begin, device=devices.of(xp))
