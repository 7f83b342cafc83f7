"""The fast engine on a real server keeps the same schedule and the same books as the threads."""

import contextlib
import dataclasses
import itertools
import os
import time

import pytest
from inserting import inserting
from waiting import until

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import fast
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.fast_writer import AWAY, READY, FastWriter
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds, Tls
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.records import Outcome

pytestmark = pytest.mark.local


def test_no_more_connections_are_made_at_once_than_a_backlog_holds(plain_server, monkeypatch):
    at_once, under_way, connect = [], set(), FastWriter.connect

    def counted(self):
        connect(self)
        under_way.add(self)
        at_once.append(sum(each.state not in (AWAY, READY) for each in under_way))

    monkeypatch.setattr(FastWriter, "connect", counted)
    monkeypatch.setattr(fast, "STORM", 3)
    with inserting(FastLoad, plain_server, writers=12):
        pass

    assert len(at_once) == 12
    assert max(at_once) == 3


def acked(journal):
    return sorted((one.writer, one.sequence) for one in journal if one.outcome is Outcome.ACKED)


def each_slot_is_used_or_skipped_once(load, journal, rate=200.0):
    for one in journal.writers:
        slots = Schedule(writer=one.writer, writers=len(journal.writers), rate=rate).starting(
            load._gate.start
        )
        used, skipped = list(one.intended), sum(skip.count for skip in one.skips)
        # A write may have begun while the load was told to end.
        number = max(slots.first_after(moment, 0) for moment in (load._gate.end, used[-1] + 1))
        assert used == sorted({slots.intended(slot) for slot in range(number)} & set(used))
        assert len(used) + skipped == number


@pytest.mark.parametrize("rate", [200.0, 0.0])
def test_every_acknowledged_write_is_stored_once(plain_server, rate):
    with inserting(FastLoad, plain_server, rate=rate) as (load, journal, workload):
        time.sleep(1.0)
        load.stop()
        stored = sorted(workload.stored(plain_server.endpoint))

    assert {one.outcome for one in journal} == {Outcome.ACKED}
    assert stored == acked(journal)
    assert len(stored) > 100
    if rate:
        each_slot_is_used_or_skipped_once(load, journal)
    for one in journal.writers:
        assert len(set(one.intended)) == len(one)
        assert all(map(int.__le__, one.intended, one.started))


def test_a_stall_is_one_gap_and_missed_slots_are_counted_not_replayed(plain_server):
    patient = ReconnectPolicy(bounds=Bounds(connect=2.0, read=10.0, write=10.0))
    with inserting(FastLoad, plain_server, policy=patient) as (load, journal, _):
        time.sleep(0.4)
        with plain_server.frozen():
            time.sleep(1.0)
        until(lambda: load.acked_since(time.monotonic() - 0.1) == 8)

    times = sorted(one.finished for one in journal)
    assert max(b - a for a, b in itertools.pairwise(times)) > 0.9
    assert sum(skip.count for skip in journal.skips) > 100
    each_slot_is_used_or_skipped_once(load, journal)
    assert {one.outcome for one in journal} == {Outcome.ACKED}


def test_a_closed_loop_keeps_nobody_from_writing_to_a_server_that_is_silent(
    plain_server, monkeypatch
):
    """Two writes at a time, on a machine that is busy all the time; then the server stands still."""
    monkeypatch.setattr(fast, "least_window", lambda _processes: 2)
    monkeypatch.setattr(fast, "crowded", lambda: True)
    patient = ReconnectPolicy(bounds=Bounds(connect=2.0, read=10.0, write=10.0))
    with inserting(FastLoad, plain_server, rate=0.0, policy=patient) as (load, _, _):
        until(lambda: load.acked_since(0) == 8)
        assert os.sched_getscheduler(load._thread.native_id) == os.SCHED_BATCH
        with plain_server.frozen():
            until(lambda: all(writer.working for writer in load._writers))
        begun = time.monotonic()
        until(lambda: load.acked_since(begun) == 8)


def test_silence_is_unknown_and_a_reset_too_and_refused_is_refused(plain_server, relay):
    with inserting(FastLoad, plain_server, relay.port, writers=4) as (load, journal, workload):
        until(lambda: load.acked_since(0) == 4)
        relay.hang()
        time.sleep(0.8)
        relay.refuse()
        relay.reset()
        time.sleep(0.5)
        relay.resume()
        relay.listen()
        begun = time.monotonic()
        until(lambda: load.acked_since(begun) == 4)
        load.stop()
        stored = set(workload.stored(plain_server.endpoint))

    kinds = {(one.outcome, one.fault.kind) for one in journal if one.fault}
    assert (Outcome.UNKNOWN, "timeout") in kinds
    assert (Outcome.REFUSED, "refused") in kinds
    assert set(acked(journal)) <= stored
    refused = {(one.writer, one.sequence) for one in journal if one.outcome is Outcome.REFUSED}
    assert not refused & stored


def test_killed_sessions_come_back_and_lose_nothing(plain_server):
    with inserting(FastLoad, plain_server) as (load, journal, workload):
        until(lambda: load.acked_since(0) == 8)
        before = set(plain_server.sessions())
        for session in before:
            with contextlib.suppress(Exception):
                plain_server.run(f"KILL {session}")
        begun = time.monotonic()
        until(lambda: load.acked_since(begun) == 8)
        assert not before & set(plain_server.sessions())
        load.stop()
        stored = set(workload.stored(plain_server.endpoint))

    assert {one.fault.kind for one in journal if one.fault} <= {"reset"}
    assert set(acked(journal)) <= stored


def test_nobody_who_listens_is_an_error_of_the_load(plain_server, closed_port):
    where = dataclasses.replace(plain_server.endpoint, port=closed_port)
    journal = Journal("run", 2)
    load = FastLoad(InsertWorkload(where, journal.run), journal, rate=10.0)

    with pytest.raises(LoadError, match=r"2 of 2 writers got no connection.*refused"):
        load.start(timeout=0.5)


def test_a_wrong_password_is_said_in_the_server_s_words(plain_server):
    where = dataclasses.replace(plain_server.endpoint, password="wrong")
    journal = Journal("run", 1)
    load = FastLoad(InsertWorkload(where, journal.run), journal, rate=10.0)

    with pytest.raises(LoadError, match=r"Access denied|has not cached") as error:
        load.start(timeout=0.5)
    assert where.password not in str(error.value)


def test_what_it_cannot_do_is_refused_before_it_starts(plain_server):
    journal = Journal("run", 1)
    with pytest.raises(SettingError, match="own insert only"):
        FastLoad(CallWorkload(journal, print), journal, rate=1.0)
    for change, word in (({"host": "db.example"}, "DNS"), ({"tls": Tls("ca.pem")}, "encrypt")):
        where = dataclasses.replace(plain_server.endpoint, **change)
        with pytest.raises(SettingError, match=word):
            FastLoad(InsertWorkload(where, "run"), journal, rate=1.0)
