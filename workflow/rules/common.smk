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

from analysis import plan as measuring
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
            extents, params = simulating.check(run, at)
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
    )


def pairs():
    """Return every (run, measure) that the configuration asks for."""
    return [
        (name, measure) for name, run in STUDY.runs.items() for measure in run.measures
    ]


def outputs(suffix):
    """Return one file per measure of each run."""
    return [f"{RESULTS}/{run}/{measure}{suffix}" for run, measure in pairs()]


def sweeps():
    """Return the runs of each sweep over one number, by the name before its values."""
    found = {}
    for name in STUDY.runs:
        base, _, last = name.rpartition("/")
        if "~" not in base and re.fullmatch(r"[^~]+~[-+.0-9e]+", last):
            found.setdefault(base, []).append(name)
    return {base: runs for base, runs in found.items() if len(runs) > 1}


def of_sweep(wildcards):
    """Return a measure's files of all runs of a sweep."""
    return [
        f"{RESULTS}/{run}/{wildcards.measure}.h5" for run in sweeps()[wildcards.run]
    ]


def origins(wildcards):
    """Return what the runs of a sweep depend on."""
    return [origin(SimpleNamespace(run=run)) for run in sweeps()[wildcards.run]]


def diagrams():
    """Return a figure of all runs of a sweep for each measure that is drawn over a parameter."""
    return [
        f"{RESULTS}/{base}/{measure}.svg"
        for base, runs in sweeps().items()
        for measure in STUDY.runs[runs[0]].measures
        if measuring.over_a_parameter(measure, STUDY.measures)
    ]


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
