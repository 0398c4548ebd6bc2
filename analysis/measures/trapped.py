"""Particles in a harmonic trap, each alone: where they are, and how far that is from exact."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.particles import (
    Propulsion,
    curve_error,
    frames_since,
    interaction,
    of_particles,
    propulsion,
)
from analysis.measures.structures import positive
from analysis.structure import trapped as exact
from core.store import Check, Measure, Member, Run

TRUST = 5.0  # standard errors within which a sample must be of its exact mean
REACH = 3.5  # standard deviations that the histogram spans each way


def _rule(*, bins: int = 2, since: float | None = None) -> None:
    positive(bins=bins)


def _fits(params: Mapping[str, Any]) -> str | None:
    """Return why a run is not one of single particles in a trap, or None."""
    if not params.get("trap"):
        return "is for particles in a trap; this run has none"
    if propulsion(params) is None:
        return "is for particles of one kind, not for a mixture"
    if interaction(params).kind != "none" or params.get("coupling") or params.get("alignment"):
        return "is for particles that know nothing of each other"
    return None


def relaxation(params: Mapping[str, Any]) -> float:
    """Return kappa, mobility times stiffness of the trap, 0 without one."""
    mobility = params.get("mobility")
    stiffness = float((params.get("trap") or {}).get("stiffness") or 0.0)
    return stiffness * (1.0 if mobility is None else float(mobility))


def _density(
    edges: np.ndarray, kappa: float, square: float, swims: Propulsion, model: str
) -> np.ndarray | None:
    """Return the exact density of a coordinate, None where there is no closed form."""
    if model in ("aoup", "passive") or swims.speed == 0:
        return exact.gaussian(edges, square)
    if model == "rtp" and swims.dimension == 1 and swims.diffusivity == 0:
        return exact.run_and_tumble(edges, kappa, swims.speed, swims.forgetting / 2)
    return None


@of_particles("trapped", rule=_rule, fits=_fits)
def trapped(run: Run, member: Member, *, bins: int = 60, since: float | None = None) -> Measure:
    """Return the distribution of a coordinate in the trap; its variance is known exactly.

    bins   of the histogram, whose error is over frames
    since  the time from which frames count
    """
    kappa, swims = relaxation(run.params), propulsion(run.params)
    assert swims is not None  # as `fits` says
    x = np.stack([frame.position for frame in frames_since(member, since)])
    square = exact.variance(
        kappa, dimension=swims.dimension, speed_squared=swims.speed_squared,
        forgetting=swims.forgetting, chirality=swims.chirality, diffusivity=swims.diffusivity,
    )  # fmt: skip
    each = (x**2).mean(axis=(0, 2))  # over time and axes; particles are independent
    found, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size))
    heun = run.params.get("integrator") == "heun"
    step = kappa * float(run.params["time_step"])  # Euler-Maruyama widens by up to half of it
    tolerance = TRUST * error + square * (step**2 if heun else step / 2)
    edges = np.linspace(-1, 1, bins + 1) * REACH * np.sqrt(square)
    rows = np.stack([np.histogram(f, edges)[0] / (f.size * np.diff(edges)) for f in x])
    return Measure(
        axis=(edges[1:] + edges[:-1]) / 2,
        axis_label="x",
        axis_units="1",
        value=rows.mean(axis=0),
        exact=_density(edges, kappa, square, swims, str(run.params["model"])),
        label="density of a coordinate in the trap",
        units="1",
        convention=(
            f"{x.shape[1]} particles in {len(x)} frames; kappa = {kappa:g}, the heading forgets "
            f"at {swims.forgetting:g}"
        ),
        extra={"error": curve_error(rows)},
        summary=(
            ("variance of a coordinate", found, "1"),
            ("variance of a coordinate, error over particles", error, "1"),
        ),
        checks=(
            Check(
                "variance of a coordinate in the trap", found, square, tolerance,
                "D/kappa + v^2 <e^2>/(d kappa (kappa + Gamma)), Szamel (2014) Phys. Rev. E 90, "
                "012111",
            ),
        ),
        figure="profile",
    )  # fmt: skip
