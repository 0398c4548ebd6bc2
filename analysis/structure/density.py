"""Local densities, in boxes of a grid or discs round its points, and the two phases they show.

    p(rho) = w_1 N(rho_1, s_1) + w_2 N(rho_2, s_2)
             + w_0 [F(rho - rho_1) - F(rho - rho_2)]/(rho_2 - rho_1)

The binodals are rho_1 and rho_2. The last part is the interface: anything between them alike, seen
with noise of the peaks' mean width, whose cumulative normal law is F.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.structure.plane import (
    grid_for,
    inside,
    nearest_image,
    periodic_edges,
    points_of,
)

APART = 2.0  # Ashman's D from which two peaks are two
MOST_BOXES = 10_000_000
ROUNDS = 500
SETTLED = 1e-10  # change of the log-likelihood per sample


class Phases(NamedTuple):
    """What the local densities say.

    separated     whether two peaks describe them, and describe them better than one
    gas, dense    densities of the peaks; both the mean if they are not separated
    parts         shares of gas, dense phase and interface
    widths        standard deviations of the two peaks
    distance      Ashman's D, the peaks' distance over their widths: 2 or more is two peaks
    """

    separated: bool
    gas: float
    dense: float
    parts: tuple[float, float, float]
    widths: tuple[float, float]
    distance: float


def box_densities(points: Any, box: Any, side: float) -> np.ndarray:
    """Return the number density in the boxes of a grid, (n_x, n_y).

    side  about how long their edges are; a whole number of them fills each edge of the box
    """
    edges = periodic_edges(box)
    if not 0 < side <= edges.min():
        raise ValueError(f"side: must be positive and at most {edges.min():g}, got {side:g}")
    shape = [max(1, round(edge / side)) for edge in edges]
    if math.prod(shape) > MOST_BOXES:
        raise ValueError(f"side: {side:g} makes {math.prod(shape):.1e} boxes; use a longer one")
    host = inside(points_of(points), edges)
    place = [
        np.minimum((host[:, c] / edges[c] * shape[c]).astype(int), shape[c] - 1) for c in (0, 1)
    ]
    counts = np.bincount(place[0] * shape[1] + place[1], minlength=shape[0] * shape[1])
    return counts.reshape(shape) / float(np.prod(edges / shape))


def _grid(edges: np.ndarray, side: float) -> np.ndarray:
    shape = [max(1, round(edge / side)) for edge in edges]
    lines = [(np.arange(n) + 0.5) * edge / n for n, edge in zip(shape, edges, strict=True)]
    return np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)


def disc_densities(points: Any, box: Any, radius: float, at: Any = None) -> np.ndarray:
    """Return the number density in discs, (...,).

    radius  at most half the box
    at      (..., 2) middles; a grid one radius apart if not given
    """
    from analysis.structure.kernels.cells import disc_counts

    edges = periodic_edges(box)
    middles = _grid(edges, radius) if at is None else np.asarray(at, dtype=float)
    flat = inside(points_of(middles.reshape(-1, 2), "at"), edges)
    x, y = (np.ascontiguousarray(column) for column in flat.T)
    counts = disc_counts(*grid_for(points, edges, radius), x, y)
    return counts.reshape(middles.shape[:-1]) / (math.pi * radius**2)


def disc_densities_by_arrays(points: Any, box: Any, radius: float, at: Any) -> np.ndarray:
    """Return what `disc_densities` does, from all differences."""
    edges, middles = periodic_edges(box), np.asarray(at, dtype=float)
    gaps = nearest_image(middles[..., None, :] - points_of(points), edges)
    counts = ((gaps**2).sum(axis=-1) < radius**2).sum(axis=-1)
    return counts / (math.pi * radius**2)


def _bell(x: np.ndarray, middle: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((x - middle) / width) ** 2) / (width * math.sqrt(2 * math.pi))


def phase_densities(x: np.ndarray, parts: Any, middles: Any, widths: Any) -> np.ndarray:
    """Return the densities of gas, dense phase and interface at x (n,), weighted: (3, n)."""
    from scipy.special import ndtr

    low, high = middles
    noise = math.sqrt((widths[0] ** 2 + widths[1] ** 2) / 2)
    between = (ndtr((x - low) / noise) - ndtr((x - high) / noise)) / max(high - low, 1e-12 * noise)
    each = [_bell(x, low, widths[0]), _bell(x, high, widths[1]), np.maximum(between, 0.0)]
    return np.asarray(parts)[:, None] * np.stack(each)


def _start(x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means and widths below and above the split that leaves least variance (Otsu)."""
    order = np.argsort(x)
    x, weight = x[order], weight[order]
    mass, first = np.cumsum(weight)[:-1], np.cumsum(weight * x)[:-1]
    total, whole = weight.sum(), (weight * x).sum()
    between = (whole * mass - total * first) ** 2 / (mass * (total - mass))
    cut = int(np.argmax(between)) + 1
    halves = [(x[:cut], weight[:cut]), (x[cut:], weight[cut:])]
    means = np.array([np.average(v, weights=w) for v, w in halves])
    pairs = zip(halves, means, strict=True)
    widths = np.array([math.sqrt(np.average((v - m) ** 2, weights=w)) for (v, w), m in pairs])
    return means, widths


def _one_phase(x: np.ndarray, weight: np.ndarray) -> float:
    """Return the log-likelihood of x (n,), each as often as its weight, in one phase.

    The larger of those of a normal law and, if x are counts of particles over an area, of a
    negative binomial law of the same mean and variance, or Poisson's: few particles to a box are
    spread askew, which is not to be taken for a second peak.
    """
    from scipy.special import gammaln, xlogy

    n = float(weight.sum())
    mean = float(np.average(x, weights=weight))
    variance = float(np.average((x - mean) ** 2, weights=weight))
    normal = np.log(np.maximum(_bell(x, mean, math.sqrt(variance)), 1e-300))
    one = float(np.diff(x).min())  # a particle more
    k = x / one
    if np.abs(k - np.rint(k)).max() > 1e-6:
        return float((weight * normal).sum())
    mean, variance = mean / one, variance / one**2
    counted = xlogy(k, mean) - mean - gammaln(k + 1) - math.log(one)
    if variance > mean * (1 + 1 / n):
        r = mean**2 / (variance - mean)
        counted = gammaln(k + r) - gammaln(r) - gammaln(k + 1) - math.log(one)
        counted = counted + r * math.log(r / (r + mean)) + xlogy(k, mean / (r + mean))
    return max(float((weight * normal).sum()), float((weight * counted).sum()))


def binodals(densities: Any) -> Phases:
    """Return the densities of the two phases that local densities are made of, if they are two.

    densities  of many boxes or discs, of one frame or several, any shape
    The parameters are found by expectation and maximisation, the interface taken from the step
    before (Dempster, Laird & Rubin (1977) J. R. Stat. Soc. B 39, 1). Two peaks are taken for two
    phases if Bayes' information criterion prefers them to one and they are 2 apart in
    D = sqrt(2) |rho_2 - rho_1|/sqrt(s_1^2 + s_2^2) (Ashman, Bird & Zepf (1994) Astron. J. 108,
    2348).
    """
    values = np.asarray(densities, dtype=float).ravel()
    if values.size < 8 or not np.isfinite(values).all():
        raise ValueError("densities: must be 8 or more finite numbers")
    mean, spread = float(values.mean()), float(values.std())
    x, weight = np.unique(values, return_counts=True)
    if len(x) < 3:
        return Phases(False, mean, mean, (0.5, 0.5, 0.0), (spread, spread), 0.0)
    least = max(0.5 * float(np.diff(x).min()), 1e-3 * spread)  # a peak cannot be a single count
    middles, widths = _start(x, weight)
    widths, parts = np.maximum(widths, least), np.array([0.45, 0.45, 0.1])
    n, before = values.size, -math.inf
    for _ in range(ROUNDS):
        each = phase_densities(x, parts, middles, widths)
        density = np.maximum(each.sum(axis=0), 1e-300)
        likelihood = float((weight * np.log(density)).sum())
        if likelihood - before < SETTLED * n and before > -math.inf:
            break
        before = likelihood
        share = weight * each / density
        mass = np.maximum(share.sum(axis=1), 1e-300)
        parts = mass / n
        middles = (share[:2] * x).sum(axis=1) / mass[:2]
        widths = np.sqrt((share[:2] * (x - middles[:, None]) ** 2).sum(axis=1) / mass[:2])
        widths = np.maximum(widths, least)
    distance = math.sqrt(2) * float(middles[1] - middles[0]) / float(np.hypot(*widths))
    better = 2 * (likelihood - _one_phase(x, weight)) > 4 * math.log(n)  # four more parameters
    separated = bool(better and distance >= APART and parts[:2].min() > 1 / n)
    gas, dense = (float(middles[0]), float(middles[1])) if separated else (mean, mean)
    return Phases(
        separated, gas, dense, (float(parts[0]), float(parts[1]), float(parts[2])),
        (float(widths[0]), float(widths[1])), distance,
    )  # fmt: skip
