"""Exact entropy production against routes that share nothing with the formulas."""

import math

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from analysis.production import exact

LINEAR = 1e-10  # relative: rounding of a Lyapunov equation with condition below 1e4


def aoups(v0, gamma, eps, springs):
    """Return (A, D) of AOUPs with the spring matrix `springs`, variables (x, g)."""
    n = len(springs)
    A = np.block([[springs, -np.diag(v0)], [np.zeros((n, n)), gamma * np.eye(n)]])
    return A, np.repeat([eps, gamma], n)


def by_definition(A, D, parity):
    """Return the mean of ln P[path]/P[reversed path] per time, term by term."""
    A, D, P = np.asarray(A), np.diag(np.asarray(D, dtype=float)), np.diag(parity)
    C = exact.covariance(A, D)
    irr, rev = (A + P @ A @ P) / 2, (A - P @ A @ P) / 2
    F = -np.linalg.inv(D) @ irr
    return np.trace(F.T @ -A @ C) + np.trace(D @ F) + np.trace(F.T @ rev @ C) + np.trace(rev)


def test_the_linear_rate_is_the_mean_log_ratio_of_path_probabilities():
    draw = np.random.default_rng(1)
    for n in (2, 3, 6):
        A = draw.normal(size=(n, n)) + 2.5 * math.sqrt(n) * np.eye(n)
        D = draw.uniform(0.3, 2, n)
        for parity in (np.ones(n), draw.choice([-1.0, 1.0], n)):
            found = exact.ornstein_uhlenbeck(A, D, parity)
            assert found == pytest.approx(by_definition(A, D, parity), rel=LINEAR, abs=1e-11)


def test_detailed_balance_produces_nothing():
    draw = np.random.default_rng(2)
    S = draw.normal(size=(4, 4))
    D = draw.uniform(0.3, 2, 4)
    A = D[:, None] * (S @ S.T + np.eye(4))
    assert abs(exact.ornstein_uhlenbeck(A, D)) < 1e-12 * np.abs(A).max()
    # a massive particle, its velocity odd, in equilibrium: no noise on the position
    assert exact.ornstein_uhlenbeck([[0, -1], [2.0, 0.7]], [0, 0.9], [1, -1]) == pytest.approx(0)


@pytest.mark.parametrize(("v0", "gamma", "eps", "k"), [(1.3, 0.4, 0.2, 0.7), (0.1, 5.0, 2.0, 0.01)])
def test_the_trapped_aoup_has_four_right_answers(v0, gamma, eps, k):
    A, D = aoups([v0], gamma, eps, np.array([[k]]))
    even, odd = (exact.aoup_trap(v0, gamma, eps, k, c) for c in ("even", "odd"))
    assert even == pytest.approx(exact.ornstein_uhlenbeck(A, D), rel=LINEAR)
    assert odd == pytest.approx(exact.ornstein_uhlenbeck(A, D, [1, -1]), rel=LINEAR)
    assert even + odd == pytest.approx(exact.free("aoup", v0, eps, 1), rel=1e-14)
    C = exact.covariance(A, D)
    flow = A @ C - np.diag(D)
    part = flow[1] @ np.linalg.solve(C, flow[1]) / gamma
    assert exact.aoup_trap(v0, gamma, eps, k, "g") == pytest.approx(part, rel=LINEAR)
    assert exact.aoup_trap(v0, gamma, eps, k, d=3) == pytest.approx(3 * even)
    assert exact.aoup_trap(v0, gamma, 0, k, "g", d=2) == pytest.approx(2 * k)
    assert exact.aoup_trap(v0, gamma, 0, k, "fodor") == 0


def test_athermal_aoups_are_massive_particles_to_fodor():
    v0, gamma, k = 1.3, 0.4, 0.7  # x'' = -k x' + v0 g', with p = x' odd
    A = [[0, -1], [gamma * k, gamma + k]]
    assert exact.ornstein_uhlenbeck(A, [0, gamma * v0**2], [1, -1]) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(("v0", "gamma"), [(1.5, 1.0), (0.7, 2.0), (2.0, 0.5)])
def test_fodors_rate_is_that_of_its_irreversible_current(v0, gamma):
    """Athermal AOUPs in Phi = V cos x, to order V^2, from the density's first order alone.

    rho = phi(g) (1 + V h), h = Re sum_n a_n e^(ix) He_n(g)/sqrt(n!). With p = v0 g - Phi' odd the
    irreversible current of p is -(gamma + Phi'') p - gamma v0 d_g ln rho, and sigma its mean
    square over v0^2 gamma: nothing here knows of a third derivative.
    """
    n = np.arange(400)
    ladder = np.diag(gamma * n).astype(complex)
    ladder += 1j * v0 * (np.diag(np.sqrt(n[1:]), 1) + np.diag(np.sqrt(n[1:]), -1))
    right = np.zeros(len(n), dtype=complex)
    right[0] = -1.0  # the force's divergence, cos x
    a = np.linalg.solve(ladder, right)
    flow = -gamma * v0 * np.sqrt(n[1:]) * a[1:]
    flow[0] += 1j * gamma  # of gamma Phi'
    flow[1] += v0  # of -Phi'' v0 g
    by_current = 0.5 * (np.abs(flow) ** 2).sum() / (v0**2 * gamma)
    # the third derivative is V sin x, p^3 = v0^3 g^3 + 3 v0^2 g^2 V sin x, <Re(a e^(ix)) sin x> =
    # -Im a/2
    third = v0**3 * -0.5 * (math.sqrt(6) * a[3] + 3 * a[1]).imag + 1.5 * v0**2
    assert exact.fodor_rate(third, v0, gamma) == pytest.approx(by_current, rel=1e-8)
    assert by_current > 0


def test_coupled_and_chained_aoups_against_lyapunov():
    v1, v2, gamma, eps, k, kappa = 1.3, 0.4, 0.5, 0.2, 0.7, 1.9
    springs = (k + kappa) * np.eye(2) - kappa * np.eye(2)[::-1]
    A, D = aoups([v1, v2], gamma, eps, springs)
    for convention, parity in (("even", None), ("odd", [1, 1, -1, -1])):
        assert exact.coupled_aoup(v1, v2, gamma, eps, k, kappa, convention) == pytest.approx(
            exact.ornstein_uhlenbeck(A, D, parity), rel=LINEAR
        )
    for n in (1, 3, 8, 33):
        ring = (k + 2 * kappa) * np.eye(n)
        for i in range(n):
            ring[i, (i + 1) % n] -= kappa
            ring[(i + 1) % n, i] -= kappa
        A, D = aoups(np.full(n, v1), gamma, eps, ring)
        for convention, parity in (("even", None), ("odd", [1] * n + [-1] * n)):
            assert exact.aoup_chain(n, v1, gamma, eps, k, kappa, convention) == pytest.approx(
                exact.ornstein_uhlenbeck(A, D, parity) / n, rel=LINEAR
            )
    long = exact.aoup_chain(400, v1, gamma, eps, k, kappa)
    assert exact.aoup_chain(math.inf, v1, gamma, eps, k, kappa) == pytest.approx(long, rel=1e-12)


def test_gyrator_and_beads_against_lyapunov():
    assert exact.gyrator(1, 2, 0.6, 1, 3) == pytest.approx(
        exact.ornstein_uhlenbeck([[1, 0.6], [0.6, 2]], [1, 3]), rel=LINEAR
    )
    for n, case in ((2, exact.two_bead), (5, exact.five_bead)):
        A, D = exact.bead_chain(np.linspace(4.1, 0.7, n), 1.7)
        assert case(4.1, 0.7, 1.7) == pytest.approx(exact.ornstein_uhlenbeck(A, D), rel=LINEAR)
        assert case(2.0, 2.0) == 0


def volumes(x_force, D, length, n):
    """Return the jump rates (n, n) of a particle on a ring of n cells, log ratio f dx/D."""
    dx = length / n
    middles = (np.arange(n) + 0.5) * dx
    half = x_force(middles) * dx / (2 * D)
    W = np.zeros((n, n))
    for i in range(n):
        j = (i + 1) % n
        W[i, j], W[j, i] = D / dx**2 * np.exp(half[i]), D / dx**2 * np.exp(-half[i])
    return W


def richardson(rate, n):
    a, b, c = (rate(m) for m in (n, 2 * n, 4 * n))
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


@pytest.mark.parametrize(("V1", "V2", "f", "T"), [(1.2, 0.0, 1.0, 0.5), (0.8, 0.5, -0.7, 0.9)])
def test_the_driven_ring_against_finite_volumes(V1, V2, f, T):
    def V(x):
        return V1 * np.cos(x) + V2 * np.sin(2 * x)

    def force(x):
        return f + V1 * np.sin(x) - 2 * V2 * np.cos(2 * x)

    found = exact.driven_ring(V, f, 2 * np.pi, T)
    other = richardson(lambda n: exact.markov(volumes(force, T, 2 * np.pi, n)), 48)
    assert found == pytest.approx(other, rel=1e-6)
    # and by the double integral itself: trapezoid round the ring, Gauss along the other
    z, weight = np.polynomial.legendre.leggauss(80)
    z, weight = (z + 1) * np.pi, weight * np.pi
    x = np.arange(200) * 2 * np.pi / 200
    inner = np.exp((V(x + z[:, None]) - V(x) - f * z[:, None]) / T) * weight[:, None]
    flow = T * -np.expm1(-2 * np.pi * f / T) / (inner.sum() * 2 * np.pi / 200)
    assert found == pytest.approx(2 * np.pi * f * flow / T, rel=1e-12)


def test_the_driven_ring_at_known_points():
    found = exact.driven_ring(lambda x: 1.2 * np.cos(x), 1.0, 2 * np.pi, 0.5)
    assert found == pytest.approx(0.98195242, rel=1e-6)
    assert exact.driven_ring(lambda x: 0 * x, 1.5, 3.0, 0.7) == pytest.approx(1.5**2 / 0.7)
    assert exact.driven_ring(np.cos, 0.0) == 0
    there = exact.driven_ring(np.cos, 1.0)
    assert exact.driven_ring(np.cos, -1.0) == pytest.approx(there, rel=1e-12)


def swimmers_by_volumes(n, m):
    """Return the two swimmers' rate of x and of g, from jumps on n times m cells."""
    v0, gamma, eps, length, top = 0.25, 0.1, 0.1, 16.0, 6.0
    dx, dg = length / n, 2 * top / m
    x = (np.arange(n) + 0.5) * dx - length / 2
    g = (np.arange(m) + 0.5) * dg - top
    cell = np.arange(n * m).reshape(n, m)
    force = exact.swimmer_force(x + dx / 2)
    force[-1] = 0
    half_x = (v0 * g + force[:, None]) * dx / (2 * eps)
    half_g = np.broadcast_to(-(g[:-1] + dg / 2) * dg / 2, (n, m - 1))
    edges = [
        (cell, np.roll(cell, -1, axis=0), eps / dx**2, half_x),
        (cell[:, :-1], cell[:, 1:], gamma / dg**2, half_g),
    ]
    i = np.concatenate([a.ravel() for a, *_ in edges])
    j = np.concatenate([b.ravel() for _, b, *_ in edges])
    there = np.concatenate([(rate * _bernoulli(-2 * h)).ravel() for *_, rate, h in edges])
    back = np.concatenate([(rate * _bernoulli(2 * h)).ravel() for *_, rate, h in edges])
    W = sparse.coo_matrix((np.r_[there, back], (np.r_[j, i], np.r_[i, j]))).tocsc()
    W = (W - sparse.diags(np.asarray(W.sum(axis=0)).ravel())).tolil()
    W[0] = dx * dg
    right = np.zeros(n * m)
    right[0] = 1
    pi = spsolve(W.tocsc(), right)
    flow = there * pi[i] - back * pi[j]
    produced = flow * np.log(there / back) * dx * dg
    return np.array([produced[: n * m].sum(), produced[n * m :].sum()])


def _bernoulli(z):
    return np.where(np.abs(z) < 1e-8, 1 - z / 2, z / np.expm1(np.where(z == 0, 1, z)))


def test_the_two_swimmers_against_finite_volumes():
    found = exact.two_swimmers()
    # the total as the Schnakenberg sum over all jumps, log ratios f dx/D
    coarse, fine = (swimmers_by_volumes(n, m).sum() for n, m in ((160, 30), (320, 60)))
    assert found.total == pytest.approx((4 * fine - coarse) / 3, rel=1e-3)
    assert found.total == pytest.approx(found.x + found.g)
    assert found == pytest.approx((0.39699, 0.3646, 0.03244), abs=6e-5)


def test_the_two_swimmers_parts_are_a_sum_rule():
    density = exact.ring_density(0.25, 0.1, 0.1, 2.5, 7.5, 16.0, levels=24)
    rho = density.c[0]
    dx = density.x[1] - density.x[0]
    assert rho.sum() * dx == pytest.approx(1)
    assert rho.min() > -1e-10
    # g's moments: <x-independent> normal, so <g^2> = 1, that is no c_2 in the mean
    assert np.abs(density.c[1:].sum(axis=1)).max() * dx < 1e-8
    # no net current: <v0 g + f> vanishes by symmetry
    assert abs((density.force * rho).sum() * dx) < 1e-8
    still = exact.ring_parts(exact.ring_density(0.0, 0.1, 0.1, 2.5, 7.5, 16.0, points=192))
    assert still == pytest.approx((0, 0, 0), abs=1e-8)


def test_run_and_tumble_in_a_trap_against_finite_volumes():
    v0, rate, D, k = 1.1, 0.6, 0.4, 0.8

    def by_volumes(n):
        top = 7.0
        dx = 2 * top / n
        middle = (np.arange(1, n)) * dx - top
        W = np.zeros((2 * n, 2 * n))
        for s, sign in enumerate((1, -1)):
            half = (sign * v0 - k * middle) * dx / (2 * D)
            i = np.arange(n - 1) + s * n
            W[i, i + 1], W[i + 1, i] = D / dx**2 * np.exp(half), D / dx**2 * np.exp(-half)
        i = np.arange(n)
        W[i, i + n] = W[i + n, i] = rate
        return exact.markov(W)

    found = exact.rtp_trap(v0, rate, D, k)
    a, b = by_volumes(70), by_volumes(140)
    assert found == pytest.approx((4 * b - a) / 3, rel=2e-4)
    odd = exact.rtp_trap(v0, rate, D, k, "odd")
    assert found + odd == pytest.approx(exact.free("rtp", v0, D))


def test_an_active_brownian_particle_in_a_trap_against_its_angular_equation():
    """rho(r, angle between heading and position): <e . x> by moments, of a linear hierarchy.

    With z = x + i y in the frame of the heading, m_ab = <z^a zbar^b> obeys
    0 = -(k (a + b) + Dr (a - b)^2) m_ab + v0 (a m_(a-1)b + b m_a(b-1)) + 4 Dt a b m_(a-1)(b-1).
    """
    v0, Dr, Dt, k = 1.1, 0.6, 0.4, 0.8
    pairs = [(a, b) for a in range(4) for b in range(4) if a + b]
    place = {pair: i for i, pair in enumerate(pairs)}
    M, right = np.zeros((len(pairs),) * 2), np.zeros(len(pairs))
    for (a, b), i in place.items():
        M[i, i] = k * (a + b) + Dr * (a - b) ** 2
        for pair, weight in (
            ((a - 1, b), v0 * a),
            ((a, b - 1), v0 * b),
            ((a - 1, b - 1), 4 * Dt * a * b),
        ):
            if pair == (0, 0):
                right[i] += weight
            elif pair in place:
                M[i, place[pair]] -= weight
    m = np.linalg.solve(M, right)
    found = exact.abp_trap(v0, Dr, Dt, k)
    assert found == pytest.approx(v0 * (v0 - k * m[place[1, 0]]) / Dt, rel=LINEAR)
    odd = exact.abp_trap(v0, Dr, Dt, k, convention="odd")
    assert found + odd == pytest.approx(exact.free("abp", v0, Dt), rel=1e-14)
    assert exact.abp_trap(v0, Dr, Dt, k, d=3) == pytest.approx(
        v0**2 * 2 * Dr / (Dt * (k + 2 * Dr)), rel=1e-14
    )


def test_markov_against_a_matrix_exponential():
    from scipy.linalg import expm

    draw = np.random.default_rng(3)
    W = draw.uniform(0.1, 2, (5, 5))
    L = W - np.diag(np.diag(W))
    L = L - np.diag(L.sum(axis=1))
    pi = expm(200 * L)[0]
    assert np.allclose(exact.stationary(W), pi, rtol=1e-11)
    # heat given off per time: sum of flows times ln w_ij/w_ji (the system's entropy is stationary)
    heat = sum(
        pi[i] * W[i, j] * math.log(W[i, j] / W[j, i]) for i in range(5) for j in range(5) if i != j
    )
    assert exact.markov(W) == pytest.approx(heat, rel=LINEAR)


def test_cycles_add_up_whatever_the_graph():
    draw = np.random.default_rng(4)
    for n in (3, 4, 6):
        W = draw.uniform(0.1, 2, (n, n))
        if n == 6:  # two rings of three that share a bridge
            W *= np.kron(np.eye(2), np.ones((3, 3))) + 0
            W[2, 3], W[3, 2] = 0.3, 0.8
        found = exact.cycles(W)
        assert len(found) == (n * (n - 1) // 2 if n < 6 else 7) - n + 1
        assert sum(c.affinity * c.current for c in found) == pytest.approx(
            exact.markov(W), rel=LINEAR
        )
        for c in found:
            steps = zip(c.states, (*c.states[1:], c.states[0]), strict=True)
            assert all(W[a, b] > 0 for a, b in steps)


def test_a_ring_of_equal_sites_is_the_asymmetric_walk():
    W = np.zeros((5, 5))
    for i in range(5):
        W[i, (i + 1) % 5], W[(i + 1) % 5, i] = 1.7, 0.4
    assert exact.markov(W) == pytest.approx(exact.asymmetric_walk(1.7, 0.4), rel=LINEAR)
    assert exact.asymmetric_walk(0.9, 0.9) == 0


def test_an_ion_channel_stops_at_nernsts_potential():
    W = exact.ion_channel(3.0, 0.7, voltage=0.4, crossing=2.0)
    (cycle,) = exact.cycles(W)
    assert abs(cycle.affinity) == pytest.approx(math.log(3 / 0.7) + 0.4, rel=1e-14)
    assert exact.markov(W) == pytest.approx(cycle.affinity * cycle.current, rel=LINEAR)
    nernst = exact.ion_channel(3.0, 0.7, voltage=math.log(0.7 / 3.0))
    assert exact.markov(nernst) == pytest.approx(0, abs=1e-14)


def test_a_gillespie_run_of_the_channel_pays_as_much():
    W = exact.ion_channel(3.0, 0.7)
    draw = np.random.default_rng(5)
    state, time, heat, jumps = 0, 0.0, 0.0, 20_000
    out = W.sum(axis=1)
    chance = np.cumsum(W / out[:, None], axis=1)
    log = np.log(np.where(W > 0, W, 1) / np.where(W > 0, W, 1).T)
    heats = []
    for u, wait in zip(draw.random(jumps), draw.exponential(size=jumps), strict=True):
        new = int(np.searchsorted(chance[state], u))
        time += wait / out[state]
        heats.append(log[state, new])
        state = new
    heat = sum(heats)
    rate = heat / time
    # the scatter of a current obeys var(heat)/time >= 2 sigma; here within a factor of 1.5 of it
    error = math.sqrt(3 * exact.markov(W) / time)
    assert abs(rate - exact.markov(W)) < 4 * error < 0.2 * rate


def test_free_particles():
    assert exact.free("abp", 2.0, 0.5) == 8
    assert exact.free("aoup", 2.0, 0.5, d=2) == 16
    assert exact.free("rtp", 2.0, 0.5, d=1) == 8
    assert exact.free("abp", 2.0, 0.5, convention="odd") == 0
    # a trap that weakens
    assert exact.abp_trap(2.0, 0.3, 0.5, 1e-12) == pytest.approx(8)
    assert exact.aoup_trap(2.0, 0.3, 0.5, 1e-12, d=2) == pytest.approx(16)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.aoup_trap(1, 1, 0, 1), "without thermal noise the conventions g and fodor"),
        (lambda: exact.aoup_trap(1, 1, 0.1, 1, "fodor"), "eps: the convention fodor needs eps = 0"),
        (lambda: exact.aoup_trap(1, 1, 0.1, 1, "parity"), "convention: must be one of even, odd"),
        (lambda: exact.aoup_trap(1, -1, 0.1, 1), "gamma: must be positive"),
        (lambda: exact.free("abp", 1, 0), "conventions g and fodor exist"),
        (lambda: exact.two_swimmers(eps=0), "sum_rule"),
        (lambda: exact.aoup_chain(2, 1, 1, 0.1, 1, 1), "use coupled_aoup"),
        (lambda: exact.ornstein_uhlenbeck([[1, -1], [0, 1]], [0, 1]), "sigma is infinite"),
        (lambda: exact.ornstein_uhlenbeck([[-1.0]], [1]), "A: its eigenvalues need positive"),
        (lambda: exact.ornstein_uhlenbeck(np.eye(2), np.eye(2), [1, 2]), "parity: must be 2"),
        (lambda: exact.gyrator(1, 1, 2, 1, 1), "u: must be smaller than"),
        (lambda: exact.driven_ring(lambda x: x, 1), "must have the period"),
        (lambda: exact.driven_ring(lambda x: 99 * np.cos(x), 1), "above 30"),
        (lambda: exact.driven_ring(lambda x: np.sign(np.sin(x + 1)), 1), "not resolved"),
        (lambda: exact.markov([[0, 1], [0, 0]]), "none back"),
        (lambda: exact.markov(np.zeros((2, 2))), "do not hang together"),
        (lambda: exact.asymmetric_walk(1, 0), "q: must be positive"),
        (lambda: exact.abp_trap(1, 1, 1, 1, d=1), "see rtp_trap"),
        (lambda: exact.abp_trap(1, 1, 0, 1), "Dt: is 0"),
        (lambda: exact.rtp_trap(1, 1, 0, 1), "D: is 0"),
        (lambda: exact.rtp_trap(math.nan, 1, 1, 1), "v0: must be finite"),
        (lambda: exact.coupled_aoup(1, math.nan, 1, 1, 1, 1), "v2: must be finite"),
        (lambda: exact.two_swimmers(L=3.0), "L: must be 4 r0 = 4 or more"),
        (lambda: exact.driven_ring(np.cos, 1.0, T=0.07), "rounding takes"),
        # slow as it is, x moves, and nothing pays for that
        (
            lambda: exact.ornstein_uhlenbeck([[0.7, -1e-6], [0, 0.4]], [0, 0.4], [1, -1]),
            "sigma is infinite",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_no_noise_reaches_does_not_move():
    assert exact.ornstein_uhlenbeck(np.eye(2), [0, 0]) == 0
    assert exact.ornstein_uhlenbeck(np.eye(2), [0, 1]) == pytest.approx(0, abs=1e-15)
    # units of the variables do not matter
    A, D, units = np.array([[1.0, 0.4], [-0.9, 2.0]]), np.array([0.3, 1.1]), np.array([1e-2, 1e2])
    turned = units[:, None] * A / units
    found = exact.ornstein_uhlenbeck(turned, D * units**2)
    assert found == pytest.approx(exact.ornstein_uhlenbeck(A, D), rel=LINEAR)


def test_a_strong_drive_on_a_ring_loses_the_mean_square_force():
    # to order 1/f^2: sigma T = f^2 - <V'^2>
    found = exact.driven_ring(np.cos, 1e4, T=0.1)
    assert found == pytest.approx((1e8 - 0.5) / 0.1, rel=1e-7)
