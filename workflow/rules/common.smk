# Check the configuration, then derive from it every file that is wanted.

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(workflow.current_basedir).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from analysis import footing
from analysis import plan as measuring
from analysis.measures import transfer
from core import config as configuration
from core import backend, provenance
from core.errors import EntroflowError
from sims import plan as simulating

# The rooms are importable from any folder, and each job keeps to its core. The Snakefile's path
# goes to the report this way, as a change of it is no reason to rerun.
shell.prefix(
    "export PYTHONPATH='"
    + str(ROOT)
    + "'${{PYTHONPATH:+:$PYTHONPATH}} NUMBA_NUM_THREADS=1"
    " MAIN='" + str(workflow.main_snakefile) + "'; "
)


def checked(given):
    """Return the study, or end with the one line that says what to mend."""
    paths = [str(path) for path in workflow.overwrite_configfiles] or ["config.yaml"]
    where = f"{Path(paths[-1]).name}:"
    try:
        study = configuration.study(given, where)
        for name, run in study.runs.items():
            at = configuration.join(where, f"runs.{name}")
            extents, params = simulating.check(run, at, study.device)
            for measure in run.measures:
                measuring.check(
                    measure,
                    study.measures,
                    run.simulator,
                    extents,
                    where,
                    at,
                    params,
                )
        if study.runs:
            backend.select(study.device)
            folder = Path(study.results)
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(13, "no permission to write")
    except EntroflowError as problem:
        print(f"error: {problem}", file=sys.stderr)
    except OSError as problem:
        print(
            f"error: {where} results: {study.results}: {problem.strerror}; set another folder",
            file=sys.stderr,
        )
    else:
        return study
    sys.exit(1)


STUDY = checked(config)
RESULTS = STUDY.results


wildcard_constraints:
    run="|".join(re.escape(name) for name in STUDY.runs) or "none",
    measure=configuration.NAME.pattern,


def run_spec(wildcards):
    """Return what `python -m sims --spec` takes."""
    run = STUDY.runs[wildcards.run]
    return json.dumps(
        {"simulator": run.simulator, "params": run.params, "members": run.members},
        sort_keys=True,
    )


def run_file(name):
    """Return the path of a run's file, whose ending depends on the simulator."""
    return f"{RESULTS}/{name}/{simulating.run_file(STUDY.runs[name].simulator)}"


def of_run(wildcards):
    """Return the run file that a rule reads."""
    return run_file(wildcards.run)


def runs_in(ending):
    """Return a pattern of the runs whose files end so."""
    names = [re.escape(name) for name in STUDY.runs if run_file(name).endswith(ending)]
    return "|".join(names) or "none"


def measure_spec(wildcards):
    """Return what `python -m analysis --spec` takes."""
    return json.dumps(STUDY.measures.get(wildcards.measure, {}), sort_keys=True)


def fitted(wildcards):
    """Return the file of coefficients that a measure reads besides its run, if any."""
    name = STUDY.measures.get(wildcards.measure, {}).get("fitted")
    return [] if name is None else [str(transfer.place(str(name)))]


def named_files(wildcards):
    """Return the files that a run's parameters name."""
    return [str(path) for path in simulating.files(STUDY.runs[wildcards.run].params)]


def makers():
    """Return which run makes a file."""
    return {str(Path(run_file(name))): name for name in STUDY.runs}


def named_made(wildcards):
    """Return those of the named files that another run of the study makes."""
    return [path for path in named_files(wildcards) if path in makers()]


def given(wildcards):
    """Return what the named files hold, or what the runs that make them depend on."""
    made = named_made(wildcards)
    return [
        (
            origin(SimpleNamespace(run=makers()[path]))
            if path in made
            else provenance.contents_sha256([Path(path)])
        )
        for path in named_files(wildcards)
    ]


def run_code(wildcards):
    """Return the hash of the code that simulates a run."""
    return simulating.code(STUDY.runs[wildcards.run].simulator)


def measure_code(wildcards):
    """Return the hash of the code that makes a measure."""
    return measuring.code(wildcards.measure, STUDY.measures)


def origin(wildcards):
    """Return what a run file depends on, so that its consumers rerun when it is remade."""
    return provenance.sha256(
        f"{run_spec(wildcards)}{run_code(wildcards)}{STUDY.seed}{STUDY.device}"
        f"{given(wildcards) or ''}"
    )


def pairs():
    """Return every (run, measure) that the configuration asks for."""
    return [
        (name, measure) for name, run in STUDY.runs.items() for measure in run.measures
    ]


def outputs(suffix):
    """Return one file per measure of each run; a diagram is one picture of a whole sweep."""
    every = [
        f"{RESULTS}/{pictured(run, measure) if suffix == '.svg' else run}/{measure}{suffix}"
        for run, measure in pairs()
    ]
    return list(dict.fromkeys(every))


def produced(suffix):
    """Return the files of measures that tell of entropy production or its relatives."""
    return [
        f"{RESULTS}/{run}/{measure}{suffix}"
        for run, measure in pairs()
        if footing.route(measure, STUDY.measures.get(measure, {}))
    ]


def compared():
    """Return the tables of the whole study that it gives cause for, and what they are called."""
    asked = [(m, STUDY.measures.get(m, {})) for _, m in pairs()]
    found = {}
    if any(footing.route(*each) for each in asked):
        found["footing"] = "all measures of it, side by side"
    if any(footing.learns(*each) for each in asked):
        found["agreement"] = "routes against exact rates"
    return found


COMPARED = compared()


def unknown_files():
    """End with a line if a file is needed that is not there and that nothing makes."""
    needed = [
        (f"measures.{name}.fitted", transfer.place(str(spec["fitted"])))
        for name, spec in STUDY.measures.items()
        if spec.get("fitted")
    ] + [
        (f"runs.{name}.params", path)
        for name, run in STUDY.runs.items()
        for path in simulating.files(run.params)
    ]
    made = {*outputs(".h5"), *makers()}
    for key, path in needed:
        if not path.is_file() and str(path) not in made:
            paths = [str(p) for p in workflow.overwrite_configfiles] or ["config.yaml"]
            print(
                f"error: {Path(paths[-1]).name}: {key}: {path}: no such file, and nothing here"
                " makes it",
                file=sys.stderr,
            )
            sys.exit(1)


def circles():
    """End with a line if a run goes on from a file that depends on it."""
    for name in STUDY.runs:
        at, seen = [name], set()
        while at:
            each = SimpleNamespace(run=at.pop())
            at += [makers()[p] for p in named_made(each) if p not in seen]
            seen.update(named_made(each))
        if str(Path(run_file(name))) in seen:
            print(
                f"error: runs.{name}: goes on from its own file; name another",
                file=sys.stderr,
            )
            sys.exit(1)


unknown_files()
circles()


def comparisons(suffix):
    """Return the files of those tables."""
    return [f"{RESULTS}/{table}{suffix}" for table in COMPARED]


def everything():
    """Return the configuration as it is, overlays and command line included, as JSON."""
    return json.dumps(config, sort_keys=True)


def films():
    """Return the films that runs ask for."""
    return [
        f"{RESULTS}/{n}/film.gif"
        for n, r in STUDY.runs.items()
        if r.params.get("animate")
    ]


def facts(wildcards):
    """Return the labels by which the report's table of contents finds a figure."""
    return {"run": wildcards.run, "figure": wildcards.measure}
