"""What a detached process keeps of the one that has started it."""

import os
import signal
import subprocess
import sys

import pytest
from waiting import until

PROGRAM = """
import os, sys, time
from pathlib import Path
from pytest_rdsfailover.cli.detached import detach

def keep(announce):
    announce(str(os.getpid()))
    time.sleep(60)

print(detach(keep, Path(sys.argv[1]), 1, 2).text)
"""
SLOW = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    + PROGRAM.replace("announce(str(os.getpid()))", "print(os.getpid(), flush=True)")
)


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


# How `python -c` ends that is interrupted: by its status, since Python 3.14 by the signal.
INTERRUPTED = {1, -signal.SIGINT}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_is_told_to_end_while_it_waits_ends_what_it_has_started_and_its_log(
    tmp_path, number
):
    log = tmp_path / "log"
    argv = [sys.executable, "-c", SLOW, str(log)]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as waiting:
        until(lambda: log.exists() and log.read_text())
        child = int(log.read_text())
        waiting.send_signal(number)
        assert waiting.wait(60) in INTERRUPTED
    assert not log.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


EARLY = """
import os, signal
close, here = os.close, os.getpid()
def told_to_end(number):
    close(number)
    if os.getpid() == here:  # it has started the other process, and does not wait for it yet
        os.kill(here, signal.SIGTERM)
os.close = told_to_end
"""


def test_whoever_is_told_to_end_before_it_waits_ends_what_it_has_started(tmp_path):
    log = tmp_path / "log"
    argv = [sys.executable, "-c", EARLY + PROGRAM, str(log)]
    ended = subprocess.run(argv, stderr=subprocess.DEVNULL, timeout=60, check=False)

    assert ended.returncode in INTERRUPTED
    assert not log.exists()
