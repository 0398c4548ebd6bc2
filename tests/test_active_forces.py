"""Pair forces and lists of active matter: compiled = twin, cells = all pairs, momentum, laws."""

from dataclasses import replace

import array_api_strict
import numpy as np
import pytest

from sims.active import forces, pairs, system
from sims.active.engine import Simulation
from sims.active.params import prepare

WCA = {"kind": "wca", "strength": 1.3, "diameter": 0.9}
LAWS = {
    "wca": WCA,
    "harmonic": {"kind": "harmonic", "strength": 40.0},
    "softplus": {"kind": "softplus", "strength": 2.5, "diameter": 2.0, "beta": 7.5},
}


def made(given, x, size=None):
    e = np.tile([1.0, 0.0][: x.shape[1]], (len(x), 1))
    base = {
        "model": "passive", "particles": len(x), "dimension": x.shape[1], "time_step": 1e-4,
        "t_end": 1.0, "translational_diffusivity": 0.1,
    }  # fmt: skip
    box = given.get("box")  # set afterwards: these states are denser than a run may be
    params = prepare({**base, **{k: v for k, v in given.items() if k != "box"}}, "p")
    simulation = Simulation(replace(params, box=box), x, e, np.ones(260, np.uint64), size)
    simulation.list_anew()
    return simulation


def scattered(draw, n, edge, apart):
    """Return n points of a box, none nearer than `apart`, so that forces keep their size."""
    found = []
    while len(found) < n:
        trial = draw.uniform(0, edge)
        gaps = np.array(found).reshape(-1, len(edge)) - trial
        gaps -= edge * np.round(gaps / edge)
        if not (np.hypot.reduce(gaps, axis=1) < apart).any():
            found.append(trial)
    return np.array(found)


def compiled(simulation):
    simulation.act()
    return simulation.by_number(simulation.particles.f)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("box", [(7.5, 7.5), (25.0, 11.0), None])
def test_compiled_forces_are_those_of_all_pairs(name, box):
    draw = np.random.default_rng(3)
    edge = np.array(box or (9.0, 9.0))
    x = scattered(draw, 60, edge, 0.7)
    simulation = made({"interaction": LAWS[name], "box": box, "skin": 0.2}, x)
    law = system.pair(simulation.params)
    period = edge if box else np.full(2, np.inf)
    expected = forces.by_all_pairs(law, x, period)
    found = compiled(simulation)
    scale = np.abs(expected).max()
    assert scale > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-12 * scale)
    assert np.abs(found.sum(axis=0)).max() < 1e-13 * scale * len(x)


def test_forces_of_mixed_sizes_are_those_of_all_pairs():
    draw = np.random.default_rng(4)
    x, size = scattered(draw, 50, np.array([8.0, 8.0]), 0.8), draw.uniform(0.8, 1.2, 50)
    for law in (WCA, LAWS["harmonic"]):
        given = {"interaction": {**law, "polydispersity": 0.12}, "box": 8.0}
        simulation = made(given, x, size)
        expected = forces.by_all_pairs(system.pair(simulation.params), x, np.full(2, 8.0), size)
        np.testing.assert_allclose(
            compiled(simulation), expected, atol=1e-12 * np.abs(expected).max()
        )


@pytest.mark.parametrize("name", LAWS)
def test_the_force_is_the_slope_of_the_energy_and_ends_at_the_cutoff(name):
    law = system.pair(made({"interaction": LAWS[name]}, np.array([[0.0, 0.0], [3.0, 3.0]])).params)
    r = np.linspace(0.75, 0.999, 40) * law.cutoff
    h = 1e-5
    slope = (forces.energy(law, r + h) - forces.energy(law, r - h)) / (2 * h)
    size = np.abs(slope).max()
    np.testing.assert_allclose(forces.force(law, r), -slope, atol=1e-7 * size)
    curve = (forces.force(law, r + h) - forces.force(law, r - h)) / (2 * h)
    np.testing.assert_allclose(forces.slope(law, r), -curve, atol=1e-6 * np.abs(curve).max())
    edge = forces.force(law, np.array([law.cutoff * (1 - 1e-9), law.cutoff * 1.01]))
    assert 0 <= edge[0] < 1e-6 * size
    assert edge[1] == 0


@pytest.mark.parametrize("name", LAWS)
def test_the_law_of_a_pair_at_many_distances(name):
    law = system.pair(made({"interaction": LAWS[name]}, np.array([[0.0, 0.0], [3.0, 3.0]])).params)
    r = np.linspace(0.3, 1.2, 400) * law.cutoff
    over = r**2
    pairs.law(
        system.KINDS.index(law.kind), over, len(r), law.strength, law.diameter**2,
        law.cutoff**2, law.beta, law.tail,
    )  # fmt: skip
    expected = forces.force(law, r) / r
    np.testing.assert_allclose(over, expected, rtol=3e-14, atol=1e-14 * law.strength * 24)


def test_the_twin_takes_a_strict_array_library():
    x = scattered(np.random.default_rng(5), 20, np.array([6.0, 6.0]), 0.8)
    edge = np.array([6.0, np.inf])
    for name, given in LAWS.items():
        law = system.pair(made({"interaction": given}, x).params)
        plain = forces.by_all_pairs(law, x, edge)
        strict = forces.by_all_pairs(
            law, array_api_strict.asarray(x), array_api_strict.asarray(edge)
        )
        np.testing.assert_allclose(np.asarray(strict), plain, atol=1e-12, err_msg=name)
    e = np.stack([np.cos(x[:, 0]), np.sin(x[:, 0])], axis=1)
    strict = forces.alignment(*map(array_api_strict.asarray, (x, e, edge)), 1.5)
    np.testing.assert_allclose(np.asarray(strict), forces.alignment(x, e, edge, 1.5), atol=1e-13)


def listed(simulation):
    i, j = simulation.listed()
    number = simulation.order()
    return {tuple(sorted(two)) for two in zip(number[i].tolist(), number[j].tolist(), strict=True)}


@pytest.mark.parametrize("open_space", [False, True])
def test_cells_find_exactly_the_pairs_that_all_pairs_find(open_space):
    draw = np.random.default_rng(11)
    by_cells = 0
    for _ in range(60):
        n = int(draw.integers(2, 180))
        box = draw.uniform(3.2, 16.0, 2)
        x = draw.uniform(-0.3, 1.3, (n, 2)) * box
        box_given = None if open_space else tuple(box)
        simulation = made({"interaction": {"kind": "harmonic"}, "box": box_given, "skin": 0.3}, x)
        gap = forces.nearest_image(x[:, None] - x[None], np.full(2, np.inf) if open_space else box)
        i, j = np.nonzero(np.triu(np.sqrt((gap**2).sum(axis=-1)) < 1.3, 1))
        found = listed(simulation)
        assert found == set(zip(i.tolist(), j.tolist(), strict=True))
        assert simulation.scratch.pairs[0] == len(found)
        by_cells += simulation.scratch.axis.min() > 2
    assert by_cells > 10  # both ways were taken


def test_a_list_that_is_too_short_grows():
    x = np.random.default_rng(2).uniform(0, 4.0, (400, 2))
    simulation = made({"interaction": {"kind": "softplus", "beta": 7.5}, "box": None}, x)
    assert simulation.scratch.pairs[0] > 12 * 400 + 256


@pytest.mark.parametrize("integrator", ["euler", "heun"])
def test_no_pair_is_missed_while_a_list_is_in_use(integrator):
    given = {
        "model": "abp", "particles": 200, "packing_fraction": 0.5, "self_propulsion_speed": 20.0,
        "rotational_diffusivity": 1.0, "translational_diffusivity": 0.2, "t_end": 1.0,
        "interaction": {"kind": "wca"}, "time_step": 1e-4, "skin": 0.2, "integrator": integrator,
    }  # fmt: skip
    from sims.active import run

    simulation = run.begin(prepare(given, "p"), np.random.default_rng(8))
    edge = system.edges(simulation.params)
    lists = simulation.lists
    for _ in range(150):
        simulation.advance(1)
        x = simulation.by_number(simulation.particles.x)
        gap = forces.nearest_image(x[:, None] - x[None], edge)
        near = np.nonzero(np.triu(np.sqrt((gap**2).sum(axis=-1)) < 2 ** (1 / 6), 1))
        assert set(zip(*(k.tolist() for k in near), strict=True)) <= listed(simulation)
    assert simulation.lists - lists > 5


def test_torques_are_those_of_all_pairs_and_add_up_to_nothing():
    draw = np.random.default_rng(6)
    x = draw.uniform(0, 9.0, (80, 2))
    angle = draw.uniform(0, 2 * np.pi, 80)
    e = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    given = {
        "model": "abp", "rotational_diffusivity": 1.0, "box": 9.0,
        "alignment": {"strength": 1.0, "range": 1.7},
    }  # fmt: skip
    simulation = made(given, x)
    simulation.particles.e[:] = e[simulation.order()].T
    compiled(simulation)
    found = simulation.by_number(simulation.particles.torque)
    np.testing.assert_allclose(
        found, forces.alignment(x, e, np.full(2, 9.0), 1.7), atol=1e-12 * np.abs(found).max()
    )
    assert abs(found.sum()) < 1e-12


@pytest.mark.parametrize("closed", [True, False])
def test_springs_pull_those_that_follow_each_other(closed):
    x = np.random.default_rng(7).normal(size=(7, 1))
    given = {"coupling": {"kind": "ring" if closed else "chain", "stiffness": 1.7}}
    simulation = made({**given, "dimension": 1}, x)
    expected = forces.along_chain(x, 1.7, closed)
    np.testing.assert_allclose(compiled(simulation), expected, atol=1e-14)
    second = x[2] + x[0] - 2 * x[1]
    np.testing.assert_allclose(expected[1], 1.7 * second, atol=1e-14)
    wrapped = x[6] + x[1] - 2 * x[0] if closed else x[1] - x[0]
    np.testing.assert_allclose(expected[0], 1.7 * wrapped, atol=1e-14)
