"""A chaotic system as data: its equations are texts, and what is computed comes from them.

dx_i/dt = f_i(x, t);  x_i(n + 1) = f_i(x(n), n);  dx_i/dt = f_i(x(t), x(t - tau), t)
"""

import keyword
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import config
from core.errors import ConfigError
from core.registry import nearest
from sims.chaos import expressions
from sims.chaos.expressions import Node

_FOLDER = Path(__file__).parent / "catalogue"
CATALOGUE = _FOLDER / "flows.toml"
CATALOGUES = (CATALOGUE, _FOLDER / "maps.toml", _FOLDER / "delays.toml")
KINDS = ("flow", "map", "delay")
EXACT = ("bernoulli", "tent", "baker", "cat")  # what `sims.chaos.words` steps in integers
REGIMES = (
    "chaotic",
    "weakly chaotic",
    "periodic",
    "quasi-periodic",
    "transient",
    "conservative",
)
NEAREST = 3  # systems that a message proposes
LISTED = "`python -m sims describe chaos` lists them"
TIME = "t"
ALL = "all"  # what a run calls all systems
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")  # of a system: part of names of files and of groups


@dataclass(frozen=True)
class _Entry:
    """What a table of the catalogue holds, as written."""

    variables: str
    equations: tuple[str, ...]
    initial_condition: tuple[float, ...]
    period: float
    regime: str
    citation: str
    parameters: dict[str, float] | None = None
    unbounded: str = ""
    doi: str = ""
    note: str = ""
    kind: str | None = None
    delays: str = ""
    exact: str = ""


@dataclass(frozen=True)
class System:
    """A flow, a map or a delay equation of the catalogue, or a user's own.

    variables          names, d of them
    equations          right-hand sides, as texts: the ground truth
    parameters         by name
    initial_condition  (d,) a point on or near the attractor
    period             its dominant time scale, in the units of t
    regime             one of REGIMES, at these parameters and from this point
    unbounded          variables that grow without end, such as phases
    citation, doi      of the paper; note  where it and the usual code differ
    kind               one of KINDS; of a map, the equations give the next state, and t counts
    delays             parameters that are delays: with tau among them, x_tau is x at t - tau
    exact              the integer arithmetic of a map that would collapse in binary, one of EXACT
    """

    name: str
    variables: tuple[str, ...]
    equations: tuple[str, ...]
    parameters: Mapping[str, float]
    initial_condition: tuple[float, ...]
    period: float
    regime: str
    citation: str
    unbounded: tuple[str, ...] = ()
    doi: str = ""
    note: str = ""
    kind: str = "flow"
    delays: tuple[str, ...] = ()
    exact: str = ""

    @property
    def delayed(self) -> tuple[str, ...]:
        """Return the names of the delayed variables, delay by delay."""
        return tuple(f"{name}_{delay}" for delay in self.delays for name in self.variables)

    @property
    def dimension(self) -> int:
        """Return the number of variables."""
        return len(self.variables)

    @cached_property
    def rates(self) -> tuple[Node, ...]:
        """Return the right-hand sides as trees."""
        names = {*self.variables, *self.parameters, *self.delayed, TIME}
        return tuple(
            expressions.parse(text, names, f"{self.name}.equations[{i}]")
            for i, text in enumerate(self.equations)
        )

    @cached_property
    def jacobian(self) -> tuple[tuple[Node, ...], ...]:
        """Return the derivative of each rate by each variable, as trees."""
        return tuple(
            tuple(expressions.differentiate(rate, name) for name in self.variables)
            for rate in self.rates
        )

    @cached_property
    def delayed_jacobian(self) -> tuple[tuple[Node, ...], ...]:
        """Return the derivative of each rate by each delayed variable, as trees."""
        return tuple(
            tuple(expressions.differentiate(rate, name) for name in self.delayed)
            for rate in self.rates
        )

    @cached_property
    def autonomous(self) -> bool:
        """Return whether the time itself is absent; a phase as a variable counts as absent."""
        return not any(TIME in expressions.uses(rate) for rate in self.rates)

    @cached_property
    def incompressible(self) -> bool:
        """Return whether no rate depends on its own variable, so that a flow keeps its volume."""
        return all(row[i] == expressions.ZERO for i, row in enumerate(self.jacobian))

    @cached_property
    def polynomial(self) -> bool:
        """Return whether every rate is a polynomial in the variables, and knows no time."""
        degrees = [
            expressions.degree(rate, [*self.variables, *self.delayed, TIME]) for rate in self.rates
        ]
        return self.autonomous and None not in degrees

    @cached_property
    def corners(self) -> tuple[str, ...]:
        """Return the functions with a corner or a jump that occur, such as abs."""
        found = set().union(*(expressions.functions(rate) for rate in self.rates))
        return tuple(sorted(found & expressions.CORNERED))

    def changed(self, parameters: Mapping[str, float], where: str) -> "System":
        """Return the system with other parameters; its label then says nothing."""
        for name in parameters:
            if name not in self.parameters:
                hint = nearest(name, self.parameters) or "; it has none"
                raise ConfigError(f"{config.join(where, name)}: unknown parameter{hint}")
            if name in self.delays and not parameters[name] > 0:
                raise ConfigError(f"{config.join(where, name)}: a delay must be positive")
        return replace(self, parameters={**self.parameters, **parameters}, regime="")

    def _values(self, x: Any, t: float, past: Any) -> dict[str, Any]:
        values: dict[str, Any] = {**self.parameters, TIME: t}
        values |= {name: x[..., i] for i, name in enumerate(self.variables)}
        return values | {name: past[..., i] for i, name in enumerate(self.delayed)}

    def rate(self, x: Any, t: float = 0.0, xp: Any = np, past: Any = None) -> Any:
        """Return dx/dt, or the next state, for states (..., d) of any library: the array twin.

        x     real or complex
        past  (..., len(delayed)) the delayed variables, of a system with delays
        """
        values = self._values(x, t, past)
        zero = x[..., 0] * 0.0
        parts = [zero + expressions.evaluate(rate, values, xp) for rate in self.rates]
        return xp.stack(parts, axis=-1)

    def _table(self, table: Any, values: dict[str, Any], zero: Any, xp: Any) -> Any:
        rows = [
            xp.stack([zero + expressions.evaluate(part, values, xp) for part in row], axis=-1)
            for row in table
        ]
        return xp.stack(rows, axis=-2)

    def jacobian_at(self, x: Any, t: float = 0.0, xp: Any = np, past: Any = None) -> Any:
        """Return df_i/dx_j for states (..., d): (..., d, d)."""
        return self._table(self.jacobian, self._values(x, t, past), x[..., 0] * 0.0, xp)

    def delayed_jacobian_at(self, x: Any, past: Any, t: float = 0.0, xp: Any = np) -> Any:
        """Return df_i/d(delayed variable j): (..., d, len(delayed))."""
        return self._table(self.delayed_jacobian, self._values(x, t, past), x[..., 0] * 0.0, xp)

    def jacobian_texts(self) -> list[str]:
        """Return df_i/dx_j as texts, row by row."""
        return [expressions.text(part) for row in self.jacobian for part in row]

    def latex(self) -> list[str]:
        """Return the equations in LaTeX."""
        left = r"{}_{{n+1}}" if self.kind == "map" else r"\dot{{{}}}"
        return [
            f"{left.format(name)} = {expressions.latex(rate)}"
            for name, rate in zip(self.variables, self.rates, strict=True)
        ]


def _kind(entry: _Entry, usual: str, where: str) -> str:
    """Return what an entry is, checked; its file may say it for all."""
    kind = entry.kind or ("delay" if entry.delays else usual)
    if kind not in KINDS:
        raise ConfigError(f"{where}.kind: no '{kind}'{nearest(kind, KINDS)}")
    if (kind == "delay") != bool(entry.delays):
        needed = "name the parameters that are delays" if kind == "delay" else f"a {kind} has none"
        raise ConfigError(f"{where}.delays: {needed}")
    for name in entry.delays.split():
        if not (entry.parameters or {}).get(name, 0.0) > 0:
            raise ConfigError(f"{where}.delays: '{name}' is no positive parameter")
    if entry.exact and (kind != "map" or entry.exact not in EXACT):
        raise ConfigError(f"{where}.exact: of maps, one of {', '.join(EXACT)}")
    return kind


def _check_names(name: str, where: str, **named: Iterable[str]) -> None:
    """Raise ConfigError for names that equations, code and files cannot hold."""
    if not NAME.fullmatch(name) or name == ALL:
        raise ConfigError(
            f"{where}: '{name}' is no name of a system; use letters, digits, _ and -, "
            f"a letter first, but not '{ALL}'"
        )
    for label, names in named.items():
        for each in names:
            plain = unicodedata.normalize("NFKC", each) == each  # as Python's parser reads it
            if not (each.isidentifier() and plain) or keyword.iskeyword(each):
                raise ConfigError(
                    f"{where}.{label}: '{each}' cannot be a name; use letters, digits and _, "
                    "and no word of Python's such as lambda"
                )


def _system(name: str, given: Any, where: str, usual: str) -> System:
    entry = config.build(_Entry, given, where)
    kind = _kind(entry, usual, where)
    variables = tuple(entry.variables.split())
    parameters = dict(entry.parameters or {})
    _check_names(name, where, variables=variables, parameters=parameters)
    if not variables:
        raise ConfigError(f"{where}.variables: name one or more")
    for label, found in (
        ("equations", len(entry.equations)),
        ("initial_condition", len(entry.initial_condition)),
    ):
        if found != len(variables):
            raise ConfigError(f"{where}.{label}: expected {len(variables)}, got {found}")
    delays = tuple(entry.delays.split())
    delayed = {f"{variable}_{delay}" for delay in delays for variable in variables}
    taken = {*parameters, *delayed, TIME, *expressions.CONSTANTS}
    clash = sorted(({*variables} & taken) | (delayed & {*parameters}))
    if clash or len(set(variables)) < len(variables):
        raise ConfigError(f"{where}.variables: {', '.join(clash) or 'a name'} is taken")
    if entry.regime not in REGIMES:
        raise ConfigError(f"{where}.regime: no '{entry.regime}'{nearest(entry.regime, REGIMES)}")
    if not entry.period > 0:
        raise ConfigError(f"{where}.period: must be positive, got {entry.period:g}")
    unbounded = tuple(entry.unbounded.split())
    for variable in unbounded:
        if variable not in variables:
            raise ConfigError(f"{where}.unbounded: '{variable}' is no variable")
    equations = tuple(" ".join(text.split()) for text in entry.equations)  # of several lines
    system = System(
        name, variables, equations, parameters, entry.initial_condition, entry.period,
        entry.regime, entry.citation, unbounded, entry.doi, entry.note,
        kind=kind, delays=delays, exact=entry.exact,
    )  # fmt: skip
    names = {*variables, *parameters, *delayed, TIME}
    for i, text in enumerate(system.equations):
        expressions.parse(text, names, f"{where}.equations[{i}]", expressions.DEEPEST)
    return system


def read(path: str | Path) -> dict[str, System]:
    """Return the systems of a file, checked.

    A line `kind = "map"` above the first table holds for all that do not say another.

    Raises ConfigError that names file, system and key, and the column of a bad expression.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: is not TOML, which is UTF-8 ({problem.reason})") from None
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{path}: is not TOML ({problem})") from None
    usual = tables.pop("kind", "flow")
    if usual not in KINDS:
        raise ConfigError(f"{path.name}: kind: must be one of {', '.join(KINDS)}, got {usual!r}")
    return {
        name: _system(name, given, f"{path.name}: {name}", usual) for name, given in tables.items()
    }


@lru_cache(maxsize=len(KINDS) + 1)
def catalogue(kind: str | None = None) -> Mapping[str, System]:
    """Return the systems that come with Entroflow, by name: all, or those of a kind."""
    if kind is not None:
        return {name: each for name, each in catalogue().items() if each.kind == kind}
    found: dict[str, System] = {}
    for path in CATALOGUES:
        found |= read(path)
    return found


def find(name: str, where: str, known: Mapping[str, System] | None = None) -> System:
    """Return a system by name, or raise ConfigError with the nearest ones."""
    known = catalogue() if known is None else known
    if name not in known:
        same = {each.lower(): each for each in known}
        close = get_close_matches(name.lower(), same, n=NEAREST, cutoff=0.5)
        named = " or ".join(f"'{same[each]}'" for each in close)
        hint = f"did you mean {named}?" if close else LISTED
        raise ConfigError(f"{where}: no system '{name}'; {hint}")
    return known[name]


def select(
    known: Iterable[System],
    *,
    regime: str | None = None,
    dimension: int | None = None,
    polynomial: bool | None = None,
    kind: str | None = None,
) -> list[System]:
    """Return the systems that have all the properties that are asked for."""
    return [
        system
        for system in known
        if regime in (None, system.regime)
        and dimension in (None, system.dimension)
        and polynomial in (None, system.polynomial)
        and kind in (None, system.kind)
    ]
