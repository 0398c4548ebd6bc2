"""The nonlinear Schrödinger equation by exponential Adams steps, one FFT pair each.

    psi_hat_t = -i (beta/2) k^2 psi_hat + i F[(gamma |psi|^2 - V) psi]

The linear part is taken exactly, so steps do not shrink as the grid is refined.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from core.backend import namespace
from core.errors import ConfigError
from sims.integrators.etd_adams import etd_adams
from sims.integrators.etd_problem import Frame, Problem, State
from sims.integrators.snapshot import Snapshot
from sims.nlse.equation import Equation, linear, nonlinear

Array = Any

RTOL, ATOL = 1e-13, 0.0


def usual_order(rtol: float) -> int:
    """Return the predictor order that needs the fewest steps on solitons and breathers.

    Order 7 needs still fewer below 1e-11, where nothing but solitons is on the line: on a plane
    wave its resonances grow and the steps shrink.
    """
    return 6 if rtol <= 1e-9 else 5


def propagate(
    psi0: Array,
    times: np.ndarray,
    equation: Equation,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    frame: Literal["interaction", "lab"] = "interaction",
    kernel: Literal["compiled", "array"] = "compiled",
    order: int | None = None,
    max_step: float | None = None,
    steps: int | None = None,
    resume: tuple[int, State] | None = None,
) -> Iterator[Snapshot]:
    """Yield the field at each of `times`, the first being psi0 itself.

    psi0        (M, n) complex; members advance by their own steps, whoever shares the batch
    times       (T,) increasing; each is landed on
    rtol, atol  error per step of the predictor, in the L2 norm of psi; None: 1e-13 and 0
    frame       of no effect: the linear part is exact in either
    kernel      "compiled": Numba and rocket-fft, NumPy arrays; "array": any array library
    order       p, 1 to 7, of the predictor; the method's is p + 1. None chooses it from rtol
    max_step    largest step
    steps       fixed steps per frame (a power of 2, or 3 times one), without error control
    resume      (j, state of snapshot j): goes on after frame j, to the same bits

    The L2 norm, which the equation keeps, is restored at every frame: mass then is conserved to
    rounding and no measure of the error; momentum and energy are. Raises ValueError for an option
    that cannot be, ConfigError without the compiled kernel's packages, NumericsError if a step
    collapses. Hochbruck & Ostermann (2010) Acta Numerica 19, 209, Sec. 2.5.
    """
    if kernel not in ("compiled", "array"):
        raise ValueError(f"kernel: no '{kernel}'; use compiled or array")
    if frame not in ("interaction", "lab"):
        raise ValueError(f"frame: no '{frame}'; use interaction or lab")
    xp = namespace(psi0)
    rtol = RTOL if rtol is None else rtol
    term = nonlinear(equation, xp)
    problem = Problem(
        linear=linear(equation),
        nonlinear=lambda t, psi_hat: term(psi_hat),
        rtol=rtol,
        atol=ATOL if atol is None else atol,
        order=usual_order(rtol) if order is None else order,
        scale=equation.length**0.5 / equation.n,
        rate=_rate(equation, xp),
        max_step=np.inf if max_step is None else max_step,
        steps=steps,
        norm_kept=True,
    )
    if kernel == "array":
        frames = etd_adams(problem, xp.fft.fft(psi0), times, resume)
    else:
        frames = _compiled(problem, equation, xp.fft.fft(psi0), times, resume)
    return _snapshots(frames, psi0, xp)


def _rate(equation: Equation, xp: Any) -> Callable[[Array], Array]:
    """Return psi_hat (m, n) -> (m,) the largest |gamma| |psi|^2, plus that of |V|."""
    potential = 0.0 if equation.potential is None else float(np.abs(equation.potential).max())
    mask = None if equation.mask is None else xp.asarray(equation.mask)

    def rate(psi_hat: Array) -> Array:
        psi = xp.fft.ifft(psi_hat if mask is None else mask * psi_hat)
        density = xp.real(psi) ** 2 + xp.imag(psi) ** 2
        return abs(equation.nonlinearity) * xp.max(density, axis=-1) + potential

    return rate


def _compiled(
    problem: Problem,
    equation: Equation,
    psi_hat: Array,
    times: np.ndarray,
    resume: tuple[int, State] | None,
) -> Iterator[Frame]:
    try:
        from sims.integrators.etd_adams_compiled import etd_adams_compiled
        from sims.nlse.etd_kernels import kernel
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"kernel: compiled needs {missing.name}; install entroflow[fast-fft] or use array"
        ) from None
    return etd_adams_compiled(problem, kernel(equation), psi_hat, times, resume)


def _snapshots(frames: Iterator[Frame], psi0: Array, xp: Any) -> Iterator[Snapshot]:
    for at in frames:
        psi = psi0 if at.index == 0 else xp.fft.ifft(at.u)
        yield Snapshot(psi, at.index, at.state, at.steps, at.evaluations)
