"""Phrases of the Lempel-Ziv (1976) history, compiled, in linear time for every sequence.

    l(i) = max over p < i of lcp(i, p);  the phrase at i has l(i) + 1 symbols

The suffixes are sorted by induction (Nong, Zhang & Chan 2011). Of the earlier suffixes the longest
match of i is next to it in that order, on the left or on the right; so it is compared with two.

A tagged text holds 2 c + 1 for a symbol c whose suffix is smaller than the next one, 2 c if larger.
A valley is a suffix of the former kind after one of the latter.
"""

import numpy as np
from numba import njit


@njit(nogil=True)
def _tag(text):
    """Tag a text in place; the last suffix is larger than the empty one after it."""
    smaller, after = 0, -1
    for i in range(text.size - 1, -1, -1):
        c = int(text[i])
        smaller = (c < after) | (c == after) & smaller
        after = c
        text[i] = 2 * c + smaller


@njit(nogil=True)
def _valleys(text):
    """Return the positions of the valleys of a tagged text, rising; written without a branch."""
    valleys = np.empty(text.size // 2 + 1, np.int32)
    count = 0
    for i in range(1, text.size):
        valleys[count] = i
        count += text[i] & ~text[i - 1] & 1
    return valleys[:count]


@njit(nogil=True)
def _first(text, symbols):
    """Return (symbols + 1,) how many symbols of a tagged text are smaller than each."""
    first = np.zeros(symbols + 1, np.int32)
    for c in text:
        first[(c >> 1) + 1] += 1
    for c in range(symbols):
        first[c + 1] += first[c]
    return first


@njit(nogil=True)
def _induce(text, symbols, valleys):
    """Return the suffixes of a tagged text sorted, if its valleys are given sorted.

    With valleys in any order of rising first symbol, the substrings from each valley to the next
    come out sorted. Slots right of a reader that still hold a valley are written before it reads.
    """
    first = _first(text, symbols)
    order = np.full(text.size, -1, np.int32)
    slot = first[1:].copy()
    for i in valleys[::-1]:
        c = text[i] >> 1
        slot[c] -= 1
        order[slot[c]] = i
    slot[:] = first[:-1]
    last = text.size - 1
    c = text[last] >> 1
    order[slot[c]] = last
    slot[c] += 1
    for j in range(text.size):
        i = order[j] - 1
        if i >= 0 and not text[i] & 1:
            c = text[i] >> 1
            order[slot[c]] = i
            slot[c] += 1
    slot[:] = first[1:]
    for j in range(text.size - 1, -1, -1):
        i = order[j] - 1
        if i >= 0 and text[i] & 1:
            c = text[i] >> 1
            slot[c] -= 1
            order[slot[c]] = i
    return order


@njit(nogil=True)
def _alike(text, a, b):
    """Whether the substrings from two valleys to the valleys after them are equal."""
    k = 0
    while max(a, b) + k < text.size and text[a + k] == text[b + k]:
        if k > 0 and text[a + k] & 1 and not text[a + k - 1] & 1:
            return True
        k += 1
    return False


@njit(nogil=True)
def _shorten(text, symbols):
    """Return (the ranks of the substrings between valleys, by position; how many differ)."""
    valleys = _valleys(text)
    order = _induce(text, symbols, valleys)
    ordered = np.empty(valleys.size + 1, np.int32)
    found = 0
    for i in order:
        ordered[found] = i
        found += (i > 0) & text[i] & ~text[i - 1] & 1
    rank = np.empty(text.size // 2 + 1, np.int32)  # by half the position: valleys are 2 apart
    count = 0
    for j in range(found):
        i = ordered[j]
        count += j == 0 or not _alike(text, ordered[j - 1], i)
        rank[i >> 1] = count - 1
    return rank[valleys >> 1], count


@njit(nogil=True)
def _sorted_suffixes(text, symbols):
    """Return the starts of the suffixes of text, of 0 .. symbols - 1, in order; it becomes tagged.

    A loop down and up again: Numba cannot load a cached function that calls itself.
    """
    _tag(text)
    shorter, count = _shorten(text, symbols)
    texts, sizes = [shorter], [count]
    while sizes[-1] < texts[-1].size:
        _tag(texts[-1])
        shorter, count = _shorten(texts[-1], sizes[-1])
        texts.append(shorter)
        sizes.append(count)
    ranks = texts[-1]
    order = np.empty(ranks.size, np.int32)
    for i in range(ranks.size):
        order[ranks[i]] = i
    for level in range(len(texts) - 2, -1, -1):
        order = _induce(texts[level], sizes[level], _valleys(texts[level])[order])
    return _induce(text, symbols, _valleys(text)[order])


@njit(nogil=True)
def _neighbours(order, left, right):
    """Write for each suffix the nearest in order, on either side, that starts earlier; -1 for none.

    The suffixes without one on the right so far are chained by those on their left
    (Kärkkäinen, Kempa & Puglisi 2013, sec. 4).
    """
    top = np.int32(-1)
    for i in order:
        while top > i:
            right[top] = i
            top = left[top]
        left[i] = top
        top = i
    while top >= 0:
        right[top] = -1
        top = left[top]


@njit(nogil=True)
def _match(text, earlier, i):
    length = 0
    if earlier >= 0:
        while i + length < text.size and text[earlier + length] == text[i + length]:
            length += 1
    return length


@njit(nogil=True)
def _history(text, symbols, left, right):
    """Return the number of phrases of text, of 0 .. symbols - 1; left and right are scratch."""
    _neighbours(_sorted_suffixes(text, symbols), left, right)
    for i in range(text.size):
        text[i] >>= 1  # the tags off again
    i, count = 0, 0
    while i < text.size:
        i += max(_match(text, left[i], i), _match(text, right[i], i)) + 1
        count += 1
    return count


@njit("void(int32[:, ::1], int64, int64[::1], int64[::1])", nogil=True, cache=True)
def phrases(s, symbols, count, distinct):
    """Write for each row of s (rows, n) the number of phrases, and that of distinct symbols.

    symbols  all of s are below. Those of a row are numbered as they come: which symbol is larger
             does not matter, and a row costs no more for the symbols of others.
    """
    rows, n = s.shape
    seen_in = np.full(symbols, -1, np.int64)
    label = np.empty(symbols, np.int32)
    wide, narrow = np.empty(n, np.int32), np.empty(n, np.uint8)
    left, right = np.empty(n, np.int32), np.empty(n, np.int32)
    for row in range(rows):
        found = 0
        for i in range(n):
            c = s[row, i]
            if seen_in[c] != row:
                seen_in[c] = row
                label[c] = found
                found += 1
            wide[i] = label[c]
        distinct[row] = found
        if found <= 128:
            narrow[:] = wide
            count[row] = _history(narrow, found, left, right)
        else:
            count[row] = _history(wide, found, left, right)
