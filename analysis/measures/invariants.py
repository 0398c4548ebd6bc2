"""How well a run keeps what the equation keeps."""

import numpy as np

from analysis.measures.registry import (
    MEASURES,
    box,
    careful,
    coefficients,
    drift,
    explained,
    timed,
)
from core import invariants_nlse
from core.store import Check, Measure, Member, Run

# What a smooth run at the default tolerances must hold; physics as published, see docs/nlse.md.
TOLERANCES = {"mass": 1e-13, "momentum": 1e-11, "energy": 1e-11}
SOURCE = "conservation law of the equation; Zakharov & Shabat (1972) JETP 34, 62"


def _scales(member: Member, run: Run) -> dict[str, float]:
    """Return what each drift is divided by: the size of the invariant's parts.

    Momentum and energy may vanish or nearly cancel, so that a drift relative to their own value
    says nothing; sqrt(M int |psi_x|^2) bounds |P|, and H is a difference of two integrals.
    """
    beta, gamma = coefficients(run)
    first = member.fields["psi"][0]
    length = box(member)
    mass = float(invariants_nlse.mass(first, length))
    bend = 2 * float(invariants_nlse.energy(first, length, dispersion=1.0, nonlinearity=0.0))
    quartic = float(np.mean(np.abs(first) ** 4) * length)
    energy = abs(beta) / 2 * bend + abs(gamma) / 2 * quartic
    return {"mass": mass, "momentum": max(np.sqrt(mass * bend), mass), "energy": energy}


@MEASURES.register("invariants", needs=("psi", "mass", "momentum", "energy"), simulators=("nlse",))
def invariants(run: Run, member: Member, *, higher: bool = False) -> Measure:
    """Return the drift of mass, momentum and energy; with `higher`, also the 4th and 5th.

    Momentum is left out where a potential changes it; the higher ones exist without potential.
    """
    free = run.params.get("potential") is None
    names = ["mass", "momentum", "energy"] if free else ["mass", "energy"]
    scales = _scales(member, run)
    curves = {name: drift(member.fields[name][...], scales[name]) for name in names}
    if higher and free:
        beta, gamma = coefficients(run)
        psi, length = member.fields["psi"][...], box(member)
        for name, function in (
            ("fourth", invariants_nlse.fourth),
            ("fifth", invariants_nlse.fifth),
        ):
            values = function(psi, length, dispersion=beta, nonlinearity=gamma)
            size = np.abs(psi[0]).max() ** 2 * scales["momentum" if name == "fourth" else "energy"]
            curves[name] = drift(values, max(abs(float(values[0])), float(size)))
    worst = {name: float(values.max()) for name, values in curves.items()}
    return Measure(
        **timed(member),
        value=np.stack(list(curves.values()), axis=-1),
        label="drift of invariants",
        units="1",
        convention=(
            "|Q(t) - Q(0)| over the size of Q's parts: M, max(M, sqrt(M int|psi_x|^2)), "
            "|beta|/2 int|psi_x|^2 + |gamma|/2 int|psi|^4"
        ),
        components=tuple(curves),
        summary=tuple((f"largest drift of {n}", v, "1") for n, v in worst.items()),
        checks=_checks(run, member, worst),
        figure="drift",
        scale="log",
    )


def _checks(run: Run, member: Member, worst: dict[str, float]) -> tuple[Check, ...]:
    """Return rows for the runs that promise them: smooth, at the default tolerances."""
    if (
        run.params["integrator"] != "dop853"
        or "reference" in run.params["case"]
        or not careful(run, member)
    ):
        return ()
    rows = (
        Check(f"drift of {name}", worst[name], 0.0, tolerance, SOURCE, "upper")
        for name, tolerance in TOLERANCES.items()
        if name in worst
    )
    return explained(rows, run, member)
