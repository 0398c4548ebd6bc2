"""What a run's entry in the configuration will give, told before anything is computed."""

from dataclasses import asdict
from typing import Any

from core import config, provenance
from core.config import RunEntry
from core.store import Extent
from sims import simulator


def check(entry: RunEntry, where: str) -> tuple[dict[str, Extent], dict[str, Any]]:
    """Return how large each field of a run will be, and its complete parameters.

    where  the entry's place, such as "config.yaml: runs.soliton"

    Raises ConfigError if it cannot run.
    """
    module = simulator(entry.simulator, config.join(where, "simulator"))
    params: Any = module.prepare(entry.params, config.join(where, "params"))
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
