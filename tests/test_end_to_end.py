"""The product as its user meets it: commands, files, messages, interruptions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SOLITON = {"case": "soliton", "n": 256, "length": 40.0, "amplitude": 1.0, "t_end": 1.0, "frames": 5}
STUDY = {
    "seed": 1,
    "runs": {
        "one": {"simulator": "nlse", "params": SOLITON, "measures": ["invariants", "shannon"]},
        "two": {
            "simulator": "nlse",
            "params": {**SOLITON, "noise": 1e-3, "noise_cutoff": 8},
            "members": 3,
            "measures": ["shannon"],
        },
    },
    "measures": {"shannon": {"observable": "density", "functional": "shannon"}},
}


def command(*words, cwd=ROOT, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        **options,
    )


def simulate(folder, params, *more, name="run.h5"):
    spec = json.dumps({"simulator": "nlse", "params": params, "members": 1})
    return command("-m", "sims", "a", "--spec", spec, "-o", folder / name, *more)


def psi(path):
    with h5py.File(path) as file:
        return file["psi"][...]


def snakemake(folder, *words):
    return command(
        "-m", "snakemake", "-s", ROOT / "Snakefile",
        "--workflow-profile", ROOT / "profiles/default",
        "-j2", "--directory", folder, *words,
    )  # fmt: skip


def jobs(done):
    """Return how many jobs of each rule a dry or real run of Snakemake names."""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    names = [
        line.split()[1].rstrip(":") for line in lines if line.startswith(("rule ", "localrule "))
    ]
    return {name: names.count(name) for name in names}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A small study, run once by the workflow."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "config.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_workflow_makes_every_file(study):
    names = {str(p.relative_to(study)) for p in (study / "results").rglob("*") if p.is_file()}
    wanted = {"one/run.h5", "one/invariants.h5", "one/invariants.svg", "one/shannon.svg"}
    wanted |= {"two/run.h5", "two/shannon.h5", "verification.csv", "summary.csv", "report.zip"}
    assert {f"results/{name}" for name in wanted} <= names
    assert not [name for name in names if ".tmp." in name or name.endswith("checkpoint")]
    assert (study / "logs" / "run" / "one.log").is_file()
    assert (study / "logs" / "benchmarks" / "run" / "one.tsv").is_file()


def test_a_second_call_and_a_touched_file_rerun_nothing(study):
    (study / "results" / "one" / "run.h5").touch()
    done = snakemake(study, "-n")
    assert jobs(done) == {}, done.stdout + done.stderr


def test_a_changed_parameter_reruns_its_run_and_its_consumers_only(study):
    changed = json.loads(json.dumps(STUDY))
    changed["runs"]["one"]["params"]["amplitude"] = 1.1
    (study / "other.yaml").write_text(yaml.safe_dump(changed))
    found = jobs(
        snakemake(study, "-n", "--configfile", study / "config.yaml", study / "other.yaml")
    )
    assert found["run"] == 1
    assert found["measure"] == 2
    assert found["figure"] == 2


def test_the_summary_has_standard_errors_over_members(study):
    rows = (study / "results" / "summary.csv").read_text().splitlines()
    header = rows[0].split(",")
    assert {"run", "member", "measure", "value", "standard_error", "units"} <= set(header)
    assert any(row.startswith("two,") for row in rows)


def test_a_comment_reruns_nothing_and_an_edit_reruns(study, tmp_path):
    copy = tmp_path / "copy"
    ignore = shutil.ignore_patterns(".git", ".venv", "results", "__pycache__", ".snakemake", "logs")
    shutil.copytree(ROOT, copy, ignore=ignore)
    module = copy / "sims" / "nlse" / "equation.py"

    def dry():
        done = command(
            "-m", "snakemake", "-s", copy / "Snakefile", "-n", "--workflow-profile",
            copy / "profiles/default", "--directory", study, cwd=copy,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return jobs(done)

    module.write_text(module.read_text() + "\n# a comment\n")
    assert dry() == {}
    module.write_text(module.read_text() + "\nEXTRA = 1\n")
    assert dry()["run"] == 2


MISTAKES = {
    "unknown key": (
        {"amplitide": 1.0},
        "--spec: params.amplitide: unknown key; did you mean 'amplitude'?",
    ),
    "wrong type": ({"n": "many"}, "--spec: params.n: expected an integer"),
    "negative grid": ({"n": -4}, "--spec: params.n: must be 8 or more, got -4"),
    "odd grid": ({"n": 255}, "--spec: params.n: must be even, got 255; use 256"),
    "unresolved": ({"n": 32}, "use n >= "),
    "unknown case": ({"case": "solitno"}, "no case 'solitno'; did you mean 'soliton'?"),
    "time runs back": ({"t_end": -1.0}, "--spec: params.t_end: must be after t_start = 0, got -1"),
    "no such integrator": ({"integrator": "rk4"}, "--spec: params.integrator: no 'rk4'"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_gets_one_line_and_exit_code_1(tmp_path, what):
    extra, text = MISTAKES[what]
    done = simulate(tmp_path, {**SOLITON, **extra})
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_case_parameter_is_named(tmp_path):
    done = simulate(tmp_path, {"case": "kuznetsov_ma", "t_end": 1.0, "length": 40.0})
    assert done.returncode in (0, 1)
    done = simulate(tmp_path, {"case": "from_file", "t_end": 1.0, "length": 40.0})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "path" in done.stderr


def test_a_gpu_that_is_not_there_is_an_error(tmp_path):
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU")
    done = simulate(tmp_path, SOLITON, "--device", "gpu")
    assert done.returncode == 1
    assert done.stderr.startswith("error: device: gpu asked for but not usable")
    assert list(tmp_path.iterdir()) == []


def test_the_workflow_refuses_a_mistake_before_any_job(tmp_path):
    bad = json.loads(json.dumps(STUDY))
    bad["runs"]["one"]["params"]["amplitide"] = 2.0
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(bad))
    done = snakemake(tmp_path)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1
    assert lines[-1] == (
        "error: config.yaml: runs.one.params.amplitide: unknown key; did you mean 'amplitude'?"
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_measure_without_its_field_is_refused_before_any_job(tmp_path):
    bad = json.loads(json.dumps(STUDY))
    bad["runs"]["one"]["measures"].append("shanon")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(bad))
    done = snakemake(tmp_path)
    assert done.returncode == 1
    assert "'shanon'; did you mean 'shannon'?" in done.stderr


def test_a_measure_that_cannot_measure_the_run_is_refused_before_any_job(tmp_path):
    bad = json.loads(json.dumps(STUDY))
    bad["runs"]["one"]["measures"].append("soliton_shift")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(bad))
    done = snakemake(tmp_path)
    assert done.returncode == 1
    assert "error: config.yaml: runs.one.measures: 'soliton_shift'" in done.stderr


@pytest.mark.parametrize("content", [None, b"not HDF5 at all"])
def test_an_unreadable_run_file_gets_one_line(tmp_path, content):
    if content:
        (tmp_path / "run.h5").write_bytes(content)
    done = command("-m", "analysis", "invariants", tmp_path / "run.h5", "-o", tmp_path / "out.h5")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert not (tmp_path / "out.h5").exists()


def test_a_folder_that_is_read_only_gets_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = simulate(blocked / "deep", SOLITON)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path):
    params = {
        **SOLITON,
        "t_end": 40.0,
        "frames": 401,
        "kernel": "array",
        "amplitude": 2.0,
        "n": 512,
    }
    assert simulate(tmp_path, params, name="whole.h5").returncode == 0
    spec = json.dumps({"simulator": "nlse", "params": params, "members": 1})
    words = [
        "-m",
        "sims",
        "a",
        "--spec",
        spec,
        "-o",
        tmp_path / "run.h5",
        "--checkpoint-every",
        "0.2",
    ]
    process = subprocess.Popen(
        [sys.executable, *map(str, words)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    kept = tmp_path / "run.h5.checkpoint"
    deadline = time.monotonic() + 120
    while not kept.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert kept.exists(), "killed too late to see a checkpoint"
    assert not (tmp_path / "run.h5").exists()
    again = command(*words)
    assert again.returncode == 0, again.stderr
    assert "going on after frame" in again.stderr
    np.testing.assert_array_equal(psi(tmp_path / "run.h5"), psi(tmp_path / "whole.h5"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5", "whole.h5"]


def test_ctrl_c_leaves_nothing_half_written(tmp_path):
    params = {**SOLITON, "t_end": 200.0, "frames": 401, "kernel": "array"}
    spec = json.dumps({"simulator": "nlse", "params": params, "members": 1})
    process = subprocess.Popen(
        [sys.executable, "-m", "sims", "a", "--spec", spec, "-o", str(tmp_path / "run.h5")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("run.h5.tmp.*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert list(tmp_path.iterdir()) == []


def test_replay_finds_the_same_bits_and_a_changed_number(study, tmp_path):
    copy = tmp_path / "run.h5"
    shutil.copy(study / "results" / "two" / "run.h5", copy)
    done = command("-m", "core.store", "replay", copy, "--check")
    assert done.returncode == 0, done.stderr
    assert "same arrays, bit for bit" in done.stdout
    with h5py.File(copy, "r+") as file:
        file["mass"][0, 0] *= 1 + 1e-15
    done = command("-m", "core.store", "replay", copy, "--check")
    assert done.returncode == 1
    assert "mass: differs" in done.stderr


def test_a_measure_replays(study):
    done = command(
        "-m", "core.store", "replay", study / "results" / "one" / "shannon.h5", "--check"
    )
    assert done.returncode == 0, done.stderr


def test_show_describes_a_file(study):
    done = command("-m", "core.store", "show", study / "results" / "one" / "run.h5")
    assert done.returncode == 0
    assert "psi  complex128 1x5x256  [1]" in done.stdout
    assert "@seed = 1" in done.stdout


def test_members_differ_and_the_seed_matters(study, tmp_path):
    members = psi(study / "results" / "two" / "run.h5")
    assert not np.array_equal(members[0], members[1])
    params = STUDY["runs"]["two"]["params"]
    assert simulate(tmp_path, params, "--seed", "1", name="a.h5").returncode == 0
    assert simulate(tmp_path, params, "--seed", "2", name="b.h5").returncode == 0
    assert not np.array_equal(psi(tmp_path / "a.h5"), psi(tmp_path / "b.h5"))


@pytest.mark.parametrize("words", [["-m", "sims", "list"], ["-m", "analysis", "list"]])
def test_the_lists_name_what_there_is(words):
    done = command(*words)
    assert done.returncode == 0
    assert ("nlse" if "sims" in words else "shannon") in done.stdout


def test_describe_names_every_case():
    done = command("-m", "sims", "describe", "nlse")
    assert done.returncode == 0
    for case in ("soliton", "akhmediev", "from_file", "reference_two_soliton"):
        assert case in done.stdout
