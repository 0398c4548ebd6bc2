"""How well chaotic systems can be forecast from their own past, by models that know no equation.

valid prediction time = time until the normalised error of a forecast first exceeds a threshold
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.forecast import Backtest, Split, backtest, split, standard_error
from analysis.forecast import models as built
from analysis.forecast.models import MODELS, least
from analysis.measures.registry import MEASURES
from analysis.measures.spectra import of_member
from core.errors import ConfigError
from core.registry import nearest
from core.store import Measure, Member, Run

ALL = tuple(MODELS)
HORIZON, TRAIN, THRESHOLD, STARTS = 4.0, 0.5, 0.4, 20
CERTAIN = 3.0  # standard errors by which an exponent must exceed 0 to be a unit of time
MISSING = "needs series without gaps, and this run has missing samples"


def _rule(
    *,
    models: tuple[str, ...] = ALL,
    horizon: float = HORIZON,
    train: float = TRAIN,
    threshold: float = THRESHOLD,
    starts: int = STARTS,
) -> None:
    if not models or len(set(models)) < len(models):
        raise ConfigError(f"models: expected different names, got {list(models)}")
    for i, name in enumerate(models):
        if name not in MODELS:
            raise ConfigError(f"models[{i}]: no '{name}'{nearest(name, MODELS)}")
    for key, value in (("horizon", horizon), ("threshold", threshold)):
        if not value > 0:
            raise ConfigError(f"{key}: must be positive, got {value:g}")
    if not 0 < train < 1:
        raise ConfigError(f"train: must be between 0 and 1, got {train:g}")
    if starts < 1:
        raise ConfigError(f"starts: must be 1 or more, got {starts}")


def _cut(
    samples: int, season: float, models: tuple[str, ...], horizon: float, train: float, starts: int
) -> Split:
    """Return the split; raise ValueError if the series is too short for it or for a model."""
    cut = split(samples, train, max(1, round(horizon * season)), starts)
    for name in models:
        if cut.train < least(name, round(season)):
            raise ValueError(
                f"models: {name} needs {least(name, round(season))} samples to learn from, "
                f"and train leaves {cut.train}"
            )
    return cut


def _fits(
    params: Mapping[str, Any],
    *,
    models: tuple[str, ...] = ALL,
    horizon: float = HORIZON,
    train: float = TRAIN,
    starts: int = STARTS,
) -> str | None:
    if params.get("points_per_period") is None:
        return None  # the samples in a period differ from system to system
    try:
        _cut(params["samples"], params["points_per_period"], models, horizon, train, starts)
    except ValueError as problem:
        return f"cannot be had of it: {problem}"
    return None


def whole(member: Member) -> np.ndarray:
    """Return the samples (T, d) of a member; raise ConfigError if any is missing."""
    states = np.asarray(member.fields["state"][...], dtype=float)
    if not np.isfinite(states).all():
        raise ConfigError(f"{member.label}: {MISSING}")
    return states


def exponent(facts: Mapping[str, Any]) -> float | None:
    """Return the largest Lyapunov exponent, None where it is not known or not surely positive."""
    if "lyapunov_spectrum" not in facts:
        return None
    value = float(np.ravel(facts["lyapunov_spectrum"])[0])
    error = float(np.ravel(facts.get("lyapunov_standard_error", 0.0))[0])
    return value if value > CERTAIN * error and value > 0 else None


def _largest(member: Member) -> float | None:
    """Return the largest exponent of a member: of its system, or of its own trajectory."""
    if "lyapunov_spectrum" in member.facts or "growth" not in member.constants:
        return exponent(member.facts)
    if not np.isfinite(member.constants["growth"]).all():
        return None
    own = of_member(member)
    return exponent({"lyapunov_spectrum": own.exponents, "lyapunov_standard_error": own.errors})


def _rows(
    name: str, found: Backtest, season: float, rate: float | None
) -> list[tuple[str, float, str]]:
    """Return the scalars of a model; rate is the largest exponent times the period."""
    valid = found.valid / season
    scores = [("sMAPE", found.smape, "%"), ("MASE", found.mase, "1")]
    scores.append(("valid time in periods", valid, "period"))
    if rate is not None:
        scores.append(("valid time in Lyapunov times", valid * rate, "Lyapunov time"))
    rows = []
    for title, values, units in scores:
        rows.append((f"{title} of {name}", float(values.mean()), units))
        if len(values) > 1:
            rows.append((f"{title} of {name}, standard error", standard_error(values), units))
    rows.append((f"forecasts of {name} valid to the horizon", float(found.held.mean()), "1"))
    return rows


def _extra(found: list[Backtest], season: float, rate: float | None) -> dict[str, np.ndarray]:
    """Return what the figure needs: the scores of each model, and an example of the first start."""
    valid = [each.valid / season for each in found]
    count = len(found[0].valid)
    spread = [each.error.std(axis=0, ddof=1 if count > 1 else 0) for each in found]
    extra = {
        "standard_error": np.stack(spread, axis=-1) / np.sqrt(count),
        "valid": np.array([each.mean() for each in valid]),
        "valid_error": np.array([standard_error(each) if count > 1 else 0.0 for each in valid]),
        "smape": np.array([each.smape.mean() for each in found]),
        "held": np.array([each.held.mean() for each in found]),
        "truth": found[0].truth[0, :, 0],
        "forecast": np.stack([each.forecast[0, :, 0] for each in found], axis=-1),
    }
    return extra if rate is None else {**extra, "rate": np.array(rate)}


@MEASURES.register("forecast", needs=("state",), simulators=("chaos",), rule=_rule, fits=_fits)
def forecast(
    run: Run,
    member: Member,
    *,
    models: tuple[str, ...] = ALL,
    horizon: float = HORIZON,
    train: float = TRAIN,
    threshold: float = THRESHOLD,
    starts: int = STARTS,
) -> Measure:
    """Return the error of forecasts over their lead time, model by model.

    models     persistence, mean, seasonal, autoregression, reservoir, nvar, analogue
    horizon    of a forecast, in periods of the system
    train      fraction of the samples, the first, that a model learns from
    threshold  standard deviations of error up to which a forecast is valid
    starts     of forecasts in the rest of the samples, at most as many as do not overlap

    Valid times are in periods, and in Lyapunov times where the run holds a positive exponent.
    """
    states, facts = whole(member), member.facts
    step, period = float(member.time[1] - member.time[0]), float(facts["period"])
    season = period / step
    try:
        cut = _cut(len(states), season, models, horizon, train, starts)
        made = built(models, max(1, round(season)), run.seed)
        found = [backtest(each, states, cut, threshold) for each in made.values()]
    except ValueError as problem:
        raise ConfigError(f"{member.label}: {problem}") from None
    largest = _largest(member)
    rate = None if largest is None else largest * period
    return Measure(
        axis=np.arange(1, cut.steps + 1) / season,
        axis_label="lead time",
        axis_units="period",
        value=np.stack([each.error.mean(axis=0) for each in found], axis=-1),
        label="normalised error of the forecast",
        units="1",
        convention=f"root mean square over components, in standard deviations of the first "
        f"{cut.train} samples, which are learned from; mean over {len(cut.starts)} starts; "
        f"valid up to {threshold:g}; sMAPE = 200 |y - f|/(|y| + |f|)",
        components=models,
        extra=_extra(found, season, rate),
        summary=tuple(
            row
            for name, each in zip(models, found, strict=True)
            for row in _rows(name, each, season, rate)
        )
        + (() if rate is None else (("Lyapunov times in a period", rate, "1"),)),
        figure="forecasts",
    )
