"""Lempel-Ziv complexity: how many phrases a sequence is built of, each new when it ends.

    s = w_1 w_2 .. w_c;  w_j is the shortest continuation that does not occur earlier

An occurrence may overlap the phrase; the last phrase may be cut short by the end, and counts.
"""

from typing import Any

import numpy as np

from analysis.entropy.checks import last, like, symbols, to_host

Array = Any
LONGEST = 2**31 - 2  # positions are 32-bit


def numbered(s: np.ndarray) -> tuple[np.ndarray, int]:
    """Return (integers as int64 from 0, equal where they were, a number above all of them).

    Symbols are only ever told apart, so that any numbering will do: by offset if the range is
    small, by rank if not.
    """
    low, high = int(s.min()), int(s.max())
    size = high - low + 1
    if size <= 4 * s.size + 65536:
        offset = s.astype(np.uint64) - np.uint64(low % 2**64)  # modulo 2^64, where all types fit
        return offset.astype(np.int64), size
    distinct, rank = np.unique(s, return_inverse=True)
    return rank.reshape(s.shape).astype(np.int64), distinct.size


def _phrases(s: Array, axis: int) -> tuple[np.ndarray, np.ndarray, int, Array]:
    """Return (phrases, distinct symbols, both (...), symbols of a row, s)."""
    from analysis.entropy.kernels import lempel_ziv as kernel

    s, _ = symbols(s, "s")
    if s.ndim == 0:
        raise ValueError("s: must be a sequence, got one symbol")
    host = to_host(last(s, axis, "s"))
    n = host.shape[-1]
    if n > LONGEST:
        raise ValueError(f"s: {n} symbols in a row are too many; {LONGEST} is the limit")
    number, size = numbered(host)
    rows = np.ascontiguousarray(number.reshape(-1, n), dtype=np.int32)
    count, distinct = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    kernel.phrases(rows, size, count, distinct)
    return count.reshape(host.shape[:-1]), distinct.reshape(host.shape[:-1]), n, s


def lempel_ziv(s: Array, normalize: bool = False, *, axis: int = -1) -> Array:
    """Return the number of phrases of the exhaustive history of a sequence.

    s          (..., n) integers of any type and range, or booleans; only their equality matters
    normalize  return c ln n / (n ln K), K the number of distinct symbols of that sequence: near 1
               if they are independent and equally likely. It falls to 1 as slowly as
               ln ln n / ln n does.

    Raises ValueError for what is not integer and for an empty sequence; with `normalize` also for
    a sequence of one symbol only, for which 0 / 0 stands.
    Lempel & Ziv (1976) IEEE Trans. Inf. Theory 22, 75, sec. II;
    Kaspar & Schuster (1987) Phys. Rev. A 36, 842.
    """
    count, distinct, n, s = _phrases(s, axis)
    if not normalize:
        return like(count, s)
    if (distinct == 1).any():
        raise ValueError("s: one symbol only, ln 1 = 0 cannot normalize; use normalize=False")
    return like(count * np.log(n) / (n * np.log(distinct)), s)


def lempel_ziv_rate(s: Array, *, axis: int = -1) -> Array:
    """Return c ln n / n, an estimate of the entropy rate in nats per symbol.

    s  (..., n) as in `lempel_ziv`

    Consistent for stationary ergodic sources, but from above and as slowly as ln ln n / ln n falls.
    Raises ValueError as `lempel_ziv`.
    Ziv (1978) IEEE Trans. Inf. Theory 24, 405; Lesne, Blanc & Pezard (2009) Phys. Rev. E 79,
    046208.
    """
    count, _, n, s = _phrases(s, axis)
    return like(count * np.log(n) / n, s)
