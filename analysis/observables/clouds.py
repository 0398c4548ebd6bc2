"""Observables that are points or matrices: the values of a field, the states of a run."""

import math

import numpy as np

from analysis.observables.kinds import Matrices, Points, Rows
from analysis.observables.registry import OBSERVABLES
from core.errors import ConfigError
from core.store import Member


@OBSERVABLES.register("points", needs=("psi",), gives=Points)
def points(member: Member) -> Points:
    """Return the values of psi on the grid as points (Re psi, Im psi) of a plane."""
    psi = member.fields["psi"][...]
    values = np.stack([psi.real, psi.imag], axis=-1)
    return Points(values, "the values of psi in the complex plane", Rows(member.time))


@OBSERVABLES.register("states", needs=("psi",), gives=Points)
def states(member: Member) -> Points:
    """Return each frame as one point, of unit length: the states that the run goes through."""
    psi = member.fields["psi"][...]
    values = np.concatenate([psi.real, psi.imag], axis=-1)
    size = np.linalg.norm(values, axis=-1, keepdims=True)
    values = values / np.where(size > 0, size, 1.0)
    return Points(values[None], "the states of the run", Rows(np.zeros(1), "whole run"))


def _window_rule(*, window: int = 16) -> None:
    if window < 2:
        raise ConfigError(f"window: must be 2 or more frames, got {window}")


@OBSERVABLES.register("coherence", needs=("psi",), gives=Matrices, rule=_window_rule)
def coherence(member: Member, *, window: int = 16) -> Matrices:
    """Return the density matrix of psi over successive windows of frames.

    rho = sum_t psi(t) psi(t)* over the window, divided by its trace. Its eigenvalues other than 0
    are those of the (window, window) matrix of overlaps, which is what is returned.
    """
    psi = member.fields["psi"][...]
    frames = len(psi)
    if frames < window:
        raise ConfigError(f"window: the run has {frames} frames; use {frames} or fewer")
    starts = np.arange(0, frames - window + 1, max(1, window // 2))
    parts = np.stack([psi[start : start + window] for start in starts])
    overlaps = parts @ parts.conj().swapaxes(-1, -2)
    trace = np.trace(overlaps, axis1=-2, axis2=-1).real[:, None, None]
    middle = np.array([member.time[start : start + window].mean() for start in starts])
    label = f"the density matrix of psi over {window} frames"
    return Matrices(overlaps / np.where(trace > 0, trace, math.inf), label, Rows(middle))
