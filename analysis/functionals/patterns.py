"""Functionals of ordinal patterns: the complexity-entropy plane, delays, missing patterns."""

from typing import Literal

import numpy as np

from analysis.entropy.complexity import (
    HC,
    complexity_entropy,
    statistical_complexity,
    suggest_delays,
)
from analysis.entropy.ordinal import windows
from analysis.entropy.ordinal_entropy import (
    ordinal_transition_entropy,
    weighted_permutation_entropy,
)
from analysis.functionals.registry import FUNCTIONALS, Result, facts, told
from analysis.observables import Distribution, Rows, Series
from core.config import Order
from core.errors import ConfigError

Measure = Literal["shannon", "renyi", "tsallis"]
NAMES = {"shannon": "Shannon", "renyi": "Rényi", "tsallis": "Tsallis"}


def _kind(measure: str, param: float | None) -> str:
    return NAMES[measure] if param is None else f"{NAMES[measure]} of order {param:g}"


def _complexity_rule(*, entropy: Measure = "shannon", param: Order | None = None) -> None:
    if (entropy == "shannon") != (param is None):
        raise ConfigError("param: give the order of renyi or tsallis, and none to shannon")
    if param is not None and not 0 < param < np.inf:
        raise ConfigError(f"param: must be positive and finite, got {param:g}")


def _references(
    found: Distribution, measure: Measure, param: float | None
) -> dict[str, np.ndarray]:
    """Return what the plane is read against, for ordinal patterns; each (2, points)."""
    from analysis.functionals.references import plane

    order = int(found.about["order"])
    samples = int(found.counts[0].sum()) + (order - 1) * int(found.about["delay"])  # type: ignore[index]
    return plane(order, samples, int(found.about["delay"]), measure, param)


@FUNCTIONALS.register("complexity", takes=Distribution, rule=_complexity_rule)
def of_complexity(
    found: Distribution, *, entropy: Measure = "shannon", param: Order | None = None
) -> Result:
    """Return the normalised entropy h and the statistical complexity C: the HC plane."""
    h, c = statistical_complexity(found.p, measure=entropy, param=param)
    patterns = "order" in found.about and found.about["ties"] != "equal"
    extra = _references(found, entropy, param) if patterns else {}
    return Result(
        np.stack([h, c], axis=-1),
        ("normalised entropy h", "complexity C"),
        f"Complexity and entropy of {found.label}",
        "1",
        told(
            f"{_kind(entropy, param)}; h over its maximum; C is h times the divergence from "
            "the uniform distribution over its maximum",
            facts(found.about),
        ),
        figure="plane",
        extra=extra,
    )


@FUNCTIONALS.register("missing_patterns", takes=Distribution)
def of_missing(found: Distribution) -> Result:
    """Return the share of outcomes, such as ordinal patterns, that never come."""
    values = (found.p == 0).mean(axis=-1)
    return Result(
        values[:, None], ("",), f"Missing outcomes of {found.label}", "1",
        told(f"share of the {found.p.shape[-1]} possible ones", facts(found.about)),
    )  # fmt: skip


def _series_room(samples: int, *, order: int = 3, delay: int = 1, normalize: bool = True) -> None:
    windows(samples, order, delay)


@FUNCTIONALS.register("weighted_permutation_entropy", takes=Series, room=_series_room)
def of_weighted(found: Series, *, order: int = 3, delay: int = 1, normalize: bool = True) -> Result:
    """Return the permutation entropy with windows counted by the variance of their values."""
    values = weighted_permutation_entropy(found.values, order, delay, normalize=normalize)
    return Result(
        values[:, None], ("",), f"Weighted permutation entropy of {found.label}",
        "1" if normalize else "nat",
        told("over ln order!" if normalize else "natural logarithm",
             f"order {order}, delay {delay}, ties stable"),
    )  # fmt: skip


@FUNCTIONALS.register("ordinal_transition_entropy", takes=Series, room=_series_room)
def of_transitions(
    found: Series, *, order: int = 3, delay: int = 1, normalize: bool = True
) -> Result:
    """Return the entropy of the next ordinal pattern, given this one."""
    values = ordinal_transition_entropy(found.values, order, delay, normalize=normalize)
    return Result(
        values[:, None], ("",), f"Ordinal transition entropy of {found.label}",
        "1" if normalize else "nat",
        told("over ln order!" if normalize else "natural logarithm",
             f"order {order}, delay {delay}, ties stable"),
    )  # fmt: skip


def _sweep_room(samples: int, *, order: int = 5, delays: int = 40) -> None:
    if delays < 2:
        raise ConfigError(f"delays: must be 2 or more, got {delays}")
    windows(samples, order, delays)


def _guidance(found: Series, order: int) -> tuple[dict[str, np.ndarray], tuple]:
    """Return the delays to trust, median over the rows that show a period."""
    each = []
    for row in found.values:
        try:
            each.append(suggest_delays(row, order))
        except ValueError:  # no oscillation about its mean: nothing to go by
            continue
    if not each:
        return {}, ()
    period, low, high = (float(np.median([s[i] for s in each])) for i in range(3))
    rows = (
        ("natural period", period * found.step, "1"),
        ("shortest delay to trust", low * found.step, "1"),
        ("longest delay to trust", high * found.step, "1"),
        ("periods in a series", float(np.median([s.periods for s in each])), "1"),
    )
    return {"span": np.array([low, high]) * found.step}, rows


@FUNCTIONALS.register("delay_sweep", takes=Series, room=_sweep_room)
def of_delays(found: Series, *, order: int = 5, delays: int = 40) -> Result:
    """Return h and C for delays 1, 2, .. up to `delays`, averaged over the rows."""
    taus = np.arange(1, delays + 1)
    plane: HC = complexity_entropy(found.values, order, taus)
    values = np.stack([plane.h.mean(axis=0), plane.c.mean(axis=0)], axis=-1)
    extra, summary = _guidance(found, order)
    return Result(
        values,
        ("normalised entropy h", "complexity C"),
        f"Delay sweep of {found.label}",
        "1",
        f"order {order}, ties stable; mean over {len(found.values)} rows; shaded: windows that "
        "span 0.3 to 0.5 of the natural period",
        rows=Rows(taus * found.step, f"delay along {found.along}"),
        extra=extra,
        summary=summary,
    )
