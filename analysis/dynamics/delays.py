"""Choosing an embedding: how much a delay still tells, and whether a dimension still folds.

I(tau) = mutual information of x(t) and x(t + tau);  false neighbours: near in m dimensions,
|x(i + m tau) - x(j + m tau)| > R |X_i - X_j|, not near in m + 1
"""

import math
from typing import Any

import numpy as np

from analysis.dynamics.checks import series, whole
from analysis.dynamics.embedding import embed, mean_period

STRETCH = 10.0  # R, of the second coordinate over the first distance
REFERENCES = 4000


def delay_information(x: Any, most: int, bins: int | None = None) -> np.ndarray:
    """Return the mutual information of x(t) and x(t + tau), tau = 0 .. most, in nats (most + 1,).

    x     (T,) real
    bins  equally frequent cells of each axis; None: (T/5)^(1/3), at least 4

    The plug-in estimate is (bins - 1)^2/2T too high where the two are independent, which is taken
    off. The first minimum is the usual delay.
    Raises ValueError for NaN, a constant series, delays that leave fewer than 16 pairs.
    Fraser & Swinney (1986) Phys. Rev. A 33, 1134.
    """
    values = series(x, "x", 32)
    last = whole(most, "most", 1, values.size - 16)
    cells = max(4, round((values.size / 5) ** (1 / 3))) if bins is None else whole(bins, "bins", 2)
    edges = np.quantile(values, np.arange(1, cells) / cells)
    cell = np.searchsorted(edges, values, side="right")
    return np.array([_information(cell, tau, cells) for tau in range(last + 1)])


def _information(cell: np.ndarray, tau: int, cells: int) -> float:
    first, second = cell[: cell.size - tau], cell[tau:]
    joint = np.bincount(first * cells + second, minlength=cells**2).reshape(cells, cells)
    p = joint / joint.sum()
    independent = p.sum(axis=1)[:, None] * p.sum(axis=0)[None]
    on = p > 0
    found = float((p[on] * np.log(p[on] / independent[on])).sum())
    return found - (cells - 1) ** 2 / (2 * first.size) if tau else found


def embedding_delay(x: Any, most: int | None = None) -> int:
    """Return the first minimum of `delay_information`, in samples.

    most  delays that are tried; None: one mean period

    Where there is no minimum, as in maps, it is 1. Arguments and errors as there.
    """
    values = series(x, "x", 32)
    if most is None:
        most = max(2, min(math.ceil(mean_period(values)), values.size // 4))
    found = delay_information(values, most)
    smaller = np.flatnonzero((found[1:-1] < found[:-2]) & (found[1:-1] <= found[2:]))
    return int(smaller[0]) + 1 if smaller.size else 1


def false_neighbours(
    x: Any, most: int, delay: int = 1, *, stretch: float = STRETCH, theiler: int | None = None
) -> np.ndarray:
    """Return the share of false nearest neighbours in 1 .. most dimensions, (most,).

    x        (T,) real
    stretch  R: the next coordinate parts them by more than so many of their distances
    theiler  neighbours are at least so many samples away; None: one mean period

    A neighbour is also false if the next coordinate parts them by more than two standard
    deviations, so that noise, whose neighbours are far, is not embedded anywhere. Neighbours at a
    distance of 0 are true if the next coordinate agrees. 4000 points at most are asked, evenly.
    Raises ValueError for NaN, a constant series, one too short for `most` dimensions.
    Kennel, Brown & Abarbanel (1992) Phys. Rev. A 45, 3403, eqs. (4), (5).
    """
    from analysis.dynamics.kernels import growth

    values = series(x, "x", 32)
    tau, dimensions = whole(delay, "delay", 1), whole(most, "most", 1)
    last = values.size - dimensions * tau
    if last < 16:
        raise ValueError(
            f"most: {values.size} samples are too few for {dimensions} dimensions at delay {tau}"
        )
    window = min(math.ceil(mean_period(values)), last // 4) if theiler is None else theiler
    window = whole(window, "theiler", 1, last // 2)
    references = np.unique(np.linspace(0, last - 1, min(last, REFERENCES)).astype(np.int64))
    spread = float(values.std())
    found = np.empty(dimensions)
    for m in range(1, dimensions + 1):
        points = np.ascontiguousarray(embed(values, m, tau)[:last].T)
        nearest, distance = np.empty(references.size, np.int64), np.empty(references.size)
        growth.nearest(points, references, window, nearest, distance)
        apart = np.abs(values[references + m * tau] - values[nearest + m * tau])
        found[m - 1] = ((apart > stretch * distance) | (apart > 2 * spread)).mean()
    return found
