"""Functionals at many orders in one call, and against closed forms."""

import math
from decimal import Context, Decimal, localcontext

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.functionals import renyi, shannon, tsallis

lively = settings(deadline=None, max_examples=60)
distributions = arrays(
    float, st.integers(2, 20), elements=st.floats(1e-9, 1, allow_subnormal=False)
).map(lambda w: w / w.sum())
ORDERS = [0, 0.5, 1 - 1e-12, 1, 1 + 1e-12, 2, 1000, math.inf, -3]
LENGTH = 40


def geometric():
    """Return p(1-p)^k of p = 1/2, k < 40, with the rest in one more: sums to 1 exactly."""
    return np.append(0.5 ** np.arange(1, LENGTH + 1), 0.5**LENGTH)


def of_geometric(order):
    """Return (Rényi, Tsallis) of it, summed as a geometric series in 60 digits."""
    with localcontext(Context(prec=60, Emax=10**9, Emin=-(10**9))):
        order, two = Decimal(order), Decimal(2)
        if order == 1:
            # -sum p ln p = ln 2 (sum k 2^-k + 40 2^-40) = (2 - 2^-39) ln 2
            entropy = float((2 - two ** (1 - LENGTH)) * two.ln())
            return entropy, entropy
        ratio = (-order * two.ln()).exp()
        power = ratio * (1 - ratio**LENGTH) / (1 - ratio) if order else Decimal(LENGTH)
        power += ratio**LENGTH
        return float(power.ln() / (1 - order)), float((1 - power) / (order - 1))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("excess", [1e-14, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.7])
def test_no_order_loses_digits_of_a_geometric_distribution(sign, excess):
    order = 1 + sign * excess
    exact = of_geometric(order)
    assert renyi(geometric(), order) == pytest.approx(exact[0], rel=2e-15)
    assert tsallis(geometric(), order) == pytest.approx(exact[1], rel=2e-15)


@pytest.mark.parametrize("order", [0.0, 1.0, 2.0, 30.0, 1000.0, -1.0, -20.0])
def test_far_orders_of_a_geometric_distribution(order):
    # exp(x) has a relative error of |x| eps, |x| <= 41 * 20 ln 2 = 568 where it counts
    exact = of_geometric(order)
    assert renyi(geometric(), order) == pytest.approx(exact[0], rel=2e-15)
    assert tsallis(geometric(), order) == pytest.approx(exact[1], rel=1e-13)


def test_orders_of_minus_a_thousand_neither_overflow_nor_warn():
    p = np.array([0.5, 0.3, 0.2])
    # ln sum p^a = 1000 ln 5 (1 + ...), the other terms below (2/3)^1000
    assert renyi(p, -1000) == pytest.approx(1000 * math.log(5) / 1001, rel=1e-14)
    assert tsallis(p, -1000) == math.inf
    thirds = np.full(3, 1 / 3)
    assert tsallis(thirds, -645.1) == math.inf  # each term is finite, their sum is not


@lively
@given(distributions)
def test_an_array_of_orders_is_each_order_alone(p):
    for measure, orders in ((renyi, [*ORDERS, -math.inf]), (tsallis, ORDERS)):
        alone = [float(measure(p, order)) for order in orders]
        np.testing.assert_array_equal(measure(p, orders), alone)
        np.testing.assert_array_equal(measure(p, np.array(orders)), alone)


@pytest.mark.parametrize("measure", [renyi, tsallis])
def test_axes_of_the_orders_come_after_those_of_the_batch(measure):
    p = np.random.default_rng(1).dirichlet(np.ones(4), size=(3, 5))
    orders = np.array([[0.0, 1.0], [2.0, 0.3], [math.inf, 7.0]])
    many = measure(p, orders)
    assert many.shape == (3, 5, 3, 2)
    np.testing.assert_array_equal(many[..., 1, 1], measure(p, 0.3))
    np.testing.assert_array_equal(measure(np.moveaxis(p, -1, 0), orders, axis=0), many)
    assert measure(p[0, 0], np.array(2.0)).shape == ()
    assert measure(p[0, 0], [2.0]).shape == (1,)


def test_the_far_ends_see_the_extreme_probabilities_alone():
    ends = renyi([0.5, 0.3, 0.2], [-math.inf, math.inf])
    np.testing.assert_allclose(ends, [math.log(5), math.log(2)], rtol=1e-15)


def test_base_and_normalisation_hold_for_every_order():
    uniform = np.full(8, 1 / 8)
    np.testing.assert_allclose(renyi(uniform, ORDERS, base=2), 3, rtol=1e-14)
    np.testing.assert_allclose(renyi(uniform, ORDERS, normalize=True), 1, rtol=1e-14)
    finite = [0.0, 0.5, 1.0, 2.0, 30.0, -3.0]
    np.testing.assert_allclose(tsallis(uniform, finite, normalize=True), 1, rtol=1e-14)
    assert tsallis(uniform, 1.0, normalize=True) == shannon(uniform, normalize=True)


def test_orders_of_another_library_and_its_probabilities():
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    strict = array_api_strict.asarray(p)
    for orders in (ORDERS, array_api_strict.asarray(ORDERS), np.array(ORDERS)):
        for measure in (renyi, tsallis):
            got = measure(strict, orders)
            assert type(got).__module__.startswith("array_api_strict")
            np.testing.assert_allclose(np.asarray(got), measure(p, ORDERS), rtol=1e-15)


def test_single_precision_stays_single():
    p = np.array([0.5, 0.25, 0.25], dtype=np.float32)
    for measure in (renyi, tsallis):
        got = measure(p, [0.5, 1, 2])
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, measure(p.astype(float), [0.5, 1, 2]), rtol=1e-6)


def test_wrong_orders_are_refused_wherever_they_stand():
    p = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="alpha: must be a number, got NaN"):
        renyi(p, [2.0, math.nan])
    with pytest.raises(ValueError, match="alpha: holds no order"):
        renyi(p, [])
    with pytest.raises(ValueError, match="q: must be above -inf"):
        tsallis(p, [2.0, -math.inf])
    with pytest.raises(ValueError, match="q: -2000 is too low to normalize"):
        tsallis(p, [2.0, -2000.0], normalize=True)


def test_axes_types_and_shapes_are_named():
    import array_api_strict

    assert float(shannon(np.array([1, 0]))) == 0.0
    assert float(shannon(array_api_strict.asarray([0, 1]))) == 0.0
    for call, message in (
        (lambda: shannon([0.5, 0.5], axis=1), "axis: 1 is not one of p"),
        (lambda: renyi([0.5, 0.5], 2, axis=-2), "axis: -2 is not one of p"),
        (lambda: shannon([[1.0], [0.5, 0.5]]), "p: must be numbers, in rows of one length"),
        (lambda: shannon("half"), "p: must be numbers"),
        (lambda: renyi([0.5, 0.5], "two"), "alpha: must be a number, or an array"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
