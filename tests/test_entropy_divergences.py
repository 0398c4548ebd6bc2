"""Divergences: exact values, limits, theorems, and closeness without cancellation."""

import math
from decimal import Context, Decimal, localcontext

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.divergences import (
    cauchy_schwarz,
    js,
    kl,
    renyi_divergence,
    tsallis_divergence,
)

P = np.array([0.5, 0.25, 0.25, 0.0])
Q = np.full(4, 0.25)
lively = settings(deadline=None, max_examples=80)
weights = arrays(float, 6, elements=st.sampled_from([0.0, 0.0, 1e-300, 1e-9, 0.1, 0.5, 1.0]))
distributions = weights.filter(lambda w: w.sum() > 1e-3).map(lambda w: w / w.sum())
EVERY = [
    kl,
    js,
    cauchy_schwarz,
    *(lambda p, r, a=a: renyi_divergence(p, r, a) for a in (0, 0.3, 0.5, 1, 1.5, 40, math.inf)),
    *(lambda p, r, q=q: tsallis_divergence(p, r, q) for q in (0, 0.3, 0.5, 1, 1.5, 40)),
]


def exactly(p, r, order):
    """Return (Rényi, Tsallis) divergences of full supports over their exact sums, in 60 digits."""
    with localcontext(Context(prec=60, Emax=10**9, Emin=-(10**9))):
        p, r = ([Decimal(float(v)) for v in w] for w in (p, r))
        logs = [(a / sum(p)).ln() for a in p], [(b / sum(r)).ln() for b in r]
        if order == 1:
            both = float(sum(a.exp() * (a - b) for a, b in zip(*logs, strict=True)))
            return both, both
        order = Decimal(order)
        power = sum((order * a + (1 - order) * b).exp() for a, b in zip(*logs, strict=True))
        return float(power.ln() / (order - 1)), float((power - 1) / (order - 1))


def test_the_known_values():
    # by hand: KL = ln 2 / 2, D_2 = ln 3/2, CS = -ln((1/4) / sqrt(3/8 1/4)), each at 12 digits
    known = {
        0.346573590280: kl(P, Q),
        0.107880777169: js(P, Q),
        0.405465108108: renyi_divergence(P, Q, 2),
        0.316694367641: renyi_divergence(P, Q, 0.5),
        0.5: tsallis_divergence(P, Q, 2),
        0.202732554054: cauchy_schwarz(P, Q),
    }
    for exact, got in known.items():
        assert got == pytest.approx(exact, abs=6e-13)
        assert got.shape == ()
    assert kl(P, Q, base=2) == pytest.approx(0.5, rel=1e-15)
    assert js(P, Q, base=2) == pytest.approx(0.107880777169 / math.log(2), abs=1e-12)


def test_normal_densities_on_a_fine_grid_have_their_closed_forms():
    # N(0, 1) and N(1, 4); the trapezoidal rule is exact to rounding for analytic, fast falling f
    x = np.linspace(-40, 42, 4001)
    p, r = np.exp(-(x**2) / 2), np.exp(-((x - 1) ** 2) / 8)
    p, r = p / p.sum(), r / r.sum()
    assert kl(p, r) == pytest.approx(math.log(2) + 2 / 8 - 0.5, rel=1e-12)  # .443147180560
    assert renyi_divergence(p, r, 0.5) == pytest.approx(0.323143551314, abs=1e-12)
    assert renyi_divergence(p, r, 2) == pytest.approx(0.556196429449, abs=1e-12)
    assert cauchy_schwarz(p, r) == pytest.approx(0.211571775657, abs=1e-12)


def test_supports_decide_what_is_infinite():
    half, one, other = [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]
    assert kl(half, one) == math.inf
    assert kl(one, half) == pytest.approx(math.log(2), rel=1e-15)
    assert js(one, other) == pytest.approx(math.log(2), rel=1e-15)
    assert js(one, other) <= math.log(2)
    assert cauchy_schwarz(one, other) == math.inf
    orders = [0, 0.3, 0.5, 0.7, 1, 1.5, math.inf]
    assert (renyi_divergence(one, other, orders) == math.inf).all()
    # all of p lies where r has 1/2: every order gives ln 2
    np.testing.assert_allclose(renyi_divergence(one, half, orders), math.log(2), rtol=1e-15)
    # sum p^a r^(1-a) = 2^-a: D_a = a ln 2/(1 - a) below 1, infinite from there
    got = renyi_divergence(half, one, orders)
    np.testing.assert_allclose(got[:4], [a / (1 - a) * math.log(2) for a in orders[:4]], rtol=1e-14)
    assert (got[4:] == math.inf).all()
    np.testing.assert_allclose(
        tsallis_divergence(one, other, [0, 0.3, 0.5]), [1, 1 / 0.7, 2], rtol=1e-15
    )
    assert (tsallis_divergence(half, one, [1, 2]) == math.inf).all()


def test_limits_of_the_renyi_order():
    p, r = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    assert renyi_divergence(p, r, math.inf) == pytest.approx(math.log(2.5), rel=1e-15)
    assert renyi_divergence(p, r, -math.inf) == pytest.approx(math.log(1 / 3), rel=1e-15)
    assert renyi_divergence(P, Q, 0) == pytest.approx(-math.log(0.75), rel=1e-15)
    # (1000 ln .5 - 999 ln .2 + ln(1 + .6^1000 ...))/999
    exact = (1000 * math.log(0.5) - 999 * math.log(0.2)) / 999
    assert renyi_divergence(p, r, 1000) == pytest.approx(exact, rel=1e-14)
    assert tsallis_divergence(p, r, 1000) == math.inf
    assert renyi_divergence(P, Q, -1) == -math.inf  # -1/2 of D_2(Q, P)
    assert tsallis_divergence(P, Q, -1) == -math.inf
    tiny = np.array([1.0, 5e-324])
    assert kl(tiny, [0.0, 1.0]) == math.inf
    assert kl([0.0, 1.0], tiny) == pytest.approx(-math.log(5e-324), rel=1e-15)


@pytest.mark.parametrize("order", [1e-12, 0.3, 0.5, 1 - 1e-12, 1, 1 + 1e-14, 1 + 1e-12, 2, 10, -3])
@pytest.mark.parametrize("apart", [1.0, 1e-2, 1e-5, 1e-8])
def test_neither_close_orders_nor_close_distributions_lose_digits(order, apart):
    # At 1e-8 the divergence is 1e-17, and of its 60-digit value nothing is lost but the rounding
    # of orders by exponents: 10 (order) x 8 (|x|) x eps, and eps^2/1e-17 from sums off by eps.
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.full(12, 0.5))
    r = rng.dirichlet(np.full(12, 0.5)) if apart == 1 else p * (1 + apart * rng.uniform(-1, 1, 12))
    r = r / r.sum()
    renyi, tsallis = exactly(p, r, order)
    assert renyi_divergence(p, r, order) == pytest.approx(renyi, rel=1e-13)
    assert tsallis_divergence(p, r, order) == pytest.approx(tsallis, rel=1e-13)
    if order == 1:
        assert kl(p, r) == pytest.approx(renyi, rel=1e-14)


def test_close_distributions_keep_their_jensen_shannon_and_cauchy_schwarz():
    # to the order of d^3: JS = w v sum d^2/2p, CS = (sum d^2 - (sum d p)^2/sum p^2)/(2 sum p^2)
    p = np.array([0.5, 0.25, 0.125, 0.125])
    d = np.array([1.0, -2.0, 3.0, -2.0]) * 2.0**-30
    assert js(p, p + d) == pytest.approx(0.125 * (d**2 / p).sum(), rel=1e-7)
    assert js(p, p + d, (0.25, 0.75)) == pytest.approx(0.09375 * (d**2 / p).sum(), rel=1e-7)
    square = (p**2).sum()
    exact = ((d**2).sum() - (d @ p) ** 2 / square) / (2 * square)
    assert cauchy_schwarz(p, p + d) == pytest.approx(exact, rel=1e-7)


def test_weights_of_jensen_shannon():
    # of disjoint supports it is the entropy of the weights
    most = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert js([1.0, 0.0], [0.0, 1.0], (0.9, 0.1)) == pytest.approx(most, rel=1e-15)
    assert js(P, Q, (0.9, 0.1)) == pytest.approx(float(js(Q, P, (0.1, 0.9))), rel=1e-15)


@lively
@given(distributions, distributions, st.sampled_from(EVERY))
def test_no_divergence_is_negative_and_of_equals_it_is_0(p, r, divergence):
    assert divergence(p, r) >= 0
    assert divergence(p, p) == 0
    assert not np.signbit(divergence(p, p))


@lively
@given(distributions, distributions)
def test_theorems_that_bind_them(p, r):
    assert js(p, r) == pytest.approx(float(js(r, p)), rel=1e-14)
    assert js(p, r) <= math.log(2)
    rising = renyi_divergence(p, r, [0, 0.2, 0.5, 0.9, 1, 1.1, 2, 9, math.inf])
    low, high = rising[:-1], rising[1:]
    # 1e-15: order inf knows a divergence by max p/r alone, which is near 1
    margin = 1e-15 + 1e-13 * np.where(high < np.inf, high, 1)
    assert ((low <= high + margin) | (high == np.inf)).all()
    # Pinsker: KL >= |p - r|_1^2 / 2
    assert kl(p, r) >= 0.5 * np.abs(p - r).sum() ** 2 * (1 - 1e-14)
    # grouping outcomes never raises it
    merged = kl(p.reshape(3, 2).sum(axis=1), r.reshape(3, 2).sum(axis=1))
    assert merged <= kl(p, r) * (1 + 1e-13) + 1e-15


def test_batches_broadcast_and_any_axis_will_do():
    rng = np.random.default_rng(2)
    p, r = rng.dirichlet(np.ones(4), size=(3, 1)), rng.dirichlet(np.ones(4), size=5)
    for divergence in (kl, js, cauchy_schwarz):
        many = divergence(p, r)
        assert many.shape == (3, 5)
        assert many[2, 3] == divergence(p[2, 0], r[3])
    many = renyi_divergence(p, r, np.array([[0.5], [2.0]]))
    assert many.shape == (3, 5, 2, 1)
    np.testing.assert_array_equal(many[..., 1, 0], renyi_divergence(p, r, 2))
    first = kl(np.moveaxis(p, -1, 0), r.T[:, None, :], axis=0)
    np.testing.assert_array_equal(first, kl(p, r))
    assert (kl(r, Q[:4]) == [kl(row, Q) for row in r]).all()


@pytest.mark.parametrize("divergence", EVERY)
def test_other_libraries_types_and_layouts_give_the_same(divergence):
    p = np.array([[0.5, 0.25, 0.125, 0.125], [0.0, 0.5, 0.5, 0.0]])
    r = np.array([[0.125, 0.125, 0.25, 0.5], [0.5, 0.25, 0.25, 0.0]])
    exact = divergence(p, r)
    strict = divergence(array_api_strict.asarray(p), array_api_strict.asarray(r))
    assert type(strict).__module__.startswith("array_api_strict")
    np.testing.assert_allclose(np.asarray(strict), exact, rtol=1e-15)
    np.testing.assert_array_equal(divergence(np.asfortranarray(p), r.astype(">f8")), exact)
    single = divergence(p.astype(np.float32), r.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, rtol=3e-6)  # 40 orders of 6e-8
    assert divergence(p.astype(np.float32), r).dtype == float


@pytest.mark.parametrize("divergence", EVERY)
def test_what_is_no_distribution_is_refused(divergence):
    for wrong, text in (([0.5, 0.6], "must sum"), ([1.5, -0.5], "negative"), ([np.nan, 1], "NaN")):
        with pytest.raises(ValueError, match=f"p: .*{text}"):
            divergence(wrong, [0.5, 0.5])
        with pytest.raises(ValueError, match=f"r: .*{text}"):
            divergence([0.5, 0.5], wrong)
    with pytest.raises(ValueError, match="r: must hold as many outcomes as p"):
        divergence([0.5, 0.5], [1.0])


def test_wrong_orders_weights_and_bases_are_refused():
    with pytest.raises(ValueError, match="alpha: must be a number"):
        renyi_divergence(P, Q, math.nan)
    with pytest.raises(ValueError, match="q: must be finite"):
        tsallis_divergence(P, Q, math.inf)
    for wrong in ((0.5, 0.6), (1.0, 0.0), (-0.5, 1.5), (math.nan, 1.0)):
        with pytest.raises(ValueError, match="weights: must be two positive"):
            js(P, Q, wrong)
    for divergence in (kl, js):
        with pytest.raises(ValueError, match="base: must be positive"):
            divergence(P, Q, base=1)


@pytest.mark.parametrize("order", [1e-8, 1e-12, 1e-16, 1e-17, 1e-300])
def test_small_orders_tend_to_order_0_without_losing_digits(order):
    p, r = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    # both are analytic at 0: within a few times the order of -ln r(p > 0) and of 1 - r(p > 0)
    assert float(renyi_divergence(p, r, order)) == pytest.approx(math.log(2), abs=5 * order + 1e-15)
    assert float(tsallis_divergence(p, r, order)) == pytest.approx(0.5, abs=5 * order + 1e-15)
    apart = tsallis_divergence([1.0, 0.0], [0.0, 1.0], order)
    assert float(apart) == pytest.approx(1 / (1 - order), rel=1e-15)


def test_cauchy_schwarz_of_barely_common_supports_is_finite():
    for tiny, kind in ((1e-23, np.float32), (1e-170, np.float64)):
        p, r = np.array([1, 0, tiny], kind), np.array([0, 1, tiny], kind)
        assert float(cauchy_schwarz(p, r)) == pytest.approx(-2 * math.log(tiny), rel=1e-6)
