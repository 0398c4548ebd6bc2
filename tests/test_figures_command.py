"""The command lines of figures and films: what they write, import and refuse."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.figures import __main__ as command_line
from analysis.figures import film
from core.errors import ConfigError, EntroflowError, NumericsError, SchemaError
from core.store import Measure, OutputError, Run, write_measure

ROOT = Path(__file__).resolve().parent.parent
T, X = np.linspace(0, 4, 9), np.linspace(-8, 8, 64)
PSI = np.exp(1j * T)[:, None] / np.cosh(X - T[:, None])


@pytest.fixture
def measured(tmp_path):
    value = np.stack([np.sin(T), np.cos(T)], axis=-1)
    measure = Measure(
        axis=T, axis_label="t", axis_units="1", value=value, label="Shannon entropy",
        units="nat", convention="c", components=("discrete", "differential"),
    )  # fmt: skip
    run = Run(
        path=tmp_path / "run.h5", simulator="nlse", name="soliton",
        params={"case": "soliton", "amplitude": 2.0}, seed=1, members=[], attrs={},
    )  # fmt: skip
    path = tmp_path / "shannon.h5"
    write_measure(path, "shannon", {"0": measure}, run=run, spec={}, provenance={})
    return path


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_a_figure_is_written_in_the_kind_its_name_says(measured, tmp_path, suffix, magic):
    out = tmp_path / "new folder" / f"a{suffix}"
    command_line.main([str(measured), "-o", str(out)])
    assert out.read_bytes().startswith(magic)
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_several_measures_go_into_the_one_file_asked_for(measured, tmp_path):
    command_line.main([str(measured), str(measured), "-o", str(tmp_path / "a.svg")])
    assert (tmp_path / "a.svg").read_text().count("soliton: amplitude 2") == 2


def test_text_stays_text_in_a_font_that_every_browser_has(measured, tmp_path):
    command_line.main([str(measured), "-o", str(tmp_path / "a.svg")])
    text = (tmp_path / "a.svg").read_text()
    assert "discrete [nat]" in text
    assert "DejaVu Sans" in text and "sans-serif" in text


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["none.h5", "-o", "a.svg"], SchemaError, "none.h5: no such file"),
        (["text.h5", "-o", "a.svg"], SchemaError, "cannot be read as HDF5"),
        (["shannon.h5", "-o", "a.jpg"], ConfigError, r"no figures of kind '\.jpg'; use \.svg"),
        (["shannon.h5"], ConfigError, "required: -o"),
        (["shannon.h5", "-o", "text.h5/a.svg"], OutputError, "cannot be written|no permission"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_nothing(
    measured, tmp_path, monkeypatch, arguments, kind, message
):
    monkeypatch.chdir(tmp_path)
    Path("text.h5").write_text("not HDF5")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(kind, match=message):
        command_line.main(arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_a_mistake_is_one_line_and_exit_code_one(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "analysis.figures", tmp_path / "none.h5", "-o", tmp_path / "a.svg"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_figure_job_imports_nothing_heavy():
    heavy = ("matplotlib.pyplot", "scipy", "numba", "pandas", "snakemake", "jsonschema")
    code = f"import sys, analysis.figures.__main__; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def gif(path):
    with Image.open(path) as picture:
        frames = []
        for i in range(picture.n_frames):
            picture.seek(i)
            frames.append(np.asarray(picture.convert("RGB"), dtype=int))
        return frames, picture.info["duration"]


def near(frame, colour, reach=40):
    return np.abs(frame - np.array(colour)).max(axis=-1) < reach


def test_a_film_moves_with_the_field_on_pure_white(tmp_path):
    film.animate(T, X, PSI, tmp_path / "a.gif", "a run", fps=20)
    frames, duration = gif(tmp_path / "a.gif")
    assert len(frames) == len(T) and frames[0].shape == (420, 640, 3) and duration == 50
    assert (frames[0][5, 300] == 255).all()
    blue = (0, 0x72, 0xB2)  # |psi|; its peak moves from x = 0 to x = 4, a quarter of the width
    peaks = [np.argwhere(near(f, blue)[60:200]) for f in (frames[0], frames[-1])]
    first, last = (p[p[:, 0] == p[:, 0].min(), 1].mean() for p in peaks)
    assert 120 < last - first < 160


def test_the_exact_solution_is_dashed_over_the_computed(tmp_path):
    film.animate(T, X, PSI, tmp_path / "with.gif", exact=PSI * 1.2)
    film.animate(T, X, PSI, tmp_path / "without.gif")
    black = [near(gif(tmp_path / f"{name}.gif")[0][-1], (0, 0, 0)).sum() for name in
             ("with", "without")]  # fmt: skip
    assert black[0] > black[1] + 100


def test_a_long_film_is_thinned_to_what_can_be_watched(tmp_path):
    time = np.arange(2 * film.MOST + 1.0)
    psi = np.exp(-((X - time[:, None] / 100) ** 2)).astype(complex)
    film.animate(time, X, psi, tmp_path / "a.gif")
    # the palette is one, so that frames that are equal are merged; these all differ
    assert len(gif(tmp_path / "a.gif")[0]) <= film.MOST


@pytest.mark.parametrize(
    ("name", "psi", "fps", "message"),
    [
        ("a.avi", PSI, 25, "no films of kind"),
        ("a.mp4", PSI, 25, "MP4 needs ffmpeg"),
        ("a.gif", PSI, 0, "fps: must be from 1 to 50, got 0"),
        ("a.gif", np.where(T[:, None] == 2, np.nan, PSI), 25, "not finite at t = 2"),
    ],
)
def test_a_film_that_cannot_be_made_is_refused(tmp_path, monkeypatch, name, psi, fps, message):
    monkeypatch.setattr(film.shutil, "which", lambda program: None)
    with pytest.raises(EntroflowError, match=message) as caught:
        film.animate(T, X, psi, tmp_path / name, fps=fps)
    assert isinstance(caught.value, ConfigError | NumericsError)
    assert list(tmp_path.iterdir()) == []


def test_ffmpeg_gets_every_frame_and_its_complaint_is_passed_on(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nfor last; do :; done\nwc -c > "$last"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    film.animate(T, X, PSI, tmp_path / "a.mp4")
    assert int((tmp_path / "a.mp4").read_text()) == len(T) * 640 * 420 * 3
    fake.write_text("#!/bin/sh\ncat > /dev/null\necho no codec >&2\nexit 1\n")
    with pytest.raises(OutputError, match=r"b\.mp4.*no codec"):
        film.animate(T, X, PSI, tmp_path / "b.mp4")
    assert not list(tmp_path.glob("b.mp4*"))
