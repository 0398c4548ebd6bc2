"""Mutual information and transfer entropy of continuous and of discrete series.

I(X; Y) = H(X) + H(Y) - H(X, Y);  I(X; Y | Z) = H(X, Z) + H(Y, Z) - H(Z) - H(X, Y, Z)
"""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, like, reals, symbols, to_host, whole

Array = Any
TIED = 1e-10  # of a distance: two that differ by less are equal
METHODS = ("ksg", "gaussian", "hist", "discrete")


def _columns(x: Array, name: str, method: str) -> np.ndarray:
    """Return samples as (N, d) on the host."""
    x, _ = symbols(x, name) if method == "discrete" else reals(x, name)
    host = np.asarray(to_host(x))
    if method != "discrete":
        host = host.astype(np.float64)
    if host.ndim == 1:
        host = host[:, None]
    if host.ndim != 2:
        raise ValueError(f"{name}: must be (N,) or (N, d), got shape {host.shape}")
    return host


def _standard(x: np.ndarray, name: str) -> np.ndarray:
    """Return each column with mean 0 and standard deviation 1."""
    columns = []
    for column in x.T:
        largest = np.abs(column).max()
        column = column / (largest if largest > 0 else 1.0)  # squares neither overflow nor vanish
        ordered = np.sort(column)  # so that no sum depends on the order of the samples
        spread = ordered.std()
        if not spread > 0:
            raise ValueError(f"{name}: a column is constant, so that it carries no information")
        columns.append((column - ordered.mean()) / spread)
    return np.stack(columns, axis=1)


def count_closer(x: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return how many others are closer to each point (N, d) than `distance`, Chebyshev."""
    if x.shape[1] > 1:
        return _count_in_tree(x, distance)
    # distinct values only: the steps below would go through equal ones one by one
    line, place, repeats = np.unique(x[:, 0], return_inverse=True, return_counts=True)
    before = np.concatenate([[0], np.cumsum(repeats)])
    order = np.argsort(place, kind="stable")  # in rising order, where searches stay in the cache
    at, reach = line[place[order]], distance[order]
    # the search compares rounded sums; what counts is the difference of two samples
    low = np.searchsorted(line, at - reach, side="right")
    high = np.searchsorted(line, at + reach, side="left")
    last = len(line) - 1
    while (out := (low <= last) & (at - line[np.minimum(low, last)] >= reach)).any():
        low += out
    while (inside := (low > 0) & (at - line[np.maximum(low - 1, 0)] < reach)).any():
        low -= inside
    while (out := (high > 0) & (line[np.maximum(high - 1, 0)] - at >= reach)).any():
        high -= out
    while (inside := (high <= last) & (line[np.minimum(high, last)] - at < reach)).any():
        high += inside
    counts = np.empty(len(x), np.int64)
    counts[order] = before[high] - before[low] - 1
    return counts


def _count_in_tree(x: np.ndarray, distance: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    tree = cKDTree(x)
    order = tree.indices  # its leaves stay in the cache
    within = np.nextafter(distance[order], 0)  # the tree counts up to it, strictly is below it
    counts = np.empty(len(x), np.int64)
    counts[order] = tree.query_ball_point(x[order], within, p=np.inf, return_length=True)
    return counts - 1


def _ksg(x: np.ndarray, y: np.ndarray, z: np.ndarray | None, k: int) -> float:
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    n = len(x)
    if n <= k:
        raise ValueError(f"k: {n} samples have no {k}-th neighbour; use k <= {n - 1}")
    joint = np.concatenate([x, y] if z is None else [x, y, z], axis=1)
    tree = cKDTree(joint)
    reach = np.empty(n)
    reach[tree.indices] = tree.query(joint[tree.indices], k=[k + 1], p=np.inf)[0][:, 0]
    if not (reach > 0).all():
        raise ValueError(
            f"x: {int((reach == 0).sum())} samples have {k} others at the same place; raise k, use "
            "method='discrete' or 'hist', or add noise of your own, smaller than the spacing"
        )
    # scaling rounds: what ties in the data must not count as closer, whatever its unit
    reach = reach * (1 - TIED)
    if z is None:
        inner = digamma(count_closer(x, reach) + 1) + digamma(count_closer(y, reach) + 1)
        return float(digamma(n) + digamma(k) - inner.mean())
    with_x, with_y = np.concatenate([x, z], axis=1), np.concatenate([y, z], axis=1)
    inner = digamma(count_closer(with_x, reach) + 1) + digamma(count_closer(with_y, reach) + 1)
    return float(digamma(k) - (inner - digamma(count_closer(z, reach) + 1)).mean())


def _log_det(*parts: np.ndarray) -> float:
    joint = np.concatenate(parts, axis=1)
    size = joint.shape[1]
    correlation = joint.T @ joint / len(joint)
    values = np.linalg.eigvalsh(correlation)
    if not values.min() > size * np.finfo(float).eps * values.max():
        raise ValueError("x: some columns are linear in others, so that the information diverges")
    return float(np.log(values).sum())


def _gaussian(x: np.ndarray, y: np.ndarray, z: np.ndarray | None) -> float:
    if z is None:
        return (_log_det(x) + _log_det(y) - _log_det(x, y)) / 2
    return (_log_det(x, z) + _log_det(y, z) - _log_det(z) - _log_det(x, y, z)) / 2


def _numbered(column: np.ndarray) -> tuple[np.ndarray, int]:
    """Return integers from 0 that tell the values apart, and a bound of them."""
    least, most = int(column.min()), int(column.max())
    if most - least < max(256, 4 * len(column)):
        wide = column if column.dtype.kind == "u" else column.astype(np.int64)
        return (wide - wide.min()).astype(np.int64), most - least + 1
    values, found = np.unique(column, return_inverse=True)
    return found, len(values)


def _entropy(*parts: np.ndarray) -> float:
    """Return the plug-in entropy of the rows of the columns side by side."""
    label = np.zeros(len(parts[0]), np.int64)
    for part in parts:
        for column in part.T:
            own, width = _numbered(column)
            label, _ = _numbered(label * width + own)
    counts = np.bincount(label)
    counts = counts[counts > 0]
    n = len(label)
    return float(math.log(n) - (counts * np.log(counts)).sum() / n)


def _discrete(x: np.ndarray, y: np.ndarray, z: np.ndarray | None) -> float:
    if z is None:
        found = _entropy(x) + _entropy(y) - _entropy(x, y)
    else:
        found = _entropy(x, z) + _entropy(y, z) - _entropy(z) - _entropy(x, y, z)
    return max(found, 0.0)  # a difference of sums, negative only by rounding


def _binned(x: np.ndarray, bins: int | None, name: str) -> np.ndarray:
    """Return the bin of each sample (N, 1), equal ones over its range, the right edge inside."""
    if x.shape[1] != 1:
        raise ValueError(f"{name}: method='hist' takes one column, got {x.shape[1]}; use 'ksg'")
    count = max(2, round(len(x) ** (1 / 3))) if bins is None else whole(bins, "bins", 2)
    unit = np.abs(x).max()
    x = x / unit if unit > 0 else x  # a span of huge numbers would overflow
    low, high = float(x.min()), float(x.max())
    if not low < high:
        raise ValueError(f"{name}: a column is constant, so that it carries no information")
    edges = np.linspace(low, high, count + 1)
    return np.clip(np.searchsorted(edges, x, side="right") - 1, 0, count - 1)


def mutual_info(
    x: Array,
    y: Array,
    z: Array | None = None,
    *,
    method: str = "ksg",
    k: int = 4,
    bins: int | None = None,
) -> Array:
    """Return the mutual information of x and y in nats, given z if there is one.

    x, y, z  (N,) or (N, d), sample by sample
    method   ksg       nearest neighbours, Chebyshev, each column scaled to unit variance first;
                       unbiased to O(1/N) when x and y are independent, may be slightly negative
             gaussian  from covariances; exact for a joint normal law, a lower bound beyond it only
                       where the margins are normal
             hist      equal bins over each column's range, the right edge inside, plug-in;
                       biased up by (bins - 1)^2 / 2N without z. One column each
             discrete  integers, plug-in; biased up likewise
    k        neighbours of ksg
    bins     of hist; the cube root of N if None

    Raises ValueError for NaN, lengths that differ, constant columns, samples at the same place
    (ksg), columns linear in others (gaussian).
    Kraskov, Stögbauer & Grassberger (2004) Phys. Rev. E 69, 066138, eq. (8); given z: Frenzel &
    Pompe (2007) Phys. Rev. Lett. 99, 204101, eq. (3); Cover & Thomas (2006) sec. 8.5.
    """
    choice(method, "method", METHODS)
    k = whole(k, "k", 1)
    parts = [_columns(x, "x", method), _columns(y, "y", method)]
    parts += [] if z is None else [_columns(z, "z", method)]
    if len({len(part) for part in parts}) > 1:
        sizes = ", ".join(str(len(part)) for part in parts)
        raise ValueError(f"y: every series needs as many samples as x; got {sizes}")
    if method == "hist":
        parts = [_binned(part, bins, name) for part, name in zip(parts, "xyz")]  # noqa: B905
    elif method != "discrete":
        parts = [_standard(part, name) for part, name in zip(parts, "xyz")]  # noqa: B905
    first, second, third = parts[0], parts[1], parts[2] if len(parts) > 2 else None
    if method == "ksg":
        found = _ksg(first, second, third, k)
    elif method == "gaussian":
        found = _gaussian(first, second, third)
    else:
        found = _discrete(first, second, third)
    return like(np.float64(found), x) if hasattr(x, "dtype") else np.float64(found)


def transfer_entropy(
    src: Array,
    dst: Array,
    k: int = 1,
    l: int = 1,  # noqa: E741  (the field's symbol)
    lag: int = 1,
    *,
    method: str = "gaussian",
    neighbours: int = 4,
    bins: int | None = None,
) -> Array:
    """Return the transfer entropy from one series to another, in nats.

    I(dst_t ; src_(t-lag), .. src_(t-lag-l+1) | dst_(t-1), .. dst_(t-k))

    src, dst    (N,) series; integers with method='discrete'
    k, l        samples of the target's own past (history of dst), and of the source's
    lag         samples from the source to the target
    method, neighbours, bins  as in `mutual_info`, neighbours being its k; the bins of hist are
                those of the whole series, the same at every lag

    Raises ValueError as `mutual_info`, and for series shorter than the pasts.
    Schreiber (2000) Phys. Rev. Lett. 85, 461, eq. (4).
    """
    choice(method, "method", METHODS)
    k, l, lag = whole(k, "k", 1), whole(l, "l", 1), whole(lag, "lag", 1)  # noqa: E741
    source, target = _columns(src, "src", method), _columns(dst, "dst", method)
    if source.shape[1] != 1 or target.shape[1] != 1 or len(source) != len(target):
        raise ValueError(
            f"src: must be a series as long as dst, got {source.shape} and {target.shape}"
        )
    first, n = max(k, lag + l - 1), len(target)
    if n <= first:
        raise ValueError(f"dst: {n} samples are too few for a past of {first}")
    for series, name in ((source, "src"), (target, "dst")):
        if method in ("ksg", "gaussian") and np.ptp(series[:, 0]) == 0:
            raise ValueError(f"{name}: is constant, so that it carries no information")
    if method == "ksg" and n - first <= whole(neighbours, "neighbours", 1):
        raise ValueError(f"neighbours: {n - first} samples have no {neighbours}-th neighbour")
    if method == "hist":  # one set of bins for a series, whatever the lag
        source, target = _binned(source, bins, "src"), _binned(target, bins, "dst")
        method = "discrete"
    past = np.concatenate([target[first - i : n - i] for i in range(1, k + 1)], axis=1)
    sent = np.concatenate([source[first - lag - i : n - lag - i] for i in range(l)], axis=1)
    found = mutual_info(target[first:], sent, past, method=method, k=neighbours)
    return like(found, dst) if hasattr(dst, "dtype") else np.float64(found)
