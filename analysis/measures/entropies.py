"""Entropies over time: any functional of any observable, with the exact value where it is known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.entropy.measures import Entropy
from analysis.measures.registry import box, careful, coefficients, disturbed, timed
from analysis.observables import Distribution
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
    if p["case"] != "soliton" or disturbed(run):
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


def _checks(
    found: Entropy, exact: np.ndarray, spec: Mapping[str, Any], label: str
) -> tuple[Check, ...]:
    """Return a row for each component, of its worst frame.

    Only for orders from 1 to HIGHEST: lower ones weigh the tails, where a computed field is
    rounding, and higher ones raise the error of psi as often.
    """
    if not 1 <= _order(spec) <= HIGHEST:
        return ()
    worst = np.abs(found.values - exact).argmax(axis=0)
    return tuple(
        Check(
            f"{found.label} of {label}, {name}, at its worst frame",
            float(found.values[worst[i], i]),
            float(exact[i]),
            TOLERANCE,
            SOURCE,
            "relative" if abs(exact[i]) > 10 else "absolute",
        )
        for i, name in enumerate(found.components)
    )


def entropy(
    run: Run,
    member: Member,
    *,
    spec: Mapping[str, Any],
    observable: Any,
    functional: Any,
) -> Measure:
    """Return an entropy at every frame.

    observable  member -> Distribution
    functional  (p, cell) -> Entropy
    spec        what the configuration says, for labels
    """
    distribution: Distribution = observable(member)
    found = functional(distribution.p, distribution.cell)
    checks: tuple[Check, ...] = ()
    exact = _exact(run, member, spec)
    if exact is not None and careful(run, member):
        checks = _checks(found, exact, spec, distribution.label)
    return Measure(
        **timed(member),
        value=found.values,
        exact=None if exact is None else np.broadcast_to(exact, found.values.shape),
        label=f"{found.label} of {distribution.label}",
        units=found.units,
        convention=found.convention,
        components=found.components,
        summary=tuple(
            row
            for i, name in enumerate(found.components)
            for row in (
                (f"{name}, first frame", float(found.values[0, i]), found.units),
                (f"{name}, last frame", float(found.values[-1, i]), found.units),
                (f"{name}, mean over frames", float(found.values[:, i].mean()), found.units),
            )
        ),
        checks=checks,
        figure="curves",
    )
