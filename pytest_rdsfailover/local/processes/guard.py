"""Sees to it that what a command starts does not outlive the process that runs the command."""

import contextlib
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_rdsfailover.local.processes import descendants
from pytest_rdsfailover.local.processes.process import Supervisor

PROGRAM = Path(__file__).with_name("descendants.py")
MARK = "RDSFAILOVER_RUN"


@contextlib.contextmanager
def guarded(supervisor: Supervisor) -> Iterator[Mapping[str, str]]:
    """Give variables by which a command's processes are found, to be ended if this one is killed.

    What a command has left running when the block ends in order stays.
    """
    if not Path(descendants.PROC).is_dir():  # a system that does not show environments
        yield {}
        return
    value = secrets.token_hex(8)
    program = supervisor.spawn(
        "descendants",
        [sys.executable, "-S", "-E", "-I", str(PROGRAM)],
        told=f"{MARK}={value}",
        grace=descendants.GRACE,
    )
    try:
        yield {MARK: value}
    finally:
        program.kill()
