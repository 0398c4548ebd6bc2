"""Maps: their texts, their orbits, their exponents against what is exact or published."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from analysis.dynamics import kaplan_yorke, lyapunov_spectrum
from core.errors import ConfigError, NumericsError
from sims.chaos import generate, maps, words
from sims.chaos.system import REGIMES, catalogue, read

MAPS = catalogue("map")
IN_WORDS = sorted(name for name, system in MAPS.items() if system.exact)
FIRST = 2.0**-53


def on_attractor(system, n=1000):
    return maps.trajectory(system, np.array([0, n]))[-1]


def spectrum(system, n):
    return lyapunov_spectrum(maps.Tangent(system, on_attractor(system)), n, n // 200)


def test_there_are_enough_of_them_and_they_are_told_apart():
    assert len(MAPS) >= 25 and len(catalogue("delay")) == 6
    flows = catalogue("flow")
    assert not {*MAPS} & {*flows} and len(catalogue()) == len(flows) + 6 + len(MAPS)
    for name, system in MAPS.items():
        assert system.kind == "map" and system.period == 1 and system.regime in REGIMES, name
        assert len(system.citation) > 10 and system.latex()[0].startswith(
            f"{system.variables[0]}_{{n+1}} = "
        )


@pytest.mark.parametrize("name", sorted(MAPS))
def test_the_jacobian_is_that_of_a_complex_step_and_the_code_that_of_the_text(name):
    system = MAPS[name]
    d, draw = system.dimension, np.random.default_rng(0)
    x = on_attractor(system) * (1 + 0.01 * draw.normal(size=(4, d)))
    exact = np.stack([system.rate(x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(d)], axis=-1)
    found = system.jacobian_at(x)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * max(1, np.abs(exact).max()))
    module, work, q = generate.written(system), generate.work(system), draw.normal(size=(d, d))
    for row in x:
        out = np.empty(d + d * d + 1)
        module.tangent(0, 0.0, 0.0, np.concatenate([row, q.ravel(), [0.0]]), out, work)
        size = max(1, np.abs(row).max())
        np.testing.assert_allclose(out[:d], system.rate(row), rtol=0, atol=1e-13 * size)
        moved = system.jacobian_at(row) @ q
        size = max(1, np.abs(moved).max())
        np.testing.assert_allclose(
            out[d : d + d * d].reshape(d, d), moved, rtol=0, atol=1e-12 * size
        )


@pytest.mark.parametrize("name", sorted(set(MAPS) - set(IN_WORDS)))
def test_an_orbit_is_that_of_the_equations(name):
    system = MAPS[name]
    found = maps.trajectory(system, np.arange(30))
    assert (found[0] == system.initial_condition).all()
    each = system.rate(found[:-1])  # one step each: what chaos does to rounding stays out
    apart = np.abs(found[1:] - each)
    if "floor" in " ".join(system.equations):
        apart = np.minimum(apart, np.abs(1 - apart))
    assert apart.max() < 1e-12 * max(1, np.abs(each).max())


def test_the_time_of_a_map_is_the_number_of_the_iteration():
    driven = replace(
        MAPS["Logistic"], name="Driven", equations=("x + t",), initial_condition=(0.0,)
    )
    found = maps.trajectory(driven, np.array([3, 4, 7]))[:, 0]
    assert list(found) == [0, 3, 3 + 4 + 5 + 6]


GOLDEN = math.log((3 + math.sqrt(5)) / 2)
EXPONENTS = {
    # exact
    "Logistic at 4": ("Logistic", {"r": 4.0}, [math.log(2)]),
    "Cubic at 3": ("Cubic", {"a": 3.0}, [math.log(3)]),
    "Tent": ("Tent", {}, [math.log(2)]),
    "Tent at 1.9": ("Tent", {"s": 1.9}, [math.log(1.9)]),
    "Doubling": ("Doubling", {}, [math.log(2)]),
    "Doubling by 3": ("Doubling", {"beta": 3.0}, [math.log(3)]),
    "Doubling by 2.5": ("Doubling", {"beta": 2.5}, [math.log(2.5)]),
    "Baker": ("Baker", {}, [math.log(2), -math.log(2)]),
    "ArnoldCat": ("ArnoldCat", {}, [GOLDEN, -GOLDEN]),
    "KaplanYorke": ("KaplanYorke", {}, [math.log(2), math.log(0.2)]),
    # Sprott (2003) Chaos and Time-Series Analysis, App. A.1 and A.2
    "Henon": ("Henon", {}, [0.41922, -1.62319]),
    "Lozi": ("Lozi", {}, [0.47023, -1.16338]),
    "Ikeda": ("Ikeda", {}, [0.50760, -0.71832]),
    "Burgers": ("Burgers", {}, [0.12076, -0.22136]),
    "Tinkerbell": ("Tinkerbell", {}, [0.18997, -0.52091]),
    "DelayedLogistic": ("DelayedLogistic", {}, [0.18312]),
}


@pytest.mark.parametrize("case", EXPONENTS)
def test_exponents_are_the_exact_and_the_published_ones(case):
    name, parameters, expected = EXPONENTS[case]
    system = MAPS[name].changed(parameters, name)
    found = spectrum(system, 5_000_000)
    assert found.standard_errors[0] < 3e-4  # 1e-3 is three of them or more
    np.testing.assert_allclose(found.exponents[: len(expected)], expected, rtol=0, atol=1e-3)


DETERMINANTS = {
    "Henon": math.log(0.3),
    "Lozi": math.log(0.5),
    "Ikeda": 2 * math.log(0.9),
    "DissipativeStandard": math.log(0.1),
    "GeneralizedHenon": math.log(0.1),
    "HolmesCubic": math.log(0.2),
    "Zaslavskii": -3.0,
} | dict.fromkeys(
    ("ArnoldCat", "Baker", "Bogdanov", "Chirikov", "Gingerbreadman", "Hopalong",
     "HenonAreaPreserving"),
    0.0,
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(DETERMINANTS))
def test_the_sum_of_the_exponents_is_that_of_a_constant_determinant(name):
    # the logarithm of each determinant, and a sum of 2e4 of them, to rounding
    assert spectrum(MAPS[name], 20_000).exponents.sum() == pytest.approx(
        DETERMINANTS[name], abs=1e-10
    )


@pytest.mark.parametrize("name", sorted(MAPS))
def test_stretches_are_those_of_the_determinants_along_the_orbit(name):
    system, start = MAPS[name], on_attractor(MAPS[name])
    parts = list(maps.stretches(system, 600, start, interval=150))
    assert [part.time for part in parts] == [150, 300, 450, 600]
    orbit = maps.trajectory(system, np.arange(600), start)
    total = np.log(np.abs(np.linalg.det(system.jacobian_at(orbit)))).sum()
    assert sum(part.divergence for part in parts) == pytest.approx(total, abs=1e-7)


def test_the_dimension_of_henons_attractor():
    assert kaplan_yorke(spectrum(MAPS["Henon"], 1_000_000).exponents) == pytest.approx(
        1.25827, abs=1e-3
    )


@pytest.mark.parametrize("name", sorted(MAPS))
def test_labels_hold_both_ways(name):
    system = MAPS[name]
    e, se = spectrum(system, 200_000)
    if system.regime in ("chaotic", "weakly chaotic"):
        assert e[0] > 3 * se[0] + 1e-3
    else:
        assert system.regime == "quasi-periodic" and abs(e[0]) < 3 * se[0] + 1e-4
    assert kaplan_yorke(e) <= system.dimension


@pytest.mark.parametrize("name", IN_WORDS)
def test_nothing_collapses(name):
    system = MAPS[name]
    count = words.COUNT[words.scheme(system)[0]]
    assert count > 0
    found = maps.trajectory(system, np.arange(100_000))[:, :count]
    assert len(np.unique(found[-1000:, 0])) == 1000
    for column in found.T:  # uniform in [0, 1), which is the invariant measure of them all
        counts, _ = np.histogram(column, bins=16, range=(0, 1))
        expected = len(column) / 16
        # 15 degrees of freedom; neighbours depend on each other, which widens it by 1/(1 - 1/2)^2
        assert ((counts - expected) ** 2 / expected).sum() < 4 * 45
    assert found.min() >= 0 and found.max() < 1


def test_in_floating_point_they_would_collapse():
    for name in ("Doubling", "Tent"):
        x = np.array(MAPS[name].initial_condition)
        for _ in range(60):
            x = MAPS[name].rate(x)
        assert x[0] == 0.0


def test_an_orbit_in_words_is_that_of_one_real_number():
    """Its digits, read off the orbit, give back every state to the last one that it shows."""
    system, n = MAPS["Doubling"], 400
    found = maps.trajectory(system, np.arange(n + 60))[:, 0]
    digits = (found >= 0.5).astype(int)
    x = Fraction(0)
    for digit in digits[::-1]:
        x = (x + int(digit)) / 2
    assert float(abs(x - Fraction(system.initial_condition[0]))) < FIRST
    for state in found[:n]:  # exact arithmetic from there on: no rounding at all
        assert 0 <= float(x - Fraction(state)) < FIRST
        x = 2 * x % 1


def test_the_tent_in_words_follows_its_exact_orbit():
    found = maps.trajectory(MAPS["Tent"], np.arange(500))[:, 0]
    x = Fraction(0)
    for state in found[::-1]:  # inverse branches shrink what is not known of the end
        x = x / 2 if state < 0.5 else 1 - x / 2
    assert float(abs(x - Fraction(MAPS["Tent"].initial_condition[0]))) < FIRST
    for state in found[:440]:
        assert 0 <= float(x - Fraction(state)) < FIRST
        x = 2 * min(x, 1 - x)


def test_words_are_stepped_as_integers_are():
    big = 2**64
    x, y = 0xDEADBEEF12345677, 0x8BADF00D87654321
    drawn = np.uint64(0xC000000000000001)

    def stepped(code, base, *given):
        bits = np.array(given, dtype=np.uint64)
        words.step(code, np.uint64(base), bits, drawn)
        return [int(word) for word in bits]

    assert stepped(words.BERNOULLI, 5, x) == [(5 * x + int(drawn) % 5) % big]
    assert stepped(words.TENT, 2, x) == [big - 1 - (2 * x + 1) % big]
    assert stepped(words.BAKER, 2, x, y) == [(2 * x + 1) % big, y // 2 + big // 2]
    assert stepped(words.CAT, 1, x, y) == [(x + y) % big, (x + 2 * y) % big]


def test_fresh_words_are_those_of_the_published_generator():
    # the first three of SplitMix64 with seed 0
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [int(words.fresh(np.uint64(0), n)) for n in range(3)] == known


def test_words_begin_with_the_digits_that_are_given():
    number = np.array([0.3141592653589793, 0.75])
    drawn = np.array([words.filled(number, seed) for seed in range(200)])
    assert (drawn >> np.uint64(11) == np.ldexp(number, 53).astype(np.uint64)).all()
    assert (drawn % 2 == 1).all()  # even ones have a shorter period under the cat map
    low = drawn & np.uint64(2047)
    assert len(np.unique(low)) > 300 and abs(low.mean() - 1024) < 5 * 2048 / math.sqrt(12 * 400)


def test_words_serve_only_where_they_step_as_the_equations():
    assert words.scheme(MAPS["Doubling"]) == (words.BERNOULLI, 2)
    assert words.scheme(MAPS["Doubling"].changed({"beta": 7.0}, "x")) == (words.BERNOULLI, 7)
    for name, parameters in (("Doubling", {"beta": 2.5}), ("Tent", {"s": 1.9})):
        assert words.scheme(MAPS[name].changed(parameters, "x"))[0] == words.NONE
    assert words.scheme(replace(MAPS["Sinai"], exact="cat"))[0] == words.NONE
    assert words.scheme(replace(MAPS["Henon"], exact="baker"))[0] == words.NONE


def test_starts_and_seeds_draw_digits_of_their_own():
    system, times = MAPS["Doubling"], np.arange(200)
    one = maps.trajectory(system, times, np.array([0.3]))
    assert (one == maps.trajectory(system, times, np.array([0.3]))).all()
    for other in (
        maps.trajectory(system, times, np.array([0.3]), seed=1),
        maps.trajectory(system, times, np.array([0.3000001])),
    ):
        assert np.abs(one - other)[100:].mean() > 0.2  # independent: 1/3
    again = maps.trajectory(system, times, np.array([0.3]), seed=1)
    assert np.abs(again - one)[:20].max() < 2.0 ** (20 - 53)  # the digits that were given agree


@pytest.mark.parametrize("name", ["Henon", "Doubling", "KaplanYorke"])
def test_samples_do_not_depend_on_which_are_asked_for(name, monkeypatch):
    system = MAPS[name]
    whole = maps.trajectory(system, np.arange(2001))
    assert (maps.trajectory(system, np.arange(0, 2001, 7)) == whole[::7]).all()
    monkeypatch.setattr(maps, "PAUSE", 100)
    assert (maps.trajectory(system, np.array([0, 1999, 2000])) == whole[[0, 1999, 2000]]).all()
    parts = [part.logarithms for part in maps.stretches(system, 2000, interval=50)]
    monkeypatch.setattr(maps, "PAUSE", 10**6)
    again = [part.logarithms for part in maps.stretches(system, 2000, interval=50)]
    assert len(parts) == 40 and (np.array(parts) == np.array(again)).all()


def test_mistakes_are_told():
    henon, logistic = MAPS["Henon"], MAPS["Logistic"]
    with pytest.raises(ConfigError, match=r"Henon: a map has no state at t = 0\.5"):
        maps.trajectory(henon, np.array([0, 0.5, 1]))
    with pytest.raises(ValueError, match="times: must rise"):
        maps.trajectory(henon, np.array([1, 0]))
    with pytest.raises(ValueError, match="initial: Henon has 2 variables"):
        maps.trajectory(henon, np.arange(3), np.array([0.1]))
    with pytest.raises(NumericsError, match="Henon: has blown up at iteration 8"):
        maps.trajectory(henon, np.arange(100), np.array([5.0, 5.0]))
    with pytest.raises(NumericsError, match="Henon: has blown up at iteration 8"):
        list(maps.stretches(henon, 100, np.array([5.0, 5.0])))
    with pytest.raises(NumericsError, match="Logistic: tangent vectors are lost at iteration 1"):
        list(maps.stretches(logistic, 100, np.array([0.5])))
    with pytest.raises(ConfigError, match="Doubling: initial: must be from 0 to 1"):
        maps.trajectory(MAPS["Doubling"], np.arange(3), np.array([1.0]))


MINE = """
kind = "map"

[Mine]
variables = "x y"
equations = ["1 - a*x**2 + y", "0.3*x"]
parameters = {a = 1.4}
initial_condition = [0.1, 0.1]
period = 1
regime = "chaotic"
citation = "Henon (1976)"
"""


def test_a_map_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    mine = read(path)["Mine"]
    orbit = maps.trajectory(mine, np.arange(20))
    np.testing.assert_allclose(orbit[1:], MAPS["Henon"].rate(orbit[:-1]), rtol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "map"', 'kind = "mapp"', "mine.toml: kind: must be one of flow, map, delay"),
        ("period = 1", 'period = 1\nkind = "mop"', "Mine.kind: no 'mop'; did you mean 'map'"),
        ("period = 1", 'period = 1\nkind = "map"\ndelays = "a"', "Mine.delays: a map has none"),
        ("period = 1", 'period = 1\nkind = "delay"', "Mine.delays: name the parameters that"),
        ("period = 1", 'period = 1\nexact = "tint"', "Mine.exact: of maps, one of bernoulli"),
    ],
)
def test_mistakes_of_a_catalogue_are_told(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace(old, new, 1))
    with pytest.raises(ConfigError) as problem:
        read(path)
    assert message in str(problem.value)
