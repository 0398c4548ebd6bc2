"""The table of functionals, and what one returns.

    FUNCTIONALS.register(name, takes=Kind)    a function (observed, **options) -> Result

`rule(**options)` refuses values of options that cannot be; `room(samples, **options)` those that a
series of so many samples cannot bear.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.observables import Rows
from core.registry import Registry

FUNCTIONALS = Registry("functional")


@dataclass(frozen=True)
class Result:
    """What a functional makes of an observable.

    values      (R, c), a row for each of `rows`, a column for each component
    components  what each column is; differential ones do not depend on the grid
    rows        None for those of the observable; else an axis of its own, such as the scale
    extra       further arrays that the figure needs
    summary     scalars of its own: (quantity, value, units)
    """

    values: np.ndarray
    components: tuple[str, ...]
    label: str
    units: str
    convention: str
    rows: Rows | None = None
    figure: str = "curves"
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    summary: tuple[tuple[str, float, str], ...] = ()


def facts(about: Mapping[str, str]) -> str:
    """Return facts as text: "order 4, delay 1, ties stable"."""
    return ", ".join(f"{name} {value}" for name, value in about.items())


def told(*parts: str) -> str:
    """Return a convention from its parts, empty ones left out."""
    return "; ".join(part for part in parts if part)
