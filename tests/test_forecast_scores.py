"""Scores of forecasts: closed forms, constructed curves, and an independent rank correlation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis.forecast import (
    backtest,
    error_curve,
    mase,
    nrmse,
    smape,
    spearman,
    split,
    standard_error,
    valid_steps,
)
from analysis.forecast.baselines import Mean, Persistence, Seasonal

numbers = arrays(float, 12, elements=st.floats(-1e3, 1e3).map(lambda v: round(v, 6)))


def test_smape_closed_forms():
    assert smape(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.0
    assert smape(np.array([1.0]), np.array([3.0])) == 100.0  # 200 * 2/4
    assert smape(np.array([1.0, -2.0]), np.array([-1.0, 5.0])) == 200.0  # signs differ: the most
    assert smape(np.array([0.0, 4.0]), np.array([0.0, 0.0])) == 100.0  # 0/0 counts 0, 4/4 counts 1


@settings(deadline=None)
@given(numbers, numbers, st.floats(1e-3, 1e3))
def test_smape_is_bounded_symmetric_and_without_units(y, f, s):
    found = smape(y, f)
    assert 0 <= found <= 200
    assert found == smape(f, y)
    assert smape(s * y, s * f) == pytest.approx(found, rel=1e-9, abs=1e-9)


def test_mase_of_persistence_and_its_season():
    """A ramp rises by 1 a step: persistence over h steps misses by (h + 1)/2 on average."""
    ramp = np.arange(60.0)[:, None]
    forecast = Persistence().fit(ramp[:40]).predict(ramp[:40], 9)
    assert mase(ramp[40:49], forecast, ramp[:40]) == pytest.approx(5.0)
    assert mase(ramp[40:49], forecast, ramp[:40], season=5) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="season: must be 1 or more and below 40"):
        mase(ramp[40:49], forecast, ramp[:40], season=40)
    with pytest.raises(ValueError, match="component 0 repeats itself"):
        mase(ramp[40:49], forecast, np.ones((40, 1)))


def test_the_error_of_the_mean_is_one_standard_deviation():
    """The root mean square error of the mean over whole periods is the standard deviation."""
    x = np.column_stack(
        [np.sin(np.arange(400) * np.pi / 20), 50 * np.cos(np.arange(400) * np.pi / 10)]
    )
    forecast = Mean().fit(x[:200]).predict(x[:200], 200)
    spread = x[:200].std(axis=0)
    assert nrmse(x[200:], forecast, spread) == pytest.approx(1.0, rel=1e-12)
    curve = error_curve(x[200:], forecast, spread)
    assert curve.shape == (200,)
    assert curve[0] == pytest.approx(np.sqrt((0 + (50 / spread[1]) ** 2) / 2))


def test_a_component_that_rests_has_no_part_in_the_error():
    y, f = np.array([[3.0, 1.0]]), np.array([[4.0, 9.0]])
    assert error_curve(y, f, np.array([2.0, 0.0]))[0] == 0.5
    with pytest.raises(ValueError, match="every component is constant"):
        error_curve(y, f, np.zeros(2))


def test_the_valid_time_of_a_constructed_curve():
    """e(h) = exp(l h)/100 passes 0.4 after ln 40/l = 36.9 steps: 36 are valid."""
    curve = np.exp(0.1 * np.arange(1, 101)) / 100
    steps, held = valid_steps(curve)
    assert (int(steps), bool(held)) == (36, False)
    again = np.where(np.arange(100) > 50, 0.0, curve)  # it comes back: the first time counts
    assert int(valid_steps(again)[0]) == 36
    assert int(valid_steps(np.full(7, 0.5))[0]) == 0
    steps, held = valid_steps(np.stack([curve[:30], curve[20:50]]))
    assert steps.tolist() == [30, 16] and held.tolist() == [True, False]
    assert int(valid_steps(np.array([0.4, 0.41]))[0]) == 1  # exactly at the threshold still holds
    assert int(valid_steps(np.array([0.1, np.nan, 0.1]))[0]) == 1
    with pytest.raises(ValueError, match="threshold: must be positive"):
        valid_steps(curve, 0.0)


def test_the_split_keeps_starts_apart_and_inside():
    cut = split(1000, 0.6, 50, 20)
    assert cut.train == 600 and len(cut.starts) == 8
    assert cut.starts[0] == 600 and cut.starts[-1] == 950
    assert np.diff(cut.starts).min() >= 50
    assert split(1000, 0.6, 400, 5).starts.tolist() == [600]
    assert split(1000, 0.6, 50, 3).starts.tolist() == [600, 775, 950]
    with pytest.raises(ValueError, match="horizon: 401 samples, but the test part has 400"):
        split(1000, 0.6, 401, 5)
    for bad in (0.0, 1.0):
        with pytest.raises(ValueError, match="train: must be between 0 and 1"):
            split(1000, bad, 5, 5)
    with pytest.raises(ValueError, match="starts: must be 1 or more"):
        split(1000, 0.5, 5, 0)


def test_a_backtest_scores_each_start():
    x = np.sin(2 * np.pi * np.arange(500) / 20)[:, None]
    right = backtest(Seasonal(20), x, split(500, 0.52, 40, 5))
    assert right.held.all() and (right.valid == 40).all() and right.nrmse.max() < 1e-12
    off = backtest(Seasonal(10), x, split(500, 0.52, 40, 5))  # half a period: -x, then x again
    assert not off.held.any()
    turned = np.where(np.arange(40) % 20 < 10, 2.0, 0.0) * np.sqrt(2)  # standard deviations
    np.testing.assert_allclose(off.error, turned * np.abs(off.truth[..., 0]), atol=1e-9)
    np.testing.assert_allclose(off.nrmse, np.sqrt(2), atol=1e-9)  # 2 in one half of the steps
    with pytest.raises(ValueError, match="looks back"):
        backtest(_Long(), x, split(500, 0.52, 40, 5))
    x[3] = np.nan
    with pytest.raises(ValueError, match="expected finite values"):
        backtest(Mean(), x, split(500, 0.52, 40, 5))


class _Long:
    memory = 10_000

    def fit(self, train):
        return self


def test_the_standard_error_over_starts():
    assert standard_error(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 / np.sqrt(3))
    assert np.isnan(standard_error(np.array([1.0])))


@pytest.mark.parametrize("n", [6, 40])
def test_rank_correlation_agrees_with_scipy(n):
    draw = np.random.default_rng(n)
    x = draw.normal(size=n).round(1)  # with ties
    y = x + draw.normal(size=n)
    found = spearman(x, y, np.random.default_rng(0), n=4000)
    theirs = stats.spearmanr(x, y)
    assert found.rho == pytest.approx(theirs.statistic, abs=1e-12)
    assert found.pairs == n
    if n == 6:
        result = stats.permutation_test(
            (x,), lambda a: stats.spearmanr(a, y).statistic, permutation_type="pairings"
        )
        assert found.p_value == pytest.approx(result.pvalue, abs=1e-12)
    else:
        assert abs(found.standard_error - (1 - found.rho**2) / np.sqrt(n)) < 0.6 / np.sqrt(n)


def test_exact_p_values():
    """Of n! orders only the rising and the falling one have |rho| = 1."""
    x = np.arange(5.0)
    found = spearman(x, np.exp(x), np.random.default_rng(0), n=50)
    assert found.rho == pytest.approx(1.0) and found.p_value == pytest.approx(2 / 120)
    falling = spearman(np.arange(30.0), -np.arange(30.0), np.random.default_rng(0), n=199)
    assert falling.rho == pytest.approx(-1.0) and falling.p_value == 1 / 200


def test_unrelated_values_have_p_values_spread_evenly():
    draw = np.random.default_rng(3)
    p = [spearman(*draw.normal(size=(2, 12)), draw, n=99).p_value for _ in range(200)]
    assert stats.kstest(p, "uniform").statistic < 1.63 / np.sqrt(200) + 0.01  # 1 %, and steps


def test_rank_correlation_refuses():
    for x, y, text in (
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "expected 4 pairs"),
        ([1.0, 2.0, 3.0, np.nan], [1.0, 2.0, 3.0, 4.0], "not finite"),
        ([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], "no order"),
    ):
        with pytest.raises(ValueError, match=text):
            spearman(np.array(x), np.array(y), np.random.default_rng(0))
    with pytest.raises(ValueError, match="has shape"):
        smape(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="forecast: holds values"):
        smape(np.ones(2), np.array([1.0, np.inf]))
