"""The nonlinear Schrödinger equation by adaptive DOP853, in the interaction picture or the lab.

    i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi - V(x) psi = 0

In Fourier space psi_hat_t = L psi_hat + N(psi_hat), L = -i beta k^2/2. In the interaction picture
v = e^{-L (t - t_n)} psi_hat is integrated over the step from t_n: the stiff part is exact, and
steps no longer shrink with the grid. In the lab frame the equation is integrated as it stands.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np

from core.backend import namespace
from core.errors import ConfigError
from sims.integrators import dop853_batch, tableau
from sims.integrators.dop853 import check_options, checked_times
from sims.integrators.dop853_batch import Control
from sims.integrators.snapshot import Snapshot
from sims.integrators.tableau import STAGES
from sims.nlse.equation import Equation, linear

Array = Any
Tables = tuple[list[Array], list[Array], list[Array]]
Frame = Literal["interaction", "lab"]
Kernel = Literal["compiled", "array"]
Resume = tuple[int, dict[str, np.ndarray]]

# DOP853 is stable on the imaginary axis up to 5.9; beyond, the error control would oscillate.
STABLE_ROTATION = 5.0
ROUND_OFF = 1e-15
ADVICE = "the field may be unresolved or blow up there: use a finer grid, or loosen rtol and atol"
_TABLE_BYTES = 2**26  # of exponentials kept by the array loop
# The times within a step, over h, at which exponentials are needed, and each stage's place there.
_NODES = np.unique(tableau.C[1 : STAGES + 1])
_NODES_DENSE = tableau.C[STAGES + 1 :]
_SLOT = [0, *np.searchsorted(_NODES, tableau.C[1 : STAGES + 1]).tolist(), 0, 1, 2]


@dataclass(frozen=True)
class Scheme:
    """What `propagate` was asked for, with the error control that follows from it."""

    control: Control
    frame: Frame
    project: bool
    floor: float
    fixed_step: float | None


def propagate(
    psi0: Array,
    times: np.ndarray,
    equation: Equation,
    *,
    rtol: float,
    atol: float,
    frame: Frame = "interaction",
    kernel: Kernel = "compiled",
    order: int | None = None,
    max_step: float | None = None,
    resume: Resume | None = None,
    project: bool | None = None,
    floor: float | None = None,
    fixed_step: float | None = None,
) -> Iterator[Snapshot]:
    """Integrate each member of psi0 over `times`, yielding a Snapshot at each.

    psi0        (M, n) complex, on the grid; the state at times[0]
    times       (T,) increasing
    rtol, atol  error per step stays below atol + rtol ||psi||, ||psi||^2 = dx sum |psi|^2
    frame       "interaction" or "lab"
    kernel      "compiled": Numba and rocket-fft, NumPy arrays; "array": any array library
    order       None: DOP853 has no other than 8
    max_step    largest step; the lab frame also keeps below the limit of stability
    resume      (a frame's index, its Snapshot's state()): go on after it; psi0 as at the beginning
    project     restore the mass after each step and in each frame, psi_hat *= sqrt(M_0/M), as the
                equation conserves it exactly. None: in the interaction picture only, where it
                also makes a soliton's phase several times more exact
    floor       modes smaller than this, against the largest, are set to zero after each step. None:
                1e-15 in the interaction picture, where round-off grows in modes with
                beta k^2 h = 2 pi m and would spoil a field on a background; 0 in the lab frame
    fixed_step  take steps of this size without error control

    Members have steps of their own and do not depend on each other, bit for bit. Steps are powers
    of 2^(1/8) and seldom change, so that the exponentials are seldom computed anew.
    Raises NumericsError naming the member and the time if a step size collapses.
    Lawson (1967) SIAM J. Numer. Anal. 4, 372 (the picture); Hairer, Lubich & Wanner (2006)
    Geometric Numerical Integration, Sec. IV.4 (projection); Krasny (1986) J. Fluid Mech. 167, 65
    (the floor).
    """
    marks = checked_times(times)
    if len(marks) > 1 and marks[1] < marks[0]:
        raise ValueError("times: must increase")
    if order is not None:
        raise ValueError("order: DOP853 has none to choose")
    if frame not in ("interaction", "lab"):
        raise ValueError(f"frame: no '{frame}'; use interaction or lab")
    if kernel not in ("compiled", "array"):
        raise ValueError(f"kernel: no '{kernel}'; use compiled or array")
    check_options(rtol, atol, "l2", None, math.inf if max_step is None else max_step, fixed_step)
    picture = frame == "interaction"
    scheme = Scheme(
        _control(equation, frame, rtol, atol, max_step, fixed_step),
        frame,
        project=picture if project is None else project,
        floor=(ROUND_OFF if picture else 0.0) if floor is None else floor,
        fixed_step=fixed_step,
    )
    solve = _compiled if kernel == "compiled" else _array
    return solve(psi0, marks, equation, scheme, resume)


def _control(
    equation: Equation,
    frame: Frame,
    rtol: float,
    atol: float,
    max_step: float | None,
    fixed_step: float | None,
) -> Control:
    fastest = float(np.max(np.abs(linear(equation))))
    largest = math.inf if max_step is None else max_step
    if frame == "lab" and fixed_step is None and fastest > 0:
        largest = min(largest, STABLE_ROTATION / fastest)
    # The error is measured over Fourier modes: ||psi||^2 = (length/n^2) sum |psi_hat|^2.
    per_mode = equation.n / math.sqrt(equation.length)
    return Control(
        rtol,
        atol * per_mode,
        norm="l2",
        max_step=largest,
        quantised=fixed_step is None,
        fixed=fixed_step is not None,
        advice=ADVICE,
        who="member {}: ",
    )


def _compiled(
    psi0: np.ndarray, times: np.ndarray, equation: Equation, scheme: Scheme, resume: Resume | None
) -> Iterator[Snapshot]:
    """Advance each member by itself from frame to frame."""
    try:
        from sims.nlse import dop853_kernels
    except ImportError as missing:
        raise ConfigError(
            f"kernel: compiled needs {missing.name}; install entroflow[fast-fft] or use array"
        ) from None
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused by name
        lanes = dop853_kernels.Lanes(np.fft.fft(psi0), float(times[0]), equation, scheme)
    snapshot = _snapshots(lanes.state, lanes.counts)
    done = 0
    if resume is None:
        yield snapshot(psi0, 0)
    else:
        done, state = resume
        lanes.resume(state)
    for index in range(done + 1, len(times)):
        psi_hat = lanes.advance(float(times[index]))
        yield snapshot(np.fft.ifft(psi_hat), index)


def _array(
    psi0: Array, times: np.ndarray, equation: Equation, scheme: Scheme, resume: Resume | None
) -> Iterator[Snapshot]:
    """Advance all members as one batch."""
    xp = namespace(psi0)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused by name
        psi_hat = xp.fft.fft(psi0)
        picture = _Picture(equation, psi_hat, scheme, xp)
    control, done = scheme.control, 0
    if resume is None:
        t0 = float(times[0])
        batch = dop853_batch.start(picture.stage, psi_hat, t0, control, scheme.fixed_step)
    else:
        done, state = resume
        batch = dop853_batch.restore(state, psi0)
    snapshot = _snapshots(batch.state, lambda: (batch.steps, batch.evaluations))
    if resume is None:
        yield snapshot(psi0, 0)
    for index in range(done + 1, len(times)):
        mark = float(times[index])
        dop853_batch.advance(batch, mark, picture.stage, control, picture.reset)
        psi_hat = dop853_batch.interpolate(batch, mark)
        psi_hat = picture.seen(dop853_batch.elapsed(batch, mark), psi_hat)
        yield snapshot(xp.fft.ifft(psi_hat), index)


def _snapshots(
    state: Callable[[], dict[str, np.ndarray]],
    counts: Callable[[], tuple[np.ndarray, np.ndarray]],
) -> Callable[[Array, int], Snapshot]:
    """Return what makes snapshots whose state() refuses to answer once the run has gone on."""
    latest = -1

    def snapshot(psi: Array, index: int) -> Snapshot:
        nonlocal latest
        latest = index

        def current() -> dict[str, np.ndarray]:
            if index != latest:
                raise RuntimeError("state: must be asked for before the next frame is drawn")
            return state()

        steps, evaluations = counts()
        return Snapshot(psi, index, current, steps.copy(), evaluations.copy())

    return snapshot


def _transforms(xp: ModuleType) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return the FFT and its inverse for arrays of no further use: NumPy works in place."""
    if xp.__name__.rpartition(".")[2] != "numpy":
        return xp.fft.fft, xp.fft.ifft
    return (lambda a: np.fft.fft(a, out=a)), (lambda a: np.fft.ifft(a, out=a))


class _Picture:
    """The right-hand side as DOP853's stages see it; keeps the exponentials of recent steps."""

    def __init__(self, equation: Equation, psi_hat: Array, scheme: Scheme, xp: ModuleType) -> None:
        self.xp, self.device, self.dtype = xp, psi_hat.device, psi_hat.dtype
        n = equation.n
        self.mask = None if equation.mask is None else self._put(equation.mask)
        self.potential = None if equation.potential is None else self._put(equation.potential)
        self.gamma = equation.nonlinearity
        self.linear = None if scheme.frame == "interaction" else self._put(linear(equation))
        self.floor = scheme.floor
        self.half = linear(equation)[: n // 2 + 1]
        self.mirror = np.minimum(np.arange(n), n - np.arange(n))
        self.masses = dop853_batch.square(xp, psi_hat) if scheme.project else None
        self.kept: dict[tuple[float, bool], tuple[Array, Array, Array]] = {}
        self.most = max(4, _TABLE_BYTES // (n * 16 * 2 * len(_NODES)))
        self.stacked: dict[bool, tuple[np.ndarray, Tables]] = {}
        self.fft, self.ifft = _transforms(xp)
        plain = scheme.frame == "lab" and not scheme.project
        self.reset = None if plain else self._reset

    def _put(self, host: np.ndarray) -> Array:
        return self.xp.astype(self.xp.asarray(host, device=self.device), self.dtype, copy=False)

    def stage(self, index: int, t: np.ndarray, h: np.ndarray, y: Array) -> Array:
        """Return the rates (m, n) of the states y (m, n) at a stage of steps h (m,)."""
        if index == 0 or self.linear is not None:
            own = self.xp.asarray(y, copy=True) if self.mask is None else self.mask * y
            term = 1j * self._cubic(own)
            term = term if self.mask is None else self.mask * term
            return term if self.linear is None else self.linear * y + term
        forward, back, _ = self._tables(h, index > STAGES)
        slot = _SLOT[index]
        return back[slot] * self._cubic(forward[slot] * y)

    def _tables(self, h: np.ndarray, dense: bool) -> Tables:
        """Return the exponentials for the members' steps h (m,)."""
        if dense in self.stacked:
            known, tables = self.stacked[dense]
            if known is h:  # the loop passes one array for all stages of a step
                return tables
            if np.array_equal(known, h):
                self.stacked[dense] = h, tables
                return tables
        steps = h[:1] if (h == h[0]).all() else h
        lanes = [self._exponentials(float(step), dense) for step in steps]
        forward, back, turn = (
            [stack[i, ...] for i in range(stack.shape[0])]
            for stack in (self.xp.stack(parts, axis=1) for parts in zip(*lanes, strict=True))
        )
        self.stacked[dense] = h, (forward, back, turn)
        return forward, back, turn

    def _exponentials(self, h: float, dense: bool) -> tuple[Array, Array, Array]:
        """Return mask e^{L c h}, i mask e^{-L c h}, each (slots, n), and e^{L h}, (1, n)."""
        if (h, dense) not in self.kept:
            if len(self.kept) >= self.most:
                self.kept.clear()
            turns = self._rotation((_NODES_DENSE if dense else _NODES) * h)
            forward, back = self._put(turns), self._put(1j * np.conj(turns))
            if self.mask is not None:
                forward, back = self.mask * forward, self.mask * back
            self.kept[h, dense] = forward, back, self._put(turns[-1:, :])
        return self.kept[h, dense]

    def _cubic(self, psi_hat: Array) -> Array:
        """Return F[(gamma |psi|^2 - V) psi]; psi_hat may be overwritten."""
        xp = self.xp
        psi = self.ifft(psi_hat)
        # One complex product is one call; the squares of real and imaginary part are five.
        rate = psi * xp.conj(psi)
        if self.gamma != 1.0:
            rate = self.gamma * rate
        if self.potential is not None:
            rate = rate - self.potential
        return self.fft(rate * psi)

    def _reset(self, who: np.ndarray, h: np.ndarray, y: Array, rate: Array) -> tuple[Array, Array]:
        if self.linear is None:
            turn = self._tables(h, False)[2][0]
            y, rate = self._cleared(turn * y), turn * rate
        return self._restored(y, self._rows(who)), rate

    def _cleared(self, y: Array) -> Array:
        """Return y with zeros for the modes below the floor: they hold round-off only."""
        if self.floor == 0.0:
            return y
        xp = self.xp
        size = xp.real(y) ** 2 + xp.imag(y) ** 2
        least = self.floor**2 * xp.max(size, axis=-1, keepdims=True)
        return xp.where(size < least, xp.zeros_like(y), y)

    def _rows(self, who: np.ndarray) -> Array | None:
        if self.masses is None or len(who) == self.masses.shape[0]:
            return self.masses
        return self.xp.take(self.masses, self.xp.asarray(who, device=self.device), axis=0)

    def _restored(self, y: Array, masses: Array | None) -> Array:
        """Return y with the masses it should have."""
        if masses is None:
            return y
        now = dop853_batch.square(self.xp, y)
        safe = self.xp.where(now > 0, now, self.xp.ones_like(now))
        return y * self.xp.sqrt(masses / safe)[:, None]

    def seen(self, tau: np.ndarray, y: Array) -> Array:
        """Return psi_hat (M, n) of states y at times tau (M,) after their steps began."""
        if self.linear is None:
            y = self._put(self._rotation(tau)) * y
        return self._restored(y, self.masses)

    def _rotation(self, tau: np.ndarray) -> np.ndarray:
        """Return e^{L tau}, (len(tau), n); L is even in k, so half of it is computed."""
        half = np.exp(tau[:, None] * self.half)
        return half[:, self.mirror]
