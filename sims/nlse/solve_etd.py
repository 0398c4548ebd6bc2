"""The nonlinear Schrödinger equation by exponential Adams steps, one FFT pair each.

psi_hat' = -i beta k^2/2 psi_hat + i F[(gamma |psi|^2 - V) psi]
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from core.backend import namespace
from core.errors import ConfigError
from sims.integrators.etd_adams import Frame, Problem, etd_adams
from sims.integrators.snapshot import Snapshot
from sims.nlse.equation import Equation, linear, nonlinear

Array = Any


def propagate(
    psi0: Array,
    times: np.ndarray,
    equation: Equation,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    frame: str = "interaction",
    kernel: Literal["compiled", "array"] = "compiled",
    order: int | None = None,
    max_step: float | None = None,
    steps: int | None = None,
    resume: tuple[int, dict[str, np.ndarray]] | None = None,
) -> Iterator[Snapshot]:
    """Yield the field at each of `times`."""
    xp = namespace(psi0)
    rtol = 1e-12 if rtol is None else rtol
    atol = 0.0 if atol is None else atol
    order = 6 if order is None else order
    term = nonlinear(equation, xp)
    problem = Problem(
        linear(equation),
        lambda t, u: term(u),
        rtol,
        atol,
        order,
        scale=equation.length**0.5 / equation.n,
        rate=_rate(equation, xp),
        max_step=max_step or np.inf,
        steps=steps,
    )
    u0 = xp.fft.fft(psi0)
    if kernel == "compiled":
        frames = _compiled(problem, equation, u0, times, resume)
    elif kernel == "array":
        frames = etd_adams(problem, u0, times, resume)
    else:
        raise ValueError(f"kernel: no '{kernel}'; use compiled or array")
    return _snapshots(frames, psi0, xp)


def _rate(equation: Equation, xp: Any) -> Callable[[Array], Array]:
    potential = 0.0 if equation.potential is None else float(np.abs(equation.potential).max())

    def rate(u: Array) -> Array:
        psi = xp.fft.ifft(u)
        density = xp.real(psi) ** 2 + xp.imag(psi) ** 2
        return abs(equation.nonlinearity) * xp.max(density, axis=-1) + potential

    return rate


def _compiled(problem, equation, u0, times, resume) -> Iterator[Frame]:
    try:
        from sims.integrators.etd_adams_compiled import etd_adams_compiled
        from sims.nlse.etd_kernels import kernel
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"kernel: compiled needs {missing.name}; install entroflow[fast-fft] or use array"
        ) from None
    return etd_adams_compiled(problem, kernel(equation), u0, times, resume)


def _snapshots(frames: Iterator[Frame], psi0: Array, xp: Any) -> Iterator[Snapshot]:
    for f in frames:
        psi = psi0 if f.index == 0 else xp.fft.ifft(f.u)
        yield Snapshot(psi, f.index, f.state, f.steps, f.evaluations)
