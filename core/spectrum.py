"""A Lyapunov spectrum from the growth of tangent vectors, with errors, and the dimension it gives.

lambda_i = (1/T) sum ln R_ii;  D_KY = k + (lambda_1 + .. + lambda_k) / |lambda_(k+1)|
"""

import math
from typing import Any, NamedTuple

import numpy as np

CERTAIN = 3.0  # standard errors by which an exponent must differ from zero
EXACT = 1e-6  # of the largest exponent: what an integrator's error may make of 0
BLOCKS = 20  # means of which give the standard error


class Spectrum(NamedTuple):
    """Lyapunov exponents, largest first, and the standard error of each, per unit of time."""

    exponents: np.ndarray
    standard_errors: np.ndarray


def of_growth(durations: Any, growth: Any) -> Spectrum:
    """Return the exponents of growth that was recorded piece by piece.

    durations  (n,) of the pieces, in time order; n is 40 or more
    growth     (n, d) sums of ln R_ii in each

    The standard errors are those of 20 blocks of pieces, in time order, so that growth that is
    correlated within a block is not counted as independent.

    Raises ValueError for fewer pieces.
    Block averages: Flyvbjerg & Petersen (1989) J. Chem. Phys. 91, 461.
    """
    spans, logarithms = np.asarray(durations, dtype=float), np.asarray(growth, dtype=float)
    if len(spans) < 2 * BLOCKS:
        raise ValueError(
            f"duration: {len(spans)} orthonormalisations are too few for an error; "
            f"{2 * BLOCKS} or more are needed"
        )
    exponents = logarithms.sum(axis=0) / spans.sum()
    blocks = np.array_split(np.arange(len(spans)), BLOCKS)
    means = np.array([logarithms[block].sum(axis=0) / spans[block].sum() for block in blocks])
    errors = means.std(axis=0, ddof=1) / math.sqrt(BLOCKS)
    order = np.argsort(-exponents)
    return Spectrum(exponents[order], errors[order])


def falling(exponents: Any) -> np.ndarray:
    """Return exponents (d,) largest first; ValueError for NaN, an empty list or a table."""
    found = np.sort(np.asarray(exponents, dtype=float))[::-1]
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise ValueError("exponents: must be one list of finite numbers")
    return found


def kaplan_yorke(exponents: Any, standard_errors: Any = None) -> float:
    """Return the Kaplan-Yorke dimension of a spectrum, from 0 to the number of exponents.

    exponents        (d,) in any order. All of them when none is negative in sum; 0 when all are
                     negative
    standard_errors  (d,) of each: where no exponent is above zero by more than 3 of its own, those
                     within 3 of zero count as zero, so that a limit cycle has dimension 1 and a
                     torus 2, whatever the last digits of its exponents; None: taken as they are

    Raises ValueError for NaN, an empty list, and errors that are not one for each.
    Kaplan & Yorke (1979) Lect. Notes Math. 730, 204; Frederickson et al. (1983) J. Differ. Equ. 49,
    185, eq. (1.3).
    """
    found = falling(exponents)
    if standard_errors is not None:
        found = _settled(exponents, standard_errors)
    sums = np.cumsum(found)
    rising = np.flatnonzero(sums >= 0)
    if not rising.size:
        return 0.0
    last = int(rising[-1])
    if last == found.size - 1:
        return float(found.size)
    return last + 1 + float(sums[last]) / abs(float(found[last + 1]))


def _settled(exponents: Any, standard_errors: Any) -> np.ndarray:
    """Return exponents, largest first, of regular motion with 0 for those that may be 0."""
    values = np.asarray(exponents, dtype=float)
    errors = np.asarray(standard_errors, dtype=float)
    if errors.shape != values.shape or not (errors >= 0).all():
        raise ValueError("standard_errors: must be one for each exponent, 0 or more")
    order = np.argsort(-values)
    values, errors = values[order], errors[order]
    if (values > np.maximum(CERTAIN * errors, EXACT * np.abs(values).max())).any():
        return values
    # a sum of the first few is no more certain than any of them, nor than an integrator is exact
    doubt = np.maximum(CERTAIN * np.maximum.accumulate(errors), EXACT * np.abs(values).max())
    return np.where(values >= -doubt, 0.0, values)
