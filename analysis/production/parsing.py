"""Entropy production from symbols, by parsing one sequence with the words of another.

    sigma = lim (ln n/n) [c(reversed | x) - c(y | x)]

c(z | x) is how many phrases cover z if each is the longest that also occurs in x. Both numbers
have the same bias at finite n to leading order, and the difference is 0 for a reversible source.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from analysis.entropy.checks import symbols, to_host


class Parsed(NamedTuple):
    """A rate in nats per symbol, its standard error, and the phrases of both parsings."""

    value: float
    standard_error: float
    reversed_phrases: int
    forward_phrases: int


@njit(cache=True, nogil=True)
def _automaton(text: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (next (states, size), link, length) of the smallest machine that reads all factors.

    Blumer et al. (1985) Theor. Comput. Sci. 40, 31: at most 2 n states, in linear time.
    """
    n = text.size
    step = np.full((2 * n + 1, size), -1, np.int32)
    link = np.full(2 * n + 1, -1, np.int32)
    length = np.zeros(2 * n + 1, np.int32)
    states, last = 1, 0
    for t in range(n):
        c = text[t]
        new = states
        states += 1
        length[new] = length[last] + 1
        p = last
        while p >= 0 and step[p, c] < 0:
            step[p, c] = new
            p = link[p]
        if p < 0:
            link[new] = 0
        else:
            q = step[p, c]
            if length[p] + 1 == length[q]:
                link[new] = q
            else:
                twin = states
                states += 1
                length[twin] = length[p] + 1
                step[twin] = step[q]
                link[twin] = link[q]
                while p >= 0 and step[p, c] == q:
                    step[p, c] = twin
                    p = link[p]
                link[q] = twin
                link[new] = twin
        last = new
    return step[:states], link[:states], length[:states]


@njit(cache=True, nogil=True)
def _phrases(step: np.ndarray, text: np.ndarray) -> int:
    """Return how many longest known phrases cover a text; an unknown symbol is one by itself."""
    count, state, i = 0, 0, 0
    while i < text.size:
        follow = step[state, text[i]]
        if follow >= 0:
            state = follow
            i += 1
            if i == text.size:
                count += 1
        else:
            count += 1
            if state == 0:
                i += 1
            state = 0
    return count


def _coded(z: Any, x: Any) -> tuple[np.ndarray, np.ndarray, int]:
    left, right = to_host(symbols(z, "z")[0]), to_host(symbols(x, "x")[0])
    if left.ndim != 1 or right.ndim != 1:
        raise ValueError(f"z: must be one sequence, as must x; got {left.shape} and {right.shape}")
    names, codes = np.unique(np.concatenate([left, right]), return_inverse=True)
    if len(names) > 256:
        raise ValueError(f"x: has {len(names)} symbols; 256 at most, coarsen them")
    codes = codes.reshape(-1).astype(np.int32)
    return codes[: len(left)], codes[len(left) :], len(names)


def cross_phrases(z: Any, x: Any) -> int:
    """Return how many phrases cover z, each the longest from there that occurs in x.

    z, x  (n,) and (m,) of integers, or text; at most 256 different symbols

    A symbol that x does not have is a phrase by itself. Linear time: x becomes a suffix automaton
    of at most 2 m states, so memory is 8 m times the number of symbols, in bytes.

    Raises ValueError for numbers that are no integers and more than 256 symbols.
    Ziv & Merhav (1993) IEEE Trans. Inf. Theory 39, 1270.
    """
    z, x, size = _coded(z, x)
    return int(_phrases(_automaton(x, size)[0], z))


def cross_parsing(s: Any, parts: int = 8) -> Parsed:
    """Return the entropy production of a stationary sequence in nats per symbol, by cross-parsing.

    s      (n,) integers or text, of a few thousand at least
    parts  of the sequence, for the standard error: each parsed by itself, with words of its own,
           since those of a first half are as much a matter of chance as what they parse

    The first half gives the words; the second is parsed as it is and reversed. Converges slowly
    (with ln n): of a driven 3-state chain it finds the rate within a few percent at n = 10^5. Of a
    process seen through symbols it is a lower bound, which depends on them and on the sampling.

    Raises ValueError for fewer than 8 symbols per part.
    Ziv & Merhav (1993); Roldan & Parrondo (2010) Phys. Rev. Lett. 105, 150607; Ro et al. (2022)
    Phys. Rev. Lett. 129, 220601.
    """
    coded, _, size = _coded(s, s)
    if parts < 2 or len(coded) < 8 * parts:
        raise ValueError(f"s: {len(coded)} symbols are too few for {parts} parts of 8; 2 at least")
    rates = [_halved(piece, size)[0] for piece in np.array_split(coded, parts)]
    value, back, there = _halved(coded, size)
    return Parsed(value, float(np.std(rates, ddof=1) / np.sqrt(parts)), back, there)


def _halved(coded: np.ndarray, size: int) -> tuple[float, int, int]:
    """Return (rate, reversed phrases, forward phrases) of a second half by words of the first."""
    half = len(coded) // 2
    words, rest = _automaton(coded[:half], size)[0], coded[half:]
    there, back = int(_phrases(words, rest)), int(_phrases(words, rest[::-1].copy()))
    return float((back - there) * np.log(half) / len(rest)), back, there
