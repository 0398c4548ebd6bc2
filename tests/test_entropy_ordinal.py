"""Ordinal patterns: counted right, for every type, layout, library and rule of ties."""

import itertools
import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.ordinal import (
    alphabet,
    codes_by_arrays,
    counts_by_arrays,
    ordinal_codes,
    ordinal_counts,
    ordinal_patterns,
)

ORDERS = range(2, 9)


def by_hand(x, order, delay):
    """Return the codes of a series by the definition, window by window."""
    found = []
    for t in range(len(x) - (order - 1) * delay):
        w = [x[t + k * delay] for k in range(order)]
        found.append(
            sum(math.factorial(k) * sum(w[j] > w[k] for j in range(k)) for k in range(1, order))
        )
    return np.array(found)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("delay", [1, 2, 7])
def test_codes_are_those_of_the_definition(order, delay):
    x = np.random.default_rng(order).integers(0, 30, 400) / 7
    codes = by_hand(x, order, delay)
    assert (ordinal_codes(x, order, delay) == codes).all()
    counts = np.bincount(codes, minlength=math.factorial(order))
    assert (ordinal_counts(x, order, delay) == counts).all()


@pytest.mark.parametrize("order", [3, 6])
def test_blocks_and_tiles_leave_no_seam(order):
    x = np.random.default_rng(1).normal(size=70_001)
    codes = ordinal_codes(x, order, 3)
    assert (codes == codes_by_arrays(x[None], order, 3)[0]).all()
    far = 40_000 // (order - 1)  # windows longer than a block
    assert (ordinal_codes(x, order, far) == codes_by_arrays(x[None], order, far)[0]).all()
    counts = np.bincount(codes, minlength=math.factorial(order))
    assert (counts == ordinal_counts(x, order, 3)).all()
    assert (counts == counts_by_arrays(x[None], order, 3)[0]).all()


@pytest.mark.parametrize("order", ORDERS)
def test_patterns_by_code_are_what_a_stable_argsort_gives(order):
    patterns = ordinal_patterns(order)
    assert len({tuple(row) for row in patterns}) == math.factorial(order)
    windows = np.random.default_rng(2).integers(0, 5, (500, order))
    codes = ordinal_codes(windows, order)[:, 0]
    assert (patterns[codes] == np.argsort(windows, axis=1, kind="stable")).all()


def test_code_0_rises_and_the_last_code_falls():
    assert ordinal_codes([1.0, 2.0, 3.0], 3)[0] == 0
    assert ordinal_codes([3.0, 2.0, 1.0], 3)[0] == 5


@pytest.mark.parametrize("ties", ["stable", "equal", "random"])
@pytest.mark.parametrize("order", [2, 3, 5, 7])
def test_every_library_counts_the_same(ties, order):
    x = np.random.default_rng(3).integers(0, 4, (2, 3, 200))
    here = ordinal_counts(x, order, 2, ties=ties, seed=5)
    there = ordinal_counts(array_api_strict.asarray(x), order, 2, ties=ties, seed=5)
    assert here.shape == there.shape == (2, 3, alphabet(order, ties))
    assert (here == np.asarray(there)).all()
    assert here.dtype == np.int64 and there.dtype == array_api_strict.int64


KINDS = ["f2", "f4", "f8", "i1", "u1", "i4", "u4", "i8", "u8", ">f8", ">i4", "?"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_counts_the_same(kind):
    x = np.random.default_rng(4).integers(0, 2 if kind == "?" else 100, (3, 500))
    assert (ordinal_counts(x.astype(kind), 4) == ordinal_counts(x.astype(float), 4)).all()


def test_integers_beyond_what_floats_tell_apart_are_told_apart():
    for kind, top in (("i8", 2**62), ("u8", 2**64 - 4)):
        x = np.array([top, top + 1, top + 2, top + 1], dtype=kind)
        assert ordinal_codes(x, 4)[0] == by_hand([int(v) for v in x], 4, 1)[0]
    assert ordinal_codes(np.array([1, 2**63 + 1], np.uint64), 2)[0] == 0


def test_every_layout_counts_the_same():
    x = np.random.default_rng(5).normal(size=(6, 400))
    want = ordinal_counts(x[:, ::2], 4)
    assert (ordinal_counts(np.asfortranarray(x)[:, ::2], 4) == want).all()
    assert (ordinal_counts(x.T[::2], 4, axis=0) == want).all()
    assert (ordinal_counts(x[:, ::-1][:, ::-1][:, ::2], 4) == want).all()
    assert (np.stack([ordinal_counts(row, 4) for row in x[:, ::2]]) == want).all()
    assert ordinal_counts(x[0].tolist(), 4).sum() == 397


def weak_orders(order):
    return {
        tuple(np.unique(word, return_inverse=True)[1])
        for word in itertools.product(range(order), repeat=order)
    }


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_equal_ties_number_the_weak_orders_one_by_one(order):
    words = np.array(sorted(weak_orders(order)))
    codes = ordinal_codes(words, order, ties="equal")[:, 0]
    assert sorted(codes) == list(range(len(words))) == list(range(alphabet(order, "equal")))


def test_the_numbers_of_weak_orders_are_fubini_numbers():
    found = [alphabet(order, "equal") for order in ORDERS]
    assert found == [3, 13, 75, 541, 4683, 47293, 545835]  # OEIS A000670


def test_random_ties_are_fair_and_the_rest_untouched():
    x = np.zeros(30_000)
    counts = ordinal_counts(x, 3, ties="random", seed=1)
    # each of 6 has 1/6 of 3e4 windows; overlapping ones scatter less than 5 sqrt(5000)
    assert np.abs(counts - 5000).max() < 350
    assert (counts == ordinal_counts(x, 3, ties="random", seed=1)).all()
    assert (counts != ordinal_counts(x, 3, ties="random", seed=2)).any()
    y = np.random.default_rng(6).permutation(1000)
    assert (ordinal_counts(y, 4, ties="random", seed=1) == ordinal_counts(y, 4)).all()


def test_raised_ties_are_those_inside_a_window():
    x = [1.0, 2.0, 3.0, 1.0, 5.0]
    assert ordinal_counts(x, 3, ties="raise").sum() == 3
    with pytest.raises(ValueError, match="x: holds equal values 3 samples apart"):
        ordinal_counts(x, 4, ties="raise")
    with pytest.raises(ValueError, match="3 samples apart"):
        ordinal_counts(array_api_strict.asarray(x), 2, 3, ties="raise")


@given(arrays(float, st.integers(8, 60), elements=st.floats(-9, 9)), st.integers(2, 6))
@settings(deadline=None, max_examples=60)
def test_patterns_ignore_rising_maps_and_turn_with_the_sign(x, order):
    x = np.unique(x.round(3))
    x = np.random.default_rng(0).permutation(x)
    if x.size < order:
        return
    codes = ordinal_codes(x, order)
    assert (ordinal_codes(np.exp(x), order) == codes).all()
    # without ties each comparison turns over, so that the code is reflected
    assert (ordinal_codes(-x, order) == math.factorial(order) - 1 - codes).all()


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        ([1.0, math.nan, 2.0], {}, "x: holds NaN"),
        ([1.0, 2.0], {}, "x: 2 samples hold no window of order 3 and delay 1, which needs 3"),
        ([1.0] * 9, {"order": 1}, "order: must be from 2 to 8, got 1"),
        ([1.0] * 9, {"order": 9}, "order: must be from 2 to 8, got 9"),
        ([1.0] * 9, {"order": 2.5}, "order: must be an integer"),
        ([1.0] * 9, {"delay": 0}, "delay: must be 1 or more, got 0"),
        ([1.0] * 9, {"ties": "first"}, "ties: must be one of stable, raise, equal, random"),
        ([1.0] * 9, {"ties": "random"}, "seed: give an integer"),
        ([1.0] * 9, {"axis": 1}, "axis: 1 is not one of x"),
        ([1j] * 9, {}, "x: must be real numbers, got complex128"),
        ([], {}, "x: must be a series with samples"),
    ],
)
def test_bad_arguments_are_named(x, options, message):
    with pytest.raises(ValueError, match=message):
        ordinal_counts(x, **options)


def test_infinite_values_have_an_order():
    assert ordinal_codes([-math.inf, 0.0, math.inf], 3)[0] == 0
