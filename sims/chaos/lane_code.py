"""The right-hand side of a flow written for lanes side by side, each operation an instruction.

    c0 = sin(a0), c1 = exp(a1), ..;  r_i = f_i(x, t, c0, c1, ..)

Functions are those of `sims.integrators.elementary`, which hold no branch; none is computed twice.
"""

from sims.chaos.expressions import SMALL_POWERS, Call, Name, Node, Number, uses
from sims.chaos.system import System
from sims.integrators import lane_layout
from sims.integrators.written import version


def whole(node: Node) -> int | None:
    """Return an exponent that is a small whole number, else None."""
    if isinstance(node, Number) and node.value.is_integer() and abs(node.value) <= SMALL_POWERS:
        return int(node.value)
    return None


def _number(node: Node, names: dict[str, str]) -> str:
    """Return an expression as text that is never a plain number of Python."""
    found = text(node, names)
    return f"w.of({found})" if isinstance(node, Number) else found


def text(node: Node, names: dict[str, str]) -> str:
    """Return an expression without functions as Python for `vectors.Lanes` or `jets.Jet`."""
    if isinstance(node, Number):
        return repr(node.value)
    if isinstance(node, Name):
        return names[node.name]
    first, second = _number(node.arguments[0], names), node.arguments[1]
    if node.what == "**":
        return f"{first}**{whole(second)}"
    return f"({first} {node.what} {text(second, names)})"


# What functions of the grammar are called in `elementary` and `jets`, where it is another name.
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
            given = [_number(argument, names) for argument in call.arguments]
            names[f"#{number}"] = f"c{number}"
            found.append(f"c{number} = f.{what}({', '.join(given)})")
        return found


def _lines(system: System, names: dict[str, str], places: dict[str, str]) -> list[str]:
    """Return lines that read what is needed from its places and compute the rates r0, r1, .."""
    calls, names = Calls(), dict(names)
    rates = [calls.out(rate) for rate in system.rates]
    used = set().union(*(uses(rate) for rate in system.rates))
    lines = [f"{name} = {places[name]}" for key, name in names.items() if key in used]
    lines += calls.lines(names)
    return lines + [f"r{i} = {text(rate, names)}" for i, rate in enumerate(rates)]


def source(system: System, names: dict[str, str], lanes: int) -> str:
    """Return a module with `rhs(w)`, for `sims.integrators.lanes`.

    names  what variables, parameters and the time are called in the text
    """
    d, first = system.dimension, lane_layout.parameters_at(system.dimension, lanes)
    places = {f"v{i}": f"w[{lane_layout.place(lane_layout.STATE, i, d, lanes)}]" for i in range(d)}
    places |= {f"p{i}": f"w[{first + lanes * i}]" for i in range(len(system.parameters))}
    places |= {"t": f"w[{lane_layout.TIME * lanes}]"}
    lines = _lines(system, names, places)
    lines += [f"w[{lane_layout.place(lane_layout.RATE, i, d, lanes)}] = r{i}" for i in range(d)]
    body = "\n".join(f"    {line}" for line in lines)
    return f'''"""Made from the equations of {system.name}; its name holds their hash."""

from sims.integrators import elementary as f
from sims.integrators.vectors import emitted  # {version("elementary", "vectors")}


def rates(w):
{body}


emit = emitted(rates, {lanes})


def rhs(w):
    emit(w)
'''


def source_of_taylor(system: System, names: dict[str, str], order: int, lanes: int) -> str:
    """Return a module with `steps` of Taylor's method, for `sims.integrators.lanes`."""
    d, count = system.dimension, len(system.parameters)
    places = {f"v{i}": f"v[{i}]" for i in range(d)} | {f"p{i}": f"p[{i}]" for i in range(count)}
    lines = _lines(system, names, places | {"t": "t"})
    body = "\n".join(f"    {line}" for line in lines)
    found = ", ".join(f"w.of(r{i})" for i in range(d))
    return f'''"""Made from the equations of {system.name}; its name holds their hash."""

from numba import njit

from sims.integrators import taylor
from sims.integrators.lanes import STEPS_TYPE

# {version("elementary", "vectors", "jets", "taylor", "lane_layout")}


def rates(w, t, v, p):
    f = w
{body}
    return [{found}]


step = taylor.step(rates, {d}, {order}, {lanes}, {count})


@njit(STEPS_TYPE, cache=True)
def steps(rhs, w, rtol, atol, bound, limit, most_stiff, most):
    for _ in range(most):
        told = step(w, rtol, atol, bound, limit)
        if told:
            return told
    return 0
'''
