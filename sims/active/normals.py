# mypy: disallow-untyped-defs=False
"""Standard normal numbers, compiled: 64 lanes of xoshiro256++ and a ziggurat of 256 layers.

    x = u w_i with u uniform in (-1, 1), taken at once if |x| < w_(i+1), in 98.5 % of all cases

The integers come from all lanes at once, the test of the ziggurat is free of branches, and what
fails it is mended afterwards from a generator of its own: one number costs about as much as one
division. Blackman & Vigna (2021) ACM Trans. Math. Softw. 47, 36; Marsaglia & Tsang (2000) J. Stat.
Softw. 5(8), with the tables of Doornik (2005).
"""

import math

import numpy as np
from numba import njit

LANES = 64
LAYERS = 256
WORDS = 4 * (LANES + 1)  # of a generator's state; the last lane is that of the mending
EDGE = 3.6541528853610088  # of the lowest layer, right of which is the tail
_UNIT = 2.0**-52


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return widths over 2^52 of the layers, where each is surely inside, and the density there."""
    tail = math.sqrt(math.pi / 2) * math.erfc(EDGE / math.sqrt(2))
    area = EDGE * math.exp(-(EDGE**2) / 2) + tail
    edges = [area / math.exp(-(EDGE**2) / 2), EDGE]
    while len(edges) < LAYERS:
        height = math.exp(-(edges[-1] ** 2) / 2) + area / edges[-1]
        edges.append(math.sqrt(-2 * math.log(height)))
    widths = np.array([*edges, 0.0])
    return widths[:-1] * _UNIT, widths[1:].copy(), np.exp(-(widths**2) / 2)


WIDTH, INSIDE, DENSITY = _tables()


def seed(generator: np.random.Generator) -> np.ndarray:
    """Return the state (WORDS,) uint64 of a generator, drawn from a named stream."""
    return generator.integers(1, 2**64, size=WORDS, dtype=np.uint64)


@njit
def _rotated(x, k):
    return (x << np.uint64(k)) | (x >> np.uint64(64 - k))


@njit
def integers(state, out):
    """Fill `out` (uint64, a multiple of LANES) from all lanes."""
    s0, s1 = state[:LANES], state[LANES : 2 * LANES]
    s2, s3 = state[2 * LANES : 3 * LANES], state[3 * LANES : 4 * LANES]
    for first in range(0, out.size, LANES):
        to = out[first : first + LANES]
        for k in range(LANES):
            a, b, c, d = s0[k], s1[k], s2[k], s3[k]
            to[k] = _rotated(a + d, 23) + a
            shifted = b << np.uint64(17)
            c ^= a
            d ^= b
            s1[k] = b ^ c
            s0[k] = a ^ d
            s2[k] = c ^ shifted
            s3[k] = _rotated(d, 45)


@njit
def uniform(state):
    """Return one number in (0, 1) from the lane of the mending."""
    o = 4 * LANES
    a, b, c, d = state[o], state[o + 1], state[o + 2], state[o + 3]
    value = _rotated(a + d, 23) + a
    shifted = b << np.uint64(17)
    c ^= a
    d ^= b
    state[o + 1] = b ^ c
    state[o] = a ^ d
    state[o + 2] = c ^ shifted
    state[o + 3] = _rotated(d, 45)
    return (np.float64(value >> np.uint64(11)) + 0.5) * 2.0**-53


@njit
def _mended(state, layer, x):
    """Return a normal number where the ziggurat's first test failed with x in this layer."""
    while True:
        if layer == 0:
            while True:
                step = -math.log(uniform(state)) / EDGE
                if -2.0 * math.log(uniform(state)) > step * step:
                    return EDGE + step if x > 0 else -(EDGE + step)
        low, high = DENSITY[layer], DENSITY[layer + 1]
        if low + uniform(state) * (high - low) < math.exp(-0.5 * x * x):
            return x
        layer = np.int64(uniform(state) * LAYERS)
        x = (2.0 * uniform(state) - 1.0) * (WIDTH[layer] / _UNIT)
        if abs(x) < INSIDE[layer]:
            return x


@njit
def fill(state, out, raw, failed):
    """Fill `out` (float64, a multiple of LANES) with independent standard normal numbers.

    raw, failed  scratch of the same size: uint64 and int64
    """
    integers(state, raw)
    count = 0
    for k in range(out.size):
        layer = raw[k] & np.uint64(LAYERS - 1)
        x = np.float64(np.int64(raw[k]) >> 11) * WIDTH[layer]
        out[k] = x
        failed[count] = k
        count += abs(x) >= INSIDE[layer]
    for m in range(count):
        k = failed[m]
        out[k] = _mended(state, np.int64(raw[k] & np.uint64(LAYERS - 1)), out[k])
