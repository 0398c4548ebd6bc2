"""Bifurcation diagrams: where each member of a run with a varied parameter turns, or comes back to.

maxima of a flow's component; its values on a section; of a map, its iterates
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.dynamics.diagrams import bifurcation as diagram
from analysis.measures.registry import MEASURES
from core.errors import ConfigError, MemberError
from core.spectrum import of_growth
from core.store import Measure, Member, Run


def _rule(
    *,
    component: int | str = 0,
    section: int | str | None = None,
    offset: float = 0.0,
    direction: int = 1,
) -> None:
    if direction not in (-1, 1):
        raise ConfigError(f"direction: must be 1 or -1, got {direction}")
    if offset and section is None:
        raise ConfigError("offset: is of a section; name the component that is held there")


def _place(member: Member, given: int | str, what: str) -> int:
    """Return the number of a component given by name or number."""
    names = [str(name) for name in member.coords["component"]]
    if str(given) in names:
        return names.index(str(given))
    if isinstance(given, int) and 0 <= given < len(names):
        return given
    raise MemberError(f"{what}: no '{given}' in {member.facts['title']}; known: {', '.join(names)}")


def parameters(run: Run, member: Member) -> Mapping[str, float]:
    """Return the parameters that the run varied, as this member has them."""
    names = [str(name) for name in np.atleast_1d(member.facts["parameter_names"])]
    values = np.atleast_1d(member.constants["parameters"])
    found = dict(zip(names, values.tolist(), strict=False))
    return {name: found[name] for name in run.params.get("vary") or {}}


def _values(
    member: Member, kept: int, section: int | None, offset: float, direction: int
) -> tuple[np.ndarray, str]:
    """Return what a diagram shows of an orbit, and what that is."""
    states = np.asarray(member.fields["state"][...], dtype=float)
    name = str(member.coords["component"][kept])
    if member.facts["kind"] == "map":
        return states[:, kept], f"iterates of {name}"
    where: dict[str, Any] = {}
    if section is not None:
        where = {"normal": section, "offset": offset, "direction": direction}
    found = diagram([states], [0.0], np.asarray(member.time), component=kept, **where).values
    if section is None:
        return found, f"maxima of {name}"
    way = "rises" if direction > 0 else "falls"
    return found, f"{name} where {member.coords['component'][section]} {way} through {offset:g}"


def _fits(params: Mapping[str, Any]) -> str | None:
    if params.get("standardize"):
        return "needs samples as they are: unset params.standardize"
    count = len(params.get("systems") or ()) + len(params.get("pairs") or ())
    return None if count == 1 else f"is of one system, and the run has {count}"


@MEASURES.register("bifurcation", needs=("state",), simulators=("chaos",), rule=_rule, fits=_fits)
def bifurcation(
    run: Run,
    member: Member,
    *,
    component: int | str = 0,
    section: int | str | None = None,
    offset: float = 0.0,
    direction: int = 1,
) -> Measure:
    """Return a member's points of the diagram, its parameter and its largest exponent.

    The exponent is there if the run's `exponents` is set.
    """
    kept = _place(member, component, "component")
    held = None if section is None else _place(member, section, "section")
    values, what = _values(member, kept, held, offset, direction)
    varied = parameters(run, member)
    extra = {f"parameter {name}": np.array(value) for name, value in varied.items()}
    summary = [(name, value, "1") for name, value in varied.items()]
    if np.isfinite(member.constants.get("growth", np.nan)).all():
        table = member.constants["growth"]
        found = of_growth(table[:, 0], table[:, 1:])
        largest, error = float(found.exponents[0]), float(found.standard_errors[0])
        extra["exponent"] = np.array([largest, error])
        summary.append(("largest Lyapunov exponent", largest, "per unit of time"))
        summary.append(("its standard error", error, "per unit of time"))
    return Measure(
        axis=np.arange(1.0, len(values) + 1),
        axis_label="number",
        axis_units="1",
        value=values,
        label=what[0].upper() + what[1:],
        units="1",
        convention=f"{member.facts['title']}: {what}, after {run.params['transient']:g} periods",
        extra=extra,
        summary=tuple(summary),
        figure="bifurcation",
    )
