"""Exact entropy production of self-propelled particles, free and in harmonic traps.

    dx = (v0 e - k x) dt + sqrt(2 eps) dW,    e: Ornstein-Uhlenbeck (AOUP), turning (ABP), tumbling

The AOUP's propulsion g has <g_a^2> = 1 in each direction: dg = -gamma g dt + sqrt(2 gamma) dW.
k_B = 1, mobility 1; rates in nats per unit of time and per particle.

Conventions: even, e keeps its sign when time is reversed; odd, it turns; g, the part of the
variables g alone, finite without thermal noise; fodor, eps = 0 and the momentum dx/dt is odd.
"""

import math

from analysis.production.checks import convention as known
from analysis.production.checks import finite, not_negative, positive

CONVENTIONS = ("even", "odd", "g", "fodor")


def _noise(eps: float, convention: str, name: str = "eps") -> None:
    if eps == 0 and convention in ("even", "odd"):
        raise ValueError(
            f"{name}: is 0, and the convention {convention} divides by it: without thermal noise "
            "the conventions g and fodor exist"
        )
    if eps > 0 and convention == "fodor":
        raise ValueError(
            "eps: the convention fodor needs eps = 0, where dx/dt exists; with thermal noise the "
            "conventions even, odd and g exist"
        )


def aoup_trap(
    v0: float, gamma: float, eps: float, k: float, convention: str = "even", d: int = 1
) -> float:
    """Return the rate of an active Ornstein-Uhlenbeck particle in a harmonic trap, four ways.

    even   d v0^2 gamma/(eps (k + gamma))
    odd    d v0^2 k/(eps (k + gamma)); the two add to the free d v0^2/eps
    g      d Q^2 (C^-1)_xx/gamma with Q = -v0 gamma/(k + gamma), the part of even that the
           variables g pay; d k at eps = 0
    fodor  0: a harmonic potential has no third derivative

    v0, gamma, eps, k  speed, persistence rate, thermal diffusivity, stiffness; d  dimensions

    Raises ValueError for eps = 0 with even and odd, and eps > 0 with fodor.
    Caprini et al. (2019) arXiv 1904.00475; Dabelow, Bo & Eichhorn (2019) Phys. Rev. X 9, 021009;
    Fodor et al. (2016) Phys. Rev. Lett. 117, 038103.
    """
    known(convention, CONVENTIONS)
    positive(gamma=gamma, k=k, d=d)
    not_negative(eps=eps)
    finite(v0=v0)
    _noise(eps, convention)
    if convention == "even":
        return d * v0**2 * gamma / (eps * (k + gamma))
    if convention == "odd":
        return d * v0**2 * k / (eps * (k + gamma))
    if convention == "fodor" or v0 == 0:
        return 0.0
    # (C^-1)_xx = 1/(C_xx - C_xg^2), the covariances written without their cancellation
    spread = eps / k + v0**2 * gamma / (k * (k + gamma) ** 2)
    return d * v0**2 * gamma / ((k + gamma) ** 2 * spread)


def coupled_aoup(
    v1: float, v2: float, gamma: float, eps: float, k: float, kappa: float, convention: str = "even"
) -> float:
    """Return the rate of two trapped AOUPs joined by a spring kappa, both together, on a line.

    (v1^2 + v2^2) (gamma/2 eps) [1/(k + gamma) + 1/(k + 2 kappa + gamma)], convention even; in odd
    the rest of the free rate (v1^2 + v2^2)/eps. From the heat <v_i g_i (v_i g_i + f_i)>/eps in the
    two normal modes.

    Raises ValueError for eps = 0: only g and fodor exist then, which `ornstein_uhlenbeck` gives
    for the parts of it.
    """
    known(convention, ("even", "odd"))
    positive(gamma=gamma, k=k)
    not_negative(eps=eps, kappa=kappa)
    finite(v1=v1, v2=v2)
    _noise(eps, convention)
    power = (v1**2 + v2**2) / eps
    share = gamma / 2 * (1 / (k + gamma) + 1 / (k + 2 * kappa + gamma))
    return power * (share if convention == "even" else 1 - share)


def aoup_chain(
    N: int, v0: float, gamma: float, eps: float, k: float, kappa: float, convention: str = "even"
) -> float:
    """Return the rate per particle of N trapped AOUPs in a ring of springs kappa, one dimension.

    even: (v0^2 gamma/eps) (1/N) sum_q 1/(k + 4 kappa sin^2(q/2) + gamma), q = 2 pi j/N. Each normal
    mode is an AOUP in a trap. N = math.inf gives
    v0^2 gamma/(eps sqrt((k + gamma)(k + gamma + 4 kappa))).

    Raises ValueError for eps = 0, N below 1, and N = 2, whose two springs join the same pair: the
    sum counts both, `coupled_aoup` only one.
    """
    known(convention, ("even", "odd"))
    positive(gamma=gamma, k=k)
    not_negative(eps=eps, kappa=kappa)
    finite(v0=v0)
    _noise(eps, convention)
    if math.isinf(N):
        share = gamma / math.sqrt((k + gamma) * (k + gamma + 4 * kappa))
    else:
        if N < 1 or N % 1:
            raise ValueError(f"N: must be a whole number of particles, 1 or more, got {N}")
        if N == 2:
            raise ValueError("N: a ring of 2 has two springs between one pair; use coupled_aoup")
        modes = (k + 4 * kappa * math.sin(math.pi * j / N) ** 2 + gamma for j in range(int(N)))
        share = math.fsum(gamma / mode for mode in modes) / N
    return v0**2 / eps * (share if convention == "even" else 1 - share)


def free(model: str, v0: float, D: float, d: int = 2, convention: str = "even") -> float:
    """Return the rate of a free particle: v0^2/D for abp and rtp, d v0^2/D for aoup; odd: 0.

    model  abp, rtp (|e| = 1) or aoup (<g_a^2> = 1 in each of d directions)
    D      thermal diffusivity

    Dissipation of the propulsion force against the drag, <v0 e . v0 e>/D. With an odd heading a
    free particle's path run backwards is as likely.

    Raises ValueError for D = 0: no rate without an interaction is finite then but 0 (fodor).
    Cocconi et al. (2020) Entropy 22, 1252.
    """
    if model not in ("abp", "aoup", "rtp"):
        raise ValueError(f"model: must be one of abp, aoup, rtp, got {model!r}")
    known(convention, ("even", "odd"))
    positive(d=d)
    finite(v0=v0)
    not_negative(D=D)
    _noise(D, convention, "D")
    if convention == "odd":
        return 0.0
    return (d if model == "aoup" else 1) * v0**2 / D


def abp_trap(
    v0: float, Dr: float, Dt: float, k: float, d: int = 2, convention: str = "even"
) -> float:
    """Return v0^2 R/(Dt (k + R)), R = (d - 1) Dr: an active Brownian particle in a harmonic trap.

    The heading forgets at R, so <e . x> = v0/(k + R), and sigma = <v0 e . (v0 e - k x)>/Dt; odd:
    v0^2 k/(Dt (k + R)), the rest of v0^2/Dt.

    Raises ValueError for Dt = 0, and d below 2: a heading on a line cannot turn (`rtp_trap`).
    """
    finite(v0=v0, d=d)
    if d != int(d) or d < 2:
        raise ValueError(f"d: a heading turns in 2 dimensions or more, got {d}; see rtp_trap")
    positive(Dr=Dr, k=k)
    not_negative(Dt=Dt)
    known(convention, ("even", "odd"))
    _noise(Dt, convention, "Dt")
    turning = (d - 1) * Dr
    return v0**2 * (turning if convention == "even" else k) / (Dt * (k + turning))


def rtp_trap(v0: float, rate: float, D: float, k: float, convention: str = "even") -> float:
    """Return v0^2 2 a/(D (k + 2 a)): run and tumble on a line in a harmonic trap.

    rate  a, of flips of the heading between +1 and -1, so that it forgets at 2 a
    D     thermal diffusivity; convention odd: v0^2 k/(D (k + 2 a))

    Raises ValueError for D = 0.
    Garcia-Millan & Pruessner (2021) J. Stat. Mech. 063203 (arXiv 2012.02900).
    """
    finite(v0=v0)
    positive(rate=rate, k=k)
    not_negative(D=D)
    known(convention, ("even", "odd"))
    _noise(D, convention, "D")
    return v0**2 * (2 * rate if convention == "even" else k) / (D * (k + 2 * rate))


def fodor_rate(third: float, v0: float, gamma: float) -> float:
    """Return sigma = <(p . grad)^3 Phi>/(2 gamma v0^2), of athermal AOUPs with p = dx/dt odd.

    third  <(p . grad)^3 Phi>, the mean of the potential's third derivative along p = v0 g + f

    tau^2/(2 D) <...> with tau = 1/gamma, D = v0^2/gamma, mobility 1. The third derivative vanishes
    in harmonic potentials: AOUPs there are in equilibrium by this measure.

    Fodor et al. (2016) Phys. Rev. Lett. 117, 038103, eq. (9).
    """
    finite(third=third)
    positive(v0=v0, gamma=gamma)
    return third / (2 * gamma * v0**2)
