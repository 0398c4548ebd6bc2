"""Any functional of any observable, with the exact value where it is known."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from analysis.functionals import Result
from analysis.measures.registry import box, careful, coefficients, disturbed
from analysis.measures.surrogates import Surrogates, compared
from analysis.observables import Observed, Rows
from core import rng
from core.errors import MemberError, NumericsError
from core.store import Check, Measure, Member, Run

TOLERANCE = 1e-10
SOURCE = "closed form for the density (w/2) sech^2(w y); Gradshteyn & Ryzhik 3.512"
REACH = 30.0  # what a closed form leaves out is below exp(-30) = 1e-13 of it
HIGHEST = 10.0


def soliton_entropy(functional: str, order: float, w: float) -> float | None:
    """Return the differential entropy of the density (w/2) sech^2(w x), None where none exists.

    functional  shannon, renyi or tsallis; order  finite and positive
    With I = (w/2)^a B(a, 1/2)/w, the integral of the density to the power a: Rényi is
    ln I/(1 - a), Tsallis (1 - I)/(a - 1), and Shannon 2 - ln(2w).
    """
    if functional == "shannon" or order == 1:
        return 2 - math.log(2 * w)
    if not 0 < order < math.inf:
        return None
    beta = math.lgamma(order) + math.lgamma(0.5) - math.lgamma(order + 0.5)
    log = order * math.log(w / 2) + beta - math.log(w)
    return log / (1 - order) if functional == "renyi" else -math.expm1(log) / (order - 1)


@dataclass(frozen=True)
class _Bell:
    """A density (w/2) sech^2(w (y - middle)) in cells over the range -half .. half."""

    w: float
    cell: float
    half: float
    middle: float = 0.0


def _bell(run: Run, member: Member, observable: str) -> _Bell | None:
    """Return the density of a single soliton over x, or over k, where the transform is a sech."""
    p = run.params
    if run.simulator != "nlse" or p["case"] != "soliton" or disturbed(run):
        return None
    beta, gamma = coefficients(run)
    w = float(p["amplitude"]) * math.sqrt(gamma / beta)
    length, n = box(member), len(member.coords["x"])
    if observable == "density":  # the soliton may move round the box: never cut off by its edge
        return _Bell(w, length / n, length / 2)
    if observable == "spectrum":
        carrier = float(p.get("velocity") or 0.0) / beta
        return _Bell(math.pi / (2 * w), 2 * math.pi / length, math.pi * n / length, carrier)
    return None


def _sampled(bell: _Bell, order: float) -> bool:
    """Return whether sums of p^order over the cells are the integral, to below the tolerance.

    The tails beyond the range are exp(-2 order w (half - |middle|)); the sum's own error is the
    transform of sech^(2 order) at 2 pi/cell, |Gamma(order + i pi/(w cell))/Gamma(order)|^2
    relative to its integral, by Poisson's summation.
    """
    from scipy.special import loggamma

    if 2 * order * bell.w * (bell.half - abs(bell.middle)) < REACH:
        return False
    ripple = loggamma(order + 1j * math.pi / (bell.w * bell.cell)).real - math.lgamma(order)
    return 2 * ripple < -REACH


def _exact(run: Run, member: Member, spec: Mapping[str, Any]) -> np.ndarray | None:
    """Return (discrete, differential) of a single soliton, where the closed form holds."""
    functional = str(spec["functional"])
    bell = _bell(run, member, str(spec["observable"]))
    if bell is None or functional not in ("shannon", "renyi", "tsallis"):
        return None
    order = _order(spec)
    value = soliton_entropy(functional, order, bell.w)
    if value is None or not _sampled(bell, order):
        return None
    if functional == "tsallis" and order != 1:
        # T_discrete = (1 - s cell^(q-1))/(q-1) with s = 1 - (q-1) T_differential
        power = (1 - (order - 1) * value) * bell.cell ** (order - 1)
        return np.array([(1 - power) / (order - 1), value])
    return np.array([value - math.log(bell.cell), value])


def _order(spec: Mapping[str, Any]) -> float:
    return float(spec.get("alpha", spec.get("q", 1.0)))


def _checks(found: Result, exact: np.ndarray, spec: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return a row for each component, of its worst frame.

    Only for orders from 1 to HIGHEST: lower ones weigh the tails, where a computed field is
    rounding, and higher ones raise the error of psi as often.
    """
    if not 1 <= _order(spec) <= HIGHEST:
        return ()
    worst = np.abs(found.values - exact).argmax(axis=0)
    return tuple(
        Check(
            f"{found.label}, {name}, at its worst frame",
            float(found.values[worst[i], i]),
            float(exact[i]),
            TOLERANCE,
            SOURCE,
            "relative" if abs(exact[i]) > 10 else "absolute",
        )
        for i, name in enumerate(found.components)
    )


def _scalars(found: Result, rows: Rows) -> tuple[tuple[str, float, str], ...]:
    """Return the scalars of a result: at both ends and on average, or the only one."""
    units, named = found.units, []
    of_frames = "frame" if rows.label == "t" else "row"
    for i, name in enumerate(found.components):
        values, lead = found.values[:, i], f"{name}, " if name else ""
        if len(values) == 1:
            named.append((name or "value", float(values[0]), units))
            continue
        if found.rows is None:
            named.append((f"{lead}first {of_frames}", float(values[0]), units))
            named.append((f"{lead}last {of_frames}", float(values[-1]), units))
            named.append((f"{lead}mean over {of_frames}s", float(values.mean()), units))
        else:
            for at in (0, len(values) - 1):
                named.append(
                    (f"{lead}{rows.label} {rows.values[at]:.4g}", float(values[at]), units)
                )
    return tuple(named) + found.summary


def _finite(found: Result, rows: Rows, member: Member) -> None:
    """Raise NumericsError that says why a result may be infinite, where it is."""
    bad = np.argwhere(~np.isfinite(found.values))
    if bad.size:
        raise NumericsError(
            f"member {member.name}: {found.label} is infinite at {rows.label} = "
            f"{rows.values[bad[0][0]]:g}: an outcome occurs on one side only, an order is negative "
            "where cells are empty, or a density exceeds 1 at order inf"
        )


def _named(member: Member, call: Callable[[], Any]) -> Any:
    """Return what a numeric function gives; its complaint names the member.

    One system of several has then no such measure, and the others may have it.
    """
    try:
        return call()
    except ValueError as problem:
        if getattr(member, "part", ""):
            raise MemberError(f"{member.label or member.name}: {problem}") from None
        raise NumericsError(f"member {member.name}: {problem}") from None


def entropy(
    run: Run,
    member: Member,
    *,
    spec: Mapping[str, Any],
    observe: Callable[..., Observed],
    functional: Callable[[Observed], Result],
    surrogates: Surrogates | None = None,
) -> Measure:
    """Return a functional of an observable, for every row of it.

    observe     (member, transform) -> what was observed
    functional  of that
    surrogates  to set beside it, or None
    spec        what the configuration says, to know which exact answer belongs to it
    """
    observed = _named(member, lambda: observe(member))
    found: Result = _named(member, lambda: functional(observed))
    rows = observed.rows if found.rows is None else found.rows
    _finite(found, rows, member)
    checks: tuple[Check, ...] = ()
    exact = _exact(run, member, spec)
    if exact is not None and careful(run, member):
        checks = _checks(found, exact, spec)
    if surrogates is not None:
        stream = rng.generator(run.seed, "surrogates", run.name, member.index, surrogates.kind)
        draw = partial(surrogates.draw, stream=stream)
        found = _named(
            member, lambda: compared(found, lambda: functional(observe(member, draw)), surrogates)
        )
        exact = None
    single = len(rows.values) == 1 and found.figure == "curves"
    return Measure(
        axis=rows.values,
        axis_label=rows.label,
        axis_units=rows.units,
        value=found.values,
        exact=None if exact is None else np.broadcast_to(exact, found.values.shape),
        label=found.label,
        units=found.units,
        convention=found.convention,
        components=found.components,
        extra=found.extra,
        summary=_scalars(found, rows),
        checks=checks,
        figure="numbers" if single else found.figure,
    )
