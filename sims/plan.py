"""What a run's entry in the configuration will give, told before anything is computed."""

from typing import Any

from core import config, provenance
from core.config import RunEntry
from sims import simulator


def check(entry: RunEntry, where: str) -> tuple[str, ...]:
    """Return the names of the fields that the run will hold; raise ConfigError if it cannot run.

    where  the entry's place, such as "config.yaml: runs.soliton"
    """
    module = simulator(entry.simulator, config.join(where, "simulator"))
    params: Any = module.prepare(entry.params, config.join(where, "params"))
    return tuple(module.fields(params))


def code(name: str) -> str:
    """Return the hash of all code that makes a run of this simulator."""
    return provenance.code_sha256("sims.__main__", f"sims.{name}")
