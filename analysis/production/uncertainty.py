"""A lower bound on entropy production from fluctuations of currents, with no model of the drift.

    sigma >= 2 <J>^2/(dt Var J),    J = w(x) o dx    over a short time dt

The best combination of K currents has 2 mu^T C^-1 mu/dt. For overdamped, even variables the bound
is the rate itself as dt goes to 0, if the currents span the thermodynamic force. At a finite dt it
may lie above the rate, by a share of about sigma dt/2; what holds at any dt is

    sigma dt >= ln(1 + 2 <J>^2/Var J)
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from analysis.production.checks import positive
from analysis.production.rates import BLOCKS

CONDITION = 1e-10  # of currents' correlations, below which they repeat each other
Basis = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Bound(NamedTuple):
    """A short-time bound on the rate of one row (walker or particle).

    value           2 mu^T C^-1 mu/dt with its bias taken off, of the shortest time; a lower bound
                    as that goes to 0
    standard_error  by leaving out one block of time after the other
    extrapolated    2 value(dt) - value(2 dt), the limit of short times to second order
    extrapolated_error
    bias            taken off, 2 K/(time observed): what K currents without a mean would give
    currents        K, of which independent: rank
    rank
    convention
    certain         ln(1 + value dt)/dt, a lower bound at any dt if rows are independent
    """

    value: float
    standard_error: float
    extrapolated: float
    extrapolated_error: float
    bias: float
    currents: int
    rank: int
    convention: str
    certain: float


def linear_currents(x: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the currents dx_a and x_b o dx_a (rows, n (n + 1)) of steps (rows, n) about x."""
    with_one = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    return (with_one[:, :, None] * step[:, None, :]).reshape(len(x), -1)


def periodic_currents(lengths: Any, modes: int) -> Basis:
    """Return the currents dx_a, cos(q x_a) o dx_a and sin, for up to `modes` waves round a ring.

    lengths  (n,) of the ring, one for each variable
    """
    lengths = np.atleast_1d(np.asarray(lengths, dtype=float))

    def currents(x: np.ndarray, step: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * x[:, :, None] / lengths[:, None] * np.arange(1, modes + 1)
        waves = [np.ones((*x.shape, 1)), np.cos(angle), np.sin(angle)]
        return (np.concatenate(waves, axis=2) * step[:, :, None]).reshape(len(x), -1)

    return currents


def tur_bound(
    x: Any,
    interval: float,
    basis: Basis = linear_currents,
    *,
    box: Any = None,
    blocks: int = BLOCKS,
) -> Bound:
    """Return the short-time bound from paths x, for one row.

    x         (T, rows, n) or (T, n): rows are independent walkers, or particles whose currents
              are local; T of 3 or more
    interval  between samples, short beside every relaxation time and the time between two nats:
              the bound loses to it in proportion, or, where something turns, gains
    basis     (x at mid-step (rows, n), dx (rows, n)) -> currents w(x) dx (rows, K)
    box       lengths of a periodic box, number or (n,)
    blocks    of time, for the errors

    With particles, the noises of different ones are independent over a short time, so that
    covariances between them vanish and the sum of local currents is bounded by the sum over rows:
    the value is per particle.

    Currents that are always 0 are left out.

    Raises ValueError for T below 3, infinite samples, fewer steps than currents (rank shown).
    At any interval: Hasegawa & Van Vu (2019) Phys. Rev. Lett. 123, 110602. At short ones:
    Horowitz & Gingrich (2020) Nat. Phys. 16, 15; Otsubo et al. (2020) Phys. Rev. E 101, 062106;
    Manikandan, Gupta & Krishnamurthy (2020) Phys. Rev. Lett. 124, 120603.
    """
    positive(interval=interval)
    x = np.asarray(x, dtype=float)
    x = x[:, None, :] if x.ndim == 2 else x
    if x.ndim != 3 or len(x) < 3:
        raise ValueError(f"x: must be (T, rows, n) with T of 3 or more, got {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x: holds NaN or infinity")
    parts = min(blocks, len(x) // 2)
    lengths = None if box is None else np.asarray(box, dtype=float)
    one = list(_moments(x, 1, basis, lengths, parts))
    two = list(_moments(x, 2, basis, lengths, parts))
    value, bias, rank = _best(one, interval)
    double, _, _ = _best(two, 2 * interval, rows_shared=2)
    left = []
    if parts > 1:
        for i in range(parts):
            a = _best(one[:i] + one[i + 1 :], interval)[0]
            b = _best(two[:i] + two[i + 1 :], 2 * interval, rows_shared=2)[0]
            left.append((a, 2 * a - b))
    errors = np.full(2, np.nan)
    if left:
        errors = np.sqrt((parts - 1) * np.var(left, axis=0))
    return Bound(
        value, float(errors[0]), 2 * value - double, float(errors[1]), bias, len(one[0][1]), rank,
        f"even: a lower bound from {rank} currents as the interval, {interval:g}, goes to 0",
        float(np.log1p(max(value, 0.0) * interval)) / interval,
    )  # fmt: skip


Moments = tuple[int, np.ndarray, np.ndarray]


def _moments(
    x: np.ndarray, stride: int, basis: Basis, box: np.ndarray | None, parts: int
) -> Iterator[Moments]:
    """Yield (steps, sum of currents (K,), sum of their products (K, K)) of each block of time."""
    edges = np.linspace(0, len(x) - stride, parts + 1).astype(int)
    for low, high in pairwise(edges.tolist()):
        count, first, second = 0, None, None
        for t in range(low, high, 4096):
            start = x[t : min(t + 4096, high)]
            step = x[t + stride : min(t + 4096, high) + stride] - start
            if box is not None:
                step = step - box * np.round(step / box)
            n = x.shape[-1]
            middle, step = (start + step / 2).reshape(-1, n), step.reshape(-1, n)
            current = basis(middle, step)
            count += len(current)
            one, two = current.sum(axis=0), current.T @ current
            first = one if first is None else first + one
            second = two if second is None else second + two
        if first is not None and second is not None:
            yield count, first, second


def _best(moments: list[Moments], time: float, rows_shared: int = 1) -> tuple[float, float, int]:
    """Return (bound less its bias, the bias, rank) of summed moments.

    rows_shared  steps that overlap count as so many fewer
    """
    count = sum(m[0] for m in moments)
    mean = np.sum([m[1] for m in moments], axis=0) / count
    spread = np.sum([m[2] for m in moments], axis=0) / count - np.outer(mean, mean)
    scale = np.sqrt(np.maximum(np.diag(spread), 0.0))
    moving = scale > 0
    if count <= len(mean) or not moving.any() or mean[~moving].any():
        raise ValueError(
            f"x: {count} steps for {len(mean)} currents, {int(moving.sum())} of which "
            "fluctuate; give more samples or fewer currents"
        )
    mean, scale, spread = mean[moving], scale[moving], spread[np.ix_(moving, moving)]
    values, vectors = np.linalg.eigh(spread / np.outer(scale, scale))
    kept = values > CONDITION * values.max()
    along = vectors.T @ (mean / scale)
    best = 2 * float((along[kept] ** 2 / values[kept]).sum()) / time
    rank = int(kept.sum())
    bias = 2 * rank * rows_shared / (count * time)
    return best - bias, bias, rank
