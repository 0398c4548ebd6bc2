"""The card against the CPU path: particle-steps and trajectories per second, from the same states.

`python benchmarks/gpu.py [--rounds 3] [--most 1048576] [--only active|chaos]`. The CPU path runs
on one core. Times are of the wall, medians; the card's include the lists and the looks of the host.
Where there is no card, `--on processor` tries the script itself. Nothing is asserted.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from active import SYSTEMS, prepared

from core import backend, command

SIZES = (4096, 32768, 262144, 1048576)
WORK = {"cpu": 6e6, "card": 2e8, "processor": 2e5}  # particle-steps of a measurement
FLOWS = ("Lorenz", "HenonHeiles", "Lorenz96", "DoublePendulum")
TRAJECTORIES = {"card": 65536, "processor": 32}


def wall(work: Callable[[], Any], rounds: int) -> float:
    """Return the median time in seconds; the first turn does not count."""
    work()
    found = []
    for _ in range(rounds):
        begin = perf_counter()
        work()
        found.append(perf_counter() - begin)
    return median(found)


def device(name: str) -> Any:
    """Return what kernels run on; raises DeviceError without it."""
    if name == "processor":
        from sims.devices.host import Host

        return Host()
    from sims import devices

    return devices.of(backend.select("gpu"))


def particles(on: Any, name: str, rounds: int, most: int) -> None:
    """Print ns per particle-step of both, and the ratio, for each system and size."""
    from sims.active.gpu.engine import Simulation

    for title, given in SYSTEMS.items():
        for n in (size for size in SIZES if size <= most):
            cpu = prepared(given, n)
            p, key = cpu.particles, np.array([1, 2], dtype=np.uint32)
            x, e = cpu.by_number(p.x), cpu.by_number(p.e)
            card = Simulation(cpu.params, x, e, key, device=on)
            card.list_anew()
            ns = {}
            for where, simulation in (("cpu", cpu), (name, card)):
                steps = max(10, int(WORK[where] / n))
                seconds = wall(lambda s=simulation, k=steps: s.advance(k), rounds)
                ns[where] = seconds / steps / n * 1e9
            print(
                f"{title}, N = {n}: {name} {ns[name]:.3g} ns ({1e3 / ns[name]:.4g} million "
                f"particle-steps/s), cpu {ns['cpu']:.3g} ns; ratio {ns['cpu'] / ns[name]:.3g}",
                flush=True,
            )


def flows(on: Any, name: str, rounds: int) -> None:
    """Print trajectories per second of both, ten periods of 100 points each, and the ratio."""
    from sims.chaos import flow
    from sims.chaos.gpu.follow import follow
    from sims.chaos.system import catalogue

    for title in FLOWS:
        system = catalogue()[title]
        times = np.linspace(0, 10, 1001) * system.period
        point, draw = np.array(system.initial_condition), np.random.default_rng(1)
        members = TRAJECTORIES[name]
        starts = point * (1 + 1e-3 * draw.normal(size=(members, len(point))))
        few = starts[: min(256, members)]
        each = {
            "cpu": wall(lambda s=system, t=times, x=few: flow.ensemble(s, t, x), rounds) / len(few),
            name: wall(lambda s=system, t=times, x=starts: follow(on, s, t, x), rounds) / members,
        }
        print(
            f"{title}: {name} {1 / each[name]:.4g} trajectories/s, cpu {1 / each['cpu']:.4g}; "
            f"ratio {each['cpu'] / each[name]:.3g}",
            flush=True,
        )


def main(argv: list[str]) -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="particles")
    parser.add_argument("--only", choices=("active", "chaos"))
    parser.add_argument("--on", choices=("card", "processor"), default="card")
    arguments = parser.parse_args(argv)
    on = device(arguments.on)
    if arguments.only in (None, "active"):
        particles(on, arguments.on, arguments.rounds, arguments.most)
    if arguments.only in (None, "chaos"):
        flows(on, arguments.on, arguments.rounds)


if __name__ == "__main__":
    command.run(main)
