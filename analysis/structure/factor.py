"""The static structure factor on the box's own wavevectors.

S(q) = |sum_j exp(-i q x_j)|^2 / N,   q = 2 pi (m/L_x, n/L_y)
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.structure.plane import inside, periodic_edges, points_of
from core.backend import namespace, to_host

Array = Any
REACH = 12  # places that a Gaussian covers on either side: what is cut is 1e-12 of it
CHUNK = 1 << 22  # complex numbers in one table of phases


class Factor(NamedTuple):
    """S (V,) at the wavevectors q (V, 2), one of each pair q and -q; q = 0 is left out."""

    q: np.ndarray
    s: np.ndarray


class Shells(NamedTuple):
    """Mean of S (B,) over the wavevectors of a shell, their mean |q| (B,), and how many (B,)."""

    q: np.ndarray
    s: np.ndarray
    vectors: np.ndarray


def _powers(x: Array, side: float, most: int, xp: Any) -> Array:
    """Return exp(-2 pi i m x/side) for m = 0 .. most, (most + 1, N)."""
    m = xp.arange(most + 1, dtype=x.dtype)
    return xp.exp(-1j * xp.asarray(2 * math.pi / side * m[:, None] * x[None, :]))


def modes_by_products(points: Array, box: Any, orders: tuple[int, int]) -> Array:
    """Return what `density_modes` does, for points of any namespace, in a time N M K.

    The phases are products of one factor for each axis, so that the sum is a product of matrices.
    """
    xp = namespace(points)
    edges = periodic_edges(box)
    across, up = orders
    step = max(1, CHUNK // (across + 2 * up + 2))
    total = None
    for first in range(0, points.shape[0], step):
        part = points[first : min(first + step, points.shape[0]), ...]
        ex = _powers(part[:, 0], float(edges[0]), across, xp)
        ey = _powers(part[:, 1], float(edges[1]), up, xp)
        ey = xp.concat([xp.conj(xp.flip(ey[1:, ...], axis=0)), ey], axis=0)
        sums = ex @ ey.T
        total = sums if total is None else total + sums
    return total


def density_modes(points: Array, box: Any, orders: tuple[int, int]) -> Array:
    """Return sum_j exp(-i q x_j) for m = 0 .. M and n = -K .. K, (M + 1, 2 K + 1).

    points  (N, 2) of any namespace; box  (2,) edges; orders  (M, K)
    On NumPy by a transform of the points spread as Gaussians, whose own transform is divided out
    again: the time grows as N + M K ln M K, and the error is below 1e-11 N (Greengard & Lee (2004)
    SIAM Rev. 46, 443).
    """
    if not isinstance(points, np.ndarray):
        return modes_by_products(points, box, orders)
    from analysis.structure.kernels.spreading import spread

    edges = periodic_edges(box)
    angles = 2 * math.pi * inside(points_of(points), edges) / edges
    # room for each Gaussian, and half as many modes again as are asked for, both ways
    shape = [_smooth(max(2 * (2 * order + 1), 4 * REACH)) for order in orders]
    widths = [math.pi * REACH / (0.75 * n**2) for n in shape]
    grid = np.zeros(shape)
    x, y = (np.ascontiguousarray(column) for column in angles.T)
    spread(x, y, grid, REACH, *widths)
    across, up = orders
    half = np.fft.rfft(grid, axis=0)[: across + 1]
    found = np.fft.fft(half, axis=1)
    found = np.concatenate([found[:, shape[1] - up :], found[:, : up + 1]], axis=1)
    factors = []
    for n, width, k in zip(
        shape, widths, (np.arange(across + 1), np.arange(-up, up + 1)), strict=True
    ):
        factors.append(math.sqrt(math.pi / width) / n * np.exp(width * k**2))
    return found * factors[0][:, None] * factors[1]


def _smooth(n: int) -> int:
    """Return the next number of which transforms are fast."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(n, real=False))


def structure_factor(points: Array, box: Any, q_max: float) -> Factor:
    """Return S(q) at all wavevectors of the box up to q_max.

    points  (N, 2); box  (2,) edges; q_max  at least 2 pi over the longer edge
    """
    edges = periodic_edges(box)
    if not 2 * math.pi / edges.max() <= q_max < math.inf:
        raise ValueError(
            f"q_max: the smallest wavenumber of the box is {2 * math.pi / edges.max():.4g}, "
            f"got {q_max:g}"
        )
    points_of(points)
    across, up = (int(q_max * side / (2 * math.pi) * (1 + 1e-12)) for side in edges)
    modes = to_host(density_modes(points, edges, (across, up)))
    m, n = np.meshgrid(np.arange(across + 1), np.arange(-up, up + 1), indexing="ij")
    q = 2 * math.pi * np.stack([m / edges[0], n / edges[1]], axis=-1)
    half = (m > 0) | (n > 0)
    kept = half & (np.hypot(q[..., 0], q[..., 1]) <= q_max * (1 + 1e-12))
    return Factor(q[kept], np.abs(modes[kept]) ** 2 / len(points))


def shells(found: Factor, width: float) -> Shells:
    """Return the mean of S over shells of |q| that are `width` wide; empty ones are left out."""
    if not width > 0:
        raise ValueError(f"width: must be positive, got {width:g}")
    size = np.hypot(found.q[:, 0], found.q[:, 1])
    shell = np.floor(size / width + 0.5).astype(int)  # a shell's middle is a multiple of the width
    vectors = np.bincount(shell)
    some = vectors > 0
    count = vectors[some]
    return Shells(
        np.bincount(shell, size)[some] / count, np.bincount(shell, found.s)[some] / count, count
    )


def coarsening_length(found: Factor, q_cut: float) -> float:
    """Return 2 pi / <|q|>, the mean over wavevectors below q_cut weighted by S(q)/|q|.

    With S averaged over directions this is 2 pi int S dq / int q S dq, the size of the domains;
    q_cut parts them from the peaks of the liquid. Stenhammar et al. (2014) Soft Matter 10, 1489.
    """
    size = np.hypot(found.q[:, 0], found.q[:, 1])
    low = size <= q_cut
    if not low.any():
        raise ValueError(f"q_cut: no wavevector of the box is below {q_cut:g}")
    return float(2 * math.pi * (found.s[low] / size[low]).sum() / found.s[low].sum())
