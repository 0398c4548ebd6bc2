"""Scores in closed form: on exact densities, and the local features against their definitions."""

import numpy as np
import pytest

from analysis.production import exact, forces, pairs, samples, score

KINDS = ("softplus", "wca", "harmonic")


def soft(n=60, d=2, seed=0, length=9.0):
    """Return points (n, d), no two closer than .75, propulsions and a box."""
    draw = np.random.default_rng(seed)
    found = [draw.random(d) * length]
    while len(found) < n:
        new = draw.random(d) * length
        gap = np.array(found) - new
        gap -= length * np.round(gap / length)
        if ((gap**2).sum(axis=1) > 0.75**2).all():
            found.append(new)
    return np.array(found), draw.standard_normal((n, d)), np.full(d, length)


def drifts(x, interaction, box, trap=0.0):
    """Return the forces from all pairs, by definition."""
    gap = x[:, None] - x
    gap -= box * np.round(gap / box)
    r = np.sqrt((gap**2).sum(axis=-1)) + np.diag(np.full(len(x), np.inf))
    push, _ = interaction.profile(r)
    return (push[..., None] * gap / r[..., None]).sum(axis=1) - trap * x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [2, 3])
def test_forces_and_their_derivatives_are_those_of_all_pairs(kind, d):
    law = pairs.Interaction(kind, 1.3, 1.0, 15.0)
    x, v, box = soft(d=d, n=50, length=7.0 if d == 2 else 5.6)
    s = pairs.springs(x, law, box, mobility=0.7, trap=0.4)
    f = drifts(x, law, box)
    np.testing.assert_allclose(s.force, 0.7 * (f - 0.4 * x), rtol=1e-10, atol=1e-12)
    step = 1e-5
    ahead, behind = drifts(x + step * v, law, box, 0.4), drifts(x - step * v, law, box, 0.4)
    slope = 0.7 * (ahead - behind) / (2 * step)
    # harmonic discs have a kink at contact, which no pair crosses here; else h^2 times d^3 Phi
    np.testing.assert_allclose(pairs.product(s, v), -slope, rtol=1e-5, atol=1e-6)
    H = np.array([pairs.product(s, e.reshape(x.shape)).ravel() for e in np.eye(x.size)])
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    own, diagonal, square = pairs.diagonals(s)
    np.testing.assert_allclose(diagonal.ravel(), np.diag(H), atol=1e-12)
    np.testing.assert_allclose(square.ravel(), np.diag(H @ H), atol=1e-10)
    for power, found in enumerate(pairs.power_diagonals(s), start=1):
        exactly = np.diag(np.linalg.matrix_power(H, power))
        np.testing.assert_allclose(found.ravel(), exactly, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(own[3], H.reshape(*x.shape, *x.shape)[3, :, 3], atol=1e-12)
    np.testing.assert_allclose(pairs.laplacian(s), diagonal.sum(axis=1), atol=1e-12)


def test_pairs_are_found_with_and_without_a_box():
    x, _, box = soft(n=200, length=20.0)
    for lengths in (box, None):
        i, j = pairs.neighbours(x, 1.5, lengths)
        gap = x[:, None] - x
        if lengths is not None:
            gap -= lengths * np.round(gap / lengths)
        near = np.triu((gap**2).sum(axis=-1) < 1.5**2, 1)
        assert set(zip(i.tolist(), j.tolist(), strict=True)) == set(
            map(tuple, np.argwhere(near).tolist())
        )
    with pytest.raises(ValueError, match="box: 3 is less than two cutoffs"):
        pairs.springs(x, pairs.Interaction("wca", 1, 2.0), 3.0)
    with pytest.raises(ValueError, match="two particles are at one place"):
        pairs.springs(np.ones((2, 2)), pairs.Interaction())


@pytest.mark.parametrize("crowding", [(), (1.0, 2.0)])
def test_divergences_of_local_features_are_their_derivatives(crowding):
    law = pairs.Interaction("softplus", 1.0, 1.0, 7.5)
    x, g, box = soft(n=40, length=6.0)
    swimmers = score.Swimmers(0.4, 0.1, law, box, trap=0.1)
    local = score.Local(crowding, (0.3, 2.0))

    def terms(g):
        return next(score.local_terms([x], [g], swimmers, local))

    found, step = terms(g), 1e-5
    assert len(found.values) == len(local.names)
    for i in (0, 7, 23):
        for a in range(2):
            kick = np.zeros_like(g)
            kick[i, a] = step
            slope = (terms(g + kick).values - terms(g - kick).values)[:, i, a] / (2 * step)
            np.testing.assert_allclose(found.divergence[:, i, a], slope, rtol=1e-6, atol=1e-7)


def test_the_score_of_a_harmonic_chain_is_captured_whole():
    """Three athermal AOUPs whose pairs never part: s_g = -g - F - H (g + F)/gamma exactly."""
    gamma, v0, stiff = 0.5, 0.01, 2.0
    law = pairs.Interaction("harmonic", stiff, 1.0)
    x0 = np.array([[0.0, 0.0], [0.8, 0.0], [1.6, 0.0], [0.4, 0.7], [1.2, 0.7]])
    s0 = pairs.springs(x0, law, trap=3.0)
    H = np.array([pairs.product(s0, e.reshape(x0.shape)).ravel() for e in np.eye(x0.size)])
    n = len(H)
    A = np.block([[H, -v0 * np.eye(n)], [np.zeros((n, n)), gamma * np.eye(n)]])
    path = samples.linear(A, np.repeat([0, gamma], n), 4.0, 20, 4, walkers=120).reshape(-1, 2 * n)
    # positions of the linearised crystal: its features with H fixed, as `_plain` makes them
    from analysis.production.score.local import _plain

    swimmers = score.Swimmers(v0, gamma, law, trap=3.0)

    def frames(rows):
        for row in rows:
            y, g = row[:n], row[n:].reshape(x0.shape)
            fixed = s0._replace(force=(-H @ y).reshape(x0.shape))
            values, slopes = _plain(fixed, g, swimmers)
            yield score.Terms(
                np.array(values[:4]), np.array(slopes[:4]), -g, -np.ones_like(g), -gamma * g,
                np.full(len(g), -2 * gamma), np.full(2, gamma),
            )  # fmt: skip

    fitted = score.fit(frames(path[::2]))
    unit = stiff + 3.0
    # g and F are told apart by few soft modes only
    np.testing.assert_allclose(fitted.coefficients[2:], -unit / gamma, rtol=0.05)
    truth = np.trace(H) / len(x0)
    found = score.entropy_production(fitted, frames(path[1::2]))
    assert found.captured(truth) == pytest.approx(1, abs=0.02)
    assert found.plug_in == pytest.approx(truth, rel=0.05)
    assert forces.sum_rule([pairs.laplacian(s0)]).value == pytest.approx(truth)


def test_a_gaussian_score_of_five_beads_brackets_the_rate():
    A, D = exact.bead_chain(np.linspace(5.0, 0.5, 5))
    x, drift = samples.linear(A, D, 3.0, 400, 1, walkers=500), score.linear_drift(A)
    train, test = x[:200], x[200:]
    fitted = score.fit(score.gaussian(train, drift, np.diag(D)))
    found = score.entropy_production(fitted, score.gaussian(test, drift, np.diag(D)))
    truth = exact.five_bead(5.0, 0.5)
    assert found.lower_error < 0.01 * truth
    assert found.lower == pytest.approx(truth, rel=0.03)
    assert found.plug_in == pytest.approx(truth, rel=0.03)
    assert found.lower - 3 * found.lower_error < truth < found.plug_in + 3 * found.plug_in_error
    np.testing.assert_allclose(found.per_variable.sum(), found.plug_in)
    # the fitted score is -C^-1 (x - mean) of its samples
    rows = train.reshape(-1, 5)
    inverse = np.linalg.inv(np.cov(rows.T, bias=True))
    terms = next(score.gaussian(rows[:7], drift, np.diag(D)))
    expected = -(rows[:7] - rows.mean(axis=0)) @ inverse
    np.testing.assert_allclose(fitted(terms), expected, rtol=1e-6, atol=1e-8)
    # the stationary equation div v + v . s = 0 holds but for the statistics of C
    assert found.residual < 0.05 * np.trace(A)


def test_equilibrium_has_no_velocity():
    A, D = exact.bead_chain(np.full(3, 2.0))
    x, drift = samples.linear(A, D, 3.0, 100, 2, walkers=500), score.linear_drift(A)
    fitted = score.fit(score.gaussian(x[:50], drift, np.diag(D)))
    found = score.entropy_production(fitted, score.gaussian(x[50:], drift, np.diag(D)))
    # a fit of 9 coefficients to S samples is off by about 9/S of Tr A
    assert abs(found.lower) < 4 * found.lower_error + 1e-3 and 0 <= found.plug_in < 2e-3


def swimming(x):
    bend = -2.5 / (1 + np.exp(-7.5 * (2 - np.abs(x[:, 0]))))
    force = exact.swimmer_force(x[:, 0])
    drift = np.stack([0.25 * x[:, 1] + force, -0.1 * x[:, 1]], axis=1), bend - 0.1
    base = np.stack([force / 0.1, -x[:, 1]], axis=1)
    return drift, (base, np.stack([bend / 0.1, -np.ones(len(x))], axis=1))


def test_a_fourier_hermite_score_of_the_two_swimmers():
    x = samples.two_swimmers(200_000, 3)
    x = np.concatenate([x, -x])  # the symmetry of the model, which the score then has

    def family(x):
        return score.fourier_hermite(
            x, lambda y: swimming(y)[0], [0.1, 0.1], length=16.0, waves=5, degree=4,
            base=lambda y: swimming(y)[1],
        )  # fmt: skip

    fitted = score.fit(family(x[::2]))
    found = score.entropy_production(fitted, family(x[1::2]))
    truth = exact.two_swimmers()
    assert found.plug_in == pytest.approx(truth.total, rel=0.01)
    assert found.lower == pytest.approx(truth.total, rel=0.015)
    assert found.per_variable[1] == pytest.approx(truth.g, rel=0.05)
    # div v and v . s cancel pointwise: measured .080, .118 of each, .195 of their difference
    assert found.residual < 0.1
    # the current carries nothing round the ring, and turns about the wall
    terms = next(family(x[:8000]))
    rho, flow = score.probability_current(
        x[:8000], fitted.velocity(terms), 16, ((-8.0, 8.0), (-4.0, 4.0))
    )
    assert rho.sum() * 0.5 == pytest.approx(1, abs=0.01)
    assert flow.shape == (2, 16, 16) and abs(flow[0].sum()) < 0.1 * np.abs(flow[0]).sum()


def test_sampled_swimmers_have_the_moments_of_their_density():
    x = samples.two_swimmers(200_000, 5)
    density = exact.ring_density(0.25, 0.1, 0.1, 2.5, 7.5, 16.0)
    step = density.x[1] - density.x[0]
    flow = x[:, 1] * exact.swimmer_force(x[:, 0])
    expected = density.force @ density.c[1] * step
    assert abs(flow.mean() - expected) < 4 * flow.std() / 200_000**0.5
    assert abs((x[:, 1] ** 2).mean() - 1) < 4 * 2**0.5 / 200_000**0.5


def test_a_gate_leaves_gas_alone():
    law = pairs.Interaction("softplus", 1.0, 1.0, 15.0)
    x, g, box = soft(n=40, length=20.0)
    swimmers = score.Swimmers(0.1, 0.1, law, box)
    local = score.Local()
    (terms,) = score.local_terms([x], [g], swimmers, local)
    assert (terms.values == 0).all()
    any_score = score.Score(np.ones(len(terms.values)), local.names, 1, 1)
    found = score.entropy_production(any_score, [terms])
    # s = -g: v_g = 0, and the bound is 0 in every frame
    assert found.plug_in == 0 and found.lower == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_fitted_is_refused_with_the_rank():
    x = np.random.default_rng(0).normal(size=(6, 3))
    drift = score.linear_drift(np.eye(3))
    with pytest.raises(ValueError, match=r"5 rows of 3 variables .* 9 features \(rank \d"):
        score.fit(score.gaussian(x[:5], drift, np.ones(3)))
    with pytest.raises(ValueError, match="frames: there is none"):
        score.fit([])
    with pytest.raises(ValueError, match=r"diffusion: must be 3 positive .*convention g"):
        next(score.gaussian(x, drift, [1, 1, 0]))
    other = score.Score(np.ones(4), (), 1, 4)
    with pytest.raises(ValueError, match="use the same family"):
        score.entropy_production(other, score.gaussian(x, drift, np.ones(3)))
    with pytest.raises(ValueError, match="crowding: edges must rise"):
        score.Local((3.0, 2.0))
    with pytest.raises(ValueError, match="kind: must be one of"):
        pairs.Interaction("lj")


def test_crowding_is_contacts_averaged_over_those_that_touch():
    x = np.array(
        [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [9.0, 9.0]]
    )  # a chain of three, and one alone
    s = pairs.springs(x, pairs.Interaction("softplus", 1.0, 1.0, 15.0))
    np.testing.assert_array_equal(s.contacts, [1, 2, 1, 0])
    np.testing.assert_allclose(pairs.crowding(s, 1), [3 / 2, 4 / 3, 3 / 2, 0])
    np.testing.assert_allclose(pairs.crowding(s, 2), [17 / 12, 13 / 9, 17 / 12, 0])


def test_particles_on_which_nothing_acts_have_features_without_nan():
    law = pairs.Interaction("harmonic", 0.0, 1.0)
    x, g, box = soft(n=40, length=12.0)
    swimmers = score.Swimmers(0.1, 0.1, law, box)
    (terms,) = score.local_terms([x], [g], swimmers, score.Local((), ()))
    assert np.isfinite(terms.values).all()
    fitted = score.fit([terms])
    assert fitted.rank == 1  # g alone
    assert fitted.coefficients[0] == pytest.approx(1 - 2 / (g**2).sum(axis=1).mean())


def test_rows_of_the_last_frames_are_a_mean_of_those_alone():
    drift = score.linear_drift(np.eye(1))
    score_of = score.Score(np.array([0.3, 0.0]), (), 1, 2)  # v = -x - .3
    x = np.random.default_rng(0).normal(size=(8192 * 2 + 5, 1))
    found = score.entropy_production(score_of, score.gaussian(x, drift, [1.0]))
    np.testing.assert_allclose(found.per_row, (x[-5:, 0] + 0.3) ** 2)
    found = score.entropy_production(score_of, score.gaussian(x[: 8192 * 2], drift, [1.0]))
    each = (x[: 8192 * 2, 0] + 0.3) ** 2
    np.testing.assert_allclose(found.per_row, each.reshape(2, 8192).mean(axis=0))
    assert found.plug_in == pytest.approx(each.mean())


def test_errors_of_a_run_shorter_than_its_memory_are_those_of_its_particles():
    """Frames .02 apart, of AOUPs that forget in 2.5: they are as one frame."""
    v0, gamma, k = 0.9, 0.4, 0.7
    swimmers = score.Swimmers(v0, gamma, pairs.Interaction("harmonic", 0.0), trap=k)
    local, found = score.Local((), ()), []
    for seed in range(20):
        path = samples.linear([[k, -v0], [0, gamma]], [0, gamma], 0.02, 15, seed, walkers=400)
        path = path.reshape(16, 200, 2, 2)
        fitted = score.fit(score.local_terms(path[:8, ..., 0], path[:8, ..., 1], swimmers, local))
        judged = score.local_terms(path[8:, ..., 0], path[8:, ..., 1], swimmers, local)
        bracket = score.entropy_production(fitted, judged)
        found.append((bracket.lower, bracket.lower_error))
    lower, errors = np.array(found).T
    # the scatter of 20 numbers is known to 16 %
    assert errors.mean() == pytest.approx(lower.std(), rel=0.5)
    assert (np.abs(lower - 2 * k) < 4 * errors).all()
