"""Points of a plane, in a periodic box or open, made ready for the functions of this room."""

import math
from typing import Any

import numpy as np

from core.backend import to_host

MOST_CELLS = 4  # for each particle: more would be empty


def edges_of(box: Any, d: int) -> np.ndarray:
    """Return the edges (d,) of a box, all inf in open space.

    box  one edge for all axes, or (d,); None, or all inf, is open space
    Raises ValueError for edges that are not positive, or a box that is open along some axes only.
    """
    edges = np.full(d, np.inf) if box is None else np.asarray(to_host(box), dtype=float)
    if edges.shape not in ((), (1,), (d,)):
        raise ValueError(f"box: must be one edge or {d}, got shape {edges.shape}")
    if not (edges > 0).all():
        raise ValueError(f"box: edges must be positive, got {edges}")
    if np.isfinite(edges).any() and not np.isfinite(edges).all():
        raise ValueError("box: must be periodic along all axes, or open along all (inf)")
    return np.array(np.broadcast_to(edges, (d,)))


def points_of(points: Any, name: str = "points") -> np.ndarray:
    """Return points (N, 2) as floats on the host; raise ValueError for a wrong shape or NaN."""
    host = np.asarray(to_host(points), dtype=float)
    if host.ndim != 2 or host.shape[1] != 2 or len(host) < 1:
        raise ValueError(f"{name}: must be (N, 2), got shape {host.shape}")
    if not np.isfinite(host).all():
        worst = int(np.argwhere(~np.isfinite(host))[0][0])
        raise ValueError(f"{name}: particle {worst} has a position that is not finite")
    return host


def periodic_edges(box: Any) -> np.ndarray:
    """Return the edges (2,) of a box that must be periodic."""
    edges = edges_of(box, 2)
    if not np.isfinite(edges).all():
        raise ValueError("box: give the edges; in open space there is no density to compare with")
    return edges


def inside(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return points moved by whole periods to 0 <= x < edge; in open space, from 0 on."""
    if not np.isfinite(edges).all():
        return points - points.min(axis=0)
    wrapped = np.mod(points, edges)
    return np.where(wrapped < edges, wrapped, 0.0)  # -1e-20 rounds to a period


def nearest_image(gaps: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return differences (..., d) by the shortest way through the box."""
    if not np.isfinite(edges).all():
        return gaps
    return gaps - edges * np.round(gaps / edges)


def grid_for(
    points: Any, box: Any, reach: float
) -> tuple[np.ndarray, np.ndarray, int, int, np.ndarray, bool, float]:
    """Return the arguments of the kernels: (x, y, nx, ny, box, periodic, reach).

    Raises ValueError for a reach that is not positive or beyond half the box.
    """
    host = points_of(points)
    edges = edges_of(box, 2)
    reach = float(reach)
    if not (0 < reach < math.inf):
        raise ValueError(f"reach: must be positive, got {reach:g}")
    periodic = bool(np.isfinite(edges).all())
    if periodic and reach > edges.min() / 2:
        raise ValueError(
            f"reach: {reach:g} is beyond half the box, {edges.min() / 2:g}: there a particle "
            "would meet another twice"
        )
    host = inside(host, edges)
    span = edges if periodic else np.maximum(host.max(axis=0), reach)
    most = math.sqrt(MOST_CELLS * len(host))
    nx, ny = (max(1, int(min(side / reach, max(most, 3.0)))) for side in span)
    if periodic and min(nx, ny) < 3:
        nx = ny = 1
    columns = (np.ascontiguousarray(column) for column in host.T)
    x, y = columns
    return x, y, nx, ny, span, periodic, reach
