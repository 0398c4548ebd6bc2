"""The closed solutions solve the equation, and agree with one another where they must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import exact_nlse
from core.errors import ConfigError

COEFFICIENTS = [(1.0, 1.0), (0.5, 2.0), (-0.7, -1.3)]
# Weights of the tenth-order central difference, for the offsets 1 ... 5.
TENTH = (5 / 6, -5 / 21, 5 / 84, -5 / 504, 1 / 1260)


def line(length, n):
    return (np.arange(n) - n // 2) * (length / n)


def residual(solution, x, t, dispersion, nonlinearity, step=0.004):
    """The equation's left-hand side over its largest term; spectral in x, tenth order in t."""
    length = (x[1] - x[0]) * x.size
    psi = solution(x, t)
    k = 2 * np.pi * np.fft.fftfreq(x.size, d=length / x.size)
    bend = dispersion / 2 * np.fft.ifft(-(k**2) * np.fft.fft(psi))
    rate = sum(
        w * (solution(x, t + j * step) - solution(x, t - j * step))
        for j, w in enumerate(TENTH, start=1)
    )
    focus = nonlinearity * np.abs(psi) ** 2 * psi
    return np.max(np.abs(1j * rate / step + bend + focus)) / np.max(np.abs(bend) + np.abs(focus))


# Frequencies w stay below about 15: truncation (w h)^10/2772 < 1e-15 w; rounding is
# 1e-16/h = 3e-14 in t, and 1e-16 k_max^2 (1e4) = 1e-12 in x. Two digits are spared for
# the cancellation inside the formulas.
RESIDUAL = 1e-10


def two(x, t, **c):
    return exact_nlse.n_soliton(x, t, (2, 1.5), (2, -2), (-3, 4), (0.3, -0.7), **c)


def four(x, t, **c):
    sizes, speeds = (1.0, 1.6, 1.3, 0.8), (1.0, 0.0, -1.5, 0.4)
    return exact_nlse.n_soliton(x, t, sizes, speeds, (-4, 1, 4, 2), (0.1, 2, 3, 4), **c)


def bound_pair(x, t, **c):
    return exact_nlse.n_soliton(x, t, (1.0, 1.7), (0.5, 0.5), (0.0, 0.4), (1.0, 0.0), **c)


FOCUSING = {
    "soliton": (lambda x, t, **c: exact_nlse.soliton(x, t, 1.3, 0.8, 0.4, 0.2, **c), 80, 2048),
    "two": (two, 100, 4096),
    "four": (four, 160, 6144),
    "bound_pair": (bound_pair, 100, 4096),
    "bound_state_1": (lambda x, t, **c: exact_nlse.bound_state(x, t, 1, **c), 80, 1024),
    "bound_state_2": (lambda x, t, **c: exact_nlse.bound_state(x, t, 2, **c), 80, 2048),
    "bound_state_3": (lambda x, t, **c: exact_nlse.bound_state(x, t, 3, 1.5, **c), 100, 4096),
    "kuznetsov_ma": (lambda x, t, **c: exact_nlse.kuznetsov_ma(x, t, 0.8, **c), 50, 3072),
}


@pytest.mark.parametrize("coefficients", COEFFICIENTS)
@pytest.mark.parametrize("name", FOCUSING)
@pytest.mark.parametrize("t", [-1.7, 0.0, 0.6])
def test_focusing_solutions_solve_the_equation(name, t, coefficients):
    solution, length, n = FOCUSING[name]
    beta, gamma = coefficients

    def psi(x, t):
        return solution(x, t, dispersion=beta, nonlinearity=gamma)

    assert residual(psi, line(length, n), t, beta, gamma) < RESIDUAL


@pytest.mark.parametrize("coefficients", [*COEFFICIENTS, (1.0, -1.0), (-1.0, 0.5)])
@pytest.mark.parametrize("t", [-2.0, 0.7])
def test_a_plane_wave_solves_the_equation(t, coefficients):
    beta, gamma = coefficients

    def psi(x, t):
        return exact_nlse.plane_wave(x, t, 1.2, 2.0, 0.3, dispersion=beta, nonlinearity=gamma)

    assert residual(psi, line(4 * np.pi, 64), t, beta, gamma) < RESIDUAL


@pytest.mark.parametrize("coefficients", COEFFICIENTS)
@pytest.mark.parametrize("a", [0.05, 0.25, 0.45])
@pytest.mark.parametrize("t", [-4.0, 0.0, 1.1])
def test_an_akhmediev_breather_solves_the_equation(t, a, coefficients):
    beta, gamma = coefficients
    length = 2 * np.pi / exact_nlse.akhmediev_wavenumber(a, beta, gamma)

    def psi(x, t):
        return exact_nlse.akhmediev(x, t, a, dispersion=beta, nonlinearity=gamma)

    assert residual(psi, line(length, 192), t, beta, gamma) < RESIDUAL


@pytest.mark.parametrize("coefficients", COEFFICIENTS)
@pytest.mark.parametrize("t", [-1.5, 0.0, 0.4])
def test_a_peregrine_breather_solves_the_equation(t, coefficients):
    """Its tail does not fit a box, so x is differenced too: tenth order, step 0.01."""
    beta, gamma = coefficients
    x, h, step = np.linspace(-6, 6, 41), 0.01, 0.004

    def psi(x, t):
        return exact_nlse.peregrine(x, t, dispersion=beta, nonlinearity=gamma)

    weights = (5 / 3, -5 / 21, 5 / 126, -5 / 1008, 1 / 3150)
    bend = -5269 / 1800 * psi(x, t) + sum(
        w * (psi(x + j * h, t) + psi(x - j * h, t)) for j, w in enumerate(weights, start=1)
    )
    rate = sum(
        w * (psi(x, t + j * step) - psi(x, t - j * step)) for j, w in enumerate(TENTH, start=1)
    )
    field = psi(x, t)
    left = 1j * rate / step + beta / 2 * bend / h**2 + gamma * np.abs(field) ** 2 * field
    # A pole at distance d = 0.25 at the least makes the twelfth derivative about 12!/d^12; the
    # difference's error is h^10/16632 of that, 5e-9; in t it is less; rounding is 1e-16/h^2.
    assert np.max(np.abs(left)) < 1e-7


@pytest.mark.parametrize("coefficients", [(1.0, -1.0), (2.0, -0.5), (-0.7, 1.3)])
@pytest.mark.parametrize("velocity", [0.3, -0.6, 0.02])
@pytest.mark.parametrize("t", [-3.0, 0.0, 8.0])
def test_a_dark_pair_solves_the_defocusing_equation(t, velocity, coefficients):
    beta, gamma = coefficients

    def psi(x, t):
        return exact_nlse.dark_soliton_pair(
            x, t, 1.1, velocity, 5.0, 0.4, dispersion=beta, nonlinearity=gamma
        )

    assert residual(psi, line(120, 1536), t, beta, gamma) < RESIDUAL


def test_dark_solitons_far_apart_are_a_product_of_single_ones():
    x, v = line(80, 800), 0.4
    depth = np.sqrt(1 - v**2)
    one = depth * np.tanh(depth * (x + 12)) + 1j * v
    other = depth * np.tanh(depth * (x - 12)) - 1j * v
    pair = exact_nlse.dark_soliton_pair(x, 0.0, 1.0, v, 12.0)
    # Tails overlap by exp(-2 depth 24) = 8e-20; the rest is rounding. Only a phase is free.
    ratio = pair / (one * other)
    np.testing.assert_allclose(ratio, ratio[0], atol=1e-13)


def test_solitons_apart_are_their_sum_where_they_were_put():
    x = line(50, 1024)
    lists = ((2, 1.5), (2, -2), (-10, 10), (0.3, -0.7))
    plain = sum(exact_nlse.soliton(x, 0.0, *one) for one in zip(*lists, strict=True))
    # The slower tail at the other soliton: 2 e^(-1.5 20) = 2e-13, times the sum of amplitudes.
    np.testing.assert_allclose(exact_nlse.n_soliton(x, 0.0, *lists), plain, atol=1e-12)


def test_solitons_in_another_order_are_the_same_field():
    x = line(60, 600)
    lists = np.array([(1.0, 1.6, 1.3), (1.0, 0.0, -1.5), (-4.0, 1.0, 4.0), (0.1, 2.0, 3.0)])
    turned = exact_nlse.n_soliton(x, 0.7, *lists[:, [2, 0, 1]])
    np.testing.assert_allclose(exact_nlse.n_soliton(x, 0.7, *lists), turned, atol=1e-12)


def test_one_of_many_solitons_is_a_soliton():
    x = line(60, 600)
    one = exact_nlse.n_soliton(x, 1.3, [1.2], [0.7], [-2.0], [0.5], dispersion=0.5, nonlinearity=2)
    np.testing.assert_allclose(
        one,
        exact_nlse.soliton(x, 1.3, 1.2, 0.7, -2.0, 0.5, dispersion=0.5, nonlinearity=2),
        atol=1e-14,
    )


def test_dressing_agrees_with_the_determinant_formula():
    """psi = 2 sum a_j (M^-1)_jk b_k*, M_jk = (a_j* a_k + b_j* b_k)/(l_k - l_j*)."""
    from core.exact_nlse_solitons import _dress

    eigen = np.array([-0.5 + 0.6j, 0.3 + 0.4j, 0.9 + 0.8j])
    c = np.array([0.3 + 1j, -2.0 + 0.2j, 1.0 - 2j])
    x, t = line(6, 31), 0.4
    theta = (1j * eigen**2 * t + c / 2)[:, None] + 1j * eigen[:, None] * x
    a, b = np.exp(-theta), np.exp(theta)
    products = np.conj(a)[:, None] * a + np.conj(b)[:, None] * b
    matrix = products / (eigen - np.conj(eigen)[:, None])[..., None]
    solved = np.linalg.solve(np.moveaxis(matrix, -1, 0), np.conj(b).T[..., None])[..., 0]
    np.testing.assert_allclose(_dress(x, t, eigen, c), 2 * np.sum(a.T * solved, axis=1), 1e-11)


@pytest.mark.parametrize(("order", "tolerance"), [(1, 1e-14), (2, 1e-14), (3, 1e-13), (5, 1e-11)])
def test_a_bound_state_begins_as_a_sech_and_returns(order, tolerance):
    """A digit per order is lost to the nearly parallel vectors of the dressing."""
    x = line(40, 400)
    start = order / np.cosh(x)
    np.testing.assert_allclose(exact_nlse.bound_state(x, 0.0, order), start, atol=tolerance)
    back = np.abs(exact_nlse.bound_state(x, np.pi / 2, order))
    np.testing.assert_allclose(back, start, atol=tolerance)


def test_the_closed_second_bound_state_is_what_dressing_gives():
    from core.exact_nlse_solitons import _dress

    x = line(40, 400)
    dressed = _dress(x, 0.37, np.array([0.5j, 1.5j]), 1j * np.pi * np.array([1.5, 0.5]))
    np.testing.assert_allclose(exact_nlse.bound_state(x, 0.37, 2), dressed, atol=1e-14)
    assert np.abs(exact_nlse.bound_state(np.zeros(1), np.pi / 4, 2))[0] == pytest.approx(4.0)


def test_shifts_are_those_published_for_the_standard_collision():
    expected = (0.276500274408, -0.368667032544, 1.188950010150, 1.686369988337)
    np.testing.assert_allclose(exact_nlse.soliton_shifts(2, 1.5, 2, -2), expected, atol=1e-12)


@pytest.mark.parametrize("coefficients", COEFFICIENTS)
def test_shifts_are_what_the_exact_solution_does(coefficients):
    beta, gamma = coefficients
    c = {"dispersion": beta, "nonlinearity": gamma}
    x, t = line(100, 2048), 28.0
    sizes, speeds, places, phases = (1.6, 1.2), (-1.0, 1.0), (14.0, -14.0), (0.5, 0.1)
    dx1, dx2, phi1, phi2 = exact_nlse.soliton_shifts(*sizes, *speeds, **c)
    apart = exact_nlse.soliton(x, t, 1.6, -1.0, 14.0 + dx1, 0.5 + phi1, **c)
    apart = apart + exact_nlse.soliton(x, t, 1.2, 1.0, -14.0 + dx2, 0.1 + phi2, **c)
    # The widest tail, inverse width 1.2, at a distance of 28 less the shifts: below 1e-13.
    psi = exact_nlse.n_soliton(x, t, sizes, speeds, places, phases, **c)
    np.testing.assert_allclose(psi, apart, atol=1e-12)


@pytest.mark.parametrize("side", [-1, 1])
def test_breathers_become_the_peregrine_breather(side):
    """Towards a = 1/2 the difference is of first order in |a - 1/2|."""
    x = np.linspace(-3, 3, 61)
    breather = exact_nlse.akhmediev if side < 0 else exact_nlse.kuznetsov_ma
    distances = [
        np.max(np.abs(breather(x, 0.3, 0.5 + side * d) - exact_nlse.peregrine(x, 0.3)))
        for d in (1e-4, 1e-5)
    ]
    assert distances[0] < 1e-2
    assert distances[0] / distances[1] == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(("breather", "a"), [("akhmediev", 0.3), ("kuznetsov_ma", 0.9)])
def test_breathers_peak_at_the_origin(breather, a):
    peak = np.abs(getattr(exact_nlse, breather)(np.zeros(1), 0.0, a))[0]
    assert peak == pytest.approx(1 + 2 * np.sqrt(2 * a), rel=1e-13)


def test_nothing_overflows_far_out():
    x = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    for t in (-1e3, 0.0, 1e3):
        for psi in (
            exact_nlse.soliton(x, t, 2.0, 1.0),
            exact_nlse.n_soliton(x, t, (2, 1.5), (2, -2), (-10, 10)),
            exact_nlse.bound_state(x, t, 2),
            exact_nlse.bound_state(x, t, 3),
            exact_nlse.akhmediev(x, t, 0.25),
            exact_nlse.kuznetsov_ma(x, t, 1.0),
            exact_nlse.dark_soliton_pair(x, t, 1.0, 0.5, 10.0),
        ):
            assert np.isfinite(psi).all()


def test_the_sum_over_boxes_is_periodic_and_keeps_to_the_moving_soliton():
    """The carrier's wavenumber does not fit the box; the sum does."""
    length, velocity = 25.0, 1.0

    def summed(x, t):
        def one(x, t):
            return exact_nlse.soliton(x, t, 2.0, velocity, -3.0)

        return exact_nlse.periodic_sum(one, x, t, length, -3.0 + velocity * t)

    x = line(length, 512)
    for t in (0.0, 9.0, 60.0):
        # Four copies in all are within reach of a point; left out are tails below e^-75.
        np.testing.assert_allclose(summed(x, t), summed(x + length, t), atol=1e-12)
        assert residual(summed, x, t, 1.0, 1.0) < RESIDUAL


@pytest.mark.parametrize("kappa", [0.5, np.sqrt(2.0), 1.9])
def test_the_growing_mode_grows_at_the_growth_rate(kappa):
    """i p_t + (beta/2) p_xx + gamma A^2 (p + p*) = 0 holds for the mode times e^(rate t)."""
    beta, gamma, amplitude = 0.8, 1.4, 1.1
    kappa = kappa * amplitude * np.sqrt(gamma / beta)
    rate = exact_nlse.growth_rate(amplitude, kappa, beta, gamma)
    mode = exact_nlse.growing_mode(amplitude, kappa, beta, gamma)
    left = 1j * rate * mode - beta / 2 * kappa**2 * mode + 2 * gamma * amplitude**2 * mode.real
    assert rate > 0
    assert abs(left) < 1e-14


def test_the_growth_rate_has_its_known_shape():
    assert exact_nlse.growth_rate(1.5, 1.5 * np.sqrt(2)) == pytest.approx(1.5**2, rel=1e-14)
    assert exact_nlse.growth_rate(1.0, 0.6) == pytest.approx(0.6 * np.sqrt(1 - 0.09), rel=1e-14)
    assert exact_nlse.growth_rate(1.0, 2.5) == 0.0
    assert exact_nlse.growth_rate(1.0, 1.0, nonlinearity=-1.0) == 0.0


@settings(deadline=None, max_examples=40)
@given(st.floats(0.5, 2.5), st.floats(-2, 2), st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2))
def test_solitons_obey_the_galilean_symmetry(amplitude, velocity, position, phase, boost):
    x, t = line(40, 200), 0.9
    moved = exact_nlse.soliton(x, t, amplitude, velocity + boost, position, phase)
    still = exact_nlse.soliton(x - boost * t, t, amplitude, velocity, position, phase)
    carrier = np.exp(1j * (boost * x - boost**2 * t / 2))
    np.testing.assert_allclose(moved, still * carrier, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: exact_nlse.soliton(x, 0, 1.0, nonlinearity=-1.0), "positive nonlinearity"),
        (lambda x: exact_nlse.soliton(x, 0, 1.0, dispersion=-1.0), "negative nonlinearity"),
        (lambda x: exact_nlse.soliton(x, 0, 1.0, nonlinearity=0.0), "positive nonlinearity"),
        (
            lambda x: exact_nlse.dark_soliton_pair(x, 0, 1, 0.5, 5, nonlinearity=1.0),
            "negative nonlinearity",
        ),
        (lambda x: exact_nlse.dark_soliton_pair(x, 0, 1, 1.5, 5), "speed of sound 1 "),
        (lambda x: exact_nlse.dark_soliton_pair(x, 0, 1, 0.0, 5), "not 0"),
        (lambda x: exact_nlse.akhmediev(x, 0, 0.5), "between 0 and 0.5"),
        (lambda x: exact_nlse.kuznetsov_ma(x, 0, 0.5), "above 0.5"),
        (lambda x: exact_nlse.bound_state(x, 0, 0), "positive integer"),
        (lambda x: exact_nlse.n_soliton(x, 0, (1, 2), (1,), (0, 1)), "as many of each"),
        (lambda x: exact_nlse.n_soliton(x, 0, (1, 1), (2, 2), (0, 1)), "differ in one"),
        (lambda x: exact_nlse.n_soliton(x, 0, (1, -1), (2, 0), (0, 1)), "must be positive"),
        (lambda x: exact_nlse.soliton_shifts(2, 1.5, 1.0, 1.0), "equal velocity"),
    ],
)
def test_what_has_no_solution_is_refused_with_what_would_do(call, words):
    with pytest.raises(ConfigError, match=words):
        call(line(10, 8))
