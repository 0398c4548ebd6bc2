"""Functionals of orbits and series as motion: dimension, exponent, regularity, period, sections."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from analysis.functionals.registry import FUNCTIONALS, Result, told
from analysis.observables import Orbit, Rows, Series
from core.errors import ConfigError

Fit = Literal["fit", "takens"]
Follow = Literal["rosenstein", "kantz"]
Clock = Literal["spectral", "crossings", "autocorrelation"]
Scalars = tuple[tuple[str, float, str], ...]


def _least(samples: int, least: int, what: str) -> None:
    if samples < least:
        raise ConfigError(f"{what}: {least} samples or more are needed, the series have {samples}")


def _positive(**named: float | None) -> None:
    for name, value in named.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{name}: must be positive, got {value:g}")


def _means(**named: Sequence[float]) -> Scalars:
    """Return means over rows of what is finite."""
    found = []
    for name, values in named.items():
        finite = [float(v) for v in values if math.isfinite(v)]
        if finite:
            found.append((name.replace("_", " "), float(np.mean(finite)), "1"))
    return tuple(found)


def _each(rows: np.ndarray, rows_of: Rows, call: Callable[[np.ndarray], Any]) -> list[Any]:
    """Return a function of each row; its complaint names the row, where there are several."""
    found = []
    for at, row in zip(rows_of.values, rows, strict=True):
        try:
            found.append(call(row))
        except ValueError as problem:
            if len(rows) == 1:
                raise
            raise ValueError(f"{rows_of.label} = {at:g}: {problem}") from None
    return found


def _column(each: Sequence[Any]) -> np.ndarray:
    return np.array([[float(one.value)] for one in each])


def _dimension_room(
    samples: int,
    *,
    theiler: int | None = None,
    low: float | None = None,
    high: float | None = None,
    method: Fit = "fit",
    folds: bool | None = None,
) -> None:
    _least(samples, 100, "correlation_dimension")
    _positive(theiler=theiler, low=low, high=high)
    if theiler is not None and theiler > samples // 4:
        raise ConfigError(f"theiler: must be at most {samples // 4} here, got {theiler}")
    if folds and method != "fit":
        raise ConfigError("folds: is of the method fit; the likelihood has no logarithm")
    if low is not None and high is not None and not low < high:
        raise ConfigError(f"low: must be below high, got {low:g} and {high:g}")


@FUNCTIONALS.register("correlation_dimension", takes=Orbit, room=_dimension_room)
def of_dimension(
    found: Orbit,
    *,
    theiler: int | None = None,
    low: float | None = None,
    high: float | None = None,
    method: Fit = "fit",
    folds: bool | None = None,
) -> Result:
    """Return the correlation dimension of each orbit, with the curve that it was read from."""
    from analysis.dynamics.dimension import correlation_dimension, unfolded

    each = _each(
        found.values, found.rows,
        lambda x: correlation_dimension(
            x, theiler=theiler, low=low, high=high, method=method, folds=folds
        ),
    )  # fmt: skip
    one = each[0]
    return Result(
        _column(each),
        ("",),
        f"Correlation dimension of {found.label}",
        "1",
        told(
            "Grassberger-Procaccia, largest difference of a coordinate" if method == "fit"
            else "Takens' maximum likelihood, largest difference of a coordinate",
            "pairs closer in time than "
            + ("a mean period" if theiler is None else f"{theiler} samples") + " left out",
            "C(r) over the logarithm ln(4eS/r) of a folded set" if one.folded else "",
        ),
        figure="dimension" if len(each) == 1 else "curves",
        extra={
            "radii": one.curve.radii, "sums": unfolded(one),
            "fit": np.array([one.value, one.standard_error, one.low, one.high]),
        } if len(each) == 1 else {},
        summary=_means(
            standard_error_of_the_fit=[d.standard_error for d in each],
            lower_end_of_the_fit=[d.low for d in each],
            upper_end_of_the_fit=[d.high for d in each],
            folded=[float(d.folded) for d in each],
        ),
    )  # fmt: skip


def _exponent_room(
    samples: int,
    *,
    steps: int | None = None,
    theiler: int | None = None,
    method: Follow = "rosenstein",
    radius: float | None = None,
    across: bool | None = None,
) -> None:
    _least(samples, 100, "lyapunov_from_data")
    _positive(steps=steps, theiler=theiler, radius=radius)
    for name, value in (("steps", steps), ("theiler", theiler)):
        if value is not None and value > samples // 4:
            raise ConfigError(f"{name}: must be at most {samples // 4} here, got {value}")
    if radius is not None and method != "kantz":
        raise ConfigError("radius: is of the method kantz; the nearest neighbour needs none")


@FUNCTIONALS.register("lyapunov_from_data", takes=Orbit, room=_exponent_room)
def of_exponent(
    found: Orbit,
    *,
    steps: int | None = None,
    theiler: int | None = None,
    method: Follow = "rosenstein",
    radius: float | None = None,
    across: bool | None = None,
) -> Result:
    """Return the largest Lyapunov exponent of each orbit from the parting of its neighbours."""
    from analysis.dynamics.divergence import lyapunov_from_data

    each = _each(
        found.values, found.rows,
        lambda x: lyapunov_from_data(
            x, found.step, steps=steps, theiler=theiler, method=method, radius=radius,
            across=across,
        ),
    )  # fmt: skip
    one = each[0]
    return Result(
        _column(each),
        ("",),
        f"Largest Lyapunov exponent of {found.label}",
        "nat",
        f"from data, {method}, Euclidean; nat per unit of {found.along}",
        figure="divergence" if len(each) == 1 else "curves",
        extra={
            "times": one.times, "logarithms": one.divergence,
            "fit": np.array([one.value, one.standard_error, one.low, one.high]),
        } if len(each) == 1 else {},
        summary=_means(standard_error_of_the_fit=[e.standard_error for e in each]),
    )  # fmt: skip


def _zero_one_room(samples: int, *, frequencies: int = 100, step: int | None = None) -> None:
    from analysis.dynamics.zero_one import LEAST

    if frequencies < 3:
        raise ConfigError(f"frequencies: must be 3 or more, got {frequencies}")
    _positive(step=step)
    _least(samples // (step or 1), LEAST, "zero_one")


@FUNCTIONALS.register("zero_one", takes=Series, room=_zero_one_room)
def of_zero_one(found: Series, *, frequencies: int = 100, step: int | None = None) -> Result:
    """Return K of the 0-1 test of each series: 0 for regular motion, 1 for chaos."""
    from analysis.dynamics.zero_one import zero_one_test

    each = _each(
        found.values.astype(float), found.rows,
        lambda x: zero_one_test(x, frequencies=frequencies, step=step),
    )  # fmt: skip
    return Result(
        _column(each),
        ("K",),
        f"0-1 test of {found.label}",
        "1",
        f"median over {frequencies} frequencies; 0 regular, 1 chaotic, and noise too; one sample "
        + ("in a quarter of the mean period" if step is None else f"in {step}"),
        summary=_means(
            standard_error_over_frequencies=[z.standard_error for z in each],
            samples_from_one_used_to_the_next=[z.step for z in each],
        ),
    )


def _period_room(samples: int, *, method: Clock = "spectral") -> None:
    from analysis.dynamics.periods import LEAST

    _least(samples, LEAST, "period")


@FUNCTIONALS.register("period", takes=Series, room=_period_room)
def of_period(found: Series, *, method: Clock = "spectral") -> Result:
    """Return the period of each series."""
    from analysis.dynamics.periods import period

    each = _each(
        found.values.astype(float), found.rows, lambda x: period(x, found.step, method=method)
    )
    how = {"spectral": "largest peak of the periodogram, Blackman-Harris window",
           "crossings": "mean time between rises through the mean",
           "autocorrelation": "first peak of the autocorrelation"}[method]  # fmt: skip
    return Result(
        _column(each),
        ("",),
        f"Period of {found.label}",
        "1",
        how,
        summary=_means(standard_error=[p.standard_error for p in each]),
    )


def _section_rule(*, direction: int = 1) -> None:
    if direction not in (-1, 1):
        raise ConfigError(f"direction: must be 1 or -1, got {direction}")


def _coordinate(found: Orbit, coordinate: int | str | None) -> int:
    """Return the number of a coordinate given by name or number, the first if not given."""
    if coordinate is None:
        return 0
    if str(coordinate) in found.names:
        return found.names.index(str(coordinate))
    if isinstance(coordinate, int) and 0 <= coordinate < len(found.names):
        return coordinate
    raise ConfigError(
        f"coordinate: no '{coordinate}'; known: {', '.join(found.names[:20])}, or a number from 0"
    )


def _section_room(
    samples: int,
    *,
    coordinate: int | str | None = None,
    offset: float | None = None,
    direction: int = 1,
) -> None:
    _least(samples, 4, "section")
    _section_rule(direction=direction)
    if isinstance(coordinate, int) and coordinate < 0:
        raise ConfigError(f"coordinate: must be 0 or more, or a name, got {coordinate}")


@FUNCTIONALS.register("section", takes=Orbit, room=_section_room)
def of_section(
    found: Orbit,
    *,
    coordinate: int | str | None = None,
    offset: float | None = None,
    direction: int = 1,
) -> Result:
    """Return the crossings of the plane coordinate = offset (its mean, if not given)."""
    from analysis.dynamics.sections import poincare, return_times

    held = _coordinate(found, coordinate)

    def one(x: np.ndarray) -> tuple[Any, float]:
        level = float(x[:, held].mean()) if offset is None else offset
        section = poincare(x, found.step, held, level, direction=direction)
        if section.times.size < 2:
            raise ValueError(
                f"section: {section.times.size} crossings of {found.names[held]} = {level:g}; its "
                f"values lie from {x[:, held].min():g} to {x[:, held].max():g}"
            )
        return section, level

    each = _each(found.values, found.rows, one)
    times = [return_times(section) for section, _ in each]
    values = np.array(
        [[s.times.size, t.mean(), t.std()] for (s, _), t in zip(each, times, strict=True)]
    )
    free = [i for i in range(len(found.names)) if i != held] or [held]
    section, level = each[0]
    way = "rises" if direction > 0 else "falls"
    where = "its mean" if offset is None else f"{offset:g}"
    return Result(
        values,
        ("crossings", "mean return time", "spread of return times"),
        f"Section of {found.label}",
        "1",
        f"where {found.names[held]} {way} through {where}; located to the sixth order of the step; "
        f"coordinates shown: {', '.join(found.names[i] for i in free[:2])}",
        figure="section" if len(each) == 1 else "curves",
        extra={"points": section.points[:, free[:2]], "times": section.times,
               "level": np.array([level])} if len(each) == 1 else {},
    )  # fmt: skip


def _maxima_room(samples: int, *, row: int | None = None) -> None:
    _least(samples, 6, "maxima")
    if row is not None and row < 0:
        raise ConfigError(f"row: must be 0 or more, got {row}")


@FUNCTIONALS.register("maxima", takes=Series, room=_maxima_room)
def of_maxima(found: Series, *, row: int | None = None) -> Result:
    """Return how many maxima each series, or that of one row, has, their mean, range, and all."""
    from analysis.dynamics.diagrams import local_maxima

    if row is not None:
        if row >= len(found.values):
            raise ConfigError(f"row: must be below {len(found.values)}, got {row}")
        rows = replace(found.rows, values=found.rows.values[row : row + 1])
        label = f"{found.label}, {rows.label} {rows.values[0]:g}"
        found = replace(found, values=found.values[row : row + 1], rows=rows, label=label)
    each = [local_maxima(row, found.step)[1] for row in found.values.astype(float)]
    for at, heights in zip(found.rows.values, each, strict=True):
        if not heights.size:
            raise ValueError(f"maxima: {found.label} at {found.rows.label} = {at:g} has none")
    values = np.array([[h.size, h.mean(), np.ptp(h)] for h in each])
    return Result(
        values,
        ("maxima", "mean height", "range of heights"),
        f"Maxima of {found.label}",
        "1",
        "on the polynomial through six samples around each",
        rows=found.rows,
        figure="maxima",
        extra={
            "heights": np.concatenate(each),
            "rows": np.repeat(found.rows.values.astype(float), [h.size for h in each]),
        },
    )
