"""Diffusion spectral entropy: of the spectrum of a random walk among points.

    H = -sum w ln w,  w = lambda^t / sum lambda^t,  lambda the eigenvalues of D^-1 G

with G the Gaussian kernel of all pairs of points and D its row sums.
"""

import math
from typing import Any

import numpy as np

from analysis.entropy.checks import like, symbols
from analysis.entropy.functionals import shannon
from analysis.entropy.matrices import GaussianKernel, each, points, weights
from core.backend import to_host

Array = Any


def _walk_entropy(kernel: Array, t: float, xp: Any, base: float | None, anisotropic: bool) -> Array:
    """Return the entropy of the walk on a kernel (n, n), which is overwritten.

    D^-1/2 G D^-1/2 has the eigenvalues of D^-1 G and is symmetric.
    """
    degree = xp.sum(kernel, axis=1)
    if anisotropic:
        density = degree
        degree = (kernel @ (1 / density)) / density
        scale = 1 / (density * xp.sqrt(degree))
    else:
        scale = 1 / xp.sqrt(degree)
    kernel *= scale[:, None]
    kernel *= scale[None, :]
    values = weights(kernel, xp, "X")
    values = (values / xp.max(values)) ** t
    return shannon(values / xp.sum(values), base=base)


def _time(t: float) -> float:
    if not (t > 0 and math.isfinite(t)):
        raise ValueError(f"t: must be positive and finite, got {t}")
    return float(t)


def diffusion_spectral_entropy(
    X: Array,
    sigma: float,
    t: float = 1,
    *,
    base: float | None = None,
    anisotropic: bool = False,
) -> Array:
    """Return the diffusion spectral entropy of points: that of the spectrum of a walk among them.

    X      (..., n, d) points
    sigma  width of the kernel G = exp(-|x - y|^2 / (2 sigma^2)), in the units of X
    t      steps of the walk, any positive number: more steps forget more of the detail, from
           ln n towards ln of the number of separate clusters
    base   of the logarithm; None gives nats
    anisotropic  divide G by the densities of both points first, so that uneven sampling counts less

    The weights are the eigenvalues of D^-1 G to the power t over their sum, D the row sums of G.

    Raises ValueError for NaN, X that is no set of points, sigma or t not positive and finite.
    Liao et al. (2023) Assessing neural network representations ..., arXiv:2312.04823;
    anisotropic: Coifman & Lafon (2006) Appl. Comput. Harmon. Anal. 21, 5, sec. 3.
    """
    X, xp = points(X)
    kernel, t = GaussianKernel(sigma), _time(t)
    return each(lambda x: _walk_entropy(kernel(x), t, xp, base, anisotropic), X, xp)


def diffusion_spectral_mutual_information(
    X: Array,
    Y: Array,
    sigma: float,
    t: float = 1,
    *,
    base: float | None = None,
    anisotropic: bool = False,
) -> Array:
    """Return how much labels tell of points: DSE(X) - sum p(y) DSE(points of label y); 0-d.

    X  (n, d) points;  Y  (n,) integer labels
    sigma, t, base, anisotropic  as in `diffusion_spectral_entropy`

    Every point is used: no subsets are drawn to make small and large classes alike, though the
    entropy of few points is low because they are few.

    Raises ValueError as `diffusion_spectral_entropy`, and for labels that are not n integers.
    Liao et al. (2023) arXiv:2312.04823.
    """
    X, xp = points(X, 2)
    labels, n = to_host(symbols(Y, "Y")[0]), X.shape[0]
    if labels.shape != (n,):
        raise ValueError(f"Y: must be one label a point, ({n},), got shape {labels.shape}")
    kernel, t = GaussianKernel(sigma)(X), _time(t)
    within = 0.0
    for label in np.unique(labels):
        members = like(np.flatnonzero(labels == label), X)
        block = xp.take(xp.take(kernel, members, axis=0), members, axis=1)
        part = _walk_entropy(block, t, xp, base, anisotropic)
        within = within + members.shape[0] / n * part
    return _walk_entropy(kernel, t, xp, base, anisotropic) - within
