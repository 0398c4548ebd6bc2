"""Runs of particles that a measure does not fit, asked for by hand: one line, no file, no guess."""

import json

import numpy as np
import pytest

from analysis import __main__ as command
from analysis import plan, structure
from core.errors import ConfigError
from core.store import Extent, read_measure
from sims import __main__ as simulate

SWARM = {
    "model": "abp", "particles": 40, "self_propulsion_speed": 4.0, "rotational_diffusivity": 1.0,
    "translational_diffusivity": 0.2, "time_step": 1e-3, "t_end": 0.02, "frames": 3,
}  # fmt: skip
OPEN, TRAPPED = {}, {"trap": {"stiffness": 1.0}}
BOXED = {"box": 20.0}
TURNED = {**BOXED, "chirality": 2.0}
ALIGNED = {**BOXED, "alignment": {"strength": 1.0, "range": 2.0}}
LINE = {
    "model": "rtp", "tumble_rate": 1.0, "rotational_diffusivity": None, "dimension": 1, "box": 90.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    made = {}

    def run(**changes):
        key = json.dumps(changes)
        if key not in made:
            params = {k: v for k, v in {**SWARM, **changes}.items() if v is not None}
            made[key] = tmp_path_factory.mktemp("run") / "run.h5md"
            spec = json.dumps({"simulator": "active", "params": params})
            simulate.main(
                ["a", "--config", "none.yaml", "--spec", spec, "--seed", "1", "-o", str(made[key])]
            )
        return made[key]

    return run


def measured(out, run, **spec):
    command.main(["m", str(run), "--spec", json.dumps(spec), "-o", str(out)])
    return read_measure(out).members["0"]


@pytest.mark.parametrize(
    ("measure", "changes", "word"),
    [
        ("pair_distribution", OPEN, "needs a periodic box"),
        ("structure_factor", OPEN, "needs a periodic box"),
        ("hexatic_correlation", OPEN, "needs a periodic box"),
        ("effective_speed", TRAPPED, "not of a trap"),
        ("pressure", TURNED, "no torque turns"),
        ("pressure", ALIGNED, "no torque turns"),
        ("clusters", LINE, "two dimensions, not 1"),
    ],
)
def test_what_a_study_would_not_plan_is_refused_by_hand_too(runs, tmp_path, measure, changes, word):
    out = tmp_path / "out.h5"
    spec = json.dumps({"measure": measure})
    with pytest.raises(ConfigError, match=f"^{measure}: .*{word}"):
        command.main([measure, str(runs(**changes)), "--spec", spec, "-o", str(out)])
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [{"chirality": 1.0}, {"alignment": {"strength": 1.0}}])
def test_the_swim_pressure_of_turned_headings_is_refused_before_a_run(changes):
    extents = {
        name: Extent({"time": 3, "particle": 40, "axis": 2}, "float64")
        for name in ("position", "orientation")
    }
    where = ("config.yaml:", "config.yaml: runs.r")
    plan.check("pressure", {}, "active", extents, *where, {**SWARM, **BOXED})
    with pytest.raises(ConfigError, match="no torque turns"):
        plan.check("pressure", {}, "active", extents, *where, {**SWARM, **BOXED, **changes})


def test_a_window_without_a_lag_is_refused(runs, tmp_path):
    spec = json.dumps({"measure": "heading_memory", "window": [5.0, 6.0]})
    with pytest.raises(ConfigError, match="window: no lag of the run is from 5 to 6"):
        command.main(["m", str(runs(**BOXED)), "--spec", spec, "-o", str(tmp_path / "out.h5")])
    assert not any(tmp_path.iterdir())


def test_boxes_beyond_all_measure_are_refused():
    x = np.random.default_rng(1).uniform(0, 10, (20, 2))
    with pytest.raises(ValueError, match=r"side: 1e-06 makes 1\.0e\+14 boxes"):
        structure.box_densities(x, 10.0, 1e-6)
    assert structure.box_densities(x, 10.0, 0.01).sum() * 1e-4 == pytest.approx(20)


def test_displacements_of_many_boxes_are_known_by_the_images(runs, tmp_path):
    out = tmp_path / "msd.h5"
    fast = runs(box=2.0, self_propulsion_speed=500.0, translational_diffusivity=0.0)
    value = measured(out, fast, measure="msd", window=[0.005, 0.03]).value
    # straight but for D_r t/3 of it: 5 then 10, in a box of 2
    np.testing.assert_allclose(value, [5.0**2, 10.0**2], rtol=0.02)


def test_lone_particles_swim_at_their_own_speed_in_any_model(runs, tmp_path):
    propelled = {"model": "aoup", "persistence_rate": 1.0, "rotational_diffusivity": None}
    lone = runs(**BOXED, **propelled, particles=2000)
    found = measured(tmp_path / "v.h5", lone, measure="effective_speed")
    # sqrt(<g^2>/2) of 2000 propulsions in the plane: 1 to sqrt(1/8000)
    np.testing.assert_allclose(found.value, 1.0, atol=0.05)


def test_the_packing_of_discs_that_differ_is_of_their_areas(runs, tmp_path):
    mixed = runs(
        packing_fraction=0.3, initial="lattice", time_step=1e-5, t_end=2e-5,
        interaction={"kind": "harmonic", "polydispersity": 0.45},
    )  # fmt: skip
    for measure in ("local_density", "phases"):
        found = measured(tmp_path / f"{measure}.h5", mixed, measure=measure)
        means = [value for name, value, _ in found.summary if name.endswith(("mean", "fraction"))]
        assert means[-1 if measure == "phases" else 0] == pytest.approx(0.3)
