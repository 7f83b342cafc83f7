"""Processes that are started to be killed, and whatever they leave behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path

from waiting import until

from pytest_rdsfailover.local.processes.run_directory import MEMORY

MARK = "RDSFO_TEST_MARK"
PATIENCE = 20.0  # seconds; the machine may be busy
# Others run clusters of theirs on this machine: ours have a place of their own for their files.
PLACE = """
from pathlib import Path
from pytest_rdsfailover.local.processes import run_directory
run_directory.bases = lambda: [Path({base!r})]
"""
PREAMBLE = """
import os, sys, time, threading, signal
from pytest_rdsfailover.local.processes.process import Supervisor
# What a shell starts in the background ignores Ctrl-C from birth.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


class Marked:
    """A process whose descendants are known by a mark in their environment; a context manager.

    Args:
        argv: what to start.
        base: where it makes its run directories.
        environ: what to add to its environment.
    """

    def __init__(self, argv: Sequence[str], base: Path, cwd: Path | None = None, **environ: str):
        self._mark, self.base = uuid.uuid4().hex, base
        self.popen = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, MARK: self._mark, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.communicate()

    def line(self) -> str:
        """Return the next line of its output."""
        watchdog = threading.Timer(3 * PATIENCE, self.popen.kill)
        watchdog.start()
        line = self.popen.stdout.readline().strip()
        watchdog.cancel()
        if not line:
            raise AssertionError(f"it said nothing: {self.popen.communicate()[1]}")
        return line

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.popen.kill()
        self.popen.wait()

    def processes(self) -> dict[int, str]:
        """Return the command lines of its process and all descendants that still run."""
        found = {}
        mark = f"{MARK}={self._mark}".encode()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def wait_until_gone(self, pids: Collection[int]) -> None:
        """Wait until none of these processes runs any more."""
        until(lambda: not set(pids) & self.processes().keys(), within=PATIENCE)

    def left(self, within: float = PATIENCE) -> list[str]:
        """Return what it has left, once that does not change to nothing any more."""
        deadline = time.monotonic() + within
        while True:
            rest = [*self.processes().values(), *map(str, self.base.iterdir())]
            if not rest or time.monotonic() > deadline:
                return rest
            time.sleep(0.01)


@contextlib.contextmanager
def run_directories():
    """Make a place for run directories, for the block."""
    parent = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="t", ignore_cleanup_errors=True) as path:
        yield Path(path)


@contextlib.contextmanager
def owner(code: str, **environ: str):
    """Run Python code that starts servers, for the block."""
    with run_directories() as base:
        argv = [sys.executable, "-c", PLACE.format(base=str(base)) + PREAMBLE + code]
        with Marked(argv, base, **environ) as marked:
            yield marked
