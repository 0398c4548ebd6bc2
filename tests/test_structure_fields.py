"""Densities, structure factors and entropies of arrangements that are known."""

import math

import numpy as np
import pytest

from analysis import structure
from analysis.structure.density import disc_densities_by_arrays
from analysis.structure.factor import modes_by_products


def gas(n, box, seed=1):
    return np.random.default_rng(seed).uniform(size=(n, 2)) * box


def test_counts_of_a_grid_are_all_particles():
    box = np.array([12.0, 9.0])
    points = gas(400, box) + np.array([50.0, -3.0])
    density = structure.box_densities(points, box, 3.1)
    assert density.shape == (4, 3)
    assert density.sum() * box.prod() / 12 == pytest.approx(400)
    lattice = np.stack(np.meshgrid(np.arange(12), np.arange(9)), -1).reshape(-1, 2) + 0.5
    assert (structure.box_densities(lattice, box, 3.0) == 1.0).all()


def test_boxes_of_an_ideal_gas_have_the_variance_of_poisson():
    box = np.full(2, 40.0)
    cells = np.stack([structure.box_densities(gas(3200, box, s), box, 4.0) for s in range(20)])
    counts = cells * 16.0
    # binomial: N p (1 - p) with p = 1/100; the error of a variance of n samples is sqrt(2/n)
    expected = 32 * 0.99
    assert counts.var() == pytest.approx(expected, rel=5 * math.sqrt(2 / counts.size))


@pytest.mark.parametrize("radius", [0.7, 2.0, 3.9, 4.4])
def test_discs_count_what_all_differences_count(radius):
    box = np.array([12.0, 9.0])
    points = gas(300, box)
    at = gas(50, box, 2) * 3 - 10
    found = structure.disc_densities(points, box, radius, at)
    true = disc_densities_by_arrays(points, box, radius, at)
    np.testing.assert_allclose(found, true, rtol=1e-12)
    assert structure.disc_densities(points, box, radius).ndim == 2


def modes_of(points):
    return structure.structure_factor(points, 10.0, 3.0)


def two_phases(rng, gas_at=0.15, dense_at=0.75, width=0.04, parts=(0.5, 0.3, 0.2), n=4000):
    low = rng.normal(gas_at, width, int(parts[0] * n))
    high = rng.normal(dense_at, width, int(parts[1] * n))
    between = rng.uniform(gas_at, dense_at, int(parts[2] * n)) + rng.normal(
        0, width, int(parts[2] * n)
    )
    return np.concatenate([low, high, between])


def test_the_binodals_of_a_mixture_are_its_peaks():
    found = structure.binodals(two_phases(np.random.default_rng(3)))
    assert found.separated
    # the error of a peak's mean is about width/sqrt(1200) = 0.0012, more as the interface overlaps
    assert found.gas == pytest.approx(0.15, abs=0.006)
    assert found.dense == pytest.approx(0.75, abs=0.006)
    np.testing.assert_allclose(found.parts, (0.5, 0.3, 0.2), atol=0.03)
    np.testing.assert_allclose(found.widths, 0.04, atol=0.006)
    assert found.distance == pytest.approx(0.6 / 0.04, rel=0.15)


def test_the_interface_does_not_move_the_binodals():
    rng = np.random.default_rng(4)
    found = structure.binodals(two_phases(rng, parts=(0.3, 0.3, 0.4), n=20000))
    assert found.gas == pytest.approx(0.15, abs=0.005)
    assert found.dense == pytest.approx(0.75, abs=0.005)


def test_the_law_of_phases_is_a_density():
    x = np.linspace(-2, 3, 20001)
    each = structure.phase_densities(x, (0.5, 0.3, 0.2), (0.2, 0.8), (0.05, 0.09))
    np.testing.assert_allclose(np.trapezoid(each, x, axis=1), (0.5, 0.3, 0.2), rtol=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_one_phase_is_not_taken_for_two(seed):
    box = np.full(2, 60.0)
    density = structure.box_densities(gas(2000, box, seed), box, 5.0)
    found = structure.binodals(density)
    assert not found.separated
    assert found.gas == found.dense == pytest.approx(2000 / 3600)


@pytest.mark.parametrize("mean", [0.3, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("boxes", [256, 4000])
def test_few_particles_to_a_box_are_not_taken_for_two_phases(mean, boxes):
    # Poisson's law is askew; clusters of a gas widen it, which a negative binomial law is like
    rng = np.random.default_rng(4)
    for _ in range(5):
        assert not structure.binodals(0.04 * rng.poisson(mean, boxes)).separated
        assert not structure.binodals(
            0.04 * rng.negative_binomial(2, 2 / (2 + mean), boxes)
        ).separated
    dense = rng.random(boxes) < 0.2
    both = np.where(dense, rng.binomial(30, 0.9, boxes), rng.poisson(mean, boxes))
    found = structure.binodals(0.04 * both)
    assert found.separated and found.dense == pytest.approx(0.04 * 27, rel=0.03)


def test_a_lattice_is_one_phase():
    assert not structure.binodals(np.full(100, 0.8)).separated


def test_the_structure_factor_of_an_ideal_gas_is_one():
    box = np.array([30.0, 20.0])
    every = np.stack(
        [structure.structure_factor(gas(200, box, seed), box, 4.0).s for seed in range(40)]
    )
    # exponential at each wavevector: mean 1, variance 1
    assert every.mean() == pytest.approx(1.0, abs=5 / math.sqrt(every.size))
    assert every.var() == pytest.approx(1.0, abs=5 * math.sqrt(8 / every.size))


def test_the_structure_factor_of_a_lattice_is_n_at_its_reciprocal_vectors():
    n = 8
    i, j = np.meshgrid(np.arange(n), np.arange(n))
    points = np.stack([1.5 * i.ravel(), 1.0 * j.ravel()], axis=-1) + 0.37
    found = structure.structure_factor(points, (12.0, 8.0), 7.8)
    on_x = np.isclose(np.mod(found.q[:, 0] * 1.5 / (2 * math.pi) + 0.5, 1), 0.5)
    on_y = np.isclose(np.mod(found.q[:, 1] / (2 * math.pi) + 0.5, 1), 0.5)
    expected = np.where(on_x & on_y, 64.0, 0.0)
    assert (expected > 0).sum() == 4  # (0, 1), (1, 0), (1, 1), (1, -1); and not their opposites
    np.testing.assert_allclose(found.s, expected, atol=1e-10)


def test_the_modes_are_the_sums_they_stand_for():
    box = np.array([7.0, 5.0])
    points = gas(30, box)
    found = structure.structure_factor(points, box, 6.0)
    direct = np.abs(np.exp(-1j * found.q @ points.T).sum(axis=1)) ** 2 / 30
    np.testing.assert_allclose(found.s, direct, rtol=1e-10, atol=1e-12)
    across, up = int(6 * 7 / (2 * math.pi)), int(6 * 5 / (2 * math.pi))
    every = [
        (m, k)
        for m in range(-across, across + 1)
        for k in range(-up, up + 1)
        if 0 < math.hypot(2 * math.pi * m / 7, 2 * math.pi * k / 5) <= 6
    ]
    assert 2 * len(found.s) == len(every)


@pytest.mark.parametrize("orders", [(3, 4), (20, 33), (0, 5), (7, 0), (60, 2)])
@pytest.mark.parametrize("n", [1, 500])
def test_the_spread_points_have_the_modes_of_the_sums(n, orders):
    box = np.array([7.0, 5.0])
    points = gas(n, box) + np.array([-3.0, 100.0])
    points[0] = box * (1 - 1e-16)  # at the edge
    found = structure.density_modes(points, box, orders)
    np.testing.assert_allclose(found, modes_by_products(points, box, orders), 0, 1e-11 * n)


def test_the_modes_run_on_a_strict_array_library():
    xp = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    points = gas(30, np.array([7.0, 5.0]))
    found = structure.density_modes(xp.asarray(points), (7.0, 5.0), (3, 4))
    true = structure.density_modes(points, (7.0, 5.0), (3, 4))
    np.testing.assert_allclose(np.asarray(found), true, 0, 30e-12)


def test_shells_average_all_wavevectors():
    box = np.full(2, 10.0)
    found = structure.structure_factor(gas(100, box), box, 5.0)
    rings = structure.shells(found, 2 * math.pi / 10)
    assert rings.vectors.sum() == len(found.s)
    assert (rings.s * rings.vectors).sum() == pytest.approx(found.s.sum())
    assert rings.vectors[0] == 4  # (1, 0), (0, 1), (1, 1), (1, -1): up to one and a half widths
    assert (np.diff(rings.q) > 0).all()


def test_the_coarsening_length_of_a_wave_is_its_wavelength():
    # particles at the crests of one wave with three periods along x
    rng = np.random.default_rng(5)
    x = (rng.integers(0, 3, 3000) + rng.normal(0, 0.02, 3000)) * 8.0
    points = np.stack([x, rng.uniform(0, 24.0, 3000)], axis=-1)
    found = structure.structure_factor(points, 24.0, 1.2)
    # only the modes (3, 0) and the noise, 1/1000 of it, are below q = 1.2
    assert structure.coarsening_length(found, 1.2) == pytest.approx(8.0, rel=0.05)


def test_the_coarsening_length_is_the_ratio_of_the_moments_it_says():
    # S = exp(-q): int S dq/int q S dq over the line is 1, over q times the plane it would be 1/2
    step = 0.05
    m = np.arange(-400, 401) * step
    q = np.stack(np.meshgrid(m, m, indexing="ij"), axis=-1).reshape(-1, 2)
    size = np.hypot(q[:, 0], q[:, 1])
    q, size = q[size > 0], size[size > 0]
    found = structure.Factor(q, np.exp(-size))
    # what the missing q = 0 leaves out of int S dq is about step/2
    assert structure.coarsening_length(found, 19.0) == pytest.approx(2 * math.pi, rel=step)


def test_moving_the_box_changes_no_density_mode():
    box = np.array([11.0, 7.0])
    points = gas(200, box)
    shift = np.array([1234.5, -77.7])
    before = structure.structure_factor(points, box, 5.0).s
    after = structure.structure_factor(points + shift, box, 5.0).s
    # phases of 1234 keep 3e-13 each, q times that
    np.testing.assert_allclose(after, before, rtol=1e-8, atol=1e-10)


def test_the_entropies_of_an_ideal_gas_are_those_of_independence():
    box = np.array([40.0, 25.0])
    every = [structure.position_entropy(gas(1000, box, seed), box) for seed in range(12)]
    error = np.std(every, ddof=1) / math.sqrt(12)
    assert abs(np.mean(every)) < 5 * error < 0.06
    angle = np.random.default_rng(2).uniform(0, 2 * math.pi, 5000)
    heads = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    # the standard error of the mean logarithm is about sqrt((pi^2/6 - ...)/N) < 1/sqrt(N)
    assert structure.heading_entropy(heads) == pytest.approx(0.0, abs=5 / math.sqrt(5000))


def test_aligned_headings_have_the_entropy_of_their_arc():
    angle = np.random.default_rng(2).uniform(-0.25, 0.25, 20000)  # over the cut at angle 0
    heads = 3.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    expected = math.log(0.5 / (2 * math.pi))
    assert structure.heading_entropy(heads) == pytest.approx(expected, abs=5 / math.sqrt(20000))


def test_the_binned_entropy_is_that_of_the_filled_part():
    box = np.full(2, 10.0)
    i, j = np.meshgrid(np.arange(10), np.arange(10))
    even = np.stack([i.ravel(), j.ravel()], axis=-1) + 0.5
    assert structure.density_entropy(even, box, 1.0) == pytest.approx(1.0)
    half = even[even[:, 0] < 5]
    assert structure.density_entropy(half, box, 1.0, normalize=False) == pytest.approx(math.log(50))
    one = np.full((20, 2), 3.3)
    assert structure.density_entropy(one, box, 1.0) == 0.0
    corrected = structure.density_entropy(
        gas(300, box), box, 1.0, estimator="grassberger", normalize=False
    )
    plain = structure.density_entropy(gas(300, box), box, 1.0, normalize=False)
    # few particles in a box hide entropy: (K - 1)/2N = 99/600 of it to first order
    assert abs(corrected - math.log(100)) < 0.05 < math.log(100) - plain


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda p: structure.structure_factor(p, None, 5.0), "open space"),
        (lambda p: structure.structure_factor(p, 10.0, 0.1), "smallest wavenumber"),
        (lambda p: structure.coarsening_length(modes_of(p), 0.1), "q_cut"),
        (lambda p: structure.shells(modes_of(p), 0.0), "width"),
        (lambda p: structure.box_densities(p, 10.0, 20.0), "side"),
        (lambda p: structure.disc_densities(p, 10.0, 6.0), "radius|reach"),
        (lambda p: structure.binodals([1.0, 2.0]), "8 or more"),
        (lambda p: structure.binodals([np.nan] * 10), "finite"),
        (lambda p: structure.position_entropy(p, None), "open space"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_word(call, word):
    with pytest.raises(ValueError, match=word):
        call(gas(50, np.full(2, 10.0)))
