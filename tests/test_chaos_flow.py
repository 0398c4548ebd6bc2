"""Trajectories of the catalogue and the exponents that follow from them, against what is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from analysis.dynamics import kaplan_yorke, lyapunov_spectrum, pesin_entropy
from core.errors import NumericsError
from core.spectrum import of_growth
from sims.chaos import flow, tangent
from sims.chaos.system import catalogue

SYSTEMS = catalogue("flow")


@pytest.mark.parametrize("name", ["Lorenz", "Thomas", "Torus"])
def test_a_trajectory_is_that_of_another_integrator(name):
    system = SYSTEMS[name]
    times = 0.4 + np.linspace(0, system.period, 11)  # not from 0: the time itself may matter
    found = flow.trajectory(system, times, rtol=1e-12, atol=1e-12)
    other = solve_ivp(
        lambda t, x: system.rate(x, t), times[[0, -1]], system.initial_condition, "DOP853", times,
        rtol=1e-13, atol=1e-13,
    )  # fmt: skip
    # 1e-12 a step over some hundred steps; an error grows like exp(0.9 t) on the way, 100 at most
    np.testing.assert_allclose(found, other.y.T, rtol=0, atol=1e-8)


def energy_of_pendulum(system, x):
    p = system.parameters
    (m1, m2, l1, l2), d = (p[k] for k in ("m1", "m2", "l1", "l2")), x[:, 0] - x[:, 1]
    top = l2**2 * m2 * x[:, 2] ** 2 + l1**2 * (m1 + m2) * x[:, 3] ** 2
    top = top - 2 * l1 * l2 * m2 * x[:, 2] * x[:, 3] * np.cos(d)
    kinetic = top / (2 * l1**2 * l2**2 * m2 * (m1 + m2 * np.sin(d) ** 2))
    height = -(m1 + m2) * l1 * np.cos(x[:, 0]) - m2 * l2 * np.cos(x[:, 1])
    return kinetic + p["g"] * height


def energy_of_henon_heiles(system, x):
    q, p = x[:, :2], x[:, 2:]
    potential = q[:, 0] ** 2 * q[:, 1] - q[:, 1] ** 3 / 3
    return ((p**2).sum(axis=1) + (q**2).sum(axis=1)) / 2 + potential


def energy_of_quadrupole(system, x):
    a, b, d = (system.parameters[k] for k in "abd")
    q, p = x[:, :2], x[:, 2:]
    square = (q**2).sum(axis=1)
    cubic = 3 * q[:, 0] * q[:, 1] ** 2 - q[:, 0] ** 3
    return a * ((p**2).sum(axis=1) + square) / 2 + b * cubic / math.sqrt(2) + d * square**2 / 4


def energy_of_swinging_atwood(system, x):
    m1, m2 = (system.parameters[k] for k in ("m1", "m2"))
    r, angle, pr, pangle = x.T
    kinetic = pr**2 / (2 * (m1 + m2)) + pangle**2 / (2 * m1 * r**2)
    return kinetic + 9.82 * r * (m2 - m1 * np.cos(angle))


@pytest.mark.parametrize(
    ("name", "energy"),
    [
        ("DoublePendulum", energy_of_pendulum),
        ("HenonHeiles", energy_of_henon_heiles),
        ("HenonHeilesChaotic", energy_of_henon_heiles),
        ("NuclearQuadrupole", energy_of_quadrupole),
        ("SwingingAtwood", energy_of_swinging_atwood),
    ],
)
def test_energies_are_kept(name, energy):
    system = SYSTEMS[name]
    x = flow.trajectory(system, np.linspace(0, 1000, 2001), rtol=1e-12, atol=1e-12)
    values = energy(system, x)
    # a step's error of 1e-12 over some 10^4 steps, in phase for the worst
    assert np.abs(values - values[0]).max() < 1e-8 * max(1, abs(values[0]))


PUBLISHED = {
    # largest exponent and Kaplan-Yorke dimension of Sprott (2003) Chaos and Time-Series Analysis,
    # App. A, at the parameters given
    "Lorenz": ({"beta": 8 / 3}, 0.9056, 2.06215),
    "Rossler": ({}, 0.0714, 2.0132),
    "SprottB": ({}, 0.2101, 2.1736),
    "SprottD": ({}, 0.103, 2.078),
    "SprottE": ({}, 0.078, 2.072),
    "SprottJerk": ({}, 0.0551, 2.0265),
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_exponents_are_the_published_ones(name):
    parameters, largest, dimension = PUBLISHED[name]
    system = SYSTEMS[name].changed(parameters, name) if parameters else SYSTEMS[name]
    start = flow.trajectory(system, np.array([0.0, 40 * system.period]))[-1]
    period = system.period
    found = lyapunov_spectrum(tangent.Tangent(system, start), 800 * period, period / 10)
    e, se = found
    # two printed digits at least are right
    assert abs(e[0] - largest) < max(0.02 * largest, 4 * se[0])
    assert kaplan_yorke(e) == pytest.approx(dimension, abs=0.01)
    assert abs(e[1]) < max(4 * se[1], 2e-3 * e[0] + 5 / (800 * period))  # the flow's own direction
    assert pesin_entropy(e) == pytest.approx(e[e > 0].sum())


@pytest.mark.parametrize("name", ["Lorenz", "SprottB", "Halvorsen", "HyperQi"])
def test_the_sum_of_the_exponents_is_the_divergence(name):
    system = SYSTEMS[name]
    start = flow.trajectory(system, np.array([0.0, 10 * system.period]))[-1]
    parts = list(tangent.Tangent(system, start).stretches(60 * system.period, system.period / 10))
    total = sum(part.logarithms.sum() for part in parts) / sum(part.duration for part in parts)
    exact = np.trace(system.jacobian_at(start))  # the same everywhere for these four
    assert total == pytest.approx(exact, rel=1e-6)
    assert parts[-1].time == pytest.approx(sum(part.duration for part in parts))


def test_a_linear_flow_has_its_eigenvalues():
    linear = replace(
        SYSTEMS["Lorenz"], name="Linear", variables=("x", "y", "z"),
        equations=("0.3*x + y", "-0.2*y + z", "-1.1*z"), parameters={},
        initial_condition=(0.0, 0.0, 0.0),
    )  # fmt: skip
    found = lyapunov_spectrum(tangent.Tangent(linear), 400.0, 0.5)
    # the directions turn into place within the first few times 1/(0.3 + 0.2): an offset of 1/T
    np.testing.assert_allclose(found.exponents, [0.3, -0.2, -1.1], atol=0.01)
    # the volume shrinks by the trace, whatever the directions: to the tolerance of the steps
    parts = list(tangent.Tangent(linear, rtol=1e-11, atol=1e-11).stretches(50.0, 0.5))
    total = sum(part.logarithms.sum() for part in parts)
    assert total == pytest.approx(-1.0 * parts[-1].time, abs=1e-8)


def test_a_flow_that_blows_up_names_itself_and_the_time():
    system = replace(
        SYSTEMS["Lorenz"], name="Explodes", variables=("x", "y", "z"),
        equations=("x**2", "0*y", "0*z"), parameters={}, initial_condition=(1.0, 0.0, 0.0),
    )  # fmt: skip
    with pytest.raises(NumericsError, match="Explodes: step size collapsed at t = 1"):
        flow.trajectory(system, np.array([0.0, 2.0]))
    with pytest.raises(NumericsError, match="Explodes: "):
        list(tangent.Tangent(system).stretches(2.0, 0.1))


def test_dimensions_of_known_spectra():
    assert kaplan_yorke([0.9056, 0, -14.5723]) == pytest.approx(2.06215, abs=1e-5)
    assert kaplan_yorke([-14.5723, 0.9056, 0]) == kaplan_yorke([0.9056, 0, -14.5723])
    assert kaplan_yorke([-0.1, -0.2]) == 0.0
    assert kaplan_yorke([0.0, -0.2]) == 1.0
    assert kaplan_yorke([-1e-6, -0.2], [1e-5, 1e-3]) == 1.0  # a limit cycle, whatever the sign
    assert kaplan_yorke([-9e-10, -0.2], [4e-12, 1e-12]) == 1.0  # a cycle repeats its blocks exactly
    assert kaplan_yorke([-6e-5, -7e-4, -0.036], [4e-3, 3e-3, 2e-3]) == 2.0  # a torus
    assert kaplan_yorke([-0.055, -0.055], [1e-4, 1e-4]) == 0.0  # a fixed point
    assert kaplan_yorke([0.9056, 0, -14.5723], [1e-3] * 3) == kaplan_yorke([0.9056, 0, -14.5723])
    with pytest.raises(ValueError, match="standard_errors: must be one for each"):
        kaplan_yorke([0.1, -0.2], [0.1])
    assert kaplan_yorke([0.5, 0.0, -0.5]) == 3.0
    assert kaplan_yorke([0.41922, -1.62319]) == pytest.approx(1.25827, abs=1e-5)  # Hénon's map
    assert pesin_entropy([0.3, -1.0, 0.2]) == pytest.approx(0.5)
    for bad in ([], [math.nan], [[1.0]]):
        with pytest.raises(ValueError, match="exponents: must be one list"):
            kaplan_yorke(bad)


def test_too_short_a_trajectory_has_no_error():
    with pytest.raises(ValueError, match=r"duration: .* orthonormalisations are too few"):
        lyapunov_spectrum(tangent.Tangent(SYSTEMS["Lorenz"]), 1.0, 0.1)


def test_the_error_of_an_exponent_is_that_of_independent_growth():
    """1/sqrt(n) of n independent pieces; 20 blocks give it to 1/sqrt(38), which is 16 %."""
    draw = np.random.default_rng(0).normal([3.0, -3.0], [1.0, 2.0], size=(4000, 2))
    found = of_growth(np.full(4000, 2.0), draw)  # each over a time of 2
    np.testing.assert_allclose(found.exponents, [1.5, -1.5], atol=5 * 0.5 * 2 / 4000**0.5)
    expected = np.array([1.0, 2.0]) / 2 / 4000**0.5
    np.testing.assert_allclose(found.standard_errors, expected, rtol=3 * 0.16)
