"""Flows in CUDA C against the CPU's integrator: run by this machine's processor, and by a card."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from devices import NAMES, STRICT, device

from core import config, rng
from core.errors import ConfigError
from sims import chaos, devices, plan
from sims.chaos import flow, generate, granularity
from sims.chaos.gpu import ensemble, follow, source
from sims.chaos.switching import jumps
from sims.chaos.system import System, catalogue
from sims.integrators import lanes

SMOOTH = [system for system in catalogue("flow").values() if not jumps(system)]
FEW = ("Lorenz", "Duffing", "HenonHeiles", "Rossler")  # smooth: rounding moves no step


@pytest.fixture(params=NAMES)
def on(request):
    if request.param == "card":
        return device(request.param)
    return device(request.param, options=("-O1", "-ffp-contract=off"))


def own(equations, x, period=1.0, parameters=None):
    names = ("x", "y", "z")[: len(x)]
    return System("Own", names, equations, parameters or {}, x, period, "chaotic", "")


def displaced(system, members, by=1e-3):
    point = np.array(system.initial_condition)
    draw = np.random.default_rng(1)
    return point * (1 + by * draw.normal(size=(members, len(point))))


@pytest.mark.parametrize("dimension", sorted(source.groups(SMOOTH)))
def test_every_smooth_flow_moves_as_on_the_cpu(on, dimension):
    those = source.groups(SMOOTH)[dimension]
    kernel = on.kernels(source.text(SMOOTH))[f"follow_{dimension}"]
    assert len(SMOOTH) >= 120
    for number, system in enumerate(those):
        times = np.linspace(0, 0.25 * system.period, 7)
        starts = displaced(system, 2)
        row = np.zeros((1, source.width(those) + 1))
        row[0, : len(system.parameters)] = list(system.parameters.values())
        row[0, -1] = number
        found = follow.launch(on, kernel, times, starts, row, 1e-12, 1e-12)
        expected = flow.ensemble(system, times, starts, rtol=1e-12, atol=1e-12)
        assert (found.status == follow.ARRIVED).all(), system.name
        scale = max(1.0, np.abs(expected).max())
        far = np.abs(found.states - expected).max() / scale
        assert far <= 1e-9, (system.name, far)


@pytest.mark.parametrize("name", FEW)
def test_steps_are_as_many_as_on_the_cpu(on, name):
    system = catalogue()[name]
    times = np.linspace(2.0, 2.0 + 3 * system.period, 200)
    starts = displaced(system, 5)
    given = np.array([[*system.parameters.values(), 0.0]])
    expected = lanes.integrate(
        generate.compiled_lanes(system, 1), times, starts, given, lanes=1, rtol=1e-8, atol=1e-8
    )
    found = follow.follow(on, system, times, starts, rtol=1e-8, atol=1e-8)
    assert expected.counts[:, lanes.COUNTED_REJECTED].sum() > 0
    assert np.abs(found.steps - expected.counts[:, lanes.COUNTED_STEPS]).max() <= 1
    scale = np.abs(expected.states).max()
    np.testing.assert_allclose(found.states, expected.states, atol=2e-4 * scale)
    first = found.states[:, :70] - expected.states[:, :70]
    assert np.abs(first).max() < 1e-6 * scale


def test_bits_depend_neither_on_pauses_nor_on_threads_nor_on_company(monkeypatch):
    system = catalogue()["Lorenz"]
    times, starts = np.linspace(0, 5, 40), displaced(system, 3)
    expected = follow.follow(device("processor"), system, times, starts).states
    assert np.isfinite(expected).all()
    backwards = follow.follow(device("processor", backwards=True), system, times, starts)
    np.testing.assert_array_equal(backwards.states, expected)
    monkeypatch.setattr(follow, "PAUSE", 3)
    paused = follow.follow(device("processor"), system, times, starts[:2])
    np.testing.assert_array_equal(paused.states, expected[:2])
    assert (paused.steps > 30).all()


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_parameters_and_times_may_be_each_trajectory_s_own(on):
    system = catalogue()["Rossler"]
    times = np.array([np.linspace(0, 2, 9), np.linspace(1, 1.5, 9)])
    starts = displaced(system, 2)
    values = np.array(list(system.parameters.values())) * np.array([[1.0], [1.1]])
    found = follow.follow(on, system, times, starts, values, rtol=1e-11, atol=1e-11)
    for i in range(2):
        expected = flow.ensemble(
            system, times[i], starts[i : i + 1], values[i : i + 1], rtol=1e-11, atol=1e-11
        )
        np.testing.assert_allclose(found.states[i], expected[0], atol=1e-10)


def test_all_of_the_grammar_and_the_time(on):
    system = own(
        (
            "sin(x) - -1.5*y**3 + min(x, y) + max(x, 0.2) + 0.1*floor(3*y) + sqrt(x**2 + 1)",
            "cos(t)*exp(-x) + abs(y) - tanh(x)/cosh(y) + arctan(a*x) + (x + 3)**-2 + x**0.5",
            "tan(z/9) + log(z + 4) + sinh(y/3) + 2**z/8 + a**1.5 - pi*z*t",
        ),
        (0.4, 0.3, 0.2),
        parameters={"a": 1.3},
    )
    times, starts = np.linspace(0.5, 0.55, 5), displaced(system, 2)
    found = follow.follow(on, system, times, starts, rtol=1e-12, atol=1e-12)
    expected = flow.ensemble(system, times, starts, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.states, expected, atol=1e-12, rtol=0)


def test_a_late_start_costs_no_accuracy(on):
    system = own(("y", "-x"), (1.0, 0.0))
    late, times = 1e7, np.arange(0, 60, 0.25)  # an ulp there is 2e-9, and some 100 steps are taken
    found = follow.follow(
        on, system, late + times, np.array([[1.0, 0.0]]), rtol=1e-12, atol=1e-12
    ).states[0]
    np.testing.assert_allclose(found[:, 0], np.cos(times), atol=3e-11, rtol=0)


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_a_blow_up_ends_one_trajectory_and_no_other(on):
    system = own(("x**2",), (1.0,))
    times, starts = np.linspace(0, 2, 5), np.array([[0.1], [1.0], [0.2]])
    found = follow.follow(on, system, times, starts)
    assert found.status.tolist() == [follow.ARRIVED, follow.COLLAPSED, follow.ARRIVED]
    np.testing.assert_allclose(found.states[0, :, 0], 0.1 / (1 - 0.1 * times), rtol=1e-9)
    assert abs(found.ended[1] - 1) < 1e-6
    assert found.problem(1).startswith("step size collapsed at t = 1")
    assert found.problem(0) == ""
    few = follow.follow(on, system, times, starts[:1], max_steps=2)
    assert "2 steps taken" in few.problem(0)
    nowhere = follow.follow(on, system, times, np.array([[np.nan]]))
    assert nowhere.status.tolist() == [follow.COLLAPSED]


def blocks(on, monkeypatch, given, members=1):
    asked = []

    def kernels(text):
        asked.append(text)
        return on.kernels(text)

    watched = SimpleNamespace(xp=None if on is None else on.xp, kernels=kernels)
    monkeypatch.setattr(devices, "of", lambda xp: watched)
    params = chaos.prepare({"rtol": 1e-9, "atol": 1e-9, **given}, "p")
    library = SimpleNamespace(__name__="cupy")
    made = chaos.trajectories(params, lambda m: rng.generator(4, "r", m), library, members)
    found = list(made.blocks)
    assert asked
    return found


@pytest.mark.parametrize("on", STRICT, indirect=True)
def test_a_run_of_flows_is_that_of_its_starts(on, monkeypatch):
    given = {"systems": ["Lorenz", "Rossler"], "trajectories": 6, "samples": 60}
    for block in blocks(on, monkeypatch, given):
        layout = block.layout
        system, starts = catalogue()[layout.title], layout.constants["initial_condition"].values
        assert starts.shape == (6, 3)
        assert np.linalg.norm(starts[1:] - starts[0], axis=1).min() > 0.05
        pairs = starts[:, None] - starts[None]
        apart = np.linalg.norm(pairs, axis=-1)[np.triu_indices(6, 1)]
        assert np.median(apart) > 0.3 * np.linalg.norm(block.values["state"].std(axis=(0, 1)))
        expected = flow.ensemble(system, layout.time, starts, rtol=1e-9, atol=1e-9)
        far = np.abs(block.values["state"] - expected).max()
        assert far < 1e-5 * np.abs(expected).max()
    more = blocks(on, monkeypatch, {**given, "trajectories": 7})
    np.testing.assert_array_equal(more[-1].values["state"][:6], block.values["state"])


def test_each_start_is_found_from_a_point_of_its_own(on):
    system, before = catalogue()["Lorenz"], np.array([0.0, 0.3, 0.7])
    found = ensemble.ensemble(
        [system] * 3, np.array([0.0, 0.1]), before,
        lambda number: np.random.default_rng(number), rtol=1e-10, atol=1e-10, device=on,
    )  # fmt: skip
    point = np.array(system.initial_condition)
    np.testing.assert_array_equal(found.starts[0], point)
    grown = np.log(1e3) / granularity.largest(system)  # until 1e-3 has become 1
    for number in (1, 2):
        start = point * (1 + 1e-3 * np.random.default_rng(number).normal(size=3))
        wait = grown + before[number] * system.period
        expected = flow.trajectory(system, np.array([0.0, wait]), start)[-1]
        np.testing.assert_allclose(found.starts[number], expected, atol=0.05)  # 1e-7 grows too


def test_each_trajectory_has_its_own_parameters_or_the_energy_of_all(on, monkeypatch):
    given = {"systems": ["Lorenz"], "jitter": 0.05, "trajectories": 3, "samples": 40}
    (block,) = blocks(on, monkeypatch, given)
    values = block.layout.constants["parameters"].values
    starts = block.layout.constants["initial_condition"].values
    assert len(np.unique(values[:, 0])) == 3
    expected = flow.ensemble(
        catalogue()["Lorenz"], block.layout.time, starts, values, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(block.values["state"], expected, atol=1e-5 * np.abs(expected).max())
    for name in ("HenonHeiles", "HenonHeilesChaotic"):
        given = {"systems": [name], "trajectories": 3, "samples": 40}
        (block,) = blocks(on, monkeypatch, given)
        x, y, px, py = np.moveaxis(block.values["state"], -1, 0)
        energy = (px**2 + py**2 + x**2 + y**2) / 2 + x**2 * y - y**3 / 3
        assert np.ptp(energy) < 1e-7
        assert np.abs(x[1] - x[0]).max() > 0.05


def test_a_trajectory_that_is_lost_on_its_way_is_named(on, monkeypatch, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        '[Runaway]\nvariables = "x y"\nequations = ["x**2", "-y"]\n'
        'initial_condition = [-1.0, 1.0]\nperiod = 1.0\nregime = "chaotic"\n'
        'citation = "none"\n[Runaway.parameters]\n'
    )
    given = {"file": str(path), "systems": ["Runaway", "Lorenz"], "samples": 20}
    first, second = blocks(on, monkeypatch, {**given, "transient": 0.0})
    assert first.lost == () and second.lost == ()
    path.write_text(path.read_text().replace("[-1.0, 1.0]", "[0.1, 1.0]"))
    first, second = blocks(on, monkeypatch, given)
    assert not first.values and second.values
    assert first.lost[0].startswith("Runaway: step size collapsed at t = 10")
    assert first.lost[0].endswith("; this was before its first sample")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"systems": ["Lorenz", "Henon"]}, "Henon is a map; leave it out, or use device: cpu"),
        ({"systems": ["MackeyGlass"]}, "MackeyGlass is a delay system"),
        ({"systems": ["Lorenz"], "integrator": "implicit"}, "Lorenz is to have integrator impl"),
        ({"systems": ["Lorenz"], "dynamical_noise": 0.1}, "without dynamical_noise"),
        ({"systems": [next(s.name for s in catalogue("flow").values() if jumps(s))]}, "jumps"),
    ],
)
def test_what_a_card_does_not_move_is_refused_in_a_line(monkeypatch, given, text):
    with pytest.raises(ConfigError, match=text) as refused:
        blocks(None, monkeypatch, given)
    assert str(refused.value).startswith("device: gpu moves")
    entry = config.RunEntry("chaos", {"samples": 20, **given})
    with pytest.raises(ConfigError, match=f"^c: runs.a: device: gpu .*{text}"):
        plan.check(entry, "c: runs.a", "gpu")  # before any job
    plan.check(entry, "c: runs.a", "cpu")


def test_the_kernel_counts_as_code(monkeypatch, tmp_path):
    before = plan.code("chaos")
    kernel = tmp_path / "dop853.cu"
    kernel.write_text(chaos.KERNELS.read_text() + "\n// more")
    monkeypatch.setattr(chaos, "TABLES", (*chaos.TABLES[:-1], kernel))
    assert chaos.TABLES[-1] == kernel
    assert plan.code("chaos") != before


def test_nvcc_takes_a_flow(tmp_path):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on this machine")
    path = tmp_path / "lorenz.cu"
    path.write_text(source.text([catalogue()["Lorenz"]]))
    command = [nvcc, "-std=c++17", "-arch=sm_80", "-ptx", "-o", str(tmp_path / "p.ptx"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
