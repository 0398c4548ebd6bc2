"""Files that appear whole or not at all: write beside, sync, rename."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import EntroflowError


class OutputError(EntroflowError):
    """A file cannot be written: no space, no permission, no folder."""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sweep(path: Path) -> None:
    """Remove what writers of `path` that were killed have left behind."""
    for stray in path.parent.glob(f"{path.name}.tmp.*"):
        pid = stray.name.rsplit(".", 1)[1]
        if pid.isdigit() and not _alive(int(pid)):
            with suppress(OSError):
                stray.unlink()


def explain(path: Path, problem: OSError) -> OutputError:
    """Return an error that says why `path` cannot be written and what to do."""
    text = str(problem)
    number = getattr(problem, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{path}: no space left on the disk; free some, then run the same again")
    if number == errno.EFBIG:
        return OutputError(f"{path}: larger than this system lets a file be; ask for fewer frames")
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        return OutputError(f"{path}: no permission to write here; set another folder in `results`")
    first = text.splitlines()[0] if text else type(problem).__name__
    return OutputError(f"{path}: cannot be written ({first})")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on success it is synced and renamed to `path`.

    On any failure nothing is left, neither under the final name nor beside it.
    Raises OutputError when the system refuses.
    """
    path = Path(path)
    beside = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as problem:
        raise explain(path, problem) from problem
    finally:
        with suppress(OSError):
            beside.unlink()
