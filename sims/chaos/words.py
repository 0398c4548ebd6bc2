# mypy: disallow-untyped-defs=False
"""Maps that double what they are given, in integers: words of 64 bits and fresh bits from a stream.

x = (X + u)/2^64,  X a word, 0 <= u < 1 unknown;  2 x mod 1 = (2 X + floor(2 u) mod 2^64 + u')/2^64

In binary floating point such a map shifts the digits of its start out, and after 53 iterations
there are none left: the orbit is 0 for ever. A real number has digits without end; here they are
drawn, one whenever it is needed, so that the word always holds the first 64 digits of an orbit of
the exact map, from a start whose first 53 digits are those that were given. The cat map needs no
fresh digits: it maps the points with denominator 2^64 one to one, with a period of 3*2^62.
"""

from typing import Any

import numpy as np
from numba import njit

from sims.chaos.system import System

NONE, BERNOULLI, TENT, BAKER, CAT = range(5)
CODES = {"": NONE, "bernoulli": BERNOULLI, "tent": TENT, "baker": BAKER, "cat": CAT}
COUNT = {NONE: 0, BERNOULLI: 1, TENT: 1, BAKER: 2, CAT: 2}  # variables, the first ones, in words
_ONE, _HIDDEN, _TOP = np.uint64(1), np.uint64(11), np.uint64(63)
_LAST = 2.0**-53
_GOLDEN, _M1, _M2 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_S1, _S2, _S3 = np.uint64(30), np.uint64(27), np.uint64(31)


@njit(cache=True)
def fresh(seed, n):
    """Return word n of a stream: SplitMix64, Steele, Lea & Flood (2014) OOPSLA 453."""
    z = seed + (np.uint64(n) + _ONE) * _GOLDEN
    z = (z ^ (z >> _S1)) * _M1
    z = (z ^ (z >> _S2)) * _M2
    return z ^ (z >> _S3)


@njit(cache=True)
def step(code, base, words, drawn):
    """Take the words one iteration on; `drawn` holds fresh bits, `base` is the slope of x."""
    x = words[0]
    if code == BERNOULLI:
        words[0] = x * base + drawn % base
    elif code == TENT:  # the second half runs backwards: every digit turns over
        shifted = (x << _ONE) | (drawn >> _TOP)
        words[0] = ~shifted if x >> _TOP else shifted
    elif code == BAKER:
        words[1] = (words[1] >> _ONE) | ((x >> _TOP) << _TOP)
        words[0] = (x << _ONE) | (drawn >> _TOP)
    elif code == CAT:
        y = words[1]
        words[0], words[1] = x + y, x + y + y


@njit(cache=True)
def read(words, y):
    """Write the words as numbers of [0, 1), cut off at 53 digits, into the first of y."""
    for i in range(words.size):
        y[i] = (words[i] >> _HIDDEN) * _LAST


def filled(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Return words for numbers of [0, 1): their digits, the ones below them drawn."""
    drawn = np.random.default_rng([seed, len(numbers)])
    whole = np.floor(np.ldexp(np.asarray(numbers, dtype=float), 53)).astype(np.uint64)
    low = drawn.integers(1 << 11, size=len(numbers), dtype=np.uint64)
    return (whole << _HIDDEN) | low | _ONE  # odd: else the cat's period would be shorter


def scheme(system: System) -> tuple[int, int]:
    """Return how a system is stepped in words, as (code, slope); (0, 0) if it is not.

    Words are used only where their step is that of the equations, at 32 points: a tent of another
    slope than 2, or doubling by 2.5, does not collapse and is iterated as any other map.
    """
    code = CODES[system.exact]
    if code == NONE or system.dimension < COUNT[code]:
        return NONE, 0
    slope = float(system.jacobian_at(np.array(system.initial_condition))[0, 0])
    base = int(abs(slope)) if abs(slope) == int(abs(slope)) < 1 << 10 else 0
    if base < 2 and code == BERNOULLI:
        return NONE, 0
    return (code, base) if _agrees(system, code, base) else (NONE, 0)


def _agrees(system: System, code: int, base: int) -> bool:
    count, draw = COUNT[code], np.random.default_rng(0)
    for number in draw.random((32, count)):
        x = np.array(system.initial_condition, dtype=float)
        x[:count] = number
        words: Any = filled(number, 0)
        found = np.empty(count)
        step(code, np.uint64(base), words, np.uint64(0))
        read(words, found)
        apart = np.abs(system.rate(x)[:count] - found)
        # the digits below the 53rd, times the slope; numbers next to 0 and 1 are neighbours
        if (np.minimum(apart, 1 - apart) > (base + 4) * 2.0**-51).any():
            return False
    return True
