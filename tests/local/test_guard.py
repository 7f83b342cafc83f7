"""What a command starts ends with the process that runs the command, however that ends."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_states import is_gone
from waiting import until

from pytest_rdsfailover.local.processes import descendants
from pytest_rdsfailover.local.processes.guard import MARK, guarded

pytestmark = [
    pytest.mark.local,
    pytest.mark.contract("local/processes"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
SLEEP = ["/bin/sleep", "1000"]
OWNER = """
import os, subprocess, time
from pytest_rdsfailover.local.processes.guard import guarded
with guarded() as mark:
    child = subprocess.Popen(["/bin/sleep", "1000"], env=os.environ | mark, start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(1000)
"""


def started(mark):
    return subprocess.Popen(SLEEP, env=os.environ | mark, start_new_session=True)


def test_who_is_killed_takes_along_what_the_command_has_started():
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True
    ) as owner:
        child = int(owner.stdout.readline())
        owner.kill()

    until(lambda: is_gone(child), within=20)


@pytest.mark.parametrize("until_end", [True, False])
def test_at_an_end_in_order_what_runs_is_ended_if_that_was_asked_for(until_end):
    with guarded(until_end=until_end) as mark:
        child = started(mark)
        other = started({MARK: "of another run"})

    if until_end:
        assert child.wait(20) == -signal.SIGTERM
    assert (child.poll() is None, other.poll()) == (not until_end, None)
    for process in (child, other):
        process.kill()
        process.wait()


def test_each_run_has_a_mark_of_its_own_and_leaves_no_guard():
    with guarded() as first, guarded() as second:
        assert {*first, *second} == {MARK}
        assert first != second
        assert len(guards()) == 2
    assert guards() == []


def guards():
    """Return the ids of this process' guards."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(os.getpid()) and b"descendants.py" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_guard_that_somebody_has_ended_is_no_error():
    with guarded(until_end=True) as mark:
        for pid in guards():
            os.kill(pid, signal.SIGKILL)
        assert mark


def test_a_system_that_shows_no_environments_guards_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(descendants, "PROC", str(tmp_path / "none"))
    with guarded(until_end=True) as mark:
        assert mark == {}
        assert guards() == []
