"""Noise in the equations: strong and weak order, the compiled loop against its twin, statistics."""

import numpy as np
import pytest

from core import rng
from core.backend import select
from core.errors import NumericsError
from sims import chaos
from sims.chaos import flow, noise
from sims.chaos.system import catalogue, read

LINEAR = """
[Ornstein]
variables = "x"
equations = ["-theta*x"]
parameters = {theta = 1.3}
initial_condition = [1.0]
period = 1.0
regime = "transient"
citation = "Uhlenbeck & Ornstein (1930) Phys. Rev. 36, 823"

[Curved]
variables = "x y"
equations = ["sin(3*x)*y - x", "-y + x**2"]
initial_condition = [0.3, 0.2]
period = 1.0
regime = "transient"
citation = "none"

[Stiff]
variables = "x y"
equations = ["y", "-x - rate*(y - cos(x))"]
parameters = {rate = 1e5}
initial_condition = [0.3, 0.95]
period = 6.28
regime = "transient"
citation = "none"
"""


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    path = tmp_path_factory.mktemp("noise") / "mine.toml"
    path.write_text(LINEAR)
    return read(path)


def coarser(w, i, h):
    """Return the increments of steps of 2 h, along the same paths as those of steps h.

    i h is the integral of W over a step, so that those of two steps give i1 h + (w1 + i2) h.
    """
    first, second = slice(0, None, 2), slice(1, None, 2)
    return w[first] + w[second], (i[first] + w[first] + i[second]) / 2


def slope(errors):
    return np.polyfit(np.log(0.5 ** np.arange(len(errors))), np.log(errors), 1)[0]


def test_increments_have_the_moments_of_a_wiener_process():
    n, h = 40_000, 0.3
    w, i = noise.increments(np.random.default_rng(1), n, 2, h)
    # variances and covariance of (W(h), integral/h): h, h/3, h/2; an estimate of cov(a, b) is off
    # by sqrt((cov^2 + var a var b)/n)
    found = np.cov(np.stack([w[:, 0], i[:, 0]]))
    exact = np.array([[h, h / 2], [h / 2, h / 3]])
    off = np.sqrt((exact**2 + np.outer(np.diag(exact), np.diag(exact))) / n)
    assert (np.abs(found - exact) < 4 * off).all()
    assert abs(np.corrcoef(w[:, 0], w[:, 1])[0, 1]) < 4 / np.sqrt(n)
    assert abs(np.corrcoef(w[1:, 0], w[:-1, 0])[0, 1]) < 4 / np.sqrt(n)


def test_finer_paths_give_the_increments_of_coarser_ones():
    draw, h = np.random.default_rng(2), 0.01
    w, i = noise.increments(draw, 60_000, 1, h)
    w2, i2 = coarser(w, i, h)
    found = np.cov(np.stack([w2[:, 0], i2[:, 0]]))
    exact = 2 * h * np.array([[1, 1 / 2], [1 / 2, 1 / 3]])
    assert np.abs(found - exact).max() < 4 * 2 * h * np.sqrt(2 / 30_000)


@pytest.mark.parametrize(("name", "least"), [("Curved", 1.4), ("Ornstein", 1.9)])
def test_strong_order(systems, name, least):
    """1.5 along the same path; 2 for a linear equation, where what 1.5 leaves is f'' alone."""
    system, paths, finest = systems[name], 400, 512
    d, s = system.dimension, np.full(system.dimension, 0.8)
    draw, h = np.random.default_rng(3), 1.0 / finest
    w, i = (a.reshape(finest, paths, d) for a in noise.increments(draw, finest, paths * d, h))
    ends = []
    while len(w) >= 8:
        x = np.broadcast_to(np.array(system.initial_condition), (paths, d))
        for n in range(len(w)):
            x = noise.step(system.rate, n * h, h, x, w[n], i[n], s)
        ends.append(x)
        w, i = coarser(w, i, h)
        h *= 2
    errors = [np.sqrt(np.mean((end - ends[0]) ** 2)) for end in ends[2:]][::-1]
    assert errors[-1] < 1e-3
    assert least < slope(errors) < least + 0.6


def test_weak_order_and_stationary_variance_of_ornstein_uhlenbeck(systems):
    """A step is x -> r x + a W + b I with numbers that can be read off: no sampling is needed."""
    system, theta = systems["Ornstein"], 1.3
    one, none = np.ones(1), np.zeros(1)
    errors = []
    for h in 0.5 ** np.arange(1, 6):
        r, a, b = (
            float(noise.step(system.rate, 0.0, h, *x, one)[0])
            for x in ((one, none, none), (none, one, none), (none, none, one))
        )
        mean = abs(r - np.exp(-theta * h)) / h
        variance = (a**2 + a * b + b**2 / 3) * h / (1 - r**2)
        errors.append((mean, abs(variance - 1 / (2 * theta))))
    assert slope([e[0] for e in errors]) > 3.8  # the mean: classical Runge-Kutta
    assert slope([e[1] for e in errors]) > 1.9  # the variance
    assert errors[-1][1] < 1e-3


def test_the_noise_is_that_of_ito_with_the_strength_given(systems):
    """The stationary variance s^2/(2 theta) and the correlation exp(-theta t) of the process."""
    times = np.arange(40_000) * 0.1
    x = noise.trajectory(
        systems["Ornstein"], times, np.zeros(1), np.array([0.7]), 2, np.random.default_rng(4)
    )[100:, 0]
    # 40 000 samples, 0.1 apart, correlated over 1/theta: 2 theta * 4000 independent squares
    few = np.sqrt(2 / (1.3 * 4000))
    assert x.var() == pytest.approx(0.7**2 / 2.6, rel=4 * few)
    assert abs(np.corrcoef(x[5:], x[:-5])[0, 1] - np.exp(-1.3 * 0.5)) < 4 * few


@pytest.mark.parametrize("name", ["Lorenz", "Torus", "Duffing"])
def test_the_compiled_loop_is_its_twin(name):
    """Torus depends on the time itself."""
    system = catalogue()[name]
    draw, s = np.random.default_rng(5), np.linspace(0.1, 0.3, system.dimension)
    h, steps, marks = system.period / 300, 3, np.arange(5) * system.period / 100
    w, i = noise.increments(draw, 15, system.dimension, h)
    found = noise.advance(system, marks, h, steps, system.initial_condition, (w, i), s)
    x, twin = np.array(system.initial_condition), []
    for n in range(15):
        t = marks[n // steps] + (n % steps) * h
        x = noise.step(system.rate, t, h, x, w[n], i[n], s)
        twin.append(x)
    np.testing.assert_allclose(found, twin[2::3], rtol=1e-13, atol=1e-13)


def test_without_noise_it_is_the_flow():
    lorenz = catalogue()["Lorenz"]
    times = np.arange(50) * lorenz.period / 100
    exact = flow.trajectory(lorenz, times, rtol=1e-13, atol=1e-13)
    errors = []
    for steps in (2, 4, 8):
        found = noise.trajectory(
            lorenz, times, exact[0], np.zeros(3), steps, np.random.default_rng(6)
        )
        errors.append(np.abs(found - exact).max())
    assert slope(errors) == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("name", ["Lorenz", "BelousovZhabotinsky", "SprottMore"])
def test_steps_are_fine_enough_for_the_noise(name):
    system = catalogue()[name]
    times = np.arange(500) * system.period / 100
    exact = flow.trajectory(system, times)
    spread, none = exact.std(axis=0), np.zeros((1, system.dimension))
    steps = noise.substeps(system, times, exact, spread, 0.01)
    found = noise.advance(
        system, times[:-1], times[1] / steps, steps, exact[:-1], (none, none), none[0]
    )
    wrong = np.sqrt(np.mean(((found - exact[1:]) / spread) ** 2, axis=0))
    assert wrong.max() < 1.1e-4
    assert noise.substeps(system, times, exact, spread, 0.001) >= steps


def test_a_system_too_stiff_for_noise_says_so(systems):
    stiff, times = systems["Stiff"], np.arange(3) * 2.0
    exact = flow.trajectory(stiff, times, rtol=1e-6, atol=1e-6)
    with pytest.raises(NumericsError, match="Stiff: too stiff for dynamical noise: 4096 steps"):
        noise.substeps(stiff, times, exact, exact.std(axis=0), 0.01)


def states(params, seed=3):
    ready = chaos.prepare(params, "c:")
    found = chaos.trajectories(ready, lambda m: rng.generator(seed, "sims", "r", m), select("cpu"))
    return {found.layout[block.part].path: block.values["state"] for block in found.blocks}


def test_a_run_with_noise_has_its_strength_its_starts_and_a_stream_of_its_own():
    params = {"systems": ["Lorenz"], "samples": 400, "trajectories": 3, "points_per_period": 400}
    plain, noisy = states(params)["Lorenz"], states({**params, "dynamical_noise": 0.2})["Lorenz"]
    assert (noisy[:, 0] == plain[:, 0]).all()
    assert (states({**params, "dynamical_noise": 0.2})["Lorenz"] == noisy).all()
    other = states({**params, "dynamical_noise": 0.2}, seed=4)["Lorenz"]
    assert (other[0, 0] == noisy[0, 0]).all() and (other[0, 1:] != noisy[0, 1:]).any()
    lorenz = catalogue()["Lorenz"]
    h = lorenz.period / 400
    # what a sample adds to that of the flow from the one before: noise, and J h of it, some 10 %
    added = []
    for k in range(3):
        for n in range(399):
            zero = np.zeros((1, 3))
            after = noise.advance(lorenz, np.zeros(1), h, 1, noisy[k, n], (zero, zero), zero[0])
            added.append(noisy[k, n + 1] - after[0])
    expected = 0.2 * plain[0].std(axis=0) * np.sqrt(1 / 400)
    np.testing.assert_allclose(np.std(added, axis=0), expected, rtol=0.12)
    cross = np.corrcoef(np.array(added).reshape(3, -1))
    assert np.abs(cross - np.eye(3)).max() < 5 / np.sqrt(399 * 3)


def test_the_clock_of_a_drive_gets_no_noise():
    """Its phase grows evenly but for rounding, which is nothing to measure errors by."""
    duffing = catalogue()["Duffing"]
    clock = duffing.variables.index(duffing.unbounded[0])
    params = {"systems": ["Duffing"], "samples": 200, "trajectories": 2}
    plain, noisy = (
        states({**params, **more})["Duffing"] for more in ({}, {"dynamical_noise": 0.1})
    )
    assert np.abs(noisy - plain)[..., clock].max() < 1e-6
    assert np.abs(noisy - plain)[..., 0].max() > 1e-2
