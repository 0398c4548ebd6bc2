"""The nonlinear Schrödinger equation by exponential Adams steps, one FFT pair each.

psi_hat' = -i beta k^2/2 psi_hat + i F[(gamma |psi|^2 - V) psi]
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from core.backend import namespace
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
    rtol = 1e-9 if rtol is None else rtol
    atol = 0.0 if atol is None else atol
    order = 5 if order is None else order
    term = nonlinear(equation, xp)

    def rate(u: Array) -> Array:
        psi = xp.fft.ifft(u)
        return abs(equation.nonlinearity) * xp.max(xp.real(psi) ** 2 + xp.imag(psi) ** 2, axis=-1)

    problem = Problem(
        linear(equation),
        lambda t, u: term(u),
        rtol,
        atol,
        order,
        scale=equation.length**0.5 / equation.n,
        rate=rate,
        max_step=max_step or np.inf,
        steps=steps,
    )
    u0 = xp.fft.fft(psi0)
    for f in etd_adams(problem, u0, times, resume):
        psi = psi0 if f.index == 0 else xp.fft.ifft(f.u)
        yield Snapshot(psi, f.index, f.state, f.steps, f.evaluations)
