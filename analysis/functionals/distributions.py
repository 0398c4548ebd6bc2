"""Entropies of a distribution: each of the cells and, where cells have a size, of the density.

An entropy of a distribution over grid cells depends on the grid: halving the cell adds ln 2. With
the cell it gives the differential entropy of the density, which does not.
"""

import math
from typing import Any, Literal

import numpy as np

from analysis.entropy.densities import (
    differential_renyi,
    differential_shannon,
    differential_tsallis,
)
from analysis.entropy.functionals import renyi, shannon, tsallis
from analysis.functionals.registry import FUNCTIONALS, Result, facts, told
from analysis.observables import Distribution
from core.config import Order
from core.errors import ConfigError

BOTH = ("discrete", "differential")
CONVENTION = (
    "discrete: of the cells' probabilities; differential: of the density, p over the cell's size"
)
Estimator = Literal[
    "plugin",
    "miller_madow",
    "grassberger",
    "grassberger1988",
    "chao_shen",
    "jackknife",
    "nsb",
]
AnyOrder = Literal["plugin", "jackknife"]


def bounded(*, alpha: float = 1.0, q: float = 1.0, estimator: str = "plugin") -> None:
    """Refuse an order at which the entropy is infinite for every distribution."""
    for name, order in (("alpha", alpha), ("q", q)):
        if order == -math.inf:
            raise ConfigError(f"{name}: must be above -inf, where the entropy is infinite")


def _result(
    found: Distribution,
    discrete: np.ndarray,
    differential: np.ndarray | None,
    name: str,
    units: str,
    estimator: str,
) -> Result:
    told_ = (
        f"natural logarithm; estimator {estimator}"
        if found.counts is not None
        else ("natural logarithm")
    )
    label = f"{name} of {found.label}"
    if differential is None:
        convention = told(told_, facts(found.about))
        return Result(discrete[:, None], ("discrete",), label, units, convention)
    values = np.stack([discrete, differential], axis=-1)
    convention = told(CONVENTION, told_, facts(found.about))
    return Result(values, BOTH, label, units, convention)


def _estimated(
    found: Distribution, measure: str, order: float | None, estimator: str
) -> np.ndarray | None:
    """Return the corrected entropy of counts, or None where p itself is meant."""
    if estimator == "plugin":
        return None
    from analysis.entropy.estimators import entropy_from_counts

    return np.asarray(
        entropy_from_counts(found.counts, measure=measure, order=order, estimator=estimator)
    )


@FUNCTIONALS.register("shannon", takes=Distribution)
def of_shannon(found: Distribution, *, estimator: Estimator = "plugin") -> Result:
    """Return -sum p ln p, and the same plus ln cell."""
    values = _estimated(found, "shannon", None, estimator)
    discrete = shannon(found.p) if values is None else values
    differential: Any = None
    if found.cell is not None:
        differential = (
            differential_shannon(found.p, found.cell)
            if values is None
            else values + math.log(found.cell)
        )
    return _result(found, discrete, differential, "Shannon entropy", "nat", estimator)


@FUNCTIONALS.register("renyi", takes=Distribution)
def of_renyi(found: Distribution, *, alpha: Order, estimator: AnyOrder = "plugin") -> Result:
    """Return ln(sum p^alpha)/(1 - alpha), and the same plus ln cell."""
    values = _estimated(found, "renyi", alpha, estimator)
    discrete = renyi(found.p, alpha) if values is None else values
    differential: Any = None
    if found.cell is not None:
        differential = (
            differential_renyi(found.p, found.cell, alpha)
            if values is None
            else values + math.log(found.cell)
        )
    name = f"Rényi entropy of order {alpha:g}"
    return _result(found, discrete, differential, name, "nat", estimator)


@FUNCTIONALS.register("tsallis", takes=Distribution, rule=bounded)
def of_tsallis(found: Distribution, *, q: Order, estimator: AnyOrder = "plugin") -> Result:
    """Return (1 - sum p^q)/(q - 1), and (1 - sum p^q cell^(1-q))/(q - 1) of the density."""
    values = _estimated(found, "tsallis", q, estimator)
    name = f"Tsallis entropy of order {q:g}"
    if values is not None:  # a correction of the cells' entropy is none of the density's
        return _result(found, values, None, name, "1", estimator)
    differential = None if found.cell is None else differential_tsallis(found.p, found.cell, q)
    return _result(found, tsallis(found.p, q), differential, name, "1", estimator)
