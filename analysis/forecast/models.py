"""The forecasting models by name, as a configuration names them.

To add one: a frozen dataclass with `fit`, and a line in MODELS.
"""

from collections.abc import Callable, Sequence

from analysis.forecast.analogue import Analogue
from analysis.forecast.baselines import Mean, Persistence, Seasonal
from analysis.forecast.linear import Autoregression
from analysis.forecast.nvar import Nvar
from analysis.forecast.reservoir import EchoState
from analysis.forecast.series import Model
from core.errors import ConfigError
from core.registry import nearest

# name -> (samples in a season, seed) -> model
MODELS: dict[str, Callable[[int, int], Model]] = {
    "persistence": lambda season, seed: Persistence(),
    "mean": lambda season, seed: Mean(),
    "seasonal": lambda season, seed: Seasonal(season),
    "autoregression": lambda season, seed: Autoregression(),
    "reservoir": lambda season, seed: EchoState(seed=seed),
    "nvar": lambda season, seed: Nvar(),
    "analogue": lambda season, seed: Analogue(),
}


def least(name: str, season: int) -> int:
    """Return how many samples a model must have to learn from."""
    return {"seasonal": season, "reservoir": 3 * EchoState.warm}.get(name, 10)


def model(name: str, season: int, seed: int) -> Model:
    """Return a model.

    season  samples that the seasonal forecast repeats
    seed    of the reservoir's links

    Raises ConfigError for an unknown name.
    """
    if name not in MODELS:
        raise ConfigError(f"models: no '{name}'{nearest(name, MODELS)}")
    return MODELS[name](season, seed)


def models(names: Sequence[str], season: int, seed: int) -> dict[str, Model]:
    """Return models by name."""
    return {name: model(name, season, seed) for name in names}
