"""Exponential Adams steps on the nonlinear Schrödinger equation: exactness, twins, resumption."""

from itertools import islice

import array_api_strict as strict
import numpy as np
import pytest

from core import exact_nlse, invariants_nlse
from core.errors import NumericsError
from sims.integrators import etd_levels as levels
from sims.nlse.equation import Equation, grid, linear, nonlinear
from sims.nlse.solve_etd import balance, propagate, usual_order

LENGTH = 50.0
KERNELS = ["array", "compiled"]
VELOCITY = 2 * np.pi * 8 / LENGTH  # a whole number of waves in the box


def solve(psi0, times, equation, kernel="compiled", **options):
    if kernel == "compiled":
        pytest.importorskip("numba", reason="the compiled kernel needs Numba")
        pytest.importorskip("rocket_fft", reason="the compiled kernel needs rocket-fft")
    return list(propagate(psi0, np.asarray(times), equation, kernel=kernel, **options))


def soliton(x, t, amplitude=2.0, velocity=VELOCITY, position=-10.0):
    return exact_nlse.soliton(x, t, amplitude, velocity, position)


def lumps(n, members=1):
    """Smooth fields of different heights and widths, so that members want different steps."""
    x = grid(n, LENGTH)
    heights = 0.6 + 0.35 * (np.arange(members) % 3) + 0.03 * np.arange(members)
    return np.array([h / np.cosh(h * x / 2) * np.exp(1j * np.sin(x / 4) / h) for h in heights])


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


POTENTIAL = Equation(128, LENGTH, potential=1e-3 * grid(128, LENGTH) ** 2)
EQUATIONS = {
    "focusing": Equation(128, LENGTH),
    "defocusing": Equation(128, LENGTH, dispersion=1.3, nonlinearity=-0.7),
    "harmonic": POTENTIAL,
    "masked defocusing": Equation(
        128, LENGTH, nonlinearity=-1.0, mask=np.exp(-36 * (2 * np.abs(np.fft.fftfreq(128))) ** 8)
    ),
    "masked": Equation(128, LENGTH, mask=1.0 * (np.abs(np.fft.fftfreq(128)) <= 1 / 3)),
}


# --- exactness


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("start", [0.0, 3.0])
def test_a_soliton_keeps_its_shape(kernel, start):
    x, times = grid(512, LENGTH), start + np.linspace(0.0, 5.0, 11)
    errors = []
    for rtol in (1e-8, 1e-10, 1e-12):
        psi0 = soliton(x, start)[None]
        frames = solve(psi0, times, Equation(512, LENGTH), kernel, rtol=rtol)
        errors.append(max(distance(f.psi[0], soliton(x, times[f.index])) for f in frames))
        # About a thousand steps, each off by less than rtol, add up.
        assert errors[-1] < 1000 * rtol
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_the_preset_soliton_is_exact_to_1e_10_by_default():
    x = grid(512, LENGTH)
    last = solve(soliton(x, 0.0)[None], np.linspace(0, 20, 101), Equation(512, LENGTH))[-1]
    assert distance(last.psi[0], soliton(x, 20.0)) < 1e-10  # 1e-11 of rounding is typical


def test_two_solitons_pass_through_each_other():
    solitons = ([2.0, 1.5], [2.0, -2.0], [-10.0, 10.0])
    n, length, times = 768, 60.0, np.linspace(0, 8, 41)  # they meet at t = 5
    x = grid(n, length)
    psi0 = exact_nlse.n_soliton(x, 0.0, *solitons)
    last = solve(psi0[None], times, Equation(n, length), rtol=1e-11)[-1]
    assert distance(last.psi[0], exact_nlse.n_soliton(x, 8.0, *solitons)) < 1e-8


def test_an_akhmediev_breather_grows_and_decays():
    a, n = 0.25, 256
    length = 4 * 2 * np.pi / exact_nlse.akhmediev_wavenumber(a)
    x, times = grid(n, length), np.linspace(-5, 5, 41)
    psi0 = exact_nlse.akhmediev(x, -5.0, a)[None]
    frames = solve(psi0, times, Equation(n, length), rtol=1e-12)
    errors = [distance(f.psi[0], exact_nlse.akhmediev(x, times[f.index], a)) for f in frames]
    # Errors grow as e^{t} on the background, at most e^10 = 2e4 times the first.
    assert max(errors) < 1e-9


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("order", [3, 4, 5, 6])
def test_error_falls_with_the_power_of_the_step(kernel, order):
    """A breather on a coarse grid, so that h k^2 is small and orders show early."""
    a, n, times = 0.25, 64, np.array([-2.0, -1.5, -1.0])
    length = 2 * np.pi / exact_nlse.akhmediev_wavenumber(a)
    x = grid(n, length)
    errors = []
    for steps in (32, 64):
        options = {"order": order, "steps": steps, "rtol": 1.0}
        psi0 = exact_nlse.akhmediev(x, times[0], a)[None]
        last = solve(psi0, times, Equation(n, length), kernel, **options)[-1]
        errors.append(distance(last.psi[0], exact_nlse.akhmediev(x, times[-1], a)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.4)


# --- conservation


@pytest.mark.parametrize("kernel", KERNELS)
def test_mass_is_kept_to_rounding_and_the_rest_to_the_tolerance(kernel):
    equation, x = Equation(384, LENGTH), grid(384, LENGTH)
    frames = solve(soliton(x, 0.0)[None], np.linspace(0, 5, 26), equation, kernel)
    psi = np.array([f.psi[0] for f in frames])
    for quantity, most in (("mass", 1e-14), ("momentum", 1e-11), ("energy", 1e-11)):
        values = getattr(invariants_nlse, quantity)(psi, LENGTH)
        assert np.abs(values / values[0] - 1).max() < most, quantity


# --- cost


def test_steps_hardly_grow_with_the_grid():
    steps = {}
    for n in (256, 2048, 16384):
        x = grid(n, LENGTH)
        psi0 = soliton(x, 0.0)[None]
        steps[n] = int(solve(psi0, [0.0, 0.5, 1.0], Equation(n, LENGTH), rtol=1e-9)[-1].steps[0])
    assert steps[2048] <= 1.6 * steps[256]
    assert steps[16384] <= 1.6 * steps[256]


def test_a_step_costs_one_pair_of_transforms():
    psi0 = soliton(grid(320, LENGTH), 0.0)[None]
    last = solve(psi0, np.linspace(0, 10, 51), Equation(320, LENGTH), rtol=1e-10)[-1]
    # All else - rejected steps and the start - is less than a tenth.
    assert last.steps[0] <= last.evaluations[0] <= 1.1 * last.steps[0]


def test_order_follows_the_tolerance():
    assert usual_order(1e-6) == 5
    assert usual_order(1e-12) == 6
    assert usual_order(1e-12, shift=3.0) == 5


@pytest.mark.parametrize(
    ("dispersion", "nonlinearity", "height", "shift"),
    [
        (1, 1, None, 0.0),
        (-1, -1, None, 0.0),
        (1, -1, None, 3.0),
        (-1, 1, None, -3.0),
        (1, 1, 5.0, 5.0),
        (-1, -1, 5.0, 0.0),
        (1, 1, -5.0, 0.0),
        (-1, -1, -5.0, -5.0),
    ],
)
def test_what_amplifies_fast_modes_is_moved_to_the_linear_part(
    dispersion, nonlinearity, height, shift
):
    potential = None if height is None else height * np.sin(np.pi * np.arange(64) / 64) ** 2
    equation = Equation(64, LENGTH, dispersion, nonlinearity, potential)
    assert balance(equation, 1.0) == pytest.approx(shift)
    assert balance(equation, 0.999) == balance(equation, 1.0)


# --- stability


@pytest.mark.parametrize("kernel", KERNELS)
def test_steps_stay_where_noise_does_not_grow(kernel):
    """On a plane wave the error estimate sees nothing: only the guard bounds the step.

    In a defocusing equation the wave is stable, so whatever grows is the method's: e^30 without
    the shift of `balance`, and with steps a few times as large.
    """
    n, length, end = 1024, 20 * np.pi, 8.0
    rng = np.random.default_rng(5)
    noise = 1e-10 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    equation = Equation(n, length, nonlinearity=-1.0)
    last = solve((1.0 + noise)[None], [0.0, end], equation, kernel, rtol=1e-3, order=5)[-1]
    # C = 3, and half of |dN/dpsi| is C/2 - |psi|^2 = 1/2. Levels are up to 3/2 apart.
    assert levels.STABLE[5] / 1.6 < 0.5 * end / last.steps[0] < 1.1 * levels.STABLE[5]
    ripples = np.abs(np.fft.fft(last.psi[0])[1:]) / n
    # Long waves beat by 2 k^2/2 against 1: at most t |N'| = 16 times; short ones do not grow.
    assert ripples.max() < 16 * 4 * 1e-10 / np.sqrt(n)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_zero_field_stays_zero(kernel):
    psi0 = np.zeros((2, 64), dtype=complex)
    frames = solve(psi0, np.linspace(0, 10, 3), Equation(64, LENGTH), kernel)
    assert len(frames) == 3
    assert not frames[-1].psi.any()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_field_that_is_not_finite_is_named(kernel):
    psi0 = lumps(64, 2)
    psi0[1, 5] = np.nan
    with pytest.raises(NumericsError, match=r"member 1: step size collapsed at t = 2; .*loosen"):
        solve(psi0, [2.0, 3.0], Equation(64, LENGTH), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_collapse_on_the_way_names_member_and_time(kernel):
    """A potential that overflows in the product with psi but not by itself."""
    potential = np.zeros(64)
    potential[3] = 1e300
    psi0 = lumps(64, 1)
    equation = Equation(64, LENGTH, potential=potential)
    with pytest.raises(NumericsError, match=r"member 0: step size collapsed at t = 0; "):
        solve(psi0, [0.0, 1.0], equation, kernel)


@pytest.mark.parametrize(
    ("options", "word"), [({"kernel": "fast"}, "kernel"), ({"frame": "moving"}, "frame")]
)
def test_options_that_do_not_exist_are_refused(options, word):
    with pytest.raises(ValueError, match=word):
        propagate(lumps(64), np.array([0.0, 1.0]), Equation(64, LENGTH), **options)


# --- twins


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("times", [np.linspace(0, 2, 5), np.array([0.0, 0.3, 0.5, 1.7, 1.8])])
def test_compiled_and_array_kernels_agree(name, times):
    options = {"rtol": 1e-10}
    a = solve(lumps(128, 3), times, EQUATIONS[name], "array", **options)
    b = solve(lumps(128, 3), times, EQUATIONS[name], "compiled", **options)
    for left, right in zip(a, b, strict=True):
        # Sums are rounded in another order, and so, rarely, a step is chosen otherwise.
        np.testing.assert_allclose(left.steps, right.steps, rtol=0.05)
        np.testing.assert_allclose(left.evaluations, right.evaluations, rtol=0.05)
        np.testing.assert_allclose(left.psi, right.psi, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_equation_is_the_one_that_is_solved(name):
    """A tiny explicit Taylor step agrees: psi(h) = psi + h f(psi), up to h^2 f'f/2."""
    equation, h = EQUATIONS[name], 1e-6
    psi0 = lumps(128)
    psi_hat = np.fft.fft(psi0)
    rate = linear(equation) * psi_hat + nonlinear(equation, np)(psi_hat)
    expected = np.fft.ifft(psi_hat + h * rate)
    for kernel in KERNELS:
        last = solve(psi0, [0.0, h], equation, kernel, rtol=1e-10)[-1].psi
        # f is below 50, so the neglected term is below (50 h)^2.
        np.testing.assert_allclose(last, expected, rtol=0, atol=2.5e-9)
        assert np.abs(last - psi0).max() > 1e-7


def test_only_what_the_array_standard_has_is_used():
    for name in ("focusing", "harmonic", "masked"):
        options = {"rtol": 1e-9, "order": 4}
        psi0, times = lumps(128, 2), np.linspace(0, 0.5, 3)
        plain = solve(psi0, times, EQUATIONS[name], "array", **options)[-1]
        other = solve(strict.asarray(psi0), times, EQUATIONS[name], "array", **options)[-1]
        assert isinstance(other.psi, type(strict.asarray(0.0)))
        np.testing.assert_allclose(np.asarray(other.psi), plain.psi, rtol=0, atol=1e-9)


# --- batches, resumption


@pytest.mark.parametrize("kernel", KERNELS)
def test_members_do_not_feel_who_shares_their_batch(kernel):
    times, equation, options = np.linspace(0, 3, 7), Equation(128, LENGTH), {"rtol": 1e-10}
    together = solve(lumps(128, 9), times, equation, kernel, **options)
    assert len(set(together[-1].steps.tolist())) > 1
    for member in range(9):
        alone = solve(lumps(128, 9)[member : member + 1], times, equation, kernel, **options)
        for a, b in zip(alone, together, strict=True):
            assert np.array_equal(a.psi[0], b.psi[member])
            assert a.evaluations[0] == b.evaluations[member]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("stop", [0, 1, 3])
@pytest.mark.parametrize("times", [np.linspace(0, 2, 5), np.array([0.0, 0.3, 0.5, 1.7, 1.8])])
def test_a_run_goes_on_to_the_same_bits(kernel, stop, times):
    args = (lumps(128, 3), times, Equation(128, LENGTH))
    whole = solve(*args, kernel, rtol=1e-9)
    first = propagate(*args, kernel=kernel, rtol=1e-9)
    state = next(islice(first, stop, None)).state()
    rest = solve(*args, kernel, rtol=1e-9, resume=(stop, state))
    assert [f.index for f in rest] == list(range(stop + 1, 5))
    for a, b in zip(rest, whole[stop + 1 :], strict=True):
        assert np.array_equal(a.psi, b.psi)
        assert np.array_equal(a.steps, b.steps)
        assert np.array_equal(a.evaluations, b.evaluations)


@pytest.mark.parametrize("kernel", KERNELS)
def test_frames_closer_than_the_first_steps_are_landed_on(kernel):
    """p steps to begin with fit between the first two frames, however close these are."""
    x, times = grid(512, LENGTH), np.linspace(0, 0.01, 11)
    frames = solve(soliton(x, 0)[None], times, Equation(512, LENGTH), kernel, order=6)
    assert [f.index for f in frames] == list(range(11))
    for f in frames:
        assert distance(f.psi[0], soliton(x, times[f.index])) < 1e-11
    assert frames[-1].steps[0] <= 6 + 9 * 6


def test_long_gaps_are_crossed_in_several_calls():
    """As many steps to the gap as one compiled call takes, and thrice as many."""
    from sims.integrators.etd_adams_compiled import PAUSE

    for steps in (PAUSE, 4 * PAUSE):
        options = {"steps": steps, "rtol": 1.0, "order": 3}
        frames = solve(lumps(8), [0.0, 1.0, 2.0], Equation(8, LENGTH), **options)
        assert [int(f.steps[0]) for f in frames] == [0, steps, 2 * steps]


def test_members_of_other_heights_keep_their_places():
    """Defocusing members whose shifts differ are solved in groups."""
    equation, times, options = EQUATIONS["defocusing"], [0.0, 0.5, 1.0], {"rtol": 1e-9}
    psi0 = lumps(128, 4)[[0, 2, 1, 3]] * np.array([1, 2, 1, 3])[:, None]
    assert len({balance(equation, np.abs(psi).max() ** 2) for psi in psi0}) > 1
    together = solve(psi0, times, equation, "array", **options)[-1]
    for member in range(4):
        alone = solve(psi0[member : member + 1], times, equation, "array", **options)[-1]
        assert np.array_equal(alone.psi[0], together.psi[member])
        assert alone.steps[0] == together.steps[member]


def test_a_stale_state_is_refused():
    frames = propagate(lumps(64), np.linspace(0, 1, 3), Equation(64, LENGTH), kernel="compiled")
    pytest.importorskip("rocket_fft", reason="the compiled kernel needs rocket-fft")
    first = next(frames)
    next(frames)
    with pytest.raises(RuntimeError, match="frame 0"):
        first.state()
