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
from core.store import Extent, Member, Run, read_measure, write_measure

N, LENGTH = 512, 50.0
EXTENT = Extent({"time": 5, "x": N}, "complex128")
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
    member = Member(
        "0",
        0,
        np.asarray(time),
        {"x": x},
        {"psi": np.asarray(psi), **fields},
        {"psi": ("time", "x"), **dict.fromkeys(fields, ("time",))},
    )
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


def test_a_soliton_s_spectrum_has_the_closed_form_too():
    # |psi_hat|^2 is sech^2(pi (k - v)/(2A)): the same bell with w = pi/(2A)
    found = measured("k_shannon", soliton_run(velocity=1.3))
    np.testing.assert_allclose(found.exact[:, 1], 2 - math.log(math.pi / 2), rtol=1e-15)
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=1e-12)
    assert all(check.passed for check in found.checks)


@pytest.mark.parametrize(
    ("order", "exact", "rows"),
    [
        (0.9, True, 0),  # tails below 1: shown, not promised
        (1.0, True, 2),
        (3.0, True, 2),
        (50.0, False, 0),  # p^50 is 7 times narrower: this grid does not sample it
        (math.inf, False, 0),  # a peak between two grid points
        (0.0, False, 0),
    ],
)
def test_closed_forms_are_held_against_the_orders_that_the_grid_can_sum(order, exact, rows):
    specs = {"r": {"observable": "density", "functional": "renyi", "alpha": order}}
    found = measured("r", soliton_run(), specs)
    assert (found.exact is not None) == exact
    assert len(found.checks) == rows
    assert all(check.passed for check in found.checks)


@pytest.mark.parametrize(
    "change",
    [
        {"noise": 1e-3},
        {"potential": {"kind": "harmonic", "frequency": 1.0}},
        {"rtol": 1e-8},
        {"dealias": "half"},  # its last mode is k = 16, where sech(pi 15/4) = 1.5e-5
        {"filter": "exponential"},  # full strength to k = 24, where it is 3e-8
    ],
)
def test_what_takes_the_promise_away_takes_the_rows_away(change):
    run = soliton_run()
    member = run.members[0]
    energy = {k: np.full(5, 1.0) for k in ("mass", "momentum", "energy")}
    fields = {**member.fields, **energy, "error": np.full(5, 1.0)}
    run = replace(run, members=[replace(member, fields=fields)])
    names = ("shannon", "invariants", "error")
    assert all(measured(name, run, SPECS).checks for name in names)
    other = replace(run, params={**run.params, **change})
    assert not any(measured(name, other, SPECS).checks for name in names)


def test_a_grid_too_coarse_from_the_start_promises_nothing():
    coarse = soliton_run()
    x = X[::4]
    psi = [row[::4] for row in coarse.members[0].fields["psi"]]
    assert measured("shannon", run_of(psi, np.arange(5.0), coarse.params, x=x)).checks == ()


def test_a_field_that_outruns_its_grid_keeps_its_rows_and_says_why():
    run = soliton_run()
    psi = run.members[0].fields["psi"].copy()
    psi[-1] += 1e-5 * np.cos(np.pi * np.arange(N))  # the grid's last mode
    fields = {"mass": np.linspace(4, 5, 5), "momentum": np.ones(5), "energy": np.ones(5)}
    found = measured("invariants", run_of(psi, np.arange(5.0), run.params, **fields), {})
    mass, momentum, _ = found.checks
    assert not mass.passed
    assert "use a finer grid than n = 512" in mass.source
    assert "finer grid" not in momentum.source


def test_noise_takes_the_exact_values_away():
    run = soliton_run()
    noisy = replace(run, params={**run.params, "noise": 1e-3})
    assert measured("shannon", noisy).exact is None
    assert measured("shannon", noisy).checks == ()


def test_the_error_of_an_unstable_background_is_held_to_its_time():
    time = np.linspace(-8, 8, 17)
    x = np.arange(64) * (math.pi * math.sqrt(2) / 64)
    psi = [exact_nlse.akhmediev(x, t, 0.25) for t in time]
    error = np.where(time <= 2, 1e-9, 1e-6)
    run = run_of(psi, time, {"case": "akhmediev", "a": 0.25}, x=x, error=error)
    (row,) = measured("error", run, {}).checks
    assert row.quantity == "largest relative L2 error of psi until t = 2"
    assert row.computed == 1e-9
    run = run_of(psi, time, {"case": "akhmediev", "a": 0.25}, x=x, error=error[::-1])
    assert not measured("error", run, {}).checks[0].passed


def test_tsallis_of_high_order_is_a_number():
    specs = {
        name: {"observable": "density", "functional": "tsallis", "q": q}
        for name, q in (("high", 1000), ("infinite", "inf"))
    }
    run = soliton_run(amplitude=1.0)  # its density is 1/2 at most
    # int f^q <= (1/2)^999, so that both are 1/(q - 1)
    np.testing.assert_allclose(measured("high", run, specs).value, 1 / 999, rtol=1e-12)
    np.testing.assert_array_equal(measured("infinite", run, specs).value, 0)


def test_a_plane_wave_is_uniform_in_x_and_certain_in_k():
    k = 2 * math.pi / LENGTH * 3
    run = run_of([np.exp(1j * k * X)] * 2, [0.0, 1.0], {"case": "plane_wave"})
    np.testing.assert_allclose(measured("shannon", run).value[:, 1], math.log(LENGTH), rtol=1e-14)
    np.testing.assert_allclose(measured("k_shannon", run).value[:, 0], 0, atol=1e-12)
    # three turns over 16 cells: all phases alike, up to the points that fall on an edge
    np.testing.assert_allclose(measured("phase", run).value[:, 0], math.log(16), atol=1e-3)
    found = measured("phase_space", run, {})
    np.testing.assert_allclose(found.value, 0, atol=1e-15)


def test_phases_that_are_rounding_do_not_count():
    specs = {
        name: {"observable": "phase", "functional": "shannon", "threshold": threshold}
        for name, threshold in (("all", 0.0), ("some", 0.01))
    }
    psi = np.where(np.abs(X) < 5, 1.0, 1e-3 * np.exp(1j * X))
    run = run_of([psi], [0.0], {"case": "from_file"})
    assert measured("some", run, specs).value[0, 0] == 0
    assert measured("all", run, specs).value[0, 0] > 0


def test_a_potential_moves_the_momentum_so_that_it_is_no_invariant():
    run = soliton_run()
    fields = {name: np.ones(5) for name in ("mass", "momentum", "energy")}
    run = run_of(run.members[0].fields["psi"], run.members[0].time, run.params, **fields)
    held = {**run.params, "potential": {"kind": "harmonic", "frequency": 1.0}}
    assert measured("invariants", replace(run, params=held), {}).components == ("mass", "energy")


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
    with pytest.raises(ConfigError, match="must be 8 widths apart"):
        measured("soliton_shift", two_solitons(t_end=5.5), {})


@pytest.mark.parametrize("given", [(-10.0, 10.0), (10.0, -10.0)])
def test_the_shift_does_not_depend_on_when_the_positions_are_given(given):
    # positions are those at t = 0, which lies before the collision or after it
    start = -5.0 if given[0] > 0 else 0.0
    times = start + np.linspace(0, 10, 5) - (5.0 if given[0] > 0 else 0.0)
    solitons = ((2.0, 1.5), (2.0, -2.0), given)
    psi = [exact_nlse.n_soliton(X, t, *solitons, (0.3, -1.0)) for t in times]
    params = dict(zip(("amplitudes", "velocities", "positions"), solitons, strict=True))
    params |= {"case": "n_soliton", "phases": (0.3, -1.0)}
    found = measured("soliton_shift", run_of(psi, times, params), {})
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=1e-10)
    assert len(found.checks) == 4


def test_a_run_on_past_the_second_meeting_is_measured_before_it():
    times = np.linspace(0, 20, 41)
    psi = [
        exact_nlse.n_soliton(X, t, (2.0, 1.5), (2.0, -2.0), (-10.0, 10.0), (0.0, 0.0))
        for t in times
    ]
    psi[-8:] = [np.ones(N)] * 8  # whatever they do round the box
    run = run_of(psi, times, two_solitons().params)
    found = measured("soliton_shift", run, {})
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=1e-10)
    specs = {"at": {"measure": "soliton_shift", "time": 8.4}}
    found = measured("at", run, specs)
    assert "fitted at t = 8.5" in found.convention
    # 4 * 3.5 * 1.5 = 21 widths apart: the sum leaves out exp(-21) of the field
    np.testing.assert_allclose(found.value, found.exact, rtol=0, atol=3e-8)
    with pytest.raises(ConfigError, match="time: 30 is outside the run"):
        measured("at", run, {"at": {**specs["at"], "time": 30.0}})


def test_solitons_too_near_for_the_tolerance_are_measured_but_not_judged():
    found = measured("soliton_shift", two_solitons(t_end=7.5), {})
    np.testing.assert_allclose(found.value, found.exact, atol=1e-5)  # exp(-15) is 3e-7
    assert found.checks == ()


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
    with pytest.raises(ConfigError, match="one seeded mode, not of 'soliton'"):
        measured("growth_rate", soliton_run(), {})


@pytest.mark.parametrize(("seed", "rows"), [(1e-6, 1), (1e-3, 0)])
def test_a_large_seed_gives_an_estimate_that_is_not_judged(seed, rows):
    kappa = math.sqrt(2)
    x = np.arange(64) * (2 * math.pi / kappa / 64) - math.pi / kappa
    time = np.linspace(0, 6, 61)
    grow = seed * np.exp(time) * exact_nlse.growing_mode(1.0, kappa)
    psi = (1 + grow[:, None] * np.cos(kappa * x)) * np.exp(1j * time)[:, None]
    params = {"case": "modulation_instability", "amplitude": 1.0, "wavenumber": kappa}
    found = measured("growth_rate", run_of(psi, time, params, x=x), {})
    assert found.extra["rates"][0] == pytest.approx(1, abs=1e-8)
    assert len(found.checks) == rows


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
        (
            "a",
            {"a": {**SPECS["phase"], "bins": 1}},
            "m: measures.a.bins: must be from 2 to 1000000",
        ),
        ("a", {"a": {**SPECS["phase"], "threshold": 1.0}}, "measures.a.threshold: must be from 0"),
        ("a", {"a": {**SPECS["tsallis2"], "q": "-inf"}}, "measures.a.q: must be above -inf"),
    ],
)
def test_a_wrong_specification_is_named(name, specs, text):
    with pytest.raises(ConfigError) as caught:
        plan.resolve(name, specs, "m:")
    assert text in str(caught.value)


def test_a_run_without_the_field_is_told_before():
    with pytest.raises(ConfigError, match="'error' needs error, which this run will not hold"):
        plan.check("error", {}, "nlse", dict.fromkeys(("psi", "mass"), EXTENT), "m:", "m: runs.a")
    with pytest.raises(ConfigError, match="'error' is for nlse, not for chaos"):
        plan.check("error", {}, "chaos", dict.fromkeys(("psi", "error"), EXTENT), "m:", "m: runs.a")


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("soliton_shift", {"case": "soliton"}, "two solitons, not of 'soliton'"),
        ("soliton_shift", {"case": "n_soliton", "amplitudes": [1, 2, 3]}, "not of 3"),
        (
            "soliton_shift",
            {"case": "two_solitons", "velocities": [1.0, 1.0]},
            "these never meet",
        ),
        ("growth_rate", {"case": "gaussian"}, "one seeded mode, not of 'gaussian'"),
        (
            "growth_rate",
            {"case": "modulation_instability", "noise": 1e-3},
            "give wavenumber instead of noise",
        ),
    ],
)
def test_a_run_that_cannot_be_measured_is_told_before_it_is_made(name, params, text):
    with pytest.raises(ConfigError, match=f"m: runs.a.measures: '{name}' needs .*{text}"):
        plan.check(name, {}, "nlse", {"psi": EXTENT}, "m:", "m: runs.a", params)
    plan.check(
        "soliton_shift", {}, "nlse", {"psi": EXTENT}, "m:", "m: runs.a", {"case": "two_solitons"}
    )


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
