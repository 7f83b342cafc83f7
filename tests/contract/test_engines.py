"""Both engines that run in this process keep the same schedule and the same books."""

import contextlib
import os
import sys
import time

import pytest
from paper_server import POLICY, PaperServer
from waiting import until

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import fast
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Outcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fast engine needs Linux")


@pytest.fixture
def server():
    made = PaperServer()
    yield made
    made.close()


@pytest.fixture(params=[ThreadLoad, FastLoad], ids=["threads", "fast"])
def engine(request):
    return request.param


class Running:
    """A load on a server, and its journal."""

    def __init__(self, engine, server, *, writers=3, rate=300.0, policy=POLICY, share=(0, 1)):
        self.journal = Journal("run", writers)
        workload = InsertWorkload(server.endpoint, "run")
        self.load = engine(workload, self.journal, rate=rate, policy=policy, share=share)

    def __enter__(self):
        self.load.start(5.0)
        return self

    def __exit__(self, *_):
        self.load.stop()

    @property
    def acked(self):
        return [(one.writer, one.sequence) for one in self.journal if one.outcome is Outcome.ACKED]

    def outcomes(self, *, of=None):
        return [
            (one.outcome, one.fault.code)
            for one in self.journal
            if one.fault is not None and of in (None, one.writer)
        ]


def test_each_slot_is_used_once_or_skipped_and_all_that_is_acknowledged_is_stored(engine, server):
    with Running(engine, server) as running:
        begun = running.load.started
        until(lambda: running.load.progress().acked >= 60)
        served = running.load.acked_since(begun - 1.0), running.load.acked_since(begun + 1e6)

    assert served == (3, 0)
    assert sorted(running.acked) == sorted(server.stored)
    assert running.load.progress().failed == 0
    for one in running.journal.writers:
        slots = Schedule(writer=one.writer, writers=3, rate=300.0).starting(
            running.load._gate.start
        )
        used, skipped = list(one.intended), sum(skip.count for skip in one.skips)
        number = max(slots.first_after(at, 0) for at in (running.load._gate.end, used[-1] + 1))
        assert set(used) <= {slots.intended(slot) for slot in range(number)}
        assert len(used) == len(set(used))
        assert len(used) + skipped == number
        assert all(
            sent >= intended for intended, sent in zip(one.intended, one.started, strict=True)
        )


def test_without_a_schedule_each_answer_is_followed_by_the_next_write(engine, server):
    with Running(engine, server, rate=0.0) as running:
        until(lambda: running.load.progress().acked >= 200)

    assert sorted(running.acked) == sorted(server.stored)
    assert {writer for writer, _ in running.acked} == {0, 1, 2}
    assert all(not one.skips for one in running.journal.writers)


@pytest.mark.parametrize(("rate", "policy"), [(0.0, os.SCHED_BATCH), (300.0, os.SCHED_OTHER)])
def test_only_a_closed_loop_lets_the_server_go_first(server, rate, policy):
    with Running(FastLoad, server, rate=rate) as running:
        until(lambda: running.acked)
        assert os.sched_getscheduler(running.load._thread.native_id) == policy


def test_a_share_of_the_writers_writes_their_own_slots_only(engine, server):
    with Running(engine, server, writers=5, rate=500.0, share=(1, 2)) as running:
        until(lambda: running.load.progress().acked >= 30)

    assert {writer for writer, _ in server.stored} == {1, 3}
    slots = Schedule(writer=3, writers=5, rate=500.0).starting(running.load._gate.start)
    assert {
        (at - slots.intended(0)) % slots.period for at in running.journal.writers[3].intended
    } == {0}


def disturbed(running, server, **trouble):
    """Have a server give a load trouble, and wait until the load has met it and goes on."""
    until(lambda: running.load.progress().acked >= 10)
    vars(server).update(trouble)
    until(running.outcomes)
    done = running.load.progress().acked
    until(lambda: running.load.progress().acked >= done + 40)


@pytest.mark.parametrize(
    ("code", "outcome", "again"),
    [(1062, Outcome.REFUSED, 0), (1836, Outcome.REFUSED, 1), (1053, Outcome.UNKNOWN, 1)],
)
def test_a_refused_write_is_noted_once_and_only_some_replace_the_connection(
    engine, server, code, outcome, again
):
    with Running(engine, server, writers=2) as running:
        disturbed(running, server, fault=code)

    assert running.outcomes() == [(outcome, code)]
    assert server.logins == 2 + again
    assert sorted(running.acked) == sorted(server.stored)


def test_a_connection_that_is_cut_in_a_write_leaves_it_unknown_and_is_replaced(engine, server):
    with Running(engine, server, writers=2) as running:
        disturbed(running, server, cut=True)

    assert running.outcomes() == [(Outcome.UNKNOWN, 2013)]
    assert server.logins == 3
    assert len(set(running.journal.writers[0].intended)) == len(running.journal.writers[0])


def test_connections_that_are_cut_all_at_once_are_all_replaced(engine, server):
    with Running(engine, server, writers=4, rate=200.0) as running:
        until(lambda: running.load.progress().acked >= 20)
        server.cut_all()
        moment = time.monotonic()
        until(lambda: running.load.acked_since(moment) == 4)

    assert server.logins == 8


def test_who_gets_no_connection_is_counted_and_no_writer_begins(engine, server):
    server.mute = True
    quick = ReconnectPolicy(bounds=Bounds(connect=0.1, read=0.1, write=0.1))
    running = Running(engine, server, policy=quick)

    with pytest.raises(LoadError, match=r"3 of 3 writers got no connection within 0\.3 s: .*2013"):
        running.load.start(0.3)
    running.load.stop()
    assert len(running.journal) == 0


def test_what_ends_the_wait_for_connections_ends_the_writers(engine, server):
    server.mute = True
    running = Running(engine, server)

    def pointless():
        raise ValueError("a server has ended")

    with pytest.raises(ValueError, match="has ended"):
        running.load.start(5.0, pointless)
    with contextlib.suppress(LoadError):  # writers may wait for their bounds
        running.load.stop(0.1)


def test_a_load_may_be_ended_before_its_first_slot_and_twice(engine, server):
    running = Running(engine, server)
    running.load.connect(5.0)
    assert server.stored == []  # connected, and nobody begins before the gate opens
    running.load.stop()
    running.load.stop()

    assert (len(running.journal), server.logins) == (0, 3)


def test_a_fault_of_ours_ends_the_fast_engine_and_is_told(server, monkeypatch):
    running = Running(FastLoad, server)

    def broken(*_):
        raise ValueError("planted")

    monkeypatch.setattr(running.load, "_serve", broken)
    with pytest.raises(LoadError, match=r"broke.*planted"):
        running.load.start(5.0)
    with pytest.raises(LoadError, match=r"broke.*planted"):
        running.load.stop()


def test_the_fast_engine_makes_no_more_connections_at_once_than_a_backlog_holds(
    server, monkeypatch
):
    monkeypatch.setattr(fast, "STORM", 2)
    server.mute = True
    running = Running(FastLoad, server, writers=6)
    with pytest.raises(LoadError, match="6 of 6"):
        running.load.start(0.3)
    running.load.stop(10.0)

    assert len(server._open) - 1 == 2
