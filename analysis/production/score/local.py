"""Local many-body features for the score of athermal or thermal AOUPs' propulsions g.

    s_g,i = -g_i + sum_k theta_k w_k(i) y_k(i),    y in g, F, H g, H F, .., H^4 g, H^4 F

F is the drift by forces over v0, H the Hessian of the potential over its largest stiffness. In a
harmonic crystal s_g = -g - F - H (g + F)/gamma is exact. The weights w make this guess local: by
how crowded a particle's surroundings are, with no feature at all where they are dilute (there a
cage's coefficients would do harm; the score is then -g, and the rate 0), and 1/(1 + |g + F|^2/c),
less of it for particles that move.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from analysis.production.checks import frame, positive
from analysis.production.pairs import (
    Interaction,
    Springs,
    crowding,
    power_diagonals,
    product,
    springs,
)
from analysis.production.score.terms import Terms

POWERS = 4  # of H
PLAIN = tuple("H" * power + v for power in range(POWERS + 1) for v in ("g", "F"))


@dataclass(frozen=True)
class Swimmers:
    """The AOUPs that snapshots are of: dx = (v0 g + mobility F) dt, dg = -gamma g dt + noise.

    trap  stiffness of a harmonic trap about 0;  box  lengths, None without
    """

    v0: float
    gamma: float
    interaction: Interaction
    box: Any = None
    mobility: float = 1.0
    trap: float = 0.0

    def __post_init__(self) -> None:
        positive(v0=self.v0, gamma=self.gamma, mobility=self.mobility)


@dataclass(frozen=True)
class Local:
    """Which features: the plain ones, by crowding and with weights for speed.

    crowding    rising edges of classes of `pairs.crowding`, each with coefficients of its own;
                particles below the first have none. Empty: one set for all particles
    saturation  values of c in 1/(1 + |g + F|^2/c), besides the weight 1
    """

    crowding: tuple[float, ...] = (4.0, 5.0)
    saturation: tuple[float, ...] = (0.1,)

    def __post_init__(self) -> None:
        if any(b <= a for a, b in pairwise(self.crowding)):
            raise ValueError(f"crowding: edges must rise, got {self.crowding}")
        if any(c <= 0 for c in self.saturation):
            raise ValueError(f"saturation: must be positive, got {self.saturation}")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each feature, such as "HHg/(1+p2/0.1) from 5 contacts"."""
        weights = ("", *(f"/(1+p2/{c:g})" for c in self.saturation))
        classes = [f" from {edge:g} contacts" for edge in self.crowding] or [""]
        return tuple(f"{n}{w}{m}" for n in PLAIN for w in weights for m in classes)


def local_terms(
    positions: Iterable[Any], propulsions: Iterable[Any], swimmers: Swimmers, local: Local
) -> Iterator[Terms]:
    """Yield the Terms of snapshots: positions (T, N, d), g (T, N, d) or iterators of frames.

    Only one frame is held. Rows are particles, variables the components of g, drift -gamma g and
    diffusion gamma: `fit` and `entropy_production` then give sigma_g per particle and unit of time,
    and `Score.velocity` v_g. Only g-derivatives enter, so weights may jump with positions.

    Raises ValueError for frames of different shape and a box too small.
    """
    for x, g in zip(positions, propulsions, strict=True):
        x = frame(x, "positions")
        yield _terms(x, frame(g, "propulsions", x.shape), swimmers, local)


def _terms(x: np.ndarray, g: np.ndarray, swimmers: Swimmers, local: Local) -> Terms:
    s = springs(
        x, swimmers.interaction, swimmers.box, mobility=swimmers.mobility, trap=swimmers.trap
    )
    plain, slopes = _plain(s, g, swimmers)
    p = g + s.force / swimmers.v0
    values, divergence = [], []
    members = np.ones((1, len(x)), bool)
    if local.crowding:
        which = np.digitize(crowding(s), local.crowding)
        members = which == np.arange(1, len(local.crowding) + 1)[:, None]
    for y, slope in zip(plain, slopes, strict=True):
        for c in (np.inf, *local.saturation):
            w = 1 / (1 + (p**2).sum(axis=1) / c)
            value, div = w[:, None] * y, w[:, None] * slope
            if np.isfinite(c):
                div = div - 2 / c * (w**2)[:, None] * p * y
            for member in members:
                values.append(value * member[:, None])
                divergence.append(div * member[:, None])
    n, d = x.shape
    return Terms(
        np.array(values), np.array(divergence), -g, np.full_like(g, -1.0), -swimmers.gamma * g,
        np.full(n, -swimmers.gamma * d), np.full(d, swimmers.gamma),
    )  # fmt: skip


def _plain(s: Springs, g: np.ndarray, swimmers: Swimmers) -> tuple[list, list]:
    """Return the plain features (N, d) and their own derivatives d y_a/d g_a (N, d)."""
    unit = swimmers.mobility * swimmers.interaction.strength + s.trap or 1.0
    y, z = g, s.force / swimmers.v0
    features, slopes = [y, z], [np.ones_like(g), np.zeros_like(g)]
    for power, diagonal in enumerate(power_diagonals(s), start=1):
        y, z = product(s, y) / unit, product(s, z) / unit
        features += [y, z]
        slopes += [diagonal / unit**power, np.zeros_like(g)]
    return features, slopes
