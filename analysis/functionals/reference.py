"""Entropies as the paper on simple-idealized-1d-nlse defines them, to compare with its figures."""

import math

import numpy as np

from analysis.functionals.distributions import bounded
from analysis.functionals.registry import FUNCTIONALS, Result
from analysis.observables import Distribution
from core.config import Order

DROPPED = 1e-15  # cells with less are left out


def _reference(p: np.ndarray) -> np.ndarray:
    return np.where(p > DROPPED, p, 0.0)


def _sum_of_powers(p: np.ndarray, order: float) -> np.ndarray:
    kept = _reference(p)
    with np.errstate(over="ignore"):  # an infinite sum is refused when it is written
        powers = np.where(kept > 0, np.where(kept > 0, kept, 1.0) ** order, 0.0)
        return np.asarray(powers.sum(axis=-1))


def _only(found: Distribution, values: np.ndarray, name: str, units: str) -> Result:
    convention = (
        "as in the paper on simple-idealized-1d-nlse: over grid points, those with p <= 1e-15 "
        "dropped, without the grid's spacing; comparable only on the same grid"
    )
    label = f"{name} (reference definition) of {found.label}"
    return Result(values[:, None], ("discrete",), label, units, convention)


@FUNCTIONALS.register("reference_shannon", takes=Distribution)
def of_reference_shannon(found: Distribution) -> Result:
    """Return the Shannon entropy as the reference package's paper defines it."""
    kept = _reference(found.p)
    log = np.log(np.where(kept > 0, kept, 1.0))
    return _only(found, -(kept * log).sum(axis=-1), "Shannon entropy", "nat")


@FUNCTIONALS.register("reference_renyi", takes=Distribution, rule=bounded)
def of_reference_renyi(found: Distribution, *, alpha: Order) -> Result:
    """Return the Rényi entropy as the reference package's paper defines it."""
    if alpha == 1:
        return of_reference_shannon(found)
    if alpha == math.inf:
        values = -np.log(found.p.max(axis=-1))
    else:
        values = np.log(_sum_of_powers(found.p, alpha)) / (1 - alpha)
    return _only(found, values, f"Rényi entropy of order {alpha:g}", "nat")


@FUNCTIONALS.register("reference_tsallis", takes=Distribution, rule=bounded)
def of_reference_tsallis(found: Distribution, *, q: Order) -> Result:
    """Return the Tsallis entropy as the reference package's paper defines it."""
    if q == 1:
        return of_reference_shannon(found)
    values = (1 - _sum_of_powers(found.p, q)) / (q - 1)
    return _only(found, values, f"Tsallis entropy of order {q:g}", "1")
