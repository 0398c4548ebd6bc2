"""Forecasts and equations as measures of runs: configuration, files, figures, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis import __main__ as analyse
from analysis import plan
from analysis.figures import draw, equations, forecasts, style
from analysis.measures import MEASURES
from analysis.measures.skill import exponent
from analysis.measures.symbolic import truth
from core import config
from core.errors import ConfigError, SchemaError
from core.store import Extent, read_measure, read_run
from sims import __main__ as simulate

PARAMS = {"systems": ["Lorenz", "SprottB", "Thomas", "Rossler", "Henon"], "samples": 1400}
EXTENT = Extent({"time": 1400, "component": 2}, "float64")
SPECS = {
    "forecast": {
        "measure": "forecast",
        "models": ["persistence", "autoregression", "nvar"],
        "horizon": 1.5,
    },
    "equations": {"measure": "equations", "degree": 2},
}


def simulated(folder, params):
    path = folder / "run.h5"
    spec = json.dumps({"simulator": "chaos", "params": params, "members": 1})
    simulate.main(["few", "--spec", spec, "--seed", "3", "-o", str(path)])
    return path


def analysed(name, run, spec, path):
    analyse.main([name, str(run), "--spec", json.dumps(spec), "-o", str(path)])
    return read_measure(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the run, and both measures of it by the command line."""
    folder = tmp_path_factory.mktemp("forecast")
    run = simulated(folder, PARAMS)
    return run, {
        name: analysed(name, run, spec, folder / f"{name}.h5") for name, spec in SPECS.items()
    }


@pytest.fixture
def lorenz(files):
    with read_run(files[0]) as run:
        yield run, next(m for m in run.members if m.part == "Lorenz")


def scalars(measure):
    return {name: value for name, value, _ in measure.summary}


def test_forecasts_are_scored_in_periods_and_lyapunov_times(files):
    found = files[1]["forecast"]
    one = found.members["Lorenz"]
    assert one.components == ("persistence", "autoregression", "nvar")
    assert one.axis[-1] == pytest.approx(1.5) and one.value.shape == (150, 3)
    rows = scalars(one)
    rate = rows["Lyapunov times in a period"]
    for name in one.components:
        periods = rows[f"valid time in periods of {name}"]
        assert rows[f"valid time in Lyapunov times of {name}"] == pytest.approx(rate * periods)
        assert 0 <= rows[f"sMAPE of {name}"] <= 200
        assert rows[f"valid time in periods of {name}, standard error"] >= 0
    assert rows["valid time in periods of persistence"] < 0.3
    assert rows["valid time in periods of nvar"] == 1.5  # Lorenz is quadratic
    assert rows["forecasts of nvar valid to the horizon"] == 1.0
    np.testing.assert_allclose(one.extra["forecast"][:20, 2], one.extra["truth"][:20], atol=1e-3)


def test_the_exponent_may_be_that_of_each_trajectory(tmp_path):
    params = {"systems": ["Lorenz"], "trajectories": 2, "samples": 300, "jitter": 0.05}
    run = simulated(tmp_path, {**params, "points_per_period": 20, "exponents": 200})
    spec = {"measure": "forecast", "models": ["mean"], "horizon": 1.0}
    found = analysed("f", run, spec, tmp_path / "f.h5").members
    rates = [scalars(each)["Lyapunov times in a period"] for each in found.values()]
    assert len(set(rates)) == 2 and all(1.0 < rate < 2.0 for rate in rates)  # 0.9 times 1.5


def test_the_exponent_must_be_surely_positive():
    assert exponent({}) is None
    assert exponent({"lyapunov_spectrum": [0.5, 0.0], "lyapunov_standard_error": [0.1, 0.1]}) == 0.5
    assert exponent({"lyapunov_spectrum": [0.5], "lyapunov_standard_error": [0.2]}) is None
    assert exponent({"lyapunov_spectrum": [-0.1, -0.2]}) is None


def test_equations_are_scored_where_they_are_polynomials(files):
    found = files[1]["equations"].members
    for name in ("Lorenz", "SprottB", "Rossler", "Henon"):
        rows = scalars(found[name])
        assert rows["all equations have exactly the true terms"] == 1.0
        assert rows["largest coefficient error"] < 1e-3
        assert (found[name].value[:, 1:3] == 0).all()
    assert found["Lorenz"].value[:, 0].tolist() == [2.0, 3.0, 2.0]
    assert "dx/dt = -10*x +10*y" in found["Lorenz"].convention
    assert "x next = " in found["Henon"].convention
    thomas = found["Thomas"]
    assert scalars(thomas) == {"true equations in the library": 0.0}
    assert "not scored: 'sin(y)' is no polynomial" in thomas.convention
    assert thomas.components == ("terms found",)


def test_a_library_that_cannot_hold_the_truth_says_so(lorenz):
    run, member = lorenz
    found = MEASURES["equations"].function(run, member, degree=1)
    assert "not scored: of degree 2, and the library has 1" in found.convention


def test_too_few_samples_lower_the_degree_and_say_so(lorenz):
    run, member = lorenz
    short = replace(member, time=member.time[:140], fields={"state": member.fields["state"][:140]})
    found = MEASURES["equations"].function(run, short, degree=6)
    assert "monomials to degree 3" in found.convention
    tiny = replace(member, time=member.time[:60], fields={"state": member.fields["state"][:60]})
    with pytest.raises(ConfigError, match="Lorenz: series: 45 samples, but windows of 49"):
        MEASURES["equations"].function(run, tiny)


def test_the_truth_follows_the_parameters_of_the_member(lorenz):
    _, member = lorenz
    names = list(member.facts["parameter_names"])
    own = member.constants["parameters"].copy()
    own[names.index("rho")] = 45.0
    found = truth(replace(member, constants={"parameters": own}))
    assert found[1][(1, 0, 0)] == 45.0
    assert truth(replace(member, facts={**member.facts, "kind": "delay"})) == (
        "its rates depend on the past"
    )


def test_states_that_the_equations_do_not_hold_for_are_refused(lorenz):
    run, member = lorenz
    altered = replace(member, facts={**member.facts, "standardized": True})
    with pytest.raises(ConfigError, match="Lorenz: equations needs states as the equations have"):
        MEASURES["equations"].function(run, altered)
    fewer = replace(member, coords={"component": np.array(["x", "y"])})
    with pytest.raises(ConfigError, match=r"set params\.components to null"):
        MEASURES["equations"].function(run, fewer)
    broken = member.fields["state"][...].copy()
    broken[5, 1] = np.nan
    for name in ("forecast", "equations"):
        with pytest.raises(ConfigError, match="Lorenz: needs series without gaps"):
            MEASURES[name].function(run, replace(member, fields={"state": broken}))


@pytest.mark.parametrize(
    ("spec", "params", "text"),
    [
        ({"models": ["nvaar"]}, {}, r"models\[0\]: no 'nvaar'; did you mean 'nvar'"),
        ({"models": ["mean", "mean"]}, {}, "models: expected different names"),
        ({"horizon": 0}, {}, "horizon: must be positive, got 0"),
        ({"threshold": -1}, {}, "threshold: must be positive"),
        ({"train": 1.0}, {}, "train: must be between 0 and 1, got 1"),
        ({"starts": 0}, {}, "starts: must be 1 or more"),
        ({"horison": 2}, {}, "horison: unknown key; did you mean 'horizon'"),
        ({"horizon": 9}, {}, "horizon: 900 samples, but the test part has 700"),
        ({"train": 0.1}, {}, "reservoir needs 150 samples to learn from, and train leaves 140"),
        ({"train": 0.05, "models": ["seasonal"]}, {}, "seasonal needs 100 samples"),
        ({"train": 0.1, "models": ["nvar"]}, {}, None),
        ({"horizon": 9}, {"points_per_period": None}, None),
    ],
)
def test_forecasts_are_checked_before_the_job(spec, params, text):
    _check("forecast", spec, {**PARAMS, "points_per_period": 100, **params}, text)


@pytest.mark.parametrize(
    ("spec", "params", "text"),
    [
        ({"degree": 0}, {}, "degree: must be from 1 to 6"),
        ({"method": "weaker"}, {}, "method: no 'weaker'; did you mean 'weak'"),
        ({"train": 0.0}, {}, "train: must be between 0 and 1"),
        ({}, {"standardize": True}, "set params.standardize to false"),
        ({}, {"components": ["x"]}, "set params.components to null"),
        ({"method": "finite"}, {}, None),
    ],
)
def test_equations_are_checked_before_the_job(spec, params, text):
    _check("equations", spec, {**PARAMS, **params}, text)


def _check(name, spec, params, text):
    specs = {"mine": config.normalise({"measure": name, **spec})}
    arguments = ("mine", specs, "chaos", {"state": EXTENT}, "config.yaml:", "config.yaml: runs.r")
    if text is None:
        plan.check(*arguments, params)
        return
    with pytest.raises(ConfigError, match=text):
        plan.check(*arguments, params)


def test_files_that_are_too_short_are_refused_with_the_file(files, tmp_path):
    said = r"run\.h5: f cannot be had of it: horizon: 3000 samples, but the test part has 7"
    with pytest.raises(ConfigError, match=said):
        analysed("f", files[0], {"measure": "forecast", "horizon": 30}, tmp_path / "f.h5")
    assert not list(tmp_path.iterdir())


def texts(figure):
    from matplotlib.text import Text

    return " ".join(text.get_text() for text in figure.findobj(Text))


def test_the_figure_of_forecasts_shows_all_systems_and_the_correlation(files, tmp_path):
    found = files[1]["forecast"]
    figure = draw(found)
    shown = texts(figure)
    for word in ("persistence", "nvar", "ρ = ", "periods", "first component", "what came"):
        assert word in shown
    style.save(figure, tmp_path / "a.svg")
    style.save(draw(found), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    alone = replace(found, members={"Lorenz": found.members["Lorenz"]})
    assert "error [standard deviations]" in texts(draw(alone))
    bare = replace(found.members["Lorenz"], extra={})
    with pytest.raises(SchemaError, match="needs 'extra/valid'"):
        draw(replace(found, members={"Lorenz": bare}))


def test_the_best_models_are_those_valid_for_longest():
    assert forecasts._best(np.array([[0.1, 3.0, 2.0, 1.0], [0.1, 5.0, 2.0, 1.0]])) == [1, 2, 3]


def test_the_figure_of_equations_counts_the_outcomes(files, tmp_path):
    found = files[1]["equations"]
    assert [equations.outcome(found.members[n]) for n in ("Lorenz", "Thomas")] == [0, 3]
    one = found.members["Lorenz"]
    some, none = one.value.copy(), one.value.copy()
    some[0, 1] = none[:, 2] = 1
    assert equations.outcome(replace(one, value=some)) == 1
    assert equations.outcome(replace(one, value=none)) == 2
    shown = texts(draw(found))
    assert "all terms, no other" in shown and "not in the library" in shown
    alone = replace(found, members={"Lorenz": one})
    style.save(draw(alone), tmp_path / "one.png")
    assert "dx/dt = -10*x" in texts(draw(alone)).replace("\n", " ")
    style.save(
        draw(replace(found, members={"Thomas": found.members["Thomas"]})), tmp_path / "n.png"
    )
