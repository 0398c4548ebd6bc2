# mypy: disallow-untyped-defs=False
"""Elementary functions without a branch, so that a compiler computes lanes side by side.

    sin(x) = +-sin(r) or +-cos(r),  r = x - n pi/2;   exp(x) = 2^n exp(r),  r = x - n log 2

pi/2 and log 2 are subtracted in parts by fused operations: what rounding leaves out of r is kept as
a number of its own. Series of Taylor follow, as long as their rest stays below 3e-18: they need
no table. No product is fused with a sum but where it says so: bits are those of any number of
lanes.

Errors stay below 1 unit in the last place for sin and cos up to 1e9, exp up to 700 and log from
1e-300 to 1e300, below 2.5 for sinh and cosh up to 700 and tanh, and below half the exponent and one
for whole powers from 0 to 15. Elsewhere, use the library's: these functions give any number there.

Muller (2016) Elementary Functions, 3rd ed., Secs. 11.2 and 11.3. Importing this module imports
Numba.
"""

import math

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable

SHIFT = 1.5 * 2.0**52  # added to a number, it leaves the nearest whole one in the last bits
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
LOG_2 = (0.6931471805599453, 2.3190468138462996e-17)
# Its last 21 bits are zero: times an exponent it is exact.
LOG_2_SHORT = (0.6931471803691238, 1.9082149292705877e-10)
HALF_ROOT = 4604544271217802189  # the bits of sqrt(1/2)
# 1/3!, 1/5!, .. with signs; 1/4!, 1/6!, ..; 1/2!, 1/3!, ..; 2/3, 2/5, ..; each from the last on.
SINE = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8, 0, -1))
COSINE = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(8, 1, -1))
EXPONENTIAL = tuple(1.0 / math.factorial(k) for k in range(13, 1, -1))
LOGARITHM = tuple(2.0 / (2 * k + 1) for k in range(11, 0, -1))

_F8, _I8 = types.float64, types.int64


@intrinsic
def fused(typing, a, b, c):
    """Return a b + c, rounded once."""
    return _F8(_F8, _F8, _F8), lambda context, builder, signature, given: builder.fma(*given)


@intrinsic
def bits(typing, x):
    """Return the bits of a float64 as an int64."""

    def write(context, builder, signature, given):
        return builder.bitcast(given[0], ir.IntType(64))

    return _I8(_F8), write


@intrinsic
def from_bits(typing, k):
    """Return the float64 of the bits of an int64."""

    def write(context, builder, signature, given):
        return builder.bitcast(given[0], ir.DoubleType())

    return _F8(_I8), write


def _compiled(function):
    """Register a function that is written out where it is called, its roundings as they stand."""
    return register_jitable(fastmath=False, forceinline=True)(function)


def _series(coefficients):
    """Return the function that sums a power series, whose coefficients come from the last on."""
    lines = [f"def sum_up(z):\n    total = {coefficients[0]!r}"]
    lines += [f"    total = fused(total, z, {each!r})" for each in coefficients[1:]]
    names = {"fused": fused}
    exec("\n".join([*lines, "    return total"]), names)  # our own numbers
    return _compiled(names["sum_up"])


_sine_series, _cosine_series = _series(SINE), _series(COSINE)
_exponential_series, _logarithm_series = _series(EXPONENTIAL), _series(LOGARITHM)


@_compiled
def _quarter_turns(x):
    """Return r and what rounding leaves out of it, and n as the last bits of an integer."""
    shifted = fused(x, 2.0 / math.pi, SHIFT)
    n = shifted - SHIFT
    first = fused(-n, HALF_PI[0], x)  # exact
    second = n * HALF_PI[1]
    r = first - second
    back = r - first
    lost = (first - (r - back)) - (second + back)  # of the difference, exactly
    low = fused(-n, HALF_PI[2], lost - fused(n, HALF_PI[1], -second))
    return r, low, bits(shifted)


@_compiled
def _both(r, low):
    """Return sine and cosine of r + low, for |r| up to pi/4."""
    z = r * r
    sine = r + fused(r * z, _sine_series(z), fused(-0.5 * z, low, low))
    one = 1.0 - 0.5 * z
    rest = fused(z * z, _cosine_series(z), -r * low)
    return sine, one + (((1.0 - one) - 0.5 * z) + rest)


@_compiled
def sin(x):
    """Return the sine."""
    r, low, n = _quarter_turns(x)
    sine, cosine = _both(r, low)
    value = cosine if n & 1 else sine
    return -value if n & 2 else value


@_compiled
def cos(x):
    """Return the cosine."""
    r, low, n = _quarter_turns(x)
    sine, cosine = _both(r, low)
    value = sine if n & 1 else cosine
    return -value if (n + 1) & 2 else value


@_compiled
def _scaled(x):
    """Return 2^n and exp(r) - 1, with exp(x) = 2^n exp(r)."""
    shifted = fused(x, 1.0 / LOG_2[0], SHIFT)
    n = shifted - SHIFT
    r = fused(-n, LOG_2[0], x)  # exact
    low = -n * LOG_2[1]
    rest = r * r * _exponential_series(r)
    return from_bits((bits(shifted) + 1023) << 52), r + fused(low, 1.0 + (r + rest), rest)


@_compiled
def exp(x):
    """Return the exponential."""
    scale, less_one = _scaled(x)
    return fused(scale, less_one, scale)


@_compiled
def _exponential_less_one(x):
    """Return exp(x) - 1, for x >= 0."""
    scale, less_one = _scaled(x)
    return fused(scale, less_one, scale - 1.0)


@_compiled
def sinh(x):
    """Return the hyperbolic sine."""
    e = _exponential_less_one(abs(x))
    value = 0.5 * (e + e / (e + 1.0))
    return value if x >= 0.0 else -value


@_compiled
def cosh(x):
    """Return the hyperbolic cosine."""
    e = exp(abs(x))
    return 0.5 * e + 0.5 / e


@_compiled
def tanh(x):
    """Return the hyperbolic tangent; beyond 20 it is 1 to the last bit."""
    double = 2.0 * abs(x)
    e = _exponential_less_one(40.0 if double > 40.0 else double)
    value = e / (e + 2.0)
    return value if x >= 0.0 else -value


@_compiled
def log(x):
    """Return the natural logarithm: x = 2^n (1 + f), and s = f/(2 + f) in a series."""
    n = (bits(x) - HALF_ROOT) >> 52
    f = from_bits(bits(x) - (n << 52)) - 1.0
    s, e = f / (2.0 + f), float(n)
    z = s * s
    rest = fused(-s, f - z * _logarithm_series(z), e * LOG_2_SHORT[1])
    return fused(e, LOG_2_SHORT[0], f + rest)


@_compiled
def power(x, exponent):
    """Return x to a whole power from 0 to 15, by squares."""
    n = bits(exponent + SHIFT)
    square = x * x
    fourth = square * square
    low = (x if n & 1 else 1.0) * (square if n & 2 else 1.0)
    return low * ((fourth if n & 4 else 1.0) * (fourth * fourth if n & 8 else 1.0))
