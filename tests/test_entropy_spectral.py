"""Spectral entropy: exact spectra, white noise, and series without power."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.spectral import spectral_entropy

EULER = 0.5772156649015329
lively = settings(deadline=None, max_examples=100)


def by_definition(x, dc=False):
    """Return (H in nats, K) by the two-sided transform as a sum, its negative half folded."""
    x = np.asarray(x, dtype=float)
    t = np.arange(x.size)
    if not dc:
        x = x - x.mean()
    power = np.abs(np.exp(-2j * np.pi * np.outer(t, t) / x.size) @ x) ** 2
    folded = np.zeros(x.size // 2 + 1)
    for k in range(x.size):
        folded[min(k, x.size - k)] += power[k]
    p = folded if dc else folded[1:]
    p = p / p.sum()
    return -(p * np.log(np.where(p > 0, p, 1))).sum(), p.size


@pytest.mark.parametrize("dc", [False, True])
@pytest.mark.parametrize("samples", [2, 3, 4, 5, 16, 17, 60, 101])
def test_the_entropy_is_that_of_the_folded_spectrum(samples, dc):
    x = np.random.default_rng(samples).standard_normal(samples) + 0.5
    exact, size = by_definition(x, dc)
    # T terms of T rounded products: eps T ln K
    assert spectral_entropy(x, dc=dc, normalize=False) == pytest.approx(exact, abs=1e-12)
    if size > 1:
        found = spectral_entropy(x, dc=dc)
        assert found == pytest.approx(exact / math.log(size), abs=1e-12)
    else:
        assert spectral_entropy(x, dc=dc) == 0


@pytest.mark.parametrize("periods", [1, 7, 499])
def test_a_sine_of_whole_periods_has_none(periods):
    t = np.arange(1000)
    # the other 499 bins hold rounding squared, about 1e-32 each
    angle = 2 * np.pi * (periods * t % 1000) / 1000  # large angles would be rounded coarsely
    assert 0 <= spectral_entropy(np.sin(angle)) < 1e-26
    assert 0 <= spectral_entropy(np.cos(np.pi * t)) < 1e-26


@pytest.mark.parametrize("lines", [2, 5])
def test_equal_lines_share_alike(lines):
    t = np.arange(1200)
    x = sum(np.cos(2 * np.pi * 37 * k * t / 1200 + k) for k in range(1, lines + 1))
    found = spectral_entropy(x, normalize=False)
    assert found == pytest.approx(math.log(lines), rel=1e-12)
    # a mean of 1 is a line of power T^2; a cosine has T^2/4 at each of two frequencies
    weights = np.array([1.0] + [0.5] * lines)
    p = weights / weights.sum()
    with_mean = spectral_entropy(x + 1, normalize=False, dc=True)
    assert with_mean == pytest.approx(-(p * np.log(p)).sum(), rel=1e-12)


def test_the_nyquist_frequency_is_its_own_negative():
    t = np.arange(100)
    # sums of squares over t: 1/2 of the cosine, 1 of the alternation
    x = np.cos(2 * np.pi * 10 * t / 100) + np.cos(np.pi * t)
    exact = -(math.log(1 / 3) / 3 + 2 * math.log(2 / 3) / 3)
    assert spectral_entropy(x, normalize=False) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("samples", [10**6, 10**6 + 1])
def test_white_noise_has_its_exact_entropy(samples):
    x = np.random.default_rng(1).standard_normal(samples)
    # bins are exponential: <p ln p> gives 1 - (1 - gamma)/ln K
    exact = 1 - (1 - EULER) / math.log(5e5)
    assert exact == pytest.approx(0.967781, abs=5e-7)
    # over 30 seeds the standard deviation was 0.41/(sqrt(K) ln K)
    assert spectral_entropy(x) == pytest.approx(exact, abs=2.5 / (math.sqrt(5e5) * math.log(5e5)))


def test_an_impulse_is_flat():
    # all powers equal, doubled but for the last of an even length
    x = np.zeros(101)
    x[3] = 1
    assert spectral_entropy(x) == pytest.approx(1, rel=1e-13)
    p = np.r_[np.full(49, 2.0), 1.0] / 99
    found = spectral_entropy(x[:100], normalize=False)
    assert found == pytest.approx(-(p * np.log(p)).sum(), rel=1e-13)


@lively
@given(
    arrays(float, st.integers(3, 40), elements=st.integers(-9, 9).map(float)),
    st.sampled_from([1e-300, 1e-3, 1e3, 1e300]),
    st.integers(-5, 5),
    st.booleans(),
)
def test_only_the_shape_matters(x, scale, shift, reverse):
    if x.max() == x.min():
        return
    expected = float(spectral_entropy(x))
    assert 0 <= expected <= 1 + 1e-15
    same = (x + shift)[::-1] if reverse else x + shift
    assert spectral_entropy(same * scale) == pytest.approx(expected, abs=1e-12)
    rolled = spectral_entropy(np.roll(x, shift), dc=True)
    assert rolled == pytest.approx(float(spectral_entropy(x, dc=True)), abs=1e-12)


@pytest.mark.parametrize("offset", [2.0**40, 1e15])
def test_a_large_mean_costs_no_digits(offset):
    x = np.random.default_rng(5).integers(-9, 9, 300) + offset  # whole numbers, exact
    assert spectral_entropy(x) == pytest.approx(float(spectral_entropy(x - offset)), abs=1e-14)


def test_differences_of_the_largest_numbers_do_not_overflow():
    x = np.array([1.0, -1, 1, 1, -1, 0.5, 0, 1])
    assert spectral_entropy(x * 1.7e308) == pytest.approx(float(spectral_entropy(x)), abs=1e-14)


def test_a_batch_is_a_loop_on_any_axis():
    x = np.random.default_rng(2).standard_normal((2, 3, 50))
    found = spectral_entropy(x)
    each = [[spectral_entropy(y) for y in rows] for rows in x]
    # sums over a batch may be taken in another order
    np.testing.assert_allclose(found, each, rtol=1e-14)
    for axis in (0, 1):
        moved = spectral_entropy(np.moveaxis(x, -1, axis), axis=axis)
        np.testing.assert_allclose(moved, found, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["f4", ">f8", "i1", "u2", ">i8", "?"])
def test_neither_type_nor_layout_matters(dtype):
    x = np.random.default_rng(3).integers(0, 2 if dtype == "?" else 90, (3, 64)).astype(dtype)
    expected = spectral_entropy(x.astype(float))
    wide = np.zeros((6, 128), dtype)
    wide[::2, ::2] = x
    for same in (x, np.asfortranarray(x), wide[::2, ::2], x.tolist()):
        np.testing.assert_allclose(spectral_entropy(same), expected, rtol=1e-14)
    assert spectral_entropy(x[0]).dtype == np.float64


@pytest.mark.parametrize("dc", [False, True])
def test_other_libraries_get_the_same_in_their_own_arrays(dc):
    for samples in (20, 21):
        x = np.random.default_rng(4).standard_normal((2, samples))
        strict = array_api_strict.asarray(x)
        for there, here in ((strict, x), (strict[0, :], x[0])):
            got = spectral_entropy(there, dc=dc)
            assert type(got).__module__.startswith("array_api_strict")
            assert got.shape == here.shape[:-1]
            np.testing.assert_allclose(np.asarray(got), spectral_entropy(here, dc=dc), rtol=1e-13)


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, -1e300])
@pytest.mark.parametrize("samples", [10, 97])
def test_a_constant_series_has_no_spectrum(value, samples):
    x = np.full(samples, value)
    with pytest.raises(ValueError, match="x: a constant series has no power"):
        spectral_entropy(x)
    with pytest.raises(ValueError, match="x: a constant series has no power"):
        spectral_entropy(np.stack([np.arange(samples), x]))
    if value == 0:
        with pytest.raises(ValueError, match="x: a series of zeros"):
            spectral_entropy(x, dc=True)
    else:
        assert 0 <= spectral_entropy(x, dc=True) < 1e-26


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([1.0, math.nan, 2], "x: holds NaN"),
        ([1.0, math.inf, 2], "x: holds infinity"),
        ([], "x: is empty"),
        ([1.0], "x: a single sample"),
        (1.0, "x: must be a series"),
        (np.ones(3, complex), "x: must be real"),
    ],
)
def test_what_has_no_answer_is_refused(x, text):
    with pytest.raises(ValueError, match=text):
        spectral_entropy(x)
    with pytest.raises(ValueError, match="axis: 3 is not one of x"):
        spectral_entropy(np.arange(9.0), axis=3)
