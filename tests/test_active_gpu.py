"""The kernels of active matter in CUDA C: run by this machine's processor, and by a card if any.

Every test runs the same kernels: as C++, thread by thread, and, marked gpu, on a card.
"""

import shutil
import subprocess
from dataclasses import replace
from math import exp, pi, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from devices import NAMES, STRICT, device
from scipy import stats

from core import backend, rng
from core.errors import ConfigError, NumericsError
from sims import active, devices, plan
from sims.active import forces, initial, run, system, twin
from sims.active.gpu import engine, neighbours, source
from sims.active.params import prepare

SIGMAS = 4.5
LAWS = {
    "wca": {"kind": "wca", "strength": 1.3, "diameter": 0.9},
    "harmonic": {"kind": "harmonic", "strength": 40.0},
    "softplus": {"kind": "softplus", "strength": 2.5, "diameter": 2.0, "beta": 7.5},
}
# Random123's own answers: counter, key, output.
KNOWN = (
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
)  # fmt: skip
ABP = {
    "model": "abp", "particles": 120, "packing_fraction": 0.5, "self_propulsion_speed": 8.0,
    "rotational_diffusivity": 1.0, "translational_diffusivity": 0.2, "time_step": 1e-4,
    "t_end": 1.0, "interaction": {"kind": "wca"},
}  # fmt: skip


@pytest.fixture(params=NAMES)
def on(request):
    return device(request.param)


def scattered(draw, n, edge, apart):
    """Return n points of a box, none nearer than `apart`, so that forces keep their size."""
    found = []
    while len(found) < n:
        trial = draw.uniform(0, edge)
        gaps = np.array(found).reshape(-1, len(edge)) - trial
        gaps -= edge * np.round(gaps / edge)
        if not (np.hypot.reduce(gaps, axis=1) < apart).any():
            found.append(trial)
    return np.array(found)


def made(on, given, x, e=None, size=None, seed=5):
    base = {
        "model": "passive", "particles": len(x), "dimension": x.shape[1], "time_step": 1e-4,
        "t_end": 1.0, "translational_diffusivity": 0.1,
    }  # fmt: skip
    merged = {**base, **{k: v for k, v in given.items() if k != "box"}}
    params = prepare({k: v for k, v in merged.items() if v is not None}, "p")
    params = replace(params, box=given.get("box"))  # denser than a run may be
    key = np.array([seed, 77], dtype=np.uint32)
    e = np.tile([1.0, 0.0][: x.shape[1]], (len(x), 1)) if e is None else e
    simulation = engine.Simulation(params, x, e, key, size, device=on)
    simulation.list_anew()
    return simulation


def begun(on, given, seed=1):
    base = {"t_end": 1.0, "frames": 2, "self_propulsion_speed": 0.8}
    params = prepare({**base, **given}, "p")
    return engine.begin(params, rng.generator(seed, "sims", "test", 0), on)


def forces_of(simulation):
    simulation.act()
    return simulation.by_number(simulation.particles.f)


def philox(counter, key):
    """Return Philox4x32-10 of counters (n, 4) and keys (n, 2), by NumPy."""
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k = [key[:, i].astype(np.uint64) for i in range(2)]
    low = np.uint64(2**32 - 1)
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ k[0], b & low, (a >> np.uint64(32)) ^ c[3] ^ k[1],
             a & low]  # fmt: skip
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return np.stack(c, axis=1)


def uniforms(key, n, step, purpose):
    counter = np.zeros((n, 4))
    counter[:, 0], counter[:, 1], counter[:, 2] = np.arange(n), purpose, step
    words = philox(counter, np.tile(key, (n, 1)))
    pair = (words[:, 0::2] << np.uint64(32)) | words[:, 1::2]
    return ((pair >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def normals(key, n, step, purpose):
    u = uniforms(key, n, step, purpose)
    r = np.sqrt(-2 * np.log(u[:, :1]))
    return r * np.stack([np.cos(2 * pi * u[:, 1]), np.sin(2 * pi * u[:, 1])], axis=1)


def test_the_generator_gives_the_published_words(on):
    xp, kernels = on.xp, on.kernels(source.text())
    counter, key, words = (np.array(column, dtype=np.uint32) for column in zip(*KNOWN, strict=True))
    out = xp.zeros((3, 4), dtype=xp.uint32)
    kernels["random_words"](3, np.int32(3), xp.asarray(key), xp.asarray(counter), out)
    np.testing.assert_array_equal(backend.to_host(out), words)
    np.testing.assert_array_equal(philox(counter, key), words)


def test_normal_numbers_are_normal_and_independent(on):
    xp, kernels, n = on.xp, on.kernels(source.text()), 100_000
    found = []
    for step in (7, 8, 7 + 2**32):
        out = xp.zeros((n, 2))
        key = xp.asarray(np.array([11, 12], dtype=np.uint32))
        kernels["random_normals"](n, np.int32(n), np.uint64(step), key, out)
        found.append(backend.to_host(out))
    z = np.concatenate(found, axis=1)  # six columns that share nothing
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        error = sqrt(variance / z.size)
        assert abs((z**power).mean() - mean) < SIGMAS * error
    for values in (z, z**2):
        off = np.corrcoef(values, rowvar=False) - np.eye(6)
        assert np.abs(off).max() < SIGMAS / sqrt(n)
        near = [np.corrcoef(column[1:], column[:-1])[0, 1] for column in values.T]
        assert np.abs(near).max() < SIGMAS / sqrt(n)
    tail = (np.abs(z) > 4).sum() / (z.size * 2 * stats.norm.sf(4))
    assert abs(tail - 1) < SIGMAS / sqrt(z.size * 2 * stats.norm.sf(4))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("box", [(7.5, 7.5), (25.0, 11.0), None])
def test_forces_are_those_of_all_pairs(on, name, box):
    edge = np.array(box or (9.0, 9.0))
    x = scattered(np.random.default_rng(3), 60, edge, 0.7)
    simulation = made(on, {"interaction": LAWS[name], "box": box, "skin": 0.2}, x)
    law = system.pair(simulation.params)
    expected = forces.by_all_pairs(law, x, edge if box else np.full(2, np.inf))
    found, scale = forces_of(simulation), np.abs(expected).max()
    assert scale > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-12 * scale, rtol=0)
    assert np.abs(found.sum(axis=0)).max() < 1e-13 * scale * len(x)


def test_forces_of_mixed_sizes_on_a_line_and_along_a_chain(on):
    draw = np.random.default_rng(4)
    x, size = scattered(draw, 50, np.array([8.0, 8.0]), 0.8), draw.uniform(0.8, 1.2, 50)
    for law in (LAWS["wca"], LAWS["harmonic"]):
        given = {"interaction": {**law, "polydispersity": 0.12}, "box": 8.0}
        simulation = made(on, given, x, size=size)
        expected = forces.by_all_pairs(system.pair(simulation.params), x, np.full(2, 8.0), size)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(forces_of(simulation), expected, atol=1e-12 * scale, rtol=0)
    line = np.cumsum(draw.uniform(0.8, 1.3, 30))[draw.permutation(30), None]
    for kind in ("ring", "chain"):
        given = {
            "interaction": LAWS["harmonic"], "coupling": {"kind": kind, "stiffness": 3.0},
            "trap": {"stiffness": 0.7},
        }  # fmt: skip
        simulation = made(on, given, line)
        expected = twin.force(simulation.params, line, np.full(1, np.inf))
        scale = np.abs(expected).max()
        np.testing.assert_allclose(forces_of(simulation), expected, atol=1e-12 * scale, rtol=0)
        assert (simulation.particles.f[1] == 0).all()


STEPS = {
    "abp": {"model": "abp", "rotational_diffusivity": 2.0, "chirality": 1.0, "box": 9.0},
    "aligned": {
        "model": "abp", "rotational_diffusivity": 2.0, "box": 9.0,
        "alignment": {"strength": 2.0, "range": 2.5},
    },
    "aoup": {"model": "aoup", "persistence_rate": 3.0, "chirality": -0.5, "box": 9.0},
    "passive": {"model": "passive", "trap": {"stiffness": 1.5}},
    "rtp": {"model": "rtp", "tumble_rate": 3.0, "rotational_diffusivity": 0.5, "box": 9.0},
    "heun": {"model": "abp", "rotational_diffusivity": 2.0, "integrator": "heun", "box": 9.0},
    "heun_aoup": {"model": "aoup", "persistence_rate": 3.0, "integrator": "heun"},
    "mixture": {
        "model": "abp", "rotational_diffusivity": 2.0, "box": 9.0,
        "particles": [
            {"count": 20, "self_propulsion_speed": 0.5}, {"count": 30},
            {"count": 10, "rotational_diffusivity": 0.1},
        ],
    },
    "line": {"model": "aoup", "persistence_rate": 3.0},
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_steps_are_those_of_the_twin_with_the_same_noise(on, name):
    draw, n, h = np.random.default_rng(6), 60, 2e-3
    given = {
        "interaction": LAWS["harmonic"], "mobility": 1.4, "time_step": h, "skin": 1.2,
        "self_propulsion_speed": None if STEPS[name]["model"] == "passive" else 2.0,
        "particles": n, **STEPS[name],
    }  # fmt: skip
    if name == "line":
        x = np.sort(scattered(draw, n, np.array([70.0]), 0.7), axis=0)[draw.permutation(n)]
    else:
        x = scattered(draw, n, np.array([9.0, 9.0]), 0.7)
    e = draw.normal(size=x.shape)
    if given["model"] != "aoup":
        e = e / np.linalg.norm(e, axis=1, keepdims=True)
    simulation = made(on, given, x, e)
    params, d = simulation.params, x.shape[1]
    key, edge = np.array([5, 77]), np.full(d, params.box or np.inf)
    now = twin.Moving(x, e, np.zeros(n))
    tumbled, steps = 0, 40
    for step in range(steps):
        thermal, heading = (normals(key, n, step, purpose)[:, :d] for purpose in (0, 1))
        now = twin.step(params, now, twin.Noise(thermal, heading), edge)
        if params.tumble_rate:
            u = uniforms(key, n, step, 2)
            those = u[:, 0] < 1 - exp(-params.tumble_rate * h)
            tumbled += those.sum()
            way = np.stack([np.cos(2 * pi * u[:, 1]), np.sin(2 * pi * u[:, 1])], axis=1)
            now = now._replace(e=np.where(those[:, None], way, now.e))
    simulation.advance(steps)
    p = simulation.particles
    found = simulation.by_number(p.x) + simulation.by_number(p.image) * (params.box or 0.0)
    np.testing.assert_allclose(found, now.x, atol=1e-11, rtol=0)
    if params.model != "passive":
        np.testing.assert_allclose(simulation.by_number(p.e), now.e, atol=1e-12, rtol=0)
    size = max(1e-3, np.abs(now.work).max())
    np.testing.assert_allclose(simulation.by_number(p.work), now.work, atol=1e-11 * size, rtol=0)
    assert (tumbled > 3) == bool(params.tumble_rate)
    assert np.abs(found - x).max() > 0.05


def test_the_list_holds_every_pair_at_every_step(on):
    simulation = begun(on, {**ABP, "self_propulsion_speed": 24.0, "skin": 0.3})
    params, edge = simulation.params, system.edges(simulation.params)
    law, half, stale = system.pair(params), system.skin(params) / 2, 0
    for _ in range(120):
        before = simulation.lists
        simulation.advance(2)
        p = simulation.particles
        moved = np.hypot(*(p.x - p.start)).max()
        assert moved <= half
        stale = max(stale, moved)
        expected = forces.by_all_pairs(law, simulation.by_number(p.x), edge)
        found = forces_of(simulation)
        np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max(), rtol=0)
        if simulation.lists > before:
            assert moved < 2 * 3 * 24.0 * params.time_step + 0.05
    assert simulation.lists > 5
    assert stale > 0.8 * half  # lists are kept as long as they may be
    i, j = simulation.listed()
    x = simulation.particles.start
    gaps = np.moveaxis(x[:, :, None] - x[:, None, :], 0, -1)
    near = np.linalg.norm(forces.nearest_image(gaps, edge), axis=-1) < simulation.rules.reach
    assert set(zip(i, j, strict=True)) == set(zip(*np.nonzero(np.triu(near, 1)), strict=True))


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_a_trial_step_of_heun_that_ends_off_the_list_is_taken_anew(on):
    x, e = np.array([[0.0, 0.0], [1.25, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]])
    given = {
        "model": "abp", "rotational_diffusivity": 1e-9, "integrator": "heun", "time_step": 0.018,
        "self_propulsion_speed": 5.0, "skin": 3.0, "t_end": 1.8,
        "interaction": {"kind": "harmonic", "strength": 5.0}, "translational_diffusivity": 0.0,
    }  # fmt: skip
    simulation = made(on, given, x, e)
    params = replace(simulation.params, skin=0.2)  # 1.1 of a step: no pair at first
    simulation = engine.Simulation(params, x, e, np.zeros(2, dtype=np.uint32), device=on)
    simulation.list_anew()
    assert len(simulation.listed()[0]) == 0
    now = twin.Moving(x, e, np.zeros(2))
    still = twin.Noise(np.zeros((2, 2)), np.zeros((2, 2)))
    for _ in range(2):
        now = twin.step(params, now, still, np.full(2, np.inf))
    simulation.advance(2)
    found = simulation.by_number(simulation.particles.x)
    assert abs(found[0, 0] - 2 * 0.018 * 5.0) > 1e-3  # they have met
    np.testing.assert_allclose(found, now.x, atol=1e-5)


def test_a_particle_just_left_of_the_box_is_brought_into_it(on):
    simulation = made(on, {"box": 7.5}, np.array([[-1e-18, 3.0], [2.0, 7.5]]))
    p = simulation.particles
    np.testing.assert_array_equal(simulation.by_number(p.x), [[0.0, 3.0], [2.0, 0.0]])
    np.testing.assert_array_equal(simulation.by_number(p.image), [[0, 0], [0, 1]])


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_noise_before_the_first_frame_does_not_come_again(on):
    simulation = begun(
        on,
        {
            "model": "passive",
            "particles": 500,
            "time_step": 0.01,
            "translational_diffusivity": 0.5,
            "self_propulsion_speed": 0.0,
        },
    )
    moved = []
    for _ in range(3):
        before = simulation.by_number(simulation.particles.x)
        simulation.advance(1)
        moved.append((simulation.by_number(simulation.particles.x) - before).ravel())
        simulation.forget()
        assert simulation.time == 0
    assert np.abs(np.corrcoef(moved) - np.eye(3)).max() < SIGMAS / sqrt(1000)


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_a_crowd_makes_the_list_longer(on, monkeypatch):
    monkeypatch.setattr(neighbours, "ROOM", 1)
    x = scattered(np.random.default_rng(3), 60, np.array([7.5, 7.5]), 0.7)
    simulation = made(on, {"interaction": LAWS["wca"], "box": 7.5}, x)
    expected = forces.by_all_pairs(system.pair(simulation.params), x, np.full(2, 7.5))
    np.testing.assert_allclose(
        forces_of(simulation), expected, atol=1e-12 * np.abs(expected).max(), rtol=0
    )


@pytest.mark.parametrize("integrator", ["euler", "heun"])
def test_bits_depend_neither_on_the_order_of_threads_nor_on_when_the_host_looks(
    integrator, monkeypatch
):
    def table(on, parts):
        simulation = begun(on, {**ABP, "integrator": integrator, "self_propulsion_speed": 24.0})
        for steps in parts:
            simulation.advance(steps)
        assert simulation.lists > 4
        return simulation.particles.table.copy()

    expected = table(device("processor"), [150])
    np.testing.assert_array_equal(table(device("processor", backwards=True), [150]), expected)
    np.testing.assert_array_equal(table(device("processor"), [1, 2, 3, 64, 80]), expected)
    monkeypatch.setattr(engine, "LEAST", 1)
    monkeypatch.setattr(engine, "MOST", 3)
    np.testing.assert_array_equal(table(device("processor"), [150]), expected)


FREE = {
    "abp": {"model": "abp", "rotational_diffusivity": 1.3},
    "aoup": {"model": "aoup", "persistence_rate": 1.3},
    "rtp": {"model": "rtp", "tumble_rate": 1.3},
    "rtp_line": {"model": "rtp", "tumble_rate": 1.3, "dimension": 1},
}


def near(values, exact, more=0.0):
    """Assert that a mean of independent values is what it should be."""
    error = np.std(values) / sqrt(np.size(values))
    assert abs(np.mean(values) - exact) <= SIGMAS * error + more, (np.mean(values), exact, error)


@pytest.mark.parametrize("name", FREE)
def test_free_particles_spread_and_forget_their_heading(on, name):
    h, t, rate, speed = 0.004, 1.2, 1.3, 0.8
    given = {**FREE[name], "particles": 6000, "translational_diffusivity": 0.15, "time_step": h}
    simulation = begun(on, given)
    d = simulation.params.dimension
    start, first = (simulation.by_number(v) for v in simulation.particles[1:3])
    simulation.advance(round(t / h))
    x, e = (simulation.by_number(v) for v in simulation.particles[1:3])
    unit = d if simulation.params.model == "aoup" else 1
    near((e * first).sum(axis=1), unit * exp(-rate * t), more=unit * rate**2 * h * t)
    active_part = 2 * speed**2 * unit * (rate * t - 1 + exp(-rate * t)) / rate**2
    exact = 2 * d * 0.15 * t + active_part
    near(((x - start) ** 2).sum(axis=1), exact, more=2 * rate * h * exact)
    # power v e . dx/mu: v^2 <e^2> t / mu
    near(simulation.particles.work, speed**2 * unit * t)


@pytest.mark.parametrize("model", ["abp", "aoup", "passive"])
def test_trapped_particles_have_the_exact_variance(on, model):
    k, h, rate, speed, temperature = 2.0, 0.01, 1.3, 0.8, 0.15
    given = {
        **(FREE[model] if model != "passive" else {"model": "passive"}), "particles": 4000,
        "translational_diffusivity": temperature, "time_step": h, "trap": {"stiffness": k},
    }  # fmt: skip
    if model == "passive":
        given["self_propulsion_speed"] = 0.0
    simulation = begun(on, {**given, "initial": "lattice"})
    simulation._x[:] = 0.0
    simulation.advance(500)
    unit = {"abp": 0.5, "aoup": 1.0, "passive": 0.0}[model]
    exact = temperature / k + unit * speed**2 / (k * (k + rate))
    near(simulation.particles.x[0] ** 2, exact, more=k * h * exact)
    near(simulation.particles.x[1] ** 2, exact, more=k * h * exact)


def test_crowded_particles_are_as_slow_as_on_the_cpu(on):
    speeds = {}
    for where in ("cpu", "device"):
        found = []
        for seed in range(4):
            draw = rng.generator(seed, where)
            params = prepare({**ABP, "particles": 144}, "p")
            simulation = (
                run.begin(params, draw) if where == "cpu" else engine.begin(params, draw, on)
            )
            simulation.advance(2500)
            simulation.forget()
            simulation.advance(2500)
            work, time = simulation.particles.work.mean(), simulation.time
            found.append(work / (8.0 * time))  # mean of e . dx/dt, of self-propulsion alone
        speeds[where] = np.array(found)
    assert 3.0 < speeds["cpu"].mean() < 7.0  # slowed down by crowding, from 8
    error = sqrt(sum(each.var(ddof=1) / len(each) for each in speeds.values()))
    assert abs(speeds["cpu"].mean() - speeds["device"].mean()) < SIGMAS * error


def blocks(on, monkeypatch, given, resume=lambda layout: None):
    monkeypatch.setattr(devices, "of", lambda xp: on)
    library = SimpleNamespace(__name__="cupy")
    params = prepare(given, "p")
    made_of = active.trajectories(
        params, lambda member: rng.generator(3, "r", member), library, 2, resume
    )
    return made_of, iter(made_of.blocks)


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(on, monkeypatch):
    given = {
        **ABP, "particles": 64, "t_end": 0.03, "frames": 4, "thermalization": 0.005,
        "initial": "lattice", "packing_fraction": 0.4,
    }  # fmt: skip
    whole, stream = blocks(on, monkeypatch, given)
    frames = []
    for block in stream:
        frames.append(block.values)
        if block.frame == 1:
            state = block.state()
    assert set(frames[0]) == set(active.fields(prepare(given, "p")))
    assert (frames[0]["work"] == 0).all() and (frames[0]["image"] == 0).all()
    assert whole.notes()["noise"] == engine.NOISE and state["key"].shape == (2, 2)
    _, again = blocks(on, monkeypatch, given, lambda layout: (1, state))
    for block in again:
        for name, values in block.values.items():
            np.testing.assert_array_equal(values, frames[block.frame][name])
    assert block.frame == 3
    assert not np.array_equal(frames[3]["position"][0], frames[3]["position"][1])


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_numbers_that_are_none_and_jumps_are_named(on):
    simulation = begun(on, {**ABP, "initial": "lattice"})
    where = int(np.flatnonzero(simulation.order() == 17)[0])
    simulation._x[where, 0] = np.nan
    with pytest.raises(NumericsError, match=r"particle \d+: its force or position is not finite"):
        simulation.advance(20)
    assert simulation.steps < 20
    simulation = begun(on, {**ABP, "initial": "lattice"})
    where = int(np.flatnonzero(simulation.order() == 17)[0])
    simulation._speed[where] = 1e6
    with pytest.raises(NumericsError, match="particle 17: it moved too far in one step"):
        simulation.advance(20)


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_the_particle_of_a_refused_trial_step_is_named(on):
    simulation = begun(on, {**ABP, "initial": "lattice", "integrator": "heun", "skin": 0.5})
    where = int(np.flatnonzero(simulation.order() == 17)[0])
    simulation._speed[where] = 1e6
    with pytest.raises(NumericsError, match="particle 17: it moved too far in one step"):
        simulation.advance(20)


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_particles_on_top_of_each_other_are_refused_as_on_the_cpu(on, monkeypatch):
    x, e, size = initial.start(prepare(ABP, "p"), np.random.default_rng(1))
    x[3] = x[110] + 0.3
    monkeypatch.setattr(initial, "start", lambda params, draw: (x, e, size))
    with pytest.raises(ConfigError, match="initial: particles 3 and 110 overlap: they are"):
        begun(on, ABP)


def test_kernels_count_as_code(monkeypatch, tmp_path):
    before = plan.code("active")
    table = tmp_path / "particles.cu"
    table.write_text(active.TABLES[0].read_text() + "\n// more")
    monkeypatch.setattr(active, "TABLES", (table,))
    assert plan.code("active") != before


def test_nvcc_takes_the_kernels(tmp_path):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on this machine")
    path = tmp_path / "particles.cu"
    path.write_text(source.text())
    command = [nvcc, "-std=c++17", "-arch=sm_80", "-ptx", "-o", str(tmp_path / "p.ptx"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
