"""Recurrence quantification: how often an orbit comes back, and how long it then stays alongside.

R(i, j) = 1 if |x_i - x_j| <= r and |i - j| >= w, else 0
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.dynamics.checks import orbit, positive, whole

SHORTEST = 2  # a line
RELATIVE = 0.1  # radius in sizes of the orbit, where none is given


class Recurrence(NamedTuple):
    """What the lines of a recurrence matrix say.

    rate          share of pairs |i - j| >= w that recur
    determinism   share of recurrences on diagonal lines of l_min or more
    laminarity    share of recurrences on vertical lines of v_min or more
    longest       longest diagonal, in samples; 1/longest scales as the largest exponent
    mean_line     mean length of diagonals of l_min or more; 0 if there is none
    trapping      mean length of verticals of v_min or more; 0 if there is none
    entropy       Shannon entropy of the lengths of those diagonals, in nats
    radius        that was used
    """

    rate: float
    determinism: float
    laminarity: float
    longest: int
    mean_line: float
    trapping: float
    entropy: float
    radius: float


def _share(lengths: np.ndarray, least: int) -> tuple[float, float]:
    """Return (share of points on lines of `least` or more, mean length of those lines)."""
    size = np.arange(lengths.size)
    total, on = (size * lengths).sum(), (size * lengths)[least:].sum()
    lines = lengths[least:].sum()
    return (float(on / total) if total else 0.0), (float(on / lines) if lines else 0.0)


def recurrence(
    x: Any,
    radius: float | None = None,
    *,
    theiler: int = 1,
    shortest: int = SHORTEST,
) -> Recurrence:
    """Return the recurrence rate of an orbit, and what its diagonal and vertical lines say.

    x         (T,) or (T, d), states or delay vectors
    radius    in units of x, closed; the distance is the largest difference of a coordinate; None:
              a tenth of the root of the summed variances
    theiler   pairs closer in time than so many samples are no recurrences; 1 leaves out the main
              diagonal
    shortest  samples of a line, l_min = v_min

    Lines that meet the edge of the matrix count as long as they are seen. The matrix is not stored:
    memory O(T), time O(T^2).
    Raises ValueError for NaN, and where the radius is not positive.
    Marwan et al. (2007) Phys. Rep. 438, 237, sec. 3.5 and eqs. (37)-(50); Zbilut & Webber (1992)
    Phys. Lett. A 171, 199.
    """
    from analysis.dynamics.kernels import recurrence as kernel

    points = orbit(x, "x", 3)
    n = len(points)
    window, least = whole(theiler, "theiler", 1, n - 1), whole(shortest, "shortest", 2)
    if radius is None:
        spread = math.sqrt(float(points.var(axis=0).sum()))
        if spread == 0:
            raise ValueError("x: all points are equal; give a radius")
        radius = RELATIVE * spread
    reach = positive(radius, "radius")
    diagonal, vertical = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    kernel.diagonals(points, reach, window, diagonal)
    kernel.columns(points, reach, window, vertical)
    pairs = (n - window) * (n - window + 1) / 2
    rate = float((np.arange(n + 1) * diagonal).sum() / pairs)
    determinism, mean_line = _share(diagonal, least)
    laminarity, trapping = _share(vertical, least)
    found = np.flatnonzero(diagonal)
    p = diagonal[least:][diagonal[least:] > 0]
    p = p / p.sum() if p.size else p
    entropy = float(-(p * np.log(p)).sum()) if p.size else 0.0
    longest = int(found[-1]) if found.size else 0
    return Recurrence(rate, determinism, laminarity, longest, mean_line, trapping, entropy, reach)
