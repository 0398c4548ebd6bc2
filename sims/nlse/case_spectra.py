"""How far the spectrum of a case reaches, and the grid that holds it."""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import numpy as np

from core import exact_nlse
from sims.nlse.case_fields import Solution, modulation, seeded, steepness
from sims.nlse.resolution import TAIL

Reach = Callable[[Any, float], float | None]

ADVISED = 1e-12  # part of the peak to which the spectrum should fall, seen at TAIL
MARGIN = 1 / 3  # of ADVISED: modes beyond the grid fold back, formulas leave out factors near 1
REFUSED = 1e-4  # above this the grid does not resolve the case at all
LARGEST = 2**16


def friendly(n: float) -> int:
    """Return the smallest even product of 2, 3 and 5 that is n or more, and 8 or more."""
    best = 2 ** int(np.ceil(np.log2(max(n, 8))))
    for fives in (1, 5, 25, 125, 625):
        for threes in (1, 3, 9, 27, 81, 243):
            odd = fives * threes
            even = odd * 2 ** max(1, int(np.ceil(np.log2(max(n, 8) / odd))))
            best = min(best, even)
    return best


def points(wavenumber: float, length: float) -> int:
    """Return the grid on which TAIL of the Nyquist wavenumber pi n/length is `wavenumber`."""
    return friendly(np.ceil(wavenumber * length / (np.pi * TAIL)))


def sech_reach(inverse_width: float, carrier: float, tail: float) -> float:
    """Return where the spectrum of sech(w x) e^(iqx), sech(pi (k - q)/(2w)), falls to `tail`."""
    return abs(carrier) + 2 * inverse_width / np.pi * float(np.arccosh(1 / tail))


def sampled_reach(solution: Solution, times: Iterable[float], length: float, tail: float) -> float:
    """Return the largest |k| at which a solution's spectrum exceeds `tail`, over some times.

    The field is sampled ever more finely until its spectrum falls to `tail` on the grid.
    """
    reach = 0.0
    n = 512
    for t in times:
        while True:
            x = (np.arange(n) - n // 2) * (length / n)
            spectrum = np.abs(np.fft.fft(solution(x, float(t))))
            modes = np.abs(np.fft.fftfreq(n) * n)
            last = float(np.max(modes[spectrum > tail * spectrum.max()], initial=0.0))
            if last < 0.45 * n or n >= LARGEST:
                break
            n *= 2
        reach = max(reach, 2 * np.pi * (last + 1) / length)
    return reach


def soliton_reach(p: Any, tail: float) -> float:
    return sech_reach(p.amplitude * steepness(p), (p.velocity or 0.0) / p.dispersion, tail)


def meetings(p: Any) -> list[float]:
    """Return the run's ends and times around which its solitons meet or beat."""
    times = {p.t_start, p.t_end}
    width = 1 / steepness(p)
    for i, j in combinations(range(len(p.amplitudes)), 2):
        approach = p.velocities[i] - p.velocities[j]
        if abs(approach) > 1e-12:
            middle = (p.positions[j] - p.positions[i]) / approach
            around = width / (min(p.amplitudes[i], p.amplitudes[j]) * abs(approach))
            times.update(middle + around * np.linspace(-2, 2, 17))
        else:
            beat = abs(p.nonlinearity * (p.amplitudes[i] ** 2 - p.amplitudes[j] ** 2) / 2)
            times.update(p.t_start + 2 * np.pi / beat * np.linspace(0, 1, 17))
    return sorted(t for t in times if p.t_start <= t <= p.t_end)


def breather_reach(p: Any, strip: float, tail: float) -> float:
    """Return where exp(-strip |k|) falls to `tail`; `strip` is for beta = gamma = 1."""
    return -float(np.log(tail)) / strip * steepness(p)


def akhmediev_reach(p: Any, tail: float) -> float:
    # The nearest pole at the peak: sqrt(2a) cos(w x) = 1.
    strip = np.arccosh(1 / np.sqrt(2 * p.a)) / (2 * np.sqrt(1 - 2 * p.a))
    return breather_reach(p, float(strip), tail)


def kuznetsov_ma_reach(p: Any, tail: float) -> float:
    strip = np.arccos(1 / np.sqrt(2 * p.a)) / (2 * np.sqrt(2 * p.a - 1))
    return breather_reach(p, float(strip), tail)


def peregrine_reach(p: Any, tail: float) -> float:
    return breather_reach(p, 0.5, tail)


def bound_state_reach(p: Any, tail: float) -> float:
    width = 1.0 if p.width is None else p.width
    span = np.pi / 4 * width**2 / abs(p.dispersion)
    times = np.linspace(0, 1, 9) * span  # the peak is at the end, a quarter of the beat

    def solution(x: np.ndarray, t: float) -> np.ndarray:
        return exact_nlse.bound_state(
            x, t, p.order, width, dispersion=p.dispersion, nonlinearity=p.nonlinearity
        )

    return sampled_reach(solution, times, min(p.length, 40 * width), tail)


def modulation_reach(p: Any, tail: float) -> float | None:
    """Return the reach of the breather that a seeded mode becomes, if the run lasts until then."""
    if not seeded(p):
        return None
    kappa = modulation(p)
    rate = exact_nlse.growth_rate(p.amplitude, kappa, p.dispersion, p.nonlinearity)
    grown = p.seed_amplitude * np.exp(min(rate * (p.t_end - p.t_start), 700.0))
    if rate == 0 or grown < 1e-2 * p.amplitude:
        return 2 * abs(kappa)
    part = (kappa / (2 * p.amplitude * steepness(p))) ** 2  # 1 - 2a of the breather
    strip = np.arccosh(1 / np.sqrt(1 - part)) / (2 * np.sqrt(part))
    return p.amplitude * breather_reach(p, float(strip), tail)


def gaussian_reach(p: Any, tail: float) -> float:
    return abs((p.velocity or 0.0) / p.dispersion) + float(np.sqrt(-2 * np.log(tail))) / p.width
