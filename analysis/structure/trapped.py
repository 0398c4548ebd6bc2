"""What a particle in a harmonic trap does exactly: where it is, and what its swimming costs.

<x_a^2> = D/kappa + (v_0^2 <e^2>/d) Re 1/(kappa (kappa + z)),   kappa = mu k,  z = Gamma + i omega
sigma   = (v_0^2 <e^2>/D) Re z/(kappa + z)
"""

from typing import Any

import numpy as np


def variance(
    relaxation: float,
    *,
    dimension: int,
    speed_squared: float,
    forgetting: float,
    chirality: float = 0.0,
    diffusivity: float = 0.0,
) -> float:
    """Return <x_a^2> of one coordinate in the stationary state.

    relaxation     kappa, mobility times stiffness
    speed_squared  v_0^2 <e^2>: v_0^2 for headings of length 1, d v_0^2 where <e_a^2> = 1
    forgetting     Gamma, see `free.heading_memory`; the rest as there

    Any propulsion whose autocorrelation is Re exp(-z t): x remembers its noise by exp(-kappa t).
    Of AOUPs Szamel (2014) Phys. Rev. E 90, 012111.
    """
    swum = (1 / (relaxation * complex(relaxation + forgetting, chirality))).real
    return diffusivity / relaxation + speed_squared / dimension * swum


def entropy_production(
    relaxation: float,
    *,
    speed_squared: float,
    forgetting: float,
    diffusivity: float,
    chirality: float = 0.0,
) -> float:
    """Return the entropy production per particle and time, in k_B, headings even.

    Without a trap (relaxation 0) it is v_0^2 <e^2>/D. Parameters as for `variance`.
    Cocconi et al. (2020) Entropy 22, 1252.
    """
    z = complex(forgetting, chirality)
    held = (z / (relaxation + z)).real if relaxation else 1.0
    return speed_squared / diffusivity * held


def gaussian(edges: Any, square: float) -> np.ndarray:
    """Return the density of a coordinate, averaged over bins: that of a linear Gaussian process.

    edges   (B + 1,) of bins; square  <x_a^2>
    """
    from scipy.special import ndtr

    edges = np.asarray(edges, dtype=float)
    return np.diff(ndtr(edges / np.sqrt(square))) / np.diff(edges)


def run_and_tumble(edges: Any, relaxation: float, speed: float, flips: float) -> np.ndarray:
    """Return the density of athermal run-and-tumble particles on a line, averaged over bins.

    p(x) ~ (1 - (kappa x/v)^2)^(alpha/kappa - 1) for |x| < v/kappa, flips  alpha, a second
    Dhar et al. (2019) Phys. Rev. E 99, 032132.
    """
    from scipy.special import betainc

    edges = np.asarray(edges, dtype=float)
    u = np.clip(edges * relaxation / speed, -1, 1)
    below = 0.5 + 0.5 * np.sign(u) * betainc(0.5, flips / relaxation, u**2)
    return np.diff(below) / np.diff(edges)
