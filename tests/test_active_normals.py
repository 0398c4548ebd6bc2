"""Normal numbers of the compiled loop: moments, tails, shape, independence, seeds."""

import numpy as np
import pytest
from scipy import stats

from core import rng
from sims.active import normals

COUNT = 64 * 62500  # 4 million
SIGMAS = 4.5


@pytest.fixture(scope="module")
def drawn():
    state = normals.seed(rng.generator(5, "sims", "normals", 0))
    out, raw = np.empty(COUNT), np.empty(COUNT, np.uint64)
    normals.fill(state, out, raw, np.empty(COUNT + 1, np.int64))
    return out, raw


def test_moments_are_those_of_a_normal_number(drawn):
    x = drawn[0]
    double_factorial = [1, 1, 3, 15, 105, 945, 10395, 135135, 2027025]
    for order in range(1, 9):
        exact = 0 if order % 2 else double_factorial[order // 2]
        error = np.sqrt((double_factorial[order] - exact**2) / COUNT)
        assert abs((x**order).mean() - exact) < SIGMAS * error, order


def test_the_shape_holds_in_each_layer_and_in_the_tails(drawn):
    x = np.sort(drawn[0])
    edges = np.array([-5, normals.EDGE * -1, *np.linspace(-3.5, 3.5, 200), normals.EDGE, 5])
    counts = np.diff(np.searchsorted(x, [-np.inf, *edges, np.inf]))
    expected = COUNT * np.diff(stats.norm.cdf([-np.inf, *edges, np.inf]))
    keep = expected > 20
    chi2 = ((counts - expected)[keep] ** 2 / expected[keep]).sum()
    assert 1e-4 < stats.chi2.sf(chi2, keep.sum() - 1) < 1 - 1e-4
    tail = np.abs(x)[np.abs(x) > normals.EDGE]
    assert len(tail) > 800
    given = stats.norm.sf(tail) / stats.norm.sf(normals.EDGE)  # uniform, if the tail is right
    assert stats.kstest(given, "uniform").pvalue > 1e-4


def test_the_tail_beyond_the_ziggurat_is_that_of_a_normal_number():
    state = normals.seed(np.random.default_rng(7))
    tail = np.array([normals._mended(state, 0, normals.EDGE + 0.01) for _ in range(40000)])
    assert tail.min() > normals.EDGE
    given = stats.norm.sf(tail) / stats.norm.sf(normals.EDGE)
    assert stats.kstest(given, "uniform").pvalue > 1e-4


def test_numbers_do_not_depend_on_their_neighbours(drawn):
    x = drawn[0]
    for lag in (1, 2, 3, normals.LANES - 1, normals.LANES, normals.LANES + 1, 256, 512):
        for power in (1, 2):
            a, b = x[:-lag] ** power, x[lag:] ** power
            assert abs(np.corrcoef(a, b)[0, 1]) < SIGMAS / np.sqrt(len(a)), (lag, power)


def test_lanes_do_not_depend_on_each_other(drawn):
    lanes = drawn[0].reshape(-1, normals.LANES)
    off = np.corrcoef(lanes.T)[np.triu_indices(normals.LANES, 1)] * np.sqrt(len(lanes))
    assert np.abs(off).max() < 5.5  # of 2016 standard normal numbers
    assert abs(off.var() - 1) < SIGMAS * np.sqrt(2 / len(off))


def test_every_bit_is_even(drawn):
    raw = drawn[1][:400000]
    for bit in range(64):
        ones = int(((raw >> np.uint64(bit)) & np.uint64(1)).sum())
        assert abs(ones - len(raw) / 2) < SIGMAS * np.sqrt(len(raw)) / 2, bit


def test_the_integers_are_those_of_xoshiro256plusplus():
    mask = 2**64 - 1

    def rotated(x, k):
        return ((x << k) | (x >> (64 - k))) & mask

    state = normals.seed(np.random.default_rng(1))
    lane = [int(state[7 + normals.LANES * k]) for k in range(4)]
    raw = np.empty(4 * normals.LANES, np.uint64)
    normals.integers(state, raw)
    for turn in range(4):
        assert (
            int(raw[7 + turn * normals.LANES])
            == (rotated((lane[0] + lane[3]) & mask, 23) + lane[0]) & mask
        )
        shifted = (lane[1] << 17) & mask
        lane[2] ^= lane[0]
        lane[3] ^= lane[1]
        lane[1] ^= lane[2]
        lane[0] ^= lane[3]
        lane[2] ^= shifted
        lane[3] = rotated(lane[3], 45)


def test_streams_of_other_names_are_others_and_the_same_name_is_the_same():
    def first(*names):
        out = np.empty(4096)
        state = normals.seed(rng.generator(1, *names))
        normals.fill(state, out, np.empty(4096, np.uint64), np.empty(4097, np.int64))
        return out

    one, other = first("sims", "a", 0), first("sims", "a", 1)
    np.testing.assert_array_equal(one, first("sims", "a", 0))
    assert abs(np.corrcoef(one, other)[0, 1]) < SIGMAS / 64


def test_uniform_numbers_fill_the_unit_interval():
    state = normals.seed(np.random.default_rng(2))
    x = np.array([normals.uniform(state) for _ in range(20000)])
    assert x.min() > 0 and x.max() < 1
    assert stats.kstest(x, "uniform").pvalue > 1e-4
