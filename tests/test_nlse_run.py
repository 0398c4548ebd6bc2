"""The simulator as a whole: parameters, dealiasing, the monitor, members, what a run notes."""

import math

import array_api_compat.numpy as xp
import array_api_strict
import numpy as np
import pytest

from core import rng
from core.errors import ConfigError
from sims import nlse
from sims.nlse.equation import Equation, grid, linear, nonlinear
from sims.nlse.params import equation_of, mask, prepare
from sims.nlse.resolution import Monitor, enough, tail_ratio

SOLITON = {"case": "soliton", "n": 256, "length": 40.0, "t_end": 0.5, "frames": 3}


def run(given, members=1, kernel="array", library=xp):
    params = prepare({**SOLITON, "kernel": kernel, **given}, "p")
    made = nlse.trajectories(params, lambda m: rng.generator(1, "sims", "a", m), library, members)
    blocks = list(made.blocks)
    return made, {k: np.stack([b.values[k] for b in blocks], axis=1) for k in blocks[0].values}


@pytest.mark.parametrize("integrator", ["dop853", "etd_adams"])
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_a_soliton_keeps_to_its_exact_solution(integrator, frame):
    made, values = run({"integrator": integrator, "frame": frame})
    assert values["error"].max() < 1e-9
    notes = made.notes()
    assert notes["kernel"] == "array"
    assert notes["steps"] > 0
    assert notes["evaluations"] >= notes["steps"]
    assert notes["solve_cpu_s"] > 0


@pytest.mark.parametrize("integrator", ["dop853", "etd_adams"])
def test_the_compiled_kernel_is_the_array_kernel(integrator):
    pytest.importorskip("rocket_fft", reason="rocket-fft is an extra")
    _, array = run({"integrator": integrator})
    _, compiled = run({"integrator": integrator}, kernel="compiled")
    np.testing.assert_allclose(compiled["psi"], array["psi"], atol=1e-11)


def test_a_strict_array_library_is_enough():
    _, plain = run({"noise": 1e-3, "noise_cutoff": 5}, members=2)
    _, strict = run({"noise": 1e-3, "noise_cutoff": 5}, members=2, library=array_api_strict)
    np.testing.assert_allclose(strict["psi"], plain["psi"], atol=1e-12)


def test_a_member_does_not_depend_on_the_others():
    noisy = {"noise": 1e-2, "noise_cutoff": 8}
    _, three = run(noisy, members=3)
    _, one = run(noisy, members=1)
    np.testing.assert_array_equal(three["psi"][:1], one["psi"])
    assert not np.array_equal(three["psi"][0], three["psi"][1])


def test_members_that_would_be_equal_are_told(capsys):
    run({}, members=2)
    assert "nothing in 'soliton' is random; give noise" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "kept"), [("two_thirds", 2 / 3), ("half", 1 / 2)])
def test_dealiasing_keeps_its_part_of_the_modes(name, kept):
    modes = np.abs(np.fft.fftfreq(64)) * 2
    np.testing.assert_array_equal(mask(64, name, "none"), modes <= kept)


def test_the_exponential_filter_spares_the_low_modes():
    factor = mask(64, "none", "exponential")
    modes = np.abs(np.fft.fftfreq(64)) * 2
    assert factor[modes < 0.3].min() > 1 - 1e-15
    assert factor[modes == 1] == pytest.approx(math.exp(-36), rel=1e-12)
    assert mask(64, "none", "none") is None


@pytest.mark.parametrize("given", [{"dealias": "half"}, {"filter": "exponential"}])
def test_a_mask_acts_on_the_nonlinear_term_and_never_on_the_linear_one(given):
    plain = equation_of(prepare(SOLITON, "p"))
    masked = equation_of(prepare({**SOLITON, **given}, "p"))
    np.testing.assert_array_equal(linear(masked), linear(plain))
    high = np.zeros(256, dtype=complex)
    high[127] = 1.0  # where the exponential filter is exp(-36 (127/128)^36) = 2e-12
    assert np.abs(nonlinear(plain, np)(high)).max() > 0
    assert (
        np.abs(nonlinear(masked, np)(high)).max() < 1e-11 * np.abs(nonlinear(plain, np)(high)).max()
    )
    # what lies above the cut still turns by dispersion
    _, values = run({**given, "noise": 1e-3, "noise_cutoff": 127})
    start, end = np.fft.fft(values["psi"][0, 0])[127], np.fft.fft(values["psi"][0, -1])[127]
    turn = np.exp(linear(plain)[127] * 0.5)
    assert end == pytest.approx(start * turn, rel=1e-6)


@pytest.mark.parametrize("given", [{"dealias": "half"}, {"filter": "exponential"}])
def test_a_masked_run_keeps_mass_and_energy(given):
    _, values = run({**given, "t_end": 2.0})
    for name in ("mass", "energy"):
        assert np.ptp(values[name]) < 1e-10 * np.abs(values[name]).max()


@pytest.mark.parametrize("integrator", ["dop853", "etd_adams"])
@pytest.mark.parametrize("kernel", ["array", "compiled"])
def test_a_potential_binds(integrator, kernel):
    if kernel == "compiled":
        pytest.importorskip("rocket_fft", reason="rocket-fft is an extra")
    given = {
        "case": "gaussian", "amplitude": 1.0, "width": 1.0, "nonlinearity": 1e-12, "n": 128,
        "length": 20.0, "potential": {"kind": "harmonic", "frequency": 1.0}, "t_end": 2 * math.pi,
    }  # fmt: skip
    _, values = run({**given, "integrator": integrator}, kernel=kernel)
    # the ground state of the oscillator, exp(-x^2/2), of energy w/2: psi(T) = exp(-i pi) psi(0)
    np.testing.assert_allclose(values["psi"][0, -1], -values["psi"][0, 0], atol=1e-9)
    assert "error" not in values


def test_the_monitor_warns_once_and_says_what_would_do(capsys):
    x = grid(64, 40.0)
    monitor = Monitor(64)
    monitor.see(1 / np.cosh(x)[None, :] + 0j, 1.0)
    monitor.see(3 / np.cosh(3 * x)[None, :] + 0j, 2.0)
    said = capsys.readouterr().err
    assert said.count("warning: not resolved") == 1
    assert "from t = 1" in said
    assert monitor.worst == pytest.approx(float(tail_ratio(3 / np.cosh(3 * x))), rel=1e-12)


def test_the_advised_grid_is_enough():
    coarse = 1 / np.cosh(grid(64, 40.0)) + 0j
    n = enough(coarse)
    assert tail_ratio(1 / np.cosh(grid(n, 40.0)) + 0j) < 1e-11


def test_a_resolved_field_is_passed_in_silence(capsys):
    monitor = Monitor(256)
    monitor.see(1 / np.cosh(grid(256, 40.0))[None, :] + 0j, 0.0)
    monitor.see(np.zeros((1, 256)), 1.0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"n": 4}, "p.n: must be 8 or more"),
        ({"n": 255}, "p.n: must be even, got 255; use 256"),
        ({"n": 32}, "p.n: 32 points do not resolve 'soliton' in a box of 40; use n >= "),
        ({"t_end": 0.0}, "p.t_end: must be after t_start = 0, got 0"),
        ({"frames": 1}, "p.frames: must be 2 or more"),
        ({"rtol": 1e-20}, "p.rtol: must be from 1e-14 to 1e-2"),
        ({"atol": -1.0}, "p.atol: must be 0 or more"),
        ({"dispersion": 0.0}, "p.dispersion: must not be 0"),
        ({"noise": -1.0, "noise_cutoff": 3}, "p.noise: must be 0 or more"),
        ({"dealias": "third"}, "p.dealias: no 'third'; did you mean 'two_thirds'?"),
        ({"amplitudes": [1.0]}, "p.amplitudes: not a parameter of case 'soliton'"),
        ({"potential": {"kind": "box"}}, "p.potential.kind: no 'box'"),
        ({"case": None}, "p: missing 'case'"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_do(given, text):
    merged = {k: v for k, v in {**SOLITON, **given}.items() if v is not None}
    with pytest.raises(ConfigError) as caught:
        prepare(merged, "p")
    assert str(caught.value).startswith(text)


def test_prepared_parameters_prepare_to_themselves():
    from dataclasses import asdict

    for given in (SOLITON, {"case": "akhmediev", "a": 0.3}):
        once = prepare(given, "p")
        again = prepare({k: v for k, v in asdict(once).items() if v is not None}, "p")
        assert again == once


def test_the_linear_part_is_dispersion():
    equation = Equation(8, 2 * math.pi, dispersion=2.0)
    np.testing.assert_allclose(linear(equation), -1j * np.fft.fftfreq(8, 1 / 8) ** 2)
