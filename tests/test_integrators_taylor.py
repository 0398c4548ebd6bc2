"""Taylor's method: coefficients by Cauchy's integral, known solutions, DOP853, its refusals."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numba import njit

from core.errors import ConfigError, NumericsError
from sims.chaos import expressions, flow, generate
from sims.chaos.params import prepare
from sims.chaos.system import catalogue
from sims.integrators import lanes, taylor
from sims.integrators.jets import Jets
from sims.integrators.vectors import emitted

SYSTEMS = catalogue()
LORENZ = SYSTEMS["Lorenz"]
ORDER = 12
T0, C = 0.4, 1.7
# An analytic function of t, with a number c: as a jet, and as NumPy computes it.
FUNCTIONS = {
    "sum": (lambda f, t, c: t + c - (c - t) * t, lambda t: t + C - (C - t) * t),
    "product": (lambda f, t, c: f.sin(t) * f.exp(c * t), lambda t: np.sin(t) * np.exp(C * t)),
    "square": (lambda f, t, c: f.cos(t) ** 5, lambda t: np.cos(t) ** 5),
    "quotient": (lambda f, t, c: f.exp(t) / (f.cos(t) + c), lambda t: np.exp(t) / (np.cos(t) + C)),
    "negative": (lambda f, t, c: (t + c) ** -3, lambda t: (t + C) ** -3.0),
    "nested": (lambda f, t, c: f.sin(f.exp(t) * c), lambda t: np.sin(np.exp(t) * C)),
    "log": (lambda f, t, c: f.log(c + f.sin(t)), lambda t: np.log(C + np.sin(t))),
    "sqrt": (lambda f, t, c: f.sqrt(c + t * t), lambda t: np.sqrt(C + t * t)),
    "hyperbolic": (
        lambda f, t, c: f.sinh(c * t) * f.cosh(t * t),
        lambda t: np.sinh(C * t) * np.cosh(t * t),
    ),
    "tanh": (lambda f, t, c: f.tanh(c * t), lambda t: np.tanh(C * t)),
    "tan": (lambda f, t, c: f.tan(t * t), lambda t: np.tan(t * t)),
    "arctan": (lambda f, t, c: f.arctan(c * t), lambda t: np.arctan(C * t)),
    "power": (lambda f, t, c: f.power(c + t, c), lambda t: (C + t) ** C),
    "whole power": (lambda f, t, c: f.power(c + t, f.of(3.0)), lambda t: (C + t) ** 3),
    "exponent": (lambda f, t, c: f.power(c + t, t), lambda t: (C + t) ** t),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_coefficients_are_those_of_cauchy_s_integral(name):
    expression, known = FUNCTIONS[name]

    def write(w):
        jets = Jets(w)
        t, c = jets.time(w[0]), jets.constant(w[1])
        found = expression(jets, t, c)
        for k in range(ORDER + 1):
            w[2 + k] = w.of(found.term(k) or 0.0)

    block = emitted(write, 1)

    @njit
    def run(w):
        block(w)

    w = np.zeros(ORDER + 3)
    w[:2] = T0, C
    run(w)
    radius, points = 0.25, 256  # within the disc in which each is analytic
    circle = np.exp(2j * np.pi * np.arange(points) / points)
    exact = (np.fft.fft(known(T0 + radius * circle)) / points).real
    # both sides round to 1e-15 of the largest value on the circle
    size = np.abs(known(T0 + radius * circle)).max()
    scaled = w[2:] * radius ** np.arange(ORDER + 1)
    np.testing.assert_allclose(scaled, exact[: ORDER + 1], rtol=0, atol=3e-14 * size)


def test_the_order_follows_from_the_tolerance():
    # Jorba & Zou (2005), Eq. (3.8): p = -log(eps)/2 + 1
    assert [taylor.order(10.0**-k) for k in (3, 10, 14)] == [5, 13, 18]
    assert taylor.order(0.0) == taylor.MOST


def linear():
    return replace(
        LORENZ, name="Decays", variables=("x", "y"), equations=("-a*x", "cos(t)*y"),
        parameters={"a": 1.0}, initial_condition=(1.0, 1.0),
    )  # fmt: skip


@pytest.mark.parametrize("members", [1, 9])
@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-12])
def test_the_error_follows_the_tolerance(members, rtol):
    system, times = linear(), np.array([0.7, 0.7, 0.71, 1.3, 4.0, 9.0])
    a = np.linspace(1.0, 3.0, members)[:, None]
    starts = np.ones((members, 2))
    found = flow.ensemble(system, times, starts, a, rtol=rtol, atol=1e-30, integrator="taylor")
    exact = np.stack(
        [np.exp(-a * (times - 0.7)), np.exp(np.sin(times) - math.sin(0.7)) + 0 * a], axis=-1
    )
    error = np.abs(found / exact - 1).max()
    assert error < 50 * rtol  # of 10 to 30 steps, which add up
    assert error > 1e-4 * rtol or rtol < 1e-11  # the tolerance is what limits it


@pytest.mark.parametrize("name", ["DoublePendulum", "CircadianRhythm", "Torus", "HyperQi"])
def test_a_trajectory_is_that_of_dop853(name):
    system = SYSTEMS[name]
    times = 3.0 + np.linspace(0.0, 0.5 * system.period, 30)
    how = {"rtol": 1e-13, "atol": 1e-13}
    other = flow.trajectory(system, times, **how)
    found = flow.trajectory(system, times, **how, integrator="taylor")
    np.testing.assert_allclose(found, other, rtol=0, atol=2e-10 * np.abs(other).max())


def test_bits_depend_neither_on_the_others_nor_on_their_number():
    times = np.linspace(0.0, 3.0, 50)
    draw = np.random.default_rng(5).normal(size=(29, 3))
    starts = np.array(LORENZ.initial_condition) * (1 + 1e-2 * draw)
    taken = lambda x: flow.ensemble(LORENZ, times, x, integrator="taylor")  # noqa: E731
    whole = taken(starts)
    np.testing.assert_array_equal(taken(starts[3:5]), whole[3:5])
    np.testing.assert_array_equal(taken(starts[::-1]), whole[::-1])
    np.testing.assert_array_equal(taken(starts[7:26:3]), whole[7:26:3])
    for member in (0, 11, 28):
        np.testing.assert_array_equal(taken(starts[member][None])[0], whole[member])


def test_a_polynomial_in_time_is_exact():
    system = replace(
        LORENZ, name="Falls", variables=("x", "v"), equations=("v", "-g"),
        parameters={"g": 2.0}, initial_condition=(0.0, 0.0),
    )  # fmt: skip
    times = np.linspace(0.0, 8.0, 17)
    found = flow.trajectory(system, times, np.array([1.0, 3.0]), integrator="taylor")
    exact = np.stack([1.0 + 3.0 * times - times**2, 3.0 - 2.0 * times], axis=-1)
    np.testing.assert_array_equal(found, exact)


@pytest.mark.parametrize("width", [1, 8])
def test_one_that_blows_up_is_named_and_the_others_are_there(width):
    system = replace(
        LORENZ, name="Explodes", variables=("x", "y"), equations=("x**2", "-y"), parameters={},
        initial_condition=(1.0, 0.0),
    )  # fmt: skip
    times = np.array([0.0, 0.4, 2.0])
    starts = np.array([[-1.0, 1.0], [1.0, 1.0], [0.1, 1.0], [np.nan, 1.0]])
    found = lanes.integrate(
        None, times, starts, np.zeros((1, 1)), lanes=width,
        method=generate.taylor(system, 1e-10, width),
    )  # fmt: skip
    assert [bool(found.problem(member)) for member in range(4)] == [False, True, False, True]
    assert "step size collapsed at t = 1;" in found.problem(1)
    assert "step size collapsed at t = 0;" in found.problem(3)
    np.testing.assert_allclose(found.states[2, :, 0], 0.1 / (1 - 0.1 * times), rtol=1e-9)
    assert np.isnan(found.states[1, 2]).all()
    with pytest.raises(NumericsError, match="Explodes: trajectory 1: step size collapsed at t = 1"):
        flow.ensemble(system, times, starts[:3], integrator="taylor")


def test_too_many_steps_are_an_end():
    found = lanes.integrate(
        None, np.array([0.0, 50.0]), np.array([LORENZ.initial_condition]),
        np.array([[*LORENZ.parameters.values(), 0.0]]), lanes=1, max_steps=20,
        method=generate.taylor(LORENZ, 1e-10, 1),
    )  # fmt: skip
    assert "20 steps taken by t = " in found.problem(0)


def test_a_flow_with_a_corner_is_refused():
    with pytest.raises(ValueError, match="Chua has abs, which no series follows; use dop853"):
        flow.trajectory(SYSTEMS["Chua"], np.array([0.0, 1.0]), integrator="taylor")
    with pytest.raises(ConfigError, match=r"params.integrator: Chua has abs, which no series"):
        prepare({"systems": ["Lorenz", "Chua"], "integrator": "taylor"}, "params")
    with pytest.raises(ConfigError, match=r"params.integrator: Henon is a map; use dop853"):
        prepare({"systems": ["Henon"], "integrator": "taylor"}, "params")
    assert prepare({"systems": ["Lorenz"], "integrator": "taylor"}, "params").integrator == "taylor"


def test_all_other_functions_of_the_grammar_have_a_series():
    assert all(hasattr(Jets, what) for what in set(expressions.FUNCTIONS) - expressions.CORNERED)
    assert len([s for s in catalogue("flow").values() if not s.corners]) > 115


def test_a_long_sum_can_be_written():
    long = " + ".join(["x*y"] * 150)
    system = replace(
        LORENZ, name="Long", variables=("x", "y"), equations=(f"-y*sin({long})", "x"),
        parameters={}, initial_condition=(0.01, 0.01),
    )  # fmt: skip
    times = np.array([0.0, 1.0])
    one, other = (flow.trajectory(system, times, integrator=i) for i in ("taylor", "dop853"))
    np.testing.assert_allclose(one, other, rtol=1e-8)


@pytest.mark.parametrize("integrator", ["taylor", "dop853"])
def test_time_is_kept_beyond_its_last_digit(integrator):
    times = 1e8 + 0.5 * np.arange(60)  # whole steps of 1.5e-8 lie between two numbers there
    system = linear()
    system = replace(system, equations=("-a*x", "x - y"))
    how = {"rtol": 1e-13, "atol": 1e-30, "integrator": integrator}
    found = flow.trajectory(system, times, np.array([1.0, 1.0]), **how)
    since = times - 1e8
    # some hundred steps of relative error 1e-13; a lost rounding of time would be 1e-9 in each
    np.testing.assert_allclose(found[:, 0], np.exp(-since), rtol=2e-10)
    np.testing.assert_allclose(found[:, 1], (1 + since) * np.exp(-since), rtol=2e-10)
