"""A load in several processes is one load: one schedule, one journal, no orphan, no silent loss."""

import contextlib
import itertools
import os
import pickle
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from functools import partial

import pytest
from process_states import is_gone
from waiting import until

from pytest_rdsfailover.journal.journal import EVENTS, Journal
from pytest_rdsfailover.live.credentials import Tokens
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.processes import LoadOrder, ProcessLoad
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.records import Outcome

pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("load")]
POLICY = ReconnectPolicy(bounds=Bounds(connect=0.5, read=0.5, write=0.5))
WRITERS, RATE = 6, 120.0


def order(server, directory, *, engine="threads", options=None, endpoint=None, **more):
    where = endpoint or server.endpoint
    make = choose(options or {}, where, retries=0, policy=POLICY, classify=None)
    return LoadOrder(
        make=make, run=uuid.uuid4().hex[:8], writers=WRITERS, process=0, processes=2,
        events=directory / f"0{EVENTS}", engine=engine, rate=RATE, policy=POLICY, **more,
    )  # fmt: skip


@contextlib.contextmanager
def loading(server, told):
    """Put a load on a server; yield it, its journal, and what it does."""
    journal = Journal(told.run, told.writers)
    workload = told.make(journal)
    workload.create(server.endpoint)
    load = ProcessLoad(told, journal)
    try:
        load.start()
        yield load, journal, workload
    finally:
        load._end()
        workload.drop(server.endpoint)


def pids(load):
    return [shard._process.pid for shard in load._shards]


@pytest.mark.parametrize("engine", ["threads", "fast"])
def test_the_writers_of_all_processes_share_one_schedule_and_one_journal(
    plain_server, tmp_path, engine
):
    with loading(plain_server, order(plain_server, tmp_path, engine=engine)) as (
        load,
        journal,
        workload,
    ):
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == WRITERS)
        time.sleep(0.5)
        load.stop()
        stored = list(workload.stored(plain_server.endpoint))

    assert {each.outcome for each in journal} == {Outcome.ACKED}
    assert sorted(stored) == sorted((each.writer, each.sequence) for each in journal)
    assert all(len(one) > 5 for one in journal.writers)
    slots = sorted(moment for one in journal.writers for moment in one.intended)
    steps = {round((b - a) * RATE / 1e9) for a, b in itertools.pairwise(slots)}
    assert len(set(slots)) == len(slots)
    assert min(steps) >= 1  # evenly phased: no two writers of any processes fire together
    assert slots[0] * 1e-9 >= load.started - 1e-6


def test_each_process_makes_the_tokens_of_an_endpoint_by_itself(plain_server, tmp_path):
    token = Tokens(partial(str, plain_server.endpoint.password))
    where = replace(plain_server.endpoint, password="", token=token)
    with loading(plain_server, order(plain_server, tmp_path, endpoint=where)) as (load, journal, _):
        until(lambda: load.acked_since(load.started) == WRITERS)
        load.stop()

    assert {each.outcome for each in journal} == {Outcome.ACKED}


def test_a_process_that_dies_is_an_error_and_no_figure(plain_server, tmp_path):
    with loading(plain_server, order(plain_server, tmp_path)) as (load, _, _workload):
        victim, other = pids(load)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(LoadError, match=rf"process {victim} .* ended with status -9"):
            load.acked_since(time.monotonic())
        with pytest.raises(LoadError, match="ended with status -9"):
            load.stop()
        assert is_gone(other)


def test_a_process_that_stands_still_is_an_error_in_bounded_time(
    plain_server, tmp_path, monkeypatch
):
    monkeypatch.setattr("pytest_rdsfailover.load.processes.PATIENCE", 0.3)
    with loading(plain_server, order(plain_server, tmp_path)) as (load, _, _workload):
        os.kill(pids(load)[0], signal.SIGSTOP)
        with pytest.raises(LoadError, match="does not answer"):
            load.stop(timeout=0.2)


def test_a_pause_of_one_process_is_told(plain_server, tmp_path):
    with loading(plain_server, order(plain_server, tmp_path)) as (load, _, _workload):
        victim = pids(load)[0]
        os.kill(victim, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(victim, signal.SIGCONT)
        load.stop()

    assert max(last - first for pauses in load.asleep for first, last in pauses) > 0.15


def test_no_process_outlives_who_started_it(plain_server, tmp_path):
    script = tmp_path / "parent.py"
    told = order(plain_server, tmp_path)
    workload = told.make(Journal(told.run, WRITERS))
    workload.create(plain_server.endpoint)
    (tmp_path / "order").write_bytes(pickle.dumps(told))
    script.write_text(
        "import pickle, sys, time\n"
        "from pytest_rdsfailover.journal.journal import Journal\n"
        "from pytest_rdsfailover.load.processes import ProcessLoad\n"
        "order = pickle.load(open(sys.argv[1], 'rb'))\n"
        "load = ProcessLoad(order, Journal(order.run, order.writers))\n"
        "load.start()\n"
        "print(*[shard._process.pid for shard in load._shards], flush=True)\n"
        "time.sleep(60)\n"
    )
    try:
        with subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "order")],
            stdout=subprocess.PIPE,
            text=True,
        ) as parent:
            children = [int(pid) for pid in parent.stdout.readline().split()]
            assert len(children) == 2
            parent.kill()
        until(lambda: all(map(is_gone, children)))
    finally:
        workload.drop(plain_server.endpoint)


def test_what_cannot_be_sent_to_another_process_is_refused_with_the_remedy(plain_server, tmp_path):
    told = order(plain_server, tmp_path, options={"workload": lambda key: key})

    with pytest.raises(SettingError, match="functions of a module"):
        ProcessLoad(told, Journal("x", WRITERS))


def noted(key):
    """Be a user's write that a process can find by its name."""
    assert key


def test_functions_of_a_module_run_in_each_process(plain_server, tmp_path):
    told = order(plain_server, tmp_path, options={"workload": noted})
    with loading(plain_server, told) as (load, journal, _):
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == WRITERS)
        load.stop()

    assert {each.outcome for each in journal} == {Outcome.ACKED}


def test_a_process_that_cannot_be_started_leaves_none_of_the_others(
    plain_server, tmp_path, monkeypatch
):
    start, started = subprocess.Popen, []

    def runs_out(*arguments, **options):
        if started:
            raise BlockingIOError("no more processes")
        started.append(start(*arguments, **options))
        return started[0]

    told = order(plain_server, tmp_path)
    load = ProcessLoad(told, Journal(told.run, told.writers))
    monkeypatch.setattr(subprocess, "Popen", runs_out)
    with pytest.raises(BlockingIOError, match="no more processes"):
        load.start()

    assert started[0].poll() is not None
