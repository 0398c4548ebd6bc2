"""What a collision does to two solitons: displacement and carrier phase, measured and exact."""

import numpy as np

from analysis.measures.registry import MEASURES, careful, coefficients
from core import exact_nlse
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

CASES = ("two_solitons", "n_soliton", "reference_two_soliton")
APART = 8.0  # widths between the solitons' centres, before and after
TOLERANCE = 1e-7
SOURCE = "Zakharov & Shabat (1972) JETP 34, 62, eqs. (23)-(24)"


def _incoming(run: Run, member: Member) -> np.ndarray:
    """Return (amplitude, velocity, position, phase) of both solitons, (2, 4)."""
    p = run.params
    if p["case"] not in CASES or len(p["amplitudes"]) != 2:
        raise ConfigError(f"soliton_shift: needs a run of two solitons, got case '{p['case']}'")
    phases = p.get("phases") or (0.0, 0.0)
    solitons = np.array([p["amplitudes"], p["velocities"], p["positions"], phases]).T
    (a1, v1, x1, _), (a2, v2, x2, _) = solitons
    if v1 == v2:
        raise ConfigError("soliton_shift: solitons of equal velocity never meet")
    meet = (x2 - x1) / (v1 - v2)
    apart = abs(v1 - v2) * min(meet - member.time[0], member.time[-1] - meet) * min(a1, a2)
    if not apart > APART:
        raise ConfigError(
            f"soliton_shift: the solitons meet at t = {meet:g}; the run, t = {member.time[0]:g} "
            f"to {member.time[-1]:g}, must begin and end with them apart"
        )
    return solitons


def _fit(
    psi: np.ndarray, x: np.ndarray, t: float, guess: np.ndarray, run: Run
) -> tuple[np.ndarray, float]:
    """Return the solitons (2, 4) whose sum is nearest to psi, by least squares."""
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


def _guess(psi: np.ndarray, x: np.ndarray, t: float, incoming: np.ndarray, run: Run) -> np.ndarray:
    """Return the solitons with the positions and phases of the peaks nearest to free motion."""
    beta, gamma = coefficients(run)
    free = incoming[:, 2] + incoming[:, 1] * t
    half = abs(free[0] - free[1]) / 2
    guess = incoming.copy()
    for soliton, centre in zip(guess, free, strict=True):
        near = np.abs(x - centre) < half
        peak = int(np.argmax(np.where(near, np.abs(psi), 0.0)))
        a, v, _, _ = soliton
        soliton[2] = x[peak] - v * t
        still = exact_nlse.soliton(x, t, a, v, soliton[2], 0.0, dispersion=beta, nonlinearity=gamma)
        soliton[3] = np.angle(psi[peak] / still[peak])
    return guess


@MEASURES.register("soliton_shift", needs=("psi",), simulators=("nlse",))
def soliton_shift(run: Run, member: Member) -> Measure:
    """Return how a collision displaced two solitons and turned their carriers.

    Two free solitons are fitted to the last frame (amplitude, velocity, position and phase of
    each); the shifts are the fitted positions and phases less those of free motion.
    """
    incoming = _incoming(run, member)
    beta, gamma = coefficients(run)
    x, t = member.coords["x"], float(member.time[-1])
    (a1, v1), (a2, v2) = incoming[:, :2]
    dx1, dx2, turn1, turn2 = exact_nlse.soliton_shifts(
        a1, a2, v1, v2, dispersion=beta, nonlinearity=gamma
    )
    exact = np.array([[dx1, turn1], [dx2, turn2]])
    psi = member.fields["psi"][-1]
    found, residual = _fit(psi, x, t, _guess(psi, x, t, incoming, run), run)
    value = found[:, 2:] - incoming[:, 2:]
    value[:, 1] = np.angle(np.exp(1j * (value[:, 1] - exact[:, 1]))) + exact[:, 1]
    names = ("displacement", "carrier phase")
    return Measure(
        axis=np.array([1.0, 2.0]),
        axis_label="soliton",
        axis_units="1",
        value=value,
        exact=exact,
        label="shift by the collision",
        units="1",
        convention=(
            "fitted at the last frame, less free motion; phases at x = 0, modulo 2 pi; "
            f"fit residual {residual:.1e}"
        ),
        components=names,
        summary=tuple(
            (f"{name} of soliton {j + 1}", float(value[j, i]), "1" if i == 0 else "rad")
            for j in range(2)
            for i, name in enumerate(names)
        ),
        checks=_checks(run, value, exact, names),
        figure="table",
    )


def _checks(
    run: Run, value: np.ndarray, exact: np.ndarray, names: tuple[str, ...]
) -> tuple[Check, ...]:
    if not careful(run) or "reference" in run.params["case"]:
        return ()
    return tuple(
        Check(
            f"{name} of soliton {j + 1}",
            float(value[j, i]),
            float(exact[j, i]),
            TOLERANCE,
            SOURCE,
        )
        for i, name in enumerate(names)
        for j in range(2)
    )
