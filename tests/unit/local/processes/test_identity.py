"""A process is told from another that has its id."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes import identity
from pytest_rdsfailover.local.processes.identity import Identity, identity_of, own_identity

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def test_this_process_lives_and_one_with_its_id_and_another_birth_does_not():
    other = Identity(pid=os.getpid(), born="another boot 1")

    assert own_identity().lives
    assert not other.lives
    assert not other.tell_to_end()  # else this test would end here


def test_a_process_that_has_ended_is_nobody_even_before_it_is_reaped():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = identity_of(child.pid)
    alive = found.lives
    told = found.tell_to_end()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert (alive, told, found.lives, found.tell_to_end()) == (True, True, False, False)
    child.communicate()
    assert identity_of(child.pid) is None


def test_a_process_that_is_stopped_ends_when_it_is_told_to():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)

    assert identity_of(child.pid).tell_to_end()
    assert child.wait(20) == -signal.SIGTERM
    child.stdin.close()


def test_nothing_stays_open_of_whoever_was_told_to_end():
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found, before = identity_of(child.pid), descriptors()
    told = found.tell_to_end()
    child.communicate()

    assert (told, found.tell_to_end(), child.returncode) == (True, False, -signal.SIGTERM)
    assert descriptors() == before - 1  # its own standard input


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="no ps is here")
def test_where_the_system_has_no_proc_ps_tells_the_same(monkeypatch):
    monkeypatch.setattr(identity, "PROC", Path("/nowhere"))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = identity_of(child.pid)
    alive = found.lives
    child.terminate()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert (found.pid, alive, found.lives) == (child.pid, True, False)
    child.communicate()
    assert identity_of(child.pid) is None
