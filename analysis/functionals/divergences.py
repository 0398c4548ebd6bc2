"""Each row against the first one, or against the uniform distribution: divergences, couplings."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from analysis.entropy import divergences
from analysis.functionals.registry import FUNCTIONALS, Result, facts, told
from analysis.observables import Distribution
from core.config import Order

Against = Literal["first", "uniform"]


def _of(
    found: Distribution, against: str, name: str, function: Callable[..., Any], *order: float
) -> Result:
    p = found.p
    other = p[:1] if against == "first" else np.full_like(p[:1], 1 / p.shape[-1])
    values = np.asarray(function(p, np.broadcast_to(other, p.shape), *order))
    whom = "the first row" if against == "first" else "the uniform distribution"
    return Result(
        values[:, None],
        (f"from {whom}",),
        f"{name} of {found.label}",
        "1" if "Tsallis" in name else "nat",
        told("natural logarithm", facts(found.about)),
    )


@FUNCTIONALS.register("kl", takes=Distribution)
def of_kl(found: Distribution, *, against: Against = "uniform") -> Result:
    """Return sum p ln(p/r), r the first row or the uniform distribution."""
    return _of(found, against, "Kullback-Leibler divergence", divergences.kl)


@FUNCTIONALS.register("js", takes=Distribution)
def of_js(found: Distribution, *, against: Against = "first") -> Result:
    """Return the Jensen-Shannon divergence, from 0 to ln 2."""
    return _of(found, against, "Jensen-Shannon divergence", divergences.js)


@FUNCTIONALS.register("renyi_divergence", takes=Distribution)
def of_renyi_divergence(
    found: Distribution, *, alpha: Order, against: Against = "uniform"
) -> Result:
    """Return ln(sum p^alpha r^(1-alpha))/(alpha - 1)."""
    name = f"Rényi divergence of order {alpha:g}"
    return _of(found, against, name, divergences.renyi_divergence, alpha)


@FUNCTIONALS.register("tsallis_divergence", takes=Distribution)
def of_tsallis_divergence(found: Distribution, *, q: Order, against: Against = "uniform") -> Result:
    """Return (sum p^q r^(1-q) - 1)/(q - 1)."""
    name = f"Tsallis divergence of order {q:g}"
    return _of(found, against, name, divergences.tsallis_divergence, q)


@FUNCTIONALS.register("cauchy_schwarz", takes=Distribution)
def of_cauchy_schwarz(found: Distribution, *, against: Against = "first") -> Result:
    """Return -ln(sum p r / sqrt(sum p^2 sum r^2)); infinite if no cell is shared."""
    return _of(found, against, "Cauchy-Schwarz divergence", divergences.cauchy_schwarz)


@FUNCTIONALS.register("coupling_entropy", takes=Distribution)
def of_coupling(found: Distribution, *, against: Against = "first") -> Result:
    """Return the entropy of the tightest joint law of the two that a greedy search finds."""
    from analysis.entropy.couplings import coupling_entropy

    def each(p: np.ndarray, r: np.ndarray) -> np.ndarray:
        rows = zip(p, r, strict=True)
        return np.array([float(coupling_entropy(one, other)) for one, other in rows])

    return _of(found, against, "Entropy of the coupling", each)
