"""Kernels in CUDA C on this machine's processor: compiled as C++, run thread by thread.

It is what tests verify kernels with, without a card; it is slow.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from core.errors import DeviceError
from sims.devices import BLOCK, Launch
from sims.devices.signatures import signatures

SHIM = Path(__file__).with_name("host.h")
SCALARS = {
    "int": ctypes.c_int,
    "long long": ctypes.c_longlong,
    "unsigned long long": ctypes.c_ulonglong,
    "double": ctypes.c_double,
}


def compiler() -> str | None:
    """Return the path of a C++ compiler, None if there is none."""
    named = os.environ.get("CXX", "")
    return next((path for name in (named, "c++", "g++", "clang++") if (path := _found(name))), None)


def _found(name: str) -> str | None:
    return shutil.which(name) if name else None


def as_cpp(text: str) -> str:
    """Return a text in CUDA C as C++, with a function `run_NAME` for each kernel."""
    parts = [SHIM.read_text(), text]
    for name, parameters in signatures(text).items():
        given = ", ".join(f"{kind} {what}" for kind, what in parameters)
        passed = ", ".join(what for _, what in parameters)
        parts.append(
            f'extern "C" void run_{name}(unsigned int blocks_, unsigned int threads_, '
            f"int backwards_, {given})\n"
            f"{{\n    each_thread(blocks_, threads_, backwards_, [&] {{ {name}({passed}); }});\n}}"
        )
    return "\n".join(parts) + "\n"


@cache
def _library(text: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """Return the compiled library of a text; raises DeviceError with the compiler's first line."""
    path = compiler()
    if path is None:
        raise DeviceError("no C++ compiler on this machine; install g++")
    digest = hashlib.sha256((text + " ".join((path, *options))).encode()).hexdigest()[:16]
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / f"{digest}.cpp", Path(folder) / f"{digest}.so"
        source.write_text(text)
        command = [
            path,
            "-std=c++17",
            "-shared",
            "-fPIC",
            *options,
            str(source),
            "-o",
            str(library),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or ["?"]
            raise DeviceError(f"{path} refuses the kernels: {lines[0]}")
        return ctypes.CDLL(str(library))  # mapped: the file may go


class Host:
    """This machine's processor, one thread after another.

    backwards  the threads of a launch run from the last to the first
    options    of the compiler
    """

    def __init__(
        self, *, backwards: bool = False, options: tuple[str, ...] = ("-O2", "-ffp-contract=off")
    ) -> None:
        self._backwards, self._options = backwards, options

    @property
    def xp(self) -> ModuleType:
        """Return NumPy."""
        return np

    def kernels(self, text: str) -> Mapping[str, Launch]:
        """Return the kernels of a text in CUDA C, by name."""
        library = _library(as_cpp(text), self._options)
        return {
            name: partial(self._launch, getattr(library, f"run_{name}"), [k for k, _ in parameters])
            for name, parameters in signatures(text).items()
        }

    def _launch(self, function: Any, kinds: list[str], threads: int, *arguments: Any) -> None:
        if len(arguments) != len(kinds):
            raise TypeError(f"the kernel takes {len(kinds)} arguments, got {len(arguments)}")
        passed = [_passed(kind, value) for kind, value in zip(kinds, arguments, strict=True)]
        blocks = -(-threads // BLOCK)
        function(
            ctypes.c_uint(blocks), ctypes.c_uint(BLOCK), ctypes.c_int(self._backwards), *passed
        )


ITEMS = {
    "int": "i4", "unsigned int": "u4", "long long": "i8", "unsigned long long": "u8",
    "double": "f8", "Plane": "f8",
}  # fmt: skip


def _passed(kind: str, value: Any) -> Any:
    """Return an argument as C takes it, refusing what a card would misread in silence."""
    item = kind.replace("const ", "").replace("__restrict__", "").strip()
    if "*" not in item:
        if not isinstance(value, np.generic) or value.dtype.str[1:] != ITEMS[item]:
            raise TypeError(f"{kind}: expected a NumPy scalar, got {value!r}")
        return SCALARS[item](value.item())
    wanted = ITEMS[item.replace("*", "").strip()]
    if value.dtype.str[1:] != wanted or not value.flags.c_contiguous:
        raise TypeError(f"{kind}: expected a contiguous array of {wanted}, got {value.dtype}")
    return ctypes.c_void_p(value.ctypes.data)
