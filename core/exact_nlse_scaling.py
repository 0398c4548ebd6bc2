"""How a solution for unit coefficients is carried to others; shared by the exact solutions."""

import numpy as np

from core.errors import ConfigError


def sech(y: np.ndarray) -> np.ndarray:
    """Return 1/cosh y without overflow."""
    small = np.exp(-np.abs(y))
    return 2 * small / (1 + small * small)


def stretch(
    name: str, dispersion: float, nonlinearity: float, *, focusing: bool
) -> tuple[float, float, bool]:
    """Return (scale, rate, mirrored) of psi(x, t) = scale phi(x, rate t), conjugated if mirrored.

    Raises ConfigError where the sign of dispersion * nonlinearity has no such solution, naming
    the sign of nonlinearity that would do.
    """
    product = dispersion * nonlinearity
    if product == 0 or (product > 0) != focusing:
        kind = "focusing" if focusing else "defocusing"
        wanted = "positive" if focusing == (dispersion > 0) else "negative"
        raise ConfigError(
            f"nonlinearity: {name} needs a {kind} equation, so {wanted} nonlinearity with "
            f"dispersion {dispersion:g}; got {nonlinearity:g}"
        )
    return float(np.sqrt(abs(dispersion / nonlinearity))), abs(dispersion), dispersion < 0
