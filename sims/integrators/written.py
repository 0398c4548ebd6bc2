"""Modules written as text, kept on disk under a name that holds their hash, so that caches hold."""

import hashlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from core.provenance import cache_folder
from core.store import replacing


def folder() -> Path:
    """Return where the written modules are kept."""
    return cache_folder() / "chaos"


@cache
def version(*names: str) -> str:
    """Return a digest of modules beside this one: a text that imports them holds it.

    So a change of theirs changes the text, and what was compiled from it is compiled anew.
    """
    texts = [(Path(__file__).parent / f"{name}.py").read_bytes() for name in names]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


@cache
def module(text: str, name: str) -> ModuleType:
    """Return the module of a text, by one name and file for ever, so that Numba's cache holds."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    title = f"entroflow_{name}_{digest}"
    path = folder() / f"{title}.py"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(text)
    spec = importlib.util.spec_from_file_location(title, path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[title] = found  # Numba's cache looks functions up by module and name
    spec.loader.exec_module(found)
    return found
