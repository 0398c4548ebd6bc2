"""Where kernels in CUDA C run: a card through CuPy, or this machine's processor, thread by thread.

A kernel is `extern "C" __global__ void name(...)`: one thread an item, no shared memory and no
atomics, so that what it computes does not depend on the order of the threads. Both devices offer

    xp                   the array library of their arrays
    kernels(text)        name -> launch; launch(threads, *arguments) with arrays of `xp`, and NumPy
                         scalars of the parameters' types

The processor serves to verify the kernels, where there is no card.
"""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Protocol

Launch = Callable[..., None]
BLOCK = 128  # threads of a block


class Device(Protocol):
    """What runs kernels."""

    @property
    def xp(self) -> ModuleType:
        """Return the library of the arrays."""

    def kernels(self, text: str) -> Mapping[str, Launch]:
        """Return the kernels of a text in CUDA C, by name."""


def of(xp: ModuleType) -> Any:
    """Return the device of an array library that is not NumPy's: a card."""
    from sims.devices.card import Card

    return Card(xp)
