"""Recipe: forecast a series of which there is little by what other systems have done.

`python docs/chaos/recipe_transfer.py`, about 40 s of CPU. One component of each system, 30
samples in a period; analogues are sought in a few periods of the target, and in 20 periods of each
source: other systems, surrogates with their power spectra, and the target's own family, one of its
parameters off by 5 and 10 %. Scored is the error over the period after, from 8 starts.
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from analysis.entropy.surrogates import phase_randomised
from analysis.forecast import backtest, split
from analysis.forecast.transfer import NEVER, Transfer
from core import rng
from core.errors import NumericsError
from sims.chaos import flow
from sims.chaos.system import System, catalogue

POINTS, TRANSIENT, LONG, TEST = 30, 20, 20, 8  # samples in a period; periods
SHORT = (2, 8)  # periods of the target to learn from
SEED = 2026
OFF = (0.9, 0.95, 1.05, 1.1)  # of the first parameter that is not 0, in a family
CHOICES = {"1": (1.0,), "2": (2.0,), "chosen": (NEVER, 4.0, 2.0, 1.0)}


def samples(system: System) -> np.ndarray:
    """Return the first component (T, 1) on the attractor."""
    times = np.arange((TRANSIENT + LONG) * POINTS) * system.period / POINTS
    return flow.trajectory(system, times)[TRANSIENT * POINTS :, :1]


def family(system: System) -> list[np.ndarray]:
    """Return the first component with one parameter changed, where it stays finite and moves."""
    name = next((n for n, value in system.parameters.items() if value), None)
    found = []
    for factor in OFF if name else ():
        try:
            x = samples(system.changed({name: factor * system.parameters[name]}, system.name))
        except NumericsError:
            continue
        if x.std() > 0:
            found.append(x)
    return found


def scores(models: list[Transfer], targets: list[np.ndarray], periods: int) -> np.ndarray:
    """Return the NRMSE over one period ahead for each target (n,), by a model of each."""
    found = []
    for model, x in zip(models, targets, strict=True):
        cut = x[: (periods + TEST) * POINTS]
        train = periods / (periods + TEST)
        found.append(backtest(model, cut, split(len(cut), train, POINTS, TEST)).nrmse.mean())
    return np.array(found)


def main() -> None:
    """Print what each source gives: median ratio to the target alone, and where it is below 1."""
    systems = [s for s in catalogue("flow").values() if s.regime == "chaotic" and not s.unbounded]
    draw = rng.generator(SEED, "docs", "transfer")
    order = draw.permutation(len(systems))
    sources = [samples(systems[i]) for i in order[: len(order) // 2]]
    chosen = [systems[i] for i in order[len(order) // 2 :]]
    chosen = [s for s in chosen if s.parameters and len(family(s)) == len(OFF)]
    targets = [samples(s) for s in chosen]
    noise = [phase_randomised(x[:, 0], seed=draw)[0][:, None] for x in sources]
    taught = {
        "systems": [Transfer().learned(sources)] * len(targets),
        "surrogates": [Transfer().learned(noise)] * len(targets),
        "family": [Transfer().learned(family(s)) for s in chosen],
    }
    for periods in SHORT:
        base = scores([Transfer()] * len(targets), targets, periods)
        print(f"{periods} periods of {len(targets)} systems alone: NRMSE {np.median(base):.3f}")
        for name, models in taught.items():
            line = f"  {name:11}"
            for title, distrusts in CHOICES.items():
                own = scores([replace(m, distrusts=distrusts) for m in models], targets, periods)
                line += f"  distrust {title}: x {np.median(own / base):.2f}"
                line += f" (better in {np.mean(own < base):.0%})"
            print(line)


if __name__ == "__main__":
    main()
