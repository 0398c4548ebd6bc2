"""What a route finds of a case whose rate is known, and the routes that several cases share.

Rates are of one walker, in nats per unit of time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.production import forces, samples, score, uncertainty
from core.store import Check

FORCE, LEARNED = 0.01, 0.03  # shares of the exact rate within which routes are asked to be
CERTAIN = 4.0  # standard errors, where the exact rate is 0
STEP = 0.005  # between samples of paths
EVEN, G, COARSE = "even", "g", "even, of symbols"


@dataclass(frozen=True)
class Found:
    """What one route finds of one case.

    value, error  the rate and its standard error
    exact         and where that comes from: source
    share         of the exact rate within which it must be; None: a bound that is only shown
    bound         whether the route gives a lower bound: where the rate is 0, only above is wrong
    """

    case: str
    route: str
    convention: str
    value: float
    error: float
    exact: float
    source: str
    share: float | None
    bound: bool = False

    @property
    def tolerance(self) -> float | None:
        """Return what the value may be off by, None where nothing is asked."""
        if self.share is None:
            return None
        return self.share * self.exact if self.exact else CERTAIN * self.error

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return the row for the verification table, or none where nothing is asked."""
        if self.tolerance is None:
            return ()
        quantity = f"{self.case}: {self.route}"
        source = f"{self.source}; standard error {self.error:.1g}"
        upper = self.bound and not self.exact
        kind = "upper" if upper else "absolute"
        return (Check(quantity, self.value, self.exact, self.tolerance, source, kind),)


def over(found: forces.Rate) -> tuple[float, float]:
    """Return the mean over independent walkers and its standard error from their scatter.

    Walkers of short paths tell it better than blocks of time, which may be correlated.
    """
    each = found.per_particle
    return float(each.mean()), float(each.std(ddof=1) / len(each) ** 0.5)


def mean(found: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of independent values and its error from theirs."""
    values, errors = np.array(found).T
    return float(values.mean()), float(np.sqrt((errors**2).sum()) / len(errors))


def along(
    told: Callable[..., Found],
    paths: Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]],
    batches: int,
    diffusivity: float,
) -> Iterator[Found]:
    """Yield heat along paths (x, u, forces) and their snapshots, of batches made one by one."""
    heats, stills = [], []
    for batch in range(batches):
        x, u, f = paths(batch)
        heats.append(over(forces.heat_rate(x, u, STEP, diffusivity)))
        stills.append(over(forces.snapshot_rate(u[::100], f[::100], diffusivity)))
    yield told("heat along paths", *mean(heats), FORCE)
    yield told("forces, snapshots", *mean(stills), FORCE)


def bounded(
    told: Callable[..., Found],
    paths: Callable[[int], np.ndarray],
    batches: int,
    step: float = STEP,
    basis: uncertainty.Basis = uncertainty.linear_currents,
    **more: Any,
) -> Found:
    """Return the uncertainty bound at short times, of batches of paths made one by one."""
    found = (
        uncertainty.tur_bound(paths(batch), step, basis, **more)[2:4] for batch in range(batches)
    )
    return told("uncertainty, extrapolated", *mean(list(found)), LEARNED, bound=True)


def scored(
    family: Callable[[Any], Iterator[score.Terms]], x: np.ndarray
) -> tuple[score.Score, score.Bracket]:
    """Return a score fitted to the first half of samples and its bracket on the second."""
    half = len(x) // 2
    fitted = score.fit(family(x[:half]))
    return fitted, score.entropy_production(fitted, family(x[half:]))


def bracketed(
    told: Callable[..., Found], found: score.Bracket, kind: str, upper: bool = True
) -> Iterator[Found]:
    yield told(f"{kind} score, lower bound", found.lower, found.lower_error, LEARNED, bound=True)
    if upper:
        yield told(f"{kind} score, plug-in", found.plug_in, found.plug_in_error, LEARNED)


def teller(case: str, truth: float, source: str, convention: str = EVEN) -> Callable[..., Found]:
    def told(
        route: str, value: float, error: float, share: float | None, bound: bool = False
    ) -> Found:
        return Found(
            case, route, convention, float(value), float(error), truth, source, share, bound
        )

    return told


def linear(
    told: Callable[..., Found], A: np.ndarray, D: np.ndarray, seed: int, step: float = STEP
) -> Iterator[Found]:
    """Yield the routes that any linear system has: drift, Gaussian score, uncertainty."""
    drift = score.linear_drift(A)
    apart = samples.linear(A, D, 4 / np.linalg.eigvals(A).real.min(), 2000, seed, walkers=1000)
    flow = drift(apart.reshape(-1, len(A)))[0].reshape(apart.shape)
    slopes = np.full(apart.shape[:2], -np.trace(A))
    found = forces.total_from_drift(flow, slopes, D)
    yield told("drift, snapshots", found.value, found.standard_error, LEARNED)
    bracket = scored(lambda x: score.gaussian(x, drift, D), apart[:400])[1]
    yield from bracketed(told, bracket, "Gaussian", upper=bool(told("", 0, 0, None).exact))

    def paths(batch: int) -> np.ndarray:
        return samples.linear(A, D, step, 1000, [seed, batch], walkers=1500)

    yield bounded(told, paths, 6, step)
