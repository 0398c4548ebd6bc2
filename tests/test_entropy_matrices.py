"""Matrix entropies: exact states, limits, theorems, and what they refuse."""

import math

import array_api_strict
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.entropy.diffusion import (
    diffusion_spectral_entropy,
    diffusion_spectral_mutual_information,
)
from analysis.entropy.functionals import renyi
from analysis.entropy.matrices import (
    GaussianKernel,
    vendi,
    von_neumann,
)

lively = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**32 - 1)
ORDERS = [0, 0.1, 0.5, 1, 1 + 1e-12, 2, 3.5, 1000, math.inf]
HALF = np.full((4, 4), 0.5) + 0.5 * np.eye(4)


def thermal(nbar, levels):
    n = np.arange(levels)
    return np.diag((nbar / (1 + nbar)) ** n / (1 + nbar))


def unitary(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))[0]


def mixed(rng, n, rank=None):
    a = rng.normal(size=(n, rank or n)) + 1j * rng.normal(size=(n, rank or n))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def cloud(seed, n=40, d=3):
    return np.random.default_rng(seed).normal(size=(n, d))


# von Neumann


def test_a_thermal_mode_of_one_quantum_has_two_ln_two():
    # (1 + nbar) ln(1 + nbar) - nbar ln nbar; the tail beyond 60 levels is 2^-60
    assert von_neumann(thermal(1, 60)) == pytest.approx(2 * math.log(2), rel=1e-14)


def test_a_two_mode_squeezed_state_has_the_entanglement_of_its_thermal_half():
    nbar = math.sinh(0.5) ** 2
    rho = thermal(nbar, 60)  # (nbar/(1 + nbar))^60 = 1e-40
    assert von_neumann(rho) == pytest.approx(0.659452959168, abs=1e-12)


def test_a_werner_state_has_one_large_weight_and_three_small_ones():
    singlet = np.array([0, 1, -1, 0]) / math.sqrt(2)
    rho = 0.5 * np.outer(singlet, singlet) + 0.5 * np.eye(4) / 4
    assert von_neumann(rho) == pytest.approx(1.073542846409, abs=1e-12)
    assert von_neumann(rho, 2) == pytest.approx(-math.log(0.625**2 + 3 / 64), rel=1e-14)
    assert von_neumann(rho, math.inf) == pytest.approx(-math.log(0.625), rel=1e-14)


@pytest.mark.parametrize("alpha", ORDERS)
def test_a_pure_state_has_none_and_the_mixed_one_the_most(alpha):
    u = unitary(np.random.default_rng(1), 12)[:, 0]
    # rounding of the large eigenvalue, of the order of n eps
    assert von_neumann(np.outer(u, u.conj()), alpha) == pytest.approx(0, abs=1e-14)
    assert von_neumann(np.eye(12) / 12, alpha) == pytest.approx(math.log(12), rel=1e-14)


def test_rank_is_counted_without_eigenvalues_of_rounding():
    rng = np.random.default_rng(2)
    for rank in (1, 3, 7):
        assert von_neumann(mixed(rng, 50, rank), 0) == pytest.approx(math.log(rank), rel=1e-14)


def test_trace_and_eigenvalues_are_mended_within_the_tolerance():
    rho = np.diag([0.5, 0.5 + 4e-7, -4e-7])
    assert von_neumann(rho) == pytest.approx(math.log(2), abs=1e-6)
    assert von_neumann(np.diag([0.5, 0.5]) * (1 + 9e-7)) == pytest.approx(math.log(2), rel=1e-15)


@lively
@given(seeds, st.integers(2, 12), st.sampled_from(ORDERS))
def test_entropy_is_that_of_the_eigenvalues_and_no_unitary_changes_it(seed, n, alpha):
    rng = np.random.default_rng(seed)
    p, u = rng.dirichlet(np.ones(n)), unitary(rng, n)
    # low orders see the relative error of a small eigenvalue: eps / min(p)
    close = 1e-14 * (n + 1 / p.min())
    assert von_neumann((u * p) @ u.conj().T, alpha) == pytest.approx(
        float(renyi(p, alpha)), abs=close
    )


@lively
@given(seeds, st.sampled_from([0.5, 1, 2, math.inf]))
def test_independent_parts_add(seed, alpha):
    rng = np.random.default_rng(seed)
    a, b = mixed(rng, 3), mixed(rng, 4)
    total = float(von_neumann(a, alpha) + von_neumann(b, alpha))
    assert von_neumann(np.kron(a, b), alpha) == pytest.approx(total, abs=1e-10)


@lively
@given(seeds)
def test_two_halves_of_a_pure_state_have_the_same_entropy(seed):
    rng = np.random.default_rng(seed)
    state = rng.normal(size=(3, 5)) + 1j * rng.normal(size=(3, 5))
    state /= np.linalg.norm(state)
    for alpha in (0, 1, 2):
        one = float(von_neumann(state @ state.conj().T, alpha))
        assert von_neumann(state.T @ state.conj(), alpha) == pytest.approx(one, abs=1e-13)


def test_many_orders_come_after_the_batch():
    rng = np.random.default_rng(3)
    rho = np.stack([[mixed(rng, 4) for _ in range(3)] for _ in range(2)])
    every = von_neumann(rho, [0.5, 1, 2, 3])
    assert every.shape == (2, 3, 4)
    for i, j in np.ndindex(2, 3):
        one = [float(von_neumann(rho[i, j], a)) for a in (0.5, 1, 2, 3)]
        np.testing.assert_allclose(every[i, j], one, rtol=1e-14)


@pytest.mark.parametrize(
    ("rho", "text"),
    [
        (np.diag([0.5, 0.4]), "rho: must have trace 1"),
        (np.diag([1.1, -0.1]), "rho: has a negative eigenvalue"),
        (np.array([[0.5, 0.1], [0.0, 0.5]]), "rho: must be symmetric"),
        (np.array([[0.5, 0.1j], [0.1j, 0.5]]), "rho: must be symmetric"),
        (np.array([[np.nan, 0], [0, 1]]), "rho: holds NaN"),
        (np.ones((2, 3)), "rho: must be a square matrix"),
        (np.ones(3), "rho: must be a square matrix"),
        (np.ones((0, 0)), "rho: must be a square matrix"),
    ],
)
def test_what_is_no_state_is_refused(rho, text):
    with pytest.raises(ValueError, match=text):
        von_neumann(rho)


# Vendi


@pytest.mark.parametrize(
    ("q", "exact"),
    # eigenvalues of K/4: 5/8 and three times 1/8
    [(0, 4.0), (1, 2.925726559967), (2, 16 / 7), (math.inf, 1.6)],
)
def test_four_alike_by_half_count_for_fewer(q, exact):
    assert vendi(HALF, q=q) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("q", ORDERS)
def test_score_runs_from_one_to_the_number_of_points(q):
    assert vendi(np.eye(9), q=q) == pytest.approx(9, rel=1e-14)
    assert vendi(np.ones((9, 9)), q=q) == pytest.approx(1, rel=1e-14)
    assert vendi(np.ones((1, 1)), q=q) == pytest.approx(1, rel=1e-15)


def test_a_sparse_kernel_is_made_dense():
    for make in (scipy.sparse.csr_matrix, scipy.sparse.coo_array):
        assert vendi(make(np.eye(100))) == pytest.approx(100, rel=1e-13)


def test_order_zero_counts_the_rank_from_points_and_from_their_kernel():
    x = cloud(4, 60, 5)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert vendi(x @ x.T, q=0) == pytest.approx(5, rel=1e-13)
    assert vendi(X=x, q=0) == pytest.approx(5, rel=1e-13)  # the dual
    assert vendi(X=x[:4], q=0) == pytest.approx(4, rel=1e-13)  # the kernel itself


def test_a_low_order_does_not_count_rounding():
    # A smooth kernel: its eigenvalues fall faster than exponentially. All but some ten of 200 are
    # rounding, each of which would count (1e-17)^0.1 = 0.02 in sum p^0.1; measured by others: 78
    x = np.linspace(0, 1, 200)[:, None]
    score = float(vendi(X=x, q=0.1, kernel=GaussianKernel(0.5)))
    kernel = GaussianKernel(0.5)(x)
    values = np.linalg.eigvalsh(kernel)[::-1] / 200
    kept = values[values > 200 * np.finfo(float).eps * values[0]]
    assert kept.size < 20
    assert score == pytest.approx(float(np.sum(kept**0.1) ** (1 / 0.9)), rel=1e-4)
    assert score < 20


@lively
@given(seeds, st.integers(2, 30), st.integers(1, 12), st.sampled_from(ORDERS))
def test_the_dual_has_the_score_of_the_kernel(seed, n, d, q):
    x = cloud(seed, n, d)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    direct, dual = float(vendi(unit @ unit.T, q=q)), float(vendi(X=x, q=q, kernel="linear"))
    # clouds may have eigenvalues near the threshold, which low orders see
    assert dual == pytest.approx(direct, rel=1e-10 if q >= 1 else 0.02)


def test_many_points_in_few_dimensions_need_no_large_matrix():
    # directions at equal angles: X^T X / n = I/2, the score 2; a kernel would hold 20 GB
    angle = np.arange(50_000) * (2 * np.pi / 50_000)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for q in (0.5, 1, 2):
        assert vendi(X=x, q=q) == pytest.approx(2, rel=1e-12)


@lively
@given(seeds, st.integers(2, 30), st.integers(1, 12), st.floats(0.05, 20))
def test_order_two_needs_no_eigenvalues(seed, n, d, sigma):
    x, kernel = cloud(seed, n, d), GaussianKernel(sigma)
    exact = float(np.exp(renyi(np.clip(np.linalg.eigvalsh(kernel(x)) / n, 0, None), 2)))
    assert vendi(X=x, q=2, kernel=kernel) == pytest.approx(exact, rel=1e-12)
    assert vendi(kernel(x), q=2) == pytest.approx(exact, rel=1e-12)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    linear = n**2 / np.sum((unit @ unit.T) ** 2)
    assert vendi(X=x, q=2) == pytest.approx(float(linear), rel=1e-12)


@lively
@given(seeds, st.sampled_from(ORDERS), st.sampled_from(ORDERS))
def test_score_never_rises_with_its_order(seed, a, b):
    low, high = sorted((a, b))
    kernel = GaussianKernel(1.0)(cloud(seed, 15, 2))
    assert vendi(kernel, q=high) <= vendi(kernel, q=low) * (1 + 1e-9)


@pytest.mark.parametrize("q", ORDERS)
def test_every_point_twice_leaves_the_score(q):
    x = cloud(5, 12, 4) * 3
    kernel = GaussianKernel(0.8)
    once, twice = vendi(X=x, q=q, kernel=kernel), vendi(X=np.repeat(x, 2, 0), q=q, kernel=kernel)
    assert twice == pytest.approx(float(once), rel=1e-10)


@pytest.mark.parametrize(("n", "d", "sigma"), [(700, 3, 0.4), (300, 20, 6.0), (300, 20, 0.01)])
def test_tiles_hold_the_gaussian_kernel(n, d, sigma):
    x = cloud(6, n, d)
    square = ((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)
    exact = np.exp(-square / (2 * sigma**2))
    # the exponent of what is not negligible is at most 700 and good to 500 eps
    np.testing.assert_allclose(GaussianKernel(sigma)(x), exact, rtol=2e-13, atol=1e-15)
    score = vendi(X=x, q=2, kernel=GaussianKernel(sigma))
    assert score == pytest.approx(n**2 / float((exact**2).sum()), rel=1e-12)


@pytest.mark.parametrize("d", [2, 20])
def test_the_place_of_the_origin_costs_no_digits(d):
    x = np.round(cloud(7, 30, d) * 2**20) / 2**20
    away = x + 2.0**20  # exact: 41 bits
    for scale in (1.0, 2.0**-500):
        kernel = GaussianKernel(0.7 * scale * math.sqrt(d))
        np.testing.assert_allclose(
            kernel(away * scale), GaussianKernel(0.7 * math.sqrt(d))(x), rtol=1e-11
        )
    assert vendi(X=x * 2.0**-600, q=1) == pytest.approx(float(vendi(X=x)), rel=1e-14)
    assert vendi(X=x * 2.0**600, q=1) == pytest.approx(float(vendi(X=x)), rel=1e-14)


def test_distant_points_lose_no_digits_in_many_dimensions():
    x = cloud(8, 20, 30)
    x[10:] = x[:10] + 1e-3  # ten close pairs, in units of sigma far from one another
    step = math.sqrt(30) * 1e-3
    kernel = GaussianKernel(step)(x)
    np.testing.assert_allclose(np.diagonal(kernel, 10), math.exp(-0.5), rtol=1e-11)
    assert vendi(X=x, q=2, kernel=GaussianKernel(step)) == pytest.approx(
        20 / (1 + math.exp(-1)), rel=1e-11
    )


def test_any_function_will_do_as_a_kernel():
    x = cloud(9, 25, 3)

    def laplacian(points):
        return np.exp(-np.abs(points[:, None, :] - points[None, :, :]).sum(-1))

    assert vendi(X=x, kernel=laplacian) == pytest.approx(float(vendi(laplacian(x))), rel=1e-15)
    assert vendi(X=x, kernel=laplacian) != vendi(X=x, kernel=GaussianKernel(1.0))
    with pytest.raises(ValueError, match="K: must be 1 on its diagonal"):
        vendi(X=x, kernel=lambda points: 2 * laplacian(points))


@pytest.mark.parametrize("q", [0.5, 1, 2, [0, 1, 2]])
def test_a_batch_is_a_loop(q):
    x = np.stack([[cloud(3 * i + j, 11, 3) for j in range(3)] for i in range(2)])
    gaussian = GaussianKernel(1.3)
    kernels = np.stack([[gaussian(x[i, j]) for j in range(3)] for i in range(2)])
    dse = diffusion_spectral_entropy
    for i, j in np.ndindex(2, 3):
        for every, one in (
            (vendi(kernels, q=q), vendi(kernels[i, j], q=q)),
            (vendi(X=x, q=q), vendi(X=x[i, j], q=q)),
            (vendi(X=x, q=q, kernel=gaussian), vendi(X=x[i, j], q=q, kernel=gaussian)),
            (dse(x, 1.0, 2), dse(x[i, j], 1.0, 2)),
        ):
            assert every.shape[:2] == (2, 3)
            np.testing.assert_allclose(every[i, j], one, rtol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "K: give either"),
        ({"K": HALF, "X": HALF}, "K: give either"),
        ({"K": HALF, "kernel": "linear"}, "kernel: needs the points"),
        ({"K": 2 * HALF}, "K: must be 1 on its diagonal"),
        ({"K": np.array([[1, 0.5], [0.4, 1]])}, "K: must be symmetric"),
        ({"K": np.array([[1, 2.0], [2.0, 1]])}, "K: has a negative eigenvalue"),
        ({"K": np.array([[1, 0.5j], [-0.5j, 1]])}, "K: must be real"),
        ({"K": np.full((3, 3), np.inf)}, "K: holds NaN or infinity"),
        ({"K": np.ones(3)}, "K: must be a square"),
        ({"K": HALF, "q": -1}, "q: must be 0 or more"),
        ({"K": HALF, "q": math.nan}, "q: must be 0 or more"),
        ({"K": HALF, "q": [1, -2]}, "q: must be 0 or more"),
        ({"X": HALF, "kernel": "cosine"}, "kernel: must be linear"),
        ({"X": np.zeros((3, 2))}, "X: has a row of zeros"),
        ({"X": np.array([[1.0, np.nan]])}, "X: holds NaN"),
        ({"X": np.ones(3)}, "X: must be points"),
        ({"X": np.array([[0.0], [1e300]]), "kernel": GaussianKernel(1.0)}, "sigma: 1 is too small"),
    ],
)
def test_what_is_no_kernel_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        vendi(**arguments)


@pytest.mark.parametrize("sigma", [0, -1, math.inf, math.nan])
def test_a_width_is_a_positive_number(sigma):
    with pytest.raises(ValueError, match="sigma: must be positive"):
        GaussianKernel(sigma)


# Diffusion spectral entropy


def published(x, sigma, t=1, anisotropic=False):
    """The algorithm as it is written down, with dense diagonal matrices and no symmetry."""
    g = np.exp(-((x[:, None, :] - x[None, :, :]) ** 2).sum(-1) / (2 * sigma**2))
    if anisotropic:
        density = np.diag(1 / g.sum(1))
        g = density @ g @ density
    walk = np.diag(1 / g.sum(1)) @ g
    weights = np.abs(np.linalg.eigvals(walk)) ** t
    weights = weights / weights.sum()
    weights = weights[weights > 0]
    return -np.sum(weights * np.log(weights))


@pytest.mark.parametrize("anisotropic", [False, True])
@pytest.mark.parametrize(("sigma", "t"), [(0.3, 1), (1.0, 1), (1.0, 3), (4.0, 2.5)])
def test_it_is_the_published_algorithm(sigma, t, anisotropic):
    x = cloud(10, 60, 3)
    got = diffusion_spectral_entropy(x, sigma, t, anisotropic=anisotropic)
    assert got == pytest.approx(published(x, sigma, t, anisotropic), rel=1e-11)
    bits = diffusion_spectral_entropy(x, sigma, t, anisotropic=anisotropic, base=2)
    assert bits * math.log(2) == pytest.approx(float(got), rel=1e-14)


def test_the_anisotropic_walk_is_another_one():
    x = np.random.default_rng(11).exponential(size=(40, 2))
    plain, other = (float(diffusion_spectral_entropy(x, 0.5, anisotropic=a)) for a in (False, True))
    assert abs(plain - other) > 0.01


def test_two_points_have_their_closed_form():
    # D^-1 G = [[1, g], [g, 1]]/(1 + g): eigenvalues 1 and (1 - g)/(1 + g) = tanh(d^2/4 sigma^2)
    for t in (1, 2, 0.5):
        second = math.tanh(0.25 * 1.3**2 / 0.9**2) ** t
        p = np.array([1, second]) / (1 + second)
        for anisotropic in (False, True):  # equal densities: nothing to divide out
            got = diffusion_spectral_entropy(
                np.array([[0.0], [1.3]]), 0.9, t, anisotropic=anisotropic
            )
            assert got == pytest.approx(-float(np.sum(p * np.log(p))), rel=1e-13)


@pytest.mark.parametrize("anisotropic", [False, True])
@pytest.mark.parametrize("t", [0.01, 1, 1000])
def test_its_limits_are_one_point_and_n(t, anisotropic):
    same = diffusion_spectral_entropy(np.full((30, 2), 0.7), 1.0, t, anisotropic=anisotropic)
    assert same == pytest.approx(0, abs=1e-14)
    apart = np.arange(30.0)[:, None]
    far = diffusion_spectral_entropy(apart, 0.01, t, anisotropic=anisotropic)
    assert far == pytest.approx(math.log(30), rel=1e-13)


def test_after_many_steps_only_the_clusters_are_left():
    rng = np.random.default_rng(12)
    for clusters in (1, 2, 5):
        centres = 100.0 * np.arange(clusters)[:, None]
        x = (centres[:, None, :] + rng.normal(size=(clusters, 12, 2))).reshape(-1, 2)
        early, late = (float(diffusion_spectral_entropy(x, 1.0, t)) for t in (1, 2000))
        # one of the walk's eigenvalues is 1 to eps per cluster, and its 2000th power to 2000 n eps
        assert late == pytest.approx(math.log(clusters), abs=1e-9)
        assert early > late + 0.1


@lively
@given(seeds, st.floats(0.1, 10), st.floats(0.5, 5), st.floats(1, 4))
def test_more_steps_never_add_entropy_and_units_do_not_matter(seed, sigma, t, more):
    x = cloud(seed, 15, 2)
    first = float(diffusion_spectral_entropy(x, sigma, t))
    assert -1e-12 <= diffusion_spectral_entropy(x, sigma, t * more) <= first + 1e-9
    assert diffusion_spectral_entropy(1e3 * x + 5, 1e3 * sigma, t) == pytest.approx(first, abs=1e-9)
    assert first <= math.log(15) + 1e-12


def test_labels_tell_which_cluster_and_nothing_more():
    rng = np.random.default_rng(13)
    centres = np.repeat([0.0, 500.0], 20)[:, None]
    x, labels = centres + rng.normal(size=(40, 2)), np.repeat([7, -3], 20)
    mutual = diffusion_spectral_mutual_information
    assert mutual(x, labels, 1.0, 2000) == pytest.approx(math.log(2), abs=1e-9)
    assert mutual(x, np.zeros(40, int), 1.0, 2) == pytest.approx(0, abs=1e-13)
    assert mutual(x, labels, 1.0, 2000, base=2) == pytest.approx(1, abs=1e-9)
    # equal clusters, one label each: H(p) of the labels, whatever the time and the normalisation
    x[20:] = x[:20] + 500
    for t, anisotropic in ((1, False), (3, True)):
        assert mutual(x, labels, 1.0, t, anisotropic=anisotropic) == pytest.approx(
            math.log(2), abs=1e-9
        )


@pytest.mark.parametrize("anisotropic", [False, True])
def test_mutual_information_is_its_own_formula(anisotropic):
    x = cloud(14, 50, 3)
    labels = np.random.default_rng(15).integers(0, 4, 50)
    parts = sum(
        (labels == y).mean() * published(x[labels == y], 0.8, 2, anisotropic) for y in range(4)
    )
    got = diffusion_spectral_mutual_information(x, labels, 0.8, 2, anisotropic=anisotropic)
    assert got == pytest.approx(published(x, 0.8, 2, anisotropic) - parts, abs=1e-11)
    assert got.shape == ()


def test_what_is_no_cloud_is_refused():
    dse, mutual = diffusion_spectral_entropy, diffusion_spectral_mutual_information
    x = cloud(16, 6, 2)
    for t in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="t: must be positive"):
            dse(x, 1.0, t)
        with pytest.raises(ValueError, match="t: must be positive"):
            mutual(x, np.zeros(6, int), 1.0, t)
    with pytest.raises(ValueError, match="sigma: must be positive"):
        dse(x, 0)
    with pytest.raises(ValueError, match="X: holds NaN"):
        dse(np.full((3, 2), np.nan), 1.0)
    with pytest.raises(ValueError, match="X: must be points"):
        dse(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="X: must be points"):
        mutual(np.ones((2, 3, 2)), np.zeros(3, int), 1.0)
    with pytest.raises(ValueError, match="Y: must be one label a point"):
        mutual(x, np.zeros(5, int), 1.0)
    with pytest.raises(ValueError, match="Y: must be integers"):
        mutual(x, np.zeros(6), 1.0)
    with pytest.raises(ValueError, match="base: must be positive"):
        dse(x, 1.0, base=1)


# Types, layouts, libraries

MEASURES = {
    "von_neumann": lambda x: von_neumann(_state(x), 1),
    "vendi": lambda x: vendi(X=x, q=0.5),
    "vendi-2": lambda x: vendi(X=x, q=2, kernel=GaussianKernel(4.0)),
    "vendi-gaussian": lambda x: vendi(X=x, q=3, kernel=GaussianKernel(4.0)),
    "dse": lambda x: diffusion_spectral_entropy(x, 4.0, 2, anisotropic=True),
    "dsmi": lambda x: diffusion_spectral_mutual_information(x, np.arange(24) % 3, 4.0),
}


def _state(x):
    xp = x.__array_namespace__()
    if xp.isdtype(x.dtype, "integral"):
        x = xp.astype(x, xp.float64)
    # symmetric also where a matrix product is not, to the last bit
    gram = xp.matrix_transpose(x) @ x
    return gram / xp.linalg.trace(gram)


WHOLE = np.random.default_rng(17).integers(-9, 10, (24, 12))


@pytest.mark.parametrize("name", MEASURES)
def test_type_and_layout_change_nothing(name):
    measure, exact = MEASURES[name], float(MEASURES[name](WHOLE.astype(float)))
    wide = np.zeros((48, 36))
    wide[::2, ::3] = WHOLE
    for same in (
        WHOLE,
        np.asfortranarray(WHOLE.astype(float)),
        wide[::2, ::3],
        WHOLE.astype(">f8"),
    ):
        assert measure(same) == pytest.approx(exact, rel=1e-13)
    single = measure(WHOLE.astype(np.float32))
    assert single.dtype == np.float32
    assert single == pytest.approx(exact, rel=2e-5)  # some hundred roundings of 6e-8


@pytest.mark.parametrize("name", MEASURES)
def test_other_array_libraries_give_the_same(name):
    x = WHOLE.astype(float)
    got = MEASURES[name](array_api_strict.asarray(x))
    assert type(got).__module__.startswith("array_api_strict")
    assert got.shape == ()
    assert float(got) == pytest.approx(float(MEASURES[name](x)), rel=1e-13)


def test_other_libraries_in_batches_with_many_orders():
    x = array_api_strict.asarray(np.stack([WHOLE, 2 - WHOLE]).astype(float))
    for kernel in (None, GaussianKernel(4.0), lambda points: GaussianKernel(3.0)(points)):
        got = vendi(X=x, q=[0, 1, 2], kernel=kernel)
        np.testing.assert_allclose(
            np.asarray(got), vendi(X=np.asarray(x), q=[0, 1, 2], kernel=kernel), rtol=1e-13
        )


def test_lists_will_do_and_arguments_are_left_alone():
    assert vendi([[1, 0], [0, 1]]) == pytest.approx(2, rel=1e-15)
    assert von_neumann([[0.5, 0.5], [0.5, 0.5]]) == pytest.approx(0, abs=1e-15)
    x = cloud(18)
    before = x.copy()
    diffusion_spectral_entropy(x, 1.0)
    vendi(X=x, kernel=GaussianKernel(1.0))
    np.testing.assert_array_equal(x, before)
