"""Time irreversibility of a series, from its ordinal patterns and their time reversals.

    I = sum_pi p(pi) ln p(pi)/p(pi reversed)

A lower bound, in nats per window, on what a stationary process's path tells of time's direction:
0 for reversible processes and for all linear Gaussian ones. Equal values are patterns of their own
(weak orders): counted as rising in time, they would give quantised noise a direction.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from analysis.entropy.checks import whole
from analysis.entropy.ordinal import alphabet, ordinal_codes, ordinal_counts, weak_orders
from analysis.entropy.surrogates import surrogate_test
from core.backend import to_host

HALF = 0.5  # added to patterns whose reversal was seen and that were not


class Irreversibility(NamedTuple):
    """Irreversibility of rows (...), in nats per window, beside that of surrogates.

    value              with the bias of finite counts taken off
    surrogate_mean     and scatter, of series with the same power spectrum and, nearly, values,
    surrogate_stderr   whose process is reversible
    p                  two-sided rank p-value among them
    """

    value: np.ndarray
    surrogate_mean: np.ndarray
    surrogate_stderr: np.ndarray
    p: np.ndarray


@cache
def _reversals(order: int, ties: str = "stable") -> np.ndarray:
    """Return the code of each ordinal pattern's time reversal, (order!,) or (weak orders,)."""
    windows = weak_orders(order)
    codes = ordinal_codes(windows, order, ties=ties)[:, 0]
    back = ordinal_codes(windows[:, ::-1], order, ties=ties)[:, 0]
    if ties == "stable":  # each pattern by the window without equal values that has it
        whole_orders = windows.max(axis=1) == order - 1
        codes, back = codes[whole_orders], back[whole_orders]
    return np.asarray(back[np.argsort(codes)])


def pattern_irreversibility(counts: Any, order: int, *, correct: bool = True) -> np.ndarray:
    """Return I of counts of ordinal patterns (..., order!), in nats per window.

    counts   as `ordinal_counts` gives them; with ties "equal", (..., weak orders)
    correct  take off the bias of finite counts, (1/2N)(2 + p/q + q/p) for each pattern and its
             reversal, as if windows were independent; they overlap, so that surrogates judge

    Of a pattern never seen whose reversal was, both get half a count: the true value may be
    infinite there.

    Raises ValueError if the last axis is not that long or nothing was counted.
    """
    counts = np.asarray(to_host(counts), dtype=float)
    equal = counts.shape[-1:] == (alphabet(order, "equal"),)
    back = _reversals(order, "equal" if equal else "stable")
    if counts.shape[-1:] != back.shape:
        raise ValueError(
            f"counts: the last axis has {counts.shape[-1:]}, order {order} {back.shape}"
        )
    total = counts.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise ValueError("counts: a row is empty")
    other = counts[..., back]
    seen, lone = counts + other > 0, (counts == 0) | (other == 0)
    n, m = (np.where(seen, each + HALF * lone, 1.0) for each in (counts, other))
    terms = (n - m) * np.log(n / m) / 2
    if correct:
        terms = terms - np.where(seen & (back != np.arange(len(back))), (2 + n / m + m / n) / 4, 0)
    return np.asarray((np.where(seen, terms, 0.0) / total).sum(axis=-1))


def irreversibility(
    x: Any,
    order: int = 3,
    delay: int = 1,
    *,
    surrogates: int = 0,
    seed: Any = None,
    correct: bool = True,
) -> Irreversibility:
    """Return the time irreversibility of series x (..., T), and how unlikely it is by chance.

    order, delay  of the patterns; order 2 sees none (steps up and down come equally often)
    surrogates    how many, of kind iaaft; 0: none, p is nan. 19 can show p = 0.1 at best, 99 0.02
    seed          integer or Generator, needed with surrogates

    Per sampling interval; divide by it for a rate. It depends on sampling and order, so compare
    only what was sampled alike.

    Raises ValueError for order below 3, a window longer than the series, NaN.
    Zanin et al. (2018) Entropy 20, 665; Martinez et al. (2018) Chaos 28, 123111.
    """
    whole(order, "order", 3, 7)
    whole(surrogates, "surrogates", 0)

    def measure(series: Any) -> np.ndarray:
        counts = ordinal_counts(series, order, delay, ties="equal")
        return pattern_irreversibility(counts, order, correct=correct)

    series = np.asarray(to_host(x), dtype=float)
    if not surrogates:
        value = measure(series)
        unknown = np.full(value.shape, np.nan)
        return Irreversibility(value, unknown, unknown, unknown)
    found = surrogate_test(measure, series, "iaaft", surrogates, seed)
    return Irreversibility(
        *(np.asarray(each) for each in (found.value, found.mean, found.stderr, found.p))
    )
