"""Lyapunov spectra of chaotic systems, as their run computed them or the catalogue holds them.

sum of the exponents = mean of div f;  an autonomous flow that does not rest has one exponent 0
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analysis.dynamics import kaplan_yorke, pesin_entropy
from analysis.measures.registry import MEASURES
from core.errors import MemberError
from core.spectrum import of_growth
from core.store import Check, Measure, Member, Run

REFERENCE = Path(__file__).parents[1] / "dynamics" / "reference.toml"
BALANCE = 1e-3  # of max(1, |div f|): how far the sum of the exponents may be from it
CERTAIN = 3.0  # standard errors
SETTLED = 3.0  # over the length of a trajectory: what the turning of a vector may leave behind
CHAOTIC = ("chaotic", "weakly chaotic")


@cache
def reference() -> Mapping[str, Mapping[str, Any]]:
    """Return what the reference database states of its systems, by name."""
    return tomllib.loads(REFERENCE.read_text())


def fits(params: Mapping[str, Any]) -> str | None:
    """Return why a run of these parameters holds no exponents, or None."""
    own = params.get("file") is not None or params.get("parameters") or params.get("jitter")
    own = own or params.get("vary") or (params.get("pairs") and not params.get("systems"))
    if own and not params.get("exponents"):
        return "needs exponents of systems with parameters of your own: set params.exponents"
    return None


@dataclass(frozen=True)
class Found:
    """Exponents of a member: of its own trajectory, or of its system as the file states them."""

    exponents: np.ndarray
    errors: np.ndarray
    divergence: float | None
    periods: float


def of_member(member: Member) -> Found:
    """Return the exponents of a member; raise MemberError where the run holds none."""
    facts = member.facts
    if "growth" in member.constants:
        period = float(facts["period"])
        table, volumes = member.constants["growth"], member.constants.get("divergence")
        if not np.isfinite(table).all():
            name = f"{facts.get('title', '')}, member {member.name}"
            raise MemberError(f"{name}: its exponents could not be followed")
        spans = table[:, 0].sum()
        spectrum = of_growth(table[:, 0], table[:, 1:])
        divergence = None if volumes is None else float(volumes.sum() / spans)
        return Found(spectrum.exponents, spectrum.standard_errors, divergence, spans / period)
    if "lyapunov_spectrum" not in facts:
        name = facts.get("title", member.name)
        raise MemberError(f"{name}: the run holds no exponents; set params.exponents, in periods")
    return Found(
        np.array(facts["lyapunov_spectrum"]),
        np.array(facts["lyapunov_standard_error"]),
        float(facts["mean_divergence"]) if "mean_divergence" in facts else None,
        float(facts["lyapunov_periods"]),
    )


def _checks(facts: Mapping[str, Any], found: Found) -> list[Check]:
    checks = []
    if found.divergence is not None:
        source = "mean of div f along the trajectory, integrated beside the tangent vectors"
        if facts["kind"] == "map":
            source = "mean of ln |det J| along the orbit"
        checks.append(
            Check(
                "sum of the Lyapunov exponents",
                float(found.exponents.sum()),
                found.divergence,
                BALANCE * max(1.0, abs(found.divergence)),
                source,
            )
        )
    if facts["kind"] != "map" and facts["autonomous"] and facts["regime"] in CHAOTIC:
        slack = CERTAIN * found.errors + SETTLED / (found.periods * float(facts["period"]))
        i = int(np.argmin(np.abs(found.exponents) / slack))
        checks.append(
            Check(
                f"exponent {i + 1}, along the flow",
                float(found.exponents[i]),
                0.0,
                float(slack[i]),
                "0 for an autonomous flow without a fixed point (Haken 1983): 3 standard errors",
            )
        )
    return checks


@MEASURES.register("lyapunov", needs=("state",), simulators=("chaos",), fits=fits)
def lyapunov(run: Run, member: Member) -> Measure:
    """Return the Lyapunov exponents of a member's system, largest first.

    Computed along a trajectory from the member's start if the run's `exponents` says so, else those
    of the catalogue.
    """
    facts, found = member.facts, of_member(member)
    extra = {"standard_error": found.errors, "period": np.array(float(facts["period"]))}
    stated = reference().get(str(facts["title"]), {}).get("maximum")
    changed = any(run.params.get(key) for key in ("parameters", "jitter", "vary"))
    if stated is not None and not changed:
        extra["stated"] = np.array(float(stated))
    summary = [
        ("largest Lyapunov exponent", float(found.exponents[0]), "per unit of time"),
        ("its standard error", float(found.errors[0]), "per unit of time"),
        ("sum of positive exponents", pesin_entropy(found.exponents), "nat per unit of time"),
    ]
    if found.divergence is not None or found.exponents.sum() < 0:
        dimension = kaplan_yorke(found.exponents, found.errors)
        summary.append(("Kaplan-Yorke dimension", dimension, "1"))
    if found.divergence is not None:
        summary.append(("mean divergence", found.divergence, "per unit of time"))
    return Measure(
        axis=np.arange(1.0, len(found.exponents) + 1),
        axis_label="exponent",
        axis_units="1",
        value=found.exponents,
        label="Lyapunov exponent",
        units="per unit of time",
        convention=f"along {found.periods:.0f} periods, tangent vectors orthonormal again after "
        "every step; standard errors from 20 blocks",
        extra=extra,
        summary=tuple(summary),
        checks=tuple(_checks(facts, found)),
        figure="spectra",
    )
