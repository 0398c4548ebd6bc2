"""DOP853 on the nonlinear Schrödinger equation: exactness, conservation, twins, resumption."""

from itertools import islice

import array_api_strict as strict
import numpy as np
import pytest

from core.errors import NumericsError
from sims.nlse.equation import Equation, grid, linear, nonlinear, wavenumbers
from sims.nlse.solve_dop853 import ROUND_OFF, propagate

LENGTH = 50.0
KERNELS = ["array", "compiled"]
VELOCITY = 2 * np.pi * 8 / LENGTH  # a whole number of waves in the box


def solve(psi0, times, equation, kernel, **options):
    if kernel == "compiled":
        pytest.importorskip("numba", reason="the compiled kernel needs Numba")
        pytest.importorskip("rocket_fft", reason="the compiled kernel needs rocket-fft")
    options = {"rtol": 1e-10, "atol": 1e-14} | options
    return list(propagate(psi0, np.asarray(times), equation, kernel=kernel, **options))


def soliton(x, t, amplitude=1.0, velocity=VELOCITY, begin=-5.0):
    """The bright soliton and its images; Zakharov & Shabat (1972) Sov. Phys. JETP 34, 62."""
    total = np.zeros(x.shape, dtype=complex)
    for image in (-1, 0, 1):
        y = x - image * LENGTH
        phase = velocity * y + (amplitude**2 - velocity**2) * t / 2
        total += amplitude / np.cosh(amplitude * (y - begin - velocity * t)) * np.exp(1j * phase)
    return total


def lump(n, length=LENGTH, width=1.5, height=1.3):
    x = grid(n, length)
    return height * np.exp(-((x / width) ** 2) / 2) * np.exp(0.5j * np.sin(2 * np.pi * x / length))


def invariants(psi, equation):
    """Mass, momentum and energy, by spectral derivatives."""
    spacing = equation.length / equation.n
    slope = np.fft.ifft(1j * wavenumbers(equation.n, equation.length) * np.fft.fft(psi))
    density = np.abs(psi) ** 2
    energy = equation.dispersion * np.abs(slope) ** 2 - equation.nonlinearity * density**2
    if equation.potential is not None:
        energy = energy + 2 * equation.potential * density
    momentum = np.sum((np.conj(psi) * slope).imag)
    return np.array([np.sum(density), momentum, np.sum(energy) / 2]) * spacing


def drift(snapshots, equation):
    values = np.array([invariants(s.psi[0], equation) for s in snapshots])
    return np.max(np.abs(values - values[0]), axis=0) / np.abs(values[0])


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


# --- exactness


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
@pytest.mark.parametrize("start", [0.0, 3.0])
def test_a_soliton_keeps_its_shape(kernel, frame, start):
    n = 256
    x, times = grid(n, LENGTH), start + np.linspace(0.0, 4.0, 9)
    psi0 = soliton(x, 0.0)[None]
    snapshots = solve(psi0, times, Equation(n, LENGTH), kernel, frame=frame)
    assert [s.index for s in snapshots] == list(range(9))
    for s in snapshots:
        # 90 steps of 1e-10 each; the spectrum ends at 4e-12 of its peak.
        assert distance(s.psi[0], soliton(x, times[s.index] - start)) < 2e-9


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_first_frame_is_the_initial_field(kernel):
    psi0 = lump(64)[None]
    first = next(iter(solve(psi0, [1.0, 1.5], Equation(64, LENGTH), kernel)))
    np.testing.assert_array_equal(first.psi, psi0)
    assert first.index == 0
    assert first.steps.tolist() == [0]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
@pytest.mark.parametrize("start", [0.0, -2.0])
def test_fixed_steps_converge_with_order_eight(kernel, frame, start):
    # Few modes in a wide box, and k^2 h < 1 for those that matter: the asymptotic range. The
    # reference's own error is 3^-8 of the smallest.
    equation = Equation(32, 20.0, nonlinearity=1.2)
    psi0 = lump(32, 20.0, width=2.0)[None]
    options = {"frame": frame, "project": False, "floor": 0.0}
    marks = [start, start + 2.0]
    exact = solve(psi0, marks, equation, kernel, fixed_step=1 / 96, **options)[-1].psi
    steps = np.array([1 / 16, 1 / 24, 1 / 32])
    errors = [
        distance(solve(psi0, marks, equation, kernel, fixed_step=h, **options)[-1].psi, exact)
        for h in steps
    ]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(8, abs=0.4)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_every_term_of_the_equation_counts(kernel, frame):
    # An independent method: split steps (Strang), extrapolated from h and h/2 to order 4.
    n, length, beta, gamma = 64, 20.0, 0.7, -1.4
    x = grid(n, length)
    potential = 0.3 * np.cos(2 * np.pi * x / length)
    equation = Equation(n, length, beta, gamma, potential)
    psi0 = lump(n, length, width=2.0)

    def strang(h):
        turn, psi = np.exp(linear(equation) * h), psi0
        for _ in range(round(1.0 / h)):
            psi = psi * np.exp(0.5j * h * (gamma * np.abs(psi) ** 2 - potential))
            psi = np.fft.ifft(turn * np.fft.fft(psi))
            psi = psi * np.exp(0.5j * h * (gamma * np.abs(psi) ** 2 - potential))
        return psi

    reference = (4 * strang(1 / 800) - strang(1 / 400)) / 3
    last = solve(psi0[None], [0.0, 1.0], equation, kernel, frame=frame)[-1]
    assert distance(last.psi[0], reference) < 1e-8


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_a_masked_nonlinear_term_is_that_of_the_equation(kernel, frame):
    # By hand: the lab's right-hand side as the equation's module has it, in plain RK4.
    n, length = 32, 20.0
    k = wavenumbers(n, length)
    mask = np.exp(-((np.abs(k) / (0.6 * np.max(np.abs(k)))) ** 8))
    equation = Equation(n, length, potential=0.2 * np.sin(2 * np.pi * grid(n, length) / length))
    equation = Equation(n, length, potential=equation.potential, mask=mask)
    term, part, h = nonlinear(equation, np), linear(equation), 1 / 2000
    y = np.fft.fft(lump(n, length, width=1.0))
    psi0 = np.fft.ifft(y)

    def rate(z):
        return part * z + term(z)

    for _ in range(1000):
        a = rate(y)
        b = rate(y + h / 2 * a)
        c = rate(y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + rate(y + h * c))
    last = solve(psi0[None], [0.0, 0.5], equation, kernel, frame=frame)[-1]
    # RK4's own error: (h lambda)^5 = (12.6/2000)^5 over 1000 steps, some 1e-8 of what is there.
    assert distance(last.psi[0], np.fft.ifft(y)) < 1e-8


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_error_follows_the_tolerance(kernel):
    n = 256
    x = grid(n, LENGTH)
    errors = []
    for rtol in (1e-6, 1e-8, 1e-10):
        last = solve(soliton(x, 0.0)[None], [0.0, 4.0], Equation(n, LENGTH), kernel, rtol=rtol)[-1]
        errors.append(distance(last.psi[0], soliton(x, 4.0)))
    # Some 60 to 90 steps, the errors of which add up at worst.
    assert errors[0] < 1e-4
    assert errors[1] < 1e-6
    assert errors[2] < 1e-8
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@pytest.mark.parametrize("kernel", KERNELS)
def test_tolerances_are_those_of_the_field_not_of_its_modes(kernel):
    # ||psi|| does not change in time: a relative tolerance is an absolute one times it.
    steps = set()
    for n in (256, 512):
        psi0 = lump(n)[None]
        norm = np.sqrt(np.sum(np.abs(psi0) ** 2) * LENGTH / n)
        for rtol, atol in ((1e-8, 0.0), (0.0, 1e-8 * norm)):
            equation = Equation(n, LENGTH)
            last = solve(psi0, [0.0, 1.0], equation, kernel, rtol=rtol, atol=atol)[-1]
            steps.add(int(last.steps[0]))
    assert len(steps) == 1


def test_round_off_does_not_grow_on_a_background():
    # A pair of dark solitons: modes with k^2 h = 2 pi m are unstable in the interaction picture,
    # and grow from round-off where they are not cleared.
    n, length = 512, 60.0
    x = grid(n, length)
    psi0 = (np.tanh(x + 15) * np.tanh(15 - x)).astype(complex)[None]
    equation = Equation(n, length, nonlinearity=-1.0)
    marks = [0.0, 20.0]
    exact = solve(psi0, marks, equation, "array", frame="lab", rtol=1e-13)[-1].psi
    kept = solve(psi0, marks, equation, "array", rtol=1e-11, floor=0.0)[-1].psi
    cleared = solve(psi0, marks, equation, "array", rtol=1e-11)[-1].psi
    # 400 steps of 1e-11, mostly less; without the floor it is 3e-9.
    assert distance(cleared, exact) < 1e-10
    assert distance(kept, exact) > 10 * distance(cleared, exact)


# --- conservation


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_interaction_picture_conserves(kernel):
    equation = Equation(256, LENGTH)
    psi0 = soliton(grid(256, LENGTH), 0.0)[None]
    mass, momentum, energy = drift(
        solve(psi0, np.linspace(0, 10, 41), equation, kernel, rtol=1e-11), equation
    )
    assert mass < 1e-13
    assert momentum < 1e-11
    assert energy < 1e-11


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_lab_frame_conserves_to_round_off(kernel):
    equation = Equation(256, LENGTH)
    psi0 = soliton(grid(256, LENGTH), 0.0)[None]
    mass, momentum, energy = drift(
        solve(psi0, np.linspace(0, 10, 41), equation, kernel, frame="lab", rtol=1e-12), equation
    )
    assert mass < 1e-14
    assert momentum < 1e-14
    assert energy < 1e-13


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_projection_restores_the_mass_and_can_be_left_out(kernel, frame):
    equation = Equation(128, LENGTH, potential=0.1 * np.cos(2 * np.pi * grid(128, LENGTH) / LENGTH))
    options = {"frame": frame, "rtol": 1e-6, "max_step": 0.2}
    marks = np.linspace(0, 3, 7)
    drifts = {}
    for project in (False, True):
        run = solve(lump(128)[None], marks, equation, kernel, project=project, **options)
        drifts[project] = drift(run, equation)[0]
    assert drifts[True] < 2e-15
    assert drifts[False] > drifts[True]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_steps_do_not_shrink_with_the_grid(kernel):
    steps = {}
    for n in (256, 4096) if kernel == "compiled" else (256, 1024):
        psi0 = soliton(grid(n, LENGTH), 0.0)[None]
        steps[n] = int(solve(psi0, [0.0, 1.0], Equation(n, LENGTH), kernel)[-1].steps[0])
    assert max(steps.values()) <= 1.6 * min(steps.values())


@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_max_step_is_obeyed(frame):
    steps = solve(lump(64)[None], [0.0, 1.0], Equation(64, LENGTH), "array", max_step=0.004)[-1]
    assert steps.steps[0] >= 250


# --- twins


FIELDS = np.stack([lump(64), 0.4 * lump(64, width=4.0), 1.6 * lump(64, width=1.2), 0 * lump(64)])
POTENTIAL = 0.1 * np.cos(2 * np.pi * grid(64, LENGTH) / LENGTH)
MASK = (np.abs(wavenumbers(64, LENGTH)) < 3.0).astype(float)
EQUATIONS = {
    "plain": Equation(64, LENGTH),
    "scaled": Equation(64, LENGTH, 0.5, -2.0),
    "trapped": Equation(64, LENGTH, potential=POTENTIAL),
    "masked": Equation(64, LENGTH, 1.0, 1.5, POTENTIAL, MASK),
}
MARKS = np.array([0.3, 0.31, 0.7, 2.0])


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
@pytest.mark.parametrize("project", [True, False])
def test_compiled_and_array_agree(name, frame, project):
    options = {"frame": frame, "project": project}
    array = solve(FIELDS, MARKS, EQUATIONS[name], "array", **options)
    compiled = solve(FIELDS, MARKS, EQUATIONS[name], "compiled", **options)
    for a, b in zip(array, compiled, strict=True):
        np.testing.assert_array_equal(a.steps, b.steps)
        np.testing.assert_array_equal(a.evaluations, b.evaluations)
        # Rounding: 1e-16 a step, and e^{A^2 t} at most with A = 2.1, t = 1.7.
        np.testing.assert_allclose(b.psi, a.psi, atol=1e-12)


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_the_strict_library_gives_what_numpy_gives(name, frame):
    ours = solve(FIELDS, MARKS[:3], EQUATIONS[name], "array", frame=frame)
    theirs = solve(strict.asarray(FIELDS), MARKS[:3], EQUATIONS[name], "array", frame=frame)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(b.psi), a.psi, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
def test_a_member_does_not_depend_on_its_batch(kernel, frame):
    fields = np.concatenate([FIELDS, 1.2 * FIELDS[:1]])
    options = {"frame": frame, "project": True}
    together = solve(fields, MARKS, EQUATIONS["masked"], kernel, **options)
    if frame == "interaction":
        assert len(set(together[-1].steps.tolist())) > 2
    for member in range(len(fields)):
        alone = solve(fields[member : member + 1], MARKS, EQUATIONS["masked"], kernel, **options)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_array_equal(a.psi[member], b.psi[0])
            assert a.steps[member] == b.steps[0]
            assert a.evaluations[member] == b.evaluations[0]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
@pytest.mark.parametrize("middle", [0, 1, 2, 5])
def test_a_resumed_run_has_the_same_bits(kernel, frame, middle):
    # Frames 1 and 2 lie within one step: the dense output must be taken over, too.
    marks = np.array([0.0, 0.1, 0.1001, 0.4, 0.9, 1.3, 1.9, 2.0])
    options = {"frame": frame, "project": True, "rtol": 1e-10, "atol": 1e-14, "kernel": kernel}
    solve(FIELDS, marks[:1], EQUATIONS["masked"], kernel)  # skips without Numba
    whole = solve(FIELDS, marks, EQUATIONS["masked"], kernel, frame=frame, project=True)
    run = propagate(FIELDS, marks, EQUATIONS["masked"], **options)
    *_, last = islice(run, middle + 1)
    state = last.state()
    next(run)  # the saved arrays must be copies
    rest = list(propagate(FIELDS, marks, EQUATIONS["masked"], resume=(middle, state), **options))
    assert [s.index for s in rest] == list(range(middle + 1, len(marks)))
    for a, b in zip(whole[middle + 1 :], rest, strict=True):
        np.testing.assert_array_equal(a.psi, b.psi)
        np.testing.assert_array_equal(a.steps, b.steps)
        np.testing.assert_array_equal(a.evaluations, b.evaluations)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_stale_state_is_refused(kernel):
    first, *_ = solve(FIELDS, MARKS, EQUATIONS["plain"], kernel)
    with pytest.raises(RuntimeError, match="before the next frame"):
        first.state()


# --- what goes wrong


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_field_of_zeros_stays(kernel):
    snapshots = solve(np.zeros((2, 64), complex), MARKS, EQUATIONS["plain"], kernel, atol=0.0)
    np.testing.assert_array_equal(snapshots[-1].psi, np.zeros((2, 64)))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("frame", ["interaction", "lab"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_a_field_out_of_hand_names_the_member(kernel, frame, value):
    fields = FIELDS.copy()
    fields[2, 5] = value
    with pytest.raises(NumericsError, match=r"member 2: step size collapsed at t = 0\.3; "):
        solve(fields, MARKS, EQUATIONS["plain"], kernel, frame=frame)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"frame": "rotating"}, "frame"),
        ({"kernel": "fast"}, "kernel"),
        ({"order": 5}, "order"),
        ({"rtol": -1.0}, "rtol"),
        ({"max_step": 0.0}, "max_step"),
    ],
)
def test_bad_options_are_named(options, name):
    options = {"rtol": 1e-9, "atol": 0.0} | options
    with pytest.raises(ValueError, match=name):
        propagate(FIELDS, MARKS, EQUATIONS["plain"], **options)


def test_times_must_increase():
    with pytest.raises(ValueError, match="times"):
        propagate(FIELDS, MARKS[::-1], EQUATIONS["plain"], rtol=1e-9, atol=0.0)


def test_the_floor_is_at_round_off():
    assert 1e-16 < ROUND_OFF < 1e-14
