"""The devices that kernels in CUDA C are tested on: this machine's processor, and a card."""

import pytest

from core import backend
from core.errors import DeviceError
from sims.devices import host
from sims.devices.card import Card

NAMES = ("processor", pytest.param("card", marks=pytest.mark.gpu))


def device(name, **options):
    """Return a device, or skip with the reason."""
    if name == "card":
        try:
            return Card(backend.select("gpu"))
        except DeviceError as problem:
            pytest.skip(str(problem))
    if host.compiler() is None:
        pytest.skip("no C++ compiler on this machine")
    return host.Host(**options)
