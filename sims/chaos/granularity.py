"""How far apart samples lie: by a system's period, or by its Lyapunov time, exactly as asked.

dt = period / points_per_period,  or  dt = 1 / (lambda_1 points_per_lyapunov_time)
"""

from collections.abc import Sequence

from core.errors import ConfigError
from sims.chaos import spectra
from sims.chaos.system import System

SURE = 3.0  # standard errors by which an exponent must be positive
NAMED = 5  # systems that a message names


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


def spacing(system: System, per_period: float | None, per_lyapunov: float | None) -> float:
    """Return the time between two samples; one of the two numbers is given."""
    if per_lyapunov is None:
        assert per_period is not None
        return system.period / per_period
    exponent = largest(system)
    assert exponent is not None  # `check` has been
    return 1.0 / (exponent * per_lyapunov)
