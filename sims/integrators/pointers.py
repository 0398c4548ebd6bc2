"""Compiled functions as arguments of compiled functions, type and address looked up once.

Numba takes functions as arguments, but looks for both anew at each call, in tens of microseconds.
"""

from typing import Any

from numba import types
from numba.experimental.function_type import _get_wrapper_address


class Pointer:
    """A compiled function: its type as Numba sees it, and where it lies in memory."""

    def __init__(self, function: Any, signature: Any) -> None:
        self._function = function  # so that its code stays alive
        self._numba_type_ = types.FunctionType(signature)
        self._address = int(_get_wrapper_address(function, signature))

    def __wrapper_address__(self) -> int:
        """Return the address: what Numba calls this for."""
        return self._address
