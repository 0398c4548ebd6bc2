"""CPU times of the entropies, beside their goals and beside other packages.

`make bench`, or `python benchmarks/entropy.py [--rounds 5] [--only PART]`. One core, one thread;
ours and theirs by turns; medians of CPU time. What takes a peer minutes is timed on a part and
scaled. A peer that is not installed is shown as "-". Nothing is asserted: goals stand beside what
was found.
"""

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from time import process_time
from types import ModuleType
from typing import Any

# Before NumPy is imported, whose libraries count the cores then.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import analysis.entropy as entropy  # noqa: E402
from analysis.entropy.matrices import GaussianKernel  # noqa: E402
from analysis.entropy.ordinal import counts_by_arrays  # noqa: E402

Work = Callable[[], object]
SHORT, LONG = 0.02, 2.0  # seconds: repeated to fill the one, timed in three rounds above the other


@dataclass(frozen=True)
class Rival:
    """A peer's way to the same number: its work, how much of ours that is, our goal's ratio."""

    name: str
    work: Work | None
    scale: float = 1.0
    ratio: float | None = None


@dataclass(frozen=True)
class Row:
    """A line of the table.

    work     one call of ours
    samples  that it reads
    goal     ms, or ns per sample if `each`
    """

    name: str
    work: Work
    samples: int
    goal: float | None = None
    each: bool = False
    rivals: tuple[Rival, ...] = ()


def peer(name: str) -> ModuleType | None:
    """Return a peer's module, or None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


def rival(name: str, work: Callable[[Any], Work], **options: float) -> Rival:
    """Return a peer's contender: work(module) -> its call."""
    module = peer(name)
    return Rival(name, None if module is None else work(module), **options)


def noise(*shape: int) -> np.ndarray:
    """Return standard normal numbers, the same in every run."""
    return np.random.default_rng(1).standard_normal(shape)


def floor() -> Iterator[Row]:
    """What reading the memory costs."""
    x = noise(10**7)
    yield Row("read 1e7 (max)", lambda: x.max(), x.size, each=True)


def permutation() -> Iterator[Row]:
    """Permutation entropy of a long series."""
    x = noise(10**6)
    for order in range(3, 8):

        def ours(order: int = order) -> object:
            return entropy.permutation_entropy(x, order)

        def twin(order: int = order) -> object:
            return counts_by_arrays(x[None, :], order, 1)

        def antropy(module: Any, order: int = order) -> Work:
            return lambda: module.perm_entropy(x, order=order, delay=1)

        def ordpy(module: Any, order: int = order) -> Work:
            return lambda: module.permutation_entropy(x[: 10**5], dx=order)

        rivals = (
            rival("antropy", antropy, ratio=7 if order < 5 else 25),
            rival("ordpy", ordpy, scale=10, ratio=500),
        )
        goal = 2.5 if order <= 5 else 4.0
        yield Row(f"permutation entropy d={order}, 1e6", ours, x.size, goal, True, rivals)
        yield Row(f"  by arrays alone d={order}, 1e6", twin, x.size, 10.0, True)


def plane() -> Iterator[Row]:
    """The complexity-entropy plane of many series, and of many delays."""
    x, rows = noise(1000, 10**4), 4
    for order, goal in ((4, 40.0), (6, 70.0)):

        def ours(order: int = order) -> object:
            return entropy.complexity_entropy(x, order)

        def ordpy(module: Any, order: int = order) -> Work:
            return lambda: [module.complexity_entropy(row, dx=order) for row in x[:rows]]

        rivals = (rival("ordpy", ordpy, scale=len(x) / rows, ratio=300),)
        yield Row(f"HC plane d={order}, 1000 x 1e4", ours, x.size, goal, rivals=rivals)
    series, delays, few = noise(20000), np.arange(1, 100), [1, 50, 99]

    def peccary(module: Any) -> Work:
        return lambda: module.peccary(series, n=5).calcHCcurves(sampIntArray=few)

    rivals = (rival("peccary", peccary, scale=delays.size / len(few), ratio=1000),)
    yield Row(
        "HC of 99 delays d=5, 2e4",
        lambda: entropy.complexity_entropy(series, 5, delays),
        delays.size * series.size,
        rivals=rivals,
    )


def histogram() -> Iterator[Row]:
    """The entropy of a histogram."""
    from scipy.stats import entropy as of_counts

    x = noise(10**7)
    rivals = (
        Rival("NumPy, SciPy", lambda: of_counts(np.histogram(x, 256)[0]), ratio=4),
        Rival("same, range known", lambda: of_counts(np.histogram(x, 256, (-6, 6))[0]), ratio=4),
    )

    def ours() -> object:
        return entropy.entropy_from_counts(entropy.histogram_counts(x, 256))

    def ranged() -> object:
        return entropy.entropy_from_counts(entropy.histogram_counts(x, 256, (-6.0, 6.0)))

    yield Row("histogram entropy 256 bins, 1e7", ours, x.size, 2.5, True, rivals[:1])
    yield Row("  range known", ranged, x.size, 2.5, True, rivals[1:])


def coarse(x: np.ndarray, scale: int) -> np.ndarray:
    """Return means of `scale` neighbours."""
    return x[: x.size // scale * scale].reshape(-1, scale).mean(axis=1)


def sample() -> Iterator[Row]:
    """Sample entropy, at one scale and at twenty."""
    scales = list(range(1, 21))
    for size, goal, ratio in ((10**4, 3.0, 25), (10**5, 120.0, None)):
        x = noise(size)

        def ours(x: np.ndarray = x) -> object:
            return entropy.sample_entropy(x)

        def antropy(module: Any, x: np.ndarray = x) -> Work:
            return lambda: module.sample_entropy(x, order=2)

        rivals = (rival("antropy", antropy, **({"ratio": ratio} if ratio else {})),)
        yield Row(f"sample entropy m=2, {size:.0e}", ours, size, goal, rivals=rivals)
    short = noise(10**4)
    r = 0.2 * float(short.std())

    def multiscale() -> object:
        return entropy.multiscale(lambda y: entropy.sample_entropy(y, r=r), short, scales)

    def looped(module: Any) -> Work:
        each = [coarse(short, scale) for scale in scales]
        return lambda: [module.sample_entropy(y, order=2, tolerance=r) for y in each]

    rivals = (rival("antropy", looped),)
    yield Row("sample entropy, 20 scales, 1e4", multiscale, short.size, 15.0, rivals=rivals)


def lempel_ziv() -> Iterator[Row]:
    """LZ76 of random bits."""
    for size, goal in ((10**5, 10.0), (10**6, 500.0)):
        bits = np.random.default_rng(1).integers(0, 2, size)

        def ours(bits: np.ndarray = bits) -> object:
            return entropy.lempel_ziv(bits)

        def antropy(module: Any, bits: np.ndarray = bits) -> Work:
            return lambda: module.lziv_complexity(bits)

        def rust(module: Any, text: str = "".join(map(str, bits))) -> Work:
            return lambda: module.factorization(text, jobs=1)

        rivals = [rival("lzcomplexity", rust)]
        if size == 10**5:  # four minutes for the longer one
            rivals.insert(0, rival("antropy", antropy, ratio=200))
        yield Row(f"LZ76, {size:.0e} bits", ours, size, goal, rivals=tuple(rivals))


def neighbours() -> Iterator[Row]:
    """Nearest-neighbour entropy in three dimensions."""
    from scipy.spatial import cKDTree

    uniform = np.random.default_rng(1).random((10**5, 3))
    for name, x, box in (
        ("periodic", uniform, 1.0),
        ("uniform", uniform, None),
        ("normal", noise(10**5, 3), None),
    ):

        def ours(x: np.ndarray = x, box: float | None = box) -> object:
            lengths = None if box is None else np.full(3, box)
            return entropy.knn_entropy(x, 4, box=lengths)

        def tree(x: np.ndarray = x, box: float | None = box) -> object:
            return np.log(cKDTree(x, boxsize=box).query(x, 5)[0][:, -1]).mean()

        # a cloud of uneven density is no easier for a grid than for a tree
        rivals = (Rival("SciPy cKDTree", tree),)
        yield Row(f"kNN entropy {name}, 1e5 x 3", ours, len(x), 300.0, rivals=rivals)


def published_diffusion(x: np.ndarray, sigma: float) -> float:
    """Return the diffusion spectral entropy as published: dense matrices of degrees."""
    from scipy.spatial.distance import cdist

    affinity = np.exp(-(cdist(x, x) ** 2) / (2 * sigma**2))
    root = np.diag(affinity.sum(axis=1) ** -0.5)
    p = np.abs(np.linalg.eigvalsh(root @ affinity @ root))
    p = p[p > 0] / p.sum()
    return float(-(p * np.log(p)).sum())


def spectra() -> Iterator[Row]:
    """Entropies of the eigenvalues of a kernel of 2000 points."""
    x, n = noise(2000, 3), 2000
    square = (x**2).sum(axis=1)
    kernel = np.exp(-np.maximum(square[:, None] + square - 2 * x @ x.T, 0) / 2)
    kernel = (kernel + kernel.T) / 2
    np.fill_diagonal(kernel, 1.0)
    lapack = Rival("LAPACK", lambda: np.linalg.eigvalsh(kernel / n), ratio=0.87)  # + 15 %
    published = Rival("as published", lambda: published_diffusion(x, 1.0), ratio=1.8)
    gauss = GaussianKernel(1.0)
    yield Row(
        "Vendi q=2 of points, n = 2000", lambda: entropy.vendi(X=x, q=2, kernel=gauss), n, 90.0
    )
    yield Row("  of a kernel", lambda: entropy.vendi(K=kernel, q=2), n, 90.0)
    yield Row("Vendi q=1, n = 2000", lambda: entropy.vendi(K=kernel), n, rivals=(lapack,))
    yield Row(
        "diffusion spectral, n = 2000",
        lambda: entropy.diffusion_spectral_entropy(x, 1.0),
        n,
        rivals=(published,),
    )


FIRST_CALLS = {
    "permutation_entropy": "entropy.permutation_entropy(x, 5)",
    "sample_entropy": "entropy.sample_entropy(x)",
    "lempel_ziv": "entropy.lempel_ziv((x > 0).astype(np.uint8))",
    "knn_entropy": "entropy.knn_entropy(x[:, None])",
    "histogram_counts": "entropy.histogram_counts(x)",
}


def child(code: str) -> float:
    """Return the CPU seconds, user and system, of a fresh interpreter."""
    # Without byte code of the packages, which pip leaves, the compiler of Python would be timed.
    env = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], env)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"the child failed with status {status}")
    return used.ru_utime + used.ru_stime


def cold(rounds: int) -> None:
    """Print what a job pays before its first number, with the kernels compiled."""
    head = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import numpy as np;"
    head += " x = np.random.default_rng(1).standard_normal(1000);"
    jobs = {
        name: f"{head} import analysis.entropy as entropy; {call}"
        for name, call in FIRST_CALLS.items()
    }
    if peer("antropy"):
        jobs["antropy's perm_entropy"] = f"{head} import antropy; antropy.perm_entropy(x, order=5)"
    print("Cold start: imports and a first call in a fresh interpreter, s of CPU")
    for code in jobs.values():  # compile
        child(code)
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, code in jobs.items():
            spent[name].append(child(code))
    for name, each in spent.items():
        target = "" if name.startswith("antropy") else verdict(median(each), 1.3, above=False)
        print(f"  {name:30} {median(each):6.2f}  {target}")


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "floor": floor,
    "permutation": permutation,
    "plane": plane,
    "histogram": histogram,
    "sample": sample,
    "lempel_ziv": lempel_ziv,
    "neighbours": neighbours,
    "spectra": spectra,
}


def cpu(work: Work, repeats: int = 1) -> float:
    """Return the CPU seconds of one call."""
    begin = process_time()
    for _ in range(repeats):
        work()
    return (process_time() - begin) / repeats


def by_turns(works: list[Work], rounds: int) -> list[float]:
    """Return the median CPU seconds of each, after one call that compiles."""
    first = []
    for work in works:
        work()
        first.append(cpu(work))
    spent: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        for work, guess, each in zip(works, first, spent, strict=True):
            if guess < LONG or number < 3:
                each.append(cpu(work, max(1, ceil(SHORT / max(guess, 1e-9)))))
    return [median(each) for each in spent]


def verdict(found: float, goal: float, unit: str = "", *, above: bool) -> str:
    """Return the goal and whether it is met."""
    sign, met = (">=", found >= goal) if above else ("<=", found <= goal)
    return f"{sign} {goal:g}{unit} {'met' if met else 'MISSED'}"


def show(row: Row, rounds: int) -> None:
    """Time a row by turns with its rivals, and print it."""
    present = [rival for rival in row.rivals if rival.work]
    spent = by_turns([row.work, *(rival.work for rival in present if rival.work)], rounds)
    ours, theirs = spent[0], dict(zip((rival.name for rival in present), spent[1:], strict=True))
    each = ours / row.samples * 1e9
    goal = ""
    if row.goal is not None:
        value, unit = (each, " ns") if row.each else (ours * 1e3, " ms")
        goal = verdict(value, row.goal, unit, above=False)
    line = f"{row.name:34} {ours * 1e3:9.2f} {each:9.2f}  {goal:17}"
    if not row.rivals:
        print(line.rstrip(), flush=True)
    for rival in row.rivals:
        print(f"{line} {rival.name:18}", end="")
        line = " " * len(line)
        if rival.name not in theirs:
            print(f" {'-':>10} {'-':>7}", flush=True)
            continue
        other = theirs[rival.name] * rival.scale
        target = "" if rival.ratio is None else verdict(other / ours, rival.ratio, above=True)
        ratio = f"{other / ours:.0f}" if other > 100 * ours else f"{other / ours:.3g}"
        print(f" {other * 1e3:10.1f} {ratio:>7}  {target}".rstrip(), flush=True)


def main() -> None:
    """Run all parts, or one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=(*PARTS, "cold"))
    arguments = parser.parse_args()
    print(f"one core, one thread; medians of CPU time over {arguments.rounds} rounds by turns")
    if arguments.only != "cold":
        print(
            f"{'kernel':34} {'ours, ms':>9} {'ns/sample':>9}  {'goal':17} {'peer':18}"
            f" {'theirs, ms':>10} {'ratio':>7}  goal"
        )
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            for row in part():
                show(row, arguments.rounds)
    if arguments.only in (None, "cold"):
        cold(arguments.rounds)


if __name__ == "__main__":
    main()
