"""Particles in a trap: closed forms against other routes, and runs against the closed forms."""

import dataclasses
import json

import array_api_compat.numpy as xp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import solve_continuous_lyapunov

from analysis import plan
from analysis.measures import MEASURES
from analysis.structure import trapped
from core import rng
from core.errors import ConfigError
from core.store import Extent, read_run, write_h5md
from sims import active
from sims.active.params import prepare
from sims.plan import complete

GIVEN = {
    "particles": 2000, "trap": {"stiffness": 2.0}, "mobility": 0.5, "self_propulsion_speed": 1.5,
    "time_step": 0.02, "integrator": "heun", "thermalization": 10.0, "t_end": 4.0, "frames": 9,
}  # fmt: skip
MODELS = {
    "abp": {"rotational_diffusivity": 0.5, "translational_diffusivity": 0.1},
    "aoup": {"persistence_rate": 0.7, "translational_diffusivity": 0.1},
    "rtp": {"tumble_rate": 0.8, "translational_diffusivity": 0.0, "dimension": 1},
    "passive": {"translational_diffusivity": 0.3},
}


def test_the_variance_is_that_of_the_linear_equations():
    kappa, gamma, v, diffusivity = 0.8, 0.3, 1.7, 0.2
    drift = np.array([[-kappa, v], [0.0, -gamma]])
    found = solve_continuous_lyapunov(drift, -2 * np.diag([diffusivity, gamma]))
    assert trapped.variance(
        kappa, dimension=1, speed_squared=v**2, forgetting=gamma, diffusivity=diffusivity
    ) == pytest.approx(found[0, 0], rel=1e-12)
    # work of the propulsion over T, <v g (v g - kappa x)>/D
    heat = v * (v * found[1, 1] - kappa * found[0, 1]) / diffusivity
    assert trapped.entropy_production(
        kappa, speed_squared=v**2, forgetting=gamma, diffusivity=diffusivity
    ) == pytest.approx(heat, rel=1e-12)


def test_with_chirality_the_variance_is_the_integral_over_the_memory():
    kappa, gamma, omega, v = 0.8, 0.3, 1.1, 1.7
    memory = quad(lambda u: np.exp(-(kappa + gamma) * u) * np.cos(omega * u), 0, 60)[0]
    found = trapped.variance(
        kappa, dimension=2, speed_squared=v**2, forgetting=gamma, chirality=omega
    )
    assert found == pytest.approx(v**2 / 2 * memory / kappa, rel=1e-9)


@pytest.mark.parametrize("flips", [0.2, 1.0, 1.7])
def test_the_density_of_run_and_tumble_particles_has_their_variance(flips):
    kappa, v = 0.9, 1.3
    edges = np.linspace(-2, 2, 4001)
    density, width = trapped.run_and_tumble(edges, kappa, v, flips), edges[1] - edges[0]
    middle = (edges[1:] + edges[:-1]) / 2
    assert density.sum() * width == pytest.approx(1, rel=1e-12)
    assert (density[np.abs(middle) > v / kappa + width] == 0).all()
    exact = trapped.variance(kappa, dimension=1, speed_squared=v**2, forgetting=2 * flips)
    # at the edge a bin holds much: its width is the error
    assert (density * middle**2).sum() * width == pytest.approx(exact, rel=2 * width)
    shape = (1 - (kappa * middle / v) ** 2)[1000:3000] ** (flips / kappa - 1)
    inner = density[1000:3000]
    np.testing.assert_allclose(inner / inner[1000], shape / shape[1000], rtol=1e-5)


def test_the_gaussian_has_its_variance():
    edges = np.linspace(-12, 12, 2001)
    density, middle = trapped.gaussian(edges, 1.7), (edges[1:] + edges[:-1]) / 2
    assert (density * middle**2).sum() * 0.012 == pytest.approx(1.7, rel=1e-4)


def made(path, model):
    given = {**GIVEN, **MODELS[model], "model": model}
    params = prepare(given, "p")
    one = active.trajectories(params, lambda m: rng.generator(4, "sims", model, m), xp)
    spec = {"simulator": "active", "params": complete(params), "members": 1}
    stamp = {"run": model, "simulator": "active", "seed": 4}
    write_h5md(path, one.layout, one.blocks, lambda: {**stamp, "spec_json": json.dumps(spec)})
    return path


@pytest.mark.parametrize("model", MODELS)
def test_runs_in_a_trap_have_the_exact_variance_density_and_heat(tmp_path, model):
    with read_run(made(tmp_path / "run.h5md", model)) as run:
        found = MEASURES["trapped"].function(run, run.members[0], bins=20)
        (row,) = found.checks
        assert row.passed, row
        assert row.tolerance < 0.1 * row.exact  # five errors of 2000 particles
        # a stiffer trap, or a longer memory, would be noticed
        for name, value in (("trap", {"stiffness": 2.5}), ("mobility", 0.7)):
            other = dataclasses.replace(run, params={**run.params, name: value})
            assert not MEASURES["trapped"].function(other, run.members[0]).checks[0].passed
        assert (found.exact is None) == (model == "abp")
        if found.exact is not None:
            counts = 2000 * (found.axis[1] - found.axis[0])  # frames remember each other
            error = np.sqrt(np.maximum(found.exact, 0.02) / counts)
            assert (np.abs(found.value - found.exact) < 5 * error).all()
        if model in ("abp", "aoup"):
            (heat,) = MEASURES["heat"].function(run, run.members[0]).checks
            assert heat.passed and heat.tolerance < 0.2 * heat.exact
            other = dataclasses.replace(run, params={**run.params, "trap": {"stiffness": 9.0}})
            assert not MEASURES["heat"].function(other, run.members[0]).checks[0].passed


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"trap": None}, "is for particles in a trap"),
        ({"interaction": {"kind": "wca", "diameter": 1.0}}, "know nothing of each other"),
        ({"coupling": {"kind": "ring", "stiffness": 1.0}}, "know nothing of each other"),
        ({"particles": [{"count": 3}]}, "not for a mixture"),
    ],
)
def test_other_runs_are_refused(given, text):
    params = {**GIVEN, "model": "abp", "rotational_diffusivity": 1.0, **given}
    sizes = {"position": Extent({"time": 9, "particle": 2000, "axis": 2}, "float64", False)}
    with pytest.raises(ConfigError, match=text):
        plan.check("trapped", {}, "active", sizes, "c:", "c: runs.a", params)
