"""Functionals of series and symbols: irregularity, compressibility, rates."""

from typing import Literal

import numpy as np

from analysis.functionals.registry import FUNCTIONALS, Result, facts, told
from analysis.observables import Rows, Series, Symbols
from core.errors import ConfigError

Ball = Literal["closed", "open"]
Kind = Literal["coarse", "composite", "refined"]


def _one(values: np.ndarray, label: str, units: str, convention: str) -> Result:
    return Result(np.asarray(values)[:, None], ("",), label, units, convention)


def _templates(samples: int, *, m: int = 2, r: float = 0.2, ball: Ball = "closed") -> None:
    if m < 1:
        raise ConfigError(f"m: must be 1 or more, got {m}")
    if not r > 0:
        raise ConfigError(f"r: must be positive, got {r:g}")
    if samples < m + 2:
        raise ConfigError(f"m: series of {samples} samples hold no pair of templates of {m}")


def _ball(m: int, r: float, ball: str) -> str:
    return f"m = {m}, r = {r:g} standard deviations (ddof 0), {ball} ball, natural logarithm"


@FUNCTIONALS.register("sample_entropy", takes=Series, room=_templates)
def of_sample(found: Series, *, m: int = 2, r: float = 0.2, ball: Ball = "closed") -> Result:
    """Return -ln(A/B): how likely runs that agree for m samples agree for one more."""
    from analysis.entropy.sample import sample_entropy

    values = sample_entropy(found.values, m, r_rel=r, inclusive=ball == "closed")
    return _one(values, f"Sample entropy of {found.label}", "nat", _ball(m, r, ball))


@FUNCTIONALS.register("approximate_entropy", takes=Series, room=_templates)
def of_approximate(found: Series, *, m: int = 2, r: float = 0.2, ball: Ball = "closed") -> Result:
    """Return the approximate entropy, which counts each template as its own match."""
    from analysis.entropy.sample import approximate_entropy

    values = approximate_entropy(found.values, m, r_rel=r, inclusive=ball == "closed")
    return _one(values, f"Approximate entropy of {found.label}", "nat", _ball(m, r, ball))


def _scales_room(
    samples: int, *, scales: int = 20, m: int = 2, r: float = 0.2, kind: Kind = "coarse"
) -> None:
    if not 1 <= scales <= samples // (m + 2):
        raise ConfigError(f"scales: must be from 1 to {samples // (m + 2)} here, got {scales}")
    _templates(samples // scales, m=m, r=r)


def _reversal_room(samples: int, *, order: int = 3, delay: int = 1) -> None:
    from analysis.entropy.ordinal import windows

    if not 3 <= order <= 7:
        raise ConfigError(f"order: must be from 3 to 7, got {order}")
    windows(samples, order, delay)


@FUNCTIONALS.register("irreversibility", takes=Series, room=_reversal_room)
def of_reversal(found: Series, *, order: int = 3, delay: int = 1) -> Result:
    """Return how far ordinal patterns are from their time reversals, in nats per window."""
    from analysis.production.irreversibility import irreversibility

    values = irreversibility(found.values, order, delay).value
    return _one(
        values, f"Time irreversibility of {found.label}", "nat",
        f"order {order}, delay {delay}: divergence of patterns from the reversed ones per window, "
        "equal values apart, bias of finite counts taken off; 0 for reversible processes",
    )  # fmt: skip


@FUNCTIONALS.register("multiscale_sample_entropy", takes=Series, room=_scales_room)
def of_multiscale(
    found: Series, *, scales: int = 20, m: int = 2, r: float = 0.2, kind: Kind = "coarse"
) -> Result:
    """Return the sample entropy of means over 1, 2, .. samples, averaged over the rows."""
    from analysis.entropy.scales import multiscale_sample_entropy

    each = np.arange(1, scales + 1)
    values = multiscale_sample_entropy(found.values, each, m=m, r_rel=r, kind=kind)
    return Result(
        np.asarray(values).mean(axis=0)[:, None],
        ("",),
        f"Multiscale sample entropy of {found.label}",
        "nat",
        told(_ball(m, r, "closed"), f"{kind}; r of the series itself at every scale",
             f"mean over {len(found.values)} rows"),
        rows=Rows(each * found.step, f"scale along {found.along}"),
    )  # fmt: skip


@FUNCTIONALS.register("spectral_entropy", takes=Series)
def of_spectrum(found: Series) -> Result:
    """Return the entropy of the periodogram over the logarithm of its length."""
    from analysis.entropy.spectral import spectral_entropy

    convention = "one-sided periodogram, mean removed; over ln of its length"
    label = f"Spectral entropy of {found.label}"
    return _one(spectral_entropy(found.values), label, "1", convention)


@FUNCTIONALS.register("lempel_ziv", takes=Symbols)
def of_lempel_ziv(found: Symbols) -> Result:
    """Return the LZ76 rate c ln n / n with c the number of phrases."""
    from analysis.entropy.phrases import lempel_ziv_rate

    convention = told(
        "c ln n / n nat per symbol; the last phrase counts though incomplete", facts(found.about)
    )
    return _one(
        lempel_ziv_rate(found.values), f"Lempel-Ziv complexity of {found.label}", "nat", convention
    )


def _words(samples: int, *, k: int = 4) -> None:
    if not 1 <= k < samples:
        raise ConfigError(f"k: must be from 1 to {samples - 1}, got {k}")


@FUNCTIONALS.register("block_entropy", takes=Symbols, room=_words)
def of_blocks(found: Symbols, *, k: int = 4) -> Result:
    """Return the entropy of words of k letters."""
    from analysis.entropy.blocks import block_entropy

    convention = told(f"words of {k} letters, overlapping; plug-in", facts(found.about))
    values = block_entropy(found.values, k)
    return _one(values, f"Block entropy of {found.label}", "nat", convention)


@FUNCTIONALS.register("entropy_rate", takes=Symbols, room=_words)
def of_rate(found: Symbols, *, k: int = 4) -> Result:
    """Return H_k - H_(k-1): the entropy of a letter, given the k - 1 before it."""
    from analysis.entropy.blocks import entropy_rate

    convention = told(f"H_k - H_(k-1), k = {k}, nat per symbol; plug-in", facts(found.about))
    return _one(entropy_rate(found.values, k), f"Entropy rate of {found.label}", "nat", convention)


@FUNCTIONALS.register("excess_entropy", takes=Symbols, room=_words)
def of_excess(found: Symbols, *, k: int = 4) -> Result:
    """Return H_k - k (H_k - H_(k-1)): what the past tells of the future."""
    from analysis.entropy.blocks import excess_entropy

    convention = told(f"H_k - k h_k, k = {k}; plug-in", facts(found.about))
    values = excess_entropy(found.values, k)
    return _one(values, f"Excess entropy of {found.label}", "nat", convention)


def _surprise(
    samples: int, *, k: int = 3, threshold: float | None = None, rise: float | None = None
) -> None:
    _words(samples, k=k)
    if threshold is None and rise is None:
        raise ConfigError("threshold: give a threshold or a rise, in nats, or both")


@FUNCTIONALS.register("surprisal_changepoints", takes=Symbols, room=_surprise)
def of_surprise(
    found: Symbols, *, k: int = 3, threshold: float | None = None, rise: float | None = None
) -> Result:
    """Return how many letters surprise, given the k before them, and where they are."""
    from analysis.entropy.blocks import surprisal_changepoints

    mask = np.asarray(surprisal_changepoints(found.values, k, threshold, rise))
    asked = [f"{name} {value:g} nat" for name, value in
             (("threshold", threshold), ("rise", rise)) if value is not None]  # fmt: skip
    return Result(
        mask.sum(axis=-1)[:, None].astype(float),
        ("",),
        f"Change points of {found.label}",
        "1",
        told(f"surprisal given {k} letters, {' and '.join(asked)}", facts(found.about)),
        extra={"changepoints": mask.astype(np.uint8)},
    )
