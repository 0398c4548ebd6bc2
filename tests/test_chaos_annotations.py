"""What the catalogue says of its orbits: that it is there, comes out again, and fits together."""

import tomllib

import numpy as np
import pytest

from analysis.dynamics import correlation_dimension, period, zero_one_test
from sims import chaos
from sims.chaos import annotations, listing, motion, spectra
from sims.chaos.annotations import Annotations
from sims.chaos.system import catalogue

SYSTEMS, FOUND, KNOWN = catalogue(), annotations.catalogued(), spectra.catalogued()
# escapes; wanders over the plane; takes more steps than there is patience for
WITHOUT = {"HyperLu", "Hopalong", "MacArthur"}
DIMENSIONS = sorted(n for n, a in FOUND.items() if a.correlation_dimension is not None)


def test_every_system_has_annotations_but_those_that_cannot():
    assert set(SYSTEMS) - set(DIMENSIONS) <= WITHOUT
    periodic = {n for n in DIMENSIONS if SYSTEMS[n].kind == "flow"}
    assert all(FOUND[n].dominant_period is not None for n in periodic)
    assert all(FOUND[n].period_of is not None for n in periodic)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_lies_between_0_and_that_of_its_exponents(name):
    """D2 <= D1, and D1 is the Kaplan-Yorke dimension where that holds: of typical chaotic sets."""
    value, error = FOUND[name].correlation_dimension
    assert 0 < value < (8 if SYSTEMS[name].kind == "delay" else SYSTEMS[name].dimension) + 3 * error
    known = KNOWN[name].kaplan_yorke
    if SYSTEMS[name].regime == "chaotic" and known is not None:
        assert value < known + 3 * error + 0.02


@pytest.mark.parametrize(("name", "known", "error"), [
    ("Lorenz", 2.05, 0.01), ("Rossler", 1.991, 0.065), ("Henon", 1.220, 0.036),
    ("Logistic", 1.0, 0.0), ("Tent", 1.0, 0.0),
])  # fmt: skip
def test_published_dimensions_come_out(name, known, error):
    """Grassberger & Procaccia (1983); Sprott & Rowlands (2001); exact for the last two."""
    value, scatter = FOUND[name].correlation_dimension
    assert abs(value - known) < 2 * np.hypot(scatter, error)
    assert scatter < 0.1


def test_folds_are_seen_where_they_are_known():
    assert FOUND["Logistic"].folded
    assert not FOUND["Tent"].folded and not FOUND["Lorenz"].folded


@pytest.mark.parametrize("name", ["Lorenz", "Henon", "Thomas"])
def test_annotations_come_out_again(name):
    """From another start, with a fifth of the points."""
    system = SYSTEMS[name]
    step = 1.0 if system.kind == "map" else system.period / 3.17
    start = motion.onward(system, 170 * system.period)
    states = motion.trajectory(system, np.arange(20_000) * step, start)
    again = correlation_dimension(states / states.std(axis=0))
    value, error = FOUND[name].correlation_dimension
    assert abs(again.value - value) < 3 * np.hypot(again.standard_error, error)
    test = zero_one_test(states[:2000, 0])
    assert abs(test.value - FOUND[name].zero_one[0]) < 0.1


def test_a_period_is_that_of_the_coordinate_it_names():
    system, about = SYSTEMS["Lorenz"], FOUND["Lorenz"]
    assert about.period_of == "z"
    times = np.arange(25_600) * system.period / 50
    z = motion.trajectory(system, times, motion.onward(system, 60 * system.period))[:, 2]
    crossing = period(z, times[1], method="crossings")
    value, error = about.crossing_time
    assert abs(crossing.value - value) < 3 * np.hypot(error, crossing.standard_error)
    assert about.dominant_period[0] == pytest.approx(value, rel=0.05)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_two_particles_and_regular_labels_agree(name):
    about, regime = FOUND[name], SYSTEMS[name].regime
    if about.two_particle is not None and regime in ("periodic", "quasi-periodic"):
        assert about.two_particle[0] != "chaotic"
    if about.two_particle is not None and about.two_particle[0] == "chaotic":
        assert about.two_particle[1] >= 0.1


def test_a_table_reads_as_it_was_written():
    about = Annotations((2.0525, 0.036), 1000, 3.17, False, (0.75466, 0.0048), (0.75323, 0.0034),
                        "z", (0.99771, 0.00043), ("chaotic", 0.7))  # fmt: skip
    tables = tomllib.loads(annotations.table("Lorenz", about))
    assert annotations._read(tables["Lorenz"]) == about
    assert tomllib.loads(annotations.table("Empty", Annotations())) == {"Empty": {}}


def test_files_and_listing_hold_them():
    params = chaos.prepare({"systems": ["Lorenz"], "samples": 20}, "c:")
    facts = chaos._facts(params, SYSTEMS["Lorenz"], 0.01, "dop853", ())
    value, error = FOUND["Lorenz"].correlation_dimension
    assert facts["correlation_dimension"] == value
    assert facts["correlation_dimension_standard_error"] == error
    assert facts["correlation_dimension_points"] == FOUND["Lorenz"].points
    assert facts["two_particle"] == "chaotic" and facts["zero_one"] == FOUND["Lorenz"].zero_one[0]
    changed = SYSTEMS["Lorenz"].changed({"rho": 45.0}, "")
    assert "correlation_dimension" not in chaos._facts(params, changed, 0.01, "dop853", ())
    line = listing.line(SYSTEMS["Lorenz"])
    known = spectra.spectrum_of(SYSTEMS["Lorenz"])
    largest = f"{known.exponents[0]:.4g} ± {known.standard_errors[0]:.1g}"
    turns, _ = FOUND["Lorenz"].dominant_period
    for part in ("Lorenz", " 3 ", "chaotic", largest, "2.062", f"{value:.2f} ±", f"{turns:.4g}"):
        assert part in line
    assert listing.line(changed).count(" -") >= 4
    assert sum(1 for _ in listing.lines()) == len(SYSTEMS) + 3 * 2 + 2  # heads, gaps, a note
