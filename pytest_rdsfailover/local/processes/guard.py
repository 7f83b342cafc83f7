"""Sees to it that what a command starts does not outlive the process that runs the command."""

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_rdsfailover.local.processes import descendants

PROGRAM = Path(__file__).with_name("descendants.py")
MARK = "RDSFAILOVER_RUN"
ENDS_WITHIN = 10.0  # seconds for the end of all that runs; twice what the guard takes, and more


@contextlib.contextmanager
def guarded(*, until_end: bool = False) -> Iterator[Mapping[str, str]]:
    """Give variables by which a command's processes are found, to be ended if this one is killed.

    Args:
        until_end: whether what still runs is ended when the block ends in order, too; else it stays.
    """
    if not Path(descendants.PROC).is_dir():  # a system that does not show environments
        yield {}
        return
    value = secrets.token_hex(8)
    # A session of its own, so that Ctrl-C does not reach it.
    guard = subprocess.Popen(
        [sys.executable, "-S", "-E", "-I", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    assert guard.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
    try:
        with contextlib.suppress(OSError):  # somebody has ended it: then nobody is guarded
            guard.stdin.write(f"{MARK}={value}\n".encode())
            guard.stdin.flush()
        yield {MARK: value}
    finally:
        if until_end:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                guard.stdin.close()
                guard.wait(ENDS_WITHIN)
        guard.kill()
        guard.communicate()
