"""Step-size control shared by the array loop and the compiled kernel of DOP853.

Plain Python on floats; Numba compiles the very same source, so both follow one formula.
"""

import math

SAFETY = 0.9
MIN_FACTOR = 0.2
MAX_FACTOR = 10.0
ERROR_EXPONENT = 1 / 8  # the error estimate is of order h^8
# PI control: h grows by SAFETY error^-(1/8 - BETA/5) previous^BETA.
BETA = 0.02
PREVIOUS_MIN = 1e-4  # also the "previous error" of the first step
# Quantised steps are powers of 2^(1/8). A step is kept while the factor wished for lies inside
# the dead band: then whatever depends on h (exponentials) is seldom computed anew.
LEVELS = 8
DEAD_BAND_LOW = 0.93
DEAD_BAND_HIGH = 1.12
MIN_STEP_ULPS = 10.0  # a step below so many units in the last place of t has collapsed


def step_factor(error: float, previous: float, after_rejection: bool) -> float:
    """Return what to multiply h by, for an error scaled so that below 1 is accepted.

    Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.4 (4.13);
    Hairer & Wanner (1996) Part II, Sec. IV.2, for the PI form. Not a number shrinks the step.
    """
    if error == 0.0:
        factor = MAX_FACTOR
    elif error < 1.0:
        factor = SAFETY * error ** (0.2 * BETA - ERROR_EXPONENT) * previous**BETA
        factor = min(MAX_FACTOR, max(MIN_FACTOR, factor))
    elif error < math.inf:
        return max(MIN_FACTOR, SAFETY * error**-ERROR_EXPONENT)
    else:
        return MIN_FACTOR
    if after_rejection:
        factor = min(1.0, factor)
    return factor


def quantise(h: float) -> float:
    """Return the largest power of 2^(1/8) that is at most |h|, with the sign of h."""
    if h == 0.0 or not math.isfinite(h):
        return h
    level = math.floor(LEVELS * math.log2(abs(h)) + 1e-9)
    octave = level // LEVELS
    return math.copysign(math.ldexp(2.0 ** ((level - octave * LEVELS) / LEVELS), octave), h)


def next_step(h: float, factor: float, max_step: float, quantised: bool, rejected: bool) -> float:
    """Return the step after one of size h: h times the factor, at most max_step in size."""
    if quantised and not rejected and DEAD_BAND_LOW <= factor < DEAD_BAND_HIGH:
        factor = 1.0
    wished = abs(h) * factor
    size = min(wished, max_step)
    if quantised and size != abs(h):
        size = abs(quantise(size))
    return math.copysign(size, h)


def first_step(rate: float, change: float, trial: float, span: float, max_step: float) -> float:
    """Return the size of the first step from the scaled norms of f and of (f1 - f0)/trial.

    Hairer, Norsett & Wanner (1993), Sec. II.4, "Starting step size".
    """
    steepest = max(rate, change)
    guess = max(1e-6, 1e-3 * trial) if steepest <= 1e-15 else (0.01 / steepest) ** ERROR_EXPONENT
    return min(100.0 * trial, guess, span, max_step)


def trial_step(size: float, rate: float, span: float) -> float:
    """Return the size of the explicit Euler step with which the first step is found."""
    trial = 1e-6 if size < 1e-5 or rate < 1e-5 else 0.01 * size / rate
    return min(trial, span)
