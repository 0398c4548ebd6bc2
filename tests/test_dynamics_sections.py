"""Sections and diagrams of motions in closed form, with their orders of convergence."""

import math

import numpy as np
import pytest

from analysis.dynamics import (
    Section,
    bifurcation,
    local_maxima,
    orbit_diagram,
    poincare,
    return_map,
    return_times,
)

W, LEVEL, START = 1.3, 0.3, 2.0


def oscillator(count, span=50.0):
    """A harmonic oscillator (q, p) with q = cos(W t): times, states, rates."""
    t = START + np.linspace(0, span, count)
    q, p = np.cos(W * t), -W * np.sin(W * t)
    return t, np.stack([q, p], axis=1), np.stack([p, -W * W * q], axis=1)


def crossings(direction, span=50.0):
    """Times at which cos(W t) = LEVEL, rising or falling, from START on."""
    sign = -1 if direction > 0 else 1
    t = (2 * math.pi * np.arange(100) + sign * math.acos(LEVEL)) / W
    return t[(t > START) & (t < START + span)]


@pytest.mark.parametrize("direction", [1, -1])
def test_crossings_of_an_oscillator_are_those_of_the_closed_form(direction):
    t, x, _ = oscillator(1000)
    found = poincare(x, t, 0, LEVEL, direction=direction)
    np.testing.assert_allclose(found.times, crossings(direction), atol=1e-9)
    np.testing.assert_allclose(found.points[:, 0], LEVEL, atol=1e-14)
    p = direction * W * math.sqrt(1 - LEVEL**2)
    np.testing.assert_allclose(found.points[:, 1], p, atol=1e-8)
    assert (found.directions == direction).all()
    np.testing.assert_allclose(return_times(found), 2 * math.pi / W, atol=1e-9)


def test_both_directions_are_the_two_together():
    t, x, _ = oscillator(1000)
    both = poincare(x, t, 0, LEVEL)
    expected = np.sort(np.concatenate([crossings(1), crossings(-1)]))
    np.testing.assert_allclose(both.times, expected, atol=1e-9)
    assert set(both.directions.tolist()) == {1, -1}


@pytest.mark.parametrize(("known", "order"), [(False, 6), (True, 8)])
def test_the_error_falls_with_the_sixth_power_of_the_step_the_eighth_with_rates(known, order):
    errors = []
    for count in (101, 201):
        t, x, v = oscillator(count)
        found = poincare(x, t, [1.0, 0.0], LEVEL, direction=1, rates=v if known else None)
        # away from the ends, where the samples lie to one side
        errors.append(np.abs(found.times - crossings(1))[1:-1].max())
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.5)


def test_samples_need_not_be_evenly_spaced():
    t = START + 50 * np.sort(np.random.default_rng(1).random(4000))
    x = np.stack([np.cos(W * t), -W * np.sin(W * t)], axis=1)
    found = poincare(x, t, 0, LEVEL, direction=1)
    np.testing.assert_allclose(found.times, crossings(1)[: found.times.size], atol=1e-7)


def test_a_tilted_plane_is_met_where_it_is():
    t, x, _ = oscillator(1000)
    normal = np.array([2.0, -1.0])
    found = poincare(x, t, normal, 0.5, direction=1)
    np.testing.assert_allclose(found.points @ normal, 0.5, atol=1e-13)
    exact = np.stack([np.cos(W * found.times), -W * np.sin(W * found.times)], axis=1)
    np.testing.assert_allclose(found.points, exact, atol=1e-7)


def test_a_sample_on_the_plane_is_one_crossing():
    x = np.sin(2 * np.pi * np.arange(41) / 20)
    x[[0, 10, 20, 30, 40]] = 0.0
    found = poincare(x, 1.0, 0, 0.0)
    np.testing.assert_allclose(found.times, [10, 20, 30, 40], atol=1e-6)
    assert found.directions.tolist() == [-1, 1, -1, 1]


def test_an_orbit_that_stays_on_one_side_has_no_crossing():
    t, x, _ = oscillator(100)
    found = poincare(x, t, 0, 2.0)
    assert found.times.shape == (0,) and found.points.shape == (0, 2)


def test_the_return_map_pairs_successive_values():
    assert return_map([1.0, 2.0, 4.0, 8.0]).tolist() == [[1, 2], [2, 4], [4, 8]]
    assert return_map([1.0, 2.0, 4.0, 8.0], 2).tolist() == [[1, 4], [2, 8]]


def test_maxima_lie_between_samples():
    t = START + np.linspace(0, 40, 700)
    at, height = local_maxima(3 * np.cos(W * t), t)
    k = np.arange(1, 9)
    np.testing.assert_allclose(at, (2 * np.pi * k / W)[: at.size], atol=1e-6)
    np.testing.assert_allclose(height, 3.0, atol=1e-9)


def test_the_error_of_a_maximum_falls_with_the_sixth_power_of_the_step():
    errors = []
    for count in (101, 201):
        t = START + np.linspace(0, 50, count)
        errors.append(np.abs(local_maxima(np.cos(W * t), t)[1][1:-1] - 1).max())
    assert math.log2(errors[0] / errors[1]) > 5.5


def test_a_plateau_is_one_maximum_and_a_shoulder_none():
    at, height = local_maxima([0.0, 1, 2, 2, 1, 0, 0, -1, -2])
    assert at.tolist() == [2.5]
    assert height.tolist() == [2.0]
    assert local_maxima(np.arange(9.0))[0].size == 0


def test_a_diagram_of_oscillations_has_their_amplitudes():
    t = np.arange(0, 60, 0.05)
    family = [a * np.sin(t) for a in (1.0, 2.0)]
    found = bifurcation(family, [10.0, 20.0], 0.05)
    assert set(found.parameters.tolist()) == {10.0, 20.0}
    np.testing.assert_allclose(found.values, found.parameters / 10, atol=1e-8)
    assert (found.members == (found.parameters == 20)).all()


def test_a_diagram_on_a_section_has_the_chosen_component_there():
    t = np.arange(0, 60, 0.05)
    family = [np.stack([np.cos(t), a * np.sin(t)], axis=1) for a in (1.0, 2.0)]
    found = bifurcation(family, [1.0, 2.0], 0.05, component=1, normal=0, direction=-1)
    np.testing.assert_allclose(found.values, found.parameters, atol=1e-6)


def test_a_fixed_point_is_one_point_of_the_diagram():
    found = bifurcation([np.full(50, 7.0), np.sin(np.arange(50.0))], [0.0, 1.0])
    assert found.values[found.parameters == 0].tolist() == [7.0]


def test_the_logistic_diagram_has_its_cycles():
    """Fixed point 1 - 1/r for r < 3; the cycle of two (r + 1 +- ((r-3)(r+1))^(1/2))/2r beyond."""
    family = []
    for r in (2.5, 3.2):
        x = np.empty(600)
        x[0] = 0.3
        for i in range(599):
            x[i + 1] = r * x[i] * (1 - x[i])
        family.append(x)
    found = orbit_diagram(family, [2.5, 3.2], keep=100)
    np.testing.assert_allclose(found.values[found.parameters == 2.5], 1 - 1 / 2.5, atol=1e-12)
    root = math.sqrt(0.2 * 4.2)
    low, high = (4.2 - root) / 6.4, (4.2 + root) / 6.4
    two = found.values[found.parameters == 3.2]
    assert two.size == 100
    np.testing.assert_allclose(np.sort(two), np.repeat([low, high], 50), atol=1e-10)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: poincare(np.zeros((9, 2)), np.zeros(9), 0), "times: must be finite and rise"),
        (lambda: poincare(np.zeros((9, 2)), np.arange(8), 0), "times: must be a step"),
        (lambda: poincare(np.zeros((9, 2)), 1.0, 2), "normal: must be from 0 to 1"),
        (lambda: poincare(np.zeros((9, 2)), 1.0, [0.0, 0.0]), "normal: must be 2 finite"),
        (lambda: poincare(np.zeros((9, 2)), 1.0, 0, math.nan), "offset: must be finite"),
        (lambda: poincare(np.zeros((9, 2)), 1.0, 0, direction=2), "direction: must be"),
        (lambda: poincare(np.zeros((9, 2)), 1.0, 0, rates=np.zeros(9)), "rates: must have"),
        (lambda: poincare(np.zeros((2, 2)), 1.0, 0), "x: 4 points"),
        (lambda: return_times(Section(np.ones(1), np.ones((1, 1)), np.ones(1))), "section: 1"),
        (
            lambda: return_times(Section(np.ones(2), np.ones((2, 1)), np.array([1, -1]))),
            "section: has both",
        ),
        (lambda: return_map([1.0, 2.0], 2), "lag: must be from 1 to 1"),
        (lambda: bifurcation([np.arange(9.0)], [1.0, 2.0]), "parameters: 2 values for 1 orbits"),
        (lambda: bifurcation([], []), "family: is empty"),
        (lambda: bifurcation([[1.0, np.nan] * 9], [1.0]), r"family\[0\]: holds NaN"),
        (lambda: orbit_diagram([np.zeros((9, 2))], [1.0]), r"family\[0\]: must be one series"),
        (lambda: local_maxima(np.arange(4.0)), "x: 6 samples"),
    ],
)
def test_bad_input_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
