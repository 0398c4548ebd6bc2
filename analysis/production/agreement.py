"""Every route to entropy production on cases whose rate is known exactly: the agreement table.

Each case is sampled from its own equation, never with the formula that it is held against. The
seeds are fixed, so that the table is too.
"""

from collections.abc import Callable, Iterator
from math import log, pi

import numpy as np

from analysis.production import exact, forces, parsing, samples, score, uncertainty
from analysis.production.graded import (
    COARSE,
    FORCE,
    LEARNED,
    STEP,
    Found,
    G,
    along,
    bounded,
    bracketed,
    linear,
    over,
    scored,
    teller,
)


def table(cases: tuple[str, ...] = ()) -> list[Found]:
    """Return what each route finds of each case, or of those named.

    About 20 s of CPU time and 500 MB for all.
    """
    chosen = cases or tuple(CASES)
    return [found for name in chosen for found in CASES[name]()]


def trapped_aoup() -> Iterator[Found]:
    """AOUP with thermal noise in a harmonic trap."""
    v0, gamma, eps, k = 1.8, 0.4, 0.2, 0.7
    A, D = np.array([[k, -v0], [0, gamma]]), np.array([eps, gamma])
    told = teller(
        "AOUP in a trap", exact.aoup_trap(v0, gamma, eps, k), "v0^2 gamma/(eps (k + gamma))"
    )

    def paths(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = samples.linear(A, D, STEP, 1500, [7, batch], walkers=3000)
        return x[..., :1], v0 * x[..., 1:], -k * x[..., :1]

    yield from along(told, paths, 6, eps)
    yield from linear(told, A, D, 9)


def two_beads() -> Iterator[Found]:
    """Two beads on springs between a hot and a cold bath."""
    D = np.array([5.0, 0.2])
    told = teller("two beads, hot and cold", exact.two_bead(*D), "(Th - Tc)^2/(4 Th Tc)")
    yield from linear(told, exact.bead_chain(D)[0], D, 17)


def five_beads() -> Iterator[Found]:
    """Five beads on springs along a temperature gradient."""
    D = np.linspace(5.0, 0.1, 5)
    told = teller(
        "five beads, a gradient", exact.five_bead(5.0, 0.1), "Li et al. (2019), closed form"
    )
    yield from linear(told, exact.bead_chain(D)[0], D, 27)


def equilibrium() -> Iterator[Found]:
    """Three beads at one temperature: every route must find nothing."""
    D = np.full(3, 2.0)
    told = teller("three beads, one bath", 0.0, "equilibrium")
    yield from linear(told, exact.bead_chain(D)[0], D, 37)


def athermal_aoup() -> Iterator[Found]:
    """AOUP without thermal noise in a trap: what its propulsion pays."""
    v0, gamma, k = 0.9, 0.4, 0.7
    A, D = np.array([[k, -v0], [0, gamma]]), np.array([0.0, gamma])
    told = teller(
        "athermal AOUP in a trap", exact.aoup_trap(v0, gamma, 0, k, "g"), "the trap's stiffness", G
    )
    x = samples.linear(A, D, 6.0, 200, 41, walkers=2000)
    rule = forces.sum_rule(np.full(x.shape[:2], k))
    yield told("sum rule", rule.value, rule.standard_error, FORCE)

    def family(x: np.ndarray) -> Iterator[score.Terms]:
        for rows in x:
            g, one = rows[:, 1:], np.ones((len(rows), 1))
            yield score.Terms(
                np.array([g, rows[:, :1]]), np.array([one, 0 * one]), -g, -one, -gamma * g,
                np.full(len(g), -gamma), np.array([gamma]),
            )  # fmt: skip

    yield from bracketed(told, scored(family, x)[1], "linear")


def chain_of_aoups() -> Iterator[Found]:
    """A ring of four AOUPs on springs, each in a trap; per particle."""
    n, v0, gamma, eps, k, kappa = 4, 0.9, 0.4, 0.2, 0.7, 0.5
    told = teller(
        "ring of four AOUPs", exact.aoup_chain(n, v0, gamma, eps, k, kappa), "sum over its modes"
    )
    turn = np.roll(np.eye(n), 1, axis=0)
    H = k * np.eye(n) + kappa * (2 * np.eye(n) - turn - turn.T)
    A = np.block([[H, -v0 * np.eye(n)], [np.zeros((n, n)), gamma * np.eye(n)]])
    x = samples.linear(A, np.repeat([eps, gamma], n), 10.0, 200, 51, walkers=1500)
    place, g = x[..., :n], x[..., n:]
    still = forces.snapshot_rate(v0 * g, -place @ H.T, eps)
    yield told("forces, snapshots", *(each / n for each in over(still)), FORCE)
    drift, D = score.linear_drift(A), np.repeat([eps, gamma], n)
    found = scored(lambda x: score.gaussian(x, drift, D), x)[1]
    yield told(
        "Gaussian score, lower bound", found.lower / n, found.lower_error / n, LEARNED, bound=True
    )
    yield told("Gaussian score, plug-in", found.plug_in / n, found.plug_in_error / n, LEARNED)


def abp_in_a_trap() -> Iterator[Found]:
    """Active Brownian particle in the plane, in a harmonic trap."""
    v0, Dr, Dt, k = 1.0, 0.5, 0.3, 0.6
    told = teller("ABP in a trap", exact.abp_trap(v0, Dr, Dt, k), "v0^2 Dr/(Dt (k + Dr))")

    def drift(x: np.ndarray) -> np.ndarray:
        heading = np.stack([np.cos(x[:, 2]), np.sin(x[:, 2])], axis=1)
        return np.concatenate([v0 * heading - k * x[:, :2], np.zeros((len(x), 1))], axis=1)

    def paths(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start = np.zeros((3000, 3))
        start[:, 2] = np.random.default_rng([60, batch]).uniform(0, 2 * pi, len(start))
        late = samples.langevin(drift, [Dt, Dt, Dr], start, 0.05, 250, [61, batch], 250)[-1]
        x = samples.langevin(drift, [Dt, Dt, Dr], late, STEP, 1000, [62, batch])
        u = v0 * np.stack([np.cos(x[..., 2]), np.sin(x[..., 2])], axis=-1)
        return x[..., :2], u, -k * x[..., :2]

    yield from along(told, paths, 6, Dt)


def driven_ring() -> Iterator[Found]:
    """Brownian particle driven round a ring over a cosine."""
    f, T, length = 1.0, 0.5, 2 * pi
    truth = exact.driven_ring(lambda x: 1.2 * np.cos(x), f, length, T)
    told = teller("driven ring", truth, "f L J/T by its double integral")

    def force(x: np.ndarray) -> np.ndarray:
        return 1.2 * np.sin(x)

    def drift(y: np.ndarray) -> np.ndarray:
        return f + force(y)

    start, kept = np.random.default_rng(70).uniform(0, length, (4000, 1)), list[np.ndarray]()
    last = samples.langevin(drift, [T], start, 0.02, 1000, 71, 1000)[-1]

    def paths(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = samples.langevin(drift, [T], kept[-1][-1] if kept else last, STEP, 1000, [72, batch])
        kept.append(np.mod(x[::2], length))  # the next batch goes on from there
        return x, np.full_like(x, f), force(x)

    yield from along(told, paths, 12, T)

    def family(x: np.ndarray) -> Iterator[score.Terms]:
        return score.fourier_hermite(
            np.mod(x, length), lambda y: (f + force(y), 1.2 * np.cos(y[:, 0])), [T],
            length=length, waves=4,
        )  # fmt: skip

    apart = np.concatenate([x[::125] for x in kept])
    yield from bracketed(told, scored(family, apart)[1], "Fourier")
    waves = uncertainty.periodic_currents(length, 3)
    yield bounded(told, lambda batch: kept[batch], 8, 2 * STEP, waves, box=length)


def two_swimmers() -> Iterator[Found]:
    """The distance of two AOUPs on a ring, with thermal noise, and their propulsion."""
    parts = exact.two_swimmers()
    told = teller("two swimmers on a ring", parts.total, "spectral solution of the density")
    x = samples.two_swimmers(600_000, 3)
    force = exact.swimmer_force(x[:, 0])
    u, f = (np.array_split(each[:, None], 60) for each in (0.25 * x[:, 1], force))
    still = forces.snapshot_rate(u, f, 0.1)
    yield told("forces, snapshots", still.value, still.standard_error, FORCE)

    def family(x: np.ndarray) -> Iterator[score.Terms]:
        return score.fourier_hermite(
            x, _swimming, [0.1, 0.1], length=16.0, waves=5, degree=4, base=_base
        )

    y = np.concatenate([x[:150_000], -x[:150_000]])  # the symmetry of the model
    both = np.concatenate([y[::2], y[1::2]])
    found = scored(family, both)[1]
    yield from bracketed(told, found, "Fourier-Hermite")
    part = teller("two swimmers, propulsion", parts.g, "spectral solution of the density", G)
    share = found.per_variable[1]
    error = found.plug_in_error * share / found.plug_in
    yield part("Fourier-Hermite score, plug-in", share, error, 0.05)


def _bend(x: np.ndarray) -> np.ndarray:
    """Return the slope of `exact.swimmer_force` at its default parameters."""
    return np.asarray(-2.5 / (1 + np.exp(-7.5 * (2 - np.abs(x[:, 0])))))


def _swimming(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    force = exact.swimmer_force(x[:, 0])
    return np.stack([0.25 * x[:, 1] + force, -0.1 * x[:, 1]], axis=1), _bend(x) - 0.1


def _base(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.stack([exact.swimmer_force(x[:, 0]) / 0.1, -x[:, 1]], axis=1)
    return known, np.stack([_bend(x) / 0.1, -np.ones(len(x))], axis=1)


def three_states() -> Iterator[Found]:
    """A walk round three states, seen as symbols; per step."""
    up, down, n = 0.6, 0.2, 200_000
    truth = (up - down) * log(up / down)
    told = teller("three states, per step", truth, "(p - q) ln p/q", COARSE)
    draw = np.random.default_rng(81).random(n)
    path = np.cumsum(np.where(draw < up, 1, np.where(draw < up + down, -1, 0))) % 3
    found = parsing.cross_parsing(path)
    yield told("cross-parsing", found.value, found.standard_error, None, bound=True)


CASES: dict[str, Callable[[], Iterator[Found]]] = {
    "trapped_aoup": trapped_aoup,
    "abp_in_a_trap": abp_in_a_trap,
    "chain_of_aoups": chain_of_aoups,
    "athermal_aoup": athermal_aoup,
    "two_swimmers": two_swimmers,
    "driven_ring": driven_ring,
    "two_beads": two_beads,
    "five_beads": five_beads,
    "equilibrium": equilibrium,
    "three_states": three_states,
}
