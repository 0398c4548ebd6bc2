"""Exporters: what they write is read back as it was, by readers of ours and by their own tools."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis.export import FORMATS, arrow, npz, series, ts, well, writer
from analysis.export import __main__ as command
from core import rng
from core.backend import select
from core.errors import ConfigError, SchemaError
from core.store import Block, Coordinate, Field, Layout, read_run, write_run
from sims import chaos

ROOT = Path(__file__).resolve().parent.parent
PARAMS = {
    "systems": ["Rossler", "Lorenz"],
    "samples": 60,
    "trajectories": 4,
    "transient": 2.0,
    "jitter": 0.01,
    "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
    "missing": {"fraction": 0.2, "block": 4},
    "dtype": "float32",
}


def simulated(path, params):
    ready = chaos.prepare(params, "c:")
    made = chaos.trajectories(ready, lambda m: rng.generator(3, "sims", "r", m), select("cpu"))
    spec = {"simulator": "chaos", "params": {}}
    origin = {"spec_json": json.dumps(spec), "run": "r", "seed": 3}
    write_run(path, made.layout, made.blocks, lambda: origin)
    return path


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("export") / "run.h5", PARAMS)


@pytest.fixture(scope="module")
def plain_file(tmp_path_factory):
    few = {"systems": ["Lorenz", "HyperQi"], "samples": 40, "trajectories": 2, "transient": 2.0}
    return simulated(tmp_path_factory.mktemp("export") / "run.h5", few)


@pytest.fixture(scope="module")
def truth(run_file):
    """By name: values (T, C), NaN where missing; split; parameters."""
    with h5py.File(run_file) as file:
        found = {}
        for name in file["systems"]:
            group = file["systems"][name]
            values = np.where(group["mask"][...] == 1, np.nan, group["state"][...])
            for k in range(4):
                split = group["split"].asstr()[k]
                found[f"{name}.{k}"] = (values[k], split, group["parameters"][k])
        return found


def exported(fmt, run, output, *more):
    command.main([fmt, str(run), "-o", str(output), *more])
    return output


def same(found, expected):
    assert found.dtype == expected.dtype or found.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(found, dtype=np.float32), expected.astype(np.float32))
    assert np.isnan(expected).any()


# NumPy


def test_numpy_arrays_come_back(run_file, truth, tmp_path):
    with np.load(exported("npz", run_file, tmp_path / "a.npz"), allow_pickle=False) as found:
        for system in ("Lorenz", "Rossler"):
            values = found[f"{system}/values"]
            assert values.shape == (4, 60, 3) and values.dtype == np.float32
            for k in range(4):
                expected, split, parameters = truth[f"{system}.{k}"]
                same(values[k], expected)
                assert (found[f"{system}/mask"][k] == np.isnan(expected)).all()
                assert found[f"{system}/split"][k] == split
                assert (found[f"{system}/parameters"][k] == parameters).all()
                assert found[f"{system}/name"][k] == f"{system}.{k}"
            assert list(found[f"{system}/components"]) == ["x", "y", "z"]
            assert found[f"{system}/equations"].shape == (3,)
        assert list(found["Lorenz/parameter_names"]) == ["beta", "rho", "sigma"]
        with read_run(run_file) as run:
            assert (found["Lorenz/time"] == run.members[0].time).all()


def test_the_same_series_give_the_same_bytes(run_file, tmp_path):
    a, b = (exported("npz", run_file, tmp_path / f"{n}.npz").read_bytes() for n in "ab")
    assert a == b
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:  # at another time too
        assert {about.date_time for about in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# text


def read_text(path):
    """Return header {key: value}, and cases (values (T, C), class)."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    at = lines.index("@data")
    header = dict(line[1:].split(" ", 1) for line in lines[:at])
    cases = []
    for line in lines[at + 1 :]:
        *channels, label = line.split(":")
        table = [[np.nan if v == "?" else float(v) for v in c.split(",")] for c in channels]
        cases.append((np.array(table).T, label))
    return header, cases


def test_text_comes_back_a_file_for_each_part(run_file, truth, tmp_path):
    exported("ts", run_file, tmp_path / "few.ts")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "few_TEST.ts", "few_TRAIN.ts", "few_VALIDATION.ts"
    ]  # fmt: skip
    for split in ("train", "validation", "test"):
        assert "nan" not in (tmp_path / f"few_{split.upper()}.ts").read_text().lower()
        header, cases = read_text(tmp_path / f"few_{split.upper()}.ts")
        expected = [(v, n.split(".")[0]) for n, (v, s, _) in truth.items() if s == split]
        assert len(cases) == len(expected)
        for (values, label), (own, system) in zip(cases, expected, strict=True):
            same(values, own)
            assert label == system
        assert header["missing"] == "true" and header["dimension"] == "3"
        assert header["classLabel"] == "true Lorenz Rossler" and header["seriesLength"] == "60"


def test_components_can_be_series_of_their_own(plain_file, tmp_path):
    """Of systems with different numbers of them, too; without a split it is one file."""
    header, cases = read_text(exported("ts", plain_file, tmp_path / "a.ts", "--univariate"))
    assert len(cases) == 2 * (3 + 4) and header["univariate"] == "true"
    assert header["missing"] == "false" and "dimension" not in header
    with h5py.File(plain_file) as file:
        own = file["systems/HyperQi/state"][1, :, 2]  # the seventh of its eight
    assert (cases[6][0][:, 0] == own).all() and cases[6][1] == "HyperQi"
    with np.load(exported("npz", plain_file, tmp_path / "a.npz", "--univariate")) as found:
        assert found["HyperQi/values"].shape == (8, 40, 1)
        assert list(found["HyperQi/name"][:2]) == ["HyperQi.0.x", "HyperQi.0.y"]
        assert list(found["HyperQi/components"]) == ["x", "y", "z", "w"] * 2


def test_only_what_was_asked_for_is_exported(run_file, truth, tmp_path):
    more = ("--systems", "Lorenz", "--split", "train")
    with np.load(exported("npz", run_file, tmp_path / "a.npz", *more)) as found:
        assert {name.split("/")[0] for name in found} == {"Lorenz"}
        assert list(found["Lorenz/name"]) == ["Lorenz.0", "Lorenz.1"]
        same(found["Lorenz/values"][1], truth["Lorenz.1"][0])


# The Well


def test_the_well_has_a_field_for_each_variable(run_file, truth, tmp_path):
    out = exported("well", run_file, tmp_path / "out")
    names = sorted(str(p.relative_to(out)) for p in out.rglob("*.hdf5"))
    assert names == sorted(
        f"data/{s}/{n}.hdf5" for s in ("train", "valid", "test") for n in ("Lorenz", "Rossler")
    )
    for part, split in (("train", "train"), ("valid", "validation"), ("test", "test")):
        with h5py.File(out / "data" / part / "Lorenz.hdf5") as file:
            own = [v for n, v in truth.items() if n.startswith("Lorenz") and v[1] == split]
            fields = file["t0_fields"]
            assert list(fields.attrs["field_names"]) == ["x", "y", "z"]
            for i, name in enumerate("xyz"):
                data = fields[name]
                assert data.shape == (len(own), 60, 1) and data.dtype == np.float32
                assert data.attrs["sample_varying"] and data.attrs["time_varying"]
                for k, (values, _, _) in enumerate(own):
                    same(data[k, :, 0], values[:, i])
            assert file.attrs["n_trajectories"] == len(own)
            assert file.attrs["dataset_name"] == "Lorenz" and file.attrs["n_spatial_dims"] == 1
            assert list(file.attrs["simulation_parameters"]) == ["beta", "rho", "sigma"]
            rho = file["scalars/rho"]
            if len(own) > 1:  # jittered: each its own
                assert rho.attrs["sample_varying"] and not rho.attrs["time_varying"]
                np.testing.assert_allclose(rho, [v[2][1] for v in own], rtol=1e-6)
            assert file["dimensions/time"].shape == (60,)
            for empty in ("t1_fields", "t2_fields"):
                assert len(file[empty].attrs["field_names"]) == 0


def test_the_well_of_a_run_without_a_split_is_one_folder(plain_file, tmp_path):
    out = exported("well", plain_file, tmp_path / "out")
    assert sorted(p.name for p in out.iterdir()) == ["HyperQi.hdf5", "Lorenz.hdf5"]
    with h5py.File(out / "Lorenz.hdf5") as file:
        assert not file["scalars/rho"].attrs["sample_varying"] and file["scalars/rho"][()] == 28


# Arrow


def test_arrow_rows_come_back(run_file, truth, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = exported("arrow", run_file, tmp_path / "a.arrow")
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        about = json.loads(table.schema.metadata[b"entroflow"])
        rows = table.to_pylist()
    assert [row["item_id"] for row in rows] == list(truth)
    for row in rows:
        values, split, parameters = truth[row["item_id"]]
        found = np.array(row["target"], dtype=np.float32).reshape(row["target._np_shape"])
        same(found.T, values)
        assert row["split"] == split and row["freq"] == "s"
        assert row["parameters"] == parameters.tolist()
    assert about["Lorenz"]["parameter_names"] == ["beta", "rho", "sigma"]
    assert len(about["Rossler"]["equations"]) == 3


def test_without_pyarrow_arrow_says_what_to_do(run_file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="pyarrow is not installed; pip install pyarrow"):
        exported("arrow", run_file, tmp_path / "a.arrow")
    assert not list(tmp_path.iterdir())


# the tools themselves


@pytest.mark.peer
def test_gluonts_reads_arrow(run_file, plain_file, truth, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    gluonts = pytest.importorskip("gluonts.dataset.arrow", reason="gluonts is not installed")
    common = pytest.importorskip("gluonts.dataset.common", reason="gluonts is not installed")
    path = exported("arrow", run_file, tmp_path / "a.arrow")
    rows = list(gluonts.File.infer(path))
    assert len(rows) == 8
    for row in rows:
        same(np.asarray(row["target"]).T, truth[row["item_id"]][0])
    exported("arrow", plain_file, tmp_path / "b.arrow", "--univariate")
    entries = list(common.FileDataset(tmp_path / "b.arrow", freq="s"))
    assert len(entries) == 14 and entries[0]["target"].shape == (40,)
    assert entries[0]["start"].freqstr.lower() == "s"


@pytest.mark.peer
def test_aeon_reads_text(run_file, truth, tmp_path):
    aeon = pytest.importorskip("aeon.datasets", reason="aeon is not installed")
    exported("ts", run_file, tmp_path / "few.ts")
    values, labels = aeon.load_from_ts_file(str(tmp_path / "few_TRAIN.ts"))
    own = [(n, v[0]) for n, v in truth.items() if v[1] == "train"]
    assert values.shape == (4, 3, 60)
    for k, (name, expected) in enumerate(own):
        same(values[k].T, expected)
        assert labels[k].lower() == name.split(".")[0].lower()


@pytest.mark.peer
def test_the_well_reads_its_layout(run_file, truth, tmp_path):
    data = pytest.importorskip("the_well.data", reason="the_well is not installed")
    out = exported("well", run_file, tmp_path / "out", "--systems", "Lorenz")
    found = data.WellDataset(path=str(out / "data" / "train"), full_trajectory_mode=True)
    assert len(found) == 2
    item = found[1]
    expected = truth["Lorenz.1"][0].astype(np.float32)
    both = np.concatenate([item["input_fields"], item["output_fields"]])[:, 0, :]
    np.testing.assert_array_equal(both, expected)


# mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("arow",), "no format 'arow'; did you mean 'arrow'?"),
        (("npz", "--systems", "Lorentz"), "--systems: no system 'Lorentz' in "),
        (("npz", "--split", "trian"), "--split: no 'trian'; did you mean 'train'?"),
        (("well", "--univariate"), "--univariate: well holds each component as a field anyway"),
    ],
)
def test_mistakes_are_one_clear_line(run_file, tmp_path, arguments, message):
    with pytest.raises(ConfigError) as problem:
        exported(arguments[0], run_file, tmp_path / "out", *arguments[1:])
    assert message in str(problem.value) and not list(tmp_path.iterdir())


def test_what_does_not_fit_is_told(plain_file, tmp_path):
    with pytest.raises(ConfigError, match=r"as many components \(Lorenz 3, HyperQi 4\); choose"):
        exported("ts", plain_file, tmp_path / "a.ts")
    with pytest.raises(ConfigError, match="--split: no 'train'; this run has no split"):
        exported("npz", plain_file, tmp_path / "a.npz", "--split", "train")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; well writes a folder"):
        exported("well", plain_file, tmp_path / "file")
    with pytest.raises(SchemaError, match="no such file"):
        exported("npz", tmp_path / "none.h5", tmp_path / "a.npz")


def test_a_run_of_waves_is_refused(tmp_path):
    about = Field(("x",), "complex128", "1", "wave")
    x = {"x": Coordinate(np.arange(4.0), "1", "x")}
    layout = Layout(np.arange(2.0), 1, x, {"psi": about}, "waves", "psi")
    values = {"psi": np.ones((1, 2, 4), dtype=complex)}
    origin = {"spec_json": json.dumps({"simulator": "nlse", "params": {}}), "run": "r", "seed": 0}
    block = Block(slice(0, 1), slice(0, 2), values)
    write_run(tmp_path / "run.h5", layout, [block], lambda: origin)
    with pytest.raises(SchemaError, match="'psi' has axes time, x; export takes runs of real"):
        exported("npz", tmp_path / "run.h5", tmp_path / "a.npz")


def test_the_command_prints_the_files_and_errors_in_a_line(run_file, tmp_path):
    base = [sys.executable, "-m", "analysis.export"]
    done = subprocess.run(
        [*base, "ts", str(run_file), "-o", str(tmp_path / "a.ts")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.split() == [
        str(tmp_path / f"a_{part}.ts") for part in ("TRAIN", "TEST", "VALIDATION")
    ]
    done = subprocess.run(
        [*base, "csv", str(run_file), "-o", "x"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.startswith("error: no format 'csv'")
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_format_has_a_writer():
    assert [writer(name) for name in FORMATS] == [m.write for m in (arrow, ts, npz, well)]
    assert series.Series("a", "b", np.arange(2), np.ones((2, 1)), ("x",)).split == ""
