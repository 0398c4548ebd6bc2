"""The right-hand side of a flow written for lanes side by side, each operation an instruction.

    c0 = sin(a0), c1 = exp(a1), ..;  r_i = f_i(x, t, c0, c1, ..)

Functions are those of `sims.integrators.elementary`, which hold no branch; none is computed twice.
"""

import hashlib
from functools import cache
from pathlib import Path

from sims.chaos.expressions import SMALL_POWERS, Call, Name, Node, Number, uses
from sims.chaos.system import System
from sims.integrators import unrolled


@cache
def version(*names: str) -> str:
    """Return a digest of modules of `sims.integrators`: what imports them has it in its text."""
    folder = Path(unrolled.__file__).parent
    texts = [(folder / f"{name}.py").read_bytes() for name in names]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def whole(node: Node) -> int | None:
    """Return an exponent that is a small whole number, else None."""
    if isinstance(node, Number) and node.value.is_integer() and abs(node.value) <= SMALL_POWERS:
        return int(node.value)
    return None


def text(node: Node, names: dict[str, str]) -> str:
    """Return an expression without functions as Python that `vectors.Lanes` takes."""
    if isinstance(node, Number):
        return repr(node.value)
    if isinstance(node, Name):
        return names[node.name]
    given = [text(argument, names) for argument in node.arguments]
    if node.what == "**":
        return f"w.of({given[0]})**{whole(node.arguments[1])}"
    return f"(w.of({given[0]}) {node.what} {given[1]})"


RENAMED = {"**": "power", "min": "minimum", "max": "maximum", "abs": "absolute"}


class Calls:
    """Calls of functions taken out of trees, each once, inner ones first."""

    def __init__(self) -> None:
        self.numbers: dict[Call, int] = {}

    def out(self, node: Node) -> Node:
        """Return a tree in which results stand for calls: `#0`, `#1`, .., which are no names."""
        if not isinstance(node, Call):
            return node
        inner = Call(node.what, tuple(self.out(argument) for argument in node.arguments))
        if node.what in "+-*/" or (node.what == "**" and whole(node.arguments[1]) is not None):
            return inner
        return Name(f"#{self.numbers.setdefault(inner, len(self.numbers))}")

    def lines(self, names: dict[str, str]) -> list[str]:
        """Return lines that compute the results, adding their names."""
        found = []
        for call, number in self.numbers.items():
            what = RENAMED.get(call.what, call.what)
            given = [f"w.of({text(argument, names)})" for argument in call.arguments]
            names[f"#{number}"] = f"c{number}"
            found.append(f"c{number} = elementary.{what}({', '.join(given)})")
        return found


def source(system: System, names: dict[str, str], lanes: int) -> str:
    """Return a module with `rhs(w)`, for `sims.integrators.lanes`.

    names  what variables, parameters and the time are called in the text
    """
    d, calls, names = system.dimension, Calls(), dict(names)
    rates = [calls.out(rate) for rate in system.rates]
    places = {f"v{i}": unrolled.place(unrolled.STATE, i, d, lanes) for i in range(d)}
    first = unrolled.parameters_at(d, lanes)
    places |= {f"p{i}": first + lanes * i for i in range(len(system.parameters))}
    places |= {"t": unrolled.TIME}
    used = set().union(*(uses(rate) for rate in system.rates))
    needed = [written for name, written in names.items() if name in used]
    lines = ["def rates(w):", *(f"    {name} = w[{places[name]}]" for name in needed)]
    lines += [f"    {line}" for line in calls.lines(names)]
    lines += [f"    r{i} = {text(rate, names)}" for i, rate in enumerate(rates)]
    lines += [f"    w[{unrolled.place(unrolled.RATE, i, d, lanes)}] = r{i}" for i in range(d)]
    return (
        f'"""Made from the equations of {system.name}; its name holds their hash."""\n\n'
        "from sims.integrators import elementary\n"
        f"from sims.integrators.vectors import emitted  # {version('elementary', 'vectors')}\n\n\n"
        + "\n".join(lines)
        + f"\n\n\nemit = emitted(rates, {lanes})\n\n\ndef rhs(w):\n    emit(w)\n"
    )
