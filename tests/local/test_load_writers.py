"""A load on a real server keeps its schedule and its books, whatever happens to the server."""

import dataclasses
import itertools
import math
import threading
import time
import uuid

import pymysql
import pytest
from inserting import POLICY, inserting
from waiting import until

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.engines import ENGINES
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.errors import DiedError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver

pytestmark = [pytest.mark.local, pytest.mark.contract("load")]
RUN = 1.0  # seconds of load


def slots_are_all_accounted_for(load, journal, rate):
    """Every slot of every writer up to the end was used or counted as skipped, none twice."""
    count = len(journal.writers)
    for one in journal.writers:
        skipped = sum(skip.count for skip in one.skips)
        first = load.started + one.writer / rate
        slots = math.ceil((load._gate.end * 1e-9 - first) * rate / count)
        assert abs(len(one) + skipped - slots) <= 1, (len(one), skipped, slots)
        assert len(set(one.intended)) == len(one)


def outcomes(journal):
    return {each.outcome for each in journal}


def test_a_calm_server_acknowledges_and_stores_every_write_once(plain_server):
    with inserting(ThreadLoad, plain_server) as (load, journal, workload):
        time.sleep(RUN)
        load.stop()
        stored = list(workload.stored(plain_server.endpoint))

    assert outcomes(journal) == {Outcome.ACKED}
    assert sorted(stored) == sorted((each.writer, each.sequence) for each in journal)
    assert len(set(stored)) == len(stored) > 100
    slots_are_all_accounted_for(load, journal, 200.0)


def test_a_row_stored_twice_is_read_back_twice(plain_server):
    with inserting(ThreadLoad, plain_server, writers=1, rate=50.0) as (load, _, workload):
        time.sleep(0.2)
        load.stop()
        table = f"{plain_server.endpoint.database}.{workload._table}"
        plain_server.run(
            f"INSERT INTO {table} (writer, sequence)"
            f" SELECT writer, sequence FROM {table} WHERE sequence = 0"
        )
        assert list(workload.stored(plain_server.endpoint)).count((0, 0)) == 2


def test_a_frozen_server_leaves_writes_open_and_the_missed_slots_are_counted(plain_server):
    with inserting(ThreadLoad, plain_server) as (load, journal, workload):
        time.sleep(0.3)
        with plain_server.frozen():
            time.sleep(1.5)
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 8)
        load.stop()
        stored = set(workload.stored(plain_server.endpoint))

    acked = {(each.writer, each.sequence) for each in journal if each.outcome is Outcome.ACKED}
    refused = {(each.writer, each.sequence) for each in journal if each.outcome is Outcome.REFUSED}
    assert Fault(2013, "timeout") in {each.fault for each in journal}
    assert Outcome.UNKNOWN in outcomes(journal)
    assert acked <= stored
    assert not refused & stored
    assert sum(skip.count for skip in journal.skips) > 50
    slots_are_all_accounted_for(load, journal, 200.0)


def test_after_a_stall_nobody_catches_up(plain_server):
    with inserting(ThreadLoad, plain_server, writers=4, rate=200.0) as (load, journal, _):
        with plain_server.frozen():
            time.sleep(0.3)  # below the read bound: a stall without an error
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 4)
        load.stop()

    for one in journal.writers:  # a slot every 20 ms: two that share one slot's time are a burst
        starts = [start // 20_000_000 for start in one.started]
        late = sum(first == second for first, second in itertools.pairwise(starts))
        assert late <= max(3, len(starts) // 5), (late, len(starts))
    assert journal.skips


def test_killed_sessions_come_back(plain_server):
    with inserting(ThreadLoad, plain_server) as (load, journal, workload):
        time.sleep(0.3)
        before = plain_server.sessions()
        with plain_server.admin() as admin:
            for number in before:
                driver.kill_session(admin, number)
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 8)
        assert not set(before) & set(plain_server.sessions())
        load.stop()
        stored = set(workload.stored(plain_server.endpoint))

    assert len(before) == 8
    assert {each.fault.kind for each in journal if each.fault} == {"reset"}
    assert {(e.writer, e.sequence) for e in journal if e.outcome is Outcome.ACKED} <= stored


def test_a_port_that_is_closed_for_a_while_refuses_and_is_used_again(plain_server, relay):
    with inserting(ThreadLoad, plain_server, relay.port) as (load, journal, _):
        time.sleep(0.3)
        relay.refuse()
        relay.reset()
        time.sleep(0.6)
        relay.listen()
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 8)

    refused = [each for each in journal if each.outcome is Outcome.REFUSED]
    assert Fault(2003, "refused") in {each.fault for each in refused}
    assert {each.fault.kind for each in refused} <= {"refused", "reset"}
    slots_are_all_accounted_for(load, journal, 200.0)


def test_a_hanging_network_ends_at_the_bounds_and_recovers(plain_server, relay):
    with inserting(ThreadLoad, plain_server, relay.port) as (load, journal, _):
        time.sleep(0.3)
        relay.hang()
        time.sleep(1.2)
        relay.resume()
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 8)

    assert "timeout" in {each.fault.kind for each in journal if each.fault}
    slots_are_all_accounted_for(load, journal, 200.0)


@pytest.mark.parametrize("leaves", [True, False])
def test_a_writer_leaves_a_read_only_server_if_and_only_if_its_policy_says_so(plain_server, leaves):
    policy = dataclasses.replace(POLICY, on_read_only=leaves)
    with inserting(ThreadLoad, plain_server, writers=2, rate=40.0, policy=policy) as (
        _,
        journal,
        _,
    ):
        time.sleep(0.2)
        before = set(plain_server.sessions())
        plain_server.run("SET GLOBAL read_only = 1")
        try:
            until(lambda: sum(1 for each in journal if each.fault) >= 6)
            after = set(plain_server.sessions())
        finally:
            plain_server.run("SET GLOBAL read_only = 0")

    assert Fault(1290, "read-only") in {each.fault for each in journal}
    assert {each.outcome for each in journal if each.fault} == {Outcome.REFUSED}
    assert (before == after) is not leaves


def test_a_load_that_cannot_connect_says_why_and_ends(plain_server, closed_port):
    where = dataclasses.replace(plain_server.endpoint, port=closed_port)
    load = ThreadLoad(InsertWorkload(where, "none"), Journal("none", 3), rate=10.0, policy=POLICY)

    with pytest.raises(LoadError, match=r"3 of 3 writers.*2003"):
        load.start(timeout=0.3)

    until(lambda: not alive(load))


@pytest.mark.parametrize("name", ENGINES)
def test_a_start_is_given_up_when_what_it_connects_to_has_ended(plain_server, closed_port, name):
    where = dataclasses.replace(plain_server.endpoint, port=closed_port)
    load = ENGINES[name](
        InsertWorkload(where, "none"), Journal("none", 3), rate=10.0, policy=POLICY
    )

    def check():
        raise DiedError("the server", "ended by SIGKILL")

    with pytest.raises(DiedError):  # before the time is up, which would be a LoadError
        load.start(timeout=5.0, check=check)

    load.stop()


def alive(load):
    return [writer for writer in load._writers if writer.thread.is_alive()]


def call(function, writers=4, rate=100.0, **options):
    journal = Journal(uuid.uuid4().hex[:8], writers)
    workload = CallWorkload(journal, function, **options)
    return ThreadLoad(workload, journal, rate=rate, policy=POLICY), journal


def test_a_writer_that_blocks_for_two_seconds_does_not_change_the_counts_of_the_others():
    blocked = threading.Event()

    def write(key):
        if key.split("-")[1] == "0" and not blocked.is_set():
            blocked.set()
            time.sleep(2.0)

    load, journal = call(write)
    with load:
        time.sleep(2.5)

    first, *others = [len(one) for one in journal.writers]
    assert first < 0.5 * min(others)
    assert max(others) - min(others) <= 0.2 * max(others)  # all but what a busy machine skipped
    assert min(others) > 0.5 * 2.5 * 25
    assert sum(skip.count for skip in journal.writers[0].skips) > 40
    slots_are_all_accounted_for(load, journal, 100.0)


def test_a_stall_that_outlasts_the_end_skips_no_slot_after_it():
    load, journal = call(lambda _: time.sleep(1.0), writers=1, rate=100.0)
    load.start()
    time.sleep(0.3)
    load.stop()

    assert len(journal) == 1
    assert journal.skips[-1].last <= load._gate.end * 1e-9
    slots_are_all_accounted_for(load, journal, 100.0)


def test_the_users_coroutine_function_gets_unique_keys_and_its_errors_are_classified():
    keys = []

    async def write(key):
        keys.append(key)
        if key.endswith("-2"):
            raise ValueError("the user's own")

    load, journal = call(write)
    with load:
        time.sleep(0.5)
    load._writers[0]._workload.drop(None)

    assert len(set(keys)) == len(keys) == len(journal)
    bad = [each for each in journal if each.outcome is not Outcome.ACKED]
    assert {(each.outcome, each.fault) for each in bad} == {(Outcome.UNKNOWN, Fault(0, "client"))}
    assert {each.sequence for each in bad} == {2}


def test_a_writer_that_hangs_is_left_to_itself_and_its_write_is_of_unknown_outcome():
    release, hangs = threading.Event(), threading.Event()

    def hang_in_writer_one(key):
        if key.split("-")[1] == "1":
            hangs.set()
            release.wait()

    load, journal = call(hang_in_writer_one)
    load.start()
    assert hangs.wait(20)
    time.sleep(0.2)
    load.stop(timeout=0.3)
    begun = time.monotonic()
    load.stop(timeout=30.0)

    assert time.monotonic() - begun < 15.0  # once is enough
    (complaint,) = load.complaints
    assert (complaint.error, complaint.text) == ("hangs", "writer 1 is still in the workload")
    assert "in hang_in_writer_one" in complaint.trace
    assert "pytest_rdsfailover/load/" not in complaint.trace
    (hanging,) = journal.writers[1]
    assert (hanging.outcome, hanging.fault) == (Outcome.UNKNOWN, Fault(0, "timeout"))
    assert hanging.finished >= hanging.started + 0.1
    assert all(writer.thread.daemon for writer in load._writers)
    release.set()
    until(lambda: not alive(load))
    assert len(journal.writers[1]) == 1  # what it did later is noted nowhere


def test_a_writer_that_hangs_is_named_by_its_number_in_the_whole_load():
    release = threading.Event()
    journal = Journal(uuid.uuid4().hex[:8], 4)
    hang = CallWorkload(journal, lambda key: release.wait() if key.split("-")[1] == "3" else None)
    load = ThreadLoad(hang, journal, rate=100.0, policy=POLICY, share=(1, 2))
    load.start()
    time.sleep(0.3)
    load.stop(timeout=0.3)

    assert [each.text for each in load.complaints] == ["writer 3 is still in the workload"]
    release.set()


def cut_at(broken):
    """Return a load at 10 writes a second whose writes of these sequences find themselves cut off."""

    def write(key, _):
        if int(key.split("-")[2]) in broken:
            raise pymysql.err.OperationalError(2013, "Lost connection")

    return call(write, writers=1, rate=10.0, setup=list, renew="on_error")


def test_a_writer_that_is_cut_off_tries_again_at_once_and_then_at_its_slots():
    load, journal = cut_at({2})
    with load:
        until(lambda: len(journal) >= 5)

    times = [each.intended for each in journal]
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert (
        steps[2] < 0.09 < steps[0]
    )  # the second try beside the schedule, the others a period apart
    assert steps[2] + steps[3] > 0.09
    assert not journal.skips


def test_a_writer_that_is_cut_off_again_waits():
    load, journal = cut_at(range(2, 100))
    with load:
        until(lambda: len(journal) >= 6)

    steps = [b.intended - a.intended for a, b in itertools.pairwise(journal)]
    assert steps[2] < 0.09
    assert min(steps[3:]) > 0.02


def test_a_writer_whose_own_code_fails_keeps_to_its_slots():
    load, journal = call(lambda key: 1 / 0 if key.endswith("-2") else None, writers=1, rate=10.0)
    with load:
        until(lambda: len(journal) >= 5)

    assert min(b.intended - a.intended for a, b in itertools.pairwise(journal)) > 0.09


def test_a_bug_of_ours_in_a_writer_is_shown_when_the_load_stops(monkeypatch):
    load, journal = call(lambda _: None)
    load.start()
    monkeypatch.setattr(journal.writers[2], "record", lambda *_: 1 / 0)
    time.sleep(0.2)

    with pytest.raises(LoadError, match=r"writer 2 broke: ZeroDivisionError"):
        load.stop()


def test_writers_that_had_no_write_acknowledged_since_do_not_count():
    stop = threading.Event()

    def write(key):
        if stop.is_set() and key.split("-")[1] == "3":
            raise ValueError

    load, _ = call(write)
    with load:
        until(lambda: load.acked_since(load.started - 1) == 4)
        stop.set()
        time.sleep(0.1)
        moment = time.monotonic()
        until(lambda: load.acked_since(moment) == 3)
        time.sleep(0.2)
        assert load.acked_since(moment) == 3


def test_a_closed_load_writes_as_fast_as_it_is_answered_and_stores_every_write_once(plain_server):
    with inserting(ThreadLoad, plain_server, writers=4, rate=0.0) as (load, journal, workload):
        time.sleep(RUN)
        load.stop()
        stored = list(workload.stored(plain_server.endpoint))

    assert outcomes(journal) == {Outcome.ACKED}
    assert sorted(stored) == sorted((each.writer, each.sequence) for each in journal)
    assert all(each.intended <= each.started for each in journal)
    for one in journal.writers:
        assert list(one.started[1:]) >= list(one.finished[:-1]), "one write at a time"
        assert len(one) > 50


def test_a_closed_load_does_not_spin_while_nobody_listens(plain_server, relay):
    with inserting(ThreadLoad, plain_server, relay.port, writers=2, rate=0.0) as (load, journal, _):
        until(lambda: load.acked_since(0) == 2)
        relay.refuse()
        relay.reset()
        time.sleep(0.5)
        failed = [each for each in journal if each.outcome is not Outcome.ACKED]
        relay.listen()
        until(lambda: load.acked_since(time.monotonic() - 0.1) == 2)

    assert 2 <= len(failed) < 60
