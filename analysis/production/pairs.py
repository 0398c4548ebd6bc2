"""Pair forces, their Hessian, and its products with vectors, from cell lists.

    f_i = sum_j F(r) e,    K = -F'(r) e e^T - (F(r)/r) (1 - e e^T),    (H v)_i = sum_j K (v_i - v_j)

e points from j to i, F > 0 repels; H is the Hessian of the potential Phi, f = -grad Phi.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import coo_array

from analysis.production.checks import frame, not_negative, positive

KINDS = ("softplus", "wca", "harmonic")
NEAR = 1.2  # diameters within which particles touch: soft ones hold each other off a little


@dataclass(frozen=True)
class Interaction:
    """A repulsive force between particles of one diameter.

    softplus  F = strength ln(1 + exp(beta (diameter - r)))/beta, cut off where it is e^-12 of that,
              or at `reach`, shifted to vanish there, as a simulation may have it
    wca       F = 24 strength (2 (d/r)^12 - (d/r)^6)/r to r = 2^(1/6) d
    harmonic  F = strength (diameter - r) to r = diameter
    """

    kind: Literal["softplus", "wca", "harmonic"] = "softplus"
    strength: float = 1.0
    diameter: float = 2.0
    beta: float = 7.5
    reach: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: must be one of {', '.join(KINDS)}, got {self.kind!r}")
        positive(diameter=self.diameter, beta=self.beta)
        not_negative(strength=self.strength)
        if self.reach is not None and (self.kind != "softplus" or self.reach <= self.diameter):
            raise ValueError(
                f"reach: is for softplus and above the diameter {self.diameter:g}, "
                f"got {self.reach:g} for {self.kind}"
            )

    @property
    def cutoff(self) -> float:
        """Return the distance beyond which there is no force."""
        if self.kind == "softplus":
            return self.diameter + 12 / self.beta if self.reach is None else self.reach
        return self.diameter * (2 ** (1 / 6) if self.kind == "wca" else 1.0)

    def profile(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (F, F') at distances r, zero beyond the cutoff."""
        r = np.asarray(r, dtype=float)
        if self.kind == "softplus":
            z = self.beta * (self.diameter - r)
            edge = -np.inf if self.reach is None else self.beta * (self.diameter - self.reach)
            force = self.strength * (np.logaddexp(0, z) - np.logaddexp(0, edge)) / self.beta
            slope = -self.strength / (1 + np.exp(-z))
        elif self.kind == "wca":
            six = (self.diameter / r) ** 6
            force = 24 * self.strength * six * (2 * six - 1) / r
            slope = -24 * self.strength * six * (26 * six - 7) / r**2
        else:
            force, slope = self.strength * (self.diameter - r), np.full_like(r, -self.strength)
        near = r < self.cutoff
        return np.where(near, force, 0.0), np.where(near, slope, 0.0)

    def bend(self, r: np.ndarray) -> np.ndarray:
        """Return F'' at distances r, zero beyond the cutoff."""
        r = np.asarray(r, dtype=float)
        if self.kind == "softplus":
            rising = 1 / (1 + np.exp(-self.beta * (self.diameter - r)))
            found = self.strength * self.beta * rising * (1 - rising)
        elif self.kind == "wca":
            six = (self.diameter / r) ** 6
            found = 24 * self.strength * six * (364 * six - 56) / r**3
        else:
            found = np.zeros_like(r)
        return np.where(r < self.cutoff, found, 0.0)


class Springs(NamedTuple):
    """The Hessian of one frame: K = across (1 - e e^T) + along e e^T for each pair i, j.

    i, j (P,); e (P, d); along, across, distance, bend (P,), the last
    d along/dr; force (N, d); near (P,) whether closer than
    a diameter, contacts (N,) how many such; trap, added to each particle's own diagonal
    """

    i: np.ndarray
    j: np.ndarray
    e: np.ndarray
    along: np.ndarray
    across: np.ndarray
    force: np.ndarray
    near: np.ndarray
    contacts: np.ndarray
    trap: float
    distance: np.ndarray
    bend: np.ndarray


@njit(cache=True, nogil=True)
def _chained(x: np.ndarray, low: np.ndarray, size: np.ndarray, cells: np.ndarray) -> tuple:
    """Return (first particle of each cell, next one of each particle, cell of each particle)."""
    n, d = x.shape
    total = 1
    for a in range(d):
        total *= cells[a]
    first = np.full(total, -1, np.int64)
    after = np.empty(n, np.int64)
    where = np.empty((n, d), np.int64)
    for i in range(n):
        index = 0
        for a in range(d):
            c = int(np.floor((x[i, a] - low[a]) / size[a])) % cells[a]
            where[i, a] = c
            index = index * cells[a] + c
        after[i] = first[index]
        first[index] = i
    return first, after, where


@njit(cache=True, nogil=True)
def _listed(
    x: np.ndarray, low: np.ndarray, box: np.ndarray, cells: np.ndarray, cutoff: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs i < j closer than the cutoff, from cells at least as wide, 3 or more a side."""
    n, d = x.shape
    first, after, where = _chained(x, low, box / cells, cells)
    room = 8 * n + 64
    left, right = np.empty(room, np.int64), np.empty(room, np.int64)
    count = 0
    for i in range(n):
        for shift in range(3**d):
            index, rest = 0, shift
            for a in range(d):
                c = (where[i, a] + rest % 3 - 1) % cells[a]
                rest //= 3
                index = index * cells[a] + c
            j = first[index]
            while j >= 0:
                if j > i:
                    square = 0.0
                    for a in range(d):
                        gap = x[i, a] - x[j, a]
                        gap -= box[a] * np.round(gap / box[a])
                        square += gap * gap
                    if square < cutoff * cutoff:
                        if count == room:
                            room *= 2
                            left = np.concatenate((left, np.empty(room - count, np.int64)))
                            right = np.concatenate((right, np.empty(room - count, np.int64)))
                        left[count], right[count] = i, j
                        count += 1
                j = after[j]
    return left[:count].copy(), right[:count].copy()


def neighbours(
    x: np.ndarray, cutoff: float, box: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs (i, j), i < j, of points x (N, d) closer than a cutoff; box (d,) if periodic."""
    low = x.min(axis=0) if box is None else np.zeros(x.shape[1])
    # without a box, one that is wider than the points by two cutoffs: nothing meets across it
    lengths = np.ptp(x, axis=0) + 2 * cutoff if box is None else np.asarray(box, dtype=float)
    most = max(3, int(2 * len(x) ** (1 / x.shape[1])))
    cells = np.minimum((lengths / cutoff).astype(np.int64), most)
    if (cells < 3).any():
        i, j = np.triu_indices(len(x), 1)
        gap = x[i] - x[j]
        gap -= lengths * np.round(gap / lengths)
        near = (gap**2).sum(axis=1) < cutoff**2
        return i[near], j[near]
    found: tuple[np.ndarray, np.ndarray] = _listed(
        np.ascontiguousarray(x), low, lengths, cells, cutoff
    )
    return found


def springs(
    positions: Any,
    interaction: Interaction,
    box: Any = None,
    *,
    mobility: float = 1.0,
    trap: float = 0.0,
) -> Springs:
    """Return the forces on particles (N, d) and the Hessian of their potential, times the mobility.

    box   lengths of a periodic box, a number or (d,); None without
    trap  stiffness of a harmonic trap about 0

    Raises ValueError for a box too small for the cutoff (a particle would meet another twice), and
    for particles at one place.
    """
    x = frame(positions, "positions")
    lengths = None if box is None else np.broadcast_to(np.asarray(box, float), x.shape[1:])
    if lengths is not None and (lengths < 2 * interaction.cutoff).any():
        raise ValueError(
            f"box: {lengths.min():g} is less than two cutoffs, {2 * interaction.cutoff:g}"
        )
    i, j = neighbours(x, interaction.cutoff, lengths)
    gap = x[i] - x[j]
    if lengths is not None:
        gap -= lengths * np.round(gap / lengths)
    r = np.sqrt((gap**2).sum(axis=1))
    if not (r > 0).all():
        raise ValueError("positions: two particles are at one place")
    e = gap / r[:, None]
    force, slope = interaction.profile(r)
    force, slope = mobility * force, mobility * slope
    total = -mobility * trap * x
    _scatter(total, i, j, force[:, None] * e)
    near = r < NEAR * interaction.diameter
    contacts = np.bincount(np.concatenate([i[near], j[near]]), minlength=len(x))
    bend = -mobility * interaction.bend(r)
    return Springs(
        i, j, e, -slope, -force / r, total, near, contacts, mobility * trap, r, bend
    )  # fmt: skip


def crowding(s: Springs, hops: int = 2) -> np.ndarray:
    """Return the contacts of each particle (N,), averaged over it and those it touches, repeatedly.

    hops  how often: as many contacts away are felt
    """
    i, j, n = s.i[s.near], s.j[s.near], len(s.contacts)
    found = s.contacts.astype(float)
    for _ in range(hops):
        other = np.bincount(i, found[j], n) + np.bincount(j, found[i], n)
        found = (found + other) / (1 + s.contacts)
    return np.asarray(found)


@njit(cache=True, nogil=True)
def _scatter(total: np.ndarray, i: np.ndarray, j: np.ndarray, each: np.ndarray) -> None:
    """Add to i and take from j, in place."""
    for p in range(i.size):
        for a in range(total.shape[1]):
            total[i[p], a] += each[p, a]
            total[j[p], a] -= each[p, a]


@njit(cache=True, nogil=True)
def _product(
    out: np.ndarray, v: np.ndarray, i: np.ndarray, j: np.ndarray, e: np.ndarray,
    along: np.ndarray, across: np.ndarray,
) -> None:  # fmt: skip
    d = v.shape[1]
    for p in range(i.size):
        dot = 0.0
        for a in range(d):
            dot += e[p, a] * (v[i[p], a] - v[j[p], a])
        dot *= along[p] - across[p]
        for a in range(d):
            push = across[p] * (v[i[p], a] - v[j[p], a]) + dot * e[p, a]
            out[i[p], a] += push
            out[j[p], a] -= push


def product(s: Springs, v: Any) -> np.ndarray:
    """Return H v, (N, d)."""
    v = np.ascontiguousarray(frame(v, "v", s.force.shape))
    out = s.trap * v
    _product(out, v, s.i, s.j, s.e, s.along, s.across)
    return out


@njit(cache=True, nogil=True)
def _own(
    own: np.ndarray, squares: np.ndarray, i: np.ndarray, j: np.ndarray, e: np.ndarray,
    along: np.ndarray, across: np.ndarray,
) -> None:  # fmt: skip
    d = e.shape[1]
    for p in range(i.size):
        for a in range(d):
            square = 0.0
            for b in range(d):
                block = (along[p] - across[p]) * e[p, a] * e[p, b]
                if a == b:
                    block += across[p]
                own[i[p], a, b] += block
                own[j[p], a, b] += block
                square += block * block
            squares[i[p], a] += square
            squares[j[p], a] += square


def diagonals(s: Springs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return particles' own blocks H_ii (N, d, d), and the diagonals (N, d) of H and of H^2."""
    n, d = s.force.shape
    own = np.zeros((n, d, d))
    own += s.trap * np.eye(d)
    squares = np.zeros((n, d))
    _own(own, squares, s.i, s.j, s.e, s.along, s.across)
    diagonal = np.einsum("naa->na", own).copy()
    return own, diagonal, squares + (own**2).sum(axis=2)


@njit(cache=True, nogil=True)
def _entries(
    row: np.ndarray, column: np.ndarray, value: np.ndarray, i: np.ndarray, j: np.ndarray,
    e: np.ndarray, along: np.ndarray, across: np.ndarray,
) -> None:  # fmt: skip
    """Fill in the elements of the blocks -K of pairs, both ways."""
    d = e.shape[1]
    at = 0
    for p in range(i.size):
        for a in range(d):
            for b in range(d):
                block = (along[p] - across[p]) * e[p, a] * e[p, b]
                if a == b:
                    block += across[p]
                row[at], column[at], value[at] = i[p] * d + a, j[p] * d + b, -block
                row[at + 1], column[at + 1], value[at + 1] = j[p] * d + a, i[p] * d + b, -block
                at += 2


def hessian(s: Springs) -> Any:
    """Return H (Nd, Nd) as a sparse array of scipy, rows particle by particle."""
    n, d = s.force.shape
    room = 2 * d * d * s.i.size
    row, column, value = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    _entries(row, column, value, s.i, s.j, s.e, s.along, s.across)
    own = diagonals(s)[0]
    place = np.arange(n * d).reshape(n, d)
    row = np.concatenate([row, np.repeat(place, d)])
    column = np.concatenate([column, np.tile(place, d).ravel()])
    value = np.concatenate([value, own.ravel()])
    return coo_array((value, (row, column)), shape=(n * d, n * d)).tocsr()


def power_diagonals(s: Springs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the diagonals (N, d) of H, H^2, H^3 and H^4, from H as a sparse matrix."""
    n, d = s.force.shape
    _, diagonal, square = diagonals(s)
    H = hessian(s)
    H2 = H @ H
    cube, fourth = (np.asarray(H2.multiply(A).sum(axis=1)).reshape(n, d) for A in (H, H2))
    return diagonal, square, cube, fourth


def laplacian(s: Springs) -> np.ndarray:
    """Return each particle's own part (N,) of the Laplacian of the potential, for `sum_rule`."""
    flat = s.along + (s.e.shape[1] - 1) * s.across
    n, d = s.force.shape
    both = np.bincount(s.i, flat, n) + np.bincount(s.j, flat, n)
    return np.asarray(both + d * s.trap)
