"""Which signals end a command, and where Ctrl-C goes."""

import os
import pty
import signal
import subprocess
import sys

import pytest

WAITS = """
import os, signal, subprocess, sys
from pytest_rdsfailover.cli import run
from pytest_rdsfailover.cli.signals import ended_by_signals
number = int(sys.argv[1])
with ended_by_signals():
    os.kill(os.getpid(), number)
    print("goes on", flush=True)
    shell = f"kill -{number} $$; echo hears nothing"
    status = run._ran("/bin/sh", ["sh", "-c", shell], dict(os.environ))
    sys.exit(status)
"""
TWICE = """
import os, signal, sys
from pytest_rdsfailover.cli.signals import EndedError, ended_by_signals
number = int(sys.argv[1])
signal.signal(number, signal.SIG_DFL)  # whatever those who started the tests ignore
try:
    with ended_by_signals():
        os.kill(os.getpid(), number)
except EndedError:
    os.kill(os.getpid(), number)
    print("ends in order")
"""
ASKS = "from pytest_rdsfailover.cli.signals import is_in_foreground; print(is_in_foreground())"
SHELL = '"$1" -c "$2" </dev/null 2>&1'


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_ignored_from_the_start_is_ignored_by_us_and_by_the_command(number):
    ended = subprocess.run(
        ["/bin/sh", "-c", f'trap "" {number:d}; exec "$@"', "sh", sys.executable, "-c", WAITS,
         f"{number:d}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (0, "goes on\nhears nothing\n"), ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_disturb_the_end_that_the_first_one_asked_for(number):
    ended = subprocess.run(
        [sys.executable, "-c", TWICE, f"{number:d}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "ends in order\n"), ended.stderr


def test_a_terminal_is_asked_wherever_input_is_from():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv("/bin/sh", ["sh", "-c", SHELL, "sh", sys.executable, ASKS])
    said = b""
    try:
        while block := os.read(terminal, 1024):
            said += block
    except OSError:
        pass  # so Linux tells that nobody has the other end any more
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert said.split() == [b"True"]


def test_without_a_terminal_nobody_else_tells_the_command():
    ended = subprocess.run(
        [sys.executable, "-c", ASKS],
        capture_output=True, text=True, timeout=60, check=True, start_new_session=True,
    )  # fmt: skip
    assert ended.stdout == "False\n"
