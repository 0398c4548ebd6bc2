"""Forecasts of every flow of the catalogue by models that see its past only, and found equations.

`python benchmarks/forecast.py [--noise 0.01]`. One core, about two minutes. Scores are medians over
flows; valid prediction times are in periods and, where the largest exponent is 3 standard errors
above 0, in Lyapunov times. Nothing is asserted.
"""

import argparse
import os
import sys
from pathlib import Path
from time import process_time

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # before NumPy is imported
    os.environ[f"{variable}_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from analysis.forecast import (  # noqa: E402
    MODELS,
    NotPolynomial,
    SparseRegression,
    backtest,
    expand,
    models,
    score,
    smape,
    spearman,
    split,
)
from analysis.forecast.polynomials import degree  # noqa: E402
from core import rng  # noqa: E402
from sims.chaos import flow, spectra  # noqa: E402
from sims.chaos.system import System, catalogue  # noqa: E402

SEED = 2026
POINTS, TRANSIENT, TRAIN, TEST = 100, 20, 12, 24  # samples in a period; periods
HORIZON = 6  # periods
SHORT = 2  # periods of which sMAPE is taken, as in the paper


def series(system: System, noise: float) -> np.ndarray:
    """Return samples (T, d), noise in standard deviations of each component."""
    count = (TRANSIENT + TRAIN + TEST) * POINTS
    x = flow.trajectory(system, np.arange(count) * system.period / POINTS)[TRANSIENT * POINTS :]
    draw = rng.generator(SEED, "benchmarks", "forecast", system.name)
    return x + noise * x.std(axis=0) * draw.normal(size=x.shape)


def exponent(system: System) -> float:
    """Return the largest exponent times the period, NaN where it is not surely positive."""
    known = spectra.spectrum_of(system)
    if known is None or known.exponents[0] <= 3 * known.standard_errors[0]:
        return np.nan
    return known.exponents[0] * system.period


def recovered(system: System, x: np.ndarray) -> str:
    """Return what sparse regression on cubic monomials makes of a system."""
    try:
        true = [expand(text, system.variables, system.parameters) for text in system.equations]
    except NotPolynomial:
        return "no polynomial"
    if max(map(degree, true)) > 3:
        return "of a higher degree"
    found = score(SparseRegression(3).fit(x, system.period / POINTS), true, x)
    near = found.coefficient_error.max() < 1e-3
    if not found.exact.all():
        return "other terms"
    return "recovered to 1e-3" if near else "recovered"


def line(name: str, scores: np.ndarray, rates: np.ndarray) -> None:
    """Print medians over flows and rank correlations; scores (flows, 3): sMAPE, periods, held."""
    error, valid, held = scores.T
    known = np.isfinite(rates)
    draw = rng.generator(SEED, "benchmarks", "ranks", name)
    text = f"{name:15}{np.median(error):7.1f}{np.median(valid):9.2f}"
    text += f"{np.median((valid * rates)[known]):10.2f}{100 * held.mean():6.0f} %"
    for values in (error, valid):
        if np.ptp(values[known]) > 0:
            r = spearman(rates[known], values[known], draw)
            text += f"   {r.rho:+.2f} +- {r.standard_error:.2f} (p {r.p_value:.1g})"
    print(text)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=float, default=0.0, help="observational, in deviations")
    noise = parser.parse_args().noise
    systems, begun = list(catalogue("flow").values()), process_time()
    samples = (TRAIN + TEST) * POINTS
    cut = split(samples, TRAIN / (TRAIN + TEST), HORIZON * POINTS, 20)
    scores: dict[str, list[tuple[float, float, float]]] = {name: [] for name in MODELS}
    outcomes: dict[str, int] = {}
    for system in systems:
        x = series(system, noise)
        for name, made in models(tuple(MODELS), POINTS, SEED).items():
            found = backtest(made, x, cut)
            short = slice(0, SHORT * POINTS)
            near = smape(found.truth[:, short], found.forecast[:, short])
            scores[name].append((near, found.valid.mean() / POINTS, found.held.mean()))
        outcome = recovered(system, x)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    rates = np.array([exponent(system) for system in systems])
    print(f"{len(systems)} flows, {POINTS} samples a period, {TRAIN} periods to learn from, "
          f"{len(cut.starts)} starts, horizon {HORIZON}, noise {noise:g}")  # fmt: skip
    print(f"{'medians':15}  sMAPE  periods  Lyapunov  held   "
          f"rank correlation with the exponent ({np.isfinite(rates).sum()} flows): "
          "of sMAPE, of the valid time")  # fmt: skip
    for name in MODELS:
        line(name, np.array(scores[name]), rates)
    print("equations:", ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items())))
    print(f"{process_time() - begun:.0f} s of CPU")


if __name__ == "__main__":
    main()
