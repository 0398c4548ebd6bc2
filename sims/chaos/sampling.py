"""The samples of one system: trajectories of the flow, then noise, scale and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.errors import NumericsError
from sims.chaos import family, missing, noise, splits
from sims.chaos.ensemble import Ensemble, ensemble, gaps, jittered, reason
from sims.chaos.params import Params, kept
from sims.chaos.system import System

STEADY = 1e-6  # of its own size: what a variable without end deviates from a clock by rounding
Stream = Callable[..., np.random.Generator]  # (purpose, number) -> its generator


@dataclass(frozen=True)
class Samples:
    """What a run keeps of one system.

    system  as it was asked for, without jitter
    flows   the ensemble: true states of all variables, starts and parameters of each member
    states  (m, T, kept) the samples
    mask    (m, T, kept) 1 where one is missing, or None
    parts   (m,) of the split, or None
    mean, deviation  (kept,) by which samples are standardised, or None
    """

    system: System
    flows: Ensemble
    states: np.ndarray
    mask: np.ndarray | None
    parts: np.ndarray | None
    mean: np.ndarray | None
    deviation: np.ndarray | None


def spreads(states: np.ndarray, system: System) -> np.ndarray:
    """Return the standard deviation (d,) of states (m, T, d); of what grows, about its trend.

    Noise goes by that of the first trajectory alone, so that more of them move none; by that of
    all where their parameters go from one value to another.
    """
    found = states.std(axis=(0, 1))
    for name in system.unbounded:
        column = system.variables.index(name)
        values = states[:, :, column] - states[:, :, column].mean(axis=1, keepdims=True)
        time = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
        slopes = (values @ time) / (time @ time)
        rest = (values - slopes[:, None] * time).std()
        found[column] = rest if rest > STEADY * found[column] else 0.0
    return found


def _keep(flows: Ensemble, chosen: list[int], states: np.ndarray, lost: list[str]) -> Ensemble:
    return replace(
        flows,
        numbers=tuple(flows.numbers[i] for i in chosen),
        systems=tuple(flows.systems[i] for i in chosen),
        starts=flows.starts[chosen],
        begins=tuple(flows.begins[i] for i in chosen),
        states=states,
        lost=(*flows.lost, *lost),
    )


def disturbed(
    params: Params, flows: Ensemble, times: np.ndarray, spread: np.ndarray, stream: Stream
) -> Ensemble:
    """Return the trajectories from the same starts with noise in the equations.

    spread  (d,) deviations that the noise goes by
    """
    if params.dynamical_noise == 0 or not flows.numbers:
        return flows
    period, d = flows.systems[0].period, flows.states.shape[-1]
    meanwhile = params.dynamical_noise * np.sqrt((times[1] - times[0]) / period)
    strength = params.dynamical_noise * spread / np.sqrt(period)
    chosen, states, lost = [], [], []
    for i, (number, system) in enumerate(zip(flows.numbers, flows.systems, strict=True)):
        try:
            at = flows.begins[i] + times
            steps = noise.substeps(system, at, flows.states[i], spread, meanwhile)
            draw = stream("dynamical noise", number)
            start = flows.starts[i]
            states.append(noise.trajectory(system, at, start, strength, steps, draw))
            chosen.append(i)
        except NumericsError as problem:
            lost.append(reason(str(problem), system.name, number, flows.planned))
    return _keep(flows, chosen, np.array(states).reshape(-1, len(times), d), lost)


def _cast(params: Params, flows: Ensemble, states: np.ndarray) -> tuple[Ensemble, np.ndarray]:
    """Return the samples as they are stored, without trajectories that are too large for that."""
    with np.errstate(over="ignore"):
        states = states.astype(params.dtype)
    whole = np.isfinite(states).all(axis=(1, 2))
    if whole.all():
        return flows, states
    lost = [
        reason(
            f"too large for {params.dtype}", flows.systems[i].name, flows.numbers[i], flows.planned
        )
        for i in np.flatnonzero(~whole)
    ]
    chosen = np.flatnonzero(whole).tolist()
    return _keep(flows, chosen, flows.states[chosen], lost), states[chosen]


def _scaled(
    params: Params,
    flows: Ensemble,
    parts: np.ndarray | None,
    spread: np.ndarray,
    stream: Stream,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the kept components, standardised and noisy as asked; mean and deviation, or None."""
    system = flows.systems[0]
    columns = [system.variables.index(name) for name in kept(params, system)]
    states = flows.states[:, :, columns]
    mean, deviation, scale = None, None, np.ones(len(columns))
    if params.standardize:
        known = states if parts is None else states[parts == splits.ordered(params.split)[0]]
        known = known if len(known) else states
        mean, deviation = known.mean(axis=(0, 1)), known.std(axis=(0, 1))
        deviation = np.where(deviation > 0, deviation, 1.0)
        states, scale = (states - mean) / deviation, deviation
    if params.observational_noise:
        added = [
            stream("observational noise", n).normal(size=states[0].shape) for n in flows.numbers
        ]
        by = params.observational_noise * spread[columns] / scale
        states = states + by * np.array(added)
    return states, mean, deviation


def samples(
    params: Params,
    system: System,
    times: np.ndarray,
    members: int,
    stream: Stream,
    integrator: str = "dop853",
    follow: Callable[..., Ensemble] = ensemble,
) -> Samples:
    """Return the samples of a system.

    times    (T,) equally spaced, from 0
    members  trajectories, planned
    stream   (purpose, number) -> generator, each its own
    integrator  of a flow
    follow   that of `ensemble`, or of a card's

    Trajectories that break down are left out: `flows.lost` has a line for each.
    """
    seed = int(stream("digits", 0).integers(2**63))
    tolerance = {"rtol": params.rtol, "atol": params.atol}
    if params.vary:
        each = family.members(system, params.vary, members)
        flows = family.ensemble(
            each, times, params.transient, seed=seed, integrator=integrator, **tolerance
        )
        return _made(params, system, flows, times, stream)
    before = gaps(members, params.transient, params.apart, stream("starts", 0))
    systems = [jittered(system, params.jitter, stream("parameters", n)) for n in range(members)]
    if params.jitter:
        before[1:] += params.transient  # each on an attractor of its own
    flows = follow(
        systems,
        times,
        before,
        lambda n: stream("aside", n),
        seed=seed,
        integrator=integrator,
        **tolerance,
    )
    return _made(params, system, flows, times, stream)


def _made(
    params: Params, system: System, flows: Ensemble, times: np.ndarray, stream: Stream
) -> Samples:
    """Return what is kept of trajectories: with noise, scaled, in parts, with gaps, as asked."""
    known = flows.states if params.vary else flows.states[:1]
    spread = spreads(known, system) if flows.numbers else np.zeros(system.dimension)
    flows = disturbed(params, flows, times, spread, stream)
    parts = splits.labels(params.split, flows.planned) if params.split else None
    if not flows.numbers:
        return Samples(system, flows, flows.states, None, None, None, None)
    own = None if parts is None else parts[list(flows.numbers)]
    states, mean, deviation = _scaled(params, flows, own, spread, stream)
    flows, states = _cast(params, flows, states)
    own = None if parts is None else parts[list(flows.numbers)]
    return Samples(
        system, flows, states, _mask(params, flows, states, stream), own, mean, deviation
    )


def _mask(params: Params, flows: Ensemble, states: np.ndarray, stream: Stream) -> np.ndarray | None:
    about = missing.build(params.missing, params.samples, "missing")
    if about is None:
        return None
    count, series = states.shape[1:]
    found = [missing.mask(about, count, series, stream("missing", n)) for n in flows.numbers]
    return np.array(found, dtype=np.uint8).reshape(states.shape)
