"""From a system's trees to compiled right-hand sides, kept on disk by the text that they came from.

dy/dt = f(y);  dQ/dt = J(y) Q  for the tangent vectors, the columns of Q (d, d);  ds/dt = tr J(y)
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from sims.chaos import lane_code
from sims.chaos.expressions import Node, python
from sims.chaos.system import TIME, System
from sims.integrators.written import folder, module

__all__ = ["compiled", "compiled_lanes", "folder", "source", "source_of_lanes", "work", "written"]

HEAD = '''"""Made from the equations of {name}; its name holds their hash."""

import math

from numba.extending import register_jitable


@register_jitable
def _sign(a):
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else 0.0


@register_jitable
def _step(a):
    return 1.0 if a > 0.0 else 0.0


@register_jitable
def _under(a, b):
    return 1.0 if a <= b else 0.0
'''


def _names(system: System) -> dict[str, str]:
    """Return the names of the written code: v0, v1, .. and p0, p1, .., which clash with nothing."""
    names = {name: f"v{i}" for i, name in enumerate(system.variables)}
    names |= {name: f"p{i}" for i, name in enumerate(system.parameters)}
    return names | {TIME: "t"}


def _loads(system: System) -> list[str]:
    lines = [f"    v{i} = y[{i}]" for i in range(system.dimension)]
    return lines + [f"    p{i} = work[{i}]" for i in range(len(system.parameters))]


def _rates(system: System, names: dict[str, str]) -> list[str]:
    return [f"    out[{i}] = {python(rate, names)}" for i, rate in enumerate(system.rates)]


def _tangents(system: System, names: dict[str, str]) -> list[str]:
    """Return lines that write J Q, Q being (d, d) behind the state, row by row, then tr J."""
    d, lines = system.dimension, []
    for i, row in enumerate(system.jacobian):
        terms: list[tuple[int, Node]] = [(j, part) for j, part in enumerate(row)]
        kept = [(j, part) for j, part in terms if python(part, names) != "0.0"]
        lines += [f"    j{i}_{j} = {python(part, names)}" for j, part in kept]
        lines.append(f"    for c in range({d}):")
        total = " + ".join(f"j{i}_{j} * y[{d + j * d} + c]" for j, _ in kept) or "0.0"
        lines.append(f"        out[{d + i * d} + c] = {total}")
    own = [f"j{i}_{i}" for i in range(d) if python(system.jacobian[i][i], names) != "0.0"]
    return [*lines, f"    out[{d + d * d}] = {' + '.join(own) or '0.0'}"]


def source(system: System) -> str:
    """Return a module with `rhs` and `tangent`, plain Python that Numba compiles."""
    names = _names(system)
    loads, rates = _loads(system), _rates(system, names)
    signature = "(stage, t, h, y, out, work):"
    parts = [
        HEAD.format(name=system.name),
        "\n".join([f"def rhs{signature}", *loads, *rates]),
        "\n".join([f"def tangent{signature}", *loads, *rates, *_tangents(system, names)]),
    ]
    return "\n\n".join(parts) + "\n"


def source_of_lanes(system: System, lanes: int) -> str:
    """Return a module with `rhs`, for `sims.integrators.lanes`."""
    return lane_code.source(system, _names(system), lanes)


_MODULES: dict[tuple[Any, ...], ModuleType] = {}  # by what the text is made of


def written(system: System) -> ModuleType:
    """Return the system's module, its functions not compiled; the text is written once."""
    key = (system.name, system.variables, system.equations, tuple(system.parameters))
    if key not in _MODULES:
        _MODULES[key] = module(source(system), system.name)
    return _MODULES[key]


@cache
def _compiled(module: ModuleType, name: str) -> Any:
    from sims.integrators.compiled import right_hand_side

    return right_hand_side(getattr(module, name))


def compiled(system: System, name: str = "rhs") -> Any:
    """Return `rhs` or `tangent` compiled, for `sims.integrators.compiled`."""
    return _compiled(written(system), name)


def work(system: System) -> np.ndarray:
    """Return the parameters as the compiled functions take them."""
    return np.array([*system.parameters.values(), 0.0], dtype=np.float64)


_LANES: dict[tuple[Any, ...], Any] = {}  # by what the text is made of, which takes longer to write


def compiled_lanes(system: System, lanes: int) -> Any:
    """Return the right-hand side compiled for states side by side."""
    from sims.integrators.lanes import right_hand_side

    key = (system.name, system.variables, system.equations, tuple(system.parameters), lanes)
    if key not in _LANES:
        found = module(source_of_lanes(system, lanes), f"{system.name}_{lanes}")
        _LANES[key] = right_hand_side(found.rhs)
    return _LANES[key]


_METHODS: dict[tuple[Any, ...], Any] = {}


def taylor(system: System, rtol: float, lanes: int) -> Any:
    """Return Taylor's method compiled for a system, of the order that a tolerance asks for."""
    from sims.integrators import lanes as integrator
    from sims.integrators.taylor import order

    p = order(rtol)
    key = (system.name, system.variables, system.equations, tuple(system.parameters), lanes, p)
    if key not in _METHODS:
        text = lane_code.source_of_taylor(system, _names(system), p, lanes)
        name = f"{system.name}_taylor_{p}_{lanes}"
        _METHODS[key] = integrator.taylor_method(text, name, system.dimension, p, lanes)
    return _METHODS[key]
