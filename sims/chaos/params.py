"""The parameters of a run of chaotic flows: which systems, and how they are sampled."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core import config
from core.errors import ConfigError
from sims.chaos.switching import jumps
from sims.chaos.system import REGIMES, System, catalogue, find, read, select

ALL = "all"


@dataclass(frozen=True)
class Params:
    """What a run of chaotic flows is made of; all dimensionless, times in each system's own unit.

    systems              names; or [all]; or a filter {regime: ..., dimension: ...}
    file                 a catalogue of your own (TOML), beside the one that comes with Entroflow
    parameters           that replace a system's own, by name
    trajectories         per system, from different points of its attractor
    samples              of each trajectory
    points_per_period    samples in a period of the system
    transient            periods left out before the first sample
    components           to keep, by name; all if not given
    standardize          to mean 0 and standard deviation 1, over a system's trajectories
    observational_noise  added to the samples, in standard deviations of each component
    integrator           dop853; implicit (Radau IIA of order 9) for stiff flows; auto finds out
    rtol, atol           error per step of the integrator
    dtype                float64 or float32, of the samples
    """

    systems: Any = (ALL,)
    file: str | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    trajectories: int = 1
    samples: int = 1000
    points_per_period: float = 100.0
    transient: float = 20.0
    components: tuple[str, ...] | None = None
    standardize: bool = False
    observational_noise: float = 0.0
    integrator: Literal["dop853", "implicit", "auto"] = "dop853"
    rtol: float = 1e-10
    atol: float = 1e-10
    dtype: Literal["float64", "float32"] = "float64"


@dataclass(frozen=True)
class _Filter:
    """Which systems: of a regime, of a dimension, or of both."""

    regime: str | None = None
    dimension: int | None = None


def known(params: Params, where: str) -> Mapping[str, System]:
    """Return the systems that may be named."""
    if params.file is None:
        return catalogue()
    try:
        return {**catalogue(), **read(params.file)}
    except ConfigError as problem:
        raise ConfigError(f"{config.join(where, 'file')}: {problem}") from None


def _chosen(params: Params, where: str) -> list[str]:
    table, at = known(params, where), config.join(where, "systems")
    given = params.systems
    if isinstance(given, Mapping):
        wanted = config.build(_Filter, given, at)
        if wanted.regime is not None and wanted.regime not in REGIMES:
            raise ConfigError(f"{at}.regime: no '{wanted.regime}'; known: {', '.join(REGIMES)}")
        found = select(table.values(), regime=wanted.regime, dimension=wanted.dimension)
        if not found:
            raise ConfigError(f"{at}: no system is so")
        return [system.name for system in found]
    if isinstance(given, str) or not isinstance(given, list | tuple) or not given:
        raise ConfigError(f"{at}: expected a list of names, [all], or a filter, got {given!r}")
    if list(given) == [ALL]:
        return list(table)
    names = [find(str(name), f"{at}[{i}]", table).name for i, name in enumerate(given)]
    if len(set(names)) < len(names):
        raise ConfigError(f"{at}: a system is named twice")
    return names


def flows(params: Params, where: str = "") -> list[System]:
    """Return the systems of a run with its parameters."""
    table = known(params, where)
    found = [table[name] for name in params.systems]
    if params.parameters:
        at = config.join(where, "parameters")
        found = [system.changed(params.parameters, at) for system in found]
    return found


def kept(params: Params, system: System) -> tuple[str, ...]:
    """Return the components of a system that are kept."""
    return system.variables if params.components is None else params.components


def _check(params: Params, where: str) -> None:
    def refuse(key: str, text: str) -> None:
        raise ConfigError(f"{config.join(where, key)}: {text}")

    for key, least in (("trajectories", 1), ("samples", 2)):
        if getattr(params, key) < least:
            refuse(key, f"must be {least} or more, got {getattr(params, key)}")
    if not params.points_per_period > 0:
        refuse("points_per_period", f"must be positive, got {params.points_per_period:g}")
    for key in ("transient", "observational_noise", "atol"):
        if getattr(params, key) < 0:
            refuse(key, f"must be 0 or more, got {getattr(params, key):g}")
    if not 1e-14 <= params.rtol <= 1e-2:
        refuse("rtol", f"must be from 1e-14 to 1e-2, got {params.rtol:g}")
    for system in flows(params, where):
        if params.integrator == "implicit" and jumps(system):
            refuse("integrator", f"{system.name} jumps; use dop853 or auto")
        for name in params.components or ():
            if name not in system.variables:
                refuse(
                    "components",
                    f"{system.name} has {', '.join(system.variables)}, not '{name}'",
                )


def prepare(given: Mapping[str, Any], where: str) -> Params:
    """Return the parameters, checked, with the systems by name.

    Raises ConfigError for an unknown key, system, parameter or component, and for wrong numbers.
    """
    params = config.build(Params, given, where)
    params = replace(params, systems=tuple(_chosen(params, where)))
    _check(params, where)
    return params
