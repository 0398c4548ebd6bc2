"""CPU times of the catalogue's flows: compiling, integrating, exponents, a benchmark's file.

`python benchmarks/chaos.py [--radau] [--all]`. One core, one thread; CPU seconds of compiled code.
Nothing is asserted: goals stand beside what was found. dysts and heyoka, where they are installed,
are timed at the same tolerance: dysts by its own `make_trajectory`, with DOP853 and, if asked, its
default, Radau; heyoka on one trajectory, and on a thousand in its batch mode, at a width of 8, on
eight flows or, if asked, on a hundred members of all that have no corner. Rounds of the two take
turns; the fastest counts. Errors are those after a period, against heyoka at 1e-17.
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
from types import SimpleNamespace

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
PERIOD = 101  # samples
FUNCTIONS = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "atan")
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


def fastest(works, rounds: int) -> list[float]:
    """Return the CPU time of each of some works, the fastest of rounds in which they take turns."""
    best = [np.inf] * len(works)
    for _ in range(rounds):
        best = [min(past, seconds(work)) for past, work in zip(best, works, strict=True)]
    return best


def either(heyoka, name: str):
    """Return a function of heyoka's expressions, which takes numbers too."""
    own = getattr(np, "arctan" if name == "atan" else name)

    def function(x):
        return getattr(heyoka, name)(x) if isinstance(x, heyoka.expression) else float(own(x))

    return function


def equations(heyoka, system: System) -> list:
    """Return a system's equations as heyoka takes them, parsed by our own grammar."""
    variables = heyoka.make_vars(*system.variables)
    named = {**dict(zip(system.variables, variables, strict=True)), **system.parameters}
    functions = SimpleNamespace(**{name: either(heyoka, name) for name in FUNCTIONS})
    texts = [expressions.python(rate, {}) for rate in system.rates]
    names = {**named, "t": heyoka.time}
    return [
        (x, eval(text, {"math": functions}, names) + 0.0 * x)
        for x, text in zip(variables, texts, strict=True)
    ]


def peers(system: System, times: np.ndarray, starts: np.ndarray):
    """Return heyoka's single trajectory, its ensemble and its error; None if it is missing."""
    try:
        heyoka = importlib.import_module("heyoka")
    except ImportError:
        return None
    flows, initial, width = equations(heyoka, system), list(system.initial_condition), 8
    one = heyoka.taylor_adaptive(flows, initial, tol=RTOL)
    batch = heyoka.taylor_adaptive_batch(flows, starts[:width].T.copy(), tol=RTOL)
    grid = np.repeat(times[:, None], width, axis=1)

    def single() -> np.ndarray:
        one.time, one.state[:] = 0.0, initial
        return one.propagate_grid(times)[-1]

    def many() -> None:
        for first in range(0, len(starts), width):
            batch.set_time(0.0)
            batch.state[:] = starts[first : first + width].T
            batch.propagate_grid(grid)

    exact = heyoka.taylor_adaptive(flows, initial, tol=1e-17, high_accuracy=True)
    return single, many, exact.propagate_grid(times[:PERIOD])[-1]


def compared(system: System, members: int) -> list[float]:
    """Print a system's times and errors; return those of both integrators over heyoka's."""
    times, starts = np.arange(1000) * system.period / 100, around(system)[:members]
    theirs, works = peers(system, times, starts), []
    for name in ("dop853", "taylor"):
        one = lambda name=name: flow.trajectory(system, times, integrator=name)  # noqa: E731
        many = lambda name=name: flow.ensemble(system, times, starts, integrator=name)  # noqa: E731
        works += [one, many]
    works += theirs[:2] if theirs else []
    for work in works[:4]:
        work()  # compiled
    singles, ensembles = fastest(works[::2], 7), fastest(works[1::2], 3)
    shown = " ".join(f"{1e3 * each:7.2f}" for each in singles)
    shown += " ms, many " + " ".join(f"{each:6.3f}" for each in ensembles) + " s"
    ratios: list[float] = []
    if theirs:
        size = np.abs(theirs[2]).max()
        found = [works[0](), works[2](), theirs[0]()]
        errors = [np.abs(each[:PERIOD] - theirs[2]).max() / size for each in found]
        shown += ", errors " + " ".join(f"{each:.0e}" for each in errors)
        ratios = [each / singles[2] for each in singles[:2]]
        ratios += [each / ensembles[2] for each in ensembles[:2]]
        ratios += [max(each, 1e-16) / max(errors[2], 1e-16) for each in errors[:2]]
        shown += ", ratios " + " ".join(f"{each:.2f}" for each in ratios[:4])
    print(f"{system.name:24} {shown}", flush=True)
    return ratios


def beside_heyoka() -> None:
    """Print the times of one trajectory and of many side by side, and heyoka's."""
    smooth = [s.name for s in catalogue("flow").values() if not s.corners and s.name != "HyperLu"]
    names, members = (smooth, 96) if "--all" in sys.argv else (SMOOTH, MEMBERS)
    print(f"dop853, taylor, heyoka: one trajectory, {members} of them, 1000 samples each")
    rows = [compared(catalogue()[name], members) for name in names]
    if rows and rows[0]:
        means = [geometric_mean(column) for column in zip(*rows, strict=True)]
        print(f"geometric means over heyoka's, {len(rows)} flows   goals <= 1.5")
        for i, name in enumerate(("dop853", "taylor")):
            one, many, error = means[i::2]
            print(f"  {name:8} one {one:.2f}, {members} of them {many:.2f}, error {error:.2g}")


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
    smooth = [system for system in systems if not system.corners]
    loaded = seconds(lambda: [generate.taylor(system, RTOL, 1) for system in smooth])
    print(f"load or compile {len(smooth)} of Taylor's steps {loaded:9.2f} s   warm goal <= 2.5")
    for system in systems:
        integrate(system, 3)
    for samples, goal in ((1000, 0.3), (10_000, 2.5)):
        kept = [system for system in systems if system.name != "HyperLu"]  # it escapes
        spent = seconds(lambda s=kept, n=samples: [integrate(system, n) for system in s])
        print(f"{len(kept)} flows, {samples:6d} samples {spent:16.2f} s   goal <= {goal}")
    beside_heyoka()
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
