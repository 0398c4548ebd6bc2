"""Lyapunov exponents of systems: computed from a trajectory, or as the catalogue holds them.

sum of the exponents = mean of div f along the trajectory, which is integrated beside them
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core import spectrum
from sims.chaos import flow, tangent
from sims.chaos.system import System, catalogue

TABLE = Path(__file__).parent / "catalogue" / "spectra.toml"
PIECES, LEAST = 400, 40  # of a trajectory, whose growth is kept: one a period, within these
SETTLE = 20.0  # periods in which the tangent vectors turn into their directions
TRANSIENT = 50.0  # periods before that, in which the state comes to the attractor


@dataclass(frozen=True)
class Exponents:
    """The Lyapunov exponents of a system, and how they were found.

    exponents        (d,) largest first, per unit of the system's time
    standard_errors  (d,) from 20 blocks of the trajectory
    kaplan_yorke     dimension that they give
    mean_divergence  of the flow along the same trajectory, integrated beside the tangent vectors
    periods          length of the trajectory, in periods of the system
    rtol             error per step
    """

    exponents: tuple[float, ...]
    standard_errors: tuple[float, ...]
    kaplan_yorke: float
    mean_divergence: float
    periods: float
    rtol: float


@dataclass(frozen=True)
class Growth:
    """What a trajectory's tangent vectors did, piece by piece.

    durations    (n,) of the pieces
    logarithms   (n, d) sums of ln |R_ii|
    divergences  (n,) integrals of div f
    """

    durations: np.ndarray
    logarithms: np.ndarray
    divergences: np.ndarray
    periods: float
    rtol: float

    def table(self) -> np.ndarray:
        """Return (n, 2 + d): duration, integral of div f, sums of ln |R_ii|."""
        return np.column_stack([self.durations, self.divergences, self.logarithms])

    def exponents(self) -> Exponents:
        """Return the exponents, their errors and what follows."""
        found = spectrum.of_growth(self.durations, self.logarithms)
        return Exponents(
            tuple(found.exponents.tolist()),
            tuple(found.standard_errors.tolist()),
            spectrum.kaplan_yorke(found.exponents),
            float(self.divergences.sum() / self.durations.sum()),
            self.periods,
            self.rtol,
        )


def growth(
    system: System,
    periods: float,
    start: np.ndarray | None = None,
    *,
    pieces: int | None = None,
    rtol: float = tangent.RTOL,
) -> Growth:
    """Return the growth along a trajectory of so many periods.

    start   (d,) a point of the attractor; if None, where the catalogue's point is 50 periods later
    pieces  into which it is cut, 40 or more; if None, 40 to 400, by its length

    Another 20 periods at its beginning are left out: there the vectors turn into their directions.

    Raises NumericsError that names the system.
    """
    if start is None:
        start = flow.trajectory(system, np.array([0.0, TRANSIENT * system.period]))[-1]
    pieces = pieces or int(min(max(periods, LEAST), PIECES))
    interval = periods * system.period / pieces
    settle = round(SETTLE / periods * pieces) + 1
    found = list(
        tangent.Tangent(system, start, rtol, rtol).stretches((pieces + settle) * interval, interval)
    )[settle:]
    return Growth(
        np.array([part.duration for part in found]),
        np.array([part.logarithms for part in found]),
        np.array([part.divergence for part in found]),
        periods,
        rtol,
    )


def pooled(grown: Sequence[Growth]) -> Exponents:
    """Return the exponents of several trajectories of one system, of the same length each."""
    parts = (
        [getattr(one, name) for one in grown] for name in ("durations", "logarithms", "divergences")
    )
    joined = [np.concatenate(part) for part in parts]
    periods = sum(one.periods for one in grown)
    return Growth(joined[0], joined[1], joined[2], periods, grown[0].rtol).exponents()


def facts(found: Exponents) -> dict[str, Any]:
    """Return what a file says of exponents."""
    return {
        "lyapunov_spectrum": found.exponents,
        "lyapunov_standard_error": found.standard_errors,
        "lyapunov_periods": found.periods,
        "lyapunov_rtol": found.rtol,
        "kaplan_yorke_dimension": found.kaplan_yorke,
        "mean_divergence": found.mean_divergence,
    }


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
