"""A network that sets the coefficients of a score: exact divergence, symmetries, known scores."""

import numpy as np
import pytest
from test_production_score import drifts, soft, swimming

from analysis.production import anharmonic, exact, pairs, samples, score

LAW = pairs.Interaction("softplus", 1.0, 1.0, 7.5)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="training needs PyTorch (the extra learn)")


def told(x, g, box, law=LAW, trap=0.1):
    swimmers = score.Swimmers(0.4, 0.1, law, box, trap=trap)
    (terms,) = score.surrounding_terms([x], [g], swimmers)
    return terms


def any_network(terms, seed=0, width=8):
    """Return a network of random weights, all of its layers."""
    draw = np.random.default_rng(seed)
    m, K = terms.context.shape[1], len(terms.values)
    shapes = (m, width), (width,), (width, width), (width,), (width, K), (K,)
    weights = tuple(draw.normal(size=shape) / shape[0] ** 0.5 for shape in shapes)
    centre, spread = terms.context.mean(axis=0), terms.context.std(axis=0) + 1
    theta, mix = draw.normal(size=K), draw.normal(size=(K, K))
    return score.Network(theta, (), 0, K, weights, centre, spread, mix, np.zeros(0))


@pytest.mark.parametrize("kind", ["softplus", "wca", "harmonic"])
@pytest.mark.parametrize("d", [2, 3])
def test_the_rate_of_change_of_a_hessian(kind, d):
    law = pairs.Interaction(kind, 1.3, 1.0, 15.0)
    x, v, box = soft(n=50, d=d, length=7.0 if d == 2 else 5.6)
    s = pairs.springs(x, law, box, mobility=0.7)
    found = anharmonic.hessian_rate(s, v).toarray()
    step = 1e-5
    i = np.argmax(s.contacts)
    w = np.zeros_like(x)
    w[i] = 1.0
    # the second derivative of the force along v and w, from definitions alone
    f = [
        drifts(x + a * step * v + b * 1e-4 * w, law, box)
        for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]
    slope = -0.7 * (f[0] - f[1] - f[2] + f[3]) / (4 * step * 1e-4)
    np.testing.assert_allclose(
        (found @ w.ravel()).reshape(x.shape), slope, atol=3e-4 * np.abs(slope).max() + 1e-3
    )
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    other = np.random.default_rng(1).normal(size=x.shape)
    turned = anharmonic.hessian_rate(s, other)
    np.testing.assert_allclose(found @ other.ravel(), turned @ v.ravel(), atol=1e-9)


@pytest.mark.parametrize("d", [2, 3])
def test_the_divergence_of_a_network_is_its_derivative(d):
    x, g, box = soft(n=40, d=d, length=6.0 if d == 2 else 5.3)
    terms = told(x, g, box)
    network, step = any_network(terms), 1e-5
    divergence = network.divergence(terms)
    for i in (0, 7, 23):
        for a in range(d):
            kick = np.zeros_like(g)
            kick[i, a] = step
            ahead, behind = told(x, g + kick, box), told(x, g - kick, box)
            slope = (ahead.values - behind.values)[:, i, a] / (2 * step)
            np.testing.assert_allclose(terms.divergence[:, i, a], slope, rtol=1e-6, atol=1e-7)
            slope = (ahead.context - behind.context)[i] / (2 * step)
            np.testing.assert_allclose(terms.context_slopes[i, a], slope, rtol=1e-6, atol=1e-7)
            slope = (network(ahead) - network(behind))[i, a] / (2 * step)
            assert divergence[i, a] == pytest.approx(slope, rel=1e-6, abs=1e-5)


def test_a_network_has_the_symmetries_of_the_particles():
    x, g, _ = soft(n=60, length=8.0)
    terms = told(x, g, None)
    network = any_network(terms)
    s, spread = network(terms), network.divergence(terms).sum(axis=1)
    order = np.random.default_rng(2).permutation(len(x))
    found = told(x[order], g[order], None)
    np.testing.assert_allclose(network(found), s[order], rtol=1e-9, atol=1e-9)
    c, o = np.cos(0.7), np.sin(0.7)
    for turn in (np.array([[c, -o], [o, c]]), np.diag([1.0, -1.0])):
        found = told(x @ turn.T, g @ turn.T, None)
        np.testing.assert_allclose(network(found), s @ turn.T, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(
            network.divergence(found).sum(axis=1), spread, rtol=1e-8, atol=1e-7
        )


def test_a_network_is_local():
    """Nobody further than five cutoffs is felt, and nothing is felt of those that are apart."""
    x, g, box = soft(n=500, length=26.0)
    terms = told(x, g, box, trap=0.0)
    network = any_network(terms)
    kicked = g.copy()
    kicked[0] += 3.0
    gap = x - x[0]
    gap -= box * np.round(gap / box)
    far = np.sqrt((gap**2).sum(axis=1)) > 5 * 1.8  # no pair further apart than 1.8 acts by 1e-3
    assert far.sum() > 50
    change = np.abs(network(told(x, kicked, box, trap=0.0)) - network(terms)).max(axis=1)
    assert change[far].max() < 1e-6 < 1e-3 < np.sort(change)[-10]


def test_the_two_swimmers_are_learned(torch):
    """s = (F/eps, -g) + n(x, g): what a network of no features but the axes finds."""
    x = samples.two_swimmers(60_000, 3)
    x = np.concatenate([x, -x])

    def family(x):
        (base,) = score.fourier_hermite(
            x[:8192], lambda y: swimming(y)[0], [0.1, 0.1], length=16.0, waves=0, degree=1,
            base=lambda y: swimming(y)[1],
        )  # fmt: skip
        q = 2 * np.pi / 16
        waves = [f(k * q * x[:, 0]) for k in (1, 2) for f in (np.sin, np.cos)]
        slopes = [
            k * q * f(k * q * x[:, 0]) for k in (1, 2) for f in (np.cos, lambda y: -np.sin(y))
        ]
        context = np.stack([*waves, x[:, 1]], axis=1)
        context_slopes = np.zeros((len(x), 2, 5))
        context_slopes[:, 0, :4], context_slopes[:, 1, 4] = np.stack(slopes, axis=1), 1.0
        axes = np.zeros((2, len(x), 2))
        axes[0, :, 0] = axes[1, :, 1] = 1.0
        return score.Told(
            axes, np.zeros_like(axes), base.base, base.base_divergence, base.drift,
            base.drift_divergence, base.diffusion, context, context_slopes,
        )  # fmt: skip

    def blocks(x):
        return [family(part) for part in np.array_split(x, -(-len(x) // 8192))]

    network = score.train(blocks(x[::2]), epochs=30, width=32)
    found = score.entropy_production(network, blocks(x[1::2]))
    truth = exact.two_swimmers()
    assert found.plug_in == pytest.approx(truth.total, rel=0.01)
    assert found.per_variable[1] == pytest.approx(truth.g, rel=0.05)
    assert found.lower == pytest.approx(truth.total, rel=0.03)
    assert found.lower < found.plug_in + 3 * found.lower_error
    # div v and v . s cancel pointwise
    base = score.Score(np.zeros(2), (), 0, 2)
    assert found.residual < 0.5 * score.entropy_production(base, blocks(x[1::2])).residual
    assert (np.diff(network.losses[[0, 3, -1]]) < 0).all()
