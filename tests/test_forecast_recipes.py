"""Transfer and importance sampling: what they must give in limits, and that they do gain."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from analysis.forecast.analogue import library
from analysis.forecast.importance import Sampler, foretold, sampled, uniform
from analysis.forecast.scores import error_curve
from analysis.forecast.transfer import NEVER, Library, Transfer, _Step


def wave(n, phase=0.0, period=30.0):
    return np.sin(2 * np.pi * np.arange(n) / period + phase)[:, None]


def henon(n, a=1.4):
    found = [np.array([0.1, 0.1])]
    for _ in range(n + 100):
        x, y = found[-1]
        found.append(np.array([1 - a * x * x + y, 0.3 * x]))
    return np.array(found[101:])


def stream(seed=0):
    return np.random.default_rng(seed)


def test_infinite_distrust_is_no_transfer():
    series = henon(300)[:, :1]
    alone = Transfer(order=2, skip=1).fit(series).predict(series, 8)
    taught = Transfer(order=2, skip=1, distrusts=(NEVER,)).learned([wave(300)]).fit(series)
    assert (taught.predict(series, 8) == alone).all()


def one_step_error(model, short, test):
    found = model.fit(short)
    starts = np.stack([test[s - 2 : s] for s in range(10, 200)])
    return np.abs(found.predict(starts, 1)[:, 0] - test[10:200]).mean()


def test_a_family_helps_where_a_series_has_seen_little():
    """150 samples of a Hénon map, and 3000 of others with a parameter 1 % off."""
    orbit = henon(900)[:, :1]
    model = Transfer(order=2, skip=1, distrusts=(1.0,))
    taught = model.learned([henon(1500, a)[:, :1] for a in (1.386, 1.39)])
    ratios = [
        one_step_error(taught, orbit[s : s + 150], orbit[600:])
        / one_step_error(model, orbit[s : s + 150], orbit[600:])
        for s in range(0, 450, 40)
    ]
    assert np.median(ratios) < 0.85


def test_what_misleads_is_left_out_by_the_validation_part():
    """The same states, played backwards: their moves are wrong."""
    series, test = henon(900)[:600, :1], henon(900)[600:, :1]
    model = Transfer(order=2, skip=1).learned([series[::-1]])
    assert dict(model.fit(series).chosen)["distrust"] == NEVER
    alone = one_step_error(Transfer(order=2, skip=1), series, test)
    assert one_step_error(model, series, test) == alone
    forced = Transfer(order=2, skip=1, distrusts=(1.0,)).learned([series[::-1]])
    assert one_step_error(forced, series, test) > 3 * alone


def test_distrust_scales_the_distance_to_others():
    """An own state at distance 1 that moved 10, one of another at 0.5 that moved 20."""
    own = Library(cKDTree([[1.0]]), np.array([[10.0]]))
    other = Library(cKDTree([[0.5]]), np.array([[20.0]]))

    def move(distrust, neighbours=2):
        return float(_Step(own, other, 1, 1, neighbours, distrust)(np.zeros((1, 1, 1)))[0, 0])

    assert move(2.0) == pytest.approx(15.0)
    assert move(1.0) == pytest.approx(
        (10 * np.exp(-2) + 20 * np.exp(-1)) / (np.exp(-2) + np.exp(-1))
    )
    assert move(1.0, neighbours=1) == 20.0 and move(3.0, neighbours=1) == 10.0
    assert move(NEVER) == 10.0


def test_transfer_refuses_several_components_and_short_sources():
    with pytest.raises(ValueError, match="expected one component, got 2"):
        Transfer().fit(henon(300))
    with pytest.raises(ValueError, match="are needed"):
        Transfer().learned([wave(20)])


def test_uniform_rows_are_different_and_rising():
    rows = uniform(50, 20, stream())
    assert len(set(rows.tolist())) == 20 and (np.diff(rows) > 0).all()
    for budget in (1, 51):
        with pytest.raises(ValueError, match="budget: must be from 2 to 50"):
            uniform(50, budget, stream())


def test_a_kept_state_does_not_foretell_itself():
    """Moves of 0, but for one kept state of 1: without itself, its neighbours say 0."""
    states = np.arange(10.0)[:, None]
    moves = np.zeros((10, 1))
    moves[4] = 1.0
    kept = np.array([3, 4, 5, 9])
    error = foretold(states, moves, kept, 1)
    assert error[4] == 1.0
    assert error[9] == 0.0
    assert foretold(states, moves, kept, 2)[3] == 0.5  # of 4 and 5
    # 4.4 is not kept: its nearest is 4, and the move is 1 there
    near = foretold(np.append(states, [[4.4]], 0), np.append(moves, [[1.0]], 0), kept, 1)
    assert near[10] == 0.0


def test_states_are_drawn_where_they_are_foretold_badly():
    """Moves are noise for x > 0, and nothing else is to be learned: there the states go."""
    draw = stream(3)
    states = draw.uniform(-1, 1, (2000, 1))
    moves = np.where(states > 0, draw.normal(size=(2000, 1)), 0.0)
    rows = Sampler(power=2.0, rounds=3).rows(states, moves, 200, 2, stream(1))
    assert len(np.unique(rows)) == 200
    # a first quarter is uniform, half of it to the left; later ones hardly are
    left = (states[rows, 0] < 0).mean()
    assert left == pytest.approx(0.125, abs=0.05)
    even = Sampler(power=0.0, rounds=3).rows(states, moves, 200, 2, stream(1))
    assert (states[even, 0] < 0).mean() == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(200))


def test_importance_gains_on_a_map_with_a_rare_region():
    """x is slow but for bursts, one sample in twenty: at one budget, errors there weigh most."""
    draw = stream(5)
    t = np.arange(4000)
    x = np.sin(0.05 * t) ** 21 + 0.001 * draw.normal(size=len(t))
    series = np.column_stack([x, np.roll(x, 5)])[10:]
    train, test = series[:3000], series[3000:]
    starts = np.stack([test[s - 1 : s] for s in range(20, 900, 20)])
    truth = np.stack([test[s : s + 10] for s in range(20, 900, 20)])

    def error(sampler, seed):
        model = sampled(train, 60, stream(seed), sampler=sampler, neighbours=2)
        return error_curve(truth, model.predict(starts, 10), train.std(axis=0)).mean()

    gain = [error(Sampler(1.0), s) / error(None, s) for s in range(8)]
    assert np.median(gain) < 1.0


def test_samplers_refuse_budgets_that_are_too_small_and_repeat_by_seed():
    states, moves = library(henon(300)[None], 1, 1)
    with pytest.raises(ValueError, match="too few for 5 rounds"):
        Sampler().rows(states, moves, 4, 2, stream())
    with pytest.raises(ValueError, match="budget: must be from 2"):
        Sampler().rows(states, moves, 10_000, 2, stream())
    one, two = (Sampler().rows(states, moves, 50, 2, stream(9)) for _ in range(2))
    assert (one == two).all()
    other = Sampler().rows(states, moves, 50, 2, stream(8))
    assert (one != other).any()
