"""Permutation entropy and the complexity-entropy plane, against exact probabilities."""

import itertools
import math
from fractions import Fraction

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.complexity import (
    complexity_entropy,
    largest_divergence,
    statistical_complexity,
    suggest_delays,
)
from analysis.entropy.complexity_bounds import hc_bounds
from analysis.entropy.complexity_noise import hc_expected_noise, repeat_probability, scatter
from analysis.entropy.ordinal import ordinal_codes, ordinal_counts
from analysis.entropy.ordinal_entropy import (
    missing_patterns,
    ordinal_transition_entropy,
    permutation_entropy,
    weighted_permutation_entropy,
)

KINDS = [("shannon", None), ("renyi", 0.5), ("renyi", 2), ("tsallis", 0.5), ("tsallis", 2)]
# the logistic map at r = 4, patterns as argsort has them; exact by its conjugacy to the tent map
LOGISTIC = {
    (0, 1, 2): Fraction(1, 3),
    (0, 2, 1): Fraction(1, 15),
    (1, 0, 2): Fraction(2, 15),
    (1, 2, 0): Fraction(1, 5),
    (2, 0, 1): Fraction(4, 15),
    (2, 1, 0): Fraction(0),
}
P = np.array([float(v) for v in LOGISTIC.values()])


def series(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("kind", "h", "c"),
    [
        (("shannon", None), 0.831445483859, 0.165767166234),
        (("renyi", 0.5), 0.861835655468, 0.154299568901),
        (("renyi", 2), 0.786247954129, 0.200629987223),
        (("tsallis", 0.5), 0.803254325460, 0.156954715143),
        (("tsallis", 2), 0.906666666667, 0.187157040490),
    ],
)
def test_the_logistic_map_lies_where_it_must(kind, h, c):
    found = statistical_complexity(P, measure=kind[0], param=kind[1])
    # the exact values are given to 12 decimals
    assert float(found.h) == pytest.approx(h, abs=6e-13)
    assert float(found.c) == pytest.approx(c, abs=6e-13)


def test_a_logistic_series_has_its_exact_frequencies():
    x = np.empty(200_000)
    x[0] = 0.3141
    for t in range(1, x.size):
        x[t] = 4 * x[t - 1] * (1 - x[t - 1])
    found = permutation_entropy(x, 3, normalize=False)
    # frequencies scatter by sqrt(p(1 - p)/n) < 0.0011 each; ln p differs by at most 2.7
    assert float(found) == pytest.approx(1.489750318851, abs=5e-3)
    assert int(missing_patterns(x, 3)) == 1 and int(missing_patterns(x, 4)) == 12
    assert int(missing_patterns(x, 5)) == 89


@pytest.mark.parametrize(("measure", "param"), KINDS)
def test_uniform_and_certain_have_no_complexity(measure, param):
    uniform = statistical_complexity(np.full(24, 1 / 24), measure=measure, param=param)
    # a divergence of rounding size over D_max of order 1
    assert float(uniform.h) == pytest.approx(1, abs=1e-14) and abs(float(uniform.c)) < 1e-14
    certain = statistical_complexity(np.eye(24)[3], measure=measure, param=param)
    assert float(certain.h) == 0 and float(certain.c) == 0


def test_largest_divergences_have_their_closed_forms():
    n = 120
    q0 = -2 / ((n + 1) / n * math.log(n + 1) - 2 * math.log(2 * n) + math.log(n))
    assert largest_divergence(n) == pytest.approx(1 / q0, rel=1e-13)
    q = 1.7
    top = 2 ** (2 - q) * n - (1 + n) ** (1 - q) - n * (1 + 1 / n) ** (1 - q) - n + 1
    exact = top / ((1 - q) * 2 ** (2 - q) * n)
    assert largest_divergence(n, "tsallis", q) == pytest.approx(exact, rel=1e-12)


distributions = arrays(float, 6, elements=st.floats(1e-9, 1)).map(lambda p: p / p.sum())


EDGED = [("shannon", None), ("renyi", 2), ("renyi", 5), ("tsallis", 2), ("tsallis", 1.3)]


@given(distributions, st.sampled_from(EDGED))
@settings(deadline=None, max_examples=150)
def test_no_distribution_lies_beyond_the_edges(p, kind):
    measure, param = kind
    point = statistical_complexity(p, measure=measure, param=param)
    bounds = hc_bounds(3, measure=measure, param=param, points=4000)
    h = float(point.h)
    # chords of 4000 points fall short of the curve by their curvature: below 1e-5 here
    assert float(point.c) <= np.interp(h, *bounds.upper) + 1e-5
    assert float(point.c) >= np.interp(h, *bounds.lower) - 1e-5


@pytest.mark.parametrize(("measure", "param"), [*EDGED, ("tsallis", 1.0), ("renyi", 1.0)])
def test_edges_are_made_of_distributions(measure, param):
    bounds = hc_bounds(3, measure=measure, param=param, points=50)
    t = np.linspace(1 / 6, 1, 50)[::-1]
    family = np.stack([t, *[(1 - t) / 5] * 5], axis=-1)
    plain = statistical_complexity(family, measure=measure, param=param)
    np.testing.assert_allclose(bounds.lower.h, plain.h, atol=1e-13)
    np.testing.assert_allclose(bounds.lower.c, plain.c, atol=1e-13)
    for zeros in range(5):  # the corners: 6 - zeros equal outcomes
        corner = np.where(np.arange(6) < 6 - zeros, 1 / (6 - zeros), 0.0)
        point = statistical_complexity(corner, measure=measure, param=param)
        near = np.hypot(bounds.upper.h - float(point.h), bounds.upper.c - float(point.c)).min()
        assert near < 1e-13


@pytest.mark.parametrize("measure", ["renyi", "tsallis"])
def test_edges_keep_their_digits_near_order_1_and_at_high_orders(measure):
    shannon = hc_bounds(3)
    for e in (1e-9, 1e-12, 1e-14):
        near = hc_bounds(3, measure=measure, param=1 + e)
        for edge, other in zip(near, shannon, strict=True):
            # the derivative by the order is below 1, and rounding 1e-15
            assert np.abs(edge.c - other.c).max() < e + 1e-14
    for q in (20.0, 300.0, 1000.0):
        high = hc_bounds(4, measure=measure, param=q, points=60)
        t = np.linspace(1 / 24, 1, 60)[::-1]
        family = np.concatenate([t[:, None], np.tile(((1 - t) / 23)[:, None], 23)], axis=1)
        plain = statistical_complexity(family, measure=measure, param=q)
        np.testing.assert_allclose(high.lower.h, plain.h, atol=1e-13)
        np.testing.assert_allclose(high.lower.c, plain.c, atol=1e-13)
        assert np.isfinite(high.upper.c).all()


def test_below_order_1_distributions_of_two_values_pass_the_usual_families():
    # why hc_bounds refuses them: half, quarter, quarter lies above every arc of its family
    p = np.array([0.5, 0.25, 0.25, 0, 0, 0])
    point = statistical_complexity(p, measure="renyi", param=0.5)
    t = np.linspace(0, 1, 20_001)
    arcs = [
        np.concatenate([[t / left], np.tile((1 - t / left) / (left - 1), (left - 1, 1))]).T
        for left in range(2, 7)
    ]
    arcs = np.concatenate([np.pad(arc, ((0, 0), (0, 6 - arc.shape[1]))) for arc in arcs])
    edge = statistical_complexity(arcs, measure="renyi", param=0.5)
    near = np.abs(edge.h - float(point.h)) < 1e-4
    assert float(point.c) > edge.c[near].max() + 5e-5


def test_edges_of_high_orders_are_quick_and_rise():
    bounds = hc_bounds(8)
    for edge in bounds:
        assert (np.diff(edge.h) >= -1e-12).all() and edge.h[0] == 0
        assert edge.h[-1] == pytest.approx(1, abs=1e-12)
    assert bounds.upper.c.max() > bounds.lower.c.max() > 0


def test_a_delay_sweep_is_each_delay_by_itself():
    x = series(600).cumsum().reshape(2, 300)
    swept = complexity_entropy(x, 4, [1, 3, 5])
    assert swept.h.shape == swept.c.shape == (2, 3)
    for i, delay in enumerate((1, 3, 5)):
        alone = complexity_entropy(x, 4, delay)
        assert (swept.h[:, i] == alone.h).all() and (swept.c[:, i] == alone.c).all()


def test_every_library_gives_the_same_plane():
    x = series(900).reshape(3, 300)
    for measure, param in KINDS:
        here = complexity_entropy(x, 4, 2, measure=measure, param=param)
        there = complexity_entropy(array_api_strict.asarray(x), 4, 2, measure=measure, param=param)
        np.testing.assert_allclose(np.asarray(there.h), here.h, rtol=1e-14)
        np.testing.assert_allclose(np.asarray(there.c), here.c, rtol=1e-12)


def test_measures_of_a_series_are_those_of_its_frequencies():
    x = np.round(series(500), 1)
    for ties in ("stable", "equal"):
        counts = ordinal_counts(x, 4, ties=ties)
        p = counts[counts > 0] / counts.sum()
        shannon = -(p * np.log(p)).sum()
        found = permutation_entropy(x, 4, normalize=False, ties=ties)
        assert float(found) == pytest.approx(shannon, rel=1e-14)
        top = math.log(counts.size)
        assert float(permutation_entropy(x, 4, ties=ties)) == pytest.approx(shannon / top)
        cubes = math.log((p**3).sum()) / -2
        found = permutation_entropy(x, 4, measure="renyi", param=3, normalize=False, ties=ties)
        assert float(found) == pytest.approx(cubes, rel=1e-13)


def test_the_probability_that_noise_repeats_a_pattern_is_that_of_all_permutations():
    for order, lag in ((2, 1), (3, 1), (3, 2), (4, 1), (4, 3)):
        every = list(itertools.permutations(range(order + lag)))
        same = sum(tuple(np.argsort(p[:order])) == tuple(np.argsort(p[lag:])) for p in every)
        assert repeat_probability(order, lag) == pytest.approx(same / len(every), rel=1e-15)


@pytest.mark.parametrize(
    ("order", "samples", "h", "sd_h", "c", "sd_c"),
    [
        # means and standard deviations of single series, over 1000 of them
        (3, 10_000, 0.999908, 7e-5, 9.0e-5, 7e-5),
        (4, 10_000, 0.999684, 1.1e-4, 4.14e-4, 1.4e-4),
        (5, 10_000, 0.998799, 1.9e-4, 2.151e-3, 3.4e-4),
        (6, 10_000, 0.994504, 3.5e-4, 1.328e-2, 8e-4),
        (4, 1_000, 0.99676, 1.1e-3, 4.26e-3, 1.4e-3),
    ],
)
def test_noise_of_finite_length_lies_where_simulations_found_it(order, samples, h, sd_h, c, sd_c):
    found = hc_expected_noise(order, samples)
    # four standard errors of the mean of 1000, and the rounding of the printed mean
    assert found.h == pytest.approx(h, abs=4 * sd_h / math.sqrt(1000) + 1e-6)
    assert found.c == pytest.approx(c, abs=4 * sd_c / math.sqrt(1000) + 1e-5)


@pytest.mark.parametrize(("order", "delay"), [(3, 1), (4, 2), (5, 1)])
def test_noise_scatters_as_expected(order, delay):
    samples, many = 400, 4000
    x = np.random.default_rng(7).normal(size=(many, samples))
    counts = ordinal_counts(x, order, delay)
    found = samples - (order - 1) * delay
    u = 1 / math.factorial(order)
    ratio = counts.var(axis=0).sum() / (found * (1 - u))
    # a variance over 4000 series has a relative error of sqrt(2/4000) for each of d! - 1 of them
    error = math.sqrt(2 / many / (math.factorial(order) - 1))
    assert ratio == pytest.approx(scatter(order, samples, delay), rel=5 * error)
    point = complexity_entropy(x, order, delay)
    expected = hc_expected_noise(order, samples, delay)
    for values, mean in zip(point, expected, strict=True):
        # 5 % of the deficit for what is of third order in the scatter
        slack = 5 * values.std() / math.sqrt(many) + 0.05 * expected.c
        assert values.mean() == pytest.approx(mean, abs=slack)


@pytest.mark.parametrize(
    ("samples", "order", "delay"), [(4, 3, 1), (5, 2, 1), (6, 3, 2), (5, 2, 3)]
)
def test_the_scatter_of_short_noise_is_that_of_all_permutations(samples, order, delay):
    # so short that windows without a neighbour at the ends matter
    every = np.array(list(itertools.permutations(range(samples))), dtype=float)
    counts = ordinal_counts(every, order, delay)
    found, u = samples - (order - 1) * delay, 1 / math.factorial(order)
    ratio = counts.var(axis=0).sum() / (found * (1 - u))
    assert scatter(order, samples, delay) == pytest.approx(ratio, rel=1e-12)


def test_weights_count_windows_by_their_variance():
    x = np.round(series(300, 3), 1)
    codes = ordinal_codes(x, 3)
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    masses = np.bincount(codes, windows.var(axis=-1), minlength=6)
    p = masses[masses > 0] / masses.sum()
    exact = -(p * np.log(p)).sum() / math.log(6)
    assert float(weighted_permutation_entropy(x, 3)) == pytest.approx(exact, rel=1e-13)
    strict = weighted_permutation_entropy(array_api_strict.asarray(x), 3)
    assert float(strict) == pytest.approx(exact, rel=1e-12)
    # sizes do not matter, not even those whose square would overflow
    assert float(weighted_permutation_entropy(x * 1e200, 3)) == pytest.approx(exact, rel=1e-12)
    # nor the offset, nor another row's size; and a constant row is one, whatever its value
    whole = np.random.default_rng(4).integers(0, 9, 300).astype(float)
    moved = weighted_permutation_entropy(1e15 + whole)
    assert float(moved) == float(weighted_permutation_entropy(whole))
    small = weighted_permutation_entropy(np.stack([x * 1e-200, x]))
    assert float(small[0]) == pytest.approx(exact, rel=1e-12)
    with pytest.raises(ValueError, match="a series is constant"):
        weighted_permutation_entropy(np.stack([np.full(300, 0.1), x]))
    batch = weighted_permutation_entropy(np.stack([x, x[::-1]]), 4, 2)
    assert float(batch[1]) == pytest.approx(float(weighted_permutation_entropy(x[::-1], 4, 2)))


def test_transitions_of_noise_and_of_a_cycle():
    # ups and downs of noise: up-up and down-down 1/6 each, changes 1/3 each
    exact = math.log(3) - 2 / 3 * math.log(2)
    found = ordinal_transition_entropy(series(400_000), 2)
    assert float(found) == pytest.approx(exact, abs=3e-3)
    cycle = np.tile([1.0, 3.0, 2.0], 50)
    assert float(ordinal_transition_entropy(cycle, 3)) == 0.0
    # without pairs of equals: an up can only be followed by a down
    assert float(ordinal_transition_entropy(series(500), 2, self_transitions=False)) == 0.0
    codes = ordinal_codes(series(999), 3)
    joint = np.zeros((6, 6))
    np.add.at(joint, (codes[:-2], codes[2:]), 1)
    p, row = joint / joint.sum(), joint.sum(axis=1, keepdims=True)
    plain = -(p[joint > 0] * np.log((joint / row)[joint > 0])).sum()
    found = ordinal_transition_entropy(series(999), 3, step=2)
    assert float(found) == pytest.approx(plain, rel=1e-13)
    strict = ordinal_transition_entropy(array_api_strict.asarray(series(999)), 3, step=2)
    assert float(strict) == pytest.approx(plain, rel=1e-13)


def test_the_delays_to_trust_span_a_third_to_a_half_of_a_period():
    x = np.sin(2 * np.pi * np.arange(1000) / 100 + 0.1)
    found = suggest_delays(x, 5)
    # crossings of the mean fall between samples: half a sample in 9 half periods
    assert found.period == pytest.approx(100, abs=0.3)
    assert (found.shortest, found.longest) == (8, 12)
    assert found.periods == pytest.approx(10, abs=0.05) and found.enough
    assert not suggest_delays(x[:140], 5).enough
    with pytest.raises(ValueError, match="x: crosses its mean fewer than twice"):
        suggest_delays(np.arange(10.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistical_complexity([1.0]), "p: one outcome alone"),
        (lambda: statistical_complexity([0.5, math.nan]), "NaN"),
        (lambda: statistical_complexity([0.7, 0.7]), "sum to 1"),
        (lambda: statistical_complexity(P, measure="renyi"), "param: renyi needs an order"),
        (lambda: statistical_complexity(P, param=2), "param: Shannon entropy has no order"),
        (
            lambda: statistical_complexity(P, measure="tsallis", param=-1),
            "param: must be one positive",
        ),
        (lambda: statistical_complexity(P, measure="havrda"), "measure: must be one of"),
        (lambda: complexity_entropy(series(50), 3, []), "delay: name at least one"),
        (lambda: complexity_entropy(series(50), 3, [1, 0]), "delay: must be 1 or more"),
        (lambda: hc_expected_noise(5, 4), "x: 4 samples hold no window"),
        (lambda: hc_bounds(9), "order: must be from 2 to 8"),
        (lambda: hc_bounds(3, measure="renyi", param=0.5), "param: the edges are known from 1"),
        (lambda: weighted_permutation_entropy(np.ones(9)), "x: a series is constant"),
        (lambda: weighted_permutation_entropy([1.0, math.inf, 2.0]), "x: holds infinity"),
        (lambda: ordinal_transition_entropy([1.0, 2.0, 3.0], 3), "x: holds a single window"),
        (
            lambda: ordinal_transition_entropy(np.arange(9.0), self_transitions=False),
            "x: no pattern ever changes",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
