"""Exponential Adams steps on problems with known answers: weights, order, control, resumption."""

from itertools import islice

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NumericsError
from sims.integrators import etd_levels as levels
from sims.integrators import etd_weights
from sims.integrators.etd_adams import Solver, etd_adams
from sims.integrators.etd_problem import HIGHEST, Problem, spacings

ORDERS = range(1, HIGHEST + 1)


# --- a forced nonlinear problem with a known solution, and L that turns and damps

RATES = np.array([0.0, 3.0j, -40.0j, -2.0, -300.0 + 10.0j, 9000.0j])


def exact(t):
    """u_k(t) = cos(t + k/2) e^{i t/3}, (1, 6)."""
    return np.cos(t + np.arange(len(RATES))[None] / 2) * np.exp(1j * t / 3)


def force(t):
    """Return f(t) that makes `exact` solve u' = L u + i |u|^2 u + f(t)."""
    true, angle = exact(t), t + np.arange(len(RATES)) / 2
    slope = (1j / 3 * np.cos(angle) - np.sin(angle)) * np.exp(1j * t / 3)
    return slope - RATES * true - 1j * np.abs(true) ** 2 * true


def forced(**options):
    def term(t, u):
        return 1j * np.abs(u) ** 2 * u + force(t)

    return Problem(RATES, term, **({"rtol": 1e-10, "atol": 0.0, "order": 5} | options))


def run(problem, times):
    return list(etd_adams(problem, exact(times[0]), times))


# --- weights


@pytest.mark.parametrize("z", [0.0, 0.3j, -5j, 20j, 23.9j, 24.1j, 700j, -3.0, -40.0, -9 + 20j])
def test_weights_are_the_integrals_that_define_them(z):
    panels = 64 + int(abs(z))  # composite Gauss-Legendre, a few radians to the panel
    nodes, masses = np.polynomial.legendre.leggauss(12)
    s = ((np.arange(panels)[:, None] + (nodes + 1) / 2) / panels).ravel()
    basis = [np.ones_like(s)]
    for i in range(1, HIGHEST + 1):
        basis.append(basis[-1] * (s + i - 1) / i)
    expected = np.array(basis) @ (np.tile(masses / 2 / panels, panels) * np.exp(z * (1 - s)))
    found = etd_weights.newton_weights(np.array([z], dtype=complex), HIGHEST)[:, 0]
    # Both sums add terms of size 1 or less; rounding of the phases grows with |z|.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 + 4e-16 * abs(z))


def test_weights_of_a_standing_mode_are_those_of_adams_and_bashforth():
    # Hairer, Norsett & Wanner (1993), Sec. III.1, Table 1.1.
    found = etd_weights.newton_weights(np.zeros(1, dtype=complex), 6)[:, 0]
    expected = [1, 1 / 2, 5 / 12, 3 / 8, 251 / 720, 95 / 288, 19087 / 60480]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("order", ORDERS)
def test_both_forms_of_the_weights_integrate_polynomials_exactly(order):
    """Differences, past values and the first block give int exp(z(1-s)) s^m ds for m < order."""
    z = np.array([0.7j, -30j])
    newton = etd_weights.newton_weights(z, order)
    lagrange, block = etd_weights.lagrange(newton[:-1]), etd_weights.block(newton)
    nodes, masses = np.polynomial.legendre.leggauss(60)
    s = (nodes + 1) / 2
    turn = np.exp(np.outer(z, 1 - s)) * masses / 2
    for power in range(order):
        expected = turn @ s**power
        past = (-np.arange(order)) ** float(power) if power else np.ones(order)
        # The values grow as (order - 1)^power and cancel.
        scale = float(max(order - 1, 1)) ** power
        np.testing.assert_allclose(past @ lagrange, expected, rtol=0, atol=2e-13 * scale)
    for j in range(order):
        values = (np.arange(order + 1) - j) ** float(order)
        scale = float(order) ** order
        np.testing.assert_allclose(values @ block[j], turn @ s**order, rtol=0, atol=2e-13 * scale)


@given(
    st.floats(0.25, 2.0),
    st.integers(1, HIGHEST),
    st.lists(st.floats(-1, 1), min_size=8, max_size=8),
)
@settings(deadline=None)
def test_respacing_reproduces_polynomials(ratio, order, coefficients):
    known = 2 * order + 1
    table = etd_weights.respacing(ratio, known, order)
    polynomial = np.polynomial.Polynomial(coefficients[: order + 1])
    old, new = -np.arange(known), -ratio * np.arange(len(table))
    assert order * ratio > known - 1 or len(table) >= order + 1
    scale = np.sum(np.abs(coefficients)) * float(known) ** order
    np.testing.assert_allclose(table @ polynomial(old), polynomial(new), atol=1e-13 * scale)


# --- the grid of steps


@given(st.integers(0, levels.FINEST))
def test_every_level_divides_a_frame(level):
    if level != 1:
        assert levels.TICKS % levels.ticks(level) == 0
        steps = levels.TICKS // levels.ticks(level)
        assert levels.level_of(steps) == level
        assert set(np.base_repr(steps, 2).strip("0")) <= {"1"}


@given(
    st.floats(0, 1e6),
    st.integers(1, HIGHEST),
    st.integers(2, 40),
    st.integers(0, 10**6),
    st.integers(1, 15),
    st.integers(0, 10),
)
@settings(deadline=None)
def test_a_new_step_lies_on_its_grid_and_meets_its_error(error, order, level, index, known, least):
    size = levels.ticks(level)
    position = index * size % levels.TICKS
    new = (
        levels.finer(error, order, level, position)
        if error > 1
        else levels.coarser(error, order, level, position, known, least)
    )
    assert position % levels.ticks(new) == 0
    ratio = levels.ticks(new) / size
    if error > 1:
        assert new > level
        assert error * ratio ** (order + 1) <= levels.AIM or new == level + levels.LEAP
    elif new != level:
        assert least <= new < level
        assert error * ratio ** (order + 1) <= levels.GROW
        assert int((known - 1) / ratio + 1e-9) >= order


def test_an_error_that_is_no_number_shrinks_the_step():
    assert levels.finer(float("nan"), 5, 8, 0) == 8 + levels.LEAP
    assert levels.finer(float("inf"), 5, 8, 0) == 8 + levels.LEAP


def test_gaps_equal_but_for_rounding_are_equal():
    assert len(set(spacings(1000.0 + 0.1 * np.arange(50)))) == 1
    assert len(set(spacings([0.0, 0.5, 1.0, 1.25, 1.5]))) == 2


# --- order


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("start", [0.0, 3.0])
def test_error_falls_with_the_power_of_the_step(order, start):
    times = start + np.array([0.0, 1.0, 2.0])
    errors = []
    for steps in (24, 48):
        last = run(forced(order=order, steps=steps), times)[-1].u
        # Modes with |L| h below 1: for the others 64 steps are not yet many.
        errors.append(np.abs(last - exact(times[-1]))[0, [0, 1, 3]].max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.4)


@pytest.mark.parametrize("order", [3, 6])
def test_modes_that_are_damped_or_turn_fast_do_not_limit_the_step(order):
    # h |L| reaches 9000 / 32: an explicit method would need about 100 times the steps.
    last = run(forced(order=order, steps=32), np.array([0.0, 1.0]))[-1].u
    assert np.abs(last - exact(1.0)).max() < 2e-5


# --- control


@pytest.mark.parametrize("times", [np.linspace(-1, 4, 6), np.array([0.0, 0.1, 2.0, 2.5, 7.0])])
def test_errors_follow_the_tolerance(times):
    errors, evaluations = [], []
    for rtol in (1e-6, 1e-8, 1e-10):
        frames = run(forced(rtol=rtol), times)
        errors.append(max(np.abs(f.u - exact(times[f.index])).max() for f in frames))
        evaluations.append(int(frames[-1].evaluations[0]))
        # A few hundred steps at most, each off by less than rtol |u| (|u| < 2.5), add up.
        assert errors[-1] < 300 * rtol
    assert errors[0] > errors[1] > errors[2]
    assert evaluations[0] < evaluations[1] < evaluations[2]


def test_steps_grow_and_shrink_with_the_solution():
    """u = 1/(1 + 25 (t - 2)^2) is steep only about t = 2."""

    def term(t, u):
        return 0 * u - 50 * (t - 2) / (1 + 25 * (t - 2) ** 2) ** 2

    problem = Problem(np.zeros(1, dtype=complex), term, rtol=1e-8, atol=0.0, order=5)
    times = np.linspace(0, 10, 11)
    frames = list(etd_adams(problem, np.array([[1 / 101 + 0j]]), times))
    for f in frames:
        assert f.u[0, 0] == pytest.approx(1 / (1 + 25 * (times[f.index] - 2) ** 2), abs=1e-6)
    taken = np.diff([f.steps[0] for f in frames])
    assert taken[1] > 3 * taken[-1] and taken[2] > 3 * taken[-1]


def test_a_smaller_max_step_takes_more_steps():
    few = run(forced(rtol=1e-3), np.array([0.0, 1.0]))[-1].steps[0]
    many = run(forced(rtol=1e-3, max_step=1e-3), np.array([0.0, 1.0]))[-1].steps[0]
    assert many >= 1000 > few


def test_a_rate_bounds_the_step():
    problem = forced(rtol=1e-3, rate=lambda u: np.full(u.shape[0], 100.0))
    steps = run(problem, np.array([0.0, 1.0]))[-1].steps[0]
    assert steps >= 100.0 / levels.STABLE[5]


def test_a_problem_without_a_nonlinear_part_is_exact():
    problem = Problem(RATES, lambda t, u: 0 * u, rtol=1e-6, atol=0.0, order=4)
    u0 = np.ones((1, len(RATES)), dtype=complex)
    last = list(etd_adams(problem, u0, [0.0, 1.0, 2.0]))[-1]
    np.testing.assert_allclose(last.u[0], np.exp(2 * RATES), atol=1e-11)  # rounding of 18000 i
    assert last.steps[0] < 40


def test_zero_stays_zero():
    problem = Problem(RATES, lambda t, u: 1j * np.abs(u) ** 2 * u, rtol=1e-6, atol=0.0, order=4)
    last = list(etd_adams(problem, np.zeros((2, len(RATES)), dtype=complex), [0.0, 1.0]))[-1]
    assert not last.u.any()


def test_the_norm_is_restored_where_the_equation_keeps_it():
    def term(t, u):
        return 1j * np.abs(u) ** 2 * u

    u0 = np.array([[1.0 + 0j, 2.0]])
    drifts = {}
    for kept in (False, True):
        problem = Problem(np.array([1j, 0j]), term, rtol=1e-6, atol=0.0, order=3, norm_kept=kept)
        last = list(etd_adams(problem, u0, [0.0, 5.0]))[-1].u
        drifts[kept] = abs(np.linalg.norm(last) / np.linalg.norm(u0) - 1)
    assert drifts[True] < 1e-15 < 1e-9 < drifts[False]


# --- failure


def test_a_blow_up_names_member_time_and_remedy():
    """u' = u^2 from u(0) = 1 is infinite at t = 1; the other member, from 1/10, is not."""
    problem = Problem(np.zeros(1, dtype=complex), lambda t, u: u * u, 1e-8, 0.0, 5)
    with pytest.raises(NumericsError, match=r"member 1: step size collapsed at t = 1; .*rtol"):
        list(etd_adams(problem, np.array([[0.1 + 0j], [1.0]]), [0.0, 2.0]))


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(NumericsError, match="member 0: step size collapsed at t = 0"):
        u0 = np.full((1, len(RATES)), np.nan + 0j)
        list(etd_adams(forced(), u0, [0.0, 1.0]))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"order": 0}, "order"),
        ({"order": HIGHEST + 1}, "order"),
        ({"rtol": -1.0}, "rtol"),
        ({"rtol": 0.0, "atol": 0.0}, "rtol"),
        ({"max_step": 0.0}, "max_step"),
        ({"steps": 7}, "steps"),
        ({"steps": 4}, "steps"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options, word):
    with pytest.raises(ValueError, match=word):
        forced(**options)


@pytest.mark.parametrize("times", [[0.0, 0.0], [1.0, 0.0], [0.0, np.nan], []])
def test_times_that_do_not_increase_are_refused(times):
    with pytest.raises(ValueError, match="times"):
        etd_adams(forced(), exact(0.0), times)


def test_fixed_steps_need_equal_gaps():
    with pytest.raises(ValueError, match="equally"):
        etd_adams(forced(steps=8), exact(0.0), [0.0, 1.0, 3.0])


# --- batches, resumption, other array libraries


def cubic(t, u):
    return 1j * (u.real**2 + u.imag**2) * u


SLOW = np.array([0.0, 1.0j, -2.0j, 3.0j, -1.0, -5.0 + 1j])


def rows(members):
    """Members of different speeds, so that their steps differ and lanes split and join."""
    n = 6
    return np.array([(0.5 + m / 2) * np.exp(1j * np.arange(n) * m) for m in range(members)])


def test_members_do_not_feel_who_shares_their_batch():
    problem = Problem(SLOW, cubic, rtol=1e-9, atol=0.0, order=5)
    times, u0 = np.linspace(1.0, 3.0, 5), rows(5)
    together = list(etd_adams(problem, u0, times))
    assert len(set(together[-1].steps.tolist())) > 1
    for member in range(5):
        alone = list(etd_adams(problem, u0[member : member + 1], times))
        for a, b in zip(alone, together, strict=True):
            assert np.array_equal(a.u[0], b.u[member])
            assert a.evaluations[0] == b.evaluations[member] and a.steps[0] == b.steps[member]


def test_lanes_that_split_join_again():
    problem = Problem(SLOW, cubic, rtol=1e-9, atol=0.0, order=4)
    solver = Solver(problem, rows(3))
    lanes = solver.started(0.0, 1.0)
    assert len(lanes) == 3
    same = [solver.take(lane, [0]) for lane in lanes for _ in range(2)]
    assert len(solver.merged(same)) == len({(lane.level, lane.position) for lane in lanes})


@pytest.mark.parametrize("stop", [0, 1, 3])
@pytest.mark.parametrize("times", [np.linspace(0.0, 2.0, 6), np.array([0, 0.3, 0.5, 0.9, 2, 2.1])])
def test_a_run_goes_on_to_the_same_bits(stop, times):
    problem = Problem(SLOW, cubic, rtol=1e-8, atol=0.0, order=5)
    whole = list(etd_adams(problem, rows(3), times))
    state = next(islice(etd_adams(problem, rows(3), times), stop, None)).state()
    rest = list(etd_adams(problem, rows(3), times, (stop, state)))
    assert [f.index for f in rest] == list(range(stop + 1, 6))
    for a, b in zip(rest, whole[stop + 1 :], strict=True):
        assert np.array_equal(a.u, b.u)
        assert np.array_equal(a.evaluations, b.evaluations)


def test_only_what_the_array_standard_has_is_used():
    times = np.linspace(0.0, 1.0, 3)

    def strict_cubic(t, u):
        return 1j * (strict.real(u) ** 2 + strict.imag(u) ** 2) * u

    options = {"rtol": 1e-8, "atol": 0.0, "order": 5, "norm_kept": True}
    plain = list(etd_adams(Problem(SLOW, cubic, **options), rows(3), times))[-1]
    problem = Problem(SLOW, strict_cubic, **options)
    other = list(etd_adams(problem, strict.asarray(rows(3)), times))[-1]
    assert isinstance(other.u, type(strict.asarray(0.0)))
    # Sums may be rounded in another order, which the step control can amplify to its tolerance.
    np.testing.assert_allclose(np.asarray(other.u), plain.u, rtol=0, atol=1e-7)


def test_a_step_costs_one_evaluation():
    frames = run(forced(steps=64), np.linspace(0, 4, 5))
    evaluations = np.diff([f.evaluations[0] for f in frames])
    assert (evaluations[1:] == 64).all()
