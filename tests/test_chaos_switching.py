"""Flows that jump: closed forms across surfaces and within them, tangent vectors through jumps."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.errors import NumericsError
from sims.chaos import flow, switched, switching
from sims.chaos.system import catalogue

SYSTEMS = catalogue()


def made(name, variables, equations, start, **parameters):
    return replace(
        SYSTEMS["Lorenz"], name=name, variables=tuple(variables.split()), equations=equations,
        parameters=parameters, initial_condition=start, period=4.0,
    )  # fmt: skip


BALL = made("Ball", "x y", ("y", "-sign(x)"), (0.5, 0.0))


def ball(t, height):
    """A ball that falls to x = 0 from either side with the acceleration 1: parabolas."""
    quarter = math.sqrt(2 * height)
    u = np.mod(t + quarter, 4 * quarter)  # since it last rose through 0
    side = np.where(u < 2 * quarter, 1.0, -1.0)
    v = np.mod(u, 2 * quarter)
    return np.stack([side * (quarter * v - v**2 / 2), side * (quarter - v)], axis=-1)


def test_a_ball_between_two_slopes_follows_its_parabolas():
    times = np.linspace(0.0, 40.0, 301)
    found = flow.trajectory(BALL, times, rtol=1e-12, atol=1e-12)
    # 21 crossings, each located to 1e-12 of a time in which the velocity turns by 2: in phase
    np.testing.assert_allclose(found, ball(times, 0.5), rtol=0, atol=1e-10)
    together = flow.ensemble(BALL, times, np.array([[0.5, 0.0], [2.0, 0.0]]))
    np.testing.assert_allclose(together[1], ball(times, 2.0), rtol=0, atol=1e-8)


def test_tangent_vectors_jump_as_the_closed_form_does():
    end, x = 13.3, np.array([0.5, 0.0])
    parts = list(switched.stretches(BALL, end, x, 0.7, 1e-12, 1e-12))
    q = tangent(BALL, end, x)
    # The phase turns with the amplitude, a shear: differentiate the closed form by the height ...
    step = 1e-5
    by_height = (ball(end, 0.5 + step) - ball(end, 0.5 - step)) / (2 * step)
    np.testing.assert_allclose(q[:, 0], by_height, rtol=0, atol=1e-6)  # step^2 of the difference
    # ... and the other vector is the flow's own at (0.5, 0), (0, -1), carried along.
    velocity = ball(np.array([end]), 0.5)[0]
    np.testing.assert_allclose(-q[:, 1], [velocity[1], -np.sign(velocity[0])], atol=1e-9)
    assert sum(part[2].sum() for part in parts) == pytest.approx(0.0, abs=1e-9)  # area is kept
    assert sum(part[1] for part in parts) == pytest.approx(end, abs=1e-12)


def tangent(system, end, x):
    """Return the matrix (d, d) of the tangent flow, from the same pieces."""
    q = np.eye(system.dimension)
    step = 1e-6
    for piece in switched.segments(system, 0.0, end, x, 1e-12, 1e-12):
        columns = []
        for direction in np.eye(system.dimension):
            span = np.array([piece.start, piece.end])
            ahead, back = (
                switching.states(piece.system, span, piece.x + s * direction, 1e-12, 1e-12)[-1]
                for s in (step, -step)
            )
            columns.append((ahead - back) / (2 * step))
        q = piece.jump @ np.array(columns).T @ q
    return q


@pytest.mark.parametrize("name", ["FluidTrampoline", "SprottMore", "Colpitts"])
def test_exponents_add_up_to_the_divergence_and_the_jumps(name):
    system = SYSTEMS[name]
    start = flow.trajectory(system, np.array([0.0, 10 * system.period]))[-1]
    end = 25 * system.period
    parts = list(switched.stretches(system, end, start, system.period / 5, 1e-11, 1e-11))
    total = sum(part[2].sum() for part in parts)
    expected, events = 0.0, 0
    for piece in switched.segments(system, 0.0, end, start, 1e-11, 1e-11):
        times = np.linspace(piece.start, piece.end, 2001)
        path = switching.states(piece.system, times, piece.x, 1e-11, 1e-11)
        divergence = np.trace(piece.system.jacobian_at(path), axis1=1, axis2=2)
        expected += np.trapezoid(divergence, times) + math.log(abs(np.linalg.det(piece.jump)))
        events += 1
    assert events > 10
    # trapezia of 1/2000 of a piece, some units of time long: 1e-6 each
    assert total == pytest.approx(expected, abs=1e-4)


def test_two_trajectories_part_as_the_exponent_says():
    system = SYSTEMS["SprottMore"]
    start = flow.trajectory(system, np.array([0.0, 30 * system.period]))[-1]
    q = tangent(system, 3 * system.period, start)
    times = np.array([0.0, 3 * system.period])
    for i in range(3):
        shift = 1e-7 * np.eye(3)[i]
        ahead, back = (flow.trajectory(system, times, start + s * shift)[-1] for s in (1, -1))
        difference = (ahead - back) / 2e-7
        # the quotient's own error: steps of 1e-10 over 2e-7
        np.testing.assert_allclose(difference, q[:, i], rtol=0, atol=0.01 * max(1, abs(q).max()))


BELT = made(
    "Belt", "x y", ("y", "-x - friction*sign(y - speed)"), (0.0, 0.0), friction=1.0, speed=0.6
)


def belt(t):
    """A block on a moving belt, from rest: it slips, sticks, and slips when the spring wins."""
    t1 = math.asin(0.6)
    x1 = 1 - math.cos(t1)
    t2 = t1 + (1 - x1) / 0.6
    if t < t1:
        return [1 - math.cos(t), math.sin(t)]
    if t < t2:
        return [x1 + 0.6 * (t - t1), 0.6]
    return [1 + 0.6 * math.sin(t - t2), 0.6 * math.cos(t - t2)]


def test_a_block_sticks_to_a_belt_and_slips():
    times = np.linspace(0.0, 6.0, 61)
    found = flow.trajectory(BELT, times)
    np.testing.assert_allclose(found, [belt(t) for t in times], rtol=0, atol=1e-8)
    pieces = list(switched.segments(BELT, 0.0, 6.0, np.zeros(2), 1e-10, 1e-10))
    assert [piece.sliding for piece in pieces] == [False, True, False]
    # coming to stick, every velocity becomes the belt's: what differs in it is forgotten
    np.testing.assert_allclose(pieces[0].jump @ [0.3, 0.0], [0.3, 0.0])
    assert abs(np.linalg.det(pieces[0].jump)) < 1e-12
    with pytest.raises(NumericsError, match=r"comes to slide at t = 0\.64.*: a direction is lost"):
        list(switched.stretches(BELT, 6.0, np.zeros(2), 0.5, 1e-10, 1e-10))


def test_it_may_begin_in_a_surface():
    np.testing.assert_allclose(
        flow.trajectory(BELT, np.array([0.0, 0.5]), np.array([0.0, 0.6]))[-1], [0.3, 0.6], atol=1e-9
    )
    np.testing.assert_allclose(
        flow.trajectory(BALL, np.array([0.0, 1.0]), np.array([0.0, 1.0]))[-1], [0.5, 0.0], atol=1e-9
    )


def test_a_surface_that_is_only_touched_for_a_moment_is_seen():
    # within 2 arccos(0.9999) = 0.028 of each turn of 2 pi; the sides are looked at every 0.0625
    system = made("Blinks", "x y", ("1", "step(cos(x) - 0.9999)"), (1.0, 0.0))
    found = flow.trajectory(system, np.array([0.0, 31.0]))[-1]
    assert found[1] == pytest.approx(5 * 2 * math.acos(0.9999), rel=1e-7)


def test_one_surface_may_be_that_of_several_signs_and_lie_within_another():
    system = made("Nested", "x y", ("sign(y) + 2*step(y)", "-step(1 - x*sign(y))"), (0.0, 1.0))
    parted = switching.part(system)
    assert len(parted.switches) == 2
    # x' = 3 from y = 1 on, y' = -1 until x = 1 at t = 1/3; then y stays
    found = flow.trajectory(system, np.array([0.0, 1 / 3, 1.0]))
    np.testing.assert_allclose(found, [[0, 1], [1, 2 / 3], [3, 2 / 3]], atol=1e-9)


def test_smooth_flows_are_left_alone_and_jumping_ones_known():
    found = {name for name, system in SYSTEMS.items() if switching.jumps(system)}
    # AnishchenkoAstakhov and Colpitts hold a step too, of what vanishes where it switches
    assert found == {"FluidTrampoline", "SprottMore", "StickSlipOscillator"}


def test_a_jumping_flow_that_blows_up_names_itself():
    system = made("Bursts", "x y", ("x**2", "-sign(y - 0.3)"), (1.0, 1.0))
    with pytest.raises(NumericsError, match="Bursts: step size collapsed at t = "):
        flow.trajectory(system, np.array([0.0, 2.0]))
