"""What comes of swimming: effective speed, pressures, entropies of places and headings."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.particles import (
    Propulsion,
    boxed,
    chosen,
    diameter,
    frames_since,
    heading,
    interaction,
    of_particles,
    over_time,
    propulsion,
    summarised,
    swimming,
)
from analysis.measures.structures import positive
from analysis.structure.disorder import density_entropy, heading_entropy, position_entropy
from analysis.structure.forces import pair_forces
from analysis.structure.swimming import effective_speed, pressures
from core.errors import ConfigError
from core.store import Frame, Measure, Member, Run


def _rule(*, since: float | None = None) -> None:
    pass


def _swims(run: Run) -> Propulsion:
    found = propulsion(run.params)
    if found is None:
        raise ConfigError("self_propulsion_speed: the measure is for particles of one kind")
    if found.speed <= 0:
        raise ConfigError("self_propulsion_speed: is 0; such particles do not swim")
    return found


def _alone(params: Mapping[str, Any]) -> str | None:
    """Return why effective speeds cannot be had, or None."""
    if params.get("trap") or params.get("coupling"):
        return "knows forces between pairs only, not of a trap or a coupling"
    swims = propulsion(params)
    if swims is None:
        return "is for particles of one kind, not for a mixture"
    if swims.speed == 0:
        return "is for particles that swim; self_propulsion_speed is 0"
    return boxed(params)


def _forgets(params: Mapping[str, Any]) -> str | None:
    """Return why the swim pressure cannot be had, or None."""
    if params.get("chirality") or params.get("alignment"):
        return "is for headings that no torque turns; chirality and alignment do"
    swims = propulsion(params)
    if swims is not None and swims.speed > 0 and swims.forgetting <= 0:
        return "divides by the rate at which headings forget, which is 0"
    return _alone(params)


def _mobility(run: Run) -> float:
    value = run.params.get("mobility")
    return 1.0 if value is None else float(value)


def _forces(run: Run, frame: Frame) -> tuple[np.ndarray, float]:
    sizes = frame.elements.get("diameter")  # where they differ
    found = pair_forces(frame.position, frame.box, interaction(run.params), sizes)
    return found.force, found.virial


@of_particles("effective_speed", rule=_rule, fits=_alone)
def effective(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return the speed along the heading over that of a lone particle, over time."""
    swims, rows = _swims(run), []
    lone = np.sqrt(swims.speed_squared)
    for frame in frames_since(member, since):
        force, _ = _forces(run, frame)
        speed = effective_speed(heading(member, frame), force, swims.speed, _mobility(run))
        rows.append([speed / lone])
    values = np.asarray(rows)
    return over_time(
        member, since, values, "effective swim speed over v_0",
        "<e (v_0 e + mu F)>/(v_0 <e^2>^(1/2)), F from the stored positions",
        summarised(values, ("effective swim speed over v_0",)),
    )  # fmt: skip


@of_particles("pressure", rule=_rule, fits=_forgets)
def pressure(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return the ideal, virial and swim pressure over time, and their sum."""
    swims, rows = _swims(run), []
    for frame in frames_since(member, since):
        force, virial = _forces(run, frame)
        found = pressures(
            heading(member, frame), force, virial, frame.box, speed=swims.speed,
            forgetting=swims.forgetting, mobility=_mobility(run), diffusivity=swims.diffusivity,
        )  # fmt: skip
        rows.append([found.total, found.ideal, found.virial, found.swim])
    names = ("total pressure", "ideal pressure", "virial pressure", "swim pressure")
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=np.asarray(rows),
        label="Pressure",
        units="1",
        convention="rho T + sum r F/(2A) + rho <v_0 e (v_0 e + mu F)>/(2 mu Gamma)",
        components=names,
        summary=summarised(np.asarray(rows), names),
    )


@of_particles("polar_order", rule=_rule, fits=swimming)
def polar_order(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return how far all head the same way over time: |<e>|/<e^2>^(1/2), 1 for a flock."""
    rows = []
    for frame in frames_since(member, since):
        e = heading(member, frame)
        size = float(np.sqrt((e**2).sum(axis=1).mean()))
        rows.append([float(np.linalg.norm(e.mean(axis=0))) / size if size > 0 else 0.0])
    values = np.asarray(rows)
    return over_time(
        member, since, values, "polar order",
        f"|<e>|/<e^2>^(1/2); about {len(e) ** -0.5:.2g} for independent headings",
        summarised(values, ("polar order",)),
    )  # fmt: skip


def _disorder_rule(*, side: float | None = None, k: int = 4, since: float | None = None) -> None:
    positive(side=side, k=k)


@of_particles("disorder", rule=_disorder_rule, fits=boxed)
def disorder(
    run: Run,
    member: Member,
    *,
    side: float | None = None,
    k: int = 4,
    since: float | None = None,
) -> Measure:
    """Return the entropies of positions and headings over time.

    side  of the boxes of the binned density, three diameters if not given; k  neighbours
    """
    cell = 3 * diameter(run.params) if side is None else side
    swims = any(name in member.fields for name in ("orientation", "active"))
    rows = []
    for frame in frames_since(member, since):
        row = [
            density_entropy(frame.position, frame.box, cell),
            position_entropy(frame.position, frame.box, k),
        ]
        if swims:
            row.append(heading_entropy(heading(member, frame), k))
        rows.append(row)
    names = ("binned density, over its largest", "positions [nat]", "headings [nat]")
    shown = names[: len(rows[0])]
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=np.asarray(rows),
        label="Entropies of places and headings",
        units="1",
        convention=(
            f"boxes of {cell:.4g}; positions and headings against an even density, "
            f"{k}-th neighbours in the periodic box: 0 for independent particles"
        ),
        components=shown,
        summary=summarised(np.asarray(rows), shown),
    )
