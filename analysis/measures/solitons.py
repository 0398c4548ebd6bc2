"""What a collision does to two solitons: displacement and carrier phase, measured and exact."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.registry import MEASURES, box, careful, coefficients
from core import exact_nlse
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

CASES = ("two_solitons", "n_soliton", "reference_two_soliton")
APART = 8.0  # widths between the solitons: closer, a sum of two is not what the field is
CLEAR = 20.0  # widths at which what the sum leaves out, exp(-20), is below the tolerance
TOLERANCE = 1e-7
SOURCE = "Zakharov & Shabat (1972) JETP 34, 62, eqs. (23)-(24)"
NAMES = ("displacement", "carrier phase")


def _fits(params: Mapping[str, Any]) -> str | None:
    case, amplitudes = params["case"], params.get("amplitudes")
    if case not in CASES:
        return f"needs a run of two solitons, not of '{case}'"
    if amplitudes is not None and len(amplitudes) != 2:
        return f"needs a run of two solitons, not of {len(amplitudes)}"
    velocities = params.get("velocities")
    if velocities is not None and len(velocities) == 2 and velocities[0] == velocities[1]:
        return "needs solitons of different velocities; these never meet"
    return None


def _free(run: Run) -> np.ndarray:
    """Return (amplitude, velocity, position, phase) of both solitons as given, (2, 4)."""
    p, reason = run.params, _fits(run.params)
    if reason is not None:
        raise ConfigError(f"soliton_shift: {reason}")
    phases = p.get("phases") or (0.0, 0.0)
    return np.array([p["amplitudes"], p["velocities"], p["positions"], phases], dtype=float).T


def _clearance(solitons: np.ndarray, times: np.ndarray, run: Run, length: float) -> np.ndarray:
    """Return by how many widths each soliton is clear of the other and of its own copy, (T,).

    Negative where one has left the box, round which they would meet again.
    """
    beta, gamma = coefficients(run)
    width = solitons[:, :1] * np.sqrt(gamma / beta)
    centres = solitons[:, 2:3] + solitons[:, 1:2] * times
    between = np.abs(centres[0] - centres[1]) * width.min()
    to_edge = 2 * width * (length / 2 - np.abs(centres))
    return np.minimum(between, to_edge.min(axis=0))


def _frames(
    run: Run, member: Member, solitons: np.ndarray, time: float | None
) -> tuple[int, int, float]:
    """Return the frames before and after the collision, and how clear the solitons are there.

    Of all frames on either side the one at which they are clearest, or after it that at `time`.
    """
    (_, v1, x1, _), (_, v2, x2, _) = solitons
    meet = (x2 - x1) / (v1 - v2)
    times = member.time
    clear = _clearance(solitons, times, run, box(member))
    before = np.where(times < meet, clear, -np.inf)
    after = np.where(times > meet, clear, -np.inf)
    if time is not None:
        if not times[0] <= time <= times[-1]:
            raise ConfigError(f"time: {time:g} is outside the run, {times[0]:g} to {times[-1]:g}")
        after[np.arange(len(times)) != np.argmin(np.abs(times - time))] = -np.inf
    first, last = int(before.argmax()), int(after.argmax())
    least = float(min(before[first], after[last]))
    if not least > APART:
        span = f"{times[0]:g} to {times[-1]:g}" if time is None else f"{times[0]:g} and {time:g}"
        raise ConfigError(
            f"soliton_shift: the solitons meet at t = {meet:g}; at some frame before and after, "
            f"t = {span}, they must be {APART:g} widths apart and inside the box"
        )
    return first, last, least


def _fit(
    psi: np.ndarray, x: np.ndarray, t: float, guess: np.ndarray, run: Run
) -> tuple[np.ndarray, float]:
    """Return the solitons (2, 4) whose sum is nearest to psi by least squares, and what is left."""
    from scipy.optimize import least_squares

    beta, gamma = coefficients(run)

    def residual(flat: np.ndarray) -> np.ndarray:
        total = np.zeros_like(psi)
        for a, v, x0, phase in flat.reshape(2, 4):
            total += exact_nlse.soliton(x, t, a, v, x0, phase, dispersion=beta, nonlinearity=gamma)
        gap = total - psi
        return np.concatenate([gap.real, gap.imag])

    done = least_squares(
        residual, guess.ravel(), jac="3-point", x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    size = np.linalg.norm(psi)
    return done.x.reshape(2, 4), float(np.linalg.norm(done.fun) / size)


def _guess(psi: np.ndarray, x: np.ndarray, t: float, solitons: np.ndarray, run: Run) -> np.ndarray:
    """Return the solitons with the positions and phases of the peaks nearest to free motion."""
    beta, gamma = coefficients(run)
    free = solitons[:, 2] + solitons[:, 1] * t
    half = abs(free[0] - free[1]) / 2
    guess = solitons.copy()
    for soliton, centre in zip(guess, free, strict=True):
        near = np.abs(x - centre) < half
        peak = int(np.argmax(np.where(near, np.abs(psi), 0.0)))
        a, v, _, _ = soliton
        soliton[2] = x[peak] - v * t
        still = exact_nlse.soliton(x, t, a, v, soliton[2], 0.0, dispersion=beta, nonlinearity=gamma)
        soliton[3] = np.angle(psi[peak] / still[peak])
    return guess


@MEASURES.register("soliton_shift", needs=("psi",), simulators=("nlse",), fits=_fits)
def soliton_shift(run: Run, member: Member, *, time: float | None = None) -> Measure:
    """Return how a collision displaced two solitons and turned their carriers.

    Two free solitons (amplitude, velocity, position and phase of each) are fitted to a frame
    before the collision and to one after it; the shifts are what their positions and phases at
    t = 0 differ by. Nothing of the exact solution goes into them.

    time  of the frame after, the nearest; if not given, that at which the solitons are clearest
          of each other and of the box's edges
    """
    solitons = _free(run)
    first, last, clear = _frames(run, member, solitons, time)
    fits = []
    for frame in (first, last):
        x, t, psi = member.coords["x"], float(member.time[frame]), member.fields["psi"][frame]
        fits.append(_fit(psi, x, t, _guess(psi, x, t, solitons, run), run))
    (incoming, _), (outgoing, residual) = fits
    beta, gamma = coefficients(run)
    (a1, v1), (a2, v2) = solitons[:, :2]
    dx1, dx2, turn1, turn2 = exact_nlse.soliton_shifts(
        a1, a2, v1, v2, dispersion=beta, nonlinearity=gamma
    )
    exact = np.array([[dx1, turn1], [dx2, turn2]])
    value = outgoing[:, 2:] - incoming[:, 2:]
    value[:, 1] = np.angle(np.exp(1j * (value[:, 1] - exact[:, 1]))) + exact[:, 1]
    return Measure(
        axis=np.array([1.0, 2.0]),
        axis_label="soliton",
        axis_units="1",
        value=value,
        exact=exact,
        label="shift by the collision",
        units="1",
        convention=(
            f"two free solitons fitted at t = {member.time[last]:g}, less those at "
            f"t = {member.time[first]:g}; phases at x = 0, modulo 2 pi; {clear:.0f} widths "
            f"apart; fit residual {residual:.1e}"
        ),
        components=NAMES,
        summary=tuple(
            (f"{name} of soliton {j + 1}", float(value[j, i]), "1" if i == 0 else "rad")
            for j in range(2)
            for i, name in enumerate(NAMES)
        ),
        checks=_checks(run, member, value, exact) if clear >= CLEAR else (),
        figure="table",
    )


def _checks(run: Run, member: Member, value: np.ndarray, exact: np.ndarray) -> tuple[Check, ...]:
    if "reference" in run.params["case"] or not careful(run, member):
        return ()
    return tuple(
        Check(
            f"{name} of soliton {j + 1}", float(value[j, i]), float(exact[j, i]), TOLERANCE, SOURCE
        )
        for i, name in enumerate(NAMES)
        for j in range(2)
    )
