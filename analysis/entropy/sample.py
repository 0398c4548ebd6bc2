"""Sample and approximate entropy: how often runs that agree for m samples agree for one more.

    SampEn = -ln(A / B);  ApEn = Phi_m - Phi_(m+1),  Phi_m = < ln(C_i / (N - m + 1)) >

B counts the pairs of templates x(i) .. x(i + m - 1) whose largest difference is within r, A those
within it for m + 1 samples too. C_i counts the templates within r of template i, itself included.
The ball is closed: a difference of exactly r is a match. On integers and rounded data it decides.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.entropy.checks import last, like, reals, to_host, whole

Array = Any


def deviation(rows: np.ndarray) -> np.ndarray:
    """Return the standard deviation (ddof 0) of each row (..., T), and 0 exactly for equal samples.

    Scaled by a power of two, which rounds nothing: squares neither overflow nor vanish.
    """
    _, exponent = np.frexp(np.abs(rows).max(axis=-1))
    found = np.std(np.ldexp(rows, -exponent[..., None]), axis=-1)
    equal = rows.max(axis=-1) == rows.min(axis=-1)  # their mean may be off by rounding
    return np.where(equal, 0.0, np.ldexp(found, exponent))


def relative_radius(rows: np.ndarray, r_rel: float) -> np.ndarray:
    """Return r_rel standard deviations of each row (..., T); raise ValueError if it has no ball."""
    if not 0 < r_rel < np.inf:
        raise ValueError(f"r_rel: must be positive, got {r_rel}")
    spread = deviation(rows)
    if (spread == 0).any():
        raise ValueError("r: a constant series has no deviation to scale by; give r itself")
    return r_rel * spread


def _radius(rows: np.ndarray, r: Any, r_rel: float, inclusive: bool) -> np.ndarray:
    """Return the radius of the closed ball of each row; an open one is closed one number below."""
    if r is None:
        radius = relative_radius(rows, r_rel)
    else:
        radius = np.asarray(to_host(r), dtype=float)
        if not np.isfinite(radius).all() or (radius < 0).any():
            raise ValueError(f"r: must be 0 or more and finite, got {r}")
        try:
            radius = np.broadcast_to(radius, rows.shape[:-1])
        except ValueError:
            raise ValueError(
                f"r: must be a number or of the batch's shape {rows.shape[:-1]}, "
                f"got shape {radius.shape}"
            ) from None
    if inclusive:
        return radius
    if (radius == 0).any():
        raise ValueError("r: an open ball of radius 0 is empty; raise r or set inclusive=True")
    return np.nextafter(radius, 0.0)


def host_rows(x: Array, axis: int) -> tuple[np.ndarray, Array]:
    """Return (x (..., T) on the host, contiguous float64; x as an array)."""
    x, _ = reals(x, "x")
    if x.ndim == 0:
        raise ValueError("x: must be a series, got a number")
    return np.ascontiguousarray(to_host(last(x, axis, "x")), dtype=np.float64), x


def _sorted_rows(
    x: Array, m: int, r: Any, r_rel: float, inclusive: bool, axis: int
) -> tuple[Iterator[tuple[np.ndarray, np.ndarray, float]], tuple[int, ...], Array]:
    """Return (for each row its values in order, their times and the radius; batch; x)."""
    rows, x = host_rows(x, axis)
    samples = rows.shape[-1]
    whole(m, "m", 1)
    if samples < m + 2:
        raise ValueError(
            f"m: {samples} samples hold no two templates of {m} with a sample after each; "
            f"lower m or give {m + 2} samples or more"
        )
    radius = _radius(rows, r, r_rel, inclusive)
    flat, each = rows.reshape(-1, samples), radius.reshape(-1)
    orders = (np.argsort(row) for row in flat)
    found = ((row[k], k, float(c)) for row, k, c in zip(flat, orders, each, strict=True))
    return found, rows.shape[:-1], x


def _matches(values: np.ndarray, times: np.ndarray, radius: float, m: int) -> tuple[int, int]:
    """Return (A, B) of one sorted series."""
    from analysis.entropy.kernels import sample as kernel

    if m == 2:
        shorter, longer = kernel.pairs_of_two(values, times, radius)
        return longer, shorter
    each, each_longer = _tallies(values, times, radius, m)
    # The last template has no sample after it, so that it is none of the N - m.
    return int(each_longer.sum()) // 2, int(each.sum()) // 2 - int(each[-1])


def _tallies(
    values: np.ndarray, times: np.ndarray, radius: float, m: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the matches of each template with others, for m samples and for m + 1."""
    from analysis.entropy.kernels import sample as kernel

    shorter = np.empty(values.size - m + 1, np.int64)
    longer = np.empty(values.size - m, np.int64)
    kernel.tallies(values, times, radius, m, shorter, longer)
    return shorter, longer


def _counts(
    x: Array, m: int, r: Any, r_rel: float, inclusive: bool, axis: int
) -> tuple[np.ndarray, np.ndarray, Array]:
    rows, batch, x = _sorted_rows(x, m, r, r_rel, inclusive, axis)
    found = np.array([_matches(*row, m) for row in rows], dtype=np.int64)
    return found[:, 0].reshape(batch), found[:, 1].reshape(batch), x


def _from_counts(longer: Array, shorter: Array) -> Array:
    """Return -ln(A / B) of counts of one library."""
    a, b = to_host(longer), to_host(shorter)
    if (b == 0).any():
        raise ValueError(
            "r: no two templates of m samples lie within it, so that A / B is 0 / 0; "
            "raise r, lower m or give a longer series"
        )
    # B / A = 1 + (B - A) / A: where few matches are lost the ratio itself would lose digits.
    entropy = np.where(a == 0, np.inf, np.log1p((b - a) / np.maximum(a, 1)))
    return like(entropy, longer)


def sample_counts(
    x: Array,
    m: int = 2,
    r: Any = None,
    r_rel: float = 0.2,
    inclusive: bool = True,
    *,
    axis: int = -1,
) -> tuple[Array, Array]:
    """Return (A, B): the pairs that match for m + 1 samples and for m, int64 (...) each.

    Arguments and errors as in `sample_entropy`, but that B may be 0.
    """
    longer, shorter, x = _counts(x, m, r, r_rel, inclusive, axis)
    return like(longer, x), like(shorter, x)


def sample_entropy(
    x: Array,
    m: int = 2,
    r: Any = None,
    r_rel: float = 0.2,
    inclusive: bool = True,
    *,
    axis: int = -1,
) -> Array:
    """Return the sample entropy -ln(A/B) in nats, (...) of series (..., T).

    x          (..., T) real, the samples along `axis`; leading axes are a batch
    m          samples of a template, 1 or more; T - m templates serve both A and B
    r          radius, in units of x: a number, or one for each series (...)
    r_rel      radius in standard deviations (ddof 0) of each series, where r is None
    inclusive  a largest difference of exactly r is a match; False asks for less than r

    Infinite where B pairs match but none of them for one more sample (A = 0).
    Raises ValueError for NaN, infinity, fewer than m + 2 samples, a constant series where r is
    None, and B = 0, where A/B is undefined.
    Richman & Moorman (2000) Am. J. Physiol. Heart Circ. Physiol. 278, H2039.
    """
    longer, shorter, x = _counts(x, m, r, r_rel, inclusive, axis)
    return like(_from_counts(longer, shorter), x)


# What `multiscale` adds up over offsets, and what it makes of the sums.
sample_entropy.counts = sample_counts  # type: ignore[attr-defined]
sample_entropy.from_counts = _from_counts  # type: ignore[attr-defined]


def approximate_entropy(
    x: Array,
    m: int = 2,
    r: Any = None,
    r_rel: float = 0.2,
    inclusive: bool = True,
    *,
    axis: int = -1,
) -> Array:
    """Return the approximate entropy Phi_m - Phi_(m+1) in nats, (...) of series (..., T).

    Each template matches itself, which biases it low: a template without another match counts as
    certain to repeat. The bias falls slowly with T; compare series of one length only, or use
    `sample_entropy`. It may fall below 0, since Phi_m has one template more than Phi_(m+1).
    Arguments and errors as in `sample_entropy`, but that it is always finite.

    Pincus (1991) Proc. Natl. Acad. Sci. USA 88, 2297.
    """
    rows, batch, x = _sorted_rows(x, m, r, r_rel, inclusive, axis)
    found = [_phi(shorter) - _phi(longer) for shorter, longer in (_tallies(*y, m) for y in rows)]
    return like(np.array(found).reshape(batch), x)


def _phi(others: np.ndarray) -> float:
    """Return the mean logarithm of the share of templates that match each, itself included."""
    return float(np.log((others + 1) / others.size).mean())
