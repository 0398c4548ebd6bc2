"""Entropy production of runs: heat, sum rule, score, uncertainty bound; contraction of flows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from analysis.measures import spectra
from analysis.measures.particles import (
    chosen,
    diameter,
    frames_since,
    heading,
    interaction,
    of_particles,
    planar,
    propulsion,
)
from analysis.measures.registry import MEASURES
from analysis.measures.trapped import relaxation
from analysis.production import forces, uncertainty
from analysis.production.rates import Rate
from analysis.structure import trapped
from core.errors import ConfigError, MemberError
from core.progress import say
from core.store import Check, Frame, Measure, Member, Run

CERTAIN = 3.0  # standard errors
ENOUGH = 20  # samples whose scatter is an error
REACH = 1.2  # diameters within which two are in contact
PER_TIME = "1/time"
EPOCHS, WIDTH = 30, 32  # of a network
Model = Literal["linear", "neural"]
UNSTEADY = 4.0  # standard errors between the halves of a series


def _known(params: Mapping[str, Any]) -> str | None:
    """Return why the forces of a run are not known here, or None."""
    if params.get("coupling"):
        return "knows pair forces and traps, not a coupling"
    if (params.get("interaction") or {}).get("polydispersity"):
        return "is for particles of one diameter"
    if propulsion(params) is None:
        return "is for particles of one kind, not for a mixture"
    return None


def _thermal(params: Mapping[str, Any]) -> str | None:
    if not params.get("translational_diffusivity"):
        return (
            "divides by translational_diffusivity (convention even), which is 0; sum_rule and "
            "score (convention g) exist without thermal noise"
        )
    if propulsion(params) is None:
        return "is for particles of one kind, not for a mixture"
    return None


def _persistent(params: Mapping[str, Any]) -> str | None:
    if params.get("model") != "aoup":
        return "is for the propulsions of model aoup"
    if not params.get("self_propulsion_speed"):
        return "is for propulsions that move something; self_propulsion_speed is 0"
    return _known(params)


def _athermal(params: Mapping[str, Any]) -> str | None:
    if params.get("translational_diffusivity"):
        return "needs translational_diffusivity 0; with thermal noise measure heat"
    return _persistent(params)


def _refuse(name: str, why: str | None) -> None:
    """Raise ConfigError for a run that the plan did not look at first."""
    if why is not None:
        raise ConfigError(f"{name}: {why}")


def _springs(run: Run, frame: Frame) -> Any:
    from analysis.production import pairs  # compiled: not for the plan of a study

    p, trap = run.params, run.params.get("trap") or {}
    return pairs.springs(
        frame.position, _law(p), _box(frame), mobility=float(p.get("mobility") or 1.0),
        trap=float(trap.get("stiffness") or 0.0),
    )  # fmt: skip


def _laplacian(run: Run, frame: Frame) -> np.ndarray:
    from analysis.production import pairs

    return pairs.laplacian(_springs(run, frame))


def _law(params: Mapping[str, Any]) -> Any:
    from analysis.production import pairs

    law = interaction(params)
    if law.kind == "none":
        return pairs.Interaction("harmonic", 0.0, law.diameter)
    soft = {} if law.beta is None else {"beta": law.beta, "reach": law.reach}
    return pairs.Interaction(law.kind, law.strength, law.diameter, **soft)  # type: ignore[arg-type]


def _box(frame: Frame) -> np.ndarray | None:
    closed = np.isfinite(frame.box)
    if closed.all() or not closed.any():
        return frame.box if closed.all() else None
    raise ConfigError("box: must be periodic along all axes or none")


def _table(
    names: tuple[str, ...], values: Any, label: str, convention: str,
    summary: tuple[tuple[str, float, str], ...] = (), checks: tuple[Check, ...] = (),
) -> Measure:  # fmt: skip
    values = np.asarray(values, dtype=float)[None]
    rows = tuple((n, float(v), PER_TIME) for n, v in zip(names, values[0], strict=True))
    return Measure(
        axis=np.zeros(1), axis_label="run", axis_units="1", value=values, label=label,
        units=PER_TIME, convention=convention, components=names, summary=rows + summary,
        checks=checks, figure="numbers",
    )  # fmt: skip


def _errors(*named: tuple[str, float]) -> tuple[tuple[str, float, str], ...]:
    """Return the rows of errors that are known: of too few frames there is none, not 0."""
    return tuple((f"error of the {n}", float(e), PER_TIME) for n, e in named if np.isfinite(e))


def _rated(found: Rate, label: str, note: str = "", checks: tuple[Check, ...] = ()) -> Measure:
    names, values = ["per particle"], [found.value]
    if np.isfinite(found.standard_error):
        names.append("error over blocks")
        values.append(found.standard_error)
    convention = found.convention + note + _unsteady(found, label)
    return _table(tuple(names), values, label, convention, checks=checks)


def _unsteady(found: Rate, label: str) -> str:
    """Return what a convention says of a rate that drifts, and warn of it."""
    if abs(found.drift) <= UNSTEADY:
        return ""
    told = (
        f"not stationary: the halves differ by {found.drift:.1f} standard errors, "
        "measure later (since)"
    )
    say(f"warning: {label}: {told}")
    return f"; {told}"


@of_particles("heat", needs=("position", "work"), fits=_thermal)
def heat(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return the entropy production per particle and time: the propulsion's work over T.

    Summed by the simulation at every step, so that no frame interval biases it.

    since  time of the first frame that counts
    """
    _refuse("heat", _thermal(run.params))
    chosen = [(f.time, f.elements["work"]) for f in frames_since(member, since)]
    if len(chosen) < 2:
        raise ConfigError("heat: needs two frames or more; lower since or store more")
    p = run.params
    temperature = float(p["translational_diffusivity"]) / float(p.get("mobility") or 1.0)
    times, work = (np.array(each) for each in zip(*chosen, strict=True))
    found = forces.heat_from_totals(work / temperature, times)
    note = "; without what turns the headings" if _turned(p) else ""
    return _rated(found, "Entropy production by heat", note, _alone(p, found))


def _turned(params: Mapping[str, Any]) -> bool:
    """Return whether torques turn the headings, which then dissipate too: chirality, alignment."""
    return bool(params.get("chirality") or params.get("alignment"))


def _alone(params: Mapping[str, Any], found: Rate) -> tuple[Check, ...]:
    """Return the row of particles that know nothing of each other, free or in a trap."""
    held = any(params.get(key) for key in ("coupling", "alignment", "chirality"))
    swims, kappa = propulsion(params), relaxation(params)
    if held or interaction(params).kind != "none" or swims is None:
        return ()
    exact = trapped.entropy_production(
        kappa, speed_squared=swims.speed_squared, forgetting=swims.forgetting,
        diffusivity=swims.diffusivity,
    )  # fmt: skip
    # particles that know nothing of each other are so many samples; of few, times are
    n = len(found.per_particle)
    error = (
        float(np.std(found.per_particle) / np.sqrt(n - 1))
        if n >= ENOUGH
        else (found.standard_error if len(found.per_frame) >= ENOUGH else float("nan"))
    )
    if not np.isfinite(error):
        return ()
    # of a step, half is lost in which the propulsion turns, in a trap
    lost = 0.5 * exact * swims.forgetting * float(params["time_step"]) if kappa else 0.0
    tolerance = CERTAIN * error + lost
    source = "Cocconi et al. (2020) Entropy 22, 1252, headings even"
    return (Check("entropy production per particle", found.value, exact, tolerance, source),)


@of_particles("sum_rule", needs=("position",), fits=_athermal)
def sum_rule(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return what athermal AOUPs' propulsions pay, <Laplacian of Phi>, per particle and time.

    since  time of the first frame that counts
    """
    _refuse("sum_rule", _athermal(run.params))
    found = forces.sum_rule(_laplacian(run, frame) for frame in frames_since(member, since))
    return _rated(found, "Entropy production by the sum rule", _spun(run.params))


def _spun(params: Mapping[str, Any]) -> str:
    """Return what the identities of g hold for if propulsions turn: -gamma (g + s_g) alone."""
    return "; chirality changes its sign under reversal" if params.get("chirality") else ""


def _halves(run: Run, member: Member, since: float | None) -> tuple[int, int]:
    frames = sum(1 for t in member.time if since is None or t >= since)
    if frames < 2:
        raise ConfigError("score: needs two frames or more, half of them held out")
    return len(member.time) - frames, frames // 2


def _local(params: Mapping[str, Any]) -> Any:
    """Return the features of a run: gated by crowding where there may be gas, not in traps."""
    from analysis.production import score

    boxed = not params.get("trap") and int(params.get("dimension") or 2) > 1
    return score.Local() if boxed and interaction(params).kind != "none" else score.Local(())


def _terms(
    run: Run, member: Member, start: int, stop: int | None, local: Any = None, told: bool = False
) -> Iterator[Any]:
    """Yield the local features of frames, or those of a network, one frame held at a time."""
    from analysis.production import score
    from core.store import frames

    p = run.params
    for frame in frames(member, start, stop):
        swimmers = score.Swimmers(
            float(p["self_propulsion_speed"]), float(p["persistence_rate"]), _law(p),
            _box(frame), float(p.get("mobility") or 1.0),
            float((p.get("trap") or {}).get("stiffness") or 0.0),
        )  # fmt: skip
        x, g = [frame.position], [heading(member, frame)]
        if told:
            yield from score.surrounding_terms(x, g, swimmers)
        else:
            yield from score.local_terms(x, g, swimmers, local or _local(p))


def _fit(run: Run, member: Member, first: int, half: int) -> Any:
    """Return the score fitted to `half` frames from number `first` on."""
    from analysis.production import score

    names = _local(run.params).names
    return score.fit(_terms(run, member, first, first + half), names)


def _scored(
    run: Run, member: Member, since: float | None, network: tuple[int, int, int] | None
) -> tuple[int, Any, str]:
    """Return the first frame to judge by, the score of the half before it, and its source.

    network  epochs, width and seed of one that is trained; None for the linear fit
    """
    from analysis.production import score
    from analysis.production.score import surroundings

    first, half = _halves(run, member, since)
    if network is None:
        found = _fit(run, member, first, half)
        return first + half, found, f"{found.rank} local features fitted to {half} frames"
    epochs, width, seed = network
    terms = _terms(run, member, first, first + half, told=True)
    found = score.train(terms, surroundings.NAMES, epochs=epochs, width=width, seed=seed)
    return first + half, found, f"network of width {width} trained on {half} frames"


def _named(
    *, since: float | None = None, fitted: str | None = None, model: Model = "linear",
    epochs: int = EPOCHS, width: int = WIDTH, seed: int = 0,
) -> None:  # fmt: skip
    """Refuse, before any job, coefficients of a name that cannot be and a network without PyTorch.

    Raises ConfigError.
    """
    from analysis.measures import transfer

    if epochs < 1 or width < 1 or seed < 0:
        raise ConfigError("epochs, width: must be 1 or more, and seed 0 or more")
    if fitted is not None:
        if model == "neural":
            raise ConfigError("fitted: holds its model already; leave out model: neural")
        transfer.place(fitted)
    elif model == "neural" and find_spec("torch") is None:
        from analysis.production.score import neural

        raise ConfigError(neural.MISSING)


@of_particles("score", needs=("position", "active"), fits=_athermal, rule=_named)
def learned(
    run: Run, member: Member, *, since: float | None = None, fitted: str | None = None,
    model: Model = "linear", epochs: int = EPOCHS, width: int = WIDTH, seed: int = 0,
) -> Measure:  # fmt: skip
    """Return the bracket of a local score of the propulsions, and the share it captures.

    Fitted to the first half of the frames and judged on the others; the exact rate of those is
    known by the sum rule.

    since   time of the first frame that counts
    fitted  coefficients to use instead, on all frames and without a refit: the name of those
            shipped, a .toml file, or the .h5 file of a measure score of another run
    model   linear: in closed form; neural: with a network that sets the coefficients by where a
            particle is (needs PyTorch to train, not to be used by `fitted`)
    epochs  passes of the network over the particles of all frames
    width   of its two hidden layers
    seed    of its first weights and batches
    """
    from analysis.measures import transfer
    from analysis.production import score

    _refuse("score", _athermal(run.params))
    _named(fitted=fitted, model=model, epochs=epochs, width=width, seed=seed)
    if fitted is not None:
        start, stored = chosen(member, since), transfer.read(fitted)
        source = stored.told()
    else:
        network = (epochs, width, seed) if model == "neural" else None
        start, fresh, source = _scored(run, member, since, network)
        stored = transfer.Stored(fresh, _local(run.params))
    told = isinstance(stored.score, score.Network)
    terms = _terms(run, member, start, None, stored.local, told)
    found = score.entropy_production(stored.score, terms)
    exact = forces.sum_rule(
        _laplacian(run, frame) for frame in frames_since(member, float(member.time[start]))
    )
    kept = transfer.extra(stored.score, stored.local)
    return _captured(run, found, exact, source, kept)


def _captured(
    run: Run, found: Any, exact: Rate, source: str, extra: dict[str, np.ndarray]
) -> Measure:
    """Return a bracket beside the exact rate of the same frames, as a measure."""
    label = "Entropy production by a score"
    names = ("lower bound, held out", "plug-in", "exact by the sum rule")
    share, error = 0.0, float("nan")
    if exact.value > 0:
        share, error = found.captured(exact.value), found.lower_error / exact.value
    if share < -2 * np.nan_to_num(error):
        source += "; worse than no score, s = -g: the coefficients do not suit this state"
    shares, checks = [("captured fraction", share, "1")], list[Check]()
    if np.isfinite(error):
        shares.append(("error of the captured fraction", error, "1"))
        checks.append(
            Check(
                "lower bound over the exact rate", share, 0.0, 1 + 4 * error,
                "sum rule: <|v_g|^2>/gamma = <Laplacian of Phi>", "upper",
            )
        )  # fmt: skip
    errors = _errors(("lower bound", found.lower_error), ("plug-in", found.plug_in_error))
    measure = _table(
        names, (found.lower, found.plug_in, exact.value), label,
        f"g: the propulsions' part, all variables even; {source}{_spun(run.params)}"
        f"{_unsteady(exact, label)}",
        (*shares, *errors), tuple(checks),
    )  # fmt: skip
    return replace(measure, extra=extra)


def _mapped(params: Mapping[str, Any]) -> str | None:
    return planar(params) or _athermal(params)


@of_particles("production_map", needs=("position", "active"), fits=_mapped)
def production_map(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return where the last frame produces entropy: the rate that a score gives each particle.

    The score is fitted to the first half of the frames. It knows nothing of particles in dilute
    surroundings, whose 0 is no statement that they produce none. The shares of gas, interface and
    dense phase are by contacts within 1.2 diameters: at most 1, 2 or 3, and 4 or more.

    since  time of the first frame that counts
    """
    from analysis.production import score
    from analysis.structure import contact_numbers
    from core.store import frames

    _refuse("production_map", _mapped(run.params))
    first, half = _halves(run, member, since)
    fitted, last = _fit(run, member, first, half), len(member.time) - 1
    rate = score.entropy_production(fitted, _terms(run, member, last, None)).per_row
    frame = next(frames(member, last))
    exact = float(_laplacian(run, frame).mean())
    box, size = _box(frame), diameter(run.params)
    contacts = contact_numbers(frame.position, box, REACH * size)
    where = frame.position if box is None else np.mod(frame.position, box)
    window = [where.min(axis=0), where.max(axis=0)] if box is None else [np.zeros(len(box)), box]
    if not rate.any():
        raise ConfigError(
            "production_map: the score gives every particle 0: none is crowded enough for a "
            "feature, or nothing acts on them; sum_rule gives the total"
        )
    shade = np.log10(np.maximum(rate, 1e-300) / rate.mean())
    parts = {"gas": contacts <= 1, "dense phase": contacts >= 4}
    parts["interface"] = ~(parts["gas"] | parts["dense phase"])
    label = "log10 of a particle's rate over the mean"
    return Measure(
        axis=np.arange(float(len(where))), axis_label="particle", axis_units="1",
        value=np.column_stack([where, np.clip(shade, -2, 2)]), label=label, units="1",
        convention=f"g: the propulsions' part, all variables even; {fitted.rank} local features "
        f"fitted to {half} frames; clipped at 1/100 and 100; particles without a feature have no "
        "estimate and count as 0",
        components=("x", "y", label),
        extra={
            "time": np.array([frame.time]), "window": np.array(window),
            "diameter": frame.elements.get("diameter", np.array([size])),
        },
        summary=(
            ("plug-in over the exact rate", float(rate.mean() / exact) if exact > 0 else 0.0, "1"),
            ("share of the particles without an estimate", float((rate == 0).mean()), "1"),
            *(
                row
                for name, chosen in parts.items()
                for row in (
                    (f"share of the particles in the {name}", float(chosen.mean()), "1"),
                    (f"share of the production in the {name}",
                     float(rate[chosen].sum() / rate.sum()), "1"),
                )
            ),
        ),
        figure="swarm",
    )  # fmt: skip


@of_particles("tur", needs=("position",), fits=_thermal)
def bound(run: Run, member: Member, *, since: float | None = None) -> Measure:
    """Return the short-time uncertainty bound of local currents, per particle and time.

    Needs frames close in time: what the heading forgets between two of them is lost.

    since  time of the first frame that counts
    """
    _refuse("tur", _thermal(run.params))
    rows, box, times = [], None, []
    swims = run.params.get("model") != "passive"
    for frame in frames_since(member, since):
        variables = [frame.position, heading(member, frame)] if swims else [frame.position]
        rows.append(np.concatenate(variables, axis=1))
        box, d = _box(frame), frame.position.shape[1]
        times.append(frame.time)
    if len(rows) < 3:
        raise ConfigError("tur: needs three frames or more; lower since or store more")
    x = np.array(rows)
    edges = None if box is None else np.concatenate([box, np.full(x.shape[2] - d, 1e300)])
    trapped = box is None

    def currents(at: np.ndarray, step: np.ndarray) -> np.ndarray:
        weights = at if trapped else at[:, d:]
        return uncertainty.linear_currents(weights, step)

    found = uncertainty.tur_bound(x, float(times[1] - times[0]), currents, box=edges)
    names = ("lower bound", "extrapolated to short times", "bias taken off")
    return _table(
        names, (found.value, found.extrapolated, found.bias),
        "Entropy production by uncertainty", found.convention,
        _errors(
            ("lower bound", found.standard_error), ("extrapolated", found.extrapolated_error)
        ),
    )  # fmt: skip


@MEASURES.register("contraction", needs=("state",), simulators=("chaos",), fits=spectra.fits)
def contraction(run: Run, member: Member) -> Measure:
    """Return how fast a flow loses phase-space volume: minus the sum of its exponents."""
    facts = member.facts
    if facts.get("kind") == "delay":
        name = facts.get("title", member.name)
        raise MemberError(
            f"{name}: a delay equation has endless exponents, of which the run holds the largest; "
            "their sum is no contraction"
        )
    found = spectra.of_member(member)
    if len(found.exponents) < len(facts.get("variables", ())):
        name = facts.get("title", member.name)
        raise MemberError(
            f"{name}: it slides within a surface, onto which it loses all its volume at once; its "
            "last exponent is minus infinity"
        )
    value, _ = forces.contraction(found.exponents)
    checks: tuple[Check, ...] = ()
    if found.divergence is not None:
        exact = -found.divergence
        # of one orbit both are the same number but for rounding, whatever their errors
        tolerance = 1e-3 * max(1.0, abs(exact))
        checks = (Check("contraction", value, exact, tolerance, "-<div f> along the orbit"),)
    return _table(
        ("contraction",), (value,), "Phase-space contraction",
        "minus the sum of Lyapunov exponents; not a heat", checks=checks,
    )  # fmt: skip
