"""Where the numbers of a block of lanes lie, all of them in one array of float64.

First one number a lane (times, steps, errors); then rows of n L numbers, component after component,
each with its lanes side by side; then the parameters, each with its lanes.
"""

import numpy as np

from sims.integrators import step_control
from sims.integrators.tableau import STAGES_DENSE

# What each lane has one of: the time of a stage; the time and what rounding left out of it, now, at
# the end of the step that is tried, and before it; the step, that before, its error and what it is
# multiplied by next; 1 after a rejection; the next sample's time, infinite in an idle lane; what is
# counted.
TIME, T, LOW, END, END_LOW, PAST, PAST_LOW, H, SIZE, ERROR, FACTOR, AFTER, NEXT = range(13)
STEPS, REJECTED, STIFF, HEAD = 13, 14, 15, 16
# Rows: what a right-hand side reads and writes; the state, that before the step, the new one; the
# dense output; the stages.
STATE, RATE, Y, OLD, NEW, DENSE = range(6)
K = DENSE + 7
ROWS = K + STAGES_DENSE
LEAST_STEP = step_control.MIN_STEP_ULPS * float(np.finfo(float).eps) / 2  # of the time
TINY = 1e-300  # a step or an error of this size counts as none


def place(row: int, component: int, dimension: int, lanes: int) -> int:
    """Return where a row's component of the first lane lies."""
    return lanes * (HEAD + row * dimension + component)


def parameters_at(dimension: int, lanes: int) -> int:
    """Return where the first lane's first parameter lies."""
    return place(ROWS, 0, dimension, lanes)
