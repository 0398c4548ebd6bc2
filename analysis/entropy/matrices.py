"""Entropies of the eigenvalues of a positive matrix of trace 1.

    R_a = ln(sum w^a) / (1 - a),  w the eigenvalues over their sum

The matrix is a density matrix (von Neumann) or a kernel over its number of points (Vendi).
Eigenvalues below n eps times the largest are rounding: they count as 0, or low orders would count
them as states.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device

from analysis.entropy.checks import reals
from analysis.entropy.functionals import NORMALISED, renyi
from core.backend import namespace, to_host

Array = Any
Order = Any  # a number, or an array of numbers
TILE = 32768  # elements that stay in a CPU's cache
DEVICE_TILE = 1 << 25  # elements at once elsewhere
FEW = 8  # coordinates up to which differences cost no more than a matrix product
NEAR = 128.0  # |x|^2 up to which |x|^2 + |y|^2 - 2 x.y is good to some 500 eps


def _square(matrix: Array, name: str) -> tuple[Array, Any]:
    """Return (a finite Hermitian matrix or stack of them, its namespace)."""
    if hasattr(matrix, "toarray"):  # SciPy's sparse matrices
        matrix = matrix.toarray()
    if isinstance(matrix, list | tuple):
        matrix = np.asarray(matrix)
    xp = namespace(matrix)
    if xp.isdtype(matrix.dtype, ("integral", "bool")):
        matrix = xp.astype(matrix, xp.float64)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or 0 in matrix.shape:
        raise ValueError(f"{name}: must be a square matrix (..., n, n), got shape {matrix.shape}")
    if not bool(xp.all(xp.isfinite(matrix))):
        raise ValueError(f"{name}: holds NaN or infinity")
    mirror = xp.matrix_transpose(matrix)
    if xp.isdtype(matrix.dtype, "complex floating"):
        mirror = xp.conj(mirror)
    if bool(xp.any(xp.abs(matrix - mirror) > NORMALISED)):
        raise ValueError(f"{name}: must be symmetric (Hermitian if complex) within {NORMALISED:g}")
    return matrix, xp


def weights(matrix: Array, xp: Any, name: str, terms: int = 0) -> Array:
    """Return the eigenvalues (..., n) over their sum, those of rounding set to 0.

    terms  products in each element of the matrix, if more than its size: they round too
    """
    values = xp.linalg.eigvalsh(matrix)
    rounding = max(matrix.shape[-1], terms) * float(xp.finfo(values.dtype).eps)
    largest = xp.max(values, axis=-1, keepdims=True)
    if bool(xp.any(values < -max(NORMALISED, rounding) * largest)):
        raise ValueError(f"{name}: has a negative eigenvalue; it must be positive semidefinite")
    values = xp.where(values > rounding * largest, values, xp.zeros_like(values))
    return values / xp.sum(values, axis=-1, keepdims=True)


def von_neumann(rho: Array, alpha: Order = 1) -> Array:
    """Return the von Neumann entropy of a density matrix, or its Rényi entropy, in nats.

    rho    (..., n, n) real or complex, Hermitian, of trace 1
    alpha  order 0 (ln rank), 1 (-tr rho ln rho), inf (-ln of the largest eigenvalue), any other;
           an array of orders of shape s gives (..., *s)

    Eigenvalues below n eps times the largest count as 0.

    Raises ValueError for NaN, a matrix not Hermitian, of trace other than 1 (tolerance 1e-6) or
    with a negative eigenvalue (below -1e-6 of the largest).
    von Neumann (1932) Mathematische Grundlagen der Quantenmechanik, sec. V.2; other orders:
    Müller-Lennert et al. (2013) J. Math. Phys. 54, 122203, sec. I.
    """
    rho, xp = _square(rho, "rho")
    trace = xp.linalg.trace(rho)
    if bool(xp.any(xp.abs(trace - 1) > NORMALISED)):
        raise ValueError(f"rho: must have trace 1 within {NORMALISED:g}")
    return renyi(weights(rho, xp, "rho"), alpha)


@dataclass(frozen=True)
class GaussianKernel:
    """k(x, y) = exp(-|x - y|^2 / (2 sigma^2)): called with X (n, d), it gives the kernel (n, n).

    Distances are good to rounding however far the points are from the origin.
    """

    sigma: float

    def __post_init__(self) -> None:
        if not (self.sigma > 0 and math.isfinite(self.sigma)):
            raise ValueError(f"sigma: must be positive and finite, got {self.sigma}")

    def __call__(self, X: Array) -> Array:
        X, xp = points(X, 2)
        exponents, n = _exponents(X, self.sigma, xp), X.shape[0]
        kernel = xp.zeros((n, n), dtype=X.dtype, device=device(X))
        for start, stop in _tiles(X):
            kernel[start:stop, :] = xp.exp(exponents(slice(start, stop), slice(0, n)))
        return kernel

    def square_sum(self, X: Array) -> Array:
        """Return the sum of the squares of the kernel, which is never stored whole; 0-d."""
        X, xp = points(X, 2)
        exponents, n = _exponents(X, self.sigma / math.sqrt(2), xp), X.shape[0]
        total = 0.0
        for start, stop in _tiles(X):
            total = total + xp.sum(xp.exp(exponents(slice(start, stop), slice(start, stop))))
            if stop < n:
                total = total + 2 * xp.sum(xp.exp(exponents(slice(start, stop), slice(stop, n))))
        return total


Kernel = str | GaussianKernel | Callable[[Array], Array]


def points(X: Array, axes: int = 0) -> tuple[Array, Any]:
    X, xp = reals(X, "X")
    if X.ndim < 2 or (axes and X.ndim != axes):
        raise ValueError(f"X: must be points (n, d), one a row, got shape {X.shape}")
    return X, xp


def _tiles(X: Array) -> list[tuple[int, int]]:
    """Return the runs of rows whose kernel with all points fits a tile."""
    n = X.shape[0]
    rows = max(1, (TILE if isinstance(X, np.ndarray) else DEVICE_TILE) // n)
    return [(start, min(start + rows, n)) for start in range(0, n, rows)]


def _exponents(X: Array, sigma: float, xp: Any) -> Callable[[slice, slice], Array]:
    """Return the function of two runs of points that gives -|x - y|^2 / (2 sigma^2).

    A matrix product is the fast form, but loses digits where the points lie far apart in units of
    sigma; differences never do.
    """
    X = X - xp.mean(X, axis=0, keepdims=True)
    reach, d = float(xp.max(xp.abs(X))) / sigma, X.shape[1]
    if not reach < math.sqrt(float(xp.finfo(X.dtype).max) / d) / 4:
        raise ValueError(f"sigma: {sigma:g} is too small for the extent of X, raise it")
    X = X / (sigma * math.sqrt(2))
    square = xp.sum(X * X, axis=1, keepdims=True)
    if d > FEW and float(xp.max(square)) <= NEAR:
        ones = xp.ones_like(square)
        left = xp.concat([2 * X, -square, -ones], axis=1)
        right = xp.matrix_transpose(xp.concat([X, ones, square], axis=1))
        return lambda first, second: left[first, :] @ right[:, second]
    columns = [xp.asarray(X[:, k], copy=True) for k in range(d)]  # contiguous

    def by_differences(first: slice, second: slice) -> Array:
        total = 0.0
        for k in range(d):
            step = columns[k][first][:, None] - columns[k][second][None, :]
            step *= step
            total = total - step
        return total

    return by_differences


def vendi(
    K: Array | None = None,
    X: Array | None = None,
    q: Order = 1,
    kernel: Kernel | None = None,
) -> Array:
    """Return the Vendi score, the effective number of different points, from 1 to n.

    K       (..., n, n) similarities, symmetric, positive semidefinite, 1 on the diagonal; SciPy's
            sparse matrices are made dense
    X       (..., n, d) points, instead of K
    q       order, 0 (rank) to inf; 2 needs no eigenvalues; an array of orders of shape s gives
            (..., *s)
    kernel  of the points: None or "linear" (cosine: rows are divided by their length),
            GaussianKernel(sigma), or any function of X (n, d) that returns K

    The score is exp(R_q) of the eigenvalues of K/n. Eigenvalues below n eps times the largest
    count as 0. With q = 2 nothing is diagonalised, so that a negative eigenvalue is not seen.

    Raises ValueError for K and X both or neither, NaN, q < 0, K not symmetric or not 1 on its
    diagonal (tolerance 1e-6) or with a negative eigenvalue, a row of zeros with the linear kernel.
    Friedman & Dieng (2023) Trans. Mach. Learn. Res., def. 3.1; other orders: Pasarkar & Dieng
    (2024) AISTATS.
    """
    if (K is None) == (X is None):
        raise ValueError("K: give either K or X")
    if not np.all(np.asarray(to_host(q), dtype=float) >= 0):
        raise ValueError(f"q: must be 0 or more, got {q}")
    if K is not None:
        if kernel is not None:
            raise ValueError("kernel: needs the points X; K is a kernel already")
        return _score(*_similarities(K), q, "K")
    if isinstance(kernel, str) and kernel != "linear":
        raise ValueError(f"kernel: must be linear, GaussianKernel or a function, got {kernel!r}")
    X, xp = points(X)
    if kernel is None or isinstance(kernel, str):
        gram, terms = _linear(X, xp)
        return _score(gram, xp, q, "X", terms)

    def one(points: Array) -> Array:
        if isinstance(kernel, GaussianKernel):
            if _is_two(q):
                return points.shape[0] ** 2 / kernel.square_sum(points)
            return _score(kernel(points), xp, q, "X")
        return _score(*_similarities(kernel(points)), q, "kernel")

    return each(one, X, xp)


def _is_two(q: Order) -> bool:
    return np.ndim(to_host(q)) == 0 and float(q) == 2


def each(one: Callable[[Array], Array], X: Array, xp: Any) -> Array:
    """Return one(points) for each set of points (..., n, d), the batch in front."""
    if X.ndim == 2:
        return one(X)
    batch = X.shape[:-2]
    X = xp.reshape(X, (-1, *X.shape[-2:]))
    results = xp.stack([one(X[i, :, :]) for i in range(X.shape[0])])
    return xp.reshape(results, (*batch, *results.shape[1:]))


def _similarities(K: Array) -> tuple[Array, Any]:
    K, xp = _square(K, "K")
    if not xp.isdtype(K.dtype, "real floating"):
        raise ValueError(f"K: must be real numbers, got {K.dtype}")
    if bool(xp.any(xp.abs(xp.linalg.diagonal(K) - 1) > NORMALISED)):
        raise ValueError(f"K: must be 1 on its diagonal within {NORMALISED:g}")
    return K, xp


def _linear(X: Array, xp: Any) -> tuple[Array, int]:
    """Return (X X^T or X^T X of rows of length 1, the smaller of the two; terms in an element)."""
    largest = xp.max(xp.abs(X), axis=-1, keepdims=True)
    if bool(xp.any(largest == 0)):
        raise ValueError("X: has a row of zeros, which has no direction; drop it")
    X = X / largest  # so that no square overflows or vanishes
    X = X / xp.sqrt(xp.sum(X * X, axis=-1, keepdims=True))
    turned = xp.matrix_transpose(X)
    return (turned @ X if X.shape[-1] < X.shape[-2] else X @ turned), max(X.shape[-2:])


def _score(matrix: Array, xp: Any, q: Order, name: str, terms: int = 0) -> Array:
    if _is_two(q):
        trace = xp.linalg.trace(matrix)
        return trace * trace / xp.sum(matrix * matrix, axis=(-2, -1))
    return xp.exp(renyi(weights(matrix, xp, name, terms), q))
