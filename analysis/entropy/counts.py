"""Counts: how many samples fall into each bin of a histogram, joint or not, or have each value.

    c_i = #{x : e_i <= x < e_(i+1)}, the last bin with its right edge

The edges decide, not the rounding of an index: the counts are those of `numpy.histogram`, on every
array library. In NumPy they come from a compiled kernel, elsewhere from searching and sorting.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, last, like, reals, symbols, to_host, whole
from core.backend import namespace

Array = Any
Bins = Any  # a number of even bins, or their edges
Range = tuple[float, float]
TILE = 2**16  # samples converted at a time: they stay in the second-level cache
OUTSIDE = ("raise", "drop")


def histogram_counts(
    x: Array, bins: Bins = 64, range: Range | None = None, *, axis: int = -1, outside: str = "raise"
) -> Array:
    """Return the counts (..., bins) of the samples along an axis, int64.

    x        (..., n) samples; the leading axes are a batch
    bins     number of even bins, or their edges (bins + 1,), which may be uneven
    range    (low, high) of even bins; None takes the extremes of a single series. Rows of a batch
             are comparable only over one range, so that a batch must be given it, or edges
    outside  what becomes of samples outside the edges: "raise" or "drop"

    Raises ValueError for NaN, a constant series or a batch without range, and samples outside.
    """
    x, _ = _samples(x, "x", axis)
    return _counted([x], ["x"], [bins], [range], outside)


def joint_histogram_counts(
    x: Array,
    y: Array,
    bins: Any = (32, 32),
    range: tuple[Range, Range] | None = None,
    *,
    axis: int = -1,
    outside: str = "raise",
) -> Array:
    """Return the counts (..., bx, by) of the pairs (x, y) along an axis, int64.

    x, y   (..., n) samples of one shape
    bins   of each: a number, or edges; a single number is for both
    range  ((low, high) of x, (low, high) of y); None as in `histogram_counts`

    Raises ValueError as `histogram_counts`, and for shapes that differ.
    """
    x, _ = _samples(x, "x", axis)
    y, _ = _samples(y, "y", axis)
    if x.shape != y.shape:
        raise ValueError(f"y: must have the shape of x, {x.shape}, got {y.shape}")
    pair = [bins, bins] if isinstance(bins, int | np.integer) else list(bins)
    if len(pair) != 2:
        raise ValueError(f"bins: must be one number, or two numbers or edges, got {len(pair)}")
    ranges: Sequence[Range | None] = (None, None) if range is None else range
    if len(ranges) != 2:
        raise ValueError(f"range: must be a pair of (low, high), got {range}")
    return _counted([x, y], ["x", "y"], pair, ranges, outside)


def discrete_counts(s: Array, K: int | None = None, *, axis: int = -1) -> Array:
    """Return the counts (..., K) of integer symbols along an axis, int64.

    s  (..., n) integers
    K  number of symbols, which are 0 .. K - 1; None counts the distinct values that occur anywhere
       in the batch, in increasing order

    Raises ValueError for values that are no integers, and for values outside 0 .. K - 1.
    """
    s, xp = symbols(s, "s")
    if s.ndim == 0:
        raise ValueError("s: must have an axis of samples")
    s = last(s, axis, "s")
    low, high = int(xp.min(s)), int(xp.max(s))
    if K is not None:
        K = whole(K, "K", 1)
        if low < 0 or high >= K:
            raise ValueError(f"s: must lie in 0 .. {K - 1}, as K says, got {low} .. {high}")
        return _tally(xp.astype(s, xp.int64), K)
    span = high - low + 1
    if span <= max(1024, s.shape[-1]) and high < 2**63:
        counts = _tally(xp.astype(s, xp.int64) - low, span)
        occurs = xp.any(counts > 0, axis=tuple(np.arange(counts.ndim - 1).tolist()))
        return xp.take(counts, xp.nonzero(occurs)[0], axis=-1)
    values, inverse = xp.unique_inverse(s)
    return _tally(xp.reshape(inverse, s.shape), values.shape[0])


def _samples(x: Array, name: str, axis: int) -> tuple[Array, Any]:
    """Return (x with its samples last, its namespace); NaN in NumPy's is found later."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiu" and x.size:
        xp = namespace(x)
    else:
        x, xp = reals(x, name, finite=False)
    if x.ndim == 0:
        raise ValueError(f"{name}: must have an axis of samples")
    return last(x, axis, name), xp


def _counted(
    points: list[Array], names: list[str], bins: Sequence[Any], ranges: Sequence[Any], outside: str
) -> Array:
    """Return the counts of points, given coordinate by coordinate."""
    choice(outside, "outside", OUTSIDE)
    edges = [_edges(*each) for each in zip(points, names, bins, ranges, strict=True)]
    shape = (*points[0].shape[:-1], *(e.size - 1 for e in edges))
    counter = _by_kernel if isinstance(points[0], np.ndarray) else _by_search
    counts, lost = counter(points, edges)
    if lost:
        for x, name, e in zip(points, names, edges, strict=True):
            x, xp = reals(x, name, finite=outside == "raise")
            if outside == "raise" and (float(xp.min(x)) < e[0] or float(xp.max(x)) > e[-1]):
                raise ValueError(
                    f"{name}: holds samples outside {e[0]:g} .. {e[-1]:g}; widen range (or the "
                    'edges), or say outside="drop"'
                )
    return namespace(points[0]).reshape(counts, shape)


def _edges(x: Array, name: str, bins: Bins, range: Range | None) -> np.ndarray:
    """Return the edges on the host, in double precision, as NumPy rounds them for the type of x."""
    if np.ndim(to_host(bins)) > 0:
        edges, _ = reals(to_host(bins), "bins")
        if edges.ndim != 1 or edges.size < 2 or np.any(np.diff(edges) < 0):
            raise ValueError("bins: edges must be at least two numbers that never fall")
        if range is not None:
            raise ValueError("range: has no meaning with edges")
        if edges[0] == edges[-1]:
            raise ValueError("bins: edges must span more than a point")
        return np.asarray(edges, dtype=float)
    bins = whole(bins, "bins", 1)
    if range is None:
        low, high = _extremes(x, name)
        if low == high:
            raise ValueError(f"range: {name} is constant, {low:g}; give the range of the bins")
    else:
        low, high = range
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"range: must be (low, high) with low < high, got {range}")
    kind = to_host(x[(0,) * x.ndim]).dtype
    ends = range if range is not None else (low, high)
    try:
        edges = np.histogram_bin_edges(np.zeros(1, kind.newbyteorder("=")), bins, ends)
    except ValueError:
        raise ValueError(f"bins: {bins} are too many for {low:g} .. {high:g}") from None
    return edges.astype(float)


def _extremes(x: Array, name: str) -> tuple[Any, Any]:
    """Return (min, max) of a single series, of its own type."""
    if x.ndim > 1:
        raise ValueError(f"range: give one for all rows of {name}, which has shape {x.shape}")
    xp = namespace(x)
    low, high = to_host(xp.min(x)), to_host(xp.max(x))
    if not (np.isfinite(low) and np.isfinite(high)):
        reals(x, name)
    return low[()], high[()]


def _by_kernel(points: list[np.ndarray], edges: list[np.ndarray]) -> tuple[np.ndarray, int]:
    from analysis.entropy.kernels.histogram import count

    bins = np.array([e.size - 1 for e in edges])
    table = np.full((len(edges), bins.max() + 1), np.inf)
    for row, e in zip(table, edges, strict=True):
        row[: e.size] = e
    deviation = np.array([_deviation(e) for e in edges])
    n = points[0].shape[-1]
    flat = [x.reshape(-1, n) for x in points]
    counts = np.zeros((flat[0].shape[0], bins.prod()), dtype=np.int64)
    x = flat[0]
    if len(flat) == 1 and x.dtype == np.float64 and x.dtype.isnative and x.flags.c_contiguous:
        return counts, count(x[None], table, bins, deviation, counts)
    lost, step, rows = 0, min(n, TILE), max(1, TILE // n)
    # One buffer for all tiles: fresh memory would cost more than the counting.
    buffer = np.empty(len(flat) * step * rows)
    for first in np.arange(0, counts.shape[0], rows):
        part = counts[first : first + rows]
        for start in np.arange(0, n, step):
            shape = (len(flat), part.shape[0], min(step, n - start))
            tile = buffer[: math.prod(shape)].reshape(shape)
            for target, x in zip(tile, flat, strict=True):
                target[...] = x[first : first + rows, start : start + step]
            lost += count(tile, table, bins, deviation, part)
    return counts, lost


def _deviation(edges: np.ndarray) -> float:
    """Return how far, in bins, the edges lie from even ones, for the kernel's rounding."""
    bins = edges.size - 1
    scale = bins / (edges[-1] - edges[0])
    if not 0 < scale < math.inf:
        return math.inf
    return float(np.abs((edges - edges[0]) * scale - np.arange(bins + 1)).max()) + 1e-12


def _by_search(points: list[Array], edges: list[np.ndarray]) -> tuple[Array, int]:
    """Return (counts (rows, cells), number outside), by the standard's functions alone."""
    xp = namespace(points[0])
    cell, lost = None, None
    for x, e in zip(points, edges, strict=True):
        x = xp.astype(x, xp.float64)
        found = xp.reshape(xp.searchsorted(like(e, x), xp.reshape(x, (-1,)), side="right"), x.shape)
        found = xp.clip(xp.astype(found, xp.int64) - 1, min=0, max=e.size - 2)
        beyond = (x < float(e[0])) | (x > float(e[-1]))
        cell = found if cell is None else cell * (e.size - 1) + found
        lost = beyond if lost is None else lost | beyond
    cells = math.prod(e.size - 1 for e in edges)
    counts = _tally(xp.where(lost, xp.full_like(cell, cells), cell), cells + 1)
    return counts[..., :cells], int(xp.sum(counts[..., cells]))


def _tally(cell: Array, cells: int) -> Array:
    """Return how often each of 0 .. cells - 1 occurs along the last axis, (..., cells) int64."""
    xp = namespace(cell)
    batch = cell.shape[:-1]
    rows = math.prod(batch)
    key = xp.reshape(cell, (rows, cell.shape[-1]))
    if rows > 1:
        key = key + cells * like(np.arange(rows), cell)[:, None]
    key = xp.reshape(key, (-1,))
    if isinstance(cell, np.ndarray):
        counts = np.bincount(key, minlength=rows * cells)
    else:  # the standard has no bincount
        bounds = like(np.arange(rows * cells + 1), cell)
        ends = xp.astype(xp.searchsorted(xp.sort(key), bounds), xp.int64)
        counts = ends[1:] - ends[:-1]
    return xp.reshape(counts, (*batch, cells))
