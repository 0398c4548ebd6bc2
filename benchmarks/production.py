"""Routes to entropy production beside exact values: what each finds, its error and CPU time.

`python benchmarks/production.py`: routes on linear cases.
`--fit RUN.h5md --store FILE.toml`: coefficients of a local score, from all frames of a run.
`--fitted softplus_dense RUN.h5md …`: the share of the exact rate that they capture of other runs,
not refitted, with peak memory; without --fitted each is fitted to its first half.
`--neural RUN.h5md RUN.h5md …`: a network trained on all frames of the first run, and what it and a
linear fit of the same features capture of the others; needs PyTorch.
`--trap 9000`: 64 swimmers in a trap, that long, beside another program's rates.
Nothing is asserted.
"""

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from analysis.measures import production, transfer  # noqa: E402
from analysis.production import exact, forces, samples, score, uncertainty  # noqa: E402
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


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit(path, store):
    """Fit a local score to all frames of a run and keep its coefficients with their origin."""
    with read_h5md(path) as run:
        member, local = run.members[0], score.Local()
        start = process_time()
        found = score.fit(production._terms(run, member, 0, None, local), local.names)
        seconds = process_time() - start
        state = {key: run.params[key] for key in transfer.STATE}
        law = {f"interaction_{k}": v for k, v in run.params["interaction"].items() if v is not None}
        origin = {
            "run": run.name, "seed": run.seed, "frames": len(member.time), **state, **law,
            "initial": run.params["initial"], "thermalization": run.params["thermalization"],
            "t_end": run.params["t_end"], "time_step": run.params["time_step"],
            "simulator_code_sha256": str(run.attrs["code_sha256"]),
        }  # fmt: skip
    transfer.write(store, transfer.Stored(found, local, origin))
    print(f"{store}: {found.rank} of {len(local.names)} features, {seconds:.2f} s CPU")


def captured(paths, fitted):
    """Print what a score captures of the exact rate of each run, frame by frame, not refitted."""
    imported = peak()
    print(f"imported: {imported:.0f} MB")
    for path in paths:
        with read_h5md(path) as run:
            start = process_time()
            member = run.members[0]
            found = production.learned(run, member, fitted=fitted)
            _, plug, exact = found.value[0]
            told = {name: value for name, value, _ in found.summary}
            whole = sum(f.dtype.itemsize * np.prod(f.shape) for f in member.fields.values()) / 2**20
            print(
                f"{path} seed {run.seed} N {run.params['particles']} phi "
                f"{run.params['packing_fraction']}: sigma_g/gamma "
                f"{exact / run.params['persistence_rate']:.0f}, captured "
                f"{told['captured fraction']:+.4f} "
                f"± {told['error of the captured fraction']:.4f}, "
                f"plug-in {plug / exact:.3f}, {process_time() - start:.2f} s CPU for "
                f"{len(member.time)} frames, peak {peak():.0f} MB; all fields: {whole:.0f} MB"
            )


def neural(path, others):
    """Print what a network trained on one run captures of others, beside its linear part alone."""
    with read_h5md(path) as run:
        known = list(production._terms(run, run.members[0], 0, None, told=True))
    start = process_time()
    linear = score.fit(known)
    middle = process_time()
    network = score.train(known, epochs=production.EPOCHS, width=production.WIDTH)
    print(
        f"trained on {path}: {process_time() - middle:.1f} s CPU; linear fit {middle - start:.2f} s"
    )
    for other in others:
        with read_h5md(other) as run:
            member, p = run.members[0], run.params
            exact = forces.sum_rule(production._laplacian(run, f) for f in frames(member)).value
            start = process_time()
            terms = production._terms(run, member, 0, None, told=True)
            found = score.entropy_production(network, terms)
            spent = (process_time() - start) / len(member.time)
            terms = production._terms(run, member, 0, None, told=True)
            plain = score.entropy_production(linear, terms).captured(exact)
            print(
                f"{other} seed {run.seed} N {p['particles']} phi {p['packing_fraction']}: network "
                f"{found.captured(exact):+.4f} ± {found.lower_error / exact:.4f}, plug-in "
                f"{found.plug_in / exact:.3f}, linear {plain:+.4f}; {spent:.2f} s CPU a frame"
            )


SPEEDS = {0.1: (0.0697, 0.0011), 0.2: (0.2965, 0.0026), 0.3: (0.7576, 0.0061),
          0.4: (1.487, 0.012), 0.5: (2.564, 0.016)}  # fmt: skip
TRAP = {
    "model": "aoup", "particles": 64, "dimension": 2, "persistence_rate": 0.1,
    "translational_diffusivity": 0.1, "trap": {"stiffness": 0.05}, "initial": "random",
    "interaction": {"kind": "softplus", "strength": 2.5, "diameter": 2.0, "beta": 7.5},
    "time_step": 0.005, "thermalization": 200.0,
}  # fmt: skip


def trapped(t_end):
    """Print the rates of 64 swimmers in a trap, beside those of an independent program."""
    with TemporaryDirectory() as folder:
        for speed, (other, its_error) in SPEEDS.items():
            path = Path(folder) / "run.h5md"
            params = {**TRAP, "self_propulsion_speed": speed, "t_end": t_end, "frames": 401}
            spec = json.dumps({"simulator": "active", "params": params, "members": 1})
            command = ["-m", "sims", "trap", "--spec", spec, "--seed", "8", "-o", str(path)]
            subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
            with read_h5md(path) as run:
                heat = production.heat(run, run.members[0]).value[0]
                still = snapshots(run)
            print(
                f"v0 {speed}: heat {heat[0]:.4f} ± {heat[1]:.4f}, snapshots {still.value:.4f} ± "
                f"{still.standard_error:.4f}; other program {other} ± {its_error}: off by "
                f"{(heat[0] - other) / np.hypot(heat[1], its_error):+.1f} and "
                f"{(still.value - other) / np.hypot(still.standard_error, its_error):+.1f} errors"
            )


def snapshots(run):
    """Return <u . (u + mu F)>/D of a stored run, its forces computed here."""
    p, member = run.params, run.members[0]
    speed = p["self_propulsion_speed"]
    return forces.snapshot_rate(
        (speed * f.elements["active"] for f in frames(member)),
        (production._springs(run, f).force for f in frames(member)),
        p["translational_diffusivity"],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", help="H5MD runs of athermal AOUPs")
    parser.add_argument("--fitted", help="coefficients: a shipped name or a file")
    parser.add_argument("--fit", help="a run to fit them to, all frames")
    parser.add_argument("--store", help="the TOML file that keeps them")
    parser.add_argument("--neural", help="a run to train a network on, all frames")
    parser.add_argument("--trap", type=float, metavar="TIME", help="64 swimmers in a trap, so long")
    arguments = parser.parse_args()
    if arguments.fit:
        fit(arguments.fit, arguments.store)
    if arguments.neural:
        neural(arguments.neural, arguments.runs)
    elif arguments.runs:
        captured(arguments.runs, arguments.fitted)
    if arguments.trap:
        trapped(arguments.trap)
    if not (arguments.fit or arguments.neural or arguments.runs or arguments.trap):
        linear()


if __name__ == "__main__":
    main()
