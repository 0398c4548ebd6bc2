"""Runs of chaotic flows: what is sampled, what the file says, and that it comes out the same."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis import __main__ as analyse
from analysis.figures import draw
from core import rng
from core.backend import select
from core.config import RunEntry
from core.errors import ConfigError, NumericsError
from core.store import read_measure, read_run, write_run
from core.store.replay import ReplayError, replay
from sims import __main__ as simulate
from sims import chaos, plan
from sims.chaos import flow
from sims.chaos.system import catalogue

ROOT = Path(__file__).resolve().parent.parent
SMALL = {"systems": ["Rossler", "Lorenz"], "samples": 300, "trajectories": 3, "transient": 5.0}


def made(params, seed=3, members=1):
    ready = chaos.prepare(params, "c:")
    return chaos.trajectories(
        ready, lambda m: rng.generator(seed, "sims", "r", m), select("cpu"), members
    )


def states(params, **more):
    found = made(params, **more)
    return {found.layout[block.part].path: block.values["state"] for block in found.blocks}


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("chaos") / "run.h5"
    spec = {"simulator": "chaos", "params": SMALL, "members": 1}
    command = [sys.executable, "-m", "sims", "few", "--spec", json.dumps(spec), "--seed", "3"]
    done = subprocess.run([*command, "-o", str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def test_samples_are_those_of_the_flow_at_the_times_asked_for():
    found = made({**SMALL, "points_per_period": 37.5, "transient": 0.0})
    layout, block = found.layout[0], next(iter(found.blocks))
    period = catalogue()["Rossler"].period
    np.testing.assert_allclose(np.diff(layout.time), period / 37.5, rtol=1e-9)
    assert layout.time[0] == 0.0 and len(layout.time) == 300
    own = flow.trajectory(catalogue()["Rossler"], layout.time)
    assert (block.values["state"][0] == own).all()  # the first starts at the catalogue's point


def test_trajectories_start_at_different_points_of_one_attractor():
    found = states(SMALL)
    for name, values in found.items():
        assert values.shape == (3, 300, 3)
        starts = values[:, 0]
        spread = values.std(axis=(0, 1))
        for i in range(3):
            for j in range(i):
                assert np.abs((starts[i] - starts[j]) / spread).max() > 0.05, name
        assert (np.abs(values).max(axis=(0, 1)) < 10 * spread + np.abs(values.mean((0, 1)))).all()


def test_other_systems_and_more_trajectories_move_nothing():
    alone, both = states({**SMALL, "systems": ["Lorenz"]}), states(SMALL)
    assert (alone["Lorenz"] == both["Lorenz"]).all()
    more = states({**SMALL, "trajectories": 5})
    assert (more["Lorenz"][:3] == both["Lorenz"]).all()
    twice = states({**SMALL, "trajectories": 3}, members=2)
    assert twice["Lorenz"].shape[0] == 6
    other = states(SMALL, seed=4)
    assert (other["Lorenz"][0] == both["Lorenz"][0]).all()  # the first start is not drawn
    assert (other["Lorenz"][1] != both["Lorenz"][1]).any()


def test_samples_can_be_standardised_cut_and_made_noisy():
    plain = states(SMALL)["Lorenz"]
    scaled = states({**SMALL, "standardize": True})["Lorenz"]
    np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=(0, 1)), 1, rtol=1e-12)
    cut = states({**SMALL, "systems": ["Lorenz"], "components": ["z", "x"]})["Lorenz"]
    assert (cut == plain[:, :, [2, 0]]).all()
    noisy = states({**SMALL, "observational_noise": 0.1})["Lorenz"] - plain
    spread = plain[0].std(axis=0)  # of the first, so that more of them move none
    # 900 draws for each component: a relative error of 1/sqrt(1800), four times
    np.testing.assert_allclose(noisy.std(axis=(0, 1)) / spread, 0.1, rtol=0.1)
    assert states({**SMALL, "dtype": "float32"})["Lorenz"].dtype == np.float32


def test_parameters_replace_a_systems_own():
    other = states({**SMALL, "systems": ["Lorenz"], "parameters": {"rho": 15.0}})["Lorenz"]
    assert other[:, -1].std() < 40  # below 24.7 it settles at one of two points
    settled = np.abs(np.diff(other[:, -50:], axis=1)).max()
    assert settled < np.abs(np.diff(states(SMALL)["Lorenz"], axis=1)).max() / 2


def test_all_and_filters_name_the_systems():
    assert len(chaos.prepare({}, "c:").systems) == len(catalogue())
    four = chaos.prepare({"systems": {"regime": "chaotic", "dimension": 4}}, "c:").systems
    assert four and all(catalogue()[name].dimension == 4 for name in four)


def test_what_a_run_will_hold_is_known_before():
    entry = RunEntry("chaos", {"systems": ["Lorenz", "HyperQi"], "samples": 50})
    extents, params = plan.check(entry, "c: runs.a")
    assert dict(extents["state"].sizes) == {"time": 50, "component": 3}
    assert params["systems"] == ("Lorenz", "HyperQi")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"systems": ["Lorentz"]}, "c: p.systems[0]: no system 'Lorentz'; did you mean 'Lorenz'"),
        ({"systems": "Lorenz"}, "c: p.systems: expected a list of names, [all], or a filter"),
        ({"systems": []}, "expected a list"),
        ({"systems": ["Lorenz", "Lorenz"]}, "c: p.systems: a system is named twice"),
        ({"systems": {"regime": "wild"}}, "c: p.systems.regime: no 'wild'; known: chaotic"),
        ({"systems": {"dimension": 77}}, "c: p.systems: no system is so"),
        ({"systems": {"dimensions": 3}}, "c: p.systems.dimensions: unknown key; did you mean"),
        ({"systems": ["Lorenz"], "parameters": {"roh": 1}}, "c: p.parameters.roh: unknown param"),
        ({"systems": ["Lorenz"], "components": ["q"]}, "c: p.components: Lorenz has x, y, z, not"),
        ({"systems": ["Lorenz"], "components": []}, "c: p.components: expected different names"),
        ({"systems": ["Lorenz"], "components": ["x", "x"]}, "p.components: expected different"),
        ({"samples": 1}, "c: p.samples: must be 2 or more, got 1"),
        ({"trajectories": 0}, "c: p.trajectories: must be 1 or more, got 0"),
        ({"points_per_period": 0}, "c: p.points_per_period: must be positive"),
        ({"transient": -1}, "c: p.transient: must be 0 or more"),
        ({"rtol": 1.0}, "c: p.rtol: must be from 1e-14 to 1e-2"),
        ({"dtype": "float16"}, "c: p.dtype: no 'float16'"),
        ({"sample": 5}, "c: p.sample: unknown key; did you mean 'samples'"),
        ({"file": "nowhere.toml"}, "c: p.file: nowhere.toml: cannot be read"),
    ],
)
def test_mistakes_are_told_before_anything_runs(params, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare(params, "c: p")
    assert message in str(problem.value)


def test_a_run_has_a_member_at_least(tmp_path):
    spec = json.dumps({"simulator": "chaos", "params": {"systems": ["Lorenz"]}, "members": 0})
    with pytest.raises(ConfigError, match="--spec: members: must be 1 or more, got 0"):
        simulate.main(["r", "--spec", spec, "-o", str(tmp_path / "run.h5")])


def test_a_system_of_ones_own_hides_none_of_the_catalogue(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[Lorenz]\nvariables = "x"\nequations = ["-x"]\ninitial_condition = [1.0]\n'
        'period = 1.0\nregime = "periodic"\ncitation = "none"\n'
    )
    with pytest.raises(ConfigError, match=r"file: .*'Lorenz' is a system that comes with"):
        chaos.prepare({"systems": ["Lorenz"], "file": str(path)}, "c: p")


def test_a_system_that_escapes_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[Away]\nvariables = "x y"\nequations = ["x**2", "-y"]\ninitial_condition = [1.0, 1.0]\n'
        'period = 1.0\nregime = "transient"\ncitation = "none"\n'
    )
    with pytest.raises(NumericsError, match="Away: step size collapsed at t = 1"):
        states({"systems": ["Away"], "file": str(path), "samples": 300, "transient": 0})


def test_the_file_tells_what_it_holds(run_file):
    with h5py.File(run_file) as file:
        assert file.attrs["schema"] == "entroflow-run/1" and len(file.attrs["sha256"]) == 64
        assert sorted(file["systems"]) == ["Lorenz", "Rossler"]
        group = file["systems/Lorenz"]
        assert group["state"].shape == (3, 300, 3)
        assert list(group["component"].asstr()) == ["x", "y", "z"]
        assert next(iter(group.attrs["equations"])) == catalogue()["Lorenz"].equations[0]
        assert len(group.attrs["jacobian"]) == 9
        assert group.attrs["regime"] == "chaotic" and group.attrs["period"] == 1.5008
        names = list(group.attrs["parameter_names"])
        assert group["parameters"][names.index("rho")] == 28
        assert [dim.keys()[0] for dim in group["state"].dims] == ["member", "time", "component"]


def test_the_same_seed_gives_the_same_hash(run_file, tmp_path):
    found = made(SMALL)
    for name in ("a", "b"):
        write_run(tmp_path / name, found.layout, made(SMALL).blocks, lambda: {"spec_json": "{}"})
    with h5py.File(tmp_path / "a") as a, h5py.File(tmp_path / "b") as b, h5py.File(run_file) as c:
        assert a.attrs["sha256"] == b.attrs["sha256"]
        assert a["systems/Lorenz/state"][...].tobytes() == b["systems/Lorenz/state"][...].tobytes()
        assert len(c.attrs["sha256"]) == 64
    write_run(tmp_path / "d", found.layout, made(SMALL, seed=9).blocks, lambda: {"spec_json": "{}"})
    with h5py.File(tmp_path / "a") as a, h5py.File(tmp_path / "d") as d:
        assert a.attrs["sha256"] != d.attrs["sha256"]


def test_members_carry_the_names_of_their_systems(run_file):
    with read_run(run_file) as run:
        assert [m.label for m in run.members[:4]] == [f"Lorenz.{k}" for k in range(3)] + [
            "Rossler.0"
        ]
        assert [m.name for m in run.members] == [str(k) for k in range(6)]
        assert run.members[0].signal == "state"
        assert run.members[0].extents()["state"].sizes == {"time": 300, "component": 3}


def test_measures_and_figures_keep_the_names(run_file, tmp_path):
    spec = {"observable": "ordinal", "along": "time", "order": 4, "functional": "complexity"}
    analyse.main(["hc", str(run_file), "--spec", json.dumps(spec), "-o", str(tmp_path / "hc.h5")])
    file = read_measure(tmp_path / "hc.h5")
    assert list(file.members)[:2] == ["Lorenz.0", "Lorenz.1"]
    axes = draw(file).axes[0]
    assert "Rossler.2" in [text.get_text() for text in axes.texts]
    analyse.main(["attractor", str(run_file), "-o", str(tmp_path / "a.h5")])
    shown = read_measure(tmp_path / "a.h5")
    assert shown.members["Lorenz.0"].components == ("x", "y", "z")
    figure = draw(shown)
    assert [axes.get_title(loc="center") for axes in figure.axes][:2] == ["Lorenz.0", "Lorenz.1"]
    with read_run(run_file) as run:
        state = run.members[0].fields["state"][...]
    assert (shown.members["Lorenz.0"].value == state).all()


def test_a_file_can_be_made_again(run_file):
    command = [sys.executable, "-m", "core.store", "replay", str(run_file), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "bit for bit" in done.stdout


def test_a_file_is_made_again_from_where_its_parameters_lead(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(
        '[Mine]\nvariables = "x y"\nequations = ["y", "-x"]\ninitial_condition = [1.0, 0.0]\n'
        'period = 6.28\nregime = "periodic"\ncitation = "none"\n[Mine.parameters]\n'
    )
    params = {"file": "mine.toml", "systems": ["Mine"], "samples": 20}
    spec = json.dumps({"simulator": "chaos", "params": params, "members": 1})
    simulate.main(["r", "--spec", spec, "-o", "run.h5"])
    assert replay("run.h5", check=True).startswith("run.h5: same arrays, bit for bit")
    Path("mine.toml").unlink()
    with pytest.raises(
        ReplayError, match=r"cannot be made again: --spec: params\.file: mine\.toml: "
    ):
        replay("run.h5", check=True)


def test_the_catalogue_belongs_to_what_a_run_depends_on(monkeypatch, tmp_path):
    before = plan.code("chaos")
    table = tmp_path / "flows.toml"
    table.write_text(chaos.TABLES[0].read_text() + "\n# more")
    monkeypatch.setattr(chaos, "TABLES", (table,))
    assert plan.code("chaos") != before


def test_describe_lists_the_systems():
    text = chaos.describe()
    assert "points_per_period = 100.0" in text and "Lorenz" in text and "Thomas" in text
