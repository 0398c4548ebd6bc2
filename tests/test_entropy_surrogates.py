"""Surrogates: what each kind keeps, what it destroys, and the law of the rank test."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.entropy import surrogates
from analysis.entropy.processes import autoregressive, logistic_map, white_noise
from analysis.entropy.surrogates import iaaft, phase_randomised, shuffled, surrogate_test

lively = settings(deadline=None, max_examples=40)
KINDS = {"shuffled": shuffled, "phase_randomised": phase_randomised, "iaaft": iaaft}
lengths = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)


def neighbours(x):
    """Covariance with the next sample, over the variance."""
    y = x - np.mean(x, axis=-1, keepdims=True)
    return np.sum(y[..., 1:] * y[..., :-1], axis=-1) / np.sum(y * y, axis=-1)


def skew_in_time(x):
    """Third moment of the steps: 0 for every process that is the same backwards."""
    return np.mean(np.diff(x, axis=-1) ** 3, axis=-1)


def periodogram(x):
    return np.abs(np.fft.rfft(x, axis=-1))


@lively
@given(seeds, lengths, st.sampled_from(["shuffled", "iaaft"]))
def test_the_values_are_kept(seed, samples, kind):
    x = np.random.default_rng(seed).normal(size=(2, samples))
    drawn = KINDS[kind](x, seed, 3)
    assert drawn.shape == (3, 2, samples)
    expected = np.broadcast_to(np.sort(x, axis=-1), drawn.shape)
    np.testing.assert_array_equal(np.sort(drawn, axis=-1), expected)


@lively
@given(seeds, lengths, st.floats(-1e3, 1e3))
def test_random_phases_keep_periodogram_and_mean(seed, samples, mean):
    x = np.random.default_rng(seed).normal(size=(2, samples)) + mean
    drawn = phase_randomised(x, seed, 3)
    assert drawn.shape == (3, 2, samples)
    close = 1e-14 * samples * (1 + abs(mean))  # rounding of sums of `samples` values
    np.testing.assert_allclose(
        periodogram(drawn), np.broadcast_to(periodogram(x), (3, 2, samples // 2 + 1)), atol=close
    )
    np.testing.assert_allclose(drawn.mean(-1) - x.mean(-1), 0, atol=close)


@pytest.mark.parametrize("samples", [8, 9])
def test_phases_are_uniform_and_independent(samples):
    x = white_noise(samples, 1)
    turned = np.fft.rfft(phase_randomised(x, 2, 20_000))[:, 1 : (samples + 1) // 2]
    turned /= np.abs(turned)
    m = len(turned)
    # E z = E z^2 = 0 and E z w, E z w* = 0: means of unit vectors, each part of variance 1/2m
    for power in (1, 2, 3):
        assert np.all(np.abs(np.mean(turned**power, axis=0)) < 5 / math.sqrt(m))
    for other in (turned, turned.conj()):
        product = turned.T @ other / m
        assert np.all(np.abs(product - np.diag(np.diag(product))) < 5 / math.sqrt(m))
    if samples == 8:  # the alternating part stays whole
        wave = (-1.0) ** np.arange(8)
        np.testing.assert_allclose(phase_randomised(x, 2, 5) @ wave, x @ wave, atol=1e-14)


def test_every_order_is_as_likely():
    drawn = shuffled(np.arange(4), 3, 24_000).astype(int)
    counts = np.bincount(drawn @ [64, 16, 4, 1], minlength=256)
    counts = counts[counts > 0]
    assert counts.size == 24
    assert np.all(np.abs(counts - 1000) < 5 * math.sqrt(1000 * 23 / 24))


def test_iaaft_is_nearer_to_the_periodogram_than_any_shuffle():
    def off(y, x):
        y, x = (periodogram(z - z.mean(-1, keepdims=True)) for z in (y, x))
        return np.linalg.norm(y - x, axis=-1) / np.linalg.norm(x, axis=-1)

    x = autoregressive(1000, 0.7, 4, members=2)
    for series, share in ((x, 0.02), (np.exp(x), 0.5)):
        # lognormal values are in no order that has the very periodogram; normal ones nearly
        once, done = (
            off(iaaft(series, 5, 4, iterations=1), series),
            off(iaaft(series, 5, 4), series),
        )
        assert np.all(done < once)
        assert np.all(done < share * off(shuffled(series, 5, 4), series))
    # on a ring autocorrelations differ by at most 2 |A - B|/|A|; 6^2/sum x^2 is for the open end
    close = 2 * off(iaaft(x, 5, 4), x).max() + 36 / 2000
    assert neighbours(iaaft(x, 5, 4)) == pytest.approx(np.tile(neighbours(x), (4, 1)), abs=close)


def test_iaaft_stops_where_nothing_changes():
    x = autoregressive(64, 0.5, 6)
    # ranks that stayed are ranks that stay: more iterations leave the result
    long = iaaft(x, 7, 3, iterations=10_000)
    np.testing.assert_array_equal(long, iaaft(x, 7, 3, iterations=20_000))
    assert not np.array_equal(long, iaaft(x, 7, 3, iterations=1))


@pytest.mark.parametrize("kind", KINDS)
def test_constant_and_short_series_stay(kind):
    for x in (np.full(9, 0.3), np.array([2.0]), np.zeros(4)):
        np.testing.assert_allclose(KINDS[kind](x, 8, 2), np.stack([x, x]), atol=1e-15)
    two = KINDS[kind](np.array([1.0, 5.0]), 8, 2)
    np.testing.assert_allclose(two.sum(-1), 6, rtol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_copies_and_batches(kind):
    draw, x = KINDS[kind], autoregressive(50, 0.5, 9, members=(2, 3))
    drawn = draw(x, 10, 4)
    assert drawn.shape == (4, 2, 3, 50)
    np.testing.assert_array_equal(drawn, draw(x, np.random.default_rng(10), 4))
    assert not np.array_equal(drawn, draw(x, 11, 4))
    assert draw(x, 10).shape == (1, 2, 3, 50)
    # rows and copies are drawn independently, in order
    generator = np.random.default_rng(10)
    parts = [draw(x, generator, 1) for _ in range(4)]
    if kind != "iaaft":  # which stops when all rows have, rows done being left as they are
        np.testing.assert_array_equal(np.concatenate(parts), drawn)
    np.testing.assert_allclose(np.concatenate(parts), drawn, atol=1e-12)
    same = draw(np.tile(white_noise(50, 1), (2, 1)), 12)[0]
    assert not np.array_equal(same[0], same[1])


@pytest.mark.parametrize("kind", KINDS)
def test_type_layout_and_library_change_nothing(kind):
    draw = KINDS[kind]
    whole = np.random.default_rng(13).permutation(120).reshape(4, 30)
    exact = draw(whole.astype(float), 14, 3)
    wide = np.zeros((8, 60))
    wide[::2, ::2] = whole
    for same in (
        np.asfortranarray(whole.astype(float)),
        wide[::2, ::2],
        whole.astype(">f8"),
        whole,
    ):
        np.testing.assert_allclose(draw(same, 14, 3), exact, rtol=1e-11)
    single = draw(whole.astype(np.float32), 14, 3)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, rtol=1e-6, atol=1e-5)
    strict = draw(array_api_strict.asarray(whole.astype(float)), 14, 3)
    assert type(strict).__module__.startswith("array_api_strict")
    np.testing.assert_allclose(np.asarray(strict), exact, rtol=1e-11)
    np.testing.assert_allclose(draw(whole.tolist(), 14, 3), exact, rtol=1e-11)


def test_symbols_stay_symbols():
    for kind in (np.uint8, np.int64, bool):
        x = np.array([0, 1, 1, 0, 1], dtype=kind)
        drawn = shuffled(x, 15, 2)
        assert drawn.dtype.kind in "ui" and np.all(drawn.sum(-1) == 3)
    strict = shuffled(array_api_strict.asarray([3, 1, 2]), 15, 2)
    assert strict.dtype == array_api_strict.int64
    seen = []

    def measure(s):
        seen.append(s.dtype)
        return np.sum(s[..., 1:] != s[..., :-1], axis=-1)

    result = surrogate_test(measure, np.arange(20) % 2, "shuffled", 19, 16)
    assert set(seen) == {np.dtype(np.int64)} and result.value == 19 and result.p == 0.1
    surrogate_test(measure, np.arange(20) % 2, "iaaft", 19, 16)
    assert seen[-1] == np.float64


# The test


def test_its_numbers_are_those_of_the_surrogates():
    x = autoregressive(100, 0.5, 17, members=2)
    drawn = neighbours(shuffled(x, 18, 39))
    got = surrogate_test(neighbours, x, "shuffled", 39, 18)
    np.testing.assert_allclose(got.value, neighbours(x), rtol=1e-15)
    np.testing.assert_allclose(got.mean, drawn.mean(0), rtol=1e-13)
    np.testing.assert_allclose(got.stderr, drawn.std(0, ddof=1), rtol=1e-13)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(got.low, low, rtol=1e-13)
    np.testing.assert_allclose(got.high, high, rtol=1e-13)
    assert np.all(got.value > got.high)
    np.testing.assert_allclose(got.p, 2 / 40)  # beyond all, on one side of two
    np.testing.assert_allclose(
        surrogate_test(lambda y: -neighbours(y), x, "shuffled", 39, 18).p, 2 / 40
    )


def test_surrogates_do_not_depend_on_how_many_are_held(monkeypatch):
    x = autoregressive(64, 0.5, 19)
    for kind in KINDS:
        whole = surrogate_test(skew_in_time, x, kind, 25, 20)
        with monkeypatch.context() as patch:
            patch.setattr(surrogates, "CHUNK", 64 * 7)
            patch.setattr(surrogates, "TILE", 64 * 3)
            parts = surrogate_test(skew_in_time, x, kind, 25, 20)
        np.testing.assert_allclose(np.stack(whole), np.stack(parts), rtol=1e-9)


def test_p_counts_ties_against_the_hypothesis():
    assert (
        surrogate_test(lambda x: np.sum(x, axis=-1) * 0, np.arange(8.0), "shuffled", 19, 1).p == 1
    )
    # ranks 4 of 9 from below: 2 (4 + 1)/10
    values = iter([np.asarray(4.5), np.arange(1.0, 10.0)])
    got = surrogate_test(lambda x: next(values), np.arange(8.0), "shuffled", 9, 1)
    assert got.p == pytest.approx(1.0)
    values = iter([np.asarray(2.0), np.arange(1.0, 10.0)])  # 1 and the tie at 2: r = 2
    assert surrogate_test(lambda x: next(values), np.arange(8.0), "shuffled", 9, 1).p == 0.6


@pytest.mark.parametrize(
    ("kind", "measure", "x"),
    [
        ("shuffled", neighbours, white_noise(30, 21, members=600)),
        ("shuffled", skew_in_time, np.exp(white_noise(30, 22, members=600))),
    ],
)
def test_false_alarms_are_as_rare_as_p_says(kind, measure, x):
    # exchangeable: p is uniform on 0.1, 0.2, .. 1
    p = surrogate_test(measure, x, kind, 19, 23).p
    for level in (0.1, 0.5):
        found = np.count_nonzero(p <= level + 1e-12)
        assert abs(found - 600 * level) <= 5 * math.sqrt(600 * level * (1 - level))


def test_linear_noise_passes_and_chaos_does_not():
    noise = autoregressive(512, 0.6, 24, members=100)
    chaos = logistic_map(512, seed=25)
    for kind in ("phase_randomised", "iaaft"):
        p = surrogate_test(skew_in_time, noise, kind, 19, 26).p
        # ends that do not meet make the test only nearly exact: 10 +- 5 * 3 of 100
        assert np.count_nonzero(p <= 0.1 + 1e-12) <= 25
        assert surrogate_test(skew_in_time, chaos, kind, 99, 27).p == pytest.approx(0.02)


def test_the_test_in_another_library():
    xp = array_api_strict
    x = autoregressive(40, 0.5, 28, members=3)

    def measure(y):
        return y.__array_namespace__().max(y[..., 1:] - y[..., :-1], axis=-1)

    for kind in KINDS:
        got = surrogate_test(measure, xp.asarray(x), kind, 19, 29)
        for found, exact in zip(got, surrogate_test(measure, x, kind, 19, 29), strict=True):
            assert type(found).__module__.startswith("array_api_strict")
            np.testing.assert_allclose(np.asarray(found), exact, rtol=1e-11)
    assert surrogate_test(lambda y: y[..., 0], xp.asarray(x[0]), "iaaft", 19, 29).p.shape == ()


X = np.arange(6.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        *[(lambda d=d: d(X, None), "seed: give an integer") for d in KINDS.values()],
        *[(lambda d=d: d(X, 1, 0), "n: must be 1 or more") for d in KINDS.values()],
        *[(lambda d=d: d(np.array([1.0, np.nan]), 1), "x: holds NaN") for d in KINDS.values()],
        *[(lambda d=d: d(np.asarray(1.0), 1), "x: must be a series") for d in KINDS.values()],
        (lambda: shuffled(np.asarray(1), 1), "x: must be a series"),
        *[(lambda d=d: d(np.zeros((2, 0)), 1), "x: is empty") for d in KINDS.values()],
        (lambda: phase_randomised(np.ones(3, complex), 1), "x: must be real"),
        (lambda: iaaft(X, 1, iterations=0), "iterations: must be 1"),
        (lambda: surrogate_test(neighbours, X, "fourier", 9, 1), "kind: must be one of"),
        (lambda: surrogate_test(neighbours, X, "iaaft", 1, 1), "n: must be 2 or more"),
        (lambda: surrogate_test(neighbours, X, "iaaft", 9), "seed: give an integer"),
        (lambda: surrogate_test(lambda x: x, X, "shuffled", 9, 1), "fn: must turn"),
        (
            lambda: surrogate_test(
                lambda x: float(x[0, 0]) if x.ndim > 1 else 0.0, X, "shuffled", 9, 1
            ),
            "fn: must turn",
        ),
        (
            lambda: surrogate_test(lambda x: x[..., 0] * math.nan, X, "shuffled", 9, 1),
            "fn: holds NaN",
        ),
    ],
)
def test_what_is_no_series_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
