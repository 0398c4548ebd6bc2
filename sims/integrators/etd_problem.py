"""What exponential Adams methods are given and give, shared by their array and compiled forms.

du/dt = L u + N(t, u),  L diagonal
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import to_host
from core.errors import NumericsError
from sims.integrators import etd_levels as levels

Array = Any
Term = Callable[[float, Array], Array]  # (t, u (m, n)) -> N (m, n)
Rate = Callable[[Array], Array]  # u (m, n) -> (m,) bound of |dN/du|
State = dict[str, np.ndarray]

ADVICE = "the solution may blow up there; loosen rtol and atol, or check the initial values"
HIGHEST = len(levels.STABLE) - 1


@dataclass(frozen=True)
class Problem:
    """What is integrated, and how well.

    linear      (n,) complex128 on the host, Re <= 0
    nonlinear   (t, u (m, n)) -> (m, n), a new array
    rtol, atol  a step's error stays below atol + rtol |u|, where |u| = scale (sum |u_k|^2)^(1/2)
                at the last frame or change of step. The error is that of the predictor, of order
                p; what is kept is better by about h times the rate of change of N
    order       p, 1 to 7: the method's order is p + 1
    scale       see rtol
    rate        u -> (m,) a bound of |dN/du|, for stability; None leaves it to the error estimate
    max_step    largest step
    steps       steps per frame, fixed, without error control; None adapts
    norm_kept   the equation keeps |u|: it is restored at every frame
    """

    linear: np.ndarray
    nonlinear: Term
    rtol: float
    atol: float
    order: int
    scale: float = 1.0
    rate: Rate | None = None
    max_step: float = np.inf
    steps: int | None = None
    norm_kept: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.order <= HIGHEST:
            raise ValueError(f"order: must be 1 to {HIGHEST}, not {self.order}")
        if not (self.rtol >= 0 and self.atol >= 0 and self.rtol + self.atol > 0):
            raise ValueError(
                f"rtol, atol: must not be negative nor both zero, not {self.rtol}, {self.atol}"
            )
        if not self.max_step > 0:
            raise ValueError(f"max_step: must be positive, not {self.max_step}")
        if self.steps is not None and levels.level_of(self.steps) < 0:
            raise ValueError(f"steps: must be a power of 2, or 3 times one, not {self.steps}")
        if self.steps is not None and self.steps < self.order:
            raise ValueError(f"steps: must be {self.order} or more to start, not {self.steps}")

    @property
    def kept(self) -> int:
        """Past values kept: after doubling the step there are still p + 1."""
        return 2 * self.order + 1

    def settled(self, limit: float, size: float) -> float:
        """Return the change below which the sweeps of the start have settled."""
        return max(0.0 if self.steps else 0.01 * limit, 1e-15 * size)

    def least(self, u: Array, gap: float) -> list[int]:
        """Return the coarsest level allowed for each row of u (m, n) in a gap between frames."""
        largest = [self.max_step] * u.shape[0]
        if self.rate is not None:
            stable = levels.STABLE[self.order]
            pairs = zip(largest, to_host(self.rate(u)).tolist(), strict=True)
            largest = [min(most, stable / rate) if rate > 0 else most for most, rate in pairs]
        return [levels.coarsest(gap, most) for most in largest]

    def first_level(self, slope: float, size: float, limit: float, least: int, gap: float) -> int:
        """Return the level to try first, from |N|, |u|, the tolerated error and the gap."""
        if self.steps is not None:
            return levels.level_of(self.steps)
        guess = levels.coarsest(gap, levels.first_step(slope, size, limit, self.order))
        return max(least, guess, levels.coarsest(1.0, 1.0 / self.order))

    def level_after(self, error: float, limit: float, level: int) -> int:
        """Return the level to start with, after an attempt at `level` with that error.

        It is `level` itself if the attempt will do. Raises NumericsError if steps are fixed.
        """
        scaled = levels.scaled(error, limit)
        if scaled <= 1 or (self.steps is not None and error < np.inf):
            return level
        if self.steps is not None:
            raise NumericsError(f"steps: {self.steps} per frame are too few to start with")
        return levels.finer(scaled, self.order, level, 0)


@dataclass(frozen=True)
class Frame:
    """The batch at one of the times.

    u            (M, n)
    index        which time
    state        returns host arrays to go on from, to the same bits
    steps        (M,) accepted steps so far
    evaluations  (M,) values of N so far
    """

    u: Array
    index: int
    state: Callable[[], State]
    steps: np.ndarray
    evaluations: np.ndarray


def spacings(times: Sequence[float] | np.ndarray, equal: bool = False) -> np.ndarray:
    """Return the gaps between times (T,), as (T-1,); gaps equal but for rounding get one value.

    Raises ValueError unless the times are finite and increase, and if asked are equally spaced.
    """
    marks = np.asarray(times, dtype=np.float64)
    if marks.ndim != 1 or marks.size == 0 or not np.isfinite(marks).all():
        raise ValueError("times: need a list of finite numbers")
    gaps = np.diff(marks)
    if not (gaps > 0).all():
        raise ValueError("times: must increase strictly")
    rounding = 4 * np.spacing(np.abs(marks).max())
    start = 0
    for i in range(1, len(gaps) + 1):
        if i == len(gaps) or abs(gaps[i] - gaps[start]) > rounding:
            gaps[start:i] = (marks[i] - marks[start]) / (i - start)
            start = i
    if equal and gaps.size and (gaps != gaps[0]).any():
        raise ValueError("times: a fixed number of steps needs equally spaced times")
    return gaps


def step_size(level: int, gap: float, t: float, member: int) -> float:
    """Return the step of a level; NumericsError if it is too small to move the time t."""
    h = gap * (levels.ticks(level) / levels.TICKS) if level <= levels.FINEST else 0.0
    if levels.collapsed(h, t):
        raise collapse(member, t)
    return h


def collapse(member: int, time: float) -> NumericsError:
    """Return the error of a step that became too small."""
    return NumericsError(f"member {member}: step size collapsed at t = {time:g}; {ADVICE}")
