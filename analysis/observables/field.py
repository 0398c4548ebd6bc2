"""Distributions that a complex field makes at every time: over space, wavenumber, and phase."""

import math

import numpy as np

from analysis.observables.kinds import Distribution, Rows
from analysis.observables.registry import OBSERVABLES
from core.errors import ConfigError, NumericsError
from core.store import Member


def spacing(x: np.ndarray) -> float:
    """Return the cell of a uniform grid (n,)."""
    return float(x[-1] - x[0]) / (len(x) - 1)


def _normalised(weights: np.ndarray, member: Member, what: str) -> np.ndarray:
    total = weights.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        row = int(np.flatnonzero(total.ravel() <= 0)[0])
        raise NumericsError(
            f"member {member.name}: {what} is zero everywhere at t = {member.time[row]:g}, "
            "so that it makes no distribution"
        )
    return weights / total


@OBSERVABLES.register("density", needs=("psi",), gives=Distribution)
def density(member: Member) -> Distribution:
    """Return |psi|^2 over the grid points; the cell is the grid's spacing."""
    weights = np.abs(member.fields["psi"][...]) ** 2
    cell = spacing(member.coords["x"])
    return Distribution(
        _normalised(weights, member, "psi"), cell, "|psi|^2 over x", Rows(member.time)
    )


@OBSERVABLES.register("spectrum", needs=("psi",), gives=Distribution)
def spectrum(member: Member) -> Distribution:
    """Return |psi_hat|^2 over the Fourier modes; the cell is 2 pi over the box."""
    weights = np.abs(np.fft.fft(member.fields["psi"][...], axis=-1)) ** 2
    x = member.coords["x"]
    cell = 2 * math.pi / (spacing(x) * len(x))
    return Distribution(
        _normalised(weights, member, "psi"), cell, "|psi_hat|^2 over k", Rows(member.time)
    )


def _phase_rule(*, bins: int = 2, threshold: float = 0.0) -> None:
    if not 2 <= bins <= 1_000_000:
        raise ConfigError(f"bins: must be from 2 to 1000000, got {bins}")
    if not 0 <= threshold < 1:
        raise ConfigError(f"threshold: must be from 0 to below 1, got {threshold:g}")


@OBSERVABLES.register("phase", needs=("psi",), gives=Distribution, rule=_phase_rule)
def phase(member: Member, *, bins: int = 64, threshold: float = 0.01) -> Distribution:
    """Return the mass over the phase arg psi, in equal cells of the circle.

    Each point counts by its mass |psi|^2, so that the wave decides and not the empty box.

    bins       cells of the circle, the first from -pi
    threshold  points with |psi| below this part of the frame's largest are left out: their phase
               is rounding
    """
    psi = member.fields["psi"][...]
    size = np.abs(psi)
    weights = np.where(size >= threshold * size.max(axis=-1, keepdims=True), size**2, 0.0)
    cells = np.floor((np.angle(psi) + math.pi) / (2 * math.pi) * bins).astype(int) % bins
    rows = np.arange(len(psi))[:, None] * bins + cells
    counts = np.bincount(rows.ravel(), weights.ravel(), minlength=len(psi) * bins)
    p = _normalised(counts.reshape(len(psi), bins), member, "psi")
    return Distribution(p, 2 * math.pi / bins, "mass over the phase of psi", Rows(member.time))
