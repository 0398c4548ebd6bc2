"""Random streams, code hashes, checkpoints: what makes a run repeatable."""

import numpy as np
import pytest

from core import checkpoint, provenance, rng
from core.registry import Registry
from core.store import Block, Coordinate, Field, Layout


def test_a_stream_depends_on_seed_and_names_only():
    draw = rng.generator(1, "sims", "a", 0).standard_normal(4)
    rng.generator(1, "sims", "b", 0).standard_normal(4)
    np.testing.assert_array_equal(draw, rng.generator(1, "sims", "a", 0).standard_normal(4))


@pytest.mark.parametrize("other", [(2, "sims", "a", 0), (1, "sims", "a", 1), (1, "sims", "b", 0)])
def test_other_seeds_members_and_runs_have_other_streams(other):
    one = rng.generator(1, "sims", "a", 0).standard_normal(1000)
    two = rng.generator(*other).standard_normal(1000)
    # independent standard normals: the correlation is within 5/sqrt(1000) of zero
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(1000)


def test_names_are_not_run_together():
    a, b = rng.generator(1, "ab", "c"), rng.generator(1, "a", "bc")
    assert a.integers(2**60) != b.integers(2**60)


def _hash(tmp_path, monkeypatch, text):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    provenance._parsed.cache_clear()
    (tmp_path / "sims").mkdir(exist_ok=True)
    (tmp_path / "sims" / "__init__.py").write_text("")
    (tmp_path / "sims" / "part.py").write_text(text)
    (tmp_path / "sims" / "whole.py").write_text(
        "def f():\n    from sims.part import g\n    return g\n"
    )
    (tmp_path / "sims" / "apart.py").write_text("z = 1\n")
    digest = provenance.code_sha256("sims.whole")
    provenance._parsed.cache_clear()
    return digest


def test_a_comment_changes_no_hash_but_code_does(tmp_path, monkeypatch):
    base = _hash(tmp_path, monkeypatch, 'def g(x):\n    """Say."""\n    return x + 1\n')
    comment = 'def g(x):\n    """Say more."""\n    # why\n    return (x\n            + 1)\n'
    assert _hash(tmp_path, monkeypatch, comment) == base
    assert _hash(tmp_path, monkeypatch, "def g(x):\n    return x + 2\n") != base


def test_kept_hashes_are_those_of_the_code(tmp_path, monkeypatch):
    """What is kept is read, if it is whole; where nothing can be kept, all is parsed again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = "def g(x):\n    return x + 1\n"
    base = _hash(tmp_path, monkeypatch, text)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) == 3  # the package, part and whole
    with monkeypatch.context() as patch:
        patch.setattr(provenance.ast, "parse", None)
        assert _hash(tmp_path, monkeypatch, text) == base
    for path in kept:
        path.write_text(path.read_text()[:20])
    assert _hash(tmp_path, monkeypatch, text) == base
    (tmp_path / "nothing").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing"))
    assert _hash(tmp_path, monkeypatch, text) == base


def test_the_hash_of_the_simulator_follows_its_imports():
    provenance._parsed.cache_clear()
    _, imports = provenance._parsed("sims.nlse")
    assert "core.store" in imports
    assert "sims.nlse.solve_etd" in imports


def test_a_registry_names_the_nearest_entry():
    table = Registry("colour")
    table.register("green")(len)
    with pytest.raises(Exception, match="x: no colour 'gren'; did you mean 'green'"):
        table.lookup("gren", "x")
    with pytest.raises(ValueError, match="registered twice"):
        table.register("green")(len)


LAYOUT = Layout(
    time=np.arange(6.0),
    members=2,
    coordinates={"x": Coordinate(np.arange(3.0), "1", "x")},
    fields={"u": Field(("x",), "float64", "1", "u")},
    title="",
    signal="u",
)


def frames(start=0, stop=6, value=None):
    """A state that doubles and adds: any slip in resuming shows."""
    value = np.ones((2, 3)) if value is None else value
    for frame in range(start, stop):
        value = value if frame == 0 else 2 * value + frame
        yield Block(slice(0, 2), frame, {"u": value}, lambda v=value: {"v": v})


def test_a_checkpoint_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "run.h5.checkpoint"
    first = checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0)
    assert first.load(LAYOUT) is None
    for block in first.guard(frames(), LAYOUT):
        if block.frame == 3:
            break  # killed after frame 3 was taken, before its checkpoint
    second = checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0)
    frame, state = second.load(LAYOUT)
    assert frame == 2
    rest = frames(frame + 1, 6, state["v"])
    got = [b.values["u"] for b in second.guard(rest, LAYOUT)]
    np.testing.assert_array_equal(got, [b.values["u"] for b in frames()])
    second.remove()
    assert not path.exists()


def test_a_checkpoint_between_frames_keeps_those_before_and_passes_nothing_on(tmp_path):
    path = tmp_path / "run.h5.checkpoint"
    point = Block(slice(0, 2), -1, {}, lambda: {"v": np.zeros(3)})
    first = checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0)
    assert list(first.guard([point], LAYOUT)) == []
    second = checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0)
    assert second.load(LAYOUT)[0] == -1
    later = Block(slice(0, 2), 1, {}, lambda: {"v": np.full(3, 7.0)})
    passed = [b.frame for b in second.guard([*frames(0, 2), later], LAYOUT)]
    assert passed == [0, 1]
    third = checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0)
    frame, state = third.load(LAYOUT)
    assert frame == 1 and (state["v"] == 7).all()
    kept = [b.values["u"] for b in third.guard([], LAYOUT)]
    np.testing.assert_array_equal(kept, [b.values["u"] for b in frames(0, 2)])


def test_a_checkpoint_of_another_run_is_set_aside_with_a_line(tmp_path, capsys):
    path = tmp_path / "run.h5.checkpoint"
    list(checkpoint.Checkpoint(path, {"spec": "a"}, period=0.0).guard(frames(), LAYOUT))
    assert checkpoint.Checkpoint(path, {"spec": "b"}).load(LAYOUT) is None
    assert "of another specification or code; starting anew" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"PK\x03\x04 half", b""])
def test_a_broken_checkpoint_is_set_aside_with_a_line(tmp_path, capsys, content):
    path = tmp_path / "run.h5.checkpoint"
    path.write_bytes(content)
    assert checkpoint.Checkpoint(path, {"spec": "a"}).load(LAYOUT) is None
    assert "cannot be read" in capsys.readouterr().err
