"""The field itself: its map over space and time, spectrum, phase space, distance to the truth."""

import math

import numpy as np

from analysis.measures.registry import (
    MEASURES,
    box,
    careful,
    coefficients,
    explained,
    tail,
    timed,
)
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

# Error that each preset promises at its default tolerances, and for how long: on an unstable
# background whatever rounding there is grows like exp(|gamma| t).
PROMISED = {
    "soliton": (1e-9, math.inf),
    "two_solitons": (1e-8, math.inf),
    "akhmediev": (1e-8, 10.0),
    "dark_soliton": (1e-8, math.inf),
}
SOURCES = {
    "soliton": "Zakharov & Shabat (1972) JETP 34, 62",
    "two_solitons": "Zakharov & Shabat (1972) JETP 34, 62",
    "akhmediev": "Akhmediev, Eleonskii & Kulagin (1987) Theor. Math. Phys. 72, 809",
    "dark_soliton": "Zakharov & Shabat (1973) JETP 37, 823",
}


@MEASURES.register("spacetime", needs=("psi",), simulators=("nlse",))
def spacetime(run: Run, member: Member) -> Measure:
    """Return |psi| over time and space."""
    value = np.abs(member.fields["psi"][...])
    return Measure(
        **timed(member),
        value=value,
        label="|psi|",
        units="1",
        convention="modulus of the field on the grid",
        second=member.coords["x"],
        second_label="x",
        second_units="1",
        summary=(("largest |psi|", float(value.max()), "1"),),
        figure="map",
    )


@MEASURES.register("spectrum", needs=("psi",), simulators=("nlse",))
def spectrum(run: Run, member: Member) -> Measure:
    """Return |psi_hat|^2 over time and wavenumber, k ascending, as parts of the mass."""
    psi = member.fields["psi"][...]
    n = psi.shape[-1]
    power = np.abs(np.fft.fftshift(np.fft.fft(psi, axis=-1), axes=-1) / n) ** 2 * box(member)
    k = 2 * math.pi * np.fft.fftshift(np.fft.fftfreq(n, d=box(member) / n))
    if not (power.max(axis=-1) > 0).all():
        raise ConfigError("spectrum: psi is zero everywhere; it has no spectrum")
    return Measure(
        **timed(member),
        value=power,
        label="spectral power",
        units="1",
        convention="|psi_hat(k)|^2 L/n^2: each mode's part of the mass",
        second=k,
        second_label="k",
        second_units="1",
        summary=(("largest tail over peak of |psi_hat|", tail(run, psi), "1"),),
        figure="spectrum_map",
        scale="log",
    )


def _error_checks(run: Run, member: Member, value: np.ndarray) -> tuple[Check, ...]:
    case = run.params["case"]
    if case not in PROMISED or not careful(run, member):
        return ()
    bound, span = PROMISED[case]
    elapsed = (member.time - member.time[0]) * abs(coefficients(run)[1])
    within = elapsed <= span * (1 + 1e-9)
    until = "" if within.all() else f" until t = {member.time[within][-1]:g}"
    name = f"largest relative L2 error of psi{until}"
    row = Check(name, float(value[within].max()), 0.0, bound, SOURCES[case], "upper")
    return explained([row], run, member)


@MEASURES.register("error", needs=("psi", "error"), simulators=("nlse",))
def error(run: Run, member: Member) -> Measure:
    """Return the relative L2 distance to the exact solution at every frame."""
    value = np.asarray(member.fields["error"][...])
    return Measure(
        **timed(member),
        value=value,
        label="relative L2 error of psi",
        units="1",
        convention="||psi - exact|| / ||exact|| over the box",
        summary=(("largest relative L2 error", float(value.max()), "1"),),
        checks=_error_checks(run, member, value),
        figure="error",
        scale="log",
    )


@MEASURES.register("phase_space", needs=("psi",), simulators=("nlse",))
def phase_space(run: Run, member: Member, *, time: float | None = None) -> Measure:
    """Return coherence and phase concentration over time, and the points of one frame.

    time  whose frame's (Re psi, Im psi) are kept, the nearest; the last if not given
    """
    psi = member.fields["psi"][...]
    if time is not None and not member.time[0] <= time <= member.time[-1]:
        raise ConfigError(
            f"time: {time:g} is outside the run, {member.time[0]:g} to {member.time[-1]:g}"
        )
    frame = len(psi) - 1 if time is None else int(np.argmin(np.abs(member.time - time)))
    weight = np.abs(psi) ** 2
    total = weight.mean(axis=-1)
    if not (total > 0).all():
        raise ConfigError("phase_space: psi is zero everywhere; it has no phase")
    coherence = np.abs(psi.mean(axis=-1)) ** 2 / total
    # resultant length of the phases, each point weighted by its mass
    resultant = (weight * np.exp(1j * np.angle(psi))).mean(axis=-1) / total
    turn = np.abs(resultant)
    return Measure(
        **timed(member),
        value=np.stack([coherence, turn], axis=-1),
        label="coherence",
        units="1",
        convention=(
            "coherence |<psi>|^2/<|psi|^2> over the box; phase concentration |<|psi|^2 "
            "exp(i arg psi)>|/<|psi|^2>, the circular resultant length (Mardia & Jupp (2000) "
            "Directional Statistics, sec. 2.3)"
        ),
        components=("coherence", "phase concentration"),
        extra={
            "re": psi[frame].real,
            "im": psi[frame].imag,
            "modulus": np.abs(psi[frame]),
            "frame_time": np.asarray([member.time[frame]]),
            "mean_phase": np.angle(resultant),
        },
        summary=(
            ("mean coherence", float(coherence.mean()), "1"),
            ("mean phase concentration", float(turn.mean()), "1"),
        ),
        figure="phase",
    )
