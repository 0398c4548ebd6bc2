"""The configuration: YAML to checked dataclasses, every error one line that names the key."""

import dataclasses
import itertools
import json
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NewType, TypeVar

import yaml

from core.backend import DEVICES
from core.errors import ConfigError
from core.registry import nearest

T = TypeVar("T")
Order = NewType("Order", float)  # of an entropy: a number that may be infinite

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")
NAME = re.compile(r"[A-Za-z0-9._~-]+")
RUN_NAME = re.compile(rf"{NAME.pattern}(/{NAME.pattern})*")


def normalise(value: Any) -> Any:
    """Return the value with texts such as 1e-3 as numbers, which YAML 1.1 reads as text."""
    if isinstance(value, Mapping):
        return {str(k): normalise(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [normalise(v) for v in value]
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


def join(where: str, key: str) -> str:
    """Return the path of a key below `where`: "config.yaml:" is a file, the rest are keys."""
    return f"{where} {key}" if where.endswith(":") else f"{where}.{key}" if where else key


def _named(kind: Any) -> str:
    if kind is type(None):
        return "nothing"
    names = {
        int: "an integer",
        float: "a number",
        Order: "a number",
        str: "text",
        bool: "true or false",
    }
    if kind in names:
        return names[kind]
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return " or ".join(str(a) for a in typing.get_args(kind))
    if origin in (tuple, list):
        return f"a list, each {_named(typing.get_args(kind)[0])}"
    if origin in (dict, Mapping) or kind is dict:
        return "a mapping"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_named(a) for a in typing.get_args(kind) if a is not type(None))
    return getattr(kind, "__name__", str(kind))


def coerce(kind: Any, value: Any, where: str) -> Any:
    """Return `value` as `kind`, or raise ConfigError; integers are accepted as numbers."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    wrong = ConfigError(f"{where}: expected {_named(kind)}, got {json.dumps(value, default=str)}")
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        for option in args:
            if option is type(None):
                continue
            try:
                return coerce(option, value, where)
            except ConfigError as problem:
                if dataclasses.is_dataclass(option) or len(args) == 2:
                    raise problem from None
        raise wrong
    if origin is typing.Literal:
        if value not in args or isinstance(value, bool):
            raise ConfigError(f"{where}: no '{value}'{nearest(str(value), [str(a) for a in args])}")
        return value
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise wrong
        return tuple(coerce(args[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin in (dict, Mapping) or kind is dict:
        if not isinstance(value, Mapping):
            raise wrong
        inner = args[1] if args else Any
        return {str(k): coerce(inner, v, join(where, k)) for k, v in value.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return build(kind, value, where)
    if kind is bool or isinstance(value, bool):
        if kind is bool and isinstance(value, bool):
            return value
        raise wrong
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is Order and isinstance(value, int | float) and not math.isnan(value):
        return float(value)
    if kind is float and isinstance(value, int | float):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: must be finite, got {value}")
        return float(value)
    if kind in (int, str) and isinstance(value, kind):
        return value
    raise wrong


def build(cls: type[T], given: Any, where: str) -> T:
    """Return the dataclass `cls` from a mapping; no unknown key, no missing one, no wrong type.

    where  the path of the mapping, for messages, such as "config.yaml: runs.soliton.params"
    """
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{where.removesuffix(':')}: expected keys and values, got "
            f"{json.dumps(given, default=str)}"
        )
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(typing.cast(Any, cls)) if f.init}
    for key in given:
        if key not in known:
            raise ConfigError(f"{join(where, key)}: unknown key{nearest(key, known)}")
    for name, about in known.items():
        needed = (
            about.default is dataclasses.MISSING and about.default_factory is dataclasses.MISSING
        )
        if needed and name not in given:
            raise ConfigError(f"{where.removesuffix(':')}: missing '{name}'")
    return cls(**{k: coerce(hints[k], v, join(where, k)) for k, v in given.items()})


@dataclass(frozen=True)
class RunEntry:
    """One entry of `runs`, as written."""

    simulator: str
    params: dict[str, Any] = field(default_factory=dict)
    members: int = 1
    measures: tuple[str, ...] = ()
    sweep: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """The envelope of a configuration; what is inside `params` belongs to the simulators.

    seed      non-negative; all random streams derive from it
    device    cpu or gpu
    results   folder for everything that is made
    runs      entries by run name, sweeps already expanded
    measures  specifications by measure name
    """

    seed: int = 0
    device: str = "cpu"
    results: str = "results"
    runs: dict[str, RunEntry] = field(default_factory=dict)
    measures: dict[str, dict[str, Any]] = field(default_factory=dict)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "_".join(f"{key}~{_text(part)}" for key, part in value.items())
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^A-Za-z0-9._~-]", "-", text)


def _expand(name: str, entry: RunEntry, where: str) -> dict[str, RunEntry]:
    """Return a run for each point of the sweep's cartesian product."""
    if not entry.sweep:
        return {name: entry}
    for key, values in entry.sweep.items():
        if not isinstance(values, list | tuple) or not values:
            raise ConfigError(f"{where}.sweep.{key}: expected a list of values, got {values!r}")
        if _given(entry.params, key):
            raise ConfigError(f"{where}.sweep.{key}: also given in params; remove one of the two")
    runs: dict[str, RunEntry] = {}
    for point in itertools.product(*entry.sweep.values()):
        chosen = dict(zip(entry.sweep, point, strict=True))
        label = "/".join([name, *(f"{k}~{_text(v)}" for k, v in chosen.items())])
        if label in runs:
            raise ConfigError(f"{where}.sweep: two points are both named '{label}'")
        params: Mapping[str, Any] = entry.params
        for key, value in chosen.items():
            params = overlay(params, _nested(key, value))
        runs[label] = dataclasses.replace(entry, params=dict(params), sweep={})
    return runs


def _given(params: Any, key: str) -> bool:
    """Return whether a key such as parameters.rho, or a whole above it, is given already."""
    first, _, rest = key.partition(".")
    if not isinstance(params, Mapping):
        return True
    return first in params and (not rest or _given(params[first], rest))


def _nested(key: str, value: Any) -> dict[str, Any]:
    """Return a value as params of its own: parameters.rho is rho within parameters."""
    first, _, rest = key.partition(".")
    return {first: _nested(rest, value) if rest else value}


def study(given: Any, where: str) -> Study:
    """Return the checked envelope with sweeps expanded; `where` is the file, "config.yaml:"."""
    draft = build(Study, normalise(given or {}), where)
    runs: dict[str, RunEntry] = {}
    if draft.seed < 0:
        raise ConfigError(f"{join(where, 'seed')}: must be 0 or more, got {draft.seed}")
    if draft.device not in DEVICES:
        raise ConfigError(
            f"{join(where, 'device')}: no '{draft.device}'{nearest(draft.device, DEVICES)}"
        )
    for name, entry in draft.runs.items():
        at = join(where, f"runs.{name}")
        if not NAME.fullmatch(name):
            raise ConfigError(f"{at}: a run's name may hold letters, digits and . _ ~ - only")
        if entry.members < 1:
            raise ConfigError(f"{at}.members: must be 1 or more, got {entry.members}")
        runs.update(_expand(name, entry, at))
    for name in draft.measures:
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"{join(where, 'measures')}.{name}: a measure's name may hold letters, digits "
                "and . _ ~ - only"
            )
    return dataclasses.replace(draft, runs=runs)


def load(paths: Iterable[str | Path]) -> tuple[dict[str, Any], str]:
    """Return YAML files overlaid left to right, and the place for messages.

    Raises ConfigError with file, line and column if a file is missing or is no YAML.
    """
    merged: dict[str, Any] = {}
    names = []
    for path in map(Path, paths):
        names.append(path.name)
        try:
            given = yaml.safe_load(path.read_text())
        except OSError as problem:
            raise ConfigError(f"{path}: cannot be read ({problem.strerror})") from None
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            reason = getattr(problem, "problem", None) or "is not YAML"
            raise ConfigError(f"{path}: {at}{reason}") from None
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise ConfigError(f"{path}: expected keys and values at the top")
        merged = overlay(merged, given)
    return merged, f"{names[-1]}:" if names else "config:"


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `top` laid over it, mapping by mapping."""
    out = dict(base)
    for key, value in top.items():
        old = out.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = overlay(old, value)
        out[key] = value
    return out


def _schema(kind: Any) -> dict[str, Any]:
    simple = {int: "integer", float: "number", str: "string", bool: "boolean"}
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in simple:
        return {"type": simple[kind]}
    if origin in (tuple, list):
        return {"type": "array", "items": _schema(args[0])}
    if origin is dict and args:
        return {"type": "object", "additionalProperties": _schema(args[1])}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = dataclasses.fields(kind)
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [f.name for f in fields if f.default is f.default_factory],
            "properties": {f.name: _schema(hints[f.name]) for f in fields},
        }
    return {}


def schema() -> dict[str, Any]:
    """Return the JSON schema of the envelope, for editors; the code above is its source."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Entroflow configuration",
        **_schema(Study),
    }
