"""Points of the plane spread onto a periodic grid as Gaussians, whose transform is known.

g(m, n) = sum_j exp(-(h m - x_j)^2/(4 tau)) exp(-(h n - y_j)^2/(4 tau)),  periods 2 pi
"""

# mypy: disable-error-code="no-untyped-def"

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def spread(x, y, grid, reach, tau_x, tau_y):
    """Add the Gaussians of points to a grid (n_x, n_y), up to `reach` places on either side.

    x, y  (N,) in 0 .. 2 pi
    """
    nx, ny = grid.shape
    hx, hy = 2 * np.pi / nx, 2 * np.pi / ny
    wide = 2 * reach
    ex, ey = np.empty(wide), np.empty(wide)
    columns = np.empty(wide, np.int64)
    for j in range(x.size):
        left, low = int(x[j] / hx), int(y[j] / hy)
        for s in range(wide):
            dx = (left + s - reach + 1) * hx - x[j]
            dy = (low + s - reach + 1) * hy - y[j]
            ex[s] = np.exp(-dx * dx / (4 * tau_x))
            ey[s] = np.exp(-dy * dy / (4 * tau_y))
            columns[s] = (low + s - reach + 1) % ny
        straight = columns[wide - 1] == columns[0] + wide - 1
        for s in range(wide):
            row = (left + s - reach + 1) % nx
            if straight:
                first = columns[0]
                for t in range(wide):
                    grid[row, first + t] += ex[s] * ey[t]
            else:
                for t in range(wide):
                    grid[row, columns[t]] += ex[s] * ey[t]
