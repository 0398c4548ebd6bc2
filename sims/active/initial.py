"""Initial states: lattice, random without overlap, a dense slab beside a gas, or from a file."""

import math
from pathlib import Path

import numpy as np

from core import command
from core.errors import ConfigError
from core.store import read_h5md
from sims.active import checks, normals, system
from sims.active.engine import Simulation
from sims.active.params import Interaction, Params

APART = 0.95  # of the diameter: nearer than this overlaps
DENSE, DILUTE = 0.9, 0.05  # packing fractions of the two phases of a slab
SWEEPS = 200  # of pushing apart, 25 steps each
LOOSE = 0.8  # packing up to which pushing apart is enough; beyond, discs must find an order
WARM = 3e-3  # thermal energy over k sigma^2 at which soft discs begin to cool, about their melting
COOLING = (400, 1600, 1600)  # sweeps of a cooling, and of others if they stay caught
STILL = 0.3  # of a cooling without noise, at its end
Start = tuple[np.ndarray, np.ndarray]


def sizes(params: Params, draw: np.random.Generator) -> np.ndarray | None:
    """Return diameters (N,) over the mean, uniform around it, or None where all are the same."""
    spread = params.interaction.polydispersity
    if not spread:
        return None
    return 1 + math.sqrt(3) * spread * draw.uniform(-1, 1, system.count(params))


def headings(params: Params, draw: np.random.Generator) -> np.ndarray:
    """Return headings (N, d) of length 1 in random directions, or stationary propulsions."""
    n, d = system.count(params), params.dimension
    if params.model == "aoup":
        return draw.normal(size=(n, d))
    if d == 1:
        return np.where(draw.random((n, 1)) < 0.5, 1.0, -1.0)
    angle = draw.uniform(0, 2 * math.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _hexagonal(n: int, width: float, height: float) -> np.ndarray:
    """Return n points (n, 2) of the periodic lattice in a box that lies nearest to hexagonal."""
    best, found = 0.0, (1, n)
    ideal = math.sqrt(n * height / width * 2 / math.sqrt(3))
    for rows in range(max(1, int(0.8 * ideal)), int(1.25 * ideal) + 3):
        if rows % 2 and rows > 1:
            continue
        columns = math.ceil(n / rows)
        a, b = width / columns, height / rows
        apart = min(a, math.hypot(a / 2, b)) if rows > 1 else a
        if apart > best:
            best, found = apart, (rows, columns)
    rows, columns = found
    site = np.arange(n) * (rows * columns) // n  # vacancies are spread evenly
    row, column = site // columns, site % columns
    x = (column + 0.25 + 0.5 * (row % 2)) * width / columns
    return np.stack([x, (row + 0.5) * height / rows], axis=1)


def _extent(params: Params) -> np.ndarray:
    """Return the edges (d,) of the region filled at first; in open space, to packing 0.3."""
    edge = system.edges(params)
    if np.isfinite(edge).all():
        return edge
    d, sigma = params.dimension, params.interaction.diameter
    area = sigma if d == 1 else math.pi / 4 * sigma**2
    return np.full(d, (system.count(params) * area / 0.3) ** (1 / d))


def _centred(params: Params, x: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Return positions around the origin in open space, and as they are in a box."""
    return x if np.isfinite(system.edges(params)).all() else x - extent / 2


def lattice(params: Params, draw: np.random.Generator) -> np.ndarray:
    """Return positions (N, d) on a lattice."""
    n, extent = system.count(params), _extent(params)
    if params.dimension == 1:
        x = (np.arange(n)[:, None] + 0.5) * extent / n
    else:
        x = _hexagonal(n, *extent)
    order = draw.permutation(n)  # mixtures are mixed
    return _centred(params, x[order], extent)


def slab(params: Params, draw: np.random.Generator) -> np.ndarray:
    """Return positions (N, 2): a dense band across the box, the rest dilute."""
    n, (width, height) = system.count(params), system.edges(params)
    packing = n * math.pi / 4 * params.interaction.diameter**2 / (width * height)
    share = (packing - DILUTE) / (DENSE - DILUTE)
    inside = round(n * share * DENSE / packing)
    band = _hexagonal(inside, share * width, height)
    gap = (1 - share) * width
    gas = _hexagonal(n - inside, gap, height) if n > inside else np.zeros((0, 2))
    gas[:, 0] = share * width + gas[:, 0] % gap
    band[:, 0] %= share * width
    return np.concatenate([band, gas])[draw.permutation(n)]


def random(params: Params, draw: np.random.Generator, size: np.ndarray | None = None) -> np.ndarray:
    """Return random positions (N, d), pushed apart until none overlap.

    size  (N,) diameters over the mean, where they differ

    Above a packing of 0.8 discs pushed apart jam. There they are soft and warm at first and cool
    slowly, so that most find hexagonal order: crystals of many directions, with grain boundaries.

    Raises ConfigError if they do not come apart.
    """
    extent = _extent(params)
    x = _centred(params, draw.uniform(0, 1, (system.count(params), len(extent))) * extent, extent)
    about = params.interaction
    if about.kind == "none":
        return x
    soft = Params(
        model="passive", particles=params.particles, time_step=0.25, t_end=1.0, box=params.box,
        dimension=params.dimension, packing_fraction=params.packing_fraction,
        interaction=Interaction("harmonic", 1.0, about.diameter, None, None, about.polydispersity),
    )  # fmt: skip
    simulation = Simulation(soft, x, np.zeros_like(x), normals.seed(draw), size)
    dense = about.kind != "softplus" and checks.density(params) > LOOSE
    warmth = WARM * about.diameter**2
    for sweeps, warm in [(n, warmth) for n in COOLING] if dense else [(SWEEPS, 0.0)]:
        if _come_apart(simulation, sweeps, warm):
            break
    else:
        if about.kind != "softplus":
            raise ConfigError(
                "initial: random particles do not come apart at this density; use lattice"
            )
    return simulation.by_number(simulation.particles.x)


def _come_apart(simulation: Simulation, sweeps: int, warm: float) -> bool:
    """Push soft discs apart, with noise that dies away from `warm` on; return whether they are."""
    for sweep in range(sweeps):
        left = warm * max(0.0, 1 - sweep / ((1 - STILL) * sweeps))
        kick = math.sqrt(2 * left * simulation.params.time_step)
        simulation.rules = simulation.rules._replace(kick=kick)
        simulation.list_anew()
        if not kick and overlap(simulation) <= 1 - APART:
            return True
        simulation.advance(25)
        command.heed()
    return False


def overlap(simulation: object) -> float:
    """Return the largest overlap of two listed particles over their diameter, or 0."""
    from sims.active import observe

    r, size = observe.distances(simulation)  # type: ignore[arg-type]
    sigma = system.pair(simulation.params).diameter  # type: ignore[attr-defined]
    return 0.0 if not len(r) else max(0.0, float(1 - (r / (sigma * size)).min()))


def from_file(params: Params) -> Start:
    """Return positions and headings of the last frame of member 0 of a file.

    Raises ConfigError if it is of another number of particles, dimension or model.
    """
    path = Path(str(params.path))
    with read_h5md(path) as run:
        fields = run.members[0].fields
        x = np.asarray(fields["position"][-1], dtype=float)
        name = "active" if params.model == "aoup" else "orientation"
        wanted = (system.count(params), params.dimension)
        if x.shape != wanted:
            raise ConfigError(f"path: {path} holds {x.shape} positions, the run {wanted}")
        if params.model == "passive":
            return x, np.zeros_like(x)
        if name not in fields:
            raise ConfigError(f"path: {path} holds no '{name}', which {params.model} needs")
        return x, np.asarray(fields[name][-1], dtype=float)


def start(
    params: Params, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return positions and headings (N, d), (N, d) of a member, and diameters where they differ.

    Raises ConfigError if the state cannot be made.
    """
    size = sizes(params, draw)
    if params.initial == "file":
        return (*from_file(params), size)
    if params.initial == "random":
        x = random(params, draw, size)
    else:
        x = {"lattice": lattice, "slab": slab}[params.initial](params, draw)
    return x, headings(params, draw), size
