"""Ratios against simple-idealized-1d-nlse, the distance to the FFT floor, growth and ensembles.

`make bench`, or `python benchmarks/nlse.py [--quick]`. One core, all contenders in one run, by
turns; medians of CPU time. Both sides are tuned: the grid and the tolerance that reach the error
with the least work, filter off. Nothing here asserts: targets are printed beside what was found.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from core import exact_nlse  # noqa: E402
from sims.integrators.snapshot import Snapshot  # noqa: E402
from sims.nlse.equation import Equation, grid  # noqa: E402
from sims.nlse.solve_dop853 import propagate as dop853  # noqa: E402
from sims.nlse.solve_etd import propagate as etd_adams  # noqa: E402

LENGTH, T_END = 50.0, 20.0
ROUNDS = 5


@dataclass(frozen=True)
class Case:
    """A problem with its exact solution, and the grids worth trying."""

    name: str
    exact: Callable[[np.ndarray, float], np.ndarray]
    t_end: float
    grids: tuple[int, ...]


CASES = (
    Case(
        "soliton",
        lambda x, t: exact_nlse.soliton(x, t, 2.0, 1.0, -10.0),
        20.0,
        (320, 384, 448, 512),
    ),
    Case(
        "two solitons",
        lambda x, t: exact_nlse.n_soliton(x, t, (2.0, 1.5), (2.0, -2.0), (-10.0, 10.0), (0.0, 0.0)),
        10.0,
        (448, 512, 640, 672, 768),
    ),
)
GOALS = (1e-6, 1e-9)
OURS = {
    ("DOP853", "compiled"): (dop853, 8.0),
    ("DOP853", "array"): (dop853, None),
    ("ETD-Adams", "compiled"): (etd_adams, 20.0),
    ("ETD-Adams", "array"): (etd_adams, 3.0),
}
TOLERANCES = [10.0 ** (-k / 4) for k in range(16, 52)]


def final(snapshots: Iterator[Snapshot]) -> Snapshot:
    """Return the last frame."""
    return deque(snapshots, maxlen=1)[0]


def distance(psi: np.ndarray, case: Case, n: int) -> float:
    """Return the relative L2 error at the end."""
    reference = case.exact(grid(n, LENGTH), case.t_end)
    return float(np.linalg.norm(psi - reference) / np.linalg.norm(reference))


def ours(solver: Callable, kernel: str, case: Case, n: int, rtol: float) -> tuple[float, int]:
    """Run one of ours; return (error, FFT pairs)."""
    psi = case.exact(grid(n, LENGTH), 0.0)[None, :]
    times = np.linspace(0.0, case.t_end, 2)
    last = final(solver(psi, times, Equation(n, LENGTH), rtol=rtol, atol=0.0, kernel=kernel))
    return distance(last.psi[0], case, n), int(last.evaluations[0])


def theirs(case: Case, n: int, rtol: float) -> float:
    """Run the peer with its filter off; return the error."""
    from simple_idealized_1d_nlse import NLSESolver

    solver = NLSESolver(LENGTH, n, use_numba=False, use_filtering=False, verbose=False)
    done = solver.solve(
        case.exact(grid(n, LENGTH), 0.0),
        t_final=case.t_end,
        n_snapshots=2,
        rtol=rtol,
        atol=rtol * 1e-2,
        show_progress=False,
        monitor_conservation=False,
    )
    psi = np.asarray(done["psi"])
    psi = psi[-1] if psi.shape[-1] == n else psi[:, -1]
    return distance(psi, case, n)


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def tune(case: Case, goal: float, run: Callable[[int, float], float]) -> tuple[int, float, float]:
    """Return (n, rtol, error) that reach the goal in the least CPU time."""
    best = None
    for n in case.grids:
        for rtol in TOLERANCES:
            begin = time.process_time()
            error = run(n, rtol)
            spent = time.process_time() - begin
            if error <= goal:
                if best is None or spent < best[0]:
                    best = (spent, n, rtol, error)
                break
    if best is None:
        raise SystemExit(f"{case.name}: no grid of {case.grids} reaches {goal:g}")
    return best[1:]


def pair_floor(n: int, compiled: bool) -> float:
    """Return the microseconds of one FFT pair of n complex numbers."""
    a = np.random.default_rng(1).standard_normal(n) + 0j
    if not compiled:

        def loop(count: int) -> None:
            b = a
            for _ in range(count):
                b = np.fft.ifft(np.fft.fft(b))
    else:
        import numba

        @numba.njit
        def loop(count: int, a: np.ndarray = a) -> np.ndarray:  # type: ignore[no-redef]
            b = a
            for _ in range(count):
                b = np.fft.ifft(np.fft.fft(b))
            return b

    loop(1)
    return min(cpu(lambda: loop(2000)) for _ in range(5)) / 2000 * 1e6


def verdict(ratio: float, target: float | None) -> str:
    """Return the target and whether it is met."""
    if target is None:
        return ""
    return f"target >= {target:g}: {'met' if ratio >= target else 'MISSED'}"


def against_peer(rounds: int) -> None:
    """Print the ratios to the peer, both tuned, at equal or better error."""
    print("CPU time against simple-idealized-1d-nlse 0.0.5, filter off, both tuned, one core")
    for case, goal in itertools.product(CASES, GOALS):
        n, rtol, error = tune(case, goal, lambda n, r, c=case: theirs(c, n, r))
        jobs = {"peer": lambda c=case, n=n, r=rtol: theirs(c, n, r)}
        notes = {"peer": f"n {n}, rtol {rtol:.0e}, error {error:.1e}"}
        for (method, kernel), (solver, _) in OURS.items():
            label = f"{method} {kernel}"
            ours(solver, kernel, case, 64, 1e-3)  # compile
            n, rtol, error = tune(
                case, goal, lambda n, r, s=solver, k=kernel, c=case: ours(s, k, c, n, r)[0]
            )
            pairs = ours(solver, kernel, case, n, rtol)[1]
            jobs[label] = lambda s=solver, k=kernel, c=case, n=n, r=rtol: ours(s, k, c, n, r)
            floor = pairs * pair_floor(n, kernel == "compiled") * 1e-6
            notes[label] = f"n {n}, rtol {rtol:.0e}, error {error:.1e}, {pairs} pairs"
            notes[f"{label} floor"] = str(floor)
        spent: dict[str, list[float]] = {label: [] for label in jobs}
        for _ in range(rounds):
            for label, job in jobs.items():
                spent[label].append(cpu(job))
        median = {label: statistics.median(values) for label, values in spent.items()}
        print(f"\n{case.name}, error <= {goal:g}: peer {median['peer']:.3f} s ({notes['peer']})")
        for (method, kernel), (_, target) in OURS.items():
            label = f"{method} {kernel}"
            ratio = median["peer"] / median[label]
            floor = median[label] / float(notes[f"{label} floor"])
            print(
                f"  {label:20} {median[label] * 1e3:8.1f} ms  x{ratio:5.1f}  "
                f"{verdict(ratio, target):22} {floor:4.1f} x FFT floor  ({notes[label]})"
            )


def growth() -> None:
    """Print the steps as the grid grows, on smooth data."""
    print("\nsteps as n grows, soliton of amplitude 1, t = 2, rtol 1e-10 (target <= 1.6 x)")
    sizes = (256, 1024, 4096, 16384)
    for label, solver in (("DOP853", dop853), ("ETD-Adams", etd_adams)):
        steps = []
        for n in sizes:
            psi = exact_nlse.soliton(grid(n, LENGTH), 0.0, 1.0)[None, :]
            frames = solver(
                psi, np.array([0.0, 2.0]), Equation(n, LENGTH), rtol=1e-10, atol=0.0,
                kernel="compiled",
            )  # fmt: skip
            steps.append(int(final(frames).steps[0]))
        ratio = max(steps) / min(steps)
        print(f"  {label:10} {dict(zip(sizes, steps, strict=True))}  x{ratio:.2f}")


def ensemble() -> None:
    """Print the cost of a member's step in an ensemble of 64."""
    members, n = 64, 512
    x = grid(n, LENGTH)
    psi = np.stack([exact_nlse.soliton(x, 0.0, 1.0 + 0.01 * m) for m in range(members)])
    times = np.linspace(0.0, 20.0, 21)
    print(f"\nETD-Adams, {members} members, n = {n}: microseconds per member and step")
    for kernel, target in (("compiled", 9.0), ("array", 15.0)):

        def run(kernel: str = kernel) -> int:
            frames = etd_adams(psi, times, Equation(n, LENGTH), rtol=1e-10, atol=0.0, kernel=kernel)
            return int(final(frames).steps.sum())

        steps = run()
        found = statistics.median(cpu(run) for _ in range(3)) / steps * 1e6
        met = "met" if found <= target else "MISSED"
        floor = pair_floor(n, kernel == "compiled")
        print(
            f"  {kernel:9} {found:5.1f}  target <= {target:g}: {met}  "
            f"({found / floor:.1f} x an FFT pair of {floor:.1f})"
        )


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round instead of five")
    parser.add_argument("--only", choices=("peer", "growth", "ensemble"))
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if arguments.only in (None, "peer"):
        against_peer(1 if arguments.quick else ROUNDS)
    if arguments.only in (None, "growth"):
        growth()
    if arguments.only in (None, "ensemble"):
        ensemble()


if __name__ == "__main__":
    main()
