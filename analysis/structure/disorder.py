"""Entropies of where particles are and where they head, in nats.

binned     H = -sum_c (n_c/N) ln(n_c/N)          over the boxes of a grid
positions  h - ln A   from nearest neighbours     0 for an ideal gas, below it for order
headings   h - ln 2 pi   likewise, on the circle  0 for headings of all directions
"""

import math
from typing import Any

import numpy as np

from analysis.entropy import entropy_from_counts, knn_entropy, shannon
from analysis.structure.density import box_densities
from analysis.structure.plane import periodic_edges, points_of


def density_entropy(
    points: Any, box: Any, side: float, *, estimator: str = "plugin", normalize: bool = True
) -> float:
    """Return the entropy of which box of a grid a particle is in.

    side       about how long the boxes' edges are
    estimator  corrects the few particles there are in each box, as in `entropy_from_counts`
    normalize  divide by the logarithm of the number of boxes: 1 is an even density
    """
    edges = periodic_edges(box)
    density = box_densities(points, box, side)
    counts = np.rint(density * float(np.prod(edges)) / density.size).astype(int).ravel()
    if estimator == "plugin":
        value = float(shannon(counts / counts.sum()))
    else:
        value = float(entropy_from_counts(counts, estimator=estimator))
    return value / math.log(counts.size) if normalize and counts.size > 1 else value


def position_entropy(points: Any, box: Any, k: int = 4) -> float:
    """Return the entropy of positions against an even density, from k-th neighbours.

    Repulsion alone lowers nothing here: what counts is how far the distances to neighbours are
    from those of an ideal gas, in the mean logarithm. Clustering makes it negative, and a lattice
    positive, since the estimator takes the points for independent.
    """
    edges = periodic_edges(box)
    host = points_of(points)
    return float(knn_entropy(host, k, box=edges)) - math.log(float(np.prod(edges)))


def heading_entropy(headings: Any, k: int = 4) -> float:
    """Return the entropy of directions (N, 2) against all directions alike: 0, or below."""
    e = points_of(headings, "headings")
    angle = np.mod(np.arctan2(e[:, 1], e[:, 0]), 2 * math.pi)
    return float(knn_entropy(angle, k, box=2 * math.pi)) - math.log(2 * math.pi)
