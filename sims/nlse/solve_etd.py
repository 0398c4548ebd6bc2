"""The nonlinear Schrödinger equation by exponential Adams steps, one FFT pair each.

    psi_hat_t = -i (beta/2) k^2 psi_hat + i F[(gamma |psi|^2 - V) psi]

The linear part is taken exactly, so steps do not shrink as the grid is refined. A constant may be
moved between the two parts; see `balance`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from core.backend import namespace, to_host
from core.errors import ConfigError
from sims.integrators.etd_adams import etd_adams
from sims.integrators.etd_problem import Frame, Problem, State
from sims.integrators.snapshot import Snapshot
from sims.nlse.equation import Equation, linear, nonlinear

Array = Any

RTOL, RTOL_SHIFTED, ATOL = 1e-13, 1e-11, 0.0
MARGIN = 2.5  # of a shift over the largest |gamma| |psi|^2; above 2 is needed, above 4 costs steps


def usual_order(rtol: float, shift: float = 0.0) -> int:
    """Return the predictor order that needs the fewest steps on solitons and breathers.

    Order 7 needs fewer still below 1e-11 if there are solitons and nothing else. On a plane wave
    its resonances grow and the steps shrink; those of order 6 are harmless where such waves are
    unstable anyway, but not in a defocusing equation.

    shift  see `balance`
    """
    return 6 if rtol <= 1e-9 and shift == 0.0 else 5


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
    rtol, atol  error per step of the predictor, in the L2 norm of psi. None: 1e-13 and 0; with a
                defocusing equation or a potential 1e-11 (see `balance`: there noise grows slowly,
                and tighter tolerances pay for its control, the more so the finer the grid)
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
    options: dict[str, Any] = {
        "atol": ATOL if atol is None else atol,
        "max_step": np.inf if max_step is None else max_step,
        "steps": steps,
    }
    peaks = to_host(xp.max(xp.real(psi0) ** 2 + xp.imag(psi0) ** 2, axis=-1)).tolist()
    groups: dict[float, list[int]] = {}
    for member, peak in enumerate(peaks):
        groups.setdefault(balance(equation, peak), []).append(member)
    runs = []
    for shift, members in groups.items():
        where = xp.asarray(members, device=psi0.device)
        psi_hat = xp.fft.fft(xp.take(psi0, where, axis=0))
        mine = None
        if resume is not None:
            mine = resume[0], {name: values[members] for name, values in resume[1].items()}
        solve = _compiled if kernel == "compiled" else _array
        usual = RTOL if shift == 0.0 else RTOL_SHIFTED
        per_step = usual if rtol is None else rtol
        options["rtol"] = per_step
        options["order"] = usual_order(per_step, shift) if order is None else order
        runs.append((members, solve(equation, shift, options, psi_hat, times, mine)))
    return _snapshots(runs, psi0, xp)


def balance(equation: Equation, peak: float) -> float:
    """Return the constant C that goes from the linear part, L - iC, to the nonlinear, N + iC psi.

    The equation is the same, but where beta (gamma |psi|^2 - V + C) is negative exponential Adams
    steps amplify modes that turn by a radian or more per step, noise first, at several times the
    rate |gamma| |psi|^2 (and damp them where it is positive): the extrapolated N of such a mode
    is out of phase with it. So a defocusing equation and a repelling potential are shifted.

    peak  largest |psi|^2 of the initial field; its shift is a power of 2, or 3/2 of one, so that
          members of like height share it
    """
    sign = 1.0 if equation.dispersion > 0 else -1.0
    shift = 0.0
    if equation.potential is not None:
        shift = sign * float(np.max(sign * np.asarray(equation.potential)))
    needed = MARGIN * abs(equation.nonlinearity) * peak
    if sign * equation.nonlinearity < 0 and 0 < needed < np.inf:
        power = 2.0 ** np.floor(np.log2(needed))
        shift += sign * next(power * f for f in (1.0, 1.5, 2.0) if power * f >= needed)
    return shift


def _shifted(equation: Equation, shift: float) -> tuple[np.ndarray, Equation]:
    """Return L - iC over the modes, and the equation whose nonlinear term is N + iC psi."""
    if shift == 0.0:
        return linear(equation), equation
    weight = 1.0 if equation.mask is None else equation.mask**2
    potential = np.zeros(equation.n) if equation.potential is None else equation.potential
    return linear(equation) - 1j * shift * weight, replace(equation, potential=potential - shift)


def _problem(
    equation: Equation, shift: float, options: dict[str, Any], xp: Any
) -> tuple[Problem, Equation]:
    rates, shifted = _shifted(equation, shift)
    term = nonlinear(shifted, xp)
    problem = Problem(
        linear=rates,
        nonlinear=lambda t, psi_hat: term(psi_hat),
        scale=equation.length**0.5 / equation.n,
        rate=_rate(shifted, xp),
        norm_kept=True,
        **options,
    )
    return problem, shifted


def _rate(equation: Equation, xp: Any) -> Callable[[Array], Array]:
    """Return psi_hat (m, n) -> (m,) the largest |gamma |psi|^2 - V/2|, half of |dN/dpsi|."""
    potential = None if equation.potential is None else xp.asarray(equation.potential)
    mask = None if equation.mask is None else xp.asarray(equation.mask)

    def rate(psi_hat: Array) -> Array:
        psi = xp.fft.ifft(psi_hat if mask is None else mask * psi_hat)
        rates = equation.nonlinearity * (xp.real(psi) ** 2 + xp.imag(psi) ** 2)
        if potential is not None:
            rates = rates - 0.5 * potential
        return xp.max(xp.abs(rates), axis=-1)

    return rate


def _array(
    equation: Equation,
    shift: float,
    options: dict[str, Any],
    psi_hat: Array,
    times: np.ndarray,
    resume: tuple[int, State] | None,
) -> Iterator[Frame]:
    problem, _ = _problem(equation, shift, options, namespace(psi_hat))
    return etd_adams(problem, psi_hat, times, resume)


def _compiled(
    equation: Equation,
    shift: float,
    options: dict[str, Any],
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
    problem, shifted = _problem(equation, shift, options, np)
    return etd_adams_compiled(problem, kernel(shifted), psi_hat, times, resume)


def _snapshots(
    runs: list[tuple[list[int], Iterator[Frame]]], psi0: Array, xp: Any
) -> Iterator[Snapshot]:
    """Yield the frames of all groups of members as one batch."""
    size = psi0.shape[0]
    for frames in zip(*(frames for _, frames in runs), strict=True):
        parts = [(members, frame) for (members, _), frame in zip(runs, frames, strict=True)]
        psi = xp.asarray(psi0, copy=True)
        for members, frame in parts:
            if frame.index:
                fields = xp.fft.ifft(frame.u)
                for row, member in enumerate(members):
                    psi[member, :] = fields[row, :]

        def state(parts: list[tuple[list[int], Frame]] = parts) -> State:
            return _together([(members, frame.state()) for members, frame in parts], size)

        counts = [{"steps": f.steps, "evaluations": f.evaluations} for _, f in parts]
        both = _together(list(zip([m for m, _ in parts], counts, strict=True)), size)
        yield Snapshot(psi, frames[0].index, state, both["steps"], both["evaluations"])


def _together(parts: list[tuple[list[int], State]], size: int) -> State:
    """Return arrays over all members from those of groups of members."""
    out = {k: np.empty((size, *v.shape[1:]), dtype=v.dtype) for k, v in parts[0][1].items()}
    for members, values in parts:
        for name, array in out.items():
            array[members] = values[name]
    return out
