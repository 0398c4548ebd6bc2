"""Measures of a series seen at many scales: of the means of tau neighbours, tau = 1, 2, ..

coarse     fn(y),  y(j) = mean of x(j tau) .. x(j tau + tau - 1)
composite  mean over k < tau of fn(y_k),  y_k the same of x(k), x(k + 1), ..
refined    the counts of fn added over k, then one logarithm of the sums
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from analysis.entropy.checks import choice, last, like, reals, whole
from analysis.entropy.sample import host_rows, relative_radius, sample_entropy
from core.backend import namespace

Array = Any
Measure = Callable[..., Array]
Scales = Any  # whole numbers
KINDS = ("coarse", "composite", "refined")


def _means(x: Array, scale: int, offset: int) -> Array:
    """Return the means of windows of `scale` samples from `offset` on, (..., whole windows)."""
    if scale == 1:
        return x
    xp = namespace(x)
    windows = (x.shape[-1] - offset) // scale
    taken = x[..., offset : offset + windows * scale]
    return xp.mean(xp.reshape(taken, (*x.shape[:-1], windows, scale)), axis=-1)


def _shifted(x: Array, scale: int) -> Iterator[Array]:
    """Yield the means from each offset that leaves a window."""
    for offset in range(min(scale, x.shape[-1] - scale + 1)):
        yield _means(x, scale, offset)


def _counting(fn: Measure) -> tuple[Measure, Measure]:
    """Return (what counts a series, what makes an entropy of added counts) of fn."""
    inner = fn.func if isinstance(fn, functools.partial) else fn
    try:
        counts, from_counts = inner.counts, inner.from_counts  # type: ignore[attr-defined]
    except AttributeError:
        raise ValueError(
            "fn: kind='refined' adds counts, so that fn must have attributes counts(x) and "
            "from_counts(*sums), as sample_entropy has; or choose kind='composite'"
        ) from None
    if isinstance(fn, functools.partial):
        counts = functools.partial(counts, *fn.args, **fn.keywords)
    return counts, from_counts


def _composite(fn: Measure, x: Array, scale: int) -> Array:
    found = [fn(y) for y in _shifted(x, scale)]
    return functools.reduce(lambda a, b: a + b, found) / len(found)


def _refined(fn: Measure, x: Array, scale: int) -> Array:
    counts, from_counts = _counting(fn)
    each = [counts(y) for y in _shifted(x, scale)]
    sums = [functools.reduce(lambda a, b: a + b, parts) for parts in zip(*each, strict=True)]
    return from_counts(*sums)


def _checked_scales(scales: Scales, samples: int) -> list[int]:
    found = [whole(scale, "scales", 1, samples) for scale in np.atleast_1d(scales).tolist()]
    if not found:
        raise ValueError("scales: holds no scale")
    return found


def multiscale(
    fn: Measure, x: Array, scales: Scales, kind: str = "coarse", *, axis: int = -1
) -> Array:
    """Return fn of the means of x over windows of each scale, (..., len(scales)).

    fn      takes series (..., T') and gives (...); bind other arguments by functools.partial
    x       (..., T) real, the samples along `axis`; means are taken in float64
    scales  samples in a window, whole numbers from 1 to T
    kind    coarse     windows from the first sample on
            composite  the mean of fn over all offsets below the scale; infinite if one of them is
            refined    fn's counts added over offsets: fn, or what it is a partial of, has
                       attributes counts(x) -> tuple of arrays (...) and from_counts(*sums) -> (...)

    A radius given to fn in standard deviations would shrink with those of the means. For sample
    entropy it must stay that of x: partial(sample_entropy, r=...), or `multiscale_sample_entropy`.

    Raises ValueError for NaN, a scale outside 1 .. T, a `refined` fn without counts, and, with the
    scale, what fn raises.
    Costa, Goldberger & Peng (2002) Phys. Rev. Lett. 89, 068102; composite: Wu et al. (2013)
    Entropy 15, 1069; refined: Wu et al. (2014) Phys. Lett. A 378, 1369.
    """
    x, xp = reals(x, "x")
    choice(kind, "kind", KINDS)
    if x.ndim == 0:
        raise ValueError("x: must be a series, got a number")
    x = xp.astype(last(x, axis, "x"), xp.float64)
    if isinstance(x, np.ndarray):
        x = np.ascontiguousarray(x)  # the layout must not change the order of sums
    steps = _checked_scales(scales, x.shape[-1])
    if kind == "refined":
        _counting(fn)
    found = []
    for scale in steps:
        try:
            if kind == "coarse":
                found.append(fn(_means(x, scale, 0)))
            else:
                found.append((_composite if kind == "composite" else _refined)(fn, x, scale))
        except ValueError as problem:
            raise ValueError(f"scales: at {scale}: {problem}") from problem
    return xp.stack([xp.asarray(values) for values in found], axis=-1)


def multiscale_sample_entropy(
    x: Array,
    scales: Scales,
    m: int = 2,
    r_rel: float = 0.2,
    kind: str = "coarse",
    inclusive: bool = True,
    *,
    axis: int = -1,
) -> Array:
    """Return the sample entropy of x at each scale in nats, (..., len(scales)).

    The radius is r_rel standard deviations (ddof 0) of x itself at every scale. White noise falls
    with the scale, and a series with structure at all scales does not.
    Arguments and errors as in `multiscale` and `sample_entropy`.

    Costa, Goldberger & Peng (2002) Phys. Rev. Lett. 89, 068102; (2005) Phys. Rev. E 71, 021906.
    """
    rows, x = host_rows(x, axis)
    fn = functools.partial(sample_entropy, m=m, r=relative_radius(rows, r_rel), inclusive=inclusive)
    return like(multiscale(fn, rows, scales, kind), x)
