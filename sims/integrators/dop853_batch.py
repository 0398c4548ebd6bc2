"""The loop of DOP853 over a batch: each member with its own time, step and error.

Members are the leading axis, on any array library; each ends with the same bits whoever shares its
batch. Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.5, II.6.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, Literal

import numpy as np
from array_api_compat import is_cupy_array, is_numpy_array

from core.backend import namespace, to_host
from core.errors import NumericsError
from sims.integrators import step_control, tableau
from sims.integrators.tableau import STAGES, STAGES_DENSE

Array = Any
Norm = Literal["rms", "l2"]
# (index of the stage, its times (m,), the steps (m,), y (m, n)) -> rates (m, n)
Stage = Callable[[int, np.ndarray, np.ndarray, Array], Array]
# (who (m,), steps (m,), y at t + h, rate there) -> the same two in the next step's frame
Reset = Callable[[np.ndarray, np.ndarray, Array, Array], tuple[Array, Array]]

MAX_STEPS = 10_000_000
SMALLEST = 1e-290  # stands in for atol = 0, so that a state of zeros has an error of zero
ADVICE = "the solution may blow up there; loosen rtol and atol, or check the initial values"
# Rows 0-15 give the stages, row 12 being the step itself; then E5, E3 and the seven rows of P.
_E5, _DENSE = STAGES_DENSE, STAGES_DENSE + 2
_WEIGHTS = np.zeros((STAGES_DENSE + 9, STAGES_DENSE))
_WEIGHTS[:STAGES_DENSE] = tableau.A
_WEIGHTS[_E5, : STAGES + 1] = tableau.E5
_WEIGHTS[_E5 + 1, : STAGES + 1] = tableau.E3
_WEIGHTS[_DENSE:] = tableau.P


@dataclass(frozen=True)
class Control:
    """How steps are chosen.

    rtol, atol  a step's error stays below atol + rtol |y|
    norm        "rms": root mean square over components, each against its own |y|, as SciPy does;
                "l2": Euclidean norm of the error against the Euclidean norm of y
    max_step    largest step, in size
    bound       no evaluation lies beyond this time; None where the solution goes on
    quantised   steps are powers of 2^(1/8) and are kept while they are nearly right
    fixed       every step has the size of the first and is accepted
    direction   1 or -1
    max_steps   accepted steps per member before giving up
    """

    rtol: float
    atol: float
    norm: Norm = "rms"
    max_step: float = math.inf
    bound: float | None = None
    quantised: bool = False
    fixed: bool = False
    direction: float = 1.0
    max_steps: int = MAX_STEPS
    advice: str = ADVICE
    who: str = ""  # how a message begins; {} is the member's number


@dataclass
class Batch:
    """Members on their way: y and f(t, y), and their last steps' dense output.

    y, rate         (M, n) state at t and its derivative
    y_old, dense    (M, n), (M, 7, n): the step taken last, from t_old over h_old
    t, t_low        (M,) time and what rounding left out of it
    h               (M,) the next step, signed
    previous        (M,) error of the last accepted step
    steps, rejected, evaluations   (M,) counts; rejected steps since the last accepted one
    """

    y: Array
    rate: Array
    y_old: Array
    dense: Array
    t: np.ndarray
    t_low: np.ndarray
    h: np.ndarray
    t_old: np.ndarray
    t_old_low: np.ndarray
    h_old: np.ndarray
    previous: np.ndarray
    steps: np.ndarray
    rejected: np.ndarray
    evaluations: np.ndarray

    def state(self) -> dict[str, np.ndarray]:
        """Return host copies from which `restore` makes an equal batch."""
        return {f.name: np.array(to_host(getattr(self, f.name))) for f in fields(self)}


def restore(state: dict[str, np.ndarray], like: Array) -> Batch:
    """Return the batch of a saved state, its fields in the library and on the device of `like`."""
    xp = namespace(like)
    on_device = ("y", "rate", "y_old", "dense")
    host = {f.name: np.array(state[f.name]) for f in fields(Batch)}
    device = {name: xp.asarray(host[name], device=like.device) for name in on_device}
    return Batch(**{**host, **device})


@np.errstate(over="ignore", invalid="ignore")
def start(
    stage: Stage, y0: Array, t0: float, control: Control, first_step: float | None = None
) -> Batch:
    """Return the members y0 (M, n) at t0, ready for their first steps.

    Raises NumericsError if y0 or its derivative is not finite.
    """
    xp = namespace(y0)
    members, n = y0.shape
    t = np.full(members, t0)
    rate = stage(0, t, np.zeros(members), y0)
    evaluations = np.ones(members, dtype=np.int64)
    if first_step is None:
        h = _first_steps(stage, y0, rate, t, control, xp)
        evaluations += 1
    else:
        h = np.full(members, control.direction * min(first_step, control.max_step))
    if control.quantised:
        h = np.array([step_control.quantise(float(size)) for size in h])
    return Batch(
        y=xp.asarray(y0, copy=True),
        rate=xp.asarray(rate, copy=True),
        y_old=xp.asarray(y0, copy=True),
        dense=xp.zeros((members, 7, n), dtype=y0.dtype, device=y0.device),
        t=t,
        t_low=np.zeros(members),
        h=h,
        t_old=t.copy(),
        t_old_low=np.zeros(members),
        h_old=np.zeros(members),
        previous=np.full(members, step_control.PREVIOUS_MIN),
        steps=np.zeros(members, dtype=np.int64),
        rejected=np.zeros(members, dtype=np.int64),
        evaluations=evaluations,
    )


def _first_steps(
    stage: Stage, y0: Array, rate: Array, t: np.ndarray, control: Control, xp: ModuleType
) -> np.ndarray:
    span = math.inf if control.bound is None else abs(control.bound - float(t[0]))
    sizes, rates = _norms(xp, [y0, rate], y0, y0, control)
    for member, (size, slope) in enumerate(zip(sizes, rates, strict=True)):
        if not (math.isfinite(size) and math.isfinite(slope)):
            raise NumericsError(_collapsed(member, float(t[member]), control))
    trials = [step_control.trial_step(*pair, span) for pair in zip(sizes, rates, strict=True)]
    h = control.direction * np.array(trials)
    step = _to_device(h[:, None], y0, xp)
    rate_then = stage(STAGES, t + h, h, y0 + step * rate)
    (changes,) = _norms(xp, [rate_then - rate], y0, y0, control)
    slopes = [change / trial for change, trial in zip(changes, trials, strict=True)]
    first = [
        step_control.first_step(slope, change, trial, span, control.max_step)
        for slope, change, trial in zip(rates, slopes, trials, strict=True)
    ]
    return control.direction * np.array(first)


@np.errstate(over="ignore", invalid="ignore")
def advance(
    batch: Batch, target: float, stage: Stage, control: Control, reset: Reset | None = None
) -> None:
    """Step every member of the batch, in place, until its time is at or past `target`.

    stage  evaluates the right-hand side of all members that still have to go
    reset  changes to the next step's frame after each accepted step, or None

    Raises NumericsError naming the member whose step size collapses.
    """
    xp = namespace(batch.y)
    active = np.flatnonzero(control.direction * (target - batch.t) > 0)
    y, rate = batch.y, batch.rate
    if 0 < active.size < len(batch.t):
        y, rate = _rows(y, active, xp), _rows(rate, active, xp)
    while active.size:
        k = xp.empty((active.size, STAGES_DENSE, y.shape[1]), dtype=y.dtype, device=y.device)
        arrived = np.zeros(active.size, dtype=bool)
        while not arrived.any():
            y, rate, arrived = _step(batch, active, y, rate, k, target, stage, control, reset)
        left = np.flatnonzero(~arrived)
        for i in np.flatnonzero(arrived):
            batch.y[int(active[i]), :] = y[int(i), :]
            batch.rate[int(active[i]), :] = rate[int(i), :]
        active = active[left]
        if active.size:
            y, rate = _rows(y, left, xp), _rows(rate, left, xp)


def _step(
    batch: Batch,
    active: np.ndarray,
    y: Array,
    rate: Array,
    k: Array,
    target: float,
    stage: Stage,
    control: Control,
    reset: Reset | None,
) -> tuple[Array, Array, np.ndarray]:
    """Try one step of the active members; return y, rate and who has reached the target."""
    xp = namespace(y)
    h = _checked_steps(batch, active, control)
    times = batch.t[active] + np.outer(tableau.C, h)
    weights, flat = _to_device(h[:, None, None] * _WEIGHTS, y, xp), _flat(k)
    k[:, 0, :] = rate
    for index in range(1, STAGES):
        inner = y + _combine(xp, weights, index, index, flat, y.dtype)
        k[:, index, :] = stage(index, times[index], h, inner)
    y_new = y + _combine(xp, weights, STAGES, STAGES, flat, y.dtype)
    estimates = [_combine(xp, weights, row, STAGES, flat, y.dtype) for row in (_E5, _E5 + 1)]
    errors = _errors(xp, estimates, y, y_new, control)
    accepted = _judge(batch, active, h, errors, control)
    if not accepted.any():
        return y, rate, np.zeros(active.size, dtype=bool)
    k[:, STAGES, :] = stage(STAGES, times[STAGES], h, y_new)
    batch.evaluations[active[accepted]] += 1
    arrived = accepted & (control.direction * (batch.t[active] - target) >= 0)
    if arrived.any():
        _keep_dense(batch, active, np.flatnonzero(arrived), y, k, weights, stage, xp)
    rate_new = k[:, STAGES, :]
    if reset is not None:
        y_new, rate_new = reset(active, h, y_new, rate_new)
    if accepted.all():
        return y_new, xp.asarray(rate_new, copy=True), arrived
    taken = xp.asarray(accepted[:, None], device=y.device)
    return xp.where(taken, y_new, y), xp.where(taken, rate_new, rate), arrived


def _checked_steps(batch: Batch, active: np.ndarray, control: Control) -> np.ndarray:
    """Return the next steps (m,), cut at the bound."""
    h = batch.h[active]
    for i, m in enumerate(active):
        t = float(batch.t[m])
        if not abs(h[i]) >= step_control.MIN_STEP_ULPS * math.ulp(t):
            raise NumericsError(_collapsed(int(m), t, control))
        if batch.steps[m] >= control.max_steps:
            raise NumericsError(control.who.format(m) + too_many(control.max_steps, t))
        if control.bound is not None and control.direction * (t + h[i] - control.bound) > 0:
            h[i] = control.bound - t
    return h


def _judge(
    batch: Batch, active: np.ndarray, h: np.ndarray, errors: list[float], control: Control
) -> np.ndarray:
    """Accept or reject each step and choose the next; return who was accepted (m,)."""
    accepted = np.zeros(active.size, dtype=bool)
    for i, m in enumerate(active):
        size, error = float(h[i]), errors[i]
        accepted[i] = error < 1.0 or (control.fixed and math.isfinite(error))
        batch.evaluations[m] += STAGES - 1
        if not control.fixed:
            previous, after = float(batch.previous[m]), bool(batch.rejected[m])
            factor = step_control.step_factor(error, previous, after)
            batch.h[m] = step_control.next_step(
                size, factor, control.max_step, control.quantised, not accepted[i]
            )
        elif not accepted[i]:
            batch.h[m] = 0.0
        if not accepted[i]:
            batch.rejected[m] += 1
            continue
        batch.rejected[m] = 0
        batch.steps[m] += 1
        batch.previous[m] = max(error, step_control.PREVIOUS_MIN)
        batch.t_old[m], batch.t_old_low[m], batch.h_old[m] = batch.t[m], batch.t_low[m], size
        step = size + float(batch.t_low[m])
        end = float(batch.t[m]) + step
        batch.t_low[m] = step - (end - float(batch.t[m]))
        batch.t[m] = end
        bound = control.bound
        if bound is not None and control.direction * (end - bound) >= 0:
            batch.t[m], batch.t_low[m] = bound, 0.0
    return accepted


def _keep_dense(
    batch: Batch,
    active: np.ndarray,
    arrived: np.ndarray,
    y: Array,
    k: Array,
    weights: Array,
    stage: Stage,
    xp: ModuleType,
) -> None:
    """Evaluate the three further stages of the members that arrived; store F = h P k."""
    if arrived.size < active.size:
        y, k, weights = (_rows(a, arrived, xp) for a in (y, k, weights))
    members = active[arrived]
    h, flat = batch.h_old[members], _flat(k)
    times = batch.t_old[members] + np.outer(tableau.C, h)
    for index in range(STAGES + 1, STAGES_DENSE):
        inner = y + _combine(xp, weights, index, index, flat, y.dtype)
        k[:, index, :] = stage(index, times[index], h, inner)
    for row in range(7):
        part = _combine(xp, weights, _DENSE + row, STAGES_DENSE, flat, y.dtype)
        for i, m in enumerate(members):
            batch.dense[int(m), row, :] = part[i, :]
    for i, m in enumerate(members):
        batch.y_old[int(m), :] = y[i, :]
    batch.evaluations[members] += STAGES_DENSE - STAGES - 1


def interpolate(batch: Batch, t: float) -> Array:
    """Return the members' y (M, n) at a time t within their last steps, in those steps' frames.

    Hairer, Norsett & Wanner (1993), Sec. II.6, Eq. (6.13).
    """
    xp = namespace(batch.y)
    offsets = elapsed(batch, t)
    rows = [
        tableau.dense_weights(offset / h if h else 0.0)
        for offset, h in zip(offsets, batch.h_old, strict=True)
    ]
    weights = _to_device(np.stack(rows)[:, None, :], batch.y, xp)
    part = _combine(xp, weights, 0, 7, _flat(batch.dense), batch.y.dtype)
    return batch.y_old + part


def elapsed(batch: Batch, t: float) -> np.ndarray:
    """Return the times (M,) from the beginning of the members' last steps to t."""
    return (t - batch.t_old) - batch.t_old_low


def _flat(k: Array) -> Array:
    """Return k, with complex numbers seen as pairs of reals where the library can do that.

    Real weights on pairs are half the arithmetic of a complex product.
    """
    if is_numpy_array(k) or is_cupy_array(k):
        return k.view(k.real.dtype)
    return k


def _combine(
    xp: ModuleType, weights: Array, row: int, count: int, flat: Array, dtype: Any
) -> Array:
    """Return the sum (m, n) of the first `count` stages, with a row of the weights (m, i, j)."""
    total = xp.matmul(weights[:, row : row + 1, :count], flat[:, :count, :])[:, 0, :]
    return total if total.dtype == dtype else total.view(dtype)


def _errors(
    xp: ModuleType, estimates: list[Array], y: Array, y_new: Array, control: Control
) -> list[float]:
    """Return the scaled error of each member: HNW (1993), Sec. II.5, Eq. (5.18) onwards."""
    fifth, third = _norms(xp, estimates, y, y_new, control)
    return [
        five * five / math.sqrt(five * five + 0.01 * three * three) if five or three else 0.0
        for five, three in zip(fifth, third, strict=True)
    ]


def _norms(
    xp: ModuleType, vectors: list[Array], y: Array, y_new: Array, control: Control
) -> list[list[float]]:
    """Return the norm of each vector (m, n) against the size of y, one list per vector."""
    atol = max(control.atol, SMALLEST)
    if control.norm == "rms":
        scale = atol + control.rtol * xp.maximum(xp.abs(y), xp.abs(y_new))
        squares = xp.stack([square(xp, v / scale) for v in vectors])
        return np.sqrt(to_host(squares) / y.shape[1]).tolist()
    sizes = np.sqrt(to_host(xp.stack([square(xp, v) for v in (y, y_new, *vectors)])))
    scales = atol + control.rtol * np.maximum(sizes[0], sizes[1])
    return (sizes[2:] / scales).tolist()


def square(xp: ModuleType, vector: Array) -> Array:
    """Return sum |vector|^2 over the last axis, real."""
    total = xp.vecdot(vector, vector)
    return xp.real(total) if xp.isdtype(total.dtype, "complex floating") else total


def _rows(array: Array, indices: np.ndarray, xp: ModuleType) -> Array:
    return xp.take(array, xp.asarray(indices, device=array.device), axis=0)


def _to_device(host: np.ndarray, like: Array, xp: ModuleType) -> Array:
    """Return real host numbers in the library, the device and the precision of `like`."""
    narrow = like.dtype in (xp.float32, xp.complex64)
    dtype = xp.float32 if narrow else xp.float64
    return xp.asarray(host, dtype=dtype, device=like.device)


def _collapsed(member: int, t: float, control: Control) -> str:
    return f"{control.who.format(member)}step size collapsed at t = {t:g}; {control.advice}"


def too_many(steps: int, t: float) -> str:
    """Return the message of a run that has used up its steps."""
    return f"{steps} steps taken by t = {t:g}; raise max_steps or loosen rtol"
