"""Ratios against simple-idealized-1d-nlse, the distance to the FFT floor, growth and ensembles.

`make bench`, or `python benchmarks/nlse.py [--rounds 5] [--only PART] [--tune]`. All contenders run
by turns on one core; medians of CPU time. Each is tuned on its own: the grid, the tolerance and
the options that reach the error in the least time, the peer's filter off; `--tune` finds them anew
and keeps them in nlse_settings.json. Errors are measured again in every run. Nothing is asserted:
targets stand beside what was found.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

# Before NumPy is imported, whose libraries count the cores then.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from core.exact_nlse import n_soliton, soliton, soliton_shifts  # noqa: E402
from sims.nlse import noise  # noqa: E402
from sims.nlse.equation import Equation, grid  # noqa: E402
from sims.nlse.solve_dop853 import propagate as dop853  # noqa: E402
from sims.nlse.solve_etd import propagate as etd_adams  # noqa: E402

LENGTH, T_END = 50.0, 20.0
GOALS = (1e-6, 1e-9)
SETTINGS = Path(__file__).with_name("nlse_settings.json")
SIZES = {
    "soliton": (288, 300, 320, 336, 360, 384, 400, 420, 432, 448, 480, 512),
    "two solitons": (480, 512, 540, 576, 600, 640, 672, 720),
}
RTOLS = [m * 10.0**-k for k in range(5, 13) for m in (1.0, 0.3)]

Options = dict[str, Any]
Exact = Callable[[np.ndarray, float], np.ndarray]


def one_soliton(x: np.ndarray, t: float) -> np.ndarray:
    """Return the peer's first preset: 2 sech(2(x + 10 - t)), in the middle of the box to t = 20."""
    return soliton(x, t, 2.0, 1.0, -10.0)


def two_solitons(x: np.ndarray, t: float) -> np.ndarray:
    """Return the peer's second preset, exact in the box also past the second meeting at t = 17.5.

    They first meet at t = 5. At t = 11.25 they are 25 apart both ways round the box, so that from
    then on the first, shifted by the meeting, is as well one box to the left, about to meet the
    second again: another exact solution, equal to the first at that time to 1e-14.
    """
    sizes, speeds, places, phases = (2.0, 1.5), (2.0, -2.0), (-10.0, 10.0), (0.0, 0.0)
    if t > 11.25:
        dx1, dx2, turn1, turn2 = soliton_shifts(*sizes, *speeds)
        places = (places[0] + dx1 - LENGTH, places[1] + dx2)
        phases = (turn1 + speeds[0] * LENGTH, turn2)
    boxes = [n_soliton(x + m * LENGTH, t, sizes, speeds, places, phases) for m in (-1, 0, 1)]
    return np.sum(boxes, axis=0)


CASES: dict[str, Exact] = {"soliton": one_soliton, "two solitons": two_solitons}


@dataclass(frozen=True)
class Contender:
    """A solver: (psi0 (n,), n, rtol, options) -> (psi at t = 20, FFT pairs), and its trials.

    target   the ratio to the peer that it should reach
    floor    which FFT pair bounds it from below
    options  what to try when tuning
    """

    solve: Callable[[np.ndarray, int, float, Options], tuple[np.ndarray, int]]
    options: tuple[Options, ...]
    target: float | None = None
    floor: str = "NumPy"


def peer(psi: np.ndarray, n: int, rtol: float, options: Options) -> tuple[np.ndarray, int]:
    """Run simple-idealized-1d-nlse without its filter, progress bar and monitors."""
    from simple_idealized_1d_nlse import NLSESolver

    solver = NLSESolver(LENGTH, n, use_numba=False, use_filtering=False, verbose=False)
    quiet = {"show_progress": False, "monitor_conservation": False}
    done = solver.solve(psi, T_END, 2, rtol=rtol, atol=rtol * options["atol/rtol"], **quiet)
    return done["psi"][-1], done["solver_info"]["nfev"]


def ours(method: Callable[..., Iterator[Any]], kernel: str) -> Callable[..., Any]:
    """Return the contender's function of one of our integrators."""

    def solve(psi: np.ndarray, n: int, rtol: float, options: Options) -> tuple[np.ndarray, int]:
        times = np.array([0.0, T_END])
        given = {"rtol": rtol, "atol": 0.0, "kernel": kernel, **options}
        *_, last = method(psi[None, :], times, Equation(n, LENGTH), **given)
        return last.psi[0], int(last.evaluations[0])

    return solve


FRAMES = ({"frame": "interaction"}, {"frame": "lab"})
ORDERS = ({"order": 5}, {"order": 6}, {"order": 7})
CONTENDERS = {
    "peer": Contender(peer, ({"atol/rtol": 1.0}, {"atol/rtol": 0.01})),
    "dop853 compiled": Contender(ours(dop853, "compiled"), FRAMES, 8.0, "rocket-fft"),
    "dop853 NumPy": Contender(ours(dop853, "array"), FRAMES, 3.0),
    "etd_adams compiled": Contender(ours(etd_adams, "compiled"), ORDERS, 20.0, "rocket-fft"),
    "etd_adams NumPy": Contender(ours(etd_adams, "array"), ORDERS, 3.0),
}


def distance(psi: np.ndarray, exact: Exact) -> float:
    """Return the relative L2 error of psi (n,) at the end."""
    wanted = exact(grid(psi.size, LENGTH), T_END)
    return float(np.linalg.norm(psi - wanted) / np.linalg.norm(wanted))


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    begin = process_time()
    work()
    return process_time() - begin


def run(label: str, case: str, setting: Options) -> tuple[float, float, int]:
    """Return CPU seconds, error and FFT pairs of one contender with one setting."""
    options, exact = dict(setting), CASES[case]
    n, rtol = options.pop("n"), options.pop("rtol")
    start = exact(grid(n, LENGTH), 0.0)
    begin = process_time()
    psi, pairs = CONTENDERS[label].solve(start, n, rtol, options)
    spent = process_time() - begin
    return spent, distance(psi, exact), pairs


def reaching(label: str, case: str, goal: float) -> list[tuple[float, int, Options]]:
    """Return CPU seconds, FFT pairs and setting of trials that reach the goal, quickest first."""
    trials: list[tuple[float, int, Options]] = []
    for n, options in product(SIZES[case], CONTENDERS[label].options):
        error = np.inf
        for rtol in RTOLS:
            setting = {"n": n, "rtol": rtol, **options}
            before, (spent, error, pairs) = error, run(label, case, setting)
            if error <= goal:
                trials.append((spent, pairs, setting))
            # The grid's own error is reached, or this is already too slow.
            if 0.95 * before < error < 1e-2 or (trials and spent > 1.5 * min(t[0] for t in trials)):
                break
    return sorted(trials, key=lambda trial: trial[0])


def quickest(label: str, case: str, trials: list[tuple[float, int, Options]]) -> Options:
    """Return the setting of the trial that is quickest when timed again."""
    settings = [setting for _, _, setting in trials[:6]]
    again = [min(run(label, case, setting)[0] for _ in range(3)) for setting in settings]
    return settings[int(np.argmin(again))]


def tuned(case: str, goal: float) -> dict[str, Options]:
    """Return the setting of each contender that reaches the goal in the least CPU time.

    The kernels of an integrator agree to rounding, so that NumPy is tried on what was found for
    the compiled one, fewest FFT pairs first.
    """
    chosen, found = {}, {}
    for label in CONTENDERS:
        print(f"tuning {label} for {case}, {goal:g}", file=sys.stderr, flush=True)
        twin = label.replace("NumPy", "compiled")
        if twin not in found:
            found[twin] = reaching(twin, case, goal)
        trials = found[twin] if twin == label else sorted(found[twin], key=lambda trial: trial[1])
        chosen[label] = quickest(label, case, trials)
    return chosen


def numpy_pairs(psi: np.ndarray, count: int) -> None:
    """Transform there and back with NumPy."""
    for _ in range(count):
        psi = np.fft.fft(np.fft.ifft(psi))


def rocket_pairs() -> Callable[[np.ndarray, int], None]:
    """Return the same, compiled by Numba with rocket-fft."""
    from numba import njit
    from rocket_fft import c2c

    axis = np.array([1])

    @njit
    def pairs(psi: np.ndarray, count: int) -> None:
        for _ in range(count):
            c2c(psi, psi, axis, False, 1.0 / psi.size, 1)
            c2c(psi, psi, axis, True, 1.0, 1)

    return pairs


def pair_seconds(n: int, pairs: Callable[[np.ndarray, int], None]) -> float:
    """Return the CPU seconds of one FFT pair of n complex numbers, the best of several tries."""
    psi = np.random.default_rng(1).standard_normal((1, n)) + 0j
    pairs(psi, 1)
    return min(cpu(lambda: pairs(psi, 1000)) for _ in range(7)) / 1000


def verdict(found: float, target: float, *, above: bool) -> str:
    """Return the target and whether it is met."""
    sign, met = (">=", found >= target) if above else ("<=", found <= target)
    return f"{sign} {target:g} {'met' if met else 'MISSED'}"


def against_peer(rounds: int, settings: Mapping[str, Any]) -> None:
    """Print the ratios to the peer at equal or better error."""
    print("CPU time to t = 20 against simple-idealized-1d-nlse 0.0.5 without its filter")
    print(
        f"all tuned, one core, median of {rounds} rounds by turns; floor = pairs x one FFT pair\n"
    )
    print(
        f"{'case, error':20} {'contender':19} {'ms':>8} {'ratio':>6} {'target':13}"
        f" {'floor':>6} {'pairs':>6} {'error':>8}  setting"
    )
    floors = {"rocket-fft": rocket_pairs(), "NumPy": numpy_pairs}
    for label in CONTENDERS:  # compile
        run(label, "soliton", {**settings["soliton 1e-06"][label], "rtol": 1e-4})
    for case, goal in product(CASES, GOALS):
        chosen = settings[f"{case} {goal:g}"]
        done: dict[str, list[tuple[float, float, int]]] = {label: [] for label in CONTENDERS}
        for _ in range(rounds):
            for label in CONTENDERS:
                done[label].append(run(label, case, chosen[label]))
        spent = {label: median(seconds for seconds, _, _ in each) for label, each in done.items()}
        for label, contender in CONTENDERS.items():
            _, error, pairs = done[label][0]
            ratio = spent["peer"] / spent[label]
            floor = pairs * pair_seconds(chosen[label]["n"], floors[contender.floor])
            target = contender.target
            met = "" if target is None else verdict(ratio, target, above=True)
            if error > goal:
                met = "ERROR TOO LARGE; --tune"
            print(
                f"{f'{case}, {goal:.0e}':20} {label:19} {spent[label] * 1e3:8.1f} {ratio:6.1f}"
                f" {met:13} {spent[label] / floor:6.1f} {pairs:6} {error:8.1e}  {chosen[label]}"
            )
        print(flush=True)


def last_of(frames: Iterator[Any]) -> Any:
    """Return the last frame."""
    *_, last = frames
    return last


def growth() -> None:
    """Print the work as the grid grows."""
    sizes = (256, 1024, 4096, 16384)
    print("Steps (FFT pairs) as n grows: soliton of amplitude 1 to t = 5, rtol 1e-10")
    times = np.array([0.0, 5.0])
    for label, method in (("dop853", dop853), ("etd_adams", etd_adams)):
        found = []
        for n in sizes:
            psi = soliton(grid(n, LENGTH), 0.0, 1.0)[None, :]
            given = {"rtol": 1e-10, "atol": 0.0, "kernel": "compiled"}
            last = last_of(method(psi, times, Equation(n, LENGTH), **given))
            found.append((int(last.steps[0]), int(last.evaluations[0])))
        ratio = max(pairs for _, pairs in found) / found[0][1]
        each = ", ".join(f"{n}: {s} ({p})" for n, (s, p) in zip(sizes, found, strict=True))
        print(f"{label:10} {each}  x {ratio:.2f}  {verdict(ratio, 1.6, above=False)}")
    print()


def ensemble(rounds: int) -> None:
    """Print the cost of a member's step in an ensemble of 64."""
    members, n = 64, 512
    x, times = grid(n, LENGTH), np.linspace(0.0, 5.0, 11)
    draws = [noise.band_limited(np.random.default_rng(m), n, 20, 1e-3) for m in range(members)]
    starts = {
        "a soliton in noise": np.stack([soliton(x, 0.0, 1.0) + draw for draw in draws]),
        "unlike solitons": np.stack([soliton(x, 0.0, 1.0 + m / members) for m in range(members)]),
    }
    print(f"etd_adams, {members} members, n = {n}, rtol 1e-10: us per member and step")
    for (about, psi), (kernel, target) in product(starts.items(), (("compiled", 9), ("array", 15))):

        def frames(psi: np.ndarray = psi, kernel: str = kernel) -> Any:
            given = {"rtol": 1e-10, "atol": 0.0, "kernel": kernel}
            return last_of(etd_adams(psi, times, Equation(n, LENGTH), **given))

        steps = int(frames().steps.sum())
        found = median(cpu(frames) for _ in range(rounds)) / steps * 1e6
        pair = 1e6 * pair_seconds(n, rocket_pairs() if kernel == "compiled" else numpy_pairs)
        print(
            f"{about:19} {kernel:9} {found:5.1f}  {verdict(found, target, above=False):12}"
            f" {found / pair:4.1f} x an FFT pair of {pair:.1f} us; {steps // members} steps each"
        )


def tune() -> dict[str, Any]:
    """Find, keep and return the settings of all."""
    settings = {f"{case} {goal:g}": tuned(case, goal) for case, goal in product(CASES, GOALS)}
    lines = json.dumps(settings, indent=1)
    SETTINGS.write_text(lines + "\n")
    return settings


def main() -> None:
    """Run all parts, or one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("peer", "growth", "ensemble"))
    parser.add_argument("--tune", action="store_true", help="find the settings first; minutes")
    arguments = parser.parse_args()
    settings = tune() if arguments.tune else json.loads(SETTINGS.read_text())
    if arguments.only in (None, "peer"):
        against_peer(arguments.rounds, settings)
    if arguments.only in (None, "growth"):
        growth()
    if arguments.only in (None, "ensemble"):
        ensemble(arguments.rounds)


if __name__ == "__main__":
    main()
