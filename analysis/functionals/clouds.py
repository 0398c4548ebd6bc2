"""Functionals of points, pairs of series and density matrices."""

from typing import Any, Literal

import numpy as np

from analysis.functionals.registry import FUNCTIONALS, Result, told
from analysis.observables import Matrices, Pair, Points
from core.config import Order
from core.errors import ConfigError

Functional = Literal["shannon", "renyi", "tsallis"]
Method = Literal["ksg", "hist", "gaussian"]
Kernel = Literal["linear", "gaussian"]
FIRST = Order(1.0)


def _one(values: Any, label: str, units: str, convention: str) -> Result:
    return Result(np.atleast_1d(values)[:, None], ("",), label, units, convention)


def _neighbours(*, k: int = 4, entropy: Functional = "shannon", param: Order | None = None) -> None:
    if k < 1:
        raise ConfigError(f"k: must be 1 or more, got {k}")
    if (entropy == "shannon") != (param is None):
        raise ConfigError("param: give the order of renyi or tsallis, and none to shannon")
    if param is not None and not param < k + 1:
        raise ConfigError(f"param: must be below k + 1 = {k + 1}, got {param:g}")


@FUNCTIONALS.register("knn_entropy", takes=Points, rule=_neighbours)
def of_neighbours(
    found: Points, *, k: int = 4, entropy: Functional = "shannon", param: Order | None = None
) -> Result:
    """Return the differential entropy of the points from their k-th neighbours."""
    from analysis.entropy.knn import knn_entropy

    values = knn_entropy(found.values, k, measure=entropy, param=param, box=found.box)
    what = entropy if param is None else f"{entropy} of order {param:g}"
    name = f"Nearest-neighbour entropy ({what}) of {found.label}"
    boundary = "open" if found.box is None else "periodic box"
    units = "1" if entropy == "tsallis" else "nat"
    return _one(values, name, units, f"differential; k = {k}, Euclidean, {boundary}")


def _vendi_rule(*, q: Order = FIRST, kernel: Kernel = "linear", sigma: float | None = None) -> None:
    if q < 0:
        raise ConfigError(f"q: must be 0 or more, got {q:g}")
    if (kernel == "gaussian") != (sigma is not None):
        raise ConfigError("sigma: the gaussian kernel needs it, the linear one takes none")
    _positive(sigma=sigma)


def _positive(**named: float | None) -> None:
    for name, value in named.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{name}: must be positive, got {value:g}")


def _diffusion_rule(*, sigma: float, t: int = 1) -> None:
    _positive(sigma=sigma, t=t)


def _transfer_room(
    samples: int,
    *,
    k: int = 1,
    l: int = 1,  # noqa: E741  (the field's symbol)
    lag: int = 1,
    method: Method = "gaussian",
) -> None:
    _positive(k=k, l=l, lag=lag)
    past = max(k, lag + l - 1)
    if past >= samples:
        raise ConfigError(f"lag: series of {samples} samples are too short for a past of {past}")


@FUNCTIONALS.register("vendi", takes=Points, rule=_vendi_rule)
def of_vendi(
    found: Points, *, q: Order = FIRST, kernel: Kernel = "linear", sigma: float | None = None
) -> Result:
    """Return the Vendi score: how many different points there are, in effect."""
    from analysis.entropy.matrices import GaussianKernel, vendi

    how = "linear" if sigma is None else GaussianKernel(sigma)
    values = [float(vendi(X=row, q=q, kernel=how)) for row in found.values]
    name = f"Vendi score of {found.label}"
    return _one(values, name, "1", told(f"order {q:g}, {kernel} kernel", _width(sigma)))


def _width(sigma: float | None) -> str:
    return "" if sigma is None else f"sigma = {sigma:g}"


@FUNCTIONALS.register("diffusion_spectral_entropy", takes=Points, rule=_diffusion_rule)
def of_diffusion(found: Points, *, sigma: float, t: int = 1) -> Result:
    """Return the entropy of the spectrum of a diffusion over the points, after t steps."""
    from analysis.entropy.diffusion import diffusion_spectral_entropy

    values = [float(diffusion_spectral_entropy(row, sigma, t)) for row in found.values]
    name = f"Diffusion spectral entropy of {found.label}"
    return _one(values, name, "nat", f"Gaussian kernel, sigma = {sigma:g}, t = {t}")


@FUNCTIONALS.register("von_neumann", takes=Matrices)
def of_von_neumann(found: Matrices, *, alpha: Order = FIRST) -> Result:
    """Return -tr rho ln rho, or the Rényi entropy of its eigenvalues."""
    from analysis.entropy.matrices import von_neumann

    values = von_neumann(found.values, alpha)
    name = f"von Neumann entropy of {found.label}"
    return _one(values, name, "nat", f"Rényi order {alpha:g} of the eigenvalues, trace 1")


@FUNCTIONALS.register("mutual_information", takes=Pair)
def of_mutual(found: Pair, *, method: Method = "ksg") -> Result:
    """Return the mutual information of two series, sample by sample."""
    from analysis.entropy.information import mutual_info

    rows = zip(found.first, found.second, strict=True)
    values = [float(mutual_info(x, y, method=method)) for x, y in rows]
    return _one(values, f"Mutual information of {found.label}", "nat", f"method {method}")


@FUNCTIONALS.register("transfer_entropy", takes=Pair, room=_transfer_room)
def of_transfer(
    found: Pair,
    *,
    k: int = 1,
    l: int = 1,  # noqa: E741  (the field's symbol)
    lag: int = 1,
    method: Method = "gaussian",
) -> Result:
    """Return the transfer entropy of two series, each way."""
    from analysis.entropy.information import transfer_entropy

    def one_way(source: np.ndarray, target: np.ndarray) -> list[float]:
        rows = zip(source, target, strict=True)
        return [float(transfer_entropy(x, y, k, l, lag, method=method)) for x, y in rows]

    values = np.stack([one_way(found.first, found.second), one_way(found.second, found.first)])
    return Result(
        values.T,
        ("from the first", "from the second"),
        f"Transfer entropy of {found.label}",
        "nat",
        f"method {method}; {k} samples of the target's past, {l} of the source's, lag {lag}",
    )
