"""One import of moto for a whole run: who starts it, who ends what, and that nothing is left."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import marked
import pytest
from waiting import until

from pytest_rdsfailover.local.aws_api import client, forked
from pytest_rdsfailover.local.aws_api.client import ControlPlane
from pytest_rdsfailover.local.aws_api.forked import ForkedProcess
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.sharing import SharedMoto
from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.local.processes import stopped
from pytest_rdsfailover.local.processes.identity import is_stopped
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.accounts import Address
from pytest_rdsfailover.model.errors import DiedError, NotReadyError, StoppedError

pytest.importorskip("moto")
pytestmark = [
    pytest.mark.local,
    pytest.mark.contract("local/aws_api"),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares"),
]
CONTROLLER = """
from pytest_rdsfailover.local.aws_api.sharing import SharedMoto
moto = SharedMoto()
print(moto.address, flush=True)
time.sleep(1000)
"""
# A fork waits until its configuration is there: that of these never is.
WORKER = """
import sys
from pathlib import Path
from pytest_rdsfailover.local.aws_api.forked import ForkedProcess
ForkedProcess(sys.argv[1], Path(sys.argv[2]), 1).wait_line(1000)
"""


SHOWN = Shown(
    cluster="c", region="us-east-2", control="/x", places={}, user="u", password="secret", database="d",
    server=Address(socket="/s"), usual=Script(profile=load_profile("quick"), seed=1),
)  # fmt: skip


def servers(controller):
    """Return the ids of the fork server and its forks; the server's is the first."""
    found = [pid for pid, line in controller.processes().items() if "fork_server" in line]
    return sorted(found, key=lambda pid: (not children(pid), pid))


def children(pid):
    """Return the ids of a process's children; none if it has ended."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextlib.contextmanager
def worker(address, config):
    """A process that wants an AWS API."""
    process = subprocess.Popen([sys.executable, "-c", WORKER, address, str(config)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_each_worker_has_a_process_that_ends_with_it_and_with_no_other(tmp_path):
    with marked.owner(CONTROLLER) as controller, contextlib.ExitStack() as stack:
        address = controller.line()
        assert servers(controller) == []  # nobody has needed it

        def another(name, forks):
            process = stack.enter_context(worker(address, tmp_path / f"{name}.json"))
            until(lambda: len(servers(controller)) == 1 + forks)
            return process

        first = another("first", forks=1)
        server, fork_of_first = servers(controller)
        second = another("second", forks=2)
        (fork_of_second,) = {*servers(controller)} - {server, fork_of_first}
        first.kill()
        until(lambda: {*servers(controller)} == {server, fork_of_second})
        os.kill(fork_of_second, signal.SIGSTOP)
        second.kill()
        until(lambda: servers(controller) == [server])

        another("third", forks=1)
        os.kill(server, signal.SIGKILL)
        until(lambda: servers(controller) == [])
        another("fourth", forks=1)
        os.kill(children(servers(controller)[0])[0], signal.SIGSTOP)
        controller.kill()
        assert controller.left() == []


@pytest.fixture(scope="module")
def moto():
    """A fork server of this process."""
    shared = SharedMoto()
    shared._running()
    yield shared
    shared.close()
    shared.close()  # harmless


def test_one_that_does_not_answer_is_ended_even_if_it_is_frozen(moto, tmp_path):
    forked = ForkedProcess(moto.address, tmp_path / "control.json", 1)
    assert forked.alive
    for _ in range(2):
        with pytest.raises(NotReadyError, match="timed out"):
            forked.wait_line(0.1)
    until(lambda: children(moto._process.pid))
    forked.check()
    (pid,) = children(moto._process.pid)
    os.kill(pid, signal.SIGSTOP)
    forked.kill()
    assert children(moto._process.pid) == []
    with pytest.raises(DiedError, match="control"):
        forked.check()


def waits(process):
    """Tell that a process waits for its configuration."""
    with pytest.raises(NotReadyError, match="timed out"):
        process.wait_line(0.2)
    return True


@contextlib.contextmanager
def stood_still(pid):
    os.kill(pid, signal.SIGSTOP)
    until(lambda: is_stopped(pid))
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_one_that_is_stopped_is_named(moto, tmp_path, monkeypatch):
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.2)
    process = ForkedProcess(moto.address, tmp_path / "control.json", 1)
    until(lambda: waits(process) and process._pid)
    (pid,) = children(moto._process.pid)
    process.check_moves()
    with stood_still(pid), pytest.raises(StoppedError, match=rf"process {pid}\) stands still"):
        process.check_moves()
    process.kill()


def test_a_fork_server_that_is_stopped_is_named(moto, tmp_path, monkeypatch):
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.2)
    pid = moto._process.pid
    process = ForkedProcess(moto.address, tmp_path / "control.json", 1)
    stands = pytest.raises(StoppedError, match=rf"process {pid}\) stands still")
    with contextlib.closing(process), stood_still(pid), stands:
        process.wait_line(0.5)


def test_one_that_cannot_start_says_why(moto, tmp_path):
    config = tmp_path / "control.json"
    config.write_text("{}")
    with contextlib.closing(ForkedProcess(moto.address, config, 1)) as forked:
        with pytest.raises(NotReadyError, match="the control plane cannot start"):
            forked.wait_line(30)
        assert not forked.alive


def test_where_the_fork_server_cannot_start_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with contextlib.closing(SharedMoto()) as shared:
        forked = ForkedProcess(shared.address, tmp_path / "control.json", 1)
        with contextlib.closing(forked), pytest.raises(NotReadyError, match="supervisor"):
            forked.wait_line(30)


class Supervisor:
    """Notes what it is to start, and starts what it was given."""

    def __init__(self, directory, *processes):
        self.directory, self.started, self._processes = directory, [], list(processes)

    def spawn(self, name, _):
        self.started.append(name)
        return self._processes.pop(0) if self._processes else None


def test_a_worker_on_another_machine_has_a_process_of_its_own(tmp_path):
    supervisor = Supervisor(tmp_path)
    plane = ControlPlane(supervisor, "c", lambda: None, shared="nobody-is-there")
    plane.warm()
    plane.close()

    assert supervisor.started == ["control"]


class Api:
    """The process of an AWS API that answers at its start, or never does."""

    def __init__(self, *, frozen):
        self.alive = self._frozen = frozen

    def wait_line(self, timeout):
        if self._frozen:
            raise NotReadyError("control", timeout)
        return "{}"

    def kill(self):
        self.alive = False


def test_a_fork_server_that_is_frozen_costs_one_test_and_no_other(moto, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "READY_WITHIN", 0.1)
    monkeypatch.setattr(forked, "ENDS_WITHIN", 0.1)
    monkeypatch.setattr(stopped, "GOES_ON_WITHIN", 0.2)
    supervisor = Supervisor(tmp_path, Api(frozen=False))
    plane = ControlPlane(supervisor, "c", lambda: SHOWN, shared=moto.address)
    with stood_still(moto._process.pid):
        with contextlib.closing(plane), pytest.raises(StoppedError):
            _ = plane.place
        assert plane.place.region == SHOWN.region

    assert supervisor.started == ["control"]


def test_a_controller_that_does_not_answer_costs_one_test_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "READY_WITHIN", 0.1)
    supervisor = Supervisor(tmp_path, Api(frozen=False))
    with socket.socket(socket.AF_UNIX) as keeper:
        keeper.bind(f"\0silent-{os.getpid()}")
        keeper.listen()
        shared = f"silent-{os.getpid()}"
        plane = ControlPlane(supervisor, "c", lambda: SHOWN, shared=shared)
        with contextlib.closing(plane), pytest.raises(NotReadyError):
            _ = plane.place
        assert plane.place.region == SHOWN.region

    assert supervisor.started == ["control"]


def test_a_process_that_is_frozen_at_its_start_costs_one_test_and_no_other(tmp_path):
    frozen = Api(frozen=True)
    supervisor = Supervisor(tmp_path, frozen, Api(frozen=False))
    plane = ControlPlane(supervisor, "c", lambda: SHOWN)
    with contextlib.closing(plane):
        with pytest.raises(NotReadyError):
            _ = plane.place
        assert plane.place.region == SHOWN.region

    assert not frozen.alive
    assert supervisor.started == ["control", "control"]
