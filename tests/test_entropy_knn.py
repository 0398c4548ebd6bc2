"""Nearest-neighbour entropies against closed forms, brute force and the theory of their bias."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, gamma, i0, i1

from analysis.entropy.knn import knn_entropy, neighbour_distances


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


def test_points_outside_the_box_are_wrapped_into_it():
    points = np.random.default_rng(1).random((200, 2)) * 3
    moved = points + 3 * np.random.default_rng(2).integers(-4, 5, points.shape)
    moved[0] = -1e-20  # wraps to the period itself
    points[0] = 0.0
    here, there = (neighbour_distances(p, 3, box=3.0) for p in (points, moved))
    # wrapping loses digits of the coordinate: 4 periods of 3, by one rounding each
    np.testing.assert_allclose(there, here, atol=1e-14)


@pytest.mark.parametrize(("d", "exact"), [(1, 1.418938533205), (3, 4.256815599614)])
def test_the_normal_law(d, exact):
    bias, spread = {1: (-0.0007, 0.0065), 3: (-0.0103, 0.0117)}[d]  # at n = 20000, k = 4
    found = np.mean([float(knn_entropy(normal(20_000, d, seed))) for seed in range(6)])
    assert found - exact == pytest.approx(bias, abs=4 * spread / math.sqrt(6))


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


def test_a_periodic_box_has_no_edge():
    points = np.random.default_rng(4).random((20_000, 3)) * 10
    exact = 3 * math.log(10)
    periodic, open_ = float(knn_entropy(points, box=10)), float(knn_entropy(points))
    # sd of psi_k over sqrt(N): 0.53/141; the open box adds the missing shell, 0.05 here
    assert periodic == pytest.approx(exact, abs=0.02)
    assert open_ > periodic + 0.03


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
        (normal(50, 2), {"box": -1.0}, "box: periods must be positive"),
        (normal(9, 3), {"box": 1.0, "k": 8}, "box: the 8-th neighbour is up to"),
        (np.zeros((2, 2, 2, 2)), {}, "x: must be"),
    ],
)
def test_bad_arguments_are_named(x, options, message):
    with pytest.raises(ValueError, match=message):
        knn_entropy(x, **options)
