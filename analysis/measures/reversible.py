"""What a conservative wave gives in the place of entropy production: nothing, and it spreads.

i psi_t = -beta/2 psi_xx - gamma |psi|^2 psi + V psi

Its flow keeps the volume of phase space: with f = i L psi + i gamma |psi|^2 psi, L real and
symmetric, the real divergence is 2 Re tr (i L + 2 i gamma |psi|^2) = 0, whatever the state, and
psi -> psi*, t -> -t is a solution. What grows is the entropy of its power over wavenumbers.
"""

import numpy as np

from analysis.entropy import shannon
from analysis.measures.invariants import TOLERANCES
from analysis.measures.registry import MEASURES, careful
from core.errors import ConfigError
from core.store import Check, Measure, Member, Run

SOURCE = "the flow keeps phase-space volume: 2 Re tr(i times a Hermitian matrix) = 0"


@MEASURES.register("spectral_growth", needs=("psi", "mass"), simulators=("nlse",))
def spectral_growth(run: Run, member: Member) -> Measure:
    """Return the contraction of phase space, exactly 0, and how fast the spectral entropy grows.

    The contraction is minus half of d ln M/dt, M the mass: what a loss that acts alike on all
    modes would show, per degree of freedom.
    """
    time = member.time
    if len(time) < 2:
        raise ConfigError("spectral_growth: needs two frames or more")
    span = float(time[-1] - time[0])
    mass = np.log(member.fields["mass"][...])
    lost = -float(mass[-1] - mass[0]) / (2 * span)
    moved = float(np.abs(mass - mass[0]).max()) / (2 * span)
    power = np.abs(np.fft.fft(member.fields["psi"][...], axis=-1)) ** 2
    entropy = shannon(power / power.sum(axis=-1, keepdims=True))
    rate = float(entropy[-1] - entropy[0]) / span
    return Measure(
        axis=np.zeros(1), axis_label="run", axis_units="1", value=np.array([[lost, rate]]),
        label="Contraction of phase space and growth of the spectral entropy", units="1/time",
        convention="contraction per degree of freedom, from the mass; Shannon entropy of the power "
        "over wavenumbers, last frame less first over the time between; not an entropy production",
        components=("contraction", "growth"),
        summary=(
            ("contraction per degree of freedom", lost, "1/time"),
            ("largest move of the mass, as such a rate", moved, "1/time"),
            ("growth of the spectral entropy", rate, "nat/time"),
            ("spectral entropy, first frame", float(entropy[0]), "nat"),
            ("spectral entropy, last frame", float(entropy[-1]), "nat"),
        ),
        checks=_checks(run, member, moved, span), figure="numbers",
    )  # fmt: skip


def _checks(run: Run, member: Member, moved: float, span: float) -> tuple[Check, ...]:
    """Return the row of runs that promise to keep their mass, as `invariants` asks it of them."""
    if run.params["integrator"] != "dop853" or not careful(run, member):
        return ()
    tolerance = TOLERANCES["mass"] / (2 * span)
    return (Check("contraction per degree of freedom", moved, 0.0, tolerance, SOURCE, "upper"),)
