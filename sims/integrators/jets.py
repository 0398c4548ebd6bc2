"""Taylor coefficients of expressions in time, order by order, as instructions of `vectors`.

    (a b)_k = sum_j a_j b_{k-j},   k exp(a)_k = sum_j j a_j exp(a)_{k-j},   and so on

A `Jet` knows how to find its coefficient of one order from those of its arguments up to it, and
from its own below it. A coefficient that is zero whatever the state is None, and costs nothing. The
same operation on the same jets gives the same jet: nothing is computed twice.

Griewank & Walther (2008) Evaluating Derivatives, 2nd ed., Sec. 13.2; Jorba & Zou (2005) Exp. Math.
14, 99. Importing this module imports Numba.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sims.integrators import elementary
from sims.integrators.vectors import Block, Lanes

Term = Lanes | None


def _sum(terms: Sequence[tuple[Term, Term]], start: Term = None) -> Term:
    """Return start plus the sum of products, without those that are zero, from the first on."""
    found = start
    for a, b in terms:
        if a is not None and b is not None:
            found = a * b if found is None else found + a * b
    return found


def _scaled(a: Term, factor: float) -> Term:
    return None if a is None else a * factor


def _minus(a: Term, b: Term) -> Term:
    if b is None:
        return a
    return -b if a is None else a - b


def _convolution(a: "Jet", b: "Jet", k: int, first: int = 0, last: int = 0) -> Term:
    """Return sum_j a_j b_{k-j}, j from `first` to k - last, what is known last at the end."""
    inner_first = sorted(range(first, k - last + 1), key=lambda j: -min(j, k - j))
    return _sum([(a.term(j), b.term(k - j)) for j in inner_first])


def _square(a: "Jet", k: int, first: int = 0) -> Term:
    """Return sum_j a_j a_{k-j}, j from `first` to k - first: twice the half of it."""
    half = [(a.term(j), a.term(k - j)) for j in range((k - 1) // 2, first - 1, -1)]
    found = _scaled(_sum(half), 2.0)
    middle = a.term(k // 2) if k % 2 == 0 and k // 2 >= first else None
    return _sum([(middle, middle)], found)


class Jet:
    """The Taylor coefficients of one expression, found when they are asked for."""

    def __init__(self, jets: "Jets", find: Callable[["Jet", int], Term]) -> None:
        self.jets, self.find = jets, find
        self.terms: list[Term] = []
        jets.all.append(self)  # alive, so that no other is taken for it

    def term(self, k: int) -> Term:
        """Return the coefficient of order k."""
        while len(self.terms) <= k:
            self.terms.append(None)  # in its place while it is found
            self.terms[-1] = self.find(self, len(self.terms) - 1)
        return self.terms[k]

    def slope(self, k: int) -> Term:
        """Return k times the coefficient of order k."""
        return self.jets.slope(self).term(k)

    def __add__(self, other: "Jet | float") -> "Jet":
        return self.jets.binary("+", self, self.jets.of(other))

    def __sub__(self, other: "Jet | float") -> "Jet":
        return self.jets.binary("-", self, self.jets.of(other))

    def __mul__(self, other: "Jet | float") -> "Jet":
        return self.jets.binary("*", self, self.jets.of(other))

    def __truediv__(self, other: "Jet | float") -> "Jet":
        return self.jets.binary("/", self, self.jets.of(other))

    def __pow__(self, exponent: int) -> "Jet":
        """Return a whole power, by squares."""
        if exponent < 0:
            return self.jets.of(1.0) / self**-exponent
        if exponent < 2:
            return self if exponent else self.jets.of(1.0)
        half = self ** (exponent // 2)
        return half * half * self if exponent % 2 else half * half


def _binary(what: str, a: Jet, b: Jet) -> Callable[[Jet, int], Term]:
    """Return how a sum, difference, product or quotient is found."""

    def sums(own: Jet, k: int) -> Term:
        x, y = a.term(k), b.term(k)
        if what == "-":
            return _minus(x, y)
        return y if x is None else x if y is None else x + y

    def product(own: Jet, k: int) -> Term:
        return _square(a, k) if a is b else _convolution(a, b, k)

    def quotient(own: Jet, k: int) -> Term:
        found = _minus(a.term(k), _convolution(b, own, k, first=1))
        return None if found is None else found * own.jets.inverse(b)

    return {"*": product, "/": quotient}.get(what, sums)


class Jets:
    """Jets over one block of lanes: numbers, names and functions, each made once."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.all: list[Jet] = []
        self._made: dict[Any, Jet] = {}
        self._inverses: dict[int, Lanes] = {}

    def made(self, key: Any, find: Callable[[Jet, int], Term]) -> Jet:
        """Return the jet of a key, found as given if it is new."""
        if key not in self._made:
            self._made[key] = Jet(self, find)
        return self._made[key]

    def of(self, value: "Jet | float") -> Jet:
        """Return what is already a jet, or a number as one."""
        if isinstance(value, Jet):
            return value
        number = self.block.number(value)
        return self.made(float(value), lambda own, k: None if k else number)

    def constant(self, value: Lanes) -> Jet:
        """Return what does not change with time."""
        return Jet(self, lambda own, k: None if k else value)

    def time(self, value: Lanes) -> Jet:
        """Return the time."""
        one = self.block.number(1.0)
        return Jet(self, lambda own, k: (value, one)[k] if k < 2 else None)

    def binary(self, what: str, a: Jet, b: Jet) -> Jet:
        """Return a + b, a - b, a b or a/b."""
        return self.made((what, id(a), id(b)), _binary(what, a, b))

    def inverse(self, b: Jet) -> Lanes:
        """Return one over a jet's value."""
        if id(b) not in self._inverses:
            value = b.term(0)
            self._inverses[id(b)] = 1.0 / (self.block.number(0.0) if value is None else value)
        return self._inverses[id(b)]

    def slope(self, a: Jet) -> Jet:
        """Return the jet whose coefficients are k a_k."""
        return self.made(("slope", id(a)), lambda own, k: _scaled(a.term(k), float(k)))

    def function(self, what: str, a: Jet, rule: Callable[[Jet, int], Term]) -> Jet:
        """Return a function of one argument by its value, and a rule for orders from 1 on."""

        def find(own: Jet, k: int) -> Term:
            if k:
                return rule(own, k)
            value = a.term(0)
            value = self.block.number(0.0) if value is None else value
            found: Lanes = getattr(elementary, what)(value)
            return found

        return self.made((what, id(a)), find)

    def led(self, what: str, a: Jet, factor: Callable[[Jet], Jet], sign: float = 1.0) -> Jet:
        """Return a function of a whose derivative is +- factor(own) da/dt."""

        def rule(own: Jet, k: int) -> Term:
            slope = self.slope(a)
            return _scaled(_convolution(slope, factor(own), k, first=1), sign / k)

        return self.function(what, a, rule)

    # The functions of the grammar, by their names there.

    def exp(self, a: Jet) -> Jet:
        """Return the exponential."""
        return self.led("exp", a, lambda own: own)

    def sin(self, a: Jet) -> Jet:
        """Return the sine."""
        return self.led("sin", a, lambda own: self.cos(a))

    def cos(self, a: Jet) -> Jet:
        """Return the cosine."""
        return self.led("cos", a, lambda own: self.sin(a), -1.0)

    def sinh(self, a: Jet) -> Jet:
        """Return the hyperbolic sine."""
        return self.led("sinh", a, lambda own: self.cosh(a))

    def cosh(self, a: Jet) -> Jet:
        """Return the hyperbolic cosine."""
        return self.led("cosh", a, lambda own: self.sinh(a))

    def tan(self, a: Jet) -> Jet:
        """Return the tangent."""
        return self.led("tan", a, lambda own: self.of(1.0) + own * own)

    def tanh(self, a: Jet) -> Jet:
        """Return the hyperbolic tangent."""
        return self.led("tanh", a, lambda own: self.of(1.0) - own * own)

    def arctan(self, a: Jet) -> Jet:
        """Return the arc tangent."""
        return self.led("arctan", a, lambda own: self.of(1.0) / (self.of(1.0) + a * a))

    def log(self, a: Jet) -> Jet:
        """Return the natural logarithm."""
        return self.led("log", a, lambda own: self.of(1.0) / a)

    def sqrt(self, a: Jet) -> Jet:
        """Return the square root: s s = a."""

        def rule(own: Jet, k: int) -> Term:
            found = _minus(a.term(k), _square(own, k, first=1))
            return None if found is None else found * 0.5 * self.inverse(own)

        return self.function("sqrt", a, rule)

    def power(self, a: Jet, b: Jet) -> Jet:
        """Return a to the power b: its derivative is itself times that of b log a."""
        if any(b.term(k) is not None for k in range(1, 3)):
            return self.exp(b * self.log(a))

        def find(own: Jet, k: int) -> Term:
            base, exponent = (self.block.number(0.0) if x is None else x
                              for x in (a.term(0), b.term(0)))  # fmt: skip
            if k == 0:
                return elementary.power(base, exponent)
            terms = []
            for j in range(1, k + 1):
                weight = exponent * float(j) - float(k - j)
                part = a.term(j)
                terms.append((None if part is None else part * weight, own.term(k - j)))
            found = _sum(terms)
            return None if found is None else found * self.inverse(a) * (1.0 / k)

        return self.made(("power", id(a), id(b)), find)
