"""Entropy production from forces: heat along trajectories, snapshots, and the sum rule.

    sigma = <u o dx/dt>/D          heat: Stratonovich product with the part u of the drift that
                                   is no gradient, such as v0 e
          = <u . (u + mu F)>/D     the same from snapshots, without the bias of a frame interval
    sigma_g = <Laplacian of Phi>   what the propulsions of athermal AOUPs pay

Positions, propulsions u = v0 e and drifts mu F are arrays (T, N, d), or iterators over frames
(N, d), of which one or two are held at a time. Rates are per particle, in nats per unit of time.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from analysis.production.checks import frame, positive
from analysis.production.rates import BLOCKS, Rate, block_error, collected, drifts, hosted

EVEN = "even: propulsions keep their sign under time reversal"


def heat_rate(
    positions: Iterable[Any],
    propulsions: Iterable[Any],
    interval: float,
    diffusivity: Any,
    *,
    box: Any = None,
    blocks: int = BLOCKS,
) -> Rate:
    """Return <u o dx>/(D dt), the rate of heat given to the bath over its temperature.

    positions    (T, N, d) or iterator of (N, d), T of 2 or more
    propulsions  the same of u, velocities v0 e or mobility times the force that is no gradient
    interval     time between frames. The sum over frames loses to it, in
                 proportion (an AOUP in a trap with k = 1.75 gamma: 0.7 % at gamma dt = .005,
                 2.7 % at .02): accumulate at every step of the
                 simulation (`heat_from_totals`), or use `snapshot_rate`
    diffusivity  number, (d,) or (N, 1), of the thermal noise: mobility times temperature
    box          lengths of a periodic box, number or (d,): shortest displacements are taken then

    With u the whole drift instead, the conservative part adds Phi's change, zero on average.

    Raises ValueError for D = 0, frames of different shape, or less than 2 frames.
    Sekimoto (1998) Prog. Theor. Phys. Suppl. 130, 17.
    """
    positive(interval=interval)
    D = _diffusivity(diffusivity)
    lengths = None if box is None else np.asarray(box, dtype=float)
    if lengths is not None and not (lengths > 0).all():
        raise ValueError(f"box: lengths must be positive, got {lengths.tolist()}")
    rows = _heats(positions, propulsions, interval, D, lengths)
    return collected(rows, f"{EVEN}; Stratonovich sum over frames {interval:g} apart", blocks)


def _diffusivity(diffusivity: Any) -> np.ndarray:
    D = np.asarray(diffusivity, dtype=float)
    if not (np.isfinite(D).all() and (D > 0).all()):
        raise ValueError(
            "diffusivity: must be positive, the convention even divides by it; without thermal "
            "noise the conventions g (sum_rule) and fodor exist"
        )
    return D


def _heats(
    positions: Iterable[Any],
    propulsions: Iterable[Any],
    interval: float,
    D: np.ndarray,
    box: np.ndarray | None,
) -> Iterator[np.ndarray]:
    before: tuple[np.ndarray, np.ndarray] | None = None
    for x, u in _together(positions, propulsions, "propulsions"):
        x = frame(x, "positions", None if before is None else before[0].shape)
        u = frame(u, "propulsions", x.shape)
        if before is not None:
            step = x - before[0]
            if box is not None:
                step -= box * np.round(step / box)
            yield ((before[1] + u) / 2 * step / D).sum(axis=-1) / interval
        before = x, u


def heat_from_totals(heat: Any, times: Any, blocks: int = BLOCKS) -> Rate:
    """Return the rate of heat that a simulation summed at every step.

    heat   (T,) or (T, N), total heat over temperature given off up to each time, of one particle
           or of each
    times  (T,)

    Raises ValueError for fewer than 2 times or times that do not rise.
    """
    heat, times = np.asarray(heat, dtype=float), np.asarray(times, dtype=float)
    if times.ndim != 1 or len(times) < 2 or len(heat) != len(times):
        raise ValueError(f"heat: {heat.shape} at times {times.shape}; give 2 or more of both")
    gaps = np.diff(times)
    if not (gaps > 0).all():
        raise ValueError("times: must rise")
    if not np.isfinite(heat).all():
        raise ValueError("heat: holds NaN or infinity")
    rows = np.diff(heat.reshape(len(times), -1), axis=0) / gaps[:, None]
    total = (heat[-1] - heat[0]).reshape(-1) / (times[-1] - times[0])
    series = rows.mean(axis=1)
    return Rate(
        float(total.mean()),
        block_error(series, blocks),
        total,
        series,
        f"{EVEN}; summed at every step",
        drifts(series),
    )


def snapshot_rate(
    propulsions: Iterable[Any], drifts: Iterable[Any], diffusivity: Any, *, blocks: int = BLOCKS
) -> Rate:
    """Return <u . (u + mu F)>/D, from snapshots alone; no frame interval biases it.

    propulsions  (T, N, d) or iterator of (N, d): u = v0 e
    drifts       the same of mu F, all gradient forces: interactions and traps
    diffusivity  number, (d,) or (N, 1)

    Exact in a stationary state, where <u o dx/dt> = <u . (u + mu F)> because the propulsion does
    not feel the thermal noise. Per particle it is the power of its propulsion.

    Raises ValueError for D = 0 and frames of different shape.
    """
    D = _diffusivity(diffusivity)
    rows = ((u * (u + f) / D).sum(axis=-1) for u, f in _pairs(propulsions, drifts, "drifts"))
    return collected(rows, f"{EVEN}; snapshots of <u . (u + mu F)>/D", blocks)


def _together(
    one: Iterable[Any], other: Iterable[Any], name: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the frames of two series side by side; raise ValueError if one ends first."""
    for a, b in zip_longest(hosted(one), hosted(other)):
        if a is None or b is None:
            raise ValueError(f"{name}: there are {'more' if a is None else 'fewer'} frames than "
                             "of what they go with")  # fmt: skip
        yield a, b


def _pairs(
    propulsions: Iterable[Any], others: Iterable[Any], name: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for u, f in _together(propulsions, others, name):
        u = frame(u, "propulsions")
        yield u, frame(f, name, u.shape)


def sum_rule(
    laplacians: Iterable[Any], diffusivity: float = 0.0, *, square_score: float = 0.0,
    blocks: int = BLOCKS,
) -> Rate:  # fmt: skip
    """Return sigma_g = <Laplacian of Phi> - D <|s_x|^2>, what AOUPs' propulsions pay, per particle.

    laplacians    (T, N) or iterator of (N,): -div_i (mu F_i), of each particle's own coordinates
    diffusivity   thermal, D; 0 for athermal particles, where no score is needed
    square_score  <|s_x|^2> per particle of the positions' score; needed for D > 0 alone

    From <|v_g|^2>/gamma = <div_g v_g>, <div v> = 0 and <div_x v_x> = <div_x f> + D <|s_x|^2>.
    The mean is exact in any stationary state. The Laplacian of one particle is not its
    dissipation, which needs the score; only the sum over all is.

    Raises ValueError for D > 0 without the score.
    """
    if diffusivity > 0 and square_score <= 0:
        raise ValueError(
            f"square_score: with thermal noise (diffusivity {diffusivity:g}) the sum rule needs "
            "<|s_x|^2>; give it from a score, or use snapshot_rate"
        )

    def rows() -> Iterator[np.ndarray]:
        for row in hosted(laplacians):
            if row.ndim != 1 or not np.isfinite(row).all():
                raise ValueError(f"laplacians: a frame must be finite (N,), got {row.shape}")
            yield row - diffusivity * square_score

    return collected(rows(), "g: the propulsions' part, all variables even", blocks)


def total_from_drift(
    drift: Iterable[Any], divergences: Iterable[Any], diffusivity: Any, *, blocks: int = BLOCKS
) -> Rate:
    """Return <b D^-1 b> + <div b>, the whole rate of even variables with drift b, from snapshots.

    drift        (T, N, n) or iterator of (N, n): all variables of each sample or particle
    divergences  (T, N) or iterator of (N,): sum of d b_a/d x_a
    diffusivity  (n,)

    Exact, but a small difference where forces are strong: a simulation's own error of the
    equilibrium part stays in it, which `snapshot_rate` leaves out.
    """
    D = _diffusivity(diffusivity)

    def rows() -> Iterator[np.ndarray]:
        for b, div in _together(drift, divergences, "divergences"):
            yield (b**2 / D).sum(axis=-1) + div

    return collected(rows(), "even: all variables; <b D^-1 b> + <div b>", blocks)


def contraction(exponents: Any, standard_errors: Any = None) -> tuple[float, float]:
    """Return -<div f> = -sum of Lyapunov exponents and its standard error (nan if not given).

    exponents        (n,) all of a system's exponents, in nats per unit of time
    standard_errors  (n,) of each, taken as independent

    The rate at which a deterministic flow loses phase-space volume; what Gallavotti and Cohen call
    entropy production. It vanishes for Hamiltonian flows.

    Raises ValueError for fewer than 1 exponent or infinite ones.
    """
    exponents = np.asarray(exponents, dtype=float)
    if exponents.ndim != 1 or not exponents.size or not np.isfinite(exponents).all():
        raise ValueError(f"exponents: must be finite (n,), got shape {exponents.shape}")
    if standard_errors is None:
        return -float(exponents.sum()), float("nan")
    errors = np.asarray(standard_errors, dtype=float)
    if errors.shape != exponents.shape:
        raise ValueError(f"standard_errors: shape {errors.shape}, expected {exponents.shape}")
    return -float(exponents.sum()), float(np.sqrt((errors**2).sum()))
