"""Counts: those of NumPy, whatever the type, the layout and the library."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.counts import discrete_counts, histogram_counts, joint_histogram_counts

lively = settings(deadline=None, max_examples=100)
TYPES = [np.float64, np.float32, np.float16, np.int64, np.int16, np.uint8, ">f8", ">i2"]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def the_same(x, bins, range=None, **keywords):
    """Return the counts after comparing them with NumPy's, and with those of another library."""
    expected, _ = np.histogram(x, bins, range)
    got = histogram_counts(x, bins, range, **keywords)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, expected)
    if x.dtype.isnative and x.dtype != np.float16:
        strict = histogram_counts(array_api_strict.asarray(x), bins, range, **keywords)
        assert type(strict).__module__.startswith("array_api_strict")
        np.testing.assert_array_equal(np.asarray(strict), expected)
    return got


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("bins", [1, 2, 10, 64, 300])
def test_counts_are_those_of_numpy(rng, kind, bins):
    x = (rng.normal(size=5000) * 30 + 100).clip(0, 250).astype(kind)
    assert the_same(x, bins).sum() == 5000
    the_same(x, bins, (60.0, 133.3), outside="drop")
    the_same(x, np.sort(rng.uniform(50, 150, bins + 1)), outside="drop")


@pytest.mark.parametrize("bins", [10, 49, 100, 999, 1000])
def test_samples_on_the_edges_fall_where_the_edges_say(rng, bins):
    # hundredths on edges that are hundredths: floor((x - low) scale) alone misplaces some of them
    x = rng.integers(0, 1001, 20_000) / 100
    the_same(x, bins, (0.0, 10.0))
    the_same(x + 1e6, bins)
    the_same(-x, np.linspace(-10, 0, bins + 1))
    edges = np.linspace(0, 10, bins + 1)
    beside = np.concatenate([edges, np.nextafter(edges[1:], 0), np.nextafter(edges[:-1], 10)])
    the_same(beside, bins, (0.0, 10.0))


def test_the_last_bin_holds_its_right_edge():
    np.testing.assert_array_equal(histogram_counts([0.0, 1.0, 2.0, 2.0], 2), [1, 3])
    np.testing.assert_array_equal(histogram_counts([0, 1, 2, 5], [0, 1, 5]), [1, 3])
    # edges may repeat: their bin stays empty
    the_same(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0, 2.0]))
    the_same(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))


@lively
@given(
    arrays(
        float, st.integers(2, 60), elements=st.floats(-1e6, 1e6, allow_subnormal=False, width=32)
    ),
    st.integers(1, 40),
)
def test_any_series_is_counted_as_numpy_counts_it(x, bins):
    if np.ptp(x) > 1e-3:
        the_same(x, bins)


def test_a_batch_is_its_rows_in_any_layout(rng):
    x = rng.normal(size=(3, 4, 700))
    expected = [np.histogram(row, 32, (-6, 6))[0] for row in x.reshape(-1, 700)]
    expected = np.reshape(expected, (3, 4, 32))
    for y in (x, np.asfortranarray(x), x.astype(">f8"), np.repeat(x, 2, axis=2)[..., ::2]):
        np.testing.assert_array_equal(histogram_counts(y, 32, (-6, 6)), expected)
    moved = histogram_counts(np.moveaxis(x, -1, 1), 32, (-6, 6), axis=1)
    np.testing.assert_array_equal(moved, expected)
    strict = histogram_counts(array_api_strict.asarray(x), 32, (-6, 6))
    np.testing.assert_array_equal(np.asarray(strict), expected)
    edges = np.linspace(-6, 6, 33)
    np.testing.assert_array_equal(histogram_counts(x, edges), expected)
    assert histogram_counts(x[:, :, :1], 32, (-6, 6)).sum() == 12


def test_long_rows_of_other_types_are_counted_tile_by_tile(rng):
    x = rng.normal(size=(2, 150_001)).astype(np.float32)
    got = histogram_counts(x, 50, (-7, 7))
    expected = [np.histogram(row, 50, (-7, 7))[0] for row in x]
    np.testing.assert_array_equal(got, expected)
    many = rng.integers(0, 9, (70_000, 3))
    np.testing.assert_array_equal(histogram_counts(many, 9, (0, 9)).sum(0), np.bincount(many.flat))


@pytest.mark.parametrize("bins", [7, (7, 9), (80, 64), ([-9.0, -1.0, 0.5, 9.0], 5)])
def test_pairs_are_counted_as_numpy_counts_them(rng, bins):
    x, y = rng.normal(size=(2, 2, 3000))
    if isinstance(bins, tuple) and isinstance(bins[0], list):
        edges = [bins[0], np.linspace(-6, 6, 6)]
        ranges, given = None, [np.array(bins[0]), np.linspace(-6, 6, 6)]
    else:
        ranges, given = ((-6, 6), (-5, 5)), bins
        edges = bins
    got = joint_histogram_counts(x, y, given, ranges, outside="drop")
    for k in range(2):
        expected = np.histogram2d(x[k], y[k], edges, ranges)[0]
        np.testing.assert_array_equal(got[k], expected)
    strict = [array_api_strict.asarray(v) for v in (x, y)]
    other = joint_histogram_counts(*strict, given, ranges, outside="drop")
    np.testing.assert_array_equal(np.asarray(other), got)


def test_margins_of_pairs_are_the_counts_of_each(rng):
    x, y = rng.normal(size=(2, 4000))
    joint = joint_histogram_counts(x, y, (13, 17))
    np.testing.assert_array_equal(joint.sum(axis=1), histogram_counts(x, 13))
    np.testing.assert_array_equal(joint.sum(axis=0), histogram_counts(y, 17))
    moved = joint_histogram_counts(x[:, None], y[:, None], 5, ((-6, 6), (-6, 6)), axis=0)
    np.testing.assert_array_equal(moved[0], joint_histogram_counts(x, y, 5, ((-6, 6), (-6, 6))))


def test_dropped_pairs_are_those_with_a_coordinate_outside():
    x, y = np.array([0.5, 5.0, 0.5, 5.0]), np.array([0.5, 0.5, 5.0, 5.0])
    got = joint_histogram_counts(x, y, 2, ((0, 1), (0, 1)), outside="drop")
    np.testing.assert_array_equal(got, [[0, 0], [0, 1]])


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.uint64, bool, ">i4"])
def test_symbols_are_counted_by_value(rng, kind):
    s = rng.integers(0, 2 if kind is bool else 6, (3, 200)).astype(kind)
    expected = [np.bincount(row.astype(int), minlength=8) for row in s]
    np.testing.assert_array_equal(discrete_counts(s, 8), expected)
    np.testing.assert_array_equal(discrete_counts(s.T, 8, axis=0), expected)
    if np.dtype(kind).isnative:
        got = discrete_counts(array_api_strict.asarray(s), 8)
        assert got.dtype == array_api_strict.int64
        np.testing.assert_array_equal(np.asarray(got), expected)


def test_without_a_number_the_values_that_occur_are_counted_in_order():
    s = np.array([[-128, 5, 5, 127], [5, 5, 7, -128]], dtype=np.int8)
    expected = [[1, 2, 0, 1], [1, 2, 1, 0]]  # of -128, 5, 7, 127
    np.testing.assert_array_equal(discrete_counts(s), expected)
    np.testing.assert_array_equal(discrete_counts(s.astype(int) * 10**15), expected)
    np.testing.assert_array_equal(discrete_counts(array_api_strict.asarray(s)), expected)
    far = array_api_strict.asarray(s.astype(int) * 10**15)
    np.testing.assert_array_equal(discrete_counts(far), expected)
    high = np.array([2**64 - 1, 2**64 - 2, 2**64 - 1], dtype=np.uint64)
    np.testing.assert_array_equal(discrete_counts(high), [1, 2])
    np.testing.assert_array_equal(discrete_counts([3, 3, 1]), [1, 2])


@pytest.mark.parametrize("wrap", [np.asarray, array_api_strict.asarray])
def test_what_cannot_be_counted_is_refused(wrap):
    x = wrap(np.linspace(0.0, 1.0, 11))
    with pytest.raises(ValueError, match=r"x: holds samples outside 0 \.\. 0.5; widen range"):
        histogram_counts(x, 4, (0.0, 0.5))
    with pytest.raises(ValueError, match=r"x: holds samples outside 0.1 \.\. 2"):
        histogram_counts(x, wrap(np.array([0.1, 2.0])))
    with pytest.raises(ValueError, match="range: x is constant, 3; give"):
        histogram_counts(wrap(np.full(4, 3.0)), 4)
    with pytest.raises(ValueError, match="range: give one for all rows of x"):
        histogram_counts(wrap(np.zeros((2, 3))), 4)
    for range in ((1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (np.nan, 1.0)):
        with pytest.raises(ValueError, match="range: must be"):
            histogram_counts(x, 4, range)
    with pytest.raises(ValueError, match="y: must have the shape of x"):
        joint_histogram_counts(x, x[:5])
    with pytest.raises(ValueError, match="y: holds samples outside"):
        joint_histogram_counts(x, x, 3, ((0.0, 1.0), (0.0, 0.5)))
    with pytest.raises(ValueError, match="bins: must be one number, or two"):
        joint_histogram_counts(x, x, (3, 3, 3))
    with pytest.raises(ValueError, match="range: must be a pair"):
        joint_histogram_counts(x, x, 3, ((0.0, 1.0),))
    s = wrap(np.array([0, 3]))
    with pytest.raises(ValueError, match=r"s: must lie in 0 \.\. 2, as K says, got 0 \.\. 3"):
        discrete_counts(s, 3)
    with pytest.raises(ValueError, match="s: must lie in"):
        discrete_counts(s - 1, 3)
    with pytest.raises(ValueError, match="s: must be integers"):
        discrete_counts(x)
    with pytest.raises(ValueError, match="K: must be 1 or more"):
        discrete_counts(s, 0)


@pytest.mark.parametrize("wrap", [np.asarray, array_api_strict.asarray])
@pytest.mark.parametrize("range", [None, (0.0, 1.0)])
@pytest.mark.parametrize("outside", ["raise", "drop"])
def test_nan_is_refused_and_infinity_only_dropped_on_request(wrap, range, outside):
    for place in (0, 1, 70):
        x = np.linspace(0, 1, 71)
        x[place] = np.nan
        with pytest.raises(ValueError, match="x: holds NaN"):
            histogram_counts(wrap(x), 4, range, outside=outside)
        x[place] = np.inf
        if range is None or outside == "raise":
            with pytest.raises(ValueError, match="x: holds infinity"):
                histogram_counts(wrap(x), 4, range, outside=outside)
        else:
            assert np.asarray(histogram_counts(wrap(x), 4, range, outside=outside)).sum() == 70


@pytest.mark.parametrize(
    ("bins", "text"),
    [
        (0, "bins: must be 1 or more"),
        (2.5, "bins: must be an integer"),
        ([0.0], "bins: edges must be at least two"),
        ([0.0, 2.0, 1.0], "bins: edges must be at least two"),
        ([1.0, 1.0], "bins: edges must span"),
        ([0.0, np.nan], "bins: holds NaN"),
    ],
)
def test_wrong_bins_are_refused(bins, text):
    with pytest.raises(ValueError, match=text):
        histogram_counts([0.0, 1.0], bins)


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="range: has no meaning with edges"):
        histogram_counts([0.0, 1.0], [0.0, 1.0], (0, 1))
    with pytest.raises(ValueError, match="bins: 64 are too many for 1"):
        histogram_counts([1.0, 1.0 + 1e-15], 64)
    with pytest.raises(ValueError, match="outside: must be one of raise, drop"):
        histogram_counts([0.0, 1.0], 4, outside="clip")
    with pytest.raises(ValueError, match="x: is empty"):
        histogram_counts([], 4)
    for count in (histogram_counts, lambda x: joint_histogram_counts(x, x)):
        with pytest.raises(ValueError, match="x: must have an axis of samples"):
            count(np.array(1.0))
    with pytest.raises(ValueError, match="s: must have an axis"):
        discrete_counts(np.array(1))
