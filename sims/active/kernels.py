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
LIST, ACT, EULER, HEUN = range(4)  # what a call is for
DONE, LIST_FULL, NOT_FINITE, TOO_FAR = range(4)  # how a call ended
LOOK = 256  # particles updated at a time; their normal numbers stay in the first cache


class Particles(NamedTuple):
    """What belongs to each particle, in the order of the cells; rows of `table` but the last four.

    table     (ROWS, N) all that is sorted along
    x, e      (2, N) position, heading or propulsion
    image     (2, N) how often it left the box
    number    (N,) which particle it is
    speed     (N,) v
    turn      (N,) sqrt(2 D_r dt)
    size      (N,) diameter over the usual one
    work      (N,) done by self-propulsion so far
    f, start  (2, N) force, and position when the list was made
    torque    (N,)
    place     (N,) where each particle is, by number
    """

    table: np.ndarray
    x: np.ndarray
    e: np.ndarray
    image: np.ndarray
    number: np.ndarray
    speed: np.ndarray
    turn: np.ndarray
    size: np.ndarray
    work: np.ndarray
    f: np.ndarray
    start: np.ndarray
    torque: np.ndarray
    place: np.ndarray


ROWS = 11


def particles(n: int) -> Particles:
    """Return n particles, all numbers 0 but their own."""
    table = np.zeros((ROWS, n))
    table[6] = np.arange(n)
    return Particles(
        table=table, x=table[0:2], e=table[2:4], image=table[4:6], number=table[6],
        speed=table[7], turn=table[8], size=table[9], work=table[10],
        f=np.zeros((2, n)), start=np.zeros((2, n)), torque=np.zeros(n), place=np.arange(n),
    )  # fmt: skip


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
    before: np.ndarray
    drift: np.ndarray
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


@njit
def wrap(x, image, edge):
    """Bring particles back into the box and count how often they left it."""
    for d in range(2):
        length = edge[d]
        if length > 0:
            for i in range(x.shape[1]):
                turns = math.floor(x[d, i] / length)
                x[d, i] -= turns * length
                image[d, i] += turns
                if x[d, i] >= length:  # by rounding
                    x[d, i] = 0.0
                    image[d, i] += 1.0


@njit
def copied(values, to):
    """Copy (2, N); a slice would take Numba seconds to compile."""
    for d in range(2):
        for i in range(values.shape[1]):
            to[d, i] = values[d, i]


@njit
def _finite(x):
    """Return whether all positions are numbers."""
    for d in range(2):
        for i in range(x.shape[1]):
            if not math.isfinite(x[d, i]):
                return False
    return True


@njit
def _sorted(table, number, place, swap):
    """Bring the rows of a table to the new places, and note where each number is."""
    for row in range(table.shape[0]):
        for i in range(place.size):
            swap[place[i]] = table[row, i]
        for i in range(place.size):
            table[row, i] = swap[i]
    for i in range(place.size):
        place[np.int64(number[i])] = i


@njit
def rebuild(p, s, rules):
    """Wrap, sort by cell and list the pairs anew; return DONE, LIST_FULL or NOT_FINITE."""
    x, edge, first, second = p.x, rules.edge, s.first, s.second
    if not _finite(x):
        return NOT_FINITE
    wrap(x, p.image, edge)
    n = 0
    if rules.reach > 0:
        reach2 = rules.reach * rules.reach
        axis, cells = s.axis, s.cells
        if grid(x, edge, rules.reach, s.low, s.width, axis):
            order(x, s.low, s.width, axis, s.cell, cells, p.place)
            _sorted(p.table, p.number, p.place, s.swap)
            n = by_cells(x, edge, axis, cells, reach2, first, second)
        else:
            n = by_all(x, edge, reach2, first, second)
    if n == FULL:
        return LIST_FULL
    s.pairs[0] = n
    copied(x, p.start)
    return DONE


@njit(fastmath=FAST)
def _along_the_chain(p, x, f, stiffness, closed):
    """Add harmonic forces between particles that follow each other by number."""
    n = x.shape[1]
    for k in range(n if closed else n - 1):
        i, j = p.place[k], p.place[(k + 1) % n]
        for d in range(2):
            pull = stiffness * (x[d, j] - x[d, i])
            f[d, i] += pull
            f[d, j] -= pull


@njit(fastmath=FAST)
def act(p, s, rules, x, e):
    """Set f and torque to what acts at positions x with headings e."""
    f, trap = p.f, rules.trap
    for d in range(2):
        for i in range(x.shape[1]):
            f[d, i] = -trap * x[d, i]
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


@njit(fastmath=FAST, error_model="numpy")
def turned(model, e, lo, hi, turn, torque, n1, n2, keep, renew, spin, align, plane):
    """Advance headings or propulsions lo to hi by one step, in place."""
    e0, e1 = e[0, lo:hi], e[1, lo:hi]
    if model == AOUP:
        c, q = math.cos(spin), math.sin(spin)
        for i in range(e0.size):
            a, b = e0[i], e1[i]
            e0[i] = keep * (c * a - q * b) + renew * n1[i]
            e1[i] = plane * (keep * (q * a + c * b) + renew * n2[i])
    elif plane > 0.0:
        sigma, twist = turn[lo:hi], torque[lo:hi]
        for i in range(e0.size):
            angle = sigma[i] * n1[i] + spin + align * twist[i]
            square = angle * angle
            t = (
                0.5
                * angle
                * (1.0 + square * (1.0 / 12.0 + square * (1.0 / 120.0 + square * (17.0 / 20160.0))))
            )
            over = 1.0 / (1.0 + t * t)
            c, q = (1.0 - t * t) * over, 2.0 * t * over
            a, b = e0[i], e1[i]
            e0[i] = c * a - q * b
            e1[i] = q * a + c * b


@njit
def tumbled(e, probability, wait, rng, plane):
    """Give those whose turn it is a new direction; return how many are left out until the next.

    The number of particles passed over between two tumbles is geometric.
    """
    n = e.shape[1]
    while wait < n:
        if plane > 0.0:
            angle = 2.0 * math.pi * normals.uniform(rng)
            e[0, wait] = math.cos(angle)
            e[1, wait] = math.sin(angle)
        else:
            e[0, wait] = 1.0 if normals.uniform(rng) < 0.5 else -1.0
        skip = math.log(normals.uniform(rng)) / math.log1p(-probability)
        wait += 1 + np.int64(min(skip, 1e15))
    return wait - n


@njit(fastmath=FAST, error_model="numpy")
def moved(x, e, f, start, speed, work, lo, hi, n1, n2, step, mobility, kick, plane, most2):
    """Move particles lo to hi by an Euler-Maruyama step; return how many went too far.

    most2  squared displacement since the list was made that it allows; NaN is too far as well
    """
    x0, x1, e0, e1, f0, f1 = (
        x[0, lo:hi],
        x[1, lo:hi],
        e[0, lo:hi],
        e[1, lo:hi],
        f[0, lo:hi],
        f[1, lo:hi],
    )
    s0, s1, speeds, done = start[0, lo:hi], start[1, lo:hi], speed[lo:hi], work[lo:hi]
    far = 0
    force = 1.0 / mobility
    for i in range(x0.size):
        v = speeds[i]
        gx = (v * e0[i] + mobility * f0[i]) * step + kick * n1[i]
        gy = (v * e1[i] + mobility * f1[i]) * step + plane * kick * n2[i]
        done[i] += v * force * (e0[i] * gx + e1[i] * gy)
        nx, ny = x0[i] + gx, x1[i] + gy
        x0[i] = nx
        x1[i] = ny
        dx, dy = nx - s0[i], ny - s1[i]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    return far


@njit
def _noise(rng, noise, normal, raw, failed):
    """Fill the rows of `noise` with normal numbers, a block at a time."""
    n = noise.shape[1]
    for row in range(noise.shape[0]):
        for lo in range(0, n, LOOK):
            hi = min(lo + LOOK, n)
            many = (hi - lo + normals.LANES - 1) // normals.LANES * normals.LANES
            normals.fill(rng, normal[:many], raw[:many], failed)
            for i in range(lo, hi):
                noise[row, i] = normal[i - lo]


@njit(fastmath=FAST, error_model="numpy")
def tried(x, e, f, start, speed, noise, trial, drift, step, mobility, kick, plane, most2):
    """Set drift and the trial point of Heun's method; return how many lie too far."""
    far = 0
    for i in range(x.shape[1]):
        gx = speed[i] * e[0, i] + mobility * f[0, i]
        gy = speed[i] * e[1, i] + mobility * f[1, i]
        drift[0, i] = gx
        drift[1, i] = gy
        nx = x[0, i] + gx * step + kick * noise[0, i]
        ny = x[1, i] + gy * step + plane * kick * noise[1, i]
        trial[0, i] = nx
        trial[1, i] = ny
        dx, dy = nx - start[0, i], ny - start[1, i]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    return far


@njit(fastmath=FAST, error_model="numpy")
def corrected(
    x, e, e0, f, start, speed, work, noise, drift, step, mobility, kick, plane, most2
):  # fmt: skip
    """Move particles by the mean of the drifts at both ends; return how many went too far."""
    far = 0
    force = 1.0 / mobility
    for i in range(x.shape[1]):
        v = speed[i]
        gx, gy = v * e[0, i] + mobility * f[0, i], v * e[1, i] + mobility * f[1, i]
        kx, ky = kick * noise[0, i], plane * kick * noise[1, i]
        power = e0[0, i] * drift[0, i] + e0[1, i] * drift[1, i] + e[0, i] * gx + e[1, i] * gy
        random = (e0[0, i] + e[0, i]) * kx + (e0[1, i] + e[1, i]) * ky
        work[i] += 0.5 * v * force * (power * step + random)
        nx = x[0, i] + 0.5 * (drift[0, i] + gx) * step + kx
        ny = x[1, i] + 0.5 * (drift[1, i] + gy) * step + ky
        x[0, i] = nx
        x[1, i] = ny
        dx, dy = nx - start[0, i], ny - start[1, i]
        far += 0 if dx * dx + dy * dy <= most2 else 1
    return far


@njit
def euler(p, s, rules, rng, wait, most2):
    """Take one Euler-Maruyama step; return how many particles went too far."""
    n = p.x.shape[1]
    plane = 1.0 if rules.dimension == 2 else 0.0
    act(p, s, rules, p.x, p.e)
    far = 0
    row = s.normal
    thermal = rules.kick != 0.0
    heading = rules.model == AOUP or (rules.dimension == 2 and rules.model != PASSIVE)
    for lo in range(0, n, LOOK):
        hi = min(lo + LOOK, n)
        many = (hi - lo + normals.LANES - 1) // normals.LANES * normals.LANES
        if thermal:
            normals.fill(rng, row[: 2 * many], s.raw[: 2 * many], s.failed)
        far += moved(
            p.x, p.e, p.f, p.start, p.speed, p.work, lo, hi, row[:many], row[many : 2 * many],
            rules.step, rules.mobility, rules.kick, plane, most2,
        )  # fmt: skip
        if heading:
            count = 2 * many if rules.model == AOUP else many
            turn = row[2 * LOOK : 2 * LOOK + count]
            normals.fill(rng, turn, s.raw[:count], s.failed)
            turned(
                rules.model, p.e, lo, hi, p.turn, p.torque, turn[:many], turn[count - many :],
                rules.keep, rules.renew, rules.spin, rules.align, plane,
            )  # fmt: skip
    if rules.model == RTP:
        wait[0] = tumbled(p.e, rules.tumble, wait[0], rng, plane)
    return far


@njit(fastmath=FAST, error_model="numpy")
def heun(p, s, rules, rng, wait, most2):
    """Take one step of Heun's method, or none if the trial point lies off the list.

    The trial step is that of Euler-Maruyama; the drift is then the mean of both ends, the noise
    the same. Returns how many particles went too far, and whether the step was taken.
    """
    n = p.x.shape[1]
    plane = 1.0 if rules.dimension == 2 else 0.0
    before, waited = rng.copy(), wait[0]
    act(p, s, rules, p.x, p.e)
    _noise(rng, s.noise, s.normal, s.raw, s.failed)
    e0 = s.before
    copied(p.e, e0)
    far = tried(
        p.x, p.e, p.f, p.start, p.speed, s.noise, s.trial, s.drift, rules.step, rules.mobility,
        rules.kick, plane, most2,
    )  # fmt: skip
    if far:
        for k in range(rng.size):
            rng[k] = before[k]
        return far, False
    if rules.model != PASSIVE:
        turned(
            rules.model, p.e, 0, n, p.turn, p.torque, s.noise[2], s.noise[3], rules.keep,
            rules.renew, rules.spin, rules.align, plane,
        )  # fmt: skip
    if rules.model == RTP:
        wait[0] = tumbled(p.e, rules.tumble, waited, rng, plane)
    act(p, s, rules, s.trial, p.e)
    far = corrected(
        p.x, p.e, e0, p.f, p.start, p.speed, p.work, s.noise, s.drift, rules.step, rules.mobility,
        rules.kick, plane, most2,
    )  # fmt: skip
    return far, True


@njit
def _crossed(x, start, edge):
    """Return whether a particle has crossed half the box since the list was made."""
    for d in range(2):
        most = 0.5 * edge[d] if edge[d] > 0 else math.inf
        for i in range(x.shape[1]):
            if abs(x[d, i] - start[d, i]) > most:
                return True
    return False


@njit
def _afresh(p, s, rules):
    """Make the list anew after a step, unless a particle has crossed half the box in it."""
    return TOO_FAR if _crossed(p.x, p.start, rules.edge) else rebuild(p, s, rules)


@njit
def _allowed(rules):
    """Return the squared displacement that a list allows."""
    half = 0.5 * rules.skin
    return half * half if rules.reach > 0 else math.inf


@njit
def advance_euler(p, s, rules, rng, wait, steps):
    """Take up to `steps` steps; return (steps taken, lists made, ending).

    wait  (1,) particles to pass over until the next tumble
    """
    lists, most2 = 0, _allowed(rules)
    for taken in range(steps):
        if euler(p, s, rules, rng, wait, most2):
            ending = _afresh(p, s, rules)
            lists += 1
            if ending != DONE:
                return taken + 1, lists, ending
    return steps, lists, DONE


@njit
def advance_heun(p, s, rules, rng, wait, steps):
    """Take up to `steps` steps of Heun's method; otherwise as `advance_euler`."""
    lists, most2 = 0, _allowed(rules)
    for taken in range(steps):
        far, stepped = heun(p, s, rules, rng, wait, most2)
        if not stepped:
            ending = rebuild(p, s, rules)
            lists += 1
            if ending != DONE:
                return taken, lists, ending
            far, stepped = heun(p, s, rules, rng, wait, most2)
            if not stepped:
                return taken, lists, TOO_FAR
        if far:
            ending = _afresh(p, s, rules)
            lists += 1
            if ending != DONE:
                return taken + 1, lists, ending
    return steps, lists, DONE


@njit
def serve(task, p, s, rules, rng, wait, steps):
    """Do a task: LIST the pairs, let forces ACT, or take steps; return as `advance_euler`.

    One function for all, as what it calls is then compiled once.
    """
    if task == LIST:
        return 0, 1, rebuild(p, s, rules)
    if task == ACT:
        act(p, s, rules, p.x, p.e)
        return 0, 0, DONE
    if task == HEUN:
        return advance_heun(p, s, rules, rng, wait, steps)
    return advance_euler(p, s, rules, rng, wait, steps)
