"""Functionals as measures: each entropy both of the cells and of the density, labelled so.

An entropy of a distribution over grid cells depends on the grid: halving the cell adds ln 2. With
the cell it gives the differential entropy of the density, which does not.
"""

import math
from dataclasses import dataclass

import numpy as np

from analysis.entropy.densities import (
    differential_renyi,
    differential_shannon,
    differential_tsallis,
)
from analysis.entropy.functionals import renyi, shannon, tsallis
from core.config import Order
from core.errors import ConfigError
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


def _bounded(*, alpha: float = 1.0, q: float = 1.0) -> None:
    """Refuse an order at which the entropy is infinite for every distribution."""
    for name, order in (("alpha", alpha), ("q", q)):
        if order == -math.inf:
            raise ConfigError(f"{name}: must be above -inf, where the entropy is infinite")


@FUNCTIONALS.register("shannon")
def of_shannon(p: np.ndarray, cell: float) -> Entropy:
    """Return -sum p ln p, and the same plus ln cell."""
    return _both(shannon(p), differential_shannon(p, cell), "Shannon entropy", "nat")


@FUNCTIONALS.register("renyi")
def of_renyi(p: np.ndarray, cell: float, *, alpha: Order) -> Entropy:
    """Return ln(sum p^alpha)/(1 - alpha), and the same plus ln cell."""
    differential = differential_renyi(p, cell, alpha)
    return _both(renyi(p, alpha), differential, f"Rényi entropy of order {alpha:g}", "nat")


@FUNCTIONALS.register("tsallis", rule=_bounded)
def of_tsallis(p: np.ndarray, cell: float, *, q: Order) -> Entropy:
    """Return (1 - sum p^q)/(q - 1), and (1 - sum p^q cell^(1-q))/(q - 1) of the density."""
    differential = differential_tsallis(p, cell, q)
    return _both(tsallis(p, q), differential, f"Tsallis entropy of order {q:g}", "1")


def _reference(p: np.ndarray) -> np.ndarray:
    return np.where(p > DROPPED, p, 0.0)


def _sum_of_powers(p: np.ndarray, order: float) -> np.ndarray:
    kept = _reference(p)
    with np.errstate(over="ignore"):  # an infinite sum is refused when it is written
        powers = np.where(kept > 0, np.where(kept > 0, kept, 1.0) ** order, 0.0)
        return np.asarray(powers.sum(axis=-1))


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


@FUNCTIONALS.register("reference_renyi", rule=_bounded)
def of_reference_renyi(p: np.ndarray, cell: float, *, alpha: Order) -> Entropy:
    """Return the Rényi entropy as the reference package's paper defines it."""
    if alpha == 1:
        return of_reference_shannon(p, cell)
    if alpha == math.inf:
        values = -np.log(p.max(axis=-1))
    else:
        values = np.log(_sum_of_powers(p, alpha)) / (1 - alpha)
    return _only(values, f"Rényi entropy of order {alpha:g}", "nat")


@FUNCTIONALS.register("reference_tsallis", rule=_bounded)
def of_reference_tsallis(p: np.ndarray, cell: float, *, q: Order) -> Entropy:
    """Return the Tsallis entropy as the reference package's paper defines it."""
    if q == 1:
        return of_reference_shannon(p, cell)
    values = (1 - _sum_of_powers(p, q)) / (q - 1)
    return _only(values, f"Tsallis entropy of order {q:g}", "1")
