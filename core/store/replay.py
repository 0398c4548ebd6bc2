"""A file made again from its own provenance, and compared array by array."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import EntroflowError, SchemaError
from core.provenance import ROOT, code_sha256

PROVENANCE = "provenance"


class ReplayError(EntroflowError):
    """The file made again differs from the file at hand, or cannot be made."""


def _provenance(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise SchemaError(f"{path}: no such file; make it first")
    try:
        with h5py.File(path, "r") as file:
            return {**dict(file[PROVENANCE].attrs), "schema": file.attrs["schema"]}
    except (OSError, KeyError) as problem:
        raise SchemaError(f"{path}: holds no provenance ({problem}); nothing to replay") from None


def _command(path: Path, origin: dict[str, Any], output: Path) -> list[str]:
    base = [sys.executable, "-P", "-m"]
    if origin["schema"] == "entroflow-run/1":
        return [
            *base,
            "sims",
            str(origin["run"]),
            "--spec",
            str(origin["spec_json"]),
            "--seed",
            str(origin["seed"]),
            "--device",
            str(origin["device"]),
            "--config",
            str(ROOT / "config.yaml"),
            "-o",
            str(output),
        ]
    if not origin.get("input"):
        raise ReplayError(f"{path}: is a table of a whole study; give again: {origin['command']}")
    source = Path(str(origin["input"]))
    if not source.is_file():
        source = path.parent / source.name
    return [
        *base,
        "analysis",
        str(origin["measure"]),
        str(source),
        "--spec",
        str(origin["spec_json"]),
        "-o",
        str(output),
    ]


def _arrays(path: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith(PROVENANCE):
            found[name] = item[...]

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        return np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b)


def differences(one: Path, other: Path) -> list[str]:
    """Return a line for each array that is not the same in both files."""
    first, second = _arrays(one), _arrays(other)
    lines = [f"{n}: only in one of the two" for n in sorted(first.keys() ^ second.keys())]
    for name in sorted(first.keys() & second.keys()):
        a, b = first[name], second[name]
        if a.shape != b.shape:
            lines.append(f"{name}: {a.shape} against {b.shape}")
        elif not _same(a, b):
            far = ""
            if a.dtype.kind in "fciu":
                far = f" by up to {float(np.nanmax(np.abs(a - b))):.3g}"
            lines.append(f"{name}: differs{far}")
    return lines


def replay(path: str | Path, *, check: bool = False) -> str:
    """Make a file again in a temporary folder and compare; return the verdict in a line.

    Paths among its parameters are as seen from the current folder.

    check  raise ReplayError where an array differs; otherwise the differences are only told
    """
    path = Path(path)
    origin = _provenance(path)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        command = _command(path, origin, again)
        places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1].removeprefix("error: ")
            raise ReplayError(f"{path}: cannot be made again: {said}")
        lines = differences(path, again)
    if not lines:
        return f"{path}: same arrays, bit for bit ({shlex.join(command[3:6])} ...)"
    root = "sims.__main__" if origin["schema"] == "entroflow-run/1" else "analysis.__main__"
    extra = f"sims.{origin['simulator']}" if root.startswith("sims") else root
    changed = "" if code_sha256(root, extra) == origin["code_sha256"] else "; the code has changed"
    verdict = f"{path}: {len(lines)} arrays differ{changed}: {'; '.join(lines)}"
    if check:
        raise ReplayError(verdict)
    return verdict
