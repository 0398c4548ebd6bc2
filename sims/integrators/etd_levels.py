"""Which steps an exponential Adams method may take, and when it changes them.

Plain Python on numbers; Numba compiles the very same source, so both loops decide alike.

Between two saved frames a step is the spacing over 1, 2, 3, 4, 6, 8, 12, ... (level 0, 2, 3, ...),
so that frames are landed on. Positions count in ticks, TICKS to the spacing: no rounding.
"""

import math

OCTAVES = 40
TICKS = 3 << OCTAVES
FINEST = 2 * OCTAVES
GROW = 0.5  # a larger step is taken if its error will stay below this part of the tolerance
AIM = 0.5  # the part of the tolerance that is aimed at after a rejected step
LEAP = 6  # levels to go down at most at once: an eighth of the step
# h |dN/du| by order within which no mode of a plane wave's perturbation grows much faster than the
# physical ones, from the spectral radius of the method's recursion with N = i |psi|^2 psi (0 is
# not an order). Order 7 has slow resonances at any step; there the error estimate has to help.
STABLE = (0.0, 0.2, 0.2, 0.2, 0.2, 0.09, 0.04, 0.02)


def ticks(level: int) -> int:
    """Return a step of the level, in ticks."""
    if level % 2 == 0:
        return TICKS >> (level // 2)
    return (2 << OCTAVES) >> (level // 2)


def finer(error: float, order: int, level: int, position: int) -> int:
    """Return the level after a rejected step: the coarsest whose error will do.

    error     over the tolerance; not a number counts as too large
    position  ticks since the frame; the step must lie on its own grid
    """
    for new in range(level + 1, level + LEAP):
        if new == 1 or position % ticks(new) != 0:
            continue
        if error * (ticks(new) / ticks(level)) ** (order + 1) <= AIM:
            return new
    return level + LEAP


def coarser(error: float, order: int, level: int, position: int, known: int, least: int) -> int:
    """Return the level after an accepted step: a coarser one if its error will stay small.

    error     over the tolerance
    position  ticks since the frame, after the step
    known     how many past values there are; order + 1 are needed at the new spacing
    least     coarsest level allowed
    """
    best, now = level, ticks(level)
    for new in range(level - 1, max(level - 2, least) - 1, -1):
        size = ticks(new)
        if new == 1 or position % size != 0 or order * size > (known - 1) * now:
            continue
        if error * (size / now) ** (order + 1) <= GROW:
            best = new
    return best


def coarsest(spacing: float, largest: float) -> int:
    """Return the coarsest level whose step of the spacing is at most `largest` in size."""
    level = 0
    while level <= FINEST and spacing * (ticks(level) / TICKS) > largest * (1 + 1e-12):
        level += 1 if level else 2
    return level


def collapsed(step: float, time: float) -> bool:
    """Return whether a step is too small to move the time."""
    return not abs(step) > 10 * math.ulp(time)


def level_of(steps: int) -> int:
    """Return the level with that many steps per frame, or -1."""
    for level in range(FINEST + 1):
        if level != 1 and steps * ticks(level) == TICKS:
            return level
    return -1


def scaled(error: float, limit: float) -> float:
    """Return an error over its limit; nothing over nothing is nothing."""
    if error == 0.0:
        return 0.0
    return error / limit if limit > 0.0 else math.inf


def first_step(slope: float, size: float, limit: float, order: int) -> float:
    """Return a guess of the first step from |N|, |u| and the tolerated error.

    The correction is about 0.3 h |N| (omega h)^p, with omega a few times |N|/|u|.
    """
    if slope == 0.0 or size == 0.0:
        return math.inf
    return 0.3 * min(1.0, limit / size) ** (1 / (order + 1)) * size / slope
