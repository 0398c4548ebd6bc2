"""What a point of the complexity-entropy plane is read against: edges, noise, known processes."""

from functools import lru_cache

import numpy as np

from analysis.entropy import process_patterns, processes
from analysis.entropy.complexity import complexity_entropy, statistical_complexity
from analysis.entropy.complexity_bounds import HIGHEST_PARAM, hc_bounds
from analysis.entropy.complexity_noise import hc_expected_noise

HURST = np.linspace(0.1, 0.9, 17)
EXACT = 4  # up to this order the pattern probabilities of Brownian motion have a closed form
LONG = 1 << 16  # samples, where they have not
SEED = 20070


def _brownian(order: int, measure: str, param: float | None) -> np.ndarray:
    """Return h and C of fractional Brownian motion over Hurst exponents, (2, 17).

    Orders 3 and 4 are exact; higher ones are measured on one long exact realisation of each.
    """
    if order in (3, EXACT):
        p = np.stack([process_patterns.brownian_patterns(hurst, order) for hurst in HURST])
        return np.stack(statistical_complexity(p, measure=measure, param=param))
    x = np.stack([processes.fractional_brownian_motion(LONG, hurst, seed=SEED) for hurst in HURST])
    return np.stack(complexity_entropy(x, order, measure=measure, param=param))


@lru_cache(maxsize=4)
def plane(
    order: int, samples: int, delay: int, measure: str, param: float | None
) -> dict[str, np.ndarray]:
    """Return the edges of the plane and the places of known processes, each (2, points).

    lower, upper  the edges, for orders from 1 on

    noise      white noise of as many samples; only for Shannon, where its place is known
    brownian   fractional Brownian motion, Hurst exponents 0.1 to 0.9
    logistic   the logistic map at r = 4, exact
    """
    found = {"brownian": _brownian(order, measure, param)}
    if param is None or 1 <= param <= HIGHEST_PARAM:
        bounds = hc_bounds(order, measure=measure, param=param, points=400)
        found["lower"], found["upper"] = np.stack(bounds.lower), np.stack(bounds.upper)
    if order <= 6:
        p = np.asarray(process_patterns.logistic_patterns(order), dtype=float)
        point = statistical_complexity(p, measure=measure, param=param)
        found["logistic"] = np.array([[float(point.h)], [float(point.c)]])
    if measure == "shannon":
        found["noise"] = np.array(hc_expected_noise(order, samples, delay)).reshape(2, 1)
    return found
