"""The parameters of an NLSE run: types, defaults, and what physics forbids."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from core import config
from core.errors import ConfigError
from core.registry import nearest
from sims.nlse import cases
from sims.nlse.equation import Equation, grid


@dataclass(frozen=True)
class Params:
    """What a run of the nonlinear Schrödinger equation is made of; all dimensionless.

    case                      the initial condition, one of `cases.CASES`
    n, length                 grid points (even) and period of the box
    t_start, t_end, frames    first and last saved time, and how many
    dispersion, nonlinearity  beta and gamma of the equation; gamma < 0 is defocusing
    potential                 {kind: harmonic, frequency: w} or {kind: file, path: V.h5:/V}
    integrator                dop853 (8th order, the reference) or etd_adams (the fast one)
    frame                     of dop853: interaction (steps do not shrink with the grid) or lab
    rtol, atol                error per step, in the L2 norm of psi
    dealias, filter           which modes the nonlinear term uses: 2/3, 1/2 or all; and an
                              exponential filter exp(-36 (k/k_max)^36) on the same term
    kernel                    compiled (Numba with rocket-fft), array (any array library), or
                              auto: compiled where it can run
    animate                   also draw a film
    All others belong to cases; `python -m sims describe nlse` lists them.
    """

    case: str
    n: int = 512
    length: float | None = None
    t_start: float = 0.0
    t_end: float | None = None
    frames: int = 201
    dispersion: float = 1.0
    nonlinearity: float = 1.0
    potential: dict[str, Any] | None = None
    integrator: Literal["dop853", "etd_adams"] = "dop853"
    frame: Literal["interaction", "lab"] = "interaction"
    rtol: float = 1e-11
    atol: float = 0.0
    dealias: Literal["none", "two_thirds", "half"] = "none"
    filter: Literal["none", "exponential"] = "none"
    kernel: Literal["auto", "compiled", "array"] = "auto"
    animate: bool = False
    amplitude: float | None = None
    velocity: float | None = None
    position: float | None = None
    phase: float | None = None
    width: float | None = None
    amplitudes: tuple[float, ...] | None = None
    velocities: tuple[float, ...] | None = None
    positions: tuple[float, ...] | None = None
    phases: tuple[float, ...] | None = None
    order: int | None = None
    a: float | None = None
    periods: int | None = None
    wavenumber: float | None = None
    seed_amplitude: float | None = None
    noise: float | None = None
    noise_cutoff: int | None = None
    path: str | None = None


def _merged(given: Mapping[str, Any], where: str) -> tuple[cases.Case, dict[str, Any]]:
    """Return the case and its defaults overlaid by what was given."""
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: expected keys and values, got {given!r}")
    if "case" not in given:
        raise ConfigError(f"{where}: missing 'case'; known: {', '.join(sorted(cases.CASES))}")
    name = given["case"]
    if name not in cases.CASES:
        raise ConfigError(
            f"{config.join(where, 'case')}: no case '{name}'{nearest(name, cases.CASES)}"
        )
    case = cases.CASES[name]
    return case, {**case.defaults, **{k: v for k, v in given.items() if v is not None}}


def _check_grid(params: Params, where: str) -> None:
    def refuse(key: str, text: str) -> None:
        raise ConfigError(f"{config.join(where, key)}: {text}")

    if params.n < 8:
        refuse("n", f"must be 8 or more, got {params.n}; 512 is a good start")
    if params.n % 2:
        refuse("n", f"must be even, got {params.n}; use {params.n + 1}")
    if params.length is not None and params.length <= 0:
        refuse("length", f"must be positive, got {params.length:g}")
    if params.t_end is None:
        refuse("t_end", "missing; say when to stop")
    elif params.t_end <= params.t_start:
        refuse("t_end", f"must be after t_start = {params.t_start:g}, got {params.t_end:g}")
    if params.frames < 2:
        refuse("frames", f"must be 2 or more (the first and the last), got {params.frames}")
    if not 1e-14 <= params.rtol <= 1e-2:
        refuse("rtol", f"must be from 1e-14 to 1e-2, got {params.rtol:g}")
    if params.atol < 0:
        refuse("atol", f"must be 0 or more, got {params.atol:g}")
    if params.noise is not None and params.noise < 0:
        refuse("noise", f"must be 0 or more, got {params.noise:g}")


def prepare(given: Mapping[str, Any], where: str) -> Params:
    """Return the parameters, with the case's defaults, checked.

    given  `params` of the configuration
    where  its place, for messages, such as "config.yaml: runs.soliton.params"

    Raises ConfigError for an unknown or missing key, a wrong type, or physics that cannot be.
    """
    case, merged = _merged(given, where)
    params = config.build(Params, merged, where)
    if params.dispersion == 0:
        at = config.join(where, "dispersion")
        raise ConfigError(f"{at}: must not be 0; it is beta in (beta/2) psi_xx, usually 1")
    try:
        case.check(params)
        params = replace(params, **cases.derived(params))
        _check_grid(params, where)
        _check_resolution(params, where)
        equation_of(params)  # reads the potential
    except ConfigError as problem:
        raise ConfigError(_placed(str(problem), where)) from None
    return params


def _placed(text: str, where: str) -> str:
    """Return a message with its place: below `where` if it begins with a parameter's name."""
    if text.startswith((f"{where}.", f"{where}:")):
        return text
    key = text.split(":")[0].split("[")[0].split(".")[0]
    known = {f.name for f in fields(Params)}
    return config.join(where, text) if key in known else f"{where}: {text}"


def _check_resolution(params: Params, where: str) -> None:
    needed = cases.needed_points(params)
    if needed is not None and params.n < needed:
        raise ConfigError(
            f"{config.join(where, 'n')}: {params.n} points do not resolve '{params.case}' in a box "
            f"of {params.length:g}; use n >= {needed}"
        )


def mask(n: int, dealias: str, exponential: str) -> np.ndarray | None:
    """Return the factor of each FFT-ordered mode in the nonlinear term, (n,), or None for all 1.

    two_thirds and half keep the modes below that part of the Nyquist wavenumber; a cubic term is
    free of aliasing with half (Boyd (2001) Chebyshev and Fourier Spectral Methods, ch. 11).
    exponential is exp(-36 (|k|/k_max)^36) of Hou & Li (2007) J. Comput. Phys. 226, 379, sec. 2.
    """
    modes = np.abs(np.fft.fftfreq(n)) * 2
    keep = {"none": 1.0, "two_thirds": 2 / 3, "half": 1 / 2}[dealias]
    factor = np.where(modes <= keep, 1.0, 0.0) if keep < 1 else np.ones(n)
    if exponential == "exponential":
        factor = factor * np.exp(-36 * (modes / keep) ** 36)
    return None if np.all(factor == 1.0) else factor


def equation_of(params: Params) -> Equation:
    """Return the equation on its grid."""
    length = float(params.length or 0)
    potential = cases.potential_on_grid(params.potential, grid(params.n, length))
    return Equation(
        n=params.n,
        length=length,
        dispersion=params.dispersion,
        nonlinearity=params.nonlinearity,
        potential=potential,
        mask=mask(params.n, params.dealias, params.filter),
    )
