"""How far apart samples lie: by a system's period, or by its Lyapunov time, exactly as asked.

dt = period / points_per_period,  or  dt = 1 / (lambda_1 points_per_lyapunov_time)
A map has no state between its iterations: one a sample, or n of them.
"""

from collections.abc import Sequence

from core.errors import ConfigError
from sims.chaos import spectra
from sims.chaos.system import System

SURE = 3.0  # standard errors by which an exponent must be positive
NAMED = 5  # systems that a message names
_WHOLE = 1e-9


def largest(system: System) -> float | None:
    """Return the largest exponent that the catalogue holds, None if it holds none above zero.

    A system of other parameters, of a user's file, or made of two, has none there.
    """
    known = spectra.spectrum_of(system)
    if known is None or not known.exponents[0] > SURE * known.standard_errors[0]:
        return None
    return known.exponents[0]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def check(systems: Sequence[System], where: str) -> None:
    """Raise ConfigError that names the systems without a positive exponent."""
    for system in systems:
        if system.kind == "map":
            raise ConfigError(f"{where}: {system.name} is a map, whose time counts iterations")
    regular, unknown = list[str](), list[str]()
    for system in systems:
        if largest(system) is None:
            (unknown if spectra.spectrum_of(system) is None else regular).append(system.name)
    reasons = []
    if regular:
        has = "has" if len(regular) == 1 else "have"
        reasons.append(f"{_list(regular)} {has} no positive Lyapunov exponent")
    if unknown:
        reasons.append(f"the catalogue holds no exponent for {_list(unknown)} as it is set here")
    if reasons:
        raise ConfigError(f"{where}: {'; '.join(reasons)}; use points_per_period")


def _iterations(system: System, per_period: float) -> float:
    """Return the iterations between two samples of a map."""
    if per_period >= 1:
        return 1.0
    every = round(1 / per_period)
    if abs(every * per_period - 1) > _WHOLE:
        raise ConfigError(
            f"{system.name} is a map, sampled every n-th iteration: 1 or 1/n, "
            f"such as {1 / every:.6g}, got {per_period:g}"
        )
    return float(every)


def check_maps(
    systems: Sequence[System], per_period: float, usual: float | None, where: str
) -> None:
    """Raise ConfigError for a number of points per period that makes no sense for maps.

    usual  what it is where nobody chose it; maps among flows have one point an iteration whatever
           it is, but a number above 1 for maps alone is a mistake
    """
    maps = [system for system in systems if system.kind == "map"]
    for system in maps:
        try:
            _iterations(system, per_period)
        except ConfigError as problem:
            raise ConfigError(f"{where}: {problem}") from None
    if len(maps) == len(systems) and per_period > 1 and per_period != usual:
        raise ConfigError(
            f"{where}: maps have no states between two iterations, got {per_period:g}; "
            "use 1, or 1/n for every n-th"
        )


def spacing(system: System, per_period: float | None, per_lyapunov: float | None) -> float:
    """Return the time between two samples; one of the two numbers is given."""
    if per_lyapunov is None:
        assert per_period is not None
        if system.kind == "map":
            return _iterations(system, per_period)
        return system.period / per_period
    exponent = largest(system)
    assert exponent is not None  # `check` has been
    return 1.0 / (exponent * per_lyapunov)
