"""Lyapunov exponents with their errors, and what follows from them.

lambda_i = lim (1/T) sum ln R_ii;  D_KY = k + (lambda_1 + .. + lambda_k) / |lambda_(k+1)|
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np

BLOCKS = 20  # means of which give the standard error


class Stretch(Protocol):
    """Growth of orthonormal tangent vectors over a time: ln of the diagonal of R, (d,)."""

    @property
    def duration(self) -> float: ...

    @property
    def logarithms(self) -> np.ndarray: ...


class Tangent(Protocol):
    """A system that can follow tangent vectors along a trajectory."""

    def stretches(self, duration: float, interval: float) -> Iterable[Stretch]: ...


class Spectrum(NamedTuple):
    """Lyapunov exponents, largest first, and the standard error of each, per unit of time."""

    exponents: np.ndarray
    standard_errors: np.ndarray


def lyapunov_spectrum(system: Tangent, duration: float, interval: float) -> Spectrum:
    """Return the Lyapunov exponents of a system along one of its trajectories.

    system    has stretches(duration, interval), which yields the growth of the tangent vectors
              from one orthonormalisation to the next
    duration  of the trajectory, in the units of its time
    interval  between orthonormalisations, at most

    The standard errors are those of 20 blocks of the trajectory, in time order, so that growth that
    is correlated within a block is not counted as independent.

    Raises ValueError for a trajectory of fewer than 40 orthonormalisations.
    Benettin et al. (1980) Meccanica 15, 9; block averages: Flyvbjerg & Petersen (1989) J. Chem.
    Phys. 91, 461.
    """
    each = [(part.duration, part.logarithms) for part in system.stretches(duration, interval)]
    if len(each) < 2 * BLOCKS:
        raise ValueError(
            f"duration: {len(each)} orthonormalisations are too few for an error; "
            f"{2 * BLOCKS} or more are needed"
        )
    spans = np.array([span for span, _ in each])
    growth = np.array([logarithms for _, logarithms in each])
    exponents = growth.sum(axis=0) / spans.sum()
    blocks = np.array_split(np.arange(len(spans)), BLOCKS)
    means = np.array([growth[block].sum(axis=0) / spans[block].sum() for block in blocks])
    errors = means.std(axis=0, ddof=1) / math.sqrt(BLOCKS)
    order = np.argsort(-exponents)
    return Spectrum(exponents[order], errors[order])


def _sorted(exponents: Any) -> np.ndarray:
    found = np.sort(np.asarray(exponents, dtype=float))[::-1]
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise ValueError("exponents: must be one list of finite numbers")
    return found


def kaplan_yorke(exponents: Any) -> float:
    """Return the Kaplan-Yorke dimension of a spectrum, from 0 to the number of exponents.

    exponents  (d,) in any order. All of them when none is negative in sum; 0 when all are negative

    Raises ValueError for NaN and an empty list.
    Kaplan & Yorke (1979) Lect. Notes Math. 730, 204; Frederickson et al. (1983) J. Differ. Equ. 49,
    185, eq. (1.3).
    """
    found = _sorted(exponents)
    sums = np.cumsum(found)
    rising = np.flatnonzero(sums >= 0)
    if not rising.size:
        return 0.0
    last = int(rising[-1])
    if last == found.size - 1:
        return float(found.size)
    return last + 1 + float(sums[last]) / abs(float(found[last + 1]))


def pesin_entropy(exponents: Any) -> float:
    """Return the sum of the positive exponents, the Kolmogorov-Sinai entropy by Pesin's formula.

    exponents  (d,) in any order, per unit of time; nats per unit of time

    Raises ValueError as `kaplan_yorke`.
    Pesin (1977) Russ. Math. Surv. 32, 55; equality for the measures of Sinai, Ruelle and Bowen.
    """
    found = _sorted(exponents)
    return float(found[found > 0].sum())
