"""What measures of particles share: their frames, their propulsion, errors over frames."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from analysis.measures.registry import MEASURES
from analysis.structure.averages import frame_average
from analysis.structure.forces import Interaction
from core.errors import ConfigError, NumericsError
from core.store import Frame, Measure, Member, Run, frames

F = TypeVar("F", bound=Callable[..., Any])
Summary = tuple[tuple[str, float, str], ...]
HEADINGS = ("orientation", "active")  # of length 1, or with <e_a^2> = 1


@dataclass(frozen=True)
class Propulsion:
    """How the particles of a run swim when they are alone.

    speed_squared  v_0^2 <e^2>
    forgetting     rate at which the heading forgets; 0 if it never does
    """

    dimension: int
    speed: float
    speed_squared: float
    forgetting: float
    chirality: float
    diffusivity: float


def _number(params: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    value = params.get(key)
    return default if value is None else float(value)


def propulsion(params: Mapping[str, Any]) -> Propulsion | None:
    """Return how particles of one kind swim, None for a mixture."""
    numbers = [params.get(k) for k in ("self_propulsion_speed", "rotational_diffusivity")]
    if any(isinstance(n, list | tuple | dict) for n in [params.get("particles"), *numbers]):
        return None
    d, model = int(_number(params, "dimension", 2)), params.get("model", "abp")
    speed = 0.0 if model == "passive" else _number(params, "self_propulsion_speed")
    forgetting = {
        "abp": (d - 1) * _number(params, "rotational_diffusivity"),
        "aoup": _number(params, "persistence_rate"),
        "rtp": _number(params, "tumble_rate") + (d - 1) * _number(params, "rotational_diffusivity"),
    }.get(str(model), 0.0)
    return Propulsion(
        dimension=d,
        speed=speed,
        speed_squared=speed**2 * (d if model == "aoup" else 1),
        forgetting=forgetting,
        chirality=_number(params, "chirality"),
        diffusivity=_number(params, "translational_diffusivity"),
    )


def interaction(params: Mapping[str, Any]) -> Interaction:
    """Return the pair interaction of a run."""
    given = {k: v for k, v in (params.get("interaction") or {}).items() if v is not None}
    known = {k: given[k] for k in ("strength", "diameter", "beta", "cutoff") if k in given}
    return Interaction(str(given.get("kind", "none")), **known)


def diameter(params: Mapping[str, Any]) -> float:
    """Return the diameter of a particle, 1 where particles have none."""
    return interaction(params).diameter


def free(params: Mapping[str, Any]) -> bool:
    """Return whether particles of a run know nothing of each other, nor of any trap."""
    alone = interaction(params).kind == "none"
    return alone and not any(params.get(k) for k in ("trap", "coupling", "alignment"))


def chosen(member: Member, since: float | None) -> int:
    """Return the first frame that counts."""
    if since is None:
        return 0
    later = np.flatnonzero(member.time >= since)
    if not later.size:
        raise ConfigError(f"since: the run ends at t = {member.time[-1]:g}, before {since:g}")
    return int(later[0])


def frames_since(member: Member, since: float | None) -> Iterator[Frame]:
    """Yield the frames that count, one by one."""
    return frames(member, chosen(member, since))


def heading_field(member: Member) -> str:
    """Return the name of the field of headings."""
    for name in HEADINGS:
        if name in member.fields:
            return name
    raise ConfigError(f"headings: the run holds neither {' nor '.join(HEADINGS)}")


def heading(member: Member, frame: Frame) -> np.ndarray:
    """Return the headings (N, d) of a frame."""
    return frame.elements[heading_field(member)]


def summarised(rows: np.ndarray, names: tuple[str, ...], units: str = "1") -> Summary:
    """Return the mean over frames of each column (T, c) and its error, as scalars."""
    found = frame_average(rows)
    scalars: list[tuple[str, float, str]] = []
    for i, name in enumerate(names):
        scalars.append((name, float(found.mean[i]), units))
        if len(rows) > 1:
            scalars.append((f"{name}, error over frames", float(found.error[i]), units))
    return tuple(scalars)


def over_time(
    member: Member, since: float | None, values: np.ndarray, label: str, convention: str,
    summary: Summary,
) -> Measure:  # fmt: skip
    """Return a number of each frame (T, 1) as a curve over time."""
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=values[:, 0],
        label=label,
        units="1",
        convention=convention,
        summary=summary,
    )


def curve_error(rows: np.ndarray) -> np.ndarray:
    """Return the error over frames of curves (T, n); 0 where there is one frame."""
    return np.nan_to_num(frame_average(rows).error)


def swimming(params: Mapping[str, Any]) -> str | None:
    """Return why the particles of a run have no heading, or None."""
    passive = params.get("model") == "passive"
    return "is for particles with a heading; these are passive" if passive else None


def planar(params: Mapping[str, Any]) -> str | None:
    """Return why a run is not in the plane, or None."""
    d = int(_number(params, "dimension", 2))
    return None if d == 2 else f"is for runs in two dimensions, not {d}"


def boxed(params: Mapping[str, Any]) -> str | None:
    """Return why a run is not in a periodic box in the plane, or None."""
    if params.get("packing_fraction") is None and params.get("box") is None:
        return "needs a periodic box; in open space there is no density to compare with"
    return planar(params)


def of_particles(name: str, **meta: Any) -> Callable[[F], F]:
    """Return a decorator that files a measure of runs of particles; its complaints name the member.

    fits  params -> why a run cannot be measured, or None; the plane is asked for if not given
    """
    meta = {"needs": ("position",), "simulators": ("active",), "fits": planar, **meta}

    asked = signature(meta["fits"]).parameters

    def file(function: F) -> F:
        @wraps(function)
        def told(run: Run, member: Member, **options: Any) -> Any:
            # the plan of a study has asked already; a command by hand has not
            why = meta["fits"](run.params, **{k: v for k, v in options.items() if k in asked})
            if why is not None:
                raise ConfigError(f"{name}: {why}")
            try:
                return function(run, member, **options)
            except ValueError as problem:
                raise NumericsError(f"member {member.name}: {name}: {problem}") from None

        MEASURES.register(name, **meta)(told)
        return function

    return file
