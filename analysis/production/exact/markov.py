"""Exact entropy production of Markov jump processes, and its cycles.

    sigma = 1/2 sum_ij (pi_i w_ij - pi_j w_ji) ln(pi_i w_ij/(pi_j w_ji)) = sum_c J_c A_c

Rates in nats per unit of time; w_ij is the rate from state i to state j.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from analysis.production.checks import positive, square


class Cycle(NamedTuple):
    """A cycle of states, its affinity ln(prod w+/prod w-), and the current along it."""

    states: tuple[int, ...]
    affinity: float
    current: float


def _rates(W: Any) -> np.ndarray:
    W = square(W, "W").copy()
    np.fill_diagonal(W, 0.0)
    if (W < 0).any():
        raise ValueError("W: rates off the diagonal must not be negative")
    one_way = np.argwhere((W > 0) & (W.T == 0))
    if one_way.size:
        i, j = one_way[0]
        raise ValueError(
            f"W: there is a rate from {i} to {j} and none back, so the production is infinite"
        )
    return W


def stationary(W: Any) -> np.ndarray:
    """Return the stationary distribution (n,) of the rates W (n, n), i to j; diagonal ignored.

    By elimination of one state after the other (Grassmann, Taksar & Heyman 1985), which subtracts
    nothing, so that small probabilities keep all digits.

    Raises ValueError for negative rates, a rate without its reverse, and states never reached.
    """
    W = _rates(W)
    n = len(W)
    for last in range(n - 1, 0, -1):
        out = W[last, :last].sum()
        if out == 0:
            raise ValueError(f"W: state {last} cannot be left; the states do not hang together")
        W[:last, last] /= out
        W[:last, :last] += np.outer(W[:last, last], W[last, :last])
    pi = np.zeros(n)
    pi[0] = 1.0
    for state in range(1, n):
        pi[state] = pi[:state] @ W[:state, state]
    return pi / pi.sum()


def markov(W: Any) -> float:
    """Return the entropy production rate of a jump process with rates W (n, n), from i to j.

    Raises ValueError as `stationary`; a rate without its reverse makes the production infinite.
    Schnakenberg (1976) Rev. Mod. Phys. 48, 571, eq. (7.6).
    """
    flow = stationary(W)[:, None] * _rates(W)
    i, j = np.nonzero(np.triu(flow))
    there, back = flow[i, j], flow[j, i]
    return float(math.fsum((there - back) * np.log(there / back)))


def cycles(W: Any) -> tuple[Cycle, ...]:
    """Return a fundamental set of cycles of W: one for each edge that a spanning tree leaves out.

    The current along a cycle is that of its edge, so sigma = sum J_c A_c, whichever tree.

    Raises ValueError as `stationary`.
    Schnakenberg (1976) Rev. Mod. Phys. 48, 571, sec. VIII.
    """
    pi, W = stationary(W), _rates(W)
    parent, order = {0: 0}, [0]
    for state in order:
        for other in np.flatnonzero(W[state]).tolist():
            if other not in parent:
                parent[other] = state
                order.append(other)
    found = []
    for i, j in np.argwhere(np.triu(W) > 0).tolist():
        if parent[j] == i or parent[i] == j:
            continue
        states = _loop(i, j, parent)
        steps = list(zip(states, (*states[1:], states[0]), strict=True))
        affinity = math.fsum(math.log(W[a, b] / W[b, a]) for a, b in steps)
        found.append(Cycle(states, affinity, float(pi[i] * W[i, j] - pi[j] * W[j, i])))
    return tuple(found)


def _loop(i: int, j: int, parent: dict[int, int]) -> tuple[int, ...]:
    """Return the states from i over the edge to j and back to i through the tree."""

    def climb(state: int) -> list[int]:
        path = [state]
        while parent[path[-1]] != path[-1]:
            path.append(parent[path[-1]])
        return path

    left, right = climb(i), climb(j)
    while len(left) > 1 and len(right) > 1 and left[-2] == right[-2]:
        left.pop()
        right.pop()
    return (*right[:-1], *left[::-1])


def asymmetric_walk(p: float, q: float) -> float:
    """Return (p - q) ln(p/q): a walk on a line or ring of equal sites, rates p forth and q back.

    Raises ValueError unless both are positive; without steps back the production is infinite.
    """
    positive(p=p, q=q)
    return (p - q) * math.log(p / q)


def ion_channel(
    outside: float,
    inside: float,
    voltage: float = 0.0,
    binding: float = 1.0,
    unbinding: float = 1.0,
    crossing: float = 1.0,
) -> np.ndarray:
    """Return the rates (4, 4) of a carrier that takes ions through a membrane one by one.

    outside, inside  concentrations of the ion
    voltage          what a positive ion gains by going in, over k_B T
    binding          rate of binding per concentration, the same on both sides
    unbinding        rate of letting go
    crossing         rate of turning, loaded or empty; the voltage is split evenly

    States: 0 open outside and empty, 1 outside and loaded, 2 inside and loaded, 3 inside and empty.
    The only cycle 0-1-2-3 has the affinity ln(outside/inside) + voltage: at Nernst's potential
    voltage = ln(inside/outside) nothing flows and nothing is produced.

    Hill (1977) Free Energy Transduction in Biology, ch. 2.
    """
    positive(
        outside=outside, inside=inside, binding=binding, unbinding=unbinding, crossing=crossing
    )
    W = np.zeros((4, 4))
    W[0, 1], W[1, 0] = binding * outside, unbinding
    W[1, 2], W[2, 1] = crossing * math.exp(voltage / 2), crossing * math.exp(-voltage / 2)
    W[2, 3], W[3, 2] = unbinding, binding * inside
    W[3, 0] = W[0, 3] = crossing
    return W
