"""Adaptive Dormand-Prince 8(5,3) with 7th-order dense output, on any array library.

    dy/dt = f(t, y)

Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5 and II.6.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from core.backend import namespace
from sims.integrators.dop853_batch import MAX_STEPS, Control, Norm, advance, interpolate, start

Array = Any


def dop853(
    rhs: Callable[[float, Array], Array],
    y0: Array,
    times: Sequence[float] | np.ndarray,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    norm: Norm = "rms",
    first_step: float | None = None,
    max_step: float = math.inf,
    max_steps: int = MAX_STEPS,
    fixed_step: float | None = None,
) -> Iterator[Array]:
    """Integrate dy/dt = rhs(t, y), yielding y at each of `times` by 7th-order dense output.

    rhs         (t, y) -> dy/dt, of the shape and library of y; never called beyond times[-1]
    y0          any shape, real or complex; the state at times[0], yielded first
    times       (T,) increasing or decreasing
    rtol, atol  error per step stays below atol + rtol |y|
    norm        "rms" weighs each component by itself (as SciPy does), "l2" the state as a whole
    first_step  size of the first step; None chooses it
    max_step    largest step
    max_steps   accepted steps before giving up
    fixed_step  take steps of this size, without error control

    Raises ValueError for times that are not monotonic or options out of range, NumericsError if
    the step size collapses.
    Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5, II.6.
    """
    marks = checked_times(times)
    check_options(rtol, atol, norm, first_step, max_step, fixed_step)
    control = Control(
        rtol,
        atol,
        norm,
        max_step,
        bound=float(marks[-1]),
        direction=1.0 if marks[-1] > marks[0] else -1.0,
        max_steps=max_steps,
        fixed=fixed_step is not None,
    )
    return _frames(rhs, y0, marks, control, fixed_step or first_step)


def _frames(
    rhs: Callable[[float, Array], Array],
    y0: Array,
    marks: np.ndarray,
    control: Control,
    first_step: float | None,
) -> Iterator[Array]:
    xp = namespace(y0)
    if not xp.isdtype(y0.dtype, ("real floating", "complex floating")):
        y0 = xp.astype(y0, xp.float64)
    shape = y0.shape
    yield y0
    if len(marks) == 1:
        return

    def stage(index: int, t: np.ndarray, h: np.ndarray, y: Array) -> Array:
        return xp.reshape(rhs(float(t[0]), xp.reshape(y, shape)), (1, -1))

    batch = start(stage, xp.reshape(y0, (1, -1)), float(marks[0]), control, first_step)
    for mark in marks[1:]:
        advance(batch, float(mark), stage, control)
        yield xp.reshape(interpolate(batch, float(mark))[0, :], shape)


def checked_times(times: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the times (T,) as float64; ValueError unless finite and strictly monotonic."""
    marks = np.asarray(times, dtype=np.float64)
    gaps = np.diff(marks) if marks.ndim == 1 else np.empty(0)
    if marks.ndim != 1 or marks.size == 0 or not np.isfinite(marks).all():
        raise ValueError("times: need a list of finite numbers")
    if not ((gaps > 0).all() or (gaps < 0).all()):
        raise ValueError("times: must increase or decrease strictly")
    return marks


def check_options(
    rtol: float,
    atol: float,
    norm: str,
    first_step: float | None,
    max_step: float,
    fixed_step: float | None,
) -> None:
    """Raise ValueError for an option out of range."""
    if not (0 <= rtol < math.inf and 0 <= atol < math.inf and rtol + atol > 0):
        raise ValueError(f"rtol, atol: must not be negative nor both zero, not {rtol}, {atol}")
    if norm not in ("rms", "l2"):
        raise ValueError(f"norm: no '{norm}'; use rms or l2")
    if not max_step > 0:
        raise ValueError(f"max_step: must be positive, not {max_step}")
    for name, step in (("first_step", first_step), ("fixed_step", fixed_step)):
        if step is not None and not 0 < step < math.inf:
            raise ValueError(f"{name}: must be positive, not {step}")
