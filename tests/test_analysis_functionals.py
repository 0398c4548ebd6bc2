"""Observables and functionals by name: each pair that fits works, each that does not is refused."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis import plan
from analysis.entropy.ordinal import ordinal_counts
from analysis.functionals import FUNCTIONALS
from analysis.observables import OBSERVABLES, Selection, select
from core.errors import ConfigError, NumericsError
from core.store import OF_SURROGATES, Extent, Member, Run

FRAMES, N = 24, 64
EXTENTS = {
    "psi": Extent({"time": FRAMES, "x": N}, "complex128"),
    "mass": Extent({"time": FRAMES}, "float64"),
}
# an observable for each kind that a functional can take, with what it must be told
BY_KIND = {
    "Distribution": {"observable": "ordinal", "order": 3},
    "Series": {"observable": "series"},
    "Symbols": {"observable": "symbols"},
    "Pair": {"observable": "pair", "part": "real", "with_part": "imag", "along": "time"},
    "Points": {"observable": "points"},
    "Orbit": {"observable": "embedded", "along": "x", "dimension": 2},
    "Matrices": {"observable": "coherence", "window": 8},
}
# these refuse series as short as here; test_dynamics_measures.py has longer ones
LONG = {"correlation_dimension", "lyapunov_from_data", "zero_one"}
NEEDED = {
    "renyi": {"alpha": 2.0},
    "tsallis": {"q": 2.0},
    "renyi_divergence": {"alpha": 2.0},
    "tsallis_divergence": {"q": 2.0},
    "reference_renyi": {"alpha": 2.0},
    "reference_tsallis": {"q": 2.0},
    "delay_sweep": {"order": 3, "delays": 5},
    "multiscale_sample_entropy": {"scales": 3, "r": 0.5},
    "sample_entropy": {"r": 0.5},
    "surprisal_changepoints": {"threshold": 1.0},
    "diffusion_spectral_entropy": {"sigma": 0.5},
}


@pytest.fixture(scope="module")
def run():
    draw = np.random.default_rng(1)
    psi = draw.normal(size=(FRAMES, N)) + 1j * draw.normal(size=(FRAMES, N))
    x = np.arange(N) * 0.5
    fields = {"psi": psi, "mass": (np.abs(psi) ** 2).sum(axis=-1)}
    dims = {"psi": ("time", "x"), "mass": ("time",)}
    member = Member("0", 0, np.linspace(0, 2.3, FRAMES), {"x": x}, fields, dims)
    params = {"case": "from_file", "rtol": 1e-11, "dispersion": 1.0, "nonlinearity": 1.0}
    return Run(Path("run.h5"), "nlse", "noise", params, 5, [member])


def made(run, **spec):
    return plan.resolve("it", {"it": spec}, "test:").function(run, run.members[0])


def refused(**spec):
    with pytest.raises(ConfigError) as problem:
        plan.check("it", {"it": spec}, "nlse", EXTENTS, "c.yaml:", "c.yaml: runs.a")
    return str(problem.value)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONALS) - LONG))
def test_every_functional_gives_a_measure_that_says_what_it_is(run, name):
    kind = FUNCTIONALS[name].meta["takes"].__name__
    spec = {**BY_KIND[kind], "functional": name, **NEEDED.get(name, {})}
    plan.check("it", {"it": spec}, "nlse", EXTENTS, "c.yaml:", "c.yaml: runs.a")
    found = made(run, **spec)
    assert np.isfinite(found.value).all() and found.value.ndim == 2
    assert found.value.shape == (len(found.axis), len(found.components))
    assert found.label and found.units and found.convention and found.summary
    json.dumps([[q, v, u] for q, v, u in found.summary])


@pytest.mark.parametrize("name", sorted(OBSERVABLES))
def test_every_observable_gives_rows_with_an_axis(run, name):
    options = {
        "histogram": {"range": (-5.0, 50.0)},
        "pair": {"with_part": "imag"},
        "embedded": {"dimension": 2},
    }.get(name, {})
    entry = OBSERVABLES[name]
    if not set(entry.meta.get("needs", ())) <= set(EXTENTS):
        assert set(entry.meta["needs"]) & {"position", "orientation", "active"}  # of particles
        return  # tests/test_analysis_particles.py has them
    chosen = Selection() if entry.meta.get("of_series") else None
    from analysis.observables import observe

    found = observe(entry, chosen, options, run.members[0])
    assert isinstance(found, entry.meta["gives"]) and found.label
    first = next(v for k, v in vars(found).items() if k in ("p", "values", "first"))
    assert len(first) == len(found.rows.values)


def test_series_are_the_part_and_the_axis_that_were_asked_for(run):
    member = run.members[0]
    psi = member.fields["psi"]
    along_x = select(member, Selection("psi", "real", "x"))
    assert (along_x.values == psi.real).all() and along_x.step == 0.5
    assert along_x.label == "Re psi along x" and (along_x.rows.values == member.time).all()
    along_t = select(member, Selection("psi", None, "time"))
    assert (along_t.values == (psi.real**2 + psi.imag**2).T).all()
    assert along_t.step == pytest.approx(0.1) and along_t.rows.label == "x"
    about = replace(member, signal="mass")  # what a run is about, where no field is named
    assert (select(about, Selection()).values == member.fields["mass"]).all()
    mass = select(member, Selection("mass"))
    assert mass.values.shape == (1, FRAMES) and mass.rows.label == "whole run"
    for part, values in (("imag", psi.imag), ("modulus", np.abs(psi)), ("phase", np.angle(psi))):
        assert (select(member, Selection("psi", part)).values == values).all()


def test_a_permutation_entropy_is_that_of_the_series(run):
    found = made(run, observable="ordinal", functional="shannon", order=4, delay=2, part="real")
    counts = ordinal_counts(run.members[0].fields["psi"].real, 4, 2)
    p = counts / counts.sum(axis=-1, keepdims=True)
    exact = -(np.where(p > 0, p, 1) * np.log(np.where(p > 0, p, 1))).sum(axis=-1)
    np.testing.assert_allclose(found.value[:, 0], exact, rtol=1e-14)
    assert found.components == ("discrete",)
    assert "order 4, delay 2, ties stable" in found.convention
    assert "estimator plugin" in found.convention and found.units == "nat"


def test_an_estimator_corrects_the_counts(run):
    spec = {"observable": "histogram", "functional": "shannon", "range": [0, 30], "bins": 10}
    plain, corrected = made(run, **spec), made(run, **spec, estimator="miller_madow")
    values = np.abs(run.members[0].fields["psi"]) ** 2
    seen = [(np.histogram(row, 10, (0, 30))[0] > 0).sum() for row in values]
    # Miller & Madow: (K - 1)/(2 N)
    shift = (np.array(seen) - 1) / (2 * N)
    np.testing.assert_allclose(corrected.value - plain.value, shift[:, None] * [1, 1], atol=1e-13)
    np.testing.assert_allclose(plain.value[:, 1] - plain.value[:, 0], math.log(3), atol=1e-13)
    assert "estimator miller_madow" in corrected.convention


def test_the_plane_carries_what_it_is_read_against(run):
    found = made(run, observable="ordinal", functional="complexity", order=4)
    assert found.figure == "plane"
    assert set(found.extra) == {"lower", "upper", "brownian", "logistic", "noise"}
    # exact values of order 4: the logistic map, and Brownian motion with H = 1/2
    np.testing.assert_allclose(
        found.extra["logistic"].ravel(), (0.739114459031, 0.291744279639), atol=1e-12
    )
    np.testing.assert_allclose(
        found.extra["brownian"][:, 8], (0.9387658850, 0.0698303190), atol=1e-10
    )
    low = made(run, observable="ordinal", functional="complexity", entropy="renyi", param=0.5)
    assert "upper" not in low.extra and "noise" not in low.extra


def test_a_delay_sweep_has_the_delay_as_its_axis(run):
    found = made(run, observable="series", functional="delay_sweep", order=3, delays=6)
    assert found.axis_label == "delay along x"
    np.testing.assert_allclose(found.axis, 0.5 * np.arange(1, 7))
    assert {q for q, _, _ in found.summary} >= {"natural period", "longest delay to trust"}


def test_transfer_entropy_tells_its_two_directions_apart():
    draw = np.random.default_rng(2)
    lead = draw.normal(size=4000)
    follow = np.r_[0.0, 0.5 * lead[:-1]] + draw.normal(size=4000)
    psi = (lead + 1j * follow)[:, None]
    member = Member(
        "0", 0, np.arange(4000.0), {"x": np.zeros(1)}, {"psi": psi}, {"psi": ("time", "x")}
    )
    found = made(
        Run(Path("r"), "nlse", "r", {"case": "x"}, 1, [member]),
        observable="pair", functional="transfer_entropy", part="real", with_part="imag",
        along="time",
    )  # fmt: skip
    # exact: ln(1.25)/2 one way, 0 the other; standard errors about 0.007 and 0.0004
    assert found.value[0, 0] == pytest.approx(math.log(1.25) / 2, abs=0.03)
    assert abs(found.value[0, 1]) < 0.003


def test_surrogates_stand_beside_what_they_are_compared_with(run):
    spec = {"observable": "ordinal", "functional": "shannon", "part": "real"}
    plain = made(run, **spec)
    asked = {"kind": "shuffled", "n": 19}
    found = made(run, **spec, surrogates=asked)
    assert found.components == ("discrete", "discrete" + OF_SURROGATES)
    assert (found.value[:, 0] == plain.value[:, 0]).all()
    # noise is like its shuffles: within 5 standard deviations, p above 1/1000
    away = {q: v for q, v, _ in found.summary}
    assert abs(away["discrete, standard deviations from surrogates"]) < 5
    assert away["discrete, p-value among surrogates"] >= 2 / 20
    assert "19 that keep the values in random order" in found.convention
    again = made(run, **spec, surrogates=asked)
    assert (again.value == found.value).all()


def test_a_regular_series_is_far_from_its_surrogates():
    x = np.arange(256.0)
    psi = np.tile(np.sin(2 * np.pi * x / 32) + 0j, (3, 1))
    member = Member("0", 0, np.arange(3.0), {"x": x}, {"psi": psi}, {"psi": ("time", "x")})
    found = made(
        Run(Path("r"), "nlse", "r", {"case": "x"}, 1, [member]),
        observable="ordinal", functional="shannon", part="real",
        surrogates={"kind": "shuffled", "n": 39},
    )  # fmt: skip
    away = {q: v for q, v, _ in found.summary}
    assert away["discrete, standard deviations from surrogates"] < -10
    assert away["discrete, p-value among surrogates"] == pytest.approx(2 / 40)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"observable": "density", "functional": "lempel_ziv"},
            "c.yaml: measures.it.functional: 'lempel_ziv' takes symbols, but 'density' gives "
            "a distribution; observables for it: symbols",
        ),
        (
            {"observable": "density", "functional": "shannon", "estimator": "nsb"},
            "c.yaml: measures.it.estimator: corrects counts, and 'density' counts nothing",
        ),
        (
            {"observable": "ordinal", "functional": "shannon", "order": 8, "delay": 10},
            "c.yaml: runs.a.measures: 'it' cannot be had of it: x: 64 samples hold no window",
        ),
        (
            {"observable": "ordinal", "functional": "shannon", "order": 9},
            "order: must be from 2 to 8, got 9",
        ),
        (
            {"observable": "ordinal", "functional": "shannon", "ties": "random"},
            "ties: 'random' would make the numbers depend on a draw",
        ),
        (
            {"observable": "series", "functional": "sample_entropy", "along": "y"},
            "along: psi has the axes time, x, not 'y'",
        ),
        (
            {"observable": "series", "functional": "sample_entropy", "part": "value"},
            "part: psi has density, modulus, real, imag, phase, not 'value'",
        ),
        (
            {"observable": "series", "functional": "sample_entropy", "field": "phi"},
            "needs phi, which this run will not hold; it has psi, mass",
        ),
        (
            {"observable": "series", "functional": "multiscale_sample_entropy", "scales": 20},
            "scales: must be from 1 to 16 here, got 20",
        ),
        (
            {"observable": "histogram", "functional": "shannon"},
            "c.yaml: measures.it: missing 'range'",
        ),
        (
            {"observable": "histogram", "functional": "shannon", "range": [2, 1]},
            "range: expected [low, high]",
        ),
        (
            {"observable": "ordinal", "functional": "complexity", "entropy": "renyi"},
            "param: give the order of renyi or tsallis",
        ),
        (
            {"observable": "points", "functional": "knn_entropy", "entropy": "renyi", "param": 5},
            "param: must be below k + 1 = 5, got 5",
        ),
        (
            {"observable": "points", "functional": "vendi", "kernel": "gaussian"},
            "sigma: the gaussian kernel needs it",
        ),
        (
            {"observable": "pair", "functional": "mutual_information"},
            "with_part: a series with itself tells nothing; name another part, or an offset",
        ),
        (
            {**BY_KIND["Pair"], "functional": "transfer_entropy", "lag": 99},
            "lag: series of 24 samples are too short for a past of 99",
        ),
        (
            {"observable": "points", "functional": "diffusion_spectral_entropy", "sigma": 0.0},
            "sigma: must be positive, got 0",
        ),
        (
            {"observable": "histogram", "functional": "shannon", "range": [0, 9], "bins": 10**12},
            "bins: must be from 2 to 1000000, got 1000000000000",
        ),
        (
            {"observable": "symbols", "functional": "surprisal_changepoints"},
            "threshold: give a threshold or a rise",
        ),
        (
            {"observable": "ordinal", "functional": "shannon", "surrogates": {"kind": "shufled"}},
            "c.yaml: measures.it.surrogates.kind: no 'shufled'; did you mean 'shuffled'?",
        ),
        (
            {
                "observable": "ordinal",
                "functional": "shannon",
                "surrogates": {"kind": "iaaft", "n": 1},
            },
            "c.yaml: measures.it.surrogates.n: must be 2 or more, got 1",
        ),
        (
            {"observable": "ordinal", "functional": "shannon", "delya": 3},
            "c.yaml: measures.it.delya: unknown key; did you mean 'delay'?",
        ),
        (
            {"observable": "density", "functional": "shannon", "field": "psi"},
            "c.yaml: measures.it.field: unknown key",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_any_job(spec, message):
    assert message in refused(**spec)


def test_a_number_that_cannot_be_had_names_the_member(run):
    flat = Member(
        "3", 3, np.arange(2.0), {"x": np.arange(9.0)}, {"psi": np.ones((2, 9), complex)},
        {"psi": ("time", "x")},
    )  # fmt: skip
    with pytest.raises(NumericsError, match="member 3: "):
        plan.resolve(
            "it", {"it": {"observable": "series", "functional": "sample_entropy"}}, "test:"
        ).function(run, flat)


def test_an_infinite_value_says_why(run):
    spec = {"observable": "histogram", "functional": "kl", "against": "first", "range": [0, 50]}
    with pytest.raises(
        NumericsError, match=r"member 0: Kullback.* is infinite at t = .*: an outcome"
    ):
        made(run, **spec)
    with pytest.raises(ConfigError, match=r"measures\.it: is empty; name an observable"):
        plan.resolve("it", {"it": {}}, "c:")
