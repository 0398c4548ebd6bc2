"""CPU times of the catalogue's flows: compiling, integrating, exponents, a benchmark's file.

`python benchmarks/chaos.py [--radau]`. One core, one thread; CPU seconds of compiled code. Nothing
is asserted: goals stand beside what was found. dysts and heyoka, where they are installed, are
timed at the same tolerance: dysts by its own `make_trajectory`, with DOP853 and, if asked, its
default, Radau; heyoka on one trajectory, and on a thousand in its batch mode, at a width of 4 or 8,
the faster.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
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

from sims.__main__ import main as simulate  # noqa: E402
from sims.chaos import expressions, flow, generate, tangent  # noqa: E402
from sims.chaos.system import System, catalogue  # noqa: E402

RTOL = 1e-10
MEMBERS = 1000
SMOOTH = ("Lorenz", "Rossler", "HenonHeiles", "Lorenz96", "HyperQi", "SprottB", "Thomas", "Duffing")
TWICE = ("ForcedVanDerPol", "HenonHeiles", "SprottA")  # which are in two settings
PEERS = (
    "Lorenz", "Rossler", "Thomas", "HenonHeiles", "SprottB", "HyperQi", "Duffing", "Chua", "Chen",
    "Halvorsen", "Lorenz96", "Aizawa", "Rucklidge", "Dadras", "Finance", "Hadley", "SprottJerk",
    "GenesioTesi", "QiChen", "VallisElNino",
)  # fmt: skip


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


def peer(name: str, samples: int, method: str) -> float | None:
    """Return dysts' CPU time for the same samples and tolerance, None if it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(importlib.import_module("dysts.flows"), name)()
            ask = {"pts_per_period": 100, "rtol": RTOL, "atol": RTOL, "method": method}
            model.make_trajectory(10, **ask)
            return seconds(lambda: model.make_trajectory(samples, **ask))
    except (ImportError, AttributeError):
        return None


def around(system: System) -> np.ndarray:
    """Return a thousand points (M, d) near the catalogue's."""
    draw = np.random.default_rng(0).normal(size=(MEMBERS, system.dimension))
    return np.array(system.initial_condition) * (1 + 1e-3 * draw)


def taylor(system: System, times: np.ndarray) -> tuple[float, float] | None:
    """Return heyoka's CPU times of one trajectory and of a thousand, None if it is missing."""
    try:
        heyoka = importlib.import_module("heyoka")
    except ImportError:
        return None
    variables = heyoka.make_vars(*system.variables)
    named = {**dict(zip(system.variables, variables, strict=True)), **system.parameters}
    texts = [expressions.python(rate, {}) for rate in system.rates]  # parsed by our own grammar
    flows = [
        (x, eval(text, {"math": heyoka}, named) + 0.0 * x)
        for x, text in zip(variables, texts, strict=True)
    ]
    one = heyoka.taylor_adaptive(flows, list(system.initial_condition), tol=RTOL)

    def single() -> None:
        one.time, one.state[:] = 0.0, system.initial_condition
        one.propagate_grid(times)

    found, starts = [], around(system)
    for width in (4, 8):
        batch = heyoka.taylor_adaptive_batch(flows, starts[:width].T.copy(), tol=RTOL)
        grid = np.repeat(times[:, None], width, axis=1)

        def many(batch=batch, grid=grid, width=width) -> None:
            for first in range(0, MEMBERS, width):
                batch.set_time(0.0)
                batch.state[:] = starts[first : first + width].T
                batch.propagate_grid(grid)

        found.append(seconds(many, 2))
    single()
    return seconds(single, 5), min(found)


def ensembles() -> None:
    """Print the times of a thousand trajectories side by side, and heyoka's."""
    ratios: list[list[float]] = [[], []]
    for name in SMOOTH:
        system = catalogue()[name]
        times, starts = np.arange(1000) * system.period / 100, around(system)
        flow.ensemble(system, times, starts[:8])
        one = seconds(lambda s=system: integrate(s, 1000), 5)
        many = seconds(lambda s=system, t=times, x=starts: flow.ensemble(s, t, x), 2)
        theirs = taylor(system, times)
        shown = ""
        if theirs is not None:
            for kept, ours, other in zip(ratios, (one, many), theirs, strict=True):
                kept.append(ours / other)
            shown = f"   over heyoka's {one / theirs[0]:.2f} and {many / theirs[1]:.2f}"
        print(f"{name:12} one {1e3 * one:6.2f} ms, {MEMBERS} of them {many:.3f} s{shown}")
    if ratios[0]:
        means = [geometric_mean(each) for each in ratios]
        print(f"geometric means over heyoka's {means[0]:.2f} and {means[1]:.2f}   goals <= 1.5")


def benchmark() -> None:
    """Print what a benchmark file of 129 flows takes, all that is computed and written counted."""
    spec = {
        "simulator": "chaos",
        "params": {
            "systems": {"kind": "flow", "without": [f"{name}Chaotic" for name in TWICE]},
            "trajectories": 16, "samples": 4096, "dtype": "float32",
        },
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        given = ["benchmark", "--spec", json.dumps(spec), "--seed", "1", "-o", str(path)]
        with contextlib.redirect_stderr(io.StringIO()):
            spent = seconds(lambda: simulate(given))
        size = path.stat().st_size / 1e6
        print(f"129 flows x 16 x 4096 samples to HDF5 {spent:9.1f} s   goal <= 15")
        print(f"its size {size:38.0f} MB  goal <= 100")


def main() -> None:
    """Print the table."""
    systems = list(catalogue("flow").values())
    loaded = seconds(lambda: [generate.compiled_lanes(system, 1) for system in systems])
    print(f"load or compile {len(systems)} right-hand sides {loaded:8.2f} s   warm goal <= 2.5")
    for system in systems:
        integrate(system, 3)
    for samples, goal in ((1000, 0.3), (10_000, 2.5)):
        kept = [system for system in systems if system.name != "HyperLu"]  # it escapes
        spent = seconds(lambda s=kept, n=samples: [integrate(system, n) for system in s])
        print(f"{len(kept)} flows, {samples:6d} samples {spent:16.2f} s   goal <= {goal}")
    ensembles()
    benchmark()
    lorenz = catalogue()["Lorenz"]
    parts = lambda: list(tangent.Tangent(lorenz).stretches(2000.0, 2.0))  # noqa: E731
    parts()
    print(f"Lorenz, exponents over t = 2000 {seconds(parts):11.2f} s   goal <= 0.25")
    compare("DOP853", 250)
    if "--radau" in sys.argv:  # its own default; a minute
        compare("Radau", 5000)


def compare(method: str, goal: int) -> None:
    """Print our times and dysts' for the same samples at the same tolerance."""
    ratios = []
    for name in PEERS:
        theirs = peer(name, 1000, method)
        ours = seconds(lambda name=name: integrate(catalogue()[name], 1000), 5)
        if theirs is not None:
            ratios.append(theirs / ours)
        shown = "-" if theirs is None else f"{theirs:.3f} s, ratio {theirs / ours:.0f}"
        print(f"{name:12} 1000 samples {1e3 * ours:12.2f} ms   dysts ({method}): {shown}")
    if ratios:
        least, mean = min(ratios), geometric_mean(ratios)
        print(f"ratios to {method}: least {least:.0f}, geometric mean {mean:.0f}   goal >= {goal}")


if __name__ == "__main__":
    main()
