"""How every command line of ours ends: 0, or 1 with one line that says why."""

import argparse
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
    raise KeyboardInterrupt


def heed() -> None:
    """Raise KeyboardInterrupt if a stop was asked for; long loops call this.

    The handler raises too, but where it strikes inside a callback Python drops the exception.
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
    except KeyboardInterrupt:
        say("interrupted: nothing half-written is left; run the same command again to finish")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(1)
