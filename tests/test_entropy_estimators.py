"""Estimators from counts: their formulas by other routes, their bias, NSB by brute force."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.special import digamma, exp1, gammaln, polygamma
from scipy.stats import poisson

from analysis.entropy.estimators import ESTIMATORS, entropy_from_counts
from analysis.entropy.functionals import renyi, shannon, tsallis
from analysis.entropy.nsb import posterior

lively = settings(deadline=None, max_examples=60)
counts = arrays(np.int64, st.integers(1, 8), elements=st.sampled_from([0, 1, 1, 2, 3, 9, 40]))
countable = counts.filter(lambda c: c.sum() > 1)
EULER = 0.5772156649015329


def estimate(c, estimator, **keywords):
    return float(entropy_from_counts(c, estimator=estimator, **keywords))


@lively
@given(countable)
def test_the_plugin_is_the_functional_of_the_shares(c):
    p = c / c.sum()
    assert estimate(c, "plugin") == shannon(p)
    assert estimate(c, "plugin", measure="renyi", order=2) == renyi(p, 2)
    assert estimate(c, "plugin", measure="tsallis", order=0.5) == tsallis(p, 0.5)


def test_formulas_by_hand():
    c = [4, 2, 1, 1, 0]
    plugin = 1.75 * math.log(2)  # shares 1/2, 1/4, 1/8, 1/8
    assert estimate(c, "plugin") == pytest.approx(plugin, rel=1e-15)
    assert estimate(c, "miller_madow") == pytest.approx(plugin + 3 / 16, rel=1e-15)
    # psi(1) = -g, psi(2) = 1 - g, psi(4) = 11/6 - g; (-1)^n int x^(n-1)/(1+x) over 0 .. 1:
    # -ln 2, 1 - ln 2, 5/6 - ln 2 for n = 1, 2, 4
    g = {1: -math.log(2), 2: 2 - math.log(2), 4: 11 / 6 + 5 / 6 - math.log(2)}
    exact = math.log(8) + EULER - (4 * g[4] + 2 * g[2] + 2 * g[1]) / 8
    assert estimate(c, "grassberger") == pytest.approx(exact, rel=1e-14)
    g = {1: -1 / 2, 2: 1 + 1 / 6, 4: 11 / 6 + 1 / 20}
    exact = math.log(8) + EULER - (4 * g[4] + 2 * g[2] + 2 * g[1]) / 8
    assert estimate(c, "grassberger1988") == pytest.approx(exact, rel=1e-14)
    exact = 0.0  # two of 8 are single: coverage 3/4
    for n in (4, 2, 1, 1):
        p = 0.75 * n / 8
        exact -= p * math.log(p) / (1 - (1 - p) ** 8)
    assert estimate(c, "chao_shen") == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("mean", [0.3, 2.0, 8.0])
def test_grassberger_is_what_poisson_counts_ask_for(mean):
    # A single bin beside one that is held: sum n G(n) has the mean l ln l + l E1(2l), and with the
    # form of 1988 l ln l + l E1(l) + exp(-l) ((1 - exp(-l))/l - 1), which falls as exp(-l)/l^2.
    n = np.arange(1, 80)
    chance = poisson.pmf(n, mean)

    def mean_of(estimator):
        rest = 1000  # the same in every row, so that its own term is known and taken out
        rows = np.stack([n, np.full_like(n, rest)], axis=1)
        total = n + rest
        entropy = entropy_from_counts(rows, estimator=estimator)
        held = (np.log(rest) - estimate([rest], estimator)) * rest
        return chance @ ((np.log(total) - entropy) * total - held)

    exact = mean * math.log(mean) + mean * exp1(2 * mean)
    assert mean_of("grassberger") == pytest.approx(exact, abs=2e-11)
    exact = mean * math.log(mean) + mean * exp1(mean)
    exact += math.exp(-mean) * (-math.expm1(-mean) / mean - 1)
    assert mean_of("grassberger1988") == pytest.approx(exact, abs=2e-11)


def test_large_counts_take_the_same_formula_as_small_ones():
    # above four times the number of bins the table is left; the difference is in no digit
    small = np.concatenate([[40, 3, 1, 7], np.zeros(20, int)])
    for estimator in ("grassberger", "grassberger1988"):
        assert estimate(small[:4], estimator) == pytest.approx(
            estimate(small, estimator), rel=1e-15
        )


def test_chao_shen_at_its_ends():
    # only singletons: the coverage is 1/N, and p = 1/N^2
    p = 1 / 25
    exact = -5 * p * math.log(p) / (1 - (1 - p) ** 5)
    assert estimate([1] * 5, "chao_shen") == pytest.approx(exact, rel=1e-14)
    assert estimate([7, 0], "chao_shen") == 0
    assert estimate([1, 0], "chao_shen") == 0


@lively
@given(
    countable,
    st.sampled_from(["shannon", "renyi", "tsallis"]),
    st.sampled_from([0, 1e-9, 0.4, 1 - 1e-12, 1, 1 + 1e-9, 1.5, 2, 7.5, 1000, math.inf]),
)
def test_the_jackknife_leaves_out_each_sample_in_turn(c, measure, order):
    functional = {
        "shannon": shannon,
        "renyi": lambda p: renyi(p, order),
        "tsallis": lambda p: tsallis(p, order),
    }[measure]
    size = c.sum()
    less = [c - (np.arange(c.size) == j) for j in range(c.size) for _ in range(c[j])]
    mean = np.mean([functional(d / (size - 1)) for d in less])
    exact = size * functional(c / size) - (size - 1) * mean
    keywords = {} if measure == "shannon" else {"measure": measure, "order": order}
    got = estimate(c, "jackknife", **keywords)
    assert got == pytest.approx(float(exact), rel=1e-12, abs=1e-14 * size * 8)


def test_the_jackknife_of_a_small_bin_beside_a_large_order():
    # of [2, 1] at order 2000, (1/2)^2000 is below every number: all the same ln 2 is left
    got = estimate([2, 1], "jackknife", measure="renyi", order=2000)
    # less one: [1, 1] twice, ln 2; [2, 0] once, 0
    whole = -2000 * math.log(2 / 3) / 1999
    assert got == pytest.approx(3 * whole - 2 * (2 / 3) * math.log(2), rel=1e-13)


def test_bias_falls_as_the_theory_says():
    # uniform over 20, N = 40 multinomial: the plug-in is low by 19/80 + (20^2 - 1)/(12 40^2) nats
    # and more; the corrected ones are nearer, each at the mean of 20 000 draws, error .0006
    c = np.random.default_rng(8).multinomial(40, np.full(20, 0.05), size=20_000)
    bias = {e: entropy_from_counts(c, estimator=e).mean() - math.log(20) for e in ESTIMATORS[:-1]}
    assert bias["plugin"] == pytest.approx(-0.26, abs=0.02)
    assert abs(bias["miller_madow"]) < 0.07
    for estimator in ("grassberger", "grassberger1988", "jackknife", "chao_shen"):
        assert abs(bias[estimator]) < 0.03


def brute_force(c, K):
    """Return the NSB mean and standard deviation by Gauss's rule over ln b, as the paper has it."""
    n = np.concatenate([np.asarray(c, float), np.zeros(K - len(c))])

    def log_weight(t):
        b = math.exp(t)
        slope = K * polygamma(1, K * b + 1) - polygamma(1, b + 1)
        rho = gammaln(K * b) - gammaln(n.sum() + K * b) + (gammaln(n + b) - gammaln(b)).sum()
        return rho + math.log(slope) + t

    def moments(t):
        a = n + math.exp(t)
        total = a.sum()
        first = digamma(total + 1) - a @ digamma(a + 1) / total
        u = digamma(a + 1) - digamma(total + 2)
        cross = np.outer(a * u, a * u) - polygamma(1, total + 2) * np.outer(a, a)
        np.fill_diagonal(cross, 0)
        w = digamma(a + 2) - digamma(total + 2)
        own = a * (a + 1) * (w**2 + polygamma(1, a + 2) - polygamma(1, total + 2))
        return first, (cross.sum() + own.sum()) / (total * (total + 1))

    grid = np.linspace(-25, 12, 371)
    top = max(log_weight(t) for t in grid)
    peak = grid[np.argmax([log_weight(t) for t in grid])]

    def integral(f):
        options = {"epsabs": 0, "epsrel": 1e-11, "limit": 400}
        parts = [(-25, peak - 2), (peak - 2, peak + 2), (peak + 2, 12)]
        return sum(
            quad(lambda t: f(t) * math.exp(log_weight(t) - top), *p, **options)[0] for p in parts
        )

    norm = integral(lambda t: 1.0)
    mean = integral(lambda t: moments(t)[0]) / norm
    square = integral(lambda t: moments(t)[1]) / norm
    return mean, math.sqrt(square - mean**2)


@pytest.mark.parametrize(
    ("c", "K"), [([3, 5], 2), ([7, 0], 2), ([4, 2, 1, 1], 4), ([9, 3, 1], 30), ([20, 20, 19], 3)]
)
def test_nsb_is_the_integral_over_the_prior(c, K):
    # beyond ln b of -25 .. 12 lies a weight of exp(-12) = 6e-6 at most, where b dxi/db falls as 1/b
    mean, std = brute_force(c, K)
    assert posterior(np.array(c), K).mean == pytest.approx(mean, rel=2e-5)
    assert posterior(np.array(c), K).std == pytest.approx(std, rel=2e-4)


@pytest.mark.parametrize("c", [(3, 5), (6, 0), (1, 1), (1, 0)])
def test_nsb_of_two_outcomes_is_the_double_integral_over_share_and_concentration(c):
    # H itself is averaged over p and t = ln b: no formula for moments of a Dirichlet distribution.
    # p = 1/(1 + exp(-s)); at small b its density falls as exp(-b |s|), at large as exp(-b s^2/4).
    x, v = np.polynomial.legendre.leggauss(200)

    def over_s(t):
        b = math.exp(t)
        core = 30 / max(1.0, math.sqrt(b))
        pieces = [(-core, core)]
        if b < 1:
            pieces += [(-core - 40 / b, -core), (core, core + 40 / b)]
        prior = gammaln(2 * b) - 2 * gammaln(b)
        sums = np.zeros(3)
        for low, high in pieces:
            s = 0.5 * (low + high) + 0.5 * (high - low) * x
            log_p, log_r = -np.logaddexp(0, -s), -np.logaddexp(0, s)
            density = np.exp(prior + (c[0] + b) * log_p + (c[1] + b) * log_r)
            entropy = -np.exp(log_p) * log_p - np.exp(log_r) * log_r
            for k in range(3):
                sums[k] += 0.5 * (high - low) * (v * density * entropy**k).sum()
        slope = 2 * polygamma(1, 2 * b + 1) - polygamma(1, b + 1)
        return sums * slope * b

    # ends cut where exp(-12) = 6e-6 of the weight is left
    norm, first, second = sum(w * over_s(12 * t) for t, w in zip(x, v, strict=True))
    mean = first / norm
    got = posterior(np.array(c))
    assert got.mean == pytest.approx(mean, rel=3e-5)
    assert got.std == pytest.approx(math.sqrt(second / norm - mean**2), rel=3e-5)


def test_nsb_of_one_sample_is_the_mean_of_its_prior():
    # one sample tells nothing of b, and the prior is flat in the mean entropy, 0 .. ln K
    for K in (2, 100, 10**6):
        assert posterior(np.array([1]), K).mean == pytest.approx(math.log(K) / 2, rel=1e-12)


def test_nsb_of_many_samples_is_the_entropy():
    # error of the plug-in: (K - 1)/2N = 5e-7 and the deviation sqrt(var ln p/N) = 2e-4
    p = np.random.default_rng(4).dirichlet(np.ones(11))
    c = np.random.default_rng(5).multinomial(10**7, p)
    got = posterior(c)
    corrected = estimate(c, "miller_madow")
    assert got.mean == pytest.approx(corrected, abs=1e-7)
    variance = (p * np.log(p) ** 2).sum() - (p * np.log(p)).sum() ** 2
    assert got.std == pytest.approx(math.sqrt(variance / 1e7), rel=2e-3)


def test_nsb_at_the_ends_of_its_range():
    # finite and between 0 and ln K, from one bin to a million outcomes
    for c, K in (([10**7], 10**6), ([10**7, 0], 2), ([1] * 1000, 10**6), ([1] * 50, 50)):
        mean, std = posterior(np.array(c), K)
        assert 0 < mean < math.log(K)
        assert 0 < std < math.log(K)
    assert posterior(np.array([5])) == (0, 0)
    assert posterior(np.array([5]), 1) == (0, 0)
    # equal counts: the posterior is near ln K within (K - 1)/2N of the largest deviation
    mean, std = posterior(np.full(100, 10**5))
    assert mean == pytest.approx(math.log(100), abs=1e-5)


def test_nsb_finds_a_peak_far_narrower_than_its_search():
    # a million outcomes, ten samples each: between steps of the search ln rho changes by 1271
    rng = np.random.default_rng(7)
    p = rng.dirichlet(np.full(10**6, 1.3))
    got = posterior(rng.multinomial(10**7, p))
    assert got.std == pytest.approx(2.4e-4, rel=0.1)
    assert abs(got.mean - shannon(p)) < 4 * got.std


def test_nsb_of_half_filled_bins_is_nearly_unbiased():
    # a quadrature of its own gives 4.579 for uniform K = 100, N = 200; deviation .03 a draw
    draws = np.random.default_rng(0).multinomial(200, np.full(100, 0.01), size=100)
    got = entropy_from_counts(draws, estimator="nsb")
    assert got.mean() == pytest.approx(4.579, abs=0.015)
    assert got[0] == posterior(draws[0]).mean
    more = estimate(draws[0], "nsb", K=120)
    assert more == posterior(draws[0], 120).mean
    assert more > got[0]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_batches_axes_types_and_libraries_give_the_same(estimator):
    c = np.random.default_rng(6).multinomial(30, np.full(12, 1 / 12), size=(2, 3))
    got = entropy_from_counts(c, estimator=estimator)
    assert got.shape == (2, 3)
    alone = [[estimate(row, estimator) for row in rows] for rows in c]
    np.testing.assert_allclose(got, alone, rtol=1e-14)
    moved = np.moveaxis(c, -1, 0)
    np.testing.assert_array_equal(entropy_from_counts(moved, estimator=estimator, axis=0), got)
    for same in (c.astype(np.float32), c.astype(np.uint8), c.astype(">i4"), np.asfortranarray(c)):
        np.testing.assert_allclose(entropy_from_counts(same, estimator=estimator), got, rtol=1e-14)
    strict = entropy_from_counts(array_api_strict.asarray(c), estimator=estimator)
    assert type(strict).__module__.startswith("array_api_strict")
    np.testing.assert_allclose(np.asarray(strict), got, rtol=1e-14)
    assert entropy_from_counts(c[0, 0], estimator=estimator).shape == ()


@pytest.mark.parametrize("estimator", ["plugin", "jackknife"])
@pytest.mark.parametrize("measure", ["renyi", "tsallis"])
def test_orders_may_be_many(estimator, measure):
    c = np.random.default_rng(6).multinomial(30, np.full(12, 1 / 12), size=2)
    orders = [0.0, 0.5, 1.0, 2.0, math.inf]
    how = {"estimator": estimator, "measure": measure}
    got = entropy_from_counts(c, order=orders, **how)
    assert got.shape == (2, 5)
    np.testing.assert_array_equal(got[1, 3], estimate(c[1], order=2, **how))
    strict = entropy_from_counts(array_api_strict.asarray(c), order=orders, **how)
    np.testing.assert_allclose(np.asarray(strict), got, rtol=1e-14)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_is_no_count_is_refused(estimator):
    for wrong, text in (
        ([1, -1, 3], "negative"),
        ([0.5, 0.5], "must be whole numbers"),
        ([0, 0], "at least one sample"),
        ([[1, 2], [0, 0]], "at least one sample"),
        ([np.nan, 1], "NaN"),
        ([np.inf, 1], "infinity"),
        ([], "is empty"),
    ):
        with pytest.raises(ValueError, match=f"c: .*{text}"):
            entropy_from_counts(wrong, estimator=estimator)
    with pytest.raises(ValueError, match="c: must have an axis"):
        entropy_from_counts(np.array(3), estimator=estimator)


def test_wrong_ways_are_refused():
    c = [2, 1, 1]
    with pytest.raises(ValueError, match="measure: must be one of shannon, renyi, tsallis"):
        entropy_from_counts(c, measure="hartley")
    with pytest.raises(ValueError, match="estimator: must be one of plugin"):
        entropy_from_counts(c, estimator="shrink")
    with pytest.raises(ValueError, match="order: has no meaning for shannon"):
        entropy_from_counts(c, order=2)
    with pytest.raises(ValueError, match="order: renyi needs one"):
        entropy_from_counts(c, measure="renyi")
    for estimator in set(ESTIMATORS) - {"plugin", "jackknife"}:
        with pytest.raises(ValueError, match=f"estimator: {estimator} is for shannon"):
            entropy_from_counts(c, measure="renyi", order=2, estimator=estimator)
    for estimator in set(ESTIMATORS) - {"nsb"}:
        with pytest.raises(ValueError, match="K: only the estimator nsb"):
            entropy_from_counts(c, estimator=estimator, K=5)
    with pytest.raises(ValueError, match="K: must be at least 3, the occupied bins"):
        entropy_from_counts([*c, 0], estimator="nsb", K=2)
    with pytest.raises(ValueError, match="K: must be an integer"):
        entropy_from_counts(c, estimator="nsb", K=4.5)
    with pytest.raises(ValueError, match="c: the jackknife needs at least two samples"):
        entropy_from_counts([1, 0], estimator="jackknife")
    with pytest.raises(ValueError, match="order: the jackknife needs one of 0 or more"):
        entropy_from_counts(c, measure="renyi", order=[2, -1], estimator="jackknife")
    for wrong in ([[1, 2]], [0, 0], [1.5, 1], [-1, 3]):
        with pytest.raises(ValueError, match="c: must be one row of non-negative whole"):
            posterior(np.array(wrong))
