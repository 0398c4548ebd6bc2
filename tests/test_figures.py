"""Figures and films: every kind draws, says its units, and comes out the same each time."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.figures import KINDS, draw, film, style
from core.errors import ConfigError, SchemaError
from core.store import Check, Measure, MeasureFile

T, X = np.linspace(0, 5, 21), np.linspace(-10, 10, 64)
SECH = 1 / np.cosh(X[None, :] - T[:, None])


def measure(kind):
    one = Measure(
        axis=T, axis_label="t", axis_units="1", value=1e-12 * np.exp(T), label="quantity",
        units="nat", convention="c", figure=kind,
    )  # fmt: skip
    check = (Check("q", 1e-12, 0.0, 1e-9, "s", "upper"),)
    two = np.stack([np.cos(T), np.sin(T)], axis=-1)
    names = ("discrete", "differential")
    return {
        "agreement": replace(
            one, axis=T[:1], value=two[:1, :1], exact=two[:1, :1],
            extra={"case": np.array("a case"), "standard_error": np.array([0.01])},
        ),
        "footing": replace(
            one, axis=T[:1], value=two[:1, :1], label="heat",
            extra={key: np.array(key) for key in ("run", "simulator", "what")},
        ),
        "curves": replace(one, value=two, components=names, exact=two + 1e-9),
        "drift": replace(one, value=1e-15 * (1 + two**2), components=names),
        "error": replace(one, checks=check),
        "growth": replace(
            one, exact=one.value,
            extra={"rates": np.array([1.0, 1.0]), "window": np.array([0.0, 3.0]), "fit": one.value},
        ),
        "map": replace(one, value=SECH, second=X, second_label="x", second_units="1"),
        "forecasts": replace(
            one, value=np.abs(two), components=names,
            extra={"valid": np.ones(2), "truth": two[:, 0], "forecast": two},
        ),
        "equations": replace(
            one, axis=T[:1], value=np.array([[1, 0, 0, 1e-9, 1e-9]]), components=tuple("abcde")
        ),
        "spectrum_map": replace(one, value=SECH**8, second=X, second_label="k", second_units="1"),
        "phase": replace(
            one, value=np.abs(two), components=names,
            extra={"re": np.cos(X), "im": np.sin(X), "modulus": SECH[0], "frame_time": T[-1:]},
        ),
        "table": replace(
            one, axis=np.array([1.0, 2.0]), axis_label="soliton", value=two[:2],
            exact=two[:2] + 1e-9, components=names,
        ),
        "plane": replace(one, value=np.abs(two) / 4, components=names),
        "gallery": replace(one, value=two, components=names),
        "spectra": replace(
            one, axis=T[:2], value=two[0],
            extra={"standard_error": np.full(2, 0.1), "period": np.array(2.0)},
        ),
        "profile": replace(one, value=two[:, 0], extra={"error": np.abs(two[:, 1]) / 20}),
        "densities": replace(
            one, axis=T[1:], value=np.abs(two[1:, 0]),
            extra={"edges": T, "error": np.abs(two[1:, 1]) / 20, "mean": T[5:6]},
        ),
        "swarm": replace(
            one, value=np.column_stack([X[:21], X[20:41], two[:, 0]]), axis=T,
            extra={
                "window": np.array([[-10, -10], [10, 10.0]]), "diameter": np.ones(1), "time": T[:1],
            },
        ),
        "phases": replace(
            one, axis=T[:1], value=np.array([[0.1, 0.9, 1.0, 0.7, 0.5]]), components=tuple("abcde"),
        ),
        "dimension": replace(
            one, value=two[:1],
            extra={"radii": 1 + T, "sums": (1 + T) / 99, "fit": np.array([1.0, 0.1, 1.0, 2.0])},
        ),
        "divergence": replace(
            one, value=two[:1],
            extra={"times": T, "logarithms": T, "fit": np.array([1.0, 0.1, T[0], T[-1]])},
        ),
        "section": replace(one, value=two[:1], extra={"points": two, "times": T}),
        "maxima": replace(
            one, axis=T[:1], value=two[:1], extra={"heights": two[:, 0], "rows": T[:1] + 0 * T}
        ),
        "bifurcation": replace(
            one, value=two[:, 0],
            extra={"parameter r": np.array(3.0), "exponent": np.array([0.1, 0.01])},
        ),
        "disagreements": replace(
            one, axis=T[:2], value=two[0],
            extra={"exponent": np.array([0.1, 0.01, 0.4]), "period": np.array(2.0),
                   "dimension": np.array([2.0, 0.1, 1.4]), "limits": np.array([0.2, 3.0])},
        ),
        "numbers": replace(one, axis=T[:1], value=two[:1], components=names),
    }[kind]  # fmt: skip


def file_of(kind, members=1):
    one = measure(kind)
    several = {str(m): replace(one, value=one.value * (1 + m)) for m in range(members)}
    mean = replace(one, value=one.value * 1.5) if members > 1 else None
    error = np.full_like(one.value, 0.1) if members > 1 else None
    params = {"case": "soliton", "amplitude": 2.0, "amplitudes": [1.0, 2.0]}
    return MeasureFile(Path("m.h5"), "m", "a_run", "nlse", params, {}, 1, several, mean, error, {})


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("members", [1, 3])
def test_every_kind_draws_and_names_its_run(tmp_path, kind, members):
    figure = draw(file_of(kind, members))
    style.save(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "a run (soliton): amplitude 2, amplitudes (1, 2)" in text
    assert (tmp_path / "a.svg").stat().st_size < 500_000
    assert kind in ("gallery", "footing") or any(axes.get_xlabel() for axes in figure.axes)


@pytest.mark.parametrize("kind", ["curves", "map", "phase"])
def test_the_same_figure_has_the_same_bytes(tmp_path, kind):
    for name in ("a.svg", "b.svg"):
        style.save(draw(file_of(kind)), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_an_axis_tells_its_units_where_it_has_some(tmp_path):
    style.save(draw(file_of("curves")), tmp_path / "a.svg")
    assert "differential [nat]" in (tmp_path / "a.svg").read_text()
    assert style.label("t", "1") == "t"


def test_the_mean_over_members_has_its_band():
    axes = draw(file_of("curves", 3)).axes[0]
    (band,) = axes.collections
    assert np.ptp(band.get_paths()[0].vertices[:, 1]) > np.ptp(1.5 * np.cos(T)) + 0.19  # +- 0.1
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1.5 * np.cos(T))


def test_a_kind_that_does_not_exist_is_named():
    odd = file_of("curves")
    odd.members["0"] = replace(odd.members["0"], figure="curvs")
    with pytest.raises(SchemaError, match="no figure of kind 'curvs'; did you mean 'curves'"):
        draw(odd)


def test_no_pyplot_is_loaded():
    code = "import sys, analysis.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    root = Path(__file__).resolve().parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0


def test_a_film_has_a_picture_per_frame(tmp_path):
    psi = SECH * np.exp(1j * T)[:, None]
    film.animate(T, X, psi, tmp_path / "film.gif", "a run")
    with Image.open(tmp_path / "film.gif") as picture:
        assert picture.n_frames == len(T)
        assert picture.size == (640, 420)
        first = np.asarray(picture.convert("RGB"), dtype=float)
        picture.seek(len(T) - 1)
        last = np.asarray(picture.convert("RGB"), dtype=float)
    assert np.abs(first - last).max() > 100


def test_a_film_of_another_kind_or_without_ffmpeg_is_refused(tmp_path, monkeypatch):
    psi = SECH.astype(complex)
    with pytest.raises(ConfigError, match=r"no films of kind '\.avi'"):
        film.animate(T, X, psi, tmp_path / "film.avi")
    monkeypatch.setattr(film.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="MP4 needs ffmpeg"):
        film.animate(T, X, psi, tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []
