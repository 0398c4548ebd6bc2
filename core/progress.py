"""Lines for the person who waits: to standard error, which the rules send to a log."""

import sys
import time


def say(line: str) -> None:
    """Print one line to standard error, at once."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """Says how far a run is, at most every `period` seconds."""

    def __init__(self, what: str, total: int, period: float = 5.0) -> None:
        self._what, self._total, self._period = what, total, period
        self._start = self._said = time.monotonic()

    def at(self, done: int, more: str = "") -> None:
        """Report that `done` of the total are there, and what else there is to say."""
        now = time.monotonic()
        if now - self._said < self._period or not done:
            return
        self._said = now
        left = (now - self._start) * (self._total - done) / done
        say(f"{self._what}: {done} of {self._total} frames, about {left:.0f} s left{more}")
