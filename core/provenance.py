"""Where a file comes from: code, packages, seed, device, command, cost."""

import ast
import hashlib
import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("core", "sims", "analysis")
END = "end"  # the last line of what is kept
PACKAGES = ("numpy", "scipy", "numba", "rocket-fft", "h5py", "cupy-cuda12x", "cupy-cuda13x")


def canonical(spec: Mapping[str, Any]) -> str:
    """Return a mapping as JSON that does not depend on the order of its keys."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def contents_sha256(paths: Iterable[Path]) -> str:
    """Return a hash of what is in files; of one that is not there, of nothing."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(hashlib.sha256(path.read_bytes() if path.is_file() else b"").digest())
    return whole.hexdigest()


def _file(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _strip(tree: ast.AST) -> ast.AST:
    """Return the syntax tree without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            text = body[0].value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                del body[0]
    return tree


def _imports(tree: ast.AST) -> set[str]:
    """Return the modules of this project that a syntax tree imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.split(".")[0] in ROOMS}


def _kept(source: bytes) -> Path:
    """Return where the digest of a source is kept: under its own hash and that of Python."""
    name = hashlib.sha256(source + sys.version.encode()).hexdigest()
    return cache_folder() / "digests" / name[:2] / name[2:]


def cache_folder() -> Path:
    """Return where is kept what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "entroflow"


def _remember(path: Path, lines: list[str]) -> None:
    """Keep lines, whole or not at all; where nothing can be kept, do without."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("\n".join([*lines, END]))
        beside.replace(path)
    except OSError:
        return


@cache
def _parsed(module: str) -> tuple[str, frozenset[str]]:
    """Return the digest of a module's syntax tree, and what it imports; parsed once for ever."""
    path = _file(module)
    if path is None:
        return "", frozenset()
    source = path.read_bytes()
    kept = _kept(source)
    try:
        digest, *imports, end = kept.read_text().split("\n")
        if end == END:
            return digest, frozenset(imports)
    except (OSError, ValueError):
        pass
    tree = ast.parse(source, filename=str(path))
    found = _imports(tree)
    digest = sha256(ast.dump(_strip(tree)))
    _remember(kept, [digest, *sorted(found)])
    return digest, frozenset(found)


def code_sha256(*modules: str) -> str:
    """Return a hash of the syntax trees of modules and of all modules of ours that they use.

    Comments, layout and docstrings do not enter, so that editing them reruns nothing.
    """
    pending, seen = list(modules), {}
    while pending:
        module = pending.pop()
        if module in seen:
            continue
        digest, imports = _parsed(module)
        seen[module] = digest
        pending.extend(imports)
        parts = module.split(".")
        pending.extend(".".join(parts[:i]) for i in range(1, len(parts)))
    return sha256(canonical({k: v for k, v in seen.items() if v}))


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def packages() -> dict[str, str]:
    """Return the versions of what the numbers depend on."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


class Clock:
    """Notes when a stage started, for its provenance."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self._wall = time.perf_counter()

    def wall(self) -> float:
        """Return seconds since the start."""
        return time.perf_counter() - self._wall


def collect(
    *,
    run: str,
    simulator: str,
    spec: Mapping[str, Any],
    code: str,
    seed: int,
    device: str,
    clock: Clock,
    **more: Any,
) -> dict[str, Any]:
    """Return the attributes of a file's /provenance group."""
    text = canonical(spec)
    commit = _git("rev-parse", "HEAD")
    return {
        "run": run,
        "simulator": simulator,
        "spec_json": text,
        "spec_sha256": sha256(text),
        "code_sha256": code,
        "seed": seed,
        "git_commit": commit or "unknown",
        "git_dirty": bool(commit) and bool(_git("status", "--porcelain", "-uno")),
        "packages_json": json.dumps(packages()),
        "device": device,
        "started": clock.started,
        "wall_s": clock.wall(),
        "command": shlex.join(sys.orig_argv),
        **more,
    }
