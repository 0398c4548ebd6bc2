"""The parameters of a run of active matter: types and defaults; `checks` says what physics forbids.

dx = (v e + mu F) dt + sqrt(2 D dt) n
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from core import config
from core.errors import ConfigError


@dataclass(frozen=True)
class Interaction:
    """Pair force: none, wca, harmonic (soft discs) or softplus, of one diameter.

    strength       energy of wca, stiffness of harmonic and softplus
    diameter       sigma, of which the packing fraction is made
    beta           sharpness of softplus
    cutoff         of softplus; the force is shifted to vanish there. None: diameter + 9/beta
    polydispersity standard deviation of the diameters over their mean; not for softplus
    """

    kind: Literal["none", "wca", "harmonic", "softplus"] = "none"
    strength: float = 1.0
    diameter: float = 1.0
    beta: float | None = None
    cutoff: float | None = None
    polydispersity: float = 0.0


@dataclass(frozen=True)
class Trap:
    """Force -stiffness x, in open space."""

    stiffness: float


@dataclass(frozen=True)
class Coupling:
    """Springs between particles that follow each other, in open space; a ring closes the chain."""

    kind: Literal["ring", "chain"]
    stiffness: float


@dataclass(frozen=True)
class Alignment:
    """Headings turn by strength times the sum of sin(theta_j - theta_i) over the range."""

    strength: float
    range: float


@dataclass(frozen=True)
class Species:
    """Part of a mixture; what is not given is that of the run."""

    count: int
    self_propulsion_speed: float | None = None
    rotational_diffusivity: float | None = None


@dataclass(frozen=True)
class Params:
    """What a run of active matter is made of, in units of its parameters.

    model         abp, aoup (g with <g_a^2> = 1), rtp, or passive
    particles     their number, or a list of species: count, self_propulsion_speed, ...
    dimension     2; 1 for aoup, rtp and passive
    packing_fraction, box   one of the two, or neither: open space. box: an edge, or one per axis
    self_propulsion_speed   v
    rotational_diffusivity  D_r of abp; of rtp too, if given
    translational_diffusivity   D of the thermal noise
    persistence_rate        gamma of aoup
    tumble_rate             of rtp; a tumble draws any direction, in 1-D the old one half the time
    chirality               angular velocity
    alignment               {strength, range}, of abp and rtp
    mobility                mu
    interaction             {kind, strength, diameter, beta, cutoff, polydispersity}
    trap, coupling          {stiffness}; {kind: ring or chain, stiffness}
    initial                 lattice, random, slab (dense beside dilute), or file, with `path`
    time_step               of the integrator: euler (Euler-Maruyama) or heun
    thermalization          time before the first frame, which is at time 0
    t_end, frames           last frame, and how many
    skin                    of the list of pairs; None: the usual
    animate                 also draw a film, coloured by density, hexatic order or heading
    """

    model: Literal["abp", "aoup", "rtp", "passive"]
    particles: Any
    time_step: float
    t_end: float
    frames: int = 101
    dimension: int = 2
    packing_fraction: float | None = None
    box: float | tuple[float, ...] | None = None
    self_propulsion_speed: float = 0.0
    rotational_diffusivity: float | None = None
    translational_diffusivity: float = 0.0
    persistence_rate: float | None = None
    tumble_rate: float | None = None
    chirality: float = 0.0
    alignment: Alignment | None = None
    mobility: float = 1.0
    interaction: Interaction = Interaction()
    trap: Trap | None = None
    coupling: Coupling | None = None
    initial: Literal["lattice", "random", "slab", "file"] = "random"
    path: str | None = None
    integrator: Literal["euler", "heun"] = "euler"
    thermalization: float = 0.0
    skin: float | None = None
    animate: Literal["density", "hexatic", "heading"] | None = None


def _species(given: Any, where: str) -> int | tuple[Species, ...]:
    """Return the number of particles, or the species."""
    if isinstance(given, list | tuple):
        return tuple(config.build(Species, one, f"{where}[{i}]") for i, one in enumerate(given))
    return int(config.coerce(int, given, where))


def prepare(given: Mapping[str, Any], where: str) -> Params:
    """Return the parameters, checked.

    given  `params` of the configuration
    where  its place, for messages, such as "config.yaml: runs.swimmers.params"

    Raises ConfigError for an unknown or missing key, a wrong type, or physics that cannot be.
    """
    from sims.active import checks

    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: expected keys and values, got {given!r}")
    params = config.build(Params, {k: v for k, v in given.items() if v is not None}, where)
    params = replace(params, particles=_species(params.particles, config.join(where, "particles")))
    try:
        checks.check(params)
    except ConfigError as problem:
        raise ConfigError(config.join(where, str(problem))) from None
    return params
