"""A simulation under way: the arrays of the compiled loop, advanced, kept and restored."""

import math
from typing import Any

import numpy as np

from core.errors import NumericsError
from sims.active import compiled, kernels, pairs, system
from sims.active.params import Params

CHUNK = 2e7  # particle-steps between two looks at the clock and at signals


def rules_of(params: Params) -> kernels.Rules:
    """Return the numbers of the compiled loop."""
    law, edge = system.pair(params), system.edges(params)
    full = np.zeros(2)
    full[: params.dimension] = np.where(np.isfinite(edge), edge, 0.0)
    rate = params.persistence_rate or 0.0
    keep = math.exp(-rate * params.time_step)
    align = params.alignment
    coupling = params.coupling
    return kernels.Rules(
        model=system.MODELS.index(params.model),
        dimension=params.dimension,
        step=params.time_step,
        edge=full,
        kind=system.KINDS.index(law.kind),
        law=np.array([law.strength, law.diameter**2, law.cutoff**2, law.beta, law.tail]),
        mixed=params.interaction.polydispersity > 0,
        reach=system.reach(params),
        skin=system.skin(params),
        mobility=params.mobility,
        kick=math.sqrt(2 * params.translational_diffusivity * params.time_step),
        keep=keep,
        renew=math.sqrt(-math.expm1(-2 * rate * params.time_step)),
        spin=params.chirality * params.time_step,
        tumble=-math.expm1(-(params.tumble_rate or 0.0) * params.time_step),
        align=0.0 if align is None else align.strength * params.time_step,
        align2=0.0 if align is None else align.range**2,
        trap=0.0 if params.trap is None else params.trap.stiffness,
        couple=0.0 if coupling is None else coupling.stiffness,
        ring=coupling is not None and coupling.kind == "ring",
    )


class Simulation:
    """Particles that move by the rules of a run.

    params  checked
    x, e    (N, d) positions, and headings or propulsions
    rng     state of the compiled generator, see `normals.seed`
    size    (N,) diameters over the usual one, where they differ
    """

    def __init__(
        self,
        params: Params,
        x: np.ndarray,
        e: np.ndarray,
        rng: np.ndarray,
        size: np.ndarray | None = None,
    ) -> None:
        n = len(x)
        self.params, self.rules, self.rng = params, rules_of(params), rng.copy()
        self.steps = self.lists = 0
        heun = params.integrator == "heun"
        self._step = kernels.HEUN if heun else kernels.EULER
        self.wait = np.zeros(1, dtype=np.int64)
        self.particles = p = kernels.particles(n)
        p.x[: x.shape[1]], p.e[: e.shape[1]] = x.T, e.T
        p.speed[:] = system.speeds(params)
        p.turn[:] = np.sqrt(2 * system.rotational(params) * params.time_step)
        p.size[:] = 1.0 if size is None else size
        cells = int(max(4, 4 * math.sqrt(n))) ** 2 + 2 if self.rules.reach > 0 else 2
        look = kernels.LOOK
        self.scratch = kernels.Scratch(
            first=np.zeros(0, dtype=np.uint32), second=np.zeros(0, dtype=np.uint32),
            pairs=np.zeros(1, dtype=np.int64), cell=np.zeros(n, dtype=np.int64),
            cells=np.zeros(cells, dtype=np.int64), swap=np.zeros(n),
            low=np.zeros(2), width=np.ones(2), axis=np.ones(2, dtype=np.int64),
            block=np.zeros((4, pairs.BLOCK)), normal=np.zeros(4 * look),
            raw=np.zeros(2 * look, dtype=np.uint64), failed=np.zeros(2 * look + 1, dtype=np.int64),
            trial=np.zeros((2, n)), before=np.zeros((2, n)), drift=np.zeros((2, n)),
            noise=np.zeros((4, n)),
        )  # fmt: skip
        self._grow(12 * n + 256)

    def _grow(self, room: int) -> None:
        self.scratch = self.scratch._replace(
            first=np.zeros(room, dtype=np.uint32), second=np.zeros(room, dtype=np.uint32)
        )

    @property
    def time(self) -> float:
        """Return the time since the first step."""
        return self.steps * self.params.time_step

    def _serve(self, task: int, steps: int = 0) -> tuple[int, int, int]:
        return compiled.serve(
            task, self.particles, self.scratch, self.rules, self.rng, self.wait, steps
        )

    def list_anew(self) -> None:
        """Sort the particles and list the pairs; where two runs do, they go on alike."""
        while True:
            _, _, ending = self._serve(kernels.LIST)
            if ending != kernels.LIST_FULL:
                break
            self._grow(2 * len(self.scratch.first))
        self.lists += 1
        self._heed(ending)

    def forget(self) -> None:
        """Count time, work and images from now on."""
        self.steps = 0
        self.particles.work[:] = 0.0
        self.list_anew()
        self.particles.image[:] = 0

    def act(self) -> None:
        """Set forces and torques to those at the positions; the list must be fresh."""
        self._serve(kernels.ACT)

    def advance(self, steps: int) -> None:
        """Take steps; the list must be fresh or of this simulation.

        Raises NumericsError that names the particle and the time of what is not finite.
        """
        while steps > 0:
            taken, lists, ending = self._serve(self._step, steps)
            steps -= taken
            self.steps += taken
            self.lists += lists
            if ending == kernels.LIST_FULL:
                self._grow(2 * len(self.scratch.first))
                self.list_anew()
            else:
                heun = self._step == kernels.HEUN
                self._heed(ending, self.scratch.trial if heun else None)

    def _heed(self, ending: int, trial: np.ndarray | None = None) -> None:
        """Raise for what is wrong with positions, or with a trial step that was refused."""
        if ending == kernels.DONE:
            return
        p = self.particles
        far = ((p.x - p.start) ** 2).sum(axis=0)
        if trial is not None:
            far = np.maximum(far, ((trial - p.start) ** 2).sum(axis=0))
        bad = ~np.isfinite(far)
        if bad.any():
            which = int(p.number[bad].min())
            what = "its force or position is not finite"
        else:
            which = int(p.number[np.argmax(far)])
            what = "it moved too far in one step"
        raise NumericsError(
            f"particle {which}: {what} at t = {self.time:g} (since the start); "
            "take a smaller time_step, or an initial state with less overlap"
        )

    def order(self) -> np.ndarray:
        """Return which particle (N,) is at each place."""
        return self.particles.number.astype(np.int64)

    def by_number(self, values: np.ndarray) -> np.ndarray:
        """Return an array (N,), or rows (2, N) as vectors (N, d), in the order of the numbers."""
        own = values if values.ndim == 1 else values[: self.params.dimension].T
        out = np.empty(own.shape, dtype=own.dtype)
        out[self.order()] = own
        return out

    def listed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the listed pairs (K,), (K,) by their places."""
        n = int(self.scratch.pairs[0])
        return self.scratch.first[:n], self.scratch.second[:n]

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a simulation of the same parameters needs to go on to the same bits."""
        counts = np.array([self.steps, self.lists, self.wait[0]])
        table = self.particles.table.copy()
        return {"particles": table, "rng": self.rng.copy(), "counts": counts}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a state, at a frame."""
        self.particles.table[:] = state["particles"]
        self.particles.place[self.order()] = np.arange(len(self.particles.place))
        self.rng = np.array(state["rng"], dtype=np.uint64)
        self.steps, self.lists, self.wait[0] = (int(v) for v in state["counts"])
        lists = self.lists
        self.list_anew()
        self.lists = lists
