"""What HDF5 writes to: a file that remembers a failed write instead of passing it on.

The HDF5 library cannot survive a full disk: it prints hundreds of lines and may crash while it
closes. So a write that fails is noted here, HDF5 is told that all is well, and the writer asks.
"""

from pathlib import Path
from typing import Any

from core.command import heed

CALLED_FROM_C = True  # no signal handler may raise in here


class Sink:
    """A file object for h5py; `check` raises the first error that a write met."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._problem: OSError | None = None

    def check(self) -> None:
        """Raise the first error that a write met, or what a stop asked for meanwhile."""
        if self._problem is not None:
            raise self._problem
        heed()

    def write(self, content: Any) -> int:
        """Write all of it, unless an earlier write failed."""
        view = memoryview(content).cast("B")
        done = 0
        try:
            while self._problem is None and done < len(view):
                done += self._file.write(view[done:]) or 0
        except OSError as problem:
            self._problem = problem
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the file's size."""
        try:
            return self._file.truncate(size)
        except OSError as problem:
            self._problem = self._problem or problem
            return size or 0

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; what a failed write left out reads as zeros."""
        view = memoryview(buffer).cast("B")
        done = self._file.readinto(view) or 0
        view[done:] = bytes(len(view) - done)
        return len(view)

    def read(self, size: int = -1) -> bytes:
        """Read bytes; h5py asks for this method, and uses `readinto`."""
        return self._file.read(size) or b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()
