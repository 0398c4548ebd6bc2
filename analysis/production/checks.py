"""What entropy production asks of its arguments: one line that names the argument, or a value."""

import math
from typing import Any

import numpy as np


def positive(**named: float) -> None:
    """Raise ValueError that names the first number that is not positive and finite."""
    for name, value in named.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}: must be positive and finite, got {value:g}")


def not_negative(**named: float) -> None:
    """Raise ValueError that names the first number that is negative or not finite."""
    for name, value in named.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name}: must be 0 or more and finite, got {value:g}")


def finite(**named: float) -> None:
    """Raise ValueError that names the first number that is not finite."""
    for name, value in named.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: must be finite, got {value:g}")


def convention(value: str, known: tuple[str, ...]) -> str:
    """Return a convention that is one of the known ones, or raise ValueError that lists them."""
    if value not in known:
        raise ValueError(f"convention: must be one of {', '.join(known)}, got {value!r}")
    return value


def square(matrix: Any, name: str) -> np.ndarray:
    """Return a real square matrix, or raise ValueError."""
    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"{name}: must be a square matrix, got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name}: holds NaN or infinity")
    return matrix


def frame(values: Any, name: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return one frame (N, d) as floats on the host, or raise ValueError that names it."""
    values = np.asarray(values, dtype=float)
    if shape is None and values.ndim != 2:
        raise ValueError(f"{name}: a frame must be (particles, dimensions), got {values.shape}")
    if shape is not None and values.shape != shape:
        raise ValueError(f"{name}: a frame has shape {values.shape}, expected {shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: holds NaN or infinity")
    return values
