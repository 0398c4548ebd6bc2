"""The list of neighbours on a card: particles sorted by cell, each with all that are near it.

    a pair closer than the cutoff now was closer than cutoff + skin when the list was made,
    as long as no particle has moved by more than skin/2 since

Every pair is in the list of both, so that each particle gathers its own force.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.backend import to_host
from sims.active.gpu import source
from sims.devices import Device, Launch

Array = Any
ROOM = 16  # neighbours of a particle, at first


class Neighbours:
    """The neighbours of n particles.

    count      (n,) how many each has
    neighbour  (room, n) which places they are at
    """

    def __init__(
        self, device: Device, kernels: Mapping[str, Launch], n: int, rules: np.ndarray
    ) -> None:
        self._xp, self._kernels, self._n = device.xp, kernels, n
        self._rules = self._xp.asarray(rules)
        host = dict(zip(source.RULES, rules.tolist(), strict=True))
        self._edge = (host["EDGE_X"], host["EDGE_Y"])
        self._reach = math.sqrt(host["REACH2"])
        self.count = self._xp.zeros(n, dtype=self._xp.int32)
        self.neighbour = self._xp.zeros((1, n), dtype=self._xp.int32)
        if self._reach > 0:
            self._grow(min(ROOM, max(1, n - 1)))

    def _grow(self, room: int) -> None:
        self.neighbour = self._xp.zeros((room, self._n), dtype=self._xp.int32)

    def grid(self, x: Array) -> np.ndarray | None:
        """Return the cells, in the order of `source.GRID`; None if periodic axes hold no three.

        With two, a neighbour would be met twice.
        """
        most = max(4.0, 4.0 * math.sqrt(self._n))
        low, width, cells = [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]
        for axis, edge in enumerate(self._edge):
            if edge > 0:
                cells[axis] = float(int(min(edge / self._reach, most)))
                if cells[axis] < 3:
                    return None
                width[axis] = edge / cells[axis]
            else:
                low[axis] = float(self._xp.min(x[:, axis]))
                span = float(self._xp.max(x[:, axis])) - low[axis]
                cells[axis] = float(int(max(1.0, min(span / self._reach, most))))
                width[axis] = max(span / cells[axis], self._reach)
        return np.array([*low, *width, *cells])

    def order(self, x: Array, number: Array, grid: np.ndarray) -> tuple[Array, Array]:
        """Return which places (n,) come one after another by cell, and the keys (n,) in order."""
        xp = self._xp
        key = xp.zeros(self._n, dtype=xp.int64)
        self._kernels["keys"](self._n, np.int32(self._n), xp.asarray(grid), x, number, key)
        order = xp.argsort(key)
        return order, xp.take(key, order, axis=0)

    def list(self, x: Array, grid: np.ndarray | None, key: Array | None) -> None:
        """List the neighbours of particles at x (n, 2), sorted by cell where there is a grid."""
        while True:
            self._list(x, grid, key)
            most = int(self._xp.max(self.count))
            if most <= self.neighbour.shape[0]:
                return
            self._grow(most + most // 4)

    def _list(self, x: Array, grid: np.ndarray | None, key: Array | None) -> None:
        xp, n = self._xp, np.int32(self._n)
        room = np.int32(self.neighbour.shape[0])
        if grid is None:
            self._kernels["list_by_all"](
                self._n, n, room, self._rules, x, self.count, self.neighbour
            )
            return
        cells = xp.arange(int(grid[4] * grid[5]) + 1, dtype=xp.int64) * self._n
        first = xp.astype(xp.searchsorted(key, cells), xp.int64)
        self._kernels["list"](
            self._n, n, room, self._rules, xp.asarray(grid), key, first, x, self.count,
            self.neighbour,
        )  # fmt: skip

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return every listed pair once, (K,), (K,) by places, on the host."""
        host, count = to_host(self.neighbour), to_host(self.count)
        kept = np.arange(len(host))[:, None] < count[None, :]
        first = np.broadcast_to(np.arange(self._n), host.shape)
        kept &= first < host
        return first[kept].astype(np.int64), host[kept].astype(np.int64)
