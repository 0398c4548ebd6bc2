# mypy: disallow-untyped-defs=False
"""The compiled time loop: forces, noise, update, and the list of pairs made anew in time.

    x' = x + (v e + mu F) dt + sqrt(2 D dt) n            Euler-Maruyama
    e' = C(sqrt(2 D_r dt) n + Omega dt) e                Cayley map of a heading, |e| = 1
    g' = a g + sqrt(1 - a^2) n,  a = exp(-gamma dt)      exact Ornstein-Uhlenbeck

A step refuses to be taken on a stale list: the displacement of every particle since the list was
made is looked at after each update, before the next forces.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sims.active import normals
from sims.active.pairs import FAST, FULL, NONE, by_all, by_cells, forces, grid, order, torques

ABP, AOUP, RTP, PASSIVE = range(4)
DONE, LIST_FULL, NOT_FINITE, TOO_FAR = range(4)  # how a call ended
LOOK = 256  # particles updated at a time; their normal numbers stay in the first cache


class Particles(NamedTuple):
    """What belongs to each particle, in the order of the cells.

    x, e, f, start  (N, 2) position, heading or propulsion, force, position when the list was made
    image           (N, 2) how often it left the box
    number          (N,) which particle it is; place (N,) where it is now
    speed, turn     (N,) v, and sqrt(2 D_r dt)
    size            (N,) diameter
    work            (N,) done by self-propulsion so far
    torque          (N,)
    """

    x: np.ndarray
    e: np.ndarray
    f: np.ndarray
    start: np.ndarray
    image: np.ndarray
    number: np.ndarray
    place: np.ndarray
    speed: np.ndarray
    turn: np.ndarray
    size: np.ndarray
    work: np.ndarray
    torque: np.ndarray


class Scratch(NamedTuple):
    """Lists and working arrays, which hold nothing between two frames."""

    first: np.ndarray
    second: np.ndarray
    pairs: np.ndarray
    cell: np.ndarray
    cells: np.ndarray
    swap: np.ndarray
    low: np.ndarray
    width: np.ndarray
    axis: np.ndarray
    block: np.ndarray
    normal: np.ndarray
    raw: np.ndarray
    failed: np.ndarray
    trial: np.ndarray
    noise: np.ndarray


class Rules(NamedTuple):
    """The equations: numbers that do not change during a run.

    edge           (2,) of the box, 0 along an open axis; dimension 1 or 2
    kind, law, mixed        of the pair force, see `pairs.forces`
    reach, skin             cutoff of the list, and what was added to it
    mobility, kick          mu, and sqrt(2 D dt)
    keep, renew             a and sqrt(1 - a^2) of the propulsion
    spin                    Omega dt
    tumble                  probability of a tumble in a step
    align, align2           strength and squared range of the alignment
    trap                    stiffness
    couple, ring            stiffness along the chain, and whether it closes
    """

    model: int
    dimension: int
    heun: bool
    step: float
    edge: np.ndarray
    kind: int
    law: np.ndarray
    mixed: bool
    reach: float
    skin: float
    mobility: float
    kick: float
    keep: float
    renew: float
    spin: float
    tumble: float
    align: float
    align2: float
    trap: float
    couple: float
    ring: bool


@njit(cache=True)
def wrap(p, edge):
    """Bring particles back into the box and count how often they left it."""
    for d in range(2):
        if edge[d] > 0:
            for i in range(p.x.shape[0]):
                turns = math.floor(p.x[i, d] / edge[d])
                p.x[i, d] -= turns * edge[d]
                p.image[i, d] += np.int64(turns)
                if p.x[i, d] >= edge[d]:  # by rounding
                    p.x[i, d] = 0.0
                    p.image[i, d] += 1


@njit(cache=True)
def _moved(values, place, swap):
    n = values.shape[0]
    for i in range(n):
        swap[place[i]] = values[i]
    values[:] = swap[:n]


@njit(cache=True)
def _moved_plane(values, place, swap):
    n = values.shape[0]
    for i in range(n):
        swap[2 * place[i]] = values[i, 0]
        swap[2 * place[i] + 1] = values[i, 1]
    for i in range(n):
        values[i, 0] = swap[2 * i]
        values[i, 1] = swap[2 * i + 1]


@njit(cache=True)
def _moved_numbers(values, place, swap):
    n = values.shape[0]
    for i in range(n):
        swap[place[i]] = values[i]
    for i in range(n):
        values[i] = np.int64(swap[i])


@njit(cache=True)
def rebuild(p, s, rules):
    """Wrap, sort by cell and list the pairs anew; return DONE, LIST_FULL or NOT_FINITE."""
    for i in range(p.x.shape[0]):
        if not (math.isfinite(p.x[i, 0]) and math.isfinite(p.x[i, 1])):
            return NOT_FINITE
    wrap(p, rules.edge)
    n = 0
    if rules.reach > 0:
        reach2 = rules.reach * rules.reach
        if grid(p.x, rules.edge, rules.reach, s.low, s.width, s.axis):
            order(p.x, s.low, s.width, s.axis, s.cell, s.cells, p.place)
            _moved_plane(p.x, p.place, s.swap)
            _moved_plane(p.e, p.place, s.swap)
            for d in range(2):
                _moved_numbers(p.image[:, d], p.place, s.swap)
            _moved_numbers(p.number, p.place, s.swap)
            _moved(p.speed, p.place, s.swap)
            _moved(p.turn, p.place, s.swap)
            _moved(p.size, p.place, s.swap)
            _moved(p.work, p.place, s.swap)
            for i in range(p.x.shape[0]):
                p.place[p.number[i]] = i
            n = by_cells(p.x, rules.edge, s.axis, s.cells, reach2, s.first, s.second)
        else:
            n = by_all(p.x, rules.edge, reach2, s.first, s.second)
    if n == FULL:
        return LIST_FULL
    s.pairs[0] = n
    p.start[:] = p.x
    return DONE


@njit(cache=True, fastmath=FAST)
def _along_the_chain(p, x, f, stiffness, closed):
    """Add harmonic forces between particles that follow each other by number."""
    n = x.shape[0]
    for k in range(n if closed else n - 1):
        i, j = p.place[k], p.place[(k + 1) % n]
        for d in range(2):
            pull = stiffness * (x[j, d] - x[i, d])
            f[i, d] += pull
            f[j, d] -= pull


@njit(cache=True, fastmath=FAST)
def act(p, s, rules, x, e):
    """Set f and torque to what acts at positions x with headings e."""
    f = p.f
    if rules.trap != 0.0:
        for i in range(x.shape[0]):
            f[i, 0] = -rules.trap * x[i, 0]
            f[i, 1] = -rules.trap * x[i, 1]
    else:
        f[:] = 0.0
    if rules.couple != 0.0:
        _along_the_chain(p, x, f, rules.couple, rules.ring)
    n = s.pairs[0]
    if rules.kind != NONE:
        forces(
            rules.kind, x, p.size, f, s.first, s.second, n, rules.edge, rules.law, rules.mixed,
            s.block,
        )  # fmt: skip
    if rules.align != 0.0:
        torques(x, e, p.torque, s.first, s.second, n, rules.edge, rules.align2)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def turned(model, e, lo, hi, turn, torque, n1, n2, keep, renew, spin, align, plane):
    """Advance headings or propulsions lo to hi by one step, in place."""
    if model == AOUP:
        c, q = math.cos(spin), math.sin(spin)
        for i in range(lo, hi):
            a, b = e[i, 0], e[i, 1]
            e[i, 0] = keep * (c * a - q * b) + renew * n1[i - lo]
            e[i, 1] = plane * (keep * (q * a + c * b) + renew * n2[i - lo])
    elif plane > 0.0:
        for i in range(lo, hi):
            angle = turn[i] * n1[i - lo] + spin + align * torque[i]
            square = angle * angle
            t = 0.5 * angle * (1.0 + square * (1.0 / 12.0 + square * (1.0 / 120.0)))
            over = 1.0 / (1.0 + t * t)
            c, q = (1.0 - t * t) * over, 2.0 * t * over
            a, b = e[i, 0], e[i, 1]
            e[i, 0] = c * a - q * b
            e[i, 1] = q * a + c * b


@njit(cache=True)
def tumbled(e, probability, wait, rng, plane):
    """Give those whose turn it is a new direction; return how many are left out until the next.

    The number of particles passed over between two tumbles is geometric.
    """
    n = e.shape[0]
    while wait < n:
        if plane > 0.0:
            angle = 2.0 * math.pi * normals.uniform(rng)
            e[wait, 0] = math.cos(angle)
            e[wait, 1] = math.sin(angle)
        else:
            e[wait, 0] = 1.0 if normals.uniform(rng) < 0.5 else -1.0
        skip = math.log(normals.uniform(rng)) / math.log1p(-probability)
        wait += 1 + np.int64(min(skip, 1e15))
    return wait - n


@njit(cache=True, fastmath=FAST, error_model="numpy")
def moved(x, e, f, start, speed, work, lo, hi, n1, n2, step, mobility, kick, plane, most2):
    """Move particles lo to hi by an Euler-Maruyama step; return how many went too far.

    most2  squared displacement since the list was made that it allows; NaN is too far as well
    """
    far = 0
    force = 1.0 / mobility
    for i in range(lo, hi):
        v = speed[i]
        gx = (v * e[i, 0] + mobility * f[i, 0]) * step + kick * n1[i - lo]
        gy = (v * e[i, 1] + mobility * f[i, 1]) * step + plane * kick * n2[i - lo]
        work[i] += v * force * (e[i, 0] * gx + e[i, 1] * gy)
        x[i, 0] += gx
        x[i, 1] += gy
        dx, dy = x[i, 0] - start[i, 0], x[i, 1] - start[i, 1]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    return far


@njit(cache=True)
def _noise(rng, s, kinds, n):
    """Draw `kinds` rows of n normal numbers each into `noise`, a block at a time."""
    for row in range(kinds):
        for lo in range(0, n, LOOK):
            normals.fill(rng, s.normal[:LOOK], s.raw[:LOOK], s.failed)
            hi = min(lo + LOOK, n)
            s.noise[row, lo:hi] = s.normal[: hi - lo]


@njit(cache=True)
def euler(p, s, rules, rng, wait, most2):
    """Take one Euler-Maruyama step; return how many particles went too far."""
    n = p.x.shape[0]
    plane = 1.0 if rules.dimension == 2 else 0.0
    act(p, s, rules, p.x, p.e)
    far = 0
    row = s.normal
    thermal = rules.kick != 0.0
    heading = rules.model == AOUP or (rules.dimension == 2 and rules.model != PASSIVE)
    for lo in range(0, n, LOOK):
        hi = min(lo + LOOK, n)
        if thermal:
            normals.fill(rng, row[: 2 * LOOK], s.raw[: 2 * LOOK], s.failed)
        far += moved(
            p.x, p.e, p.f, p.start, p.speed, p.work, lo, hi, row[:LOOK], row[LOOK : 2 * LOOK],
            rules.step, rules.mobility, rules.kick, plane, most2,
        )  # fmt: skip
        if heading:
            count = 2 * LOOK if rules.model == AOUP else LOOK
            turn = s.normal[2 * LOOK : 2 * LOOK + count]
            normals.fill(rng, turn, s.raw[:count], s.failed)
            turned(
                rules.model, p.e, lo, hi, p.turn, p.torque, turn[:LOOK], turn[count - LOOK :],
                rules.keep, rules.renew, rules.spin, rules.align, plane,
            )  # fmt: skip
    if rules.model == RTP:
        wait[0] = tumbled(p.e, rules.tumble, wait[0], rng, plane)
    return far


@njit(cache=True, fastmath=FAST, error_model="numpy")
def heun(p, s, rules, rng, wait, most2):
    """Take one step of Heun's method, or none if the trial point lies off the list.

    The trial step is that of Euler-Maruyama; the drift is then the mean of both ends, the noise
    the same. Returns how many particles went too far, and whether the step was taken.
    """
    n = p.x.shape[0]
    plane = 1.0 if rules.dimension == 2 else 0.0
    normal, e0, drift = s.noise, s.trial[:, 2:4], s.trial[:, 4:6]
    before, waited = rng.copy(), wait[0]
    act(p, s, rules, p.x, p.e)
    _noise(rng, s, 4, n)
    far = 0
    for i in range(n):
        e0[i] = p.e[i]
        for d in range(2):
            drift[i, d] = p.speed[i] * p.e[i, d] + rules.mobility * p.f[i, d]
            kick = rules.kick * normal[d, i] * (plane if d else 1.0)
            s.trial[i, d] = p.x[i, d] + drift[i, d] * rules.step + kick
        dx, dy = s.trial[i, 0] - p.start[i, 0], s.trial[i, 1] - p.start[i, 1]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    if far:
        rng[:] = before
        return far, False
    if rules.model != PASSIVE:
        turned(
            rules.model, p.e, 0, n, p.turn, p.torque, normal[2], normal[3], rules.keep,
            rules.renew, rules.spin, rules.align, plane,
        )  # fmt: skip
    if rules.model == RTP:
        wait[0] = tumbled(p.e, rules.tumble, waited, rng, plane)
    act(p, s, rules, s.trial[:, 0:2], p.e)
    force = 1.0 / rules.mobility
    for i in range(n):
        v = p.speed[i]
        for d in range(2):
            end = v * p.e[i, d] + rules.mobility * p.f[i, d]
            kick = rules.kick * normal[d, i] * (plane if d else 1.0)
            power = 0.5 * (e0[i, d] * drift[i, d] + p.e[i, d] * end) * rules.step
            p.work[i] += v * force * (power + 0.5 * (e0[i, d] + p.e[i, d]) * kick)
            p.x[i, d] += 0.5 * (drift[i, d] + end) * rules.step + kick
        dx, dy = p.x[i, 0] - p.start[i, 0], p.x[i, 1] - p.start[i, 1]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    return far, True


@njit(cache=True)
def advance(p, s, rules, rng, wait, steps):
    """Take up to `steps` steps from a fresh list; return (steps taken, lists made, ending).

    wait  (1,) particles to pass over until the next tumble
    """
    half = 0.5 * rules.skin
    listed = rules.reach > 0
    most2 = half * half if listed else math.inf
    lists = 0
    for taken in range(steps):
        if rules.heun:
            far, stepped = heun(p, s, rules, rng, wait, most2)
            if not stepped:
                ending = rebuild(p, s, rules)
                lists += 1
                if ending != DONE:
                    return taken, lists, ending
                far, stepped = heun(p, s, rules, rng, wait, most2)
                if not stepped:
                    return taken, lists, TOO_FAR
        else:
            far = euler(p, s, rules, rng, wait, most2)
        if far:
            for d in range(2):
                if rules.edge[d] > 0:
                    for i in range(p.x.shape[0]):
                        if abs(p.x[i, d] - p.start[i, d]) > 0.5 * rules.edge[d]:
                            return taken + 1, lists, TOO_FAR
            ending = rebuild(p, s, rules)
            lists += 1
            if ending != DONE:
                return taken + 1, lists, ending
    return steps, lists, DONE
