"""The implicit integrator: coefficients, order, stiff problems with known solutions, its choice."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from core.errors import ConfigError, NumericsError
from sims.chaos import flow, generate
from sims.chaos.params import prepare
from sims.chaos.system import catalogue
from sims.integrators import implicit, radau

LORENZ = catalogue()["Lorenz"]


def made(name, variables, equations, start, **parameters):
    return replace(
        LORENZ, name=name, variables=tuple(variables.split()), equations=equations,
        parameters=parameters, initial_condition=start, period=1.0,
    )  # fmt: skip


def solve(system, times, **options):
    return implicit.integrate(
        generate.compiled(system), generate.compiled(system, "tangent"), np.array(times, float),
        np.array(system.initial_condition), generate.work(system), **options,
    )  # fmt: skip


def test_with_three_stages_the_coefficients_are_those_of_the_book():
    # Hairer & Wanner (1996), Table IV.5.6 and Eq. (8.20)
    nodes, a, inverse, weights = radau.tables(3)
    r = np.sqrt(6)
    np.testing.assert_allclose(nodes, [(4 - r) / 10, (4 + r) / 10, 1], rtol=1e-14)
    book = [
        [(88 - 7 * r) / 360, (296 - 169 * r) / 1800, (-2 + 3 * r) / 225],
        [(296 + 169 * r) / 1800, (88 + 7 * r) / 360, (-2 - 3 * r) / 225],
        [(16 - r) / 36, (16 + r) / 36, 1 / 9],
    ]
    np.testing.assert_allclose(a, book, atol=1e-14)
    assert 1 / inverse == pytest.approx(3 + 3 ** (2 / 3) - 3 ** (1 / 3), rel=1e-13)
    expected = inverse / 3 * np.array([-13 - 7 * r, -13 + 7 * r, -1])
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_the_five_stages_fulfil_the_conditions_of_order_nine():
    a, c, k = radau.A, radau.NODES, np.arange(1, 10)
    np.testing.assert_allclose([a[-1] @ c ** (j - 1) for j in k], 1 / k, rtol=1e-13)
    for j in range(1, 6):  # each stage is a collocation of degree 5
        np.testing.assert_allclose(a @ c ** (j - 1), c**j / j, rtol=0, atol=1e-15)


@pytest.mark.parametrize("z", [-0.5, -3.0, -1e3, -1e9])
def test_one_step_multiplies_by_the_approximant_of_pade(z):
    # R(z) = P(z)/Q(z) of degrees 4 and 5: L-stable; Hairer & Wanner (1996), Sec. IV.3, Eq. (3.30)
    p = [1, 4 / 9, 1 / 12, 1 / 126, 1 / 3024]
    q = [1, -5 / 9, 5 / 36, -5 / 252, 5 / 3024, -1 / 15120]
    exact = np.polyval(p[::-1], z) / np.polyval(q[::-1], z)
    system = made("Decay", "x", ("a*x",), (1.0,), a=z)
    found, counts = solve(system, [0.0, 1.0], rtol=1e12, atol=1e12, first_step=1.0)
    assert counts[implicit.STEPS] == 1
    assert found[-1, 0] == pytest.approx(exact, rel=1e-10, abs=1e-14)


def test_the_error_follows_the_tolerance_at_samples_within_steps_too():
    system = made("Swings", "x y", ("(1 + cos(t)/2)*y", "-(1 + cos(t)/2)*x"), (0.0, 1.0))
    times = np.linspace(0.0, 20.0, 1201)
    phase = times + np.sin(times) / 2
    exact = np.stack([np.sin(phase), np.cos(phase)], axis=-1)
    errors = []
    for rtol in (1e-5, 1e-8, 1e-11):
        found, counts = solve(system, times, rtol=rtol, atol=rtol)
        assert counts[implicit.STEPS] < len(times)  # or nothing lies within a step
        errors.append(np.abs(found - exact).max() / rtol)
    # an error a step of the tolerance times the root of two components, times the steps at worst
    assert max(errors) < 200


def order(which, sizes):
    """Return the order of a step's error of an integral: Newton's iterations are exact there."""
    errors = []
    system = made("Rides", "x", ("cos(t)",), (0.0,))
    for h in sizes:
        times = 0.3 + h * np.array([0.0, 0.37, 1.0])
        found, counts = solve(system, times, rtol=1e12, atol=1e12, first_step=h)
        assert counts[implicit.STEPS] == 1
        errors.append(abs(found[which, 0] - np.sin(times[which]) + np.sin(0.3)))
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


def test_a_step_is_of_order_nine_and_within_it_five():
    # one step's error is of one order more; at such steps the next order shifts it by some tenths
    assert order(1, np.array([0.4, 0.3, 0.2])) == pytest.approx(6, abs=0.6)
    assert order(2, np.array([2.4, 2.0, 1.6])) == pytest.approx(10, abs=0.6)


def test_robertson_over_eleven_decades():
    # Hairer & Wanner (1996), Sec. IV.10; Mazzia & Magherini (2008) Test Set for IVP Solvers, ROBER
    system = made(
        "Robertson", "x y z",
        ("-0.04*x + 1e4*y*z", "0.04*x - 1e4*y*z - 3e7*y**2", "3e7*y**2"), (1.0, 0.0, 0.0),
    )  # fmt: skip
    found, counts = solve(system, [0.0, 1e11], rtol=1e-9, atol=1e-16)
    reference = [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050]
    np.testing.assert_allclose(found[-1], reference, rtol=1e-7)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert counts[implicit.STEPS] < 1000


VAN_DER_POL = made("VanDerPol", "x y", ("y", "mu*(1 - x**2)*y - x"), (2.0, 0.0), mu=1000.0)


def test_van_der_pol_a_thousand():
    # Mazzia & Magherini (2008), VDPOL, whose time is this one over mu: t = 2, and y times mu
    found, counts = solve(VAN_DER_POL, [0.0, 2000.0], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(
        found[-1] * [1, 1000], [0.1706167732170483e1, -0.8928097010247975], rtol=1e-7
    )
    assert counts[implicit.STEPS] < 2000


def test_it_agrees_with_the_explicit_one_where_nothing_is_stiff():
    times = np.linspace(0.0, 2.0, 40)
    starts = np.array([LORENZ.initial_condition, [1.0, 2.0, 3.0]])
    how = {"rtol": 1e-12, "atol": 1e-12}
    found = flow.ensemble(LORENZ, times, starts, integrator="implicit", **how)
    np.testing.assert_allclose(found, flow.ensemble(LORENZ, times, starts, **how), atol=1e-8)


def test_a_stiff_flow_is_found_out():
    assert flow.chosen(VAN_DER_POL, "auto", 500.0, rtol=1e-6, atol=1e-6) == "implicit"
    gentle = VAN_DER_POL.changed({"mu": 1.0}, "here")
    assert flow.chosen(gentle, "auto", 500.0, rtol=1e-6, atol=1e-6) == "dop853"
    assert flow.chosen(LORENZ, "auto", 20.0) == "dop853"
    assert flow.chosen(catalogue()["SprottMore"], "auto", 20.0) == "dop853"
    assert flow.chosen(LORENZ, "implicit", 20.0) == "implicit"


def test_a_flow_is_stiff_where_its_steps_end_at_the_boundary_of_stability_and_not_before():
    # x -> cos t at the rate k: steps of about 2, set by the cosine, are stable while 2 k < 6
    for k, expected in ((1.0, "dop853"), (1000.0, "implicit")):
        drawn = made("Drawn", "x", ("-k*(x - cos(t)) - sin(t)",), (1.0,), k=k)
        assert flow.chosen(drawn, "auto", 3000.0, rtol=1e-3, atol=1e-3) == expected


def test_what_cannot_be_is_said():
    bursts = made("Bursts", "x", ("x**2",), (1.0,))
    with pytest.raises(NumericsError, match="Bursts: step size collapsed at t = 1;"):
        flow.trajectory(bursts, np.array([0.0, 2.0]), integrator="implicit")
    with pytest.raises(NumericsError, match="step size collapsed at t = 0;"):
        flow.trajectory(bursts, np.array([0.0, 2.0]), np.array([np.nan]), integrator="implicit")
    with pytest.raises(ValueError, match="integrator: no 'euler'; known: dop853, taylor, implicit"):
        flow.trajectory(bursts, np.array([0.0, 2.0]), integrator="euler")
    with pytest.raises(ConfigError, match="integrator: SprottMore jumps; use dop853 or auto"):
        prepare({"systems": ["SprottMore"], "integrator": "implicit"}, "params")
    still = flow.trajectory(bursts, np.array([3.0, 3.0]), integrator="implicit")
    np.testing.assert_array_equal(still, 1.0)


def test_radau_of_scipy_agrees():
    times = np.array([0.0, 300.0, 900.0])
    found, _ = solve(VAN_DER_POL, times, rtol=1e-9, atol=1e-9)
    other = solve_ivp(
        lambda t, x: VAN_DER_POL.rate(x, t), (0, 900), [2.0, 0.0], "Radau", times, rtol=1e-8,
        atol=1e-10, jac=lambda t, x: VAN_DER_POL.jacobian_at(x, t),
    )  # fmt: skip
    np.testing.assert_allclose(found, other.y.T, rtol=1e-5)
