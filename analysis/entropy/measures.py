"""Functionals as measures: each entropy both of the cells and of the density, labelled so.

An entropy of a distribution over grid cells depends on the grid: halving the cell adds ln 2. With
the cell it gives the differential entropy of the density, which does not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.entropy.functionals import renyi, shannon, tsallis
from core.config import Order
from core.registry import Registry

FUNCTIONALS = Registry("functional")
DROPPED = 1e-15  # the reference package's paper drops cells with less


@dataclass(frozen=True)
class Entropy:
    """An entropy at every time.

    values      (T, c), one column per component
    components  what each column is
    """

    values: np.ndarray
    components: tuple[str, ...]
    label: str
    units: str
    convention: str


BOTH = ("discrete", "differential")
CONVENTION = (
    "discrete: of the cells' probabilities; differential: of the density, p over the cell's size"
)


def _both(discrete: np.ndarray, differential: np.ndarray, label: str, units: str) -> Entropy:
    values = np.stack([discrete, differential], axis=-1)
    convention = f"{CONVENTION}; natural logarithm"
    return Entropy(values, BOTH, label, units, convention)


@FUNCTIONALS.register("shannon")
def of_shannon(p: np.ndarray, cell: float) -> Entropy:
    """Return -sum p ln p, and the same plus ln cell."""
    discrete = shannon(p)
    return _both(discrete, discrete + math.log(cell), "Shannon entropy", "nat")


@FUNCTIONALS.register("renyi")
def of_renyi(p: np.ndarray, cell: float, *, alpha: Order) -> Entropy:
    """Return ln(sum p^alpha)/(1 - alpha), and the same plus ln cell."""
    discrete = renyi(p, alpha)
    return _both(discrete, discrete + math.log(cell), f"Rényi entropy of order {alpha:g}", "nat")


@FUNCTIONALS.register("tsallis")
def of_tsallis(p: np.ndarray, cell: float, *, q: Order) -> Entropy:
    """Return (1 - sum p^q)/(q - 1), and (1 - sum p^q cell^(1-q))/(q - 1) of the density."""
    discrete = tsallis(p, q)
    if q == math.inf:
        differential = np.zeros_like(discrete)
    elif q == 1:
        differential = discrete + math.log(cell)
    else:
        # 1 - s c with c = cell^(1-q), s = 1 - (q-1) T: written so that q -> 1 keeps its digits
        change = -math.expm1((1 - q) * math.log(cell)) / (q - 1)
        differential = change + discrete * math.exp((1 - q) * math.log(cell))
    return _both(discrete, differential, f"Tsallis entropy of order {q:g}", "1")


def _reference(p: np.ndarray) -> np.ndarray:
    return np.where(p > DROPPED, p, 0.0)


def _only(values: np.ndarray, label: str, units: str) -> Entropy:
    convention = (
        "as in the paper on simple-idealized-1d-nlse: over grid points, those with p <= 1e-15 "
        "dropped, without the grid's spacing; comparable only on the same grid"
    )
    return Entropy(
        values[:, None], ("discrete",), f"{label} (reference definition)", units, convention
    )


@FUNCTIONALS.register("reference_shannon")
def of_reference_shannon(p: np.ndarray, cell: float) -> Entropy:
    """Return the Shannon entropy as the reference package's paper defines it."""
    kept = _reference(p)
    log = np.log(np.where(kept > 0, kept, 1.0))
    return _only(-(kept * log).sum(axis=-1), "Shannon entropy", "nat")


@FUNCTIONALS.register("reference_renyi")
def of_reference_renyi(p: np.ndarray, cell: float, *, alpha: Order) -> Entropy:
    """Return the Rényi entropy as the reference package's paper defines it."""
    kept = _reference(p)
    if alpha == 1:
        return of_reference_shannon(p, cell)
    if alpha == math.inf:
        values = -np.log(kept.max(axis=-1))
    else:
        power = np.where(kept > 0, np.where(kept > 0, kept, 1.0) ** alpha, 0.0)
        values = np.log(power.sum(axis=-1)) / (1 - alpha)
    return _only(values, f"Rényi entropy of order {alpha:g}", "nat")


@FUNCTIONALS.register("reference_tsallis")
def of_reference_tsallis(p: np.ndarray, cell: float, *, q: Order) -> Entropy:
    """Return the Tsallis entropy as the reference package's paper defines it."""
    if q == 1:
        return of_reference_shannon(p, cell)
    kept = _reference(p)
    power = np.where(kept > 0, np.where(kept > 0, kept, 1.0) ** q, 0.0)
    return _only((1 - power.sum(axis=-1)) / (q - 1), f"Tsallis entropy of order {q:g}", "1")


Functional = Callable[..., Entropy]
