"""Lyapunov spectra of chaotic systems, as their run computed them or the catalogue holds them.

sum of the exponents = mean of div f;  an autonomous flow that does not rest has one exponent 0
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analysis.dynamics import kaplan_yorke, pesin_entropy
from analysis.measures.registry import MEASURES
from core.errors import ConfigError
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


def _fits(params: Mapping[str, Any]) -> str | None:
    own = params.get("file") is not None or params.get("parameters")
    if own and not params.get("exponents"):
        return "needs exponents of systems with parameters of your own: set params.exponents"
    return None


def _checks(facts: Mapping[str, Any], exponents: np.ndarray, errors: np.ndarray) -> list[Check]:
    divergence = float(facts["mean_divergence"])
    checks = [
        Check(
            "sum of the Lyapunov exponents",
            float(exponents.sum()),
            divergence,
            BALANCE * max(1.0, abs(divergence)),
            "mean of div f along the trajectory, integrated beside the tangent vectors",
        )
    ]
    length = float(facts["lyapunov_periods"]) * float(facts["period"])
    slack = CERTAIN * errors + SETTLED / length
    if facts["autonomous"] and facts["regime"] in CHAOTIC:
        i = int(np.argmin(np.abs(exponents) / slack))
        checks.append(
            Check(
                f"exponent {i + 1}, along the flow",
                float(exponents[i]),
                0.0,
                float(slack[i]),
                "0 for an autonomous flow without a fixed point (Haken 1983): 3 standard errors",
            )
        )
    return checks


@MEASURES.register("lyapunov", needs=("state",), simulators=("chaos",), fits=_fits)
def lyapunov(run: Run, member: Member) -> Measure:
    """Return the Lyapunov exponents of a member's system, largest first.

    Computed along a trajectory of the run's own if its `exponents` says so, else the catalogue's.
    """
    facts, name = member.facts, str(member.facts["title"])
    if "lyapunov_spectrum" not in facts:
        raise ConfigError(f"{name}: the run holds no exponents; set params.exponents, in periods")
    exponents = np.array(facts["lyapunov_spectrum"])
    errors = np.array(facts["lyapunov_standard_error"])
    stated = reference().get(name, {}).get("maximum") if not run.params.get("parameters") else None
    period = float(facts["period"])
    extra = {"standard_error": errors, "period": np.array(period)}
    if stated is not None:
        extra["stated"] = np.array(float(stated))
    return Measure(
        axis=np.arange(1.0, len(exponents) + 1),
        axis_label="exponent",
        axis_units="1",
        value=exponents,
        label="Lyapunov exponent",
        units="per unit of time",
        convention=f"along {float(facts['lyapunov_periods']):g} periods, tangent vectors "
        f"orthonormal again after every step, error per step {float(facts['lyapunov_rtol']):g}; "
        f"errors from 20 blocks; {facts['regime']}",
        extra=extra,
        summary=(
            ("largest Lyapunov exponent", float(exponents[0]), "per unit of time"),
            ("its standard error", float(errors[0]), "per unit of time"),
            ("Kaplan-Yorke dimension", kaplan_yorke(exponents), "1"),
            ("sum of positive exponents", pesin_entropy(exponents), "nat per unit of time"),
            ("mean divergence", float(facts["mean_divergence"]), "per unit of time"),
        ),
        checks=tuple(_checks(facts, exponents, errors)),
        figure="spectra",
    )
