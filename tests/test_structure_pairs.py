"""Pairs, clusters and local order of particles whose arrangement is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import structure
from analysis.structure.clusters import clusters_by_arrays
from analysis.structure.hexatic import nearest_by_tree
from analysis.structure.pairs import pairs_by_arrays
from analysis.structure.plane import edges_of


def gas(n=1500, box=(30.0, 20.0), seed=1):
    return np.random.default_rng(seed).uniform(size=(n, 2)) * box, np.array(box)


def hexagonal(across=12, up=7, spacing=1.0):
    """Return a perfect hexagonal lattice that fits its box: two particles to a cell."""
    cell = np.array([spacing, math.sqrt(3) * spacing])
    i, j = np.meshgrid(np.arange(across), np.arange(up), indexing="ij")
    corner = np.stack([i.ravel(), j.ravel()], axis=-1) * cell
    return np.concatenate([corner, corner + cell / 2]), cell * (across, up)


def square(n=10, spacing=1.0):
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    return (np.stack([i.ravel(), j.ravel()], axis=-1) + 0.5) * spacing, np.full(2, n * spacing)


def ordered(pairs):
    """Return pairs (P, 2) with the lower index first, ascending, and the way (P, 2) between."""
    both = np.stack([pairs.i, pairs.j], axis=-1)
    turn = both[:, 0] > both[:, 1]
    both[turn] = both[turn][:, ::-1]
    order = np.lexsort(both.T)
    return both[order], np.where(turn[:, None], -pairs.d, pairs.d)[order]


# reaches: many cells; about three a side; two a side, which are one; beyond the cells of open space
@pytest.mark.parametrize("reach", [0.4, 1.7, 6.6, 8.0, 10.0])
@pytest.mark.parametrize("periodic", [True, False])
def test_the_cells_find_the_pairs_that_all_differences_find(reach, periodic):
    points, box = gas(400)
    box = box if periodic else None
    points = points + np.array([7.0, -35.0])  # outside the box
    found, true = (
        structure.pairs_within(points, box, reach),
        pairs_by_arrays(points, box, reach),
    )
    first, second = ordered(found), ordered(true)
    assert np.array_equal(first[0], second[0])  # the same pairs, none twice
    np.testing.assert_allclose(first[1], second[1], atol=1e-13)  # roundings of numbers up to 70


@pytest.mark.parametrize("reach", [0.3, 0.6, 0.7, 2.0, 8.0])
@pytest.mark.parametrize("periodic", [True, False])
def test_the_forest_finds_the_clusters_that_the_graph_has(reach, periodic):
    points, box = gas(700)
    box = box if periodic else None
    found, true = (
        structure.find_clusters(points, box, reach),
        clusters_by_arrays(points, box, reach),
    )
    assert np.array_equal(found.label, true.label)
    assert np.array_equal(found.sizes, true.sizes)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 60), st.floats(0.05, 0.45), st.floats(1.0, 3.0), st.integers(0, 2**32 - 1))
def test_pairs_and_clusters_agree_in_any_box(n, part, ratio, seed):
    rng = np.random.default_rng(seed)
    box = np.array([1.0, ratio])
    points = rng.uniform(-1, 2, (n, 2))
    mine, true = structure.pairs_within(points, box, part), pairs_by_arrays(points, box, part)
    assert np.array_equal(ordered(mine)[0], ordered(true)[0])
    found = structure.find_clusters(points, box, part)
    assert np.array_equal(found.label, clusters_by_arrays(points, box, part).label)


@settings(deadline=None, max_examples=40)
@given(st.integers(60, 200), st.floats(1.0, 3.0), st.floats(0.05, 1.0), st.integers(0, 2**32 - 1))
def test_the_rings_find_the_nearest_that_the_tree_finds(n, ratio, crowded, seed):
    rng = np.random.default_rng(seed)
    box = np.array([1.0, ratio])
    points = rng.uniform(size=(n, 2)) * box
    points[n // 2 :] *= crowded  # half of them in a corner of the box
    if n > 150:
        points = points + rng.normal(size=2)
    try:
        found = structure.nearest_neighbours(points, box, 6)
    except ValueError as problem:
        assert "beyond half the box" in str(problem)
        far = nearest_by_tree(points, box, 6)
        assert np.linalg.norm(far, axis=-1).max() > 0.5
        return
    np.testing.assert_allclose(found, nearest_by_tree(points, box, 6), atol=1e-13)


def test_a_cluster_goes_round_the_edges_of_the_box():
    # a ring of eight along x, a bridge over the upper edge, a pair over the corner, one alone
    ring = np.stack([np.arange(8) * 1.0, np.full(8, 4.0)], axis=-1)
    bridge = np.array([[2.5, 7.7], [2.5, 0.5]])
    corner = np.array([[7.8, 6.2], [0.3, 6.4]])
    points = np.concatenate([bridge, ring, corner, [[5.0, 2.0]]])
    found = structure.find_clusters(points, 8.0, 1.05)
    assert found.sizes.tolist() == [8, 2, 2, 1]
    assert found.label.tolist() == [1, 1] + [0] * 8 + [2, 2] + [3]
    assert found.largest == 8 / 13
    assert found.mean_size == pytest.approx((64 + 4 + 4 + 1) / 13)
    open_space = structure.find_clusters(points, None, 1.05)
    assert open_space.sizes.tolist() == [8, 1, 1, 1, 1, 1]
    cut = np.concatenate([ring[:3], ring[4:]])  # a ring without one is still one
    assert structure.find_clusters(cut, 8.0, 1.05).sizes.tolist() == [7]


def test_sizes_make_a_distribution_of_all_particles():
    sizes = np.array([1, 1, 1, 2, 5, 40])
    size, density = structure.size_distribution(sizes, 50)
    assert size[0] == 1 and density[0] == 3 / 50
    fine = structure.size_distribution(sizes, 50, per_octave=64)  # every size is a bin
    assert (fine[0] * fine[1]).sum() == pytest.approx(1.0)
    assert fine[0].tolist() == [1, 2, 5, 40]


def test_a_hexagonal_lattice_is_perfectly_ordered():
    points, box = hexagonal()
    psi = structure.hexatic_order(points, box)
    np.testing.assert_allclose(psi, 1.0, atol=1e-13)  # bonds at multiples of 60 degrees
    np.testing.assert_allclose(structure.hexatic_order(points, box, reach=1.2), 1.0, atol=1e-13)
    assert (structure.contact_numbers(points, box, 1.2) == 6).all()
    turned = points @ np.array([[0.0, 1.0], [-1.0, 0.0]])  # by 90 degrees: exp(6 i 90) = -1
    np.testing.assert_allclose(structure.hexatic_order(turned, box[::-1]), -1.0, atol=1e-13)
    found = structure.hexatic_correlation(points, psi, box, 5.0, 40)
    assert np.nanmin(found.value) == pytest.approx(1.0) == np.nanmax(found.value)


def test_a_square_lattice_has_four_contacts_and_no_hexatic_order():
    points, box = square()
    assert (structure.contact_numbers(points, box, 1.2) == 4).all()
    psi = structure.hexatic_order(points, box, reach=1.2)
    np.testing.assert_allclose(psi, 0.0, atol=1e-14)  # (1 - 1 + 1 - 1)/4


def test_a_particle_without_neighbours_has_no_order():
    points = np.array([[0.0, 0.0], [5.0, 5.0], [5.9, 5.0]])
    psi = structure.hexatic_order(points, 20.0, reach=1.0)
    assert psi[0] == 0
    np.testing.assert_allclose(psi[1:], 1.0)


def test_the_radial_distribution_of_an_ideal_gas_is_one():
    box = np.array([40.0, 30.0])
    every = []
    for seed in range(20):
        points, _ = gas(1000, box, seed)
        every.append(structure.radial_distribution(points, box, 15.0, 30).value)
    g = np.array(every)
    error = g.std(axis=0, ddof=1) / math.sqrt(20)
    # unbiased in every bin: of 30 deviations in standard errors of 20 samples none is beyond 5
    assert np.abs((g.mean(axis=0) - 1) / error).max() < 5
    # pairs are Poisson to leading order: variance 1/pairs
    points, _ = gas(1000, box)
    pairs = structure.radial_distribution(points, box, 15.0, 30).pairs
    chi = ((g - 1) ** 2 * pairs).mean()
    assert chi == pytest.approx(1.0, abs=5 * math.sqrt(2 / 600))


def test_the_radial_distribution_counts_the_shells_of_a_lattice():
    points, box = hexagonal(20, 12)
    found = structure.radial_distribution(points, box, 2.5, 250)
    n = len(points)
    shells = {1.0: 6, math.sqrt(3): 6, 2.0: 6}
    for distance, members in shells.items():
        near = np.abs(found.r - distance) < 0.02
        assert found.pairs[near].sum() == n * members / 2
    assert found.pairs.sum() == n * 18 / 2
    area = math.pi * 0.01**2 * np.diff(np.arange(251) ** 2)
    expected = n * (n - 1) / 2 * area / box.prod()
    np.testing.assert_allclose(found.value * expected, found.pairs)


def test_the_correlation_of_weights_is_their_mean_over_pairs():
    points, box = gas(300)
    rng = np.random.default_rng(2)
    weights = rng.normal(size=300) + 1j * rng.normal(size=300)
    found = structure.pair_correlation(points, weights, box, 5.0, 20)
    pairs = pairs_by_arrays(points, box, 5.0)
    place = (np.hypot(*pairs.d.T) / 0.25).astype(int)
    product = (weights[pairs.i].conj() * weights[pairs.j]).real
    count = np.bincount(place, minlength=20)
    np.testing.assert_array_equal(found.pairs, count)
    np.testing.assert_allclose(found.value, np.bincount(place, product, 20) / count, rtol=1e-12)


def test_moving_the_box_changes_nothing():
    points, box = gas(500)
    moved = points + np.array([123.456, -77.7])
    psi, same = structure.hexatic_order(points, box), structure.hexatic_order(moved, box)
    np.testing.assert_allclose(same, psi, atol=1e-10)  # positions of 100 keep 1e-14, r is 0.1
    assert np.array_equal(
        structure.find_clusters(points, box, 0.8).label,
        structure.find_clusters(moved, box, 0.8).label,
    )
    assert np.array_equal(
        structure.contact_numbers(points, box, 0.8), structure.contact_numbers(moved, box, 0.8)
    )


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda p, b: structure.find_clusters(p, b, 11.0), "beyond half the box"),
        (lambda p, b: structure.find_clusters(p, b, 0.0), "reach: must be positive"),
        (lambda p, b: structure.find_clusters(p, b, math.inf), "reach"),
        (lambda p, b: structure.find_clusters(p * np.nan, b, 1.0), "particle 0"),
        (lambda p, b: structure.find_clusters(p[:, :1], b, 1.0), r"\(N, 2\)"),
        (lambda p, b: structure.find_clusters(p, -b, 1.0), "edges must be positive"),
        (lambda p, b: structure.find_clusters(p, [5.0, np.inf], 1.0), "open along all"),
        (lambda p, b: structure.find_clusters(p, [5.0, 5.0, 5.0], 1.0), "one edge or 2"),
        (lambda p, b: structure.radial_distribution(p, None, 5.0), "open space"),
        (lambda p, b: structure.radial_distribution(p, b, 5.0, 0), "bins"),
        (lambda p, b: structure.radial_distribution(p[:1], b, 5.0), "two at least"),
        (lambda p, b: structure.pair_correlation(p, p, b, 5.0), "weights"),
        (lambda p, b: structure.hexatic_order(p[:5], b), "neighbours: must be from 1 to 4"),
        (lambda p, b: structure.hexatic_order(np.repeat(p, 2, 0), b), "same place"),
        (lambda p, b: structure.hexatic_order(p[:8], b), "beyond half the box"),
        (lambda p, b: structure.size_distribution(np.empty(0), 1), "sizes"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(call, word):
    points, box = gas(50)
    with pytest.raises(ValueError, match=word):
        call(points, box)


def test_a_box_may_be_one_edge():
    assert edges_of(3.0, 2).tolist() == [3.0, 3.0]
    assert np.isposinf(edges_of(None, 2)).all()


def test_freud_finds_the_same():
    freud = pytest.importorskip("freud", reason="freud-analysis is not installed")
    points, _ = gas(2000, (40.0, 40.0))
    box = np.full(2, 40.0)
    centred = np.zeros((2000, 3))
    centred[:, :2] = points - 20.0
    theirs = (freud.box.Box.square(40.0), centred)
    cluster = freud.cluster.Cluster().compute(theirs, neighbors={"r_max": 0.8})
    ours = structure.find_clusters(points, box, 0.8)
    assert np.array_equal(np.sort(np.bincount(cluster.cluster_idx))[::-1], ours.sizes)
    psi = freud.order.Hexatic(6).compute(theirs).particle_order
    # theirs is in single precision
    np.testing.assert_allclose(structure.hexatic_order(points, box), psi, atol=1e-3)
    g = freud.density.RDF(50, 10.0).compute(theirs).rdf
    mine = structure.radial_distribution(points, box, 10.0, 50)
    # they count N^2 pairs of an ideal gas and we N (N - 1); single precision moves some pairs
    np.testing.assert_allclose(mine.value * 1999 / 2000, g, atol=0.01)
    near = freud.density.LocalDensity(3.0, 0.0).compute(theirs).num_neighbors
    discs = structure.disc_densities(points, box, 3.0, points) * math.pi * 9 - 1
    assert np.abs(discs - near).max() <= 1  # one at the edge of the disc
