"""What particles make of their propulsion: effective speed and pressures.

    v_eff = <e x'> = v_0 + mu <e F>
    P = rho T  +  (1/d A) sum_pairs r F  +  rho v_0 v_eff/(d mu Gamma)     ideal, virial, swim

with Gamma the rate at which the heading forgets: (d - 1) D_r, a tumble rate, or gamma.
"""

from typing import Any, NamedTuple

import numpy as np


class Pressures(NamedTuple):
    """Parts of the pressure of a homogeneous suspension; `total` is their sum."""

    ideal: float
    virial: float
    swim: float

    @property
    def total(self) -> float:
        """Return the whole pressure."""
        return self.ideal + self.virial + self.swim


def effective_speed(headings: Any, forces: Any, speed: Any, mobility: float = 1.0) -> float:
    """Return v_eff = <e (v_0 e + mu F)>/sqrt(<e^2>), the mean speed along the headings.

    headings  (N, d): unit vectors, or an Ornstein-Uhlenbeck propulsion in units of v_0
    forces    (N, d) on the particles
    speed     v_0, one for all or (N,)
    """
    e, f = np.asarray(headings, dtype=float), np.asarray(forces, dtype=float)
    if e.shape != f.shape or e.ndim != 2:
        raise ValueError(f"headings: must be (N, d) as forces, got {e.shape} and {f.shape}")
    square = (e**2).sum(axis=1)
    size = float(np.sqrt(square.mean()))
    if size == 0:
        raise ValueError("headings: are all 0; such particles do not swim")
    return float((np.asarray(speed) * square + mobility * (e * f).sum(axis=1)).mean() / size)


def pressures(
    headings: Any,
    forces: Any,
    virial: float,
    box: Any,
    *,
    speed: Any,
    forgetting: float,
    mobility: float = 1.0,
    diffusivity: float = 0.0,
) -> Pressures:
    """Return the parts of the pressure of particles in a periodic box.

    headings, forces  (N, d); virial  sum of r F over pairs; box  (d,) edges
    speed             v_0, one or (N,); forgetting  rate at which the heading decorrelates
    diffusivity       thermal, D_t = mobility times temperature
    Swim pressure: rho <v_0 e (v_0 e + mu F)>/(d mu Gamma), the exact active part of the pressure
    of torque-free particles; Solon et al. (2015) Phys. Rev. Lett. 114, 198301, eq. (8).
    """
    e, f = np.asarray(headings, dtype=float), np.asarray(forces, dtype=float)
    d = e.shape[1]
    for name, value in (("forgetting", forgetting), ("mobility", mobility)):
        if not value > 0:
            raise ValueError(f"{name}: must be positive, got {value:g}")
    area = float(np.prod(np.asarray(box, dtype=float)))
    own = np.asarray(speed, dtype=float)
    work = own**2 * (e**2).sum(axis=1) + own * mobility * (e * f).sum(axis=1)
    density = len(e) / area
    return Pressures(
        density * diffusivity / mobility,
        virial / (d * area),
        density * float(work.mean()) / (d * mobility * forgetting),
    )
