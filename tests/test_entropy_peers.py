"""Other packages: we agree with them where they are right, and answer rightly where they were not.

The second half needs no peer: its examples are small ones on which some package, at some version,
gives another answer than the definition; docs/peers.md lists what those installed answer today.
"""

import importlib
import itertools
import math
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import digamma, gammaln, polygamma
from scipy.stats import entropy as scipy_entropy

from analysis import entropy

ORDERS = (3, 4, 5, 6)
EIGHTHS = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
QUARTERS = np.array([1 / 2, 1 / 4, 1 / 4])


def installed(name):
    """Return a fixture that imports a peer, whatever it warns of, or skips."""

    @pytest.fixture(scope="module", name=name.lower())
    def module():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return importlib.import_module(name)
            except ImportError:
                pytest.skip(f"{name} is not installed")

    return module


ordpy, antropy, peccary, dit, entropyhub, vendi_score = map(
    installed, ("ordpy", "antropy", "peccary", "dit", "EntropyHub", "vendi_score")
)


@pytest.fixture
def quiet():
    """Let a peer warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def walk():
    return np.random.default_rng(7).standard_normal(3000).cumsum()


@pytest.fixture
def tied():
    """Three levels: most windows hold equal values."""
    return np.random.default_rng(8).integers(0, 3, 3000)


def pmfs():
    rng = np.random.default_rng(9)
    return [rng.dirichlet(np.full(k, a)) for k in (2, 7, 40) for a in (0.3, 1.0, 5.0)]


# Agreement. Both sides add some hundred terms of order 1: 1e-12 leaves a thousand roundings.


@pytest.mark.peer
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("delay", [1, 3])
def test_the_plane_agrees_with_ordpy(ordpy, walk, tied, order, delay):
    for x in (walk, tied.astype(float)):
        h, c = ordpy.complexity_entropy(x, dx=order, taux=delay)
        found = entropy.complexity_entropy(x, order, delay)
        assert found.h == pytest.approx(h, abs=1e-12)
        assert found.c == pytest.approx(c, abs=1e-12)
        nats = ordpy.permutation_entropy(x, dx=order, taux=delay, normalized=False)
        ours = entropy.permutation_entropy(x, order, delay, normalize=False)
        assert ours == pytest.approx(nats, abs=1e-12)


@pytest.mark.peer
@pytest.mark.parametrize("param", [0.2, 0.5, 2.0, 3.5])
def test_the_renyi_and_tsallis_planes_agree_with_ordpy(ordpy, walk, tied, param):
    for x, order in itertools.product((walk, tied.astype(float)), (3, 4, 5)):
        for measure, theirs in (
            ("renyi", ordpy.renyi_complexity_entropy(x, alpha=param, dx=order)),
            ("tsallis", ordpy.tsallis_complexity_entropy(x, q=param, dx=order)),
        ):
            found = entropy.complexity_entropy(x, order, measure=measure, param=param)
            # powers of 1/d! and their differences lose a further digit or two on their side
            np.testing.assert_allclose(found, theirs, atol=1e-10)


@pytest.mark.peer
@pytest.mark.parametrize("order", [3, 4])
def test_the_weighted_entropy_agrees_with_ordpy(ordpy, walk, order):
    theirs = ordpy.weighted_permutation_entropy(walk, dx=order)
    assert entropy.weighted_permutation_entropy(walk, order) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.peer
@pytest.mark.parametrize("order", (*ORDERS, 7))
def test_permutation_entropy_agrees_with_antropy(antropy, walk, tied, order):
    for x in (walk, tied):
        theirs = antropy.perm_entropy(x, order=order, normalize=True)
        assert entropy.permutation_entropy(x, order) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.peer
def test_phrases_agree_with_antropy(antropy):
    rng = np.random.default_rng(10)
    for size, levels in itertools.product((1, 2, 17, 400), (2, 5, 30)):
        s = rng.integers(0, levels, size)  # signed: their path for unsigned types is another
        assert entropy.lempel_ziv(s) == antropy.lziv_complexity(s)


@pytest.mark.peer
@pytest.mark.parametrize("m", [2, 3])
def test_sample_entropy_agrees_with_antropy_on_long_series(antropy, m):
    x = np.random.default_rng(11).standard_normal(5200)  # above 5000 their ball is closed
    theirs = antropy.sample_entropy(x, order=m, tolerance=0.3)
    assert entropy.sample_entropy(x, m, r=0.3) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.peer
def test_curves_over_delays_agree_with_peccary(peccary, walk, quiet):
    h, c, delays = peccary.peccary(walk, n=5).calcHCcurves(sampIntArray=np.array([1, 2, 5, 20]))
    found = entropy.complexity_entropy(walk, 5, delays)
    np.testing.assert_allclose(found.h, h, atol=1e-12)
    np.testing.assert_allclose(found.c, c, atol=1e-12)


@pytest.mark.peer
def test_orders_away_from_one_agree_with_dit(dit, quiet):
    for p, order in itertools.product(pmfs(), (0.3, 2.0, 4.0)):
        d = dit.Distribution([(k,) for k in range(p.size)], list(p))
        renyi, tsallis = dit.other.renyi_entropy(d, order), dit.other.tsallis_entropy(d, order)
        assert entropy.renyi(p, order, base=2) == pytest.approx(renyi, abs=1e-12)
        assert entropy.tsallis(p, order) == pytest.approx(tsallis, rel=1e-12)


@pytest.mark.peer
def test_divergences_agree_with_dit(dit, quiet):
    each = pmfs()
    for p, r in itertools.pairwise(each):
        if p.size != r.size:
            continue
        outcomes = [(k,) for k in range(p.size)]
        first, second = (dit.Distribution(outcomes, list(v)) for v in (p, r))
        kl = dit.divergences.kullback_leibler_divergence(first, second)
        js = dit.divergences.jensen_shannon_divergence([first, second])
        assert entropy.kl(p, r) / math.log(2) == pytest.approx(kl, abs=1e-11)
        assert entropy.js(p, r) / math.log(2) == pytest.approx(js, abs=1e-11)


def test_shannon_and_kl_agree_with_scipy():
    for p in pmfs():
        r = np.roll(p, 1)
        assert entropy.shannon(p) == pytest.approx(scipy_entropy(p), rel=1e-13)
        assert entropy.kl(p, r) == pytest.approx(scipy_entropy(p, r), rel=1e-12, abs=1e-15)


@pytest.mark.peer
def test_sample_entropy_agrees_with_entropyhub(entropyhub, quiet):
    x = np.random.default_rng(12).standard_normal(600)
    found, _, _ = entropyhub.SampEn(x, m=3, r=0.3)
    for m in (1, 2, 3):
        assert entropy.sample_entropy(x, m, r=0.3) == pytest.approx(found[m], abs=1e-12)


@pytest.mark.peer
@pytest.mark.parametrize("q", [0.5, 1, 2])
def test_vendi_scores_agree_with_their_authors(vendi_score, q, quiet):
    vendi = importlib.import_module("vendi_score.vendi")
    x = np.random.default_rng(13).standard_normal((40, 4))
    kernel = np.exp(-((x[:, None] - x) ** 2).sum(axis=-1) / 2)
    # at q = 1/2 eigenvalues of 1e-16, rounding, would count 1e-8 each: none is that small here
    assert entropy.vendi(K=kernel, q=q) == pytest.approx(vendi.score_K(kernel, q=q), rel=1e-9)


# Examples on which some package answers otherwise.


def by_stable_sort(x, order):
    """Return the entropy in nats of the windows' stable argsorts: the definition."""
    windows = np.lib.stride_tricks.sliding_window_view(x, order)
    found = np.argsort(windows, axis=-1, kind="stable")
    return scipy_entropy(np.unique(found, axis=0, return_counts=True)[1])


def phrases(s):
    """Return how many phrases LZ76 has: each the shortest that has not begun before its end."""
    text, start, found = [str(v) + "," for v in s], 0, 0
    while start < len(text):
        size = 1
        while start + size <= len(text) and any(
            text[j : j + size] == text[start : start + size] for j in range(start)
        ):
            size += 1
        start, found = start + size, found + 1
    return found


def nsb_by_sums(counts, size):
    """Return the mean entropy under the mixture of Dirichlet priors, by sums over ln beta."""
    beta = np.exp(np.linspace(-16, 12, 4001))[:, None]
    n, kappa = counts[None, :], size * beta[:, 0]
    total = counts.sum()
    log = gammaln(kappa) - gammaln(total + kappa) + (gammaln(n + beta) - gammaln(beta)).sum(axis=1)
    log += np.log(size * polygamma(1, kappa + 1) - polygamma(1, beta[:, 0] + 1)) + np.log(
        beta[:, 0]
    )
    weight = np.exp(log - log.max())
    mean = digamma(total + kappa + 1)
    mean = mean - ((n + beta) / (total + kappa[:, None]) * digamma(n + beta + 1)).sum(axis=1)
    return float((weight * mean).sum() / weight.sum())


def sampled(seed, size=100, draws=200):
    return np.bincount(np.random.default_rng(seed).integers(0, size, draws), minlength=size)


@pytest.mark.parametrize(
    ("p", "r"),
    [([0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]), ([0.5, 0.5], [1.0, 0.0])],
)
def test_what_cannot_happen_is_infinitely_far(p, r):
    # not the sum over the common support, which is negative; not a large number by some epsilon
    assert entropy.kl(np.array(p), np.array(r)) == math.inf
    assert entropy.kl(np.array([1.0, 0.0]), np.full(2, 0.5)) == pytest.approx(math.log(2))


def test_nsb_is_the_posterior_mean():
    found = [
        float(entropy.entropy_from_counts(sampled(s), estimator="nsb", K=100)) for s in range(4)
    ]
    exact = [nsb_by_sums(sampled(s), 100) for s in range(4)]
    # the sums converge as fast as the integrand decays at both ends: e^-16 of its peak
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    assert np.mean(found) == pytest.approx(4.58, abs=0.04)  # four samples, sd 0.02 each
    assert max(found) < math.log(100)


def test_nsb_is_defined_for_as_many_draws_as_outcomes_and_for_a_steep_law():
    steep = np.bincount(np.random.default_rng(3).geometric(0.3, 200), minlength=40)
    for counts in (sampled(1, draws=100), steep):
        found = float(entropy.entropy_from_counts(counts, estimator="nsb", K=counts.size))
        assert found == pytest.approx(nsb_by_sums(counts, counts.size), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1e-10, 1e12])
def test_no_noise_of_a_fixed_size_is_added_to_the_data(scale):
    rng = np.random.default_rng(14)
    x = rng.standard_normal((500, 1))
    shifted = float(entropy.knn_entropy(x * scale)) - math.log(scale)
    # ln of distances of 1e-12: rounding of the products, 1e-16 of values 1e3 times the distances
    assert shifted == pytest.approx(float(entropy.knn_entropy(x)), abs=1e-10)
    y = 0.6 * x + 0.8 * rng.standard_normal((500, 1))
    assert entropy.mutual_info(x[:, 0] * scale, y[:, 0] * scale) == pytest.approx(
        float(entropy.mutual_info(x[:, 0], y[:, 0])), abs=1e-10
    )


@pytest.mark.parametrize("measure", ["renyi", "tsallis"])
@pytest.mark.parametrize("param", [5, 6])
def test_an_order_that_has_no_estimate_is_refused(measure, param):
    x = np.random.default_rng(15).standard_normal((100, 1))
    with pytest.raises(ValueError, match="param"):
        entropy.knn_entropy(x, 4, measure=measure, param=param)


def test_tsallis_is_continuous_at_order_one():
    p, r = QUARTERS, np.array([0.25, 0.5, 0.25])
    assert entropy.tsallis(p, 1.0001) == pytest.approx(float(entropy.tsallis(p, 1)), abs=1e-4)
    for excess in (1e-10, -1e-10):
        found = entropy.tsallis_divergence(p, r, 1 + excess)
        assert found == pytest.approx(float(entropy.kl(p, r)), rel=1e-9)


def test_orders_next_to_one_are_not_rounded_to_one():
    # T = S - e sum p ln^2 p / 2
    slope = (entropy.tsallis(EIGHTHS, 1 + 2.0**-20) - entropy.tsallis(EIGHTHS, 1)) * 2**20
    assert slope == pytest.approx(-(EIGHTHS * np.log(EIGHTHS) ** 2).sum() / 2, rel=1e-5)


@pytest.mark.parametrize("excess", [-1e-15, 1e-12, -1e-12, 0.0])
def test_renyi_next_to_order_one_keeps_its_digits(excess):
    assert entropy.renyi(QUARTERS, 1 + excess, base=2) == pytest.approx(1.5, abs=1e-11)


def test_renyi_of_order_500_does_not_overflow(walk):
    h, c = entropy.complexity_entropy(walk, 3, measure="renyi", param=500)
    p = entropy.ordinal_counts(walk, 3) / 2998
    assert h == pytest.approx(500 / 499 * -math.log(p.max()) / math.log(6), abs=1e-6)
    assert math.isfinite(c)


@pytest.mark.parametrize("order", range(2, 8))
def test_ties_rank_in_the_order_of_time(tied, order):
    ours = entropy.permutation_entropy(tied, order, normalize=False)
    assert ours == pytest.approx(by_stable_sort(tied, order), abs=1e-12)
    assert ours == entropy.permutation_entropy(tied, order, normalize=False)
    # equal neighbours count as rising, so that a staircase always rises
    assert entropy.permutation_entropy(np.repeat(np.arange(50), 2), order) == 0


def test_ties_are_broken_at_random_only_with_a_seed(tied):
    with pytest.raises(ValueError, match="seed"):
        entropy.ordinal_counts(tied, 3, ties="random")


def test_tsallis_entropies_of_independent_parts_add_with_their_product():
    p, r = EIGHTHS, np.array([0.7, 0.2, 0.1])
    for q in (0.5, 2.0, 3.0):
        first, second = entropy.tsallis(p, q), entropy.tsallis(r, q)
        joint = entropy.tsallis(np.outer(p, r).ravel(), q)
        assert joint == pytest.approx(first + second + (1 - q) * first * second, rel=1e-14)


@pytest.mark.parametrize("dimension", [1, 2])
def test_the_volume_of_a_ball_is_that_of_its_radius(dimension):
    x = np.random.default_rng(16).standard_normal((8000, dimension))
    exact = dimension / 2 * math.log(2 * math.pi * math.e)
    # sd of ln p is sqrt(d/2), of the distances' logs about sqrt(psi'(4)) = 0.53: 0.02 at most
    assert entropy.knn_entropy(x) == pytest.approx(exact, abs=0.05)


def test_symbols_of_two_digits_are_symbols():
    x = np.random.default_rng(17).standard_normal(600)
    s = entropy.ordinal_codes(x, 4)
    assert entropy.lempel_ziv(s) == phrases(s.tolist())
    assert entropy.lempel_ziv(s * 37 + 5) == entropy.lempel_ziv(s)


def test_outcomes_that_never_come_do_not_count():
    p = np.array([0.5, 0.5, 0.0])
    for order in (0, 1, 2):
        assert entropy.renyi(p, order) == pytest.approx(math.log(2), rel=1e-15)
    assert entropy.tsallis(p, 0.5) == pytest.approx(2 * (math.sqrt(2) - 1), rel=1e-15)
    assert entropy.tsallis(p, 0) == 1


@pytest.mark.parametrize(("method", "within"), [("ksg", 0.05), ("gaussian", 0.03)])
def test_two_correlated_normals_share_what_they_should(method, within):
    rng = np.random.default_rng(18)
    x = rng.standard_normal(4000)
    y = 0.6 * x + 0.8 * rng.standard_normal(4000)
    # -ln(1 - 0.36)/2; sd of the sample's own correlation: rho/sqrt(n) = 0.009
    assert entropy.mutual_info(x, y, method=method) == pytest.approx(0.223143551314, abs=within)


def test_the_next_pattern_of_white_noise_is_as_free_as_can_be():
    x = np.random.default_rng(19).standard_normal(10**5)
    h3, h4 = (entropy.permutation_entropy(x, d, normalize=False) for d in (3, 4))
    # a fourth value falls into each of four places alike; deficit 23 / 2e5
    assert (h4 - h3) / math.log(4) == pytest.approx(1, abs=5e-4)
    assert entropy.permutation_entropy(x, 3) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size", [4999, 5001])
def test_the_ball_of_sample_entropy_is_the_same_at_every_length(size):
    x = np.random.default_rng(20).integers(0, 4, size)
    # of 16 pairs of levels 10 are within 1, and 4 within less; Poisson error of 5e5 matches or more
    assert entropy.sample_entropy(x, r=1.0) == pytest.approx(-math.log(10 / 16), abs=0.02)
    opened = entropy.sample_entropy(x, r=1.0, inclusive=False)
    assert opened == pytest.approx(math.log(4), abs=0.02)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_radius_does_not_grow_with_the_template(m):
    x = np.random.default_rng(21).standard_normal(6000)
    # -ln erf(r/2) at any m; matches fall to 6000^2/2 * 0.11^m, errors to 0.02 at m = 3
    assert entropy.sample_entropy(x, m) == pytest.approx(2.185131747072, abs=0.05)


@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i8"])
def test_phrases_do_not_depend_on_the_integer_type(kind):
    s = np.random.default_rng(22).integers(0, 30, 1500)
    assert entropy.lempel_ziv(s.astype(kind)) == entropy.lempel_ziv(s)
    signs = np.where(s % 2, 1, -1)
    assert entropy.lempel_ziv(signs) == entropy.lempel_ziv(s % 2)
    # 9 of 1 and -1 would be allocations of gigabytes for tables indexed by a symbol
    assert entropy.lempel_ziv(np.array([2**40, -(2**40)] * 5)) == 3


def test_the_last_phrase_counts_though_incomplete():
    s = [int(c) for c in "0001101001000101"]
    assert entropy.lempel_ziv(np.array(s)) == phrases(s) == 6


@pytest.mark.parametrize("order", [3, 5])
def test_nan_is_refused(order):
    x = np.r_[np.arange(10.0), math.nan]
    for measure in (entropy.permutation_entropy, entropy.complexity_entropy):
        with pytest.raises(ValueError, match="NaN"):
            measure(x, order)


def test_two_rows_are_two_series():
    x = np.random.default_rng(23).standard_normal((2, 300))
    each = [float(entropy.permutation_entropy(row, 3)) for row in x]
    assert entropy.permutation_entropy(x, 3).tolist() == each


def test_vendi_uses_every_eigenvalue_and_its_order():
    for identity in (np.eye(100), csr_matrix(np.eye(100))):
        assert entropy.vendi(K=identity) == pytest.approx(100, rel=1e-12)
    x = np.random.default_rng(24).standard_normal((30, 5))
    x /= np.linalg.norm(x, axis=1)[:, None]
    kernel = x @ x.T
    values = np.linalg.eigvalsh(x.T @ x / 30)  # the five that are not 0
    for q, exact in (
        (0, 5),
        (1, math.exp(-(values * np.log(values)).sum())),
        (2, 1 / (values**2).sum()),
        (math.inf, 1 / values.max()),
    ):
        assert entropy.vendi(K=kernel, q=q) == pytest.approx(exact, rel=1e-9)
        assert entropy.vendi(X=x, q=q) == pytest.approx(exact, rel=1e-9)


def test_the_diffusion_spectrum_is_that_of_the_random_walk():
    x = np.random.default_rng(25).standard_normal((60, 3))
    affinity = np.exp(-((x[:, None] - x) ** 2).sum(axis=-1) / 2)
    walk = affinity / affinity.sum(axis=1)[:, None]
    p = np.abs(np.linalg.eigvals(walk).real) ** 2
    # t = 2; an eigenvalue of a matrix that is not symmetric is good to 1e-14 or so
    exact = scipy_entropy(p)
    assert entropy.diffusion_spectral_entropy(x, 1.0, t=2) == pytest.approx(exact, rel=1e-9)


def test_equal_points_are_refused_not_infinite():
    x = np.r_[np.zeros(6), np.arange(1.0, 30)][:, None]
    with pytest.raises(ValueError, match="same place"):
        entropy.knn_entropy(x, 4)


def test_three_points_have_the_entropy_of_the_formula():
    # psi(3) - psi(1) + ln 2 + mean ln r, r = 1, 1, 2: psi to rounding, not to five digits
    exact = 1.5 + math.log(2) + math.log(2) / 3
    assert entropy.knn_entropy(np.array([[0.0], [1.0], [3.0]]), 1) == pytest.approx(
        exact, rel=1e-14
    )
