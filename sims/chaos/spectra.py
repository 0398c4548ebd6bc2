"""Lyapunov exponents of systems: computed from a trajectory, or as the catalogue holds them.

sum of the exponents = mean of div f along the trajectory, of a map of ln |det J|
"""

import math
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core import spectrum
from core.errors import NumericsError
from sims.chaos import motion, switching
from sims.chaos.system import System, catalogue
from sims.chaos.tangent import RTOL, Stretch, Tangent

TABLE = Path(__file__).parent / "catalogue" / "spectra.toml"
PIECES, LEAST = 400, 40  # of a trajectory, whose growth is kept: one a period, within these
OF_DELAYS = 4  # exponents of a delay equation that are followed
SETTLE = 20.0  # periods in which the tangent vectors turn into their directions
TRANSIENT = 50.0  # periods before that, in which the state comes to the attractor


@dataclass(frozen=True)
class Exponents:
    """The Lyapunov exponents of a system, and how they were found.

    exponents        (d,) largest first, per unit of the system's time
    standard_errors  (d,) from 20 blocks of the trajectory
    kaplan_yorke     dimension that they give; None if those that are known add up to more than 0
    mean_divergence  of the flow along the same trajectory, integrated beside the tangent vectors;
                     of a map the mean of ln |det J|; None for a delay equation, which has endless
                     exponents, of which the first few are known, and for a flow that comes to
                     slide, of which all but one are
    periods          length of the trajectory, in periods of the system
    rtol             error per step
    """

    exponents: tuple[float, ...]
    standard_errors: tuple[float, ...]
    kaplan_yorke: float | None
    mean_divergence: float | None
    periods: float
    rtol: float


@dataclass(frozen=True)
class Growth:
    """What a trajectory's tangent vectors did, piece by piece.

    durations    (n,) of the pieces
    logarithms   (n, d) sums of ln |R_ii|
    divergences  (n,) integrals of div f, or sums of ln |det J|; None where there is neither
    """

    durations: np.ndarray
    logarithms: np.ndarray
    divergences: np.ndarray | None
    periods: float
    rtol: float

    def exponents(self) -> Exponents:
        """Return the exponents, their errors and what follows."""
        found = spectrum.of_growth(self.durations, self.logarithms)
        known = self.divergences is not None or found.exponents.sum() < 0
        return Exponents(
            tuple(found.exponents.tolist()),
            tuple(found.standard_errors.tolist()),
            spectrum.kaplan_yorke(*found) if known else None,
            None
            if self.divergences is None
            else float(self.divergences.sum() / self.durations.sum()),
            self.periods,
            self.rtol,
        )


def _volumes(system: System, start: np.ndarray, pieces: int, every: int) -> np.ndarray:
    """Return the sums of ln |det J| over pieces of an orbit, `every` iterations each."""
    orbit = motion.trajectory(system, np.arange(pieces * every), start)
    with np.errstate(divide="ignore"):
        logarithms = np.linalg.slogdet(system.jacobian_at(orbit))[1]
    return logarithms.reshape(pieces, every).sum(axis=1)


def _grouped(parts: Iterable[Stretch], interval: float, pieces: int) -> Iterator[Stretch]:
    """Yield stretches that end at about multiples of `interval`, each made of several."""
    together, ends = list[Stretch](), 1
    for part in parts:
        together.append(part)
        if part.time < ends * interval * (1 - 1e-9):
            continue
        yield Stretch(
            part.time,
            sum(one.duration for one in together),
            np.sum([one.logarithms for one in together], axis=0),
            sum(one.divergence for one in together),
        )
        together, ends = [], ends + 1
        if ends > pieces:
            return


def _followed(
    system: System, start: Any, rtol: float, pieces: int, interval: float
) -> Iterator[Stretch]:
    """Yield the growth over each piece."""
    length = pieces * interval
    if system.kind == "map":
        yield from motion.tangent(system, start).stretches(length, interval)
    elif system.kind == "delay":
        # these vectors are orthonormalised between the stretches only: at every delay
        longest = max(system.parameters[name] for name in system.delays)
        short = interval / math.ceil(interval / longest)
        tangent = motion.tangent(system, start, exponents=OF_DELAYS)
        yield from _grouped(tangent.stretches(length + interval, short), interval, pieces)
    else:  # a flow that jumps has stretches that end there
        vectors = system.dimension - 1 if _slides(system, length + interval, start, rtol) else None
        tangent = Tangent(system, start, rtol, rtol, vectors)
        yield from _grouped(tangent.stretches(length + interval, interval), interval, pieces)


def _slides(system: System, duration: float, start: Any, rtol: float) -> bool:
    """Return whether a flow comes to slide within a surface on its way."""
    if not switching.jumps(system):
        return False
    from sims.chaos import switched  # loads SciPy

    try:
        return switched.slides(system, duration, np.asarray(start, dtype=float), rtol, rtol)
    except NumericsError as problem:
        raise NumericsError(f"{system.name}: {problem}") from None


def growth(
    system: System,
    periods: float,
    start: np.ndarray | None = None,
    *,
    pieces: int | None = None,
    rtol: float = RTOL,
) -> Growth:
    """Return the growth along a trajectory of so many periods.

    start   (d,) a point of the attractor; if None, where the catalogue's point is 50 periods later
    pieces  into which it is cut, 40 or more; if None, 40 to 400, by its length
    rtol    error per step of a flow

    Another 20 periods at its beginning are left out: there the vectors turn into their directions.
    For a delay equation a start is a state that has held for ever, and 50 periods more are left
    out. Of a flow that comes to slide within a surface the last exponent, minus infinity, is left
    out, and there is no mean divergence.

    Raises NumericsError that names the system, also if steps are longer than the pieces.
    """
    if start is None or system.kind == "delay":
        start = motion.onward(system, TRANSIENT * system.period, start)
    pieces = pieces or int(min(max(periods, LEAST), PIECES))
    interval = periods * system.period / pieces
    if system.kind == "map":
        interval = max(round(interval), 1)
    settle = math.ceil(SETTLE * system.period / interval)
    found = list(_followed(system, start, rtol, pieces + settle, interval))
    if len(found) - settle < LEAST:
        raise NumericsError(f"{system.name}: {periods:g} periods are too short; give more")
    divergences: np.ndarray | None = None
    if system.kind == "flow":
        divergences = np.array([part.divergence for part in found[settle:]])
        divergences = divergences if np.isfinite(divergences).all() else None
    elif system.kind == "map":
        divergences = _volumes(system, start, pieces + settle, int(interval))[settle:]
    return Growth(
        np.array([part.duration for part in found[settle:]]),
        np.array([part.logarithms for part in found[settle:]]),
        divergences,
        periods,
        rtol,
    )


def alike(grown: Sequence[Growth]) -> tuple[Growth, ...]:
    """Return the growth along several trajectories with as many exponents each.

    Of a flow that jumps, some may come to slide, with an exponent less, and others not.
    """
    least = min((one.logarithms.shape[1] for one in grown), default=0)
    whole = all(one.logarithms.shape[1] == least for one in grown)
    cut = [replace(one, logarithms=one.logarithms[:, :least], divergences=None) for one in grown]
    return tuple(grown) if whole else tuple(cut)


def unknown(like: Growth) -> Growth:
    """Return what stands for growth that could not be followed: NaN."""
    lost = None if like.divergences is None else np.full_like(like.divergences, np.nan)
    return replace(like, logarithms=np.full_like(like.logarithms, np.nan), divergences=lost)


def pooled(grown: Sequence[Growth]) -> Exponents:
    """Return the exponents of several trajectories of one system, of the same length each."""
    divergences = [one.divergences for one in grown if one.divergences is not None]
    return Growth(
        np.concatenate([one.durations for one in grown]),
        np.concatenate([one.logarithms for one in grown]),
        np.concatenate(divergences) if divergences else None,
        sum(one.periods for one in grown),
        grown[0].rtol,
    ).exponents()


def facts(found: Exponents) -> dict[str, Any]:
    """Return what a file says of exponents."""
    about = {
        "lyapunov_spectrum": found.exponents,
        "lyapunov_standard_error": found.standard_errors,
        "lyapunov_periods": found.periods,
        "lyapunov_rtol": found.rtol,
        "kaplan_yorke_dimension": found.kaplan_yorke,
        "mean_divergence": found.mean_divergence,
    }
    return {key: value for key, value in about.items() if value is not None}


@cache
def catalogued() -> dict[str, Exponents]:
    """Return the exponents of the catalogue's systems, by name."""
    tables = tomllib.loads(TABLE.read_text()) if TABLE.is_file() else {}
    return {
        name: Exponents(
            tuple(table["exponents"]), tuple(table["standard_errors"]), table.get("kaplan_yorke"),
            table.get("mean_divergence"), table["periods"], table["rtol"],
        )
        for name, table in tables.items()
    }  # fmt: skip


def spectrum_of(system: System) -> Exponents | None:
    """Return the catalogue's exponents, None for a system that is not the catalogue's own."""
    return catalogued().get(system.name) if catalogue().get(system.name) == system else None
