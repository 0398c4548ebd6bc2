"""Lyapunov exponents of the catalogue, of published systems, and in files and figures."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from analysis.measures import MEASURES, disagreement
from analysis.measures.spectra import reference
from analysis.plan import check
from core import provenance, rng, spectrum
from core.backend import select
from core.errors import ConfigError, MemberError, NumericsError
from core.store import Extent, read_run, write_run
from sims import chaos
from sims.chaos import annotations, spectra, tangent
from sims.chaos.system import catalogue

SYSTEMS, KNOWN = catalogue(), spectra.catalogued()
SLIDING = {"StickSlipOscillator"}  # its last exponent is minus infinity, and not in the table
CHAOTIC = ("chaotic", "weakly chaotic")


def length(name):
    return KNOWN[name].periods * SYSTEMS[name].period


def test_every_system_has_exponents():
    assert set(KNOWN) == set(SYSTEMS)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_record_agrees_with_itself_and_with_its_label(name):
    found, system = KNOWN[name], SYSTEMS[name]
    e, error = np.array(found.exponents), np.array(found.standard_errors)
    assert len(e) == len(error) and (np.diff(e) <= 0).all()
    expected = system.dimension - (name in SLIDING)
    assert len(e) == (spectra.OF_DELAYS if system.kind == "delay" else expected)
    if system.kind != "delay" and name not in SLIDING:
        # six digits are written
        assert abs(e.sum() - found.mean_divergence) <= 1e-5 * max(1.0, np.abs(e).max())
        assert 0 <= found.kaplan_yorke <= system.dimension
    if found.kaplan_yorke is not None:
        assert found.kaplan_yorke == pytest.approx(spectrum.kaplan_yorke(e, error), abs=2e-3)
    if system.regime in CHAOTIC:
        assert e[0] > 3 * error[0]
    if system.kind == "map":
        return  # a map has no direction of its flow
    if system.regime in CHAOTIC and (system.kind == "flow" or e[-1] < 0):
        # a vector that turns into the flow's direction leaves up to a few nats behind
        zero = not system.autonomous or np.any(np.abs(e) <= 3 * error + 3 / length(name))
        assert zero
    elif system.regime in ("periodic", "quasi-periodic"):
        # neighbours part like a power of time at most: ln t over the time
        slack = 2 * np.log(found.periods) / length(name)
        assert e[0] <= 3 * error[0] + slack
        if system.regime == "periodic":
            assert found.kaplan_yorke == 1.0
        if system.regime == "quasi-periodic":  # a torus has two directions along it, or more
            assert e[1] >= -3 * error[1] - slack and found.kaplan_yorke >= 2.0


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_exponents_come_out_again_and_add_up_to_the_mean_divergence(name):
    system, known = SYSTEMS[name], KNOWN[name]
    periods = 6000.0 if system.kind == "map" else 240.0
    found = spectra.growth(system, periods, pieces=120).exponents()
    total = sum(found.exponents)
    if system.kind != "delay" and name not in SLIDING:
        assert abs(total - found.mean_divergence) <= 1e-3 * max(1.0, abs(found.mean_divergence))
    if (
        system.regime in CHAOTIC and system.kind == "flow"
    ):  # 5 of the errors that 20 blocks of 12 periods give, and transients
        error = np.hypot(found.standard_errors[0], known.standard_errors[0])
        slack = 5 * error + 5 / (periods * system.period)
        assert abs(found.exponents[0] - known.exponents[0]) <= slack


def flow_of(variables, equations, initial, period, parameters=()):
    return replace(
        SYSTEMS["Lorenz"], name="Own", variables=tuple(variables.split()),
        equations=tuple(equations), initial_condition=tuple(initial), period=period,
        parameters=dict(parameters), unbounded=(),
    )  # fmt: skip


# Sprott (2003) Chaos and Time-Series Analysis, App. A: largest exponent, Kaplan-Yorke dimension
PUBLISHED = {
    "Lorenz": (SYSTEMS["Lorenz"].changed({"beta": 8 / 3}, ""), 0.9056, 2.06215),
    "Rossler": (SYSTEMS["Rossler"], 0.0714, 2.0132),
    "diffusionless Lorenz": (
        flow_of("x y z", ["-y - x", "-x*z", "x*y + 1"], [1.0, -1.0, 0.01], 4.0), 0.2101, 2.1736),
    "Chen": (SYSTEMS["Chen"], 2.0272, 2.1686),
    "Rabinovich-Fabrikant": (SYSTEMS["RabinovichFabrikant"], 0.1981, 2.301),
    "Thomas": (
        flow_of("x y z", ["sin(y) - b*x", "sin(z) - b*y", "sin(x) - b*z"], [0.1, 0.0, 0.0], 20.0,
                {"b": 0.18}), 0.0349, 2.0607),
    "Halvorsen": (SYSTEMS["Halvorsen"].changed({"a": 1.27}, ""), 0.7899, 2.1717),
    "SprottJerk": (SYSTEMS["SprottJerk"], 0.0551, 2.0265),
    "simplest cubic": (
        flow_of("x y z", ["y", "z", "-a*z + x*y**2 - x"], [0.0, 0.96, 0.0], 9.0, {"a": 2.028}),
        0.0837, 2.0396),
    "WINDMI": (
        flow_of("x y z", ["y", "z", "-a*z - y + b - exp(x)"], [0.0, 0.8, 0.0], 7.0,
                {"a": 0.7, "b": 2.5}), 0.0755, 2.0974),
    "Ueda": (
        flow_of("x y z", ["y", "-k*y - x**3 + b*sin(z)", "1"], [2.5, 0.0, 0.0], 6.3,
                {"k": 0.05, "b": 7.5}), 0.1034, 2.6741),
    "driven van der Pol": (
        flow_of("x y z", ["y", "-x + b*(1 - x**2)*y + a*sin(w*z)", "1"], [-1.9, 0.0, 0.0], 3.5,
                {"b": 3.0, "a": 5.0, "w": 1.788}), 0.1932, 2.0937),
    "damped driven pendulum": (
        flow_of("x y z", ["y", "-b*y - sin(x) + a*sin(w*z)", "1"], [0.0, 0.0, 0.0], 9.0,
                {"b": 0.05, "a": 0.6, "w": 0.7}), 0.14, 2.7369),
    "two-well Duffing": (
        flow_of("x y z", ["y", "-b*y + x - x**3 + a*sin(z)", "1"], [0.2, 0.0, 0.0], 6.3,
                {"b": 0.25, "a": 0.4}), 0.1571, 2.386),
    "SprottB": (SYSTEMS["SprottB"], 0.2101, 2.1736),
    "SprottC": (SYSTEMS["SprottC"], 0.163, 2.14),
    "SprottD": (SYSTEMS["SprottD"], 0.103, 2.078),
    "SprottE": (SYSTEMS["SprottE"], 0.078, 2.072),
    "SprottF": (SYSTEMS["SprottF"], 0.117, 2.19),
    "SprottG": (SYSTEMS["SprottG"], 0.034, 2.054),
    "SprottS": (SYSTEMS["SprottS"], 0.188, 2.158),
}  # fmt: skip
LONG = 3000.0  # periods


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_exponents_come_out(name):
    system, largest, dimension = PUBLISHED[name]
    found = spectra.growth(system, LONG, rtol=1e-7).exponents()
    slack = max(0.02 * largest, 3 * found.standard_errors[0])
    assert found.exponents[0] == pytest.approx(largest, abs=slack)
    assert found.kaplan_yorke == pytest.approx(dimension, abs=0.01)


def test_a_turning_flow_has_the_exponents_of_its_matrix():
    spiral = flow_of("x y", ["0.1*x - 2*y", "2*x + 0.1*y"], [1.0, 0.0], 3.0)
    found = spectra.growth(spiral, 40.0, np.array([1e-3, 0.0]), rtol=1e-10)
    logarithms = found.logarithms.sum(axis=0) / found.durations.sum()
    np.testing.assert_allclose(logarithms, 0.1, rtol=1e-7)  # each vector grows alike
    np.testing.assert_allclose(found.divergences, 0.2 * found.durations, rtol=1e-9)


def test_pieces_end_where_the_next_begin_and_their_number_does_not_matter():
    few, many = (
        list(tangent.Tangent(SYSTEMS["Lorenz"]).stretches(50.0, 50.0 / n)) for n in (10, 2500)
    )
    assert len(few) == 10 and 500 < len(many) < 2500  # 1/50 is shorter than some steps
    assert many[-1].time == pytest.approx(sum(part.duration for part in many), rel=1e-12)
    assert few[-1].time == many[-1].time >= 50.0
    together = np.sum([part.logarithms for part in many], axis=0)
    np.testing.assert_allclose(together, np.sum([part.logarithms for part in few], axis=0))


def test_a_flow_that_blows_up_is_an_error_with_the_time():
    with pytest.raises(NumericsError, match=r"Own: step size collapsed at t = 1"):
        list(tangent.Tangent(flow_of("x y", ["x**2", "y"], [1.0, 0.0], 1.0)).stretches(2, 0.1))


def written(tmp_path, name="run.h5", **params):
    ready = chaos.prepare({"samples": 50, **params}, "c:")
    made = chaos.trajectories(ready, lambda m: rng.generator(3, "sims", "r", m), select("cpu"))
    spec = {"simulator": "chaos", "params": {"samples": 50, **params}, "members": 1}
    stamp = {"spec_json": provenance.canonical(spec), "run": "r", "seed": 3}
    write_run(tmp_path / name, made.layout, made.blocks, lambda: stamp)
    return tmp_path / name


def measured(path):
    with read_run(path) as run:
        return [MEASURES["lyapunov"].function(run, member) for member in run.members]


def test_a_file_holds_the_exponents_of_the_catalogue_or_its_own(tmp_path):
    with read_run(written(tmp_path, systems=["Lorenz"])) as run:
        facts = run.members[0].facts
        assert facts["lyapunov_spectrum"] == list(KNOWN["Lorenz"].exponents)
        assert facts["kaplan_yorke_dimension"] == KNOWN["Lorenz"].kaplan_yorke
        assert "growth" not in run.members[0].constants
    own = written(tmp_path, "own.h5", systems=["Lorenz"], parameters={"rho": 45.0}, exponents=80)
    with read_run(own) as run:
        facts, table = run.members[0].facts, run.members[0].constants["growth"]
        again = spectrum.of_growth(table[:, 0], table[:, 1:])
        np.testing.assert_allclose(facts["lyapunov_spectrum"], again.exponents, rtol=1e-12)
        assert facts["lyapunov_periods"] == 80 and 1.0 < facts["lyapunov_spectrum"][0] < 1.5
    (measure,) = measured(own)
    assert all(row.passed for row in measure.checks) and len(measure.checks) == 1
    assert "stated" not in measure.extra  # nobody states anything at other parameters


def test_what_others_state_stands_beside_what_we_find(tmp_path):
    function = MEASURES["disagreement"].function
    with read_run(written(tmp_path, systems=["Lorenz", "HenonHeilesChaotic", "Henon"])) as run:
        by = {str(member.facts["title"]): member for member in run.members}
        found = function(run, by["Lorenz"])
        known, stated = KNOWN["Lorenz"], reference()["Lorenz"]
        ours = (known.exponents[0], known.standard_errors[0])
        assert found.extra["exponent"].tolist() == [*ours, stated["maximum"]]
        about = annotations.catalogued()["Lorenz"].correlation_dimension
        assert found.extra["dimension"].tolist() == [*about, stated["correlation"]]
        for name in ("HenonHeilesChaotic", "Henon"):
            with pytest.raises(MemberError, match="states nothing of it"):
                function(run, by[name])


@pytest.mark.parametrize(
    ("found", "error", "stated", "far"),
    [(1.0, 0.01, 1.19, False), (1.0, 0.01, 1.21, True), (1.0, 0.1, 1.29, False),
     (1.0, 0.1, 0.69, True), (0.0, 0.001, 0.002, False), (0.0, 0.001, 0.004, True)],
)  # fmt: skip
def test_far_is_by_a_fifth_and_by_three_errors(found, error, stated, far):
    assert disagreement.far(found, error, stated) is far


@pytest.mark.parametrize("key", [{"parameters": {"rho": 40.0}}, {"jitter": 0.1}])
def test_nobody_states_anything_at_other_parameters(key):
    extents = {"state": Extent({"time": 50, "component": 3}, "float64")}
    with pytest.raises(ConfigError, match="'disagreement' needs systems at the catalogue's param"):
        check("disagreement", {}, "chaos", extents, "c:", "c: runs.r", key)


def test_a_spectrum_out_of_balance_fails_its_row(tmp_path):
    path = written(tmp_path, systems=["Lorenz", "HenonHeiles"])
    regular, lorenz = measured(path)  # by name
    assert [row.passed for row in lorenz.checks] == [True, True] and len(regular.checks) == 1
    with h5py.File(path, "r+") as file:
        file["systems/Lorenz"].attrs["lyapunov_spectrum"] = [0.95, 0.05, -14.667]
    assert [row.passed for row in measured(path)[1].checks] == [True, False]
    with h5py.File(path, "r+") as file:
        file["systems/Lorenz"].attrs["lyapunov_spectrum"] = [0.95, 0.0, -14.617]
    assert [row.passed for row in measured(path)[1].checks] == [True, True]
    with h5py.File(path, "r+") as file:
        file["systems/Lorenz"].attrs["lyapunov_spectrum"] = [0.95, 0.0, -14.5]
    assert [row.passed for row in measured(path)[1].checks] == [False, True]


def test_a_run_without_exponents_is_refused_with_the_remedy(tmp_path):
    params = {"systems": ["Lorenz"], "parameters": {"rho": 40.0}}
    ready = chaos.prepare({"samples": 50, **params}, "c:")
    extents = {"state": Extent({"time": 50, "component": 3}, "float64")}
    for more, refused in ((params, True), ({**params, "exponents": 50.0}, False)):
        if refused:
            with pytest.raises(ConfigError, match=r"'lyapunov' needs exponents .* set params\.exp"):
                check("lyapunov", {}, "chaos", extents, "c:", "c: runs.r", more)
        else:
            check("lyapunov", {}, "chaos", extents, "c:", "c: runs.r", more)
    with pytest.raises(ConfigError, match="Lorenz: the run holds no exponents"):
        measured(written(tmp_path, **params))
    assert ready.exponents == 0
    with pytest.raises(ConfigError, match="exponents: must be 0 or more"):
        chaos.prepare({"exponents": -1}, "c:")
    with pytest.raises(ConfigError, match=r"c: exponents: must be 0, or 20 or more, got 0\.5"):
        chaos.prepare({"exponents": 0.5}, "c:")
    with pytest.raises(NumericsError, match=r"Lorenz: 0\.01 periods are too short; give more"):
        spectra.growth(SYSTEMS["Lorenz"], 0.01)


def sliding(**more):
    """x is pushed to 0 from both sides, once |y| < 2; within x = 0, dy/dt = y - y^3."""
    return replace(
        SYSTEMS["Lorenz"], name="Pressed", variables=("x", "y", "z"), parameters={}, period=1.0,
        equations=("-2*sign(x) + y*(1 + cos(z)/2)", "y - y**3", "1"), unbounded=("z",),
        initial_condition=(0.3, 0.6, 0.0), **more,
    )  # fmt: skip


def test_a_flow_that_slides_has_all_exponents_but_the_last():
    """Within the surface neighbours come to y = 1 at the rate 1 - 3 y^2 = -2; the clock keeps 0.

    They are within it from t = 0.2 on, and what has no time to turn leaves O(1) over the time.
    """
    found = spectra.growth(sliding(), 400.0).exponents()
    np.testing.assert_allclose(found.exponents, [0.0, -2.0], atol=0.01)
    assert found.mean_divergence is None


def test_the_clock_of_stick_and_slip_keeps_the_exponent_0():
    found = KNOWN["StickSlipOscillator"]
    assert abs(found.exponents[0]) < 3 * found.standard_errors[0]
    assert found.exponents[1] < -3 * found.standard_errors[1]


def test_trajectories_some_of_which_slide_are_cut_to_as_many_exponents():
    long = spectra.growth(SYSTEMS["SprottMore"], 45.0)
    short = replace(long, logarithms=long.logarithms[:, :2], divergences=None)
    both = spectra.alike([long, short])
    assert [one.logarithms.shape[1] for one in both] == [2, 2]
    assert all(one.divergences is None for one in both)
    assert spectra.alike([long, long])[0] is long
    assert len(spectra.pooled(both).exponents) == 2


def test_a_run_of_a_flow_that_slides_holds_its_exponents(tmp_path):
    params = {"systems": ["StickSlipOscillator"], "exponents": 45}
    path = written(tmp_path, **params)
    (measure,) = measured(path)
    assert len(measure.value) == 2 and not measure.checks


def test_a_system_without_exponents_is_left_out_of_the_others(tmp_path, capsys):
    from analysis import __main__ as analyse
    from core.store import read_measure

    params = {"systems": ["HenonHeiles", "Lorenz"], "exponents": 45}
    path, out = written(tmp_path, **params), tmp_path / "m.h5"
    with h5py.File(path, "r+") as file:
        file["provenance"].attrs.update(spec_sha256="-", code_sha256="-")
        del (
            file["systems/HenonHeiles/growth"],
            file["systems/HenonHeiles"].attrs["lyapunov_spectrum"],
        )
    analyse.main(["lyapunov", str(path), "--spec", "{}", "-o", str(out)])
    assert "left out: HenonHeiles: the run holds no exponents" in capsys.readouterr().err
    assert list(read_measure(out).members) == ["Lorenz"]
