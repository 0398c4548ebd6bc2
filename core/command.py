"""How every command line of ours ends: 0, or 1 with one line that says why."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from core.errors import ConfigError, EntroflowError
from core.progress import say

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError instead of printing the usage."""
        raise ConfigError(f"{self.prog}: {message}; --help lists what can be given")


class _Stop:
    """Whether a signal has asked to stop."""

    asked = False


def _stop(number: int, frame: FrameType | None) -> None:
    _Stop.asked = True
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # let the tidying up be
    while frame is not None:
        if frame.f_globals.get("CALLED_FROM_C"):
            return  # an exception would leave the C library half-way; `heed` raises soon
        frame = frame.f_back
    raise KeyboardInterrupt


def heed() -> None:
    """Raise KeyboardInterrupt if a stop was asked for; long loops call this.

    The handler raises too, but not in a module with `CALLED_FROM_C = True`, whose functions are
    called by a C library that an exception would leave in a broken state.
    """
    if _Stop.asked:
        raise KeyboardInterrupt


def run(main: Callable[[list[str]], None]) -> None:
    """Call `main` with the arguments and exit.

    0 on success; 1 with `error: ...` on one line for what the user can mend; 130 when stopped by
    Ctrl-C, a closed terminal or SIGTERM. A traceback means a bug.
    """
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        main(sys.argv[1:])
    except EntroflowError as problem:
        say(f"error: {' '.join(str(problem).split())}")
        sys.exit(1)
    except MemoryError as problem:
        say(f"error: not enough memory ({' '.join(str(problem).split()) or 'none left'})")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except BaseException as problem:
        # what a library makes of the interruption may be any exception, not only the one raised
        if not (_Stop.asked or isinstance(problem, KeyboardInterrupt)):
            raise
        say("interrupted: nothing half-written is left; run the same command again to finish")
        sys.stdout.flush()
        # at once: Python kills itself instead of exiting if `exec` has seen the interruption
        os._exit(INTERRUPTED)
