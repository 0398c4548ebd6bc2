"""Sweeps in the workflow: one diagram of all points, and what remakes it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SWIMMERS = {
    "model": "abp", "particles": 64, "packing_fraction": 0.6, "self_propulsion_speed": 24.0,
    "translational_diffusivity": 0.3, "interaction": {"kind": "wca"}, "initial": "slab",
    "time_step": 1e-4, "t_end": 0.1, "frames": 11,
}  # fmt: skip
STUDY = {
    "runs": {
        "peclet": {
            "simulator": "active",
            "params": SWIMMERS,
            "sweep": {"rotational_diffusivity": [0.9, 3.6]},
            "measures": ["late"],
        },
    },
    "measures": {"late": {"measure": "phases", "since": 0.05}},
}


def snakemake(folder, study, *words):
    """Run Snakemake on a study, and return how many jobs of each rule it names."""
    (folder / "config.yaml").write_text(yaml.safe_dump(study))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--workflow-profile",
         ROOT / "profiles/default", "-j2", "--directory", folder, *words],
        cwd=folder, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    lines = [line.strip() for line in text.splitlines()]
    names = [
        line.split()[1].rstrip(":") for line in lines if line.startswith(("rule ", "localrule "))
    ]
    return {name: names.count(name) for name in names}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    jobs = snakemake(folder, STUDY, "figures")
    assert jobs == {"particles": 2, "measure": 2, "diagram": 1, "figures": 1}
    return folder


def test_a_sweep_has_one_diagram_of_all_its_points(study):
    made = [str(p.relative_to(study / "results")) for p in (study / "results").rglob("*.svg")]
    assert made == ["peclet/late.svg"]
    assert "2 runs" in (study / "results" / made[0]).read_text()  # the title


def test_nothing_reruns_without_a_change(study):
    assert snakemake(study, STUDY, "-n", "figures") == {}


def test_a_changed_sweep_remakes_its_diagram_and_no_other_point(study):
    def changed(**change):
        runs = {"peclet": {**STUDY["runs"]["peclet"], **change}}
        return snakemake(study, {**STUDY, "runs": runs}, "-n", "figures")

    more = changed(sweep={"rotational_diffusivity": [0.9, 1.8, 3.6]})
    assert more == {"particles": 1, "measure": 1, "diagram": 1, "figures": 1}
    fewer = changed(sweep={"rotational_diffusivity": [0.9]})
    assert fewer == {"diagram": 1, "figures": 1}


def test_a_run_that_goes_on_from_a_file_waits_for_it_and_follows_it(tmp_path):
    first = {**SWIMMERS, "rotational_diffusivity": 0.9, "t_end": 0.02, "frames": 3}
    after = {**first, "initial": "file", "path": "results/first/run.h5md"}
    mine = {"file": "mine.toml", "systems": ["Mine"], "samples": 20}
    runs = {
        "second": {"simulator": "active", "params": after, "measures": ["heat"]},
        "first": {"simulator": "active", "params": first, "measures": ["heat"]},
        "own": {"simulator": "chaos", "params": mine},
    }
    system = (
        '[Mine]\nvariables = "x y"\nequations = ["y", "-x"]\ninitial_condition = [1.0, 0.0]\n'
        'period = 6.28\nregime = "periodic"\ncitation = "none"\n[Mine.parameters]\n'
    )
    (tmp_path / "mine.toml").write_text(system)
    study = {"runs": runs}
    assert snakemake(tmp_path, study, "simulate") == {"run": 1, "particles": 2, "simulate": 1}
    assert snakemake(tmp_path, study, "-n", "simulate") == {}
    (tmp_path / "mine.toml").write_text(system.replace('"-x"', '"-2*x"'))
    assert snakemake(tmp_path, study, "-n", "simulate") == {"run": 1, "simulate": 1}
    runs["first"]["params"] = {**first, "rotational_diffusivity": 1.8}
    changed = snakemake(tmp_path, study, "-n", "simulate")
    assert changed == {"run": 1, "particles": 2, "simulate": 1}
    runs["second"]["params"] = {**after, "path": str(tmp_path / "results/first/run.h5md")}
    assert snakemake(tmp_path, study, "-n", "simulate") == changed  # the same file
    runs["first"]["params"] = {**first, "initial": "file", "path": "results/second/run.h5md"}
    with pytest.raises(AssertionError, match=r"runs\.first: goes on from its own file"):
        snakemake(tmp_path, study, "-n", "simulate")
    runs["first"]["params"] = {**after, "path": "nowhere.h5md"}
    with pytest.raises(AssertionError, match=r"runs\.first\.params: nowhere\.h5md: no such file"):
        snakemake(tmp_path, study, "-n", "simulate")


def test_a_measure_takes_no_coefficients_of_its_own(tmp_path):
    measures = {
        "one": {"measure": "score", "fitted": "results/still/two.h5"},
        "two": {"measure": "score", "fitted": str(tmp_path / "results/still/one.h5")},
    }
    params = {
        "model": "aoup", "particles": 64, "packing_fraction": 0.3, "self_propulsion_speed": 1.0,
        "persistence_rate": 0.5, "interaction": {"kind": "softplus", "beta": 7.5},
        "time_step": 0.01, "t_end": 0.2, "frames": 3,
    }  # fmt: skip
    run = {"simulator": "active", "params": params, "measures": ["one", "two"]}
    study = {"runs": {"still": run}, "measures": measures}
    with pytest.raises(AssertionError, match=r"yaml: measures\.one: goes on from its own file"):
        snakemake(tmp_path, study, "-n", "analyse")
    measures["two"] = {"measure": "score"}
    measures["one"]["fitted"] = str(tmp_path / "results/still/two.h5")
    jobs = snakemake(tmp_path, study, "-n", "analyse")
    assert jobs == {"particles": 1, "measure": 2, "analyse": 1}
