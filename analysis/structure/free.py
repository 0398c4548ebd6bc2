"""What free particles do exactly, whatever makes their heading forget.

<e(t) e(0)> = <e^2> exp(-Gamma t) cos(omega t)
MSD(t) = 2 d D_t t + 2 v_0^2 <e^2> Re[(z t - 1 + exp(-z t))/z^2],   z = Gamma + i omega
"""

from typing import Any

import numpy as np


def heading_memory(t: Any, forgetting: float, chirality: float = 0.0) -> np.ndarray:
    """Return <e(t) e(0)>/<e^2> at times t.

    forgetting  Gamma: (d - 1) D_r of a diffusing heading, the rate of tumbles to any direction,
                or the rate gamma of an Ornstein-Uhlenbeck propulsion
    chirality   omega, the angular speed
    """
    t = np.asarray(t, dtype=float)
    return np.exp(-forgetting * t) * np.cos(chirality * t)


def _memory(y: np.ndarray) -> np.ndarray:
    """Return (y - 1 + exp(-y))/y^2, near 0 by its series."""
    small = np.abs(y) < 1e-2
    safe = np.where(small, 1.0, y)
    series = 1 / 2 - y / 6 + y**2 / 24 - y**3 / 120 + y**4 / 720 - y**5 / 5040
    return np.where(small, series, (safe - 1 + np.exp(-safe)) / safe**2)


def mean_square_displacement(
    t: Any,
    *,
    dimension: int,
    speed_squared: float,
    forgetting: float,
    chirality: float = 0.0,
    diffusivity: float = 0.0,
) -> np.ndarray:
    """Return the mean square displacement at times t.

    speed_squared  v_0^2 <e^2>: v_0^2 for headings of length 1, d v_0^2 where <e_a^2> = 1
    Howse et al. (2007) Phys. Rev. Lett. 99, 048102, eq. (1); with chirality van Teeffelen & Löwen
    (2008) Phys. Rev. E 78, 020101.
    """
    t = np.asarray(t, dtype=float)
    swum = 2 * speed_squared * t**2 * _memory(complex(forgetting, chirality) * t).real
    return 2 * dimension * diffusivity * t + swum


def long_time_diffusivity(
    *,
    dimension: int,
    speed_squared: float,
    forgetting: float,
    chirality: float = 0.0,
    diffusivity: float = 0.0,
) -> float:
    """Return D_t + v_0^2 <e^2> Gamma/(d (Gamma^2 + omega^2)); v_0^2/(d (d - 1) D_r) + D_t alone."""
    turning = forgetting**2 + chirality**2
    if turning == 0:
        raise ValueError("forgetting: particles that never turn do not diffuse")
    return diffusivity + speed_squared * forgetting / (dimension * turning)
