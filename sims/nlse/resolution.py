"""The resolution monitor: is the grid fine enough for what the field has become?

A resolved field's Fourier spectrum falls to rounding before the grid's last mode. The monitor
compares the tail, the strongest of the modes above 15/16 of the Nyquist wavenumber, with the peak.
"""

import numpy as np

from core.progress import say

TAIL = 15 / 16
RESOLVED = 1e-8


def tail_ratio(psi: np.ndarray) -> np.ndarray:
    """Return the spectrum's tail over its peak, of psi (..., n); 0 for a zero field."""
    n = psi.shape[-1]
    spectrum = np.abs(np.fft.fft(psi, axis=-1))
    modes = np.abs(np.fft.fftfreq(n)) * 2
    peak = spectrum.max(axis=-1)
    tail = spectrum[..., modes >= TAIL].max(axis=-1)
    return np.where(peak > 0, tail / np.where(peak > 0, peak, 1.0), 0.0)


def enough(psi: np.ndarray, goal: float = 1e-12) -> int:
    """Return the grid size at which the tail of psi (n,) would be `goal` times the peak.

    The spectrum of an analytic field falls exponentially with the wavenumber; the rate is read
    off between the peak and the tail.
    """
    n = psi.shape[-1]
    ratio = float(np.clip(tail_ratio(psi), 1e-300, 0.9))
    wanted = n * np.log(goal) / np.log(ratio)
    return int(min(2 ** np.ceil(np.log2(max(wanted, n + 1))), 64 * n))


class Monitor:
    """Looks at every frame and warns once, at the first that the grid does not resolve."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.worst = 0.0

    def see(self, psi: np.ndarray, time: float) -> None:
        """Take in the fields (M, n) of one frame."""
        ratios = np.atleast_1d(tail_ratio(psi))
        worst = int(np.argmax(ratios))
        if ratios[worst] > RESOLVED >= self.worst:
            say(
                f"warning: not resolved from t = {time:g}: the spectrum's tail is "
                f"{ratios[worst]:.0e} of its peak with n = {self._n}; "
                f"n = {enough(psi[worst])} would do"
            )
        self.worst = max(self.worst, float(ratios[worst]))
