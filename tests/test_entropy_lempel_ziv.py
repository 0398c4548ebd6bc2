"""Lempel-Ziv complexity: a quadratic twin, sequences of known history, and what is refused."""

import math
import time

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.phrases import lempel_ziv, lempel_ziv_rate, numbered

lively = settings(deadline=None, max_examples=150)
LONG = 10**6


def history(s):
    """The phrases, by searching the text before the end of each for it; quadratic."""
    letters = {value: chr(0x100 + j) for j, value in enumerate(dict.fromkeys(s))}
    text = "".join(letters[value] for value in s)
    phrases, begin = [], 0
    while begin < len(text):
        end = begin + 1
        while end <= len(text) and text.find(text[begin:end], 0, end - 1) >= 0:
            end += 1
        phrases.append(text[begin:end])
        begin = end
    return phrases


def twin(s):
    return len(history([int(value) for value in s]))


def bits(text):
    return np.array([int(c) for c in text])


def fibonacci(n):
    a, b = [0], [0, 1]
    while len(b) < n:
        a, b = b, b + a
    return np.array(b[:n], np.uint8)


def thue_morse(n):
    s = np.zeros(1, np.uint8)
    while s.size < n:
        s = np.concatenate([s, 1 - s])
    return s[:n]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("0001101001000101", 6),  # 0 001 10 100 1000 101
        ("0", 1),
        ("00", 2),  # the second phrase is cut short by the end
        ("01", 2),
        ("0101010101", 3),
        ("000000001", 2),
        ("012345", 6),
        ("0120120120", 4),
    ],
)
def test_short_histories_are_those_found_by_hand(text, phrases):
    assert lempel_ziv(bits(text)) == phrases == twin(bits(text))


def test_the_last_phrase_counts_also_when_it_has_occurred_before():
    # 0 001 10 100 1000 are complete; what is left, 101, occurred before
    assert [len(p) for p in history(bits("0001101001000101").tolist())] == [1, 3, 2, 3, 4, 3]
    assert lempel_ziv(bits("0001101001000")) == 5
    assert lempel_ziv(bits("0001101001000101")) == 6


@lively
@given(arrays(np.int64, st.integers(1, 120), elements=st.integers(0, 3)))
def test_it_is_the_twin_on_few_symbols(s):
    assert lempel_ziv(s) == twin(s)


@lively
@given(
    arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 2)),
    st.integers(1, 30),
    arrays(np.int64, st.integers(0, 12), elements=st.integers(0, 2)),
)
def test_it_is_the_twin_on_repetitions(unit, times, end):
    # repetitions of repetitions: names of substrings stay equal over several levels
    s = np.concatenate([np.tile(unit, times), end, np.tile(unit, times)])
    assert lempel_ziv(s) == twin(s)


@pytest.mark.parametrize("symbols", [2, 30, 127, 128, 129, 130, 256, 300, 3000])
def test_it_is_the_twin_on_any_alphabet(symbols):
    # 128 symbols are the most that have room for a tag in 8 bits
    rng = np.random.default_rng(symbols)
    s = np.concatenate([rng.permutation(symbols), rng.integers(0, symbols, 2000)])
    assert lempel_ziv(s) == twin(s)


def test_unsigned_symbols_are_symbols():
    # a peer that takes uint8 for text finds 758 instead of 780 in such a sequence
    s = np.random.default_rng(0).integers(0, 30, 2000)
    found = {lempel_ziv(s.astype(dtype)).item() for dtype in ("u1", "i1", "u8", ">i4", ">u2")}
    assert found == {twin(s)}


def test_symbols_above_nine_are_not_two_digits():
    # a peer joins decimals, so that 1, 2 is 12: it finds 479 phrases of ordinal patterns for 459
    assert lempel_ziv([1, 2, 12]) == 3
    assert lempel_ziv([12, 1, 2, 12]) == 4
    x = np.random.default_rng(1).random(2003)
    patterns = np.argsort(np.stack([x[k : k + 2000] for k in range(4)], axis=1), axis=1)
    s = patterns @ [64, 16, 4, 1]  # 24 of 256
    assert lempel_ziv(s) == twin(s)


@lively
@given(arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 5)), st.permutations(range(6)))
def test_only_equality_of_symbols_matters(s, order):
    wide = np.array([-(2**63), 2**63 - 1, 0, -1, 7, 2**40])
    assert lempel_ziv(s) == lempel_ziv(np.array(order)[s]) == lempel_ziv(wide[order][s])


def test_the_whole_range_of_64_bits_is_numbered():
    s = np.array([0, 2**64 - 1, 2**64 - 2, 0, 2**64 - 1], np.uint64)
    assert lempel_ziv(s) == 4
    assert lempel_ziv(s[1:3]) == 2
    number, size = numbered(np.array([-(2**63), -(2**63) + 5]))
    assert number.tolist() == [0, 5]
    assert size == 6
    number, size = numbered(np.array([-(2**63), 2**63 - 1]))
    assert number.tolist() == [0, 1]
    assert size == 2


@lively
@given(arrays(np.int64, st.integers(2, 100), elements=st.integers(0, 2)))
def test_a_history_grows_with_the_sequence_by_one_phrase_at_most(s):
    assert lempel_ziv(s) - lempel_ziv(s[:-1]) in (0, 1)


@pytest.mark.parametrize(
    ("s", "phrases"),
    [
        (np.zeros(LONG, np.uint8), 2),
        (np.arange(LONG) % 7, 8),
        # phrases are as long as the Fibonacci numbers; the first 29 are the first to reach 10^6
        (fibonacci(LONG), 29),
        (thue_morse(LONG), 39),
        (np.tile(np.random.default_rng(0).integers(0, 2, 1000), 1000), None),
        (np.random.default_rng(0).integers(0, 2, LONG), None),
    ],
    ids=["constant", "periodic", "fibonacci", "thue-morse", "long period", "independent"],
)
def test_no_sequence_takes_quadratic_time(s, phrases):
    lempel_ziv(s[:10])  # loads the kernel
    begin = time.process_time()
    count = lempel_ziv(s)
    # linear: 0.02 to 0.1 s; quadratic would be hours
    assert time.process_time() - begin < 2
    if phrases is not None:
        assert count == phrases


def test_phrases_of_the_fibonacci_word_are_fibonacci_numbers():
    lengths = [len(phrase) for phrase in history(fibonacci(3000).tolist())]
    assert lengths[:8] == [1, 1, 2, 3, 5, 8, 13, 21]
    assert all(c == a + b for a, b, c in zip(lengths, lengths[1:], lengths[2:-1], strict=False))


def test_fibonacci_and_thue_morse_are_the_twins():
    assert lempel_ziv(fibonacci(3000)) == twin(fibonacci(3000))
    assert lempel_ziv(thue_morse(3000)) == twin(thue_morse(3000))


def test_the_normalised_count_is_the_formula():
    s = np.random.default_rng(2).integers(0, 3, 500)
    exact = twin(s) * math.log(500) / (500 * math.log(3))
    assert lempel_ziv(s, normalize=True) == pytest.approx(exact, rel=1e-15)
    assert lempel_ziv(s, True) == lempel_ziv(s, normalize=True)
    assert lempel_ziv_rate(s) == pytest.approx(exact * math.log(3), rel=1e-15)


def test_the_alphabet_is_that_of_each_sequence():
    s = np.array([[0, 1, 0, 0], [0, 1, 2, 3], [5, 9, 5, 5]])
    exact = [lempel_ziv(row, normalize=True) for row in s]
    assert lempel_ziv(s, normalize=True).tolist() == exact
    assert exact[0] == exact[2]


def test_the_rate_of_a_markov_chain_is_near_its_entropy():
    # h = .543554734406 nat for a = .2, b = .6. The excess at finite n has no sharp theory, and
    # ln ln n / ln n = .2 bounds it; in six runs at 2^18 c ln n / n was .2 to .8 % above
    n = 2**18
    u = np.random.default_rng(3).random(n)
    s = np.zeros(n, np.uint8)
    for t in range(1, n):
        s[t] = u[t] < 0.2 if s[t - 1] == 0 else u[t] >= 0.6
    assert lempel_ziv_rate(s) == pytest.approx(0.543554734406, rel=0.015)


def test_a_batch_is_a_loop():
    rng = np.random.default_rng(4)
    s = rng.integers(0, 4, (3, 5, 200))
    s[0] *= 1000  # another alphabet
    for values in (s, rng.integers(0, 400, (3, 5, 500))):
        exact = np.array([[lempel_ziv(row) for row in block] for block in values])
        assert np.array_equal(lempel_ziv(values), exact)
        assert np.array_equal(lempel_ziv(np.moveaxis(values, -1, 0), axis=0), exact)


def test_memory_layout_and_type_do_not_matter():
    s = np.random.default_rng(5).integers(0, 2, (6, 300))
    exact = lempel_ziv(s)
    assert exact.shape == (6,)
    assert exact.dtype.kind == "i"
    padded = np.repeat(s, 2, axis=1)
    for same in (np.asfortranarray(s), padded[:, ::2], s.astype(bool), s.astype(">i8")):
        assert np.array_equal(lempel_ziv(same), exact)
    assert lempel_ziv(s[0].tolist()) == exact[0]


def test_the_sequence_is_left_as_it_was():
    s = np.random.default_rng(6).integers(0, 2, (2, 100)).astype(np.int32)
    before = s.copy()
    lempel_ziv(s)
    assert np.array_equal(s, before)


def test_another_library_gives_the_same():
    s = np.random.default_rng(7).integers(0, 5, (4, 100))
    other = array_api_strict.asarray(s)
    for measure in (lempel_ziv, lempel_ziv_rate, lambda s: lempel_ziv(s, normalize=True)):
        found = measure(other)
        assert isinstance(found, array_api_strict._array_object.Array)
        assert np.array_equal(np.asarray(found), measure(s))
    assert lempel_ziv(array_api_strict.asarray(s[0])).shape == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lempel_ziv(np.array([0.5, 1.0])), "s: must be integers"),
        (lambda: lempel_ziv(np.array([], int)), "s: is empty"),
        (lambda: lempel_ziv(np.array(3)), "s: must be a sequence"),
        (lambda: lempel_ziv(np.zeros(9, int), normalize=True), "s: one symbol only"),
        (lambda: lempel_ziv(np.zeros((2, 9), int), axis=2), "axis: 2"),
        (lambda: lempel_ziv_rate(np.array([0.5])), "s: must be integers"),
    ],
)
def test_what_has_no_history_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
