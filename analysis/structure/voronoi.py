"""Voronoi cells of points in a periodic box: neighbours, the edges between them, areas.

a_i = (1/4) sum_j l_ij |r_ij|,   l_ij the edge that the cells of i and j share
"""

import itertools
from typing import Any, NamedTuple

import numpy as np

from analysis.structure.plane import inside, periodic_edges, points_of

START = 3.0  # of the distance between points: how far images are taken at first
SHORT = 1e-7  # of the distance between points: a shorter edge is a corner where four cells meet


class Voronoi(NamedTuple):
    """Neighbours (P,) i and j whose cells share an edge, each pair once for each edge.

    d       (P, 2) r_j - r_i
    length  (P,) of the edges
    area    (N,) of the cells, whose sum is the box
    """

    i: np.ndarray
    j: np.ndarray
    d: np.ndarray
    length: np.ndarray
    area: np.ndarray


def _with_images(
    points: np.ndarray, edges: np.ndarray, margin: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the points, then their images within a margin of the box, and whose they are."""
    places, owners = [points], [np.arange(len(points))]
    far = np.ceil(margin / edges).astype(int)
    for move in itertools.product(*(range(-k, k + 1) for k in far)):
        if any(move):
            image = points + np.array(move) * edges
            near = ((image > -margin) & (image < edges + margin)).all(axis=1)
            places.append(image[near])
            owners.append(np.flatnonzero(near))
    return np.concatenate(places), np.concatenate(owners)


def voronoi(points: Any, box: Any) -> Voronoi:
    """Return the Voronoi cells of points (N, 2) in a periodic box (2,).

    The diagram is that of the points and those images that can matter: no other point is in the
    circle round a corner of a cell that goes through its particle, so the cells are right once
    images reach as far as the widest of these circles. In a small box a cell may meet images of
    itself.

    Raises ValueError for points at one place.
    """
    from scipy.spatial import Voronoi as Diagram

    edges = periodic_edges(box)
    host = inside(points_of(points), edges)
    n = len(host)
    apart = float(np.sqrt(np.prod(edges) / n))
    margin = START * apart
    while True:  # ends: no place is farther than half the diagonal from an image of any point
        places, owner = _with_images(host, edges, margin)
        found = Diagram(places)
        ends = np.asarray(found.ridge_vertices)
        own = (found.ridge_points < n).any(axis=1)
        pair, ends = found.ridge_points[own], ends[own]
        corner = found.vertices[ends]
        reach = 2 * np.sqrt(((corner - places[pair[:, 0]][:, None]) ** 2).sum(axis=-1).max())
        if (ends >= 0).all() and reach <= margin:
            return _cells(places, owner, n, pair, corner, apart)
        margin *= 2


def _cells(
    places: np.ndarray,
    owner: np.ndarray,
    n: int,
    pair: np.ndarray,
    corner: np.ndarray,
    apart: float,
) -> Voronoi:
    """Return the cells from the edges (P, 2, 2) between pairs (P, 2) of points and images."""
    length = np.sqrt(((corner[:, 1] - corner[:, 0]) ** 2).sum(axis=-1))
    real = length > SHORT * apart
    pair, length = pair[real], length[real]
    pair = np.where((pair[:, 0] < n)[:, None], pair, pair[:, ::-1])  # the first is inside
    (i, j), inner = owner[pair].T, pair[:, 1] < n
    d = places[pair[:, 1]] - places[pair[:, 0]]
    share = 0.25 * length * np.sqrt((d**2).sum(axis=-1))
    area = np.bincount(i, share, n) + np.bincount(j[inner], share[inner], n)
    if not (area > 0).all():
        raise ValueError("points: two are at the same place, and have no cells of their own")
    # an edge on the border of the box is met from both sides; so is one between a point and itself
    ahead = (d[:, 0] > 0) | ((d[:, 0] == 0) & (d[:, 1] > 0))
    kept = inner | (i < j) | ((i == j) & ahead)
    return Voronoi(i[kept], j[kept], d[kept], length[kept], area)


def cell_densities(points: Any, box: Any, shells: int = 0) -> np.ndarray:
    """Return the number density (N,) round each point: of its cell, or with those round it.

    shells  how often a density is widened by the cells that share an edge with it: after one, it
            is 1 + neighbours over the area of all those cells
    """
    if shells < 0:
        raise ValueError(f"shells: must be 0 or more, got {shells}")
    from scipy.sparse import coo_array, eye_array

    found = voronoi(points, box)
    n = found.area.size
    links = coo_array((np.ones(found.i.size), (found.i, found.j)), shape=(n, n)).tocsr()
    near, who = links + links.T + eye_array(n, format="csr"), eye_array(n, format="csr")
    for _ in range(shells):
        who = (who @ near).tocsr()
        who.data[:] = 1.0
    return np.asarray(who.sum(axis=1) / (who @ found.area))
