"""Delay embedding: states from one series.

X(t) = (x(t), x(t + tau), .., x(t + (m - 1) tau))
"""

from typing import Any

import numpy as np

from analysis.dynamics.checks import orbit, whole


def embed(x: Any, dimension: int, delay: int = 1) -> np.ndarray:
    """Return delay vectors (T - (m - 1) tau, m d) of a series (T,) or of an orbit (T, d).

    x          real; of an orbit all coordinates are delayed, and those of one time stand together
    dimension  m, values in a vector, 1 or more
    delay      tau in samples, 1 or more

    Raises ValueError for NaN and for a series that holds no two vectors.
    Packard et al. (1980) Phys. Rev. Lett. 45, 712; Takens (1981) Lect. Notes Math. 898, 366.
    """
    values = orbit(x, "x")
    m, tau = whole(dimension, "dimension", 1), whole(delay, "delay", 1)
    kept = len(values) - (m - 1) * tau
    if kept < 2:
        raise ValueError(
            f"dimension: {len(values)} samples hold no two vectors of {m} values {tau} apart; "
            f"give {(m - 1) * tau + 2} samples or more"
        )
    parts = [values[k * tau : k * tau + kept] for k in range(m)]
    return np.concatenate(parts, axis=1)


def mean_period(x: Any) -> float:
    """Return the samples from one rise through the mean to the next, of the slowest coordinate.

    x  (T,) or (T, d); coordinates that rise fewer than twice are passed over

    It is T where none rises twice: one excursion is all there is.
    """
    values = orbit(x, "x")
    above = values > values.mean(axis=0)
    found = []
    for column in (above[1:] & ~above[:-1]).T:
        rises = np.flatnonzero(column)
        if rises.size > 1:
            found.append((rises[-1] - rises[0]) / (rises.size - 1))
    return float(max(found, default=len(values)))
