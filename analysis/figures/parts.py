"""What pictures take from a measure file, with a clear word where it is missing."""

from typing import TypeVar

import numpy as np

from core.errors import SchemaError
from core.store import Measure, MeasureFile

T = TypeVar("T")


def need(file: MeasureFile, what: str, found: T | None) -> T:
    """Return what was found, or raise SchemaError that names what the picture lacks."""
    if found is None:
        kind = first(file)[0].figure
        raise SchemaError(f"{file.path}: a figure of kind '{kind}' needs '{what}'; analyse again")
    return found


def extra(file: MeasureFile, name: str) -> np.ndarray:
    """Return an extra array of the first member."""
    return need(file, f"extra/{name}", first(file)[0].extra.get(name))


def first(file: MeasureFile) -> tuple[Measure, str]:
    """Return the first member, and what to say if there are more."""
    if not file.members:
        raise SchemaError(f"{file.path}: holds no member; analyse again")
    name, measure = next(iter(file.members.items()))
    return measure, f", member {name} of {len(file.members)}" if len(file.members) > 1 else ""


def columns(measure: Measure) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """Return (name, values, exact) of each component."""
    if not measure.components:
        return [("", measure.value, measure.exact)]
    return [
        (name, measure.value[:, i], None if measure.exact is None else measure.exact[:, i])
        for i, name in enumerate(measure.components)
    ]


def coarse(values: np.ndarray, axis: np.ndarray, most: int, along: int) -> tuple:
    """Return the largest value of each block, at most `most` blocks, so that no peak is lost."""
    step = -(-len(axis) // most)
    if step == 1:
        return values, axis
    starts = np.arange(0, len(axis), step)
    counts = np.diff([*starts, len(axis)])
    return np.maximum.reduceat(values, starts, axis=along), np.add.reduceat(axis, starts) / counts
