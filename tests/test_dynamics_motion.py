"""Exponents, the 0-1 test and periods of motions that are known in closed form."""

import math

import numpy as np
import pytest

from analysis.dynamics import (
    autocorrelation,
    embed,
    lyapunov_from_data,
    period,
    timescales,
    two_particle,
    zero_one_test,
)
from sims.chaos import motion
from sims.chaos.system import catalogue


def logistic(n, r=4.0, x=0.3):
    found = np.empty(n)
    for i in range(n):
        found[i] = x = r * x * (1 - x)
    return found


def henon(n):
    x, y, orbit = 0.1, 0.1, np.empty((n, 2))
    for i in range(n):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        orbit[i] = x, y
    return orbit[100:]


def quasi_periodic(n, step=1.0):
    t = np.arange(n) * step
    return np.cos(t) + np.cos(2**0.5 * t + 1)


@pytest.mark.parametrize("method", ["rosenstein", "kantz"])
def test_the_logistic_map_has_the_exponent_ln_2(method):
    found = lyapunov_from_data(logistic(8000), method=method)
    assert abs(found.value - math.log(2)) < 3 * found.standard_error < 0.05


def test_the_exponent_is_per_time_and_does_not_depend_on_units():
    x = logistic(3000)
    once = lyapunov_from_data(x)
    again = lyapunov_from_data(x * 2.0**12, 0.25)
    assert again.value == pytest.approx(4 * once.value, rel=1e-9)
    assert again.standard_error == pytest.approx(4 * once.standard_error, rel=1e-6)
    assert again.high == once.high / 4


def test_the_henon_map_has_its_exponent_from_states_and_from_delays():
    """0.41922, Sprott (2003) Chaos and Time-Series Analysis, app. A."""
    orbit = henon(8000)
    for x in (orbit, embed(orbit[:, 0], 2)):
        found = lyapunov_from_data(x)
        assert abs(found.value - 0.41922) < 3 * found.standard_error < 0.06


def test_neighbours_on_a_torus_do_not_part():
    t = np.arange(6000) * 0.1
    x = np.stack([np.cos(t), np.sin(t), np.cos(2**0.5 * t), np.sin(2**0.5 * t)], axis=1)
    found = lyapunov_from_data(x, 0.1)
    assert abs(found.value) < 1e-6


def test_the_divergence_is_the_mean_over_nearest_neighbours():
    """The definition, with all distances in an array."""
    x, w, steps = henon(600), 5, 8
    last = len(x) - steps
    distance = np.linalg.norm(x[:last, None] - x[None, :last], axis=-1)
    i, j = np.indices(distance.shape)
    distance[abs(i - j) < w] = np.inf
    near = distance.argmin(axis=1)
    place = np.arange(last)
    curve = [
        np.log(np.linalg.norm(x[place + k] - x[near + k], axis=1)).mean() for k in range(steps + 1)
    ]
    found = lyapunov_from_data(x, steps=steps, theiler=w)
    np.testing.assert_allclose(found.divergence, curve, rtol=1e-12)


def test_kantz_means_over_all_neighbours_within_the_radius():
    x, w, steps, radius = henon(600), 3, 6, 0.1
    last = len(x) - steps
    distance = np.linalg.norm(x[:last, None] - x[None, :last], axis=-1)
    i, j = np.indices(distance.shape)
    close = (distance <= radius) & (abs(i - j) >= w)
    rows = [r for r in range(last) if close[r].any()]
    curve = [
        np.mean([np.log(np.linalg.norm(x[r + k] - x[np.flatnonzero(close[r]) + k], axis=1)).mean()
                 for r in rows])
        for k in range(steps + 1)
    ]  # fmt: skip
    found = lyapunov_from_data(x, steps=steps, theiler=w, method="kantz", radius=radius)
    np.testing.assert_allclose(found.divergence, curve, rtol=1e-12)


def lorenz(n):
    """n states, 50 a period, of the Lorenz equations."""
    system = catalogue()["Lorenz"]
    step = system.period / 50
    start = motion.onward(system, 50 * system.period)
    return motion.trajectory(system, np.arange(n) * step, start), step


@pytest.mark.parametrize("method", ["rosenstein", "kantz"])
def test_a_flow_has_its_exponent_across_it(method):
    """0.9056, Sprott (2003). A twentieth is what the orbit's own exponent varies by; whole
    distances, in which a step along the flow hides the growth, give a tenth less."""
    states, step = lorenz(20_000)
    found = lyapunov_from_data(states, step, method=method)
    assert abs(found.value / 0.9056 - 1) < 0.05
    if method == "rosenstein":
        whole = lyapunov_from_data(states, step, across=False)
        assert whole.value < 0.94 * found.value


def test_distances_across_the_flow_are_those_without_the_part_along_it():
    """The definition, with all distances in an array."""
    states, step = lorenz(700)
    w, steps = 40, 30
    moves = np.gradient(states, axis=0)
    way = np.linalg.norm(moves, axis=1)
    unit = moves / way[:, None]
    last = len(states) - steps

    def across(i, j):
        apart = states[i] - states[j]
        along = (apart * unit[i]).sum(axis=-1)
        return np.linalg.norm(apart - along[..., None] * unit[i], axis=-1), np.abs(along)

    i, j = np.indices((last, last))
    distance, along = across(i, j)
    distance[(abs(i - j) < w) | (along > way[i])] = np.inf
    near, place = distance.argmin(axis=1), np.arange(last)
    met = np.isfinite(distance.min(axis=1))
    assert met.mean() > 0.95
    place, near = place[met], near[met]
    curve = [np.log(across(place + k, near + k)[0]).mean() for k in range(steps + 1)]
    found = lyapunov_from_data(states, step, steps=steps, theiler=w, across=True)
    np.testing.assert_allclose(found.divergence, curve, rtol=1e-9)


def test_two_particles_of_a_chaotic_map_part_and_those_of_a_rotation_do_not():
    a, b = logistic(200, x=0.3), logistic(200, x=0.3 + 1e-9)
    found = two_particle(a, b)
    assert found.verdict == "chaotic"
    # from 1e-9 to a tenth of the size, 0.05, at ln 2: 26 steps, and a few for the early growth
    assert 20 <= found.saturation <= 32
    assert found.rate == pytest.approx(math.log(2), rel=0.15)
    t = np.arange(2000) * 0.1
    first, second = (np.stack([np.cos(s), np.sin(s)], axis=1) for s in (t, t + 1e-8))
    turned = two_particle(first, second, 0.1)
    assert turned.verdict == "regular"
    assert turned.final == pytest.approx(1e-8 / 2**0.5, rel=0.01)  # the size is 2^(1/2)
    assert math.isnan(turned.saturation)


def test_two_particles_in_between_are_undecided():
    t = np.arange(2000) * 0.1
    found = two_particle(np.cos(t), np.cos(t * (1 + 1e-4)) + 1e-9, 0.1)
    assert found.verdict == "undecided"


@pytest.mark.parametrize(
    ("x", "k"),
    [
        (quasi_periodic(3000), 0.0),
        (quasi_periodic(40_000, 0.1), 0.0),  # sampled 60 times a period
        (logistic(3000, r=3.55)[500:], 0.0),  # period 8
        (logistic(3000), 1.0),
        (henon(3000)[:, 0], 1.0),
        (5 + logistic(3000), 1.0),
    ],
)
def test_the_zero_one_test_tells_regular_from_chaotic(x, k):
    found = zero_one_test(x)
    assert abs(found.value - k) < 0.03
    assert found.quartiles[0] <= found.value <= found.quartiles[1]


def test_the_displacement_is_the_mean_square_less_its_swing():
    """Gottwald & Melbourne's D_c(n) by its definition, and its correlation with n."""
    x, c = logistic(400), 1.1
    z = np.cumsum((x / np.abs(x).max()) * np.exp(1j * c * np.arange(1, 401)))
    n = np.arange(1, 41)
    moved = np.array([np.mean(np.abs(z[k : k + 360] - z[:360]) ** 2) for k in n])
    x = x / np.abs(x).max()
    swing = x.mean() ** 2 * (1 - np.cos(n * c)) / (1 - np.cos(c))
    from analysis.dynamics.zero_one import _correlation, _displacement

    found = _displacement(x, np.array([c]), 40)
    np.testing.assert_allclose(found[0], moved - swing, rtol=1e-9)
    assert _correlation(found)[0] == pytest.approx(np.corrcoef(n, moved - swing)[0, 1], rel=1e-9)


def test_the_zero_of_a_series_does_not_matter():
    x = np.empty(3000)
    x[0] = 0.3
    for i in range(1, x.size):
        x[i] = 3.97 * x[i - 1] * (1 - x[i - 1])
    for offset in (1e3, 1e6):
        assert zero_one_test(x + offset).value == pytest.approx(zero_one_test(x).value, abs=1e-6)


def test_a_densely_sampled_chaotic_flow_is_thinned():
    """Smooth steps of a chaotic sequence: without thinning K falls, with it K is 1."""
    coarse = logistic(700)
    dense = np.interp(np.arange(700 * 40 - 40) / 40, np.arange(700), coarse)
    assert zero_one_test(dense).value > 0.97
    assert zero_one_test(dense).step > 10
    assert zero_one_test(dense, step=1).value < 0.9


@pytest.mark.parametrize("length", [5.4321, 37.123, 100.0, 3.0])
@pytest.mark.parametrize("phase", [0.0, 1.0, 4.0])
def test_the_period_of_a_sine_is_found_to_1e_6(length, phase):
    x = 3 + 2 * np.sin(2 * np.pi * np.arange(1000) / length + phase)
    found = period(x, 0.5)
    assert found.value == pytest.approx(0.5 * length, rel=1e-6)


@pytest.mark.parametrize("method", ["spectral", "crossings", "autocorrelation"])
def test_the_methods_agree_on_a_wave_with_harmonics(method):
    t = np.arange(4000) * 0.05
    x = np.exp(np.sin(2 * np.pi * t / 7.3))
    found = period(x, 0.05, method=method)
    assert found.value == pytest.approx(7.3, rel=5e-3)
    assert found.standard_error < 0.05


def test_noise_at_the_mean_counts_no_crossings():
    t = np.arange(4000)
    noise = 0.02 * np.random.default_rng(1).standard_normal(4000)
    x = np.sin(2 * np.pi * t / 400 + 0.3) + noise
    assert period(x, method="crossings").value == pytest.approx(400, rel=0.01)


def test_the_timescales_of_an_autoregression_are_those_of_its_correlation():
    """rho(k) = a^k: 1/e at -1/ln a, integral 1/2 + a/(1 - a)."""
    a, n = 0.9, 200_000
    from scipy.signal import lfilter

    x = lfilter([1.0], [1.0, -a], np.random.default_rng(2).standard_normal(n))
    found = timescales(x, 0.1)
    # the scatter of rho is sqrt((1 + a^2)/(1 - a^2)/n) = 0.007, of the integral a few times that
    assert found.decorrelation == pytest.approx(-0.1 / math.log(a), rel=0.03)
    assert found.integral == pytest.approx(0.1 * (0.5 + a / (1 - a)), rel=0.1)
    np.testing.assert_allclose(autocorrelation(x)[:5], a ** np.arange(5), atol=0.01)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: period(np.ones(50)), "x: is constant"),
        (lambda: period(np.arange(5.0)), "x: 16 samples"),
        (lambda: period(np.arange(50.0), -1), "dt: must be positive"),
        (lambda: period(np.arange(50.0), method="fft"), "method: must be one of"),
        (lambda: period(np.arange(50.0), method="crossings"), "x: rises through its mean"),
        (lambda: period(np.arange(50.0), method="autocorrelation"), "x: its autocorrelation"),
        (lambda: zero_one_test(13 + 1e-12 * np.sin(np.arange(5000.0) ** 2)), "x: is constant, but"),
        (lambda: zero_one_test(np.sin(0.01 * np.arange(5000))), "x: 5000 samples leave"),
        (lambda: zero_one_test(np.arange(500.0), step=0), "step: must be 1"),
        (lambda: zero_one_test([1.0, np.nan] * 200), "x: holds NaN"),
        (lambda: two_particle(np.arange(30.0), np.arange(30.0)), "second: starts exactly"),
        (lambda: two_particle(np.arange(30.0), np.arange(30.0) + 9), "second: starts 7"),
        (lambda: two_particle(np.arange(30.0), np.arange(31.0)), "second: must have the shape"),
        (lambda: two_particle(np.ones(30), np.arange(30.0)), "first: does not move"),
        (lambda: lyapunov_from_data(np.arange(20.0)), "x: 100 points"),
        (lambda: lyapunov_from_data(np.ones((200, 2))), "x: all points are equal"),
        (lambda: lyapunov_from_data(henon(500), radius=0.1), "radius: the nearest"),
        (
            lambda: lyapunov_from_data(henon(500), method="kantz", radius=1e-9),
            "radius: only 0 of",
        ),
        (lambda: lyapunov_from_data(henon(500), method="wolf"), "method: must be one of"),
        (lambda: lyapunov_from_data(henon(500), fit=(5, 5), steps=9), "fit: the first"),
    ],
)
def test_bad_input_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
