"""The HDF5 contract: how runs and measures are written and read; nothing else imports h5py."""

from core.store.atomic import OutputError, replacing
from core.store.h5md import write_h5md
from core.store.h5md_reading import frames, read_h5md
from core.store.measure import (
    OF_SURROGATES,
    Check,
    Measure,
    MeasureFile,
    read_measure,
    write_measure,
)
from core.store.particles import Frame, particle_layout
from core.store.run import (
    Block,
    Coordinate,
    Extent,
    Field,
    Layout,
    Member,
    Run,
    read_run,
    write_run,
)

__all__ = [
    "OF_SURROGATES",
    "Block",
    "Check",
    "Coordinate",
    "Extent",
    "Field",
    "Frame",
    "Layout",
    "Measure",
    "MeasureFile",
    "Member",
    "OutputError",
    "Run",
    "frames",
    "particle_layout",
    "read_h5md",
    "read_measure",
    "read_run",
    "replacing",
    "write_h5md",
    "write_measure",
    "write_run",
]
