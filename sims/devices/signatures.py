"""The kernels of a text in CUDA C: their names and parameters, read off their first lines."""

import re

_KERNEL = re.compile(r'extern "C" __global__ void\s+(\w+)\s*\(([^)]*)\)')


def signatures(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return the parameters (type, name) of each kernel, by name."""
    found = {}
    for name, inside in _KERNEL.findall(text):
        pieces = [" ".join(piece.split()) for piece in inside.split(",")]
        found[name] = [_parameter(piece) for piece in pieces]
    return found


def _parameter(text: str) -> tuple[str, str]:
    """Return type and name of a parameter."""
    kind, name = re.fullmatch(r"(.*?[\s*])(\w+)", text).groups()  # type: ignore[union-attr]
    return kind.strip(), name
