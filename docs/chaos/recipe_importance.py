"""Recipe: choose which past states to keep by how badly the others foretell them.

`python docs/chaos/recipe_importance.py`, about 30 s. Forecasts by analogues that may keep a few of
3000 past states, drawn uniformly or in five rounds by their error; the same budget for both.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from analysis.forecast.importance import Sampler, sampled
from analysis.forecast.scores import error_curve, valid_steps
from core import rng
from sims.chaos import flow
from sims.chaos.system import catalogue

POINTS, TRANSIENT, TRAIN, TEST = 50, 20, 60, 40  # samples in a period; periods
BUDGETS, POWERS, REPEATS = (100, 300), (0.5, 1.0, 2.0, 4.0), 4
EVERY = 4  # of the chaotic systems, in the catalogue's order


def main() -> None:
    """Print the gain of each power of the error, by budget."""
    chosen = [s for s in catalogue("flow").values() if s.regime == "chaotic" and not s.unbounded][
        ::EVERY
    ]
    steps = 2 * POINTS
    for budget in BUDGETS:
        table: dict[float, list[tuple[float, float]]] = {}
        for system in chosen:
            times = np.arange((TRANSIENT + TRAIN + TEST) * POINTS) * system.period / POINTS
            x = flow.trajectory(system, times)[TRANSIENT * POINTS :]
            train, spread = x[: TRAIN * POINTS], x[: TRAIN * POINTS].std(axis=0)
            places = np.arange(TRAIN * POINTS, len(x) - steps, steps)
            start = np.stack([x[p - 1 : p] for p in places])
            truth = np.stack([x[p : p + steps] for p in places])
            for power in (0.0, *POWERS):
                one = []
                for repeat in range(REPEATS):
                    draw = rng.generator(2026, "docs", "importance", system.name, repeat)
                    sampler = Sampler(power) if power else None
                    model = sampled(train, budget, draw, sampler=sampler)
                    curve = error_curve(truth, model.predict(start, steps), spread)
                    near = np.sqrt((curve[:, : POINTS // 2] ** 2).mean())
                    one.append((near, valid_steps(curve)[0].mean() / POINTS))
                table.setdefault(power, []).append(tuple(np.mean(one, axis=0)))
        base = np.array(table[0.0])
        print(
            f"{budget} of {TRAIN * POINTS} states, {len(chosen)} systems, uniform: NRMSE over half "
            f"a period {np.median(base[:, 0]):.3f}, valid {np.median(base[:, 1]):.2f} periods"
        )
        for power in POWERS:
            own = np.array(table[power])
            ratio = own / base
            print(f"  error^{power:<4g} NRMSE x {np.median(ratio[:, 0]):.2f} "
                  f"(better in {np.mean(ratio[:, 0] < 1):.0%}), "
                  f"valid time x {np.median(ratio[:, 1]):.2f} "
                  f"(better in {np.mean(ratio[:, 1] > 1):.0%})")  # fmt: skip


if __name__ == "__main__":
    main()
