"""CPU times of the structure functions, beside freud's where it is installed.

`python benchmarks/structure.py [--particles 4096 32768] [--rounds 5]`. One core, one thread; ours
and theirs by turns; medians of CPU time. The state is a dense drop in a gas, as after phase
separation. A peer that is not installed, or cannot, is shown as "-". Nothing is asserted.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

# Before NumPy is imported, whose libraries count the cores then.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from analysis import structure  # noqa: E402

REACH = 1.2  # diameters: what links particles
GOAL = 5.0  # cluster analysis against freud


def drop(particles: int, seed: int = 1) -> tuple[np.ndarray, float]:
    """Return positions and the edge of the box: 0.6 covered, most of it in one dense drop."""
    rng = np.random.default_rng(seed)
    side = float(np.sqrt(particles * np.pi / 4 / 0.6))
    inner = int(0.85 * particles)
    n = int(np.ceil(np.sqrt(inner * 3)))
    i, j = np.meshgrid(np.arange(-n, n), np.arange(-n, n))
    lattice = np.stack([(i + 0.5 * j).ravel(), (np.sqrt(3) / 2 * j).ravel()], axis=-1) * 0.98
    order = np.argsort(np.hypot(*lattice.T), kind="stable")
    ball = lattice[order[:inner]] + rng.normal(0, 0.03, (inner, 2)) + side / 2
    gas: list[np.ndarray] = []
    radius = float(np.hypot(*(ball - side / 2).T).max()) + 1
    while len(gas) < particles - inner:
        trial = rng.uniform(0, side, 2)
        if np.hypot(*(trial - side / 2)) > radius:
            gas.append(trial)
    points = np.concatenate([ball, np.array(gas)])
    return np.mod(points[rng.permutation(particles)], side), side


def cost(work: Callable[[], Any]) -> float:
    """Return seconds of CPU for one call, of as many as fill 20 ms."""
    calls, spent = 0, 0.0
    while spent < 0.02:
        begin = process_time()
        work()
        spent += process_time() - begin
        calls += 1
    return spent / calls


def peers(points: np.ndarray, side: float) -> dict[str, Callable[[], Any]]:
    """Return freud's ways to the same numbers, none where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import freud
    except ImportError:
        return {}
    freud.parallel.set_num_threads(1)
    box = freud.box.Box.square(side)
    centred = np.zeros((len(points), 3))
    centred[:, :2] = points - side / 2

    def cluster() -> Any:
        found = freud.cluster.Cluster()
        return found.compute((box, centred), neighbors={"r_max": REACH})

    return {
        "clusters": cluster,
        "hexatic order, six nearest": lambda: freud.order.Hexatic(6).compute((box, centred)),
        "g(r), r < 5, 100 bins": lambda: freud.density.RDF(100, 5).compute((box, centred)),
        "local density, discs of 3": lambda: freud.density.LocalDensity(3, 0).compute(
            (box, centred)
        ),
    }


def ours(points: np.ndarray, side: float) -> dict[str, Callable[[], Any]]:
    """Return our work, by name."""
    box = np.full(2, side)
    return {
        "clusters": lambda: structure.find_clusters(points, box, REACH),
        "hexatic order, six nearest": lambda: structure.hexatic_order(points, box),
        "g(r), r < 5, 100 bins": lambda: structure.radial_distribution(points, box, 5.0, 100),
        "local density, discs of 3": lambda: structure.disc_densities(points, box, 3.0, points),
        "S(q), q < 2": lambda: structure.structure_factor(points, box, 2.0),
        "S(q), q < 3 pi": lambda: structure.structure_factor(points, box, 9.42),
        "contacts": lambda: structure.contact_numbers(points, box, REACH),
    }


def agreement(points: np.ndarray, side: float) -> str:
    """Return whether freud finds the same largest cluster."""
    work = peers(points, side)
    if not work:
        return "freud is not installed"
    theirs = int(np.bincount(work["clusters"]().cluster_idx).max())
    own = int(structure.find_clusters(points, np.full(2, side), REACH).sizes[0])
    return f"largest cluster {own}, freud {theirs}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--particles", type=int, nargs="+", default=[4096, 32768])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for particles in arguments.particles:
        points, side = drop(particles)
        print(f"N = {particles}, box {side:.1f}: {agreement(points, side)}")
        print(f"  {'':30}{'ours ms':>10}{'freud ms':>10}{'ratio':>8}")
        own, other = ours(points, side), peers(points, side)
        for name, work in own.items():
            work()  # loads or compiles
            rival = other.get(name)
            mine, their = [], []
            for _ in range(arguments.rounds):
                mine.append(cost(work))
                if rival is not None:
                    their.append(cost(rival))
            line = f"  {name:30}{1e3 * median(mine):10.3f}"
            if their:
                ratio = median(their) / median(mine)
                goal = f"   goal {GOAL:g}" if name == "clusters" else ""
                line += f"{1e3 * median(their):10.2f}{ratio:8.1f}{goal}"
            else:
                line += f"{'-':>10}{'-':>8}"
            print(line)


if __name__ == "__main__":
    main()
