"""Routes to entropy production beside exact values: what each finds, its error and CPU time.

`python benchmarks/production.py [RUN.h5md [OTHER.h5md …]]`. With runs of athermal AOUPs: the share
of the exact rate that a local score fitted to the first half of RUN captures on its second half
and, not refitted, on the others. Nothing is asserted.
"""

import sys
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from analysis.production import exact, forces, pairs, samples, score, uncertainty  # noqa: E402
from core.store import frames, read_h5md  # noqa: E402


def row(case, route, work, truth):
    start = process_time()
    value, error = work()
    spent = process_time() - start
    print(
        f"{case:14s} {route:26s} {value:9.5f} ± {error:.5f}  exact {truth:9.5f}"
        f"  {100 * (value / truth - 1):+6.2f} %  {spent:6.2f} s"
    )


def scored(x, A, D):
    drift, half = score.linear_drift(A), len(x) // 2
    fitted = score.fit(score.gaussian(x[:half], drift, D))
    found = score.entropy_production(fitted, score.gaussian(x[half:], drift, D))
    return found.lower, found.lower_error


def linear():
    cases = {
        "trapped AOUP": (np.array([[0.7, -0.9], [0, 0.4]]), np.array([0.2, 0.4])),
        "two beads": (exact.bead_chain([5.0, 0.5])[0], np.array([5.0, 0.5])),
        "five beads": (exact.bead_chain(np.ones(5))[0], np.linspace(5.0, 0.5, 5)),
    }
    for case, (A, D) in cases.items():
        truth = exact.ornstein_uhlenbeck(A, D)
        x = samples.linear(A, D, 0.005, 1500, 7, walkers=2000)
        row(
            case,
            "uncertainty, extrapolated",
            lambda x=x: uncertainty.tur_bound(x, 0.005)[2:4],
            truth,
        )
        if case == "trapped AOUP":
            u, y = 0.9 * x[..., 1:], x[..., :1]
            row(case, "heat", lambda u=u, y=y: forces.heat_rate(y, u, 0.005, 0.2)[:2], truth)
        apart = samples.linear(A, D, 3.0, 400, 8, walkers=1000)
        row(case, "Gaussian score, lower", lambda x=apart, A=A, D=D: scored(x, A, D), truth)


def captured(paths):
    fitted, local = None, score.Local()
    for path in paths:
        with read_h5md(path) as run:
            p, member = run.params, run.members[0]
            law = pairs.Interaction(
                **{k: p["interaction"][k] for k in ("kind", "strength", "diameter", "beta")}
            )
            seen = list(frames(member))
            model = score.Swimmers(
                p["self_propulsion_speed"], p["persistence_rate"], law, seen[0].box
            )

            def terms(chosen, model=model):
                for f in chosen:
                    yield from score.local_terms([f.position], [f.elements["active"]], model, local)

            start = process_time()
            if fitted is None:
                fitted = score.fit(terms(seen[: len(seen) // 2]), local.names)
                print(f"fit {process_time() - start:.2f} s CPU")
                seen = seen[len(seen) // 2 :]
            total = forces.sum_rule(
                pairs.laplacian(pairs.springs(f.position, law, f.box)) for f in seen
            )
            found = score.entropy_production(fitted, terms(seen))
        print(
            f"{path}: sigma_g/gamma {total.value / model.gamma:.0f} per particle, captured "
            f"{found.captured(total.value):.3f}, plug-in {found.plug_in / total.value:.3f}, "
            f"{process_time() - start:.2f} s"
        )


if __name__ == "__main__":
    linear()
    if sys.argv[1:]:
        captured(sys.argv[1:])
