"""Somebody stops one of our processes: nothing waits for ever, and nothing stays."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from process_states import is_gone
from programs import HERE
from waiting import until

from pytest_rdsfailover.load import threads
from pytest_rdsfailover.local.backend import LocalBackend
from pytest_rdsfailover.local.processes import stopped, supervisor_client
from pytest_rdsfailover.local.processes.identity import is_stopped
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server import template as templates
from pytest_rdsfailover.local.server.template import Source, template
from pytest_rdsfailover.model.errors import DiedError, NotReadyError, StoppedError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = [pytest.mark.local, pytest.mark.contract("local/processes")]
SLEEP = ["/bin/sleep", "1000"]
BIG = {"FILLER": "x" * 90_000}  # more than a pipe holds


@pytest.fixture
def frozen(monkeypatch):
    """A supervisor that is stopped, with a program under it; what it is asked has little time."""
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.5)
    supervisor = Supervisor()
    supervisor.program = supervisor.spawn("sleeper", SLEEP)
    os.kill(supervisor.pid, signal.SIGSTOP)
    yield supervisor
    supervisor.close()


def all_gone(supervisor):
    until(lambda: is_gone(supervisor.pid) and is_gone(supervisor.program.pid), within=10)
    supervisor.close()
    assert not supervisor.directory.exists()


@pytest.mark.parametrize("env", [{}, BIG], ids=["small", "larger than the pipe"])
def test_a_program_that_a_frozen_supervisor_should_start_is_an_error(frozen, env):
    with pytest.raises(StoppedError, match=r"the supervisor .*stands still"):
        frozen.spawn("another", SLEEP, env=env)
    all_gone(frozen)


@pytest.mark.parametrize("act", ["freeze", "thaw", "terminate", "kill"])
def test_a_signal_through_a_frozen_supervisor_is_an_error(frozen, act):
    with pytest.raises(StoppedError, match=r"the supervisor .*stands still"):
        getattr(frozen.program, act)()
    all_gone(frozen)


def test_a_frozen_supervisor_is_closed_with_all_that_it_has_started(frozen):
    frozen.close()

    assert frozen._client._popen.returncode == 0  # by itself, so that programs can clean up
    all_gone(frozen)


def test_a_process_that_has_the_id_of_a_program_that_ended_is_left_alone(frozen):
    """The supervisor had reaped the program, and its last word was not heard yet."""
    with subprocess.Popen(SLEEP, start_new_session=True) as stranger:
        frozen._client._groups[99] = stranger.pid
        frozen._client.abandon()
        all_gone(frozen)

        assert stranger.poll() is None
        stranger.kill()


def test_what_comes_after_is_refused_at_once(frozen):
    with pytest.raises(StoppedError):
        frozen.program.freeze()
    until(lambda: not frozen.program.alive, within=10)

    with pytest.raises(DiedError, match="the supervisor"):
        frozen.spawn("another", SLEEP)


def test_a_supervisor_that_says_nothing_at_its_start_is_killed(monkeypatch, tmp_path):
    silent = tmp_path / "silent.py"
    silent.write_text("import time\ntime.sleep(1000)\n")
    monkeypatch.setattr(supervisor_client, "SUPERVISOR", silent)
    monkeypatch.setattr(supervisor_client, "PATIENCE", 1.0)

    with pytest.raises(NotReadyError, match="the supervisor"):
        Supervisor()


def test_a_program_is_stopped_if_it_stays_so_and_we_have_not_frozen_it(supervisor, monkeypatch):
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.5)
    sleeper = supervisor.spawn("sleeper", SLEEP)
    sleeper.freeze()
    sleeper.check_moves()
    sleeper.thaw()
    os.kill(sleeper.pid, signal.SIGSTOP)
    resumed = threading.Timer(0.1, os.kill, [sleeper.pid, signal.SIGCONT])
    resumed.start()
    sleeper.check_moves()
    resumed.join()
    os.kill(sleeper.pid, signal.SIGSTOP)
    until(lambda: is_stopped(sleeper.pid))
    waits = []
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(StoppedError, match=rf"sleeper \(sleep, process {sleeper.pid}\)"):
            sleeper.check_moves()
        waits.append(time.monotonic() - begun)
    with pytest.raises(StoppedError, match=f"kill -CONT {sleeper.pid}"):
        sleeper.wait_line(60)
    os.kill(sleeper.pid, signal.SIGCONT)
    until(lambda: not is_stopped(sleeper.pid))
    sleeper.check_moves()
    sleeper.kill()

    assert waits[1] < waits[0] / 5  # who is known to be stopped is not waited for again


PARTS = {
    "the supervisor": lambda cluster: cluster._supervisor.pid,
    "server-": lambda cluster: cluster._server.process.pid,
    "toxiproxy": lambda cluster: cluster.network._process.pid,
    "gateway": lambda cluster: cluster._gateway.process.pid,
}


def runner_of(cluster):
    return TrialRunner(
        cluster, Settings(), test="test", profile=None, expectations={}, note=lambda _: None
    )


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_cluster_that_is_stopped_under_a_load_is_named_and_replaced(part, monkeypatch):
    """The load's writers, its audit and its clean-up would each wait for their own bounds."""
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.5)
    with LocalBackend(Settings(profile="quick")) as backend:
        cluster = backend.cluster()
        pid = PARTS[part](cluster)
        runner = runner_of(cluster)
        with (
            pytest.raises(StoppedError, match=f"{part}.*process {pid}\\) stands still"),
            runner.load(cluster.writer_endpoint, writers=2),
        ):
            os.kill(pid, signal.SIGSTOP)
            cluster.check()

        assert backend.cluster() is not cluster
    until(lambda: is_gone(pid))


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("part", ["server-", "toxiproxy"])
def test_a_load_that_cannot_begin_names_the_part_that_is_stopped(part, monkeypatch):
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.5)
    with LocalBackend(Settings(profile="quick")) as backend:
        cluster = backend.cluster()
        pid = PARTS[part](cluster)
        runner = runner_of(cluster)
        real = threads.ThreadLoad.connect

        def connect(load, *arguments):
            os.kill(pid, signal.SIGSTOP)
            real(load, *arguments)

        monkeypatch.setattr(threads.ThreadLoad, "connect", connect)
        with (
            pytest.raises(StoppedError, match=f"{part}.*process {pid}\\) stands still"),
            runner.load(cluster.writer_endpoint, writers=2),
        ):
            raise AssertionError("it has begun")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's end")
def test_a_frozen_supervisor_wakes_up_when_its_owner_is_killed():
    source = (
        "from pytest_rdsfailover.local.processes.process import Supervisor\n"
        "import time\n"
        "s = Supervisor()\n"
        f"print(s.pid, s.spawn('sleeper', {SLEEP!r}).pid, s.directory, flush=True)\n"
        "time.sleep(1000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as owner:
        supervisor, program, directory = owner.stdout.readline().decode().split()
        os.kill(int(supervisor), signal.SIGSTOP)
        owner.kill()

    until(lambda: is_gone(supervisor) and is_gone(program), within=20)
    until(lambda: not Path(directory).exists(), within=20)


def test_a_template_that_another_process_never_finishes_is_made_anew(
    monkeypatch, supervisor, tmp_path
):
    program = next(iter(HERE.values()))
    source = Source(program=program.path, dialect=program.dialect, version=program.version)
    monkeypatch.setattr(templates, "WAIT", 0.5)
    hold = (
        "import sys, time\nfrom filelock import FileLock\n"
        "lock = FileLock(sys.argv[1])\nlock.acquire()\nprint('held', flush=True)\ntime.sleep(1000)\n"
    )
    lock = str(tmp_path / f"{source.key}.lock")
    with subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            holder.send_signal(signal.SIGSTOP)
            made = template(source, tmp_path, supervisor)
            again = template(source, tmp_path, supervisor)
        finally:
            holder.kill()

    assert made == again
    assert made.parent == supervisor.directory
    assert any(made.iterdir())
