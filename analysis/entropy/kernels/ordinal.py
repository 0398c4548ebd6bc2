"""Ordinal patterns compiled: prefix counts of comparisons, block by block.

    code(t) = sum_k k! #{j < k : x(t + j tau) > x(t + k tau)},  k = 1 .. d - 1

The number of larger values among the k before a sample is shared by all windows that hold it, so
that a window costs d - 1 comparisons; a block of windows stays in the first-level cache.
"""

import numpy as np
from numba import njit

BLOCK = 4096  # windows


@njit(inline="always")
def _ahead(x, first, lag, counts_in, counts_out, size):
    """counts_out[v] = counts_in[v] + (x[first + v - lag] > x[first + v])."""
    now, before = x[first : first + size], x[first - lag : first - lag + size]
    for v in range(size):
        counts_out[v] = counts_in[v] + np.uint8(before[v] > now[v])


@njit
def _block(x, start, size, order, delay, even, odd, code):
    """Write the codes of the windows start .. start + size; even and odd are scratch.

    Two buffers take turns: an update in place, shifted by delay, would not be vectorised.
    """
    reach = (order - 1) * delay
    code[:size] = 0
    even[: size + reach] = 0
    factorial = 1
    for k in range(1, order):
        factorial *= k
        # entry v of a buffer belongs to sample start + k delay + v
        length = size + reach - k * delay
        old, new = (even, odd) if k % 2 == 1 else (odd, even)
        shifted = old if k == 1 else old[delay:]
        _ahead(x, start + k * delay, k * delay, shifted, new, length)
        weight = np.uint16(factorial)
        for t in range(size):
            code[t] += weight * np.uint16(new[t])


@njit
def _windows_per_block(order, delay):
    return max(BLOCK, 4 * (order - 1) * delay)


@njit(cache=True, nogil=True)
def codes(x, order, delay, out):
    """Write the codes of each row of x (rows, T) into out (rows, W) uint16."""
    step = _windows_per_block(order, delay)
    windows = out.shape[1]
    reach = (order - 1) * delay
    even, odd = np.empty(step + reach, np.uint8), np.empty(step + reach, np.uint8)
    for row in range(x.shape[0]):
        for start in range(0, windows, step):
            size = min(step, windows - start)
            _block(x[row], start, size, order, delay, even, odd, out[row, start : start + size])


@njit(cache=True, nogil=True)
def counts(x, order, delay, out):
    """Add the number of windows of each code, for each row of x (rows, T), to out (rows, d!)."""
    step = _windows_per_block(order, delay)
    reach = (order - 1) * delay
    windows = x.shape[1] - reach
    even, odd = np.empty(step + reach, np.uint8), np.empty(step + reach, np.uint8)
    code = np.empty(step, np.uint16)
    patterns = out.shape[1]
    # Four histograms in turn: equal neighbours would wait for one another's increment.
    parts = np.zeros((4, patterns), np.int64)
    for row in range(x.shape[0]):
        parts[:] = 0
        for start in range(0, windows, step):
            size = min(step, windows - start)
            _block(x[row], start, size, order, delay, even, odd, code)
            whole = size - size % 4
            for t in range(0, whole, 4):
                parts[0, code[t]] += 1
                parts[1, code[t + 1]] += 1
                parts[2, code[t + 2]] += 1
                parts[3, code[t + 3]] += 1
            for t in range(whole, size):
                parts[0, code[t]] += 1
        for i in range(patterns):
            out[row, i] += parts[0, i] + parts[1, i] + parts[2, i] + parts[3, i]
