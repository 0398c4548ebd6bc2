"""Delay equations: the method of steps against closed forms, and the exponents of the catalogue."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import lambertw

from analysis.dynamics import lyapunov_spectrum
from core.errors import ConfigError, NumericsError
from sims.chaos import delay_code, delays, generate
from sims.chaos.history import History, breaking_points, history
from sims.chaos.system import System, catalogue, read

SYSTEMS = catalogue("delay")
GLASS = SYSTEMS["MackeyGlass"]


def linear(equations=("-x_tau",), variables=("x",), **parameters):
    return System(
        "Linear", variables, equations, parameters, (1.0,) * len(variables), 1.0, "periodic",
        "Driver (1977)", kind="delay", delays=tuple(k for k in parameters if k.startswith("tau")),
    )  # fmt: skip


def by_steps(t):
    """x' = -x(t - 1), x = 1 before 0: a polynomial of degree k in the k-th unit of time.

    Driver (1977) Ordinary and Delay Differential Equations, Sec. 21.
    """
    last = math.floor(t) + 1
    return sum((-1) ** k * (t - k + 1) ** k / math.factorial(k) for k in range(last + 1))


def test_steps_give_the_closed_form():
    times = np.linspace(0, 12, 121)
    found = delays.trajectory(linear(tau=1.0), times, rtol=1e-12, atol=1e-12)[:, 0]
    np.testing.assert_allclose(found, [by_steps(t) for t in times], rtol=0, atol=1e-12)
    loose = delays.trajectory(linear(tau=1.0), times)[:, 0]
    np.testing.assert_allclose(loose, [by_steps(t) for t in times], rtol=0, atol=1e-9)


def test_two_delays_and_two_variables():
    # the rates of cos t and sin t, shifted by a quarter, by five quarters, and by a whole turn
    system = linear(
        ("-(x_tau + x_tau1)/2", "x_tau2"), ("x", "y"),
        tau=math.pi / 2, tau1=5 * math.pi / 2, tau2=2 * math.pi,
    )  # fmt: skip
    times = np.linspace(1.0, 30.0, 60)  # not from 0: the history ends at the first time
    found = delays.trajectory(
        system, times, lambda t: (math.cos(t), math.sin(t)), rtol=1e-12, atol=1e-12
    )
    exact = np.stack([np.cos(times), np.sin(times)], axis=1)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-10)


def test_the_method_is_of_order_eight():
    system, times = linear(tau=math.pi / 2), np.linspace(0, 20, 41)
    errors = []
    for h in (0.8, 0.4, 0.2):
        found = delays.trajectory(system, times, math.cos, fixed_step=h)[:, 0]
        errors.append(np.abs(found - np.cos(times)).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 8, atol=0.3)  # at the times between the steps as well


def test_no_step_is_longer_than_a_short_delay():
    # exp(z t), z = -exp(-z tau), is so smooth that steps would be ten times the delay
    tau, times = 0.05, np.linspace(0, 10, 21)
    z = lambertw(-tau).real / tau
    found = delays.trajectory(linear(tau=tau), times, lambda t: math.exp(z * t))[:, 0]
    np.testing.assert_allclose(found, np.exp(z * times), rtol=0, atol=1e-9)


def by_another_integrator(system, state, tau, spans):
    """Return the solution delay by delay, each from SciPy's dense output of the one before."""
    pieces = [lambda s: np.array(state)]
    for k in range(spans):
        past = pieces[-1]
        done = solve_ivp(
            lambda t, x, past=past: system.rate(x, t, past=np.atleast_1d(past(t - tau))),
            (k * tau, (k + 1) * tau), pieces[-1](k * tau), "DOP853", rtol=1e-13, atol=1e-13,
            dense_output=True, max_step=tau / 200,
        )  # fmt: skip
        pieces.append(done.sol)
    return lambda t: pieces[min(int(t // tau), spans - 1) + 1](t)[0]


@pytest.mark.parametrize("name", ["MackeyGlass", "IkedaDelay", "VossDelay"])
def test_a_solution_is_that_of_another_integrator(name):
    system = SYSTEMS[name]
    tau = system.parameters["tau"]
    other = by_another_integrator(system, system.initial_condition, tau, 4)
    times = np.linspace(0, 3.99 * tau, 57)
    found = delays.trajectory(system, times, rtol=1e-11, atol=1e-11)[:, 0]
    assert np.abs(found - [other(t) for t in times]).max() < 1e-8


def test_the_error_does_not_depend_on_the_times_asked_for():
    dense = delays.trajectory(GLASS, np.arange(0, 400.5, 0.5))
    assert (delays.trajectory(GLASS, np.arange(0, 401, 20.0)) == dense[::40]).all()
    tight = delays.trajectory(GLASS, np.arange(0, 201, 20.0), rtol=1e-13, atol=1e-13)
    # the tolerance, times what chaos of 0.005 a unit of time and the sum of some 100 steps add
    assert np.abs(tight - dense[:401:40]).max() < 1e-8


def test_going_on_is_going_through():
    tau = GLASS.parameters["tau"]
    times = np.linspace(0, 30 * tau, 301)
    whole = delays.trajectory(GLASS, times, rtol=1e-12, atol=1e-12)
    for cut in (4, 137):  # the first within the breaks of the beginning
        first, past = delays.follow(GLASS, times[: cut + 1], rtol=1e-12, atol=1e-12)
        assert past.end == times[cut] and past.reach >= tau
        rest = delays.trajectory(GLASS, times[cut:], past, rtol=1e-12, atol=1e-12)
        assert rest[0] == pytest.approx(first[-1], abs=1e-14)
        np.testing.assert_allclose(rest, whole[cut:], rtol=0, atol=1e-9)


def test_memory_is_forgotten_and_the_same_states_come(monkeypatch):
    times = np.array([0.0, 1000.0, 1500.0])
    whole = delays.trajectory(GLASS, times)
    monkeypatch.setattr(delays, "ROOM", 3)  # less than a delay holds: it must grow, then forget
    monkeypatch.setattr(delays, "PAUSE", 7)
    small, past = delays.follow(GLASS, times)
    assert (small == whole).all()
    assert past.reach < 2 * GLASS.parameters["tau"]


def test_a_history_is_a_constant_a_function_samples_or_another():
    tau = GLASS.parameters["tau"]
    t = np.linspace(-20, 0, 81)
    shape = 1 + 0.3 * np.sin(t)
    times = np.linspace(0, 60, 31)
    one = delays.trajectory(GLASS, times, lambda s: 1 + 0.3 * math.sin(s))
    samples = delays.trajectory(GLASS, times, (t, shape[:, None]))
    # a cubic spline of step 1/4: 5/384 h^4 |x''''| = 1.5e-5 inside, somewhat more at its ends
    assert 0 < np.abs(one - samples).max() < 2e-4
    kept = history(GLASS, lambda s: 1 + 0.3 * math.sin(s), 0.0)
    np.testing.assert_allclose(kept.at(t[t > -tau])[:, 0], shape[t > -tau], rtol=0, atol=1e-12)
    assert isinstance(kept, History)
    np.testing.assert_allclose(delays.trajectory(GLASS, times + 5, kept), one, atol=1e-10)
    constant = delays.trajectory(GLASS, times, np.array([1.0]))
    assert np.abs(constant - one).max() > 0.01
    line = history(GLASS, (np.linspace(3, 30, 9), np.linspace(3, 30, 9)[:, None] * 2), 30.0)
    np.testing.assert_allclose(line.at([13.5, 29.0])[:, 0], [27, 58], rtol=1e-13)


def test_a_history_may_jump():
    """x' = -x(t - 1) for a history of 0, then 1 from -1/2 on, and x(0) = 1."""
    times = np.linspace(0, 1, 21)
    found = delays.trajectory(linear(tau=1.0), times, lambda t: float(t >= -0.5))[:, 0]
    # steps shrink to the jump, which is not landed on, until the estimate is below 1e-10
    np.testing.assert_allclose(found, 1 - np.maximum(times - 0.5, 0), rtol=0, atol=1e-8)


def test_breaks_are_the_sums_of_the_delays():
    found = breaking_points(linear(("-x_tau - x_tau1",), tau=1.0, tau1=10.0))
    assert {1.0, 2.0, 9.0, 10.0, 11.0, 18.0, 90.0} <= {*found} and 19.0 not in found[:10]
    assert len(found) == 54  # 10 + 11 choose 9, less the empty sum: of levels 1 to 9


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_derivatives_are_those_of_a_complex_step_and_the_code_that_of_the_text(name):
    system = SYSTEMS[name]
    d, m, draw = system.dimension, 2, np.random.default_rng(0)
    lags = len(system.delayed)
    x, past = 1 + 0.3 * draw.normal(size=(5, d)), 1 + 0.3 * draw.normal(size=(5, lags))
    now = np.stack(
        [system.rate(x + 1e-30j * u, 0.3, past=past).imag / 1e-30 for u in np.eye(d)], -1
    )
    then = np.stack(
        [system.rate(x, 0.3, past=past + 1e-30j * u).imag / 1e-30 for u in np.eye(lags)], -1
    )
    np.testing.assert_allclose(system.jacobian_at(x, 0.3, past=past), now, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        system.delayed_jacobian_at(x, past, 0.3), then, rtol=1e-12, atol=1e-13
    )
    module, n = delay_code.written(system), d + d * m
    for i in range(len(x)):
        q, q_past = draw.normal(size=(d, m)), draw.normal(size=(lags, m))
        rows = np.concatenate([past[i].reshape(-1, d), q_past.reshape(-1, d * m)], axis=1)
        work = np.concatenate([generate.work(system), rows.ravel()])
        out = np.empty(n)
        module.tangent(0, 0.3, 0.0, np.concatenate([x[i], q.ravel()]), out, work)
        np.testing.assert_allclose(out[:d], system.rate(x[i], 0.3, past=past[i]), rtol=1e-12)
        moved = now[i] @ q + then[i] @ q_past
        np.testing.assert_allclose(out[d:].reshape(d, m), moved, rtol=1e-11, atol=1e-12)
        alone = np.empty(d)
        module.rhs(0, 0.3, 0.0, x[i], alone, np.concatenate([generate.work(system), past[i]]))
        np.testing.assert_allclose(alone, out[:d], rtol=1e-14)


def test_the_written_code_of_several_variables_and_delays():
    system = linear(
        ("a*x*y_tau1 - y**2 + t", "x_tau*y - sin(x_tau1)*y_tau"), ("x", "y"),
        a=0.7, tau=1.0, tau1=2.0,
    )  # fmt: skip
    assert system.delayed == ("x_tau", "y_tau", "x_tau1", "y_tau1")
    draw = np.random.default_rng(3)
    x, past, q, q_past = (draw.normal(size=s) for s in ((2,), (4,), (2, 3), (4, 3)))
    rows = np.concatenate([past.reshape(2, 2), q_past.reshape(2, 6)], axis=1)
    out, work = np.empty(8), np.concatenate([generate.work(system), rows.ravel()])
    module = delay_code.written(system)
    module.tangent(0, 0.3, 0.0, np.concatenate([x, q.ravel()]), out, work)
    assert out[0] == pytest.approx(0.7 * x[0] * past[3] - x[1] ** 2 + 0.3)
    assert out[1] == pytest.approx(past[0] * x[1] - math.sin(past[2]) * past[1])
    moved = system.jacobian_at(x, past=past) @ q + system.delayed_jacobian_at(x, past) @ q_past
    np.testing.assert_allclose(out[2:].reshape(2, 3), moved, rtol=1e-12)


def test_a_linear_equation_has_the_roots_of_its_characteristic_equation():
    # z + exp(-z) = 0: the branches of Lambert's function at -1, in pairs
    found = lyapunov_spectrum(delays.Tangent(linear(tau=1.0), count=4), 400.0, 1.0)
    roots = [lambertw(-1, k).real for k in (0, 1)]
    # directions turn into place within a few delays: an offset of some 1/T
    np.testing.assert_allclose(found.exponents, np.repeat(roots, 2), rtol=0, atol=0.02)


PUBLISHED = {  # an integrator of order 4 of our own, 20 000 delays, with its standard error
    "IkedaDelay": (0.4502, 0.0019),
    "MackeyGlass": (0.0053, 0.0001),
    "PiecewiseCircuit": (0.0259, 0.0006),
    "ScrollDelay": (0.0282, 0.0005),
    "SprottDelay": (0.054, 0.003),
    "VossDelay": (0.01752, 0.00015),
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_catalogue_is_chaotic_as_it_says(name):
    system = SYSTEMS[name]
    tau, (known, error) = system.parameters["tau"], PUBLISHED[name]
    _, past = delays.follow(system, np.array([0.0, 50 * tau]))
    e, se = lyapunov_spectrum(delays.Tangent(system, past), 2500 * tau, tau)
    assert system.regime == "chaotic" and e[0] > 3 * se[0]
    assert abs(e[0] - known) < 4 * math.hypot(error, se[0])


def test_the_delay_of_the_reference_database_is_not_chaotic():
    system = GLASS.changed({"tau": 16.0}, "here")
    _, past = delays.follow(system, np.array([0.0, 2000.0]))
    e, se = lyapunov_spectrum(delays.Tangent(system, past), 8000.0, 16.0)
    assert abs(e[0]) < 4 * se[0] + 2e-4
    assert system.regime == "" and "tau = 16" in GLASS.note


def test_making_vectors_orthonormal_changes_their_length_alone():
    exact = {"rtol": 1e-12, "atol": 1e-12}
    often = list(delays.stretches(linear(tau=1.0), 6.0, interval=1.0, **exact))
    once = list(delays.stretches(linear(tau=1.0), 6.0, interval=6.0, **exact))
    assert [part.time for part in often] == [1, 2, 3, 4, 5, 6] and once[0].time == 6  # the breaks
    total = sum(part.logarithms[0] for part in often)
    # the first vector is 1 at all times, so that its image is the closed form
    behind = np.array([by_steps(t) for t in 6 - (np.arange(64) + 0.5) / 64])
    size = math.sqrt(by_steps(6.0) ** 2 + (behind**2).mean())
    assert once[0].logarithms[0] == pytest.approx(math.log(size), abs=1e-10)
    assert total == pytest.approx(once[0].logarithms[0], abs=1e-9)


def test_a_moved_history_takes_its_breaks_along():
    past = history(GLASS, None, 3.0)
    later = past.moved(10.0)
    np.testing.assert_allclose(later.breaks - past.breaks, 7.0)
    np.testing.assert_allclose(later.starts - past.starts, 7.0)
    assert later.end == 10.0 and later.breaks[0] == 10.0 + GLASS.parameters["tau"]


def test_tangent_vectors_are_differences_of_solutions():
    tau, step = GLASS.parameters["tau"], 1e-6
    span = 5 * tau
    part = next(iter(delays.stretches(GLASS, span, interval=span, rtol=1e-12, atol=1e-12)))
    times = np.array([0.0, part.time])
    found = []
    for sign in (1, -1):
        start = np.array(GLASS.initial_condition) + sign * step
        found.append(delays.follow(GLASS, times, start, rtol=1e-12, atol=1e-12)[1])
    marks = part.time - tau * (np.arange(64) + 0.5) / 64
    behind, now = ((found[0].at(t) - found[1].at(t)) / (2 * step) for t in (marks, part.time))
    size = math.sqrt((behind**2).mean() + now[0, 0] ** 2)
    # errors of 1e-12 a step over 2e-6, in part alike for both; their sum was seen to be 1e-7
    assert part.logarithms[0] == pytest.approx(math.log(size), rel=1e-6)


def test_mistakes_are_told():
    times = np.array([0.0, 1.0])
    short = (np.linspace(-5, 0, 11), np.ones((11, 1)))
    with pytest.raises(
        ConfigError, match="MackeyGlass: the delay is 17, but the history given reaches back 5 only"
    ):
        delays.trajectory(GLASS, times, short)
    _, past = delays.follow(SYSTEMS["IkedaDelay"], times)
    with pytest.raises(ConfigError, match="the delay is 17, but"):
        delays.trajectory(GLASS, times, past)
    with pytest.raises(ValueError, match="times: must rise"):
        delays.trajectory(GLASS, times[::-1])
    with pytest.raises(ValueError, match="initial: MackeyGlass has 1 variables"):
        delays.trajectory(GLASS, times, np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="initial: the function is not smooth near t = -"):
        delays.trajectory(GLASS, times, lambda t: math.sin(1e9 * t))
    with pytest.raises(ValueError, match="initial: the function is not finite"):
        delays.trajectory(GLASS, times, lambda t: math.nan)
    for bad in ((np.array([-20, -20, -1, 0]), np.ones((4, 1))), (np.arange(5.0), np.ones(5))):
        with pytest.raises(ValueError, match=r"initial: the (times|states) of a history must"):
            delays.trajectory(GLASS, times, bad)
    with pytest.raises(ConfigError, match=r"here\.tau: a delay must be positive"):
        GLASS.changed({"tau": 0.0}, "here")
    away = replace(GLASS, name="Away", equations=("x**2 + x_tau",), initial_condition=(1.0,))
    with pytest.raises(NumericsError, match="Away: step size collapsed at t = 0"):
        delays.trajectory(away, times)
    hole = replace(GLASS, name="Hole", equations=("1/(x - x_tau)",))
    with pytest.raises(NumericsError, match="Hole: the rate at t = 0 is not finite"):
        delays.trajectory(hole, times)


MINE = """
[Mine]
variables = "x y"
equations = ["y_lag", "-k*x - x_lag**3"]
parameters = {k = 1.0, lag = 2.0}
delays = "lag"
initial_condition = [1.0, 0.0]
period = 6.0
regime = "periodic"
citation = "Driver (1977)"
"""


def test_a_delay_system_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    mine = read(path)["Mine"]
    assert mine.kind == "delay" and mine.delays == ("lag",)
    assert mine.latex()[0] == r"\dot{x} = y_{lag}"
    x, past = np.array([2.0, 0.5]), np.array([1.0, 3.0])
    np.testing.assert_allclose(mine.rate(x, past=past), [3.0, -3.0])
    found = delays.trajectory(mine, np.array([0.0, 1.0]))
    np.testing.assert_allclose(found[0], [1, 0])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('delays = "lag"', "", "column 1 of 'y_lag': unknown name 'y_lag'"),
        ('delays = "lag"', 'delays = "leg"', "Mine.delays: 'leg' is no positive parameter"),
        ("lag = 2.0", "lag = -2.0", "Mine.delays: 'lag' is no positive parameter"),
        ("k = 1.0", "k = 1.0, x_lag = 1.0", "Mine.variables: x_lag is taken"),
    ],
)
def test_mistakes_of_a_catalogue_are_told(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace(old, new, 1))
    with pytest.raises(ConfigError) as problem:
        read(path)
    assert message in str(problem.value)
