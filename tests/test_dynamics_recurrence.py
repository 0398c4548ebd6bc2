"""Recurrences against the matrix itself; embeddings of systems whose dimension is known."""

import math

import numpy as np
import pytest

from analysis.dynamics import delay_information, embedding_delay, false_neighbours, recurrence


def henon(n):
    x, y, orbit = 0.1, 0.1, np.empty((n, 2))
    for i in range(n):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        orbit[i] = x, y
    return orbit[100:]


def runs(row):
    """Lengths of the runs of True in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return edges[1::2] - edges[::2]


@pytest.mark.parametrize("theiler", [1, 4])
@pytest.mark.parametrize("shortest", [2, 3])
def test_lines_are_those_of_the_matrix(theiler, shortest):
    x, radius = henon(260), 0.3
    matrix = np.abs(x[:, None] - x[None]).max(axis=-1) <= radius
    i, j = np.indices(matrix.shape)
    matrix &= abs(i - j) >= theiler
    n = len(x)
    diagonal = np.concatenate([runs(np.diagonal(matrix, k)) for k in range(theiler, n)])
    vertical = np.concatenate([runs(column) for column in matrix.T])
    found = recurrence(x, radius, theiler=theiler, shortest=shortest)
    long = diagonal[diagonal >= shortest]
    assert found.rate == pytest.approx(matrix.sum() / ((n - theiler) * (n - theiler + 1)))
    assert found.determinism == pytest.approx(long.sum() / diagonal.sum())
    assert found.laminarity == pytest.approx(vertical[vertical >= shortest].sum() / vertical.sum())
    assert found.longest == diagonal.max()
    assert found.mean_line == pytest.approx(long.mean())
    assert found.trapping == pytest.approx(vertical[vertical >= shortest].mean())
    p = np.bincount(long)
    p = p[p > 0] / long.size
    assert found.entropy == pytest.approx(-(p * np.log(p)).sum())


def test_a_cycle_recurs_once_a_period_and_for_ever():
    """Every eighth diagonal is full: rate 1/8 about, all of it on long diagonals."""
    t = np.arange(400)
    angle = 2 * np.pi * t / 8
    found = recurrence(np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.1)
    assert found.determinism == pytest.approx(1.0, abs=0.01)
    assert found.longest == 400 - 8
    full = sum(400 - k for k in range(8, 400, 8))
    assert found.rate == pytest.approx(full / (400 * 399 / 2))
    assert found.laminarity == 0.0 and found.trapping == 0.0


def test_white_noise_recurs_by_chance():
    """|x - y| <= r of two uniform numbers: 2r - r^2; a diagonal goes on with that chance."""
    r = 0.1
    found = recurrence(np.random.default_rng(3).random(2000), r)
    q = 2 * r - r * r
    assert found.rate == pytest.approx(q, rel=0.02)
    # a recurrence stands alone if neither neighbour on its diagonal recurs
    assert found.determinism == pytest.approx(1 - (1 - q) ** 2, rel=0.05)


def test_a_radius_is_a_tenth_of_the_size_unless_given():
    x = henon(500)
    size = math.sqrt(x.var(axis=0).sum())
    assert recurrence(x).radius == pytest.approx(0.1 * size)
    assert recurrence(x).rate == recurrence(x, 0.1 * size).rate


def test_the_information_of_a_delay_is_that_of_a_gaussian_pair():
    """-ln(1 - rho^2)/2 for an autoregression, rho = a^tau; cells lose a little."""
    from scipy.signal import lfilter

    x = lfilter([1.0], [1.0, -0.8], np.random.default_rng(1).standard_normal(100_000))
    found = delay_information(x, 5)
    rho = 0.8 ** np.arange(1, 6)
    exact = -0.5 * np.log1p(-(rho**2))
    assert (found[1:] < exact + 0.01).all()
    np.testing.assert_allclose(found[1:], exact, rtol=0.1)
    assert found[0] == pytest.approx(math.log(27), abs=1e-3)  # of equal cells with themselves


def test_independent_values_have_no_information():
    found = delay_information(np.random.default_rng(2).random(20_000), 4)
    # chi-square with (bins - 1)^2 degrees of freedom over 2T: 15 bins, scatter 20/4e4
    np.testing.assert_allclose(found[1:], 0.0, atol=3e-3)


def test_the_delay_of_an_oscillation_is_a_quarter_of_its_period():
    t = np.arange(20_000)
    x = np.sin(2 * np.pi * t / 40) + 0.2 * np.random.default_rng(3).standard_normal(t.size)
    assert embedding_delay(x) == pytest.approx(10, abs=1)


def test_the_delay_of_a_map_is_one():
    assert embedding_delay(henon(5000)[:, 0]) == 1


def test_the_henon_series_needs_two_dimensions_and_a_sine_two():
    found = false_neighbours(henon(5000)[:, 0], 4)
    assert found[0] > 0.5
    assert (found[1:] < 0.02).all()
    sine = false_neighbours(np.sin(0.1234567 * np.arange(3000)), 3, 12)
    assert sine[0] > 0.3
    assert (sine[1:] < 0.01).all()


def test_noise_is_embedded_nowhere():
    found = false_neighbours(np.random.default_rng(4).standard_normal(2000), 6)
    assert (found > 0.1).all()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: recurrence(np.ones(50)), "x: all points are equal"),
        (lambda: recurrence(np.arange(50.0), -1.0), "radius: must be positive"),
        (lambda: recurrence(np.arange(50.0), 1.0, theiler=50), "theiler: must be from 1 to 49"),
        (lambda: recurrence(np.arange(50.0), 1.0, shortest=1), "shortest: must be 2"),
        (lambda: recurrence([1.0, np.nan, 2.0]), "x: holds NaN"),
        (lambda: delay_information(np.arange(40.0), 30), "most: must be from 1 to 24"),
        (lambda: false_neighbours(np.arange(40.0), 10, 3), "most: 40 samples are too few"),
        (lambda: embedding_delay(np.ones(40)), "x: is constant"),
    ],
)
def test_bad_input_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
