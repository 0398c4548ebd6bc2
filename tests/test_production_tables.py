"""Tables of entropy production: routes on exact cases, and all measures of a study side by side."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import comparison
from analysis import footing as rows_of
from analysis.figures import agreement as figure
from analysis.figures import draw, footing, style
from analysis.measures.reversible import spectral_growth
from analysis.production import agreement
from core import exact_nlse
from core.errors import ConfigError
from core.store import Check, Measure, MeasureFile, Member, Run, read_measure
from core.store.replay import ReplayError, replay

FAST = ("chain_of_aoups", "athermal_aoup", "two_swimmers", "three_states")


def rated(names, values, *, checks=(), summary=(), units="1/time", convention="even: c"):
    value = np.asarray(values, dtype=float)[None]
    return Measure(
        axis=np.zeros(1), axis_label="run", axis_units="1", value=value, label="q", units=units,
        convention=convention, components=tuple(names), checks=checks, summary=summary,
        figure="numbers",
    )  # fmt: skip


def file_of(name, members, run="a", simulator="active", spec=None):
    named = {str(i): m for i, m in enumerate(members)} if isinstance(members, list) else members
    return MeasureFile(
        Path(f"{name}.h5"), name, run, simulator, {}, spec or {}, 5, named, None, None, {}
    )


HEAT = rated(["per particle", "error over blocks"], [10.0, 0.2])
TUR = rated(
    ["lower bound", "extrapolated to short times", "bias taken off"], [6.0, 7.0, 0.1],
    summary=(("error of the lower bound", 0.4, "1/time"),),
)  # fmt: skip


def test_routes_agree_with_exact_rates():
    table = agreement.table(FAST)
    assert {found.case for found in table} > {"ring of four AOUPs", "two swimmers on a ring"}
    for found in table:
        for check in found.checks:
            assert check.passed, check
            # an answer within the share by luck would say nothing: the error is well below it
            assert found.error < 0.5 * check.tolerance
    assert all(found.checks for found in table if found.route != "cross-parsing")


def test_what_is_off_by_more_than_its_share_fails():
    found = agreement.Found("c", "r", "even", 1.02, 1e-3, 1.0, "s", 0.01)
    assert not found.checks[0].passed
    assert replace(found, share=0.03).checks[0].passed
    assert replace(found, share=None).checks == ()
    still = replace(found, value=-0.1, exact=0.0, bound=True)
    assert still.checks[0].passed  # a bound below zero says nothing wrong
    assert not replace(still, value=0.1).checks[0].passed
    assert not replace(still, bound=False).checks[0].passed


def test_the_conventions_of_all_cases_are_known_and_the_cases_have_names():
    assert set(FAST) < set(agreement.CASES) and len(agreement.CASES) >= 10


def test_runs_of_every_simulator_stand_side_by_side():
    ordinal = rated(
        ["value", "value, surrogates"], [0.3, 0.01], units="nat",
        summary=(("value, p-value among surrogates", 0.05, "1"),),
    )  # fmt: skip
    flows = {
        "Lorenz": rated(
            ["contraction"], [13.6], checks=(Check("contraction", 13.6, 13.667, 0.1, "s"),)
        )
    }
    wave = rated(
        ["contraction", "growth"], [1e-16, 0.2],
        summary=(("largest move of the mass, as such a rate", 2e-16, "1/time"),),
    )  # fmt: skip
    files = [
        file_of("tur", [TUR]),
        file_of("heat", [HEAT, replace(HEAT, value=HEAT.value + 1)]),
        file_of("msd", [HEAT]),
        file_of("contraction", flows, "f", "chaos"),
        file_of("spectral_growth", [wave], "w", "nlse"),
        file_of("arrow", {"Lorenz": ordinal}, "f", "chaos", {"functional": "irreversibility"}),
    ]
    rows = rows_of.lines(files)
    assert [row.route for row in rows] == [
        "heat", "tur", "contraction", "spectral_growth", "spectral_growth", "irreversibility",
        "tur",
    ]  # fmt: skip
    heat, tur, flow, still, growth, arrow, share = rows
    assert (heat.value, heat.error) == (10.5, 0.5)  # over members
    assert (tur.value, tur.error) == (6.0, 0.4)  # over blocks
    assert (flow.value, flow.exact) == (13.6, 13.667)
    assert (still.exact, still.error, growth.value, growth.units) == (0.0, 2e-16, 0.2, "nat/time")
    assert arrow.what == "Lorenz: surrogates 1.0e-02, p = 0.05"
    assert share.value == pytest.approx(6 / 10.5) and share.checks[0].passed


def test_a_score_shows_what_it_captures():
    found = rated(
        ["lower bound, held out", "plug-in", "exact by the sum rule"], [6.0, 9.0, 8.0],
        summary=(
            ("captured fraction", 0.75, "1"), ("error of the captured fraction", 0.04, "1"),
        ),
    )  # fmt: skip
    rows = rows_of.lines([file_of("carried", [found, found], spec={"measure": "score"})])
    assert rows[2].what == "carried: captured, of the exact rate"
    assert [(row.value, row.exact) for row in rows] == [(6.0, 8.0), (9.0, 8.0), (0.75, None)]
    assert rows[2].error == pytest.approx(0.04 / 2**0.5)


def test_a_bound_above_the_heat_fails():
    high = replace(TUR, value=TUR.value * 2)
    (check,) = rows_of.lines([file_of("heat", [HEAT]), file_of("tur", [high])])[-1].checks
    assert not check.passed and check.computed == pytest.approx(1.2)


def test_of_many_systems_three_rows_are_left():
    many = {f"s{i:02d}": rated(["contraction"], [float(i)]) for i in range(11)}
    rows = rows_of.lines([file_of("contraction", many, "f", "chaos")])
    assert [(row.value, row.what) for row in rows] == [
        (0.0, "least of 11: s00"), (5.0, "median of 11: s05"), (10.0, "largest of 11: s10"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "spec", "meant"),
    [
        ("heat", {}, "heat"),
        ("late", {"measure": "score", "since": 1.0}, "score"),
        ("arrow", {"observable": "series", "functional": "irreversibility"}, "irreversibility"),
        ("heat", {"observable": "density", "functional": "shannon"}, None),
        ("msd", {}, None),
    ],
)
def test_a_name_or_its_specification_tells_the_route(name, spec, meant):
    assert rows_of.route(name, spec) == meant
    assert rows_of.learns(name, spec) == (meant in ("score", "tur"))
    assert not rows_of.learns(name, {**spec, "fitted": "a.toml"})


def test_a_study_without_any_is_refused_in_a_line(tmp_path):
    with pytest.raises(ConfigError, match="footing: no file is of a measure among heat"):
        comparison.footing([file_of("msd", [HEAT])])
    with pytest.raises(ConfigError, match="agreement: takes no files"):
        comparison.main(["agreement", "x.h5", "-o", str(tmp_path / "a.h5")])


def test_the_tables_are_files_that_figures_read(tmp_path, monkeypatch):
    rows = comparison.footing([file_of("heat", [HEAT]), file_of("tur", [TUR])])
    from core import provenance

    comparison._write(tmp_path / "footing.h5", "footing", rows, provenance.Clock(), 5)
    found = read_measure(tmp_path / "footing.h5")
    assert list(found.members)[:2] == ["0 a, heat", "1 a, tur"] and found.mean is None
    first = found.members["0 a, heat"]
    assert figure.text(first, "what") == "heat over T, per particle"
    assert first.extra["standard_error"] == 0.2 and first.convention == "even: c"
    style.save(draw(found), tmp_path / "footing.svg")
    said = (tmp_path / "footing.svg").read_text()
    for words in ("10.00 ± 0.20 1/time", footing.TITLES["tur"], "a (active)"):
        assert words in said
    monkeypatch.setattr(comparison, "agreement", lambda: _graded())
    comparison.main(["agreement", "-o", str(tmp_path / "agreement.h5")])
    with pytest.raises(ReplayError, match="is a table of a whole study; give again: "):
        replay(tmp_path / "agreement.h5")
    style.save(draw(read_measure(tmp_path / "agreement.h5")), tmp_path / "agreement.svg")
    said = (tmp_path / "agreement.svg").read_text()
    assert "three states, per step: exact 0.439" in said and "cross-parsing" in said


def _graded(whole=comparison.agreement):
    return whole(("three_states",))


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        (5.8691, 0.0269, "5.869 ± 0.027"),
        (-0.00017, 0.00012, "-0.00017 ± 0.00012"),
        (1131.2, 26.3, "1131 ± 26"),
        (0.7, 3e-17, "0.7"),
        (1.1e-16, 2e-16, "1.1e-16 ± 2e-16"),
        (3.0, None, "3"),
    ],
)
def test_numbers_have_two_digits_of_their_error(value, error, told):
    assert figure.number(value, error) == told


def waves(loss):
    """Return an NLSE run of a soliton that loses its mass at a rate, all modes alike."""
    time, x = np.linspace(0, 2, 9), np.linspace(-20, 20, 256, endpoint=False)
    psi = np.array([exact_nlse.soliton(x, t, 1.0, 0.5, 0.0, 0.0) for t in time])
    psi = psi * np.exp(-loss * time)[:, None]
    mass = (np.abs(psi) ** 2).sum(axis=1) * (x[1] - x[0])
    member = Member("0", 0, time, {"x": x}, {"psi": psi, "mass": mass})
    params = {"rtol": 1e-12, "integrator": "dop853", "dealias": "none", "case": "soliton"}
    return Run(Path("r.h5"), "nlse", "r", params, 1, [member]), member


def test_a_wave_that_keeps_its_mass_contracts_nothing_and_one_that_loses_it_does():
    found = spectral_growth(*waves(0.0))
    assert abs(found.value[0, 0]) < 1e-15 and found.checks[0].passed
    assert abs(found.value[0, 1]) < 1e-10  # a soliton's spectrum keeps its shape
    lossy = spectral_growth(*waves(0.1))
    assert lossy.value[0, 0] == pytest.approx(0.1, rel=1e-12)
    assert not lossy.checks[0].passed


def test_the_spectral_entropy_of_a_spreading_packet_grows():
    run, member = waves(0.0)
    k = 2 * np.pi * np.arange(256) / 40
    member.fields["psi"][-1] = 1 + np.cos(k[1] * member.coords["x"])  # powers 1 and 1/4, 1/4
    member.fields["psi"][0] = 1.0
    found = spectral_growth(run, member)
    p = np.array([2 / 3, 1 / 6, 1 / 6])
    assert found.value[0, 1] == pytest.approx(-(p * np.log(p)).sum() / 2, rel=1e-10)
    assert json.loads(json.dumps(found.summary))[-1][1] == pytest.approx(-(p * np.log(p)).sum())
