"""What we find of a system beside what the reference database states of it.

far: |stated - found| > max(20 % of found, 3 standard errors)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.registry import MEASURES
from analysis.measures.spectra import of_member, reference
from core.errors import MemberError
from core.store import Measure, Member, Run

FAR = 0.20  # relative difference
SURE = 3.0  # standard errors


def far(found: float, error: float, stated: float) -> bool:
    """Return whether a stated value is further off than 20 % and than the error explains."""
    return abs(stated - found) > max(FAR * abs(found), SURE * error)


def _fits(params: Mapping[str, Any]) -> str | None:
    for key in ("parameters", "jitter", "vary"):
        if params.get(key):
            return f"needs systems at the catalogue's parameters: unset params.{key}"
    return None


@MEASURES.register("disagreement", needs=("state",), simulators=("chaos",), fits=_fits)
def disagreement(run: Run, member: Member) -> Measure:
    """Return largest exponent and correlation dimension, with the reference database's beside them.

    Systems of which it states nothing are left out. The exponent is that of the run, if its
    `exponents` is set, else the catalogue's; the dimension is the catalogue's.
    """
    facts, name = member.facts, str(member.facts["title"])
    stated = reference().get(name, {})
    if "maximum" not in stated:
        raise MemberError(f"{name}: the reference database states nothing of it")
    found = of_member(member)
    largest, error = float(found.exponents[0]), float(found.errors[0])
    extra = {
        "exponent": np.array([largest, error, float(stated["maximum"])]),
        "period": np.array(float(facts["period"])),
        "limits": np.array([FAR, SURE]),
    }
    summary = [
        ("largest Lyapunov exponent", largest, "per unit of time"),
        ("its standard error", error, "per unit of time"),
        ("as dysts 0.96 states it", float(stated["maximum"]), "per unit of time"),
    ]
    if "correlation" in stated and "correlation_dimension" in facts:
        value = float(facts["correlation_dimension"])
        scatter = float(facts["correlation_dimension_standard_error"])
        extra["dimension"] = np.array([value, scatter, float(stated["correlation"])])
        summary += [
            ("correlation dimension", value, "1"),
            ("as dysts 0.96 states it", float(stated["correlation"]), "1"),
        ]
    return Measure(
        axis=np.array([1.0, 2.0]),
        axis_label="ours, theirs",
        axis_units="1",
        value=extra["exponent"][[0, 2]],
        label="Largest Lyapunov exponent, ours and theirs",
        units="per unit of time",
        convention="theirs: dysts 0.96 (Gilpin 2021, arXiv:2110.05266), as its records state; far: "
        f"by more than {100 * FAR:g} % and {SURE:g} of our standard errors",
        extra=extra,
        summary=tuple(summary),
        figure="disagreements",
    )
