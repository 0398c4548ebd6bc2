"""Mutual information and transfer entropy of continuous and of discrete series.

I(X; Y) = H(X) + H(Y) - H(X, Y);  I(X; Y | Z) = H(X, Z) + H(Y, Z) - H(Z) - H(X, Y, Z)
"""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, like, reals, symbols, to_host, whole

Array = Any
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
    largest = np.abs(x).max(axis=0)
    x = x / np.where(largest > 0, largest, 1.0)  # so that squares neither overflow nor vanish
    spread = x.std(axis=0)
    if not (spread > 0).all():
        raise ValueError(f"{name}: a column is constant, so that it carries no information")
    return (x - x.mean(axis=0)) / spread


def count_closer(x: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return how many others are closer to each point (N, d) than `distance`, Chebyshev."""
    if x.shape[1] > 1:
        from scipy.spatial import cKDTree

        within = np.nextafter(distance, 0)
        return cKDTree(x).query_ball_point(x, within, p=np.inf, return_length=True) - 1
    order = np.argsort(x[:, 0], kind="stable")
    line = x[order, 0]
    reach = distance[order]
    # the search compares rounded sums; what counts is the difference of two samples
    low = np.searchsorted(line, line - reach, side="right")
    high = np.searchsorted(line, line + reach, side="left")
    n = len(line)
    while (out := (low < n) & (line - line[np.minimum(low, n - 1)] >= reach)).any():
        low += out
    while (inside := (low > 0) & (line - line[np.maximum(low - 1, 0)] < reach)).any():
        low -= inside
    while (out := (high > 0) & (line[np.maximum(high - 1, 0)] - line >= reach)).any():
        high -= out
    while (inside := (high < n) & (line[np.minimum(high, n - 1)] - line < reach)).any():
        high += inside
    counts = np.empty(n, np.int64)
    counts[order] = high - low - 1
    return counts


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


def _labels(*parts: np.ndarray) -> np.ndarray:
    """Return one number for each distinct row of the columns side by side."""
    label = np.zeros(len(parts[0]), np.int64)
    for column in np.concatenate(parts, axis=1).T:
        own = np.unique(column, return_inverse=True)[1]
        label = np.unique(label * (int(own.max()) + 1) + own, return_inverse=True)[1]
    return label


def _entropy(*parts: np.ndarray) -> float:
    counts = np.bincount(_labels(*parts))
    n = counts.sum()
    return float(math.log(n) - (counts * np.log(counts)).sum() / n)


def _discrete(x: np.ndarray, y: np.ndarray, z: np.ndarray | None) -> float:
    if z is None:
        found = _entropy(x) + _entropy(y) - _entropy(x, y)
    else:
        found = _entropy(x, z) + _entropy(y, z) - _entropy(z) - _entropy(x, y, z)
    return max(found, 0.0)  # a difference of sums, negative only by rounding


def _binned(x: np.ndarray, bins: int, name: str) -> np.ndarray:
    if x.shape[1] != 1:
        raise ValueError(f"{name}: method='hist' takes one column, got {x.shape[1]}; use 'ksg'")
    low, high = float(x.min()), float(x.max())
    if not low < high:
        raise ValueError(f"{name}: a column is constant, so that it carries no information")
    edges = np.linspace(low, high, bins + 1)
    return np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)


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
             hist      equal bins over each column's range, plug-in; biased up by
                       (bins - 1)^2 / 2N. One column each
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
        count = round(len(parts[0]) ** (1 / 3)) if bins is None else whole(bins, "bins", 2)
        parts = [_binned(part, max(2, count), name) for part, name in zip(parts, "xyz")]  # noqa: B905
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
    method: str = "ksg",
    neighbours: int = 4,
    bins: int | None = None,
) -> Array:
    """Return the transfer entropy from one series to another, in nats.

    I(dst_t ; src_(t-lag), .. src_(t-lag-l+1) | dst_(t-1), .. dst_(t-k))

    src, dst    (N,) series; integers with method='discrete'
    k, l        samples of the target's own past, and of the source's
    lag         samples from the source to the target
    method, neighbours, bins  as in `mutual_info`, neighbours being its k

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
    past = np.concatenate([target[first - i : n - i] for i in range(1, k + 1)], axis=1)
    sent = np.concatenate([source[first - lag - i : n - lag - i] for i in range(l)], axis=1)
    if method == "hist":
        count = round(n ** (1 / 3)) if bins is None else whole(bins, "bins", 2)
        target, past, sent = (
            np.concatenate([_binned(column[:, None], max(2, count), name) for column in part.T], 1)
            for part, name in ((target[first:], "dst"), (past, "dst"), (sent, "src"))
        )
        found = np.float64(_discrete(target, sent, past))
    else:
        found = np.float64(mutual_info(target[first:], sent, past, method=method, k=neighbours))
    return like(found, dst) if hasattr(dst, "dtype") else found
