"""Coefficients of a local score: fitted once, kept in a file, used elsewhere without a refit."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.production.score import Local, Network, Score
from analysis.production.score.surroundings import NAMES
from core.errors import ConfigError, SchemaError
from core.store import MeasureFile, read_measure, replacing

FOLDER = Path(__file__).parents[1] / "production" / "score"
SUFFIXES = (".toml", ".h5")
LAYERS, PARTS = 6, ("centre", "width", "mix")  # of a network, in a file
STATE = ("particles", "packing_fraction", "self_propulsion_speed", "persistence_rate")


@dataclass(frozen=True)
class Stored:
    """A fitted score, which features it is of, and where it comes from.

    origin  what it was fitted to: run, seed, frames, parameters, code, as text and numbers
    """

    score: Score
    local: Local
    origin: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> str:
        """Return the origin in a few words."""
        state = ", ".join(
            f"{key.replace('_', ' ')} {self.origin[key]:g}" for key in STATE if key in self.origin
        )
        run = self.origin.get("run", "an unnamed run")
        return f"coefficients fitted to run {run} ({state}), not refitted"


def shipped() -> dict[str, Path]:
    """Return the coefficients that come with the project, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def place(fitted: str) -> Path:
    """Return the file that `fitted` names: one that is shipped, or a path.

    Raises ConfigError for what is neither.
    """
    if fitted in shipped():
        return shipped()[fitted]
    path = Path(fitted)
    if path.suffix not in SUFFIXES:
        known = ", ".join(shipped())
        raise ConfigError(
            f"fitted: no '{fitted}'; name a shipped file ({known}), a .toml file of coefficients, "
            "or the .h5 file of a measure score"
        )
    return path


def read(fitted: str) -> Stored:
    """Return stored coefficients, of a TOML file or of the file of a measure `score`.

    Raises ConfigError if there is no such file, SchemaError if it holds no coefficients.
    """
    path = place(fitted)
    if not path.is_file():
        raise ConfigError(f"fitted: {path}: no such file; make it first")
    if path.suffix == ".h5":
        return _of_measure(read_measure(path))
    try:
        held = tomllib.loads(path.read_text())
        local = Local(tuple(held["crowding"]), tuple(held["saturation"]))
        values = held["coefficients"]
        return _checked(local, values, dict(held["origin"]), path)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as problem:
        raise SchemaError(f"{path}: holds no coefficients of a score ({problem})") from None


def _of_measure(file: MeasureFile) -> Stored:
    measure = next(iter(file.members.values()))
    if "coefficients" not in measure.extra:
        raise SchemaError(
            f"{file.path}: is of the measure {file.name}, which keeps no coefficients; name the "
            "file of a measure score that was fitted itself"
        )
    origin = {"run": file.run_name, "seed": file.seed}
    origin |= {key: file.params[key] for key in STATE if key in file.params}
    if "network_mix" in measure.extra:
        return Stored(_network(measure.extra, file.path), Local(), origin)
    local = Local(*(tuple(measure.extra[key].tolist()) for key in ("crowding", "saturation")))
    values = dict(zip(local.names, measure.extra["coefficients"].tolist(), strict=False))
    return _checked(local, values, origin, file.path)


def _network(held: Mapping[str, np.ndarray], path: Path) -> Network:
    theta = held["coefficients"]
    weights = tuple(held[f"network_{layer}"] for layer in range(LAYERS))
    arrays = (theta, *weights, *(held[f"network_{part}"] for part in PARTS))
    if len(theta) != len(NAMES):
        raise SchemaError(f"{path}: a network of {len(theta)} features, not {len(NAMES)}; train it")
    if not all(np.isfinite(array).all() for array in arrays):
        raise SchemaError(f"{path}: a weight is not finite; train it again")
    centre, width, mix = (held[f"network_{part}"] for part in PARTS)
    return Network(theta, NAMES, 0, len(theta), weights, centre, width, mix, np.zeros(0))


def _checked(
    local: Local, values: Mapping[str, float], origin: Mapping[str, Any], path: Path
) -> Stored:
    if tuple(values) != local.names:
        raise SchemaError(
            f"{path}: {len(values)} coefficients for {len(local.names)} features, or in another "
            "order; fit again"
        )
    theta = np.array(list(values.values()), dtype=float)
    if not np.isfinite(theta).all():
        raise SchemaError(f"{path}: a coefficient is not finite; fit again")
    return Stored(Score(theta, local.names, 0, len(theta)), local, origin)


def extra(score: Score, local: Local) -> dict[str, np.ndarray]:
    """Return the arrays by which a measure file keeps a score."""
    if isinstance(score, Network):
        layers = {f"network_{layer}": w for layer, w in enumerate(score.weights)}
        parts = (score.centre, score.width, score.mix)
        kept = {f"network_{name}": part for name, part in zip(PARTS, parts, strict=True)}
        return {"coefficients": score.coefficients, **layers, **kept}
    return {
        "coefficients": score.coefficients,
        "crowding": np.array(local.crowding),
        "saturation": np.array(local.saturation),
    }


def write(path: str | Path, stored: Stored) -> None:
    """Write coefficients with their names and origin as TOML.

    Raises ValueError for a network, which the file of its measure keeps.
    """
    if isinstance(stored.score, Network):
        raise ValueError("stored: is a network; name the .h5 file of its measure score instead")
    lines = [
        "# Coefficients of a local score, for `fitted` of the measure score; see origin.",
        f"crowding = {list(stored.local.crowding)}",
        f"saturation = {list(stored.local.saturation)}",
        "",
        "[origin]",
        *(f"{key} = {json.dumps(value)}" for key, value in stored.origin.items()),
        "",
        "[coefficients]",
        *(
            f"{json.dumps(name)} = {float(value)!r}"
            for name, value in zip(stored.local.names, stored.score.coefficients, strict=True)
        ),
    ]
    with replacing(path) as beside:
        beside.write_text("\n".join(lines) + "\n")
