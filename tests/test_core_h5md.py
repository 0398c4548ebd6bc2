"""The H5MD store: what is written is read back, frame by frame, and opens in other tools."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from core import provenance
from core.errors import EntroflowError, NumericsError, SchemaError
from core.store import (
    Block,
    Coordinate,
    Field,
    Frame,
    Layout,
    frames,
    particle_layout,
    read_h5md,
    read_run,
    write_h5md,
    write_run,
)
from core.store.replay import differences
from core.store.show import show

N, T, L = 7, 5, 4.0
STEPS = 10 * np.arange(T)
TIMES = 0.5 * np.arange(T)


def stamp() -> dict:
    return provenance.collect(
        run="swimmers",
        simulator="active",
        spec={"simulator": "active", "params": {"particles": N}},
        code="0" * 64,
        seed=3,
        device="cpu",
        clock=provenance.Clock(),
    )


def layout(members: int = 1, d: int = 2, box: float = L, n: int = N, t: int = T) -> Layout:
    return particle_layout(
        time=0.5 * np.arange(t), step=10 * np.arange(t), members=members, particles=n,
        box=np.full(d, box), title="Active Brownian particles",
        elements={
            "orientation": Field(("particle", "axis"), "float64", "1", "heading"),
            "speed": Field(("particle",), "float64", "1", "propulsion speed"),
            "image": Field(("particle", "axis"), "int32", "1", "crossings of the box"),
        },
        observables={
            "work": Field((), "float64", "1", "swim work"),
            "profile": Field(("bin",), "float64", "1", "density profile"),
        },
        coordinates={"bin": Coordinate(np.arange(3), "1", "bin")},
        parameters={"packing_fraction": 0.3, "model": "abp"},
    )  # fmt: skip


def made(member: int, index: int, d: int = 2, n: int = N) -> Frame:
    rng = np.random.default_rng([member, index])
    return Frame(
        step=10 * index, time=0.5 * index, position=rng.uniform(0, L, (n, d)), box=np.full(d, L),
        elements={
            "orientation": rng.normal(size=(n, d)), "speed": rng.uniform(size=n),
            "image": rng.integers(-3, 3, (n, d)).astype(np.int32),
        },
        observables={"work": float(rng.normal()), "profile": rng.uniform(size=3)},
    )  # fmt: skip


def blocks(members: int = 1, d: int = 2, n: int = N, t: int = T):
    for index in range(t):
        for member in range(members):
            yield made(member, index, d, n).block(member, index)


def written(folder: Path, members: int = 1, d: int = 2, name: str = "run.h5md") -> Path:
    path = folder / name
    write_h5md(path, layout(members, d), blocks(members, d), stamp)
    return path


@pytest.mark.parametrize("d", [1, 2, 3])
def test_frames_come_back_as_they_were_written(tmp_path, d):
    with read_h5md(written(tmp_path, members=2, d=d)) as run:
        assert [m.name for m in run.members] == ["0", "1"]
        assert run.members[1].coords["axis"].tolist() == ["x", "y", "z"][:d]
        assert layout(d=d).coordinates["axis"].values.tolist() == ["x", "y", "z"][:d]
        for k, member in enumerate(run.members):
            found = list(frames(member))
            assert len(found) == T
            for index, frame in enumerate(found):
                true = made(k, index, d)
                assert (frame.step, frame.time) == (true.step, true.time)
                assert np.array_equal(frame.position, true.position)
                assert np.array_equal(frame.box, true.box)
                assert frame.elements.keys() == true.elements.keys()
                for name in true.elements:
                    assert np.array_equal(frame.elements[name], true.elements[name]), name
                assert frame.observables["work"] == true.observables["work"]
                assert np.array_equal(frame.observables["profile"], true.observables["profile"])


def test_a_slice_of_frames_is_a_slice(tmp_path):
    with read_run(written(tmp_path)) as run:
        member = run.members[0]
        assert [f.step for f in frames(member, 1, None, 2)] == [10, 30]
        assert [f.step for f in frames(member, -1)] == [40]
        whole = member.fields["position"][...]
        assert whole.shape == member.fields["position"].shape == (T, N, 2)
        for key in (3, slice(1, 3), (2, 4), (slice(None), 3), (..., 1), (1, slice(2), 0)):
            assert np.array_equal(member.fields["position"][key], whole[key]), key
        assert member.extents()["position"].sizes == {"time": T, "particle": N, "axis": 2}
        assert member.extents()["work"].sizes == {"time": T}
        assert member.fields["box"].shape == (T, 2)


def test_a_long_run_is_never_in_memory_at_once(tmp_path):
    n, t = 2000, 60  # 60 frames of positions are 1.92 MB, one is 32 kB
    path = tmp_path / "run.h5md"
    write_h5md(path, layout(n=n, t=t), blocks(n=n, t=t), stamp)
    with read_h5md(path) as run:
        tracemalloc.start()
        total = sum(float(frame.position.sum()) for frame in frames(run.members[0]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert total > 0
    assert peak < 10 * n * 3 * 8  # ten arrays of one frame


def test_the_layout_of_the_file_is_the_dialect_that_readers_know(tmp_path):
    with h5py.File(written(tmp_path, members=2)) as file:
        assert list(file["particles"]) == ["trajectory"]
        assert tuple(file["h5md"].attrs["version"]) == (1, 1)
        assert file.attrs["schema"] == "entroflow-run/1"
        group = file["particles/trajectory"]
        position = group["position"]
        assert position["value"].shape == (T, N, 3)
        assert not position["value"][..., 2].any()
        assert position["value"].chunks == (1, N, 3)
        assert position["value"].compression == "gzip"
        assert position["value"].compression_opts == 4
        assert position["value"].shuffle and position["value"].fletcher32
        assert np.array_equal(position["step"], STEPS) and position["step"].dtype.kind == "i"
        assert np.array_equal(position["time"], TIMES)
        assert group["box"].attrs["dimension"] == 3
        assert [str(b) for b in group["box"].attrs["boundary"]] == ["periodic"] * 2 + ["none"]
        assert np.array_equal(group["box/edges/value"], [[L, L, 1.0]] * T)
        assert group["box/edges/step"] == position["step"]  # one and the same object
        assert group["orientation/value"].shape == (T, N, 3)
        assert file["observables/trajectory/work/value"].shape == (T,)
        assert file["parameters"].attrs["packing_fraction"] == 0.3
        named: list[str] = []
        file.visititems(lambda name, item: named.append(name) if "unit" in item.attrs else None)
        assert not named  # `unit` makes readers convert
        values = [d for d in _datasets(file) if d.name.endswith("value")]
        assert all("units" in d.attrs and "long_name" in d.attrs for d in values)


def _datasets(file):
    found: list = []
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found


def test_the_same_frames_give_the_same_bytes(tmp_path, monkeypatch):
    fixed = stamp()
    for name in ("one.h5md", "two.h5md"):
        write_h5md(tmp_path / name, layout(2), blocks(2), lambda: fixed)
    assert (tmp_path / "one.h5md").read_bytes() == (tmp_path / "two.h5md").read_bytes()
    other = written(tmp_path, 2, name="three.h5md")
    assert differences(tmp_path / "one.h5md", other) == []


@pytest.mark.parametrize("name", ["position", "speed", "work"])
def test_a_value_that_is_not_finite_is_named_and_leaves_no_file(tmp_path, name):
    def broken():
        for block in blocks(2):
            if block.frame == 3 and block.members.start == 1:
                values = {k: np.array(v) for k, v in block.values.items()}
                values[name].reshape(1, -1)[0, 2 * 4 if name == "position" else 0] = np.nan
                yield Block(block.members, 3, values)
            else:
                yield block

    path = tmp_path / "run.h5md"
    with pytest.raises(NumericsError) as problem:
        write_h5md(path, layout(2), broken(), stamp)
    text = str(problem.value)
    which = {"position": " of particle 4", "speed": " of particle 0", "work": ""}[name]
    assert f"member 1: {name}{which} is not finite at t = 1.5" in text
    assert not list(tmp_path.iterdir())


def test_a_frame_that_never_comes_or_comes_twice_leaves_no_file(tmp_path):
    path = tmp_path / "run.h5md"
    with pytest.raises(NumericsError, match="1 frames were never computed"):
        write_h5md(path, layout(), list(blocks())[:-1], stamp)
    with pytest.raises(ValueError, match="twice"):
        write_h5md(path, layout(), [*blocks(), made(0, 0).block(0, 0)], stamp)
    lacking = Frame(0, 0.0, made(0, 0).position, np.full(2, L)).block(0, 0)
    with pytest.raises(ValueError, match="orientation"):
        write_h5md(path, layout(), [lacking], stamp)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_a_file_of_particles_is_refused(tmp_path):
    with pytest.raises(ValueError, match="h5md"):
        write_h5md(tmp_path / "run.h5", layout(), blocks(), stamp)
    with pytest.raises(ValueError, match="box"):
        write_h5md(tmp_path / "run.h5md", layout(box=-1.0), blocks(), stamp)


def test_open_space_has_no_edges(tmp_path):
    path = tmp_path / "run.h5md"
    write_h5md(path, layout(box=np.inf), blocks(), stamp)
    with read_h5md(path) as run:
        assert np.isposinf(next(frames(run.members[0])).box).all()
        assert "box" not in run.members[0].fields
    with h5py.File(path) as file:
        assert "edges" not in file["particles/trajectory/box"]


def test_a_damaged_or_wrong_file_is_refused_in_one_line(tmp_path):
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SchemaError) as problem, read_h5md(path):
        pass
    assert "\n" not in str(problem.value)
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        del file["particles/trajectory/position/time"]
    with pytest.raises(SchemaError, match="incomplete run file"), read_h5md(path):
        pass
    waves = Layout(
        time=TIMES, members=1, coordinates={"x": Coordinate(np.arange(4.0), "1", "x")},
        fields={"psi": Field(("x",), "float64", "1", "psi")}, title="t", signal="psi",
    )  # fmt: skip
    every = (Block(slice(0, 1), i, {"psi": np.ones((1, 4))}) for i in range(T))
    write_run(tmp_path / "run.h5", waves, every, stamp)
    with pytest.raises(SchemaError, match="no particles"), read_h5md(tmp_path / "run.h5"):
        pass


@pytest.mark.parametrize("name", ["run", "seed", "spec_json"])
def test_a_file_without_its_provenance_is_incomplete(tmp_path, name):
    path = written(tmp_path)
    with h5py.File(path, "a") as file:
        del file["provenance"].attrs[name]
    with pytest.raises(SchemaError, match="incomplete run file"), read_h5md(path):
        pass


def test_a_field_of_fewer_frames_is_refused(tmp_path):
    path = written(tmp_path)
    with h5py.File(path, "a") as file:
        group = file["particles/trajectory/orientation"]
        values, about = group["value"][:2], dict(group["value"].attrs)
        del group["value"]
        group.create_dataset("value", data=values).attrs.update(about)
    with pytest.raises(SchemaError, match=f"orientation has 2 frames of {T}"), read_h5md(path):
        pass


def test_a_damaged_frame_is_told_where_it_is_read(tmp_path):
    path = written(tmp_path)
    with h5py.File(path) as file:
        values = file["particles/trajectory/position/value"]
        chunk = values.id.get_chunk_info(2)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with (
        pytest.raises(SchemaError, match=r"run\.h5md: is damaged .*simulate again"),
        read_h5md(path) as run,
    ):
        list(frames(run.members[0]))
    with pytest.raises(FileNotFoundError), read_h5md(path):
        Path("nowhere").read_bytes()  # another file's trouble is not this one's


def test_the_store_shows_what_a_run_of_particles_holds(tmp_path):
    text = show(written(tmp_path))
    assert "entroflow-run/1" in text and "(not a file of ours)" not in text
    assert f"value  float64 {T}x{N}x3  [1]  position" in text


PEER = """
import sys, warnings
import numpy as np
import MDAnalysis
warnings.simplefilter("ignore")
universe = MDAnalysis.Universe.empty({n}, trajectory=False)
universe.load_new(sys.argv[1], convert_units=False)
assert len(universe.trajectory) == {t}
for i, ts in enumerate(universe.trajectory):
    work = ts.data["trajectory/work"]
    print(ts.time, ts.data["step"], *ts.dimensions[:2], float(ts.positions.sum()), work)
"""


def test_mdanalysis_opens_the_first_member_of_several(tmp_path):
    pytest.importorskip("MDAnalysis", reason="MDAnalysis is not installed")
    path = written(tmp_path, members=2)
    script = PEER.format(n=N, t=T)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [[float(v) for v in line.split()] for line in done.stdout.splitlines()]
    for index, (time, step, lx, ly, total, work) in enumerate(lines):
        true = made(0, index)
        assert (time, step, lx, ly) == (true.time, true.step, L, L)
        assert total == pytest.approx(true.position.sum(), rel=1e-6)  # it keeps float32
        assert work == pytest.approx(true.observables["work"])


def test_freud_takes_the_frames(tmp_path):
    freud = pytest.importorskip("freud", reason="freud-analysis is not installed")
    with read_h5md(written(tmp_path)) as run:
        frame = next(frames(run.members[0]))
    points = np.zeros((N, 3))
    points[:, :2] = np.mod(frame.position + L / 2, L) - L / 2
    query = freud.locality.AABBQuery(freud.box.Box.square(frame.box[0]), points)
    pairs = query.query(points, {"r_max": 1.0, "exclude_ii": True}).toNeighborList()
    gap = frame.position[:, None] - frame.position
    gap -= L * np.round(gap / L)
    near = np.hypot(*np.moveaxis(gap, -1, 0)) < 1.0
    assert len(pairs) == near.sum() - N


def test_errors_are_for_people():
    assert issubclass(SchemaError, EntroflowError) and issubclass(NumericsError, EntroflowError)
