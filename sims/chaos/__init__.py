"""chaos: flows of a catalogue, compiled from their equations, each sampled by its own period.

dx/dt = f(x, t; parameters)
"""

import hashlib
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from types import ModuleType
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.store import Block, Coordinate, Field, Layout
from sims import Trajectories
from sims.chaos import flow
from sims.chaos.params import Params, flows, kept, prepare
from sims.chaos.system import CATALOGUE, System, catalogue

__all__ = ["FIELDS", "NAME", "Params", "describe", "prepare", "trajectories"]

NAME = "chaos"
TABLES = (CATALOGUE,)  # data that a run depends on as it does on code
FIELDS = {"state": Field(("component",), "float64", "1", "state of the system")}
APART = 10.0  # periods between the starts of two trajectories, and as much again at random


def fields(params: Params) -> dict[str, Field]:
    """Return the fields that a run of these parameters will hold."""
    return {"state": Field(("component",), params.dtype, "1", "state of the system")}


def sizes(params: Params) -> dict[str, int]:
    """Return how many points each axis will have, of the smallest system."""
    least = min(len(kept(params, system)) for system in flows(params))
    return {"time": params.samples, "component": least}


def describe() -> str:
    """Return the parameters with their defaults, then the systems."""
    about = textwrap.dedent(f"    {Params.__doc__ or ''}").strip()
    defaults = [f"  {f.name} = {f.default}" for f in fields_of(Params) if f.name != "parameters"]
    names = textwrap.fill(", ".join(catalogue()), 96, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([about, "", "defaults:", *defaults, "", "systems:", names])


@dataclass(frozen=True)
class _Sampling:
    """One system of a run: where its samples lie, how many trajectories, by what integrator."""

    system: System
    times: np.ndarray
    members: int
    integrator: str


def _layout(params: Params, sampling: _Sampling) -> Layout:
    system = sampling.system
    names = np.array(kept(params, system))
    jacobian = tuple(str(row) for row in system.jacobian_texts())
    return Layout(
        time=sampling.times,
        members=sampling.members,
        coordinates={"component": Coordinate(names, "1", "component of the state")},
        fields=fields(params),
        title=system.name,
        signal="state",
        path=system.name,
        attributes={
            "equations": system.equations,
            "variables": system.variables,
            "jacobian": jacobian,
            "parameter_names": tuple(system.parameters),
            "period": system.period,
            "points_per_period": params.points_per_period,
            "citation": system.citation,
            "doi": system.doi,
            "regime": system.regime,
            "note": system.note,
            "integrator": sampling.integrator,
            "rtol": params.rtol,
            "standardized": params.standardize,
            "noise": params.observational_noise,
        },
        constants={
            "parameters": Coordinate(
                np.array(list(system.parameters.values()) or [np.nan]), "1",
                "parameters, in the order of parameter_names",
            )
        },
    )  # fmt: skip


def _generator(stream: Callable[[int], Any], name: str) -> np.random.Generator:
    """Return the stream of a system, which does not depend on what else is in the run."""
    seed = int(stream(0).integers(2**63))
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype=np.uint32)
    return np.random.default_rng([seed, *words.tolist()])


def _starts(params: Params, sampling: _Sampling, draw: np.random.Generator) -> np.ndarray:
    """Return points of the attractor (M, d), along one trajectory and far from one another."""
    system = sampling.system
    gaps = system.period * APART * (1 + draw.random(sampling.members))
    gaps[0] = params.transient * system.period
    found, point = [], np.array(system.initial_condition)
    for gap in gaps:  # one after another: more of them move none
        if gap > 0:
            times = np.array([0.0, gap])
            point = flow.trajectory(
                system, times, point, rtol=params.rtol, atol=params.atol,
                integrator=sampling.integrator,
            )[-1]  # fmt: skip
        found.append(point)
    return np.array(found)


def _samples(params: Params, sampling: _Sampling, draw: np.random.Generator) -> np.ndarray:
    """Return the samples (M, T, kept) of a system."""
    system = sampling.system
    starts = _starts(params, sampling, draw)
    states = flow.ensemble(
        system, sampling.times, starts, rtol=params.rtol, atol=params.atol,
        integrator=sampling.integrator,
    )  # fmt: skip
    columns = [system.variables.index(name) for name in kept(params, system)]
    states = states[:, :, columns]
    mean, spread = states.mean(axis=(0, 1)), states.std(axis=(0, 1))
    if params.standardize:
        states = (states - mean) / np.where(spread > 0, spread, 1.0)
        spread = np.where(spread > 0, 1.0, 0.0)
    if params.observational_noise:
        states = states + params.observational_noise * spread * draw.normal(size=states.shape)
    return states.astype(params.dtype)


def trajectories(
    params: Params,
    stream: Callable[[int], Any],
    xp: ModuleType,
    members: int = 1,
    resume: Callable[[Layout], Any] = lambda layout: None,
) -> Trajectories:
    """Return the layouts of the systems and their samples, system by system.

    params   as `prepare` gives them
    stream   (0) -> the generator from which each system's own is drawn
    xp       the array library; flows are integrated on the CPU, one by one
    members  times `trajectories`, per system
    resume   not used: a run is remade as a whole

    Raises ConfigError for a GPU, NumericsError that names the system that blows up.
    """
    if "numpy" not in xp.__name__:
        raise ConfigError("device: flows of the catalogue are integrated on the CPU; use cpu")
    each = [
        _Sampling(
            system,
            np.arange(params.samples) * (system.period / params.points_per_period),
            params.trajectories * members,
            flow.chosen(
                system, params.integrator, 10 * system.period, rtol=params.rtol, atol=params.atol
            ),
        )
        for system in flows(params)
    ]

    def blocks() -> Iterator[Block]:
        for part, sampling in enumerate(each):
            draw = _generator(stream, sampling.system.name)
            values = {"state": _samples(params, sampling, draw)}
            yield Block(slice(0, sampling.members), slice(0, params.samples), values, part=part)

    def notes() -> Mapping[str, Any]:
        return {"systems": len(each)}

    return Trajectories([_layout(params, sampling) for sampling in each], blocks(), notes)
