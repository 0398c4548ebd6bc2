"""What a run's entry in the configuration will give, told before anything is computed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import config, provenance
from core.config import RunEntry
from core.store import Extent
from sims import simulator

NAMING = ("path", "file")  # parameters that name a file


def check(
    entry: RunEntry, where: str, device: str = "cpu"
) -> tuple[dict[str, Extent], dict[str, Any]]:
    """Return how large each field of a run will be, and its complete parameters.

    where   the entry's place, such as "config.yaml: runs.soliton"
    device  cpu or gpu, which may move less

    Raises ConfigError if it cannot run.
    """
    module = simulator(entry.simulator, config.join(where, "simulator"))
    params: Any = module.prepare(entry.params, config.join(where, "params"))
    if device == "gpu" and hasattr(module, "check_card"):
        module.check_card(params, where)
    sizes = module.sizes(params)
    extents = {
        name: Extent(
            {dim: sizes[dim] for dim in ("time", *field.dims)}, field.dtype, bool(field.mask)
        )
        for name, field in module.fields(params).items()
    }
    return extents, complete(params)


def complete(params: Any) -> dict[str, Any]:
    """Return a simulator's parameters as a mapping, defaults included, what is not set left out."""
    return {key: value for key, value in asdict(params).items() if value is not None}


def files(params: Mapping[str, Any]) -> list[Path]:
    """Return the files that parameters name, which a run depends on; without a dataset's name."""

    def named(within: Mapping[str, Any]) -> Iterator[str]:
        for key, value in within.items():
            if isinstance(value, Mapping):
                yield from named(value)
            elif key in NAMING and isinstance(value, str):
                yield value

    return [Path(re.sub(r"(\.\w+):/.*", r"\1", name)) for name in named(params)]


def code(name: str) -> str:
    """Return the hash of all code that makes a run of this simulator."""
    code = provenance.code_sha256("sims.__main__", f"sims.{name}")
    tables = getattr(simulator(name, "sims"), "TABLES", ())
    return (
        provenance.sha256(code + "".join(path.read_text() for path in tables)) if tables else code
    )


def run_file(name: str) -> str:
    """Return what a simulator's run file is called: run.h5, or as its readers want it."""
    return f"run{getattr(simulator(name, 'sims'), 'SUFFIX', '.h5')}"
