"""The growth of a small modulation on a plane wave, measured and exact."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.registry import MEASURES, box, careful, coefficients, timed
from core import exact_nlse
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

SMALL = 1e-4  # of the wave's amplitude: there the neglected nonlinear terms are below 1e-8
NEARLY = 10.0  # where the seed is not that small: growth to this many times the seed
TOLERANCE = 1e-6
FRAMES = 5
NEEDS = "needs a run of modulation_instability with one seeded mode"
SOURCE = "Benjamin & Feir (1967) J. Fluid Mech. 27, 417; Zakharov & Ostrovsky (2009) sec. 2"


def _fits(params: Mapping[str, Any]) -> str | None:
    if params["case"] != "modulation_instability":
        return f"{NEEDS}, not of '{params['case']}'"
    if params.get("noise") and not params.get("wavenumber"):
        return f"{NEEDS}; give wavenumber instead of noise"
    return None


def _modulation(run: Run) -> tuple[float, float]:
    p, reason = run.params, _fits(run.params)
    if reason is not None:
        raise ConfigError(f"growth_rate: {reason}")
    return float(p["amplitude"]), float(p["wavenumber"])


def _mode(run: Run, member: Member, amplitude: float, kappa: float) -> np.ndarray:
    """Return the cos(kappa x) part of psi, (T,), in the plane wave's frame."""
    _, gamma = coefficients(run)
    psi, n = member.fields["psi"][...], len(member.coords["x"])
    index = round(kappa * box(member) / (2 * math.pi))
    spectrum = np.fft.fft(psi, axis=-1) / n
    # the grid begins at -n/2 cells, which turns mode m by (-1)^m
    part = (spectrum[:, index] + spectrum[:, -index]) * (-1) ** index
    return part * np.exp(-1j * gamma * amplitude**2 * (member.time - member.time[0]))


def _window(growing: np.ndarray, amplitude: float) -> tuple[np.ndarray, bool]:
    """Return the frames to fit, (T,), and whether they are deep enough in the linear regime."""
    for limit, deep in ((SMALL * amplitude, True), (NEARLY * growing[0], False)):
        linear = growing < limit
        linear &= np.cumsum(~linear) == 0
        if np.count_nonzero(linear) >= FRAMES:
            return linear, deep
    raise ConfigError(
        f"growth_rate: fewer than {FRAMES} frames lie in the linear regime; "
        "give more frames or a smaller seed_amplitude"
    )


@MEASURES.register("growth_rate", needs=("psi",), simulators=("nlse",), fits=_fits)
def growth_rate(run: Run, member: Member) -> Measure:
    """Return the amplitude of the growing mode over time, and the rate fitted to it.

    The modulation u = cos(kappa x)(a g e^(rate t) + b g* e^(-rate t)) has one growing and one
    decaying part; their directions g and g* in the complex plane tell them apart. The rate is the
    slope of ln a where a is below 1e-4 of the wave's amplitude; of a larger seed, up to its
    tenfold, and then it is an estimate that is not held against the exact rate.
    """
    amplitude, kappa = _modulation(run)
    beta, gamma = coefficients(run)
    rate = exact_nlse.growth_rate(amplitude, kappa, beta, gamma)
    if rate == 0:
        raise ConfigError(
            f"growth_rate: the wave is stable at wavenumber {kappa:g}; "
            f"choose one below {2 * amplitude * math.sqrt(abs(gamma / beta)):g}"
        )
    direction = exact_nlse.growing_mode(amplitude, kappa, beta, gamma)
    mode = _mode(run, member, amplitude, kappa)
    growing = np.abs(mode.real + mode.imag / direction.imag) / 2
    time = member.time
    linear, deep = _window(growing, amplitude)
    slope, offset = np.polyfit(time[linear], np.log(growing[linear]), 1)
    exact = growing[0] * np.exp(rate * (time - time[0]))
    return Measure(
        **timed(member),
        value=growing,
        exact=exact,
        label="amplitude of the growing mode",
        units="1",
        convention=(
            f"part of cos(kappa x), kappa = {kappa:g}, along 1 + 2i rate/(beta kappa^2); the rate "
            f"fitted over {np.count_nonzero(linear)} frames, to {growing[linear][-1]:.0e}"
        ),
        extra={
            "fit": np.exp(offset + slope * time),
            "window": np.asarray([time[linear][0], time[linear][-1]]),
            "rates": np.asarray([slope, rate]),
        },
        summary=(("growth rate", float(slope), "1"),),
        checks=(Check("growth rate", float(slope), rate, TOLERANCE, SOURCE, "relative"),)
        if deep and careful(run, member)
        else (),
        figure="growth",
        scale="log",
    )
