"""Reference processes: their exact laws, by independent members; patterns, by exact numbers.

Statistics are of independent members, five standard errors wide, with fixed seeds.
"""

import itertools
import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.entropy import processes
from analysis.entropy.functionals import renyi, shannon
from analysis.entropy.ordinal import ordinal_codes, ordinal_patterns
from analysis.entropy.process_patterns import (
    autoregressive_patterns,
    brownian_patterns,
    gaussian_patterns,
    logistic_measures,
    logistic_patterns,
)
from analysis.entropy.processes import (
    autoregressive,
    fractional_brownian_motion,
    fractional_covariance,
    fractional_gaussian_noise,
    logistic_map,
    noise_with_spectrum,
    white_noise,
)

lively = settings(deadline=None, max_examples=60)
DRAWN = {
    "white": lambda n, seed, members=None: white_noise(n, seed, members=members),
    "ar": lambda n, seed, members=None: autoregressive(n, 0.7, seed, members=members),
    "fgn": lambda n, seed, members=None: fractional_gaussian_noise(n, 0.3, seed, members=members),
    "fbm": lambda n, seed, members=None: fractional_brownian_motion(n, 0.6, seed, members=members),
    "pink": lambda n, seed, members=None: noise_with_spectrum(n, 1, seed, members=members),
    "logistic": lambda n, seed, members=None: logistic_map(n, seed=seed, members=members),
}


def has_covariance(x, exact):
    """Products of normal variables of variance v, w scatter by sqrt((v w + c^2) / members)."""
    found = x.T @ x / len(x)
    spread = np.sqrt((np.outer(np.diag(exact), np.diag(exact)) + exact**2) / len(x))
    assert np.all(np.abs(found - exact) <= 5 * spread + 1e-14)


def has_patterns(x, probability):
    """Independent windows: counts are multinomial."""
    order = x.shape[1]
    counts = np.bincount(ordinal_codes(x, order)[:, 0], minlength=math.factorial(order))
    spread = np.sqrt(probability * (1 - probability) / len(x))
    assert np.all(np.abs(counts / len(x) - probability) <= 5 * spread)


def by_name(probability, order):
    """Return {argsort: probability} of the patterns that occur."""
    names = ("".join(map(str, row)) for row in ordinal_patterns(order).tolist())
    return {name: p for name, p in zip(names, probability, strict=True) if p}


@pytest.mark.parametrize("name", DRAWN)
def test_shapes_seeds_and_members(name):
    draw = DRAWN[name]
    one = draw(50, 1)
    assert one.shape == (50,) and one.dtype == np.float64
    np.testing.assert_array_equal(one, draw(50, np.random.default_rng(1)))
    assert not np.array_equal(one, draw(50, 2))
    assert draw(50, 1, (2, 3)).shape == (2, 3, 50)
    few, many = draw(50, 1, 3), draw(50, 1, 5)
    np.testing.assert_array_equal(few, many[:3])
    np.testing.assert_array_equal(draw(50, 1, (5,)), many)
    np.testing.assert_array_equal(draw(50, 1, (5, 1))[:, 0], many)


def test_members_do_not_depend_on_how_many_are_in_hand(monkeypatch):
    whole = fractional_gaussian_noise(30, 0.7, 1, members=7)
    monkeypatch.setattr(processes, "AT_ONCE", 120)
    np.testing.assert_array_equal(fractional_gaussian_noise(30, 0.7, 1, members=7), whole)


@pytest.mark.parametrize("phi", [0.7, 0.0, -0.95])
def test_autoregression_has_its_covariance_from_the_first_sample(phi):
    lag = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    exact = np.where(lag == 0, 1.0, phi**lag) / (1 - phi**2)
    has_covariance(autoregressive(6, phi, 3, members=20_000), exact)


def test_autoregression_is_its_recursion():
    x, e = autoregressive(100, 0.6, 4), white_noise(100, 4)
    np.testing.assert_allclose(x[1:], 0.6 * x[:-1] + e[1:], rtol=1e-13, atol=1e-14)
    assert x[0] == pytest.approx(e[0] / 0.8, rel=1e-15)


@pytest.mark.parametrize("hurst", [0.05, 0.3, 0.5, 0.75, 0.97])
def test_fractional_covariance_is_good_to_rounding_at_every_lag(hurst):
    covariance = fractional_covariance(10**6 + 1, hurst)
    with localcontext() as context:
        context.prec = 60
        power = 2 * Decimal(hurst)
        for k in (1, 2, 7, 15, 16, 17, 100, 12345, 10**6):
            near = [(Decimal(v) ** power if v else Decimal(0)) for v in (k - 1, k, k + 1)]
            exact = float((near[0] - 2 * near[1] + near[2]) / 2)
            # below lag 16 the difference loses up to 16^2 / |H (2H - 1)| roundings
            assert covariance[k] == pytest.approx(exact, rel=2e-12, abs=1e-15 / k**2)
    assert covariance[0] == 1
    k = np.arange(1, 1000)
    total = 1000 + 2 * np.sum((1000 - k) * covariance[1:1000])  # variance of the motion
    assert total == pytest.approx(1000.0 ** (2 * hurst), rel=1e-10, abs=1e-9)


@pytest.mark.parametrize("hurst", [0.1, 0.3, 0.5, 0.7])
def test_fractional_noise_and_motion_have_their_covariance(hurst):
    time = np.arange(7.0)
    lag = np.abs(np.subtract.outer(time, time))
    exact = fractional_covariance(7, hurst)[lag.astype(int)]
    has_covariance(fractional_gaussian_noise(7, hurst, 5, members=20_000), exact)
    power = time ** (2 * hurst)
    exact = (power[:, None] + power - lag ** (2 * hurst)) / 2
    has_covariance(fractional_brownian_motion(7, hurst, 6, members=20_000), exact)


@pytest.mark.parametrize("hurst", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 100_000])
def test_every_length_embeds_at_every_hurst(n, hurst):
    noise = fractional_gaussian_noise(n, hurst, 7)
    motion = fractional_brownian_motion(n + 1, hurst, 7)
    assert motion[0] == 0 and np.isfinite(noise).all()
    np.testing.assert_allclose(np.diff(motion), noise, atol=1e-9)
    assert fractional_brownian_motion(1, hurst, 7).tolist() == [0]


def test_a_covariance_that_embeds_in_no_ring_is_not_passed_over(monkeypatch):
    monkeypatch.setattr(
        processes, "fractional_covariance", lambda n, _: np.where(np.arange(n) < 2, 1.0, 0.0)
    )
    with pytest.raises(ArithmeticError, match="negative mode"):
        fractional_gaussian_noise(20, 0.5, 1)


@pytest.mark.parametrize("n", [16, 17, 2])
@pytest.mark.parametrize("exponent", [0, 1, 2, -1.5])
def test_noise_has_its_spectrum(n, exponent):
    x = noise_with_spectrum(n, exponent, 8, members=10_000)
    power = np.mean(np.abs(np.fft.rfft(x)) ** 2, axis=0) / n
    assert power[0] == pytest.approx(0, abs=1e-25)
    k = np.arange(1, n // 2 + 1)
    both = np.where(2 * k == n, 1, 2)
    exact = k ** (-float(exponent))
    exact *= n / np.sum(both * exact)  # so that the mean square is 1
    # |mode|^2 scatters by itself, that of Nyquist, which is real, by sqrt 2 of it
    assert np.all(np.abs(power[1:] / exact - 1) <= 5 * np.sqrt(2 / both / 10_000))


def test_steep_noise_does_not_overflow():
    for exponent in (300, -300):
        x = noise_with_spectrum(1000, exponent, 9)
        assert np.isfinite(x).all() and np.ptp(x) > 0


def test_an_orbit_follows_the_map_and_leaves_out_the_transient():
    for r in (4.0, 3.9):
        x = logistic_map(200, r, x0=0.3)
        assert x[0] == 0.3
        np.testing.assert_array_equal(x[1:], r * x[:-1] * (1 - x[:-1]))
        np.testing.assert_array_equal(logistic_map(100, r, x0=0.3, transient=100), x[100:])
        starts = np.array([[0.1, 0.3], [0.2, 0.6]])
        every = logistic_map(200, r, x0=starts)
        assert every.shape == (2, 2, 200) and every.flags.c_contiguous
        np.testing.assert_array_equal(every[0, 1], x)
    assert logistic_map(3, 2.0, x0=0.5).tolist() == [0.5, 0.5, 0.5]
    cycle = logistic_map(4, 3.2, x0=0.3, transient=2000)  # a period of 2 is real there
    assert cycle[0] == pytest.approx(cycle[2], rel=1e-14) and cycle[0] != cycle[1]


def test_starts_are_drawn_from_the_invariant_law():
    # mean 1/2, variance 1/8, fourth central moment 3/128, at every step
    x = logistic_map(8, seed=10, members=50_000)
    assert np.all(np.abs(x.mean(0) - 0.5) < 5 * math.sqrt(1 / 8 / 50_000))
    spread = math.sqrt((3 / 128 - 1 / 64) / 50_000)
    assert np.all(np.abs(((x - 0.5) ** 2).mean(0) - 1 / 8) < 5 * spread)


def test_a_million_steps_do_not_collapse():
    x = logistic_map(1_000_000, seed=11)
    # samples of this orbit are uncorrelated, as are their squares but for neighbours
    assert x.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 8 / 1e6))
    assert np.unique(x).size > 999_000


@pytest.mark.parametrize("x0", [0.0, 1.0, 0.5, 0.75, [0.3, 0.5]])
def test_an_orbit_that_repeats_itself_is_refused(x0):
    with pytest.raises(ValueError, match="x0: an orbit repeats itself"):
        logistic_map(50, x0=x0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: white_noise(0, 1), "n: must be 1 or more"),
        (lambda: white_noise(5, None), "seed: give an integer"),
        (lambda: white_noise(5, 1, members=0), "members: must be 1 or more"),
        (lambda: white_noise(5, 1, members=(2, 0)), "members: must be 1 or more"),
        (lambda: autoregressive(5, 1.0, 1), "phi: must be between"),
        (lambda: autoregressive(5, math.nan, 1), "phi: must be between"),
        (lambda: fractional_gaussian_noise(5, 1, 1), "hurst: must be between"),
        (lambda: fractional_gaussian_noise(5, 0.5, None), "seed: give an integer"),
        (lambda: fractional_brownian_motion(1, 0, 1), "hurst: must be between"),
        (lambda: fractional_brownian_motion(1, 0.5, None), "seed: give an integer"),
        (lambda: noise_with_spectrum(1, 0, 1), "n: must be 2 or more"),
        (lambda: noise_with_spectrum(8, math.inf, 1), "exponent: must be finite"),
        (lambda: logistic_map(5, 4.1, seed=1), "r: must be from 0 to 4"),
        (lambda: logistic_map(5, math.nan, seed=1), "r: must be from 0 to 4"),
        (lambda: logistic_map(5), "x0: give either"),
        (lambda: logistic_map(5, x0=0.3, seed=1), "x0: give either"),
        (lambda: logistic_map(5, x0=0.3, members=2), "members: has no meaning"),
        (lambda: logistic_map(5, x0=1.1), "x0: must be from 0 to 1"),
        (lambda: logistic_map(5, x0=math.nan), "x0: must be from 0 to 1"),
        (lambda: logistic_map(5, seed=1, transient=-1), "transient: must be 0 or more"),
        (lambda: gaussian_patterns([0, 1, 2, 3, 4], 5), "order: must be from 2 to 4"),
        (lambda: gaussian_patterns([0, 1], 3), "variogram: must be 3 numbers"),
        (lambda: gaussian_patterns([1, 1, 1], 3), "variogram: must be 3 numbers"),
        (lambda: gaussian_patterns([0, 1, -1], 3), "variogram: must be 3 numbers"),
        (lambda: gaussian_patterns([0, 1, 5], 3), "variogram: belongs to no process"),
        (lambda: brownian_patterns(1.0, 3), "hurst: must be between"),
        (lambda: brownian_patterns(0.5, 1), "order: must be from 2 to 4"),
        (lambda: autoregressive_patterns(-1, 3), "phi: must be between"),
        (lambda: autoregressive_patterns(0.5, 5), "order: must be from 2 to 4"),
        (lambda: logistic_patterns(9), "order: must be from 2 to 8"),
    ],
)
def test_what_has_no_law_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# Patterns


@pytest.mark.parametrize(
    ("hurst", "three", "four", "rising"),
    [
        (0.3, 1.774658717852, 3.112131644322, 0.08216419),
        (0.5, 1.732867951400, 2.983448516501, 0.125),
        (0.7, 1.639527437416, 2.735266255560, 0.19186990),
        (0.9, 1.399978976079, 2.165978427772, 0.31209815),
    ],
)
def test_brownian_patterns_have_the_entropies_of_closed_form(hurst, three, four, rising):
    p = brownian_patterns(hurst, 3)
    straight = math.asin(2 ** (hurst - 1)) / math.pi
    exact = [straight, *[(1 - 2 * straight) / 4] * 4, straight]
    np.testing.assert_allclose(p, exact, rtol=1e-14)
    assert shannon(p) == pytest.approx(three, abs=1e-12)
    assert shannon(brownian_patterns(hurst, 4)) == pytest.approx(four, abs=1e-12)
    assert brownian_patterns(hurst, 4)[0] == pytest.approx(rising, abs=5e-9)
    np.testing.assert_array_equal(brownian_patterns(hurst, 2), [0.5, 0.5])


def test_autoregressive_patterns_have_the_entropies_of_closed_form():
    p = autoregressive_patterns(0.7, 3)
    assert p[0] == pytest.approx(1 / 4 - math.asin(0.15) / (2 * math.pi), rel=1e-14)
    assert p[0] == pytest.approx(0.226036315115, abs=1e-12)
    assert shannon(p) == pytest.approx(1.761487545952, abs=1e-12)
    assert shannon(autoregressive_patterns(0.7, 4)) == pytest.approx(3.075862783451, abs=1e-12)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_processes_that_are_the_same_have_the_same_patterns(order):
    uniform = np.full(math.factorial(order), 1 / math.factorial(order))
    np.testing.assert_allclose(autoregressive_patterns(0.0, order), uniform, rtol=1e-13)
    # of correlation 1 - e the steps are those of a random walk, to order e
    walk = brownian_patterns(0.5, order)
    np.testing.assert_allclose(autoregressive_patterns(1 - 1e-7, order), walk, atol=1e-6)


@lively
@given(st.floats(0.01, 0.99), st.floats(-0.99, 0.99))
def test_orders_agree_with_one_another_and_with_the_mirrors(hurst, phi):
    for p3, p4 in (
        (brownian_patterns(hurst, 3), brownian_patterns(hurst, 4)),
        (autoregressive_patterns(phi, 3), autoregressive_patterns(phi, 4)),
    ):
        assert p4.min() > -1e-13
        table = ordinal_patterns(4)
        for first in (0, 1):  # the first three values of four, and the last three
            part = np.zeros(6)
            for row, p in zip(table.tolist(), p4, strict=True):
                kept = [i - first for i in row if first <= i < first + 3]
                code = ordinal_patterns(3).tolist().index(kept)
                part[code] += p
            np.testing.assert_allclose(part, p3, atol=1e-13)
        names = by_name(p4 + 1, 4)
        for row, p in zip(table, p4 + 1, strict=True):
            assert names["".join(map(str, row[::-1]))] == pytest.approx(p, abs=1e-13)  # -x
            assert names["".join(map(str, 3 - row))] == pytest.approx(p, abs=1e-13)  # time


@pytest.mark.parametrize("order", [2, 3, 4])
def test_generators_have_the_patterns_of_closed_form(order):
    size = math.factorial(order)
    has_patterns(white_noise(order, 20, members=200_000), np.full(size, 1 / size))
    for phi in (0.7, -0.6):
        x = autoregressive(order, phi, 21, members=200_000)
        has_patterns(x, autoregressive_patterns(phi, order))
    for hurst in (0.3, 0.7):
        x = fractional_brownian_motion(order, hurst, 22, members=100_000)
        has_patterns(x, brownian_patterns(hurst, order))


@pytest.mark.parametrize("order", [2, 3, 5, 8])
def test_logistic_orbits_have_their_patterns_and_no_others(order):
    has_patterns(logistic_map(order, seed=23, members=200_000), logistic_patterns(order))


@pytest.mark.parametrize(
    ("order", "allowed", "entropy", "second"),
    [
        (2, 2, 0.636514168295, 0.587786664902),
        (3, 5, 1.489750318851, 1.408767216972),
        (4, 12, 2.348945537589, 2.242022720236),
        (5, 31, 3.254769248578, 3.111353448703),
        (6, 75, 4.142335116536, 3.986009908805),
        (7, 178, 4.988602711021, 4.826975445147),
        (8, 414, 5.822598234627, 5.656428645737),
    ],
)
def test_logistic_patterns_have_their_exact_entropies(order, allowed, entropy, second):
    p = logistic_patterns(order)
    assert np.count_nonzero(p) == allowed
    assert shannon(p) == pytest.approx(entropy, abs=1e-12)
    assert renyi(p, 2) == pytest.approx(second, abs=1e-12)


def test_logistic_patterns_are_these_rationals():
    three = {"012": "1/3", "021": "1/15", "102": "2/15", "120": "1/5", "201": "4/15"}
    four = {
        "0123": "1/6",
        "0132": "1/30",
        "0213": "1/15",
        "0312": "22/315",
        "1203": "2/63",
        "1230": "17/126",
        "1320": "1/30",
        "2013": "1/15",
        "2031": "23/315",
        "2301": "8/63",
        "3012": "4/63",
        "3102": "2/15",
    }
    for order, exact in ((3, three), (4, four)):
        lengths, total = logistic_measures(order)
        found = by_name([Fraction(int(v), total) for v in lengths], order)
        assert found == {name: Fraction(value) for name, value in exact.items()}


@pytest.mark.parametrize("order", [3, 5, 7])
def test_the_patterns_of_two_orders_agree_exactly(order):
    (short, one), (long, whole) = logistic_measures(order - 1), logistic_measures(order)
    assert short.sum() == one and long.sum() == whole
    names = {tuple(row): code for code, row in enumerate(ordinal_patterns(order - 1).tolist())}
    exact = [Fraction(int(v), one) for v in short]
    for first in (0, 1):  # leaving out the last sample, or the first: the law is stationary
        part = [Fraction(0)] * len(exact)
        for code in np.flatnonzero(long):
            row = ordinal_patterns(order)[code].tolist()
            kept = tuple(i - first for i in row if first <= i < first + order - 1)
            part[names[kept]] += Fraction(int(long[code]), whole)
        assert part == exact


def test_exact_measures_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        logistic_measures(3)[0][0] = 1
    p = logistic_patterns(3)
    p[0] = 9
    assert logistic_patterns(3)[0] == pytest.approx(1 / 3)


def test_codes_are_those_of_the_ordinal_counts():
    # every order of four values, its code from the definition
    for values in itertools.permutations(range(4)):
        code = sum(
            math.factorial(k) * sum(values[j] > values[k] for j in range(k)) for k in range(4)
        )
        assert ordinal_codes(np.array(values, float), 4)[0] == code
        assert ordinal_patterns(4)[code].tolist() == np.argsort(values).tolist()
