"""Active particles against closed forms: free, trapped, coupled, at equilibrium; and the twin.

Every tolerance is 4.5 standard errors of what was measured (one failure in 10^5 for a right code;
the streams are fixed) plus the error of the time step where it is not far below that.
"""

from math import exp, pi, sqrt

import array_api_strict
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from core import rng
from sims.active import forces, kernels, normals, run, system, twin
from sims.active.params import prepare

SIGMAS = 4.5
FREE = {
    "abp": {"model": "abp", "rotational_diffusivity": 1.3},
    "chiral": {"model": "abp", "rotational_diffusivity": 1.3, "chirality": 2.0},
    "aoup": {"model": "aoup", "persistence_rate": 1.3},
    "aoup_line": {"model": "aoup", "persistence_rate": 1.3, "dimension": 1},
    "rtp": {"model": "rtp", "tumble_rate": 1.3},
    "rtp_line": {"model": "rtp", "tumble_rate": 1.3, "dimension": 1},
}
RATE, SPEED, DIFFUSION = 1.3, 0.8, 0.15


def begun(given, seed=1):
    base = {"t_end": 1.0, "frames": 2, "self_propulsion_speed": SPEED}
    params = prepare({**base, **given}, "p")
    return run.begin(params, rng.generator(seed, "sims", "test", 0))


def near(values, exact, more=0.0):
    """Assert that a mean of independent values is what it should be."""
    values = np.ravel(values)
    error = values.std() / sqrt(values.size)
    assert abs(values.mean() - exact) <= SIGMAS * error + more, (values.mean(), exact, error)


@pytest.mark.parametrize("name", FREE)
def test_free_particles_spread_and_forget_their_heading(name):
    given = {**FREE[name], "particles": 40000, "translational_diffusivity": DIFFUSION}
    simulation = begun({**given, "time_step": 1e-3})
    d, omega = simulation.params.dimension, simulation.params.chirality
    start, first = (
        simulation.by_number(v) for v in (simulation.particles.x, simulation.particles.e)
    )
    for t in (0.4, 2.0):
        simulation.advance(round((t - simulation.time) / 1e-3))
        x, e = (simulation.by_number(v) for v in (simulation.particles.x, simulation.particles.e))
        unit = d if simulation.params.model == "aoup" else 1
        near((e * first).sum(axis=1), unit * exp(-RATE * t) * np.cos(omega * t))
        z = RATE - 1j * omega
        active = (
            2 * SPEED**2 * unit * ((exp(-RATE * t) * np.exp(1j * omega * t) - 1) / z**2 + t / z)
        )
        exact = 2 * d * DIFFUSION * t + active.real
        # headings are kept through a step: <(sum e h)^2> is off by h^2/6 of a persistence time
        near(((x - start) ** 2).sum(axis=1), exact, 1e-3 * SPEED**2 * unit * t)
    assert abs((e**2).sum(axis=1).mean() - unit) < (0.05 if unit == d else 1e-11)


@pytest.mark.parametrize("name", ["abp", "rtp", "aoup"])
def test_long_times_are_diffusive(name):
    given = {**FREE[name], "particles": 20000, "translational_diffusivity": DIFFUSION}
    simulation = begun({**given, "time_step": 0.02})
    simulation.advance(500)  # 13 persistence times
    start = simulation.particles.x.copy()
    simulation.advance(2000)
    spread = ((simulation.particles.x - start) ** 2).sum(axis=0) / (4 * 40.0)
    unit = 2 if name == "aoup" else 1
    effective = DIFFUSION + unit * SPEED**2 / (2 * RATE)
    transient = unit * SPEED**2 / (2 * RATE) / (RATE * 40.0)  # (1 - e^-(rate t))/(rate t) below it
    near(spread, effective - transient, 0.02 * RATE / 2 * effective)


def gathered(simulation, burn, apart, times, look):
    simulation.advance(burn)
    found = []
    for _ in range(times):
        simulation.advance(apart)
        found.append(look(simulation))
    return np.array(found)


@pytest.mark.parametrize("name", ["abp", "rtp", "aoup", "rtp_line", "aoup_line", "passive"])
def test_trapped_particles_have_the_exact_variance_and_entropy_production(name):
    k = 0.9
    kind = FREE.get(name, {"model": "passive"})
    given = {**kind, "particles": 20000, "translational_diffusivity": DIFFUSION, "mobility": 0.5}
    simulation = begun(
        {**given, "time_step": 0.02, "trap": {"stiffness": k / 0.5}, "integrator": "heun"}
    )
    d = simulation.params.dimension
    simulation.advance(600)  # 10 relaxation times
    before = simulation.particles.work.copy()
    squares = []
    for _ in range(4):
        simulation.advance(250)
        squares.append((simulation.by_number(simulation.particles.x) ** 2).sum(axis=1))
    speed2 = {"passive": 0.0, "aoup": 2 * SPEED**2}.get(simulation.params.model, SPEED**2)
    speed2 = SPEED**2 if name == "aoup_line" else speed2
    # the squares of a particle at the four times are correlated by e^(-2 k 5): independent
    near(squares, d * DIFFUSION / k + speed2 / (k * (k + RATE)), 1e-3)
    rate = (simulation.particles.work - before) / 20.0 / (DIFFUSION / 0.5)
    near(rate, speed2 / DIFFUSION * RATE / (k + RATE), 1e-3 * speed2 / DIFFUSION)


def test_rings_and_chains_produce_entropy_as_their_modes_do():
    k, kappa, n = 0.7, 1.9, 32
    given = {
        **FREE["aoup_line"], "translational_diffusivity": DIFFUSION, "time_step": 0.01,
        "integrator": "heun", "trap": {"stiffness": k},
    }  # fmt: skip
    waves = 4 * kappa * np.sin(pi * np.arange(n) / n) ** 2
    for kind, count, modes in (("ring", n, waves), ("chain", 2, np.array([0.0, 2 * kappa]))):
        simulation = begun(
            {**given, "particles": count, "coupling": {"kind": kind, "stiffness": kappa}}
        )
        exact = SPEED**2 * RATE / DIFFUSION * np.mean(1 / (k + modes + RATE))
        each, last = [], 0.0
        simulation.advance(1000)
        simulation.particles.work[:] = 0.0
        for _ in range(60):
            simulation.advance(2000 if count == n else 8000)
            total = simulation.particles.work.sum()
            each.append((total - last) / count)
            last = total
        span = 20.0 if count == n else 80.0
        near(np.array(each) / span / DIFFUSION, exact, 1e-3 * exact)


def test_soft_rods_at_equilibrium_have_the_exact_gaps_and_pressure():
    # Takahashi's gas: neighbours on a line are independent, p(s) ~ exp(-(U(s) + P s)/T)
    n, stiffness, temperature, packing = 1500, 20.0, 0.5, 0.8
    simulation = begun({
        "model": "passive", "particles": n, "dimension": 1, "packing_fraction": packing,
        "interaction": {"kind": "harmonic", "strength": stiffness}, "time_step": 2e-3,
        "translational_diffusivity": temperature, "initial": "lattice", "integrator": "heun",
        "skin": 0.8,
    })  # fmt: skip
    from sims.active import observe

    def weight(s, p):
        return exp(-(0.5 * stiffness * max(0.0, 1 - s) ** 2 + p * s) / temperature)

    def moment(p, power):
        return quad(lambda s: s**power * weight(s, p), 0, 40, points=[1.0], limit=200)[0]

    exact = brentq(lambda p: moment(p, 1) / moment(p, 0) - 1 / packing, 0.1, 20.0)
    variance = moment(exact, 2) / moment(exact, 0) - packing**-2

    # long waves relax slowly: start from gaps of that distribution
    edge, s = system.edges(simulation.params)[0], np.linspace(0, 12, 24001)
    share = np.cumsum([weight(one, exact) for one in s])
    drawn_gaps = np.interp(np.random.default_rng(4).random(n), share / share[-1], s)
    ends = np.cumsum(drawn_gaps)
    simulation.particles.x[0] = np.sort(ends * edge / ends[-1] % edge)
    simulation.list_anew()
    simulation.advance(1000)
    gaps, pressures = [], []
    for _ in range(50):
        simulation.advance(400)
        simulation.list_anew()
        x = np.sort(simulation.particles.x[0])
        gaps.append(np.diff(x, append=x[0] + edge).var())
        pressures.append(observe.observables(simulation)["virial_pressure"])
    near(pressures, exact - packing * temperature, 2e-3 * exact)
    near(gaps, variance, 4e-3 * variance)


def test_two_discs_in_a_trap_follow_boltzmann():
    k, temperature = 1.0, 0.6
    simulation = begun({
        "model": "passive", "particles": 2, "translational_diffusivity": temperature,
        "interaction": {"kind": "harmonic", "strength": 12.0, "diameter": 1.5},
        "trap": {"stiffness": k}, "time_step": 4e-3, "integrator": "heun", "initial": "lattice",
        "skin": 1.2,
    })  # fmt: skip
    law = system.pair(simulation.params)

    def weight(r):
        return r * exp(-(float(forces.energy(law, np.array(r))) + k * r * r / 4) / temperature)

    total = quad(weight, 0, 12, points=[1.5])[0]
    below = quad(weight, 0, 1.5)[0] / total
    second = quad(lambda r: r * r * weight(r), 0, 12, points=[1.5])[0] / total
    found = []
    for _ in range(4000):
        simulation.advance(100)
        gap = simulation.particles.x[:, 0] - simulation.particles.x[:, 1]
        found.append(gap @ gap)
    blocks = np.array(found).reshape(80, 50)  # 20 relaxation times each
    near((blocks < 1.5**2).mean(axis=1), below)
    near(blocks.mean(axis=1), second)


@pytest.mark.parametrize(
    ("integrator", "order", "steps"), [("euler", 1, (0.1, 0.2)), ("heun", 2, (0.2, 0.4))]
)
def test_the_weak_order_is_that_of_the_method(integrator, order, steps):
    errors = []
    for h in steps:
        simulation = begun({
            "model": "passive", "particles": 100000, "translational_diffusivity": 1.0,
            "trap": {"stiffness": 1.0}, "time_step": h, "integrator": integrator, "t_end": 4 * h,
        })  # fmt: skip
        squares = gathered(
            simulation, round(8 / h), round(4 / h), 10, lambda s: (s.particles.x**2).mean()
        )
        errors.append(abs(squares.mean() - 1))
    # +-0.0007 of errors near 0.01 and 0.04 (heun) or 0.05 and 0.1 (euler)
    assert np.log2(errors[1] / errors[0]) == pytest.approx(order, abs=0.15)


PLANE = {
    "particles": 48, "time_step": 2e-3, "box": (7.0, 8.5), "skin": 1.0,
    "translational_diffusivity": 0.2,
    "interaction": {"kind": "harmonic", "strength": 5.0}, "mobility": 1.4,
}  # fmt: skip
STEPS = {
    "abp": {**PLANE, **FREE["abp"], "chirality": 0.7},
    "abp aligned": {**PLANE, **FREE["abp"], "alignment": {"strength": 0.8, "range": 1.4}},
    "abp heun": {**PLANE, **FREE["abp"], "integrator": "heun"},
    "aoup": {**PLANE, **FREE["aoup"], "chirality": 0.7},
    "aoup heun": {**PLANE, **FREE["aoup"], "integrator": "heun"},
    "trap": {**PLANE, **FREE["aoup"], "box": None, "trap": {"stiffness": 0.5}},
    "ring": {**PLANE, **FREE["aoup"], "box": None, "coupling": {"kind": "ring", "stiffness": 0.5}},
    "line": {
        **PLANE, **FREE["aoup_line"], "box": None, "packing_fraction": 0.6,
        "coupling": None, "integrator": "heun",
    },
    "mixed": {
        **PLANE, **FREE["abp"],
        "particles": [
            {"count": 20, "self_propulsion_speed": 3.0},
            {"count": 28, "rotational_diffusivity": 0.1},
        ],
    },
}  # fmt: skip


def drawn(simulation):
    """Return the noise of the next step in the order of the numbers; one block of particles."""
    n, d = simulation.particles.work.size, simulation.params.dimension
    state, raw, failed = simulation.rng.copy(), np.zeros(512, np.uint64), np.zeros(513, np.int64)
    rows = []
    aoup = simulation.params.model == "aoup"
    calls = [64] * 4 if simulation.params.integrator == "heun" else [128, 128 if aoup else 64]
    for size in calls:
        out = np.zeros(size)
        normals.fill(state, out, raw[:size], failed)
        rows += [out[lo : lo + n] for lo in range(0, size, 64)]
    rows += [np.zeros(n)] * (4 - len(rows))
    number = np.argsort(simulation.order())
    return twin.Noise(*(np.stack(r, axis=1)[number][:, :d] for r in (rows[:2], rows[2:])))


@pytest.mark.parametrize("name", STEPS)
def test_a_compiled_step_is_a_step_of_the_twin(name):
    simulation = begun(STEPS[name])
    p, params = simulation.particles, simulation.params
    edge = system.edges(params)
    simulation.advance(3)
    for _ in range(3):
        simulation.list_anew()
        p.work[:] = 0.0
        now = twin.Moving(*(simulation.by_number(v) for v in (p.x, p.e, p.work)))
        after = twin.step(params, now, drawn(simulation), edge)
        simulation.advance(1)
        found = [simulation.by_number(v) for v in (p.x, p.e, p.work)]
        np.testing.assert_allclose(
            forces.nearest_image(found[0] - after.x, edge), 0, atol=1e-12 * 10
        )
        np.testing.assert_allclose(found[1], after.e, atol=1e-11)
        np.testing.assert_allclose(found[2], after.work, rtol=1e-9, atol=1e-12)
    assert np.abs(after.x - now.x).max() > 1e-4


def test_a_strict_array_library_can_step():
    simulation = begun(STEPS["abp aligned"])
    p, params = simulation.particles, simulation.params
    now = [simulation.by_number(v) for v in (p.x, p.e, p.work)]
    noise, edge = drawn(simulation), system.edges(params)
    plain = twin.step(params, twin.Moving(*now), noise, edge)
    strict = twin.step(
        params, twin.Moving(*map(array_api_strict.asarray, now)),
        twin.Noise(*map(array_api_strict.asarray, noise)), array_api_strict.asarray(edge),
    )  # fmt: skip
    for one, other in zip(strict, plain, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=1e-13)


def test_interacting_particles_without_noise_keep_their_centre_of_mass():
    simulation = begun({**PLANE, "model": "passive", "translational_diffusivity": 0.0,
                        "initial": "random", "particles": 60})  # fmt: skip
    simulation.particles.x[:] += np.random.default_rng(1).uniform(-0.2, 0.2, (2, 60))
    simulation.list_anew()
    simulation.particles.image[:] = 0
    edge = system.edges(simulation.params)

    def centre():
        p = simulation.particles
        return (p.x + p.image * edge[:, None]).mean(axis=1)

    before = centre()
    simulation.advance(2000)
    simulation.list_anew()
    np.testing.assert_allclose(centre(), before, atol=1e-12)
    assert simulation.lists > 1


def test_tumbles_come_at_their_rate_and_in_all_directions():
    e = np.zeros((2, 1000))
    state = normals.seed(np.random.default_rng(3))
    wait, count = 0, 0
    for _ in range(400):
        e[:] = 0.0
        wait = kernels.tumbled(e, 0.01, wait, state, 1.0)
        count += np.count_nonzero(e[0])
    assert abs(count - 4000) < SIGMAS * sqrt(4000 * 0.99)
