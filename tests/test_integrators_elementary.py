"""Elementary functions side by side: error bounds, edges, the same bits in any width."""

import math
from functools import cache

import numpy as np
import pytest
from numba import njit

from sims.integrators import elementary
from sims.integrators.vectors import emitted

FAR = np.finfo(np.longdouble).eps < 1e-18  # whether there is something to compare with


@cache
def applied(name, lanes, arguments=1):
    """Return a compiled function of arrays (N,), N a multiple of 8, taken `lanes` at a time."""

    def write(w):
        given = [w[lanes * i] for i in range(arguments)]
        w[lanes * arguments] = getattr(elementary, name)(*given)

    block = emitted(write, lanes)

    @njit
    def run(x, w, out):
        for first in range(0, out.size, lanes):
            for i in range(x.shape[0]):
                for lane in range(lanes):
                    w[i * lanes + lane] = x[i, first + lane]
            block(w)
            for lane in range(lanes):
                out[first + lane] = w[x.shape[0] * lanes + lane]

    def function(*given):
        x = np.array(given, dtype=float)
        out = np.empty(x.shape[1])
        run(x, np.zeros((arguments + 1) * lanes), out)
        return out

    return function


def spread(low, high, more):
    """Return arguments: everywhere, near 0 at all scales, and some more."""
    draw = np.random.default_rng(3)
    plain, exponents = draw.uniform(low, high, 40_000), draw.uniform(-20, math.log10(high), 40_000)
    every = np.concatenate(
        [plain, draw.uniform(-2, 2, 40_000), 10.0**exponents, -(10.0**exponents)]
    )
    kept = np.concatenate([every[(every >= low) & (every <= high)], more])
    return np.resize(kept, 8 * (len(kept) // 8))


TURNS = np.round(np.random.default_rng(4).uniform(-6e8, 6e8, 40_000)) * (math.pi / 2)
NEAR_ONE = 1 + 10.0 ** np.linspace(-15, -1, 8000)
CASES = {
    "sin": (1.0, -1e9, 1e9, TURNS),
    "cos": (1.0, -1e9, 1e9, TURNS),
    "exp": (1.0, -700.0, 700.0, []),
    "log": (1.0, 1e-300, 1e300, [*NEAR_ONE, *(2 - NEAR_ONE)]),
    "sinh": (2.5, -700.0, 700.0, []),
    "cosh": (2.5, -700.0, 700.0, []),
    "tanh": (2.5, -1e3, 1e3, np.linspace(-25, 25, 8000)),
}


@pytest.mark.parametrize("name", CASES)
def test_errors_stay_below_the_stated_units_in_the_last_place(name):
    bound, low, high, more = CASES[name]
    x = spread(low, high, more)
    found, alone = applied(name, 8)(x), applied(name, 1)(x)
    np.testing.assert_array_equal(found, alone)
    # 64 digits of the mantissa: 11 more than are looked at; without them, half a unit is added
    exact = getattr(np, name)(x.astype(np.longdouble))
    units = np.abs(found - exact) / np.spacing(np.abs(exact.astype(float)))
    assert units.max() < bound + (0.01 if FAR else 1.0)


@pytest.mark.parametrize("name", [*CASES, "tan", "arctan", "sqrt", "floor"])
def test_the_library_computes_what_lies_beyond(name):
    x = np.array([0.5, 3e17, 0.0, math.inf, math.nan, -800.0, 1e-310, 1e305])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(applied(name, 8)(x), getattr(np, name)(x), rtol=5e-16)
        np.testing.assert_array_equal(applied(name, 8)(x), applied(name, 1)(x))


def test_a_lane_far_away_changes_no_other():
    x = np.linspace(-3, 3, 8)
    far = np.where(np.arange(8) == 5, 1e12, x)
    for name in ("sin", "exp"):
        there = np.arange(8) != 5
        found = applied(name, 8)(far)
        np.testing.assert_array_equal(found[there], applied(name, 8)(x)[there])


def test_powers_are_whole_or_the_library_s():
    exponents = np.array([0.0, 1.0, 2.0, 7.0, 15.0, 16.0, -2.0, 0.5] * 100)
    x = np.random.default_rng(1).uniform(0.01, 20.0, 800)
    found = applied("power", 8, 2)(x, exponents)
    # 15 takes six products: rounding of each counts once, that of a square twice or more
    np.testing.assert_allclose(found, x**exponents, rtol=9 * 2.3e-16)
    np.testing.assert_array_equal(found, applied("power", 1, 2)(x, exponents))
    negative = applied("power", 8, 2)(-x[:8], np.full(8, 3.0))
    np.testing.assert_allclose(negative, -(x[:8] ** 3), rtol=1e-15)


def test_corners_are_where_they_belong():
    x, y = np.array([-2.0, -0.0, 0.0, 1.0, 3.0, -1.0, 2.0, 5.0]), np.full(8, 1.0)
    for name, expected in {
        "minimum": np.minimum(x, y),
        "maximum": np.maximum(x, y),
        "under": 1.0 * (x <= y),
    }.items():
        np.testing.assert_array_equal(applied(name, 8, 2)(x, y), expected)
    for name, expected in {
        "sign": np.sign(x), "step": 1.0 * (x > 0), "absolute": np.abs(x)
    }.items():  # fmt: skip
        np.testing.assert_array_equal(applied(name, 8)(x), expected)
