"""The equations of chaotic systems found from their samples, held against those that made them.

dx/dt = sum_k c_k m_k(x), m_k the monomials up to a degree, few of the c_k not 0
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from analysis.forecast.derivatives import METHODS, Next
from analysis.forecast.polynomials import NotPolynomial, Polynomial, degree, expand
from analysis.forecast.sindy import Equations, Score, SparseRegression, score
from analysis.measures.registry import MEASURES
from analysis.measures.skill import whole
from core.errors import ConfigError
from core.store import Measure, Member, Run

DEGREE, TRAIN = 3, 0.75
NAMES = ("terms found", "true terms missing", "terms too many", "coefficient error", "rate error")
ALTERED = "needs states as the equations have them: set params.{} to {}"


def _rule(*, degree: int = DEGREE, method: str = "weak", train: float = TRAIN) -> None:
    if not 1 <= degree <= 6:
        raise ConfigError(f"degree: must be from 1 to 6, got {degree}")
    if not 0 < train < 1:
        raise ConfigError(f"train: must be between 0 and 1, got {train:g}")


def _fits(params: Mapping[str, Any]) -> str | None:
    if params.get("standardize"):
        return ALTERED.format("standardize", "false")
    if params.get("components") is not None:
        return ALTERED.format("components", "null, which keeps all")
    return None


def truth(member: Member) -> list[Polynomial] | str:
    """Return the true polynomials of a member's system; or why it has none, as text."""
    facts = member.facts
    if facts.get("kind") == "delay":
        return "its rates depend on the past"
    values = dict(
        zip(facts["parameter_names"], np.ravel(member.constants["parameters"]), strict=False)
    )
    try:
        return [expand(text, facts["variables"], values) for text in facts["equations"]]
    except NotPolynomial as reason:
        return str(reason)


def _found(member: Member, states: np.ndarray, highest: int, method: str) -> tuple[Equations, int]:
    """Return the equations, with the highest degree whose library the samples bear."""
    step = float(member.time[1] - member.time[0])
    chosen = Next() if member.facts.get("kind") == "map" else METHODS[method]
    for each in range(highest, 0, -1):
        try:
            return SparseRegression(each, chosen).fit(states, step), each
        except ValueError as problem:
            if each == 1:
                raise ConfigError(f"{member.label}: {problem}") from None
    raise AssertionError


def _unscored(found: Equations) -> tuple[np.ndarray, tuple[tuple[str, float, str], ...]]:
    counts = (found.coefficients != 0).sum(axis=0).astype(float)
    return counts[:, None], (("true equations in the library", 0.0, "1"),)


def _scored(
    found: Equations, result: Score
) -> tuple[np.ndarray, tuple[tuple[str, float, str], ...]]:
    counts = (found.coefficients != 0).sum(axis=0)
    columns = (result.missing, result.extra, result.coefficient_error, result.derivative_error)
    return np.stack([counts, *columns], axis=-1).astype(float), (
        ("true equations in the library", 1.0, "1"),
        ("share of equations with exactly the true terms", float(result.exact.mean()), "1"),
        ("all equations have exactly the true terms", float(result.exact.all()), "1"),
        ("largest coefficient error", float(result.coefficient_error.max()), "1"),
        ("largest error of the rates", float(result.derivative_error.max()), "1"),
    )


@MEASURES.register("equations", needs=("state",), simulators=("chaos",), rule=_rule, fits=_fits)
def equations(
    run: Run,
    member: Member,
    *,
    degree: int = DEGREE,
    method: Literal["weak", "finite", "savitzky_golay"] = "weak",
    train: float = TRAIN,
) -> Measure:
    """Return how near the equations found by sparse regression are to the true ones.

    degree  of the monomials in the library; lower where the samples are too few for it
    method  how rates are had: weak integrals, finite differences (order 4) or Savitzky-Golay
    train   fraction of the samples, the first, from which equations are found; on the rest the
            rates are compared

    A system whose equations are no polynomials, or of a higher degree, is not scored: it says so.
    Of maps, the next sample takes the place of the rate.
    """
    states, facts = whole(member), member.facts
    reason = _fits({"standardize": facts["standardized"]})
    names = [str(name) for name in member.coords["component"]]
    if reason is None and names != list(facts["variables"]):
        reason = ALTERED.format("components", "null, which keeps all")
    if reason is not None:
        raise ConfigError(f"{member.label}: equations {reason}")
    cut = round(train * len(states))
    found, used = _found(member, states[:cut], degree, method)
    true = truth(member)
    true = _within(true, used) if isinstance(true, list) else true
    if isinstance(true, list):
        value, summary = _scored(found, score(found, true, states[cut:]))
        verdict = "scored against the equations that made the samples"
    else:
        value, summary = _unscored(found)
        verdict = f"not scored: {true}"
    of_map = facts.get("kind") == "map"
    left, how = ("{} next", "next samples") if of_map else ("d{}/dt", f"{method} rates")
    texts = zip(names, found.texts(names, 4), strict=True)
    return Measure(
        axis=np.arange(1.0, len(names) + 1),
        axis_label="equation",
        axis_units="1",
        value=value,
        label="equations found",
        units="1",
        convention=f"monomials to degree {used}, {how}, {cut} samples; {verdict}; found: "
        + ", ".join(f"{left.format(name)} = {text}" for name, text in texts),
        components=NAMES[: value.shape[1]],
        summary=summary,
        figure="equations",
    )


def _within(true: list[Polynomial], used: int) -> list[Polynomial] | str:
    highest = max(degree(each) for each in true)
    return true if highest <= used else f"of degree {highest}, and the library has {used}"
