"""The generator: spacing, distinct starts, splits, jitter, what is missing, what breaks down."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis import plan as analysis_plan
from core import config, rng
from core.backend import select
from core.errors import ConfigError, NumericsError
from core.store import read_run, write_run
from sims import chaos, plan
from sims.chaos import ensemble, flow, missing, sampling, spectra, splits
from sims.chaos.spectra import Exponents
from sims.chaos.system import catalogue

ROOT = Path(__file__).resolve().parent.parent
PLAIN = {"systems": ["Lorenz"], "samples": 300, "trajectories": 4, "transient": 5.0}
THIRDS = {"train": 0.5, "validation": 0.25, "test": 0.25}
LORENZ = Exponents((0.9056, 0.0, -14.5723), (0.001, 0.001, 0.001), 2.062, -13.667, 1000, 1e-10)
REGULAR = Exponents((0.0001, 0.0, -1.0), (0.001, 0.001, 0.001), 2.0, -1.0, 1000, 1e-10)
BISTABLE = """
[Bistable]
variables = "x"
equations = ["-(x + 1) - k*x**2"]
parameters = {k = 0.0}
initial_condition = [-1.0]
period = 1.0
regime = "transient"
citation = "none"
"""


def made(params, seed=3, members=1):
    ready = chaos.prepare(params, "c:")
    return chaos.trajectories(
        ready, lambda m: rng.generator(seed, "sims", "r", m), select("cpu"), members
    )


def blocks(params, **more):
    found = made(params, **more)
    return {found.layout[block.part].path: block for block in found.blocks}


def states(params, **more):
    return {name: block.values["state"] for name, block in blocks(params, **more).items()}


def written(path, params, **more):
    found = made(params, **more)
    spec = {"simulator": "chaos", "params": {}}
    origin = {"spec_json": json.dumps(spec), "run": "r", "seed": 3}
    write_run(path, found.layout, found.blocks, lambda: origin)
    return path


@pytest.fixture
def exponents(monkeypatch):
    table = {"Lorenz": LORENZ, "Torus": REGULAR}
    monkeypatch.setattr(spectra, "catalogued", lambda: table)


# spacing


def test_samples_lie_as_many_to_a_lyapunov_time_as_asked(exponents):
    found = made({**PLAIN, "points_per_lyapunov_time": 40})
    layout = found.layout[0]
    np.testing.assert_allclose(np.diff(layout.time), 1 / (0.9056 * 40), rtol=1e-10)
    assert layout.attributes["points_per_lyapunov_time"] == pytest.approx(40, rel=1e-12)
    gap = layout.time[1]
    assert layout.attributes["points_per_period"] == pytest.approx(
        catalogue()["Lorenz"].period / gap
    )
    by_period = made({**PLAIN, "points_per_period": 50}).layout[0]
    expected = 1 / (0.9056 * by_period.time[1])
    assert by_period.attributes["points_per_lyapunov_time"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"points_per_period": 100, "points_per_lyapunov_time": 30},
            "c: p.points_per_lyapunov_time: points_per_period is given too; remove one",
        ),
        (
            {"systems": ["Lorenz", "Torus"], "points_per_lyapunov_time": 30},
            "c: p.points_per_lyapunov_time: Torus has no positive Lyapunov exponent; use points",
        ),
        (
            {"systems": ["Lorenz"], "parameters": {"rho": 30}, "points_per_lyapunov_time": 30},
            "the catalogue holds no exponent for Lorenz as it is set here",
        ),
        ({"points_per_lyapunov_time": 0, "systems": ["Lorenz"]}, "must be positive, got 0"),
    ],
)
def test_a_spacing_that_cannot_be_had_is_refused(exponents, params, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare(params, "c: p")
    assert message in str(problem.value)


def test_complete_parameters_can_be_prepared_again(exponents):
    for params in (
        {},
        {"points_per_lyapunov_time": 9, "systems": ["Lorenz"]},
        {"pairs": [["Lorenz", "Rossler"]]},
        {"missing": {"fraction": 0.1, "block": 5}, "split": THIRDS, "trajectories": 4},
    ):
        ready = chaos.prepare(params, "c:")
        again = json.loads(json.dumps(plan.complete(ready)))
        assert plan.complete(chaos.prepare(again, "c:")) == plan.complete(ready)


# starts


def test_trajectories_share_no_stretch_of_the_attractor():
    """Of two segments of one orbit that overlap, one follows the other's path from its start on."""
    params = {**PLAIN, "samples": 1200, "points_per_period": 50, "apart": 3.0}
    block = blocks(params)["Lorenz"]
    found, times = block.values["state"], block.layout.time
    for k in range(3):
        fine = flow.trajectory(
            catalogue()["Lorenz"], np.linspace(0, times[-1], 20 * 1199 + 1), found[k, 0]
        )
        step = np.linalg.norm(np.diff(fine, axis=0), axis=1).max()
        near = np.flatnonzero(np.linalg.norm(fine - found[k + 1, 0], axis=1) < step)
        for at in near[near < 20 * 800]:  # a close pass, that goes elsewhere within 8 periods
            window = fine[at : at + 20 * 400 : 20]
            assert np.abs(window - found[k + 1][:400]).max() > 20 * step


def test_a_start_lies_as_long_after_the_last_end_as_drawn():
    lorenz = catalogue()["Lorenz"]
    found = states({**PLAIN, "apart": 2.0})["Lorenz"]
    # the chain runs at 1e-7; over 4 periods (6 time units) errors grow by exp(0.9 * 6) = 220
    times = np.linspace(0, 4 * lorenz.period, 4001)
    path = flow.trajectory(lorenz, times, found[0, -1])
    nearest = np.linalg.norm(path - found[1, 0], axis=1).argmin()
    close = np.linalg.norm(np.diff(path[nearest - 1 : nearest + 2], axis=0), axis=1).max()
    assert np.linalg.norm(path[nearest] - found[1, 0]) < close
    assert 2 * lorenz.period <= times[nearest] + 1e-2 <= 4 * lorenz.period + 2e-2


@pytest.mark.parametrize("name", ["HenonHeiles", "HenonHeilesChaotic"])
def test_conserved_energy_is_that_of_all_trajectories(name):
    """H of Henon and Heiles (1964) Astron. J. 69, 73; at 1e-10 it drifts by 1e-8 in 200 periods."""
    start = blocks({"systems": [name], "trajectories": 8, "samples": 500})[name].layout.constants
    x, y, p, q = start["initial_condition"].values.T
    energy = (p**2 + q**2 + x**2 + y**2) / 2 + x**2 * y - y**3 / 3
    assert np.ptp(energy) < 1e-6 * energy[0]


@pytest.mark.parametrize("noise", ["dynamical_noise", "observational_noise"])
def test_more_trajectories_move_no_noise(noise):
    few, more = ({**PLAIN, "samples": 100, noise: 0.1, "trajectories": n} for n in (2, 5))
    np.testing.assert_array_equal(states(more)["Lorenz"][:2], states(few)["Lorenz"])


def test_every_trajectory_follows_from_its_initial_condition():
    block = blocks(PLAIN)["Lorenz"]
    for k, start in enumerate(block.layout.constants["initial_condition"].values):
        again = flow.trajectory(catalogue()["Lorenz"], block.layout.time, start)
        assert (again == block.values["state"][k]).all()


# splits


@pytest.mark.parametrize(
    ("members", "sizes"),
    [(4, (2, 1, 1)), (3, (1, 1, 1)), (16, (8, 4, 4)), (10, (5, 3, 2)), (7, (3, 2, 2))],
)
def test_a_split_gives_each_part_one_at_least_and_its_share(members, sizes):
    found = splits.sizes(THIRDS, members)
    assert sum(found.values()) == members
    assert sorted(found.values()) == sorted(sizes)
    order = ["train", "test", "validation"]
    assert list(splits.labels(THIRDS, members)) == [n for n in order for _ in range(found[n])]


def test_the_order_in_which_a_split_is_written_changes_nothing():
    """A specification is kept as JSON with its keys sorted, and made again from there."""
    for split in (THIRDS, {"b": 0.2, "a": 0.2, "c": 0.6}, {"test": 0.8, "train": 0.2}):
        for key in (str, lambda name: [-ord(c) for c in name]):
            again = {name: split[name] for name in sorted(split, key=key)}
            assert (splits.labels(again, 11) == splits.labels(split, 11)).all()
            assert splits.ordered(again) == splits.ordered(split)
    assert splits.ordered({"test": 0.8, "train": 0.2}) == ["train", "test"]
    assert splits.ordered({"b": 0.2, "a": 0.2, "c": 0.6}) == ["c", "a", "b"]


def test_shares_are_those_asked_for():
    for members in range(3, 60):
        usual = {"train": 0.7, "validation": 0.15, "test": 0.15}
        found = splits.sizes(usual, members)
        assert min(found.values()) >= 1 and sum(found.values()) == members
        if members >= 10:  # beyond that no part needs help to have one
            assert all(abs(found[k] - usual[k] * members) < 1 for k in usual)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"train": 0.7, "test": 0.2}, "c: p.split: the fractions must sum to 1, got 0.9"),
        (
            {"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.2, "e": 0.2},
            "c: p.split: 5 parts need 5 trajectories or more, got 4",
        ),
        ({"train": 1.5, "test": -0.5}, "c: p.split.train: must be between 0 and 1, got 1.5"),
        ({"train": 1.0, "test": 0.0}, "c: p.split.train: must be between 0 and 1, got 1"),
        ({"train/x": 0.5, "test": 0.5}, "'train/x' is no name"),
    ],
)
def test_an_impossible_split_is_one_clear_line(split, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare({**PLAIN, "split": split}, "c: p")
    assert message in str(problem.value)


def test_members_carry_their_split(tmp_path):
    path = written(tmp_path / "run.h5", {**PLAIN, "split": THIRDS})
    with read_run(path) as run:
        assert [m.split for m in run.members] == ["train", "train", "test", "validation"]
    with h5py.File(path) as file:
        group = file["systems/Lorenz"]
        assert list(group["split"].asstr()) == ["train", "train", "test", "validation"]
        assert list(group["split"].dims[0].keys()) == ["member"]


def test_scale_is_that_of_the_first_part():
    """What is tested on must not be known when samples are standardised."""
    found = blocks({**PLAIN, "split": THIRDS, "standardize": True})["Lorenz"]
    train = found.values["state"][:2]
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(train.std(axis=(0, 1)), 1, rtol=1e-12)
    assert np.abs(found.values["state"].mean(axis=(0, 1))).max() > 1e-3
    back = found.layout.constants
    raw = found.values["state"] * back["deviation"].values + back["mean"].values
    np.testing.assert_allclose(raw, states(PLAIN)["Lorenz"], rtol=1e-12, atol=1e-12)


# parameters


def test_jitter_moves_every_parameter_of_every_trajectory_and_says_by_how_much():
    block = blocks({**PLAIN, "jitter": 0.05})["Lorenz"]
    drawn = block.layout.constants["parameters"]
    assert drawn.dims == ("member",) and drawn.values.shape == (4, 3)
    names = block.layout.attributes["parameter_names"]
    nominal = np.array([catalogue()["Lorenz"].parameters[name] for name in names])
    off = drawn.values / nominal - 1
    assert (np.abs(off) <= 0.05).all() and (np.abs(off) > 1e-5).all()
    assert len(np.unique(off)) == off.size
    assert block.layout.attributes["regime"] == ""
    for k in range(4):
        own = catalogue()["Lorenz"].changed(
            dict(zip(names, drawn.values[k].tolist(), strict=True)), ""
        )
        start = block.layout.constants["initial_condition"].values[k]
        assert (flow.trajectory(own, block.layout.time, start) == block.values["state"][k]).all()
    more = blocks({**PLAIN, "jitter": 0.05, "trajectories": 6})["Lorenz"]
    assert (more.values["state"][:4] == block.values["state"]).all()


def test_jitter_fills_its_range_on_both_sides():
    lorenz, draw = catalogue()["Lorenz"], np.random.default_rng(8)
    names = list(lorenz.parameters)
    drawn = [ensemble.jittered(lorenz, 0.05, draw).parameters for _ in range(600)]
    off = np.array([[one[n] / lorenz.parameters[n] - 1 for n in names] for one in drawn]) / 0.05
    # uniform from -1 to 1: mean 0 and variance 1/3 to 4 standard errors; the extremes near 1
    assert np.abs(off.mean(axis=0)).max() < 4 / np.sqrt(3 * 600)
    assert np.abs(off.var(axis=0) - 1 / 3).max() < 4 * np.sqrt(4 / 45 / 600)
    assert off.max() < 1 and off.min() > -1 and off.max() > 0.98 and off.min() < -0.98


def test_a_sweep_may_reach_into_parameters(tmp_path):
    entry = {"simulator": "chaos", "params": PLAIN, "sweep": {"parameters.rho": [28, 35.5]}}
    study = config.study({"runs": {"l": entry}}, "c.yaml:")
    assert list(study.runs) == ["l/parameters.rho~28", "l/parameters.rho~35.5"]
    found = [states(run.params)["Lorenz"] for run in study.runs.values()]
    assert found[1].std() > found[0].std()
    whole = config.study(
        {"runs": {"l": {**entry, "sweep": {"parameters": [{"rho": 28, "sigma": 9}, {"rho": 2}]}}}},
        "c.yaml:",
    )
    assert list(whole.runs) == ["l/parameters~rho~28_sigma~9", "l/parameters~rho~2"]
    beside = {**entry, "params": {"parameters": {"sigma": 9}}}
    run = next(iter(config.study({"runs": {"l": beside}}, "c.yaml:").runs.values()))
    assert run.params["parameters"] == {"sigma": 9, "rho": 28}
    with pytest.raises(ConfigError, match=r"sweep\.parameters\.rho: also given in params"):
        twice = {**entry, "params": {"parameters": {"rho": 9}}}
        config.study({"runs": {"l": twice}}, "c.yaml:")


# noise of the samples and what is missing


def test_observational_noise_of_a_trajectory_is_its_own():
    plain, noisy = states(PLAIN)["Lorenz"], states({**PLAIN, "observational_noise": 0.1})["Lorenz"]
    added = (noisy - plain) / plain.std(axis=(0, 1))
    correlation = np.corrcoef(added.reshape(4, -1)) - np.eye(4)
    assert np.abs(correlation).max() < 5 / np.sqrt(added[0].size)


def test_a_variable_without_end_gets_noise_by_its_deviations_alone():
    lorenz = catalogue()["Lorenz"]
    grown = np.stack([np.stack([np.arange(100.0) * 7 + 3, np.sin(np.arange(100.0))], -1)] * 2)

    two = replace(lorenz, variables=("u", "v"), unbounded=("u",))
    spread = sampling.spreads(grown, two)
    assert spread[0] == 0 and spread[1] == pytest.approx(grown[0, :, 1].std())


@pytest.mark.parametrize("block", [1, 7])
def test_as_many_samples_are_missing_as_asked_in_gaps_as_long(block):
    about = missing.Missing(0.21, block)
    found = missing.mask(about, 500, 6, np.random.default_rng(1))
    assert found.dtype == np.uint8 and found.shape == (500, 6)
    assert (found.sum(axis=0) == round(0.21 * 500 / block) * block).all()
    for column in found.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], column, [0]])))
        lengths = edges[1::2] - edges[::2]
        assert (lengths == block).all() if block > 1 else lengths.sum() == 105
    assert len(np.unique(found.T, axis=0)) == 6


def test_every_place_for_a_gap_is_as_likely():
    draw = np.random.default_rng(2)
    # 2 gaps of 2 in 8 samples, one between: C(8 - 2 - 1, 2) = 10 ways
    found = missing.mask(missing.Missing(0.5, 2), 8, 4000, draw).T
    ways, counts = np.unique(found, axis=0, return_counts=True)
    assert len(ways) == 10
    # chi squared of 9 degrees of freedom stays below 27.9 with probability 0.999
    assert ((counts - 400) ** 2 / 400).sum() < 27.9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (1.0, "c: p.missing: must be 0 or more and less than 1, got 1"),
        (-0.1, "must be 0 or more"),
        ({"fraction": 0.9, "block": 200}, "c: p.missing: 1 gaps of 200 do not fit into 200"),
        ({"fraction": 0.99, "block": 10}, "20 gaps of 10 do not fit into 200 samples"),
        ({"fraction": 0.01, "block": 100}, "0.01 of 200 samples is less than half a gap of 100"),
        ({"fraction": 0.1, "block": 0}, "c: p.missing.block: must be 1 or more"),
        ({"fracton": 0.1}, "c: p.missing.fracton: unknown key; did you mean 'fraction'"),
        ("some", "c: p.missing: expected keys and values"),
    ],
)
def test_gaps_that_cannot_be_had_are_refused(given, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare({"systems": ["Lorenz"], "samples": 200, "missing": given}, "c: p")
    assert message in str(problem.value)


def test_missing_samples_stay_true_in_the_file_and_are_nan_to_readers(tmp_path):
    path = written(tmp_path / "run.h5", {**PLAIN, "missing": {"fraction": 0.2, "block": 10}})
    plain = states(PLAIN)["Lorenz"]
    with h5py.File(path) as file:
        mask = file["systems/Lorenz/mask"][...]
        assert (file["systems/Lorenz/state"][...] == plain).all()
        assert file["systems/Lorenz/state"].attrs["mask"] == "mask"
    assert mask.dtype == np.uint8 and (mask.sum(axis=1) == 60).all()
    assert len(np.unique(mask.swapaxes(1, 2).reshape(12, 300), axis=0)) == 12  # each its own
    with read_run(path) as run:
        for k, member in enumerate(run.members):
            seen = member.fields["state"]
            assert (np.isnan(seen[...]) == (mask[k] == 1)).all()
            assert (np.isnan(seen[5:90, 1]) == (mask[k][5:90, 1] == 1)).all()
            assert (seen[...][mask[k] == 0] == plain[k][mask[k] == 0]).all()
            assert (seen.true() == plain[k]).all() and seen.masked
    extents, _ = plan.check(config.RunEntry("chaos", {**PLAIN, "missing": 0.1}), "c: runs.a")
    assert extents["mask"].dtype == "uint8"


def test_a_measure_of_a_run_with_gaps_is_refused_before_any_job(tmp_path):
    extents, _ = plan.check(config.RunEntry("chaos", {**PLAIN, "missing": 0.1}), "c: runs.a")
    ordinal = {"hc": {"observable": "ordinal", "functional": "complexity", "along": "time"}}
    for name in ("hc", "attractor"):
        with pytest.raises(ConfigError) as problem:
            analysis_plan.check(name, ordinal, "chaos", extents, "c:", "c: runs.a")
        assert f"c: runs.a.measures: '{name}' cannot be had of it: samples of state" in str(
            problem.value
        )
    whole, _ = plan.check(config.RunEntry("chaos", PLAIN), "c: runs.a")
    analysis_plan.check("hc", ordinal, "chaos", whole, "c:", "c: runs.a")
    path = written(tmp_path / "run.h5", {**PLAIN, "missing": 0.1})
    with read_run(path) as run:  # a file says the same as its plan
        assert run.members[0].extents() == extents


def test_time_goes_on_where_the_equations_know_it():
    """All trajectories of Torus lie on one torus, (sqrt(x^2 + y^2) - r)^2 + z^2 = a^2."""
    params = {**PLAIN, "systems": ["Torus"], "dynamical_noise": 0.0}
    block = blocks(params)["Torus"]
    x, y, z = np.moveaxis(block.values["state"], -1, 0)
    np.testing.assert_allclose((np.hypot(x, y) - 1.0) ** 2 + z**2, 0.25, atol=1e-4)
    begins = block.layout.constants["start_time"].values
    assert (np.diff(begins) > block.layout.time[-1]).all()
    system, start = catalogue()["Torus"], block.layout.constants["initial_condition"].values[1]
    again = flow.trajectory(system, begins[1] + block.layout.time, start)
    np.testing.assert_array_equal(again, block.values["state"][1])
    assert "start_time" not in blocks(PLAIN)["Lorenz"].layout.constants


# what breaks down


@pytest.fixture
def bistable(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(BISTABLE)
    return str(path)


def test_trajectories_that_break_down_are_left_out_and_named(bistable):
    ready = chaos.prepare({"systems": ["Bistable"], "file": bistable}, "c:")
    system = chaos.params.flows(ready)[0]
    systems = [system.changed({"k": k}, "") for k in (0.0, 0.0, 5.0, 0.0, 5.0, 0.0)]
    found = ensemble.ensemble(
        systems, np.arange(300) * 0.01, np.zeros(6), rng.generator, rtol=1e-9, atol=1e-9
    )
    assert found.numbers == (0, 1, 3, 5) and len(found.starts) == 4
    assert [line.split(":")[0] for line in found.lost] == ["Bistable.2", "Bistable.4"]
    # dx/dt = -(x + 1) - 5 x^2 from -1: the integral of 1/(5 x^2 + x + 1) to -inf, over sqrt(19)/2
    end = (np.pi / 2 - np.arctan(9 / np.sqrt(19))) * 2 / np.sqrt(19)
    assert all(f"collapsed at t = {end:.4f}"[:-2] in line for line in found.lost)
    assert np.isfinite(found.states).all() and (found.starts[2] != found.starts[1]).all()


def test_a_run_goes_on_without_a_system_and_says_so(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(BISTABLE.replace("k = 0.0", "k = 5.0").replace("Bistable", "Away"))
    spec = {
        "simulator": "chaos",
        "params": {**PLAIN, "systems": ["Away", "Lorenz"], "file": str(mine)},
    }
    path = tmp_path / "run.h5"
    command = [sys.executable, "-m", "sims", "few", "--spec", json.dumps(spec), "-o", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "few: left out: Away.0: step size collapsed at t = 0.2" in done.stderr
    with h5py.File(path) as file:
        assert list(file["systems"]) == ["Lorenz"]
        assert [line.split(":")[0] for line in file.attrs["failed"]] == [
            f"Away.{k}" for k in range(4)
        ]
        assert file.attrs["title"] == "1 systems"
    with read_run(path) as run:
        assert [m.label for m in run.members] == [f"Lorenz.{k}" for k in range(4)]


def test_a_run_of_which_nothing_is_left_is_an_error(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(BISTABLE.replace("k = 0.0", "k = 5.0").replace("Bistable", "Away"))
    params = {"systems": ["Away"], "file": str(mine), "samples": 300, "trajectories": 3}
    with pytest.raises(NumericsError, match=r"nothing is left of this run: Away.0: .*and 2 more"):
        states(params)
    assert not list(tmp_path.glob("*.h5"))


def test_members_keep_their_numbers_where_others_are_lost(tmp_path, monkeypatch):
    whole = written(tmp_path / "all.h5", PLAIN)
    usual, calls = flow.trajectory, []

    def once(system, times, initial=None, **more):
        calls.append(len(times))
        if calls.count(300) == 2 and len(times) == 300:
            raise NumericsError(f"{system.name}: step size collapsed at t = 2")
        return usual(system, times, initial, **more)

    monkeypatch.setattr(flow, "trajectory", once)
    parts = {"test": 0.5, "train": 0.5}  # with 1 lost, 0 alone is left of train
    calls.clear()
    scaled = blocks({**PLAIN, "split": parts, "standardize": True})["Lorenz"].values["state"]
    np.testing.assert_allclose(scaled[0].mean(axis=0), 0, atol=1e-12)
    calls.clear()
    path = written(tmp_path / "run.h5", {**PLAIN, "split": THIRDS})
    with h5py.File(path) as file, h5py.File(whole) as other:
        assert list(file["systems/Lorenz/member"]) == [0, 2, 3]
        assert list(file.attrs["failed"]) == ["Lorenz.1: step size collapsed at t = 2"]
        assert (file["systems/Lorenz/state"][0] == other["systems/Lorenz/state"][0]).all()
    with read_run(path) as run:
        assert [m.label for m in run.members] == ["Lorenz.0", "Lorenz.2", "Lorenz.3"]
        assert [m.split for m in run.members] == ["train", "test", "validation"]
        assert [m.name for m in run.members] == ["0", "1", "2"]


def test_a_value_too_large_for_the_type_loses_its_trajectory(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(BISTABLE.replace("-(x + 1)", "x").replace("[-1.0]", "[1.0]"))
    params = {"systems": ["Bistable", "Lorenz"], "file": str(mine), "samples": 1000,
              "points_per_period": 5.0, "transient": 0.0}  # fmt: skip
    found = blocks({**params, "dtype": "float32"})
    assert found["Bistable"].lost == ("Bistable: too large for float32",)
    assert not found["Bistable"].values and found["Lorenz"].values


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"jitter": 1.0}, "c: p.jitter: must be 0 or more and less than 1, got 1"),
        ({"apart": 0, "trajectories": 2}, "c: p.apart: must be positive"),
        ({"dynamical_noise": -1}, "c: p.dynamical_noise: must be 0 or more, got -1"),
        ({"split": [1]}, "c: p.split: expected a mapping"),
    ],
)
def test_wrong_numbers_are_told_before_anything_runs(params, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare({"systems": ["Lorenz"], **params}, "c: p")
    assert message in str(problem.value)
