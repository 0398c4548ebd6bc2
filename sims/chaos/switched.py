"""Walks along flows that jump: from surface to surface, through them or within them.

Samples and tangent vectors of the smooth pieces that `switching` makes of a flow.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from core.errors import NumericsError
from sims.chaos import generate, switching
from sims.chaos.expressions import Node
from sims.chaos.switching import Parted, Segment, Switch, states
from sims.chaos.system import System
from sims.integrators import compiled
from sims.integrators.dop853_batch import Control

LOOKS = 64  # in a period: times at which the sides are looked at
FINE = np.linspace(0.0, 1.0, 33)  # in an interval in which a surface may be crossed there and back
MOST = 1_000_000  # events of one trajectory


class _Walk:
    """On which side of each surface a trajectory is, or within which it slides."""

    def __init__(self, parted: Parted, t: float, x: np.ndarray) -> None:
        self.parted, self.slides = parted, -1
        self._kept: dict[tuple[int, ...], System] = {}  # their trees are slower than a crossing
        self.above = [bool(self._height(k, t, x) > 0) for k in range(len(parted.switches))]
        for k in range(len(self.above)):
            if self._height(k, t, x) == 0.0:
                self._enter(k, t, x)

    def _height(self, k: int, t: float, x: np.ndarray) -> float:
        function = self.parted.switches[k].function
        return float(switching.value(function, self.parted.smooth, x, t))

    def _speeds(self, k: int, t: float, x: np.ndarray) -> tuple[float, float]:
        """Return dg/dt of the flow below a surface and of that above it."""
        found = []
        for above in (False, True):
            system = self._smooth({k: above})
            normal, partial = switching.gradient(self.parted.switches[k].function, system, x, t)
            found.append(float(normal @ system.rate(x, t) + partial))
        return found[0], found[1]

    def _enter(self, k: int, t: float, x: np.ndarray) -> None:
        """Go on from a point of a surface: above it, below it, or within it."""
        below, above = self._speeds(k, t, x)
        if below > 0 > above:
            if self.slides not in (-1, k):
                raise NumericsError(f"slides within two surfaces at once at t = {t:g}")
            self.slides = k
        else:
            self.above[k] = above > 0 if below > 0 or above > 0 else False

    def _smooth(self, other: dict[int, bool] | None = None) -> System:
        sides = dict(enumerate(self.above)) | (other or {})
        key = tuple(int(above) for above in sides.values())
        if key in self._kept:
            return self._kept[key]
        given = dict(self.parted.smooth.parameters)
        for k, switch in enumerate(self.parted.switches):
            given |= switch.values(sides[k])
        self._kept[key] = replace(self.parted.smooth, parameters=given)
        return self._kept[key]

    def flow(self) -> System:
        """Return the flow that is followed now."""
        smooth = self._smooth()
        if self.slides < 0:
            return smooth
        key = (*(int(above) for above in self.above), self.slides)
        if key not in self._kept:
            switch = self.parted.switches[self.slides]
            sliding, _, _ = switching.slide(self.parted.smooth, switch)
            self._kept[key] = replace(sliding, parameters=smooth.parameters)
        return self._kept[key]

    def guards(self) -> list[tuple[Node, float, int]]:
        """Return what must stay positive when multiplied by a sign, and the surface it is of."""
        found = [
            (switch.function, 1.0 if self.above[k] else -1.0, k)
            for k, switch in enumerate(self.parted.switches)
            if k != self.slides
        ]
        if self.slides >= 0:
            switch: Switch = self.parted.switches[self.slides]
            _, below, above = switching.slide(self.parted.smooth, switch)
            found += [(below, 1.0, -1), (above, -1.0, -2)]
        return found

    def flattening(self, t: float, x: np.ndarray) -> np.ndarray:
        """Return the matrix that takes tangent vectors into the surface that is slid within."""
        normal, _ = switching.gradient(
            self.parted.switches[self.slides].function, self.parted.smooth, x, t
        )
        below, above = (self._smooth({self.slides: side}).rate(x, t) for side in (False, True))
        change = above - below
        return np.asarray(np.eye(len(x)) - np.outer(change, normal) / float(normal @ change))

    def turn(self, k: int, t: float, x: np.ndarray) -> None:
        """Take note of what happens at a guard: a surface is met (k), or left (below -1, above -2).

        A surface that is left while it pushes from both sides again is kept.
        """
        if k >= 0:
            self._enter(k, t, x)
            return
        self.above[self.slides] = k == -2
        self.slides = -1


def _first(
    guards: list[tuple[Node, float, int]], system: System, times: np.ndarray, path: np.ndarray
) -> tuple[int, bool] | None:
    """Return the first interval in which a guard fails, and whether its end shows that."""
    found: list[tuple[int, bool]] = []
    for node, sign, _ in guards:
        g = sign * switching.value(node, system, path, times)
        failed = np.flatnonzero(g[1:] < 0)
        found += [(int(failed[0]), True)] if len(failed) else []
        slope = sign * switching.value(switching.along(node, system), system, path, times)
        h = np.diff(times)
        turns = np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0) & (g[1:] >= 0))
        for i in turns:
            u = FINE
            cubic = (1 - u) ** 2 * ((1 + 2 * u) * g[i] + u * h[i] * slope[i])
            cubic = cubic + u**2 * ((3 - 2 * u) * g[i + 1] + (u - 1) * h[i] * slope[i + 1])
            if cubic.min() < 0.05 * max(g[i], g[i + 1]):
                found.append((int(i), False))
    return min(found, key=lambda pair: (pair[0], pair[1])) if found else None


def _locate(
    guards: list[tuple[Node, float, int]], system: System, span: tuple[float, float],
    x: np.ndarray, tolerance: tuple[float, float],
) -> tuple[float, int]:  # fmt: skip
    """Return when the first guard fails within a span, and of which surface it is."""
    begin, end = span
    best, nearest = (math.inf, 0), (math.inf, 0)

    def at(t: float, node: Node, sign: float) -> float:
        point = states(system, np.array([begin, t]), x, *tolerance)[-1]
        return sign * float(switching.value(node, system, point, t))

    for node, sign, k in guards:
        last = at(end, node, sign)
        if last >= 0:
            nearest = min(nearest, (last, k))
            continue
        # the start may lie in the surface itself, and be on either side of it by rounding
        starts = (begin + (end - begin) * 2.0**-power for power in (10, 20, 30, 40))
        left = next((t for t in starts if at(t, node, sign) > 0), None)
        if left is None:
            return begin, k
        found = brentq(at, left, end, (node, sign), xtol=1e-15, rtol=1e-15)
        best = min(best, (float(found), k))
    # a guard that failed at the end, as seen from further back, may hold there by rounding
    return best if best[0] <= end else (end, nearest[1])


def _until(
    walk: _Walk, t: float, x: np.ndarray, end: float, tolerance: tuple[float, float]
) -> tuple[float, np.ndarray, int | None]:
    """Follow the flow to the next event or to the end; return when, where, and of what surface."""
    system, guards = walk.flow(), walk.guards()
    step = system.period / LOOKS
    while t < end:
        looks = min(LOOKS, max(1, int(np.ceil((end - t) / step))))
        times = np.linspace(t, min(t + looks * step, end), looks + 1)
        path = states(system, times, x, *tolerance, whole=False)
        times = times[: len(path)]
        met = _first(guards, system, times, path)
        if met is None:
            if len(path) <= looks:
                raise NumericsError(f"step size collapsed at t = {times[-1]:g}")
            t, x = float(times[-1]), path[-1]
            continue
        i, shown = met
        if not shown:  # there and back, perhaps
            fine = times[i] + (times[i + 1] - times[i]) * FINE
            inner = states(system, fine, path[i], *tolerance)
            again = _first(guards, system, fine, inner)
            if again is None or not again[1]:
                t, x = float(times[i + 1]), path[i + 1]
                continue
            times, path, i = fine, inner, again[0]
        span = (float(times[i]), float(times[i + 1]))
        when, k = _locate(guards, system, span, path[i], tolerance)
        where = states(system, np.array([span[0], when]), path[i], *tolerance)[-1]
        return when, where, k
    return t, x, None


def segments(
    system: System, begin: float, end: float, x: np.ndarray, rtol: float, atol: float
) -> Iterator[Segment]:
    """Yield the smooth pieces of a trajectory.

    Raises NumericsError for a blow-up, and where two surfaces are slid within at once.
    """
    parted = switching.part(system)
    walk, t = _Walk(parted, begin, x), begin
    if walk.slides >= 0:  # it begins there, and what is off the surface has come to it
        yield Segment(walk.flow(), t, t, x, x, walk.flattening(t, x), True)
    for _ in range(MOST):
        before, slid = walk.flow(), walk.slides
        sliding = slid >= 0
        when, where, k = _until(walk, t, x, end, (rtol, atol))
        jump = np.eye(system.dimension)
        if k is not None:
            walk.turn(k, when, where)
        if k is not None and k >= 0:
            normal, partial = switching.gradient(parted.switches[k].function, before, where, when)
            rate = before.rate(where, when)
            change = walk.flow().rate(where, when) - rate
            jump = jump + np.outer(change, normal) / float(normal @ rate + partial)
        surface = parted.switches[slid].function if sliding else None
        yield Segment(before, t, when, x, where, jump, sliding, surface)
        if k is None:
            return
        t, x = when, where
    raise NumericsError(f"{MOST} events by t = {t:g}: they pile up")


def trajectory(
    system: System, times: np.ndarray, x: np.ndarray, rtol: float, atol: float
) -> np.ndarray:
    """Return the states (T, d) of a flow that jumps."""
    found = np.empty((len(times), len(x)))
    found[times <= times[0]] = x
    for piece in segments(system, float(times[0]), float(times[-1]), x, rtol, atol):
        inside = (times > piece.start) & (times <= piece.end)
        if inside.any():
            marks = np.concatenate([[piece.start], times[inside]])
            found[inside] = states(piece.system, marks, piece.x, rtol, atol)[1:]
    return found


def slides(system: System, duration: float, x: np.ndarray, rtol: float, atol: float) -> bool:
    """Return whether a trajectory comes to slide within a surface."""
    return any(piece.sliding for piece in segments(system, 0.0, duration, x, rtol, atol))


def stretches(
    system: System,
    duration: float,
    x: np.ndarray,
    interval: float,
    rtol: float,
    atol: float,
    vectors: int | None = None,
) -> Iterator[tuple[float, float, np.ndarray, float]]:
    """Yield (time, duration, ln |R_ii| (m,), ln of volume) from one QR to the next.

    Each crossing of a surface multiplies the tangent vectors by its saltation matrix; the volume is
    the integral of tr J and the logarithm of the matrix's determinant.

    vectors  m of them are followed; None: d. Where a trajectory comes to slide, the matrix has a
             rank of d - 1 and one exponent is minus infinity: d - 1 vectors are left, whose growth
             gives the others; the volume is then none, NaN

    Raises NumericsError where as many vectors do not survive.
    """  # fmt: skip
    d, now = system.dimension, 0.0
    m = d if vectors is None else vectors
    nothing = 0.0 if m == d else math.nan
    volume = nothing
    q = np.eye(d)
    if m < d:  # in no special direction: those of a clock, say, never mix with the others
        q, _ = np.linalg.qr(np.cos(np.arange(1.0, d * d + 1).reshape(d, d) ** 2))
        q[:, m:] = 0.0  # what is not followed stays nothing
    for piece in segments(system, 0.0, duration, x, rtol, atol):
        count = max(1, int(np.ceil((piece.end - piece.start) / interval)))
        marks = np.linspace(piece.start, piece.end, count + 1)
        point = piece.x
        for i in range(count):
            if marks[i + 1] > marks[i]:
                y0 = np.concatenate([point, q.ravel(), [0.0]])
                lane = compiled.start(
                    generate.compiled(piece.system, "tangent"), y0, float(marks[i]),
                    generate.work(piece.system), Control(rtol, atol, bound=float(marks[i + 1])),
                )  # fmt: skip
                y = lane.run(marks[i + 1 : i + 2])[-1]
                point, q, volume = y[:d], y[d:-1].reshape(d, d), volume + float(y[-1])
            if piece.surface is not None:  # what rounding takes off it would not come back
                normal, _ = switching.gradient(
                    piece.surface, piece.system, point, float(marks[i + 1])
                )
                q = q - np.outer(normal, normal @ q) / float(normal @ normal)
            if i == count - 1:
                q = piece.jump @ q
                volume += float(np.linalg.slogdet(piece.jump)[1]) if m == d else nothing
            q[:, :m], r = np.linalg.qr(q[:, :m])
            size = np.abs(np.diagonal(r))
            if not (np.isfinite(size).all() and size.min() > 1e-12 * size.max()):
                raise NumericsError(f"comes to slide at t = {piece.end:g}: a direction is lost")
            if marks[i + 1] > marks[i]:  # no growth is counted of what was flattened at first
                yield float(marks[i + 1]), float(marks[i + 1]) - now, np.log(size), volume
            now, volume = float(marks[i + 1]), nothing
