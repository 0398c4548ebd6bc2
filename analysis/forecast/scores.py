"""How far a forecast is from what came, as one number.

sMAPE = (200/n) sum |y - f| / (|y| + |f|);  NRMSE(h)^2 = (1/d) sum_i ((y_i - f_i)/s_i)^2
"""

import numpy as np


def _pair(truth: np.ndarray, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, f = np.asarray(truth, dtype=float), np.asarray(forecast, dtype=float)
    if y.shape != f.shape or y.size == 0:
        raise ValueError(f"forecast: has shape {f.shape}, the truth {y.shape}; give as many")
    for name, values in (("truth", y), ("forecast", f)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: holds values that are not finite")
    return y, f


def smape(truth: np.ndarray, forecast: np.ndarray) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200, over all values.

    (200/n) sum |y - f|/(|y| + |f|); a value that is 0 in both counts 0. It does not change with
    the units of the series, but it does with their zero.

    Raises ValueError for arrays of different shapes, or values that are not finite.
    Makridakis (1993) Int. J. Forecast. 9, 527; the form of Hyndman & Koehler (2006), ibid. 22, 679.
    """
    y, f = _pair(truth, forecast)
    size = np.abs(y) + np.abs(f)
    return float(200 * np.mean(np.abs(y - f) / np.where(size > 0, size, 1.0)))


def mase(truth: np.ndarray, forecast: np.ndarray, train: np.ndarray, season: int = 1) -> float:
    """Return the mean absolute scaled error, the mean over components.

    truth, forecast  (..., steps, d)
    train            (T, d); its mean |x(t) - x(t - season)| is the scale of each component

    Raises ValueError for a training series no longer than the season, or a constant component.
    Hyndman & Koehler (2006) Int. J. Forecast. 22, 679, eq. (6).
    """
    y, f = _pair(truth, forecast)
    x = np.asarray(train, dtype=float)
    if not 1 <= season < len(x):
        raise ValueError(f"season: must be 1 or more and below {len(x)}, got {season}")
    scale = np.abs(x[season:] - x[:-season]).mean(axis=0)
    if not (scale > 0).all():
        still = int(np.argmin(scale > 0))
        raise ValueError(f"train: component {still} repeats itself every {season}: no scale")
    return float((np.abs(y - f) / scale).mean())


def error_curve(truth: np.ndarray, forecast: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the normalised root mean square error at each step, (..., steps).

    truth, forecast  (..., steps, d)
    spread           (d,) standard deviations of the components; a constant one has no part
    """
    y, f = _pair(truth, forecast)
    moving = np.asarray(spread) > 0
    if not moving.any():
        raise ValueError("spread: every component is constant")
    error = ((y - f)[..., moving] / np.asarray(spread)[moving]) ** 2
    return np.sqrt(error.mean(axis=-1))


def nrmse(truth: np.ndarray, forecast: np.ndarray, spread: np.ndarray) -> float:
    """Return the root mean square over all steps of `error_curve`."""
    return float(np.sqrt(np.mean(error_curve(truth, forecast, spread) ** 2)))


def valid_steps(curve: np.ndarray, threshold: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Return how many steps a forecast holds, and whether it held to the end.

    curve      (..., steps) of `error_curve`, the first one step after the start
    threshold  the forecast holds until the error first exceeds it

    Times the interval between samples, and the largest Lyapunov exponent, it is the valid
    prediction time in Lyapunov times; Vlachas et al. (2020) Neural Networks 126, 191, eq. (22).
    """
    if not threshold > 0:
        raise ValueError(f"threshold: must be positive, got {threshold:g}")
    beyond = ~(np.asarray(curve) <= threshold)
    held = np.asarray(~beyond.any(axis=-1))
    steps = np.where(held, beyond.shape[-1], beyond.argmax(axis=-1))
    return steps, held
