"""Expressions of the catalogue: parsed by a whitelist, differentiated, written as Python or LaTeX.

    numbers, names, + - * / **, and the functions of FUNCTIONS; nothing else is let in

The text is never evaluated: Python's parser makes a syntax tree of it, of which only these nodes
are taken over.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.registry import nearest

CONSTANTS = {"pi": math.pi}
DEEPEST = 60  # of a tree: derivatives are up to 3 times as deep, and Python reads 200 parentheses
SHOWN = 100  # characters of a text that a message shows


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """A variable, a parameter or the time t."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operator (+ - * / **) or a function, and what it is applied to."""

    what: str
    arguments: tuple["Node", ...]


Node = Number | Name | Call
ZERO, ONE = Number(0.0), Number(1.0)


def add(a: Node, b: Node) -> Node:
    """Return a + b."""
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(a.value + b.value)
    return Call("+", (a, b))


def subtract(a: Node, b: Node) -> Node:
    """Return a - b."""
    if b == ZERO:
        return a
    if a == ZERO:
        return multiply(Number(-1.0), b)
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(a.value - b.value)
    return Call("-", (a, b))


def multiply(a: Node, b: Node) -> Node:
    """Return a b."""
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    if b == ONE:
        return a
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(a.value * b.value)
    return Call("*", (a, b))


def divide(a: Node, b: Node) -> Node:
    """Return a / b."""
    if a == ZERO:
        return ZERO
    return a if b == ONE else Call("/", (a, b))


def power(a: Node, b: Node) -> Node:
    """Return a to the power b."""
    if b == ZERO:
        return ONE
    return a if b == ONE else Call("**", (a, b))


def call(what: str, *arguments: Node) -> Node:
    """Return a function of something."""
    return Call(what, arguments)


def _of(a: Node) -> Node:
    """Return the sign of a, which is 0 at 0."""
    return call("sign", a)


# Each function: how many arguments, and its partial derivatives. At a corner the derivative is that
# of one side.
FUNCTIONS: dict[str, tuple[int, Callable[..., tuple[Node, ...]]]] = {
    "sin": (1, lambda a: (call("cos", a),)),
    "cos": (1, lambda a: (multiply(Number(-1.0), call("sin", a)),)),
    "tan": (1, lambda a: (add(ONE, power(call("tan", a), Number(2.0))),)),
    "arctan": (1, lambda a: (divide(ONE, add(ONE, power(a, Number(2.0)))),)),
    "sinh": (1, lambda a: (call("cosh", a),)),
    "cosh": (1, lambda a: (call("sinh", a),)),
    "tanh": (1, lambda a: (subtract(ONE, power(call("tanh", a), Number(2.0))),)),
    "exp": (1, lambda a: (call("exp", a),)),
    "log": (1, lambda a: (divide(ONE, a),)),
    "sqrt": (1, lambda a: (divide(Number(0.5), call("sqrt", a)),)),
    "abs": (1, lambda a: (_of(a),)),
    "sign": (1, lambda a: (ZERO,)),
    "step": (1, lambda a: (ZERO,)),
    "floor": (1, lambda a: (ZERO,)),
    "min": (2, lambda a, b: (call("under", a, b), call("step", subtract(a, b)))),
    "max": (2, lambda a, b: (call("under", b, a), call("step", subtract(b, a)))),
    "under": (2, lambda a, b: (ZERO, ZERO)),
}
# step(a) is 1 for a > 0, else 0; under(a, b) is 1 for a <= b, else 0: between them, one of two.
HIDDEN = {"under"}
CORNERED = {"abs", "sign", "step", "floor", "min", "max", "under"}  # all others are analytic
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
MAKE = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}


def _refuse(text: str, column: int, reason: str, where: str) -> ConfigError:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return ConfigError(f"{where}: column {column} of '{shown}': {reason}")


def _syntax(text: str, where: str) -> ast.expr:
    """Return the tree that Python's parser makes of a text."""
    try:
        return ast.parse(text.lstrip(), mode="eval").body
    except SyntaxError as problem:
        column = (problem.offset or 1) + len(text) - len(text.lstrip())
        raise _refuse(text, column, problem.msg, where) from None
    except (RecursionError, MemoryError):
        raise _too_deep(text, where) from None
    except ValueError as problem:  # a zero byte
        raise _refuse(text, 1, str(problem), where) from None


def _too_deep(text: str, where: str) -> ConfigError:
    reason = f"nests more than {DEEPEST} deep; of a long sum, put parentheses around parts"
    return _refuse(text, 1, reason, where)


def depth(node: Node) -> int:
    """Return how deep a tree is: 1 for a name or a number."""
    if isinstance(node, Call):
        return 1 + max(depth(argument) for argument in node.arguments)
    return 1


def parse(text: str, names: Iterable[str], where: str, deepest: float = math.inf) -> Node:
    """Return the tree of an expression.

    names    that may occur, besides pi
    where    the place of the text, for messages
    deepest  that it may be; what is made of several expressions is deeper than DEEPEST

    Raises ConfigError that names the column for anything outside the grammar.
    """
    known = set(names)
    text = "".join(" " if letter.isspace() else letter for letter in text)  # of several lines
    blank = len(text) - len(text.lstrip())

    def refuse(node: ast.AST, reason: str) -> ConfigError:
        before = text.lstrip().encode()[: getattr(node, "col_offset", 0)]  # counted in bytes
        return _refuse(text, blank + len(before.decode()) + 1, reason, where)

    def finite(node: ast.AST, made: Node) -> Node:
        if isinstance(made, Number) and not math.isfinite(made.value):
            raise refuse(node, "is too large a number")
        return made

    def build(node: ast.AST) -> Node:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, int | float)
            and (not isinstance(node.value, bool))
        ):
            try:
                return finite(node, Number(float(node.value)))
            except OverflowError:
                raise refuse(node, "is too large a number") from None
        if isinstance(node, ast.Name):
            if node.id in CONSTANTS:
                return Number(CONSTANTS[node.id])
            if node.id not in known:
                hint = nearest(node.id, known | set(CONSTANTS))
                raise refuse(node, f"unknown name '{node.id}'{hint}")
            return Name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inner = build(node.operand)
            return inner if isinstance(node.op, ast.UAdd) else multiply(Number(-1.0), inner)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            make = MAKE[OPERATORS[type(node.op)]]
            return finite(node, make(build(node.left), build(node.right)))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise refuse(node, "^ is not in the grammar; a power is **")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return build_call(node, node.func.id)
        raise refuse(node, f"{type(node).__name__} is not in the grammar")

    def build_call(node: ast.Call, name: str) -> Node:
        if name not in FUNCTIONS or name in HIDDEN:
            hint = nearest(name, set(FUNCTIONS) - HIDDEN)
            raise refuse(node, f"no function '{name}'{hint}")
        arguments = [build(argument) for argument in node.args]
        needed = FUNCTIONS[name][0]
        if name in ("min", "max") and len(arguments) > 2:  # of several: one after another
            nested = arguments[0]
            for argument in arguments[1:]:
                nested = call(name, nested, argument)
            return nested
        if len(arguments) != needed:
            raise refuse(node, f"{name} takes {needed}, got {len(arguments)}")
        return call(name, *arguments)

    try:
        found = build(_syntax(text, where))
        if depth(found) <= deepest:
            return found
    except RecursionError:
        pass
    raise _too_deep(text, where)


def differentiate(node: Node, name: str) -> Node:
    """Return the partial derivative with respect to a name."""
    if isinstance(node, Number):
        return ZERO
    if isinstance(node, Name):
        return ONE if node.name == name else ZERO
    parts = [differentiate(argument, name) for argument in node.arguments]
    if all(part == ZERO for part in parts):
        return ZERO
    a = node.arguments
    if node.what == "+":
        return add(parts[0], parts[1])
    if node.what == "-":
        return subtract(parts[0], parts[1])
    if node.what == "*":
        return add(multiply(parts[0], a[1]), multiply(a[0], parts[1]))
    if node.what == "/":
        return subtract(
            divide(parts[0], a[1]), divide(multiply(a[0], parts[1]), power(a[1], Number(2.0)))
        )
    if node.what == "**":
        return _of_power(a[0], a[1], parts[0], parts[1])
    total: Node = ZERO
    for outer, inner in zip(FUNCTIONS[node.what][1](*a), parts, strict=True):
        total = add(total, multiply(outer, inner))
    return total


def _of_power(base: Node, exponent: Node, of_base: Node, of_exponent: Node) -> Node:
    first = multiply(multiply(exponent, power(base, subtract(exponent, ONE))), of_base)
    if of_exponent == ZERO:
        return first
    return add(first, multiply(multiply(power(base, exponent), call("log", base)), of_exponent))


def uses(node: Node) -> set[str]:
    """Return the names that occur."""
    if isinstance(node, Name):
        return {node.name}
    if isinstance(node, Number):
        return set()
    return set().union(*(uses(argument) for argument in node.arguments))


def functions(node: Node) -> set[str]:
    """Return the functions and operators that occur."""
    if not isinstance(node, Call):
        return set()
    return {node.what}.union(*(functions(argument) for argument in node.arguments))


def degree(node: Node, variables: Iterable[str]) -> int | None:
    """Return the degree of a polynomial in the variables, or None for what is none."""
    variables = set(variables)
    if not uses(node) & variables:
        return 0
    if isinstance(node, Name | Number):
        return 1
    parts = [degree(argument, variables) for argument in node.arguments]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if node.what in ("+", "-"):
        return max(known)
    if node.what == "*":
        return sum(known)
    if node.what == "/" and known[1] == 0:
        return known[0]
    exponent = node.arguments[-1]
    if node.what == "**" and isinstance(exponent, Number) and exponent.value % 1 == 0:
        return known[0] * int(exponent.value) if exponent.value > 0 else None
    return None


def evaluate(node: Node, values: Mapping[str, Any], xp: Any) -> Any:
    """Return the value for numbers or arrays of a library; complex ones follow the real part.

    A complex step through a corner thus takes the side on which the real part lies.
    """
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return values[node.name]
    a = [evaluate(argument, values, xp) for argument in node.arguments]
    if node.what in BINARY:
        return BINARY[node.what](*a)
    real = [xp.real(xp.asarray(v)) for v in a]
    if node.what == "abs":
        return xp.where(real[0] < 0, -a[0], a[0])
    if node.what == "sign":
        return xp.sign(real[0])
    if node.what == "step":
        return xp.where(real[0] > 0, 1.0, 0.0)
    if node.what == "under":
        return xp.where(real[0] <= real[1], 1.0, 0.0)
    if node.what == "floor":
        return xp.floor(real[0])
    if node.what in ("min", "max"):
        first = real[0] <= real[1] if node.what == "min" else real[0] >= real[1]
        return xp.where(first, a[0], a[1])
    return getattr(xp, node.what)(a[0])


SMALL_POWERS = 8  # whole powers up to this are written as products


def python(node: Node, names: dict[str, str]) -> str:
    """Return the expression as Python that Numba compiles, `names` replaced."""
    if isinstance(node, Number):
        return repr(node.value)
    if isinstance(node, Name):
        return names.get(node.name, node.name)
    text = [python(argument, names) for argument in node.arguments]
    if node.what == "**" and isinstance(node.arguments[1], Number):
        exponent = node.arguments[1].value
        if exponent.is_integer() and abs(exponent) <= SMALL_POWERS:
            return f"({text[0]})**{int(exponent)}"
        if exponent == 0.5:
            return f"math.sqrt({text[0]})"
    if node.what in MAKE:
        return f"({text[0]}{node.what}{text[1]})"
    if node.what in ("abs", "min", "max"):
        return f"{node.what}({', '.join(text)})"
    if node.what == "arctan":
        return f"math.atan({text[0]})"
    if node.what in ("sign", "step", "under"):
        return f"_{node.what}({', '.join(text)})"
    return f"math.{node.what}({', '.join(text)})"


def text(node: Node) -> str:
    """Return the expression in the grammar that `parse` reads; `under(a, b)` is 1 for a <= b."""
    if isinstance(node, Number):
        return repr(node.value)
    if isinstance(node, Name):
        return node.name
    parts = [text(argument) for argument in node.arguments]
    if node.what in MAKE:
        return f"({parts[0]} {node.what} {parts[1]})"
    return f"{node.what}({', '.join(parts)})"


def latex(node: Node) -> str:
    """Return the expression in LaTeX, names as they are."""
    if isinstance(node, Number):
        return f"{node.value:g}"
    if isinstance(node, Name):
        head, _, tail = node.name.partition("_")
        return f"{head}_{{{tail.replace('_', ',')}}}" if tail else head
    text = [latex(argument) for argument in node.arguments]
    if node.what == "/":
        return rf"\frac{{{text[0]}}}{{{text[1]}}}"
    if node.what == "**":
        return rf"\left({text[0]}\right)^{{{text[1]}}}"
    if node.what == "*":
        return " ".join(
            rf"\left({t}\right)" if _is_sum(a) else t
            for t, a in zip(text, node.arguments, strict=True)
        )
    if node.what == "+":
        return f"{text[0]} + {text[1]}"
    if node.what == "-":
        second = rf"\left({text[1]}\right)" if _is_sum(node.arguments[1]) else text[1]
        return f"{text[0]} - {second}"
    return rf"\operatorname{{{node.what}}}\left({', '.join(text)}\right)"


def _is_sum(node: Node) -> bool:
    return isinstance(node, Call) and node.what in ("+", "-")
