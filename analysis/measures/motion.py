"""How particles move: mean square displacement, memory of the heading."""

from typing import Any

import numpy as np

from analysis.measures.particles import (
    free,
    heading_field,
    of_particles,
    propulsion,
    swimming,
)
from analysis.structure import free as exact
from analysis.structure.motion import (
    effective_diffusion,
    heading_products,
    over_particles,
    square_displacements,
    unwrapped,
)
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

EARLY, LATE = 0.2, 0.4  # of the run: lags of which there are still many
TRUST = 5.0  # standard errors within which a sample must be of its exact mean
FORGETTING = "Howse et al. (2007) Phys. Rev. Lett. 99, 048102"


def _rule(*, particles: int = 2000, window: tuple[float, ...] = ()) -> None:
    if particles < 1:
        raise ConfigError(f"particles: must be 1 or more, got {particles}")
    if window and (len(window) != 2 or not 0 <= window[0] < window[1]):
        raise ConfigError(f"window: must be two lags, the first below the second, got {window}")


def _evenly(n: int, most: int) -> slice:
    return slice(None, None, -(-n // most))


def _lags(member: Member) -> np.ndarray:
    gaps = np.diff(member.time)
    if len(gaps) < 2 or np.ptp(gaps) > 1e-6 * gaps.max():
        raise ConfigError("time: frames must be three or more, evenly spaced")
    return member.time - member.time[0]


def _followed(field: Any, some: slice) -> np.ndarray:
    """Return some particles in all frames, (T, n, d), read frame by frame."""
    return np.stack([field[t][some] for t in range(len(field))])


def _paths(member: Member, some: slice) -> np.ndarray:
    x = _followed(member.fields["position"], some)
    d = x.shape[-1]
    box = member.fields["box"][...] if "box" in member.fields else np.full(d, np.inf)
    crossed = member.fields.get("image")
    image = None if crossed is None else _followed(crossed, some)
    return unwrapped(x, box, image)


def _exact(run: Run, t: np.ndarray) -> np.ndarray | None:
    """Return the mean square displacement of free particles of one kind, None for others."""
    swims = propulsion(run.params)
    if swims is None or not free(run.params):
        return None
    return exact.mean_square_displacement(
        t,
        dimension=swims.dimension,
        speed_squared=swims.speed_squared,
        forgetting=swims.forgetting,
        chirality=swims.chirality,
        diffusivity=swims.diffusivity,
    )


@of_particles("msd", rule=_rule, fits=lambda params: None)
def msd(
    run: Run, member: Member, *, particles: int = 2000, window: tuple[float, ...] = ()
) -> Measure:
    """Return the mean square displacement over the lag, and the effective diffusivity.

    particles  how many are followed at most, evenly chosen
    window     first and last lag of the fit of D_eff; a fifth and two of the run if not given
    """
    t = _lags(member)
    n, d = member.fields["position"].shape[1:]
    each = square_displacements(_paths(member, _evenly(n, particles)))
    mean, error = over_particles(each)
    first, last = window or (EARLY * t[-1], LATE * t[-1])
    found = effective_diffusion(t, each, d, (first, last))
    truth = _exact(run, t)
    checks: tuple[Check, ...] = ()
    if truth is not None and np.isfinite(found.error):
        same = effective_diffusion(t, truth[:, None], d, (first, last)).value
        name = f"slope of the mean square displacement over 2d, lags {first:g} to {last:g}"
        at = max(1, len(t) // 20)
        checks = (
            Check(name, found.value, same, TRUST * found.error, FORGETTING),
            Check(
                f"mean square displacement at lag {t[at]:g}", float(mean[at]), float(truth[at]),
                TRUST * float(error[at]), FORGETTING,
            ),
        )  # fmt: skip
    scalars = [("effective diffusivity", found.value, "1")]
    if np.isfinite(found.error):
        scalars.append(("effective diffusivity, error over particles", found.error, "1"))
    return Measure(
        axis=t[1:],
        axis_label="lag",
        axis_units="1",
        value=mean[1:],
        exact=None if truth is None else truth[1:],
        label="mean square displacement",
        units="1",
        convention=(
            f"over {each.shape[1]} particles and all origins, across the edges of the box; "
            f"D_eff is half its slope per dimension from lag {first:g} to {last:g}"
        ),
        extra={"error": np.nan_to_num(error[1:]), "logarithmic": np.array([1, 1])},
        summary=(*scalars, ("exponent of the displacement there", found.exponent, "1")),
        checks=checks,
        figure="profile",
        scale="log",
    )


@of_particles("heading_memory", rule=_rule, fits=swimming)
def heading_memory(
    run: Run, member: Member, *, particles: int = 2000, window: tuple[float, ...] = ()
) -> Measure:
    """Return the autocorrelation of the heading over the lag.

    particles  how many are followed at most, evenly chosen
    window     lags that the picture shows; up to half the run if not given
    """
    t = _lags(member)
    name = heading_field(member)
    n = member.fields["position"].shape[1]
    e = _followed(member.fields[name], _evenly(n, particles))
    each = heading_products(e)
    scale = float(each[0].mean())
    if scale == 0:
        raise ConfigError("headings: are all 0; such particles do not swim")
    mean, error = over_particles(each / scale)
    low, high = window or (0.0, 0.5 * t[-1])
    shown = (t >= low) & (t <= high)
    if not shown.any():
        raise ConfigError(f"window: no lag of the run is from {low:g} to {high:g}")
    swims = propulsion(run.params)
    alone = swims is not None and not run.params.get("alignment") and swims.forgetting > 0
    truth: np.ndarray | None = None
    checks: tuple[Check, ...] = ()
    if alone and swims is not None:
        truth = exact.heading_memory(t, swims.forgetting, swims.chirality)
        at = max(1, int(np.argmin(np.abs(t - 1 / swims.forgetting))))
        if shown[at] and np.isfinite(error[at]):
            row = Check(
                f"autocorrelation of the heading at lag {t[at]:g}", float(mean[at]),
                float(truth[at]), TRUST * float(error[at]), FORGETTING,
            )  # fmt: skip
            checks = (row,)
    below = np.flatnonzero(mean < np.exp(-1))
    memory = (("lag at which it falls to 1/e", float(t[below[0]]), "1"),) if below.size else ()
    return Measure(
        axis=t[shown],
        axis_label="lag",
        axis_units="1",
        value=mean[shown],
        exact=None if truth is None else truth[shown],
        label="autocorrelation of the heading",
        units="1",
        convention=f"<e(t) e(0)>/<e^2> over {each.shape[1]} particles and all origins",
        extra={"error": np.nan_to_num(error[shown]), "reference": np.array([0.0])},
        summary=memory,
        checks=checks,
        figure="profile",
    )
