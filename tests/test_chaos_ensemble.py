"""Trajectories side by side: each as if it were alone, and each as another integrator gives it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import DOP853, solve_ivp

from core.errors import NumericsError
from sims.chaos import flow, generate
from sims.chaos.system import catalogue
from sims.integrators import lanes

SYSTEMS = catalogue()
LORENZ = SYSTEMS["Lorenz"]


def around(system, members, seed=5):
    """Return points near the catalogue's."""
    draw = np.random.default_rng(seed)
    return np.array(system.initial_condition) * (
        1 + 1e-2 * draw.normal(size=(members, system.dimension))
    )


@pytest.mark.parametrize("name", ["Lorenz", "HenonHeiles", "Duffing", "BlinkingRotlet"])
def test_every_lane_is_the_trajectory_of_its_start_to_the_last_bit(name):
    system = SYSTEMS[name]
    times = np.linspace(0.0, system.period, 40)
    starts = around(system, 21)
    together = flow.ensemble(system, times, starts)
    alone = np.array([flow.trajectory(system, times, start) for start in starts])
    np.testing.assert_array_equal(together, alone)


def test_no_bit_depends_on_who_else_is_there():
    times = np.linspace(0.0, 3.0, 50)
    starts = around(LORENZ, 29)
    whole = flow.ensemble(LORENZ, times, starts)
    np.testing.assert_array_equal(flow.ensemble(LORENZ, times, starts[3:5]), whole[3:5])
    np.testing.assert_array_equal(flow.ensemble(LORENZ, times, starts[::-1]), whole[::-1])
    # lanes that end early or late make room: the order in which states enter is another one
    np.testing.assert_array_equal(flow.ensemble(LORENZ, times, starts[7:26:3]), whole[7:26:3])


def test_each_may_have_its_own_parameters():
    times = np.linspace(0.0, 1.0, 11)
    rho = np.linspace(0.5, 60.0, 12)
    parameters = np.tile(list(LORENZ.parameters.values()), (12, 1))
    parameters[:, list(LORENZ.parameters).index("rho")] = rho
    starts = around(LORENZ, 12)
    found = flow.ensemble(LORENZ, times, starts, parameters, rtol=1e-12, atol=1e-12)
    for member in (0, 5, 11):
        other = LORENZ.changed({"rho": rho[member]}, "here")
        exact = solve_ivp(
            lambda t, x, system=other: system.rate(x, t), (0, 1), starts[member], "DOP853", times,
            rtol=1e-13, atol=1e-13,
        )  # fmt: skip
        np.testing.assert_allclose(found[member], exact.y.T, rtol=0, atol=1e-9)


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
    found = flow.ensemble(system, times, np.ones((members, 2)), a, rtol=rtol, atol=1e-30)
    exact = np.stack(
        [np.exp(-a * (times - 0.7)), np.exp(np.sin(times) - math.sin(0.7)) + 0 * a], axis=-1
    )
    # relative errors do not grow: those of 10 to 100 steps add up
    assert np.abs(found / exact - 1).max() < 200 * rtol


@pytest.mark.parametrize("width", [1, 8])
def test_one_step_and_what_lies_within_it_are_those_of_scipy(width):
    h, start = 0.02, np.array([1.0, 2.0, 3.0])
    times = 0.5 + h * np.array([0.0, 0.1, 0.37, 0.8, 1.0])
    found = lanes.integrate(
        generate.compiled_lanes(LORENZ, width), times, start[None],
        np.array([[*LORENZ.parameters.values(), 0.0]]), lanes=width, rtol=1e-3, first_step=h,
    )  # fmt: skip
    assert found.counts[0, lanes.COUNTED_STEPS] == 1
    solver = DOP853(lambda t, x: LORENZ.rate(x, t), 0.5, start, 9.0, first_step=h, rtol=1e-3)
    solver.step()
    inside = solver.dense_output()(times)
    np.testing.assert_allclose(found.states[0], inside.T, rtol=1e-13)
    np.testing.assert_allclose(found.states[0, -1], solver.y, rtol=1e-14)


def test_steps_and_refusals_are_counted():
    found = lanes.integrate(
        generate.compiled_lanes(LORENZ, 8), np.array([0.0, 1.0]), around(LORENZ, 3),
        np.array([[*LORENZ.parameters.values(), 0.0]]),
    )  # fmt: skip
    other = solve_ivp(
        lambda t, x: LORENZ.rate(x, t), (0, 1), around(LORENZ, 3)[2], "DOP853",
        rtol=1e-10, atol=1e-10,
    )  # fmt: skip
    steps = found.counts[2, lanes.COUNTED_STEPS] + found.counts[2, lanes.COUNTED_REJECTED]
    assert 12 * steps == pytest.approx(other.nfev, rel=0.1)
    np.testing.assert_array_equal(found.ended, 1.0)


def test_one_that_blows_up_is_named_and_the_others_are_there():
    system = replace(
        LORENZ, name="Explodes", variables=("x", "y"), equations=("x**2", "-y"), parameters={},
        initial_condition=(1.0, 0.0),
    )  # fmt: skip
    times = np.array([0.0, 0.4, 2.0])
    starts = np.array([[-1.0, 1.0], [1.0, 1.0], [0.1, 1.0]])
    with pytest.raises(NumericsError, match="Explodes: trajectory 1: step size collapsed at t = 1"):
        flow.ensemble(system, times, starts)
    found = lanes.integrate(generate.compiled_lanes(system, 8), times, starts, np.zeros((1, 1)))
    assert found.problem(1) and not found.problem(0) and not found.problem(2)
    np.testing.assert_allclose(found.states[2, :, 0], 0.1 / (1 - 0.1 * times), rtol=1e-8)
    assert np.isnan(found.states[1, 2]).all()
    assert found.states[1, 1, 0] == pytest.approx(1 / 0.6)
    with pytest.raises(NumericsError, match="Explodes: step size collapsed at t = 0;"):
        flow.trajectory(system, times, np.array([math.nan, 0.0]))


def test_too_many_steps_are_an_end():
    found = lanes.integrate(
        generate.compiled_lanes(LORENZ, 8), np.array([0.0, 50.0]), around(LORENZ, 2),
        np.array([[*LORENZ.parameters.values(), 0.0]]), max_steps=20,
    )  # fmt: skip
    assert "20 steps taken by t = " in found.problem(0)


def test_shapes_are_checked():
    times = np.array([0.0, 1.0])
    with pytest.raises(ValueError, match=r"starts: expected \(M, 3\), got \(3,\)"):
        flow.ensemble(LORENZ, times, np.ones(3))
    with pytest.raises(ValueError, match=r"parameters: expected \(2, 3\), got \(1, 3\)"):
        flow.ensemble(LORENZ, times, np.ones((2, 3)), np.ones((1, 3)))
    for bad in ([], [0.0, math.nan], [1.0, 0.5]):
        with pytest.raises(ValueError, match="times: must be finite and rising"):
            flow.ensemble(LORENZ, np.array(bad), np.ones((2, 3)))
    start = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(flow.trajectory(LORENZ, np.array([2.0]), start), [start])


@pytest.mark.parametrize("name", ["Lorenz", "Rossler", "Rucklidge"])
def test_steps_and_refusals_are_as_many_as_scipy_s(name):
    system = SYSTEMS[name]
    end, start = 2 * system.period, np.array(system.initial_condition)
    found = lanes.integrate(
        generate.compiled_lanes(system, 1), np.array([0.0, end]), start[None],
        np.array([[*system.parameters.values(), 0.0]]), lanes=1,
    )  # fmt: skip
    other = solve_ivp(
        lambda t, x: system.rate(x, t), (0, end), start, "DOP853", rtol=1e-10, atol=1e-10
    )
    steps, refused = found.counts[0, [lanes.COUNTED_STEPS, lanes.COUNTED_REJECTED]]
    assert refused > 10  # after which a step may not grow
    assert (steps, 2 + 12 * (steps + refused)) == (len(other.t) - 1, other.nfev)
