# Check the configuration, then derive from it every file that is wanted.

import json
import os
import re
import sys
from functools import cache
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


def spot(path):
    """Return a path as one name, however it is written."""
    return os.path.relpath(path)


@cache
def made_measures():
    """Return which path every file of a measure has, and which measure it is of."""
    return {
        spot(f"{RESULTS}/{run}/{measure}.h5"): (
            f"{RESULTS}/{run}/{measure}.h5",
            measure,
        )
        for run, measure in pairs()
    }


def fitted(wildcards):
    """Return the file of coefficients that a measure reads besides its run, if any."""
    name = STUDY.measures.get(wildcards.measure, {}).get("fitted")
    if name is None:
        return []
    path = str(transfer.place(str(name)))
    return [made_measures().get(spot(path), (path, ""))[0]]


def named_files(wildcards):
    """Return the files that a run's parameters name."""
    return [str(path) for path in simulating.files(STUDY.runs[wildcards.run].params)]


@cache
def makers():
    """Return which run makes a file."""
    return {spot(run_file(name)): name for name in STUDY.runs}


def gone_on_from(wildcards):
    """Return the runs of the study that make files which a run's parameters name."""
    made = makers()
    return [made[spot(p)] for p in named_files(wildcards) if spot(p) in made]


def named_made(wildcards):
    """Return the files of those runs."""
    return [run_file(name) for name in gone_on_from(wildcards)]


def given(wildcards):
    """Return what the named files hold, or what the runs that make them depend on."""
    made = makers()
    return [
        (
            origin(SimpleNamespace(run=made[spot(path)]))
            if spot(path) in made
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


def end(line):
    """End with a line that says where the configuration is wrong."""
    paths = [str(path) for path in workflow.overwrite_configfiles] or ["config.yaml"]
    print(f"error: {Path(paths[-1]).name}: {line}", file=sys.stderr)
    sys.exit(1)


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
    made = {*made_measures(), *makers()}
    for key, path in needed:
        if not path.is_file() and spot(path) not in made:
            end(f"{key}: {path}: no such file, and nothing here makes it")


def circles():
    """End with a line if a run or a measure goes on from a file that depends on it."""

    def before(measure):
        """Return the measure that another takes its coefficients from."""
        made = made_measures()
        found = fitted(SimpleNamespace(measure=measure))
        return [made[spot(path)][1] for path in found if spot(path) in made]

    def earlier(run):
        return gone_on_from(SimpleNamespace(run=run))

    for what, names, back in (
        ("runs", STUDY.runs, earlier),
        ("measures", STUDY.measures, before),
    ):
        for name in names:
            at, seen = back(name), set()
            while at:
                one = at.pop()
                at += [] if one in seen else back(one)
                seen.add(one)
            if name in seen:
                end(f"{what}.{name}: goes on from its own file; name another")


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
