"""What the entropies ask of their arguments: one line that names the argument, or an array."""

import operator
from typing import Any

import numpy as np

from core.backend import namespace, to_host

Array = Any


def array(x: Any, name: str) -> Array:
    """Return x if it is an array of some library, and numbers and nested lists as NumPy's.

    Raises ValueError for what is neither, such as rows of different lengths.
    """
    if isinstance(x, np.ndarray | np.generic) or hasattr(x, "__array_namespace__"):
        return np.asarray(x) if isinstance(x, np.generic) else x
    if hasattr(x, "get") and hasattr(x, "dtype"):  # CuPy
        return x
    try:
        found = np.asarray(x)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: must be numbers, in rows of one length") from None
    if found.dtype.kind not in "biufc":
        raise ValueError(f"{name}: must be numbers, got {type(x).__name__}")
    return found


def reals(x: Array, name: str, *, finite: bool = True) -> tuple[Array, Any]:
    """Return (x as a real floating array, its namespace); lists and integers become float64.

    Raises ValueError for complex numbers, an empty array, NaN and, if `finite`, infinity.
    """
    x = array(x, name)
    xp = namespace(x)
    if xp.isdtype(x.dtype, ("integral", "bool")):
        x = xp.astype(x, xp.float64)
    if not xp.isdtype(x.dtype, "real floating"):
        raise ValueError(f"{name}: must be real numbers, got {x.dtype}")
    if 0 in x.shape:
        raise ValueError(f"{name}: is empty, shape {x.shape}")
    if not bool(xp.all(xp.isfinite(x))):
        if bool(xp.any(xp.isnan(x))):
            raise ValueError(f"{name}: holds NaN; drop or fill those samples first")
        if finite:
            raise ValueError(f"{name}: holds infinity")
    return x, xp


def symbols(s: Array, name: str) -> tuple[Array, Any]:
    """Return (s, its namespace) of any integer type; booleans become uint8, text its code points.

    Raises ValueError for other types and for an empty array.
    """
    if isinstance(s, str):
        s = np.asarray([ord(letter) for letter in s])
    s = array(s, name)
    xp = namespace(s)
    if xp.isdtype(s.dtype, "bool"):
        s = xp.astype(s, xp.uint8)
    if not xp.isdtype(s.dtype, "integral"):
        raise ValueError(f"{name}: must be integers, one per symbol, got {s.dtype}")
    if 0 in s.shape:
        raise ValueError(f"{name}: is empty, shape {s.shape}")
    return s, xp


def last(x: Array, axis: int, name: str) -> Array:
    """Return x with `axis` moved to the end."""
    xp = namespace(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis: {axis} is not one of {name}, which has shape {x.shape}")
    return x if axis in (-1, x.ndim - 1) else xp.moveaxis(x, axis, -1)


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return an integer argument between bounds, or raise ValueError that names it."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}: must be an integer, got {value!r}") from None
    if number < least or (most is not None and number > most):
        bounds = f"{least} or more" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: must be {bounds}, got {number}")
    return number


def choice(value: Any, name: str, known: tuple[str, ...]) -> str:
    """Return a name that is one of the known ones, or raise ValueError that lists them."""
    if value not in known:
        raise ValueError(f"{name}: must be one of {', '.join(known)}, got {value!r}")
    return str(value)


def generator(seed: Any) -> np.random.Generator:
    """Return the random generator of a seed, or a Generator itself; None is refused."""
    if seed is None:
        raise ValueError("seed: give an integer or a Generator; nothing here is random by itself")
    return np.random.default_rng(seed)


def like(values: Any, array: Array) -> Array:
    """Return host values in the library and on the device of another array."""
    if isinstance(array, np.ndarray):
        return np.asarray(values)
    xp = namespace(array)
    values = np.asarray(values)
    if hasattr(array, "get"):  # CuPy takes host arrays
        return xp.asarray(values)
    return xp.asarray(values, device=array.device)


__all__ = ["array", "choice", "generator", "last", "like", "reals", "symbols", "to_host", "whole"]
