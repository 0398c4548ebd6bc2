"""Right-hand sides in the form that the compiled integrator takes, for its tests."""

import math

from sims.integrators.compiled import right_hand_side


@right_hand_side
def lorenz(stage, t, h, y, out, work):
    out[0] = work[0] * (y[1] - y[0])
    out[1] = y[0] * (work[1] - y[2]) - y[1]
    out[2] = y[0] * y[1] - work[2] * y[2]


@right_hand_side
def driven(stage, t, h, y, out, work):
    out[0] = -math.sin(t) * y[0]


@right_hand_side
def swing(stage, t, h, y, out, work):
    rate = 1 + 0.5 * math.cos(t)
    out[0], out[1] = rate * y[1], -rate * y[0]


@right_hand_side
def ring(stage, t, h, y, out, work):
    for j in range(y.size):
        out[j] = math.sin(t) * y[j - 1] - y[j] ** 3


@right_hand_side
def blow_up(stage, t, h, y, out, work):
    out[0] = y[0] * y[0]
