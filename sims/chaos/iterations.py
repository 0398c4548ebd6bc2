"""How often a system is sampled, by its kind: a map has no state between two iterations."""

from collections.abc import Iterable

from core.errors import ConfigError
from sims.chaos.system import System

_WHOLE = 1e-9


def spacing(system: System, points_per_period: float) -> float:
    """Return the time between two samples.

    Of flows and delay equations: period/points_per_period. Of maps: one iteration, or n of them if
    points_per_period is 1/n; more points than one an iteration there are none.

    Raises ConfigError if it is below 1, but not 1/n, for a map.
    """
    if system.kind != "map":
        return system.period / points_per_period
    if points_per_period >= 1:
        return 1.0
    every = round(1 / points_per_period)
    if abs(every * points_per_period - 1) > _WHOLE:
        raise ConfigError(
            f"{system.name} is a map, sampled every n-th iteration: 1 or 1/n, "
            f"such as {1 / every:.6g}, got {points_per_period:g}"
        )
    return float(every)


def check_spacing(
    systems: Iterable[System], points_per_period: float, usual: float, where: str
) -> None:
    """Raise ConfigError for a spacing that makes no sense.

    usual  points_per_period where nobody chose it; maps among flows have one an iteration whatever
           it is, but a number above 1 for maps alone is a mistake
    """
    systems = list(systems)
    for system in systems:
        try:
            spacing(system, points_per_period)
        except ConfigError as problem:
            raise ConfigError(f"{where}: {problem}") from None
    maps_only = all(system.kind == "map" for system in systems)
    if maps_only and points_per_period not in (usual, 1.0) and points_per_period > 1:
        raise ConfigError(
            f"{where}: maps have no states between two iterations, got {points_per_period:g}; "
            "use 1, or 1/n for every n-th"
        )
