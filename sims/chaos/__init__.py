"""chaos: systems of a catalogue, compiled from their equations, each sampled by its own period.

dx/dt = f(x, t);  x(n + 1) = f(x(n));  dx/dt = f(x(t), x(t - tau))
"""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from core import rng
from core.errors import NumericsError
from core.store import Block, Coordinate, Field, Layout
from sims import Trajectories
from sims.chaos import (
    annotations,
    ensemble,
    flow,
    granularity,
    listing,
    missing,
    motion,
    pairs,
    spectra,
)
from sims.chaos.params import Params, flows, kept, known, paired, prepare
from sims.chaos.sampling import Samples, samples
from sims.chaos.system import CATALOGUES, System

__all__ = ["FIELDS", "NAME", "Params", "describe", "prepare", "trajectories"]

NAME = "chaos"
KERNELS = Path(__file__).with_name("gpu") / "dop853.cu"
# files that a run depends on as it does on code
TABLES = (*CATALOGUES, spectra.TABLE, annotations.TABLE, KERNELS)
LOOKED_AT = 10.0  # periods in which a stiff flow is found out
FIELDS = {"state": Field(("component",), "float64", "1", "state of the system")}


def fields(params: Params) -> dict[str, Field]:
    """Return the fields that a run of these parameters will hold."""
    gaps = missing.build(params.missing, params.samples, "missing") is not None
    about = (params.dtype, "1", "state of the system", True, "mask" if gaps else "")
    found = {"state": Field(("component",), *about)}
    if gaps:
        found["mask"] = Field(("component",), "uint8", "1", "1 where a sample is missing", True)
    return found


def sizes(params: Params) -> dict[str, int]:
    """Return how many points each axis will have, of the smallest system."""
    least = min(len(kept(params, system)) for system in flows(params))
    return {"time": params.samples, "component": least}


def describe() -> str:
    """Return the parameters with their defaults, then the systems with what is known of them."""
    about = textwrap.dedent(f"    {Params.__doc__ or ''}").strip()
    usual = Params()
    defaults = [f"  {f.name} = {getattr(usual, f.name)}" for f in fields_of(Params)]
    return "\n".join([about, "", "defaults:", *defaults, "", *listing.lines()])


@dataclass(frozen=True)
class _Sampling:
    """One system of a run: where its samples lie, and how many trajectories are planned.

    pair  of which it is made, or None
    """

    system: System
    times: np.ndarray
    members: int
    pair: pairs.Pair | None = None
    integrator: str = "dop853"


def _facts(
    params: Params,
    system: System,
    gap: float,
    integrator: str,
    grown: tuple[spectra.Growth, ...],
) -> dict[str, Any]:
    """Return the attributes of a system's group."""
    facts: dict[str, Any] = {
        "equations": system.equations,
        "variables": system.variables,
        "jacobian": tuple(str(row) for row in system.jacobian_texts()),
        "parameter_names": tuple(system.parameters),
        "period": system.period,
        "points_per_period": system.period / gap,
        "citation": system.citation,
        "doi": system.doi,
        "regime": "" if params.jitter or params.vary else system.regime,
        "autonomous": system.autonomous,
        "note": system.note,
        "integrator": motion.integrator(system, integrator),
        "kind": system.kind,
        "rtol": params.rtol,
        "standardized": params.standardize,
        "noise": params.observational_noise,
        "dynamical_noise": params.dynamical_noise,
        "jitter": params.jitter,
        "varied": tuple(params.vary),
    }
    if params.jitter or params.vary:
        return facts  # each trajectory has its own exponents
    exponent, known = granularity.largest(system), spectra.spectrum_of(system)
    if exponent is not None:
        facts["points_per_lyapunov_time"] = 1.0 / (exponent * gap)
    found, measured = spectra.pooled(grown) if grown else known, annotations.annotations_of(system)
    facts |= {} if measured is None else annotations.facts(measured)
    return facts if found is None else facts | spectra.facts(found)


def _grown(params: Params, made: Samples) -> tuple[tuple[spectra.Growth, ...], tuple[str, ...]]:
    """Return the growth along each trajectory, and the lines that say what is left out and why.

    Of one system, all or none; of trajectories with parameters of their own, NaN for those without.
    """
    if not params.exponents:
        return (), ()
    grown, failed = list[spectra.Growth | None](), list[str]()
    own = bool(params.jitter or params.vary)
    each = zip(made.flows.numbers, made.flows.systems, made.flows.starts, strict=True)
    for number, one, start in each:
        try:
            grown.append(spectra.growth(one, params.exponents, start))
        except NumericsError as problem:
            grown.append(None)
            line = ensemble.reason(str(problem), one.name, number, made.flows.planned if own else 1)
            failed.append(f"{line} (on the way to its exponents, which are left out)")
            if not own:
                break
    known = [one for one in grown if one is not None]
    if not known or (failed and not own):
        return (), tuple(failed)
    alike = iter(spectra.alike(known))
    nothing = spectra.unknown(spectra.alike(known)[0])
    return tuple(nothing if one is None else next(alike) for one in grown), tuple(failed)


def _constants(
    params: Params, system: System, made: Samples | None, grown: tuple[spectra.Growth, ...]
) -> dict[str, Coordinate]:
    """Return what does not depend on time; before the samples are there, the parameters alone."""
    about = "parameters, in the order of parameter_names"
    nominal = np.array(list(system.parameters.values()) or [np.nan])
    found = {"parameters": Coordinate(nominal, "1", about)}
    if made is None:
        return found
    own = ("member",)
    if (params.jitter or params.vary) and system.parameters:
        each = np.array([list(one.parameters.values()) for one in made.flows.systems])
        found["parameters"] = Coordinate(each, "1", f"{about}, of each member", own)
    found["initial_condition"] = Coordinate(
        made.flows.starts, "1", "true state at the first sample, in the order of variables", own
    )
    if not system.autonomous:
        about = "time in the equations at the first sample"
        found["start_time"] = Coordinate(np.array(made.flows.begins), "1", about, own)
    if grown:
        found["growth"] = Coordinate(
            np.stack([np.column_stack([one.durations, one.logarithms]) for one in grown]), "1",
            "growth, piece by piece: duration, sums of ln R_ii", own,
        )  # fmt: skip
        volumes = [one.divergences for one in grown if one.divergences is not None]
        if volumes:
            about = "integral of div f over the pieces of growth; of a map, sum of ln |det J|"
            found["divergence"] = Coordinate(np.array(volumes), "1", about, own)
    if made.parts is not None:
        found["split"] = Coordinate(made.parts, "1", "part of the benchmark", own)
    if made.mean is not None and made.deviation is not None:
        found["mean"] = Coordinate(made.mean, "1", "subtracted from each component")
        found["deviation"] = Coordinate(made.deviation, "1", "by which each component is divided")
    return found


def _layout(
    params: Params,
    sampling: _Sampling,
    made: Samples | None = None,
    grown: tuple[spectra.Growth, ...] = (),
) -> Layout:
    """Return the layout that is planned, or that of what was made."""
    system = sampling.system if made is None else made.system
    names = np.array(kept(params, system))
    gap = float(sampling.times[1] - sampling.times[0])
    return Layout(
        time=sampling.times,
        members=sampling.members if made is None else len(made.flows.numbers),
        coordinates={"component": Coordinate(names, "1", "component of the state")},
        fields=fields(params),
        title=system.name,
        signal="state",
        path=system.name,
        attributes=_facts(params, system, gap, sampling.integrator, grown),
        constants=_constants(params, system, made, grown),
        numbers=() if made is None else made.flows.numbers,
    )


def _block(
    params: Params,
    part: int,
    sampling: _Sampling,
    seed: int,
    follow: Callable[..., ensemble.Ensemble] = ensemble.ensemble,
) -> Block:
    """Return the samples of a system as a block; without values if none could be computed."""
    system = sampling.system
    if sampling.pair is not None:
        try:
            system = pairs.normalised(sampling.pair, system, known(params, ""), "pairs")
        except NumericsError as problem:
            return Block(slice(0, 0), slice(0, 0), {}, part=part, lost=(str(problem),))

    def stream(purpose: str, number: int) -> np.random.Generator:
        return rng.generator(seed, system.name, purpose, number)

    made = samples(
        params, system, sampling.times, sampling.members, stream, sampling.integrator, follow
    )
    if not made.flows.numbers:
        return Block(slice(0, 0), slice(0, 0), {}, part=part, lost=made.flows.lost)
    grown, failed = _grown(params, made)
    values = {"state": made.states} | ({} if made.mask is None else {"mask": made.mask})
    return Block(
        slice(0, len(made.states)),
        slice(0, params.samples),
        values,
        part=part,
        layout=_layout(params, sampling, made, grown),
        lost=made.flows.lost + failed,
    )


def _integrator(params: Params, system: System) -> str:
    """Return what moves a flow: a stiff one is found out on its first periods."""
    if system.kind != "flow":
        return "dop853"
    duration, tolerance = LOOKED_AT * system.period, {"rtol": params.rtol, "atol": params.atol}
    return flow.chosen(system, params.integrator, duration, **tolerance)


def check_card(params: Params, where: str) -> None:
    """Raise ConfigError for what a card does not move, but for what is found to be stiff later."""
    from sims.chaos.gpu import ensemble as on_card

    asked = "dop853" if params.integrator == "auto" else params.integrator
    on_card.check(params, [(system, asked) for system in flows(params)], where)


def trajectories(
    params: Params,
    stream: Callable[[int], Any],
    xp: ModuleType,
    members: int = 1,
    resume: Callable[[Layout], Any] = lambda layout: None,
) -> Trajectories:
    """Return the layouts of the systems and their samples, system by system.

    params   as `prepare` gives them
    stream   (0) -> the generator from which each system's own are drawn
    xp       the array library: NumPy's for the CPU, CuPy's for a card, which moves smooth flows
    members  times `trajectories`, per system
    resume   not used: a run is remade as a whole

    A trajectory that breaks down is left out, with a line in its block; raises NumericsError if
    all do, ConfigError for what a card does not move.
    """
    found = flows(params)
    made_of = [None] * len(params.systems) + [pair for pair, _ in paired(params)]
    gaps = (params.points_per_period, params.points_per_lyapunov_time)
    each = [
        _Sampling(
            system,
            np.arange(params.samples) * granularity.spacing(system, *gaps),
            params.trajectories * members,
            pair,
            _integrator(params, system),
        )
        for system, pair in zip(found, made_of, strict=True)
    ]

    follow: Callable[..., ensemble.Ensemble] = ensemble.ensemble
    if "numpy" not in xp.__name__:
        from sims.chaos.gpu import ensemble as on_card

        follow = on_card.on(xp, params, [(one.system, one.integrator) for one in each])

    def blocks() -> Iterator[Block]:
        seed, lost, kept_some = int(stream(0).integers(2**63)), list[str](), False
        for part, sampling in enumerate(each):
            block = _block(params, part, sampling, seed, follow)
            lost += block.lost
            kept_some |= bool(block.values)
            if part + 1 == len(each) and not kept_some:
                more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
                raise NumericsError(f"nothing is left of this run: {lost[0]}{more}")
            yield block

    def notes() -> Mapping[str, Any]:
        return {"systems": len(each)}

    return Trajectories([_layout(params, sampling) for sampling in each], blocks(), notes)
