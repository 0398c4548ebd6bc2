"""The samples of one system: trajectories of the flow, then noise, scale and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.errors import NumericsError
from sims.chaos import missing, noise, splits
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
    """Return the standard deviation (d,) of states (m, T, d); of what grows, about its trend."""
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
        states=states,
        lost=(*flows.lost, *lost),
    )


def disturbed(params: Params, flows: Ensemble, times: np.ndarray, stream: Stream) -> Ensemble:
    """Return the trajectories from the same starts with noise in the equations."""
    if params.dynamical_noise == 0 or not flows.numbers:
        return flows
    spread = spreads(flows.states, flows.systems[0])
    period, d = flows.systems[0].period, flows.states.shape[-1]
    meanwhile = params.dynamical_noise * np.sqrt((times[1] - times[0]) / period)
    strength = params.dynamical_noise * spread / np.sqrt(period)
    chosen, states, lost = [], [], []
    for i, (number, system) in enumerate(zip(flows.numbers, flows.systems, strict=True)):
        try:
            steps = noise.substeps(system, times, flows.states[i], spread, meanwhile)
            draw = stream("dynamical noise", number)
            start = flows.starts[i]
            states.append(noise.trajectory(system, times, start, strength, steps, draw))
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
    params: Params, flows: Ensemble, parts: np.ndarray | None, stream: Stream
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
        spread = spreads(flows.states, system)[columns] / scale
        states = states + params.observational_noise * spread * np.array(added)
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
    before = gaps(members, params.transient, params.apart, stream("starts", 0))
    systems = [jittered(system, params.jitter, stream("parameters", n)) for n in range(members)]
    if params.jitter:
        before[1:] += params.transient  # each on an attractor of its own
    flows = follow(
        systems,
        times,
        before,
        lambda n: stream("aside", n),
        rtol=params.rtol,
        atol=params.atol,
        seed=int(stream("digits", 0).integers(2**63)),
        integrator=integrator,
    )
    flows = disturbed(params, flows, times, stream)
    parts = splits.labels(params.split, members) if params.split else None
    if not flows.numbers:
        return Samples(system, flows, flows.states, None, None, None, None)
    own = None if parts is None else parts[list(flows.numbers)]
    states, mean, deviation = _scaled(params, flows, own, stream)
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
