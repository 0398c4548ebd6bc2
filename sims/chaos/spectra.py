"""Lyapunov exponents of the catalogue's systems."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sims.chaos.system import System, catalogue

TABLE = Path(__file__).parent / "catalogue" / "spectra.toml"


@dataclass(frozen=True)
class Exponents:
    """The Lyapunov exponents of a system, and how they were found.

    exponents        (d,) largest first, per unit of the system's time
    standard_errors  (d,)
    kaplan_yorke     dimension that they give
    mean_divergence  of the flow
    periods          length of the trajectory, in periods of the system
    rtol             error per step
    """

    exponents: tuple[float, ...]
    standard_errors: tuple[float, ...]
    kaplan_yorke: float
    mean_divergence: float
    periods: float
    rtol: float


@cache
def catalogued() -> dict[str, Exponents]:
    """Return the exponents of the catalogue's systems, by name."""
    tables = tomllib.loads(TABLE.read_text()) if TABLE.is_file() else {}
    return {
        name: Exponents(
            tuple(table["exponents"]), tuple(table["standard_errors"]), table["kaplan_yorke"],
            table["mean_divergence"], table["periods"], table["rtol"],
        )
        for name, table in tables.items()
    }  # fmt: skip


def spectrum_of(system: System) -> Exponents | None:
    """Return the catalogue's exponents, None for a system that is not the catalogue's own."""
    return catalogued().get(system.name) if catalogue().get(system.name) == system else None
