"""From a delay system's trees to compiled right-hand sides, and those of its tangent vectors.

dx/dt = f(x, x_tau);  dQ/dt = df/dx Q + df/dx_tau Q_tau

They are called as those of flows are; the delayed states lie in `work`, behind the parameters.
"""

from types import ModuleType
from typing import Any

from sims.chaos import generate
from sims.chaos.expressions import ZERO, python
from sims.chaos.system import TIME, System
from sims.integrators.written import module


def offset(system: System) -> int:
    """Return where in `work` the delayed states begin."""
    return len(system.parameters) + 1


def _names(system: System) -> dict[str, str]:
    names = {name: f"v{i}" for i, name in enumerate(system.variables)}
    names |= {name: f"p{i}" for i, name in enumerate(system.parameters)}
    names |= {name: f"w{i}" for i, name in enumerate(system.delayed)}
    return names | {TIME: "t"}


def _loads(system: System) -> list[str]:
    d, first = system.dimension, offset(system)
    lines = ["    n = y.size"]
    lines += [f"    v{i} = y[{i}]" for i in range(d)]
    lines += [f"    p{i} = work[{i}]" for i in range(len(system.parameters))]
    for i in range(len(system.delayed)):
        lines.append(f"    w{i} = work[{first} + {i // d}*n + {i % d}]")
    return lines


def _rates(system: System, names: dict[str, str]) -> list[str]:
    return [f"    out[{i}] = {python(rate, names)}" for i, rate in enumerate(system.rates)]


def _tangents(system: System, names: dict[str, str]) -> list[str]:
    """Return lines for the m columns of Q, (d, m) behind the state row by row, now and then."""
    d, first = system.dimension, offset(system)
    lines = [f"    m = n // {d} - 1"]
    for i in range(d):
        terms = []
        for j, part in enumerate(system.jacobian[i]):
            if part != ZERO:
                lines.append(f"    j{i}_{j} = {python(part, names)}")
                terms.append(f"j{i}_{j} * y[{d} + {j}*m + c]")
        for j, part in enumerate(system.delayed_jacobian[i]):
            if part != ZERO:
                lines.append(f"    l{i}_{j} = {python(part, names)}")
                where = f"{first} + {j // d}*n + {d} + {j % d}*m + c"
                terms.append(f"l{i}_{j} * work[{where}]")
        lines.append("    for c in range(m):")
        lines.append(f"        out[{d} + {i}*m + c] = {' + '.join(terms) or '0.0'}")
    return lines


def source(system: System) -> str:
    """Return a module with `rhs` and `tangent`, plain Python that Numba compiles."""
    names = _names(system)
    loads, rates = _loads(system), _rates(system, names)
    signature = "(stage, t, h, y, out, work):"
    parts = [
        generate.HEAD.format(name=system.name),
        "\n".join([f"def rhs{signature}", *loads, *rates]),
        "\n".join([f"def tangent{signature}", *loads, *rates, *_tangents(system, names)]),
    ]
    return "\n\n".join(parts) + "\n"


def written(system: System) -> ModuleType:
    """Return the system's module, its functions not compiled."""
    return module(source(system), system.name)


def compiled(system: System, name: str = "rhs") -> Any:
    """Return `rhs` or `tangent` compiled."""
    return generate._compiled(written(system), name)
