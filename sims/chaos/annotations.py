"""What orbits of the catalogue's systems say of them: dimension, periods, verdicts on chaos.

Computed by docs/chaos/annotations.py from samples; exponents, from equations, are in `spectra`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sims.chaos.system import System, catalogue

TABLE = Path(__file__).parent / "catalogue" / "annotations.toml"
Measured = tuple[float, float]  # a value and its standard error


@dataclass(frozen=True)
class Annotations:
    """What was measured of an orbit; None where it could not be.

    correlation_dimension  of `points` points, `points_per_period` of them a period
    folded                 whether the logarithm of a folded set was divided out of it
    dominant_period        of the largest spectral peak of the coordinate `period_of`
    crossing_time          of it, mean time from one rise through its mean to the next
    zero_one               K of the 0-1 test: 0 regular, 1 chaotic
    two_particle           the verdict on two orbits that start close together, and the size of
                           their separation in the end, over that of the orbit
    """

    correlation_dimension: Measured | None = None
    points: int | None = None
    points_per_period: float | None = None
    folded: bool | None = None
    dominant_period: Measured | None = None
    crossing_time: Measured | None = None
    period_of: str | None = None
    zero_one: Measured | None = None
    two_particle: tuple[str, float] | None = None


def facts(found: Annotations) -> dict[str, Any]:
    """Return what a file says of them: attributes, each value with its error beside it."""
    about: dict[str, Any] = {}
    for name in ("correlation_dimension", "dominant_period", "crossing_time", "zero_one"):
        pair = getattr(found, name)
        if pair is not None:
            about |= {name: pair[0], f"{name}_standard_error": pair[1]}
    if found.correlation_dimension is not None:
        about |= {
            "correlation_dimension_points": found.points,
            "correlation_dimension_points_per_period": found.points_per_period,
            "correlation_dimension_folded": found.folded,
        }
    if found.two_particle is not None:
        about |= {"two_particle": found.two_particle[0]}
    return about


def table(name: str, found: Annotations) -> str:
    """Return a system's lines, with the digits that its errors leave."""
    lines = [f"\n[{name}]"]
    for key, value in asdict(found).items():
        if isinstance(value, tuple) and isinstance(value[0], str):
            lines.append(f'{key} = ["{value[0]}", {value[1]:.2g}]')
        elif isinstance(value, tuple):
            lines.append(f"{key} = [{value[0]:.5g}, {value[1]:.2g}]")
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        elif isinstance(value, str):
            lines.append(f'{key} = "{value}"')
        elif value is not None:
            lines.append(f"{key} = {value}")
    return "\n".join([*lines, ""])


def _read(given: Mapping[str, Any]) -> Annotations:
    parts: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
    }
    return Annotations(**parts)


@cache
def catalogued() -> dict[str, Annotations]:
    """Return what is known of the catalogue's systems, by name."""
    tables = tomllib.loads(TABLE.read_text()) if TABLE.is_file() else {}
    return {name: _read(given) for name, given in tables.items()}


def annotations_of(system: System) -> Annotations | None:
    """Return the catalogue's annotations, None for a system that is not the catalogue's own."""
    return catalogued().get(system.name) if catalogue().get(system.name) == system else None
