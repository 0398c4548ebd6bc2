# mypy: disallow-untyped-defs=False
"""Compiled right-hand sides of the nonlinear Schrödinger equation for the compiled DOP853.

    interaction picture, tau = t - t_n:  v = e^{-L tau} psi_hat,  v_tau = e^{-L tau} N(e^{L tau} v)
    lab frame:                           psi_hat_t = L psi_hat + N(psi_hat)
    L = -i beta k^2/2,   N(psi_hat) = i mask F[(gamma |psi|^2 - V) psi],  psi = F^-1[mask psi_hat]

A state of n complex numbers is 2n floats, real and imaginary parts in turn. Importing this module
imports Numba and rocket-fft.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from rocket_fft import c2c

from core.errors import NumericsError
from sims.integrators import compiled, compiled_sums, tableau
from sims.integrators.compiled import FRAME_RATE, FRAME_STATE, OUT_OF_FRAME, right_hand_side
from sims.integrators.compiled_sums import copy_row, square
from sims.integrators.tableau import STAGES, STAGES_DENSE
from sims.nlse.equation import Equation, linear
from sims.nlse.solve_dop853 import Scheme

# The head of `work`: what the tables were made for, then the equation, then the two lists.
_STEP, _DENSE_STEP, _N, _GAMMA, _POTENTIAL, _MASK, _MASS, _FLOOR = range(8)
_NODE, _SLOT = 8, 8 + STAGES_DENSE  # times of the tables over h; the table of each stage
_HEAD = 8 + 2 * STAGES_DENSE
_NODES = np.unique(tableau.C[1 : STAGES + 1])  # 11 of them, the last is 1
_NODES_ALL = np.concatenate([_NODES, tableau.C[STAGES + 1 :]])
_TABLES, _TABLES_ALL, _END = len(_NODES), len(_NODES_ALL), len(_NODES) - 1
_AXIS = np.zeros(1, dtype=np.int64)


def workspace(equation: Equation, mass: float = 0.0, floor: float = 0.0) -> np.ndarray:
    """Return parameters, tables and scratch for one state.

    mass  sum of |psi_hat|^2 to restore after each step and in each frame; 0 restores nothing
    floor modes this much smaller than the largest are cleared after each step

    The layout after the head: frequencies (n/2+1), V (n), mask (n), scratch (2n), tables of
    cosines and sines (14, 2, n).
    """
    n = equation.n
    work = np.zeros(_HEAD + n // 2 + 1 + 4 * n + _TABLES_ALL * 2 * n)
    work[[_STEP, _DENSE_STEP]] = np.nan
    work[[_N, _GAMMA, _MASS, _FLOOR]] = n, equation.nonlinearity, mass, floor
    work[_NODE : _NODE + _TABLES_ALL] = _NODES_ALL
    for stage in range(1, STAGES_DENSE):
        work[_SLOT + stage] = np.flatnonzero(tableau.C[stage] == _NODES_ALL)[0]
    work[_HEAD : _HEAD + n // 2 + 1] = linear(equation).imag[: n // 2 + 1]
    start = _HEAD + n // 2 + 1
    if equation.potential is not None:
        work[_POTENTIAL] = 1.0
        work[start : start + n] = equation.potential
    if equation.mask is not None:
        work[_MASK] = 1.0
        work[start + n : start + 2 * n] = equation.mask
    return work


@njit
def _tables(work, h, first, last):
    """Fill the tables e^{L c h}: cosines, then sines, of modes in FFT order (L is even in k)."""
    n = int(work[_N])
    half = n // 2
    start = _HEAD + half + 1 + 4 * n
    for slot in range(first, last):
        tau = work[_NODE + slot] * h
        cosine = work[start + 2 * n * slot : start + 2 * n * slot + n]
        sine = work[start + 2 * n * slot + n : start + 2 * n * slot + 2 * n]
        for j in range(half + 1):
            phase = work[_HEAD + j] * tau
            cosine[j], sine[j] = math.cos(phase), math.sin(phase)
        for j in range(1, half):
            cosine[n - j], sine[n - j] = cosine[j], sine[j]


@njit
def _rotate(out, cosine, sine, z):
    for j in range(cosine.size):
        out[2 * j] = cosine[j] * z[2 * j] - sine[j] * z[2 * j + 1]
        out[2 * j + 1] = cosine[j] * z[2 * j + 1] + sine[j] * z[2 * j]


@njit
def _rotate_back(out, cosine, sine, z):
    """Multiply by i and rotate back."""
    for j in range(cosine.size):
        out[2 * j] = sine[j] * z[2 * j] - cosine[j] * z[2 * j + 1]
        out[2 * j + 1] = sine[j] * z[2 * j + 1] + cosine[j] * z[2 * j]


@njit
def _scale(out, z, weight):
    for j in range(weight.size):
        out[2 * j] = weight[j] * z[2 * j]
        out[2 * j + 1] = weight[j] * z[2 * j + 1]


@njit
def _cubic(z, gamma, norm):
    for j in range(z.size // 2):
        rate = gamma * (z[2 * j] * z[2 * j] + z[2 * j + 1] * z[2 * j + 1]) * norm
        z[2 * j] *= rate
        z[2 * j + 1] *= rate


@njit
def _cubic_in_potential(z, gamma, norm, square, potential):
    for j in range(potential.size):
        rate = gamma * (z[2 * j] * z[2 * j] + z[2 * j + 1] * z[2 * j + 1]) * square
        rate = (rate - potential[j]) * norm
        z[2 * j] *= rate
        z[2 * j + 1] *= rate


@njit
def _nonlinear(psi_hat, work):
    """Replace psi_hat by N(psi_hat)/i."""
    n = int(work[_N])
    start = _HEAD + n // 2 + 1
    mask = work[start + n : start + 2 * n]
    if work[_MASK] == 1.0:
        _scale(psi_hat, psi_hat, mask)
    z = psi_hat.view(np.complex128)
    c2c(z, z, _AXIS, False, 1.0, 1)
    if work[_POTENTIAL] == 1.0:
        potential = work[start : start + n]
        _cubic_in_potential(psi_hat, work[_GAMMA], 1.0 / n, 1.0 / n / n, potential)
    else:
        _cubic(psi_hat, work[_GAMMA], 1.0 / n / n / n)
    c2c(z, z, _AXIS, True, 1.0, 1)
    if work[_MASK] == 1.0:
        _scale(psi_hat, psi_hat, mask)


@njit
def _restore(y, work):
    """Scale y to the mass it began with, where that is asked for."""
    if work[_MASS] == 0.0:
        return
    total = square(y)
    factor = math.sqrt(work[_MASS] / total) if total > 0.0 else 1.0
    for j in range(y.size):
        y[j] *= factor


@njit
def _clear(y, floor):
    """Set modes to zero that are below the floor: they hold round-off only."""
    if floor == 0.0:
        return
    largest = 0.0
    for j in range(0, y.size, 2):
        largest = max(largest, y[j] * y[j] + y[j + 1] * y[j + 1])
    largest *= floor * floor
    for j in range(0, y.size, 2):
        if y[j] * y[j] + y[j + 1] * y[j + 1] < largest:
            y[j], y[j + 1] = 0.0, 0.0


@njit
def _turn(out, tau, y, work):
    """Write e^{L tau} y, for any tau."""
    n = int(work[_N])
    half = n // 2
    for j in range(half + 1):
        cosine, sine = math.cos(work[_HEAD + j] * tau), math.sin(work[_HEAD + j] * tau)
        a, b = y[2 * j], y[2 * j + 1]
        out[2 * j], out[2 * j + 1] = cosine * a - sine * b, cosine * b + sine * a
        if 0 < j < half:
            m = n - j
            a, b = y[2 * m], y[2 * m + 1]
            out[2 * m], out[2 * m + 1] = cosine * a - sine * b, cosine * b + sine * a


@njit
def _interaction(stage, h, y, out, work):
    n = int(work[_N])
    start = _HEAD + n // 2 + 1
    scratch = work[start + 2 * n : start + 4 * n]
    if stage == 0:
        copy_row(scratch, y)
        _nonlinear(scratch, work)
        for j in range(n):
            out[2 * j], out[2 * j + 1] = -scratch[2 * j + 1], scratch[2 * j]
        return
    if stage == OUT_OF_FRAME:
        _turn(out, h, y, work)
        _restore(out, work)
        return
    if work[_STEP] != h:
        _tables(work, h, 0, _TABLES)
        work[_STEP] = h
    if stage > STAGES and work[_DENSE_STEP] != h:
        _tables(work, h, _TABLES, _TABLES_ALL)
        work[_DENSE_STEP] = h
    slot = _END if stage < 0 else int(work[_SLOT + stage])
    table = start + 4 * n + 2 * n * slot
    cosine, sine = work[table : table + n], work[table + n : table + 2 * n]
    if stage == FRAME_STATE:
        _rotate(out, cosine, sine, y)
        _clear(out, work[_FLOOR])
        _restore(out, work)
        return
    if stage == FRAME_RATE:
        _rotate(out, cosine, sine, y)
        return
    _rotate(scratch, cosine, sine, y)
    _nonlinear(scratch, work)
    _rotate_back(out, cosine, sine, scratch)


@njit
def _lab(stage, y, out, work):
    if stage < 0:
        copy_row(out, y)
        if stage != FRAME_RATE:
            _restore(out, work)
        return
    n = int(work[_N])
    start = _HEAD + n // 2 + 1
    scratch = work[start + 2 * n : start + 4 * n]
    copy_row(scratch, y)
    _nonlinear(scratch, work)
    frequency = work[start + 4 * n : start + 5 * n]  # the first table, of no other use here
    if work[_STEP] != 0.0:
        for j in range(n):
            frequency[j] = work[_HEAD + min(j, n - j)]
        work[_STEP] = 0.0
    for j in range(n):
        out[2 * j] = -frequency[j] * y[2 * j + 1] - scratch[2 * j + 1]
        out[2 * j + 1] = frequency[j] * y[2 * j] + scratch[2 * j]


@cache
def interaction() -> Any:
    """Return the right-hand side in the interaction picture, compiled or from the disk cache."""
    version = compiled.fingerprint(compiled, compiled_sums, tableau)

    @right_hand_side
    def interaction(stage, t, h, y, out, work):
        version  # noqa: B018  (see sims.integrators.compiled.fingerprint)
        _interaction(stage, h, y, out, work)

    return interaction


@cache
def lab() -> Any:
    """Return the right-hand side in the lab frame, compiled or from the disk cache."""
    version = compiled.fingerprint(compiled, compiled_sums, tableau)

    @right_hand_side
    def lab(stage, t, h, y, out, work):
        version  # noqa: B018
        _lab(stage, y, out, work)

    return lab


class Lanes:
    """The members of a run, each on its own way."""

    def __init__(self, psi_hat: np.ndarray, t0: float, equation: Equation, scheme: Scheme) -> None:
        self.control, self.lanes = scheme.control, []
        interacting = scheme.frame == "interaction"
        rhs = interaction() if interacting else lab()
        first, framed = scheme.fixed_step, interacting or scheme.project
        for member, row in enumerate(np.ascontiguousarray(psi_hat, dtype=np.complex128)):
            y = row.view(np.float64)
            mass = float(np.sum(y * y)) if scheme.project else 0.0
            with _named(member):
                work = workspace(equation, mass, scheme.floor)
                lane = compiled.start(
                    rhs, y, t0, work, self.control, first_step=first, framed=framed
                )
            self.lanes.append(lane)

    def advance(self, t: float) -> np.ndarray:
        """Step each member to or past t; return psi_hat (M, n) at t."""
        frames = []
        for member, lane in enumerate(self.lanes):
            with _named(member):
                frame = lane.run(np.array([t]))
            frames.append(frame.view(np.complex128))
        return np.concatenate(frames)

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members' steps and evaluations so far, each (M,)."""
        counts = np.stack([lane.counts for lane in self.lanes])
        return counts[:, compiled.STEPS], counts[:, compiled.EVALUATIONS]

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays to go on from, members stacked along the leading axis."""
        states = [lane.state() for lane in self.lanes]
        return {name: np.stack([state[name] for state in states]) for name in states[0]}

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Take over a saved state."""
        for member, lane in enumerate(self.lanes):
            lane.resume({name: array[member] for name, array in state.items()})


@contextmanager
def _named(member: int) -> Iterator[None]:
    """Put the member's number before what went wrong."""
    try:
        yield
    except NumericsError as problem:
        raise NumericsError(f"member {member}: {problem}") from None
