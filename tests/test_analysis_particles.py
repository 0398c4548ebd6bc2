"""Measures and observables of runs of particles: from the file to numbers, errors and pictures."""

import json
import math
import re

import numpy as np
import pytest

from analysis import __main__ as command
from analysis import plan, structure
from analysis.figures import diagram, draw, style
from core import provenance
from core.errors import ConfigError, NumericsError
from core.store import (
    Extent,
    Field,
    Frame,
    particle_layout,
    read_h5md,
    read_measure,
    write_h5md,
)

SWARM = {
    "model": "abp", "particles": 400, "dimension": 2, "packing_fraction": 0.35,
    "self_propulsion_speed": 2.0, "rotational_diffusivity": 0.5, "translational_diffusivity": 0.1,
    "mobility": 1.0, "chirality": 0.0, "time_step": 0.05,
    "interaction": {"kind": "none", "strength": 1.0, "diameter": 1.0},
}  # fmt: skip
MEASURES = (
    "msd", "heading_memory", "pair_distribution", "structure_factor", "coarsening", "hexatic",
    "hexatic_correlation", "contacts", "local_density", "clusters", "cluster_sizes", "phases",
    "snapshot", "effective_speed", "pressure", "disorder", "polar_order",
)  # fmt: skip
OBSERVED = {
    "places": {"observable": "positions", "functional": "knn_entropy"},
    "directions": {"observable": "headings", "functional": "knn_entropy"},
    "boxes": {
        "observable": "particle_density", "side": 3.0, "functional": "shannon",
        "estimator": "grassberger",
    },
}  # fmt: skip


def make(path, frames_of, n, times, box, params, members=1, name="swarm"):
    layout = particle_layout(
        time=times, step=np.arange(len(times)), members=members, particles=n, box=box,
        title="swarm", elements={
            "orientation": Field(("particle", "axis"), "float64", "1", "heading")
        },
    )  # fmt: skip
    spec = {"simulator": "active", "params": params, "members": members}

    def stamp():
        return provenance.collect(
            run=name, simulator="active", spec=spec, code="0" * 64, seed=5, device="cpu",
            clock=provenance.Clock(),
        )  # fmt: skip

    def blocks():
        for member in range(members):
            for index, (x, e) in enumerate(frames_of(member)):
                yield Frame(index, times[index], np.mod(x, box), box, {"orientation": e}).block(
                    member, index
                )

    write_h5md(path, layout, blocks(), stamp)
    return path


def free_swimmers(path, members=1, n=400, t=60, dt=0.2):
    """Write free active Brownian particles, moved in steps of a tenth of dt."""
    p, h = SWARM, dt / 10
    box = np.full(2, math.sqrt(n * math.pi / 4 / p["packing_fraction"]))

    def frames_of(member):
        rng = np.random.default_rng([9, member])
        x, angle = rng.uniform(size=(n, 2)) * box, rng.uniform(0, 2 * math.pi, n)
        for _ in range(t):
            yield x, np.stack([np.cos(angle), np.sin(angle)], axis=-1)
            for _ in range(10):
                before = angle
                angle = angle + math.sqrt(2 * p["rotational_diffusivity"] * h) * rng.normal(size=n)
                e = sum(np.stack([np.cos(a), np.sin(a)], axis=-1) for a in (before, angle)) / 2
                x = x + h * p["self_propulsion_speed"] * e
                x = x + math.sqrt(2 * p["translational_diffusivity"] * h) * rng.normal(size=(n, 2))

    params = {**p, "particles": n}
    return make(path, frames_of, n, dt * np.arange(t), box, params, members)


def drop(path, params=None, t=12, name="drop", n_gas=120, seed=1):
    """Write a hexagonal drop of 0.8 in a gas: all densities are known."""
    rng = np.random.default_rng(seed)
    box, half = np.array([40.0, 20.0]), 20.0
    spacing = math.sqrt(math.pi / 4 / 0.8 * 2 / math.sqrt(3))
    across, up = int(half / spacing), int(half / (spacing * math.sqrt(3) / 2))
    i, j = np.meshgrid(np.arange(across), np.arange(up))
    x, y = (i + 0.5 * (j % 2) + 0.25) * half / across, (j + 0.5) * half / up
    slab = np.stack([x.ravel(), y.ravel()], axis=-1)
    n = len(slab) + n_gas

    def frames_of(member):
        for _ in range(t):
            gas = rng.uniform(size=(n_gas, 2)) * np.array([18.0, half]) + np.array([21.0, 0.0])
            shaken = slab + rng.normal(0, 0.05, slab.shape) + [0.0, rng.uniform(0, half)]
            angle = rng.uniform(0, 2 * math.pi, n)
            e = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
            yield np.concatenate([shaken, gas]), e

    params = {**SWARM, "particles": n, **(params or {})}
    make(path, frames_of, n, np.arange(float(t)), box, params, name=name)
    return len(slab), n_gas


@pytest.fixture(scope="module")
def swarm(tmp_path_factory):
    return free_swimmers(tmp_path_factory.mktemp("swarm") / "run.h5md", members=2)


def measured(run, name, folder, **spec):
    if spec and "observable" not in spec:
        spec = {"measure": name, **spec}
    out = folder / f"{name}.h5"
    command.main([name, str(run), "--spec", json.dumps(spec), "-o", str(out)])
    return read_measure(out)


def numbers(file, member="0"):
    return {quantity: value for quantity, value, _ in file.members[member].summary}


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_particles_is_made_and_drawn(swarm, tmp_path, name):
    file = measured(swarm, name, tmp_path)
    assert len(file.members) == 2
    style.save(draw(file), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    # long titles are folded: compare without the line's end
    assert "swarm (active): model abp, particles 400, packing fraction 0.35" in text
    assert len(text) < 800_000


@pytest.mark.parametrize("name", sorted(OBSERVED))
def test_entropies_are_made_of_positions_and_headings(swarm, tmp_path, name):
    file = measured(swarm, name, tmp_path, **OBSERVED[name])
    with read_h5md(swarm) as run:
        member = run.members[0]
        box = member.fields["box"][0]
        values = file.members["0"].value[:, -1]
        area = math.log(box.prod())
        expected = {"places": area, "boxes": area, "directions": math.log(2 * math.pi)}[name]
        # independent particles: the error of 60 frames of 400 is at most 1/sqrt(400)
        assert values.mean() == pytest.approx(expected, abs=0.05)
        assert len(values) == 60


def test_free_swimmers_pass_their_exact_checks(swarm, tmp_path):
    for name in ("msd", "heading_memory"):
        file = measured(swarm, name, tmp_path)
        for measure in file.members.values():
            (check,) = measure.checks
            assert check.passed, check
            assert check.tolerance < 0.6 * abs(check.exact)  # it could fail
    speed = numbers(measured(swarm, "effective_speed", tmp_path))
    assert speed["effective swim speed over v_0"] == pytest.approx(1.0, abs=1e-12)
    found = numbers(measured(swarm, "pressure", tmp_path))
    density = 0.35 / (math.pi / 4)
    assert found["swim pressure"] == pytest.approx(density * 4.0 / (2 * 0.5), rel=1e-12)
    assert found["ideal pressure"] == pytest.approx(density * 0.1, rel=1e-12)


def test_an_ideal_gas_has_no_structure(swarm, tmp_path):
    file = measured(swarm, "pair_distribution", tmp_path, r_max=8.0, bins=16)
    for measure in file.members.values():
        far = (measure.value - 1)[1:] / measure.extra["error"][1:]
        assert np.abs(far).max() < 5.5  # 30 errors, each from few independent frames
    assert numbers(measured(swarm, "local_density", tmp_path))["separated into two phases"] == 0


def test_a_drop_in_a_gas_is_found_for_what_it_is(tmp_path):
    path = tmp_path / "run.h5md"
    inside, outside = drop(path)
    densities = measured(path, "local_density", tmp_path, side=5.0)
    found = numbers(densities)
    assert found["separated into two phases"] == 1
    dense = inside / (20 * 20) * math.pi / 4
    gas = outside / (18 * 20) * math.pi / 4
    # boxes of 5 hold 24 particles of the drop, in steps of 0.031; edges of the lattice in the
    # boxes shift the peak by a step or so
    assert found["packing fraction of the dense phase"] == pytest.approx(dense, abs=0.04)
    assert found["packing fraction of the gas"] == pytest.approx(gas, abs=0.04)
    clusters = numbers(measured(path, "clusters", tmp_path, reach=1.5))
    share = clusters["largest cluster, part of the particles"]
    assert inside / (inside + outside) <= share < inside / (inside + outside) + 0.1
    order = numbers(measured(path, "hexatic", tmp_path))
    assert 0.6 < order["local order <|psi_6|>"] < 0.9


def test_histogram_bins_part_whole_numbers_of_particles(tmp_path):
    path = tmp_path / "run.h5md"
    drop(path)
    measure = measured(path, "local_density", tmp_path, side=2.5, bins=10).members["0"]
    one = math.pi / 4 / 2.5**2
    steps = (measure.extra["edges"] + 0.5 * one) / one
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    width = np.diff(measure.extra["edges"])
    assert (measure.value * width).sum() == pytest.approx(1.0)


def test_a_sweep_makes_one_phase_diagram(tmp_path):
    files = []
    for i, rate in enumerate((0.02, 0.5)):
        path = tmp_path / f"{i}.h5md"
        drop(path, {"rotational_diffusivity": rate}, name=f"sweep/rotational_diffusivity~{rate}")
        files.append(measured(path, "phases", tmp_path, side=2.5))
    figure = draw(files)
    assert [diagram.peclet(file.params) for file in files] == [100.0, 4.0]
    assert figure.get_suptitle() == "Phase diagram of sweep: 2 runs"
    style.save(figure, tmp_path / "a.svg")
    assert "Péclet" in (tmp_path / "a.svg").read_text()
    points = [c for c in figure.axes[0].collections if len(c.get_offsets()) == 2]
    assert sorted(points[0].get_offsets()[:, 1]) == [4.0, 100.0]


@pytest.mark.parametrize("colour", ["density", "hexatic", "cluster"])
def test_snapshots_are_coloured_by_what_is_asked(swarm, tmp_path, colour):
    measure = measured(swarm, "snapshot", tmp_path, colour=colour, time=3.1)
    measure = measure.members["0"]
    with read_h5md(swarm) as run:
        member = run.members[0]
        at = int(np.argmin(np.abs(member.time - 3.1)))
        x, box = member.fields["position"][at], member.fields["box"][at]
    assert measure.extra["time"] == member.time[at]
    np.testing.assert_array_equal(measure.value[:, :2], x)
    sizes = structure.find_clusters(x, box, 1.2)
    expected = {
        "density": structure.disc_densities(x, box, 2.5, x) * math.pi / 4,
        "hexatic": np.abs(structure.hexatic_order(x, box)),
        "cluster": sizes.sizes[sizes.label],
    }[colour]
    np.testing.assert_allclose(measure.value[:, 2], expected)


def test_only_the_frames_that_are_asked_for_count(swarm, tmp_path):
    file = measured(swarm, "clusters", tmp_path, since=10.0)
    assert file.members["0"].axis[0] == pytest.approx(10.0)
    with pytest.raises(ConfigError, match="the run ends at t"):
        measured(swarm, "clusters", tmp_path, since=100.0)


EXTENTS = {
    "position": Extent({"time": 5, "particle": 400, "axis": 2}, "float64"),
    "orientation": Extent({"time": 5, "particle": 400, "axis": 2}, "float64"),
}


def check(name, params=SWARM, simulator="active", extents=EXTENTS, **specs):
    plan.check(name, specs, simulator, extents, "config.yaml:", "config.yaml: runs.r", params)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_offered_to_a_run_that_it_suits(name):
    check(name)
    with pytest.raises(ConfigError, match="is for active, not for nlse"):
        check(name, simulator="nlse")


@pytest.mark.parametrize(
    ("name", "changes", "word"),
    [
        ("hexatic", {"dimension": 1}, "is for runs in two dimensions, not 1"),
        ("pair_distribution", {"packing_fraction": None}, "needs a periodic box"),
        ("effective_speed", {"trap": {"stiffness": 1.0}}, "not of a trap"),
        ("pressure", {"self_propulsion_speed": 0.0}, "is for particles that swim"),
        ("pressure", {"model": "passive"}, "is for particles that swim"),
        ("heading_memory", {"model": "passive"}, "these are passive"),
        ("polar_order", {"model": "passive"}, "these are passive"),
        ("effective_speed", {"particles": [{"count": 3}, {"count": 4}]}, "not for a mixture"),
    ],
)
def test_a_run_that_cannot_be_measured_is_refused_before_it_starts(name, changes, word):
    with pytest.raises(ConfigError, match=word):
        check(name, {**SWARM, **changes})


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"measure": "clusters", "reach": -1.0}, "reach: must be positive"),
        ({"measure": "clusters", "reech": 1.0}, "did you mean 'reach'"),
        ({"measure": "snapshot", "colour": "red"}, "colour"),
        ({"measure": "local_density", "side": 0.0}, "side: must be positive"),
        ({"measure": "msd", "window": [3.0, 1.0]}, "window"),
        ({"measure": "msd", "particles": 0}, "particles"),
        ({"observable": "particle_density", "side": -1.0, "functional": "shannon"}, "side"),
        ({"observable": "positions", "functional": "shannon"}, "takes a distribution"),
    ],
)
def test_a_bad_option_is_refused_before_it_starts(spec, word):
    with pytest.raises(ConfigError, match=word):
        check("mine", mine=spec)


def test_what_the_numbers_refuse_names_the_member_and_the_measure(swarm, tmp_path):
    with pytest.raises(NumericsError, match=re.escape("member 0: clusters: reach: 99")):
        measured(swarm, "clusters", tmp_path, reach=99.0)
    assert not (tmp_path / "clusters.h5").exists()
