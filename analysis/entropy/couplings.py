"""Couplings of least entropy: a joint distribution of two marginals that leaves little to chance.

    min H(J)  over J >= 0 with  sum_j J_ij = p_i,  sum_i J_ij = r_j

The exact minimum is NP-hard. The greedy coupling pairs the largest masses that are left.
"""

import heapq
import math
from typing import Any

import numpy as np

from analysis.entropy.checks import like, to_host
from analysis.entropy.functionals import checked

Array = Any
Cells = dict[tuple[int, int], int]
_ROUNDING = 50  # bits: what is 2^-50 of a mass beside it, 4 roundings, is no mass of its own


def _marginal(p: Array, name: str) -> np.ndarray:
    """Return a distribution as float64 on the host."""
    host = np.asarray(p, dtype=float) if isinstance(p, list | tuple) else to_host(p)
    if host.ndim != 1:
        raise ValueError(f"{name}: must be one distribution (n,), got shape {host.shape}")
    if host.dtype.kind == "f":
        host = host.astype(float)  # a sum in float32 would be off by more than couplings may
    return checked(host, -1, name)[0]


def _whole(p: np.ndarray, unit: int) -> list[tuple[int, int]]:
    """Return the heap of (-p_i 2^unit, i), exact integers, without those that are 0."""
    heap = []
    for i, value in enumerate(p.tolist()):
        if value > 0:
            numerator, denominator = value.as_integer_ratio()
            heap.append((-(numerator << unit) // denominator, i))
    heapq.heapify(heap)
    return heap


def _unit(*marginals: np.ndarray) -> int:
    """Return the power of 2 that makes integers of all masses."""
    least = min(float(p[p > 0].min()) for p in marginals)
    return max(0, 53 - math.frexp(least)[1])


def _greedy(p: np.ndarray, r: np.ndarray) -> tuple[Cells, int]:
    """Return (the masses of the cells, in units of 2^-unit; unit).

    Integers, so that what is left of a mass after many cells is exact. What is left beside a cell
    by rounding of the marginals, such as 0.3 - (0.1 + 0.2), gets no cell of its own.
    """
    unit = _unit(p, r)
    rows, columns = _whole(p, unit), _whole(r, unit)
    top = rows[0][1], columns[0][1]
    cells: Cells = {}
    of_row: dict[int, int] = {}
    of_column: dict[int, int] = {}
    while rows and columns:
        (a, i), (b, j) = heapq.heappop(rows), heapq.heappop(columns)
        mass = min(-a, -b)
        cells[i, j] = mass
        of_row.setdefault(i, j)
        of_column.setdefault(j, i)
        if -a - mass > mass >> _ROUNDING:
            heapq.heappush(rows, (a + mass, i))
        if -b - mass > mass >> _ROUNDING:
            heapq.heappush(columns, (b + mass, j))
    # The sums of p and r differ by rounding: what one has more joins a cell that is there.
    for a, i in rows:
        cell = i, of_row.get(i, top[1])
        cells[cell] = cells.get(cell, 0) - a
    for b, j in columns:
        cell = of_column.get(j, top[0]), j
        cells[cell] = cells.get(cell, 0) - b
    return cells, unit


def _coupled(p: Array, r: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]]:
    """Return (rows, columns, masses, shape) of the greedy coupling."""
    left, right = _marginal(p, "p"), _marginal(r, "r")
    cells, unit = _greedy(left, right)
    place = np.array(list(cells), np.int64)
    one = 1 << unit
    masses = np.array([mass / one for mass in cells.values()])
    return place[:, 0], place[:, 1], masses, (left.size, right.size)


def _home(values: np.ndarray, p: Array) -> Array:
    return values if isinstance(p, list | tuple) else like(values, p)


def minimum_entropy_coupling(p: Array, r: Array, *, sparse: bool = False) -> Any:
    """Return a joint distribution of marginals p and r whose entropy is nearly the least.

    p, r    (n,) and (m,) probabilities
    sparse  return (rows, columns, masses) of the cells that are not 0, at most n + m - 1, in the
            order found; else (n, m) float64

    Its marginals are p and r, but that what the sum of one has over the other by rounding is in
    one cell. Its entropy is at most 1 / e nats above the least.
    Raises ValueError for what is no distribution (n,): NaN, a negative, a sum off by over 1e-6.
    Kocaoglu et al. (2017) Proc. AAAI 31, 1156; the bound is of Compton et al. (2023)
    arXiv:2302.11838.
    """
    rows, columns, masses, shape = _coupled(p, r)
    if sparse:
        return _home(rows, p), _home(columns, p), _home(masses, p)
    joint = np.zeros(shape)
    joint[rows, columns] = masses
    return _home(joint, p)


def coupling_entropy(p: Array, r: Array) -> Array:
    """Return the entropy of `minimum_entropy_coupling`, in nats.

    p, r  (n,) and (m,) probabilities

    It is between max(H(p), H(r)) and H(p) + H(r), and estimates the least that a joint
    distribution can have. Raises ValueError as `minimum_entropy_coupling`.
    """
    _, _, masses, _ = _coupled(p, r)
    return _home(0.0 - np.sum(masses * np.log(masses)), p)
