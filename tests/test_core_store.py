"""Files: whole or absent, checked on the way in and out, the same bytes for the same numbers."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from core.errors import NumericsError, SchemaError
from core.store import (
    Block,
    Check,
    Coordinate,
    Field,
    Layout,
    Measure,
    OutputError,
    read_measure,
    read_run,
    replacing,
    write_measure,
    write_run,
)
from core.store.replay import differences
from core.store.sink import Sink

TIME, X = np.linspace(0.0, 1.0, 3), np.linspace(-1.0, 1.0, 4)


def layout(members=2):
    return Layout(
        time=TIME,
        members=members,
        coordinates={"x": Coordinate(X, "1", "position")},
        fields={
            "psi": Field(("x",), "complex128", "1", "field"),
            "mass": Field((), "float64", "1", "mass"),
        },
        title="an example",
        signal="psi",
    )


def blocks(members=2, spoil=None):
    for frame in range(3):
        psi = np.arange(members * 4).reshape(members, 4) * (1 + 1j) + frame
        if spoil == frame:
            psi[1, 2] = np.nan
        yield Block(slice(0, members), frame, {"psi": psi, "mass": np.arange(members) + 0.5})


def provenance():
    spec = '{"members":2,"params":{"n":4},"simulator":"nlse"}'
    return {"run": "example", "simulator": "nlse", "spec_json": spec, "seed": 7}


def test_what_is_written_is_read(tmp_path):
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    with read_run(tmp_path / "run.h5") as run:
        assert (run.name, run.simulator, run.seed, run.params) == ("example", "nlse", 7, {"n": 4})
        one = run.members[1]
        assert one.name == "1"
        np.testing.assert_array_equal(one.coords["x"], X)
        np.testing.assert_array_equal(one.fields["psi"][2], np.arange(4, 8) * (1 + 1j) + 2)
        assert one.fields["psi"].shape == (3, 4)
        np.testing.assert_array_equal(np.asarray(one.fields["mass"]), [1.5, 1.5, 1.5])


def test_xarray_reads_psi_with_axes_and_units(tmp_path):
    xarray = pytest.importorskip("xarray", reason="xarray is a test extra")
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    with xarray.open_dataset(tmp_path / "run.h5", engine="h5netcdf") as data:
        assert data.psi.dims == ("member", "time", "x")
        assert data.psi.dtype == np.complex128
        assert data.psi.attrs["units"] == "1"
        np.testing.assert_array_equal(data.x, X)


def test_a_value_that_is_not_finite_leaves_no_file(tmp_path):
    with pytest.raises(NumericsError, match=r"member 1: psi is not finite at t = 0\.5"):
        write_run(tmp_path / "run.h5", layout(), blocks(spoil=1), provenance)
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_never_came_leaves_no_file(tmp_path):
    with pytest.raises(NumericsError, match="2 frames were never computed"):
        write_run(tmp_path / "run.h5", layout(), list(blocks())[:2], provenance)
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_comes_twice_is_a_bug(tmp_path):
    with pytest.raises(ValueError, match="frame 0 of slice"):
        write_run(tmp_path / "run.h5", layout(), [*blocks(), *blocks()], provenance)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "run.h5"
    write_run(path, layout(), blocks(), provenance)
    before = path.read_bytes()
    with pytest.raises(NumericsError):
        write_run(path, layout(), blocks(spoil=2), provenance)
    assert path.read_bytes() == before


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    for name in ("a.h5", "b.h5"):
        write_run(tmp_path / name, layout(), blocks(), provenance)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_the_final_name_is_given_by_renaming(tmp_path):
    with replacing(tmp_path / "run.h5") as beside:
        beside.write_text("whole")
        inode = beside.stat().st_ino
        assert not (tmp_path / "run.h5").exists()
    assert (tmp_path / "run.h5").stat().st_ino == inode


def test_leftovers_of_a_killed_writer_are_swept(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    stray = tmp_path / f"run.h5.tmp.{done.pid}"
    stray.write_text("half")
    mine = tmp_path / f"other.h5.tmp.{os.getpid()}"
    mine.write_text("of another file")
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    assert not stray.exists()
    assert mine.exists()


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    with (
        pytest.raises(OutputError, match=r"run\.h5: no space left on the disk"),
        replacing(tmp_path / "run.h5") as path,
    ):
        path.write_text("half")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_under_hdf5_is_told_at_once(tmp_path, monkeypatch):
    real, taken = Sink.write, []

    class Full:
        """A file on a disk of 6000 bytes."""

        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, view):
            if self.file.tell() + len(view) > 6000:
                raise OSError(28, "No space left on device")
            return self.file.write(view)

    def write(self, content):
        if not isinstance(self._file, Full):
            self._file = Full(self._file)
        return real(self, content)

    def counted():
        for block in blocks():
            taken.append(block.frame)
            yield block

    monkeypatch.setattr(Sink, "write", write)
    with pytest.raises(OutputError, match=r"run\.h5: no space left on the disk"):
        write_run(tmp_path / "run.h5", layout(), counted(), provenance)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "no such file"),
        (b"not HDF5", "cannot be read as HDF5"),
        ("schema", "schema 'other/1'"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, content, text):
    path = tmp_path / "run.h5"
    if content == "schema":
        with h5py.File(path, "w") as file:
            file.attrs["schema"] = "other/1"
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(SchemaError, match=text), read_run(path):
        pass


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "run.h5"
    write_run(path, layout(), blocks(), provenance)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(SchemaError, match="cannot be read as HDF5"), read_run(path):
        pass


def measure(shift=0.0):
    return Measure(
        axis=TIME,
        axis_label="t",
        axis_units="1",
        value=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]) + shift,
        label="entropy",
        units="nat",
        convention="natural logarithm",
        components=("discrete", "differential"),
        exact=np.zeros((3, 2)),
        extra={"more": np.arange(4)},
        summary=(("final", 1.0 + shift, "nat"),),
        checks=(Check("q", 1.0, 1.1, 0.2, "a paper"),),
    )


def test_a_measure_comes_back_with_the_error_over_members(tmp_path):
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    path = tmp_path / "m.h5"
    members = {"0": measure(), "1": measure(2.0)}
    with read_run(tmp_path / "run.h5") as run:
        write_measure(path, "m", members, run=run, spec={"k": 1}, provenance={"seed": 7})
    file = read_measure(path)
    assert (file.name, file.run_name, file.spec, file.params) == (
        "m",
        "example",
        {"k": 1},
        {"n": 4},
    )
    for name, given in members.items():
        np.testing.assert_array_equal(file.members[name].value, given.value)
        assert file.members[name].checks == given.checks
        assert file.members[name].summary == given.summary
    np.testing.assert_array_equal(file.mean.value, measure(1.0).value)
    assert file.mean.summary == (("final", 2.0, "nat"),)
    # two values 2 apart: sample standard deviation sqrt(2), over sqrt(2) members
    np.testing.assert_allclose(file.standard_error, 1.0, rtol=1e-15)


def test_a_measure_is_a_table_for_netcdf_readers(tmp_path):
    xarray = pytest.importorskip("xarray", reason="xarray is a test extra")
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    with read_run(tmp_path / "run.h5") as run:
        write_measure(tmp_path / "m.h5", "m", {"0": measure()}, run=run, spec={}, provenance={})
    with xarray.open_dataset(tmp_path / "m.h5", engine="h5netcdf") as data:
        assert data.value.dims == ("member", "axis", "axis_1")
        np.testing.assert_array_equal(data.value[0], measure().value)


def test_a_measure_that_is_not_finite_is_refused(tmp_path):
    write_run(tmp_path / "run.h5", layout(), blocks(), provenance)
    with (
        read_run(tmp_path / "run.h5") as run,
        pytest.raises(NumericsError, match=r"member 0: m: value is not finite at t = 0"),
    ):
        bad = {"0": measure(np.nan)}
        write_measure(tmp_path / "m.h5", "m", bad, run=run, spec={}, provenance={})
    assert not (tmp_path / "m.h5").exists()


@pytest.mark.parametrize(
    ("check", "error", "passed"),
    [
        (Check("a", 1.0, 1.5, 0.5, ""), 0.5, True),
        (Check("a", 1.0, 2.0, 0.4, "", "relative"), 0.5, False),
        (Check("a", 1e-3, 0.0, 1e-2, "", "upper"), 1e-3, True),
        (Check("a", float("nan"), 0.0, 1e-2, ""), float("nan"), False),
    ],
)
def test_a_check_knows_its_verdict(check, error, passed):
    assert check.error == pytest.approx(error, nan_ok=True)
    assert check.passed is passed


def test_differences_are_told_by_array(tmp_path):
    write_run(tmp_path / "a.h5", layout(), blocks(), provenance)
    write_run(tmp_path / "b.h5", layout(), blocks(), provenance)
    assert differences(tmp_path / "a.h5", tmp_path / "b.h5") == []
    with h5py.File(tmp_path / "b.h5", "r+") as file:
        file["mass"][1, 1] += 0.25
    assert differences(tmp_path / "a.h5", tmp_path / "b.h5") == ["mass: differs by up to 0.25"]
