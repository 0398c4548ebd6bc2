"""Computes what the catalogue says of its orbits: sims/chaos/catalogue/annotations.toml.

    python docs/chaos/annotations.py [--dimension | --periods | --chaos] [NAME ...]

Correlation dimension, periods, two verdicts on chaos, each by `analysis.dynamics` with its error.
All of them take about fifteen minutes of CPU; with names, or a part, only those are made anew.
"""

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.dynamics import (  # noqa: E402
    correlation_dimension,
    embed,
    period,
    two_particle,
    zero_one_test,
)
from core.errors import NumericsError  # noqa: E402
from core.store import replacing  # noqa: E402
from sims.chaos import annotations, motion, spectra  # noqa: E402
from sims.chaos.annotations import Annotations  # noqa: E402
from sims.chaos.system import System, catalogue  # noqa: E402

HEAD = """\
# What orbits of the catalogue's systems say of them, from its parameters and its point. Made by
# docs/chaos/annotations.py with analysis.dynamics; periods in the system's own unit of time.
#   correlation_dimension  [value, error], slope of the correlation sum of `points` points,
#                          `points_per_period` a period; `folded`: ln(4eS/r) was divided out.
#                          Angles are cosine and sine; what else grows without end is left out, and
#                          the number is that of the projection then. Delay equations: 8 delays
#   dominant_period        [value, error], largest spectral peak of the coordinate `period_of`, the
#                          one with the clearest, median over 16 parts of 32 periods
#   crossing_time          [value, error], mean time from its rise through the mean to the next
#   zero_one               [K, error], 0 regular, 1 chaotic (Gottwald & Melbourne 2009)
#   two_particle           of orbits that start 1e-8 of their size apart, and the size of their
#                          separation in the end, over that of the orbit
"""
POINTS = 100_000  # of the dimension
SPACED = 3.17  # of them a period: few enough to be far apart, and no whole number
TRANSIENT = 100.0  # periods
DENSE, LENGTH, PARTS = 50, 32, 16  # samples a period; periods in a part, and parts, of `period`
TESTED = 2000  # periods of the 0-1 test, four samples each
APART = 1e-8  # of the size
GROWN = 40.0  # 1/lambda that two particles are followed, 200 periods at least ...
LONGEST = 20_000  # ... and so many at most
DELAYS = 8  # values in a delay vector, a period in all, of a delay equation
RTOL = 1e-9
PIECE = 10_000  # samples that are integrated at once


def turning(system: System, name: str) -> bool:
    """Return whether a variable is an angle: 2 pi more changes no rate; of a map, turns aside."""
    i, draw = system.variables.index(name), np.random.default_rng(0)
    x = np.array(system.initial_condition) + draw.normal(size=(16, system.dimension))
    past = draw.normal(size=(16, len(system.delayed)))
    y, then = x.copy(), past.copy()
    y[:, i] += 2 * math.pi
    then[:, [k for k, d in enumerate(system.delayed) if d.startswith(f"{name}_")]] += 2 * math.pi
    with np.errstate(all="ignore"):
        here, there = system.rate(x, past=past), system.rate(y, past=then)
    sane = np.isfinite(here) & np.isfinite(there)
    change = (there - here)[sane]
    if system.kind == "map":
        change = change - 2 * math.pi * np.round(change / (2 * math.pi))
    return bool((np.abs(change) <= 1e-6 * np.abs(here[sane]) + 1e-9).all())


def bounded(system: System, states: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the coordinates (T, D), each in its standard deviations, and their names.

    An angle that turns for ever is its cosine and sine; what else grows for ever is left out.
    """
    columns, names = list[np.ndarray](), list[str]()
    for i, name in enumerate(system.variables):
        x = states[:, i]
        if name not in system.unbounded:
            columns.append(x)
            names.append(name)
        elif turning(system, name):
            columns += [np.cos(x), np.sin(x)]
            names += [f"cos({name})", f"sin({name})"]
    if not columns:
        raise ValueError("no coordinate stays bounded")
    found = np.stack(columns, axis=1)
    spread = found.std(axis=0)
    moving = spread > 1e-9 * np.abs(found).max(initial=1e-300)
    if not moving.any():
        raise ValueError("it rests")
    return found[:, moving] / spread[moving], [
        n for n, is_so in zip(names, moving, strict=True) if is_so
    ]


def _start(system: System) -> Any:
    return motion.onward(system, TRANSIENT * system.period, rtol=RTOL, atol=RTOL)


def _states(system: System, number: int, per_period: float, start: Any) -> np.ndarray:
    """Return so many states, in pieces: a piece may take 1e7 steps."""
    step = 1.0 if system.kind == "map" else system.period / per_period
    if system.kind != "flow" or not system.autonomous:
        return motion.trajectory(system, np.arange(number) * step, start, rtol=RTOL, atol=RTOL)
    parts, times = list[np.ndarray](), np.arange(PIECE + 1) * step
    while sum(map(len, parts)) < number:
        found = motion.trajectory(system, times, start, rtol=RTOL, atol=RTOL)
        parts.append(found[:-1])
        start = found[-1]
    return np.concatenate(parts)[:number]


def dimension(system: System, start: Any) -> dict[str, Any]:
    """Return the correlation dimension."""
    if system.kind == "delay":
        points = embed(bounded(system, _states(system, POINTS, DELAYS, start))[0], DELAYS, 1)
        spaced: float = DELAYS
    else:
        spaced = 1.0 if system.kind == "map" else SPACED
        points = bounded(system, _states(system, POINTS, SPACED, start))[0]
    found = correlation_dimension(points)
    return {
        "correlation_dimension": (found.value, found.standard_error),
        "points": POINTS,
        "points_per_period": spaced,
        "folded": found.folded,
    }


def periods(system: System, start: Any) -> dict[str, Any]:
    """Return the periods of the coordinate whose parts agree best on one; of a map there are none.

    A clock that forces the system is passed over where there is another coordinate.
    """
    if system.kind == "map":
        return {}
    columns, names = bounded(system, _states(system, DENSE * LENGTH * PARTS, DENSE, start))
    step, found = system.period / DENSE, list[tuple[float, float, int]]()
    for i, x in enumerate(columns.T):
        if "(" in names[i] and not all("(" in name for name in names):
            continue
        each = [period(part, step).value for part in np.array_split(x, PARTS)]
        error = 1.2533 * float(np.std(each, ddof=1)) / math.sqrt(PARTS)
        found.append((float(np.median(each)), error, i))
    value, error, best = min(found, key=lambda one: one[1] / one[0])
    crossing = period(columns[:, best], step, method="crossings")
    return {
        "dominant_period": (value, error),
        "crossing_time": (crossing.value, crossing.standard_error),
        "period_of": names[best],
    }


def chaos(system: System, start: Any) -> dict[str, Any]:
    """Return what the 0-1 test says, and how far two particles part."""
    per_period = 1 if system.kind == "map" else 16
    x = bounded(system, _states(system, TESTED * per_period, per_period, start))[0][:, 0]
    test = zero_one_test(x)
    found: dict[str, Any] = {"zero_one": (test.value, test.standard_error)}
    if system.kind == "delay" or system.exact:  # a history, or words: no small displacement
        return found
    largest = spectra.catalogued()[system.name].exponents[0] if system.name in known() else 0.0
    length = 200.0
    if largest > 0:
        length = min(max(GROWN / (largest * system.period), length), LONGEST)
    pair = []
    for by in (0.0, APART):
        aside = np.asarray(start) * (1 + by) + by * (np.asarray(start) == 0)
        times = np.arange(math.ceil(length) * 4) * (
            1.0 if system.kind == "map" else system.period / 4
        )
        pair.append(motion.trajectory(system, times, aside, rtol=1e-12, atol=1e-12))
    both = bounded(system, np.concatenate(pair))[0]
    half = len(pair[0])
    verdict = two_particle(both[:half], both[half:], 1.0)
    return found | {"two_particle": (verdict.verdict, verdict.final)}


def known() -> Any:
    """Return the exponents that are known."""
    return spectra.catalogued()


PARTS_OF = {"--dimension": dimension, "--periods": periods, "--chaos": chaos}


def annotated(system: System, before: Annotations, asked: list[str]) -> Annotations:
    """Return all that can be had of a system; a part that cannot is missing, with a line."""
    found: dict[str, Any] = {}
    start = _start(system)
    for part in [PARTS_OF[name] for name in asked]:
        try:
            found |= part(system, start)
        except (ValueError, NumericsError) as problem:
            print(f"  {system.name}: {part.__name__}: {problem}", flush=True)
    return replace(before, **found)


def main() -> None:
    """Write the table anew."""
    made = dict(annotations.catalogued())
    asked = [name for name in sys.argv[1:] if name in PARTS_OF] or list(PARTS_OF)
    wanted = [name for name in sys.argv[1:] if name not in PARTS_OF]
    for name in wanted or catalogue():
        try:
            made[name] = annotated(catalogue()[name], made.get(name, Annotations()), asked)
        except NumericsError as problem:
            print(f"  {problem}", flush=True)
            made.pop(name, None)
            continue
        print(name, catalogue()[name].regime, made[name], flush=True)
        _write(made)


def _write(made: dict[str, Annotations]) -> None:
    text = HEAD + "".join(
        annotations.table(name, made[name]) for name in catalogue() if name in made
    )
    with replacing(annotations.TABLE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
