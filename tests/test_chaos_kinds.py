"""Runs of flows, maps and delay equations together: one call, one file, one way to choose."""

import json

import h5py
import numpy as np
import pytest

from analysis import __main__ as analyse
from analysis.dynamics import lyapunov_spectrum
from analysis.figures import style
from core import rng
from core.backend import select
from core.config import RunEntry
from core.errors import ConfigError, NumericsError
from core.store import read_measure, write_run
from sims import __main__ as simulate
from sims import chaos, plan
from sims.chaos import delays, flow, maps, motion, tangent
from sims.chaos.granularity import spacing
from sims.chaos.system import KINDS, catalogue

MIXED = {"systems": ["Henon", "MackeyGlass", "Lorenz", "Tent"], "samples": 200, "trajectories": 3}
ALL = catalogue()


def made(params, seed=3, members=1):
    ready = chaos.prepare(params, "c:")
    return chaos.trajectories(
        ready, lambda m: rng.generator(seed, "sims", "r", m), select("cpu"), members
    )


def states(params, **more):
    found = made(params, **more)
    return {found.layout[block.part].path: block.values["state"] for block in found.blocks}


def test_one_call_moves_every_kind():
    times = np.arange(6.0)
    for name, module in (("Lorenz", flow), ("Henon", maps), ("MackeyGlass", delays)):
        found = motion.trajectory(ALL[name], times)
        assert (found == module.trajectory(ALL[name], times)).all()
        assert isinstance(
            motion.tangent(ALL[name]), (tangent if module is flow else module).Tangent
        )
        start = motion.onward(ALL[name], 3.0)
        rest = motion.trajectory(ALL[name], times[3:], start)
        np.testing.assert_allclose(rest, found[3:], rtol=0, atol=1e-8)
    with pytest.raises(ConfigError, match="Henon: a map has no state"):
        motion.trajectory(ALL["Henon"], times / 2)
    assert (motion.onward(ALL["Henon"], 2.2) == motion.onward(ALL["Henon"], 3)).all()


@pytest.mark.parametrize("name", ["Lorenz", "Henon", "MackeyGlass"])
def test_one_call_gives_the_exponents_of_every_kind(name):
    system = ALL[name]
    start = motion.onward(system, 100.0 * system.period)
    found = lyapunov_spectrum(
        motion.tangent(system, start, exponents=2), 400.0 * system.period, system.period
    )
    assert found.exponents[0] > 3 * found.standard_errors[0] > 0
    assert len(found.exponents) == max(2, system.dimension)


def test_a_run_holds_systems_of_all_kinds():
    found = made(MIXED)
    layouts = {layout.path: layout for layout in found.layout}
    values = {found.layout[block.part].path: block.values["state"] for block in found.blocks}
    for name, layout in layouts.items():
        system = ALL[name]
        apart = 1.0 if system.kind == "map" else system.period / 100
        np.testing.assert_allclose(np.diff(layout.time), apart, rtol=1e-9)
        assert values[name].shape == (3, 200, system.dimension)
        assert layout.attributes["kind"] == system.kind
        assert layout.attributes["points_per_period"] == pytest.approx(system.period / apart)
        starts = values[name][:, 0]
        assert len(np.unique(starts, axis=0)) == 3  # each from a point of its own
    assert layouts["Tent"].attributes["integrator"] == "iteration in words of 64 bits"
    assert layouts["Henon"].attributes["integrator"] == "iteration"
    assert layouts["MackeyGlass"].attributes["integrator"] == "dop853, method of steps"
    henon = values["Henon"]
    np.testing.assert_allclose(henon[:, 1:], ALL["Henon"].rate(henon[:, :-1]), atol=1e-14)


def test_other_systems_and_more_trajectories_move_nothing():
    both = states(MIXED)
    for name in MIXED["systems"]:
        alone = states({**MIXED, "systems": [name], "trajectories": 5})[name]
        assert (alone[:3] == both[name]).all()
    other = states(MIXED, seed=4)
    assert (other["Henon"][0] == both["Henon"][0]).all()
    assert (other["Tent"][0] != both["Tent"][0]).any()  # its digits are drawn


def test_the_first_samples_are_the_catalogues_point_without_a_transient():
    for name, found in states({**MIXED, "transient": 0.0}).items():
        assert (found[0, 0] == ALL[name].initial_condition).all()


def test_the_same_seed_gives_the_same_file(tmp_path):
    hashes = []
    for name in ("a", "b"):
        found = made(MIXED)
        write_run(tmp_path / name, found.layout, found.blocks, lambda: {"spec_json": "{}"})
        with h5py.File(tmp_path / name) as file:
            hashes.append(file.attrs["sha256"])
            assert file["systems/MackeyGlass"].attrs["kind"] == "delay"
            assert file["systems/Henon/state"].shape == (3, 200, 2)
    assert hashes[0] == hashes[1]


def test_all_is_everything_and_a_filter_tells_the_kinds():
    assert set(chaos.prepare({}, "c:").systems) == set(ALL)
    for kind in KINDS:
        found = chaos.prepare({"systems": {"kind": kind}}, "c:").systems
        assert found == tuple(catalogue(kind)) and len(found) >= 6
    flat = chaos.prepare({"systems": {"kind": "map", "dimension": 1}}, "c:").systems
    assert "Logistic" in flat and all(ALL[name].dimension == 1 for name in flat)


def test_everything_can_be_sampled():
    """Every map and delay equation, three trajectories each: the shipped [all] must not break."""
    for kind in ("map", "delay"):
        found = states({"systems": {"kind": kind}, "samples": 50, "trajectories": 3})
        for name, values in found.items():
            assert np.isfinite(values).all() and values.std() > 0, name


REGULAR = [name for name, system in ALL.items() if system.regime == "periodic"]


@pytest.mark.parametrize("name", [*catalogue("map"), *REGULAR])
def test_the_usual_transient_ends_on_the_attractor(name):
    """What comes after 20 periods stays where the orbit is for long, later on."""
    system = ALL[name]
    bounded = [i for i, v in enumerate(system.variables) if v not in system.unbounded]
    if system.kind == "map":
        soon, late = 20.0 + np.arange(30), 2000 + np.arange(10_000.0)
    else:
        soon, late = np.linspace(20, 22, 30), np.arange(100, 400, 0.1)
    times = np.concatenate([[0.0], system.period * soon, system.period * late])
    states = motion.trajectory(system, times, rtol=1e-6, atol=1e-6)[1:][:, bounded]
    found, orbit = states[:30], states[30:]
    slack = 0.3 * orbit.std(axis=0)  # few visits to the rim are in so long an orbit
    assert (found >= orbit.min(axis=0) - slack).all()
    assert (found <= orbit.max(axis=0) + slack).all()


def test_maps_are_sampled_at_iterations():
    params = {"systems": ["Henon"], "samples": 40, "trajectories": 1}
    every = states(params)["Henon"]
    fifth = made({**params, "points_per_period": 0.2})
    assert list(fifth.layout[0].time[:3]) == [0, 5, 10]
    assert fifth.layout[0].attributes["points_per_period"] == pytest.approx(0.2)
    assert (next(iter(fifth.blocks)).values["state"][0, :8] == every[0, ::5]).all()
    assert (states({**params, "points_per_period": 1})["Henon"] == every).all()
    mixed = made({**MIXED, "points_per_period": 50})
    assert mixed.layout[0].time[1] == 1.0
    assert spacing(ALL["Lorenz"], 50, None) == ALL["Lorenz"].period / 50
    assert chaos.prepare(params, "c:").points_per_period == 1.0  # what measures are told
    assert chaos.prepare(MIXED, "c:").points_per_period == 100.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"systems": ["Henon"], "points_per_period": 20},
         "c: p.points_per_period: maps have no states between two iterations, got 20; use 1"),
        ({"systems": ["Henon", "Lorenz"], "points_per_period": 0.3},
         "c: p.points_per_period: Henon is a map, sampled every n-th iteration: 1 or 1/n"),
        ({"systems": ["Henno"]}, "c: p.systems[0]: no system 'Henno'; did you mean 'Henon'"),
        ({"systems": {"kind": "maps"}}, "c: p.systems.kind: no 'maps'; known: flow, map, delay"),
        ({"systems": {"kind": "map", "dimension": 9}}, "c: p.systems: no system is so"),
        ({"systems": ["MackeyGlass"], "parameters": {"tua": 3}}, "p.parameters.tua: unknown param"),
        ({"systems": ["MackeyGlass"], "parameters": {"tau": -3}}, "p.parameters.tau: a delay must"),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anything_runs(params, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare(params, "c: p")
    assert message in str(problem.value)


def test_a_map_that_escapes_is_named():
    params = {"systems": ["Henon"], "parameters": {"a": 3.0}}
    with pytest.raises(NumericsError, match="Henon: has blown up at iteration"):
        states(params)


def test_what_a_run_will_hold_is_known_before():
    entry = RunEntry("chaos", {"systems": ["Lorenz", "Logistic", "MackeyGlass"], "samples": 50})
    extents, params = plan.check(entry, "c: runs.a")
    assert dict(extents["state"].sizes) == {"time": 50, "component": 1}
    assert chaos.prepare(params, "c:").systems == ("Lorenz", "Logistic", "MackeyGlass")


def test_describe_lists_the_kinds():
    text = chaos.describe()
    for kind, name in (("flows:", "Lorenz"), ("maps:", "Henon"), ("delays:", "MackeyGlass")):
        assert name in text.split(kind)[1]
    assert len(chaos.TABLES) == 6  # three kinds, exponents, annotations, and a card's kernel


@pytest.mark.parametrize(
    ("systems", "shown"),
    [
        (["Henon", "Lozi"], "integrator iteration, 2 members"),
        (["Doubling"], "integrator iteration in words of 64 bits, seed"),
        (["Henon", "Lorenz"], "integrator iteration, dop853, rtol 1e-10, 2 members"),
        (["MackeyGlass"], "integrator dop853, method of steps, rtol 1e-10, seed"),
    ],
)
def test_figures_say_what_moved_the_systems(tmp_path, systems, shown):
    params = {"systems": systems, "samples": 40, "transient": 1.0}
    spec = json.dumps({"simulator": "chaos", "params": params})
    run, found = str(tmp_path / "run.h5"), str(tmp_path / "a.h5")
    simulate.main(["r", "--spec", spec, "-o", run])
    analyse.main(["attractor", run, "-o", found])
    assert shown in style.about(read_measure(found))


def test_a_system_that_has_no_such_measure_is_left_out(tmp_path, capsys):
    """A turning phase has no maxima: the others keep theirs."""
    params = {"systems": ["Lorenz", "ForcedVanDerPol"], "samples": 400, "points_per_period": 20}
    run, found = str(tmp_path / "run.h5"), str(tmp_path / "m.h5")
    simulate.main(["r", "--spec", json.dumps({"simulator": "chaos", "params": params}), "-o", run])
    maxima = {"observable": "series", "along": "time", "functional": "maxima"}
    analyse.main(["m", run, "--spec", json.dumps(maxima), "-o", found])
    assert list(read_measure(found).members) == ["Lorenz"]
    assert "left out: ForcedVanDerPol: " in capsys.readouterr().err
