# mypy: disallow-untyped-defs=False
"""Numbers side by side that write their own machine code: one operation, one instruction.

A `Lanes` stands for L float64 in a register while Numba compiles; + - * / on it write LLVM's
instructions. A product that is added to something is fused with it, always and only where the text
says so, whatever L: the bits of a lane depend neither on its neighbours nor on their number.

Importing this module imports Numba.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_F8, _I8, _BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(1)


class Block:
    """Where instructions go: an array of float64 and how many lanes lie side by side in it."""

    def __init__(self, builder: Any, data: Any, lanes: int) -> None:
        self.builder, self.data, self.lanes = builder, data, lanes

    def wide(self, element: Any) -> Any:
        """Return the type of a register of elements."""
        return element if self.lanes == 1 else ir.VectorType(element, self.lanes)

    def constant(self, element: Any, value: Any) -> Any:
        """Return a constant in every lane."""
        each = [value] * self.lanes
        return ir.Constant(self.wide(element), value if self.lanes == 1 else each)

    def number(self, value: float) -> "Lanes":
        """Return a number in every lane."""
        return Lanes(self, self.constant(_F8, float(value)))

    def spread(self, scalar: Any) -> "Lanes":
        """Return a value known when the code runs, in every lane."""
        value = self.constant(_F8, 0.0) if self.lanes > 1 else scalar
        for lane in range(self.lanes if self.lanes > 1 else 0):
            value = self.builder.insert_element(value, scalar, ir.Constant(_I8, lane))
        return Lanes(self, value)

    def _place(self, at: Any) -> Any:
        index = ir.Constant(_I8, at) if isinstance(at, int) else at
        place = self.builder.gep(self.data, [index])
        return self.builder.bitcast(place, self.wide(_F8).as_pointer())

    def __getitem__(self, at: Any) -> "Lanes":
        """Return the lanes that lie at a place of the array and behind it."""
        return Lanes(self, self.builder.load(self._place(at), align=8))

    def __setitem__(self, at: Any, value: "Lanes | float") -> None:
        """Write lanes to a place of the array."""
        self.builder.store(self.of(value).value, self._place(at), align=8)

    def moved(self, at: int, component: Any) -> Any:
        """Return a place that lies some components behind another."""
        distance = self.builder.mul(component, ir.Constant(_I8, self.lanes))
        return self.builder.add(distance, ir.Constant(_I8, at))

    def one(self, number: int) -> "Lanes":
        """Return what each lane has one of."""
        return self[self.lanes * number]

    def keep(self, values: dict[int, "Lanes"]) -> None:
        """Write what each lane has one of."""
        for number, value in values.items():
            self[self.lanes * number] = value

    def repeat(self, times: int, write: Callable[[Any], None]) -> None:
        """Write a loop, whose body takes the number of the round."""
        with cgutils.for_range(self.builder, ir.Constant(_I8, times)) as loop:
            write(loop.index)

    def both(self, first: Any, second: Any) -> Any:
        """Return where two conditions hold."""
        return self.builder.and_(first, second)

    def either(self, first: Any, second: Any) -> Any:
        """Return where one of two conditions holds."""
        return self.builder.or_(first, second)

    def of(self, value: "Lanes | float") -> "Lanes":
        """Return what is already a register, or a number in every lane."""
        return value if isinstance(value, Lanes) else self.number(value)

    def call(self, name: str, *given: "Lanes") -> "Lanes":
        """Return an LLVM function of registers: fma, floor, fabs, sqrt, maxnum."""
        wide = self.wide(_F8)
        suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
        kind = ir.FunctionType(wide, [wide] * len(given))
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.{name}.{suffix}"
        )
        return Lanes(self, self.builder.call(function, [each.value for each in given]))

    def library(self, name: str, *given: "Lanes") -> "Lanes":
        """Return a function of the library of mathematics, lane by lane."""
        kind = ir.FunctionType(_F8, [_F8] * len(given))
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        if self.lanes == 1:
            return Lanes(self, self.builder.call(function, [each.value for each in given]))
        value = self.constant(_F8, 0.0)
        for lane in range(self.lanes):
            where = ir.Constant(_I8, lane)
            parts = [self.builder.extract_element(each.value, where) for each in given]
            value = self.builder.insert_element(value, self.builder.call(function, parts), where)
        return Lanes(self, value)

    def some(self, mask: Any) -> Any:
        """Return whether a condition holds in some lane."""
        if self.lanes == 1:
            return mask
        joined = self.builder.bitcast(mask, ir.IntType(self.lanes))
        return self.builder.icmp_unsigned("!=", joined, ir.Constant(joined.type, 0))

    def unless(self, near: Any, value: "Lanes", other: Callable[[], "Lanes"]) -> "Lanes":
        """Return `value` where `near` holds, else `other()`, computed only if it is needed."""
        before = self.builder.block
        far = self.some(self.builder.not_(near))
        with self.builder.if_then(far, likely=False):
            mended = where(near, value, other()).value
            last = self.builder.block
        joined = self.builder.phi(value.value.type)
        joined.add_incoming(value.value, before)
        joined.add_incoming(mended, last)
        return Lanes(self, joined)


class Lanes:
    """L numbers in a register; of a product, its factors."""

    def __init__(self, block: Block, value: Any, factors: tuple[Any, Any] | None = None) -> None:
        self.block, self.value, self.factors = block, value, factors

    def _with(self, write: str, other: "Lanes | float") -> "Lanes":
        instruction = getattr(self.block.builder, write)
        return Lanes(self.block, instruction(self.value, self.block.of(other).value))

    def __add__(self, other: "Lanes | float") -> "Lanes":
        other = self.block.of(other)
        if self.factors:
            return fused(*self.factors, other)
        return fused(*other.factors, self) if other.factors else self._with("fadd", other)

    def __sub__(self, other: "Lanes | float") -> "Lanes":
        other = self.block.of(other)
        if other.factors:
            return fused(-other.factors[0], other.factors[1], self)
        return fused(*self.factors, -other) if self.factors else self._with("fsub", other)

    def __mul__(self, other: "Lanes | float") -> "Lanes":
        other = self.block.of(other)
        return Lanes(self.block, self._with("fmul", other).value, (self, other))

    def __truediv__(self, other: "Lanes | float") -> "Lanes":
        return self._with("fdiv", other)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: float) -> "Lanes":
        return self.block.of(other) - self

    def __rtruediv__(self, other: float) -> "Lanes":
        return self.block.of(other) / self

    def __neg__(self) -> "Lanes":
        return Lanes(self.block, self.block.builder.fneg(self.value))

    def __abs__(self) -> "Lanes":
        return self.block.call("fabs", self)

    def __pow__(self, exponent: int) -> "Lanes":
        """Return a whole power, by squares."""
        if exponent < 0:
            return 1.0 / self**-exponent
        found, square = None, self
        while exponent:
            if exponent & 1:
                found = square if found is None else found * square
            exponent >>= 1
            square = square * square if exponent else square
        return self.block.number(1.0) if found is None else found

    def _compare(self, how: str, other: "Lanes | float") -> Any:
        return self.block.builder.fcmp_ordered(how, self.value, self.block.of(other).value)

    def __lt__(self, other: "Lanes | float") -> Any:
        return self._compare("<", other)

    def __le__(self, other: "Lanes | float") -> Any:
        return self._compare("<=", other)

    def __gt__(self, other: "Lanes | float") -> Any:
        return self._compare(">", other)

    def __ge__(self, other: "Lanes | float") -> Any:
        return self._compare(">=", other)

    def same(self, other: "Lanes | float") -> Any:
        """Return where two are equal."""
        return self._compare("==", other)

    def rounded(self) -> "Lanes":
        """Return a product that is not fused with what it is added to."""
        return Lanes(self.block, self.value)

    def bits(self) -> Any:
        """Return the bits as integers of 64."""
        return self.block.builder.bitcast(self.value, self.block.wide(_I8))

    def has(self, bit: int, integers: Any) -> Any:
        """Return where integers have a bit."""
        constant = self.block.constant(_I8, 1 << bit)
        masked = self.block.builder.and_(integers, constant)
        return self.block.builder.icmp_unsigned("!=", masked, self.block.constant(_I8, 0))


class Cell:
    """A sum that a loop adds to."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.place = cgutils.alloca_once(block.builder, block.wide(_F8))
        block.builder.store(block.constant(_F8, 0.0), self.place)

    def add(self, value: Lanes) -> None:
        """Add to it."""
        self.block.builder.store((value + self.value()).value, self.place)

    def value(self) -> Lanes:
        """Return what it holds now."""
        return Lanes(self.block, self.block.builder.load(self.place))


def fused(a: Lanes, b: Lanes, c: Lanes | float) -> Lanes:
    """Return a b + c, rounded once."""
    return a.block.call("fma", a, b, a.block.of(c))


def where(mask: Any, a: Lanes | float, b: Lanes | float) -> Lanes:
    """Return a where a condition holds, else b."""
    block = next(each.block for each in (a, b) if isinstance(each, Lanes))
    return Lanes(block, block.builder.select(mask, block.of(a).value, block.of(b).value))


def emitted(write: Callable[..., Any], lanes: int, scalars: int = 0) -> Any:
    """Return what `write(block, *scalars)` writes as a function for Numba, of an array and scalars.

    It returns a bit for each condition that `write` returns, set if it holds in some lane.
    """
    signature = types.int64(types.float64[::1], *[types.float64] * scalars)

    def codegen(context, builder, signature, given):
        array = context.make_array(signature.args[0])(context, builder, given[0])
        block = Block(builder, array.data, lanes)
        told = ir.Constant(_I8, 0)
        for number, mask in enumerate(write(block, *map(block.spread, given[1:])) or ()):
            bit = builder.zext(block.some(mask), _I8)
            told = builder.or_(told, builder.shl(bit, ir.Constant(_I8, number)))
        return told

    names = ", ".join(["w", *(f"s{i}" for i in range(scalars))])
    made: dict[str, Any] = {"signature": signature, "codegen": codegen}
    exec(f"def write(typing, {names}):\n    return signature, codegen", made)
    return intrinsic(made["write"])
