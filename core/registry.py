"""Names that a user may write, and what they stand for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

from core.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" with the nearest known name, or the list of known names."""
    names = sorted(str(k) for k in known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""


@dataclass(frozen=True)
class Entry:
    """A registered function and what was said of it (needs, simulators, units ...)."""

    function: Callable[..., Any]
    meta: dict[str, Any] = field(default_factory=dict)


class Registry(dict[str, Entry]):
    """A table of functions by name; `kind` is the noun that error messages use."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def register(self, name: str, **meta: Any) -> Callable[[F], F]:
        """Return a decorator that files a function under `name`."""

        def file(function: F) -> F:
            if name in self:
                raise ValueError(f"{self.kind} '{name}' is registered twice")
            self[name] = Entry(function, meta)
            return function

        return file

    def lookup(self, name: str, where: str) -> Entry:
        """Return the entry, or raise ConfigError with the nearest name."""
        if name not in self:
            raise ConfigError(f"{where}: no {self.kind} '{name}'{nearest(name, self)}")
        return self[name]
