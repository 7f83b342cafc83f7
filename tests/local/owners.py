"""Python processes that start servers and get killed, and what they leave behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Collection
from pathlib import Path

from pytest_rdsfailover.local.processes.process import MEMORY

MARK = "RDSFO_TEST_MARK"
PATIENCE = 20.0  # seconds; the machine may be busy
PREAMBLE = """
import os, sys, time, threading, signal
from pathlib import Path
from pytest_rdsfailover.local import process
from pytest_rdsfailover.local.processes.process import Supervisor
process.bases = lambda: [Path({base!r})]
# What a shell starts in the background ignores Ctrl-C from birth.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


class Owner:
    """A process that runs Python code, whose descendants and run directories can be told apart."""

    def __init__(self, code: str, **environ: str) -> None:
        self._mark = uuid.uuid4().hex
        parent = MEMORY if MEMORY.is_dir() else None
        self._base = tempfile.TemporaryDirectory(dir=parent, prefix="t", ignore_cleanup_errors=True)
        self.base = Path(self._base.name)
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE.format(base=str(self.base)) + code],
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
        self._base.cleanup()

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
        """Return its process and all descendants that still run."""
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
        deadline = time.monotonic() + PATIENCE
        while rest := [line for pid, line in self.processes().items() if pid in pids]:
            assert time.monotonic() < deadline, rest
            time.sleep(0.01)

    def left(self) -> list[str]:
        """Return what it has left, once that does not change to nothing any more."""
        deadline = time.monotonic() + PATIENCE
        while True:
            rest = [*self.processes().values(), *map(str, self.base.iterdir())]
            if not rest or time.monotonic() > deadline:
                return rest
            time.sleep(0.01)
