"""Nothing is left behind, whoever is killed and whenever."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import marked
import pytest

from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes import supervisor as program
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until

pytestmark = [
    pytest.mark.local,
    pytest.mark.contract("local/processes"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

SLEEPERS = """
print("begun", flush=True)
with Supervisor() as supervisor:
    print("supervised", flush=True)
    for number in range(5):
        supervisor.spawn(f"sleeper-{number}", ["/bin/sh", "-c", "sleep 1000 & sleep 1000"])
        (supervisor.directory / f"file-{number}").write_text("x")
        print("spawned", flush=True)
    time.sleep(1000)
"""
SERVER = """
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.server import OwnServer
program = find_server(None)
while True:
    print("begun", flush=True)
    with Supervisor() as supervisor, OwnServer(program, supervisor):
        print("up", flush=True)
        time.sleep(0.05)
"""


CHANCE = random.Random(1)
# After which line of its output, and how many milliseconds later; its supervisor takes the longest.
MOMENTS = [
    (line, CHANCE.randrange(60 if line == 1 else 10)) for line in (1, 1, 1, 2, 3, 4, 5, 6, 7)
]
# When within the start of a server and a little longer: each somewhere in a slot of its own.
SHARES = [round((slot + CHANCE.random()) / 4 * 1.2, 2) for slot in range(4)]


@pytest.mark.parametrize(("line", "later"), MOMENTS)
def test_killing_the_owner_at_any_moment_leaves_nothing(line, later):
    with marked.owner(SLEEPERS) as owner:
        for _ in range(line):
            owner.line()
        time.sleep(later / 1000)
        owner.kill()

        assert owner.left() == []


@pytest.mark.one_server  # a killed server of either kind ends at once
@pytest.mark.parametrize("share", SHARES)
def test_killing_the_owner_of_a_server_at_any_moment_leaves_nothing(server_program, share):
    with marked.owner(SERVER, RDS_SERVER=str(server_program.path)) as owner:
        assert owner.line() == "begun"
        begun = time.monotonic()
        assert owner.line() == "up"
        taken = time.monotonic() - begun
        assert owner.line() == "begun"
        time.sleep(share * taken)
        owner.kill()

        assert owner.left() == []


def test_a_process_and_a_directory_that_are_left_behind_are_seen():
    """The planted fault: nobody supervises the one, nobody removes the other."""
    code = """
import subprocess
(run_directory.bases()[0] / "left").mkdir()
subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
print("up", flush=True)
time.sleep(1000)
"""
    with marked.owner(code) as owner:
        assert owner.line() == "up"
        owner.kill()

        assert [Path(left).name for left in owner.left(within=0.2)] == ["sleep 1000 ", "left"]


def test_an_owner_that_ends_without_closing_leaves_nothing():
    code = """
supervisor = Supervisor()
supervisor.spawn("sleeper", ["/bin/sleep", "1000"])
print("up", flush=True)
"""
    with marked.owner(code) as owner:
        assert owner.line() == "up"

        assert owner.left() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_killing_the_supervisor_ends_its_programs(number):
    code = """
with Supervisor() as supervisor:
    sleepers = [supervisor.spawn(f"sleeper-{n}", ["/bin/sleep", "1000"]).pid for n in range(5)]
    print(supervisor.pid, *sleepers, flush=True)
    time.sleep(1000)
"""
    with marked.owner(code) as owner:
        supervisor, *sleepers = map(int, owner.line().split())
        # A process between fork and exec has no environment to tell it by.
        there = wait_until(
            lambda: set(sleepers) <= owner.processes().keys(), timeout=20, clock=MonotonicClock()
        )
        assert there

        os.kill(supervisor, number)

        owner.wait_until_gone(sleepers)


def test_killing_the_supervisor_and_then_the_owner_of_a_server_leaves_no_process(server_program):
    code = SERVER.replace("time.sleep(0.05)", "print(supervisor.pid, flush=True); time.sleep(1000)")
    with marked.owner(code, RDS_SERVER=str(server_program.path)) as owner:
        assert [owner.line(), owner.line()] == ["begun", "up"]
        os.kill(int(owner.line()), signal.SIGKILL)
        owner.kill()

        owner.wait_until_gone(owner.processes())


def test_the_next_supervisor_removes_the_directory_of_a_killed_one(tmp_path, monkeypatch):
    monkeypatch.setattr(run_directory, "bases", lambda: [tmp_path])
    first = Supervisor()
    os.kill(first.pid, signal.SIGKILL)
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    (first.directory / "data").mkdir()
    foreign = tmp_path / "rdsfo-of-somebody-else"
    foreign.mkdir()

    with Supervisor() as second:
        assert sorted(tmp_path.iterdir()) == sorted([second.directory, foreign])
    first.close()


def test_a_directory_in_use_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(run_directory, "bases", lambda: [tmp_path])
    with Supervisor() as first, Supervisor() as second:
        assert first.directory.exists()
        assert second.directory.exists()


def test_a_directory_that_is_taken_for_a_leftover_too_early_is_made_anew(tmp_path, monkeypatch):
    """A sweeper comes between the making and the locking of a run directory."""
    real = fcntl.flock
    swept = []

    def flock(descriptor, how):
        if not swept:
            swept.extend(program.leftovers(str(tmp_path)))
            shutil.rmtree(swept[0])
        real(descriptor, how)

    monkeypatch.setattr(program.fcntl, "flock", flock)

    path, held = program.create_run_directory(str(tmp_path))
    os.close(held)

    assert [str(entry) for entry in tmp_path.iterdir()] == [path] != swept


def test_many_supervisors_at_once_do_not_sweep_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(run_directory, "bases", lambda: [tmp_path])
    with contextlib.ExitStack() as stack:
        supervisors = [stack.enter_context(Supervisor()) for _ in range(8)]
        assert all(each.directory.exists() for each in supervisors)


def test_ctrl_c_reaches_the_owner_only():
    code = """
supervisor = Supervisor()
sleeper = supervisor.spawn("sleeper", ["/bin/sleep", "1000"])
try:
    print("up", flush=True)
    time.sleep(1000)
except KeyboardInterrupt:
    print("ended" if sleeper.wait(1.0) else "still there", flush=True)
"""
    with marked.owner(code) as owner:
        assert owner.line() == "up"
        os.killpg(owner.popen.pid, signal.SIGINT)

        assert owner.line() == "still there"
        assert owner.left() == []


def test_a_forked_process_of_the_owner_does_not_keep_servers_alive():
    code = """
supervisor = Supervisor()
sleeper = supervisor.spawn("sleeper", ["/bin/sleep", "1000"])
if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
print(sleeper.pid, supervisor.pid, flush=True)
time.sleep(1000)
"""
    with marked.owner(code) as owner:
        pids = {int(pid) for pid in owner.line().split()}
        owner.kill()
        owner.wait_until_gone(pids)
        assert list(owner.base.iterdir()) == []


def test_the_run_directory_is_in_memory_where_there_is_room(monkeypatch):
    places = run_directory.bases()

    monkeypatch.setattr(run_directory, "ROOM", 1 << 60)
    crowded = run_directory.bases()

    assert Path(tempfile.gettempdir()) == crowded[0]
    assert set(places) == set(crowded)


def test_the_supervisor_needs_no_more_than_the_standard_library():
    allowed = set(sys.stdlib_module_names)
    source = Path(program.__file__).read_text()

    imported = {
        line.split()[1].partition(".")[0]
        for line in source.splitlines()
        if line.startswith(("import ", "from "))
    }

    assert {"os", "signal"} <= imported <= allowed
