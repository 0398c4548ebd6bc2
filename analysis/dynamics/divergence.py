"""How fast neighbours part, from data alone.

S(k) = < ln |x(i + k) - x(j + k)| >,  j a neighbour of i;  lambda = slope of S(k) per time
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import choice, orbit, positive, still, whole
from analysis.dynamics.embedding import mean_period

REFERENCES = 4000  # at most, spread evenly
BLOCKS = 16  # of references, each left out once for the error
SATURATED = 0.5  # of the rise from S(0) to its ceiling: the fit ends below
DENSE = 12  # samples in a mean period, from which on the direction of a flow is known: to 5 %
FOLLOWED = 10  # mean periods
SHORTEST = 4  # points of a fit
SETTLED = 0.1  # last part of two particles' separation, which tells whether it has grown
LARGE = 0.1  # of the orbit's size: separations beyond are as good as independent
SMALL = 1e-3  # of it: below, two particles have stayed together


class Exponent(NamedTuple):
    """The largest exponent per time with its standard error, the fitted times, and the curve.

    times, divergence  (K,) of S, in nats
    """

    value: float
    standard_error: float
    low: float
    high: float
    times: np.ndarray
    divergence: np.ndarray


class TwoParticle(NamedTuple):
    """What the separation of two orbits says.

    verdict     "chaotic": grown to the size of the orbit; "regular": still far below; "undecided"
    final       mean separation (geometric) over the last tenth, in sizes of the orbit
    saturation  time when it first reaches a tenth of the size; NaN if it does not
    rate        slope of ln(separation) from its start to there, per time; a finite-time exponent
    separation  (T,) in units of x
    """

    verdict: str
    final: float
    saturation: float
    rate: float
    separation: np.ndarray


def two_particle(first: Any, second: Any, dt: float = 1.0) -> TwoParticle:
    """Say whether two orbits that start close together part to the size of the orbit.

    first, second  (T, d) or (T,), at the same times, from points 1e-8 apart, say
    dt             time from a sample to the next

    Sizes are the root of twice the summed variances of `first`: the distance of two independent
    points of it. Above 0.1 of it at the end is chaos; below 1e-3 of it is regular motion, where
    neighbours part no faster than a power of time, or a run too short for its exponent: the
    separation of 1e-8 grows to 0.1 in 16/lambda.

    Raises ValueError for NaN, shapes that differ, equal starts, fewer than 20 samples.
    The separation criterion: Lorenz (1963) J. Atmos. Sci. 20, 130; finite-size growth: Aurell et
    al. (1997) J. Phys. A 30, 1.
    """
    a, b = orbit(first, "first", 20), orbit(second, "second", 20)
    step = positive(dt, "dt")
    if a.shape != b.shape:
        raise ValueError(f"second: must have the shape of first, {a.shape}, got {b.shape}")
    size = math.sqrt(2 * float(a.var(axis=0).sum()))
    if size == 0:
        raise ValueError("first: does not move, so that it has no size to compare with")
    separation = np.sqrt(((a - b) ** 2).sum(axis=1))
    if separation[0] == 0:
        raise ValueError("second: starts exactly where first does; give it a small distance")
    if separation[0] > SMALL * size:
        raise ValueError(
            f"second: starts {separation[0] / size:.1e} of the orbit's size away; "
            f"give {SMALL:g} or less"
        )
    floor = np.maximum(separation, np.finfo(float).tiny)
    last = max(2, round(SETTLED * separation.size))
    final = float(np.exp(np.log(floor[-last:]).mean()) / size)
    large = np.flatnonzero(separation >= LARGE * size)
    end = int(large[0]) if large.size else separation.size - 1
    times = step * np.arange(separation.size)
    rate = (
        math.nan if end < 2 else float(np.polyfit(times[: end + 1], np.log(floor[: end + 1]), 1)[0])
    )
    verdict = "chaotic" if final >= LARGE else "regular" if final < SMALL else "undecided"
    return TwoParticle(verdict, final, times[end] if large.size else math.nan, rate, separation)


def _directions(points: np.ndarray, across: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return where each point moves, unit vectors (d, N), and the way of a step (N,)."""
    if not across:
        return np.empty((0, 0)), np.zeros(len(points))
    moves = np.gradient(points, axis=0)
    way = np.linalg.norm(moves, axis=1)
    return np.ascontiguousarray((moves / np.where(way > 0, way, 1.0)[:, None]).T), way


def _followed(
    points: np.ndarray, steps: int, theiler: int, radius: float, across: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return S with all references, and with each block of them left out: (1 + B, K)."""
    from analysis.dynamics.kernels import growth

    last = len(points) - steps
    references = np.unique(np.linspace(0, last - 1, min(last, REFERENCES)).astype(np.int64))
    shape = references.size, steps + 1
    logs, number = np.zeros(shape), np.zeros(shape, np.int64)
    columns, (directions, way) = np.ascontiguousarray(points.T), _directions(points, across)
    growth.follow(columns, directions, way, references, theiler, radius, logs, number)
    used = number > 0
    mean = np.where(used, logs / np.maximum(number, 1), 0.0)
    block = np.arange(references.size) * BLOCKS // references.size
    sums = np.array([mean[block == b].sum(axis=0) for b in range(BLOCKS)])
    counts = np.array([used[block == b].sum(axis=0) for b in range(BLOCKS)])
    left = counts.sum(axis=0) - counts
    if (left < BLOCKS).any():
        raise ValueError(
            f"radius: only {int(counts.sum(axis=0).min())} of {references.size} points have a "
            "neighbour to follow; give a larger radius, or more points"
        )
    return np.concatenate(
        [(sums.sum(axis=0) / counts.sum(axis=0))[None], (sums.sum(axis=0) - sums) / left]
    ), counts.sum(axis=0)


def _slope(curves: np.ndarray, start: int, stop: int) -> np.ndarray:
    k = np.arange(start, stop) - (start + stop - 1) / 2
    return np.asarray(curves[:, start:stop] @ k / (k @ k))


def _region(curves: np.ndarray, ceiling: float) -> tuple[int, int]:
    """Return the window (start, stop) of the fit, by the rule of `lyapunov_from_data`."""
    rise = curves[0] - curves[0, 0]
    over = np.flatnonzero(curves[0] >= curves[0, 0] + SATURATED * (ceiling - curves[0, 0]))
    stop = int(over[0]) if over.size and rise.max() > 0 else curves.shape[1]
    stop = max(stop, min(SHORTEST, curves.shape[1]))
    best, found = math.inf, (0, stop)
    for start in range(max(1, min(stop // 2, stop - SHORTEST + 1))):
        middle = (start + stop) // 2
        each = _slope(curves, start, stop)
        bend = 0.0
        if stop - start >= SHORTEST:
            bend = float((_slope(curves, start, middle + 1) - _slope(curves, middle, stop))[0])
        error = math.hypot(float(each[1:].std()) * math.sqrt(BLOCKS - 1), bend)
        if error < best:
            best, found = error, (start, stop)
    return found


def lyapunov_from_data(
    x: Any,
    dt: float = 1.0,
    *,
    steps: int | None = None,
    theiler: int | None = None,
    method: str = "rosenstein",
    radius: float | None = None,
    fit: tuple[int, int] | None = None,
    across: bool | None = None,
) -> Exponent:
    """Return the largest Lyapunov exponent of an orbit from the parting of its neighbours.

    x        (T, d) or (T,), states or delay vectors (`embed`), in time order
    dt       time from a sample to the next; the exponent is in nats per time
    steps    how many samples neighbours are followed; None: ten mean periods, 20 at least
    theiler  neighbours are at least so many samples away; None: one mean period
    method   "rosenstein": the nearest neighbour of each point; "kantz": all within `radius`
    radius   in units of x; None: a hundredth of the root of the summed variances
    fit      (first, last) step of the line; None: by the rule below
    across   whether distances are those across the flow, which a map has not; None: where a mean
             period has 12 samples or more

    The line ends before S has made half of its way to ln of the distance of independent points, and
    starts, in the first half of that, where hypot(statistical, bend) is smallest: the jackknife
    over 16 parts of the references, and the difference of the slopes of its halves. That is the
    standard error. Distances are Euclidean; 4000 reference points at most.

    Along the flow neighbours do not part. What they are apart in that direction, a part of a
    step when they meet, hides their growth, and the exponent comes out a tenth low; so it is left
    out, by central differences, and a neighbour is at most a step away along it.

    Raises ValueError for NaN, too few points, a radius without neighbours. Periodic orbits have no
    neighbours that part; noise gives a number that means nothing: test with `zero_one_test` and
    surrogates.
    Rosenstein, Collins & De Luca (1993) Physica D 65, 117; Kantz (1994) Phys. Lett. A 185, 77.
    """
    choice(method, "method", ("rosenstein", "kantz"))
    points, step = orbit(x, "x", 100), positive(dt, "dt")
    spread = math.sqrt(float(points.var(axis=0).sum()))
    if still(points):
        raise ValueError("x: all points are equal, but for rounding")
    if radius is not None and method == "rosenstein":
        raise ValueError("radius: the nearest neighbour needs none; use method='kantz'")
    round_ = math.ceil(mean_period(points))
    most = len(points) // 4
    steps = max(20, FOLLOWED * round_) if steps is None else steps
    steps = whole(min(steps, most) if fit is None else steps, "steps", 2, most)
    theiler = min(max(round_, 1), most) if theiler is None else whole(theiler, "theiler", 1, most)
    reach = 0.0
    if method == "kantz":
        reach = 0.01 * spread if radius is None else positive(radius, "radius")
    across = round_ >= DENSE if across is None else across
    curves, _ = _followed(points, steps, theiler, reach, across)
    ceiling = math.log(spread * math.sqrt(2))
    if fit is None:
        start, stop = _region(curves, ceiling)
    else:
        start, stop = whole(fit[0], "fit", 0, steps - 1), whole(fit[1], "fit", 1, steps) + 1
        if stop - start < 2:
            raise ValueError(f"fit: the first step must be below the last, got {fit}")
    each = _slope(curves, start, stop) / step
    middle = (start + stop) // 2
    bend = 0.0
    if stop - start >= SHORTEST:
        bend = float((_slope(curves, start, middle + 1) - _slope(curves, middle, stop))[0]) / step
    error = math.hypot(float(each[1:].std()) * math.sqrt(BLOCKS - 1), bend)
    times = step * np.arange(steps + 1)
    return Exponent(
        float(each[0]), error, float(times[start]), float(times[stop - 1]), times, curves[0]
    )
