"""A driver that forces a response, as one system made of the texts of both.

dx/dt = r f(x);  dy_j/dt = g_j(y) + coupling (S_j/P) (x_i - m_i)/s_i,  r = P_driver/P

x of the driver and y of the response; P is the response's period, to which the driver is brought;
m and s are mean and standard deviation of the driver's component, S those of the response's alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import config
from core.errors import ConfigError, NumericsError
from sims.chaos import expressions, flow
from sims.chaos.expressions import Call, Name, Node
from sims.chaos.system import TIME, System, find

DRIVER, RESPONSE = "_driver", "_response"
RATE, COUPLING, MEAN, SCALE = "rate_driver", "coupling", "mean_forcing", "scale_forcing"
PERIODS, POINTS, TRANSIENT = 100, 50, 20  # by which mean and deviations are found
RTOL = 1e-7
REST = 1e-5  # of the largest value on the way: what deviates less, in its second half, is at rest


@dataclass(frozen=True)
class Pair:
    """Which system forces which, and by which component; the first bounded ones if not named."""

    driver: str
    response: str
    source: str | None = None
    target: str | None = None


def build(given: Any, where: str) -> Pair:
    """Return a pair written as [driver, response], or as a mapping with the keys of `Pair`."""
    if isinstance(given, Mapping):
        return config.build(Pair, given, where)
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise ConfigError(f"{where}: expected [driver, response], got {given!r}")
    return Pair(str(given[0]), str(given[1]))


def _renamed(node: Node, names: Mapping[str, Node]) -> Node:
    """Return the tree with its names replaced."""
    if isinstance(node, Name):
        return names[node.name]
    if isinstance(node, Call):
        return Call(node.what, tuple(_renamed(part, names) for part in node.arguments))
    return node


def _texts(system: System, suffix: str, time: Node) -> list[Node]:
    names: dict[str, Node] = {
        name: Name(f"{name}{suffix}") for name in (*system.variables, *system.parameters)
    }
    return [_renamed(rate, {**names, TIME: time}) for rate in system.rates]


def _component(system: System, name: str | None, where: str) -> str:
    bounded = [v for v in system.variables if v not in system.unbounded] or system.variables
    if name is None:
        return bounded[0]
    if name not in system.variables:
        raise ConfigError(f"{where}: {system.name} has {', '.join(system.variables)}, not '{name}'")
    return name


def compose(pair: Pair, coupling: float, known: Mapping[str, System], where: str) -> System:
    """Return the pair as a system, its forcing not yet normalised; see `normalised`.

    Raises ConfigError for an unknown system or component, or what is no flow.
    """
    driver = find(pair.driver, config.join(where, "driver"), known)
    response = find(pair.response, config.join(where, "response"), known)
    for role, system in (("driver", driver), ("response", response)):
        if system.kind != "flow":
            raise ConfigError(f"{config.join(where, role)}: {system.name} is not a flow")
    source = _component(driver, pair.source, config.join(where, "source"))
    target = _component(response, pair.target, config.join(where, "target"))
    first = [
        expressions.multiply(Name(RATE), rate)
        for rate in _texts(driver, DRIVER, expressions.multiply(Name(RATE), Name(TIME)))
    ]
    second = _texts(response, RESPONSE, Name(TIME))
    centred = expressions.subtract(Name(f"{source}{DRIVER}"), Name(MEAN))
    forcing = expressions.multiply(expressions.multiply(Name(COUPLING), Name(SCALE)), centred)
    at = response.variables.index(target)
    second[at] = expressions.add(second[at], forcing)
    parameters = {f"{k}{DRIVER}": v for k, v in driver.parameters.items()}
    parameters |= {f"{k}{RESPONSE}": v for k, v in response.parameters.items()}
    parameters |= {RATE: driver.period / response.period, COUPLING: coupling, MEAN: 0.0, SCALE: 1.0}
    variables = [f"{v}{DRIVER}" for v in driver.variables]
    variables += [f"{v}{RESPONSE}" for v in response.variables]
    return System(
        name=f"{driver.name}_{response.name}",
        variables=tuple(variables),
        equations=tuple(expressions.text(rate) for rate in (*first, *second)),
        parameters=parameters,
        initial_condition=(*driver.initial_condition, *response.initial_condition),
        period=response.period,
        regime="",
        citation="; ".join(dict.fromkeys([driver.citation, response.citation])),
        unbounded=(
            *(f"{v}{DRIVER}" for v in driver.unbounded),
            *(f"{v}{RESPONSE}" for v in response.unbounded),
        ),
        note=f"{driver.name} forces {response.name}: {source}{DRIVER} drives {target}{RESPONSE}",
    )


def moments(system: System, component: str) -> tuple[float, float]:
    """Return mean and standard deviation of a component over 100 periods.

    The deviation is 0 of what comes to rest. Raises NumericsError that names the system.
    """
    times = np.arange(TRANSIENT * POINTS, (TRANSIENT + PERIODS) * POINTS) * (system.period / POINTS)
    start = np.concatenate([[0.0], times])
    found = flow.trajectory(system, start, rtol=RTOL, atol=RTOL)
    values = found[1:, system.variables.index(component)]
    rests = values[len(values) // 2 :].std() <= REST * np.abs(found).max()
    return float(values.mean()), 0.0 if rests else float(values.std())


def normalised(pair: Pair, composed: System, known: Mapping[str, System], where: str) -> System:
    """Return the composed system with the mean and the scale of its forcing found by integration.

    Raises NumericsError if one of the two breaks down by itself, or the driver is at rest.
    """
    driver, response = known[pair.driver], known[pair.response]
    own = _own(driver, composed, DRIVER), _own(response, composed, RESPONSE)
    mean, spread = moments(own[0], _component(driver, pair.source, where))
    _, size = moments(own[1], _component(response, pair.target, where))
    if not spread > 0:
        raise NumericsError(f"{composed.name}: the driver rests, and forces nothing")
    if not size > 0:
        raise NumericsError(f"{composed.name}: the response rests by itself: no scale to force it")
    scale = size / (spread * response.period)
    return composed.changed({MEAN: mean, SCALE: scale}, where)


def _own(system: System, composed: System, suffix: str) -> System:
    """Return one of the two, with the parameters that it has in the composed system."""
    values = {name: composed.parameters[f"{name}{suffix}"] for name in system.parameters}
    return system.changed(values, system.name)
