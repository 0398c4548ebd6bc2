"""Mutual information and transfer entropy against closed forms and brute force."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from analysis.entropy.information import count_closer, mutual_info, transfer_entropy


def pair(n, rho, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=n)
    return x, rho * x + math.sqrt(1 - rho**2) * draw.normal(size=n)


def driven(n, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=n)
    return x, np.r_[0.0, 0.5 * x[:-1]] + draw.normal(size=n)


@pytest.mark.parametrize(("method", "error"), [("ksg", 0.02), ("gaussian", 0.02), ("hist", 0.05)])
def test_two_correlated_normals(method, error):
    # exact -ln(1 - rho^2)/2; sd at N = 10000 below 0.008, and the bias of bins of the cube root
    found = float(mutual_info(*pair(10_000, 0.6), method=method))
    assert found == pytest.approx(0.223143551314, abs=error)


def test_the_gaussian_method_is_the_formula_of_the_sample_correlation():
    x, y = pair(300, 0.4)
    rho = np.corrcoef(x, y)[0, 1]
    found = float(mutual_info(x, y, method="gaussian"))
    assert found == pytest.approx(-math.log(1 - rho**2) / 2, rel=1e-12)
    z = 0.5 * x + np.random.default_rng(1).normal(size=300)
    a, b, c = np.corrcoef([x, y, z])[[0, 0, 1], [1, 2, 2]]
    partial = (a - b * c) / math.sqrt((1 - b**2) * (1 - c**2))
    found = float(mutual_info(x, y, z, method="gaussian"))
    assert found == pytest.approx(-math.log(1 - partial**2) / 2, rel=1e-11)


def by_hand(parts, k):
    """Return Kraskov's first estimator, pair by pair; each part (N, d) is a margin."""
    n = len(parts[0])
    apart = [np.abs(p[:, None] - p[None]).max(axis=-1) for p in parts]
    reach = np.sort(np.max(apart, axis=0), axis=1)[:, k]
    return n, apart, reach


@pytest.mark.parametrize("dims", [(1, 1), (2, 1), (2, 3)])
def test_ksg_is_kraskovs_sum_over_all_pairs(dims):
    draw = np.random.default_rng(2)
    parts = [draw.normal(size=(150, d)).cumsum(axis=0) for d in dims]
    parts = [(p - p.mean(axis=0)) / p.std(axis=0) for p in parts]
    n, apart, reach = by_hand(parts, 3)
    inner = sum(digamma((a < reach[:, None]).sum(axis=1)) for a in apart)  # itself makes the + 1
    exact = digamma(n) + digamma(3) - inner.mean()
    assert float(mutual_info(*parts, k=3)) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("d", [1, 2])
def test_neighbours_are_counted_strictly_where_distances_tie(d):
    # multiples of 0.1: sums round, so that a search by x + reach alone would miss or add some
    draw = np.random.default_rng(3)
    points = draw.integers(0, 12, (80, d)) * 0.1 + 1.7
    apart = np.abs(points[:, None] - points[None]).max(axis=-1)
    for k in (9, 20, 60):
        reach = np.sort(apart, axis=1)[:, k]
        some = reach > 0
        assert some.sum() > 20
        exact = (apart < reach[:, None]).sum(axis=1) - 1
        assert (count_closer(points, reach) == exact)[some].all()


@pytest.mark.parametrize("d", [1, 2])
def test_neighbours_are_counted_among_equal_values(d):
    draw = np.random.default_rng(11)
    points = draw.integers(0, 5, (300, d)) * 0.3 - 0.7  # a column of a few levels, each sixty times
    apart = np.abs(points[:, None] - points[None]).max(axis=-1)
    for reach in (np.full(300, 0.3), np.full(300, 0.6), apart[0] + 0.3, draw.random(300)):
        exact = (apart < reach[:, None]).sum(axis=1) - 1
        assert (count_closer(points, reach) == exact).all()


def test_equal_values_are_closer_than_what_rounds_away():
    # 1 - 1e-18 and 1 + 1e-18 are 1, so that a search by them would lose the point itself
    line = np.array([[1.0], [1.0], [2.0], [-3.0]])
    assert (count_closer(line, np.full(4, 1e-18)) == [1, 1, 0, 0]).all()
    assert (count_closer(line, np.full(4, 1.0)) == [1, 1, 0, 0]).all()
    assert (count_closer(line, np.full(4, np.nextafter(1.0, 2))) == [2, 2, 2, 0]).all()


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_neighbours_are_counted_strictly_at_any_distance_that_occurs(seed, levels):
    draw = np.random.default_rng(seed)
    line = draw.integers(0, levels, 50) * draw.random() + draw.normal()
    apart = np.abs(line[:, None] - line[None])
    reach = apart[np.arange(50), draw.integers(0, 50, 50)]  # each of them a rounded difference
    exact = (apart < reach[:, None]).sum(axis=1) - 1
    found = count_closer(line[:, None], reach)
    assert (found == exact)[reach > 0].all()


def test_ksg_given_a_third_is_that_of_frenzel_and_pompe():
    draw = np.random.default_rng(4)
    x, y, z = (draw.normal(size=(120, 1)) for _ in range(3))
    y = y + x + z
    parts = [(v - v.mean()) / v.std() for v in (x, y, z)]
    _, apart, reach = by_hand(parts, 3)
    near = [digamma((np.maximum(apart[i], apart[2]) < reach[:, None]).sum(1)) for i in (0, 1)]
    exact = digamma(3) - (sum(near) - digamma((apart[2] < reach[:, None]).sum(1))).mean()
    assert float(mutual_info(x, y, z, k=3)) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e150])
@pytest.mark.parametrize("method", ["ksg", "gaussian", "hist"])
def test_units_do_not_matter(scale, method):
    x, y = pair(400, 0.7)
    found = float(mutual_info(x * scale, y, method=method))
    assert found == pytest.approx(float(mutual_info(x, y, method=method)), abs=1e-9)


def test_a_histogram_is_plug_in_of_numpys_counts():
    x, y = pair(500, 0.5)
    counts = np.histogram2d(x, y, bins=6)[0]
    p = counts / counts.sum()
    q = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    exact = (p[p > 0] * np.log((p / np.where(q > 0, q, 1))[p > 0])).sum()
    assert float(mutual_info(x, y, method="hist", bins=6)) == pytest.approx(exact, abs=1e-12)
    # as many bins as the cube root of the samples
    assert float(mutual_info(x, y, method="hist")) == float(
        mutual_info(x, y, method="hist", bins=8)
    )


def test_a_histogram_of_independent_series_is_biased_by_its_cells():
    n, bins = 2000, 6
    draw = np.random.default_rng(12)
    found = [float(mutual_info(*draw.random((2, n)), method="hist", bins=bins)) for _ in range(200)]
    # 2 N I is chi-squared with (bins - 1)^2 degrees of freedom
    freedom = (bins - 1) ** 2
    error = math.sqrt(2 * freedom / 200) / (2 * n)
    assert np.mean(found) == pytest.approx(freedom / (2 * n), abs=4 * error)


def test_a_histogram_given_a_third_is_plug_in_of_numpys_counts():
    draw = np.random.default_rng(13)
    x, y, z = draw.normal(size=(3, 400))
    y += x + z
    counts, _ = np.histogramdd(np.stack([x, y, z], axis=1), bins=5)
    p = counts / 400

    def entropy(table):
        return -(table[table > 0] * np.log(table[table > 0])).sum()

    exact = entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p.sum((0, 1))) - entropy(p)
    assert float(mutual_info(x, y, z, method="hist", bins=5)) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("dtype", ["i1", "u1", ">i2", "u8", "i8", "bool"])
def test_symbols_may_be_of_any_type_and_size(dtype):
    draw = np.random.default_rng(14)
    x, y, z = draw.integers(0, 2, (3, 200))
    y = np.where(draw.random(200) < 0.7, x ^ z, y)
    exact = float(mutual_info(x, y, z, method="discrete"))
    kind = np.dtype(dtype)
    ends = (False, True) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
    sent, received, known = (np.where(v == 1, *ends[::-1]).astype(kind) for v in (x, y, z))
    assert float(mutual_info(sent, received, known, method="discrete")) == exact
    assert float(mutual_info(sent[::-1], y[::-1], z[::-1], method="discrete")) == pytest.approx(
        exact, abs=1e-14
    )


def test_rounding_never_makes_information_negative():
    x, y = np.repeat(np.indices((5, 4)).reshape(2, -1), 3, axis=1)
    # the sums of logarithms differ by -4e-16
    for given_ in (None, np.zeros_like(x)):
        assert 0 <= float(mutual_info(x, y, given_, method="discrete")) < 1e-15


def test_rows_of_many_symbols_are_told_apart():
    # 8 columns of 100 letters: 10^16 rows, more than a table could hold
    draw = np.random.default_rng(15)
    rows = draw.integers(0, 100, (50, 8))
    which = np.repeat(np.arange(50), 2)
    found = float(mutual_info(rows[which], which, method="discrete"))
    assert found == pytest.approx(math.log(50), rel=1e-14)
    twins = rows.copy()
    twins[:, 7] += 1  # differ in the last column only
    both = np.concatenate([rows, twins])
    found = float(mutual_info(both, np.arange(100), method="discrete"))
    assert found == pytest.approx(math.log(100), rel=1e-14)


def test_discrete_information_of_known_tables():
    x = np.array([0, 0, 1, 1] * 25)
    y = np.array([7, -7, 7, -7] * 25)
    # sums of logarithms of 100: rounding
    assert float(mutual_info(x, y, method="discrete")) == pytest.approx(0, abs=1e-14)
    assert float(mutual_info(x, 3 * x, method="discrete")) == pytest.approx(math.log(2))
    # exclusive or: nothing of either alone, one bit given the other
    z = (x != (y > 0)).astype(np.uint8)
    assert float(mutual_info(x, z, method="discrete")) == pytest.approx(0, abs=1e-14)
    assert float(mutual_info(x, z, y, method="discrete")) == pytest.approx(math.log(2))
    both = np.stack([x, y], axis=1)
    assert float(mutual_info(both, both, method="discrete")) == pytest.approx(math.log(4))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_information_is_symmetric_and_not_negative(seed):
    draw = np.random.default_rng(seed)
    x, y, z = draw.integers(0, 4, (3, 40))
    for given_ in (None, z):
        there = float(mutual_info(x, y, given_, method="discrete"))
        assert there >= 0
        assert float(mutual_info(y, x, given_, method="discrete")) == pytest.approx(there)
    u, v = draw.normal(size=(2, 40))
    assert float(mutual_info(u, v)) == pytest.approx(float(mutual_info(v, u)), abs=1e-12)


@pytest.mark.parametrize(("method", "error"), [("ksg", 0.03), ("gaussian", 0.02)])
def test_a_driven_series_receives_what_it_must(method, error):
    x, y = driven(10_000)
    # exact ln(1.25)/2 one way, 0 the other; sd at N = 10000 below 0.007
    assert float(transfer_entropy(x, y, method=method)) == pytest.approx(0.111571775657, abs=error)
    assert float(transfer_entropy(y, x, method=method)) == pytest.approx(0, abs=error)


def test_pasts_and_lags_are_the_ones_asked_for():
    draw = np.random.default_rng(5)
    x = draw.integers(0, 3, 5000)
    y = np.r_[0, 0, 0, x[:-3]]  # three samples late
    sent = float(transfer_entropy(x, y, lag=3, method="discrete"))
    assert sent == pytest.approx(math.log(3), abs=0.005)
    # 2 x 3 x 3 free parameters over 2 N samples of bias
    assert float(transfer_entropy(x, y, lag=2, method="discrete")) < 0.005
    assert float(transfer_entropy(x, y, l=3, method="discrete")) == pytest.approx(sent, abs=0.02)
    parity = np.r_[0, 0, (x[1:-1] + x[:-2]) % 3]
    assert float(transfer_entropy(x, parity, l=1, method="discrete")) < 0.02
    assert float(transfer_entropy(x, parity, l=2, method="discrete")) > 1.0
    # a target that its own past explains has nothing left to receive
    cycle = np.tile([0, 1, 1], 500)
    assert float(transfer_entropy(x[:1500], cycle, k=2, method="discrete")) < 1e-14
    assert float(transfer_entropy(cycle, np.r_[0, cycle[:-1]], k=1, method="discrete")) > 0.1


def test_transfer_is_information_of_what_it_says():
    x, y = driven(300)
    rows = range(3, 300)
    past = np.array([[y[t - 1], y[t - 2]] for t in rows])
    sent = np.array([[x[t - 2], x[t - 3]] for t in rows])
    for method in ("ksg", "gaussian"):
        exact = float(mutual_info(y[3:], sent, past, method=method))
        found = float(transfer_entropy(x, y, 2, 2, 2, method=method))
        assert found == pytest.approx(exact, abs=1e-12)
    # the default
    assert float(transfer_entropy(x, y)) == float(transfer_entropy(x, y, method="gaussian"))


def test_transfer_by_histogram_bins_each_series_once():
    x, y = driven(500)
    bins = 4
    sent, received = (
        np.minimum(((v - v.min()) / np.ptp(v) * bins).astype(int), bins - 1) for v in (x, y)
    )
    for pasts in ((1, 1, 1), (2, 2, 2), (1, 3, 2)):
        exact = float(transfer_entropy(sent, received, *pasts, method="discrete"))
        found = float(transfer_entropy(x, y, *pasts, method="hist", bins=bins))
        assert found == pytest.approx(exact, abs=1e-13)
    # eight bins for 500 samples, the cube root
    assert float(transfer_entropy(x, y, method="hist")) == float(
        transfer_entropy(x, y, method="hist", bins=8)
    )


def test_neither_layout_nor_type_nor_the_order_of_samples_matters():
    draw = np.random.default_rng(16)
    x, y = draw.integers(-99, 99, (2, 400))
    y = y + x
    x = x * 400 + np.arange(400)  # no two samples alike
    wide = np.zeros((2, 800))
    wide[:, ::2] = x, y
    pick = draw.permutation(400)
    for method in ("ksg", "gaussian", "hist"):
        exact = float(mutual_info(x, y, method=method))
        for kind in ("f4", ">f8", ">i4", "i4"):
            assert float(mutual_info(x.astype(kind), y.astype(kind), method=method)) == exact
        assert float(mutual_info(wide[0, ::2], wide[1, ::2], method=method)) == exact
        assert float(mutual_info(x[:, None], y[:, None], method=method)) == exact
        shuffled = float(mutual_info(x[pick], y[pick], method=method))
        assert shuffled == pytest.approx(exact, abs=1e-11)
        # a power of two changes no digit
        assert float(mutual_info(x * 2.0**-40, y * 2.0**30, method=method)) == exact
        given_ = mutual_info(x, y, np.sin(np.arange(400.0)), method=method)
        turned = np.asfortranarray(np.stack([x, y], axis=1))[:, ::-1]
        there = mutual_info(turned[:, 1], turned[:, 0], np.sin(np.arange(400.0)), method=method)
        assert float(there) == float(given_)


def test_other_libraries_give_the_same():
    x, y = pair(200, 0.5)
    for method in ("ksg", "gaussian", "hist"):
        strict = mutual_info(*map(array_api_strict.asarray, (x, y)), method=method)
        assert float(strict) == float(mutual_info(x, y, method=method))
        assert isinstance(strict, type(array_api_strict.asarray(0.0)))
        sent = transfer_entropy(*map(array_api_strict.asarray, (x, y)), method=method)
        assert float(sent) == float(transfer_entropy(x, y, method=method))
        assert isinstance(sent, type(array_api_strict.asarray(0.0)))
    s, t = (x > 0).astype(int), (y > 0).astype(int)
    strict = mutual_info(*map(array_api_strict.asarray, (s, t)), method="discrete")
    assert float(strict) == float(mutual_info(s, t, method="discrete"))
    assert mutual_info(x, y).shape == transfer_entropy(x, y).shape == ()
    lists = float(mutual_info(x.tolist(), y.tolist()))
    assert lists == float(mutual_info(x, y))


LINE = np.arange(20.0)
NOISE = np.random.default_rng(6).normal(size=20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mutual_info(LINE, NOISE[:9]), "y: every series needs as many samples"),
        (lambda: mutual_info(LINE, np.ones(20)), "y: a column is constant"),
        (lambda: mutual_info(LINE, 2 * LINE, method="gaussian"), "x: some columns are linear"),
        (lambda: mutual_info(np.repeat(LINE, 9), np.repeat(NOISE, 9)), "x: 180 samples have 4"),
        (lambda: mutual_info(LINE, NOISE, k=20), "k: 20 samples have no 20-th neighbour"),
        (lambda: mutual_info(LINE, NOISE, method="kde"), "method: must be one of"),
        (lambda: mutual_info(LINE, NOISE, method="discrete"), "x: must be integers"),
        (lambda: mutual_info(np.stack([LINE, NOISE], 1), LINE, method="hist"), "x: method='hist'"),
        (lambda: mutual_info(LINE, np.ones(20), method="hist"), "y: a column is constant"),
        (lambda: mutual_info([1.0, math.nan], [1.0, 2.0]), "x: holds NaN"),
        (lambda: mutual_info(LINE, NOISE, NOISE[:9]), "y: every series needs as many .* 20, 20, 9"),
        (lambda: mutual_info(LINE, NOISE, np.zeros((20, 1, 1))), "z: must be"),
        (lambda: mutual_info(LINE, NOISE, np.ones(20)), "z: a column is constant"),
        (lambda: mutual_info(LINE, NOISE, method="hist", bins=1), "bins: must be 2 or more"),
        (lambda: mutual_info(LINE, NOISE, k=0), "k: must be 1 or more"),
        (lambda: mutual_info(LINE, NOISE * np.inf), "y: holds"),
        (lambda: mutual_info(LINE * 1j, NOISE), "x: must be real"),
        (lambda: transfer_entropy(np.stack([LINE, NOISE], 1), LINE), "src: must be a series"),
        (lambda: transfer_entropy(LINE, np.ones(20), method="hist"), "dst: a column is constant"),
        (lambda: transfer_entropy(LINE, NOISE, method="hist", bins=1), "bins: must be 2 or more"),
        (lambda: transfer_entropy(LINE, NOISE, method="kde"), "method: must be one of"),
        (lambda: transfer_entropy(LINE, NOISE, 20), "dst: 20 samples are too few for a past of 20"),
        (lambda: transfer_entropy(LINE[:9], NOISE), "src: must be a series as long as dst"),
        (lambda: transfer_entropy(LINE, NOISE, lag=0), "lag: must be 1 or more"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_rounded_data_have_one_answer_in_every_unit():
    draw = np.random.default_rng(0)
    x = np.round(draw.normal(size=200), 2)
    y = np.round(0.6 * x + 0.8 * draw.normal(size=200), 2)
    exact = float(mutual_info(np.rint(100 * x), np.rint(100 * y)))
    for a, b in ((x, y), (x + 1000, y), (x / 7, 3 * y - 5)):
        assert float(mutual_info(a, b)) == pytest.approx(exact, abs=1e-13)


def test_a_span_of_huge_numbers_has_bins():
    x = np.array([-1e308, 0.0, 1e308, 5.0])
    found = float(mutual_info(x, np.arange(4.0), method="hist", bins=4))
    assert found == pytest.approx(
        float(mutual_info(x / 1e308, np.arange(4.0), method="hist", bins=4))
    )
    assert found > 0.5


def test_transfer_entropy_names_its_own_arguments():
    noise = np.random.default_rng(1).normal(size=30)
    with pytest.raises(ValueError, match="dst: is constant"):
        transfer_entropy(noise, np.ones(30), method="ksg")
    with pytest.raises(ValueError, match="neighbours: 4 samples have no 4-th neighbour"):
        transfer_entropy(noise[:5], noise[5:10], method="ksg")
