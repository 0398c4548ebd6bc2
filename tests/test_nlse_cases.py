"""The cases of the nonlinear Schrödinger simulator: what they take, refuse, start with and need."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, SchemaError
from sims.nlse import cases
from sims.nlse.case_spectra import friendly
from sims.nlse.cases import CASES
from sims.nlse.noise import band_limited, coefficients

KEYS = (
    *("length", "t_end", "potential", "amplitude", "velocity", "position", "phase", "width"),
    *("amplitudes", "velocities", "positions", "phases", "order", "a", "periods", "wavenumber"),
    *("seed_amplitude", "noise", "noise_cutoff", "path"),
)
GENERAL = {"n": 512, "t_start": 0.0, "frames": 201, "dispersion": 1.0, "nonlinearity": 1.0}
# What each case still needs beyond its defaults.
COMPLETE = {
    "plane_wave": {"amplitude": 1.0, "wavenumber": 2 * np.pi * 3 / 50},
    "soliton": {"amplitude": 2.0, "velocity": 1.0, "position": -10.0},
    "n_soliton": {
        "amplitudes": (2.0, 1.0, 1.5),
        "velocities": (1.0, 0.0, -1.0),
        "positions": (-20.0, 0.0, 20.0),
    },
    "bound_state": {"order": 2},
    "akhmediev": {"a": 0.25},
    "kuznetsov_ma": {"a": 1.0, "length": 30.0},
    "modulation_instability": {"amplitude": 1.0},
    "gaussian": {"amplitude": 1.0, "width": 2.0},
}
COMPUTED = [name for name in CASES if name != "from_file"]
RNG = np.random.default_rng


def params(case, **given):
    values = dict.fromkeys(KEYS) | GENERAL | dict(CASES[case].defaults) | COMPLETE.get(case, {})
    return SimpleNamespace(**(values | {"case": case} | given))


def grid(p, n=None):
    n = n or p.n
    return (np.arange(n) - n // 2) * (CASES[p.case].box(p) / n)


def start(p, n=None, seed=1):
    return CASES[p.case].initial(p, grid(p, n), RNG(seed))


def refusal(case, **given):
    with pytest.raises(ConfigError) as caught:
        CASES[case].check(params(case, **given))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", COMPUTED)
def test_every_case_starts_with_a_finite_field_that_its_exact_solution_shares(name):
    p = params(name)
    CASES[name].check(p)
    psi = start(p)
    assert psi.shape == (p.n,)
    assert psi.dtype == np.complex128
    assert np.isfinite(psi).all()
    exact = CASES[name].exact(p)
    if exact is not None:
        # The reference package leaves out the tail of the next box, 4 e^-30 = 4e-13.
        np.testing.assert_allclose(psi, exact(grid(p), p.t_start), atol=1e-12)


def test_every_case_says_what_it_is_and_has_one_way_to_start():
    for name, case in CASES.items():
        assert case.name == name
        assert case.about
        assert (case.field or case.solution) is not None
        assert set(case.defaults) <= {*case.needs, *case.optional, *GENERAL, "length", "t_end"}


def test_closed_forms_are_offered_for_these_cases_at_their_defaults():
    exact = {name for name in COMPUTED if CASES[name].exact(params(name)) is not None}
    assert exact == {
        "plane_wave",
        "soliton",
        "two_solitons",
        "n_soliton",
        "bound_state",
        "akhmediev",
        "peregrine",
        "kuznetsov_ma",
        "dark_soliton",
        "reference_single_soliton",
    }


@pytest.mark.parametrize("spoiler", [{"noise": 0.1, "noise_cutoff": 3}, {"potential": {"kind": 1}}])
def test_noise_and_potentials_take_the_exact_solution_away(spoiler):
    assert CASES["soliton"].exact(params("soliton", **spoiler)) is None


def test_solitons_that_meet_round_the_box_have_no_closed_form():
    assert CASES["two_solitons"].exact(params("two_solitons", t_end=10.0)) is not None
    assert CASES["two_solitons"].exact(params("two_solitons", t_end=20.0)) is None


@pytest.mark.parametrize(
    ("case", "given", "words"),
    [
        ("soliton", {"amplitude": None}, "missing 'amplitude', required by case 'soliton'"),
        ("akhmediev", {"a": None}, "missing 'a', required by case 'akhmediev'"),
        ("kuznetsov_ma", {"length": None}, "missing 'length', required by case 'kuznetsov_ma'"),
        ("from_file", {"path": None}, "missing 'path'"),
        ("soliton", {"a": 0.2}, "a: not a parameter of case 'soliton'"),
        ("soliton", {"amplitudes": (1.0,)}, "did you mean 'amplitude'?"),
        ("soliton", {"amplitude": -1.0}, "amplitude: must be positive"),
        ("soliton", {"nonlinearity": -1.0}, "positive nonlinearity"),
        ("soliton", {"length": 4.0}, "use length >= 29"),
        ("soliton", {"length": -4.0}, "length: must be positive"),
        ("two_solitons", {"amplitudes": (1, 2, 3)}, "use n_soliton"),
        ("n_soliton", {"velocities": (1, 2)}, "as many of each"),
        ("bound_state", {"order": 0}, "positive integer"),
        ("bound_state", {"width": -1.0}, "width: must be positive"),
        ("akhmediev", {"a": 0.6}, "between 0 and 0.5"),
        ("akhmediev", {"length": 50.0}, "remove length"),
        ("akhmediev", {"periods": 0}, "periods: must be positive"),
        ("kuznetsov_ma", {"a": 0.4}, "above 0.5"),
        ("kuznetsov_ma", {"length": 3.0}, "use length >="),
        ("peregrine", {"nonlinearity": -1.0}, "focusing"),
        ("plane_wave", {"wavenumber": 1.0}, "the nearest is 1.005"),
        ("modulation_instability", {"wavenumber": 0.0}, "must not be 0"),
        ("modulation_instability", {"wavenumber": 1.0, "length": 10.0}, "the nearest is 1.25"),
        (
            "modulation_instability",
            {"wavenumber": 1.0, "length": 10.0, "periods": 2},
            "give one of",
        ),
        ("modulation_instability", {"nonlinearity": -1.0}, "no growing mode"),
        ("dark_soliton", {"velocity": 1.2}, "speed of sound"),
        ("dark_soliton", {"nonlinearity": 1.0}, "negative nonlinearity"),
        ("dark_soliton", {"position": 40.0}, "below length/2"),
        ("gaussian", {"width": 0.0}, "width: must be positive"),
        ("gaussian", {"noise": 0.1}, "missing 'noise_cutoff', required with 'noise'"),
        ("gaussian", {"noise": 0.1, "noise_cutoff": 256}, "need n > 512"),
        ("gaussian", {"noise": 0.1, "noise_cutoff": -1}, "0 or more"),
    ],
)
def test_what_a_case_cannot_take_is_refused_in_one_line(case, given, words):
    assert words in refusal(case, **given)


@pytest.mark.parametrize("name", COMPUTED)
def test_recording_what_a_case_works_out_changes_nothing(name):
    p = params(name)
    again = params(name, **cases.derived(p))
    CASES[name].check(again)
    np.testing.assert_array_equal(start(p), start(again))


# --- resolution


def tail(psi):
    """The strongest of the last sixteenth of the modes, over the peak."""
    spectrum = np.abs(np.fft.fft(psi))
    modes = np.abs(np.fft.fftfreq(psi.size)) * 2
    return np.max(spectrum[modes >= 15 / 16]) / np.max(spectrum)


SHARPEST = {
    "soliton": 0.0,
    "two_solitons": 5.0,
    "bound_state": np.pi / 4,
    "akhmediev": 0.0,
    "kuznetsov_ma": 0.0,
    "dark_soliton": 20.0,
}


@pytest.mark.parametrize("name", SHARPEST)
def test_the_advised_grid_resolves_and_half_of_it_does_not(name):
    p = params(name)
    n, solution = cases.advised_points(p), CASES[name].solution(with_box(p))
    assert tail(solution(grid(p, n), SHARPEST[name])) < 1e-12
    assert tail(solution(grid(p, n // 4 * 2), SHARPEST[name])) > 1e-12


def with_box(p):
    return SimpleNamespace(**(vars(p) | {"length": CASES[p.case].box(p)}))


@pytest.mark.parametrize("name", COMPUTED)
def test_default_grids_will_do(name):
    assert cases.needed_points(params(name)) is None


@pytest.mark.parametrize(
    ("name", "n"), [("soliton", 128), ("two_solitons", 256), ("bound_state", 256), ("gaussian", 16)]
)
def test_a_coarse_grid_is_refused_with_one_that_would_do(name, n):
    p = params(name, n=n)
    needed = cases.needed_points(p)
    assert needed > n
    assert cases.needed_points(params(name, n=needed)) is None


def test_a_fast_soliton_needs_its_carrier_resolved():
    slow, fast = (cases.advised_points(params("soliton", velocity=v)) for v in (0.0, 40.0))
    # The carrier k = v adds pi n/L = v, that is n = 40 * 50/pi = 637.
    assert 500 < fast - slow < 900


@given(st.integers(2, 60000))
@settings(deadline=None)
def test_friendly_sizes_are_even_products_of_small_primes(n):
    m = friendly(n)
    assert m % 2 == 0
    assert n <= m <= max(1.2 * n, 16)
    for prime in (2, 3, 5):
        while m % prime == 0:
            m //= prime
    assert m == 1


# --- noise


def test_noise_does_not_know_the_grid():
    fine, coarse = (band_limited(RNG(5), n, 10, 0.3) for n in (360, 72))
    np.testing.assert_allclose(fine[::5], coarse, atol=1e-15)


def test_a_mode_of_the_noise_does_not_know_the_cutoff():
    modes, few = coefficients(RNG(5), 4, 1.0)
    more_modes, more = coefficients(RNG(5), 40, 1.0)
    np.testing.assert_array_equal(modes, more_modes[:9])
    np.testing.assert_allclose(few * np.sqrt(9), more[:9] * np.sqrt(81), rtol=1e-14)


def test_noise_has_the_strength_and_band_that_were_asked_for():
    rng, rms, cutoff = RNG(7), 0.2, 12
    fields = np.stack([band_limited(rng, 64, cutoff, rms) for _ in range(2000)])
    spectrum = np.fft.fft(fields, axis=-1) / 64
    outside = np.abs(np.fft.fftfreq(64) * 64) > cutoff
    assert np.max(np.abs(spectrum[:, outside])) < 1e-16
    # 2000 fields of 25 modes: the mean square has a relative deviation of 1/sqrt(50000) = 0.45 %.
    assert np.mean(np.abs(fields) ** 2) == pytest.approx(rms**2, rel=0.02)
    each = np.mean(np.abs(spectrum[:, ~outside]) ** 2, axis=0)
    # Each mode: 1/sqrt(2000) = 2.2 %; five deviations for the worst of 25.
    np.testing.assert_allclose(each, rms**2 / 25, rtol=0.12)
    # Circular: <c^2> = 0, with the same deviation.
    assert np.max(np.abs(np.mean(spectrum[:, ~outside] ** 2, axis=0))) < 0.12 * rms**2 / 25


def test_any_case_takes_noise_and_members_differ():
    p = params("soliton", noise=0.01, noise_cutoff=8)
    CASES["soliton"].check(p)
    quiet = start(params("soliton"))
    one, other = start(p, seed=1), start(p, seed=2)
    assert np.sqrt(np.mean(np.abs(one - quiet) ** 2)) == pytest.approx(0.01, rel=0.8)
    assert np.max(np.abs(one - other)) > 1e-3
    np.testing.assert_array_equal(one, start(p, seed=1))


def test_more_modes_than_points_are_refused():
    with pytest.raises(ValueError, match="cutoff"):
        band_limited(RNG(1), 16, 8, 1.0)


# --- modulation instability


def test_an_unspoken_seed_is_the_fastest_mode_and_makes_the_box():
    p = params("modulation_instability", amplitude=1.5, periods=2)
    kappa = np.sqrt(2) * 1.5
    assert CASES[p.case].box(p) == pytest.approx(2 * 2 * np.pi / kappa, rel=1e-14)
    spectrum = np.fft.fft(start(p)) / p.n
    assert spectrum[0] == pytest.approx(1.5)
    # At the fastest mode rate = kappa^2/2, so the mode is eps (1 + i) cos(kappa x): half each side.
    seeds = spectrum[[2, -2]]
    # cos is even about x = 0, the middle of the grid: no sign. Rounding of 1.5 is 2e-16.
    np.testing.assert_allclose(seeds, 1e-8 * (1 + 1j) / 2, atol=1e-15)


def test_the_unspoken_seed_fits_a_given_box():
    p = params("modulation_instability", length=50.0)
    assert cases.derived(p)["wavenumber"] == pytest.approx(2 * np.pi * 11 / 50)


def test_noise_alone_seeds_no_mode():
    p = params("modulation_instability", noise=1e-3, noise_cutoff=5, length=100.0)
    CASES[p.case].check(p)
    assert "wavenumber" not in cases.derived(p)
    spectrum = np.abs(np.fft.fft(start(p)) / p.n)
    assert np.max(spectrum[6:-5]) < 1e-15


# --- files


@pytest.fixture
def field_file(tmp_path):
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        file["psi"] = np.exp(1j * np.arange(64))
        file["group/real"] = np.arange(64.0)
        file["whole"] = np.arange(64)
        file["hole"] = np.full(64, np.nan)
    return path


@pytest.mark.parametrize(
    ("dataset", "expected"), [("psi", np.exp(1j * np.arange(64))), ("group/real", np.arange(64.0))]
)
def test_a_field_comes_from_a_file(field_file, dataset, expected):
    p = params("from_file", n=64, length=10.0, t_end=1.0, path=f"{field_file}:/{dataset}")
    CASES["from_file"].check(p)
    np.testing.assert_array_equal(start(p), expected)


@pytest.mark.parametrize(
    ("tail", "error", "words"),
    [
        (":/psy", SchemaError, "no dataset '/psy'; did you mean 'psi'?"),
        (":/group", SchemaError, "no dataset"),
        (":/whole", SchemaError, "found int64"),
        (":/hole", SchemaError, "not finite"),
        ("", SchemaError, "schema 'none'"),
        (".txt:/psi", SchemaError, "cannot be read as HDF5"),
        (".h5:/psi", ConfigError, "no file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(field_file, tail, error, words):
    field_file.with_name("field.h5.txt").write_text("no HDF5")
    p = params("from_file", n=64, length=10.0, path=f"{field_file}{tail}")
    with pytest.raises(error, match=words.replace("?", r"\?")):
        CASES["from_file"].check(p)


def test_a_field_of_another_size_is_refused(field_file):
    p = params("from_file", n=32, length=10.0, path=f"{field_file}:/psi")
    with pytest.raises(SchemaError, match=r"expected shape \(32,\), found \(64,\)"):
        CASES["from_file"].check(p)


def test_the_last_frame_of_a_run_is_a_field(tmp_path):
    psi = RNG(3).standard_normal((2, 4, 32)) + 1j
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = "entroflow-run/1"
        file["psi"], file["x"] = psi, (np.arange(32) - 16) * 0.5
    p = params("from_file", n=32, length=16.0, path=str(path))
    np.testing.assert_array_equal(start(p), psi[0, -1])
    with pytest.raises(ConfigError, match="made in a box of 16"):
        CASES["from_file"].check(params("from_file", n=32, length=20.0, path=str(path)))


def test_potentials_are_what_they_say(tmp_path):
    x = np.linspace(-2, 2, 9)
    assert cases.potential_on_grid(None, x) is None
    trap = cases.potential_on_grid({"kind": "harmonic", "frequency": 3.0, "center": 0.5}, x)
    np.testing.assert_allclose(trap, 4.5 * (x - 0.5) ** 2)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["v"], file["short"], file["complex"] = x**4, x[:3], x + 1j
    path = f"{tmp_path}/v.h5"
    read = cases.potential_on_grid({"kind": "file", "path": f"{path}:/v"}, x)
    np.testing.assert_array_equal(read, x**4)
    for name in ("short", "complex", "none"):
        with pytest.raises(SchemaError, match=r"potential\.path"):
            cases.potential_on_grid({"kind": "file", "path": f"{path}:/{name}"}, x)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"kind": "harmonc", "frequency": 1.0}, "did you mean 'harmonic'"),
        ({"kind": "harmonic"}, "missing 'frequency'"),
        ({"kind": "harmonic", "frequency": "fast"}, "expected a number"),
        ({"kind": "harmonic", "frequency": 1.0, "centre": 0.0}, "did you mean 'center'"),
        ({"kind": "file"}, "missing 'path'"),
        ({"kind": "file", "path": "nowhere.h5:/v"}, "no file"),
        ({}, "potential.kind"),
    ],
)
def test_a_potential_that_cannot_be_used_is_refused(spec, words):
    with pytest.raises(ConfigError, match=words):
        cases.potential_on_grid(spec, np.zeros(4))


# --- compatibility


@pytest.mark.peer
def test_the_reference_cases_are_those_of_the_package():
    peer = pytest.importorskip(
        "simple_idealized_1d_nlse.core.initial_conditions",
        reason="simple-idealized-1d-nlse is not installed",
    )
    x = np.linspace(-25, 25, 512, endpoint=False)
    theirs = {
        "reference_single_soliton": peer.SingleSoliton(2.0, -10.0, 1.0),
        "reference_two_soliton": peer.TwoSoliton(),
        "reference_breather": peer.BreatherSolution(1.0, 0.5),
        "reference_modulation_instability": peer.GaussianNoise(seed=42),
    }
    before = np.random.get_state()  # noqa: NPY002 - the package reseeds the global generator
    try:
        for name, initial in theirs.items():
            np.testing.assert_allclose(start(params(name)), initial(x), rtol=1e-13, atol=1e-14)
    finally:
        np.random.set_state(before)  # noqa: NPY002
