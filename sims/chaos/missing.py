"""Samples that a reader does not get: some at random, or gaps of a given length."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core import config
from core.errors import ConfigError


@dataclass(frozen=True)
class Missing:
    """How many samples are missing.

    fraction  of the samples of each component of each trajectory
    block     samples in a gap; at least one sample lies between two gaps. 1 is at random
    """

    fraction: float
    block: int = 1

    def gaps(self, samples: int) -> int:
        """Return how many gaps a series of so many samples has."""
        return round(self.fraction * samples / self.block)


def build(given: Any, samples: int, where: str) -> Missing | None:
    """Return what was asked for, checked; None where nothing is missing.

    given  a fraction, or {fraction: ..., block: ...}

    Raises ConfigError for a fraction or gaps that cannot be had.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = {"fraction": given}
    found = config.build(Missing, given, where)
    if not 0 <= found.fraction < 1:
        raise ConfigError(f"{where}: must be 0 or more and less than 1, got {found.fraction:g}")
    if found.block < 1:
        raise ConfigError(f"{config.join(where, 'block')}: must be 1 or more, got {found.block}")
    if found.fraction == 0:
        return None
    count, between = found.gaps(samples), int(found.block > 1)
    if count == 0:
        raise ConfigError(
            f"{where}: {found.fraction:g} of {samples} samples is less than half a gap of "
            f"{found.block}"
        )
    if count * found.block >= samples or count * (found.block + between) - between > samples:
        raise ConfigError(
            f"{where}: {count} gaps of {found.block} do not fit into {samples} samples"
        )
    return found


def mask(about: Missing, samples: int, series: int, draw: np.random.Generator) -> np.ndarray:
    """Return 1 where a sample is missing, else 0: (samples, series), uint8.

    Every series has the same number of gaps; all ways to place them are equally likely.
    """
    count, between = about.gaps(samples), int(about.block > 1)
    slots = samples - count * (about.block - 1) - (count - 1) * between
    found = np.zeros((samples, series), dtype=np.uint8)
    for column in range(series):
        chosen = np.sort(draw.choice(slots, size=count, replace=False))
        starts = chosen + np.arange(count) * (about.block - 1 + between)
        for step in range(about.block):
            found[starts + step, column] = 1
    return found
