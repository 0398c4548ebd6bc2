"""Routes to entropy production, on systems whose rate is known exactly."""

import math

import numpy as np
import pytest

from analysis.production import exact, forces, irreversibility, parsing, rates, samples, uncertainty

V0, GAMMA, EPS, K = 0.9, 0.4, 0.2, 0.7
TRAP = exact.aoup_trap(V0, GAMMA, EPS, K)
STEP = 0.005


@pytest.fixture(scope="module")
def trapped():
    """Return paths (T, walkers, 2) of AOUPs in a trap: sqrt(2/(sigma T)) is 0.5 % of the rate."""
    return samples.linear([[K, -V0], [0, GAMMA]], [EPS, GAMMA], STEP, 1500, 7, walkers=8000)


def close(found, error, truth, share):
    """Within a share of the truth and four of its errors, and the error below the share."""
    assert error < share * truth
    assert abs(found - truth) < max(share * truth, 1e-12)
    assert abs(found - truth) < 4 * error + 0.01 * truth


def test_heat_and_snapshots_of_a_trapped_aoup(trapped):
    x, u = trapped[..., :1], V0 * trapped[..., 1:]
    heat = forces.heat_rate(x, u, STEP, EPS)
    close(heat.value, heat.standard_error, TRAP, 0.015)
    # the walkers are independent, so that their scatter is an error to hold the blocks' against
    free = heat.per_particle.std() / math.sqrt(len(heat.per_particle))
    assert 0.5 < heat.standard_error / free < 2
    still = forces.snapshot_rate(u[::50], -K * x[::50], EPS)
    close(still.value, still.standard_error, TRAP, 0.015)
    assert heat.convention.startswith("even") and abs(heat.drift) < 5


def test_frames_stream_and_boxes_are_crossed(trapped):
    x, u = trapped[:40, :30, :1], V0 * trapped[:40, :30, 1:]
    whole = forces.heat_rate(x, u, STEP, EPS)
    streamed = forces.heat_rate(iter(x), iter(u), STEP, EPS)
    assert streamed.value == whole.value
    folded = forces.heat_rate(np.mod(x, 2.5), u, STEP, EPS, box=2.5)
    assert folded.value == pytest.approx(whole.value, rel=1e-10)
    total = np.concatenate([np.zeros((1, 30)), np.cumsum(_works(x, u), axis=0)])
    summed = forces.heat_from_totals(total, STEP * np.arange(40))
    assert summed.value == pytest.approx(whole.value, rel=1e-12)
    np.testing.assert_allclose(summed.per_particle, whole.per_particle)


def _works(x, u):
    return ((u[1:] + u[:-1]) / 2 * np.diff(x, axis=0) / EPS)[..., 0]


def test_the_heat_of_the_gyrator_is_its_whole_rate():
    k1, k2, bend, T1, T2 = 1.0, 2.0, 0.9, 1.0, 3.0
    A = np.array([[k1, bend], [bend, k2]])
    x = samples.linear(A, [T1, T2], 0.5, 60, 3, walkers=4000).reshape(61, 4000, 2)
    drift = -x @ A.T
    found = forces.total_from_drift(drift, np.full((61, 4000), -np.trace(A)), [T1, T2])
    truth = exact.gyrator(k1, k2, bend, T1, T2)
    assert abs(found.value - truth) < 4 * found.standard_error < 0.1 * truth


def test_passive_particles_give_off_no_heat():
    x = samples.linear([[K]], [EPS], STEP, 500, 1, walkers=500)
    found = forces.heat_rate(x, -K * x, STEP, EPS)
    # Phi's change alone: two of its ends over the time; its mean is 1/2 at both
    assert abs(found.value) < 4 * math.sqrt(1.0 / 500) / (500 * STEP)
    assert forces.snapshot_rate(np.zeros((3, 4, 2)), np.ones((3, 4, 2)), 1.0).value == 0


def test_the_sum_rule_on_the_two_swimmers():
    density = exact.ring_density(0.25, 0.1, 0.1, 2.5, 7.5, 16.0)
    step = density.x[1] - density.x[0]
    rho = np.clip(density.c[0] * step, 0, None)
    # s_x of the whole density enters, not that of rho(x): <s_x^2> by quadrature in both
    g, weight = np.polynomial.hermite_e.hermegauss(64)
    from analysis.production.exact.rings import _hermite

    he = _hermite(g, len(density.c))[0]
    q = 2j * math.pi * np.fft.fftfreq(len(density.x), d=step)
    slopes = np.fft.ifft(q * np.fft.fft(density.c, axis=1), axis=1).real.T @ he
    values = density.c.T @ he
    weight = weight / weight.sum()
    seen = values * weight > 1e-12
    square = (slopes**2 / np.where(seen, values, 1) * weight)[seen].sum() * step
    bend = 2.5 / (1 + np.exp(-7.5 * (2 - np.abs(density.x))))
    laplacian = np.full(1, (bend * rho).sum() / rho.sum())
    found = forces.sum_rule([laplacian], 0.1, square_score=square)
    assert found.value == pytest.approx(exact.two_swimmers().g, rel=2e-4)


def test_the_sum_rule_of_an_athermal_trap_is_its_stiffness():
    found = forces.sum_rule(np.full((5, 3), 2 * K))
    assert found.value == pytest.approx(exact.aoup_trap(V0, GAMMA, 0, K, "g", d=2))
    with pytest.raises(ValueError, match="square_score: with thermal noise"):
        forces.sum_rule(np.ones((2, 2)), 0.1)


def test_regions_add_up():
    draw = np.random.default_rng(0)
    values, labels = draw.normal(2, 1, 50), draw.integers(0, 3, 50)
    found = rates.by_region(values, labels)
    assert found.part.sum() == pytest.approx(values.mean())
    np.testing.assert_allclose(found.share * found.mean, found.part)
    with pytest.raises(ValueError, match="labels: shape"):
        rates.by_region(values, labels[1:])


def test_contraction_is_minus_the_sum_of_exponents():
    value, error = forces.contraction([0.9056, 0.0, -14.5723], [3e-3, 0, 4e-3])  # Lorenz 1963
    assert value == pytest.approx(10 + 1 + 8 / 3, rel=1e-4) and error == pytest.approx(5e-3)
    assert math.isnan(forces.contraction([0.1, -0.1])[1])


def test_block_errors_are_those_of_an_autoregressive_series():
    draw = np.random.default_rng(1)
    n, a = 4000, 0.8
    found = []
    for _ in range(60):
        x, noise = np.empty(n), draw.standard_normal(n)
        x[0] = noise[0]
        for t in range(1, n):
            x[t] = a * x[t - 1] + noise[t]
        found.append((x.mean(), rates.block_error(x)))
    means, errors = np.array(found).T
    # the scatter of the scatter of 60 means is 9 %
    assert errors.mean() == pytest.approx(means.std(), rel=0.3)
    assert math.isnan(rates.block_error([1.0]))


def test_a_series_that_drifts_is_told():
    draw = np.random.default_rng(2)
    still = draw.standard_normal(400)
    assert abs(rates.drifts(still)) < 4 < abs(rates.drifts(still + np.linspace(0, 2, 400)))
    # a transient is told though it widens the scatter of its own half, at either end
    for onset in (np.exp(-np.arange(400) / 40), np.exp(-np.arange(400)[::-1] / 40)):
        assert abs(rates.drifts(still + 20 * onset)) > 10
    assert rates.drifts(np.repeat([1.0, 2.0], 8)) == math.inf
    assert rates.drifts(np.full(16, 0.1) + 1e-17) == 0 == rates.drifts(np.arange(8.0))
    # rarely of white noise, whose halves are of 6 samples here: |t| > 4 in one of two, 5 to 10
    # degrees of freedom
    short = draw.standard_normal((1000, 12))
    assert np.mean([abs(rates.drifts(row)) > 4 for row in short]) < 0.06


def test_the_uncertainty_bound_reaches_the_trapped_aoup(trapped):
    found = uncertainty.tur_bound(trapped, STEP)
    assert found.rank == found.currents == 6
    close(found.value, found.standard_error, TRAP, 0.03)
    close(found.extrapolated, found.extrapolated_error, TRAP, 0.03)


def test_the_uncertainty_bound_loses_in_proportion_to_the_interval(trapped):
    short, long = (
        uncertainty.tur_bound(trapped[:: s, :4000], s * STEP).value for s in (10, 40)
    )  # fmt: skip
    assert long < short < TRAP
    assert (TRAP - long) / (TRAP - short) > 2


def test_the_uncertainty_bound_of_five_beads_and_of_equilibrium():
    for low, walkers in ((0.5, 3000), (5.0, 500)):
        A, D = exact.bead_chain(np.linspace(5.0, low, 5))
        x = samples.linear(A, D, STEP, 400, 11, walkers=walkers)
        found = uncertainty.tur_bound(x, STEP)
        truth = exact.five_bead(5.0, low)
        assert abs(found.extrapolated - truth) < 4 * found.extrapolated_error + 0.02 * truth
        assert found.bias == pytest.approx(2 * 30 / (400 * walkers * STEP), rel=0.01)


def test_currents_on_a_ring_need_its_waves():
    f, T, length = 1.0, 0.5, 2 * math.pi
    truth = exact.driven_ring(lambda x: 1.2 * np.cos(x), f, length, T)
    draw = np.random.default_rng(1)

    def drift(x):
        return f + 1.2 * np.sin(x)

    start = draw.uniform(0, length, (2500, 1))
    x = np.mod(samples.langevin(drift, [T], start, 0.005, 2500, 2)[1500:], length)
    flat = uncertainty.tur_bound(x, 0.005, uncertainty.periodic_currents(length, 0), box=length)
    waves = uncertainty.tur_bound(x, 0.005, uncertainty.periodic_currents(length, 4), box=length)
    assert flat.value < 0.6 * truth
    close(waves.extrapolated, waves.extrapolated_error, truth, 0.03)


def chain(p, n, seed):
    """Return n states of a ring of three, forth with probability p, back .8 - p."""
    draw = np.random.default_rng(seed).random(n)
    return np.cumsum(np.where(draw < p, 1, np.where(draw < 0.8, -1, 0))) % 3


def test_cross_parsing_finds_the_rate_of_a_driven_chain():
    driven = parsing.cross_parsing(chain(0.6, 100_000, 1))
    truth = 0.4 * math.log(3)
    assert driven.value == pytest.approx(truth, rel=0.06)  # converges with ln n only
    still = parsing.cross_parsing(chain(0.4, 100_000, 2))
    assert abs(still.value) < 5 * still.standard_error < 0.05


def test_the_error_of_cross_parsing_is_the_scatter_of_sequences():
    for forth in (0.6, 0.4):
        each = [parsing.cross_parsing(chain(forth, 5000, seed)) for seed in range(60)]
        values, errors = np.array([found[:2] for found in each]).T
        # the scatter of 60 numbers is known to 9 %; the errors' own, of 8 parts, to 3 %
        assert math.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.4)


def test_phrases_are_the_longest_by_definition():
    def naive(z, x):
        count, i = 0, 0
        while i < len(z):
            size = 1
            while i + size < len(z) and z[i : i + size + 1] in x:
                size += 1
            count, i = count + 1, i + size
        return count

    draw = np.random.default_rng(3)
    for symbols in (2, 3, 5):
        for _ in range(20):
            z, x = ("".join(map(str, draw.integers(0, symbols, n))) for n in (60, 40))
            assert parsing.cross_phrases(z, x) == naive(z, x)
    assert parsing.cross_phrases("abc", "xyz") == 3
    with pytest.raises(ValueError, match="s: 5 symbols are too few"):
        parsing.cross_parsing([0, 1, 0, 1, 1])
    with pytest.raises(ValueError, match="256 at most"):
        parsing.cross_parsing(np.arange(1000))


def test_reversals_of_patterns_are_those_of_windows():
    from analysis.entropy import ordinal_counts

    draw = np.random.default_rng(4)
    for order in (3, 4, 5):
        x = draw.standard_normal(300)
        back = irreversibility._reversals(order)
        np.testing.assert_array_equal(
            ordinal_counts(x[::-1], order), ordinal_counts(x, order)[back]
        )


def test_irreversibility_of_patterns_is_the_divergence_from_the_reversed():
    counts = np.array([500, 100, 200, 150, 60, 90.0])
    p = counts / counts.sum()
    q = p[irreversibility._reversals(3)]
    found = irreversibility.pattern_irreversibility(counts, 3, correct=False)
    assert found == pytest.approx((p * np.log(p / q)).sum(), rel=1e-12)


def test_noise_is_reversible_and_its_bias_is_taken_off():
    draw = np.random.default_rng(5)
    counts = draw.multinomial(2000, np.ones(24) / 24, size=400)
    plain = irreversibility.pattern_irreversibility(counts, 4, correct=False)
    found = irreversibility.pattern_irreversibility(counts, 4)
    error = found.std() / 20
    assert abs(found.mean()) < 4 * error
    assert plain.mean() > 20 * error  # 24/2 pairs, 2/N each


def test_a_dissipative_map_is_irreversible_and_a_gaussian_process_is_not():
    y = np.empty(1500)
    y[0] = 0.3
    for t in range(1499):
        y[t + 1] = 3.97 * y[t] * (1 - y[t])
    found = irreversibility.irreversibility(y, 3, surrogates=39, seed=1)
    assert found.value > 0.5 and found.p == pytest.approx(0.05)
    linear = samples.linear([[0.2]], [1.0], 1.0, 1500, 2)[:, 0, 0]
    found = irreversibility.irreversibility(linear, 3, surrogates=39, seed=1)
    assert found.p > 0.1 and abs(found.value) < 0.01
    with pytest.raises(ValueError, match="order"):
        irreversibility.irreversibility(y, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: forces.heat_rate(x, x, 0.1, 0.0), "sum_rule"),
        (lambda x: forces.heat_rate(x, x[:, :2], 0.1, 1.0), "propulsions: a frame has shape"),
        (lambda x: forces.heat_rate(x[:1], x[:1], 0.1, 1.0), "frames: there is none"),
        (lambda x: forces.heat_rate(x, x, -1, 1.0), "interval: must be positive"),
        (lambda x: forces.snapshot_rate(np.full((2, 3, 1), np.nan), x, 1.0), "holds NaN"),
        (lambda x: forces.heat_from_totals(np.ones(3), [0, 1, 1]), "times: must rise"),
        (lambda x: forces.heat_from_totals([0, math.nan, 1], [0, 1, 2]), "heat: holds NaN"),
        (lambda x: forces.heat_rate(x, x[:3], 0.1, 1.0), "propulsions: there are fewer frames"),
        (lambda x: forces.snapshot_rate(x[:3], x, 1.0), "drifts: there are more frames"),
        (lambda x: forces.heat_rate(x, x, 0.1, 1.0, box=0), "box: lengths must be positive"),
        (lambda x: uncertainty.tur_bound(x[:2], 0.1), "T of 3 or more"),
        (lambda x: uncertainty.tur_bound(x[:, :1], 0.1), "4 steps for 2 currents|fewer currents"),
        (lambda x: forces.contraction([]), "exponents: must be finite"),
        (lambda x: irreversibility.pattern_irreversibility(np.ones(5), 3), "the last axis"),
    ],
)
def test_bad_input_is_one_line(call, message):
    x = np.ones((5, 3, 1))
    with pytest.raises(ValueError, match=message) as caught:
        call(x)
    assert "\n" not in str(caught.value)


def test_frames_apart_lose_heat_in_proportion():
    """<(g + g')/2 (x' - x)> of an interval h from the covariance C and e^(-A h), no sampling."""
    from scipy.linalg import expm

    A = np.array([[K, -V0], [0, GAMMA]])
    C = exact.covariance(A, [EPS, GAMMA])
    for share, loss in ((0.005, 0.0069), (0.02, 0.0271), (0.08, 0.104)):
        h = share / GAMMA
        apart = expm(-A * h) @ C
        rate = V0 / EPS * (apart[0, 1] - apart[1, 0]) / (2 * h)
        assert 1 - rate / TRAP == pytest.approx(loss, abs=1e-4)
        x = samples.linear(A, [EPS, GAMMA], h, 400, 9, walkers=1000)
        found = forces.heat_rate(x[..., :1], V0 * x[..., 1:], h, EPS)
        assert abs(found.value - rate) < 4.5 * found.standard_error


@pytest.mark.parametrize("order", [3, 4])
def test_equal_values_give_time_no_direction(order):
    draw = np.random.default_rng(6)
    assert irreversibility.irreversibility(np.ones(500), order).value == 0
    coins = draw.integers(0, 2, (200, 1000))
    found = irreversibility.irreversibility(coins, order).value
    # at most 7 (order 3) or 37 (order 4) pairs of patterns, each with a bias of 2/N at most, which
    # is taken off whole though windows overlap
    assert abs(found.mean()) < {3: 0.014, 4: 0.074}[order]
    # a saw that rises in two steps and falls in one, seen through three values
    saw = np.tile([0, 1, 2], 300)
    assert irreversibility.irreversibility(saw, order).value > 1


def test_weak_orders_are_reversed_as_windows_are():
    from analysis.entropy import ordinal_counts

    x = np.random.default_rng(7).integers(0, 3, 400)
    for order in (3, 4):
        back = irreversibility._reversals(order, "equal")
        np.testing.assert_array_equal(
            ordinal_counts(x[::-1], order, ties="equal"),
            ordinal_counts(x, order, ties="equal")[back],
        )


def test_the_uncertainty_bound_is_one_at_short_times_only():
    """A heading that turns at omega: the rate is omega^2/D_r, and dx/dt of it is seen in steps."""
    draw, turn, spread, step = np.random.default_rng(0), 5.0, 0.5, 0.1
    kicks = math.sqrt(2 * spread * step) * draw.standard_normal((400, 1000))
    angle = np.cumsum(turn * step + kicks, axis=0)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    found, truth = uncertainty.tur_bound(x, step), turn**2 / spread
    # of e x de: 2 sin^2 a e^-2b/(h [1/2 - 1/2 cos 2a e^-4b - sin^2 a e^-2b]), a = .5, b = .05
    assert found.value == pytest.approx(58.7, abs=4 * found.standard_error) and found.value > truth
    assert 0 < found.certain < truth
    assert found.certain == pytest.approx(math.log1p(found.value * step) / step)


def test_currents_that_are_always_zero_are_left_out():
    """Run and tumble on a line: e o de = 0, exactly."""
    draw, step = np.random.default_rng(1), 0.01
    flips = np.where(draw.random((400, 500)) < 0.5 * step, -1.0, 1.0)
    e = np.cumprod(flips, axis=0)
    kicks = math.sqrt(2 * 0.4 * step) * draw.standard_normal(e.shape)
    x = np.stack([np.cumsum(1.1 * e * step + kicks, axis=0), e], axis=-1)

    def currents(at, steps):
        return uncertainty.linear_currents(at[:, 1:], steps)

    found = uncertainty.tur_bound(x, step, currents)
    assert found.currents == 4 and found.rank == 3
    # all of it is seen: <e o dx> = v; an interval of .01 loses .5 %
    assert abs(found.value - 1.1**2 / 0.4) < 4 * found.standard_error + 0.02
