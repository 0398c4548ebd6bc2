"""Elementary functions of numbers side by side, without a branch.

    sin(x) = +-sin(r) or +-cos(r),  r = x - n pi/2;   exp(x) = 2^n exp(r),  r = x - n log 2

pi/2 and log 2 are subtracted in parts by fused operations: what rounding leaves out of r is kept as
a number of its own. Series of Taylor follow, as long as their rest stays below 3e-18: they need
no table.

Errors stay below 1 unit in the last place for sin and cos up to 1e9, exp up to 700 and log from
1e-300 to 1e300, below 2.5 for sinh and cosh up to 700 and tanh, and below half the exponent and one
for whole powers from 0 to 15. A lane whose argument lies elsewhere takes the library's function.

Muller (2016) Elementary Functions, 3rd ed., Secs. 11.2 and 11.3.
"""

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]

from sims.integrators.vectors import Lanes, fused, where

SHIFT = 1.5 * 2.0**52  # added to a number, it leaves the nearest whole one in the last bits
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
LOG_2 = (0.6931471805599453, 2.3190468138462996e-17)
# Its last 21 bits are zero: times an exponent it is exact.
LOG_2_SHORT = (0.6931471803691238, 1.9082149292705877e-10)
HALF_ROOT = 4604544271217802189  # the bits of sqrt(1/2)
MANTISSA, BIAS = 52, 1023
# 1/3!, 1/5!, .. with signs; 1/4!, 1/6!, ..; 1/2!, 1/3!, ..; 2/3, 2/5, ..; each from the last on.
SINE = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8, 0, -1))
COSINE = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(8, 1, -1))
EXPONENTIAL = tuple(1.0 / math.factorial(k) for k in range(13, 1, -1))
LOGARITHM = tuple(2.0 / (2 * k + 1) for k in range(11, 0, -1))


def series(coefficients: Sequence[float], z: Lanes) -> Lanes:
    """Return a power series, whose coefficients come from the last on: even and odd ones apart."""
    square = (z * z).rounded()
    parts = []
    for start in (0, 1):
        found: Lanes | float = coefficients[start]
        for each in coefficients[start + 2 :: 2]:
            found = square * found + each
        parts.append(found)
    last, other = parts if len(coefficients) % 2 else parts[::-1]
    return z * other + last


def _integers(x: Lanes, value: int) -> Any:
    return x.block.constant(ir.IntType(64), value)


def _float_of(x: Lanes, integers: Any) -> Lanes:
    """Return the floats whose bits are these integers."""
    return Lanes(x.block, x.block.builder.bitcast(integers, x.value.type))


def _quarter_turns(x: Lanes) -> tuple[Lanes, Lanes, Any]:
    """Return r and what rounding leaves out of it, and n as the last bits of integers."""
    shifted = x * (2.0 / math.pi) + SHIFT
    n = shifted - SHIFT
    first = x - n * HALF_PI[0]  # exact
    second = (n * HALF_PI[1]).rounded()
    r = first - second
    back = r - first
    lost = (first - (r - back)) - (second + back)  # of the difference, exactly
    low = (lost - (n * HALF_PI[1] - second)) - n * HALF_PI[2]
    return r, low, shifted.bits()


def _sine_and_cosine(x: Lanes) -> tuple[tuple[Lanes, Lanes], Any]:
    """Return sine and cosine of what is left of x, and the quarter turns."""
    r, low, n = _quarter_turns(x)
    z = (r * r).rounded()
    sine = r + fused(r * z, series(SINE, z), fused(-0.5 * z, low, low))
    one = 1.0 - 0.5 * z
    rest = fused(z * z, series(COSINE, z), (-r * low).rounded())
    return (sine, one + (((1.0 - one) - 0.5 * z) + rest)), n


def _turned(x: Lanes, name: str, quarters: int) -> Lanes:
    """Return the sine of x and some quarter turns."""
    values, n = _sine_and_cosine(x)
    n = x.block.builder.add(n, _integers(x, quarters))
    value = where(x.has(0, n), values[1], values[0])
    found = where(x.has(1, n), -value, value)
    return x.block.unless(abs(x) <= 1e9, found, lambda: x.block.library(name, x))


def sin(x: Lanes) -> Lanes:
    """Return the sine."""
    return _turned(x, "sin", 0)


def cos(x: Lanes) -> Lanes:
    """Return the cosine."""
    return _turned(x, "cos", 1)


def _scaled(x: Lanes) -> tuple[Lanes, Lanes]:
    """Return 2^n and exp(r) - 1, with exp(x) = 2^n exp(r)."""
    shifted = x * (1.0 / LOG_2[0]) + SHIFT
    n = shifted - SHIFT
    r = x - n * LOG_2[0]  # exact
    low = (-n * LOG_2[1]).rounded()
    rest = ((r * r).rounded() * series(EXPONENTIAL, r)).rounded()
    builder = x.block.builder
    exponent = builder.add(shifted.bits(), _integers(x, BIAS))
    scale = _float_of(x, builder.shl(exponent, _integers(x, MANTISSA)))
    return scale, r + fused(low, 1.0 + (r + rest), rest)


def _exp(x: Lanes) -> Lanes:
    scale, less_one = _scaled(x)
    return fused(scale, less_one, scale)


def _exp_less_one(x: Lanes) -> Lanes:
    """Return exp(x) - 1, for x >= 0."""
    scale, less_one = _scaled(x)
    return fused(scale, less_one, scale - 1.0)


def exp(x: Lanes) -> Lanes:
    """Return the exponential."""
    return x.block.unless(abs(x) <= 700.0, _exp(x), lambda: x.block.library("exp", x))


def sinh(x: Lanes) -> Lanes:
    """Return the hyperbolic sine."""
    e = _exp_less_one(abs(x))
    value = 0.5 * (e + e / (e + 1.0))
    signed = where(x >= 0.0, value, -value)
    return x.block.unless(abs(x) <= 700.0, signed, lambda: x.block.library("sinh", x))


def cosh(x: Lanes) -> Lanes:
    """Return the hyperbolic cosine."""
    e = _exp(abs(x))
    value = 0.5 * e + 0.5 / e
    return x.block.unless(abs(x) <= 700.0, value, lambda: x.block.library("cosh", x))


def tanh(x: Lanes) -> Lanes:
    """Return the hyperbolic tangent; beyond 20 it is 1 to the last bit."""
    twice = 2.0 * abs(x)
    e = _exp_less_one(where(twice > 40.0, 40.0, twice))
    value = e / (e + 2.0)
    return where(x >= 0.0, value, -value)


def log(x: Lanes) -> Lanes:
    """Return the natural logarithm: x = 2^n (1 + f), and s = f/(2 + f) in a series."""
    builder, width = x.block.builder, _integers(x, MANTISSA)
    n = builder.ashr(builder.sub(x.bits(), _integers(x, HALF_ROOT)), width)
    f = _float_of(x, builder.sub(x.bits(), builder.shl(n, width))) - 1.0
    e = Lanes(x.block, builder.sitofp(n, x.value.type))
    s = f / (2.0 + f)
    z = (s * s).rounded()
    rest = fused(-s, f - z * series(LOGARITHM, z), e * LOG_2_SHORT[1])
    value = e * LOG_2_SHORT[0] + (f + rest)
    near = builder.and_(x >= 1e-300, x <= 1e300)
    return x.block.unless(near, value, lambda: x.block.library("log", x))


def power(x: Lanes, exponent: Lanes) -> Lanes:
    """Return a power: a whole one from 0 to 15 by squares."""
    n = (exponent + SHIFT).bits()
    square = x * x
    fourth = square * square
    factors = (x, square, fourth, fourth * fourth)
    kept = [where(x.has(bit, n), factor, 1.0) for bit, factor in enumerate(factors)]
    value = (kept[0] * kept[1]) * (kept[2] * kept[3])
    whole = exponent.same(floor(exponent))
    near = x.block.builder.and_(abs(exponent - 7.5) <= 7.5, whole)
    return x.block.unless(near, value, lambda: x.block.library("pow", x, exponent))


def floor(x: Lanes) -> Lanes:
    """Return the greatest whole number that is not above."""
    return x.block.call("floor", x)


def sqrt(x: Lanes) -> Lanes:
    """Return the square root."""
    return x.block.call("sqrt", x)


def tan(x: Lanes) -> Lanes:
    """Return the tangent, by the library."""
    return x.block.library("tan", x)


def arctan(x: Lanes) -> Lanes:
    """Return the arc tangent, by the library."""
    return x.block.library("atan", x)


def minimum(a: Lanes, b: Lanes) -> Lanes:
    """Return the smaller one."""
    return where(b < a, b, a)


def maximum(a: Lanes, b: Lanes) -> Lanes:
    """Return the greater one."""
    return where(b > a, b, a)


def sign(x: Lanes) -> Lanes:
    """Return the sign, 0 of 0."""
    return where(x > 0.0, 1.0, where(x < 0.0, x.block.number(-1.0), 0.0))


def step(x: Lanes) -> Lanes:
    """Return 1 for what is positive, else 0."""
    return where(x > 0.0, x.block.number(1.0), 0.0)


def under(a: Lanes, b: Lanes) -> Lanes:
    """Return 1 where a <= b, else 0."""
    return where(a <= b, a.block.number(1.0), 0.0)


def absolute(x: Lanes) -> Lanes:
    """Return the size."""
    return abs(x)
