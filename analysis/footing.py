"""The rows that a study's measure files give on entropy production: every route, side by side."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.store import Check, MeasureFile

ROUTES = (
    "heat", "sum_rule", "score", "tur", "contraction", "spectral_growth", "irreversibility",
)  # fmt: skip
LEARNED = ("score", "tur")  # what finds a rate from data: it is shown on exact cases too
FEW = 8  # systems of a run that get rows of their own; of more, those at both ends and the middle
PLAIN = "1/time"


@dataclass(frozen=True)
class Line:
    """One row: what a route says of a run, and what that means.

    error, exact  None where there is none
    """

    run: str
    simulator: str
    route: str
    what: str
    value: float
    error: float | None
    units: str
    convention: str
    exact: float | None = None
    checks: tuple[Check, ...] = field(default=())


def route(name: str, spec: Mapping[str, Any]) -> str | None:
    """Return which of ROUTES a measure's name and specification stand for, None if another."""
    meant = str(spec.get("functional", spec.get("measure", name)))
    return meant if meant in ROUTES else None


def learns(name: str, spec: Mapping[str, Any]) -> bool:
    """Return whether a measure estimates a rate from its own run's data."""
    return route(name, spec) in LEARNED and "fitted" not in spec


def lines(files: Iterable[MeasureFile]) -> list[Line]:
    """Return the rows of all files that tell of entropy production, in the order of ROUTES.

    Raises ConfigError if no file does.
    """
    of: dict[str, list[MeasureFile]] = {name: [] for name in ROUTES}
    for file in files:
        meant = route(file.name, file.spec)
        if meant is not None:
            of[meant].append(file)
    found = [line for name in ROUTES for file in of[name] for line in READ[name](file)]
    if not found:
        raise ConfigError(f"footing: no file is of a measure among {', '.join(ROUTES)}")
    return found + _bounds(of)


def _averaged(file: MeasureFile, column: int, error: str = "") -> tuple[float, float | None]:
    """Return a component's mean over members and its error; of one member, what it states."""
    values = np.array([measure.value[0, column] for measure in file.members.values()])
    if len(values) > 1:
        return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)
    (measure,) = file.members.values()
    stated = dict(zip(measure.components, measure.value[0], strict=True))
    stated |= {quantity: value for quantity, value, _ in measure.summary}
    return float(values[0]), float(stated[error]) if error in stated else None


def _exact(file: MeasureFile) -> float | None:
    """Return the exact value of the first check that has one, None otherwise."""
    for measure in file.members.values():
        for check in measure.checks:
            if check.kind != "upper":
                return check.exact
    return None


def _one(file: MeasureFile, name: str, what: str, column: int, error: str = "") -> Line:
    measure = next(iter(file.members.values()))
    what = what if file.name == name else f"{file.name}: {what}"
    value, scatter = _averaged(file, column, error)
    convention = measure.convention.split(";")[0]
    exact = _exact(file) if name == "heat" else None
    return Line(file.run_name, file.simulator, name, what, value, scatter, PLAIN, convention, exact)


def _heat(file: MeasureFile) -> list[Line]:
    return [_one(file, "heat", "heat over T, per particle", 0, "error over blocks")]


def _sum_rule(file: MeasureFile) -> list[Line]:
    return [_one(file, "sum_rule", "sum rule, per particle", 0, "error over blocks")]


def _score(file: MeasureFile) -> list[Line]:
    exact, _ = _averaged(file, 2)
    both = (
        _one(file, "score", "lower bound, held out", 0, "error of the lower bound"),
        _one(file, "score", "plug-in", 1, "error of the plug-in"),
    )
    rows = [Line(**{**vars(line), "exact": exact}) for line in both]
    shares = [dict((q, v) for q, v, _ in m.summary) for m in file.members.values()]
    share = float(np.mean([each["captured fraction"] for each in shares]))
    spread = [each.get("error of the captured fraction", np.nan) for each in shares]
    error = float(np.sqrt(np.square(spread).sum()) / len(spread))
    what = rows[0].what.replace("lower bound, held out", "captured, of the exact rate")
    captured = {"what": what, "value": share, "units": "1"}
    captured["error"] = error if np.isfinite(error) else None
    return [*rows, Line(**{**vars(both[0]), **captured})]


def _tur(file: MeasureFile) -> list[Line]:
    return [_one(file, "tur", "lower bound, per particle", 0, "error of the lower bound")]


def _contraction(file: MeasureFile) -> list[Line]:
    rows = []
    for name, measure in file.members.items():
        check = measure.checks[0] if measure.checks else None
        label = name if len(file.members) > 1 or not name.isdigit() else ""
        rows.append(
            Line(
                file.run_name, file.simulator, "contraction", label or "contraction",
                float(measure.value[0, 0]), None, PLAIN, measure.convention,
                None if check is None else check.exact,
            )
        )  # fmt: skip
    return _thinned(rows)


def _thinned(rows: list[Line]) -> list[Line]:
    """Return the rows; of many, the least, the median and the largest."""
    if len(rows) <= FEW:
        return rows
    ordered = sorted(rows, key=lambda line: line.value)
    chosen = {"least": 0, "median": len(rows) // 2, "largest": len(rows) - 1}
    return [
        Line(**{**vars(ordered[i]), "what": f"{word} of {len(rows)}: {ordered[i].what}"})
        for word, i in chosen.items()
    ]


def _growth(file: MeasureFile) -> list[Line]:
    still = _one(file, "spectral_growth", "contraction, per degree of freedom", 0)
    moved = max(
        value
        for measure in file.members.values()
        for quantity, value, _ in measure.summary
        if quantity.startswith("largest move")
    )
    still = Line(**{**vars(still), "error": moved, "exact": 0.0})
    growth = _one(file, "spectral_growth", "growth of the spectral entropy", 1)
    return [still, Line(**{**vars(growth), "units": "nat/time"})]


def _irreversibility(file: MeasureFile) -> list[Line]:
    rows = []
    for name, measure in file.members.items():
        told = {quantity: value for quantity, value, _ in measure.summary}
        label = f"{name}: " if len(file.members) > 1 or not name.isdigit() else ""
        chance = "without surrogates"
        if "value, p-value among surrogates" in told:
            chance = f"surrogates {measure.value[:, 1].mean():.1e}, "
            chance += f"p = {told['value, p-value among surrogates']:.2g}"
        rows.append(
            Line(
                file.run_name, file.simulator, "irreversibility", label + chance,
                float(measure.value[:, 0].mean()), None, f"{measure.units}/window",
                measure.convention,
            )
        )  # fmt: skip
    return _thinned(rows)


READ: dict[str, Callable[[MeasureFile], list[Line]]] = {
    "heat": _heat,
    "sum_rule": _sum_rule,
    "score": _score,
    "tur": _tur,
    "contraction": _contraction,
    "spectral_growth": _growth,
    "irreversibility": _irreversibility,
}


def _bounds(of: Mapping[str, list[MeasureFile]]) -> list[Line]:
    """Return, where a run has both, the uncertainty bound over the heat: 1 at most."""
    heats = {file.run_name: _heat(file)[0] for file in of["heat"]}
    found = []
    for file in of["tur"]:
        heat, bound = heats.get(file.run_name), _tur(file)[0]
        if heat is None or not heat.value > 0:
            continue
        spread = np.hypot(heat.error or 0.0, bound.error or 0.0) / heat.value
        share = bound.value / heat.value
        source = "a lower bound is below the heat, within four standard errors"
        check = Check(
            "uncertainty bound over the heat", share, 0.0, 1 + 4 * spread, source, "upper"
        )
        found.append(
            Line(
                file.run_name, file.simulator, "tur", "over the heat", share, float(spread), "1",
                bound.convention, None, (check,),
            )
        )  # fmt: skip
    return found
