"""The array library: chosen once at the command line, then asked of the arrays."""

from types import ModuleType
from typing import Any

import array_api_compat
import numpy as np

from core.errors import DeviceError

DEVICES = ("cpu", "gpu")


def select(device: str) -> ModuleType:
    """Return the array library of a device: NumPy for "cpu", CuPy for "gpu".

    A GPU is probed by asking the driver and by one allocation; there is no falling back.
    Raises DeviceError if the device cannot be used.
    """
    if device == "cpu":
        import array_api_compat.numpy

        return array_api_compat.numpy
    if device != "gpu":
        raise DeviceError(f"device: no '{device}'; use cpu or gpu")
    try:
        import cupy

        if not cupy.cuda.is_available():
            raise RuntimeError("CuPy finds no CUDA device")
        cupy.zeros(1).get()
        import array_api_compat.cupy
    except Exception as problem:  # CuPy raises driver errors of its own types
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        if isinstance(problem, ModuleNotFoundError):
            reason = "CuPy is not installed: pip install cupy-cuda12x or cupy-cuda13x"
        raise DeviceError(
            f"device: gpu asked for but not usable ({reason}); use device: cpu"
        ) from None
    return array_api_compat.cupy


def namespace(*arrays: Any) -> ModuleType:
    """Return the array-API namespace of the arrays; scalars and None are passed over."""
    return array_api_compat.array_namespace(*arrays)


def to_host(array: Any) -> np.ndarray:
    """Return the array as NumPy, copied from its device if need be."""
    if isinstance(array, np.ndarray):
        return array
    if hasattr(array, "get"):  # CuPy
        return array.get()
    return np.asarray(array)
