"""Polynomials: read from equations as text, multiplied out, and their monomials as a library.

p(x) = sum_k c_k x_1^k1 x_2^k2 ...,  kept as {(k1, k2, ...): c_k}
"""

import ast
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Polynomial = dict[tuple[int, ...], float]
HIGHEST = 12  # powers beyond are taken for a mistake
CONSTANTS = {"pi": math.pi}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "arctan": math.atan, "sinh": math.sinh,
    "cosh": math.cosh, "tanh": math.tanh, "exp": math.exp, "log": math.log, "sqrt": math.sqrt,
    "abs": abs, "floor": math.floor, "max": max, "min": min,
    "sign": lambda a: float((a > 0) - (a < 0)), "step": lambda a: float(a > 0),
}  # fmt: skip


class NotPolynomial(ValueError):
    """An equation that is no polynomial in its variables; the message names the part."""


def _constant(p: Polynomial) -> float | None:
    """Return the value of a polynomial without variables, None of another."""
    if not p:
        return 0.0
    (powers, value), *rest = p.items()
    return value if not rest and not any(powers) else None


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for (p, u), (q, v) in itertools.product(a.items(), b.items()):
        powers = tuple(i + j for i, j in zip(p, q, strict=True))
        found[powers] = found.get(powers, 0.0) + u * v
    return found


class _Reader:
    """Turns a syntax tree into a polynomial; only the nodes named here are let in."""

    def __init__(self, text: str, variables: Sequence[str], values: Mapping[str, float]) -> None:
        self.text, self.variables, self.values = text, variables, values

    def refuse(self, node: ast.AST) -> NotPolynomial:
        part = ast.get_source_segment(self.text, node) or self.text
        return NotPolynomial(f"'{part}' is no polynomial in {', '.join(self.variables)}")

    def number(self, value: float) -> Polynomial:
        return {(0,) * len(self.variables): float(value)}

    def read(self, node: ast.AST) -> Polynomial:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.number(value)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return {powers: -value for powers, value in self.read(inner).items()}
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.read(inner)
            case ast.BinOp():
                return self.operation(node)
            case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]):
                return self.call(node, name, inner)
        raise ValueError(f"'{self.text}': only numbers, names, + - * / ** and functions may be")

    def name(self, node: ast.AST, name: str) -> Polynomial:
        if name in self.variables:
            return {tuple(int(v == name) for v in self.variables): 1.0}
        if name in self.values or name in CONSTANTS:
            return self.number(self.values.get(name, CONSTANTS.get(name, 0.0)))
        if name == "t":
            raise self.refuse(node)
        raise ValueError(f"'{self.text}': no variable or parameter '{name}'")

    def operation(self, node: ast.BinOp) -> Polynomial:
        a, b = self.read(node.left), self.read(node.right)
        match node.op:
            case ast.Add() | ast.Sub():
                sign = 1 if isinstance(node.op, ast.Add) else -1
                return {k: a.get(k, 0.0) + sign * b.get(k, 0.0) for k in {**a, **b}}
            case ast.Mult():
                return _times(a, b)
            case ast.Div():
                below = _constant(b)
                if below is None or below == 0:
                    raise self.refuse(node)
                return {powers: value / below for powers, value in a.items()}
            case ast.Pow():
                return self.power(node, a, _constant(b))
        raise ValueError(f"'{self.text}': only + - * / ** may be")

    def power(self, node: ast.AST, base: Polynomial, order: float | None) -> Polynomial:
        value = _constant(base)
        if order is not None and value is not None:
            return self.number(value**order)
        if order is None or order < 0 or order != int(order) or order > HIGHEST:
            raise self.refuse(node)
        found = self.number(1.0)
        for _ in range(int(order)):
            found = _times(found, base)
        return found

    def call(self, node: ast.AST, name: str, inner: Sequence[ast.expr]) -> Polynomial:
        if name not in FUNCTIONS:
            raise ValueError(f"'{self.text}': no function '{name}'")
        arguments = [_constant(self.read(each)) for each in inner]
        if None in arguments:
            raise self.refuse(node)
        return self.number(FUNCTIONS[name](*arguments))


def expand(text: str, variables: Sequence[str], values: Mapping[str, float]) -> Polynomial:
    """Return an equation's right-hand side multiplied out; terms that cancel are left out.

    text       numbers, names, + - * / **, functions of constants; never evaluated as Python
    variables  names of the components, in the order of the powers
    values     parameters by name

    Raises NotPolynomial, a ValueError, that quotes the part; ValueError for a text that is neither.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(f"'{text}': is no expression") from None
    found = _Reader(text, variables, values).read(tree)
    return {powers: value for powers, value in found.items() if value != 0}


def degree(polynomial: Polynomial) -> int:
    """Return the highest total power of a polynomial."""
    return max((sum(powers) for powers in polynomial), default=0)


def monomials(components: int, highest: int) -> list[tuple[int, ...]]:
    """Return the powers of all monomials up to a degree, the constant first, by rising degree."""
    found = []
    for total in range(highest + 1):
        for chosen in itertools.combinations_with_replacement(range(components), total):
            found.append(tuple(chosen.count(i) for i in range(components)))
    return found


def evaluate(terms: Sequence[tuple[int, ...]], x: np.ndarray) -> np.ndarray:
    """Return the monomials (..., p) at points (..., d)."""
    found = np.ones((*x.shape[:-1], len(terms)))
    for k, powers in enumerate(terms):
        for i, power in enumerate(powers):
            if power:
                found[..., k] *= x[..., i] ** power
    return found


def written(powers: Sequence[int], variables: Sequence[str]) -> str:
    """Return a monomial as text: 1, x, x*y**2."""
    parts = [
        name if power == 1 else f"{name}**{power}"
        for name, power in zip(variables, powers, strict=True)
        if power
    ]
    return "*".join(parts) or "1"
