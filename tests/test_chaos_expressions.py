"""Expressions: what the grammar lets in, their derivatives, and the code made of them."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from sims.chaos import expressions
from sims.chaos.expressions import DEEPEST, differentiate, evaluate, latex, parse, python

NAMES = ("x", "y", "a")
POINT = {"x": 0.7, "y": -1.3, "a": 2.1}
HELPERS = {
    "math": math,
    "_sign": lambda a: float(a > 0) - float(a < 0),
    "_step": lambda a: 1.0 if a > 0 else 0.0,
    "_under": lambda a, b: 1.0 if a <= b else 0.0,
}
SMOOTH = [
    "3*x**2*y - a/x",
    "sin(x*y) + cos(a*x) - tan(x/3)",
    "exp(-x**2)*sinh(y) + cosh(x) - tanh(a*x)",
    "log(x + 2)*sqrt(x + y**2) + arctan(x*y)",
    "x**a + a**x + (x + 2)**1.25",
    "-x**-2 + 2*pi*x/(1 + y**2)**3",
    "-(x - (y - (a - x)))",
]
CORNERED = [
    "abs(x) + abs(y)*x",
    "min(x, y, a)*x + max(x, y)*y",
    "step(x)*x**2 + step(y)*x + sign(y)*x*y",
    "max(x*y, -a) + min(-x, y*x) + floor(3*x)*x",
]


def by_complex_step(text, name):
    """Return the derivative to rounding: Im f(x + i h)/h has no difference to cancel."""
    tree = parse(text, NAMES, "test")
    moved = {**POINT, name: POINT[name] + 1e-30j}
    return complex(evaluate(tree, moved, np)).imag / 1e-30


@pytest.mark.parametrize("text", SMOOTH + CORNERED)
@pytest.mark.parametrize("name", ["x", "y"])
def test_derivatives_are_those_of_a_complex_step(text, name):
    tree = differentiate(parse(text, NAMES, "test"), name)
    assert float(evaluate(tree, POINT, np)) == pytest.approx(by_complex_step(text, name), rel=1e-13)


@pytest.mark.parametrize("text", SMOOTH + CORNERED)
def test_written_python_is_the_array_twin(text):
    for tree in (parse(text, NAMES, "t"), differentiate(parse(text, NAMES, "t"), "x")):
        written = eval(python(tree, {"x": "v0"}), {**HELPERS, "v0": POINT["x"], **POINT})
        assert written == pytest.approx(float(evaluate(tree, POINT, np)), rel=1e-14)
        assert latex(tree)


numbers = st.floats(-3, 3).map(lambda v: round(v, 2))
leaves = st.one_of(numbers.map(lambda v: f"({v!r})"), st.sampled_from(NAMES))
operators = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@given(st.recursive(leaves, lambda inner: st.tuples(
    inner, st.sampled_from(sorted(operators)), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=12))  # fmt: skip
@settings(deadline=None, max_examples=100)
def test_polynomials_keep_their_value_and_their_derivative(text):
    tree = parse(text, NAMES, "test")
    plain = eval(text, {}, POINT)
    # every simplification is exact but for the order of sums: rounding of 12 terms up to 3^12
    assert float(evaluate(tree, POINT, np)) == pytest.approx(plain, rel=1e-12, abs=1e-9)
    slope = evaluate(differentiate(tree, "x"), POINT, np)
    assert float(slope) == pytest.approx(by_complex_step(text, "x"), rel=1e-12, abs=1e-9)


def test_what_does_not_depend_on_a_name_has_no_derivative():
    tree = parse("a*y + sin(a)**y - step(x)", NAMES, "test")
    assert differentiate(tree, "x") == expressions.ZERO
    assert expressions.uses(tree) == {"a", "y", "x"}


def test_arrays_are_taken_element_by_element():
    x = np.linspace(-2, 2, 9).reshape(3, 3)
    found = evaluate(parse("max(abs(x), step(x)*2) - x**2", NAMES, "t"), {"x": x}, np)
    assert (found == np.maximum(np.abs(x), (x > 0) * 2.0) - x**2).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x + zz", "column 5 of 'x + zz': unknown name 'zz'"),
        ("sine(x)", "column 1 of 'sine(x)': no function 'sine'; did you mean 'sin'?"),
        ("__import__('os')", "no function '__import__'"),
        ("x.real", "column 1 of 'x.real': Attribute is not in the grammar"),
        ("x[0]", "Subscript is not in the grammar"),
        ("(lambda: x)()", "Call is not in the grammar"),
        ("x if y else a", "IfExp is not in the grammar"),
        ("'x'", "Constant is not in the grammar"),
        ("True", "Constant is not in the grammar"),
        ("x @ y", "BinOp is not in the grammar"),
        ("sin(x, y)", "sin takes 1, got 2"),
        ("max(x)", "max takes 2, got 1"),
        ("sin(x=1)", "Call is not in the grammar"),
        ("under(x, y)", "no function 'under'"),
        ("x +", "invalid syntax"),
        ("   x + zz", "column 8 of '   x + zz': unknown name 'zz'"),
        ("x\n + zz", "column 6 of 'x  + zz': unknown name 'zz'"),
        ("x^2", "^ is not in the grammar; a power is **"),
        ("x + 1e999", "column 5 of 'x + 1e999': is too large a number"),
        ("x + 1" + "0" * 400, "is too large a number"),
        ("x + 1e200*1e200", "column 5 of 'x + 1e200*1e200': is too large a number"),
        ("x + \0", "null bytes"),
        ("-" * 3000 + "x", "nests more than 60 deep"),
        ("+".join(["x"] * 3000), "nests more than 60 deep"),
        ("+".join(["x"] * 61), "nests more than 60 deep"),
        ("(" * 300 + "x" + ")" * 300, "too many nested parentheses"),
        ("", "invalid syntax"),
    ],
)
def test_nothing_else_is_let_in(text, message):
    with pytest.raises(ConfigError) as problem:
        parse(text, NAMES, "mine.toml: Mine.equations[0]", DEEPEST)
    assert str(problem.value).startswith("mine.toml: Mine.equations[0]: column")
    assert message in str(problem.value)
