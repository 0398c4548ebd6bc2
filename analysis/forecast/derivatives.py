"""The rates of a sampled series, or their integrals against test functions, in which none is taken.

    finite differences of order 2n;  Savitzky-Golay: the slope of a polynomial fitted to a window
    weak:  integral of phi f(x) dt = - integral of (d phi/dt) x dt,  phi = (1 - s^2)^q, |s| < 1

Each gives the two sides of dx/dt = library(x) C as rows: A C = B.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Library = Callable[[np.ndarray], np.ndarray]


def _rows(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return the sums of a kernel (2 w + 1,) over windows of x (T, d), every `stride` samples."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(kernel), axis=0)
    return windows[::stride] @ kernel


def _room(x: np.ndarray, wide: int) -> None:
    if len(x) <= wide:
        raise ValueError(f"series: {len(x)} samples, but windows of {wide} are needed; give more")


def stencil(order: int) -> np.ndarray:
    """Return the weights (order + 1,) of the central first derivative of an even order.

    Fornberg (1988) Math. Comput. 51, 699, Table 1, by its closed form
    (-1)^(k+1) (n!)^2 / (k (n - k)! (n + k)!), n = order/2.
    """
    if order < 2 or order % 2:
        raise ValueError(f"order: must be 2, 4, 6, ..., got {order}")
    n = order // 2
    half, factor = [], 1.0
    for k in range(1, n + 1):
        factor *= (n - k + 1) / (n + k)  # (n!)^2 / ((n - k)! (n + k)!)
        half.append((-1) ** (k + 1) * factor / k)
    return np.array([*(-np.array(half[::-1])), 0.0, *half])


@dataclass(frozen=True)
class Finite:
    """Central differences of an even order."""

    order: int = 4

    def rows(self, x: np.ndarray, dt: float, library: Library) -> tuple[np.ndarray, np.ndarray]:
        """Return A (n, p) and B (n, d) of a series x (T, d) sampled every dt."""
        weights = stencil(self.order) / dt
        _room(x, len(weights))
        half = self.order // 2
        return library(x[half:-half]), _rows(x, weights, 1)


@dataclass(frozen=True)
class SavitzkyGolay:
    """The slope at the middle of a polynomial fitted to a window of samples.

    Savitzky & Golay (1964) Anal. Chem. 36, 1627.
    """

    window: int = 11
    degree: int = 4

    def rows(self, x: np.ndarray, dt: float, library: Library) -> tuple[np.ndarray, np.ndarray]:
        """Return A (n, p) and B (n, d) of a series x (T, d) sampled every dt."""
        from scipy.signal import savgol_coeffs

        if self.window % 2 == 0 or self.window <= self.degree:
            raise ValueError(f"window: must be odd and above {self.degree}, got {self.window}")
        _room(x, self.window)
        weights = savgol_coeffs(self.window, self.degree, deriv=1, delta=dt, use="dot")
        half = self.window // 2
        return library(x[half:-half]), _rows(x, weights, 1)


@dataclass(frozen=True)
class Weak:
    """Integrals against test functions over windows; the trapezoidal rule is exact to (1/w)^q.

    half    samples on either side of a window's middle
    power   q of the test functions
    stride  samples between windows

    Messenger & Bortz (2021) Multiscale Model. Simul. 19, 1474, Sec. 2.
    """

    half: int = 24
    power: int = 8
    stride: int = 2

    def rows(self, x: np.ndarray, dt: float, library: Library) -> tuple[np.ndarray, np.ndarray]:
        """Return A (n, p) and B (n, d) of a series x (T, d) sampled every dt."""
        _room(x, 2 * self.half + 1)
        s = np.linspace(-1, 1, 2 * self.half + 1)
        phi = (1 - s**2) ** self.power
        slope = -2 * self.power * s * (1 - s**2) ** (self.power - 1) / (self.half * dt)
        size = phi.sum()
        return _rows(library(x), phi / size, self.stride), _rows(x, -slope / size, self.stride)


@dataclass(frozen=True)
class Next:
    """The sample after, for maps: x(t + 1) = library(x(t)) C."""

    def rows(self, x: np.ndarray, dt: float, library: Library) -> tuple[np.ndarray, np.ndarray]:
        """Return A (n, p) and B (n, d) of an orbit x (T, d)."""
        _room(x, 1)
        return library(x[:-1]), x[1:]


METHODS: dict[str, Weak | Finite | SavitzkyGolay] = {
    "weak": Weak(),
    "finite": Finite(),
    "savitzky_golay": SavitzkyGolay(),
}
