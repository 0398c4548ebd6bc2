"""Functionals: limits, theorems, exact values, and what they refuse."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy import renyi, shannon, tsallis

EIGHTHS = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
lively = settings(deadline=None, max_examples=60)
distributions = arrays(
    float, st.integers(2, 40), elements=st.floats(1e-9, 1, allow_subnormal=False)
).map(lambda w: w / w.sum())
orders = st.floats(-5, 50)


def test_eighths_have_the_entropy_of_their_bits():
    # -sum p log2 p = 1/2 + 2/4 + 3/8 + 3/8
    assert shannon(EIGHTHS, base=2) == pytest.approx(1.75, rel=1e-15)


@pytest.mark.parametrize("order", [0, 0.5, 1, 2, 7.5, 1000, math.inf, -3])
def test_the_uniform_distribution_has_the_largest_entropy(order):
    p = np.full(16, 1 / 16)
    assert renyi(p, order) == pytest.approx(math.log(16), rel=1e-14)
    assert renyi(p, order, normalize=True) == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 2.0, 1000.0, math.inf])
def test_certainty_has_none(order):
    p = np.array([0.0, 1.0, 0.0])
    assert renyi(p, order) == pytest.approx(0, abs=1e-16)
    assert tsallis(p, order) == pytest.approx(0, abs=1e-16)


def test_limits_are_the_known_ones():
    p = np.array([0.5, 0.3, 0.2, 0.0])
    assert renyi(p, 0) == pytest.approx(math.log(3), rel=1e-15)
    assert renyi(p, math.inf) == pytest.approx(-math.log(0.5), rel=1e-15)
    assert renyi(p[:3], -math.inf) == pytest.approx(-math.log(0.2), rel=1e-15)
    assert tsallis(p, 0) == 2
    assert tsallis(p, 2) == pytest.approx(1 - (0.25 + 0.09 + 0.04), rel=1e-15)
    assert renyi(p, -1) == math.inf
    assert tsallis(p, -1) == math.inf
    assert renyi(p, -math.inf) == math.inf


@pytest.mark.parametrize("excess", [1e-12, -1e-12, 1e-8, -1e-8, 1e-5, -1e-5])
def test_order_near_one_loses_no_digits(excess):
    # R = S - (a-1) V/2 + O(e^2), V the variance of ln p; V = 0.0752..., e^2 terms below 1e-10
    p = EIGHTHS
    e = (1 + excess) - 1  # the excess that a double can hold
    log = np.log(p)
    mean = (p * log).sum()
    variance = (p * (log - mean) ** 2).sum()
    third = (p * (log - mean) ** 3).sum()
    exact = -mean - e * variance / 2 - e**2 * third / 6
    assert renyi(p, 1 + excess) == pytest.approx(exact, rel=1e-13)
    series = -mean - e * (p * log**2).sum() / 2 - e**2 * (p * log**3).sum() / 6
    assert tsallis(p, 1 + excess) == pytest.approx(series, rel=1e-13)


def test_order_1000_neither_overflows_nor_vanishes():
    p = np.array([0.5, 0.5 - 1e-3, 1e-3])
    # ln sum p^a = a ln(1/2) + ln(1 + (1 - 2e-3)^1000 + 0)
    exact = (1000 * math.log(0.5) + math.log1p((1 - 2e-3) ** 1000)) / (1 - 1000)
    assert renyi(p, 1000) == pytest.approx(exact, rel=1e-13)


@lively
@given(distributions, orders, orders)
def test_renyi_never_rises_with_its_order(p, a, b):
    low, high = sorted((a, b))
    assert renyi(p, high) <= renyi(p, low) + 1e-11


@lively
@given(distributions, st.sampled_from([renyi, tsallis]), st.floats(-1e-7, 1e-7))
def test_order_one_is_a_continuous_limit(p, measure, excess):
    # the slope in the order is at most the variance of ln p, below 21^2
    assert measure(p, 1 + excess) == pytest.approx(float(shannon(p)), abs=1e-4)


@lively
@given(distributions, distributions, st.sampled_from([0.5, 1.0, 2.0]))
def test_independent_parts_add(p, r, order):
    joint = np.outer(p, r).ravel()
    total = renyi(p, order) + renyi(r, order)
    assert renyi(joint, order) == pytest.approx(float(total), rel=1e-10, abs=1e-12)
    a, b = tsallis(p, order), tsallis(r, order)
    assert tsallis(joint, order) == pytest.approx(
        float(a + b + (1 - order) * a * b), rel=1e-10, abs=1e-12
    )


def test_any_axis_and_any_batch():
    p = np.moveaxis(np.array([[EIGHTHS, EIGHTHS[::-1]]] * 3), -1, 0)
    for measure in (shannon, lambda p, axis: renyi(p, 2, axis=axis)):
        assert measure(p, axis=0).shape == (3, 2)
        np.testing.assert_allclose(measure(p, axis=0), measure(EIGHTHS, axis=-1), rtol=1e-15)


@pytest.mark.parametrize("order", [0, 0.5, 1, 1.05, 2, math.inf, -math.inf, -2])
def test_other_array_libraries_give_the_same(order):
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    strict = array_api_strict.asarray(p)
    for measure in (renyi, tsallis):
        if measure is tsallis and order == -math.inf:
            continue
        got = measure(strict, order)
        assert type(got).__module__.startswith("array_api_strict")
        np.testing.assert_allclose(np.asarray(got), measure(p, order), rtol=1e-15)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        ([0.5, -0.1, 0.6], "p: holds a negative"),
        ([0.5, 0.4], "p: must sum to 1"),
        ([0.5, np.nan], "p: holds NaN"),
        ([], "p: must hold at least one"),
    ],
)
def test_what_is_no_distribution_is_refused(p, text):
    for measure in (shannon, lambda p: renyi(p, 2), lambda p: tsallis(p, 2)):
        with pytest.raises(ValueError, match=text):
            measure(np.array(p))


def test_wrong_orders_and_bases_are_refused():
    with pytest.raises(ValueError, match="alpha: must be a number"):
        renyi(EIGHTHS, math.nan)
    with pytest.raises(ValueError, match="q: must be above -inf"):
        tsallis(EIGHTHS, -math.inf)
    with pytest.raises(ValueError, match="base: must be positive"):
        shannon(EIGHTHS, base=1)
    with pytest.raises(ValueError, match="base: has no meaning"):
        shannon(EIGHTHS, base=2, normalize=True)
