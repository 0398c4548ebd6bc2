"""DOP853: its coefficients, order, dense output, step control, array libraries, compiled twin."""

import math

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import DOP853, solve_ivp
from scipy.integrate._ivp import dop853_coefficients as scipy_table

from core.errors import NumericsError
from sims.integrators import step_control, tableau
from sims.integrators.dop853 import dop853
from sims.integrators.dop853_batch import Control, advance, interpolate, start

# The closed orbit of Arenstorf, HNW (1993) Sec. II.0: a hard, well-known test of step control.
MU, PERIOD = 0.012277471, 17.0652165601579625588917206249
ARENSTORF = np.array([0.994, 0.0, 0.0, -2.00158510637908252240537862224])


def arenstorf(t, y):
    x, v, vx, vy = y
    near, far = ((x + MU) ** 2 + v**2) ** 1.5, ((x - 1 + MU) ** 2 + v**2) ** 1.5
    pull_x = (1 - MU) * (x + MU) / near + MU * (x - 1 + MU) / far
    pull_y = (1 - MU) * v / near + MU * v / far
    return np.array([vx, vy, x + 2 * vy - pull_x, v - 2 * vx - pull_y])


def lorenz(t, y):
    return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def driven(t, y):
    """y' = -y sin t: y = y0 exp(cos t - cos t0), for any t0."""
    return -math.sin(t) * y


def swing(t, y):
    """A circle run through at the rate 1 + cos(t)/2."""
    return np.array([y[1], -y[0]]) * (1 + 0.5 * math.cos(t))


def order_of(integrate, start_time, sign):
    """Return the observed order of `integrate(y0, marks, fixed_step)` on the swing."""
    steps, errors = np.array([16, 24, 32, 48]), []
    end = start_time + sign * 6.0
    phase = end + 0.5 * math.sin(end) - start_time - 0.5 * math.sin(start_time)
    for count in steps:
        last = list(integrate(np.array([0.0, 1.0]), [start_time, end], 6.0 / count))[-1]
        errors.append(math.hypot(last[0] - math.sin(phase), last[1] - math.cos(phase)))
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]


class Counted:
    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, t, y):
        self.calls += 1
        return self.function(t, y)


def compiled_module():
    pytest.importorskip("numba", reason="the compiled integrator needs Numba")
    from tests import compiled_systems

    return compiled_systems


# --- coefficients


@pytest.mark.parametrize("name", ["A", "B", "C", "D", "E3", "E5"])
def test_the_coefficients_are_those_of_scipy(name):
    np.testing.assert_array_equal(getattr(tableau, name), getattr(scipy_table, name))


def test_every_stage_time_is_the_sum_of_its_row():
    # The 1e-14 allows for rounding of coefficients of size 40.
    np.testing.assert_allclose(tableau.A.sum(axis=1), tableau.C, atol=5e-14)


def test_dense_weights_begin_at_the_old_state_and_end_at_the_new():
    np.testing.assert_array_equal(tableau.dense_weights(0.0), np.zeros(7))
    np.testing.assert_array_equal(tableau.dense_weights(1.0), [1, 0, 0, 0, 0, 0, 0])


# --- one step and many


def test_one_step_equals_that_of_scipy():
    h = 0.02
    ours = list(dop853(lorenz, np.array([1.0, 2.0, 3.0]), [0.5, 0.5 + h], fixed_step=h))[-1]
    solver = DOP853(lorenz, 0.5, np.array([1.0, 2.0, 3.0]), 9.0, first_step=h, rtol=1e-3)
    solver.step()
    assert solver.t == 0.5 + h
    np.testing.assert_allclose(ours, solver.y, rtol=1e-14)


def test_the_estimate_of_the_error_is_that_of_scipy():
    h, rtol, atol, y0 = 0.02, 1e-11, 1e-9, np.array([1.0, 2.0, 3.0])
    control = Control(rtol, atol, "rms")

    def stage(index, t, h, y):
        return lorenz(t[0], y[0])[None]

    batch = start(stage, y0[None], 0.5, control, first_step=h)
    advance(batch, 0.5 + h, stage, control)
    solver = DOP853(lorenz, 0.5, y0, 9.0, first_step=h, rtol=rtol, atol=atol)
    solver.step()
    scale = atol + rtol * np.maximum(np.abs(y0), np.abs(solver.y))
    expected = solver._estimate_error_norm(solver.K, h, scale)
    assert step_control.PREVIOUS_MIN < expected < 1  # or the batch would not keep it
    # Sums of terms 1e8 times the estimate: the last 8 digits are rounding.
    assert batch.previous[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("start_time", [0.0, 2.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_fixed_steps_converge_with_order_eight(start_time, sign):
    order = order_of(lambda y, t, h: dop853(swing, y, t, fixed_step=h), start_time, sign)
    # The next order's share of the error shifts it by a few hundredths.
    assert order == pytest.approx(8, abs=0.1)


def test_dense_output_converges_with_order_eight_locally():
    # A 7th-order interpolant has a local error of order h^8.
    errors, sizes = [], np.array([0.4, 0.3, 0.2])
    for h in sizes:
        marks = [1.0, 1.0 + 0.37 * h, 1.0 + h]
        inside = list(dop853(driven, np.ones(1), marks, fixed_step=h))[1][0]
        errors.append(abs(inside - math.exp(math.cos(marks[1]) - math.cos(1.0))))
    order = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert 7.5 < order < 9.0


@pytest.mark.parametrize("start_time", [0.0, -3.0])
def test_the_error_follows_the_tolerance(start_time):
    marks = np.linspace(start_time, start_time + 10.0, 23)
    exact = np.exp(np.cos(marks) - np.cos(start_time))
    for rtol in (1e-5, 1e-8, 1e-11):
        states = np.array(list(dop853(driven, np.ones(1), marks, rtol=rtol, atol=0.0)))[:, 0]
        # Relative errors do not grow, so those of some 10 to 50 steps add up at worst, and dense
        # output adds a step's error or two.
        assert np.max(np.abs(states / exact - 1)) < 200 * rtol


def test_a_whirl_and_back_returns_to_its_start():
    there = list(dop853(lorenz, np.array([1.0, 1.0, 1.0]), [1.0, 2.0], rtol=1e-12))[-1]
    back = list(dop853(lorenz, there, [2.0, 1.0], rtol=1e-12))[-1]
    # Backwards the strongest contraction, rate 14, turns into growth: e^14 1e-12 is 1e-6.
    np.testing.assert_allclose(back, 1.0, atol=1e-5)


def test_the_frames_do_not_change_the_steps():
    few = list(dop853(lorenz, np.ones(3), [0.0, 3.0]))[-1]
    many = list(dop853(lorenz, np.ones(3), np.linspace(0.0, 3.0, 200)))[-1]
    np.testing.assert_array_equal(few, many)


# --- step control


@pytest.mark.parametrize("rtol", [1e-5, 1e-7, 1e-9, 1e-11])
@pytest.mark.parametrize(
    ("system", "y0", "end"), [(lorenz, np.ones(3), 5.0), (arenstorf, ARENSTORF, PERIOD)]
)
def test_the_work_is_that_of_scipy(system, y0, end, rtol):
    ours, theirs = Counted(system), Counted(system)
    list(dop853(ours, y0, [0.0, end], rtol=rtol, atol=1e-10))
    solver = DOP853(theirs, 0.0, y0, end, rtol=rtol, atol=1e-10)
    while solver.status == "running":
        solver.step()
    assert ours.calls == pytest.approx(theirs.calls, rel=0.15)


def test_the_result_is_that_of_scipy():
    marks = np.linspace(0.0, 5.0, 7)
    ours = np.array(list(dop853(lorenz, np.ones(3), marks, rtol=1e-11, atol=1e-11)))
    theirs = solve_ivp(lorenz, (0, 5), np.ones(3), "DOP853", marks, rtol=1e-11, atol=1e-11).y.T
    # Errors of 1e-11 a step, 150 steps, growing as e^{0.9 t} = 90: 1e-7 at most.
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_no_evaluation_lies_beyond_the_last_time():
    def guarded(t, y):
        assert t <= 1.0
        return -y

    assert list(dop853(guarded, np.ones(1), [0.0, 1.0]))[-1][0] == pytest.approx(math.exp(-1))


def test_max_step_and_first_step_are_obeyed():
    seen = []

    def recorded(t, y):
        seen.append(t)
        return 0 * y

    list(dop853(recorded, np.ones(1), [0.0, 1.0], first_step=0.01, max_step=0.05))
    ends = sorted(set(seen))
    assert ends[1] >= 0.01 * min(tableau.C[1:]) * 0.999
    assert max(np.diff(ends)) <= 0.05


def test_the_l2_norm_weighs_the_state_as_a_whole():
    # A component of size 1e-9 beside one of size 1 costs steps only where each counts alone.
    def rhs(t, y):
        return np.array([-y[1], y[0], 30 * math.cos(30 * t) * 1e-9])

    y0 = np.array([1.0, 0.0, 0.0])
    alone, whole = Counted(rhs), Counted(rhs)
    list(dop853(alone, y0, [0.0, 10.0], rtol=1e-8, atol=1e-20, norm="rms"))
    list(dop853(whole, y0, [0.0, 10.0], rtol=1e-8, atol=1e-20, norm="l2"))
    assert alone.calls > 2 * whole.calls


@settings(deadline=None)
@given(st.floats(1e-12, 1e6), st.sampled_from([-1.0, 1.0]))
def test_quantised_steps_are_levels_just_below(h, sign):
    level = step_control.quantise(sign * h)
    assert 1.0 - 1e-9 <= sign * h / level < 2 ** (1 / 8) * (1 + 1e-9)
    assert step_control.quantise(level) == level


def test_a_quantised_step_is_kept_within_the_dead_band():
    h = step_control.quantise(0.1)
    assert step_control.next_step(h, 1.05, math.inf, True, False) == h
    assert step_control.next_step(h, 0.99, math.inf, True, False) == h
    assert step_control.next_step(h, 0.99, math.inf, True, True) < h
    assert step_control.next_step(h, 1.2, math.inf, True, False) > h


def test_after_a_rejection_the_step_does_not_grow():
    assert step_control.step_factor(1e-9, 1.0, True) == 1.0
    assert step_control.step_factor(1e-9, 1.0, False) > 5.0
    assert step_control.step_factor(math.nan, 1.0, False) == step_control.MIN_FACTOR


# --- shapes, types, libraries


def test_any_shape_and_complex_numbers():
    y0 = np.arange(6.0).reshape(2, 3) * (1 + 0.5j)
    last = list(dop853(lambda t, y: 1j * y, y0, [0.0, 2.0], rtol=1e-11, atol=1e-13))[-1]
    assert last.shape == (2, 3)
    np.testing.assert_allclose(last, y0 * np.exp(2j), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("norm", ["rms", "l2"])
@pytest.mark.parametrize("factor", [1.0, 1.0 + 0.3j])
def test_the_strict_library_gives_what_numpy_gives(norm, factor):
    marks = np.linspace(1.0, 4.0, 5)
    host = np.array([1.0, 0.5, -0.2]) * factor

    def rhs(xp):
        rate = xp.asarray(np.array([-1.0, -0.5, 0.3]))
        return lambda t, y: rate * y * math.sin(t)

    ours = list(dop853(rhs(np), host, marks, norm=norm))
    theirs = list(dop853(rhs(strict), strict.asarray(host), marks, norm=norm))
    for a, b in zip(ours, theirs, strict=True):
        # Complex sums are added up in another order there.
        np.testing.assert_allclose(np.asarray(b), a, rtol=1e-13)


def test_integers_are_taken_as_reals():
    last = list(dop853(lambda t, y: -y, np.array([1, 2]), [0, 1]))[-1]
    np.testing.assert_allclose(last, np.array([1, 2]) / math.e, rtol=1e-8)


def test_a_state_of_zeros_stays():
    states = list(dop853(lambda t, y: 0 * y, np.zeros(3), [0.0, 1.0, 5.0], rtol=1e-9, atol=0.0))
    np.testing.assert_array_equal(states, np.zeros((3, 3)))


# --- the batch


def oscillators(index, t, h, y):
    return np.stack([y[:, 1], -y[:, 2] * y[:, 0], 0 * y[:, 2]], axis=1)


STATES = np.array([[1.0, 0.0, 1.0], [0.3, 1.0, 400.0], [2.0, -1.0, 0.01], [0.0, 0.0, 7.0]])


def integrate_batch(y0, control, marks=(0.7, 3.0, 3.001)):
    batch = start(oscillators, y0, 0.5, control)
    frames = []
    for mark in marks:
        advance(batch, mark, oscillators, control)
        frames.append(interpolate(batch, mark))
    return np.array(frames), batch


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("norm", ["rms", "l2"])
def test_a_member_does_not_depend_on_its_batch(norm, quantised):
    control = Control(1e-9, 1e-12, norm, quantised=quantised)
    together, batch = integrate_batch(STATES, control)
    assert len(set(batch.steps.tolist())) > 2  # each goes at its own pace
    for member in range(len(STATES)):
        alone, _ = integrate_batch(STATES[member : member + 1], control)
        np.testing.assert_array_equal(together[:, member], alone[:, 0])


def test_members_swing_as_they_should():
    together, _ = integrate_batch(STATES, Control(1e-10, 1e-13, "l2"), marks=(2.5,))
    omega = np.sqrt(STATES[:, 2])
    exact = STATES[:, 0] * np.cos(2 * omega) + STATES[:, 1] * np.sin(2 * omega) / omega
    # The l2 norm includes the stiffness, 400, as a component: absolute errors of 400e-10 a step.
    np.testing.assert_allclose(together[0, :, 0], exact, atol=1e-5)


# --- what goes wrong


def test_a_blow_up_says_where():
    with pytest.raises(NumericsError, match=r"step size collapsed at t = 1(\.0+)?;"):
        list(dop853(lambda t, y: y * y, np.ones(1), [0.0, 2.0]))


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e200])
def test_values_out_of_hand_collapse_at_once(value):
    with pytest.raises(NumericsError, match="step size collapsed at t = 3;"):
        list(dop853(lambda t, y: y * y * y, np.array([value]), [3.0, 4.0]))


def test_too_many_steps_are_an_error():
    with pytest.raises(NumericsError, match=r"5 steps taken by t = .*; raise max_steps"):
        list(dop853(lorenz, np.ones(3), [0.0, 9.0], max_steps=5))


@pytest.mark.parametrize(
    ("times", "options", "name"),
    [
        ([0.0, 1.0, 0.5], {}, "times"),
        ([0.0, math.nan], {}, "times"),
        ([], {}, "times"),
        ([0.0, 1.0], {"rtol": -1e-3}, "rtol"),
        ([0.0, 1.0], {"rtol": 0.0, "atol": 0.0}, "rtol"),
        ([0.0, 1.0], {"norm": "max"}, "norm"),
        ([0.0, 1.0], {"max_step": 0.0}, "max_step"),
        ([0.0, 1.0], {"first_step": 0.0}, "first_step"),
        ([0.0, 1.0], {"fixed_step": -1.0}, "fixed_step"),
    ],
)
def test_bad_options_are_named(times, options, name):
    with pytest.raises(ValueError, match=name):
        dop853(lorenz, np.ones(3), times, **options)


# --- the compiled twin


@pytest.mark.parametrize("marks", [[0.0, 2.0, 2.001, 5.0], [7.0, 6.9, 6.8], [3.0]])
@pytest.mark.parametrize("norm", ["rms", "l2"])
def test_the_compiled_twin_agrees(marks, norm):
    systems = compiled_module()
    from sims.integrators.compiled import dop853_compiled

    options = {"rtol": 1e-9, "atol": 1e-11, "norm": norm}
    array = np.array(list(dop853(lorenz, np.ones(3), marks, **options)))
    work = np.array([10.0, 28.0, 8 / 3])
    twin = np.array(list(dop853_compiled(systems.lorenz, np.ones(3), marks, work=work, **options)))
    # Rounding of 1e-16 per step, grown by e^{0.9 t}.
    np.testing.assert_allclose(twin, array, rtol=1e-11)


@pytest.mark.parametrize("n", [4, 15, 16, 17, 301])
@pytest.mark.parametrize("norm", ["rms", "l2"])
def test_the_compiled_twin_agrees_at_any_size(n, norm):
    systems = compiled_module()
    from sims.integrators.compiled import dop853_compiled

    def ring(t, y):
        return np.sin(t) * np.roll(y, 1) - y**3

    y0, marks = np.sin(np.arange(n) + 1.0), np.linspace(-1.0, 3.0, 6)
    options = {"rtol": 1e-8, "atol": 1e-10, "norm": norm}
    array = np.array(list(dop853(ring, y0, marks, **options)))
    twin = np.array(list(dop853_compiled(systems.ring, y0, marks, **options)))
    np.testing.assert_allclose(twin, array, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_compiled_integrator_converges_with_order_eight(sign):
    systems = compiled_module()
    from sims.integrators.compiled import dop853_compiled

    order = order_of(lambda y, t, h: dop853_compiled(systems.swing, y, t, fixed_step=h), 2.5, sign)
    assert order == pytest.approx(8, abs=0.1)


def test_a_compiled_trajectory_goes_on_to_the_same_bits():
    systems = compiled_module()
    from sims.integrators import compiled

    def fresh():
        control = Control(1e-9, 1e-12, bound=9.0)
        work = np.array([10.0, 28.0, 8 / 3])
        return compiled.start(systems.lorenz, np.ones(3), 0.0, work, control)

    # Several marks fall within one step, so the dense output must be taken over as well.
    marks = np.linspace(0.5, 9.0, 4000)
    whole = fresh().run(marks)
    first = fresh()
    head = first.run(marks[:1234])
    second = fresh()
    second.resume(first.state())
    np.testing.assert_array_equal(np.concatenate([head, second.run(marks[1234:])]), whole)


def test_a_compiled_blow_up_says_where():
    systems = compiled_module()
    from sims.integrators.compiled import dop853_compiled

    with pytest.raises(NumericsError, match=r"step size collapsed at t = 1(\.0+)?;"):
        list(dop853_compiled(systems.blow_up, np.ones(1), [0.0, 2.0]))
    with pytest.raises(NumericsError, match="step size collapsed at t = 3;"):
        list(dop853_compiled(systems.blow_up, np.array([math.nan]), [3.0, 4.0]))
    with pytest.raises(NumericsError, match="steps taken by t"):
        list(dop853_compiled(systems.driven, np.ones(1), [0.0, 1e9], max_steps=3000))


def test_changed_formulas_are_compiled_anew(tmp_path):
    compiled_module()
    from types import SimpleNamespace

    from sims.integrators.compiled import fingerprint

    file = tmp_path / "formulas.py"
    file.write_text("A = 1\n")
    before = fingerprint(SimpleNamespace(__file__=str(file)))
    file.write_text("A = 2\n")
    assert fingerprint(SimpleNamespace(__file__=str(file))) != before
