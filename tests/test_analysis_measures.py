"""Measures on fields that are known exactly: each finds what is there, and no more."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import plan, verification
from analysis.measures.entropies import soliton_entropy
from core import exact_nlse
from core.errors import ConfigError
from core.store import Member, Run, read_measure, write_measure

N, LENGTH = 512, 50.0
X = (np.arange(N) - N // 2) * (LENGTH / N)
SPECS = {
    "shannon": {"observable": "density", "functional": "shannon"},
    "renyi2": {"observable": "density", "functional": "renyi", "alpha": 2.0},
    "renyi_inf": {"observable": "density", "functional": "renyi", "alpha": math.inf},
    "tsallis2": {"observable": "density", "functional": "tsallis", "q": 2.0},
    "tsallis_half": {"observable": "density", "functional": "tsallis", "q": 0.5},
    "k_shannon": {"observable": "spectrum", "functional": "shannon"},
    "phase": {"observable": "phase", "functional": "shannon", "bins": 16},
    "old": {"observable": "density", "functional": "reference_shannon"},
}
DEFAULTS = {"dispersion": 1.0, "nonlinearity": 1.0, "rtol": 1e-11, "integrator": "dop853"}


def run_of(psi, time, params, x=X, **fields):
    member = Member("0", 0, np.asarray(time), {"x": x}, {"psi": np.asarray(psi), **fields})
    given = {**DEFAULTS, **params}
    return Run(Path("run.h5"), "nlse", "example", given, 1, [member])


def soliton_run(amplitude=2.0, velocity=1.0, frames=5, position=-5.0):
    time = np.linspace(0, 4, frames)
    psi = [exact_nlse.soliton(X, t, amplitude, velocity, position) for t in time]
    params = {"case": "soliton", "amplitude": amplitude, "velocity": velocity}
    return run_of(psi, time, params)


def measured(name, run, specs=SPECS):
    return plan.resolve(name, specs, "test:").function(run, run.members[0])


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("shannon", 2.940),
        ("renyi2", 2.732),
        ("renyi_inf", 2.326),
        ("tsallis2", 0.935),
        ("tsallis_half", 8.053),
    ],
)
def test_a_soliton_has_the_published_entropies(name, published):
    # printed to three decimals in the paper on simple-idealized-1d-nlse
    # with its peak on a grid point, where the min-entropy is -ln(A dx/2)
    found = measured(name, soliton_run(position=0.0)).value[0, 0]
    assert found == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize("name", ["shannon", "renyi2", "tsallis2"])
def test_a_soliton_s_entropies_agree_with_the_closed_forms(name):
    found = measured(name, soliton_run())
    # the trapezium rule is exact for an analytic density up to exp(-pi^2/(A dx)) = 1e-22
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=1e-12)
    assert len(found.checks) == 2
    assert all(check.passed for check in found.checks)


def test_the_differential_entropy_does_not_depend_on_the_grid():
    coarse, fine = soliton_run(), soliton_run()
    x = (np.arange(4 * N) - 2 * N) * (LENGTH / (4 * N))
    psi = [exact_nlse.soliton(x, t, 2.0, 1.0, -5.0) for t in fine.members[0].time]
    fine = run_of(psi, fine.members[0].time, fine.params, x=x)
    for name in ("shannon", "renyi2", "tsallis2"):
        a, b = measured(name, coarse).value[:, 1], measured(name, fine).value[:, 1]
        np.testing.assert_allclose(a, b, atol=1e-12)
    gap = measured("shannon", fine).value[:, 0] - measured("shannon", coarse).value[:, 0]
    np.testing.assert_allclose(gap, math.log(4), atol=1e-12)


def test_closed_forms_are_integrals_of_the_density():
    from scipy.integrate import quad

    for w in (0.7, 2.0):
        for order in (0.6, 2.0, 3.5):

            def power(x, w=w, order=order):
                return (w / 2 / np.cosh(w * x) ** 2) ** order

            total = quad(power, -60, 60, epsabs=1e-13, points=[0], limit=200)[0]
            renyi = math.log(total) / (1 - order)
            assert soliton_entropy("renyi", order, w) == pytest.approx(renyi, rel=1e-9)
            tsallis = (1 - total) / (order - 1)
            assert soliton_entropy("tsallis", order, w) == pytest.approx(tsallis, rel=1e-9)
    assert soliton_entropy("shannon", 1.0, 2.0) == pytest.approx(2 - math.log(4), rel=1e-15)


def test_noise_takes_the_exact_values_away():
    run = soliton_run()
    noisy = replace(run, params={**run.params, "noise": 1e-3})
    assert measured("shannon", noisy).exact is None
    assert measured("shannon", noisy).checks == ()


def test_a_plane_wave_is_uniform_in_x_and_certain_in_k():
    k = 2 * math.pi / LENGTH * 3
    run = run_of([np.exp(1j * k * X)] * 2, [0.0, 1.0], {"case": "plane_wave"})
    np.testing.assert_allclose(measured("shannon", run).value[:, 1], math.log(LENGTH), rtol=1e-14)
    np.testing.assert_allclose(measured("k_shannon", run).value[:, 0], 0, atol=1e-12)
    # three turns over 16 cells: all phases alike, up to the points that fall on an edge
    np.testing.assert_allclose(measured("phase", run).value[:, 0], math.log(16), atol=1e-3)
    found = measured("phase_space", run, {})
    np.testing.assert_allclose(found.value, 0, atol=1e-15)


def test_a_uniform_field_is_coherent():
    run = run_of([np.full(N, 1 + 1j)] * 2, [0.0, 1.0], {"case": "plane_wave"})
    np.testing.assert_allclose(measured("phase_space", run, {}).value, 1, rtol=1e-14)


def test_the_reference_definition_is_the_discrete_one_without_the_smallest_cells():
    run = soliton_run()
    found = measured("old", run)
    assert found.components == ("discrete",)
    # cells below 1e-15 hold together less than 512 * 1e-15 * 35 nats
    np.testing.assert_allclose(found.value[:, 0], measured("shannon", run).value[:, 0], atol=2e-11)
    assert "comparable only on the same grid" in found.convention


def test_invariants_see_a_drift_of_what_drifts():
    run = soliton_run()
    time = run.members[0].time
    fields = {
        "mass": np.full(5, 4.0) * (1 + 1e-6 * time),
        "momentum": np.full(5, 4.0),
        "energy": np.full(5, -2 / 3),
    }
    run = run_of(run.members[0].fields["psi"], time, run.params, **fields)
    found = measured("invariants", run, {})
    np.testing.assert_allclose(found.value[:, 0], 1e-6 * time, rtol=1e-9)
    np.testing.assert_array_equal(found.value[:, 1:], 0)
    verdicts = {check.quantity: check.passed for check in found.checks}
    assert verdicts == {
        "drift of mass": False,
        "drift of momentum": True,
        "drift of energy": True,
    }
    bounds = {check.quantity.split()[-1]: check.tolerance for check in found.checks}
    assert bounds == {"mass": 1e-13, "momentum": 1e-11, "energy": 1e-11}
    higher = measured("h", run, {"h": {"measure": "invariants", "higher": True}})
    assert higher.components[3:] == ("fourth", "fifth")
    assert higher.value[:, 3:].max() < 1e-11  # rounding of third derivatives, k_max^4 eps


def two_solitons(t_end=10.0, spoil=0.0):
    params = {
        "case": "two_solitons",
        "amplitudes": [2.0, 1.5],
        "velocities": [2.0, -2.0],
        "positions": [-10.0, 10.0],
    }
    solution = [
        exact_nlse.n_soliton(X, t, (2.0, 1.5), (2.0, -2.0), (-10.0, 10.0), (0.0, 0.0))
        for t in (0.0, t_end)
    ]
    if spoil:
        solution[-1] = np.interp(X - spoil, X, solution[-1].real) + 1j * solution[-1].imag
    return run_of(solution, [0.0, t_end], params)


def test_the_soliton_shift_is_found_in_the_exact_solution():
    found = measured("soliton_shift", two_solitons(), {})
    # the tails of the other soliton, exp(-1.5 * 20), times the fit's conditioning
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        found.exact[:, 0], [0.276500274408, -0.368667032544], rtol=0, atol=1e-12
    )
    assert len(found.checks) == 4
    assert all(check.passed for check in found.checks)


def test_a_field_that_is_off_fails_its_check():
    found = measured("soliton_shift", two_solitons(spoil=1e-4), {})
    assert not all(check.passed for check in found.checks)


def test_solitons_that_have_not_parted_are_refused():
    with pytest.raises(ConfigError, match="must begin and end with them apart"):
        measured("soliton_shift", two_solitons(t_end=5.5), {})


def test_the_growth_rate_is_found_and_the_decaying_part_left_out():
    amplitude, kappa = 1.0, math.sqrt(2)
    length = 4 * math.pi / kappa
    x = (np.arange(64) - 32) * (length / 64)
    time = np.linspace(0, 8, 81)
    rate = exact_nlse.growth_rate(amplitude, kappa)
    up = exact_nlse.growing_mode(amplitude, kappa)
    grow = 1e-9 * np.exp(rate * time) * up + 1e-9 * np.exp(-rate * time) * np.conj(up)
    psi = (1 + grow[:, None] * np.cos(kappa * x)) * np.exp(1j * time)[:, None]
    params = {"case": "modulation_instability", "amplitude": amplitude, "wavenumber": kappa}
    found = measured("growth_rate", run_of(psi, time, params, x=x), {})
    slope, exact = found.extra["rates"]
    # rounding of psi, 1e-16, against a mode of 1e-9: 1e-7 on single points, less on the slope
    assert slope == pytest.approx(exact, abs=1e-7)
    assert found.checks[0].passed
    with pytest.raises(ConfigError, match="one seeded mode"):
        measured("growth_rate", soliton_run(), {})


def test_the_spectrum_holds_the_mass():
    found = measured("spectrum", soliton_run(), {})
    np.testing.assert_allclose(found.value.sum(axis=1), 4.0, rtol=1e-12)  # M = 2A
    assert np.all(np.diff(found.second) > 0)


@pytest.mark.parametrize(
    ("name", "specs", "text"),
    [
        ("shanon", SPECS, "m: measures: no 'shanon'; did you mean 'shannon'"),
        ("a", {"a": {"observable": "density"}}, "m: measures.a: missing 'functional'"),
        ("a", {"a": {"observable": "densty", "functional": "renyi"}}, "no observable 'densty'"),
        ("a", {"a": {**SPECS["renyi2"], "alhpa": 1}}, "m: measures.a.alhpa: unknown key; did you"),
        (
            "a",
            {"a": {"observable": "density", "functional": "renyi"}},
            "measures.a: missing 'alpha'",
        ),
        ("a", {"a": {**SPECS["renyi2"], "alpha": "x"}}, "measures.a.alpha: expected a number"),
        ("a", {"a": {"measure": "invariants", "highr": True}}, "did you mean 'higher'"),
        ("a", {"a": {"measure": "nothing"}}, "no measure 'nothing'"),
    ],
)
def test_a_wrong_specification_is_named(name, specs, text):
    with pytest.raises(ConfigError) as caught:
        plan.resolve(name, specs, "m:")
    assert text in str(caught.value)


def test_a_run_without_the_field_is_told_before():
    with pytest.raises(ConfigError, match="'error' needs error, which this run will not hold"):
        plan.check("error", {}, "nlse", ("psi", "mass"), "m:", "m: runs.a")
    with pytest.raises(ConfigError, match="'error' is for nlse, not for chaos"):
        plan.check("error", {}, "chaos", ("psi", "error"), "m:", "m: runs.a")


def test_the_table_names_what_failed(tmp_path):
    for name, run in (("good", two_solitons()), ("bad", two_solitons(spoil=1e-4))):
        shift = measured("soliton_shift", run, {})
        run = replace(run, name=name)
        write_measure(
            tmp_path / f"{name}.h5", "shift", {"0": shift}, run=run, spec={}, provenance={}
        )
    files = [read_measure(tmp_path / f"{name}.h5") for name in ("good", "bad")]
    table = verification.rows(files)
    assert table[0].verdict == "FAILED"
    assert table[-1].verdict == "passed"
    csv = tmp_path / "verification.csv"
    words = [str(tmp_path / "good.h5"), str(tmp_path / "bad.h5"), "-o", str(csv)]
    verification.main([*words, "--html", str(tmp_path / "v.html")])
    with pytest.raises(
        verification.VerificationError, match=r"bad: .* of soliton 1: computed 0\.2"
    ):
        verification.check(csv)
    assert "of 8 rows failed" in (tmp_path / "v.html").read_text()
    verification.main([words[0], "-o", str(csv)])
    assert verification.check(csv) == 4
