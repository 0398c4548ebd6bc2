"""Motion, forces and pressures of particles whose motion is known."""

import math

import numpy as np
import pytest

from analysis import structure
from analysis.structure import averages, free

T = 64


def paths(t=T, n=20, d=2, seed=1):
    return np.cumsum(np.random.default_rng(seed).normal(size=(t, n, d)), axis=0)


def direct(x, product):
    """Return the mean over origins of a product of two times, lag by lag."""
    return np.array([product(x[lag:], x[: len(x) - lag]).mean(axis=0) for lag in range(len(x))])


def test_straight_motion_has_the_square_of_the_way():
    velocity = np.random.default_rng(2).normal(size=(5, 2))
    t = 0.1 * np.arange(T)
    found = structure.square_displacements(t[:, None, None] * velocity)
    expected = t[:, None] ** 2 * (velocity**2).sum(axis=1)
    # sums of 64 squares of up to 6 lose a few hundred roundings
    np.testing.assert_allclose(found, expected, atol=1e-11)


@pytest.mark.parametrize("t", [2, 3, 7, 64])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_transform_is_the_mean_over_all_origins(t, d):
    x = paths(t, 6, d) + 1e3  # far from the origin nothing cancels
    found = structure.square_displacements(x)
    expected = direct(x, lambda a, b: ((a - b) ** 2).sum(axis=-1))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    e = x / np.linalg.norm(x, axis=-1, keepdims=True)
    same = structure.heading_products(e)
    np.testing.assert_allclose(same, direct(e, lambda a, b: (a * b).sum(axis=-1)), rtol=1e-11)


def test_motion_runs_on_a_strict_array_library():
    xp = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    x = paths()
    for function in (structure.square_displacements, structure.heading_products):
        found = function(xp.asarray(x))
        np.testing.assert_allclose(np.asarray(found), function(x), rtol=1e-10, atol=1e-10)


def test_paths_go_on_across_the_edges_of_the_box():
    x = paths(seed=3)
    box = np.array([20.0, 30.0])
    wrapped = np.mod(x, box)
    found = structure.unwrapped(wrapped, box)
    np.testing.assert_allclose(found - found[0], x - x[0], atol=1e-12)
    image = np.floor(x / box)
    np.testing.assert_allclose(structure.unwrapped(wrapped, box, image), x, atol=1e-12)
    growing = np.broadcast_to(box, (T, 2))
    np.testing.assert_allclose(structure.unwrapped(wrapped, growing), found)
    assert structure.unwrapped(x, np.full(2, np.inf)) is x
    with pytest.raises(ValueError, match=r"more than 0\.4 of the box"):
        structure.unwrapped(np.mod(x, 4.0), np.full(2, 4.0))


def test_the_slope_of_a_diffusive_displacement_is_the_diffusivity():
    t = np.linspace(0, 10, 41)
    each = 4 * t[:, None] * np.array([1.0, 2.0, 3.0, 4.0])
    found = structure.effective_diffusion(t, each, 2, (2.0, 8.0))
    assert found.value == pytest.approx(2.5)
    assert found.exponent == pytest.approx(1.0)
    assert found.error == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    ballistic = structure.effective_diffusion(t, each * t[:, None], 2, (2.0, 8.0))
    assert ballistic.exponent == pytest.approx(2.0)
    with pytest.raises(ValueError, match="fewer than two lags"):
        structure.effective_diffusion(t, each, 2, (2.0, 2.1))


def test_the_error_over_particles_is_that_of_their_mean():
    values = np.random.default_rng(8).normal(2.0, 3.0, (50, 3200))
    mean, error = structure.over_particles(values)
    np.testing.assert_allclose(mean, values.mean(axis=1))
    # 32 blocks know the error to 1/sqrt(62) = 13 %, and 50 rows together to 2 %
    assert error.mean() == pytest.approx(3 / math.sqrt(3200), rel=0.1)


def swimmers(n=400, t=200, dt=0.05, turning=1.3, speed=2.0, diffusivity=0.3, chirality=0.7):
    """Return headings and positions of free active Brownian particles, steps of a fifth of dt."""
    rng = np.random.default_rng(11)
    angle, x, h = rng.uniform(0, 2 * math.pi, n), np.zeros((n, 2)), dt / 5
    heads, places = [], []
    for step in range(5 * t):
        if step % 5 == 0:
            heads.append(np.stack([np.cos(angle), np.sin(angle)], axis=-1))
            places.append(x)
        middle = angle + 0.5 * h * chirality
        x = x + h * speed * np.stack([np.cos(middle), np.sin(middle)], axis=-1)
        x = x + math.sqrt(2 * diffusivity * h) * rng.normal(size=(n, 2))
        angle = angle + h * chirality + math.sqrt(2 * turning * h) * rng.normal(size=n)
    return np.array(heads), np.array(places), dt * np.arange(t)


def test_free_swimmers_follow_their_closed_forms():
    heads, places, t = swimmers()
    memory, error = structure.over_particles(structure.heading_products(heads))
    exact = free.heading_memory(t, 1.3, 0.7)
    some = slice(5, 60)
    assert np.abs((memory - exact)[some] / error[some]).max() < 5
    each = structure.square_displacements(places)
    mean, error = structure.over_particles(each)
    law = {"dimension": 2, "speed_squared": 4.0, "forgetting": 1.3, "chirality": 0.7}
    exact = free.mean_square_displacement(t, diffusivity=0.3, **law)
    # a step h of 0.01 turns by 0.7 h between draws: below 1e-2 of the displacement swum
    some = slice(1, 100)
    assert np.abs((mean - exact)[some] / np.hypot(error, 0.01 * exact)[some]).max() < 5


def test_the_closed_forms_have_their_limits():
    law = {"dimension": 2, "speed_squared": 4.0, "forgetting": 0.5, "diffusivity": 0.25}
    short, long = 1e-5, 1e7
    at = free.mean_square_displacement([short, long], **law)
    assert at[0] == pytest.approx(4 * 0.25 * short + 4 * short**2, rel=1e-9)
    limit = free.long_time_diffusivity(**law)
    assert limit == pytest.approx(4.0 / (2 * 1 * 0.5) + 0.25)  # v^2/(d (d - 1) D_r) + D_t
    assert at[1] / (4 * long) == pytest.approx(limit, rel=1e-6)
    assert free.long_time_diffusivity(chirality=0.5, **law) == pytest.approx(4 * 0.5 / 1 + 0.25)
    # the series and the formula meet where one takes over
    near = np.array([0.00999, 0.01001])
    both = free.mean_square_displacement(near, dimension=1, speed_squared=1.0, forgetting=1.0)
    expected = 2 * (near - 1 + np.exp(-near))
    np.testing.assert_allclose(both, expected, rtol=1e-11)  # 1e-16 over a difference of 5e-5
    with pytest.raises(ValueError, match="never turn"):
        free.long_time_diffusivity(dimension=2, speed_squared=1.0, forgetting=0.0)


@pytest.mark.parametrize(
    "law",
    [
        structure.Interaction("wca", 1.7, 1.1),
        structure.Interaction("harmonic", 30.0, 0.9),
        structure.Interaction("softplus", 2.5, 1.0, beta=7.5),
        structure.Interaction("softplus", 2.5, 1.0, beta=7.5, cutoff=1.9),
    ],
)
def test_forces_are_minus_the_slope_of_their_energy(law):
    r = np.linspace(0.8, law.reach, 4001)
    force = law.force(r)
    assert force[-1] == pytest.approx(0.0, abs=1e-12) or law.kind == "wca"
    assert (force[:-1] > 0).all()
    energies = {
        "wca": lambda r: 4 * 1.7 * ((1.1 / r) ** 12 - (1.1 / r) ** 6),
        "harmonic": lambda r: 15.0 * (0.9 - r) ** 2,
    }
    if law.kind in energies:
        energy, h = energies[law.kind], 1e-5
        slope = -(energy(r + h) - energy(r - h)) / (2 * h)
        np.testing.assert_allclose(force, slope, rtol=1e-6, atol=1e-5)
    else:
        steep = np.log(1 + np.exp(7.5 * (1 - r))) / 7.5 * 2.5
        np.testing.assert_allclose(force, steep - steep[-1], rtol=1e-10, atol=1e-12)


def test_forces_are_pairwise_and_opposite():
    rng = np.random.default_rng(4)
    box, law = np.array([9.0, 7.0]), structure.Interaction("harmonic", 10.0, 1.3)
    points = rng.uniform(size=(80, 2)) * box
    found = structure.pair_forces(points, box, law)
    np.testing.assert_allclose(found.force.sum(axis=0), 0.0, atol=1e-12)
    expected, virial = np.zeros((80, 2)), 0.0
    for i in range(80):
        for j in range(80):
            gap = points[i] - points[j]
            gap -= box * np.round(gap / box)
            r = math.hypot(*gap)
            if i != j and r < 1.3:
                expected[i] += 10.0 * (1.3 - r) * gap / r
                virial += 0.5 * 10.0 * (1.3 - r) * r
    np.testing.assert_allclose(found.force, expected, atol=1e-12)
    assert found.virial == pytest.approx(virial)
    assert not structure.pair_forces(points, box, structure.Interaction("none")).force.any()
    halved = structure.Interaction("harmonic", 10.0, 0.65)
    same = structure.pair_forces(points, box, halved, np.full(80, 1.3))
    np.testing.assert_allclose(same.force, found.force, atol=1e-12)
    mixed = structure.pair_forces([[0.0, 0.0], [1.0, 0.0]], None, law, [1.0, 2.0])
    np.testing.assert_allclose(mixed.force, [[-5.0, 0.0], [5.0, 0.0]])  # 10 (1.5 - 1)
    apart = structure.pair_forces([[0.0, 0.0], [1.6, 0.0]], None, law, [1.0, 2.0])
    assert not apart.force.any()  # within the reach of two large ones, not of these
    with pytest.raises(ValueError, match="same place"):
        structure.pair_forces(np.ones((2, 2)), box, law)


def test_particles_that_meet_no_other_swim_at_their_own_speed():
    angle = np.linspace(0, 6, 50)
    e = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    nothing = np.zeros_like(e)
    assert structure.effective_speed(e, nothing, 3.0) == pytest.approx(3.0)
    assert structure.effective_speed(e, -e, 3.0, mobility=2.0) == pytest.approx(1.0)
    g = 1.5 * e  # Ornstein-Uhlenbeck propulsion: the speed is v_0 g
    assert structure.effective_speed(g, nothing, 3.0) == pytest.approx(4.5)
    found = structure.pressures(
        e, nothing, 0.0, (10.0, 5.0), speed=3.0, forgetting=0.5, mobility=2.0, diffusivity=0.4
    )
    # the gas law with D_eff/mu for the temperature: rho (D_t + v^2/(2 Gamma))/mu
    assert found.total == pytest.approx(1.0 * (0.4 + 9.0 / (2 * 0.5)) / 2.0)
    assert structure.pressures(
        e, -e, 30.0, (10.0, 5.0), speed=3.0, forgetting=0.5
    ) == pytest.approx((0.0, 0.3, 3.0 * 2.0 / (2 * 0.5)))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: structure.effective_speed(np.ones((3, 2)), np.ones((2, 2)), 1.0), "headings"),
        (lambda: structure.effective_speed(np.zeros((3, 2)), np.ones((3, 2)), 1.0), "all 0"),
        (lambda: structure.Interaction("lennard"), "no kind 'lennard'"),
        (lambda: structure.Interaction("softplus"), "positive beta"),
        (lambda: structure.unwrapped(np.ones((3, 2)), np.ones(2)), r"\(T, N, d\)"),
        (
            lambda: structure.pressures(
                np.ones((2, 2)), np.ones((2, 2)), 0.0, (1.0, 1.0), speed=1.0, forgetting=0.0
            ),
            "forgetting: must be positive",
        ),
        (lambda: structure.frame_average(np.empty(0)), "no frame"),
        (lambda: structure.frame_average(np.array([1.0, np.nan])), "finite"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_the_error_of_independent_frames_is_that_of_the_textbook():
    values = np.random.default_rng(5).normal(3.0, 2.0, (4000, 3))
    found = structure.frame_average(values)
    np.testing.assert_allclose(found.mean, values.mean(axis=0))
    # the inefficiency of 4000 samples is known to about sqrt(10/4000) of itself
    np.testing.assert_allclose(found.error, 2 / math.sqrt(4000), rtol=0.25)


def test_the_error_knows_how_long_frames_remember():
    rng = np.random.default_rng(6)
    a, t, runs = 0.9, 2000, 200
    noise = rng.normal(size=(t, runs)) * math.sqrt(1 - a**2)
    series = np.empty((t, runs))
    series[0] = rng.normal(size=runs)
    for i in range(1, t):
        series[i] = a * series[i - 1] + noise[i]
    found = structure.frame_average(series)
    # exact: (1 + a)/(1 - a) = 19 frames count as one
    assert np.median(found.inefficiency) == pytest.approx(19, rel=0.1)
    scatter = found.mean.std(ddof=1)
    # the scatter of 200 means is known to 5 %
    assert np.sqrt((found.error**2).mean()) == pytest.approx(scatter, rel=0.2)


def test_the_memory_is_summed_while_pairs_of_lags_are_positive_and_fall():
    rng = np.random.default_rng(7)
    for _ in range(20):
        x = np.convolve(rng.normal(size=70), [1.0, 0.2, 0.9, 0.1, 0.6], mode="valid")
        rho = averages.autocovariance(x[:, None])[:, 0]
        rho /= rho[0]
        total, last = 0.0, math.inf
        for m in range(len(x) // 2):
            pair = rho[2 * m] + rho[2 * m + 1]
            if pair <= 0:
                break
            last = min(last, pair)
            total += last
        expected = min(max(2 * total - 1, 1.0), len(x))
        assert structure.frame_average(x).inefficiency == pytest.approx(expected)


def test_a_short_series_is_not_trusted_beyond_what_it_holds():
    constant = structure.frame_average(np.full(10, 3.0))
    assert constant.error == 0
    assert math.isnan(structure.frame_average(np.array([2.0])).error)
    # a drift: all frames are as one, and the error is as wide as the drift
    drift = structure.frame_average(np.arange(20.0))
    assert drift.error > 0.5 * np.std(np.arange(20.0))
    covariance = averages.autocovariance(np.arange(5.0)[:, None])[:, 0]
    np.testing.assert_allclose(covariance, [2.0, 0.8, -0.2, -0.8, -0.8], atol=1e-12)


def test_two_values_have_the_error_of_two_independent_ones():
    found = structure.frame_average(np.array([1.0, 4.0]))
    assert found.mean == 2.5 and found.error == pytest.approx(1.5)  # s/sqrt(2), s^2 over T - 1


def test_positions_that_are_not_finite_are_refused():
    x = np.zeros((4, 3, 2))
    x[2, 1, 0] = np.nan
    with pytest.raises(ValueError, match="positions: particle 1 of frame 2 is not finite"):
        structure.unwrapped(x, 5.0 * np.ones(2))
