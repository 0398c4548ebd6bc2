"""Interpolating polynomials through few samples near many places at once, in Newton's form.

    p(t) = a_0 + a_1 (t - t_0) + a_2 (t - t_0)(t - t_1) + ..

Where a rate is known at a sample, the sample counts twice (Hermite).
"""

import numpy as np

WITHOUT_RATES = 6  # samples of one polynomial: degree 5, an error of the sixth order
WITH_RATES = 4  # degree 7, eighth order
BISECTIONS = 60


class Local:
    """One polynomial for each of C places, of d coordinates, around samples `index`, `index` + 1.

    times (T,), values (T, d), rates (T, d) or None, index (C,)
    """

    def __init__(
        self, times: np.ndarray, values: np.ndarray, rates: np.ndarray | None, index: np.ndarray
    ) -> None:
        size = min(WITHOUT_RATES if rates is None else WITH_RATES, len(times))
        first = np.clip(index - size // 2 + 1, 0, len(times) - size)
        rows = first[:, None] + np.arange(size)
        twice = 1 if rates is None else 2
        rows = np.repeat(rows, twice, axis=1)
        self.nodes = times[rows] - times[index][:, None]
        self.origin = times[index]
        self.span = times[index + 1] - times[index]
        self.coefficients = _divided(
            self.nodes, values[rows], None if rates is None else rates[rows]
        )

    def at(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values and rates (C, d) at times origin + s, s (C,)."""
        a = self.coefficients
        value, rate = a[:, -1].copy(), np.zeros_like(a[:, -1])
        for k in range(a.shape[1] - 2, -1, -1):
            far = (s - self.nodes[:, k])[:, None]
            rate = rate * far + value
            value = value * far + a[:, k]
        return value, rate

    def root(self, of: "object", low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return where a function (value, rate) -> (C,) changes sign between low and high (C,)."""
        below = of(*self.at(low)) >= 0  # type: ignore[operator]
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            same = (of(*self.at(middle)) >= 0) == below  # type: ignore[operator]
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return (low + high) / 2


def _divided(nodes: np.ndarray, values: np.ndarray, rates: np.ndarray | None) -> np.ndarray:
    """Return the divided differences (C, m, d) of values at nodes (C, m)."""
    table = values.astype(float).copy()
    m = nodes.shape[1]
    for k in range(1, m):
        span = (nodes[:, k:] - nodes[:, :-k])[..., None]
        rise = table[:, k:] - table[:, k - 1 : -1]
        if k == 1 and rates is not None:
            same = span == 0
            rise = np.where(same, rates[:, k:], rise / np.where(same, 1.0, span))
        else:
            rise = rise / span
        table = np.concatenate([table[:, :k], rise], axis=1)
    return np.asarray(table)
