"""One system at many values of a parameter: members, their bits, the diagram that they make."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analysis import __main__ as analyse
from analysis.figures import draw, sweeps
from analysis.measures import MEASURES
from analysis.plan import check
from core import rng
from core.backend import select
from core.config import RunEntry
from core.errors import ConfigError, MemberError, SchemaError
from core.store import read_measure, read_run
from sims import __main__ as simulate
from sims import chaos, plan
from sims.chaos import family, flow
from sims.chaos.system import catalogue

LOGISTIC = {
    "systems": ["Logistic"], "vary": {"r": [2.9, 3.56]}, "trajectories": 34, "samples": 64,
    "points_per_period": 1, "transient": 3000, "exponents": 400,
}  # fmt: skip
ROSSLER = {"systems": ["Rossler"], "vary": {"c": [2.0, 4.0]}, "trajectories": 5, "samples": 400,
           "points_per_period": 20, "transient": 60}  # fmt: skip
ESCAPES = """
[Ramp]
variables = "x"
equations = ["k*x**2 - x"]
initial_condition = [1.0]
period = 1.0
regime = "transient"
parameters = {k = 0.0}
citation = "none"
"""


def made(params, seed=3):
    ready = chaos.prepare(params, "c:")
    return chaos.trajectories(ready, lambda m: rng.generator(seed, "r", m), select("cpu"))


def written(params, path):
    spec = json.dumps({"simulator": "chaos", "params": params, "members": 1})
    simulate.main(["r", "--spec", spec, "--seed", "3", "-o", str(path)])
    return path


def members(params):
    block = next(iter(made(params).blocks))
    return block.layout.constants["parameters"].values, block.values["state"]


def test_parameters_go_evenly_from_the_first_to_the_last():
    parameters, states = members(ROSSLER)
    column = list(catalogue()["Rossler"].parameters).index("c")
    assert parameters[:, column].tolist() == [2.0, 2.5, 3.0, 3.5, 4.0]
    rest = np.delete(parameters, column, axis=1)
    assert (rest == rest[0]).all()
    assert len(states) == 5


def test_a_members_bits_depend_on_none_of_the_others():
    """Each starts at the catalogue's point: the middle one of five is the middle one of three."""
    _, five = members(ROSSLER)
    _, three = members(ROSSLER | {"trajectories": 3})
    assert (five[[0, 2, 4]] == three).all()


def test_a_member_is_the_trajectory_of_its_parameters():
    """One alone, not in lanes, from the start that the file states."""
    _, states = members(ROSSLER)
    system = catalogue()["Rossler"].changed({"c": 3.5}, "")
    times = np.arange(400) * system.period / 20
    alone = flow.trajectory(system, times, states[3, 0])
    np.testing.assert_allclose(states[3], alone, rtol=1e-6, atol=1e-6)


def test_the_transient_keeps_an_energy():
    """Of HenonHeiles at any lambda that of its point; at a tolerance of 1e-7 it drifts by 1e-6."""
    params = {"systems": ["HenonHeiles"], "vary": {"lam": [0.9, 1.0]}, "trajectories": 3,
              "samples": 20, "apart": 0.0}  # fmt: skip
    parameters, states = members(params)
    lam = parameters[:, list(catalogue()["HenonHeiles"].parameters).index("lam"), None]

    def energy(x, y, z, w):
        return (z**2 + w**2 + x**2 + y**2) / 2 + lam * (x**2 * y - y**3 / 3)

    start = energy(*catalogue()["HenonHeiles"].initial_condition)
    np.testing.assert_allclose(
        energy(*np.moveaxis(states, -1, 0)), np.broadcast_to(start, (3, 20)), rtol=0, atol=1e-8
    )


def test_those_that_escape_are_named_and_the_others_keep_their_bits(tmp_path):
    """From x = 1, dx/dt = k x^2 - x runs away where k > 1; the rest is as without them."""
    mine = tmp_path / "mine.toml"
    mine.write_text(ESCAPES)
    system = chaos.params.read(mine)["Ramp"]
    times = np.arange(30) * 0.25
    ramp = family.members(system, {"k": [0.1, 1.9]}, 4)
    found = family.ensemble(ramp, times, 1.0, rtol=1e-9, atol=1e-9)
    assert found.numbers == (0, 1)
    assert [line.split(":")[0] for line in found.lost] == ["Ramp.2", "Ramp.3"]
    assert all("collapsed at t = " in line for line in found.lost)
    short = family.ensemble(ramp[:2], times, 1.0, rtol=1e-9, atol=1e-9)
    assert (short.states == found.states).all()
    only = family.ensemble([ramp[1], ramp[3]], times, 1.0, rtol=1e-9, atol=1e-9)
    assert (only.states[0] == found.states[1]).all()


def test_one_that_is_left_alone_is_followed_beside_a_copy():
    """One lane may differ from eight by rounding, which the Lorenz system makes large by t = 40."""
    system = catalogue()["Lorenz"]
    times, x = np.array([0.0, 40.0]), np.array(system.initial_condition)
    moved = family._abreast([system], times, {0: x}, 1e-9, 1e-9)
    both = flow.ensemble(system, times, np.array([x, x]), rtol=1e-9, atol=1e-9)
    assert (moved.states[0] == both[0]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vary": {"s": [1, 2]}}, "c: p.vary.s: unknown parameter"),
        ({"vary": {"r": [1, 2, 3]}}, "c: p.vary.r: expected the first and the last value"),
        ({"vary": {"r": 1}}, "c: p.vary.r: expected a list"),
        ({"vary": {"r": [2, 2]}}, "c: p.vary.r: expected the first and the last value"),
        ({"trajectories": 1}, "c: p.vary: needs trajectories"),
        ({"jitter": 0.1}, "c: p.vary: jitter is given too"),
        ({"parameters": {"r": 3.0}}, "c: p.vary: parameters is given too"),
    ],
)
def test_mistakes_are_told_before_anything_runs(change, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare(LOGISTIC | change, "c: p")
    assert message in str(problem.value)


def test_a_filter_leaves_systems_out_by_name():
    params = {"systems": {"kind": "flow", "without": ["Lorenz", "HyperLu"]}}
    found = chaos.prepare(params, "c:").systems
    assert set(catalogue("flow")) - set(found) == {"Lorenz", "HyperLu"}
    with pytest.raises(ConfigError, match=r"systems.without\[0\]: no system 'Lorentz'; did you"):
        chaos.prepare({"systems": {"kind": "flow", "without": ["Lorentz"]}}, "c:")
    with pytest.raises(ConfigError, match="c: systems: no system is so"):
        chaos.prepare({"systems": {"kind": "delay", "without": list(catalogue("delay"))}}, "c:")


@pytest.fixture(scope="module")
def diagram(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diagram")
    run, path = written(LOGISTIC, folder / "run.h5"), folder / "m.h5"
    analyse.main(["bifurcation", str(run), "--spec", "{}", "-o", str(path)])
    return read_measure(path)


def test_the_diagram_holds_the_cycles_of_the_logistic_map(diagram):
    """Fixed point 1 - 1/r up to r = 3; two points up to 1 + 6^(1/2), in closed form."""
    for measure in diagram.members.values():
        r = float(measure.extra["parameter r"])
        if r < 2.98:
            np.testing.assert_allclose(measure.value, 1 - 1 / r, atol=1e-9)
            exponent = math.log(abs(2 - r))
            assert measure.extra["exponent"][0] == pytest.approx(exponent, abs=1e-6)
        elif 3.02 < r < 3.44:
            root = math.sqrt((r - 3) * (r + 1))
            cycle = np.array([r + 1 - root, r + 1 + root]) / (2 * r)
            near = np.abs(measure.value[:, None] - cycle).min(axis=1)
            assert near.max() < 1e-9
            exponent = 0.5 * math.log(abs(4 + 2 * r - r * r))
            assert measure.extra["exponent"][0] == pytest.approx(exponent, abs=1e-6)


def test_the_figure_shows_every_point_over_its_parameter_and_the_exponents_beneath(diagram):
    figure = draw(diagram)
    above, beneath = figure.axes
    dots = above.lines[0]
    assert dots.get_xdata().size == 34 * 64
    assert dict(zip(dots.get_xdata(), dots.get_ydata(), strict=True))[2.9] == pytest.approx(
        1 - 1 / 2.9
    )
    shown = beneath.lines[-1].get_ydata()
    assert shown.tolist() == [float(m.extra["exponent"][0]) for m in diagram.members.values()]
    assert beneath.get_xlabel() == "r"
    assert "Logistic" in figure.texts[-1].get_text()


def test_one_without_exponents_leaves_the_others_theirs(tmp_path, capsys):
    """At r = 2 the orbit rests on the maximum, 1/2, where the slope is 0 and no vector is left."""
    given = {"systems": ["Logistic"], "vary": {"r": [1.9, 2.1]}, "trajectories": 3, "samples": 50,
             "points_per_period": 1, "transient": 200, "exponents": 100}  # fmt: skip
    path = written(given, tmp_path / "run.h5")
    assert "Logistic.1: tangent vectors are lost" in capsys.readouterr().err
    analyse.main(["bifurcation", str(path), "-o", str(tmp_path / "b.h5")])
    file = read_measure(tmp_path / "b.h5")
    assert ["exponent" in m.extra for m in file.members.values()] == [True, False, True]
    first = next(iter(file.members.values())).extra["exponent"][0]
    assert first == pytest.approx(math.log(0.1), rel=1e-6)  # ln |2 - r| of the fixed point
    draw(file)
    analyse.main(["lyapunov", str(path), "-o", str(tmp_path / "l.h5")])
    assert (
        "left out: Logistic, member 1: its exponents could not be followed"
        in capsys.readouterr().err
    )


def test_a_section_and_maxima_of_a_flow(tmp_path):
    """Maxima of x are where y + z = 0; a section of y at its zero is another list."""
    path = written(ROSSLER | {"trajectories": 2, "samples": 900}, tmp_path / "r.h5")
    with read_run(path) as run:
        one_cycle(run, run.members[0])


def test_the_command_refuses_what_the_workflow_does(tmp_path):
    """Gaps, and parameters that are not those of the database that a measure compares with."""
    few = {"systems": ["Lorenz"], "samples": 30, "transient": 0}
    gaps = written(few | {"missing": 0.1}, tmp_path / "gaps.h5")
    for name in ("bifurcation", "attractor"):
        with pytest.raises(SchemaError, match=f"samples of state are missing, and {name} needs"):
            analyse.main([name, str(gaps), "-o", str(tmp_path / "out.h5")])
    other = few | {"parameters": {"rho": 30.0}, "exponents": 40}
    with pytest.raises(
        ConfigError, match=r"disagreement needs systems .* unset params\.parameters"
    ):
        other = written(other, tmp_path / "other.h5")
        analyse.main(["disagreement", str(other), "-o", str(tmp_path / "out.h5")])


def one_cycle(run, member):
    """c = 2: one round cycle, of one maximum and one crossing."""
    function = MEASURES.lookup("bifurcation", "").function
    maxima = function(run, member)
    x = np.asarray(member.fields["state"][:, 0])
    assert maxima.label == "Maxima of x"
    assert maxima.value.std() < 1e-3 * maxima.value.mean()
    assert maxima.value.mean() == pytest.approx(x.max(), rel=0.02)
    section = function(run, member, component="x", section="y", offset=0.0, direction=-1)
    assert section.label == "X where y falls through 0"
    assert (section.value < 0).all() or (section.value > 0).all()
    with pytest.raises(MemberError, match="section: no 'q' in Rossler; known: x, y, z"):
        function(run, member, section="q")


@pytest.mark.parametrize(
    ("spec", "params", "message"),
    [
        ({"direction": 2}, {}, "direction: must be 1 or -1"),
        ({"offset": 1.0}, {}, "offset: is of a section"),
        ({}, {"standardize": True}, "needs samples as they are"),
        ({}, {"systems": ["Logistic", "Cubic"], "vary": {}}, "is of one system"),
    ],
)
def test_what_cannot_be_drawn_is_told_before(spec, params, message):
    entry = RunEntry("chaos", LOGISTIC | params)
    extents, ready = plan.check(entry, "c: runs.a")
    with pytest.raises(ConfigError, match=message):
        specs = {"d": {"measure": "bifurcation", **spec}}
        check("d", specs, "chaos", extents, "c:", "c: runs.a", ready)


def test_the_runs_of_a_sweep_over_a_number_make_one_figure(tmp_path):
    """A dry run: a diagram for the sweep over c, none for texts or two numbers."""
    params = {"systems": ["Rossler"], "samples": 100}
    common = {"simulator": "chaos", "params": params, "measures": ["bifurcation", "attractor"]}
    runs = {
        "one": common | {"sweep": {"parameters.c": [2.5, 3.5, 4.5]}},
        "two": common | {"sweep": {"parameters.c": [3.5, 4.5], "transient": [10, 20]}},
        "text": common | {"sweep": {"dtype": ["float32", "float64"]}},
    }
    (tmp_path / "config.yaml").write_text(json.dumps({"seed": 1, "runs": runs}))
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", root / "Snakefile", "-n", "figures",
         "--directory", tmp_path],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    made = [line.split()[-1] for line in done.stdout.splitlines() if "output:" in line]
    assert [path for path in made if path.count("/") == 2] == ["results/one/bifurcation.svg"]
    assert sum(path.endswith("bifurcation.svg") for path in made) == 1 + 3 + 4 + 2


def test_members_without_a_varied_parameter_are_counted():
    name, place = sweeps._varied([SimpleNamespace(extra={}), SimpleNamespace(extra={})])
    assert (name, place.tolist()) == ("member", [0.0, 1.0])
