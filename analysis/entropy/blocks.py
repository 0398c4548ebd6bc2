"""Words of a symbol sequence: the entropy of blocks, of the next symbol, and its surprise.

    H_k = -sum p(w) ln p(w) over words w of k symbols;  h_k = H_k - H_(k-1)
    h(t) = -ln p(s_t | s_(t-k) .. s_(t-1))

All windows overlap. Where words and the contexts that they begin with are compared, both are
counted over the same windows: a difference is then an entropy, and never negative.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, last, like, symbols, to_host, whole
from analysis.entropy.phrases import numbered

Array = Any
ESTIMATORS = ("plugin", "miller_madow", "grassberger", "grassberger1988", "chao_shen", "jackknife")


def _rows(s: Array, axis: int, least: int) -> tuple[np.ndarray, int, tuple[int, ...], Array]:
    """Return (s as int64 (rows, n) from 0, a number above all of it, the batch's shape, s)."""
    s, _ = symbols(s, "s")
    if s.ndim == 0:
        raise ValueError("s: must be a sequence, got one symbol")
    host = to_host(last(s, axis, "s"))
    if host.shape[-1] < least:
        raise ValueError(f"k: windows of {least} do not fit into {host.shape[-1]} symbols; lower k")
    number, size = numbered(host)
    return number.reshape(-1, host.shape[-1]), size, host.shape[:-1], s


def _ranked(code: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """Return (codes below `size` as ranks, in their order; how many differ)."""
    if size <= 4 * code.size + 65536:
        present = np.zeros(size, bool)
        present[code] = True
        rank = np.cumsum(present) - 1
        return rank[code], int(rank[-1]) + 1
    distinct, rank = np.unique(code, return_inverse=True)
    return rank.reshape(code.shape), distinct.size


def _words(rows: np.ndarray, size: int, lengths: tuple[int, ...]) -> Iterator[tuple]:
    """Yield for each length (codes (rows, W) of the words that begin the windows, how many).

    The windows are those of the last length. Words of different rows have different codes, and
    those of a row come after those of the rows before it.
    """
    windows = rows.shape[1] - lengths[-1] + 1
    rows, size = _ranked(rows, size)
    code = np.repeat(np.arange(len(rows))[:, None], windows, axis=1)
    known = len(rows)
    for length in range(lengths[-1] + 1):
        if length > 0:
            if known * size > max(4 * code.size, 65536):  # ranks again, long before an overflow
                code, known = _ranked(code, known)
            code = code * size + rows[:, length - 1 : length - 1 + windows]
            known *= size
        if length in lengths:
            code, known = _ranked(code, known)
            yield code, known


def _counted(code: np.ndarray, known: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (how often each word comes, where the words of each row begin)."""
    count = np.bincount(code.ravel(), minlength=known)
    return count, code.min(axis=1)


def _entropies(code: np.ndarray, known: int, estimator: str) -> np.ndarray:
    """Return (rows,) the entropy of the words of each row."""
    count, begin = _counted(code, known)
    if estimator == "plugin":
        share = count / code.shape[1]
        return 0.0 - np.add.reduceat(share * np.log(share), begin)
    from analysis.entropy.estimators import entropy_from_counts

    kinds = np.diff(begin, append=known)
    table = np.zeros((len(code), kinds.max()), np.int64)
    table[np.arange(kinds.max()) < kinds[:, None]] = count
    return np.asarray(entropy_from_counts(table, estimator=estimator))


def _next(rows: np.ndarray, size: int, k: int, estimator: str) -> np.ndarray:
    """Return (rows,) the entropy of the symbol after contexts of k symbols."""
    (context, contexts), (word, words) = _words(rows, size, (k, k + 1))
    if estimator != "plugin":
        return _entropies(word, words, estimator) - _entropies(context, contexts, estimator)
    count, begin = _counted(word, words)
    parent = np.empty(words, np.int64)
    parent[word.ravel()] = context.ravel()
    before = np.bincount(context.ravel())[parent]
    # every term is at least 0, which the difference of two rounded entropies need not be
    return np.add.reduceat(count / word.shape[1] * np.log(before / count), begin)


def block_entropy(s: Array, k: int, *, axis: int = -1, estimator: str = "plugin") -> Array:
    """Return the entropy of the words of k symbols in a sequence, in nats.

    s          (..., n) integers of any type and range, or booleans
    k          0 or more; the n - k + 1 windows overlap; a word of no symbol has entropy 0
    estimator  plugin, or another of `entropy_from_counts` but nsb, for which overlapping windows
               count as if they were independent

    Raises ValueError for what is not integer, an empty sequence and words longer than it.
    Shannon (1951) Bell Syst. Tech. J. 30, 50, eq. (1); Crutchfield & Feldman (2003) Chaos 13, 25.
    """
    choice(estimator, "estimator", ESTIMATORS)
    k = whole(k, "k", 0)
    rows, size, batch, s = _rows(s, axis, k)
    ((code, known),) = _words(rows, size, (k,))
    return like(_entropies(code, known, estimator).reshape(batch), s)


def conditional_entropy(s: Array, k: int, *, axis: int = -1, estimator: str = "plugin") -> Array:
    """Return the entropy of a symbol given the k before it, H_(k+1) - H_k, in nats.

    s, estimator  as in `block_entropy`
    k             0 or more. Contexts are counted over the n - k windows of k + 1 symbols, without
                  the last k symbols, which nothing follows; so it is not negative (plugin).

    Raises ValueError as `block_entropy`.
    Shannon (1951) Bell Syst. Tech. J. 30, 50, eq. (1).
    """
    choice(estimator, "estimator", ESTIMATORS)
    k = whole(k, "k", 0)
    rows, size, batch, s = _rows(s, axis, k + 1)
    return like(_next(rows, size, k, estimator).reshape(batch), s)


def entropy_rate(s: Array, k: int, *, axis: int = -1, estimator: str = "plugin") -> Array:
    """Return h_k = H_k - H_(k-1), in nats per symbol: the entropy rate if k - 1 symbols are memory.

    s, estimator  as in `block_entropy`
    k             1 or more, the length of the words; `conditional_entropy` of k - 1

    It falls to the rate from above as k rises, and below it once words are too rare to be
    counted: keep K^k well below n. Raises ValueError as `block_entropy`.
    Crutchfield & Feldman (2003) Chaos 13, 25.
    """
    return conditional_entropy(s, whole(k, "k", 1) - 1, axis=axis, estimator=estimator)


def excess_entropy(s: Array, k: int, *, axis: int = -1, estimator: str = "plugin") -> Array:
    """Return E_k = H_k - k h_k, in nats: what past and future share if k - 1 symbols are memory.

    s, estimator  as in `block_entropy`
    k             1 or more; both H_k and h_k are of the n - k + 1 windows of k symbols

    Raises ValueError as `block_entropy`.
    Crutchfield & Feldman (2003) Chaos 13, 25.
    """
    rate = entropy_rate(s, k, axis=axis, estimator=estimator)
    return block_entropy(s, k, axis=axis, estimator=estimator) - k * rate


def _surprisal(s: Array, k: int, axis: int, pseudocount: float) -> tuple[np.ndarray, Array]:
    """Return (h(t) (..., n), NaN for the first k; s)."""
    k = whole(k, "k", 0)
    if not 0 <= pseudocount < math.inf:
        raise ValueError(f"pseudocount: must be 0 or more, and finite, got {pseudocount}")
    rows, size, batch, s = _rows(s, axis, k + 1)
    (context, _), (word, _) = _words(rows, size, (k, k + 1))
    count, before = np.bincount(word.ravel()), np.bincount(context.ravel())
    ((letter, letters),) = _words(rows, size, (1,))
    alphabet = np.diff(letter.min(axis=1), append=letters)[:, None]
    total = before[context] + pseudocount * alphabet
    h = np.full(rows.shape, math.nan)
    h[:, k:] = np.log(total / (count[word] + pseudocount))
    return h.reshape(*batch, -1), s


def surprisal(s: Array, k: int, *, axis: int = -1, pseudocount: float = 0.0) -> Array:
    """Return h(t) = -ln p(s_t | the k symbols before) by the counts of the same sequence, in nats.

    s            (..., n) as in `block_entropy`
    k            symbols of context, 0 or more
    pseudocount  added to the count of each symbol that the sequence holds, in every context

    Returns (..., n) with time last; the first k, which have no context, are NaN. Counts are those
    of the whole sequence, the future included. Without pseudocount the mean of the others is
    `conditional_entropy`. Raises ValueError as `block_entropy`, and for a pseudocount below 0.
    Cover & Thomas (2006) Elements of Information Theory, sec. 16.8.
    """
    h, s = _surprisal(s, k, axis, pseudocount)
    return like(h, s)


def surprisal_changepoints(
    s: Array,
    k: int,
    threshold: float | None = None,
    rise: float | None = None,
    *,
    axis: int = -1,
    pseudocount: float = 0.0,
) -> Array:
    """Return where a sequence surprises: h(t) > threshold, and h(t) - h(t-1) > rise.

    s, k, pseudocount  as in `surprisal`
    threshold, rise    in nats; None leaves that condition out; of two both must hold

    Returns booleans (..., n) with time last; false for the first k, and for the next one under
    `rise`, as nothing comes before. Raises ValueError as `surprisal`, and for both conditions None.
    The two masks of entropy-guided patching (Pagnoni et al. 2024, arXiv:2412.09871, sec. 2.3),
    with Markov counts in place of a language model.
    """
    if threshold is None and rise is None:
        raise ValueError("threshold: give it, or rise, or both")
    for name, value in (("threshold", threshold), ("rise", rise)):
        if value is not None and math.isnan(value):
            raise ValueError(f"{name}: must be a number of nats, got NaN")
    h, s = _surprisal(s, k, axis, pseudocount)
    found = ~np.isnan(h)
    if threshold is not None:
        found &= h > threshold
    if rise is not None:
        found &= np.diff(h, axis=-1, prepend=math.nan) > rise
    return like(found, s)
