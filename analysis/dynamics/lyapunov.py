"""Lyapunov exponents with their errors, and what follows from them.

lambda_i = lim (1/T) sum ln R_ii;  h_KS = sum of the positive ones (Pesin)
"""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from core.spectrum import Spectrum, falling, kaplan_yorke, of_growth

__all__ = ["Spectrum", "kaplan_yorke", "lyapunov_spectrum", "pesin_entropy"]


class Stretch(Protocol):
    """Growth of orthonormal tangent vectors over a time: ln of the diagonal of R, (d,)."""

    @property
    def duration(self) -> float: ...

    @property
    def logarithms(self) -> np.ndarray: ...


class Tangent(Protocol):
    """A system that can follow tangent vectors along a trajectory."""

    def stretches(self, duration: float, interval: float) -> Iterable[Stretch]: ...


def lyapunov_spectrum(system: Tangent, duration: float, interval: float) -> Spectrum:
    """Return the Lyapunov exponents of a system along one of its trajectories.

    system    has stretches(duration, interval), which yields the growth of tangent vectors, piece
              by piece
    duration  of the trajectory, in the units of its time
    interval  of the pieces, about

    The standard errors are those of 20 blocks of the trajectory, in time order: `core.spectrum`.

    Raises ValueError for fewer than 40 pieces.
    Benettin et al. (1980) Meccanica 15, 9.
    """
    each = [(part.duration, part.logarithms) for part in system.stretches(duration, interval)]
    return of_growth([span for span, _ in each], [logarithms for _, logarithms in each])


def pesin_entropy(exponents: Any) -> float:
    """Return the sum of the positive exponents, the Kolmogorov-Sinai entropy by Pesin's formula.

    exponents  (d,) in any order, per unit of time; nats per unit of time

    Raises ValueError as `kaplan_yorke`.
    Pesin (1977) Russ. Math. Surv. 32, 55; equality for the measures of Sinai, Ruelle and Bowen.
    """
    found = falling(exponents)
    return float(found[found > 0].sum())
