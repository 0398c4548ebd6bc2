"""How a command line ends when it is stopped, wherever the signal strikes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STOPS = {
    "in plain code": "strike()",
    "inside text that is executed": "exec('strike()')",
    "where a library makes another error of it": """
try:
    strike()
except KeyboardInterrupt:
    raise TypeError('what the library says') from None
""",
    "inside a function that C calls": """
sink.Path = type('Struck', (), {'open': lambda self, *rest, **more: strike()})
sink.Sink(sink.Path())  # passes: an exception there would break the C library
print('whole', flush=True)
sink.Sink.check(type('Empty', (), {'_problem': None}))
""",
}
PROGRAM = """
import os, signal
from core import command
from core.store import sink
def strike():
    os.kill(os.getpid(), signal.SIGTERM)
def main(arguments):
{}
    print('went on')
command.run(main)
"""


@pytest.mark.parametrize("where", STOPS)
def test_a_stop_ends_with_130_wherever_it_strikes(where):
    body = "\n".join(f"    {line}" for line in STOPS[where].strip().splitlines())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("interrupted") and "went on" not in done.stdout
    assert ("whole" in done.stdout) == (where == "inside a function that C calls")


def test_memory_that_is_not_there_is_told_in_a_line():
    program = PROGRAM.format("    raise MemoryError('Unable to allocate 7.28 TiB')")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: not enough memory (Unable to allocate 7.28 TiB)\n"


def test_any_other_exception_keeps_its_traceback():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format("    raise TypeError('a bug')")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "Traceback" in done.stderr and "a bug" in done.stderr
