"""Flows that jump: each side of a surface g(x) = 0 is a smooth flow of its own.

    dx/dt = f+(x) for g > 0, f-(x) for g < 0
    delta x -> (1 + (f_after - f_before) grad g^T / (dg/dt before)) delta x  where x crosses g = 0
    dx/dt = (1 - a) f- + a f+,  a = g-' / (g-' - g+'),  g+-' = grad g . f+-,  where both push to it

Where an equation holds sign(g) or step(g), the g is a switching function. In the smooth flow a
parameter stands in its place, so that steps of any order may be taken right up to the surface.
There the crossing is located, tangent vectors jump, and the flow goes on with the other value.

Filippov (1988) Differential Equations with Discontinuous Righthand Sides, Sec. 4; Aizerman &
Gantmakher (1958) Q. J. Mech. Appl. Math. 11, 225; Leine & Nijmeijer (2004) Dynamics and
Bifurcations of Non-Smooth Mechanical Systems, Ch. 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from core.errors import NumericsError
from sims.chaos import expressions, generate
from sims.chaos.expressions import Call, Name, Node, Number
from sims.chaos.system import TIME, System
from sims.integrators import lanes

SIDES = {"sign": (-1.0, 1.0), "step": (0.0, 1.0)}  # their values below and above the surface


@dataclass(frozen=True)
class Switch:
    """A surface.

    function  g, as a tree
    names     of the parameters that stand for a function of g, and their values on either side
    """

    function: Node
    names: tuple[tuple[str, tuple[float, float]], ...]

    def values(self, above: bool) -> dict[str, float]:
        """Return the parameters on a side."""
        return {name: sides[above] for name, sides in self.names}


@dataclass(frozen=True)
class Parted:
    """A flow taken apart: `smooth` has a parameter for each sign or step."""

    smooth: System
    switches: tuple[Switch, ...]


def _collect(node: Node, found: dict[Node, dict[str, str]]) -> Node:
    """Return the tree with names for sign and step; note in `found` what they are of."""
    if not isinstance(node, Call):
        return node
    inner = Call(node.what, tuple(_collect(argument, found) for argument in node.arguments))
    if node.what not in SIDES:
        return inner
    names = found.setdefault(inner.arguments[0], {})
    names.setdefault(node.what, f"side_{sum(map(len, found.values()))}_{node.what}")
    return Name(names[node.what])


@cache
def _parted(
    variables: tuple[str, ...], equations: tuple[str, ...], names: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Switch, ...]]:
    found: dict[Node, dict[str, str]] = {}
    known = {*variables, *names, TIME}
    trees = [expressions.parse(text, known, "equations") for text in equations]
    smooth = tuple(expressions.text(_collect(tree, found)) for tree in trees)
    return smooth, tuple(
        Switch(g, tuple((name, SIDES[what]) for what, name in given.items()))
        for g, given in found.items()
    )


def part(system: System) -> Parted:
    """Return the flow taken apart at its signs and steps; corners such as abs are left alone."""
    equations, switches = _parted(system.variables, system.equations, tuple(system.parameters))
    extra = {name: sides[1] for switch in switches for name, sides in switch.names}
    smooth = replace(
        system, name=f"{system.name}_parted", equations=equations,
        parameters={**system.parameters, **extra},
    )  # fmt: skip
    return Parted(smooth, switches)


@dataclass(frozen=True)
class Segment:
    """A smooth piece of a trajectory.

    system        the flow that it follows, its sides set
    start, end    times; x, last  (d,) states there
    jump          (d, d) what tangent vectors are multiplied by at its end
    sliding       whether it lies in a surface
    surface       the g of that
    """

    system: System
    start: float
    end: float
    x: np.ndarray
    last: np.ndarray
    jump: np.ndarray
    sliding: bool
    surface: Node | None = None


def _values(system: System, x: np.ndarray, t: np.ndarray | float) -> dict[str, Any]:
    values: dict[str, Any] = {**system.parameters, TIME: t}
    return values | {name: x[..., i] for i, name in enumerate(system.variables)}


def value(node: Node, system: System, x: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Return an expression for states (..., d)."""
    return x[..., 0] * 0.0 + expressions.evaluate(node, _values(system, x, t), np)


@cache
def _gradient(g: Node, variables: tuple[str, ...]) -> tuple[Node, ...]:
    return tuple(expressions.differentiate(g, name) for name in (*variables, TIME))


def gradient(g: Node, system: System, x: np.ndarray, t: float) -> tuple[np.ndarray, float]:
    """Return grad g (d,) and dg/dt at a fixed x."""
    parts = [float(value(each, system, x, t)) for each in _gradient(g, system.variables)]
    return np.array(parts[:-1]), parts[-1]


SAMPLES = 32  # points of a surface at which the two sides are compared


@cache
def _jumps(
    variables: tuple[str, ...],
    equations: tuple[str, ...],
    parameters: tuple[tuple[str, float], ...],
) -> bool:
    smooth, switches = _parted(variables, equations, tuple(name for name, _ in parameters))
    names = {*variables, *(name for name, _ in parameters), TIME}
    draw = np.random.default_rng(0)
    for switch in switches:
        x = 3.0 * draw.normal(size=(SAMPLES, len(variables)))
        t = 3.0 * draw.normal(size=SAMPLES)
        given = dict(parameters) | {k: sides[1] for each in switches for k, sides in each.names}
        for _ in range(60):  # Newton's method brings the points to the surface
            at = given | {TIME: t} | {name: x[:, i] for i, name in enumerate(variables)}
            g = x[:, 0] * 0 + expressions.evaluate(switch.function, at, np)
            slopes = [
                x[:, 0] * 0 + expressions.evaluate(each, at, np)
                for each in _gradient(switch.function, variables)[:-1]
            ]
            normal = np.stack(slopes, axis=-1)
            steep = (normal**2).sum(axis=-1)
            x = x - normal * (g / np.where(steep > 0, steep, np.inf))[:, None]
        at = given | {name: x[:, i] for i, name in enumerate(variables)} | {TIME: t}
        names |= set(given)
        for text in smooth:
            rate = expressions.parse(text, names, "equations")
            sides = [
                x[:, 0] * 0 + expressions.evaluate(rate, at | switch.values(above), np)
                for above in (False, True)
            ]
            scale = 1.0 + np.abs(x).max(axis=-1) + np.abs(sides[0])
            if not (np.abs(sides[1] - sides[0]) <= 1e-9 * scale).all():
                return True
    return False


def jumps(system: System) -> bool:
    """Return whether a rate jumps at a sign or a step; one that has a corner there does not."""
    if system.kind != "flow":
        return False
    return _jumps(system.variables, system.equations, tuple(system.parameters.items()))


@cache
def _along_of(g: Node, system_rates: tuple[Node, ...], variables: tuple[str, ...]) -> Node:
    total: Node = _gradient(g, variables)[-1]
    for slope, rate in zip(_gradient(g, variables)[:-1], system_rates, strict=True):
        total = expressions.add(total, expressions.multiply(slope, rate))
    return total


def along(g: Node, system: System) -> Node:
    """Return the tree of grad g . f + dg/dt."""
    return _along_of(g, system.rates, system.variables)


def _set(node: Node, given: Mapping[str, float]) -> Node:
    """Return the tree with numbers for names."""
    if isinstance(node, Name):
        return Number(given[node.name]) if node.name in given else node
    if isinstance(node, Number):
        return node
    return Call(node.what, tuple(_set(argument, given) for argument in node.arguments))


def slide(smooth: System, switch: Switch) -> tuple[System, Node, Node]:
    """Return the flow within a surface, and dg/dt of the flow below and of that above it."""
    below, above = switch.values(False), switch.values(True)
    speed = along(switch.function, smooth)
    g_below, g_above = _set(speed, below), _set(speed, above)
    share = expressions.divide(g_below, expressions.subtract(g_below, g_above))
    equations = []
    for rate in smooth.rates:
        low, high = _set(rate, below), _set(rate, above)
        mixed = expressions.multiply(share, expressions.subtract(high, low))
        equations.append(expressions.text(expressions.add(low, mixed)))
    # parameters that no longer occur are left: both flows are then set in the same way
    sliding = replace(smooth, name=f"{smooth.name}_sliding", equations=tuple(equations))
    return sliding, g_below, g_above


def states(
    system: System,
    times: np.ndarray,
    x: np.ndarray,
    rtol: float,
    atol: float,
    *,
    whole: bool = True,
) -> np.ndarray:
    """Return the states (T, d) of a smooth flow; fewer, if whole is False and it blows up."""
    rhs = generate.compiled_lanes(system, 1)
    parameters = np.array([[*system.parameters.values(), 0.0]])
    found = lanes.integrate(rhs, times, x[None], parameters, lanes=1, rtol=rtol, atol=atol)
    if found.problem(0) and whole:
        raise NumericsError(found.problem(0))
    return found.states[0][np.isfinite(found.states[0]).all(axis=-1)]
