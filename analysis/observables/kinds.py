"""What an observable can be: a distribution, series, symbols, points, orbits or matrices.

Each holds rows, one for every value of an axis, usually the time; a functional says which kind it
takes, and gives one number or several for each row.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Rows:
    """What the rows stand for: values (R,), their name and units."""

    values: np.ndarray
    label: str = "t"
    units: str = "1"


@dataclass(frozen=True)
class Distribution:
    """A probability for each cell, in each row.

    p      (R, k), each row sums to 1
    cell   size of a cell, which turns p into a density and the entropy into a differential one;
           None for outcomes without size, such as patterns
    label  what is distributed over what
    counts (R, k) whole numbers behind p, where it was counted
    about  facts for captions: order, delay, ties, bins ...
    """

    p: np.ndarray
    cell: float | None
    label: str
    rows: Rows
    counts: np.ndarray | None = None
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A series of real numbers in each row.

    values  (R, S)
    step    from a sample to the next, along the axis named `along`
    """

    values: np.ndarray
    step: float
    along: str
    label: str
    rows: Rows


@dataclass(frozen=True)
class Symbols:
    """A sequence of letters 0 .. letters - 1 in each row, (R, S)."""

    values: np.ndarray
    letters: int
    label: str
    rows: Rows
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """Two series in each row, each (R, S)."""

    first: np.ndarray
    second: np.ndarray
    label: str
    rows: Rows


@dataclass(frozen=True)
class Points:
    """A cloud of points in each row, (R, N, d); box  periods of the coordinates, or None."""

    values: np.ndarray
    label: str
    rows: Rows
    box: np.ndarray | None = None


@dataclass(frozen=True)
class Orbit:
    """States in time order in each row, (R, T, d).

    step   from a state to the next, along the axis named `along`
    names  of the coordinates (d,)
    """

    values: np.ndarray
    step: float
    along: str
    names: tuple[str, ...]
    label: str
    rows: Rows


@dataclass(frozen=True)
class Matrices:
    """A density matrix in each row: (R, n, n) Hermitian, trace 1."""

    values: np.ndarray
    label: str
    rows: Rows


Observed = Distribution | Series | Symbols | Pair | Points | Orbit | Matrices
KINDS: dict[str, type] = {
    "a distribution": Distribution,
    "series": Series,
    "symbols": Symbols,
    "a pair of series": Pair,
    "points": Points,
    "orbits": Orbit,
    "density matrices": Matrices,
}


def kind(observed: type) -> str:
    """Return the name of a kind, for messages."""
    return next(name for name, known in KINDS.items() if known is observed)
