"""Equations from data: polynomials read from text, rates of known accuracy, Lorenz recovered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from analysis.forecast.derivatives import METHODS, Finite, SavitzkyGolay, Weak, stencil
from analysis.forecast.polynomials import (
    NotPolynomial,
    degree,
    evaluate,
    expand,
    monomials,
    written,
)
from analysis.forecast.sindy import Equations, SparseRegression, _pruned, score
from sims.chaos import generate
from sims.chaos.system import CATALOGUE, read

LORENZ = ("-sigma*x + sigma*y", "rho*x - x*z - y", "-beta*z + x*y")
VALUES = {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3}
DT = 0.01


@pytest.fixture(scope="module")
def lorenz():
    """Lorenz by SciPy's DOP853, which is not the project's: 3000 samples on the attractor."""

    def f(t, s):
        return [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]]

    t = DT * np.arange(4000)
    found = solve_ivp(f, (0, t[-1]), [1.0, 1.0, 20.0], "DOP853", t, rtol=1e-12, atol=1e-12)
    return found.y.T[1000:]


TRUTH = [expand(text, "xyz", VALUES) for text in LORENZ]


def test_polynomials_are_multiplied_out():
    assert expand("a*(x + y)**2 - 2*a*x*y", "xy", {"a": 3.0}) == {(2, 0): 3.0, (0, 2): 3.0}
    assert expand("x/4 - (-x)/4 + y - y", "xy", {}) == {(1, 0): 0.5}
    assert expand("-x**2 + 2**3", "x", {}) == {(2,): -1.0, (0,): 8.0}
    assert expand("cos(pi)*x + sqrt(b)", "x", {"b": 4.0}) == {(1,): -1.0, (0,): 2.0}
    assert expand("x**n", "x", {"n": 3}) == {(3,): 1.0}
    assert expand("0*x", "x", {}) == {}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("y + sin(2*x)", "sin(2*x)"),
        ("x*abs(y)", "abs(y)"),
        ("1/(1 + x)", "1/(1 + x)"),
        ("x**0.5", "x**0.5"),
        ("2**y", "2**y"),
        ("x**-1", "x**-1"),
        ("x*t", "t"),
        ("x/0", "x/0"),
    ],
)
def test_what_is_no_polynomial_is_quoted(text, part):
    with pytest.raises(NotPolynomial) as refused:
        expand(text, "xy", {})
    assert f"'{part}' is no polynomial in x, y" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x +", "is no expression"),
        ("__import__('os')", "no function '__import__'"),
        ("x.real", "only numbers"),
        ("[x]", "only numbers"),
        ("x if y else 1", "only numbers"),
        ("q*x", "no variable or parameter 'q'"),
        ("x % 2", r"only \+ - \* / \*\*"),
        ("True", "only numbers"),
        ("sin(x=1)", "only numbers"),
    ],
)
def test_only_the_grammar_is_let_in(text, why):
    with pytest.raises(ValueError, match=why) as refused:
        expand(text, "xy", {})
    assert not isinstance(refused.value, NotPolynomial)


def rates(system, x):
    """Return the rates by the catalogue's own code, which knows nothing of polynomials."""
    out = np.empty(system.dimension)
    generate.written(system).rhs(0, 0.0, 1.0, x, out, generate.work(system))
    return out


def test_polynomials_of_the_catalogue_are_its_right_hand_sides():
    draw, polynomial = np.random.default_rng(0), 0
    for system in read(CATALOGUE).values():
        try:
            p = [expand(text, system.variables, system.parameters) for text in system.equations]
        except NotPolynomial:
            continue
        polynomial += 1
        x = draw.normal(size=system.dimension)
        found = [evaluate(list(q), x) @ np.array(list(q.values())) for q in p]
        size = [max(abs(evaluate(list(q), x) * np.array(list(q.values())))) for q in p]
        assert np.abs(found - rates(system, x)) == pytest.approx(0, abs=1e-12 * max(size))
    assert 80 <= polynomial <= 90


def test_the_library_has_each_monomial_once():
    terms = monomials(3, 3)
    assert len(terms) == len(set(terms)) == 20  # (3 + 3)! / (3! 3!)
    assert terms[0] == (0, 0, 0) and max(map(sum, terms)) == 3
    assert evaluate([(0, 0), (2, 1)], np.array([[3.0, 5.0]])).tolist() == [[1.0, 45.0]]
    assert degree({(1, 2): 1.0, (0, 0): 3.0}) == 3
    assert [written(k, "xy") for k in ((0, 0), (1, 0), (1, 2))] == ["1", "x", "x*y**2"]


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_finite_differences_converge_with_their_order(order):
    """d sin(t)/dt; the error falls by 2^order as dt is halved."""

    def error(dt):
        x = np.sin(dt * np.arange(100))[:, None]
        _, rate = Finite(order).rows(x, dt, lambda p: p)
        half = order // 2
        return np.abs(rate[:, 0] - np.cos(dt * np.arange(100))[half:-half]).max()

    assert np.log2(error(0.4) / error(0.2)) == pytest.approx(order, abs=0.15)
    assert stencil(4) * 12 == pytest.approx([1, -8, 0, 8, -1])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-3, 3), min_size=5, max_size=5))
def test_savitzky_golay_is_exact_for_polynomials_of_its_degree(c):
    t = np.linspace(-1, 1, 41)
    _, rate = SavitzkyGolay(9, 4).rows(np.polyval(c, t)[:, None], t[1] - t[0], lambda p: p)
    np.testing.assert_allclose(rate[:, 0], np.polyval(np.polyder(c), t)[4:-4], atol=1e-9)


def test_weak_integrals_hold_the_equation_far_beyond_differences():
    """x = exp(-t): dx/dt = -x, so that A (-1) = B."""
    x = np.exp(-0.05 * np.arange(200))[:, None]
    a, b = Weak().rows(x, 0.05, lambda p: p)
    np.testing.assert_allclose(-a, b, atol=1e-11)
    a, b = Finite(2).rows(x, 0.05, lambda p: p)
    assert np.abs(a + b).max() > 1e-4


@pytest.mark.parametrize("power", [2, 4, 6])
def test_weak_integrals_converge_with_the_power_of_their_test_functions(power):
    """Euler-Maclaurin: the first odd derivative left at the ends is of order q - 1."""

    def error(half):
        dt = 1.2 / half
        x = np.exp(-dt * np.arange(4 * half))[:, None]
        a, b = Weak(half, power).rows(x, dt, lambda p: p)
        return np.abs(a[0] + b[0])[0]

    assert np.log2(error(16) / error(32)) == pytest.approx(power, abs=0.1)


def test_the_equations_of_lorenz_are_found(lorenz):
    found = SparseRegression().fit(lorenz, DT)
    result = score(found, TRUTH, lorenz)
    assert result.exact.all()
    assert result.coefficient_error.max() < 1e-3
    assert result.coefficient_error.max() < 1e-6  # what the weak form gives beyond
    assert result.derivative_error.max() < 1e-6
    assert found.texts("xyz", 4) == ("-10*x +10*y", "28*x -1*y -1*x*z", "-2.667*z +1*x*y")


@pytest.mark.parametrize(
    ("method", "bound"), [(Finite(8), 1e-3), (Finite(2), 0.2), (SavitzkyGolay(9, 6), 0.05)]
)
def test_other_rates_find_lorenz_to_their_own_accuracy(lorenz, method, bound):
    found = SparseRegression(2, method).fit(lorenz, DT)
    result = score(found, TRUTH, lorenz)
    assert result.missing.sum() == 0
    assert result.derivative_error.max() < bound


def test_noise_blurs_the_coefficients_but_not_beyond_reason(lorenz):
    noisy = lorenz + 1e-3 * lorenz.std(axis=0) * np.random.default_rng(0).normal(size=lorenz.shape)
    result = score(SparseRegression(2).fit(noisy, DT), TRUTH, lorenz)
    assert result.missing.sum() == 0
    assert 1e-6 < result.coefficient_error.max() < 0.05


def test_the_score_counts_what_is_missing_and_what_is_too_much():
    terms = ((0, 0), (1, 0), (0, 1), (1, 1))
    found = Equations(terms, np.array([[0.5, 0.0], [2.2, 0.0], [0.0, -1.0], [0.0, 0.0]]))
    truth = [{(1, 0): 2.0, (1, 1): 1.0}, {(0, 1): -1.0}]
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    result = score(found, truth, x)
    assert result.missing.tolist() == [1, 0] and result.extra.tolist() == [1, 0]
    assert result.exact.tolist() == [False, True]
    assert result.coefficient_error.tolist() == [1.0, 0.0]
    # true rates 2 x + x y = 4, 3; found 0.5 + 2.2 x = 2.7, 7.1
    assert result.derivative_error[0] == pytest.approx(np.sqrt((1.3**2 + 4.1**2) / 25))
    assert result.derivative_error[1] == 0.0


def test_terms_that_are_not_missed_are_left_out_one_by_one():
    """b is a sum of two of five columns: only those stay of all, and of a support with more."""
    a = np.random.default_rng(4).normal(size=(60, 5))
    b = 2 * a[:, 1] - 0.1 * a[:, 3]
    for kept in (np.ones(5, dtype=bool), np.array([True, True, False, True, False])):
        assert _pruned(a, b, kept, 40, 1e-9).tolist() == [False, True, False, True, False]
    assert _pruned(a, b, np.ones(5, dtype=bool), 40, -1.0).all()


def test_a_component_that_rests_has_rate_zero(lorenz):
    still = np.column_stack([lorenz, np.full(len(lorenz), 2.0)])
    found = SparseRegression(2).fit(still, DT)
    assert found.texts("xyzc")[3] == "0" or np.abs(found.rates(still)[:, 3]).max() < 1e-9


def test_bad_series_are_refused(lorenz):
    with pytest.raises(ValueError, match="rows for 20 terms; give more, or a lower degree"):
        SparseRegression().fit(lorenz[:90], DT)
    with pytest.raises(ValueError, match="windows of 49 are needed"):
        SparseRegression().fit(lorenz[:40], DT)
    with pytest.raises(ValueError, match="dt: must be positive"):
        SparseRegression().fit(lorenz, 0.0)
    with pytest.raises(ValueError, match="order: must be 2, 4"):
        Finite(3).rows(lorenz, DT, lambda p: p)
    with pytest.raises(ValueError, match="window: must be odd"):
        SavitzkyGolay(4, 4).rows(lorenz, DT, lambda p: p)
    broken = lorenz.copy()
    broken[4] = np.nan
    with pytest.raises(ValueError, match="expected finite values"):
        SparseRegression().fit(broken, DT)
    assert set(METHODS) == {"weak", "finite", "savitzky_golay"}


def test_the_same_data_give_the_same_equations(lorenz):
    one, two = (SparseRegression().fit(lorenz, DT).coefficients for _ in range(2))
    assert (one == two).all()
