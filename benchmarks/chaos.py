"""CPU times of the catalogue's flows: compiling, integrating, exponents.

`python benchmarks/chaos.py`. One core, one thread; CPU seconds, once the code is compiled. Nothing
is asserted: goals stand beside what was found. dysts, where it is installed, is timed on a few
systems at the same tolerance.
"""

import importlib
import os
import sys
import warnings
from pathlib import Path
from statistics import geometric_mean
from time import process_time

# Before NumPy is imported, whose libraries count the cores then.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from sims.chaos import flow, generate, tangent  # noqa: E402
from sims.chaos.system import System, catalogue  # noqa: E402

RTOL = 1e-10
PEERS = ("Lorenz", "Rossler", "Thomas", "HenonHeiles", "SprottB", "HyperQi", "Duffing", "Chua")


def seconds(work, rounds: int = 1) -> float:
    """Return the CPU time of the fastest of some rounds."""
    best = np.inf
    for _ in range(rounds):
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best


def integrate(system: System, samples: int) -> None:
    """Follow a system for samples/100 of its periods, 100 samples each."""
    flow.trajectory(system, np.arange(samples) * system.period / 100, rtol=RTOL, atol=RTOL)


def peer(name: str, samples: int) -> float | None:
    """Return dysts' CPU time for the same samples by the same method, None if it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(importlib.import_module("dysts.flows"), name)()
            ask = {"pts_per_period": 100, "rtol": RTOL, "atol": RTOL, "method": "DOP853"}
            model.make_trajectory(10, **ask)
            return seconds(lambda: model.make_trajectory(samples, **ask))
    except (ImportError, AttributeError):
        return None


def main() -> None:
    """Print the table."""
    systems = list(catalogue("flow").values())
    loaded = seconds(lambda: [generate.compiled(system) for system in systems])
    print(f"load or compile {len(systems)} right-hand sides {loaded:8.2f} s   warm goal <= 2.5")
    for samples, goal in ((1000, 0.3), (10_000, 2.5)):
        kept = [system for system in systems if system.name != "HyperLu"]  # it escapes
        spent = seconds(lambda s=kept, n=samples: [integrate(system, n) for system in s])
        print(f"{len(kept)} flows, {samples:6d} samples {spent:16.2f} s   goal <= {goal}")
    lorenz = catalogue()["Lorenz"]
    parts = lambda: list(tangent.Tangent(lorenz).stretches(2000.0, 2.0))  # noqa: E731
    parts()
    print(f"Lorenz, exponents over t = 2000 {seconds(parts):11.2f} s   goal <= 0.25")
    ratios = []
    for name in PEERS:
        theirs = peer(name, 1000)
        ours = seconds(lambda name=name: integrate(catalogue()[name], 1000), 5)
        if theirs is not None:
            ratios.append(theirs / ours)
        shown = "-" if theirs is None else f"{theirs:.3f} s, ratio {theirs / ours:.0f}"
        print(f"{name:12} 1000 samples {1e3 * ours:12.2f} ms   dysts (DOP853): {shown}")
    if ratios:
        print(f"geometric mean of the ratios {geometric_mean(ratios):8.0f}   goal >= 250")


if __name__ == "__main__":
    main()
