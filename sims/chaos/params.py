"""The parameters of a run of chaotic systems: which ones, and how they are sampled."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from core import config
from core.errors import ConfigError
from sims.chaos import family, granularity, missing, pairs, splits
from sims.chaos.switching import jumps
from sims.chaos.system import ALL, KINDS, REGIMES, System, catalogue, find, read, select

SHORTEST = 20.0  # periods that tell anything of exponents: 40 pieces, longer than a step


@dataclass(frozen=True)
class Params:
    """What a run of chaotic systems is made of; all dimensionless, times in each system's own unit.

    systems              names; or [all]; or a filter {regime: ..., dimension: ..., kind: ...,
                         polynomial: ..., without: [names]}; none if there are pairs and this is
                         not given
    pairs                [driver, response] each: one system that forces another
    coupling             of the pairs: at 1, a driver one standard deviation off its mean moves the
                         response by one of its own in a period
    file                 a catalogue of your own (TOML), beside the one that comes with Entroflow
    parameters           that replace a system's own, by name
    vary                 {name: [first, last]}: parameters that go evenly from the first value to
                         the last over the trajectories, each from the system's own point
    jitter               relative; each trajectory's parameters are off by up to this, at random
    trajectories         per system, from different points of its attractor
    apart                periods between the end of one and the start of the next, to twice as many
    samples              of each trajectory
    points_per_period    samples in a period of the system, of maps one an iteration, or 1/n; or
    points_per_lyapunov_time   samples in 1/(its largest exponent); not given together
    transient            periods left out before the first sample
    components           to keep, by name; all if not given
    split                parts of a benchmark and their fractions of the trajectories, such as
                         {train: 0.7, validation: 0.15, test: 0.15}; whole trajectories
    standardize          to mean 0 and standard deviation 1, over a system's trajectories; with a
                         split, over those of its first part
    dynamical_noise      in the equations (Ito), in standard deviations of each component per square
                         root of a period
    observational_noise  added to the samples, in standard deviations of each component, in the
                         first trajectory, or in all if parameters vary
    exponents            periods, 20 or more, along which each trajectory's Lyapunov exponents are
                         computed; 0 takes those of the catalogue, for the systems that are its own
    missing              fraction of the samples that a reader does not get; or
                         {fraction: ..., block: ...}, in gaps of that many samples
    integrator           dop853; taylor, faster for flows without corners; implicit (Radau IIA of
                         order 9) for stiff flows; auto finds out which flows are stiff
    rtol, atol           error per step of the integrator
    dtype                float64 or float32, of the samples
    """

    systems: Any = (ALL,)
    pairs: tuple[Any, ...] = ()
    coupling: float = 0.5
    file: str | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    vary: dict[str, Any] = field(default_factory=dict)
    jitter: float = 0.0
    trajectories: int = 1
    apart: float = 10.0
    samples: int = 1000
    points_per_period: float | None = 100.0
    points_per_lyapunov_time: float | None = None
    transient: float = 20.0
    components: tuple[str, ...] | None = None
    split: dict[str, float] = field(default_factory=dict)
    standardize: bool = False
    dynamical_noise: float = 0.0
    observational_noise: float = 0.0
    exponents: float = 0.0
    missing: Any = 0.0
    integrator: Literal["dop853", "taylor", "implicit", "auto"] = "dop853"
    rtol: float = 1e-10
    atol: float = 1e-10
    dtype: Literal["float64", "float32"] = "float64"


@dataclass(frozen=True)
class _Filter:
    """Which systems: those with all the properties that are given, but for some by name."""

    regime: str | None = None
    dimension: int | None = None
    polynomial: bool | None = None
    kind: str | None = None
    without: tuple[str, ...] = ()


def known(params: Params, where: str) -> Mapping[str, System]:
    """Return the systems that may be named."""
    if params.file is None:
        return catalogue()
    at = config.join(where, "file")
    try:
        own = read(params.file)
    except ConfigError as problem:
        raise ConfigError(f"{at}: {problem}") from None
    for name in own:
        if name in catalogue():
            raise ConfigError(
                f"{at}: {params.file}: '{name}' is a system that comes with Entroflow; "
                "give yours another name"
            )
    return {**catalogue(), **own}


def _chosen(params: Params, where: str) -> list[str]:
    table, at = known(params, where), config.join(where, "systems")
    given = params.systems
    if isinstance(given, Mapping):
        wanted = config.build(_Filter, given, at)
        if wanted.regime is not None and wanted.regime not in REGIMES:
            raise ConfigError(f"{at}.regime: no '{wanted.regime}'; known: {', '.join(REGIMES)}")
        if wanted.kind is not None and wanted.kind not in KINDS:
            raise ConfigError(f"{at}.kind: no '{wanted.kind}'; known: {', '.join(KINDS)}")
        left_out = {
            find(name, f"{at}.without[{i}]", table).name for i, name in enumerate(wanted.without)
        }
        asked = {key: value for key, value in asdict(wanted).items() if key != "without"}
        found = [each for each in select(table.values(), **asked) if each.name not in left_out]
        if not found:
            raise ConfigError(f"{at}: no system is so")
        return [system.name for system in found]
    if not given and params.pairs:
        return []
    if isinstance(given, str) or not isinstance(given, list | tuple) or not given:
        raise ConfigError(f"{at}: expected a list of names, [all], or a filter, got {given!r}")
    if list(given) == [ALL]:
        return list(table)
    names = [find(str(name), f"{at}[{i}]", table).name for i, name in enumerate(given)]
    if len(set(names)) < len(names):
        raise ConfigError(f"{at}: a system is named twice")
    return names


def paired(params: Params, where: str = "") -> list[tuple[pairs.Pair, System]]:
    """Return the pairs of a run and the systems made of them, their forcing not normalised."""
    table, found = known(params, where), []
    for number, given in enumerate(params.pairs):
        at = f"{config.join(where, 'pairs')}[{number}]"
        pair = pairs.build(given, at)
        found.append((pair, pairs.compose(pair, params.coupling, table, at)))
    return found


def flows(params: Params, where: str = "") -> list[System]:
    """Return the systems of a run with its parameters, pairs last."""
    table = known(params, where)
    found = [table[name] for name in params.systems]
    found += [system for _, system in paired(params, where)]
    if params.parameters:
        at = config.join(where, "parameters")
        found = [system.changed(params.parameters, at) for system in found]
    return found


def kept(params: Params, system: System) -> tuple[str, ...]:
    """Return the components of a system that are kept."""
    return system.variables if params.components is None else params.components


def _numbers(params: Params, where: str) -> None:
    def refuse(key: str, text: str) -> None:
        raise ConfigError(f"{config.join(where, key)}: {text}")

    for key, least in (("trajectories", 1), ("samples", 2)):
        if getattr(params, key) < least:
            refuse(key, f"must be {least} or more, got {getattr(params, key)}")
    for key in ("points_per_period", "points_per_lyapunov_time"):
        value = getattr(params, key)
        if value is not None and not value > 0:
            refuse(key, f"must be positive, got {value:g}")
    for key in (
        "transient",
        "apart",
        "observational_noise",
        "dynamical_noise",
        "exponents",
        "atol",
    ):
        if getattr(params, key) < 0:
            refuse(key, f"must be 0 or more, got {getattr(params, key):g}")
    if not 0 <= params.jitter < 1:
        refuse("jitter", f"must be 0 or more and less than 1, got {params.jitter:g}")
    if params.apart == 0 and params.trajectories > 1 and not params.vary:
        refuse("apart", "must be positive: a trajectory would go on where the last one ends")
    if 0 < params.exponents < SHORTEST:
        refuse("exponents", f"must be 0, or {SHORTEST:g} or more, got {params.exponents:g}")
    if not 1e-14 <= params.rtol <= 1e-2:
        refuse("rtol", f"must be from 1e-14 to 1e-2, got {params.rtol:g}")


def _check(params: Params, where: str) -> None:
    _numbers(params, where)
    if params.components is not None:
        at = config.join(where, "components")
        if not params.components or len(set(params.components)) < len(params.components):
            given = list(params.components)
            raise ConfigError(f"{at}: expected different names, one or more, got {given}")
    systems = flows(params, where)
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        raise ConfigError(f"{config.join(where, 'pairs')}: a pair is named twice")
    for system in systems:
        for name in params.components or ():
            if name not in system.variables:
                raise ConfigError(
                    f"{config.join(where, 'components')}: {system.name} has "
                    f"{', '.join(system.variables)}, not '{name}'"
                )
    if params.points_per_period is not None:
        usual = Params.points_per_period
        at = config.join(where, "points_per_period")
        granularity.check_maps(systems, params.points_per_period, usual, at)
    for system in systems:
        what = "" if system.kind == "flow" else f"is a {system.kind}"
        if params.integrator == "implicit" and jumps(system):
            what = "jumps"
        if params.integrator == "taylor" and system.kind == "flow" and system.corners:
            what = f"has {', '.join(system.corners)}, which no series follows"
        if params.integrator in ("implicit", "taylor") and what:
            raise ConfigError(
                f"{config.join(where, 'integrator')}: {system.name} {what}; use dop853 or auto"
            )
    others = [system.name for system in systems if system.kind != "flow"]
    if params.dynamical_noise and others:
        raise ConfigError(
            f"{config.join(where, 'dynamical_noise')}: is for flows, and {others[0]} is none"
        )
    if params.points_per_lyapunov_time is not None:
        granularity.check(systems, config.join(where, "points_per_lyapunov_time"))
    at = config.join(where, "vary")
    if params.vary and (params.jitter or set(params.vary) & set(params.parameters)):
        other = "jitter" if params.jitter else "parameters"
        raise ConfigError(f"{at}: {other} is given too; remove one of the two")
    family.check(params.vary, systems, params.trajectories, at)
    splits.check(params.split, params.trajectories, config.join(where, "split"))
    missing.build(params.missing, params.samples, config.join(where, "missing"))


def prepare(given: Mapping[str, Any], where: str) -> Params:
    """Return the parameters, checked, with the systems by name.

    Raises ConfigError for an unknown key, system, parameter or component, for wrong numbers, and
    for a split, gaps or a spacing that cannot be had.
    """
    params = config.build(Params, given, where)
    if params.points_per_lyapunov_time is not None:
        if given.get("points_per_period") is not None:
            at = config.join(where, "points_per_lyapunov_time")
            raise ConfigError(f"{at}: points_per_period is given too; remove one of the two")
        params = replace(params, points_per_period=None)
    elif params.points_per_period is None:
        params = replace(params, points_per_period=Params.points_per_period)
    if params.pairs and "systems" not in given:
        params = replace(params, systems=())
    params = replace(params, systems=tuple(_chosen(params, where)))
    _check(params, where)
    if params.points_per_period == Params.points_per_period and all(
        system.kind == "map" for system in flows(params)
    ):
        params = replace(params, points_per_period=1.0)  # what it means for maps
    return params
