"""A load in processes of its own keeps its books, ends with its processes, and tells which one is lost."""

import os
import signal
import uuid
from functools import partial
from pathlib import Path

import pytest
from paper_server import POLICY, PaperServer
from waiting import until

from pytest_rdsfailover.journal.journal import EVENTS, Journal
from pytest_rdsfailover.load import processes
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.processes import LoadOrder, ProcessLoad
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Outcome


@pytest.fixture
def server():
    made = PaperServer()
    yield made
    made.close()


@pytest.fixture
def load(server, tmp_path):
    """Return a load of two processes, and its journal; its processes end with the test."""
    made = []

    def make(policy=POLICY):
        run = uuid.uuid4().hex[:8]
        order = LoadOrder(
            make=choose({}, server.endpoint, retries=0, policy=policy, classify=None), run=run,
            writers=4, process=0, processes=2, events=tmp_path / f"0{EVENTS}", engine="threads",
            rate=400.0, policy=policy,
        )  # fmt: skip
        journal = Journal(run, 4)
        made.append(ProcessLoad(order, journal))
        return made[-1], journal

    yield make
    for one in made:
        one._end()


def processes_of(load):
    return [shard._process for shard in load._shards]


def test_all_that_is_acknowledged_is_stored_and_in_one_journal(server, load):
    made, journal = load()
    made.start(30.0)
    until(lambda: made.progress().acked >= 40)
    served = made.acked_since(made.started - 1.0), made.acked_since(made.started + 1e6)
    running = processes_of(made)
    made.stop()
    made.stop()  # harmless
    acked = [(one.writer, one.sequence) for one in journal if one.outcome is Outcome.ACKED]

    assert served == (4, 0)
    assert sorted(acked) == sorted(server.stored)
    assert {writer for writer, _ in acked} == {0, 1, 2, 3}
    assert all(intended >= made._gate.start for one in journal.writers for intended in one.intended)
    assert all(process.returncode is not None for process in running)  # ended, and no zombie
    assert all(process.stdin.closed and process.stdout.closed for process in running)
    assert made._gate.ended.is_set()


def test_a_process_that_is_killed_or_stands_still_is_named(load, monkeypatch):
    made, _ = load()
    made.start(30.0)
    first, second = processes_of(made)
    second.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(processes, "PATIENCE", 0.3)
    with pytest.raises(LoadError, match=f"process {second.pid} of the load does not answer"):
        made._ask(processes.Progress, "progress", patience=0.3)
    monkeypatch.setattr(processes, "PATIENCE", 10.0)
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(LoadError, match=f"process {first.pid} of the load ended with status -9"):
        made.stop()
    assert all(not Path(f"/proc/{one.pid}").exists() for one in (first, second))


def test_writers_that_get_no_connection_are_told_by_their_process_which_then_ends(server, load):
    server.mute = True
    made, _ = load(ReconnectPolicy(bounds=Bounds(connect=0.1, read=0.1, write=0.1)))
    with pytest.raises(LoadError, match="2 of 2 writers got no connection within"):
        made.connect(0.3)

    assert made._shards == []


def test_an_answer_is_read_line_by_line(monkeypatch):
    """Two answers may come at once, or one in pieces."""
    monkeypatch.setattr(processes.sys, "executable", "/bin/cat")
    monkeypatch.setattr(processes.subprocess, "Popen", partial(_cat, processes.subprocess.Popen))
    shard = processes._Shard(b'{"acked": 1}\n{"ac')
    assert shard.answer(5.0) == {"acked": 1}
    shard._write(b'ked": 2}\n{"error": "planted"}\n')
    assert shard.answer(5.0) == {"acked": 2}
    with pytest.raises(LoadError, match="planted"):
        shard.answer(5.0)
    with pytest.raises(LoadError, match="does not answer"):
        shard.answer(0.0)
    os.kill(shard._process.pid, signal.SIGKILL)
    shard._process.wait()
    shard.tell("too late")  # nobody hears it, and that is no error
    shard.end()


def _cat(popen, argv, **options):
    return popen(argv[:1], **options)
