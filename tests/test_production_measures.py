"""Entropy production as measures: from a stored run to rates, and refusals in one line."""

import json
import math
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from analysis import __main__ as command
from analysis.measures.production import contraction
from analysis.production import exact, samples
from core import provenance
from core.errors import ConfigError, MemberError
from core.store import Field, Frame, particle_layout, read_measure, write_h5md

V0, GAMMA, EPS, K, STEP = 0.9, 0.4, 0.2, 0.7, 0.02
TRAPPED = {
    "model": "aoup", "particles": 300, "dimension": 2, "self_propulsion_speed": V0,
    "persistence_rate": GAMMA, "translational_diffusivity": EPS, "mobility": 1.0,
    "time_step": STEP, "trap": {"stiffness": K}, "interaction": {"kind": "none"},
}  # fmt: skip


def stored(path, params, steps=300):
    """Write an exact run of AOUPs in a trap, its work summed over the frames."""
    A, D = [[K, -V0], [0, GAMMA]], [params["translational_diffusivity"], GAMMA]
    paths = samples.linear(A, D, STEP, steps, 3, walkers=600).reshape(steps + 1, 300, 2, 2)
    x, g = paths[..., 0], paths[..., 1]
    work = np.zeros((steps + 1, 300))
    work[1:] = np.cumsum((V0 * (g[1:] + g[:-1]) / 2 * np.diff(x, axis=0)).sum(axis=-1), axis=0)
    times, open_space = STEP * np.arange(steps + 1), np.full(2, np.inf)
    layout = particle_layout(
        time=times, step=np.arange(steps + 1), members=1, particles=300, box=open_space,
        title="trapped", elements={
            "active": Field(("particle", "axis"), "float64", "1", "propulsion"),
            "work": Field(("particle",), "float64", "1", "work of self-propulsion"),
        },
    )  # fmt: skip

    def stamp():
        return provenance.collect(
            run="trapped", simulator="active", code="0" * 64, seed=5, device="cpu",
            spec={"simulator": "active", "params": params, "members": 1},
            clock=provenance.Clock(),
        )  # fmt: skip

    blocks = (
        Frame(t, times[t], x[t], open_space, {"active": g[t], "work": work[t]}).block(0, t)
        for t in range(steps + 1)
    )
    write_h5md(path, layout, blocks, stamp)
    return path


def measured(name, run, tmp_path):
    out = tmp_path / f"{name}.h5"
    command.main([name, str(run), "--spec", "{}", "-o", str(out)])
    (found,) = read_measure(out).members.values()
    return found, dict(zip(found.components, found.value[0], strict=True))


@pytest.fixture(scope="module")
def thermal(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("run") / "run.h5md", TRAPPED)


def test_heat_and_uncertainty_of_a_stored_run(thermal, tmp_path):
    truth = exact.aoup_trap(V0, GAMMA, EPS, K, d=2)
    found, values = measured("heat", thermal, tmp_path)
    assert found.convention.startswith("even")
    assert abs(values["per particle"] - truth) < 5 * values["error over blocks"] < 0.5 * truth
    found, values = measured("tur", thermal, tmp_path)
    # sqrt(8/(sigma T)) = 4 %, and the bias of gamma dt = .008
    assert values["extrapolated to short times"] == pytest.approx(truth, rel=0.16)


def test_the_sum_rule_and_the_score_of_an_athermal_run(tmp_path, capsys):
    run = stored(tmp_path / "run.h5md", {**TRAPPED, "translational_diffusivity": 0.0}, 40)
    found, values = measured("sum_rule", run, tmp_path)
    assert found.convention.startswith("g")
    assert values["per particle"] == pytest.approx(2 * K)
    found, values = measured("score", run, tmp_path)
    # the trap is harmonic, so that the features hold the exact score of every particle, crowded or
    # not; 20 frames within .8 are few
    told = {name: value for name, value, _ in found.summary}
    assert told["error of the lower bound"] > 0 and told["error of the plug-in"] > 0
    assert values["lower bound, held out"] == pytest.approx(2 * K, rel=0.15)
    assert values["exact by the sum rule"] == pytest.approx(2 * K)
    assert found.checks[0].passed


@pytest.mark.parametrize(
    ("name", "message"),
    [("sum_rule", "with thermal noise measure heat"), ("score", "translational_diffusivity 0")],
)
def test_conventions_that_do_not_fit_are_named(name, message, thermal, tmp_path):
    with pytest.raises(ConfigError, match=message):
        command.main([name, str(thermal), "--spec", "{}", "-o", str(tmp_path / "x.h5")])


def member(facts, **constants):
    return types.SimpleNamespace(facts=facts, name="0", constants=constants)


def test_contraction_takes_the_stored_exponents():
    facts = {
        "lyapunov_spectrum": [0.9, 0.0, -14.6],
        "lyapunov_standard_error": [0.01, 0.01, 0.01],
        "lyapunov_periods": 100,
        "mean_divergence": -13.7,
        "kind": "flow",
    }
    found = contraction(None, member(facts))
    assert found.value[0, 0] == pytest.approx(13.7) and found.checks[0].passed
    # exponents have errors, but their sum has none beside the divergence of the same orbit
    facts["lyapunov_standard_error"] = [0.1, 0.1, 0.1]
    facts["lyapunov_spectrum"] = [0.9, 0.0, -14.3]
    assert not contraction(None, member(facts)).checks[0].passed
    delay = {"lyapunov_spectrum": [5.7e-3, 1e-4, -0.04, -0.05], "kind": "delay", "title": "Ikeda"}
    with pytest.raises(ConfigError, match="Ikeda: a delay equation has endless exponents"):
        contraction(None, member(delay))
    with pytest.raises(ConfigError, match="holds no exponents"):
        contraction(None, member({}))
    with pytest.raises(ConfigError, match="a delay equation has endless exponents"):
        contraction(None, member({**facts, "kind": "delay"}))
    slides = {**facts, "lyapunov_spectrum": [0.0, -0.002], "variables": ("x", "v", "theta")}
    with pytest.raises(MemberError, match=r"slides within a surface.* is minus infinity"):
        contraction(None, member(slides))


def test_contraction_is_that_of_the_members_own_trajectory():
    growth = np.column_stack([np.full(40, 2.0), np.full(40, 1.0), np.full(40, -9.0)])
    found = contraction(
        None, member({"kind": "flow", "period": 1.0}, growth=growth, divergence=np.full(40, -8.0))
    )
    assert found.value[0, 0] == pytest.approx(4.0) and found.checks[0].passed


def ran(path, **params):
    """Run the simulator on the command line; return the file."""
    spec = json.dumps({"simulator": "active", "params": params, "members": 1})
    command = [sys.executable, "-m", "sims", "run", "--spec", spec, "--seed", "5", "-o", str(path)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def test_free_swimmers_are_held_to_the_exact_rate_and_a_map_tells_where_it_is_made(tmp_path):
    from analysis.measures import MEASURES
    from core.store import read_run

    free = ran(
        tmp_path / "free.h5md", model="aoup", particles=500, box=50.0, self_propulsion_speed=1.0,
        persistence_rate=0.5, translational_diffusivity=0.2, interaction={"kind": "none"},
        time_step=0.01, t_end=8.0, frames=81,
    )  # fmt: skip
    with read_run(free) as run:
        (row,) = MEASURES["heat"].function(run, run.members[0]).checks
        assert row.passed and row.exact == 10.0 and row.tolerance < 1.5
    crowd = ran(
        tmp_path / "crowd.h5md", model="aoup", particles=256, packing_fraction=0.6,
        self_propulsion_speed=0.025, persistence_rate=1e-4,
        interaction={"kind": "softplus", "diameter": 2.0, "beta": 7.5},
        time_step=0.1, thermalization=1000.0, t_end=1000.0, frames=11,
    )  # fmt: skip
    with read_run(crowd) as run:
        found = MEASURES["production_map"].function(run, run.members[0])
        assert found.value.shape == (256, 3) and np.abs(found.value[:, 2]).max() <= 2
        assert not MEASURES["heat"].meta["fits"]({**run.params, "translational_diffusivity": 1.0})
        told = {name: value for name, value, _ in found.summary}
        assert 0 < told["plug-in over the exact rate"] < 1.2
        # the interface is gated in part: what has no estimate is said, not taken for 0
        unknown = told["share of the particles without an estimate"]
        assert 0 < unknown <= np.mean(found.value[:, 2] == -2)
        assert "no estimate" in found.convention
        for what in ("particles", "production"):
            shares = [v for name, v in told.items() if name.startswith(f"share of the {what} in")]
            assert len(shares) == 3 and sum(shares) == pytest.approx(1)
        dense, gas = (told[f"share of the production in the {p}"] for p in ("dense phase", "gas"))
        assert dense > 0.5 > gas


def test_a_passive_copy_and_tumblers_on_a_line_have_an_uncertainty_bound(tmp_path):
    passive = ran(
        tmp_path / "passive.h5md", model="passive", particles=100, packing_fraction=0.3,
        translational_diffusivity=0.3, interaction={"kind": "harmonic", "strength": 20.0},
        time_step=1e-3, t_end=1.0, frames=101,
    )  # fmt: skip
    found, values = measured("tur", passive, tmp_path)
    errors = dict((name, value) for name, value, _ in found.summary)
    assert abs(values["lower bound"]) < 4 * errors["error of the lower bound"] < 0.1
    assert measured("heat", passive, tmp_path)[1]["per particle"] == 0
    tumblers = ran(
        tmp_path / "tumblers.h5md", model="rtp", dimension=1, particles=400,
        self_propulsion_speed=1.1, tumble_rate=1.2, translational_diffusivity=0.4,
        mobility=2.0, trap={"stiffness": 0.4}, time_step=0.005, thermalization=10.0, t_end=10.0,
        frames=201,
    )  # fmt: skip
    truth = exact.rtp_trap(1.1, 0.6, 0.4, 0.8)
    _, values = measured("heat", tumblers, tmp_path)
    assert abs(values["per particle"] - truth) < 4 * values["error over blocks"] < 0.1 * truth
    _, values = measured("tur", tumblers, tmp_path)
    assert 0.8 * truth < values["lower bound"] < 1.05 * truth


def test_the_row_of_free_particles_seldom_fails_by_chance_however_few_frames():
    from analysis.measures.production import _alone
    from analysis.production import forces

    draw = np.random.default_rng(8)
    params = {"model": "abp", "self_propulsion_speed": 1.0, "translational_diffusivity": 0.1}
    for frames, n in ((2, 50), (3, 50), (40, 1)):
        failed = []
        for _ in range(300):
            # heat of a free particle over a time t: mean 10 t, variance 20 t
            steps = 10 + math.sqrt(20) * draw.standard_normal((frames - 1, n))
            total = np.concatenate([np.zeros((1, n)), np.cumsum(steps, axis=0)])
            (row,) = _alone(params, forces.heat_from_totals(total, np.arange(frames)))
            assert row.exact == 10
            failed.append(not row.passed)
        assert np.mean(failed) < 0.03  # .0027 of a normal number, .01 of 20 blocks
    few = forces.heat_from_totals(np.arange(3.0), np.arange(3))
    assert _alone(params, few) == ()  # one particle, two times: no error to judge by


def test_transients_and_torques_are_told(tmp_path, capsys):
    run = ran(
        tmp_path / "late.h5md", model="aoup", particles=100, self_propulsion_speed=3.0,
        persistence_rate=0.05, translational_diffusivity=0.2, chirality=0.1,
        trap={"stiffness": 0.3}, time_step=0.01, t_end=20.0, frames=41,
    )  # fmt: skip
    found, _ = measured("heat", run, tmp_path)
    assert "not stationary: the halves differ" in found.convention
    assert "without what turns the headings" in found.convention
    told = capsys.readouterr().err
    assert "warning: Entropy production by heat: not stationary" in told


def test_the_sum_rule_of_turning_propulsions_is_of_gamma_g_plus_s_alone():
    """Trapped AOUPs that also rotate: gamma <|s_g + g|^2> = 2 k, from Lyapunov's equation."""
    turn, eps = 2.0, 1e-7
    A = np.kron(np.array([[K, -V0], [0, GAMMA]]), np.eye(2))
    A[2:, 2:] += turn * np.array([[0, 1], [-1, 0]])
    C = exact.covariance(A, [eps, eps, GAMMA, GAMMA])
    odd = np.hstack([np.zeros((2, 2)), np.eye(2)]) - np.linalg.inv(C)[2:]
    assert GAMMA * np.trace(odd @ C @ odd.T) == pytest.approx(2 * K, rel=1e-5)
    from analysis.measures import MEASURES

    still = {**TRAPPED, "translational_diffusivity": 0.0, "self_propulsion_speed": 0.0}
    for name in ("sum_rule", "score", "production_map"):
        assert "self_propulsion_speed is 0" in MEASURES[name].meta["fits"](still)


def test_forces_are_those_that_moved_the_particles(tmp_path):
    """A softplus cut short: its shift is a tenth of the force. The simulator's own Laplacian."""
    from analysis.measures.particles import interaction
    from analysis.measures.production import _local, _springs, _terms
    from analysis.structure.forces import pair_forces
    from core.store import frames, read_run

    run = ran(
        tmp_path / "cut.h5md", model="aoup", particles=100, packing_fraction=0.9, mobility=0.5,
        self_propulsion_speed=0.5, persistence_rate=0.4, time_step=0.01, t_end=2.0, frames=3,
        interaction={"kind": "softplus", "strength": 5.0, "beta": 3.0, "cutoff": 1.1},
    )  # fmt: skip
    _, values = measured("sum_rule", run, tmp_path)
    with read_run(run) as opened:
        member = opened.members[0]
        seen = list(frames(member, 0))
        own = float(np.mean(member.fields["laplacian"][:]))
        for f in seen:
            expected = pair_forces(f.position, f.box, interaction(opened.params)).force
            np.testing.assert_allclose(_springs(opened, f).force, 0.5 * expected, atol=1e-12)
        names = _local(opened.params).names
        (terms,) = _terms(opened, member, 2, 3)
        plain = [i for i, name in enumerate(names) if name.startswith("F from")]
        found = terms.values[plain].sum(axis=0)  # of one class each, or of none
        crowded = found.any(axis=1)
        assert crowded.any()
        np.testing.assert_allclose(found[crowded], expected[crowded], atol=1e-12)  # mu F/v0 = F
    assert values["per particle"] == pytest.approx(own, rel=1e-12)


def test_features_are_gated_where_there_may_be_gas_alone(tmp_path):
    from analysis.measures.production import _local

    gas = {"interaction": {"kind": "wca"}, "packing_fraction": 0.2}
    assert _local(gas).crowding
    for other in ({"trap": {"stiffness": 1.0}}, {"dimension": 1}, {"interaction": None}):
        assert not _local({**gas, **other}).crowding
    run = ran(
        tmp_path / "gas.h5md", model="aoup", particles=50, packing_fraction=0.05,
        self_propulsion_speed=0.5, persistence_rate=0.4, time_step=0.01, t_end=2.0, frames=11,
        interaction={"kind": "harmonic", "strength": 5.0},
    )  # fmt: skip
    _, values = measured("score", run, tmp_path)
    assert values["lower bound, held out"] == pytest.approx(0, abs=1e-12) == values["plug-in"]
    with pytest.raises(ConfigError, match="production_map: the score gives every particle 0"):
        measured("production_map", run, tmp_path)


def test_an_error_that_is_not_known_is_left_out():
    from analysis.measures.production import _errors

    assert [row[0] for row in _errors(("bound", 0.1), ("plug-in", math.nan))] == [
        "error of the bound"
    ]


@pytest.mark.parametrize(("since", "first"), [(None, 0), (0.4, 20)])
def test_a_score_is_judged_on_frames_that_it_was_not_fitted_to(since, first, tmp_path, monkeypatch):
    from analysis.measures import production
    from core.store import read_run

    used, terms = [], production._terms

    def noted(run, member, start, stop, *rest):
        used.append(range(start, len(member.time) if stop is None else stop))
        return terms(run, member, start, stop, *rest)

    monkeypatch.setattr(production, "_terms", noted)
    path = stored(tmp_path / "run.h5md", {**TRAPPED, "translational_diffusivity": 0.0}, 40)
    with read_run(path) as run:
        production.learned(run, run.members[0], since=since)
    fitted, judged = used
    assert fitted.start == first and fitted.stop == judged.start and judged.stop == 41
    assert len(fitted) >= 10 and len(judged) >= 10
