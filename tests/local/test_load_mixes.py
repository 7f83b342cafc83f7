"""Mixed and retrying loads on a real server; each of their checks is shown what it must catch."""

import time

import pytest

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.staleness import reads
from pytest_rdsfailover.analysis.writes import audit
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.mix import READ, READ_YOUR_WRITE, TRANSACTION, WRITE
from pytest_rdsfailover.load.mixed import PARTS, RowsSession, RowsWorkload
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Outcome
from pytest_rdsfailover.mysql import driver

pytestmark = pytest.mark.local
MIX = {WRITE: 2, TRANSACTION: 1, READ_YOUR_WRITE: 1, READ: 1}
POLICY = ReconnectPolicy(bounds=Bounds(connect=0.5, read=0.5, write=0.5))


def run(server, make, seconds=0.6, *, writers=3, rate=150.0, meanwhile=None, **options):
    """Put a load on a server; return its journal and what was stored."""
    journal = Journal("mix", writers)
    workload = make(journal)
    workload.create(server.endpoint)
    try:
        with ThreadLoad(workload, journal, rate=rate, policy=POLICY, **options):
            time.sleep(seconds)
            if meanwhile is not None:
                meanwhile(workload)
                time.sleep(seconds)
        positions = list(workload.stored(server.endpoint))
        return journal, Stored(positions=positions, torn=list(workload.torn))
    finally:
        workload.drop(server.endpoint)


def judge(journal, stored):
    found = series_of(journal)
    return audit(journal, found, stored), reads(journal, found)


def mixed(server):
    return lambda journal: RowsWorkload(server.endpoint, journal.run, MIX, server.endpoint)


def test_a_calm_server_keeps_every_promise_of_a_mixed_load(plain_server):
    journal, stored = run(plain_server, mixed(plain_server))
    audited, seen = judge(journal, stored)

    assert {each.outcome for each in journal} == {Outcome.ACKED}
    assert (audited.lost, audited.duplicated, audited.unexpected, audited.torn) == ([], [], [], [])
    assert sorted(stored.positions) == sorted((each.writer, each.sequence) for each in journal)
    assert seen.count == pytest.approx(len(journal) * 2 / 3, abs=6)
    assert (seen.failed, seen.stale, seen.unseen) == (0, 0, 0)
    assert seen.compared > 10


def test_a_transaction_of_which_a_row_is_missing_is_torn(plain_server):
    def tear(workload):
        table = f"{plain_server.endpoint.database}.{workload.table}"
        plain_server.run(f"DELETE FROM {table} WHERE parts = {PARTS} AND part = 1 LIMIT 1")

    journal, stored = run(plain_server, mixed(plain_server), 0.3, meanwhile=tear)
    audited, _ = judge(journal, stored)

    assert len(audited.torn) == 1
    assert audited.lost == []


def test_a_replica_that_stands_still_is_stale_and_a_session_of_one_s_own_unseeing(
    plain_server, monkeypatch
):
    """Both connections look at a snapshot of the past: what a replica that lags would show."""
    newest = RowsSession._newest

    def from_the_past(self, connection):
        if not getattr(connection, "stands_still", False):
            with connection.cursor() as cursor:
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            connection.stands_still = True
        return newest(self, connection)

    weights = {WRITE: 3, READ: 1}
    monkeypatch.setattr(RowsSession, "_newest", from_the_past)
    journal, stored = run(
        plain_server,
        lambda journal: RowsWorkload(
            plain_server.endpoint, journal.run, weights, plain_server.endpoint
        ),
    )
    audited, seen = judge(journal, stored)

    assert audited.lost == []
    assert seen.stale > 5
    first = min(min(one.reads.started) for one in journal.writers if len(one.reads))
    last = max(max(one.reads.finished) for one in journal.writers if len(one.reads))
    assert 0.5 * (last - first) * 1e-9 < seen.staleness.lower < (last - first) * 1e-9 + 0.1


def cut(server):
    """End every session that works on a table, without a word to its client."""
    with driver.connect(server.endpoint) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (own,) = cursor.fetchone()
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE()")
        for (number,) in cursor.fetchall():
            if number != own:
                driver.kill_session(connection, number)


def test_a_retrying_client_hides_a_cut_from_its_operations_and_not_from_its_attempts(plain_server):
    journal, stored = run(
        plain_server,
        lambda journal: RetryingWorkload(
            InsertWorkload(plain_server.endpoint, journal.run), journal, 5, POLICY
        ),
        0.3,
        meanwhile=lambda _: cut(plain_server),
    )
    attempts = [one.attempts for one in journal.writers]

    assert {each.outcome for each in journal} == {Outcome.ACKED}
    assert sum(len(each) for each in attempts) >= len(journal) + 3
    failed = [each for one in attempts for each in one.outcome if each != Outcome.ACKED]
    assert len(failed) >= 3
    assert judge(journal, stored)[0].lost == []


def test_a_retry_that_was_applied_twice_is_duplicated_by_its_key(plain_server, monkeypatch):
    """The first answer is lost after the server has committed: the client tries again."""
    from pytest_rdsfailover.load.inserts import InsertSession

    perform, lost = InsertSession.perform, []

    def lose_the_answer(self, step, sequence):
        perform(self, step, sequence)
        if sequence == 5 and self._head.endswith(b"(1,") and not lost:
            lost.append(sequence)
            import pymysql

            raise pymysql.err.OperationalError(2013, "Lost connection")

    monkeypatch.setattr(InsertSession, "perform", lose_the_answer)
    journal, stored = run(
        plain_server,
        lambda journal: RetryingWorkload(
            InsertWorkload(plain_server.endpoint, journal.run), journal, 2, POLICY
        ),
    )

    assert judge(journal, stored)[0].duplicated == ["mix-1-5"]
    assert {each.outcome for each in journal} == {Outcome.ACKED}


def test_writers_that_think_write_as_seldom_as_they_should_and_not_in_step(plain_server):
    make = lambda journal: InsertWorkload(plain_server.endpoint, journal.run)  # noqa: E731
    quick, _ = run(plain_server, make, rate=0.0, writers=2)
    slow, _ = run(plain_server, make, 1.0, rate=0.0, writers=2, think=0.05)

    assert 20 < len(slow) < 60 < len(quick)
    for one in slow.writers:
        pauses = [b - a for a, b in zip(one.finished, one.started[1:], strict=False)]
        assert min(pauses) > 0.024e9
        assert max(pauses) > 1.2 * min(pauses)
