"""Runs of active matter as a whole: parameters, states, files, restarts, what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import array_api_compat.numpy as xp
import h5py
import numpy as np
import pytest

from core import rng
from core.errors import ConfigError, EntroflowError, NumericsError
from core.store import read_h5md
from sims import active, plan
from sims.active import checks, forces, initial, observe, run, system
from sims.active.params import prepare

ROOT = Path(__file__).resolve().parent.parent
ABP = {
    "model": "abp", "particles": 150, "packing_fraction": 0.5, "self_propulsion_speed": 8.0,
    "rotational_diffusivity": 1.0, "translational_diffusivity": 0.2, "time_step": 2e-4,
    "t_end": 0.08, "frames": 5, "interaction": {"kind": "wca"},
}  # fmt: skip
AOUP = {
    "model": "aoup", "particles": 64, "packing_fraction": 0.5, "self_propulsion_speed": 0.025,
    "persistence_rate": 1e-2, "time_step": 0.1, "t_end": 20.0, "frames": 3,
    "interaction": {"kind": "softplus", "beta": 7.5, "diameter": 2.0},
}  # fmt: skip


def made(given, members=1, resume=lambda layout: None):
    params = prepare(given, "p")
    return active.trajectories(
        params, lambda m: rng.generator(3, "sims", "a", m), xp, members, resume
    )


def collected(blocks):
    return {k: np.stack([b.values[k] for b in blocks], axis=1) for k in blocks[0].values}


def simulate(path, given, *more, **options):
    spec = json.dumps({"simulator": "active", "params": given, **options})
    command = [sys.executable, "-m", "sims", "swim", "--spec", spec, "-o", str(path), *more]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def datasets(path):
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[...]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


@pytest.mark.parametrize("given", [ABP, AOUP, {**ABP, "integrator": "heun", "skin": 0.5}])
def test_a_run_gives_what_its_layout_says(given):
    one = made(given, members=2)
    values = collected(list(one.blocks))
    assert values.keys() == one.layout.fields.keys() == active.fields(prepare(given, "p")).keys()
    count, edge = given["particles"], one.layout.constants["box"].values
    frames = given["frames"]
    assert values["position"].shape == (2, frames, count, 2)
    assert (values["position"] >= 0).all() and (values["position"] < edge).all()
    assert not np.array_equal(values["position"][0], values["position"][1])
    assert (values["swim_work"][:, 0] == 0).all()
    np.testing.assert_allclose(values["work"].sum(axis=-1), values["swim_work"], atol=1e-12)
    assert one.notes()["particle_steps"] == 2 * count * round(given["t_end"] / given["time_step"])
    assert "particle-steps" in one.status()
    name = "active" if given["model"] == "aoup" else "orientation"
    assert values[name].shape == values["position"].shape
    # unwrapped positions move by little from frame to frame
    whole = values["position"] + values["image"] * edge
    apart = given["t_end"] / (frames - 1)
    far = 4 * given["self_propulsion_speed"] * apart + 6 * np.sqrt(
        2 * given.get("translational_diffusivity", 0) * apart
    )
    assert np.abs(np.diff(whole, axis=1)).max() < far


def test_time_work_and_images_count_from_the_end_of_the_thermalisation():
    one = made({**ABP, "thermalization": 0.0301})
    values = collected(list(one.blocks))
    assert one.notes()["particle_steps"] == 150 * (400 + 151)
    assert one.layout.time[0] == 0 and (values["work"][0, 0] == 0).all()
    assert (values["image"][0, 0] == 0).all()
    assert not np.array_equal(
        values["position"][0, 0], collected(list(made(ABP).blocks))["position"][0, 0]
    )
    params = prepare({**ABP, "thermalization": 0.0301}, "p")
    simulation = run.begin(params, np.random.default_rng(1))
    list(run.thermalise([simulation], {"particle_steps": 0}))
    assert simulation.time == 0


def test_plan_tells_sizes_and_complete_parameters():
    from core.config import RunEntry

    extents, params = plan.check(RunEntry("active", ABP), "r")
    assert extents["position"].sizes == {"time": 5, "particle": 150, "axis": 2}
    assert extents["virial_pressure"].sizes == {"time": 5}
    assert params["interaction"]["kind"] == "wca"
    assert prepare(params, "p") == prepare(ABP, "p")
    assert "packing_fraction" in active.describe()


def test_a_member_and_a_frame_do_not_depend_on_the_others():
    two = collected(list(made(ABP, members=2).blocks))
    one = collected(list(made(ABP, members=1).blocks))
    for name, values in one.items():
        np.testing.assert_array_equal(values[0], two[name][0], err_msg=name)


@pytest.mark.parametrize(
    "given", [ABP, {**AOUP, "model": "rtp", "persistence_rate": None, "tumble_rate": 0.3}]
)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(given):
    blocks, states = [], []
    for block in made(given, members=2).blocks:
        blocks.append(block)
        states.append(block.state())
    resumed = list(made(given, members=2, resume=lambda layout: (1, states[1])).blocks)
    assert [b.frame for b in resumed] == [b.frame for b in blocks[2:]]
    for one, other in zip(resumed, blocks[2:], strict=True):
        for name in other.values:
            np.testing.assert_array_equal(one.values[name], other.values[name], err_msg=name)


def test_a_killed_run_is_finished_by_the_same_command_to_the_same_bits(tmp_path):
    given = {**ABP, "particles": 400, "frames": 41, "t_end": 1.6}
    whole, killed = tmp_path / "whole.h5md", tmp_path / "killed.h5md"
    plain = simulate(whole, given)
    first = simulate(killed, given, "--checkpoint-every", "0")
    kept = tmp_path / "killed.h5md.checkpoint"
    until = time.monotonic() + 120
    while not kept.exists() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    plain.communicate()
    assert plain.returncode == 0
    assert kept.exists() and not killed.exists()
    again = simulate(killed, given)
    assert "going on after frame" in again.communicate()[1]
    assert not kept.exists()
    one, other = datasets(whole), datasets(killed)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_run_goes_on_from_any_point_on_the_way_to_a_frame(monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 150 * 100.0)  # a hundred steps
    given = {**ABP, "thermalization": 0.05, "frames": 3}  # 250 steps, and 200 to a frame
    points = [(b, b.state()) for b in made(given, members=2).blocks]
    assert [(b.frame, bool(b.values)) for b, _ in points] == [
        (-1, False), (-1, False), (0, True), (0, False), (1, True), (1, False), (2, True)
    ]  # fmt: skip
    whole = collected([b for b, _ in points if b.values])
    for k, (block, state) in enumerate(points[:-1]):
        at = int(block.frame)
        rest = list(made(given, 2, lambda layout, at=at, s=state: (at, s)).blocks)
        assert [b.frame for b in rest] == [b.frame for b, _ in points[k + 1 :]]
        after = collected([b for b in rest if b.values])
        for name in whole:
            np.testing.assert_array_equal(after[name], whole[name][:, at + 1 :], err_msg=name)


def test_a_run_killed_while_it_thermalises_goes_on_from_there_to_the_same_bits(tmp_path):
    given = {**ABP, "particles": 400, "thermalization": 30.0}  # 6e7 particle-steps, three pieces
    whole, killed = tmp_path / "whole.h5md", tmp_path / "killed.h5md"
    first = simulate(killed, given, "--checkpoint-every", "0")
    kept = tmp_path / "killed.h5md.checkpoint"
    until = time.monotonic() + 120
    while not kept.exists() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert kept.exists() and not killed.exists()
    again = simulate(killed, given)
    assert "going on before the first frame" in again.communicate()[1]
    assert not kept.exists()
    plain = simulate(whole, given)
    plain.communicate()
    one, other = datasets(whole), datasets(killed)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_file_starts_another_run_and_a_truncated_one_is_told(tmp_path):
    path = tmp_path / "run.h5md"
    assert simulate(path, ABP).communicate()[1] == ""
    again = {**ABP, "initial": "file", "path": str(path)}
    start = next(iter(made(again).blocks)).values
    with read_h5md(path) as done:
        np.testing.assert_array_equal(
            start["position"][0], np.asarray(done.members[0].fields["position"][-1])
        )
    with pytest.raises(ConfigError, match="holds"):
        next(iter(made({**again, "particles": 20}).blocks))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(EntroflowError, match="cannot be read as HDF5"):
        next(iter(made(again).blocks))


@pytest.mark.parametrize(
    ("start", "packing"),
    [
        ("lattice", 0.3),
        ("lattice", 0.9),
        ("random", 0.2),
        ("random", 0.7),
        ("random", 0.85),
        ("slab", 0.5),
    ],
)
@pytest.mark.parametrize("particles", [37, 400])
def test_initial_states_fill_the_box_without_overlap(start, packing, particles):
    params = prepare({**ABP, "particles": particles, "packing_fraction": packing,
                      "self_propulsion_speed": 0.1, "initial": start}, "p")  # fmt: skip
    x, e, _ = initial.start(params, np.random.default_rng(1))
    edge = system.edges(params)
    assert edge.prod() == pytest.approx(particles * np.pi / 4 / packing)
    gap = forces.nearest_image(x[:, None] - x[None], edge)
    r = np.sqrt((gap**2).sum(axis=-1))[np.triu_indices(particles, 1)]
    few = particles < 100  # rows and columns of few particles fit a square less well
    assert r.min() > (0.8 if few and start != "random" else initial.APART) * 0.99
    np.testing.assert_allclose((e**2).sum(axis=1), 1)
    if start == "slab":
        cells, _ = np.histogram(x[:, 0] % edge[0], bins=8)
        assert cells.max() > 5 * cells.min()


@pytest.mark.parametrize(("diameter", "polydispersity"), [(1.0, 0.0), (0.1, 0.0), (1.0, 0.1)])
def test_random_discs_come_apart_where_pushing_alone_jams(diameter, polydispersity, monkeypatch):
    monkeypatch.setattr(initial, "COOLING", (400,))  # the first is enough
    packing = 0.89 if polydispersity == 0 else 0.85
    about = {"kind": "harmonic", "diameter": diameter, "polydispersity": polydispersity}
    params = prepare({**ABP, "particles": 900, "packing_fraction": packing, "interaction": about,
                      "self_propulsion_speed": 0.01 * diameter, "skin": 0.35 * diameter,
                      "translational_diffusivity": 0.0}, "p")  # fmt: skip
    x, _, size = initial.start(params, np.random.default_rng(1))
    size = np.ones(900) if size is None else size
    gap = forces.nearest_image(x[:, None] - x[None], system.edges(params))
    r = np.sqrt((gap**2).sum(axis=-1)) / (0.5 * diameter * (size[:, None] + size[None]))
    assert r[np.triu_indices(900, 1)].min() > initial.APART * 0.9999
    again, _, _ = initial.start(params, np.random.default_rng(1))
    other, _, _ = initial.start(params, np.random.default_rng(2))
    assert np.array_equal(x, again) and not np.array_equal(x, other)
    # there is no lattice: its few sharp peaks of S(q) would be near N
    q = 2 * np.pi / system.edges(params)[0] * np.stack(np.meshgrid(np.arange(1, 40), np.arange(40)))
    sharp = np.abs(np.exp(1j * np.einsum("aij,na->ijn", q, x)).sum(axis=-1)) ** 2 / 900
    assert sharp.max() < 0.7 * 900
    if polydispersity == 0:
        monkeypatch.setattr(initial, "WARM", 0.0)
        with pytest.raises(ConfigError, match="random particles do not come apart at this density"):
            initial.start(params, np.random.default_rng(1))


def test_mixtures_and_mixed_sizes():
    kinds = [
        {"count": 40, "self_propulsion_speed": 0.0},
        {"count": 60, "rotational_diffusivity": 5.0},
    ]
    given = {**ABP, "particles": kinds, "interaction": {"kind": "wca", "polydispersity": 0.1}}
    values = collected(list(made(given).blocks))
    assert np.bincount(values["species"][0, 0]).tolist() == [40, 60]
    assert (values["work"][0, -1, :40] == 0).all() and (values["work"][0, -1, 40:] != 0).all()
    size = values["diameter"][0]
    assert (size[0] == size[-1]).all()
    assert size[0].std() == pytest.approx(0.1, rel=0.3)
    params = prepare(given, "p")
    area = system.edges(params).prod()
    assert np.pi / 4 * (size[0] ** 2).sum() / area == pytest.approx(0.5, rel=0.1)


def test_observables_are_those_of_all_pairs():
    simulation = run.begin(prepare(ABP, "p"), np.random.default_rng(2))
    simulation.advance(300)
    simulation.list_anew()
    found = observe.observables(simulation)
    params = simulation.params
    law, edge = system.pair(params), system.edges(params)
    x, e = (
        simulation.by_number(simulation.particles.x),
        simulation.by_number(simulation.particles.e),
    )
    gap = forces.nearest_image(x[:, None] - x[None], edge)
    r = np.sqrt((gap**2).sum(axis=-1)) + 1e9 * np.eye(len(x))
    push = forces.force(law, r)
    n = len(x)
    assert found["potential_energy"] == pytest.approx(forces.energy(law, r).sum() / 2 / n)
    assert found["virial_pressure"] == pytest.approx((push * r).sum() / 4 / edge.prod())
    assert found["contacts"] == pytest.approx((r < law.cutoff).sum() / n)
    speed = (e * (8.0 * e + forces.by_all_pairs(law, x, edge))).sum() / n
    assert found["effective_speed"] == pytest.approx(speed)
    h = 1e-5  # the divergence of the force, by differences
    total = 0.0
    for d in range(2):
        for i in range(n):
            step = np.zeros_like(x)
            step[i, d] = h
            ahead, behind = (forces.by_all_pairs(law, x + s * step, edge) for s in (1, -1))
            total -= (ahead[i, d] - behind[i, d]) / (2 * h)
    assert found["laplacian"] == pytest.approx(total / n, rel=1e-5)


def test_clusters_are_those_that_hang_together():
    first, second = np.array([0, 1, 4, 6]), np.array([1, 2, 5, 7])
    assert observe.largest_cluster(9, first, second) == pytest.approx(3 / 9)


def test_nan_names_the_particle_and_the_time():
    simulation = run.begin(prepare(ABP, "p"), np.random.default_rng(2))
    simulation.advance(10)
    place = int(np.flatnonzero(simulation.order() == 77)[0])
    simulation.particles.x[1, place] = np.nan
    with pytest.raises(NumericsError, match=r"particle \d+: .* not finite at t = 0.0022"):
        simulation.advance(50)


def test_a_particle_that_crosses_the_box_in_a_step_is_an_error():
    simulation = run.begin(prepare(ABP, "p"), np.random.default_rng(2))
    place = int(np.flatnonzero(simulation.order() == 5)[0])
    simulation.particles.speed[place] = 1e6
    with pytest.raises(
        NumericsError, match=r"particle 5: it moved too far in one step at t = 0\.0002"
    ):
        simulation.advance(50)


def test_a_step_near_the_limit_is_warned_of(capsys):
    given = {**AOUP, "interaction": {**AOUP["interaction"], "strength": 2.0}}
    prepare(given, "p")
    assert "warning: time_step: 0.1 is near the limit" in capsys.readouterr().err


def test_the_stiffest_mode_is_that_of_the_matrix():
    # a hexagonal crystal of soft discs that just touch
    params = prepare({**ABP, "particles": 36, "box": (6.0, 27**0.5),
                      "packing_fraction": None,
                      "initial": "lattice", "self_propulsion_speed": 0.1,
                      "interaction": {"kind": "harmonic", "strength": 1.0}}, "p")  # fmt: skip
    x = initial.lattice(params, np.random.default_rng(1)) * (1 - 1e-9)
    edge, law, h = system.edges(params) * (1 - 1e-9), system.pair(params), 1e-11
    hessian = np.zeros((72, 72))
    for k in range(72):
        step = np.zeros(72)
        step[k] = h
        ahead, behind = (
            forces.by_all_pairs(law, x + s * step.reshape(36, 2), edge) for s in (1, -1)
        )
        hessian[:, k] = -(ahead - behind).ravel() / (2 * h)
    largest = np.linalg.eigvalsh((hessian + hessian.T) / 2).max()
    assert largest < checks.NEIGHBOURS * 1.01
    assert largest > 0.5 * checks.NEIGHBOURS


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"model": "apb"}, r"p\.model: no 'apb'; did you mean 'abp'"),
        ({"particels": 3}, r"p\.particels: unknown key; did you mean 'particles'"),
        ({"particles": 0}, r"p\.particles: must be 1 or more, got 0"),
        ({"particles": [{"cuont": 3}]}, r"p\.particles\[0\]\.cuont: unknown key"),
        ({"particles": [{"count": 0}]}, r"p\.particles\[0\]\.count: must be 1 or more"),
        ({"rotational_diffusivity": 0.0}, r"p\.rotational_diffusivity: must be positive, got 0"),
        ({"rotational_diffusivity": None}, r"p\.rotational_diffusivity: missing; abp needs it"),
        ({"translational_diffusivity": -1.0}, r"p\.translational_diffusivity: must be 0 or more"),
        ({"persistence_rate": 1.0}, r"p\.persistence_rate: abp has none; remove it"),
        ({"model": "aoup", "rotational_diffusivity": None}, r"p\.persistence_rate: missing"),
        ({"mobility": 0.0}, r"p\.mobility: must be positive"),
        ({"dimension": 3}, r"p\.dimension: must be 1 or 2"),
        ({"dimension": 1}, r"p\.dimension: headings do not rotate in 1-D; use rtp or aoup"),
        ({"packing_fraction": 0.95}, r"p\.packing_fraction: packing 0\.95 is too dense for wca"),
        ({"packing_fraction": 0.904}, r"p\.initial: random discs do not come apart.*use lattice"),
        ({"packing_fraction": 0.0}, r"p\.packing_fraction: must be positive"),
        ({"box": 9.0}, r"p\.box: packing_fraction makes the box"),
        ({"packing_fraction": None, "box": (9.0, -1.0)}, r"p\.box: edges must be positive"),
        ({"particles": 2}, r"p\.particles: the box of 1\.772 is smaller than twice the cutoff"),
        ({"particles": 6, "packing_fraction": 0.8, "skin": 0.9}, r"p\.skin: does not fit"),
        ({"skin": 0.01}, r"p\.skin: 0\.01 cannot hold.*use skin >= "),
        ({"time_step": 4e-3}, r"p\.time_step: 0\.004 is past stability.*use time_step <= "),
        ({"time_step": 3e-4}, r"p\.time_step: 0\.0003 does not divide .*use 0\.000298507"),
        ({"frames": 1}, r"p\.frames: must be 2 or more"),
        ({"t_end": -1.0}, r"p\.t_end: must be positive"),
        ({"trap": {"stiffness": 1.0}}, r"p\.trap: needs open space; remove packing_fraction"),
        ({"animate": "hue"}, r"p\.animate: no 'hue'"),
        ({"animate": "density", "packing_fraction": None}, r"p\.animate: films are of a periodic"),
        ({"animate": "heading", "model": "passive", "rotational_diffusivity": None},
         r"p\.animate: passive particles have no heading"),
        ({"initial": "file"}, r"p\.path: goes with initial: file"),
        ({"initial": "slab", "packing_fraction": 0.05}, r"p\.initial: slab needs a box"),
        ({"interaction": {"kind": "softplus"}}, r"p\.interaction\.beta: missing"),
        ({"interaction": {"kind": "wca", "beta": 2.0}}, r"p\.interaction: wca has neither beta"),
        ({"interaction": {"kind": "wca", "polydispersity": 0.6}}, r"p\.interaction\.poly"),
        ({"integrator": "heun", "alignment": {"strength": 1, "range": 1}}, r"p\.integrator: heun"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_line(given, text):
    merged = {**ABP, **given}
    with pytest.raises(ConfigError, match=text) as refused:
        prepare({k: v for k, v in merged.items() if v is not None}, "p")
    assert "\n" not in str(refused.value)
