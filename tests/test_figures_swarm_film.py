"""Films of particles: where discs are, in which colour, how many frames, what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from analysis.figures import film, swarm_film
from core.errors import ConfigError
from core.store import Field, Frame, particle_layout, read_run, write_h5md

BOX = np.array([12.0, 8.0])
PARAMS = {
    "model": "abp", "dimension": 2, "packing_fraction": 0.1, "particles": 3,
    "interaction": {"kind": "wca", "diameter": 2.0},
}  # fmt: skip
WHITE = swarm_film.SHADES + swarm_film.GREYS - 1


def one(x, e=None, box=BOX):
    x = np.asarray(x, dtype=float)
    e = np.tile([1.0, 0.0], (len(x), 1)) if e is None else np.asarray(e, dtype=float)
    return Frame(0, 1.5, x, box, {"orientation": e})


def painted(x, shade, size=(120, 80), width=2.0):
    width = np.full(len(x), width)
    return np.asarray(swarm_film._discs(size, BOX, np.asarray(x, float), width, np.asarray(shade)))


def test_a_disc_lies_where_the_particle_is_and_has_its_area():
    found = painted([[3.0, 6.0], [9.0, 2.0]], [5, 7])
    assert found[20, 30] == 5 and found[60, 90] == 7  # rows count from above
    assert found[20, 90] == found[60, 30] == WHITE
    for shade in (5, 7):  # of radius 10 pixels
        assert (found == shade).sum() == pytest.approx(np.pi * 100, rel=0.05)
    assert (found != WHITE).sum() == pytest.approx(2 * np.pi * 100, rel=0.05)


def test_a_disc_over_an_edge_comes_in_at_the_other():
    found = painted([[0.2, 4.0], [6.0, 7.9]], [5, 7])
    assert found[40, 1] == found[40, 118] == 5
    assert found[1, 60] == found[78, 60] == 7
    for shade in (5, 7):
        assert (found == shade).sum() == pytest.approx(np.pi * 100, rel=0.06)


def test_colours_are_density_order_and_heading():
    # a hexagonal lattice beside nothing: seven particles, of which the middle has six neighbours
    angle = np.arange(6) * np.pi / 3
    ring = 4.0 + 1.1 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    e = np.concatenate([[[1.0, 0.0]], np.stack([np.cos(angle), np.sin(angle)], axis=1)])
    frame = one(np.concatenate([[[4.0, 4.0]], ring]), e, np.array([40.0, 40.0]))
    assert swarm_film.COLOURS["hexatic"].of(frame, 1.0)[0] == pytest.approx(1.0)
    heading = swarm_film.COLOURS["heading"].of(frame, 1.0)
    np.testing.assert_allclose(heading, [0.0, 0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3], atol=1e-12)
    density = swarm_film.COLOURS["density"].of(frame, 1.0)
    assert density[0] == pytest.approx(7 * 0.25 / 2.5**2)  # seven discs in one of 2.5 diameters


def test_a_picture_has_the_palette_the_box_and_the_time():
    frames = [one([[3.0, 6.0], [9.0, 2.0]], [[1, 0], [-1, 0]])]
    (picture,) = swarm_film.pictures(iter(frames), BOX, 2.0, "a run", "heading")
    assert picture.mode == "P"
    pixels = np.asarray(picture)
    left, half = (pixels == 0).sum(), (pixels == swarm_film.SHADES // 2).sum()
    assert left > 1000 and 0.9 < left / half < 1.1  # discs, and a stripe of the bar each
    rows, columns = np.nonzero(pixels == 0)
    others = np.nonzero(pixels == swarm_film.SHADES // 2)
    assert np.median(rows) < np.median(others[0]) and np.median(columns) < np.median(others[1])


def make(path, times, box=BOX, params=PARAMS, elements=True):
    about = {"orientation": Field(("particle", "axis"), "float64", "1", "heading")}
    layout = particle_layout(
        time=times, step=np.arange(len(times)), members=1, particles=30, box=box, title="t",
        elements=about if elements else {},
    )  # fmt: skip
    rng = np.random.default_rng(1)

    def blocks():
        for k, t in enumerate(times):
            x = rng.uniform(size=(30, len(box))) * np.where(np.isfinite(box), box, 5.0)
            e = {"orientation": np.tile(np.eye(len(box))[0], (30, 1))} if elements else {}
            yield Frame(k, t, x, box, e).block(0, k)

    spec = json.dumps({"members": 1, "params": params, "simulator": "active"})
    write_h5md(
        path, layout, blocks(),
        lambda: {"run": "a_run", "simulator": "active", "spec_json": spec, "seed": 7},
    )  # fmt: skip
    return path


def test_a_film_is_thinned_and_plays_at_the_rate_asked_for(tmp_path):
    run = make(tmp_path / "run.h5md", np.linspace(0, 1, 150))
    film.main([str(run), "-o", str(tmp_path / "film.gif"), "--fps", "20", "--colour", "hexatic"])
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == 50 and gif.info["duration"] == 50
        first = np.asarray(gif.convert("RGB")).copy()
        gif.seek(49)
        assert not np.array_equal(first, np.asarray(gif.convert("RGB")))
    again = tmp_path / "again.gif"
    film.main([str(run), "-o", str(again), "--fps", "20", "--colour", "hexatic"])
    assert again.read_bytes() == (tmp_path / "film.gif").read_bytes()


def test_the_run_says_by_what_its_film_is_coloured(tmp_path):
    run = make(tmp_path / "run.h5md", np.linspace(0, 1, 2), params={**PARAMS, "animate": "heading"})
    film.main([str(run), "-o", str(tmp_path / "asked.gif")])
    film.main([str(run), "-o", str(tmp_path / "told.gif"), "--colour", "heading"])
    film.main([str(run), "-o", str(tmp_path / "other.gif"), "--colour", "density"])
    asked = (tmp_path / "asked.gif").read_bytes()
    assert asked == (tmp_path / "told.gif").read_bytes() != (tmp_path / "other.gif").read_bytes()


@pytest.mark.parametrize(
    ("options", "words", "text"),
    [
        ({}, ["--colour", "charm"], "--colour: no 'charm'; use density, hexatic, heading"),
        ({}, ["--fps", "0"], "fps: must be from 1 to 50"),
        ({"elements": False}, ["--colour", "heading"], "these particles have no heading"),
        ({"box": np.full(2, np.inf)}, [], "in a periodic box in the plane"),
        ({"box": np.array([9.0])}, [], "in a periodic box in the plane"),
    ],
)
def test_what_cannot_be_filmed_is_told_and_leaves_nothing(tmp_path, options, words, text):
    run = make(tmp_path / "run.h5md", np.linspace(0, 1, 3), **options)
    with pytest.raises(ConfigError, match=text):
        film.main([str(run), "-o", str(tmp_path / "film.gif"), *words])
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5md"]
    with read_run(run) as told:
        assert told.name == "a_run"
