"""Starts and limits of active matter: files to go on from, overlaps, steps, observables."""

import json
import math

import h5py
import numpy as np
import pytest

from core.errors import ConfigError, NumericsError, SchemaError
from core.store import read_h5md, write_h5md
from sims import __main__ as simulate
from sims import active
from sims.active import checks, forces, observe, run, system
from sims.active.params import prepare

ABP = {
    "model": "abp", "particles": 150, "packing_fraction": 0.5, "self_propulsion_speed": 8.0,
    "rotational_diffusivity": 1.0, "translational_diffusivity": 0.2, "time_step": 1e-4,
    "t_end": 0.002, "frames": 3, "interaction": {"kind": "wca"},
}  # fmt: skip
MIXED = {**ABP, "interaction": {"kind": "wca", "polydispersity": 0.2}}
AOUP = {
    "model": "aoup", "persistence_rate": 1.0, "dimension": 1, "self_propulsion_speed": 1.0,
    "time_step": 1e-3, "t_end": 0.01, "frames": 2, "particles": 1,
}  # fmt: skip


def written(path, given):
    import array_api_compat.numpy as xp

    params = prepare(given, "p")
    made = active.trajectories(params, np.random.default_rng, xp)
    spec = '{"simulator": "active", "params": {}}'
    stamp = {"spec_json": spec, "run": "a", "seed": 1}
    write_h5md(path, made.layout, made.blocks, lambda: stamp)
    return path


def from_file(path, given):
    again = prepare({**given, "initial": "file", "path": str(path)}, "p")
    return run.begin(again, np.random.default_rng(9))


def test_a_file_gives_each_particle_its_own_diameter(tmp_path):
    path = written(tmp_path / "run.h5md", MIXED)
    simulation = from_file(path, MIXED)
    with read_h5md(path) as done:
        stored = done.members[0].fields["diameter"][-1]
    np.testing.assert_allclose(simulation.by_number(simulation.particles.size), stored)


def test_a_file_without_diameters_or_with_wider_ones_is_refused(tmp_path):
    path = written(tmp_path / "run.h5md", MIXED)
    edge = system.edges(prepare(MIXED, "p")).tolist()
    less = {**MIXED, "packing_fraction": None, "box": edge}
    with pytest.raises(ConfigError, match=r"path: .* has diameters up to 1\.3.* of the mean"):
        from_file(path, {**less, "interaction": {"kind": "wca", "polydispersity": 0.05}})
    path = written(tmp_path / "same.h5md", ABP)
    edge = system.edges(prepare(ABP, "p")).tolist()
    with pytest.raises(ConfigError, match="holds no 'diameter', which polydispersity needs"):
        from_file(path, {**MIXED, "packing_fraction": None, "box": edge})


def test_a_run_file_of_another_ending_is_refused_before_it_is_made(tmp_path):
    spec = json.dumps({"simulator": "active", "params": ABP})
    command = ["a", "--config", "none.yaml", "--spec", spec, "-o", str(tmp_path / "run.h5")]
    with pytest.raises(ConfigError, match=r"-o: runs of active end in \.h5md"):
        simulate.main(command)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("packing", [0.4, 0.6, None])
def test_a_file_of_another_box_is_refused(tmp_path, packing):
    path = written(tmp_path / "run.h5md", ABP)
    with pytest.raises(ConfigError, match=r"path: .* is of a box \[15\.34"):
        from_file(path, {**ABP, "packing_fraction": packing})


def test_a_damaged_frame_names_the_file_that_is_read(tmp_path):
    path = written(tmp_path / "run.h5md", ABP)
    with h5py.File(path) as file:
        values = file["particles/trajectory/position/value"]
        chunk = values.id.get_chunk_info(values.id.get_num_chunks() - 1)
    content = bytearray(path.read_bytes())
    for k in range(50):
        content[chunk.byte_offset + chunk.size // 2 + k] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(SchemaError, match=r"run\.h5md: is damaged"):
        from_file(path, ABP)


@pytest.mark.parametrize("apart", [0.0, 1e-200, 0.3])
def test_particles_on_top_of_each_other_are_named(tmp_path, apart):
    path = written(tmp_path / "run.h5md", ABP)
    with h5py.File(path, "a") as file:
        x = file["particles/trajectory/position/value"]
        x[-1, 3] = x[-1, 140] + np.array([apart, 0.0, 0.0])
    with pytest.raises(ConfigError, match="initial: particles 3 and 140 overlap: they are"):
        from_file(path, ABP)


def test_the_first_tumble_is_as_far_as_any():
    rtp = {"model": "rtp", "tumble_rate": 2.0, "time_step": 0.025, "t_end": 0.05, "frames": 2}
    params = prepare({**rtp, "particles": 1, "self_propulsion_speed": 1.0}, "p")
    waits = [run.begin(params, np.random.default_rng(k)).wait[0] for k in range(400)]
    probability = -math.expm1(-0.05)
    exact, error = 1 / probability - 1, math.sqrt(1 - probability) / probability / math.sqrt(400)
    assert abs(np.mean(waits) - exact) < 4.5 * error


def test_heun_names_the_particle_whose_trial_step_is_refused():
    given = {**ABP, "integrator": "heun", "skin": 0.5}
    simulation = run.begin(prepare(given, "p"), np.random.default_rng(2))
    place = int(np.flatnonzero(simulation.order() == 5)[0])
    simulation.particles.speed[place] = 1e6
    with pytest.raises(NumericsError, match="particle 5: it moved too far in one step"):
        simulation.advance(50)


def test_heun_tells_a_force_that_is_not_finite():
    given = {**ABP, "integrator": "heun", "skin": 0.5}
    simulation = run.begin(prepare(given, "p"), np.random.default_rng(2))
    place = int(np.flatnonzero(simulation.order() == 77)[0])
    simulation.particles.e[0, place] = np.nan
    with pytest.raises(NumericsError, match="particle 77: its force or position is not finite"):
        simulation.advance(50)


def test_small_discs_of_a_mixture_are_stiffer():
    rates = [
        checks.stiffest(prepare({**ABP, "interaction": {"kind": "wca", "polydispersity": s}}, "p"))
        for s in (0.0, 0.2)
    ]
    smallest = 1 - math.sqrt(3) * 0.2
    # U'' of a pair scales as 1/size^2, and grows a little with the force that it holds, v/mu size
    assert rates[1] > rates[0] / smallest**2 * 0.9


def test_the_stiffest_mode_is_the_same_in_other_units_of_length():
    # lengths times 10, speeds times 10, diffusivity times 100, strength times 100: same times
    other = {
        **ABP, "self_propulsion_speed": 80.0, "translational_diffusivity": 20.0,
        "interaction": {"kind": "wca", "diameter": 10.0, "strength": 100.0},
    }  # fmt: skip
    rates = [checks.stiffest(prepare(given, "p")) for given in (ABP, other)]
    assert rates[1] == pytest.approx(rates[0], rel=1e-3)


def test_alignment_past_stability_is_refused():
    given = {**ABP, "alignment": {"strength": 1e5, "range": 1.5}}
    with pytest.raises(ConfigError, match=r"p\.time_step: 0\.0001 is past stability"):
        prepare(given, "p")
    # 150 discs at packing 0.5 have pi 1.5^2 0.5/(pi/4) = 4.5 others within the range
    rate = checks.turning(prepare({**given, "alignment": {"strength": 2.0, "range": 1.5}}, "p"))
    assert rate == pytest.approx(9.0)


def test_packing_on_a_line_is_of_lengths():
    given = {
        **AOUP, "particles": 20, "packing_fraction": 1.1, "initial": "lattice",
        "interaction": {"kind": "harmonic", "polydispersity": 0.4},
    }  # fmt: skip
    assert checks.density(prepare(given, "p")) == pytest.approx(1.1)


def test_steep_softplus_has_a_slope():
    law = system.Pair("softplus", 3.0, 1.0, 1.1, 1e4)
    r = np.array([0.2, 1.0, 1.09])
    np.testing.assert_allclose(forces.slope(law, r), [3.0, 1.5, 0.0], atol=1e-12)


@pytest.mark.parametrize("kind", ["harmonic", "wca"])
def test_clusters_do_not_depend_on_the_skin(kind):
    found = []
    for skin in (0.06, 0.5):
        given = {
            **ABP, "particles": 400, "packing_fraction": 0.35, "self_propulsion_speed": 1.0,
            "translational_diffusivity": 0.05, "time_step": 2e-5, "t_end": 0.002,
            "interaction": {"kind": kind, "strength": 10.0}, "skin": skin,
        }  # fmt: skip
        simulation = run.begin(prepare(given, "p"), np.random.default_rng(3))
        found.append(observe.observables(simulation)["largest_cluster"])
    assert found[0] == found[1]


def test_entropy_production_is_told_where_swimming_is_all_of_it():
    assert "entropy_production" in active.fields(prepare(ABP, "p"))
    for torque in ({"chirality": 2.0}, {"alignment": {"strength": 1.0, "range": 1.5}}):
        params = prepare({**ABP, **torque}, "p")
        assert "entropy_production" not in active.fields(params)
        simulation = run.begin(params, np.random.default_rng(1))
        assert observe.observables(simulation).keys() == observe.about(params).keys()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({**ABP, "t_end": 1e300}, r"p\.t_end: is more than 1e\+15 steps"),
        ({**ABP, "thermalization": 1e300}, r"p\.thermalization: is more than 1e\+15 steps"),
        ({**AOUP, "coupling": {"kind": "ring", "stiffness": 1.0}}, r"p\.coupling: needs two"),
        (
            {**AOUP, "particles": [{"count": 3, "rotational_diffusivity": 1.0}]},
            r"p\.particles\[0\]\.rotational_diffusivity: aoup has none; remove it",
        ),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(given, text):
    with pytest.raises(ConfigError, match=text):
        prepare(given, "p")
