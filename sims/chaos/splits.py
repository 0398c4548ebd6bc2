"""Which trajectories a benchmark trains on and which it is tested on: whole ones, by number."""

from collections.abc import Mapping

import numpy as np

from core.errors import ConfigError

FIRST = "train"  # the part that comes first, if there is one of that name
CLOSE = 1e-9  # of the fractions' sum to 1


def check(split: Mapping[str, float], members: int, where: str) -> None:
    """Raise ConfigError for a split that cannot be had of so many trajectories."""
    if not split:
        return
    for name, fraction in split.items():
        if not 0 < fraction < 1 and not (fraction == 1 and len(split) == 1):
            raise ConfigError(f"{where}.{name}: must be between 0 and 1, got {fraction:g}")
        if not name or not name.replace("_", "").isalnum():
            raise ConfigError(f"{where}: '{name}' is no name; use letters, digits and _")
    total = sum(split.values())
    if abs(total - 1) > CLOSE:
        raise ConfigError(f"{where}: the fractions must sum to 1, got {total:g}")
    if members < len(split):
        raise ConfigError(
            f"{where}: {len(split)} parts need {len(split)} trajectories or more, got "
            f"{members}; they are split by initial condition"
        )


def ordered(split: Mapping[str, float]) -> list[str]:
    """Return the parts: train first, then by size, then by name; however they were written."""
    return sorted(split, key=lambda name: (name != FIRST, -split[name], name))


def sizes(split: Mapping[str, float], members: int) -> dict[str, int]:
    """Return how many trajectories each part gets: one at least, the rest nearest to its share."""
    shares = {name: split[name] * members for name in ordered(split)}
    found = {name: max(1, int(np.floor(share + CLOSE))) for name, share in shares.items()}
    while sum(found.values()) < members:
        found[max(shares, key=lambda name: shares[name] - found[name])] += 1
    while sum(found.values()) > members:
        large = [name for name in found if found[name] > 1]
        found[max(large, key=lambda name: found[name] - shares[name])] -= 1
    return found


def labels(split: Mapping[str, float], members: int) -> np.ndarray:
    """Return the part (M,) of each trajectory: the first ones are of the first part."""
    counts = sizes(split, members)
    return np.repeat(list(counts), list(counts.values()))
