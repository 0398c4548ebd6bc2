"""Sample and approximate entropy: the same pairs as by definition, for every kind of series."""

import math
from functools import partial

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.sample import (
    approximate_entropy,
    deviation,
    sample_counts,
    sample_entropy,
)

lively = settings(deadline=None, max_examples=150)
MEASURES = (sample_entropy, approximate_entropy, sample_counts)


def matches(x, m, r, inclusive=True, templates=None):
    """Return whether templates i and j of m samples match, by the definition."""
    x = np.asarray(x, dtype=float)
    templates = x.size - m + 1 if templates is None else templates
    rows = np.stack([x[k : k + templates] for k in range(m)], axis=1)
    with np.errstate(over="ignore"):
        distance = np.abs(rows[:, None] - rows[None]).max(axis=-1)
    return distance <= r if inclusive else distance < r


def counts_by_hand(x, m, r, inclusive=True):
    """Return (A, B): pairs i < j among the N - m templates."""
    n = len(x) - m
    found = [matches(x, length, r, inclusive, n) for length in (m + 1, m)]
    return tuple(int(np.triu(each, 1).sum()) for each in found)


def approximate_by_hand(x, m, r, inclusive=True):
    def phi(length):
        return np.log(matches(x, length, r, inclusive).mean(axis=1)).mean()

    return phi(m) - phi(m + 1)


def series():
    """Return series of every kind that a grid may trip over, and a radius for each."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(300)
    return {
        "noise": (noise, 0.3),
        "walk": (noise.cumsum(), 1.0),
        "three levels": (rng.integers(0, 3, 300).astype(float), 1.0),
        "tenths, whose differences are rounded": (rng.integers(0, 40, 300) / 10, 0.3),
        "thirds": (rng.integers(-20, 20, 300) / 3, 2 / 3),
        "constant": (np.full(50, 0.1), 0.0),
        "stretches": (np.repeat(rng.standard_normal(30), 10), 0.5),
        "no radius": (rng.integers(0, 4, 200).astype(float), 0.0),
        "tiny radius": (noise, 1e-300),
        "huge radius": (noise, 1e300),
        "outliers": (np.r_[noise, 1e300, -1e300, 1.7e308, -1.7e308, noise], 0.2),
        "rising": (np.arange(100.0), 3.0),
        "zeros of both signs": (np.where(rng.random(80) < 0.5, 0.0, -0.0), 0.0),
        "subnormal": (rng.integers(0, 9, 100) * 5e-324, 1e-323),
        "far from zero": (1e9 + rng.integers(0, 30, 200) * 1e-7, 3e-7),
    }


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("name", series())
def test_pairs_are_those_of_the_definition(name, m):
    x, r = series()[name]
    for inclusive in (True, False):
        if r == 0 and not inclusive:
            continue
        found = sample_counts(x, m, r, inclusive=inclusive)
        assert tuple(int(v) for v in found) == counts_by_hand(x, m, r, inclusive)
        ours = approximate_entropy(x, m, r, inclusive=inclusive)
        # two means of logarithms of a few units each
        assert ours == pytest.approx(approximate_by_hand(x, m, r, inclusive), abs=1e-13)


@lively
@given(
    st.one_of(
        arrays(float, st.integers(5, 60), elements=st.integers(-4, 4).map(lambda k: k / 10)),
        arrays(float, st.integers(5, 60), elements=st.floats(-1e308, 1e308)),
    ),
    st.integers(1, 3),
    st.one_of(st.integers(0, 9).map(lambda k: k / 10), st.floats(0, 1e308)),
    st.booleans(),
)
def test_no_pair_is_lost_or_met_twice(x, m, r, inclusive):
    inclusive = inclusive or r == 0
    found = sample_counts(x, m, r, inclusive=inclusive)
    assert tuple(int(v) for v in found) == counts_by_hand(x, m, r, inclusive)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("size", [3000, 3001])
def test_long_runs_of_candidates_are_counted_whole(m, size):
    # runs far longer than the vectors of any processor, with every remainder
    x = np.random.default_rng(2).standard_normal(size)
    found = sample_counts(x, m, 0.6)
    n = size - m
    reach = [np.abs(x[:, None] - x[None]) <= 0.6][0]
    pairs = np.ones((n, n), bool)
    for k in range(m):
        pairs &= reach[k : k + n, k : k + n]
    shorter = (pairs.sum() - n) // 2
    pairs &= reach[m : m + n, m : m + n]
    assert tuple(int(v) for v in found) == ((pairs.sum() - n) // 2, shorter)


def test_two_templates_are_enough():
    # templates (1, 2) and (2, 1), followed by 1 and 5: apart by 1 and by 4
    assert [int(v) for v in sample_counts([1.0, 2, 1, 5], 2, 1.0)] == [0, 1]
    assert sample_entropy([1.0, 2, 1, 5], 2, 1.0) == math.inf
    assert sample_entropy([1.0, 2, 1, 2], 2, 1.0) == 0
    assert math.copysign(1, float(sample_entropy([1.0, 2, 1, 2], 2, 1.0))) == 1


@pytest.mark.parametrize(
    ("draw", "exact"),
    [
        # independent samples agree with probability erf(r/2 sd), r = sd/5, whatever came before
        ("standard_normal", 2.185131747072),
        # 1 - (1 - r)^2 with r = 0.2/sqrt(12)
        ("random", 2.188036433367),
    ],
)
@pytest.mark.parametrize("m", [1, 2, 3])
def test_white_noise_has_its_exact_entropy(draw, exact, m):
    x = getattr(np.random.default_rng(3), draw)(40_000)
    longer, _ = sample_counts(x, m)
    # Part of the error is the deviation's, 1/sqrt(2 T) relative; over 20 seeds the sum's standard
    # deviation was 0.0021, 0.0027 and 0.0036 at m = 1, 2, 3.
    assert sample_entropy(x, m) == pytest.approx(exact, abs=0.008 + 3 / math.sqrt(longer))


def test_the_exact_values_are_their_formulas():
    assert -math.log(math.erf(0.1)) == pytest.approx(2.185131747072, abs=1e-12)
    r = 0.2 / math.sqrt(12)
    assert -math.log(1 - (1 - r) ** 2) == pytest.approx(2.188036433367, abs=1e-12)


def test_approximate_entropy_lies_below_by_its_self_matches():
    x = np.random.default_rng(4).standard_normal(1000)
    # Pincus' bias: at 1000 samples a template has 13 matches of 2, and 1.4 of 3
    assert float(approximate_entropy(x)) < float(sample_entropy(x)) - 0.4
    longer = np.random.default_rng(4).standard_normal(50_000)
    assert approximate_entropy(longer) == pytest.approx(float(sample_entropy(longer)), abs=0.15)


def test_one_missing_match_in_many_keeps_its_digits():
    # 0, .. 0, 1: of 2 samples all 999 templates are 0, of 3 the last differs
    x = np.zeros(1001)
    x[-1] = 1
    longer, shorter = (int(v) for v in sample_counts(x, r=0.5))
    assert (longer, shorter) == (998 * 997 // 2, 999 * 998 // 2)
    lost = (shorter - longer) / longer
    series = sum(-((-lost) ** k) / k for k in range(1, 8))  # ln(1 + lost), lost = 0.002
    assert sample_entropy(x, r=0.5) == pytest.approx(series, rel=2e-15, abs=0)


def test_a_period_has_no_entropy():
    x = np.tile([0.0, 1.0, 3.0, 7.0], 50)
    assert sample_entropy(x, 1) == 0
    assert sample_entropy(x, 2) == 0
    # 199 and 198 templates do not divide by 4: of that order
    assert abs(float(approximate_entropy(x))) < 1e-4


@pytest.mark.parametrize("size", [4999, 5001])
def test_the_ball_is_closed_at_every_length(size):
    x = np.random.default_rng(5).integers(0, 4, size)
    # of the 16 pairs of levels 10 are within 1, and 4 are equal; standard deviations over 20
    # seeds were 0.0063 and 0.0019
    assert sample_entropy(x, r=1.0) == pytest.approx(math.log(1.6), abs=0.03)
    assert sample_entropy(x, r=1) == sample_entropy(x, r=1.5)
    opened = sample_entropy(x, r=1.0, inclusive=False)
    assert opened == pytest.approx(math.log(4), abs=0.01)
    assert opened == sample_entropy(x, r=0.5)


def test_the_radius_is_in_deviations_of_ddof_0():
    x = np.random.default_rng(6).standard_normal(200) * 7 + 3
    for rel in (0.15, 0.2):
        assert sample_entropy(x, r_rel=rel) == sample_entropy(x, r=rel * x.std())
    few = np.array([0.0, 1, 2, 0.0, 1, 2, 0, 2.0])
    r_rel = 1 / few.std()  # 1 but for rounding: the step is a match or not by it
    near = 1.0000001
    assert [int(v) for v in sample_counts(few, 1, r_rel=r_rel * near)] == list(
        counts_by_hand(few, 1, 1.0)
    )
    ddof_1 = r_rel * math.sqrt(7 / 8)
    assert [int(v) for v in sample_counts(few, 1, r_rel=ddof_1 * near)] == list(
        counts_by_hand(few, 1, 0.95)
    )


@pytest.mark.parametrize("exponent", [-1060, -600, -30, 30, 1000])
def test_the_scale_of_the_series_does_not_matter(exponent):
    x = np.random.default_rng(7).integers(-40, 40, 300) / 8  # a power of two rounds nothing here
    for measure in (sample_entropy, approximate_entropy):
        if exponent > -1060:
            assert measure(np.ldexp(x, exponent)) == measure(x)
        else:  # subnormal: the radius is rounded to a whole step
            assert measure(np.ldexp(x, exponent)) == pytest.approx(float(measure(x)), abs=1e-9)


@lively
@given(arrays(float, st.integers(2, 30), elements=st.floats(-1e6, 1e6, allow_subnormal=False)))
def test_the_deviation_is_that_of_numpy_and_0_only_for_equal_samples(x):
    found = deviation(x)
    assert (found == 0) == (x.max() == x.min())
    if found > 1e-150:
        assert found == pytest.approx(np.std(x), rel=1e-15)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_batch_is_a_loop_on_any_axis(measure, m):
    x = np.random.default_rng(8).standard_normal((2, 3, 80)).cumsum(axis=-1)
    found = np.asarray(measure(x, m, r_rel=0.5))
    each = np.array([[measure(row, m, r_rel=0.5) for row in rows] for rows in x])
    assert (found == (np.moveaxis(each, -1, 0) if measure is sample_counts else each)).all()
    for axis in (0, 1, -2):
        moved = np.moveaxis(x, -1, axis)
        assert (np.asarray(measure(moved, m, r_rel=0.5, axis=axis)) == found).all()


def test_each_series_may_have_its_own_radius():
    x = np.random.default_rng(9).standard_normal((2, 3, 80))
    r = np.array([[0.2, 0.3, 0.4], [0.5, 0.6, 0.7]])
    for measure in (sample_entropy, approximate_entropy):
        each = [[float(measure(x[i, j], r=r[i, j])) for j in range(3)] for i in range(2)]
        assert measure(x, r=r).tolist() == each
        assert measure(x, r=r[0]).tolist()[0] == each[0]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["f4", ">f8", ">f4", "i1", "u2", "i8", ">i4", "?"])
def test_neither_type_nor_layout_matters(measure, kind):
    x = np.random.default_rng(10).integers(0, 2 if kind == "?" else 60, (3, 90)).astype(kind)
    arguments = {"r": 2.0} if kind != "?" else {"r": 0.0}
    expected = np.asarray(measure(x.astype(float), **arguments))
    wide = np.zeros((6, 270), kind)
    wide[::2, ::3] = x
    for same in (x, np.asfortranarray(x), wide[::2, ::3], x[:, ::-1][:, ::-1]):
        assert (np.asarray(measure(same, **arguments)) == expected).all()
    relative = np.asarray(measure(x.astype(float), r_rel=0.3))
    assert (np.asarray(measure(np.asfortranarray(x), r_rel=0.3)) == relative).all()


@pytest.mark.parametrize("measure", [sample_entropy, approximate_entropy])
def test_other_libraries_get_the_same_in_their_own_arrays(measure):
    x = np.random.default_rng(11).standard_normal((2, 60))
    strict = array_api_strict.asarray(x)
    for given_x, there in ((x, strict), (x[0], strict[0, :])):
        got = measure(there, r_rel=0.5)
        assert type(got).__module__.startswith("array_api_strict")
        assert got.dtype == array_api_strict.float64
        assert (np.asarray(got) == measure(given_x, r_rel=0.5)).all()
    assert measure(strict, r=array_api_strict.asarray([0.5, 0.6])).shape == (2,)


def test_counts_are_integers_of_the_same_library():
    x = np.random.default_rng(12).standard_normal((2, 60))
    for mine, theirs in zip(
        sample_counts(x, r=0.5), sample_counts(array_api_strict.asarray(x), r=0.5), strict=True
    ):
        assert mine.dtype == np.int64 and theirs.dtype == array_api_strict.int64
        assert (mine == np.asarray(theirs)).all()
    assert sample_entropy(x[0]).shape == () and isinstance(sample_entropy(x[0]), np.ndarray)


def test_a_list_will_do():
    x = [1, 2, 1, 2, 1, 2, 1]
    assert sample_entropy(x, r=0) == 0


@pytest.mark.parametrize("measure", MEASURES)
def test_a_constant_series_needs_a_radius(measure):
    for value in (0.0, 3.0, 0.1):  # the mean of tenths is off by rounding
        x = np.full(50, value)
        with pytest.raises(ValueError, match="r: a constant series"):
            measure(x)
        with pytest.raises(ValueError, match="r: a constant series"):
            measure(np.stack([np.arange(50.0), x]))
    assert (np.asarray(measure(np.full(50, 0.1), r=0.2)) >= 0).all()
    assert [int(v) for v in sample_counts(np.full(50, 0.1), r=0.2)] == [48 * 47 // 2] * 2
    assert sample_entropy(np.full(50, 0.1), r=0.2) == 0


def test_nothing_is_made_of_no_match():
    x = np.arange(20.0) ** 2
    assert [int(v) for v in sample_counts(x, 2, 0.5)] == [0, 0]
    with pytest.raises(ValueError, match=r"r: no two templates .* raise r"):
        sample_entropy(x, 2, 0.5)
    with pytest.raises(ValueError, match="r: no two templates"):
        sample_entropy(np.stack([np.zeros(20), x]), 2, 0.5)
    # every template alone: ln(1/19) less ln(1/18)
    assert approximate_entropy(x, 2, 0.5) == pytest.approx(math.log(18 / 19), rel=1e-13)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("x", "arguments", "text"),
    [
        ([1.0, 2, math.nan, 4, 5], {}, "x: holds NaN"),
        ([1.0, 2, math.inf, 4, 5], {}, "x: holds infinity"),
        ([1j, 2, 3, 4, 5], {}, "x: must be real"),
        ([], {}, "x: is empty"),
        (3.0, {}, "x: must be a series"),
        ([1.0, 2, 3], {}, "m: 3 samples hold no two templates of 2"),
        ([1.0, 2, 3, 4], {"m": 3}, "m: 4 samples .* give 5"),
        ([1.0, 2, 3, 4], {"m": 0}, "m: must be 1 or more"),
        ([1.0, 2, 3, 4], {"m": 1.5}, "m: must be an integer"),
        ([1.0, 2, 3, 4], {"r": -0.1}, "r: must be 0 or more"),
        ([1.0, 2, 3, 4], {"r": math.inf}, "r: must be 0 or more and finite"),
        ([1.0, 2, 3, 4], {"r": math.nan}, "r: must be 0 or more and finite"),
        ([1.0, 2, 3, 4], {"r": [0.1, 0.2]}, "r: must be a number or of the batch's shape"),
        ([1.0, 2, 3, 4], {"r": 0, "inclusive": False}, "r: an open ball of radius 0"),
        ([1.0, 2, 3, 4], {"r_rel": 0}, "r_rel: must be positive"),
        ([1.0, 2, 3, 4], {"r_rel": math.nan}, "r_rel: must be positive"),
        ([1.0, 2, 3, 4], {"axis": 1}, "axis: 1 is not one of x"),
    ],
)
def test_what_has_no_answer_is_refused(measure, x, arguments, text):
    if isinstance(x, list) and x and isinstance(x[0], complex):
        x = np.array(x)
    with pytest.raises(ValueError, match=text):
        measure(x, **arguments)


@lively
@given(
    arrays(float, st.integers(12, 40), elements=st.integers(0, 3).map(float)),
    st.floats(0.5, 100),
    st.floats(-100, 100),
)
def test_neither_time_reversal_nor_scale_changes_the_matches(x, scale, shift):
    counts = partial(sample_counts, m=2)
    expected = [int(v) for v in counts(x, r=1.0)]
    # the next sample becomes the one before: only the runs of m + 1 are the same both ways
    assert int(counts(x[::-1], r=1.0)[0]) == expected[0]
    # steps of `scale` between levels, rounded; the radius is halfway between two
    assert [int(v) for v in counts(x * scale + shift, r=1.5 * scale)] == expected


@lively
@given(arrays(float, st.integers(8, 40), elements=st.floats(-1, 1)), st.integers(1, 3))
def test_matches_only_grow_with_the_radius_and_shrink_with_m(x, m):
    low, high = sample_counts(x, m, 0.2), sample_counts(x, m, 0.4)
    assert all(a <= b for a, b in zip(low, high, strict=True))
    assert low[0] <= low[1]
    if low[1] > 0:
        assert sample_entropy(x, m, 0.2) >= 0
