"""Correlation sums against every pair, and dimensions of sets that are known."""

import math

import numpy as np
import pytest

from analysis.dynamics import (
    correlation,
    correlation_dimension,
    correlation_sum,
    dimension,
    embed,
    mean_period,
)
from sims.chaos import motion
from sims.chaos.system import catalogue


def henon(n):
    x, y, orbit = 0.1, 0.1, np.empty((n, 2))
    for i in range(n):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        orbit[i] = x, y
    return orbit[100:]


def every_pair(points, radii, theiler):
    """C(r) by the definition: all pairs, one array of distances."""
    distance = np.abs(points[:, None] - points[None]).max(axis=-1)
    i, j = np.triu_indices(len(points), theiler)
    return (distance[i, j][:, None] <= radii).sum(axis=0), len(i)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("theiler", [1, 5, 40])
def test_the_correlation_sum_counts_every_pair_once(d, theiler):
    points = np.random.default_rng(d).random((257, d)) * 10.0 ** np.arange(d)
    points[7] = points[100]  # a distance of 0
    radii = np.geomspace(1e-3, 2, 9) * 10.0 ** (d - 1)
    pairs, of = every_pair(points, radii, theiler)
    found = correlation_sum(points, radii, theiler=theiler)
    assert (found.pairs == pairs).all()
    np.testing.assert_allclose(found.sums, pairs / of, rtol=1e-15)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_points_in_many_cells_are_counted_too(d):
    """Radii of a tenth of the set and less: all neighbouring cells take part."""
    points = np.random.default_rng(d).random((700, d))
    radii = np.array([0.05, 0.08, 0.11])
    pairs, _ = every_pair(points, radii, 2)
    assert (correlation_sum(points, radii, theiler=2).pairs == pairs).all()


def test_each_part_is_left_out_with_its_pairs():
    """Shares without each of the sixteen parts, by the definition."""
    points = np.random.default_rng(6).random((173, 2))
    radii, w, n = np.array([0.5, 0.2]), 3, 173
    found = correlation._counted(points, radii, w)
    distance = np.abs(points[:, None] - points[None]).max(axis=-1)
    i, j = np.triu_indices(n, w)
    block = np.arange(n) * correlation.BLOCKS // n
    for b in range(correlation.BLOCKS):
        kept = (block[i] != b) & (block[j] != b)
        assert found.without_of[b] == kept.sum()
        within = (distance[i, j][kept][:, None] <= radii).sum(axis=0)
        assert found.without[b].tolist() == within.tolist()


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).random(16)
    without = (values.sum() - values) / 15
    error = values.std(ddof=1) / 4
    assert float(dimension._jackknife(without)) == pytest.approx(error)


def test_a_pair_at_the_radius_itself_is_within():
    grid = np.arange(64.0)
    found = correlation_sum(grid, [1.0, 2.0, 3.0], theiler=1)
    assert found.pairs.tolist() == [63, 63 + 62, 63 + 62 + 61]


def test_the_automatic_radii_give_the_same_sums():
    """8192 points or fewer are not thinned, so that all pairs are counted."""
    points = np.random.default_rng(0).random((900, 2))
    found = correlation_sum(points, theiler=3)
    again = correlation_sum(points, found.radii, theiler=3)
    np.testing.assert_array_equal(found.pairs, again.pairs)
    assert found.sums[-1] == 1.0
    assert (np.diff(found.radii) > 0).all()


def test_thinned_and_whole_orbit_agree_where_they_meet():
    """C(r) of a uniform interval is 2r - r^2, in the thinned part and in the counted one."""
    points = np.random.default_rng(5).random(40_000)
    found = correlation_sum(points, theiler=1)
    exact = 2 * found.radii - found.radii**2
    # Var C <= 4 Var(C_i)/N with Var(C_i) <= C^2/12 + C/N; N = 6700 points at least
    error = exact * np.sqrt(4 / 6667 / 12 + 2 / found.pairs)
    keep = found.radii < 1
    assert (np.abs(found.sums - exact) < 5 * error)[keep].all()


@pytest.mark.parametrize(("d", "within"), [(1, 0.04), (2, 0.11), (3, 0.21), (5, 0.7)])
def test_a_uniform_cube_has_its_dimension(d, within):
    """Edges lower the slope by d r/2, which the error must cover; it must not cover any answer.

    The bounds are about twice the errors of eight other draws (0.01, 0.035, 0.08) at 20 000 points,
    and up to half of the 0.13 that a fold would add, where few points cannot exclude it.
    """
    found = correlation_dimension(np.random.default_rng(10 + d).random((10_000, d)))
    assert abs(found.value - d) < 3 * found.standard_error
    assert found.standard_error < within


def test_a_circle_has_dimension_one_and_a_torus_two():
    a, b = 2 * np.pi * np.random.default_rng(4).random((2, 10_000))
    circle = np.stack([np.cos(a), np.sin(a)], axis=1)
    torus = np.concatenate([circle, np.stack([np.cos(b), np.sin(b)], axis=1)], axis=1)
    for points, d in ((circle, 1), (torus, 2)):
        found = correlation_dimension(points)
        assert abs(found.value - d) < 3 * found.standard_error
        assert found.standard_error < 0.1


def test_the_henon_attractor_has_its_published_dimension():
    """1.220 +- 0.036, Sprott & Rowlands (2001) Int. J. Bifurc. Chaos 11, 1865."""
    orbit = henon(30_000)
    found = correlation_dimension(orbit)
    assert abs(found.value - 1.22) < 0.03
    delayed = correlation_dimension(embed(orbit[:, 0], 3))
    assert abs(delayed.value - 1.22) < 0.05
    likely = correlation_dimension(orbit, method="takens")
    assert abs(likely.value - 1.22) < 2 * likely.standard_error < 0.2


def arcsine(n, seed=0):
    """Independent points of the invariant density of x(n + 1) = 4 x (1 - x)."""
    return np.sin(np.pi / 2 * np.random.default_rng(seed).random(n)) ** 2


def test_the_folds_of_the_logistic_map_put_a_logarithm_into_its_correlation_sum():
    """C(r) = (4r/pi^2) ln(4e/r) + O(r^2): twice the integral of the squared density, its ends cut.

    Var C <= 4 Var(C_i)/N + C/pairs; near an end C_i ~ sqrt(r), which gives 3e-3 of C here.
    """
    found = correlation_sum(arcsine(40_000), [1e-4, 1e-3, 1e-2], theiler=1)
    exact = 4 * found.radii / np.pi**2 * np.log(dimension.FOLD / found.radii)
    np.testing.assert_allclose(found.sums, exact, rtol=0.01)


def test_a_folded_set_comes_out_with_its_dimension_and_the_plain_fit_below():
    x = arcsine(100_000)
    found, plain = correlation_dimension(x), correlation_dimension(x, folds=False)
    assert found.folded
    assert not plain.folded
    assert abs(found.value - 1) < 2 * found.standard_error < 0.06
    assert plain.value < 0.96  # its slope, 1 - 1/ln(4e/r), is 0.95 at the smallest radius
    assert correlation_dimension(x, folds=True).value == found.value


def test_a_fold_that_few_points_cannot_show_is_in_the_error():
    x = np.stack([arcsine(3000, 5), arcsine(3000, 6)], axis=1)
    found, plain = correlation_dimension(x), correlation_dimension(x, folds=False)
    assert not found.folded
    assert found.value == plain.value
    assert found.standard_error > 1.2 * plain.standard_error


@pytest.mark.parametrize(("power", "folded"), [(0, False), (1, True), (4, False), (-3, False)])
def test_a_fold_is_one_logarithm_and_no_other_power_of_it(power, folded):
    """C = r^2 ln(4e/r)^b, whose sixteen parts are off by up to 1 %."""
    radii = 2.0 ** (-np.arange(60) / dimension.PER_OCTAVE)
    sums = radii**2 * np.log(dimension.FOLD / radii) ** power / 10**power
    parts = 1 + 0.01 * np.sin(np.outer(np.arange(17), np.arange(60)) / 9)
    parts[0] = 1
    curve = dimension.Curve(radii, sums * parts, np.full(60, 10_000))
    value, error, _, found = dimension._regression(curve, 1.0, None, False)
    assert found is folded
    if power in (0, 1):
        assert abs(value - 2) < max(error, 1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_cube_and_a_cloud_have_no_folds(d):
    draw = np.random.default_rng(20 + d)
    for points in (draw.random((20_000, d)), draw.normal(size=(20_000, d))):
        found = correlation_dimension(points)
        assert not found.folded
        assert abs(found.value - d) < 3 * found.standard_error


@pytest.mark.parametrize(
    ("name", "known", "error", "folded"),
    [("Rossler", 1.991, 0.065, True), ("Lorenz", 2.05, 0.01, False)],
)
def test_flows_have_their_published_dimensions(name, known, error, folded):
    """Sprott & Rowlands (2001) Int. J. Bifurc. Chaos 11, 1865; Grassberger & Procaccia (1983)."""
    system = catalogue()[name]
    start = motion.onward(system, 50 * system.period)
    states = motion.trajectory(system, np.arange(100_000) * system.period / 3.17, start)
    found = correlation_dimension(states)
    assert found.folded is folded
    assert abs(found.value - known) < 2 * math.hypot(found.standard_error, error)
    assert found.standard_error < 0.1


def test_takens_estimate_of_an_interval_is_that_of_its_distances():
    """-1/<ln(r_ij/r_0)>, of the distances themselves; counts are exact but for C between radii."""
    points = np.random.default_rng(3).random(1500)
    found = correlation_dimension(points, method="takens", theiler=1, low=1e-3, high=0.1)
    i, j = np.triu_indices(1500, 1)
    distance = np.abs(points[i] - points[j])
    near = distance[distance <= found.high]
    assert found.value == pytest.approx(-1 / np.log(near / found.high).mean(), rel=2e-3)


def test_a_theiler_window_keeps_neighbours_in_time_from_looking_like_a_line():
    """A path that hardly returns is a line if neighbours in time are counted, and not otherwise."""
    t = np.sort(np.random.default_rng(9).random(8000)) * 40
    slow = np.stack([np.sin(t), np.sin(2**0.5 * t), np.sin(3**0.5 * t)], axis=1)
    window = math.ceil(mean_period(slow))
    with_time = correlation_dimension(slow, theiler=1, high=0.02)
    without = correlation_sum(slow, theiler=window)
    assert with_time.value == pytest.approx(1.0, abs=0.1)
    assert without.sums[without.radii < 0.02].sum() < 1e-3 * with_time.curve.sums.sum()


def test_a_scaling_region_is_taken_as_given():
    points = np.random.default_rng(8).random((4000, 2))
    found = correlation_dimension(points, low=0.01, high=0.2)
    assert 0.01 <= found.low < 0.013
    assert 0.17 < found.high <= 0.2


def test_shape_units_and_order_of_coordinates_do_not_matter():
    points = henon(4100)
    found = correlation_dimension(points, theiler=4)
    swapped = correlation_dimension(points[:, ::-1] * 2.0**10, theiler=4)
    assert swapped.value == pytest.approx(found.value, rel=1e-12)
    assert swapped.low == pytest.approx(found.low * 2**10)


def test_embedding_places_delays_in_order():
    found = embed(np.arange(10.0), 3, 2)
    assert found.shape == (6, 3)
    assert found[1].tolist() == [1.0, 3.0, 5.0]
    both = embed(np.stack([np.arange(5.0), np.arange(5.0) + 10], axis=1), 2, 1)
    assert both[0].tolist() == [0.0, 10.0, 1.0, 11.0]


def test_the_mean_period_is_that_of_the_slowest_coordinate():
    t = np.arange(4000)
    x = np.stack([np.sin(2 * np.pi * t / 25 + 0.1), np.sin(2 * np.pi * t / 80 + 0.1)], axis=1)
    assert mean_period(x) == pytest.approx(80, abs=0.05)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: correlation_dimension(np.ones((500, 2))), "x: all points are equal"),
        (lambda: correlation_dimension(np.arange(50.0)), "x: 100 points"),
        (lambda: correlation_dimension([[np.nan, 1.0]] * 200), "x: holds NaN"),
        (lambda: correlation_dimension(np.arange(500.0), low=2.0, high=1.0), "low: must be below"),
        (lambda: correlation_dimension(np.arange(500.0), low=-1.0), "low: must be positive"),
        (lambda: correlation_dimension(np.arange(500.0), method="box"), "method: must be one of"),
        (lambda: correlation_dimension(np.arange(500.0), theiler=0), "theiler: must be from 1"),
        (lambda: correlation_dimension(np.arange(500.0), high=1e-9), "x: 0 radii"),
        (lambda: correlation_sum(np.arange(50.0), [2.0, 1.0]), "radii: must be"),
        (lambda: correlation_sum(np.zeros((5, 5, 5))), "x: must be"),
        (lambda: embed(np.arange(5.0), 3, 2), "dimension: 5 samples"),
        (lambda: embed(np.arange(5.0), 0), "dimension: must be 1"),
    ],
)
def test_bad_input_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
