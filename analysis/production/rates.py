"""A rate with its statistical error, and its parts by particle and by region."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from core.backend import to_host

BLOCKS = 20
FEWEST = 12  # samples of a series whose halves are compared


class Rate(NamedTuple):
    """An entropy production rate per particle.

    value           mean over particles and frames
    standard_error  of it, from means over consecutive blocks of frames; nan below 2 frames
    per_particle    (N,) mean over frames
    per_frame       (T,) mean over particles
    convention      of time reversal, and what was summed
    drift           (second half - first half)/its standard error: beyond 4 it is not stationary
    """

    value: float
    standard_error: float
    per_particle: np.ndarray
    per_frame: np.ndarray
    convention: str
    drift: float


class Regions(NamedTuple):
    """Parts of a rate: share (R,) of particles, mean (R,) per particle, part (R,) of the total."""

    labels: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    part: np.ndarray


def block_error(series: Any, blocks: int = BLOCKS) -> float:
    """Return the standard error of the mean of a correlated series (T,), from means over blocks.

    Right if a block is several correlation times long; with fewer than `blocks` samples each is a
    block, and below 2 there is none: nan.
    """
    series = np.asarray(series, dtype=float)
    blocks = min(blocks, len(series))
    if blocks < 2:
        return float("nan")
    means = np.array([part.mean() for part in np.array_split(series, blocks)])
    return float(means.std(ddof=1) / np.sqrt(blocks))


def drifts(series: Any) -> float:
    """Return how many standard errors the mean of the second half of a series is off the first's.

    The error is that of the quieter half, twice: a transient in one half would hide itself in that
    half's own scatter. Without scatter a difference is infinitely many; 0 below 12 samples, which
    are too few to judge by.
    """
    series = np.asarray(series, dtype=float)
    if len(series) < FEWEST:
        return 0.0
    halves = np.array_split(series, 2)
    error = np.sqrt(2) * min(block_error(half, BLOCKS // 2) for half in halves)
    gap, least = float(halves[1].mean() - halves[0].mean()), 1e-12 * float(np.abs(series).mean())
    if abs(gap) <= least:
        return 0.0
    return gap / float(error) if error > least else float(np.copysign(np.inf, gap))


def collected(rows: Iterable[np.ndarray], convention: str, blocks: int = BLOCKS) -> Rate:
    """Return the rate of frames (N,), one held at a time.

    Raises ValueError if there is no frame.
    """
    total: np.ndarray | None = None
    per_frame = []
    for row in rows:
        total = row.copy() if total is None else total + row
        per_frame.append(float(row.mean()))
    if total is None:
        raise ValueError("frames: there is none; a trajectory needs 2 or more, snapshots 1")
    series = np.array(per_frame)
    return Rate(
        float(series.mean()),
        block_error(series, blocks),
        total / len(series),
        series,
        convention,
        drifts(series),
    )


def by_region(per_particle: Any, labels: Any) -> Regions:
    """Return the parts of a rate (N,) in regions, named for each particle by labels (N,).

    The parts add up to the mean over all particles. For (T, N) arrays of both, over frames too.

    Raises ValueError if the shapes differ.
    """
    values, labels = np.asarray(per_particle, dtype=float), np.asarray(labels)
    if values.shape != labels.shape or not values.size:
        raise ValueError(f"labels: shape {labels.shape} is not that of the rates, {values.shape}")
    names, index = np.unique(labels, return_inverse=True)
    index = index.reshape(-1)
    count = np.bincount(index, minlength=len(names))
    total = np.bincount(index, weights=values.reshape(-1), minlength=len(names))
    return Regions(names, count / values.size, total / count, total / values.size)


def hosted(frames: Iterable[Any]) -> Iterator[np.ndarray]:
    """Yield frames of any library as NumPy's, one at a time; an array (T, ...) is its frames."""
    for each in frames:
        yield np.asarray(to_host(each), dtype=float)
