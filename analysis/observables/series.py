"""Observables that are made of series: a part of a field along one of its axes.

Every one takes `field`, `part` and `along` besides its own options; rows are the other axis.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from analysis.entropy.ordinal import alphabet, ordinal_codes, ordinal_counts, windows
from analysis.observables.field import spacing
from analysis.observables.kinds import Distribution, Observed, Pair, Rows, Series, Symbols
from analysis.observables.registry import OBSERVABLES
from core.errors import ConfigError
from core.registry import Entry
from core.store import Extent, Member

PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "value": lambda z: z,
    "square": lambda z: z**2,
    "density": lambda z: z.real**2 + z.imag**2,
    "modulus": np.abs,
    "real": np.real,
    "imag": np.imag,
    "phase": np.angle,
}
OF_COMPLEX = ("density", "modulus", "real", "imag", "phase")
OF_REAL = ("value", "square")
WORDS = {
    "value": "{}",
    "square": "{}^2",
    "density": "|{}|^2",
    "modulus": "|{}|",
    "real": "Re {}",
    "imag": "Im {}",
    "phase": "arg {}",
}


@dataclass(frozen=True)
class Selection:
    """Which numbers of a run make the series.

    field  of the run file; the one that the run is about, if not given
    part   of a complex field: density, modulus, real, imag, phase; of a real one: value, square
    along  the axis that a series follows: time, or one of the field's own
    """

    field: str | None = None
    part: str | None = None
    along: str | None = None


def _part(chosen: Selection, dtype: str) -> str:
    known = OF_COMPLEX if dtype.startswith("complex") else OF_REAL
    part = chosen.part or known[0]
    if part not in known:
        raise ConfigError(f"part: {chosen.field} has {', '.join(known)}, not '{part}'")
    return part


def _axes(chosen: Selection, extent: Extent) -> tuple[str, str | None]:
    """Return (the axis along which, the axis of the rows or None for a single row)."""
    axes = list(extent.sizes)
    if len(axes) > 2:
        raise ConfigError(
            f"field: {chosen.field} has the axes {', '.join(axes)}; one or two can be read"
        )
    along = chosen.along or axes[-1]
    if along not in axes:
        raise ConfigError(f"along: {chosen.field} has the axes {', '.join(axes)}, not '{along}'")
    other = [axis for axis in axes if axis != along]
    return along, other[0] if other else None


def samples(chosen: Selection, extents: Mapping[str, Extent]) -> int:
    """Return how many samples each series will have; raise ConfigError if there is none such.

    Where no field is named, it is the first that is more than a number for each time.
    """
    if chosen.field is None:
        wide = [name for name, extent in extents.items() if len(extent.sizes) > 1]
        chosen = replace(chosen, field=(wide or list(extents))[0])
    extent = extents[str(chosen.field)]
    _part(chosen, extent.dtype)
    return extent.sizes[_axes(chosen, extent)[0]]


def _numbers(points: np.ndarray) -> np.ndarray:
    """Return the points of an axis; for one of names, 0, 1, .."""
    return points if points.dtype.kind in "fiu" else np.arange(len(points), dtype=float)


def select(member: Member, chosen: Selection) -> Series:
    """Return the chosen series of a member."""
    field = chosen.field or member.signal or next(iter(member.fields))
    chosen = replace(chosen, field=field)
    extent = member.extents()[field]
    part, (along, other) = _part(chosen, extent.dtype), _axes(chosen, extent)
    values = PARTS[part](np.asarray(member.fields[field][...]))
    if list(extent.sizes)[-1] != along:
        values = np.swapaxes(values, 0, -1)
    coords = {"time": member.time, **member.coords}
    rows = Rows(np.zeros(1), "whole run")
    if other is not None:
        rows = Rows(_numbers(coords[other]), "t" if other == "time" else other)
    along_points = _numbers(coords[along])
    step = spacing(along_points) if len(along_points) > 1 else 1.0
    name = "t" if along == "time" else along
    label = f"{WORDS[part].format(field)} along {name}"
    return Series(np.ascontiguousarray(np.atleast_2d(values)), step, name, label, rows)


@OBSERVABLES.register("series", of_series=True, gives=Series)
def series(found: Series) -> Series:
    """Return the series themselves."""
    return found


def _ordinal_room(samples: int, *, order: int = 3, delay: int = 1, ties: str = "stable") -> None:
    windows(samples, order, delay)
    alphabet(order, ties)
    if ties == "random":
        raise ValueError("ties: 'random' would make the numbers depend on a draw; use 'equal'")


@OBSERVABLES.register(
    "ordinal", of_series=True, gives=Distribution, counted=True, room=_ordinal_room
)
def ordinal(found: Series, *, order: int = 3, delay: int = 1, ties: str = "stable") -> Distribution:
    """Return the ordinal patterns of the series: how often each of order! comes."""
    counts = ordinal_counts(found.values, order, delay, ties=ties)
    about = {"order": str(order), "delay": str(delay), "ties": ties}
    p = counts / counts.sum(axis=-1, keepdims=True)
    label = f"ordinal patterns of {found.label}"
    return Distribution(p, None, label, found.rows, counts, about)


MOST_BINS = 1_000_000


def _histogram_room(
    samples: int, *, range: tuple[float, ...], bins: int = 64, outside: str = "raise"
) -> None:
    if not 2 <= bins <= MOST_BINS:
        raise ConfigError(f"bins: must be from 2 to {MOST_BINS}, got {bins}")
    if len(range) != 2 or not range[0] < range[1]:
        raise ConfigError(f"range: expected [low, high], got {list(range)}")


@OBSERVABLES.register(
    "histogram", of_series=True, gives=Distribution, counted=True, room=_histogram_room
)
def histogram(
    found: Series,
    *,
    range: tuple[float, ...],
    bins: int = 64,
    outside: Literal["raise", "drop"] = "raise",
) -> Distribution:
    """Return the histogram of the values; one range for all rows, so that they compare."""
    from analysis.entropy.counts import histogram_counts

    counts = histogram_counts(found.values, bins, (range[0], range[1]), outside=outside)
    about = {"bins": str(bins), "range": f"{range[0]:g} .. {range[1]:g}"}
    p = counts / counts.sum(axis=-1, keepdims=True)
    cell = (range[1] - range[0]) / bins
    return Distribution(p, cell, f"values of {found.label}", found.rows, counts, about)


def _symbols_room(
    samples: int, *, letters: int = 2, order: int | None = None, delay: int = 1
) -> None:
    if order is not None:
        windows(samples, order, delay)
    elif not 2 <= letters <= 256:
        raise ConfigError(f"letters: must be from 2 to 256, got {letters}")


@OBSERVABLES.register("symbols", of_series=True, gives=Symbols, room=_symbols_room)
def symbols(
    found: Series, *, letters: int = 2, order: int | None = None, delay: int = 1
) -> Symbols:
    """Return letters: parts of the row's range with equally many samples, or ordinal patterns."""
    values = found.values
    if order is not None:
        about = {"letters": f"ordinal patterns of order {order}, delay {delay}"}
        codes = ordinal_codes(values, order, delay)
        return Symbols(codes, math.factorial(order), found.label, found.rows, about)
    about = {"letters": f"{letters}, equally frequent"}
    edges = np.quantile(values, np.arange(1, letters) / letters, axis=-1).T
    found_letters = (values[:, :, None] > edges[:, None, :]).sum(axis=-1)
    return Symbols(found_letters, letters, found.label, found.rows, about)


def _pair_room(samples: int, *, with_part: str | None = None, offset: int = 0) -> None:
    if with_part is not None and with_part not in PARTS:
        raise ConfigError(f"with_part: no '{with_part}'; known: {', '.join(PARTS)}")
    if offset < 0:
        raise ConfigError(f"offset: must be 0 or more, got {offset}")
    if with_part is None and offset == 0:
        raise ConfigError(
            "with_part: a series with itself tells nothing; name another part, or an offset"
        )


@OBSERVABLES.register("pair", of_series=True, gives=Pair, room=_pair_room, with_member=True)
def pair(
    found: Series,
    member: Member,
    chosen: Selection,
    *,
    with_part: str | None = None,
    offset: int = 0,
) -> Pair:
    """Return two series side by side: another part of the field, or of a row `offset` further."""
    other = select(member, replace(chosen, part=with_part or chosen.part))
    if offset >= len(other.values):
        raise ConfigError(f"offset: must be below the {len(other.values)} rows, got {offset}")
    if other.label == found.label and offset == 0:
        raise ConfigError(f"with_part: {found.label} with itself tells nothing; name another")
    far = f", {offset} rows further" if offset else ""
    label = f"{found.label} with {other.label}{far}"
    if found.rows.label == "t":  # time does not come round
        kept = len(found.values) - offset
        rows = replace(found.rows, values=found.rows.values[:kept])
        return Pair(found.values[:kept], other.values[offset:], label, rows)
    return Pair(found.values, np.roll(other.values, -offset, axis=0), label, found.rows)


def observe(
    entry: Entry,
    chosen: Selection | None,
    options: Mapping[str, Any],
    member: Member,
    transform: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> Observed:
    """Return what a registered observable gives of a member.

    chosen     the series that it is made of, None if it reads the member itself
    transform  of the series' values (R, S) before that, such as to a surrogate
    """
    if chosen is None:
        found: Observed = entry.function(member, **options)
        return found
    selected = select(member, chosen)
    selected = replace(selected, values=transform(selected.values))
    if entry.meta.get("with_member"):
        return entry.function(selected, member, chosen, **options)
    return entry.function(selected, **options)
