"""Pair forces of the interactions that a run of particles may have.

wca       F(r) = 24 (epsilon/r) [2 (s/r)^12 - (s/r)^6],  r < 2^(1/6) s
harmonic  F(r) = k (s - r),  r < s
softplus  F(r) = k ln(1 + exp(beta (s - r)))/beta
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.structure.pairs import Pairs, pairs_within

KINDS = ("none", "wca", "harmonic", "softplus")
TAIL = 9.0  # of softplus: it is cut where beta (r - s) reaches this, unless told otherwise


@dataclass(frozen=True)
class Interaction:
    """A repulsion: kind, strength epsilon or k, diameter s, beta and cutoff r_c of softplus."""

    kind: str
    strength: float = 1.0
    diameter: float = 1.0
    beta: float | None = None
    cutoff: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"interaction: no kind '{self.kind}'; known: {', '.join(KINDS)}")
        if self.kind == "softplus" and not (self.beta or 0) > 0:
            raise ValueError("interaction: softplus needs a positive beta")

    @property
    def reach(self) -> float:
        """Return the distance from which there is no force."""
        if self.kind == "wca":
            return 2 ** (1 / 6) * self.diameter
        if self.kind == "softplus":
            usual = self.diameter + TAIL / float(self.beta or 1.0)
            return usual if self.cutoff is None else self.cutoff
        return self.diameter

    def force(self, r: np.ndarray, size: np.ndarray | float = 1.0) -> np.ndarray:
        """Return the repulsive force (P,) at distances r (P,), 0 from the reach on.

        size  a pair's mean diameter over s, one or (P,); softplus takes none
        """
        return np.where(r < self.reach * size, self._law(r, self.diameter * size), 0.0)

    def _law(self, r: np.ndarray, s: np.ndarray | float) -> np.ndarray:
        k = self.strength
        if self.kind == "wca":
            sixth = (s / r) ** 6
            return 24 * k / r * sixth * (2 * sixth - 1)
        if self.kind == "harmonic":
            return k * (s - r)
        if self.kind == "softplus":
            beta = float(self.beta or 1.0)
            tail = np.logaddexp(0.0, beta * (s - self.reach))
            return k * (np.logaddexp(0.0, beta * (s - r)) - tail) / beta
        return np.zeros_like(r)


@dataclass(frozen=True)
class Forces:
    """What pairs do: force (N, 2) on each particle, and the virial sum r_ij F_ij over pairs."""

    force: np.ndarray
    virial: float


def pair_forces(points: Any, box: Any, interaction: Interaction, diameters: Any = None) -> Forces:
    """Return the forces between points (N, 2), and their virial.

    box        (2,) edges or None in open space
    diameters  (N,) where they differ: that of a pair is their mean
    """
    n = len(points)
    if interaction.kind == "none":
        return Forces(np.zeros((n, 2)), 0.0)
    sizes = None if diameters is None else np.asarray(diameters, float) / interaction.diameter
    widest = 1.0 if sizes is None else float(sizes.max())
    found: Pairs = pairs_within(points, box, interaction.reach * widest)
    r = np.hypot(found.d[:, 0], found.d[:, 1])
    if not (r > 0).all():
        raise ValueError("points: two are at the same place, where their force has no direction")
    mean = 1.0 if sizes is None else (sizes[found.i] + sizes[found.j]) / 2
    size = interaction.force(r, mean)
    along = found.d * (size / r)[:, None]  # on j; the opposite on i
    total = np.stack(
        [
            np.bincount(found.j, along[:, c], n) - np.bincount(found.i, along[:, c], n)
            for c in (0, 1)
        ],
        axis=-1,
    )
    return Forces(total, float((r * size).sum()))
