"""The bootstrap: errors that theory knows, coverage, and that a seed is all its randomness."""

import math

import array_api_strict
import numpy as np
import pytest

from analysis.entropy.estimators import entropy_from_counts
from analysis.entropy.resampling import bootstrap, bootstrap_counts


def mean(x):
    return x.mean(axis=-1)


def autoregressive(phi, size, rng):
    """Return x_t = phi x_(t-1) + noise of unit variance, begun in its steady state."""
    noise = rng.normal(size=size)
    x = np.empty(size)
    x[0] = noise[0] / math.sqrt(1 - phi**2)
    for t in range(1, size):
        x[t] = phi * x[t - 1] + noise[t]
    return x


def test_the_error_of_a_mean_is_that_of_theory():
    x = np.random.default_rng(0).normal(size=400)
    got = bootstrap(mean, x, n=2000, seed=1)
    # the error of a standard deviation from 2000 draws is 1/sqrt(4000) = 1.6 %
    exact = x.std() / 20
    assert got.value == x.mean()
    assert got.stderr == pytest.approx(exact, rel=0.06)
    assert got.low == pytest.approx(x.mean() - 1.96 * exact, abs=0.2 * exact)
    assert got.high == pytest.approx(x.mean() + 1.96 * exact, abs=0.2 * exact)
    assert got.n == 2000


def test_two_draws_suffice_for_an_error():
    # of two values a, b: |a - b|/sqrt 2, and the middle 95 % of the way between them
    got = bootstrap(mean, np.arange(10.0), n=2, seed=1)
    assert got.high - got.low == pytest.approx(0.95 * math.sqrt(2) * got.stderr, rel=1e-12)
    assert got.stderr > 0


def test_blocks_keep_the_correlation_that_single_draws_lose():
    # variance of the mean: 1/((1 - phi)^2 T) with correlation, 1/((1 - phi^2) T) without. Blocks of
    # 200 lose 2 phi/((1 - phi^2) 200) = .01 of it; the estimate itself scatters by sqrt(2 200/T)
    phi, size = 0.7, 40_000
    x = autoregressive(phi, size, np.random.default_rng(2))
    blocks = bootstrap(mean, x, n=600, block=200, seed=3).stderr
    assert blocks == pytest.approx(1 / ((1 - phi) * math.sqrt(size)), rel=0.15)
    single = bootstrap(mean, x, n=600, seed=3).stderr
    assert single == pytest.approx(1 / math.sqrt((1 - phi**2) * size), rel=0.1)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    # 95 %, a little less for 60 samples; the error of 400 series is 1.1 %
    series = np.random.default_rng(4).normal(size=(400, 60))
    got = [bootstrap(mean, x, n=300, seed=5) for x in series]
    covered = np.mean([e.low <= 0 <= e.high for e in got])
    assert covered == pytest.approx(0.94, abs=0.035)


def test_a_block_as_long_as_the_series_turns_it_round():
    x = np.arange(7.0)
    got = bootstrap(lambda y: y, x, n=500, block=7, seed=6)
    # each place holds each of the seven values: variance (49 - 1)/12 = 4
    np.testing.assert_allclose(got.stderr, 2, rtol=0.1)
    steps = bootstrap(lambda y: np.diff(y) % 7, x, n=50, block=7, seed=6)
    np.testing.assert_array_equal(steps.stderr, 0)
    np.testing.assert_array_equal(steps.low, 1)
    # in blocks of 3 the last is cut short: steps 1, 2, 4, 5 stay within a block
    inside = bootstrap(lambda y: np.diff(y) % 7, x, n=50, block=3, seed=6).stderr == 0
    np.testing.assert_array_equal(inside, [True, True, False, True, True, False])


def test_what_stands_before_the_samples_is_drawn_together():
    x = np.random.default_rng(7).normal(size=(2, 3, 50))
    x[1] = 2 * x[0]
    got = bootstrap(mean, x, n=50, block=5, seed=8)
    assert got.value.shape == got.stderr.shape == got.low.shape == got.high.shape == (2, 3)
    np.testing.assert_allclose(got.stderr[1], 2 * got.stderr[0], rtol=1e-12)


def test_the_seed_decides_all():
    x = np.random.default_rng(9).normal(size=100)
    for draw in (
        lambda seed: bootstrap(mean, x, n=20, seed=seed),
        lambda seed: bootstrap_counts([5, 3, 2], n=20, seed=seed),
    ):
        assert draw(1) == draw(1)
        assert draw(np.random.default_rng(1)) == draw(1)
        assert draw(2).stderr != draw(1).stderr
    with pytest.raises(TypeError, match="seed"):
        bootstrap(mean, x)


def test_other_libraries_draw_the_same():
    x = np.random.default_rng(10).normal(size=(2, 80))
    strict = array_api_strict.asarray(x)
    exact = bootstrap(mean, x, n=30, seed=11)
    got = bootstrap(lambda y: array_api_strict.mean(y, axis=-1), strict, n=30, seed=11)
    for a, b in zip(got[:4], exact[:4], strict=True):
        assert type(a).__module__.startswith("array_api_strict")
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-14)
    number = bootstrap(lambda y: float(array_api_strict.mean(y)), strict, n=5, seed=1)
    assert type(number.value).__module__.startswith("array_api_strict")
    assert bootstrap(lambda y: float(np.mean(y)), x[0], n=5, seed=1).value.shape == ()
    c = np.array([[5, 3, 2], [1, 1, 8]])
    exact = bootstrap_counts(c, n=30, seed=11)
    got = bootstrap_counts(array_api_strict.asarray(c), n=30, seed=11)
    for a, b in zip(got[:4], exact[:4], strict=True):
        assert type(a).__module__.startswith("array_api_strict")
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-14)


def test_the_error_of_an_entropy_is_that_of_theory():
    # var H = (sum p ln^2 p - H^2)/N, p = .7, .2, .1
    p = np.array([0.7, 0.2, 0.1])
    c = (1000 * p).astype(int)
    variance = (p * np.log(p) ** 2).sum() - (p * np.log(p)).sum() ** 2
    for estimator in ("plugin", "miller_madow", "chao_shen"):
        got = bootstrap_counts(c, n=2000, seed=12, estimator=estimator)
        assert got.value == entropy_from_counts(c, estimator=estimator)
        assert got.stderr == pytest.approx(math.sqrt(variance / 1000), rel=0.06)
        assert got.low < got.value < got.high
    many = bootstrap_counts(
        np.stack([c, c], axis=1), n=20, seed=1, axis=0, measure="renyi", order=[0, 2]
    )
    assert many.value.shape == many.stderr.shape == (2, 2)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="n: must be 2 or more"):
        bootstrap(mean, [1.0, 2.0], n=1, seed=0)
    with pytest.raises(ValueError, match="n: must be 2 or more"):
        bootstrap_counts([1, 2], n=1, seed=0)
    for block in (0, 3):
        with pytest.raises(ValueError, match="block: must be from 1 to 2"):
            bootstrap(mean, [1.0, 2.0], block=block, seed=0)
    with pytest.raises(ValueError, match="x: holds NaN"):
        bootstrap(mean, [1.0, math.nan], seed=0)
    with pytest.raises(ValueError, match="x: must have an axis"):
        bootstrap(mean, np.array(1.0), seed=0)
    with pytest.raises(ValueError, match="c: must be whole"):
        bootstrap_counts([0.5, 0.5], seed=0)


def test_symbols_stay_symbols_and_nothing_is_drawn_without_a_seed():
    letters = np.array([0, 1, 1, 0] * 50)
    found = bootstrap(lambda s: np.float64(s.dtype.kind == "i"), letters, seed=0)
    assert float(found.value) == 1.0
    for call in (
        lambda: bootstrap(np.mean, letters, seed=None),
        lambda: bootstrap_counts(np.array([3, 4]), seed=None),
    ):
        with pytest.raises(ValueError, match="seed: give an integer"):
            call()
    with pytest.raises(ValueError, match="fn: is not finite"):
        bootstrap(lambda x: np.float64(np.inf), np.arange(5.0), seed=1)
