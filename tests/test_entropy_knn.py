"""Nearest-neighbour entropies against closed forms, brute force and the theory of their bias."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, gamma, i0, i1

from analysis.entropy.kernels.neighbours import LEAF
from analysis.entropy.knn import (
    FEW,
    _by_kernel,
    _by_tree,
    _log_gammas,
    knn_entropy,
    neighbour_distances,
)


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def brute(points, k, box=None):
    difference = points[:, None] - points[None]
    if box is not None:
        period = np.where(np.isinf(box), 1.0, box)
        folded = difference - period * np.round(difference / period)
        difference = np.where(np.isinf(box), difference, folded)
    return np.sort(np.sqrt((difference**2).sum(axis=-1)), axis=1)[:, k]


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("k", [1, 4])
def test_distances_are_those_of_all_pairs(d, k):
    points = normal(300, d)
    found = neighbour_distances(points, k)
    np.testing.assert_allclose(found, brute(points, k), rtol=1e-13)
    box = np.array([7.0, 9.0, math.inf, 8.0, 11.0][:d])
    found = neighbour_distances(points, k, box=box)
    np.testing.assert_allclose(found, brute(points, k, box), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("d", [2, 4])
def test_points_outside_the_box_are_wrapped_into_it(d):
    points = np.random.default_rng(1).random((200, d)) * 3
    moved = points + 3 * np.random.default_rng(2).integers(-4, 5, points.shape)
    moved[0] = -1e-20  # wraps to the period itself
    points[0] = 0.0
    here, there = (neighbour_distances(p, 3, box=3.0) for p in (points, moved))
    # wrapping loses digits of the coordinate: 4 periods of 3, by one rounding each
    np.testing.assert_allclose(there, here, atol=1e-14)


def square_brute(points, k, box):
    """Return the kernel's arithmetic over all pairs, exactly: no sum in another order."""
    apart = np.abs(points[:, None] - points[None])
    apart = np.minimum(apart, box - apart)
    squares = np.zeros(apart.shape[:2])
    for c in range(points.shape[1]):
        squares += apart[..., c] * apart[..., c]
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(np.sort(squares, axis=1)[:, k - 1])


SHAPES = {
    "uniform": lambda draw, n, d: draw.random((n, d)),
    "lattice": lambda draw, n, d: draw.integers(0, 4, (n, d)) / 4,  # ties, repeats
    "clumps": lambda draw, n, d: draw.choice([0.0, 0.5, 0.99], (n, d)) + draw.random((n, d)) * 1e-6,
    "tails": lambda draw, n, d: np.abs(draw.standard_cauchy((n, d))) * 1e-3 % 1,
    "line": lambda draw, n, d: np.repeat(draw.random((n, 1)), d, axis=1),
}


@given(
    st.sampled_from(sorted(SHAPES)),
    st.integers(1, 3),
    st.integers(2, 4 * LEAF + 3),
    st.integers(0, 10_000),
    st.booleans(),
    st.data(),
)
@settings(deadline=None, max_examples=150)
def test_the_tree_skips_no_neighbour(shape, d, n, seed, periodic, data):
    points = SHAPES[shape](np.random.default_rng(seed), n, d) % 1.0
    k = data.draw(st.integers(1, n - 1))
    box = np.where(np.arange(d) % 2 == 0, 1.0, np.inf) if periodic else np.full(d, np.inf)
    exact = square_brute(points, k, box)
    if exact.max() > box.min() / 2:
        with pytest.raises(ValueError, match="too few points for the box"):
            neighbour_distances(points, k, box)
    else:
        assert (neighbour_distances(points, k, box) == exact).all()


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_many_points_have_the_distances_of_another_tree(shape, d):
    points = SHAPES[shape](np.random.default_rng(7), 5000, d) % 1.0
    for box in (np.full(d, np.inf), np.full(d, 1.0)):
        # sums of squares may differ by one rounding each
        np.testing.assert_allclose(
            neighbour_distances(points, 4, box), _by_tree(points, 4, box), rtol=1e-15
        )


def test_many_neighbours_are_found_as_few_are():
    points = normal(400, 3)
    for k in (FEW, FEW + 1, 399):
        exact = brute(points, k)
        # sums of squares may differ by one rounding each
        np.testing.assert_allclose(neighbour_distances(points, k), exact, rtol=1e-15)
        np.testing.assert_allclose(_by_kernel(points, k, np.full(3, np.inf)), exact, rtol=1e-15)


def test_the_ball_may_touch_itself_and_no_more():
    assert (neighbour_distances([0.0, 0.5], 1, 1.0) == 0.5).all()
    assert neighbour_distances([0.0, 0.9], 1, 1.0) == pytest.approx(0.1, rel=1e-14)
    with pytest.raises(ValueError, match="too few points for the box"):
        neighbour_distances([[0.0, 0.0], [0.0, 0.6]], 1, [1.0, None])


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_normal_law_is_missed_by_the_known_bias(d):
    exact = d / 2 * math.log(2 * math.pi * math.e)
    # at N = 20000, k = 4, from forty clouds: mean, its standard error, spread
    bias, error, spread = {
        1: (-0.0007, 0.0010, 0.0065),
        2: (-0.0038, 0.0012, 0.0073),
        3: (-0.0103, 0.0018, 0.0117),
    }[d]
    found = np.mean([float(knn_entropy(normal(20_000, d, seed))) for seed in range(20)])
    assert found - exact == pytest.approx(bias, abs=3 * math.hypot(error, spread / math.sqrt(20)))


@pytest.mark.parametrize(
    ("measure", "param", "exact"),
    [
        ("shannon", None, 0.594534891892),
        ("renyi", 2, 0.287682072452),
        ("tsallis", 2, 0.25),
        ("tsallis", 3, 0.125),
    ],
)
def test_waiting_times(measure, param, exact):
    waits = np.random.default_rng(9).exponential(1 / 1.5, 20_000)
    # order 3 has a finite variance only for k > 4
    found = float(knn_entropy(waits, 12, measure=measure, param=param))
    # ln f has a spread of 1, ln r_12 one of 0.3: 1.04/141 = 0.0074; the others up to 0.009
    assert found == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize(
    ("measure", "param", "exact"),
    [
        ("renyi", 0.5, 1.5 * math.log(2 * math.pi) + 1.5 * math.log(0.5) / -0.5),
        ("renyi", 2, 3.796536370454),
        ("tsallis", 2, 0.977551609734),
        ("renyi", 1, 4.256815599614),
        ("tsallis", 1, 4.256815599614),
    ],
)
def test_other_orders_of_the_normal_law(measure, param, exact):
    found = float(knn_entropy(normal(20_000, 3), measure=measure, param=param))
    # statistical: sd below 0.02, and a bias of the order 1/2, whose integral is led by the tail
    assert found == pytest.approx(exact, abs=0.25 if param < 1 else 0.05)


def test_the_order_passes_1_without_a_jump():
    points = normal(500, 2)
    n = len(points)
    at = [
        float(knn_entropy(points, measure="renyi", param=1 + e))
        for e in (-2e-3, -1e-3 - 1e-9, -1e-3 + 1e-9, -1e-9, 1e-9, 1e-3 - 1e-9, 1e-3 + 1e-9, 2e-3)
    ]
    assert (np.diff(at) < 0).all()  # Rényi falls with the order, across the change of formula
    assert at[1] - at[2] < 1e-7 and at[5] - at[6] < 1e-7
    # at 1 itself the estimators differ by psi(N) - ln(N - 1)
    shift = float(digamma(n)) - math.log(n - 1)
    assert float(knn_entropy(points)) == pytest.approx((at[3] + at[4]) / 2 + shift, abs=1e-8)


def test_the_formulas_are_those_of_the_papers():
    points, k, a = normal(60, 2), 3, 1.6
    r, n = brute(points, k), 60
    ball = math.pi * r**2
    shannon = digamma(n) - digamma(k) + np.log(ball).mean()
    assert float(knn_entropy(points, k)) == pytest.approx(shannon, rel=1e-13)
    constant = (gamma(k) / gamma(k + 1 - a)) ** (1 / (1 - a))
    integral = (((n - 1) * constant * ball) ** (1 - a)).mean()
    renyi = math.log(integral) / (1 - a)
    tsallis = (1 - integral) / (a - 1)
    found = knn_entropy(points, k, measure="renyi", param=a)
    assert float(found) == pytest.approx(renyi, rel=1e-12)
    found = knn_entropy(points, k, measure="tsallis", param=a)
    assert float(found) == pytest.approx(tsallis, rel=1e-12)


def test_headings_on_a_circle():
    kappa = 2.0
    exact = math.log(2 * math.pi * i0(kappa)) - kappa * i1(kappa) / i0(kappa)
    angles = np.random.default_rng(3).vonmises(3.0, kappa, 20_000)
    found = float(knn_entropy(angles, box=2 * math.pi))
    # the spread of ln f is 0.7; of the estimate, with that of k = 4, below 0.008
    assert found == pytest.approx(exact, abs=0.03)
    assert exact == pytest.approx(1.266321291964, abs=1e-12)
    for param, order in ((0.5, 1.485712241941), (2, 1.060891353860)):
        found = float(knn_entropy(angles, 8, measure="renyi", param=param, box=2 * math.pi))
        assert found == pytest.approx(order, abs=0.04)  # sd of forty draws: 0.007 and 0.011


@pytest.mark.parametrize(("n", "d", "edge"), [(100_000, 3, 0.0305), (1000, 2, 0.0395)])
def test_a_periodic_box_has_no_edge(n, d, edge):
    points = np.random.default_rng(4).random((n, d)) * 10
    # on a torus without bias; the spread over clouds is 0.67/sqrt(N) to 0.76/sqrt(N)
    periodic = float(knn_entropy(points, box=10))
    assert periodic == pytest.approx(d * math.log(10), abs=3 / math.sqrt(n))
    # the missing shell is of one cloud: 0.0304 +- 0.0007 of six, 0.0395 +- 0.0071 of sixty
    assert float(knn_entropy(points)) - periodic == pytest.approx(edge, abs=0.9 / math.sqrt(n))


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 4])
def test_a_uniform_torus_is_estimated_without_bias(d, k):
    clouds = np.random.default_rng(12).random((200, 500, d))
    found = knn_entropy(clouds, k, box=1.0)
    # the volume of the ball is a Beta variable, whose mean logarithm is psi(k) - psi(N)
    assert found.mean() == pytest.approx(0, abs=4 * found.std() / math.sqrt(200))
    assert found.std() < 0.1


def test_an_open_direction_of_a_box_has_its_edges():
    points = np.random.default_rng(8).random((5000, 2))
    found = neighbour_distances(points, 4, [1.0, None])
    assert (found == neighbour_distances(points, 4, np.array([1.0, math.inf]))).all()
    both, neither = neighbour_distances(points, 4, 1.0), neighbour_distances(points, 4)
    assert (both <= found).all() and (found <= neither).all()
    assert (both < found).any() and (found < neither).any()


@pytest.mark.parametrize("scale", [1e-250, 1e-12, 1e200])
def test_sizes_shift_the_entropy_by_their_logarithm(scale):
    points = normal(500, 2)
    found = float(knn_entropy(points * scale)) - 2 * math.log(scale)
    # ln(scale) has a rounding of 1e-13 at most
    assert found == pytest.approx(float(knn_entropy(points)), abs=1e-12)
    boxed = float(knn_entropy(points * scale, box=20 * scale)) - 2 * math.log(scale)
    assert boxed == pytest.approx(float(knn_entropy(points, box=20)), abs=1e-12)


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_the_order_of_the_points_and_turning_them_do_not_matter(seed):
    points = normal(100, 2, seed)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = float(knn_entropy(points))
    assert float(knn_entropy(points[::-1])) == pytest.approx(found, abs=1e-12)
    assert float(knn_entropy(points @ turn + 5)) == pytest.approx(found, abs=1e-10)


def test_batches_layouts_types_and_libraries():
    clouds = np.random.default_rng(5).normal(size=(3, 100, 2))
    each = np.array([float(knn_entropy(cloud)) for cloud in clouds])
    assert (knn_entropy(clouds) == each).all()
    assert (knn_entropy(np.asfortranarray(clouds)) == each).all()
    assert (knn_entropy(clouds.astype(">f8")) == each).all()
    strict = knn_entropy(array_api_strict.asarray(clouds))
    assert isinstance(strict, type(array_api_strict.asarray(0.0)))
    assert (np.asarray(strict) == each).all()
    line = np.random.default_rng(6).normal(size=200)
    assert float(knn_entropy(line)) == float(knn_entropy(line[:, None]))
    assert neighbour_distances(clouds, 2).shape == (3, 100)
    single = clouds.astype("f4")
    assert (knn_entropy(single) == knn_entropy(single.astype(float))).all()


def test_neither_layout_nor_type_matters():
    whole = np.random.default_rng(10).integers(-90, 90, (400, 3))
    exact = brute(whole.astype(float), 2)
    wide = np.zeros((800, 6))
    wide[::2, ::2] = whole
    for points in (
        whole,
        whole.astype("i1"),
        whole.astype(">i4"),
        whole.astype("f4"),
        wide[::2, ::2],
    ):
        for given_ in (points, np.asfortranarray(points)):
            # squares of integers are exact
            assert (neighbour_distances(given_, 2) == exact).all()
    assert (neighbour_distances(whole[::-1], 2) == exact[::-1]).all()
    assert (neighbour_distances(whole.tolist(), 2) == exact).all()
    assert float(knn_entropy(whole.tolist(), 9)) == float(knn_entropy(whole, 9))
    clouds = np.random.default_rng(11).random((3, 90, 3))
    strict = neighbour_distances(array_api_strict.asarray(clouds), 2, 1.0)
    assert isinstance(strict, type(array_api_strict.asarray(0.0)))
    each = [neighbour_distances(cloud, 2, 1.0) for cloud in clouds]
    assert (np.asarray(strict) == np.stack(each)).all()


def test_numbers_at_the_ends_of_floating_point():
    line = np.array([-1.7e308, -1e308, 0.0, 1.2e308])
    # differences of the outer ones overflow; those to the nearest do not
    assert (neighbour_distances(line, 1) == np.diff(line)[[0, 0, 1, 2]]).all()
    assert (
        neighbour_distances(np.array([0.0, 5e-324, 2e-323]), 1) == [5e-324, 5e-324, 1.5e-323]
    ).all()
    assert (neighbour_distances(np.zeros(5), 2) == 0).all()


@pytest.mark.parametrize("k", [1, 4, 50, 1000])
@pytest.mark.parametrize("e", [-0.9, -1e-2, -1e-3, 1e-9, 3e-4, 3e-3, 0.04, 0.9, 1.5])
def test_the_constant_of_an_order_is_a_mean_of_psi(k, e):
    # [ln Gamma(k) - ln Gamma(k + e)]/e = -int_0^1 psi(k + e t) dt; far from the pole at 0 ten
    # nodes are exact to rounding
    nodes, weights = np.polynomial.legendre.leggauss(10)
    exact = -(weights * digamma(k + e * (nodes + 1) / 2)).sum() / 2
    if k + e > 0.5:
        # ln Gamma(1000) = 5900 over e >= 1 for k = 1000, over 0.05 for k = 50: 144
        assert _log_gammas(k, e) == pytest.approx(exact, abs=2e-12)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.ones((9, 2)), {}, "x: 9 points have 4 others at the same place"),
        (np.array([0.0, 1.0, math.nan]), {"k": 1}, "x: holds NaN"),
        (np.arange(4.0), {}, "k: 4 points have no 4-th neighbour; use k <= 3"),
        (np.arange(4.0), {"k": 0}, "k: must be 1 or more"),
        (normal(50, 2), {"measure": "renyi", "param": 5}, "param: must be finite and below k"),
        (normal(50, 2), {"measure": "renyi"}, "param: give the order"),
        (normal(50, 2), {"param": 2}, "param: give the order"),
        (normal(50, 2), {"measure": "sharma"}, "measure: must be one of"),
        (normal(50, 2), {"measure": "tsallis", "param": -math.inf}, "param: must be finite"),
        (normal(50, 2), {"measure": "tsallis", "param": math.nan}, "param: must be finite"),
        (normal(50, 2), {"box": -1.0}, "box: periods must be positive"),
        (normal(50, 2), {"box": [1.0, 0.0]}, "box: periods must be positive"),
        (normal(50, 2), {"box": [1.0, math.nan]}, "box: periods must be positive"),
        (
            normal(50, 2),
            {"box": [1.0, 2.0, 3.0]},
            r"box: must be one period or 2, got shape \(3,\)",
        ),
        (np.arange(9.0) * 1j, {}, "x: must be real"),
        (np.zeros((0, 2)), {}, "x: is empty"),
        (
            normal(9, 3),
            {"box": 1.0, "k": 8},
            "box: the 8-th neighbour is up to .* too few points for the box",
        ),
        (np.zeros((2, 2, 2, 2)), {}, "x: must be"),
    ],
)
def test_bad_arguments_are_named(x, options, message):
    with pytest.raises(ValueError, match=message):
        knn_entropy(x, **options)
