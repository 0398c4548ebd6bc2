"""Entropies over time: any functional of any observable, with the exact value where it is known."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.entropy.measures import BOTH
from analysis.measures.registry import careful, coefficients, disturbed, timed
from analysis.observables import Distribution
from core.store import Check, Measure, Member, Run

TOLERANCE = 1e-10
SOURCE = "closed form for the density (w/2) sech^2(w x); Gradshteyn & Ryzhik 3.512"
REACH = 60.0  # the box in decay lengths of p^alpha, so that its tails are below rounding


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


def _exact(run: Run, member: Member, spec: Mapping[str, Any], cell: float) -> np.ndarray | None:
    """Return (discrete, differential) of a single soliton's density, where the form holds."""
    p, functional = run.params, str(spec["functional"])
    if p["case"] != "soliton" or spec["observable"] != "density" or disturbed(run):
        return None
    if functional not in ("shannon", "renyi", "tsallis"):
        return None
    order = float(spec.get("alpha", spec.get("q", 1.0)))
    beta, gamma = coefficients(run)
    w = float(p["amplitude"]) * math.sqrt(gamma / beta)
    value = soliton_entropy(functional, order, w)
    length = cell * len(member.coords["x"])
    if value is None or 2 * order * w * length / 2 < REACH:
        return None
    if functional == "tsallis" and order != 1:
        # T_discrete = (1 - s cell^(q-1))/(q-1) with s = 1 - (q-1) T_differential
        power = (1 - (order - 1) * value) * cell ** (order - 1)
        return np.array([(1 - power) / (order - 1), value])
    return np.array([value - math.log(cell), value])


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
    exact = None
    one = _exact(run, member, spec, distribution.cell)
    if one is not None and found.components == BOTH:
        exact = np.broadcast_to(one, found.values.shape)
        if careful(run):
            far = np.abs(found.values - exact)
            checks = tuple(
                Check(
                    f"{found.label} of |psi|^2, {name}, at its worst frame",
                    float(found.values[int(far[:, i].argmax()), i]),
                    float(one[i]),
                    TOLERANCE,
                    SOURCE,
                )
                for i, name in enumerate(BOTH)
            )
    return Measure(
        **timed(member),
        value=found.values,
        exact=exact,
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
