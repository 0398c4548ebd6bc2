"""Voronoi cells in a periodic box, against lattices, all images, and freud."""

import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import plan, structure
from analysis.measures import MEASURES
from core.errors import ConfigError
from core.store import Extent, Frame, particle_layout, read_run, write_h5md


def gas(n, box, seed=1):
    return np.random.default_rng(seed).uniform(size=(n, 2)) * box


def hexagonal(across, up, spacing=1.0):
    cell = np.array([spacing, math.sqrt(3) * spacing])
    i, j = np.meshgrid(np.arange(across), np.arange(up), indexing="ij")
    corner = np.stack([i.ravel(), j.ravel()], axis=-1) * cell
    return np.concatenate([corner, corner + cell / 2]), cell * (across, up)


def test_one_point_alone_has_the_box_for_its_cell():
    found = structure.voronoi([[0.3, 0.9]], (2.0, 3.0))
    assert found.area == pytest.approx(6.0)
    np.testing.assert_allclose(np.sort(found.length), [2.0, 3.0])


def neighbours(found, n):
    return np.bincount(found.i, minlength=n) + np.bincount(found.j, minlength=n)


@pytest.mark.parametrize(("across", "up"), [(12, 7), (3, 2), (5, 20)])
@pytest.mark.parametrize("move", [0.0, 0.123, -40.0])
def test_cells_of_a_hexagonal_lattice_are_hexagons(across, up, move):
    points, box = hexagonal(across, up, 1.3)
    found = structure.voronoi(points + move, box)
    n, area = len(points), 1.3**2 * math.sqrt(3) / 2
    assert (neighbours(found, n) == 6).all()
    np.testing.assert_allclose(found.area, area, rtol=1e-9)
    np.testing.assert_allclose(found.length, 1.3 / math.sqrt(3), rtol=1e-9)
    np.testing.assert_allclose(np.hypot(*found.d.T), 1.3, rtol=1e-9)
    psi = structure.hexatic_order(points + move, box, cells=True)
    np.testing.assert_allclose(psi, 1.0, atol=1e-9)
    for shells in (0, 1, 2):
        density = structure.cell_densities(points + move, box, shells)
        np.testing.assert_allclose(density, 1 / area, rtol=1e-9)


@pytest.mark.parametrize("rounding", [0.0, 1e-12, 1e-10])
def test_corners_where_four_squares_meet_make_no_neighbours(rounding):
    i, j = np.meshgrid(np.arange(9.0), np.arange(6.0), indexing="ij")
    points = np.stack([i.ravel(), j.ravel()], axis=-1)
    points += np.random.default_rng(1).normal(0, rounding, points.shape)
    found = structure.voronoi(points, (9.0, 6.0))
    assert (neighbours(found, len(points)) == 4).all()
    np.testing.assert_allclose(found.area, 1.0)
    np.testing.assert_allclose(
        structure.hexatic_order(points, (9.0, 6.0), cells=True), 0, atol=1e-8
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 300), st.floats(0.05, 2.5), st.integers(0, 2**32 - 1))
def test_cells_fill_the_box_and_have_six_neighbours_on_average(n, ratio, seed):
    box = np.array([1.0, ratio])
    points = gas(n, box, seed)
    found = structure.voronoi(points, box)
    assert found.area.sum() == pytest.approx(ratio, rel=1e-12)
    assert neighbours(found, n).sum() == 6 * n  # Euler: a torus of corners where three cells meet
    gap = points[found.j] - points[found.i]
    np.testing.assert_allclose((gap - found.d) / box, np.round((gap - found.d) / box), atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_it_does_not_matter_how_far_images_are_taken_at_first(seed, monkeypatch):
    """A cell is right when no image that was left out can lie in the circles of its corners."""
    box = np.array([5.0, 7.0])
    points = gas(60, box, seed) * [0.4, 1.0]  # a wide gap
    found = structure.voronoi(points, box)
    module = sys.modules["analysis.structure.voronoi"]
    for start in (0.05, 0.3, 1.0, 1.7):
        monkeypatch.setattr(module, "START", start)
        other = structure.voronoi(points, box)
        np.testing.assert_allclose(other.area, found.area, rtol=1e-9)
        assert other.i.size == found.i.size == 180


def test_a_particle_alone_in_a_void_has_a_cell_that_reaches_far():
    """A dense drop and one particle: images must be taken from far, and a share is found by Monte
    Carlo: of random places, the part nearest to a particle is its cell."""
    box = np.array([40.0, 30.0])
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.uniform(0, 8, (200, 2)), [[25.0, 20.0], [24.0, 5.0]]])
    found = structure.voronoi(points, box)
    places = gas(10_000, box, 5)
    gaps = places[:, None] - points[None, -2:]
    gaps -= box * np.round(gaps / box)
    rest = places[:, None] - points[None, :-2]
    rest -= box * np.round(rest / box)
    nearest = (rest**2).sum(axis=-1).min(axis=1)
    for k in (0, 1):
        mine = (gaps[:, k] ** 2).sum(axis=-1)
        share = ((mine < nearest) & (mine < (gaps[:, 1 - k] ** 2).sum(axis=-1))).mean()
        error = math.sqrt(share * (1 - share) / len(places))
        assert abs(found.area[-2 + k] / box.prod() - share) < 4 * error
    assert found.area.sum() == pytest.approx(box.prod(), rel=1e-12)


def test_a_density_with_its_neighbours_is_that_of_all_their_cells():
    box = np.array([20.0, 25.0])
    points = gas(400, box)
    found = structure.voronoi(points, box)
    np.testing.assert_allclose(structure.cell_densities(points, box), 1 / found.area)
    near = np.eye(400, dtype=bool)
    near[found.i, found.j] = near[found.j, found.i] = True
    expected = near.sum(axis=1) / (near @ found.area)
    np.testing.assert_allclose(structure.cell_densities(points, box, 1), expected)
    wider = (near.astype(int) @ near) > 0
    expected = wider.sum(axis=1) / (wider @ found.area)
    np.testing.assert_allclose(structure.cell_densities(points, box, 2), expected)


def test_freud_finds_the_same_neighbours_edges_areas_and_order():
    freud = pytest.importorskip("freud")
    side, n = 30.0, 900
    points = gas(n, side, 7)
    flat = np.zeros((n, 3))
    flat[:, :2] = points - side / 2
    peer = freud.locality.Voronoi()
    peer.compute((freud.box.Box.square(side), flat))
    found = structure.voronoi(points, side)
    theirs = {
        (int(min(a, b)), int(max(a, b))): float(w)
        for (a, b), w in zip(peer.nlist[:], peer.nlist.weights, strict=True)
    }
    mine = {
        (int(min(a, b)), int(max(a, b))): float(w)
        for a, b, w in zip(found.i, found.j, found.length, strict=True)
    }
    fine = 1e-4  # freud takes positions as float32, 1e-6 of the box, and corners move by more
    for pair in theirs.keys() | mine.keys():
        assert abs(theirs.get(pair, 0.0) - mine.get(pair, 0.0)) < fine * side, pair
    np.testing.assert_allclose(found.area, peer.volumes, atol=fine)
    order = freud.order.Hexatic(k=6)
    order.compute((freud.box.Box.square(side), flat), neighbors=peer.nlist)
    psi = structure.hexatic_order(points, side, cells=True)
    # six times the angle by which float32 turns the shortest way; a pair of a short edge may miss
    rounding = 6 * 4 * 2.0**-24 * (side / 2) / np.hypot(*found.d.T).min()
    if theirs.keys() == mine.keys():
        assert np.abs(psi - order.particle_order).max() < rounding
    assert (np.abs(psi - order.particle_order) < rounding).mean() > 0.99


def run_file(path, points, box):
    """Write a run of two frames of discs of diameter 1."""
    layout = particle_layout(
        time=np.arange(2.0), step=np.arange(2), members=1, particles=len(points), box=box, title="t"
    )
    spec = {"members": 1, "params": PARAMS, "simulator": "active"}
    stamp = {"run": "a", "simulator": "active", "spec_json": json.dumps(spec), "seed": 7}
    blocks = [Frame(k, float(k), points, box).block(0, k) for k in range(2)]
    write_h5md(path, layout, blocks, lambda: stamp)
    return path


PARAMS = {"model": "abp", "packing_fraction": 0.5, "interaction": {"kind": "wca", "diameter": 1.0}}


def test_measures_take_cells(tmp_path):
    lattice, box = hexagonal(12, 7, 1.2)
    with read_run(run_file(tmp_path / "lattice.h5md", lattice, box)) as run:
        found = MEASURES["hexatic"].function(run, run.members[0], cells=True)
        np.testing.assert_allclose(found.value, 1.0)
        assert "Voronoi cells share an edge" in found.convention
    gas_box = np.array([40.0, 30.0])
    rng = np.random.default_rng(2)
    crystal, _ = hexagonal(20, 8, 1.05)  # 320 in a corner, 40 elsewhere
    points = np.concatenate([crystal, rng.uniform([24, 0], [38, 30], (40, 2))])
    with read_run(run_file(tmp_path / "two.h5md", points, gas_box)) as run:
        found = MEASURES["local_density"].function(run, run.members[0], how="cells")
        local = structure.cell_densities(points, gas_box, 1) * math.pi / 4
        width = found.axis[1] - found.axis[0]
        assert found.value.sum() * width == pytest.approx(1)
        assert (found.value * found.axis).sum() * width == pytest.approx(local.mean(), abs=width)
        told = {name: value for name, value, _ in found.summary}
        assert told["mean packing fraction"] == pytest.approx(360 * math.pi / 4 / 1200)
        assert told["packing fraction of the dense phase"] == pytest.approx(
            math.pi / 4 / (1.05**2 * math.sqrt(3) / 2), rel=0.02
        )
        assert told["part of the particles in the dense phase"] > 0.5


def test_cells_go_without_sides_reaches_and_walls():
    sizes = {"position": Extent({"time": 2, "particle": 9, "axis": 2}, "float64", False)}
    for spec, params, text in (
        (
            {"measure": "local_density", "how": "cells", "side": 3.0},
            PARAMS,
            "side: cells have none",
        ),
        ({"measure": "hexatic", "cells": True, "reach": 1.2}, PARAMS, "reach: goes without cells"),
        (
            {"measure": "hexatic", "cells": True},
            {**PARAMS, "packing_fraction": None},
            "needs a per",
        ),
    ):
        with pytest.raises(ConfigError, match=text):
            plan.check("m", {"m": spec}, "active", sizes, "c:", "c: runs.a", params)


def test_weak_input_is_refused():
    with pytest.raises(ValueError, match="give the edges"):
        structure.voronoi(gas(10, 1.0), None)
    points = gas(50, 1.0)
    points[7] = points[3]
    with pytest.raises(ValueError, match="at the same place"):
        structure.voronoi(points, 1.0)
    with pytest.raises(ValueError, match="shells: must be 0 or more"):
        structure.cell_densities(gas(50, 1.0), 1.0, -1)
    with pytest.raises(ValueError, match="reach: goes without cells"):
        structure.hexatic_order(gas(50, 1.0), 1.0, reach=0.1, cells=True)
