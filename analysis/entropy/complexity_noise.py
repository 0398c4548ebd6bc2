"""Where white noise of finite length lies on the complexity-entropy plane.

A series of T samples has W = T - (d - 1) tau windows, and frequencies that scatter about 1/d!:
E[H] falls short of ln d! and E[C] is above 0 though nothing is complex. Windows that overlap are
not independent, which for small d makes the scatter less than multinomial.
"""

import math
from functools import cache

import numpy as np

from analysis.entropy.checks import whole
from analysis.entropy.complexity import HC, largest_divergence
from analysis.entropy.ordinal import HIGHEST, ordinal_patterns, windows


@cache
def repeat_probability(order: int, lag: int) -> float:
    """Return the probability that white noise has equal patterns `lag` samples apart, delay 1.

    Two windows that share d - lag samples fit if the shared ones are in the same order in both;
    the others then interleave freely between them: a product of binomials for each pattern, over
    (d + lag)! orders of all samples.
    """
    if lag >= order:
        return 1 / math.factorial(order)
    total = 0
    for pattern in ordinal_patterns(order).tolist():
        shared_late = [i - lag for i in pattern if i >= lag]  # places in the second window
        shared_early = [i for i in pattern if i < order - lag]
        if shared_late != shared_early:
            continue
        # how many private samples of each window lie below, between and above the shared ones
        first, second = [0], [0]
        for i in pattern:
            if i >= lag:
                first.append(0)
            else:
                first[-1] += 1
            if i < order - lag:
                second.append(0)
            else:
                second[-1] += 1
        total += math.prod(math.comb(a + b, a) for a, b in zip(first, second, strict=True))
    return total / math.factorial(order + lag)


def scatter(order: int, samples: int, delay: int = 1) -> float:
    """Return the variance of the frequencies of white noise over that of independent windows."""
    found = windows(samples, order, delay)
    u = 1 / math.factorial(order)
    overlap = sum(
        (1 - lag * delay / found) * (repeat_probability(order, lag) - u)
        for lag in range(1, order)
        if lag * delay < found
    )
    return 1 + 2 * overlap / (1 - u)


def hc_expected_noise(order: int, T: int, delay: int = 1) -> HC:
    """Return the expected (h, c) of white noise of T samples, to second order in the scatter.

    order  2 to 8; T  samples; delay  of the patterns

    Exact for independent windows (a sum over the binomial law of one frequency), then scaled by
    the true variance of the frequencies over the independent one. c is E[D] E[h] / D_max.

    Raises ValueError for a series shorter than a window.
    Overlaps: own derivation, see `repeat_probability`; the plane: Rosso et al. (2007)
    Phys. Rev. Lett. 99, 154102.
    """
    from scipy.stats import binom  # takes half a second to import

    found = windows(whole(T, "T", 1), whole(order, "order", 2, HIGHEST), delay)
    size = math.factorial(order)
    u = 1 / size
    spread = math.sqrt(found * u * (1 - u))
    low = max(0, math.floor(found * u - 12 * spread - 30))
    high = min(found, math.ceil(found * u + 12 * spread + 30))
    count = np.arange(low, high + 1)
    mass, x = binom.pmf(count, found, u), count / found
    positive = np.where(x > 0, x, 1.0)
    # sum x = 1 over the outcomes, so that x - u may be taken off: every term is then >= 0
    short = x * np.log(positive * size) - (x - u)
    distance = (x * np.log(2 * positive / (x + u)) + u * np.log(2 * u / (x + u))) / 2
    ratio = scatter(order, T, delay)
    h = 1 - ratio * size * float(mass @ short) / math.log(size)
    c = ratio * size * float(mass @ distance) / largest_divergence(size)
    return HC(h, h * c)
