"""Kernels in CUDA C on a card, compiled by CuPy, which keeps them on disk."""

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

from core.errors import DeviceError
from sims.devices import BLOCK, Launch
from sims.devices.signatures import signatures


class Card:
    """The card of an array library, CuPy's."""

    def __init__(self, xp: ModuleType) -> None:
        self._xp = xp

    @property
    def xp(self) -> ModuleType:
        """Return the library of the arrays."""
        return self._xp

    def kernels(self, text: str) -> Mapping[str, Launch]:
        """Return the kernels of a text in CUDA C, by name; raises DeviceError if refused."""
        import cupy

        try:
            module = cupy.RawModule(code=text, options=("--std=c++17",))
            return {name: partial(_launch, module.get_function(name)) for name in signatures(text)}
        except cupy.cuda.compiler.CompileException as problem:
            lines = [line for line in str(problem).splitlines() if "error" in line] or ["?"]
            raise DeviceError(
                f"device: the card's compiler refuses the kernels: {lines[0]}"
            ) from None


def _launch(kernel: Any, threads: int, *arguments: Any) -> None:
    kernel((-(-threads // BLOCK),), (BLOCK,), arguments)
