"""What the cases are made of: initial fields, exact solutions, boxes and rules, one group per case.

Every function takes the parameters first, any object with the attributes of `Params`; keys that
were not given are None.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from core import exact_nlse
from core.errors import ConfigError
from sims.nlse.files import field_from_file

Solution = Callable[[np.ndarray, float], np.ndarray]

OPEN = 1e-3  # a tail at the box's edge above this part of the peak is refused
CLOSED = 1e-12  # copies in neighbouring boxes that act on each other less than this are ignored


def coefficients(p: Any) -> dict[str, float]:
    """Return dispersion and nonlinearity as keyword arguments."""
    return {"dispersion": p.dispersion, "nonlinearity": p.nonlinearity}


def steepness(p: Any) -> float:
    """Return sqrt|gamma/beta|: a soliton's inverse width over its amplitude."""
    return float(np.sqrt(abs(p.nonlinearity / p.dispersion)))


def box(p: Any) -> float | None:
    """Return `length`: most cases have no box of their own."""
    return None if p.length is None else float(p.length)


def require_positive(p: Any, *keys: str) -> None:
    """Raise ConfigError for a key that is not above 0."""
    for key in keys:
        value = getattr(p, key)
        if value is not None and not value > 0:
            raise ConfigError(f"{key}: must be positive, got {value:g}")


def require_room(p: Any, decay: float, what: str) -> None:
    """Raise ConfigError if a tail exp(-decay |x|) is still large at the edge of the box."""
    length = box(p)
    if length is not None and 2 * np.exp(-decay * length / 2) > OPEN:
        enough = np.ceil(2 * np.log(2 / CLOSED) / decay)
        raise ConfigError(
            f"length: {what} does not fit into a box of {length:g}; use length >= {enough:g}"
        )


def _value(given: float | None, otherwise: float = 0.0) -> float:
    return otherwise if given is None else given


# --- plane wave


def plane_wave_rule(p: Any) -> None:
    require_commensurate(p)
    if p.amplitude < 0:
        raise ConfigError(f"amplitude: must be 0 or more, got {p.amplitude:g}")


def plane_wave(p: Any) -> Solution:
    return lambda x, t: exact_nlse.plane_wave(
        x, t, p.amplitude, _value(p.wavenumber), _value(p.phase), **coefficients(p)
    )


def require_commensurate(p: Any) -> None:
    """Raise ConfigError if `wavenumber` does not fit the box, naming the nearest that does."""
    length = box(p)
    if p.wavenumber is None or length is None or length <= 0:
        return
    turns = p.wavenumber * length / (2 * np.pi)
    if abs(turns - round(turns)) > 1e-9 * max(1.0, abs(turns)):
        nearest = 2 * np.pi * round(turns) / length
        raise ConfigError(
            f"wavenumber: {p.wavenumber:g} is no multiple of 2 pi/length = {2 * np.pi / length:g}; "
            f"the nearest is {nearest:.12g}"
        )


# --- one soliton


def soliton_rule(p: Any) -> None:
    require_positive(p, "amplitude")
    exact_nlse.soliton(np.zeros(1), 0.0, p.amplitude, **coefficients(p))
    require_room(p, p.amplitude * steepness(p), "the soliton")


def soliton(p: Any) -> Solution:
    """Return the soliton summed over the boxes."""
    velocity, position, phase = _value(p.velocity), _value(p.position), _value(p.phase)
    length = p.length

    def line(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.soliton(x, t, p.amplitude, velocity, position, phase, **coefficients(p))

    def solution(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.periodic_sum(line, x, t, length, position + velocity * t)

    return solution


def soliton_is_exact(p: Any) -> bool:
    return bool(2 * np.exp(-p.amplitude * steepness(p) * p.length) <= CLOSED)


# --- several solitons


def solitons_rule(p: Any) -> None:
    count = len(p.amplitudes)
    if p.case == "two_solitons" and count != 2:
        raise ConfigError(f"amplitudes: two_solitons needs 2 of each, got {count}; use n_soliton")
    exact_nlse.n_soliton(
        np.zeros(1), 0.0, p.amplitudes, p.velocities, p.positions, p.phases, **coefficients(p)
    )
    require_room(p, min(p.amplitudes) * steepness(p), "the widest soliton")


def solitons(p: Any) -> Solution:
    """Return the exact field of the solitons, summed over the boxes."""
    places, speeds = np.asarray(p.positions, dtype=float), np.asarray(p.velocities, dtype=float)

    def line(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.n_soliton(
            x, t, p.amplitudes, p.velocities, p.positions, p.phases, **coefficients(p)
        )

    def solution(x: np.ndarray, t: float) -> np.ndarray:
        now = places + speeds * t
        return exact_nlse.periodic_sum(line, x, t, p.length, (now.min() + now.max()) / 2)

    return solution


def solitons_are_exact(p: Any) -> bool:
    """Return whether no soliton comes near another's copy in the next box during the run."""
    widest = min(p.amplitudes) * steepness(p)
    room = p.length + np.log(CLOSED / 2) / widest
    places, speeds = np.asarray(p.positions, dtype=float), np.asarray(p.velocities, dtype=float)
    return all(np.ptp(places + speeds * t) <= room for t in (p.t_start, 0.0, p.t_end))


def bound_state_rule(p: Any) -> None:
    require_positive(p, "width")
    exact_nlse.bound_state(np.zeros(1), 0.0, p.order, **coefficients(p))
    require_room(p, 1 / _value(p.width, 1.0), "the bound state")


def bound_state(p: Any) -> Solution:
    def line(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.bound_state(x, t, p.order, _value(p.width, 1.0), **coefficients(p))

    return lambda x, t: exact_nlse.periodic_sum(line, x, t, p.length)


def bound_state_is_exact(p: Any) -> bool:
    return bool(2 * p.order**2 * np.exp(-p.length / _value(p.width, 1.0)) <= CLOSED)


# --- breathers, on a background of 1


def _background(p: Any, t: float) -> complex:
    return complex(np.exp(1j * p.nonlinearity * t))


def akhmediev_box(p: Any) -> float:
    wavenumber = exact_nlse.akhmediev_wavenumber(p.a, p.dispersion, p.nonlinearity)
    return int(_value(p.periods, 1)) * 2 * float(np.pi) / wavenumber


def akhmediev_rule(p: Any) -> None:
    require_positive(p, "periods")
    own = akhmediev_box(p)
    if p.length is not None and abs(p.length - own) > 1e-12 * own:
        raise ConfigError(
            f"length: the box of 'akhmediev' is {_value(p.periods, 1):g} modulation period(s), "
            f"{own:.15g}; remove length, or change periods"
        )


def akhmediev(p: Any) -> Solution:
    return lambda x, t: exact_nlse.akhmediev(x, t, p.a, **coefficients(p))


def peregrine(p: Any) -> Solution:
    return lambda x, t: exact_nlse.peregrine(x, t, **coefficients(p))


def peregrine_rule(p: Any) -> None:
    exact_nlse.peregrine(np.zeros(1), 0.0, **coefficients(p))


def _kuznetsov_ma_decay(p: Any) -> float:
    return 2 * float(np.sqrt(2 * p.a - 1)) * steepness(p)


def kuznetsov_ma_rule(p: Any) -> None:
    exact_nlse.kuznetsov_ma(np.zeros(1), 0.0, p.a, **coefficients(p))
    require_room(p, _kuznetsov_ma_decay(p), "the breather")


def kuznetsov_ma(p: Any) -> Solution:
    def line(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.kuznetsov_ma(x, t, p.a, **coefficients(p))

    return lambda x, t: exact_nlse.periodic_sum(line, x, t, p.length, 0.0, _background(p, t))


def kuznetsov_ma_is_exact(p: Any) -> bool:
    return bool(8 * p.a * np.exp(-_kuznetsov_ma_decay(p) * p.length) <= CLOSED)


# --- a pair of dark solitons


def dark_depth(p: Any) -> float:
    """Return the inverse width of the dips."""
    sound = p.amplitude * np.sqrt(abs(p.dispersion * p.nonlinearity))
    return float(np.sqrt(1 - (p.velocity / sound) ** 2) * p.amplitude * steepness(p))


def dark_rule(p: Any) -> None:
    require_positive(p, "amplitude", "position")
    exact_nlse.dark_soliton_pair(
        np.zeros(1), 0.0, p.amplitude, p.velocity, p.position, **coefficients(p)
    )
    if p.length is not None:
        if p.position >= p.length / 2:
            raise ConfigError(
                f"position: must be below length/2 = {p.length / 2:g}, got {p.position:g}"
            )
        require_room(p, 2 * dark_depth(p), "the pair")


def dark_pair(p: Any) -> Solution:
    def line(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.dark_soliton_pair(
            x, t, p.amplitude, p.velocity, p.position, _value(p.phase), **coefficients(p)
        )

    def solution(x: np.ndarray, t: float) -> np.ndarray:
        background = p.amplitude * np.exp(
            1j * (p.nonlinearity * p.amplitude**2 * t + _value(p.phase))
        )
        return exact_nlse.periodic_sum(line, x, t, p.length, 0.0, background)

    return solution


def dark_pair_is_exact(p: Any) -> bool:
    """Return whether the dips stay clear of their copies during the run."""
    far = max(abs(p.position - p.velocity * t) for t in (p.t_start, 0.0, p.t_end))
    return bool(2 * np.exp(-2 * dark_depth(p) * (p.length - 2 * far)) <= CLOSED)


# --- modulation instability


def seeded(p: Any) -> bool:
    """Return whether a single mode is seeded: one was asked for, or nothing else is there."""
    return p.wavenumber is not None or not p.noise


def modulation(p: Any) -> float:
    """Return the wavenumber of the seed: the given one, or the fastest growing one that fits."""
    if p.wavenumber is not None:
        return float(p.wavenumber)
    if p.length is not None and p.periods is not None:
        return 2 * float(np.pi) * p.periods / p.length
    if p.dispersion * p.nonlinearity <= 0:
        raise ConfigError(
            "wavenumber: a defocusing plane wave has no growing mode; give wavenumber, or noise"
        )
    fastest = float(np.sqrt(2.0)) * p.amplitude * steepness(p)
    if p.length is None:
        return fastest
    return 2 * float(np.pi) * max(1, round(fastest * p.length / (2 * np.pi))) / p.length


def modulation_box(p: Any) -> float:
    if p.length is not None:
        return float(p.length)
    return int(_value(p.periods, 1)) * 2 * float(np.pi) / abs(modulation(p))


def modulation_rule(p: Any) -> None:
    require_positive(p, "amplitude", "periods")
    if p.wavenumber == 0:
        raise ConfigError("wavenumber: must not be 0; it is that of the modulation")
    if p.length is not None and p.periods is not None:
        own = p.periods * 2 * np.pi / abs(modulation(p))
        if abs(own - p.length) > 1e-12 * own:
            raise ConfigError(
                f"length: {p.periods} period(s) make a box of {own:.15g}, got {p.length:.15g}; "
                "give one of length and periods"
            )
    require_commensurate(p)


def modulation_initial(p: Any, x: np.ndarray) -> np.ndarray:
    psi = np.full(x.shape, p.amplitude, dtype=np.complex128)
    if seeded(p):
        kappa = modulation(p)
        mode = exact_nlse.growing_mode(p.amplitude, kappa, p.dispersion, p.nonlinearity)
        psi = psi + p.seed_amplitude * mode * np.cos(kappa * x)
    return psi


# --- no closed form


def gaussian_rule(p: Any) -> None:
    require_positive(p, "width")


def gaussian(p: Any, x: np.ndarray) -> np.ndarray:
    distance = x - _value(p.position)
    carrier = _value(p.velocity) / p.dispersion * x + _value(p.phase)
    return p.amplitude * np.exp(-(distance**2) / (2 * p.width**2) + 1j * carrier)


def from_file(p: Any, x: np.ndarray) -> np.ndarray:
    return field_from_file(p.path, x.size, p.length)


def from_file_rule(p: Any) -> None:
    if p.length is not None:
        field_from_file(p.path, p.n, p.length)
