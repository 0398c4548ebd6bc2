"""Dynamics by name in a study: on states and series alike, checked before a job, drawn after it."""

import math
from pathlib import Path

import numpy as np
import pytest

from analysis import plan
from analysis.figures import bifurcations, draw
from core.errors import ConfigError, NumericsError, SchemaError
from core.store import Extent, MeasureFile, Member, Run, read_measure, write_measure

STEP, COUNT = 0.1, 4000
SPECS = {
    "dimension": {"observable": "orbit", "functional": "correlation_dimension"},
    "exponent": {"observable": "orbit", "functional": "lyapunov_from_data"},
    "section": {"observable": "orbit", "functional": "section", "coordinate": "q"},
    "k": {"observable": "series", "along": "time", "functional": "zero_one"},
    "period": {"observable": "series", "along": "time", "functional": "period"},
    "maxima": {"observable": "series", "along": "time", "functional": "maxima", "row": 0},
    "delayed": {
        "observable": "embedded", "dimension": 3, "delay": 8,
        "functional": "correlation_dimension",
    },
}  # fmt: skip
EXTENTS = {"state": Extent({"time": COUNT, "component": 3}, "float64")}


def turning(member=0, amplitude=1.0, count=COUNT):
    """A harmonic oscillator (q, p, -q) of period 2 pi, as a chaos run holds it."""
    t = 1.0 + STEP * np.arange(count)
    s = t + member
    state = amplitude * np.stack([np.cos(s), -np.sin(s), -np.cos(s)], axis=-1)
    coords = {"component": np.array(["q", "p", "r"])}
    return Member(str(member), member, t, coords, {"state": state},
                  {"state": ("time", "component")}, "state")  # fmt: skip


def run_of(*members, **params):
    return Run(Path("run.h5"), "chaos", "turning", params, 3, list(members))


def measured(name, run, index=0, **more):
    spec = {**SPECS[name], **more}
    return plan.resolve(name, {name: spec}, "test:").function(run, run.members[index])


def written(tmp_path, name, run, file="m.h5") -> MeasureFile:
    members = {m.name: measured(name, run, i) for i, m in enumerate(run.members)}
    write_measure(tmp_path / file, name, members, run=run, spec=SPECS[name], provenance={})
    return read_measure(tmp_path / file)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_each_is_accepted_before_a_job_and_says_what_it_is(name):
    plan.check(name, SPECS, "chaos", EXTENTS, "c.yaml:", "c.yaml: runs.a", {})
    found = measured(name, run_of(turning()))
    assert np.isfinite(found.value).all() and found.label and found.convention and found.summary
    assert found.value.shape == (len(found.axis), len(found.components))


def test_a_cycle_has_dimension_one_and_no_exponent():
    run = run_of(turning())
    for name in ("dimension", "delayed"):
        found = measured(name, run)
        assert found.value.ravel()[0] == pytest.approx(1.0, abs=0.05)
    assert abs(measured("exponent", run).value[0, 0]) < 1e-3


def test_a_cycle_is_regular_and_has_its_period():
    run = run_of(turning())
    np.testing.assert_allclose(measured("k", run).value, 0.0, atol=0.03)
    np.testing.assert_allclose(measured("period", run).value, 2 * math.pi, rtol=1e-6)


def test_a_section_gives_returns_and_points_on_the_plane():
    found = measured("section", run_of(turning()), offset=0.5, direction=-1)
    crossings, mean, spread = found.value[0]
    assert crossings == pytest.approx(COUNT * STEP / (2 * math.pi), abs=1)
    assert mean == pytest.approx(2 * math.pi, abs=1e-9)
    assert spread < 1e-6
    # q falls through 1/2 where p = -sin = -3^(1/2)/2, and the other coordinate is -1/2
    np.testing.assert_allclose(found.extra["points"], [[-math.sqrt(0.75), -0.5]] * int(crossings),
                               atol=1e-6)  # fmt: skip


def test_a_section_is_named_or_numbered_and_lies_at_the_mean_unless_told():
    run = run_of(turning())
    by_name, by_number = measured("section", run), measured("section", run, coordinate=0)
    np.testing.assert_array_equal(by_name.value, by_number.value)
    state = run.members[0].fields["state"]
    assert by_name.extra["level"][0] == pytest.approx(state[:, 0].mean())


def test_maxima_of_a_row_are_its_amplitude():
    found = measured("maxima", run_of(turning(amplitude=3.0)))
    assert found.value[0, 1] == pytest.approx(3.0, abs=1e-8)
    assert found.extra["heights"].size == found.value[0, 0]


def test_a_complex_field_makes_orbits_too():
    """Modes e^(-i k^2 t/2) of a free wave: its period along t is that of the beat, at each x."""
    t, x = 0.05 * np.arange(600), np.linspace(0, 2 * np.pi, 8, endpoint=False)
    psi = 1 + 0.3 * np.exp(1j * (x[None] - 0.5 * t[:, None]))
    member = Member("0", 0, t, {"x": x}, {"psi": psi}, {"psi": ("time", "x")}, "psi")
    run = Run(Path("run.h5"), "nlse", "beat", {"case": "from_file"}, 3, [member])
    found = measured("period", run)
    np.testing.assert_allclose(found.value, 4 * math.pi, rtol=0.05)
    assert found.axis_label == "x" and len(found.axis) == 8
    assert measured("section", run, coordinate=2).value[0, 1] == pytest.approx(4 * math.pi)


def refused(spec, extents=EXTENTS):
    with pytest.raises(ConfigError) as problem:
        plan.check("it", {"it": spec}, "chaos", extents, "c.yaml:", "c.yaml: runs.a", {})
    return str(problem.value)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({**SPECS["dimension"], "theiler": 3000}, "theiler: must be at most 1000"),
        ({**SPECS["dimension"], "low": 2.0, "high": 1.0}, "low: must be below high"),
        ({**SPECS["dimension"], "low": -2.0}, "low: must be positive"),
        ({**SPECS["dimension"], "metod": "fit"}, "did you mean 'method'"),
        ({**SPECS["dimension"], "method": "fits"}, "did you mean 'fit'"),
        ({**SPECS["delayed"], "dimension": 900}, "hold no two vectors of 900"),
        ({**SPECS["delayed"], "delay": 0}, "delay: must be 1 or more"),
        ({"observable": "embedded", "functional": "section"}, "missing 'dimension'"),
        ({**SPECS["exponent"], "steps": 2000}, "steps: must be at most 1000"),
        ({**SPECS["exponent"], "radius": 0.1}, "radius: is of the method kantz"),
        ({**SPECS["k"], "step": 100}, "zero_one: 200 samples or more"),
        ({"observable": "series", "functional": "zero_one"}, "the series have 3"),
        ({**SPECS["k"], "frequencies": 1}, "frequencies: must be 3"),
        ({**SPECS["section"], "direction": 0}, "direction: must be 1 or -1"),
        ({**SPECS["section"], "coordinate": -1}, "coordinate: must be 0 or more"),
        ({**SPECS["maxima"], "row": -1}, "row: must be 0 or more"),
        ({"observable": "series", "functional": "section"}, "observables for it: orbit, embedded"),
    ],
)
def test_what_cannot_be_is_refused_before_a_job(spec, words):
    assert words in refused(spec)


def test_what_only_the_data_tell_names_member_and_cure():
    run = run_of(turning())
    with pytest.raises(NumericsError, match=r"member 0: section: 0 crossings of q = 5; .* -1 to 1"):
        measured("section", run, offset=5.0)
    with pytest.raises(ConfigError, match=r"coordinate: no 'z'; known: q, p, r"):
        measured("section", run, coordinate="z")
    with pytest.raises(ConfigError, match="row: must be below 3"):
        measured("maxima", run, row=7)


def test_members_give_a_mean_with_its_standard_error(tmp_path):
    run = run_of(*(turning(m) for m in range(4)))
    file = written(tmp_path, "dimension", run)
    each = np.array([m.value[0, 0] for m in file.members.values()])
    assert file.mean.value[0, 0] == pytest.approx(each.mean())
    assert file.standard_error[0, 0] == pytest.approx(each.std(ddof=1) / 2)
    assert "over 4 members" in draw(file).get_suptitle()


@pytest.mark.parametrize("name", ["dimension", "exponent", "section", "maxima"])
def test_the_figure_of_one_orbit_holds_what_was_measured(tmp_path, name):
    file = written(tmp_path, name, run_of(turning()))
    measure = file.members["0"]
    axes = draw(file).axes
    drawn = np.concatenate([line.get_ydata() for a in axes for line in a.lines])
    key = {"dimension": "sums", "exponent": "logarithms", "section": "points", "maxima": "heights"}
    expected = measure.extra[key[name]]
    assert np.isin(expected.ravel()[1:], drawn).all()


def test_runs_of_a_sweep_make_one_diagram(tmp_path):
    files = [
        written(tmp_path, "maxima", run_of(turning(amplitude=a), parameters={"a": a, "b": 1}), f)
        for a, f in ((1.0, "1.h5"), (2.0, "2.h5"))
    ]
    figure = draw(files)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "a"
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(y, x, atol=1e-8)
    assert set(x) == {1.0, 2.0}


def test_a_diagram_needs_one_parameter_that_varies(tmp_path):
    one = written(tmp_path, "maxima", run_of(turning(), a=1.0, b=1.0), "1.h5")
    two = written(tmp_path, "maxima", run_of(turning(), a=2.0, b=2.0), "2.h5")
    text = written(tmp_path, "maxima", run_of(turning(), a="x", b=1.0), "3.h5")
    with pytest.raises(SchemaError, match="differ in a, b"):
        draw([one, two])
    with pytest.raises(SchemaError, match="differ in nothing"):
        draw([one, one])
    with pytest.raises(SchemaError, match="a is no number"):
        bifurcations.varied([one, text])
