"""What a detached process keeps of the one that has started it."""

import os
import subprocess
import sys

PROGRAM = """
import os, sys, time
from pathlib import Path
from pytest_rdsfailover.cli.detached import detach

def keep(announce):
    announce(str(os.getpid()))
    time.sleep(60)

print(detach(keep, Path(sys.argv[1]), 1, 2).text)
"""


def test_what_was_inherited_ends_with_the_one_that_has_started_it(tmp_path):
    ours, theirs = os.pipe()
    started = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "log")],
        capture_output=True, text=True, timeout=60, check=True, pass_fds=[theirs],
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        assert os.read(ours, 1) == b""  # BlockingIOError if anybody still has its other end
    finally:
        os.close(ours)
        os.kill(int(started.stdout), 9)
