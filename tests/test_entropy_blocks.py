"""Words of symbol sequences: exact laws on circles, counts by hand, and what is refused."""

import itertools
import math
from collections import Counter

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.blocks import (
    block_entropy,
    conditional_entropy,
    entropy_rate,
    excess_entropy,
    surprisal,
    surprisal_changepoints,
)
from analysis.entropy.estimators import entropy_from_counts

lively = settings(deadline=None, max_examples=100)
sequences = arrays(np.int64, st.integers(8, 80), elements=st.integers(0, 3))
MEASURES = (block_entropy, conditional_entropy, entropy_rate, excess_entropy)


def words(s, k):
    s = [int(value) for value in s]
    return Counter(tuple(s[t : t + k]) for t in range(len(s) - k + 1))


def twin(s, k):
    """H_k by a dictionary."""
    counts = words(s, k).values()
    total = sum(counts)
    return -math.fsum(c / total * math.log(c / total) for c in counts)


def twin_surprisal(s, k):
    word, context = words(s, k + 1), words(s[: len(s) - 1], k)
    s = [int(value) for value in s]
    return [
        math.log(context[tuple(s[t - k : t])] / word[tuple(s[t - k : t + 1])])
        for t in range(k, len(s))
    ]


def circle(counts):
    """A cyclic sequence whose symbol pairs come as often as counts (K, K) say: an Euler circuit."""
    left = [
        [j for j in range(len(counts)) for _ in range(counts[i][j])] for i in range(len(counts))
    ]
    stack, path = [0], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            path.append(stack.pop())
    return np.array(path[:0:-1])


def unrolled(s, k):
    """So many symbols that the windows of k are those of the circle."""
    return np.concatenate([s, s[: k - 1]])


def markov(n, seed):
    """The chain 0 -> 1 with a = .2, 1 -> 0 with b = .6, from its stationary law."""
    u = np.random.default_rng(seed).random(n)
    s = np.empty(n, np.int8)
    s[0] = u[0] < 0.25
    for t in range(1, n):
        s[t] = u[t] < 0.2 if s[t - 1] == 0 else u[t] >= 0.6
    return s


def test_pairs_of_the_stationary_law_give_the_exact_chain():
    # pi = (.75, .25); of 20 pairs 12 are 00, 3 are 01, 3 are 10 and 2 are 11
    s = unrolled(circle([[12, 3], [3, 2]]), 2)
    assert words(s, 2) == {(0, 0): 12, (0, 1): 3, (1, 0): 3, (1, 1): 2}
    assert block_entropy(s[:20], 1) == pytest.approx(0.562335144619, abs=1e-12)
    assert entropy_rate(s, 2) == pytest.approx(0.543554734406, abs=1e-12)
    assert block_entropy(s, 2) == pytest.approx(0.562335144619 + 0.543554734406, abs=2e-12)
    assert excess_entropy(s, 2) == pytest.approx(0.018780410213, abs=2e-12)


def test_words_of_the_stationary_law_give_its_block_entropy():
    # p(w) is a multiple of 1 / 500 for words of 4: an Euler circuit through the words of 3 has them
    pi, move = [75, 25], [[8, 2], [6, 4]]
    left = {}
    for w in itertools.product((0, 1), repeat=4):
        count = pi[w[0]]
        for a, b in itertools.pairwise(w):
            count *= move[a][b]
        assert count % 200 == 0
        left.setdefault(w[:3], []).extend([w[1:]] * (count // 200))
    stack, path = [(0, 0, 0)], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            path.append(stack.pop())
    s = unrolled(np.array([w[0] for w in path[:0:-1]]), 4)
    assert s.size == 503
    assert block_entropy(s, 4) == pytest.approx(2.192999347837, abs=1e-12)
    assert entropy_rate(s, 4) == pytest.approx(0.543554734406, abs=1e-12)
    assert excess_entropy(s, 4) == pytest.approx(0.018780410213, abs=1e-11)


def test_a_simulated_chain_has_its_entropies_within_the_error():
    n = 200_000
    s = markov(n, 0)
    # -ln p(s_t | s_t-1) has variance .246, times (1 + l) / (1 - l) = 1.5 for the correlation
    # l = 1 - a - b = .2: 5 sigma of its mean are .0068; the bias, about -2^k / 2n, is below 1e-4
    assert entropy_rate(s, 2) == pytest.approx(0.543554734406, abs=0.0075)
    assert entropy_rate(s, 5) == pytest.approx(0.543554734406, abs=0.0075)
    # H_1 moves by ln(.75 / .25) for each unit of pi, of variance .75 .25 / n times 1.5:
    # 5 sigma are .0065
    assert block_entropy(s, 1) == pytest.approx(0.562335144619, abs=0.0065)
    # both together: H_4 = H_1 + 3 h
    assert block_entropy(s, 4) == pytest.approx(2.192999347837, abs=0.0065 + 3 * 0.0075)
    # E is near l^2 / 2, and the error of l is n^-1/2: 5 sigma are .2 x .011 = .0022
    assert excess_entropy(s, 2) == pytest.approx(0.018780410213, abs=0.003)


def test_the_golden_mean_shift_of_largest_entropy_has_ln_phi():
    # p(1 | 0) = 1/phi^2, p(0 | 1) = 1: pairs 00, 01, 10 as F_(n+1), F_n, F_n; h - ln phi = O(F^-2)
    fibonacci = [1, 1]
    while len(fibonacci) < 24:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    s = unrolled(circle([[fibonacci[-1], fibonacci[-2]], [fibonacci[-2], 0]]), 2)
    phi = (1 + 5**0.5) / 2
    assert entropy_rate(s, 2) == pytest.approx(math.log(phi), abs=1e-8)
    assert math.log(phi) == pytest.approx(0.481211825060, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_all_words_once_have_k_ln_2(k):
    # the de Bruijn sequence by preferring ones
    s, seen = [0] * k, {(0,) * k}
    while True:
        for bit in (1, 0):
            word = tuple([*s[len(s) - k + 1 :], bit] if k > 1 else [bit])
            if word not in seen:
                seen.add(word)
                s.append(bit)
                break
        else:
            break
    assert len(s) == 2**k + k - 1
    for length in range(1, k + 1):
        windows = np.array(s[: 2**k + length - 1])
        assert block_entropy(windows, length) == pytest.approx(length * math.log(2), rel=1e-14)
    assert entropy_rate(np.array(s), k) == pytest.approx(math.log(2), rel=1e-14)
    assert excess_entropy(np.array(s), k) == pytest.approx(0, abs=1e-13)


def test_a_period_is_all_that_words_hold():
    s = np.arange(3 * 400 + 4) % 3
    for k in (1, 2, 3, 5):
        windows = s[: 1200 + k - 1]
        assert block_entropy(windows, k) == pytest.approx(math.log(3), rel=1e-14)
        if k > 1:
            assert entropy_rate(windows, k) == 0
            assert excess_entropy(windows, k) == pytest.approx(math.log(3), rel=1e-14)


@lively
@given(sequences, st.integers(0, 7))
def test_block_entropy_is_that_of_a_dictionary_of_words(s, k):
    assert block_entropy(s, k) == pytest.approx(twin(s, k), abs=1e-13)


@lively
@given(sequences, st.integers(0, 6))
def test_the_conditional_entropy_is_the_difference_over_the_same_windows(s, k):
    exact = twin(s, k + 1) - twin(s[:-1], k)
    found = conditional_entropy(s, k)
    assert found == pytest.approx(exact, abs=1e-13)
    assert found >= 0
    assert math.copysign(1, found) == 1
    assert entropy_rate(s, k + 1) == found


@lively
@given(sequences, st.integers(1, 5))
def test_on_a_circle_more_context_never_tells_less(s, k):
    # conditioning reduces entropy, of the law that the circle is: exactly, but for rounding
    shorter, longer = unrolled(s, k), unrolled(s, k + 1)
    assert entropy_rate(longer, k + 1) <= entropy_rate(shorter, k) + 1e-13
    assert excess_entropy(longer, k + 1) >= excess_entropy(shorter, k) - 1e-12
    difference = block_entropy(longer, k + 1) - block_entropy(shorter, k)
    assert entropy_rate(longer, k + 1) == pytest.approx(difference, abs=1e-13)


def test_long_words_of_many_symbols_do_not_overflow():
    # 10^6 symbols in words of 60 have 10^360 codes
    rng = np.random.default_rng(1)
    half = rng.integers(0, 10**6, 300)
    s = np.concatenate([half, half])
    assert block_entropy(s, 60) == pytest.approx(twin(s, 60), abs=1e-13)
    assert entropy_rate(s, 60) == pytest.approx(twin(s, 60) - twin(s[:-1], 59), abs=1e-13)
    wide = np.array([-(2**63), 2**63 - 1, 0])[rng.integers(0, 3, 500)]
    assert block_entropy(wide, 100) == pytest.approx(math.log(401), rel=1e-14)
    assert block_entropy(wide, 3) == pytest.approx(twin(wide, 3), abs=1e-13)
    large = np.array([0, 2**64 - 1], np.uint64)[rng.integers(0, 2, 500)]
    assert block_entropy(large, 3) == pytest.approx(twin(large, 3), abs=1e-13)


@pytest.mark.parametrize("symbols", [2, 4, 10])
def test_the_first_symbol_of_a_long_word_is_not_lost(symbols):
    # the words of 70 differ in their first symbols only, which 64 bits have no more room for
    s = np.concatenate([np.arange(symbols), np.zeros(140, int)])
    assert block_entropy(s, 70) == pytest.approx(twin(s, 70), rel=1e-14)
    assert block_entropy(s, 70) > 0


def test_codes_are_ranked_by_sorting_where_a_table_would_be_too_large():
    # 3000 symbols in a batch: pairs have 9e6 codes, above 4 x 6000 + 65536
    s = np.random.default_rng(2).integers(0, 3000, 6000)
    for k in (1, 2, 3):
        assert block_entropy(s, k) == pytest.approx(twin(s, k), abs=1e-12)


def test_a_word_of_no_symbol_has_no_entropy():
    h = block_entropy([1, 2, 3], 0)
    assert h == 0
    assert math.copysign(1, h) == 1
    assert math.copysign(1, block_entropy([7, 7, 7], 2)) == 1
    assert conditional_entropy([1, 2, 3], 0) == pytest.approx(math.log(3), rel=1e-15)


@pytest.mark.parametrize("estimator", ["miller_madow", "grassberger", "chao_shen", "jackknife"])
def test_other_estimators_are_those_of_the_counts(estimator):
    s = np.random.default_rng(3).integers(0, 3, (4, 200)) % np.array([[2], [3], [3], [2]])
    for row, found in zip(s, block_entropy(s, 3, estimator=estimator), strict=True):
        counts = np.array(list(words(row, 3).values()))
        exact = entropy_from_counts(counts, estimator=estimator)
        assert found == pytest.approx(exact, rel=1e-13)
        assert found != pytest.approx(twin(row, 3), rel=1e-6)
    for row, found in zip(s, entropy_rate(s, 3, estimator=estimator), strict=True):
        word = np.array(list(words(row, 3).values()))
        context = np.array(list(words(row[:-1], 2).values()))
        exact = entropy_from_counts(word, estimator=estimator) - entropy_from_counts(
            context, estimator=estimator
        )
        assert found == pytest.approx(exact, abs=1e-12)
    assert np.all(excess_entropy(s, 3, estimator=estimator) != excess_entropy(s, 3))


def test_miller_and_madow_take_most_of_the_bias():
    # independent fair bits, words of 6: the bias -(64 - 1) / 2N = -.0315, less its correction;
    # the spread of one is below .02, that of the mean of 40 below .004
    s = np.random.default_rng(4).integers(0, 2, (40, 1005))
    exact = 6 * math.log(2)
    assert block_entropy(s, 6).mean() == pytest.approx(exact - 0.0315, abs=0.008)
    assert block_entropy(s, 6, estimator="miller_madow").mean() == pytest.approx(exact, abs=0.008)


@lively
@given(sequences, st.integers(0, 5))
def test_surprisal_is_that_of_a_dictionary_and_has_the_conditional_entropy_as_mean(s, k):
    h = surprisal(s, k)
    assert h.shape == s.shape
    assert np.isnan(h[:k]).all()
    assert h[k:] == pytest.approx(np.array(twin_surprisal(s, k)), abs=1e-14)
    assert (h[k:] >= 0).all()
    assert h[k:].mean() == pytest.approx(conditional_entropy(s, k), abs=1e-13)


def test_a_pseudocount_moves_towards_equal_chances():
    s = np.array([0, 1, 0, 1, 0, 2])
    # after 0: 1 twice, 2 once; after 1: 0 twice. With 1/2 added to each of 3 symbols:
    exact = [-math.log(2.5 / 4.5), -math.log(2.5 / 3.5)] * 2 + [-math.log(1.5 / 4.5)]
    assert surprisal(s, 1, pseudocount=0.5)[1:] == pytest.approx(exact, rel=1e-15)
    far = surprisal(s, 1, pseudocount=1e9)
    assert far[1:] == pytest.approx(math.log(3), rel=1e-8)
    # the alphabet of a row is its own
    both = surprisal(np.stack([s, s % 2]), 1, pseudocount=0.5)
    assert both[0, 1:] == pytest.approx(exact, rel=1e-15)
    assert both[1, 1:] == pytest.approx(surprisal(s % 2, 1, pseudocount=0.5)[1:], rel=1e-15)
    assert both[1, -1] == pytest.approx(-math.log(1.5 / 4), rel=1e-15)


def test_a_change_of_period_is_found_where_it_is():
    s = np.concatenate([np.arange(300) % 2, 2 + np.arange(300) % 3])
    # only at 300 is the next symbol not the usual one, p = 1/150; after 0 -> 1 -> it is certain
    mask = surprisal_changepoints(s, 1, threshold=1.0)
    assert np.flatnonzero(mask).tolist() == [300]
    assert np.flatnonzero(surprisal_changepoints(s, 1, rise=1.0)).tolist() == [300]
    assert np.flatnonzero(surprisal_changepoints(s, 1, 1.0, 1.0)).tolist() == [300]
    assert surprisal(s, 1)[300] == pytest.approx(math.log(150), rel=1e-14)


def test_a_burst_of_coins_in_a_period_is_found():
    rng = np.random.default_rng(5)
    s = np.arange(2000) % 2
    s[1000:1060] = rng.integers(0, 2, 60)
    found = np.flatnonzero(surprisal_changepoints(s, 3, threshold=1.5))
    assert found.size > 10
    assert found.min() >= 1000
    assert found.max() < 1063  # contexts of 3 reach beyond the burst


def test_both_conditions_must_hold_and_a_rise_is_over_the_sample_before():
    s = np.random.default_rng(6).integers(0, 3, (2, 300)) ** 2
    h = surprisal(s, 2)
    high = surprisal_changepoints(s, 2, threshold=1.0)
    risen = surprisal_changepoints(s, 2, rise=0.1)
    exact = np.zeros(h.shape, bool)
    for row, t in itertools.product(range(2), range(3, 300)):
        exact[row, t] = h[row, t] - h[row, t - 1] > 0.1
    assert np.array_equal(risen, exact)
    assert np.array_equal(high[:, 2:], h[:, 2:] > 1.0)
    assert not high[:, :2].any()
    assert np.array_equal(surprisal_changepoints(s, 2, 1.0, 0.1), high & risen)
    assert high.any()
    assert (high != risen).any()
    # a threshold below all of them: everything but what has no context
    assert surprisal_changepoints(s, 2, -1.0)[0].tolist() == [False] * 2 + [True] * 298
    assert surprisal_changepoints(s, 2, rise=-99.0)[0].tolist() == [False] * 3 + [True] * 297


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("estimator", ["plugin", "miller_madow"])
def test_a_batch_is_a_loop(measure, estimator):
    rng = np.random.default_rng(7)
    s = rng.integers(0, 3, (3, 4, 150)) * rng.integers(1, 1000, (3, 4, 1))
    s[1, 2] = 5
    exact = np.array([[measure(row, 3, estimator=estimator) for row in block] for block in s])
    # other estimators sum a table of all rows, whose padding groups the terms in another way
    rounding = 0 if estimator == "plugin" else 1e-14
    assert np.abs(measure(s, 3, estimator=estimator) - exact).max() <= rounding
    moved = measure(np.moveaxis(s, -1, 1), 3, axis=1, estimator=estimator)
    assert np.abs(moved - exact).max() <= rounding


def test_a_batch_of_surprisals_is_a_loop():
    s = np.random.default_rng(8).integers(0, 3, (3, 4, 150))
    s[0, 0] = 1
    for values, a in ((s, 0.0), (s, 0.5)):
        exact = np.array([[surprisal(row, 2, pseudocount=a) for row in block] for block in values])
        assert np.array_equal(surprisal(values, 2, pseudocount=a), exact, equal_nan=True)
        moved = surprisal(np.moveaxis(values, -1, 0), 2, axis=0, pseudocount=a)
        assert np.array_equal(moved, exact, equal_nan=True)
        mask = surprisal_changepoints(np.moveaxis(s, -1, 0), 2, 1.0, axis=0, pseudocount=a)
        assert np.array_equal(mask, exact > 1.0)


@pytest.mark.parametrize("measure", [*MEASURES, surprisal])
def test_type_and_layout_do_not_matter(measure):
    s = np.random.default_rng(9).integers(0, 2, (6, 300))
    exact = measure(s, 3)
    padded = np.repeat(s, 2, axis=1)
    same = [np.asfortranarray(s), padded[:, ::2], s.astype(bool)]
    same += [s.astype(dtype) for dtype in ("u1", "i1", ">i8", ">u2", "u8")] + [s - 2**62]
    for other in same:
        assert np.array_equal(measure(other, 3), exact, equal_nan=True)
    assert np.array_equal(measure(s[0].tolist(), 3), exact[0], equal_nan=True)


@pytest.mark.parametrize("measure", [*MEASURES, surprisal, surprisal_changepoints])
def test_another_library_gives_the_same(measure):
    s = np.random.default_rng(10).integers(0, 3, (2, 100))
    extra = (1.0, 0.1) if measure is surprisal_changepoints else ()
    found = measure(array_api_strict.asarray(s), 2, *extra)
    assert isinstance(found, array_api_strict._array_object.Array)
    assert np.array_equal(np.asarray(found), measure(s, 2, *extra), equal_nan=True)
    single = measure(array_api_strict.asarray(s[0]), 2, *extra)
    assert single.shape == (() if measure in MEASURES else (100,))


@pytest.mark.parametrize("measure", [*MEASURES, surprisal])
@pytest.mark.parametrize(
    ("s", "k", "message"),
    [
        (np.array([0.5, 1.0]), 1, "s: must be integers"),
        (np.array([], int), 1, "s: is empty"),
        (np.array(3), 1, "s: must be a sequence"),
        (np.array([0, 1, 0]), 4, "k: windows of"),
        (np.array([0, 1, 0]), -1, "k: must be"),
        (np.array([0, 1, 0]), 1.5, "k: must be an integer"),
    ],
)
def test_what_has_no_words_is_refused(measure, s, k, message):
    with pytest.raises(ValueError, match=message):
        measure(s, k)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy_rate([0, 1], 0), "k: must be 1 or more"),
        (lambda: excess_entropy([0, 1], 0), "k: must be 1 or more"),
        (lambda: conditional_entropy([0, 1, 0], 3), "k: windows of 4 do not fit into 3"),
        (lambda: block_entropy([0, 1], 1, estimator="nsb"), "estimator: must be one of"),
        (lambda: entropy_rate([0, 1], 1, estimator="none"), "estimator: must be one of"),
        (lambda: block_entropy([0, 1], 1, axis=1), "axis: 1"),
        (lambda: surprisal([0, 1], 1, pseudocount=-1), "pseudocount: must be"),
        (lambda: surprisal([0, 1], 1, pseudocount=math.nan), "pseudocount: must be"),
        (lambda: surprisal([0, 1], 1, pseudocount=math.inf), "pseudocount: must be"),
        (lambda: surprisal_changepoints([0, 1], 1), "threshold: give it, or rise"),
        (lambda: surprisal_changepoints([0, 1], 1, math.nan), "threshold: must be a number"),
        (lambda: surprisal_changepoints([0, 1], 1, None, math.nan), "rise: must be a number"),
    ],
)
def test_other_arguments_that_have_no_meaning_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
