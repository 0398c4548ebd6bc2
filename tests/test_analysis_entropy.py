"""Functionals: limits, theorems, exact values, and what they refuse."""

import math
from decimal import Context, Decimal, localcontext

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy import (
    differential_renyi,
    differential_shannon,
    differential_tsallis,
    renyi,
    shannon,
    tsallis,
)

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


def exactly(p, order):
    """Return (Rényi, Tsallis) of p over its exact sum, in 60 digits."""
    with localcontext(Context(prec=60, Emax=10**9, Emin=-(10**9))):
        parts = [Decimal(float(v)) for v in p if v > 0]
        logs = [(v / sum(parts)).ln() for v in parts]
        if order == 1:
            entropy = -sum(log.exp() * log for log in logs)
            return float(entropy), float(entropy)
        order = Decimal(order)
        power = sum((order * log).exp() for log in logs)
        return float(power.ln() / (1 - order)), float((1 - power) / (order - 1))


@pytest.mark.parametrize("order", [-5, -0.5, 1e-12, 0.5, 0.89, 0.91, 1 - 1e-12, 1, 1 + 1e-12])
@pytest.mark.parametrize("more", [0, 0.0905, 0.1095, 1.5, 9, 99, 999])
def test_every_order_agrees_with_sixty_digits(order, more):
    order = order + more
    rng = np.random.default_rng(3)
    # also nearly certain ones, where sum p^a is 1 to twelve digits at any order
    for p in (rng.dirichlet(np.ones(50)), rng.dirichlet(np.full(20, 0.1)), [1 - 2**-40, 2**-40]):
        p = np.asarray(p)
        exact_renyi, exact_tsallis = exactly(p, order)
        assert renyi(p, order) == pytest.approx(exact_renyi, rel=1e-13, abs=2e-17)
        assert tsallis(p, order) == pytest.approx(exact_tsallis, rel=1e-13, abs=2e-17)


def test_no_order_overflows_on_the_way():
    p = np.array([5e-324, 1e-300, 1.0])  # p^(q-1) is beyond floating point, p^q is not
    assert tsallis(p, 1e-4) == pytest.approx(
        (math.exp(-744.4400719213812e-4) + math.exp(-690.7755278982137e-4)) / (1 - 1e-4), rel=1e-13
    )
    assert tsallis(p, -2) == math.inf
    assert renyi(p, -2) == pytest.approx(2 * 744.4400719213812 / 3, rel=1e-13)
    half = np.full(2, 0.5, dtype=np.float32)
    assert tsallis(half, -300) == math.inf
    assert renyi(half, 1000) == pytest.approx(math.log(2), rel=1e-6)


@lively
@given(distributions, st.floats(-9e-7, 9e-7), orders)
def test_a_sum_off_by_less_than_the_tolerance_is_mended_alike_at_every_order(p, off, order):
    for measure in (renyi, tsallis):
        mended = float(measure(p * (1 + off), order))
        assert mended == pytest.approx(float(measure(p, order)), rel=1e-9, abs=1e-12)


def test_a_list_will_do():
    assert shannon([0.5, 0.5], base=2) == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("order", [0.5, 1.0, 1 + 1e-12, 2.0, 7.5])
def test_differential_entropies_tend_to_the_integrals(order):
    # f = exp(-x), x > 0: int f^a = 1/a, so that h_a = ln a/(a - 1), h = 1, t_q = (1 - 1/q)/(q - 1)
    cell = 1e-3
    x = (np.arange(60_000) + 0.5) * cell  # midpoints: off by cell^2 order/24; tail exp(-30)
    p = np.exp(-x) * 2 * math.sinh(cell / 2)
    h = math.log(order) / (order - 1) if abs(order - 1) > 1e-9 else 1.0
    assert differential_renyi(p, cell, order) == pytest.approx(h, abs=1e-6)
    assert differential_tsallis(p, cell, order) == pytest.approx(1 / order, abs=1e-6)
    if order == 1:
        assert differential_shannon(p, cell) == differential_renyi(p, cell, 1)


@lively
@given(distributions, st.floats(1e-3, 1e3), st.sampled_from([0.5, 1.0, 1.05, 2.0, 3.0]))
def test_differential_tsallis_is_its_own_formula(p, cell, q):
    exact = (
        float(shannon(p)) + math.log(cell)
        if q == 1
        else (1 - (p**q).sum() * cell ** (1 - q)) / (q - 1)
    )
    scale = max(1.0, cell ** (1 - q))
    assert differential_tsallis(p, cell, q) == pytest.approx(exact, rel=1e-9, abs=1e-11 * scale)


def test_differential_entropies_at_the_far_orders():
    p = np.array([0.5, 0.5])
    assert differential_tsallis(p, 1e-3, 1000) == -math.inf  # a density of 500
    assert differential_tsallis(p, 1e-3, math.inf) == -math.inf
    assert differential_tsallis(p, 4.0, math.inf) == 0
    assert differential_tsallis(p, 0.5, math.inf) == 0  # a density of 1, between the two
    assert differential_tsallis(p, 10.0, -400) == math.inf
    strict = array_api_strict.asarray(p)
    for q in (0.5, 1.0, 3.0, math.inf):
        got = differential_tsallis(strict, 0.1, q)
        assert float(got) == pytest.approx(float(differential_tsallis(p, 0.1, q)), rel=1e-15)
    with pytest.raises(ValueError, match="cell: must be positive"):
        differential_shannon(p, 0.0)


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
    with pytest.raises(ValueError, match="q: -900 is too low to normalize"):
        tsallis(EIGHTHS, -900, normalize=True)
