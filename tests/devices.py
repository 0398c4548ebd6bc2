"""The devices that kernels in CUDA C are tested on: this machine's processor, and a card."""

import array_api_strict
import numpy as np
import pytest

from core import backend
from core.errors import DeviceError
from sims.devices import host
from sims.devices.card import Card

CARD = pytest.param("card", marks=pytest.mark.gpu)
NAMES = ("processor", CARD)
STRICT = ("strict", *NAMES)  # arrays that mix with NumPy's as little as CuPy's do


class Strict(host.Host):
    """The processor, its arrays those of a library that refuses what CuPy would refuse."""

    @property
    def xp(self):
        return array_api_strict

    def _launch(self, function, kinds, threads, *arguments):
        for kind, value in zip(kinds, arguments, strict=True):
            assert hasattr(value, "_array") if "*" in kind else isinstance(value, np.generic), kind
        found = [getattr(value, "_array", value) for value in arguments]
        super()._launch(function, kinds, threads, *found)


def device(name, **options):
    """Return a device, or skip with the reason."""
    if name == "card":
        try:
            return Card(backend.select("gpu"))
        except DeviceError as problem:
            pytest.skip(str(problem))
    if host.compiler() is None:
        pytest.skip("no C++ compiler on this machine")
    return (Strict if name == "strict" else host.Host)(**options)
