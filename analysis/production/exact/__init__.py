"""Exact entropy production rates, to grade estimators with; each says which convention it is in."""

from analysis.production.exact.active import (
    abp_trap,
    aoup_chain,
    aoup_trap,
    coupled_aoup,
    fodor_rate,
    free,
    rtp_trap,
)
from analysis.production.exact.linear import (
    bead_chain,
    covariance,
    five_bead,
    gyrator,
    ornstein_uhlenbeck,
    two_bead,
)
from analysis.production.exact.markov import (
    Cycle,
    asymmetric_walk,
    cycles,
    ion_channel,
    markov,
    stationary,
)
from analysis.production.exact.rings import (
    Parts,
    driven_ring,
    ring_density,
    ring_parts,
    swimmer_force,
    two_swimmers,
)

__all__ = [
    "Cycle",
    "Parts",
    "abp_trap",
    "aoup_chain",
    "aoup_trap",
    "asymmetric_walk",
    "bead_chain",
    "coupled_aoup",
    "covariance",
    "cycles",
    "driven_ring",
    "five_bead",
    "fodor_rate",
    "free",
    "gyrator",
    "ion_channel",
    "markov",
    "ornstein_uhlenbeck",
    "ring_density",
    "ring_parts",
    "rtp_trap",
    "stationary",
    "swimmer_force",
    "two_bead",
    "two_swimmers",
]
