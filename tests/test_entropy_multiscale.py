"""Measures at many scales: windows, offsets, and the radius of the series itself."""

import math
from functools import partial

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.sample import approximate_entropy, sample_counts, sample_entropy
from analysis.entropy.scales import KINDS, multiscale, multiscale_sample_entropy

SCALES = (1, 2, 3, 5)
lively = settings(deadline=None, max_examples=60)


def windows(x, scale, offset=0):
    """Return the means of whole windows of a series, one by one."""
    return [sum(x[j : j + scale]) / scale for j in range(offset, len(x) - scale + 1, scale)]


def first(x, axis=-1):
    return x[..., 0]


def length(x):
    return 0 * x[..., 0] + x.shape[-1]


def total(x):
    """A measure with counts: the mean, from the sum and the number of samples."""
    return x.mean(axis=-1)


total.counts = lambda x: (x.sum(axis=-1), np.full(x.shape[:-1], x.shape[-1]))
total.from_counts = lambda sums, sizes: sums / sizes


def test_windows_are_whole_and_do_not_overlap():
    x = np.arange(11.0)
    seen = []

    def keep(y):
        seen.append(y.tolist())
        return y[..., 0]

    assert multiscale(keep, x, [1, 2, 4, 11]).tolist() == [0, 0.5, 1.5, 5]
    assert seen == [x.tolist(), [0.5, 2.5, 4.5, 6.5, 8.5], [1.5, 5.5], [5.0]]


@pytest.mark.parametrize("kind", ["composite", "refined"])
def test_every_offset_is_seen_once(kind):
    x = np.random.default_rng(1).integers(0, 100, 23).astype(float)
    for scale in (1, 2, 3, 4, 11, 12, 20, 23):
        each = [windows(x, scale, k) for k in range(scale) if len(x) - k >= scale]
        if kind == "composite":
            exact = np.mean([np.mean(y) for y in each])
        else:
            exact = np.mean(np.concatenate(each))
        # sums of whole numbers, divided a few times
        assert multiscale(total, x, [scale], kind)[0] == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sample_entropy_of_each_kind_is_that_of_its_definition(m):
    x = np.random.default_rng(2).integers(0, 12, 240).astype(float)
    r = 2.0
    fn = partial(sample_entropy, m=m, r=r)
    for scale in SCALES:
        each = [np.array(windows(x, scale, k)) for k in range(scale)]
        counts = np.array([sample_counts(y, m, r) for y in each])
        exact = {
            "coarse": float(sample_entropy(each[0], m, r)),
            "composite": np.mean([float(sample_entropy(y, m, r)) for y in each]),
            "refined": -math.log(counts[:, 0].sum() / counts[:, 1].sum()),
        }
        for kind in KINDS:
            assert multiscale(fn, x, [scale], kind)[0] == pytest.approx(exact[kind], rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_the_radius_stays_that_of_the_series_itself(kind):
    x = np.random.default_rng(3).standard_normal(1000)
    fn = partial(sample_entropy, r=0.2 * x.std())
    found = multiscale_sample_entropy(x, SCALES, kind=kind)
    assert (found == multiscale(fn, x, SCALES, kind)).all()
    assert found[0] == sample_entropy(x)
    shrinking = multiscale(sample_entropy, x, SCALES, kind)
    assert shrinking[0] == found[0]
    assert (shrinking[1:] > found[1:] + 0.1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_white_noise_falls_with_the_scale_as_it_should(kind):
    x = np.random.default_rng(4).standard_normal(30_000)
    scales = [1, 2, 4, 8, 16]
    # means have a deviation of 1/sqrt(tau), and differ by less than 0.2 with this probability
    exact = [-math.log(math.erf(0.1 * math.sqrt(scale))) for scale in scales]
    found = multiscale_sample_entropy(x, scales, kind=kind)
    # standard deviations over 10 seeds: 0.003 at scale 1 to 0.014 at 16, where 1875 are left
    np.testing.assert_allclose(found, exact, atol=0.07)


def test_refined_is_defined_where_composite_is_infinite():
    # at 1 of the 3 offsets 20 samples or fewer leave no match of three
    x = np.random.default_rng(11).standard_normal(60)
    assert multiscale_sample_entropy(x, [3], r_rel=0.4, kind="composite")[0] == math.inf
    assert math.isfinite(multiscale_sample_entropy(x, [3], r_rel=0.4, kind="refined")[0])


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_of_a_partial_reach_the_counts(kind):
    x = np.random.default_rng(6).integers(0, 5, 200).astype(float)
    for arguments in ({"m": 1, "r": 1.0}, {"m": 3, "r": 1.0, "inclusive": False}):
        found = multiscale(partial(sample_entropy, **arguments), x, [1], kind)[0]
        assert found == sample_entropy(x, **arguments)
    inner = partial(partial(sample_entropy, m=1), r=1.0)
    assert multiscale(inner, x, [1], kind)[0] == sample_entropy(x, 1, 1.0)
    opened = multiscale_sample_entropy(x, [1], m=1, r_rel=1 / x.std(), kind=kind, inclusive=False)
    assert opened[0] == sample_entropy(x, 1, 1 / x.std() * x.std(), inclusive=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_a_loop_on_any_axis(kind):
    x = np.random.default_rng(7).standard_normal((2, 3, 200)) * np.arange(1, 4)[:, None]
    found = multiscale_sample_entropy(x, SCALES, kind=kind)
    each = [[multiscale_sample_entropy(y, SCALES, kind=kind) for y in rows] for rows in x]
    assert (found == np.array(each)).all()
    for axis in (0, 1):
        moved = np.moveaxis(x, -1, axis)
        assert (multiscale_sample_entropy(moved, SCALES, kind=kind, axis=axis) == found).all()
        both = [multiscale(total, y, SCALES, kind, axis=a) for y, a in ((moved, axis), (x, -1))]
        assert (both[0] == both[1]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f4", ">f8", "i2", "u1", ">i8"])
def test_neither_type_nor_layout_matters(kind, dtype):
    x = (np.random.default_rng(8).random((3, 120)) * 100).astype(dtype)
    if dtype == "f4":
        x /= np.float32(3)  # means are not taken in single precision
    expected = multiscale_sample_entropy(x.astype(float), (1, 3, 9), kind=kind)
    wide = np.zeros((6, 240), dtype)
    wide[::2, ::2] = x
    for same in (x, np.asfortranarray(x), wide[::2, ::2]):
        assert (multiscale_sample_entropy(same, (1, 3, 9), kind=kind) == expected).all()
        assert (
            multiscale(total, same, (1, 9, 11), kind)
            == multiscale(total, x.astype(float), (1, 9, 11), kind)
        ).all()


@pytest.mark.parametrize("kind", KINDS)
def test_other_libraries_get_the_same_in_their_own_arrays(kind):
    x = np.random.default_rng(9).standard_normal((2, 150))
    strict = array_api_strict.asarray(x)
    radius = partial(sample_entropy, r=0.5)
    for measure in (multiscale_sample_entropy, partial(multiscale, radius)):
        got = measure(strict, SCALES, kind=kind)
        assert type(got).__module__.startswith("array_api_strict")
        np.testing.assert_allclose(np.asarray(got), measure(x, SCALES, kind=kind), rtol=1e-12)
    assert multiscale(radius, strict[0, :], [1], kind).shape == (1,)


def test_scales_may_be_any_whole_numbers():
    x = np.random.default_rng(10).standard_normal(100)
    expected = multiscale(first, x, [1, 2, 3])
    for scales in ((1, 2, 3), range(1, 4), np.arange(1, 4), np.arange(1, 4, dtype=np.uint8)):
        assert (multiscale(first, x, scales) == expected).all()
    assert multiscale(first, x, 2).tolist() == [expected[1]]
    assert multiscale(first, x, [3, 1]).tolist() == [expected[2], expected[0]]
    assert multiscale(length, x, [100, 51, 50, 49]).tolist() == [1, 1, 2, 2]


@lively
@given(arrays(float, st.integers(20, 60), elements=st.floats(-1, 1)), st.sampled_from(KINDS))
def test_scale_one_is_the_measure_itself(x, kind):
    assert multiscale(first, x, [1])[0] == x[0]
    fn = partial(sample_entropy, r=3.0)
    assert multiscale(fn, x, [1, 2], kind).tolist() == [0, 0]  # all within the radius
    assert multiscale(total, x, [1], kind)[0] == pytest.approx(x.mean(), abs=1e-15)


@pytest.mark.parametrize(
    ("fn", "scales", "kind", "text"),
    [
        (first, [0], "coarse", "scales: must be from 1 to 30, got 0"),
        (first, [31], "coarse", "scales: must be from 1 to 30, got 31"),
        (first, [1.5], "coarse", "scales: must be an integer"),
        (first, [], "coarse", "scales: holds no scale"),
        (first, [1], "fine", "kind: must be one of coarse, composite, refined"),
        (first, [1], "refined", r"fn: kind='refined' .* counts\(x\) and from_counts"),
        (partial(first, axis=-1), [1], "refined", "fn: kind='refined'"),
        (approximate_entropy, [1], "refined", "fn: kind='refined'"),
        (sample_entropy, [1, 10], "coarse", "scales: at 10: m: 3 samples hold no two"),
        (partial(sample_entropy, r=1e-9), [2], "refined", "scales: at 2: r: no two templates"),
        (partial(sample_entropy, r=1e-9), [2], "composite", "scales: at 2: r: no two templates"),
    ],
)
def test_what_has_no_answer_is_refused(fn, scales, kind, text):
    x = np.random.default_rng(11).standard_normal(30)
    with pytest.raises(ValueError, match=text):
        multiscale(fn, x, scales, kind)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([1.0, math.nan, 2, 3], "x: holds NaN"),
        ([1.0, math.inf, 2, 3], "x: holds infinity"),
        ([], "x: is empty"),
        (2.0, "x: must be a series"),
    ],
)
def test_what_is_no_series_is_refused(x, text):
    with pytest.raises(ValueError, match=text):
        multiscale(first, x, [1])
    with pytest.raises(ValueError, match=text):
        multiscale_sample_entropy(x, [1])


def test_wrong_arguments_of_the_radius_are_refused():
    with pytest.raises(ValueError, match="r: a constant series"):
        multiscale_sample_entropy(np.full(40, 0.1), [1])
    with pytest.raises(ValueError, match="r_rel: must be positive"):
        multiscale_sample_entropy(np.arange(40.0), [1], r_rel=-1)
    with pytest.raises(ValueError, match="axis: 2 is not one of x"):
        multiscale(first, np.arange(40.0), [1], axis=2)
    with pytest.raises(ValueError, match="m: must be 1 or more"):
        multiscale_sample_entropy(np.arange(40.0), [1], m=0)
