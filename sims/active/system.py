"""A run's parameters as numbers: per-particle arrays, box, pair law, steps and frames."""

import math
from dataclasses import dataclass

import numpy as np

from sims.active.params import Params, Species

KINDS = ("none", "wca", "harmonic", "softplus")
MODELS = ("abp", "aoup", "rtp", "passive")
REACH = 9.0  # of the softplus force beyond the diameter, over 1/beta: e^-9 = 1e-4 is left there
NEAR = 1.2  # diameters within which particles are of one cluster
OPEN_PACKING = 0.3  # of the particles at first, where space is open
SKIN = {"none": 0.35, "wca": 0.35, "harmonic": 0.35, "softplus": 0.2}  # over the diameter


@dataclass(frozen=True)
class Pair:
    """The pair law: kind, and what `forces` takes."""

    kind: str
    strength: float
    diameter: float
    cutoff: float
    beta: float

    @property
    def tail(self) -> float:
        """Return the softplus at the cutoff, which is taken off, or 0."""
        if self.kind != "softplus":
            return 0.0
        return math.log1p(math.exp(self.beta * (self.diameter - self.cutoff))) / self.beta


def species(params: Params) -> tuple[Species, ...]:
    """Return the species; without a list there is one."""
    if isinstance(params.particles, int):
        return (Species(params.particles),)
    return tuple(params.particles)


def count(params: Params) -> int:
    """Return the number of particles."""
    return sum(one.count for one in species(params))


def kind_of(params: Params) -> np.ndarray:
    """Return the species (N,) of each particle, as a number."""
    return np.repeat(np.arange(len(species(params))), [one.count for one in species(params)])


def speeds(params: Params) -> np.ndarray:
    """Return v (N,)."""
    if params.model == "passive":
        return np.zeros(count(params))
    own = [one.self_propulsion_speed for one in species(params)]
    return np.array([params.self_propulsion_speed if v is None else v for v in own])[
        kind_of(params)
    ]


def rotational(params: Params) -> np.ndarray:
    """Return D_r (N,)."""
    own = [one.rotational_diffusivity for one in species(params)]
    usual = params.rotational_diffusivity or 0.0
    return np.array([usual if v is None else v for v in own])[kind_of(params)]


def edges(params: Params) -> np.ndarray:
    """Return the edges (d,) of the box, inf in open space."""
    d = params.dimension
    if params.packing_fraction is not None:
        diameter = params.interaction.diameter
        square = 1 + params.interaction.polydispersity**2
        area = math.pi / 4 * diameter**2 * square if d == 2 else diameter
        return np.full(d, (count(params) * area / params.packing_fraction) ** (1 / d))
    if params.box is None:
        return np.full(d, np.inf)
    given = params.box if isinstance(params.box, tuple) else (params.box,) * d
    return np.array(given, dtype=float)


def pair(params: Params) -> Pair:
    """Return the pair law, of diameter 1 times the mean of two where diameters differ."""
    about = params.interaction
    beta = about.beta or 0.0
    cutoff = {
        "none": 0.0,
        "wca": 2 ** (1 / 6) * about.diameter,
        "harmonic": about.diameter,
        "softplus": about.cutoff or (about.diameter + REACH / beta if beta else 0.0),
    }[about.kind]
    return Pair(about.kind, about.strength, about.diameter, cutoff, beta)


def widest(params: Params) -> float:
    """Return the largest mean diameter of two particles over the diameter."""
    return 1 + math.sqrt(3) * params.interaction.polydispersity


def skin(params: Params) -> float:
    """Return the skin of the list of pairs."""
    if params.skin is not None:
        return params.skin
    return SKIN[params.interaction.kind] * params.interaction.diameter


def cutoff(params: Params) -> float:
    """Return the distance beyond which no two particles act on each other; 0 if none do."""
    reach = pair(params).cutoff * widest(params)
    return max(reach, params.alignment.range if params.alignment else 0.0)


def reach(params: Params) -> float:
    """Return how far the list of pairs reaches, clusters seen too; 0 if none is needed."""
    most = cutoff(params)
    if not most > 0:
        return 0.0
    linked = NEAR * params.interaction.diameter * widest(params)
    linked = min(linked, float(edges(params).min()) / 2) if pair(params).cutoff else 0.0
    return max(most + skin(params), linked)


def steps_per_frame(params: Params) -> int:
    """Return the number of steps between two frames."""
    return round(params.t_end / (params.frames - 1) / params.time_step)


def thermal_steps(params: Params) -> int:
    """Return the number of steps before the first frame."""
    return math.ceil(params.thermalization / params.time_step - 1e-9)


def temperature(params: Params) -> float:
    """Return T = D/mu."""
    return params.translational_diffusivity / params.mobility
