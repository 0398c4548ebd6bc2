"""A network that sets the coefficients of a score: exact divergence, symmetries, known scores."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from test_production_measures import STEP, TRAPPED, K, stored
from test_production_score import drifts, soft, swimming

from analysis import __main__ as command
from analysis.measures import production, transfer
from analysis.production import anharmonic, exact, pairs, samples, score
from analysis.production.score import neural
from core.errors import ConfigError, SchemaError
from core.store import read_measure

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


@pytest.mark.parametrize(("d", "scale"), [(2, 1.0), (3, 1.0), (2, 0.03)])
def test_the_divergence_of_a_network_is_its_derivative(d, scale):
    x, g, box = soft(n=40, d=d, length=6.0 if d == 2 else 5.3)
    terms = told(x, g, box)
    network, step = any_network(terms), 1e-5
    # narrow ones hold most invariants at their ends
    network = replace(network, width=scale * network.width)
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


def on_the_ring(x):
    """Return blocks of Told terms: axes as features, waves of the distance and g as context."""
    blocks = []
    for part in np.array_split(x, -(-len(x) // 8192)):
        (known,) = score.fourier_hermite(
            part, lambda y: swimming(y)[0], [0.1, 0.1], length=16.0, waves=0, degree=1,
            base=lambda y: swimming(y)[1],
        )  # fmt: skip
        q = 2 * np.pi / 16 * np.arange(1, 4)
        angle = q * part[:, :1]
        slopes = np.zeros((len(part), 2, 7))
        slopes[:, 0, :6] = np.concatenate([q * np.cos(angle), -q * np.sin(angle)], axis=1)
        slopes[:, 1, 6] = 1.0
        axes = np.zeros((2, len(part), 2))
        axes[0, :, 0] = axes[1, :, 1] = 1.0
        context = np.concatenate([np.sin(angle), np.cos(angle), part[:, 1:]], axis=1)
        terms = score.Told(
            axes, np.zeros_like(axes), known.base, known.base_divergence, known.drift,
            known.drift_divergence, known.diffusion, context, slopes,
        )  # fmt: skip
        blocks.append(terms)
    return blocks


def test_the_two_swimmers_are_learned(torch):
    """s = (F/eps, -g) + n(x, g), with nothing known of n."""
    x = samples.two_swimmers(150_000, 3)
    x = np.random.default_rng(0).permutation(np.concatenate([x, -x]))
    held_out = on_the_ring(x[1::2])
    network = score.train(on_the_ring(x[::2]), epochs=20)
    found = score.entropy_production(network, held_out)
    truth = exact.two_swimmers()
    assert found.plug_in == pytest.approx(truth.total, rel=0.01)
    assert found.per_variable[1] == pytest.approx(truth.g, rel=0.05)
    assert found.lower == pytest.approx(truth.total, rel=0.02)
    assert found.lower - 2 * found.lower_error < truth.total
    assert found.lower < found.plug_in + 2 * found.lower_error
    # the stationary equation div v + v . s = 0 holds pointwise: of s = base, it is off by .90
    base = score.Score(np.zeros(2), (), 0, 2)
    assert score.entropy_production(base, held_out).residual > 0.8
    assert found.residual < 0.2
    assert (np.diff(network.losses[[0, 3, -1]]) < 0).all()


def test_training_repeats_itself_and_starts_from_the_linear_score(torch):
    x, g, box = soft(n=200, length=13.0)
    frames = [told(x, g, box), told(x, -g, box)]
    one, same, other = (score.train(frames, epochs=2, width=4, seed=k) for k in (5, 5, 6))
    for a, b in zip(one.weights, same.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one.weights[0] != other.weights[0]).any()
    linear = score.fit(frames)
    start = score.train(frames, epochs=0, width=4)
    np.testing.assert_allclose(start(frames[0]), linear(frames[0]), rtol=1e-12)
    # the loss that is minimised is that by which the bracket is judged
    found = neural._loss(
        [torch.asarray(w) for w in one.weights],
        *(torch.asarray(np.array(a)) for a in neural._rows(
            frames[0], linear, one.mix, one.centre, one.width
        )),
    )  # fmt: skip
    better = score.entropy_production(one, frames[:1]).lower
    gain = better - score.entropy_production(linear, frames[:1]).lower
    assert float(found) == pytest.approx(-gain, rel=1e-9)


def test_a_harmonic_trap_is_captured_whole_and_its_network_kept(torch, tmp_path):
    run = stored(tmp_path / "run.h5md", {**TRAPPED, "translational_diffusivity": 0.0}, 40)

    def measured(out, **options):
        spec = json.dumps({"measure": "score", **options})
        command.main(["score", str(run), "--spec", spec, "-o", str(tmp_path / out)])
        (found,) = read_measure(tmp_path / out).members.values()
        return found, {name: value for name, value, _ in found.summary}

    found, values = measured("own.h5", model="neural", epochs=5, width=8, seed=2)
    # s_g is linear here, and the network must leave it: 20 frames of 300 within .8 are few
    assert values["captured fraction"] == pytest.approx(1, abs=0.12)
    assert values["plug-in"] == pytest.approx(2 * K, rel=0.2)
    assert "network of width 8 trained on 20 frames" in found.convention
    own = transfer.read(str(tmp_path / "own.h5"))
    assert own.origin["run"] == "trapped" and isinstance(own.score, score.Network)
    # on the frames that it was judged by, it gives the same numbers to the last bit
    again, _ = measured("again.h5", fitted=str(tmp_path / "own.h5"), since=19.5 * STEP)
    np.testing.assert_array_equal(again.value, found.value)
    assert again.convention.endswith("not refitted")
    with pytest.raises(ValueError, match="is a network; name the"):
        transfer.write(tmp_path / "a.toml", own)
    bad = {**found.extra, "network_3": np.full(8, np.nan)}
    with pytest.raises(SchemaError, match="a weight is not finite; train it again"):
        transfer._network(bad, tmp_path / "own.h5")
    with pytest.raises(SchemaError, match="a network of 5 features, not 13"):
        transfer._network({**bad, "coefficients": np.zeros(5)}, tmp_path / "own.h5")


def test_what_cannot_be_trained_is_refused_in_a_line(monkeypatch):
    x, g, box = soft(n=40, length=9.0)
    terms = told(x, g, box)
    swimmers = score.Swimmers(0.4, 0.1, LAW, box)
    (plain,) = score.local_terms([x], [g], swimmers, score.Local((), ()))
    plain = replace(plain, values=terms.values, divergence=terms.divergence)
    with pytest.raises(ValueError, match="need the 12 invariants that the network was trained on"):
        any_network(terms)(plain)
    for options, message in (
        ({"epochs": 0}, "epochs, width: must be 1 or more"),
        ({"width": 0}, "epochs, width: must be 1 or more"),
        ({"model": "neural", "fitted": "softplus_dense"}, "holds its model already"),
    ):
        with pytest.raises(ConfigError, match=message):
            production._named(**options)
    monkeypatch.setitem(sys.modules, "torch", None)
    needed = r"model: neural needs PyTorch: pip install 'entroflow\[learn\]'; or use model: linear"
    with pytest.raises(ConfigError, match=needed):
        production._named(model="neural")
    with pytest.raises(ConfigError, match=needed):
        score.train([terms, terms])
    production._named(model="linear")
