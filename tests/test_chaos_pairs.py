"""Pairs: a driver that forces a response, made of the texts of both."""

import numpy as np
import pytest

from core import rng
from core.backend import select
from core.errors import ConfigError, NumericsError
from sims import chaos
from sims.chaos import expressions, flow, pairs
from sims.chaos.system import TIME, catalogue, read

PAIR_NAMES = ("Lorenz", "Rossler")
PAIR = pairs.Pair(*PAIR_NAMES)


def composed(pair=PAIR, coupling=0.5):
    return pairs.compose(pair, coupling, catalogue(), "p")


def made(params, seed=3):
    ready = chaos.prepare(params, "c:")
    found = chaos.trajectories(ready, lambda m: rng.generator(seed, "sims", "r", m), select("cpu"))
    return {found.layout[block.part].path: block for block in found.blocks}


def test_names_are_suffixed_and_the_texts_are_the_truth():
    system = composed()
    assert system.name == "Lorenz_Rossler"
    assert system.variables == (
        "x_driver", "y_driver", "z_driver", "x_response", "y_response", "z_response"
    )  # fmt: skip
    for text in system.equations:
        expressions.parse(text, {*system.variables, *system.parameters, TIME}, "p")
    assert system.parameters["rho_driver"] == 28 and system.parameters["a_response"] == 0.2
    assert "mean_forcing" in system.equations[3] and "driver" not in system.equations[4]
    assert not any("response" in text for text in system.equations[:3])


@pytest.mark.parametrize(
    "names", [("Lorenz", "Rossler"), ("Torus", "Duffing"), ("Thomas", "Torus")]
)
def test_rates_are_those_of_the_two_and_the_forcing(names):
    """At any state: r f(x) of the driver, g(y) of the response, one component forced."""
    pair = pairs.Pair(*names)
    driver, response = (catalogue()[name] for name in names)
    system = composed(pair, 0.7).changed({"mean_forcing": 1.5, "scale_forcing": 2.0}, "p")
    draw, t = np.random.default_rng(1), 0.37
    x, y = draw.normal(size=driver.dimension), draw.normal(size=response.dimension)
    found = system.rate(np.concatenate([x, y]), t)
    r = driver.period / response.period
    expected = np.concatenate([r * driver.rate(x, r * t), response.rate(y, t)])
    expected[driver.dimension] += 0.7 * 2.0 * (x[0] - 1.5)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_without_coupling_both_go_their_own_way():
    system, lorenz, rossler = composed(coupling=0.0), *(catalogue()[n] for n in PAIR_NAMES)
    # both periods are the response's; over 2 of those of Lorenz errors grow less than 20 times
    times = np.linspace(0, 2 * rossler.period, 50)
    found = flow.trajectory(system, times)
    own = flow.trajectory(lorenz, times * lorenz.period / rossler.period)
    np.testing.assert_allclose(found[:, :3], own, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[:, 3:], flow.trajectory(rossler, times), rtol=0, atol=1e-6)


def test_the_forcing_is_normalised():
    """(x - m)/s has mean 0 and deviation 1, and S/P is one deviation of the response a period."""
    system = pairs.normalised(PAIR, composed(), catalogue(), "p")
    lorenz, rossler = catalogue()["Lorenz"], catalogue()["Rossler"]
    x = flow.trajectory(lorenz, np.arange(20_000) * 0.1 * lorenz.period)[1000:, 0]
    y = flow.trajectory(rossler, np.arange(20_000) * 0.1 * rossler.period)[1000:, 0]
    mean, scale = system.parameters["mean_forcing"], system.parameters["scale_forcing"]
    # Lorenz' x changes its sign every period or so: 100 periods give its mean to s/10, twice
    assert abs(mean - x.mean()) < 0.25 * x.std()
    assert scale == pytest.approx(y.std() / x.std() / rossler.period, rel=0.1)


def test_parameters_of_both_are_used_for_the_normalisation():
    wide = composed().changed({"rho_driver": 100.0}, "p")  # x then deviates about twice as far
    usual = pairs.normalised(PAIR, composed(), catalogue(), "p")
    with_wide = pairs.normalised(PAIR, wide, catalogue(), "p")
    ratio = with_wide.parameters["scale_forcing"] / usual.parameters["scale_forcing"]
    x = flow.trajectory(
        catalogue()["Lorenz"].changed({"rho": 100.0}, ""), np.arange(6000) * 0.02 + 20
    )[:, 0]
    assert ratio == pytest.approx(7.93 / x.std(), rel=0.1)  # 7.93 is the deviation at rho = 28


@pytest.mark.parametrize("rho", [0.5, 10.0])
def test_a_driver_that_comes_to_rest_forces_nothing(rho):
    """To 0 below rho = 1; to a point aside from 0 below 24.06."""
    calm = composed().changed({"rho_driver": rho}, "p")
    with pytest.raises(NumericsError, match="Lorenz_Rossler: the driver rests"):
        pairs.normalised(PAIR, calm, catalogue(), "p")


def test_a_response_at_rest_has_no_scale():
    pair = pairs.Pair("Rossler", "Lorenz")
    calm = composed(pair).changed({"rho_response": 10.0}, "p")
    with pytest.raises(NumericsError, match="Rossler_Lorenz: the response rests by itself"):
        pairs.normalised(pair, calm, catalogue(), "p")


def test_the_response_follows_its_driver_and_the_driver_is_free():
    free = made({"pairs": [["Lorenz", "Rossler"]], "coupling": 0.0, "samples": 500})
    bound = made({"pairs": [["Lorenz", "Rossler"]], "coupling": 0.6, "samples": 500})
    a, b = (found["Lorenz_Rossler"].values["state"][0] for found in (free, bound))
    assert a.shape == (500, 6)
    assert np.abs(a[:, 3:] - b[:, 3:]).max() > 0.1 * a[:, 3:].std(axis=0).max()
    start = bound["Lorenz_Rossler"].layout.constants["initial_condition"].values[0]
    lorenz, rossler = catalogue()["Lorenz"], catalogue()["Rossler"]
    times = np.arange(60) * lorenz.period / 100
    np.testing.assert_allclose(b[:60, :3], flow.trajectory(lorenz, times, start[:3]), atol=1e-6)
    facts = bound["Lorenz_Rossler"].layout.attributes
    assert facts["period"] == rossler.period and facts["regime"] == ""
    names = facts["parameter_names"]
    stored = bound["Lorenz_Rossler"].layout.constants["parameters"].values
    assert stored[names.index("scale_forcing")] != 1.0 and stored[names.index("coupling")] == 0.6


def test_a_pair_is_made_of_systems_as_deep_as_may_be(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[Deep]\nvariables = "x"\nequations = ["' + "sqrt(" * 59 + "x" + ")" * 59 + '"]\n'
        'initial_condition = [1.0]\nperiod = 1.0\nregime = "transient"\ncitation = "none"\n'
    )
    deep = read(path)["Deep"]
    assert expressions.depth(deep.rates[0]) == expressions.DEEPEST
    system = pairs.compose(pairs.Pair("Lorenz", "Deep"), 0.5, {**catalogue(), "Deep": deep}, "p")
    assert np.isfinite(system.rate(np.ones(4))).all()


def test_pairs_stand_beside_systems_or_alone():
    assert chaos.prepare({"pairs": [["Lorenz", "Rossler"]]}, "c:").systems == ()
    both = made({"systems": ["Chen"], "pairs": [["Lorenz", "Rossler"]], "samples": 50})
    assert list(both) == ["Chen", "Lorenz_Rossler"]
    named = {"driver": "Lorenz", "response": "Rossler", "source": "z", "target": "y"}
    system = chaos.params.flows(chaos.prepare({"pairs": [named]}, "c:"))[0]
    assert "z_driver" in system.equations[4] and "driver" not in system.equations[3]
    assert system.note == "Lorenz forces Rossler: z_driver drives y_response"


def test_unbounded_variables_stay_unbounded_and_force_nothing_unless_named():
    pendulum = next(s for s in catalogue().values() if s.unbounded[:1] == s.variables[:1])
    system = composed(pairs.Pair(pendulum.name, "Lorenz"))
    assert f"{pendulum.unbounded[0]}_driver" in system.unbounded


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([["Lorentz", "Rossler"]], "c: p.pairs[0].driver: no system 'Lorentz'; did you mean"),
        ([["Lorenz", "Rosler"]], "c: p.pairs[0].response: no system 'Rosler'"),
        ([["Lorenz"]], "c: p.pairs[0]: expected [driver, response], got ['Lorenz']"),
        ([{"driver": "Lorenz"}], "c: p.pairs[0]: missing 'response'"),
        (
            [{"driver": "Lorenz", "response": "Rossler", "source": "w"}],
            "c: p.pairs[0].source: Lorenz has x, y, z, not 'w'",
        ),
        ([["Lorenz", "Rossler"]] * 2, "c: p.pairs: a pair is named twice"),
        ("Lorenz", "c: p.pairs: expected a list"),
    ],
)
def test_mistakes_in_pairs_are_told_before_anything_runs(given, message):
    with pytest.raises(ConfigError) as problem:
        chaos.prepare({"pairs": given}, "c: p")
    assert message in str(problem.value)
