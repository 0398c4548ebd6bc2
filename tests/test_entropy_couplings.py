"""Couplings of least entropy: marginals, bounds, and the least by enumeration."""

import itertools
import math
import time

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.entropy.couplings import coupling_entropy, minimum_entropy_coupling
from analysis.entropy.functionals import shannon

lively = settings(deadline=None, max_examples=150)
EPS = 2.0**-52


def distributions(most=30):
    weights = arrays(float, st.integers(1, most), elements=st.floats(0, 1))
    return weights.filter(lambda w: w.sum() > 1e-6).map(lambda w: w / w.sum())


def entropy(masses):
    masses = masses[masses > 0]
    return -(masses * np.log(masses)).sum()


def least(p, r):
    """The least entropy: it is concave, so that a vertex of the polytope has it.

    A vertex has its masses on a spanning tree of rows and columns, which the marginals solve.
    """
    n, m = len(p), len(r)
    cells = list(itertools.product(range(n), range(m)))
    best = math.inf
    for tree in itertools.combinations(cells, n + m - 1):
        system = np.zeros((n + m, n + m - 1))
        for column, (i, j) in enumerate(tree):
            system[i, column] = system[n + j, column] = 1
        if np.linalg.matrix_rank(system) < n + m - 1:
            continue
        masses = np.linalg.lstsq(system, np.concatenate([p, r]), rcond=None)[0]
        if masses.min() > -1e-12:
            best = min(best, entropy(masses))
    return best


@pytest.mark.parametrize(
    ("p", "r", "joint"),
    [
        ([1.0], [1.0], [[1.0]]),
        ([0.5, 0.5], [0.5, 0.5], [[0.5, 0], [0, 0.5]]),
        ([0.5, 0.5], [0.5, 0.25, 0.25], [[0.5, 0, 0], [0, 0.25, 0.25]]),
        ([0.25, 0.75], [0.5, 0.5], [[0, 0.25], [0.5, 0.25]]),
        ([0.0, 1.0], [0.0, 1.0, 0.0], [[0, 0, 0], [0, 1, 0]]),
        # masses pair by size: .5 with .625, then .375 with .375 before .125 with .125
        ([0.5, 0.375, 0.125], [0.625, 0.375], [[0.5, 0], [0, 0.375], [0.125, 0]]),
    ],
)
def test_small_couplings_are_those_found_by_hand(p, r, joint):
    assert minimum_entropy_coupling(p, r).tolist() == joint


def test_a_distribution_is_coupled_with_itself_without_any_further_chance():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(50))
    joint = minimum_entropy_coupling(p, p)
    assert np.array_equal(joint, np.diag(p))
    order = rng.permutation(50)
    assert np.array_equal(minimum_entropy_coupling(p, p[order]), np.diag(p)[:, order])


def test_what_rounding_leaves_has_no_cell_of_its_own():
    # .3 - (.1 + .2) is 5.6e-17 in floating point
    rows, columns, masses = minimum_entropy_coupling([0.3, 0.7], [0.1, 0.2, 0.7], sparse=True)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 2)]
    assert sorted(masses.tolist()) == pytest.approx([0.1, 0.2, 0.7], rel=4 * EPS)
    # both sides have such a rest, which would make a cell of 1e-17: of .1 + .2 less .1 and .2
    three = 0.1 + 0.2
    p, r = [three, 0.2 / 4, 0.1 / 4, 0.625], [0.2, 0.1, three / 4, 0.625]
    rows, columns, _ = minimum_entropy_coupling(p, r, sparse=True)
    cells = [(0, 0), (0, 1), (1, 2), (2, 2), (3, 3)]
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == cells


def test_tiny_masses_keep_all_their_digits():
    p = np.array([1.0, 1e-30, 3e-300])
    joint = minimum_entropy_coupling(p, [0.5, 0.5])
    assert np.array_equal(joint.sum(axis=1), p)
    assert joint.sum(axis=0) == pytest.approx([0.5, 0.5], rel=2 * EPS)
    least = np.array([1.0, 5e-324])  # the smallest there is
    assert np.array_equal(minimum_entropy_coupling(least, [1.0]).ravel(), least)


@lively
@given(distributions(), distributions())
def test_the_marginals_are_those_given(p, r):
    joint = minimum_entropy_coupling(p, r)
    assert joint.shape == (p.size, r.size)
    assert (joint >= 0).all()
    # at most 60 terms of rounding EPS / 2 of a sum up to 1, and the difference of the two sums
    slack = abs(math.fsum(p) - math.fsum(r)) + 8 * EPS
    for marginal, exact in ((joint.sum(axis=1), p), (joint.sum(axis=0), r)):
        assert np.abs(marginal - exact).max() <= slack
    assert slack < 1e-14


@lively
@given(distributions(), distributions())
def test_the_entropy_is_between_its_bounds(p, r):
    h = coupling_entropy(p, r)
    assert max(shannon(p), shannon(r)) - 1e-13 <= h <= shannon(p) + shannon(r) + 1e-13
    assert h == pytest.approx(shannon(minimum_entropy_coupling(p, r).ravel()), abs=1e-13)


@settings(deadline=None, max_examples=40)
@given(distributions(3), distributions(3))
def test_it_is_within_1_over_e_of_the_least(p, r):
    h, exact = coupling_entropy(p, r), least(p, r)
    assert exact - 1e-9 <= h <= exact + 1 / math.e


def test_it_is_the_least_of_most_small_pairs():
    # the greedy choice misses the least by rounding in most, and by no more than 0.2 in any
    rng = np.random.default_rng(1)
    excess = []
    for _ in range(40):
        p, r = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3))
        excess.append(coupling_entropy(p, r) - least(p, r))
    assert np.mean(np.array(excess) < 1e-9) > 0.5
    assert max(excess) < 0.2


@lively
@given(distributions(), distributions())
def test_the_sparse_form_is_the_dense_one(p, r):
    rows, columns, masses = minimum_entropy_coupling(p, r, sparse=True)
    joint = np.zeros((p.size, r.size))
    joint[rows, columns] = masses
    assert np.array_equal(joint, minimum_entropy_coupling(p, r))
    assert masses.size <= np.count_nonzero(p) + np.count_nonzero(r) - 1
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == masses.size


@lively
@given(distributions(), distributions())
def test_masses_come_from_largest_to_smallest(p, r):
    _, _, masses = minimum_entropy_coupling(p, r, sparse=True)
    assert (np.diff(masses) <= 8 * EPS).all()


def test_exchanging_the_marginals_transposes():
    rng = np.random.default_rng(2)
    p, r = rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(30))
    assert minimum_entropy_coupling(p, r) == pytest.approx(
        minimum_entropy_coupling(r, p).T, abs=1e-15
    )


def test_ten_thousand_outcomes_take_a_fraction_of_a_second():
    rng = np.random.default_rng(3)
    p, r = rng.dirichlet(np.ones(10**4)), rng.dirichlet(np.ones(10**4))
    begin = time.process_time()
    _, _, masses = minimum_entropy_coupling(p, r, sparse=True)
    assert time.process_time() - begin < 1  # 0.06 s
    assert math.fsum(masses) == pytest.approx(1, abs=1e-14)


def test_certainty_has_no_entropy_and_no_sign():
    h = coupling_entropy([1.0, 0.0], [0.0, 1.0])
    assert h == 0
    assert math.copysign(1, h) == 1


def test_type_and_layout_do_not_matter():
    p = np.array([0.5, 0.25, 0.25])
    exact = minimum_entropy_coupling(p, [0.75, 0.25])
    pairs = np.repeat(p, 2)
    for same in (p.astype(np.float32), p.astype(">f8"), pairs[::2], p.tolist(), tuple(p)):
        found = minimum_entropy_coupling(same, [0.75, 0.25])
        assert found.dtype == np.float64
        assert np.array_equal(found, exact)


def test_single_precision_is_normalised_in_double():
    p = np.random.default_rng(4).dirichlet(np.ones(1000)).astype(np.float32)
    joint = minimum_entropy_coupling(p, p[::-1])
    assert joint.sum() == pytest.approx(1, abs=1e-13)
    assert np.count_nonzero(joint) == 1000


def test_another_library_gives_the_same():
    p, r = np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.4])
    other = array_api_strict.asarray(p), array_api_strict.asarray(r)
    strict = array_api_strict._array_object.Array
    found = minimum_entropy_coupling(*other)
    assert isinstance(found, strict)
    assert np.array_equal(np.asarray(found), minimum_entropy_coupling(p, r))
    assert all(isinstance(part, strict) for part in minimum_entropy_coupling(*other, sparse=True))
    h = coupling_entropy(*other)
    assert isinstance(h, strict)
    assert h.shape == ()
    assert float(h) == coupling_entropy(p, r)


@pytest.mark.parametrize(
    ("p", "r", "message"),
    [
        ([0.5, 0.4], [1.0], "p: must sum to 1"),
        ([1.0], [0.5, 0.4], "r: must sum to 1"),
        ([1.5, -0.5], [1.0], "p: holds a negative"),
        ([1.0], [math.nan, 1.0], "r: holds NaN"),
        ([], [1.0], "p: must hold at least one"),
        (np.ones((1, 1)), [1.0], "p: must be one distribution"),
        (np.array([1j]), [1.0], "p: must be real floating"),
    ],
)
def test_what_is_no_distribution_is_refused(p, r, message):
    with pytest.raises(ValueError, match=message):
        minimum_entropy_coupling(p, r)
    with pytest.raises(ValueError, match=message):
        coupling_entropy(p, r)
