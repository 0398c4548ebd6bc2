"""Forecasting models against maps that they must recover, closed forms, and what they refuse."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from analysis.forecast import MODELS, backtest, model, models, split
from analysis.forecast.analogue import Analogue, _Nearest
from analysis.forecast.baselines import Mean, Persistence, Seasonal
from analysis.forecast.linear import Autoregression
from analysis.forecast.nvar import Nvar, quadratic
from analysis.forecast.regression import ridge
from analysis.forecast.reservoir import EchoState, network
from analysis.forecast.series import REACH, Scale, delayed
from analysis.forecast.validation import loss
from core.errors import ConfigError


def henon(x):
    """The Hénon map; Hénon (1976) Commun. Math. Phys. 50, 69."""
    return np.stack([1 - 1.4 * x[..., 0] ** 2 + x[..., 1], 0.3 * x[..., 0]], axis=-1)


def lorenz_step(x, h=0.01):
    """One Euler step of Lorenz's equations, a quadratic map: its own oracle."""
    u, v, w = x[..., 0], x[..., 1], x[..., 2]
    return x + h * np.stack([10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w], axis=-1)


def orbit(step, start, n):
    found = [np.array(start, dtype=float)]
    for _ in range(n - 1):
        found.append(step(found[-1]))
    return np.array(found)


HENON = orbit(henon, (0.1, 0.1), 600)
LORENZ = orbit(lorenz_step, (1.0, 1.0, 20.0), 3000)[500:]
WAVE = np.sin(2 * np.pi * np.arange(400) / 25)[:, None]
SHORT = {"reservoir": EchoState(nodes=40, warm=20), "autoregression": Autoregression((1, 2, 4))}
EVERY = [SHORT.get(name) or model(name, 5, 0) for name in MODELS]


def test_an_autoregression_recovers_the_process_that_made_the_series():
    """AR(2) without noise obeys x(t + 1) = c + a x(t) + b x(t - 1) exactly."""
    a, b, c = 1.6, -0.999, 0.3
    x = [0.3, 1.1]
    for _ in range(400):
        x.append(c + a * x[-1] + b * x[-2])
    series = np.array(x)[:, None]
    found = Autoregression(orders=(1, 2), penalties=(1e-14,)).fit(series[:300])
    assert dict(found.chosen)["order"] == 2
    w = found.advance.coefficients[:, 0]  # of scaled values: the slopes are the same
    np.testing.assert_allclose(w[1:], (a, b), atol=1e-10)
    # 50 steps of a nearly undamped recursion let an error of 1e-12 grow by less than 1e3
    np.testing.assert_allclose(found.predict(series[:300], 50), series[300:350], atol=1e-8)


def test_an_autoregression_of_noisy_data_is_within_its_standard_error():
    """The least squares estimate has a variance of (1 - b^2)/n each; Brockwell & Davis 8.1."""
    draw, a, b, n = np.random.default_rng(5), 0.5, -0.3, 20_000
    x = np.zeros(n)
    noise = draw.normal(size=n)
    for t in range(2, n):
        x[t] = a * x[t - 1] + b * x[t - 2] + noise[t]
    w = Autoregression((2,), (1e-14,)).fit(x[:, None]).advance.coefficients[1:, 0]
    assert np.abs(w - (a, b)).max() < 4 * np.sqrt((1 - b**2) / n)


def test_components_help_each_other():
    """y is x one step before, so that only a vector model knows y ahead of time."""
    x = np.random.default_rng(0).normal(size=500)
    series = np.column_stack([x[1:], x[:-1]])
    found = Autoregression((1,), (1e-12,)).fit(series)
    ahead = found.predict(series[:400], 1)
    np.testing.assert_allclose(ahead[0, 1], series[399, 0], atol=1e-9)


@pytest.mark.parametrize(("step", "series"), [(henon, HENON), (lorenz_step, LORENZ)])
def test_quadratic_regression_recovers_quadratic_maps_everywhere(step, series):
    found = Nvar(orders=(1,), penalties=(1e-30,)).fit(series)
    low, high = series.min(axis=0), series.max(axis=0)
    points = np.random.default_rng(1).uniform(low, high, (50, series.shape[1]))  # off the orbit
    ahead = found.predict(points[:, None], 1)[:, 0]
    np.testing.assert_allclose(ahead, step(points), atol=1e-8 * np.abs(series).max())


def test_recovered_maps_forecast_until_chaos_parts_them():
    found = Nvar(orders=(1, 2)).fit(HENON[:400])
    error = np.abs(found.predict(HENON[:450], 120) - HENON[450:570]).max(axis=1)
    # rounding of 1e-13 grows as exp(0.42 h): 2e-6 after 40 steps, all of the attractor after 80
    assert error[:40].max() < 1e-4
    assert error[90:].max() > 0.1


@pytest.mark.parametrize("given", [Analogue(), EchoState(nodes=80), Nvar(), Autoregression()])
def test_models_that_learn_continue_a_wave(given):
    found = given.fit(np.column_stack([WAVE[:300, 0], np.roll(WAVE, 6, axis=0)[:300, 0]]))
    series = np.column_stack([WAVE[:, 0], np.roll(WAVE, 6, axis=0)[:, 0]])
    assert np.abs(found.predict(series[:310], 50) - series[310:360]).max() < 0.05


def test_one_analogue_repeats_what_came_after_its_nearest_state():
    ramp = np.array([0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 127.0, 255.0, 511.0, 1023.0])[:, None]
    found = Analogue(orders=(1,), neighbours=(1,)).made(ramp[None], 1, 1)
    assert found.predict(np.array([[7.0]]), 2)[:, 0] == pytest.approx([15.0, 31.0])
    assert found.predict(np.array([[8.0]]), 1)[0, 0] == pytest.approx(8.0 + 8.0)  # 7 moved by 8


def test_analogues_that_repeat_exactly_divide_by_no_zero():
    series = np.tile([0.0, 1.0, 0.0, -1.0], 30)[:, None]
    found = Analogue(skip=1).fit(series)
    np.testing.assert_allclose(found.predict(series, 8)[:, 0], [0, 1, 0, -1] * 2, atol=1e-12)


def test_baselines_do_as_they_say():
    past = np.array([[1.0, 0.0], [2.0, 5.0], [6.0, 4.0]])
    assert (Persistence().fit(past).predict(past, 2) == [[6.0, 4.0]] * 2).all()
    assert (Mean().fit(past).predict(past, 2) == [[3.0, 3.0]] * 2).all()
    found = Seasonal(2).fit(past).predict(past, 5)[:, 0]
    assert (found == [2.0, 6.0, 2.0, 6.0, 2.0]).all()


@pytest.mark.parametrize("given", EVERY, ids=list(MODELS))
def test_forecasts_of_several_starts_are_those_of_each(given):
    found = given.fit(HENON[:300])
    starts = np.stack([HENON[s - 60 : s] for s in (310, 340, 400)])
    together = found.predict(starts, 6)
    assert together.shape == (3, 6, 2)
    for start, forecast in zip(starts, together, strict=True):
        # products of matrices of other shapes round otherwise; chaos lets that grow
        np.testing.assert_allclose(found.predict(start, 6), forecast, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("given", EVERY, ids=list(MODELS))
def test_the_same_fit_gives_the_same_bits_and_changes_nothing_of_the_data(given):
    before = HENON.copy()
    one, two = (given.fit(HENON[:300]).predict(HENON[:300], 20) for _ in range(2))
    assert (one == two).all()
    assert (before == HENON).all()


@pytest.mark.parametrize("given", EVERY, ids=list(MODELS))
def test_units_and_offsets_do_not_matter(given):
    """Every model is equivariant under x -> s x + o of each component."""
    size, offset = np.array([1000.0, 1e-3]), np.array([5.0, -7.0])
    plain = given.fit(HENON[:300]).predict(HENON[:300], 4)
    other = HENON * size + offset
    found = given.fit(other[:300]).predict(other[:300], 4)
    np.testing.assert_allclose((found - offset) / size, plain, atol=1e-6)


@pytest.mark.parametrize("given", EVERY, ids=list(MODELS))
def test_bad_series_are_refused_by_name(given):
    broken = HENON[:300].copy()
    broken[17, 1] = np.nan
    with pytest.raises(ValueError, match="not finite at sample 17, component 1"):
        given.fit(broken)
    with pytest.raises(ValueError, match=r"expected \(T, d\)"):
        given.fit(HENON[:300, 0])
    found = given.fit(HENON[:300])
    with pytest.raises(ValueError, match="steps: must be 1 or more"):
        found.predict(HENON[:300], 0)
    with pytest.raises(ValueError, match="start: expected"):
        found.predict(np.zeros((60, 3)), 2)
    if found.memory:
        broken = HENON[:300].copy()
        broken[-1] = np.inf
        with pytest.raises(ValueError, match="start: holds values that are not finite"):
            found.predict(broken, 2)
        with pytest.raises(ValueError, match="samples of history, but"):
            found.predict(HENON[: found.memory - 1], 2)


@pytest.mark.parametrize("name", ["autoregression", "nvar", "analogue", "reservoir", "seasonal"])
def test_series_too_short_are_refused_with_how_many_are_needed(name):
    with pytest.raises(ValueError, match=r"are needed|too few"):
        model(name, 50, 0).fit(HENON[:8])


def test_several_series_teach_without_joints():
    """Two pieces of one orbit, put in any order: no pair reaches from one to the other."""
    pieces = np.stack([HENON[200:400], HENON[:200]])
    found = Nvar(orders=(1,), penalties=(1e-30,)).fit(pieces)
    np.testing.assert_allclose(found.predict(HENON[:450], 1), HENON[450:451], atol=1e-9)


def test_the_reservoir_depends_on_its_seed_only():
    one, two = network(50, 6, 1), network(50, 6, 2)
    assert (network.__wrapped__(50, 6, 1) == one).all() and (one != two).any()
    assert np.abs(np.linalg.eigvals(one)).max() == pytest.approx(1.0)
    assert 3 * 50 < np.count_nonzero(one) < 9 * 50  # 6 links a node, 300 +- 17
    with pytest.raises(ValueError, match="close no loop"):
        network(20, 0, 1)


def test_the_reservoir_forgets_how_it_began():
    """The echo state property: below radius 1, any state is driven to the same one."""
    found = EchoState(nodes=60).fit(HENON[:300])
    z = found.scale.apply(HENON[None, :200])
    state = np.random.default_rng(0).uniform(-1, 1, (1, 60))
    for t in range(200):
        state = found.design.step(state, z[:, t])
    np.testing.assert_allclose(state, found.design.states(z)[:, -1], atol=1e-9)


def test_forecasts_that_run_away_are_held():
    growing = np.exp(0.1 * np.arange(100))[:, None]
    found = Autoregression((1,), (1e-14,)).fit(growing)
    far = found.predict(growing, 500)
    scale = Scale.of(growing[None])
    assert np.isfinite(far).all()
    assert far[-1, 0] == pytest.approx(scale.mean[0] + REACH * scale.farthest[0] * scale.spread[0])


def test_a_component_that_rests_stays():
    series = np.column_stack([HENON[:300, 0], np.full(300, 4.0)])
    for each in EVERY:
        assert each.fit(series).predict(series, 5)[:, 1] == pytest.approx([4.0] * 5, abs=1e-6)


def test_nothing_of_the_test_part_reaches_the_model():
    cut = split(600, 0.5, 20, 4)
    other = HENON.copy()
    other[cut.train :] = other[cut.train :][::-1]
    for each in EVERY:
        one, two = (each.fit(x[: cut.train]).predict(HENON[:300], 3) for x in (HENON, other))
        assert (one == two).all()
    first = backtest(Nvar(), HENON, cut)
    alone = Nvar().fit(HENON[:300]).predict(HENON[: cut.starts[0]], 5)
    np.testing.assert_allclose(first.forecast[0, :5], alone, atol=1e-10)


def test_models_are_frozen_and_unknown_names_get_the_nearest():
    with pytest.raises(FrozenInstanceError):
        Nvar().orders = (1,)
    with pytest.raises(ConfigError, match="no 'nvaar'; did you mean 'nvar'"):
        models(["nvaar"], 5, 0)


def test_ridge_agrees_with_the_normal_equations():
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(40, 5)), draw.normal(size=(40, 2))
    largest = np.linalg.svd(x)[1][0] ** 2
    for penalty, found in zip((1e-3, 0.5), ridge(x, y, (1e-3, 0.5)), strict=True):
        normal = x.T @ x + penalty * largest * np.eye(5)
        np.testing.assert_allclose(found, np.linalg.solve(normal, x.T @ y), rtol=1e-10)
    assert (ridge(np.zeros((4, 2)), y[:4], (1.0,))[0] == 0).all()


def test_delays_apart_predict_from_the_last_sample():
    found = Nvar(orders=(2,), skips=(3,), penalties=(1e-14,)).fit(LORENZ[:1500])
    assert found.memory == 4
    np.testing.assert_allclose(found.predict(LORENZ[:1600], 5), LORENZ[1600:1605], atol=1e-6)


def test_analogues_weigh_by_distance_over_the_nearest():
    """States at 1 and 3 from 0 moved 10 and 20: weights exp(-1) and exp(-3), whatever the units."""
    for unit in (1.0, 1e-3):
        tree = cKDTree(unit * np.array([[1.0], [3.0]]))
        step = _Nearest(tree, np.array([[10.0], [20.0]]), 1, 1, 2)
        a, b = np.exp(-1), np.exp(-3)
        assert step(np.zeros((1, 1, 1)))[0, 0] == pytest.approx((10 * a + 20 * b) / (a + b))


class _Spy:
    memory = 1

    def fit(self, train):
        self.seen = train
        return Persistence().fit(train)


def test_a_backtest_shows_the_model_the_training_part_alone():
    spy, cut = _Spy(), split(600, 0.5, 20, 4)
    found = backtest(spy, HENON, cut)
    assert (spy.seen == HENON[:300]).all()
    distance = (found.truth[0, 0] - HENON[299]) / HENON[:300].std(axis=0)  # their deviations alone
    assert found.error[0, 0] == pytest.approx(np.sqrt((distance**2).mean()))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_delays_line_up(order, skip, d):
    z = np.arange(40.0 * d).reshape(40, d)
    found = delayed(z, order, skip)
    assert found.shape == (40 - (order - 1) * skip, order * d)
    for i in range(order):
        assert (found[-1, i * d : (i + 1) * d] == z[39 - i * skip]).all()


def test_quadratic_features_are_each_product_once():
    assert quadratic(np.array([[2.0, 3.0]])).tolist() == [[1, 2, 3, 4, 6, 9]]
    assert quadratic(np.zeros((1, 41))).shape == (1, 42)


def test_the_loss_of_a_lost_forecast_is_bounded_and_of_a_right_one_zero():
    found = Seasonal(25).fit(WAVE)
    assert loss(found, WAVE[None], 300, np.ones(1)) < 1e-12
    assert loss(Persistence().fit(WAVE), 1e6 * WAVE[None], 300, np.ones(1)) <= 2**0.5
    assert loss(found, WAVE[None, :20], 10, np.ones(1)) == np.inf
