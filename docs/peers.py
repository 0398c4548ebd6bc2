"""Prints docs/peers.md: small examples, the right answer, and what other packages answer.

    python docs/peers.py > docs/peers.md

Ours and theirs are computed on the spot, with the versions that are installed; one that is not
is left out. tests/test_entropy_peers.py holds our column to the definitions.
"""

import contextlib
import importlib
import io
import math
import sys
import textwrap
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analysis import entropy  # noqa: E402

MODULES = {
    "antropy": "antropy",
    "dit": "dit",
    "ennemi": "ennemi",
    "EntropyHub": "EntropyHub",
    "lzcomplexity": "lzcomplexity",
    "neurokit2": "neurokit2",
    "ordpy": "ordpy",
    "peccary": "peccary",
    "pyentrp": "pyentrp.entropy",
    "vendi-score": "vendi_score.vendi",
}
HEAD = """# What other packages answer

{made}

Each example is run on the spot, ours beside theirs; **bold** differs from the right answer. These
are examples that we found hard, not a ranking: on continuous data, away from the limits, the
packages agree with one another and with us, most to twelve digits, and serve as test oracles.

| example | right, and ours | others |
|---|---|---|
"""
TAIL = """
## Conventions that differ and are not wrong

Compare numbers only after these. *Unit*: nats here, in ordpy, ennemi and SciPy; bits in dit,
peccary, antropy's and EntropyHub's permutation entropy. *Permutation entropy* is divided by ln d!
here and in ordpy by default, not in antropy, and by d - 1 in EntropyHub's `Pnorm`. *Sample
entropy*: matches at a distance of at most r (here by default, in EntropyHub) or below r
(`inclusive=False`); r is a share of the standard deviation over N (here, antropy, EntropyHub) or
over N - 1 (neurokit2). *LZ76*: a last phrase that is not complete counts as one here and in
antropy, and not in lzcomplexity; rates are divided by N / log N of one base or another.
*Jensen-Shannon* is the divergence here and in dit, its square root in SciPy's `jensenshannon`.
*Ties* are taken in the order of time here, in ordpy, antropy and peccary; others are free to
choose, but an unstable sort makes the answer depend on the processor.
"""

Theirs = Callable[[Any], Any]


@dataclass(frozen=True)
class Example:
    """One row: what is asked, our answer, and each peer's by a function of its module.

    within  relative difference that estimates and conventions of the last digit may show
    """

    asked: str
    ours: Callable[[], Any]
    theirs: Mapping[str, Theirs]
    within: float = 1e-6


QUARTERS = np.array([0.5, 0.25, 0.25])
SIX = np.array([0.5, 0.25, 0.25, 0, 0, 0])
GAPPED = np.array([0.5, 0.5, 0.0])
NEAR = 1 - 1e-15


def pmf(dit: Any, p: np.ndarray) -> Any:
    """Return a distribution of dit that keeps outcomes of probability 0."""
    return dit.Distribution([(k,) for k in range(p.size)], list(p), trim=False)


def distributions() -> list[Example]:
    """Examples of one or two distributions."""
    tilted = np.array([0.25, 0.5, 0.25])
    renyi = entropy.renyi
    return [
        Example(
            "Rényi entropy of (1/2, 1/4, 1/4), order 1 - 1e-15, bits",
            lambda: renyi(QUARTERS, NEAR, base=2),
            {
                "dit": lambda m: m.other.renyi_entropy(pmf(m, QUARTERS), NEAR),
                "neurokit2": lambda m: m.entropy_renyi(freq=QUARTERS, alpha=NEAR)[0] / math.log(2),
            },
        ),
        Example(
            "the same of (1/2, 1/4, 1/4, 0, 0, 0), order 1 + 1e-12, over ln 6",
            lambda: renyi(SIX, 1 + 1e-12, normalize=True),
            {"ordpy": lambda m: m.renyi_entropy(SIX, alpha=1 + 1e-12, probs=True)},
        ),
        Example(
            "Rényi entropy of (1/2, 1/2, 0), order 0, bits (dit told to keep zeros)",
            lambda: renyi(GAPPED, 0, base=2),
            {
                "dit": lambda m: m.other.renyi_entropy(pmf(m, GAPPED), 0),
                "neurokit2": lambda m: m.entropy_renyi(freq=GAPPED, alpha=0)[0] / math.log(2),
            },
        ),
        Example(
            "Tsallis entropy of (1/2, 1/2, 0), order 1/2",
            lambda: entropy.tsallis(GAPPED, 0.5),
            {
                "dit": lambda m: m.other.tsallis_entropy(pmf(m, GAPPED), 0.5),
                "neurokit2": lambda m: m.entropy_tsallis(freq=GAPPED, q=0.5)[0],
            },
        ),
        Example(
            "Tsallis divergence of (1/2, 1/4, 1/4) from (1/4, 1/2, 1/4), order 1",
            lambda: entropy.tsallis_divergence(QUARTERS, tilted, 1),
            {
                "dit": lambda m: m.divergences.tsallis_divergence(
                    pmf(m, QUARTERS), pmf(m, tilted), 1
                )
            },
        ),
        Example(
            "Kullback-Leibler divergence of (1/2, 1/2) from (1, 0)",
            lambda: entropy.kl(np.full(2, 0.5), np.array([1.0, 0.0])),
            {
                "dit": lambda m: m.divergences.kullback_leibler_divergence(
                    pmf(m, np.full(2, 0.5)), pmf(m, np.array([1.0, 0.0]))
                )
            },
        ),
    ]


def ordinal() -> list[Example]:
    """Examples of ordinal patterns."""
    rng = np.random.default_rng(1)
    tied = rng.integers(0, 3, 3000)
    white = rng.standard_normal(20000)
    pair, gap = rng.standard_normal((2, 300)), np.r_[rng.standard_normal(50), math.nan]
    bits = math.log(2)

    def hub(m: Any, x: np.ndarray, order: int) -> float:
        return float(np.asarray(m.PermEn(x, m=order, Logx=math.e)[0])[-1])

    return [
        Example(
            "permutation entropy of 3000 samples on three levels, d = 6, nats",
            lambda: entropy.permutation_entropy(tied, 6, normalize=False),
            {
                "ordpy": lambda m: m.permutation_entropy(tied, dx=6, normalized=False),
                "antropy": lambda m: m.perm_entropy(tied, order=6) * bits,
                "peccary": lambda m: m.peccary(tied, n=6).calcS()[0] * bits,
                "EntropyHub": lambda m: hub(m, tied, 6),
                "neurokit2": lambda m: (
                    m.entropy_permutation(tied, dimension=6, corrected=False)[0] * bits
                ),
                "pyentrp": lambda m: m.permutation_entropy(tied, order=6) * bits,
            },
        ),
        Example(
            "permutation entropy of white noise, d = 3, over its maximum",
            lambda: entropy.permutation_entropy(white, 3),
            {
                "EntropyHub": lambda m: m.PermEn(white, m=3, Norm=True)[1][-1],
                "antropy": lambda m: m.perm_entropy(white, order=3, normalize=True),
            },
        ),
        Example(
            "entropy of the next pattern of white noise, over that of four free places",
            lambda: (
                (
                    entropy.permutation_entropy(white, 4, normalize=False)
                    - entropy.permutation_entropy(white, 3, normalize=False)
                )
                / math.log(4)
            ),
            {
                "neurokit2": lambda m: m.entropy_permutation(
                    white, dimension=3, conditional=True, corrected=True
                )[0]
            },
            1e-3,
        ),
        Example(
            "Rényi plane, order 500, d = 3: complexity",
            lambda: entropy.complexity_entropy(white, 3, measure="renyi", param=500).c,
            {"ordpy": lambda m: m.renyi_complexity_entropy(white, alpha=500, dx=3)[1]},
        ),
        Example(
            "a series that holds NaN, d = 5",
            lambda: entropy.permutation_entropy(gap, 5),
            {
                "ordpy": lambda m: m.permutation_entropy(gap, dx=5),
                "antropy": lambda m: m.perm_entropy(gap, order=5, normalize=True),
                "peccary": lambda m: m.peccary(gap, n=5).calcH()[0],
            },
        ),
        Example(
            "two series at once, d = 3 (ordpy takes them for an image)",
            lambda: entropy.permutation_entropy(pair, 3),
            {"ordpy": lambda m: m.permutation_entropy(pair, dx=3)},
        ),
    ]


def series() -> list[Example]:
    """Examples of sample entropy and Lempel-Ziv complexity."""
    rng = np.random.default_rng(2)
    levels = {size: rng.integers(0, 4, size) for size in (4999, 5001)}
    symbols = rng.integers(0, 30, 1500)
    text = "0001101001000101"
    digits = np.array([int(c) for c in text])

    def balls(size: int) -> Example:
        x = levels[size]
        return Example(
            f"sample entropy of {size} samples on four levels, m = 2, r = 1",
            lambda: entropy.sample_entropy(x, 2, r=1.0),
            {
                "antropy": lambda m: m.sample_entropy(x, order=2, tolerance=1.0),
                "neurokit2": lambda m: m.entropy_sample(x, dimension=2, tolerance=1.0)[0],
            },
        )

    return [
        balls(4999),
        balls(5001),
        Example(
            "sample entropy of 500 equal samples, r = 1/5",
            lambda: entropy.sample_entropy(np.ones(500), 2, r=0.2),
            {
                "antropy": lambda m: m.sample_entropy(np.ones(500), order=2, tolerance=0.2),
                "EntropyHub": lambda m: m.SampEn(np.ones(500), m=2, r=0.2)[0][-1],
            },
        ),
        Example(
            "LZ76 phrases of 1500 bytes (uint8) of 30 values",
            lambda: entropy.lempel_ziv(symbols.astype(np.uint8)),
            {
                "antropy": lambda m: m.lziv_complexity(symbols.astype(np.uint8)),
                "lzcomplexity": lambda m: m.factorization(symbols.astype(np.uint8).tobytes())[0],
            },
        ),
        Example(
            f"LZ76 phrases of {text}",
            lambda: entropy.lempel_ziv(digits),
            {
                "antropy": lambda m: m.lziv_complexity(digits),
                "lzcomplexity": lambda m: m.factorization(text)[0],
            },
        ),
    ]


def clouds() -> list[Example]:
    """Examples of points in space."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2000, 1))
    plane = rng.standard_normal((2000, 2))
    y = 0.6 * x + 0.8 * rng.standard_normal((2000, 1))
    doubled = np.repeat(x[:100], 6, axis=0)
    tiny = 1e-12
    return [
        Example(
            "kNN entropy of 2000 standard normal points in the plane (exact: 2.8379)",
            lambda: entropy.knn_entropy(plane, 3),
            {
                "neurokit2": lambda m: m.entropy_kl(plane[:, 0], dimension=2, k=3)[0],
                "ennemi": lambda m: m.estimate_entropy(plane, k=3, multidim=True),
            },
            0.03,
        ),
        Example(
            "kNN entropy of 1e-12 x, less ln 1e-12, nats (dit adds noise: its answer varies)",
            lambda: entropy.knn_entropy(x * tiny, 3) - math.log(tiny),
            {
                "dit": lambda m: (
                    m.inference.differential_entropy_knn(x * tiny, k=3) * math.log(2)
                    - math.log(tiny)
                ),
                "ennemi": lambda m: m.estimate_entropy(x * tiny, k=3) - math.log(tiny),
            },
            1e-3,
        ),
        Example(
            "kNN entropy of points that come six times each",
            lambda: entropy.knn_entropy(doubled, 3),
            {"ennemi": lambda m: m.estimate_entropy(doubled, k=3)},
        ),
        Example(
            "mutual information of normals correlated by 0.6, nats (exact: 0.2231)",
            lambda: entropy.mutual_info(x[:, 0], y[:, 0]),
            {
                "ennemi": lambda m: m.estimate_mi(y[:, 0], x[:, 0]),
                "neurokit2": lambda m: m.mutual_information(x[:, 0], y[:, 0]) * math.log(2),
            },
            0.2,
        ),
    ]


def kernels() -> list[Example]:
    """Examples of the eigenvalues of a kernel."""
    from scipy.sparse import csr_matrix, eye

    x = np.random.default_rng(4).standard_normal((30, 5))
    x /= np.linalg.norm(x, axis=1)[:, None]
    kernel = x @ x.T
    return [
        Example(
            "Vendi score of 100 unlike items, the kernel sparse",
            lambda: entropy.vendi(K=csr_matrix(eye(100))),
            {"vendi-score": lambda m: m.score_K(csr_matrix(eye(100)))},
        ),
        Example(
            "Vendi score of 30 vectors in five dimensions, order 2",
            lambda: entropy.vendi(X=x, q=2),
            {"vendi-score": lambda m: m.score_X(x, q=2)},
        ),
        Example(
            "the same from the kernel, order 0",
            lambda: entropy.vendi(K=kernel, q=0),
            {"vendi-score": lambda m: m.score_K(kernel, q=0)},
        ),
        Example(
            "the same, order infinity as a number",
            lambda: entropy.vendi(K=kernel, q=math.inf),
            {"vendi-score": lambda m: m.score_K(kernel, q=math.inf)},
        ),
    ]


def quietly(work: Callable[[], Any], refusal: type[Exception] = Exception) -> Any:
    """Return the answer, or the type of a refusal; warnings and prints go nowhere."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return work()
        except refusal as error:
            return type(error)


def imported() -> dict[str, Any]:
    """Return the modules of the packages that are installed."""
    found = {
        name: quietly(lambda m=module: importlib.import_module(m))
        for name, module in MODULES.items()
    }
    return {name: module for name, module in found.items() if not isinstance(module, type)}


def written(answer: Any) -> str:
    """Return an answer as text."""
    if isinstance(answer, type):
        return answer.__name__
    numbers = [float(v) for v in np.ravel(answer)]
    return ", ".join(f"{number:.6g}" for number in numbers)


def same(answer: Any, right: Any, within: float) -> bool:
    """Return whether two answers agree; refusals of any type do."""
    if isinstance(answer, type) or isinstance(right, type):
        return isinstance(answer, type) and isinstance(right, type)
    first, second = np.ravel(answer), np.ravel(right)
    return first.size == second.size and np.allclose(first, second, rtol=within, atol=1e-9)


def row(example: Example, peers: Mapping[str, Any]) -> str:
    """Return a line of the table."""
    right = quietly(example.ours, ValueError)
    answers = []
    for name, asked in example.theirs.items():
        if name not in peers:
            continue
        answer = quietly(lambda asked=asked, name=name: asked(peers[name]))
        text = written(answer)
        answers.append(f"{name} {text if same(answer, right, example.within) else f'**{text}**'}")
    return f"| {example.asked} | {written(right)} | {'; '.join(answers) or '-'} |"


def main() -> None:
    """Print the page."""
    peers = imported()
    versions = ", ".join(f"{name} {version(name)}" for name in [*peers, "numpy"])
    examples = [*distributions(), *ordinal(), *series(), *clouds(), *kernels()]
    rows = "\n".join(row(example, peers) for example in examples)
    made = textwrap.fill(f"Made by `python docs/peers.py > docs/peers.md` with {versions}.", 100)
    print(HEAD.format(made=made) + rows + "\n" + TAIL.rstrip())


if __name__ == "__main__":
    main()
