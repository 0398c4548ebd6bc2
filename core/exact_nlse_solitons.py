"""Solutions of several solitons: any number of bright ones, bound states, a pair of dark ones.

    i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi = 0

Bright solitons come from dressing the zero field by one eigenvalue after the other; the carriage
to coefficients other than 1 is that of `core.exact_nlse`.
"""

from collections.abc import Sequence

import numpy as np

from core.errors import ConfigError
from core.exact_nlse_scaling import stretch


def _dress(x: np.ndarray, t: float, eigenvalues: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Return the field of the eigenvalues l_j and constants c_j, for beta = gamma = 1.

    The vector (e^-theta, e^theta) with theta = i l x + i l^2 t + c/2 solves the linear problem
    of the zero field; each step adds 2 (l - l*) a b*/(|a|^2 + |b|^2) to psi and carries the
    remaining vectors along by 1 - (l_m - l_m*)/(l - l_m*) P_m. Vectors are kept at length 1, so
    that nothing overflows. Zakharov & Shabat (1972), the dressing form of Novikov et al. (1984)
    Theory of Solitons, ch. III; it equals psi = 2 sum_jk a_j (M^-1)_jk b_k* with
    M_jk = (a_j* a_k + b_j* b_k)/(l_k - l_j*).
    """
    angle = 1j * eigenvalues[:, None] * x + (1j * eigenvalues**2 * t + constants / 2)[:, None]
    size = np.abs(angle.real)
    vectors = np.stack([np.exp(-angle - size), np.exp(angle - size)])
    psi = np.zeros(np.shape(x), dtype=np.complex128)
    for m, eigenvalue in enumerate(eigenvalues):
        gap = eigenvalue - np.conj(eigenvalue)
        first = vectors[:, m] / np.sqrt(np.sum(np.abs(vectors[:, m]) ** 2, axis=0))
        psi += 2 * gap * first[0] * np.conj(first[1])
        for j in range(m + 1, len(eigenvalues)):
            part = np.sum(np.conj(first) * vectors[:, j], axis=0)
            moved = vectors[:, j] - gap / (eigenvalues[j] - np.conj(eigenvalue)) * part * first
            vectors[:, j] = moved / np.sqrt(np.sum(np.abs(moved) ** 2, axis=0))
    return psi


def _constants(
    eigenvalues: np.ndarray, amplitudes: np.ndarray, positions: np.ndarray, phases: np.ndarray
) -> np.ndarray:
    """Return the c_j that put each soliton where it is asked for, among its neighbours.

    A neighbour m on the right multiplies e^theta of soliton j by (l_j - l_m)/(l_j - l_m*), one
    on the left e^-theta by the same; c_j takes that back.
    """
    constants = amplitudes * positions + 1j * (np.pi / 2 - phases)
    # Of two at the same place the faster one counts as the left one: it comes from there.
    rank = np.lexsort((np.arange(len(positions)), 2 * eigenvalues.real, positions))
    place = np.empty(len(rank), dtype=int)
    place[rank] = np.arange(len(rank))
    for j, own in enumerate(eigenvalues):
        for m, other in enumerate(eigenvalues):
            if m != j:
                factor = np.log((own - other) / (own - np.conj(other)))
                constants[j] += factor if place[m] < place[j] else -factor
    return constants


def n_soliton(
    x: np.ndarray,
    t: float,
    amplitudes: Sequence[float],
    velocities: Sequence[float],
    positions: Sequence[float],
    phases: Sequence[float] | None = None,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
) -> np.ndarray:
    """Return the exact field of any number of bright solitons that pass through one another.

    amplitudes, velocities, positions, phases   one per soliton

    Convention: at t = 0 the soliton j, where it is alone, is
    `soliton(x, 0, amplitudes[j], velocities[j], positions[j], phases[j])`. The field of
    well-separated solitons is thus their sum up to the product of their tails; what collisions
    do before or after t = 0 is part of the solution. Where they overlap at t = 0 the positions
    still fix the solution, but are no longer those of visible peaks.

    Raises ConfigError for lists of unequal length, an amplitude that is not positive, or two
    solitons that agree in amplitude and velocity (no such solution exists).
    """
    phases = [0.0] * len(amplitudes) if phases is None else phases
    lists = [amplitudes, velocities, positions, phases]
    if len({len(values) for values in lists}) != 1 or len(amplitudes) == 0:
        raise ConfigError(
            "amplitudes, velocities, positions, phases: need as many of each, one or more; got "
            + ", ".join(str(len(values)) for values in lists)
        )
    scale, rate, mirrored = stretch("n_soliton", dispersion, nonlinearity, focusing=True)
    size, speed, place, phase = (np.asarray(values, dtype=float) for values in lists)
    if np.any(size <= 0):
        raise ConfigError(f"amplitudes: must be positive, got {float(np.min(size)):g}")
    size, speed = size / scale, speed / rate
    eigenvalues = -speed / 2 + 0.5j * size
    pairs = np.abs(eigenvalues[:, None] - eigenvalues) + np.eye(len(size))
    if np.min(pairs) < 1e-10:
        raise ConfigError(
            "amplitudes, velocities: two solitons agree in both; make them differ in one"
        )
    phase = -phase if mirrored else phase
    psi = scale * _dress(x, rate * t, eigenvalues, _constants(eigenvalues, size, place, phase))
    return np.conj(psi) if mirrored else psi


def bound_state(
    x: np.ndarray,
    t: float,
    order: int,
    width: float = 1.0,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
) -> np.ndarray:
    """Return the bound state that is N sqrt(beta/gamma)/w sech(x/w) at t = 0.

    order  N, a positive integer; its eigenvalues are i/2, 3i/2 ... (2N - 1)i/2
    width  w
    |psi| has the period pi w^2/(2|beta|). N = 2 uses the closed form of Satsuma & Yajima (1974)
    Prog. Theor. Phys. Suppl. 55, 284; others are dressed with e^(c_j) = i (-1)^(N-j), which
    loses about a digit per order.
    """
    if order < 1 or int(order) != order:
        raise ConfigError(f"order: must be a positive integer, got {order}")
    scale, rate, mirrored = stretch("a bound state", dispersion, nonlinearity, focusing=True)
    x, t = np.asarray(x) / width, rate * t / width**2
    if order == 2:
        # Divided by cosh(4x), so that nothing overflows.
        small = np.exp(-np.abs(x))
        below = (1 + small**8) / 2 + 2 * (small**2 + small**6) + 3 * np.cos(4 * t) * small**4
        above = (small + small**7) / 2 + 1.5 * np.exp(4j * t) * (small**3 + small**5)
        psi = 4 * np.exp(0.5j * t) * above / below
    else:
        j = np.arange(1, order + 1)
        psi = _dress(x, t, 0.5j * (2 * j - 1), 1j * np.pi * ((order - j) % 2 + 0.5))
    psi = scale / width * psi
    return np.conj(psi) if mirrored else psi


def soliton_shifts(
    amplitude_1: float,
    amplitude_2: float,
    velocity_1: float,
    velocity_2: float,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = 1.0,
) -> tuple[float, float, float, float]:
    """Return (dx1, dx2, phi1, phi2): how a collision moves two solitons and their carriers.

    Each is what the soliton has after the collision less what free motion would have given:
    of its position, and of its carrier's phase (at x = 0; modulo 2 pi). The faster soliton is
    moved forward: for v1 > v2 and beta = gamma = 1, dx1 = (1/A1) ln D, dx2 = -(1/A2) ln D,
    D = [(A1 + A2)^2 + dv^2]/[(A1 - A2)^2 + dv^2], phi1 = 2 arg[(l1 - l2)/(l1 - l2*)] and
    phi2 = -2 arg[(l2 - l1)/(l2 - l1*)] with l = -v/2 + iA/2.
    Zakharov & Shabat (1972) Sov. Phys. JETP 34, 62, eqs. (23)-(24).
    """
    scale, rate, mirrored = stretch("a collision", dispersion, nonlinearity, focusing=True)
    if velocity_1 == velocity_2:
        raise ConfigError("velocities: solitons of equal velocity do not pass through one another")
    sizes = np.array([amplitude_1, amplitude_2]) / scale
    speeds = np.array([velocity_1, velocity_2]) / rate
    gap = (speeds[0] - speeds[1]) ** 2
    forward = float(np.sign(speeds[0] - speeds[1]))
    push = forward * np.log((sizes.sum() ** 2 + gap) / ((sizes[0] - sizes[1]) ** 2 + gap))
    one, two = -speeds / 2 + 0.5j * sizes
    turn_1 = 2 * forward * np.angle((one - two) / (one - np.conj(two)))
    turn_2 = -2 * forward * np.angle((two - one) / (two - np.conj(one)))
    turn = -1.0 if mirrored else 1.0
    return (
        float(push / sizes[0]),
        float(-push / sizes[1]),
        float(turn * turn_1),
        float(turn * turn_2),
    )


def dark_soliton_pair(
    x: np.ndarray,
    t: float,
    amplitude: float,
    velocity: float,
    position: float,
    phase: float = 0.0,
    *,
    dispersion: float = 1.0,
    nonlinearity: float = -1.0,
) -> np.ndarray:
    """Return two dark solitons of opposite velocities on a background, the exact solution.

    amplitude  of the background; each dip's lowest |psi| is amplitude |velocity|/c
    velocity   of the left soliton, the right one has -velocity; 0 < |velocity| < c, where
               c = amplitude sqrt|beta gamma| is the speed of sound
    position   they are at -position and +position at t = 0 where they are well apart
    phase      of the background at t = 0

    Their phase jumps cancel, so that the field closes on a periodic box. With
    unit background, psi = e^{-it} G/F; F = 1 + e^h1 + e^h2 + a12 e^(h1+h2), G the same with
    h_j + 2i phi_j, h_j = 2 sin(phi_j)(x - v_j t) + const, v_j = -cos phi_j, and
    a12 = [sin((phi1-phi2)/2)/sin((phi1+phi2)/2)]^2, phi2 = pi - phi1.
    Tsuzuki (1971) J. Low Temp. Phys. 4, 441 (one); Hirota (1976) in Bäcklund Transformations,
    Lect. Notes Math. 515, p. 40, and Blow & Doran (1985) Phys. Lett. A 107, 55 (several).

    Raises ConfigError unless beta gamma < 0 and 0 < |velocity| < c.
    """
    scale, _, mirrored = stretch("a dark soliton", dispersion, nonlinearity, focusing=False)
    sound = amplitude * float(np.sqrt(abs(dispersion * nonlinearity)))
    if not 0 < abs(velocity) < sound:
        raise ConfigError(
            f"velocity: a pair of dark solitons needs it between 0 and the speed of sound "
            f"{sound:g} (either sign, not 0), got {velocity:g}"
        )
    x, t = np.asarray(x) * amplitude / scale, abs(nonlinearity) * amplitude**2 * t
    speed, place = velocity / sound, position * amplitude / scale
    depth = np.sqrt(1 - speed**2)
    turn = np.arccos(-speed)
    meet = np.cos(turn) ** 2  # a12 with phi2 = pi - phi1
    # The left one (1) is where h1 = 0; the right one where h2 + ln a12 = 0.
    left = 2 * depth * (x + place - speed * t)
    right = 2 * depth * (x - place + speed * t)
    exponents = np.stack([np.zeros_like(left), left, right - np.log(meet), left + right])
    weights = np.exp(exponents - np.max(exponents, axis=0))
    turns = np.exp(2j * np.array([0.0, turn, np.pi - turn, np.pi]))
    psi = np.tensordot(turns, weights, axes=1) / np.sum(weights, axis=0)
    psi = amplitude * np.exp(-1j * t) * psi
    return (np.conj(psi) if mirrored else psi) * np.exp(1j * phase)
