"""Simulators: each a package with NAME, FIELDS, Params, prepare and trajectories.

    NAME                                          what the configuration calls it
    FIELDS                                        core.store.Field by name: what its run file holds
    Params                                        frozen dataclass of its parameters
    fields(params), sizes(params)                 those that a run will hold; points by axis
    prepare(given, where) -> Params               checked, with defaults; raises ConfigError
    trajectories(params, stream, xp, members, resume) -> Trajectories
    CASES                                         optional: what `describe` lists
    TABLES                                        optional: files of data that a run depends on
    WRITE                                         optional: how its runs are written, if not by
                                                  core.store.write_run
    SUFFIX                                        optional: of its files, if not .h5

`stream(member)` returns the random generator of a member; `xp` is the array library. A simulator
yields blocks lazily and opens no file. To add one, write its package and add its name here.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from core.errors import ConfigError
from core.registry import nearest
from core.store import Block, Layout

SIMULATORS = ("nlse", "active", "chaos")


@dataclass(frozen=True)
class Trajectories:
    """What a simulator gives: the layout, the blocks to come, and notes for the provenance.

    layout  of the run, or of its parts

    notes  asked when the blocks are used up; numbers and text only
    status what the line of progress says besides
    """

    layout: Layout | Sequence[Layout]
    blocks: Iterable[Block]
    notes: Callable[[], Mapping[str, Any]]
    status: Callable[[], str] = lambda: ""


def simulator(name: str, where: str) -> ModuleType:
    """Return a simulator's package, or raise ConfigError with the nearest name."""
    if name not in SIMULATORS:
        raise ConfigError(f"{where}: no simulator '{name}'{nearest(name, SIMULATORS)}")
    return importlib.import_module(f"sims.{name}")
