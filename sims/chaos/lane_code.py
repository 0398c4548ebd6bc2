"""The right-hand side of a flow written for lanes side by side, its functions without a branch.

    c0 = sin(a0), c1 = exp(a1), ..;  r_i = f_i(x, t, c0, c1, ..)

Where an argument lies beyond what `sims.integrators.elementary` holds for, that lane is computed
once more with the library's functions: what a lane gets depends on no other.
"""

import hashlib
from functools import cache
from pathlib import Path

from sims.chaos.expressions import Call, Name, Node, Number, python, uses
from sims.chaos.system import TIME, System
from sims.integrators import unrolled

# Where each function of `elementary` holds, as a condition on its arguments.
NEAR = {
    "sin": "abs({0}) <= 1e9",
    "cos": "abs({0}) <= 1e9",
    "exp": "abs({0}) <= 700.0",
    "sinh": "abs({0}) <= 700.0",
    "cosh": "abs({0}) <= 700.0",
    "tanh": "",
    "log": "({0} >= 1e-300) & ({0} <= 1e300)",
    "power": "(abs({1} - 7.5) <= 7.5) & ({1} == math.floor({1}))",
}


@cache
def _import() -> str:
    """Return a line that names what is imported by its content, so that caches notice changes."""
    path = Path(unrolled.__file__).with_name("elementary.py")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return f"from sims.integrators import elementary  # {digest}\n"


class Calls:
    """Calls of functions taken out of trees, each once, inner ones first."""

    def __init__(self) -> None:
        self.numbers: dict[Call, int] = {}

    def out(self, node: Node) -> Node:
        """Return a tree in which results stand for calls: `#0`, `#1`, .., which are no names."""
        if not isinstance(node, Call):
            return node
        inner = Call(node.what, tuple(self.out(argument) for argument in node.arguments))
        if node.what == "**" and not isinstance(inner.arguments[1], Number):
            inner = Call("power", inner.arguments)
        if inner.what not in NEAR:
            return inner
        return Name(f"#{self.numbers.setdefault(inner, len(self.numbers))}")

    def lines(self, names: dict[str, str], library: bool) -> list[str]:
        """Return lines that compute c0, c1, .. from their arguments a0_0, a1_0, .."""
        found = []
        for call, number in self.numbers.items():
            given = [f"a{number}_{i}" for i in range(len(call.arguments))]
            for name, argument in zip(given, call.arguments, strict=True):
                found.append(f"{name} = {python(argument, names)}")
            text = f"elementary.{call.what}({', '.join(given)})"
            if library:
                text = f"math.{call.what}({given[0]})"
                text = f"{given[0]}**{given[1]}" if call.what == "power" else text
            found.append(f"c{number} = {text}")
        return found

    def near(self) -> str:
        """Return the condition that all arguments are such as `elementary` takes."""
        conditions = [
            f"({NEAR[call.what].format(f'a{number}_0', f'a{number}_1')})"
            for call, number in self.numbers.items()
            if NEAR[call.what]
        ]
        return " & ".join(conditions)


def source(system: System, names: dict[str, str], lanes: int) -> str:
    """Return the text of `rhs(w)`, for `sims.integrators.lanes`.

    names  what variables, parameters and the time are called in the text
    """
    d, calls = system.dimension, Calls()
    rates = [calls.out(rate) for rate in system.rates]
    names = names | {f"#{number}": f"c{number}" for number in range(len(calls.numbers))}
    places = {f"v{i}": unrolled.place(unrolled.STATE, i, d, lanes) for i in range(d)}
    first = unrolled.parameters_at(d, lanes)
    places |= {f"p{i}": first + lanes * i for i in range(len(system.parameters))}
    used = set().union(*(uses(rate) for rate in system.rates))
    needed = {written for name, written in names.items() if name in used}
    loads = ["t = w[l]"] if TIME in used else []
    loads += [f"{name} = w[{at} + l]" for name, at in places.items() if name in needed]
    results = [f"r{i} = {python(rate, names)}" for i, rate in enumerate(rates)]
    stores = [f"w[{unrolled.place(unrolled.RATE, i, d, lanes)} + l] = r{i}" for i in range(d)]

    def loop(*lines: str) -> list[str]:
        return [f"    for l in range({lanes}):", *(f"        {line}" for line in lines)]

    near, body = calls.near(), [*loads, *calls.lines(names, False), *results, *stores]
    head = [_import()] if calls.numbers else []
    if not near:
        return "\n\n".join([*head, "\n".join(["def rhs(w):", *loop(*body)])]) + "\n"
    again = [*loads, *calls.lines(names, True), f"if not ({near}):"]
    again += [f"    {line}" for line in (*results, *stores)]
    head.append("\n".join(["@register_jitable", "def beyond(w):", *loop(*again)]))
    body.append(f"far |= 0 if {near} else 1")
    lines = ["def rhs(w):", "    far = 0", *loop(*body), "    if far:", "        beyond(w)"]
    return "\n\n".join([*head, "\n".join(lines)]) + "\n"
