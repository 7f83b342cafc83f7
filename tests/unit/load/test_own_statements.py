"""Our own writes and reads, tried again or not, and how they are read back; connections are stand-ins."""

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pymysql
import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.reads import seen
from pytest_rdsfailover.load import inserts, mixed, retrying
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.mix import READ, READ_YOUR_WRITE, TRANSACTION, WRITE
from pytest_rdsfailover.load.mixed import RowsWorkload
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.records import Outcome

PLACE = Endpoint(
    name="cluster", kind="proxy", host="h", port=1, user="u", password="p", database="d"
)
READER = Endpoint(
    name="reader", kind="reader", host="h", port=2, user="u", password="p", database="d"
)
LOST, DEADLOCK = (pymysql.err.OperationalError(code, "no") for code in (2013, 1213))


class Connection:
    """Answers from a list, or raises what is in it; notes what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked, self.closed = list(answers), [], 0

    @contextmanager
    def cursor(self):
        yield SimpleNamespace(execute=self.execute, fetchone=self.fetch, fetchall=self.fetch)

    def execute(self, sql, arguments=()):
        self.asked.append((sql.split()[0], *arguments))
        if self.answers and isinstance(self.answers[0], Exception):
            raise self.answers.pop(0)
        if not sql.startswith("SELECT") and self.answers and self.answers[0] == "ok":
            self.answers.pop(0)

    def fetch(self):
        return self.answers.pop(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed += 1


@pytest.fixture
def connected(monkeypatch):
    """Let connections be made of these, in turn; return the endpoints that they lead to."""
    led = []

    def connected(*made):
        left = list(made)

        def connect(endpoint, **_):
            led.append(endpoint.name)
            one = left.pop(0)
            if isinstance(one, Exception):
                raise one
            return one

        def close(connection):
            connection.closed += 1

        monkeypatch.setattr(mixed.driver, "connect", connect)
        monkeypatch.setattr(mixed.driver, "close", close)
        return led

    return connected


@pytest.mark.parametrize(("kind", "instance"), [("cluster", "instance-1"), ("proxy", None)])
def test_a_writer_asks_who_answers_unless_that_may_change(connected, monkeypatch, kind, instance):
    connected(Connection())
    monkeypatch.setattr(inserts.driver, "instance_of", lambda _: "instance-1")
    session = InsertWorkload(replace(PLACE, kind=kind), "run").open(0, Bounds())

    assert session.instance == instance


def rows(weights=None, reader=None):
    return RowsWorkload(PLACE, "run", weights or {WRITE: 1}, reader)


@pytest.mark.parametrize(
    ("found", "positions", "torn"),
    [
        ([], [], []),
        ([(0, 0, 0, 1)], [(0, 0)], []),
        ([(0, 0, 0, 1)] * 2, [(0, 0)] * 2, []),
        ([(0, 1, part, 3) for part in range(3)], [(0, 1)], []),
        ([(0, 1, part, 3) for part in range(3)] * 2, [(0, 1)] * 2, []),
        ([(0, 1, 0, 3), (0, 1, 2, 3)], [(0, 1)], [(0, 1)]),
        ([(0, 1, part, 3) for part in (0, 1, 2, 1)], [(0, 1)], [(0, 1)]),
        ([(1, 0, 0, 3), (0, 5, 0, 3)], [(1, 0), (0, 5)], [(0, 5), (1, 0)]),
    ],
)
def test_a_write_of_several_rows_is_stored_as_often_as_all_of_them_and_torn_if_they_differ(
    connected, found, positions, torn
):
    connected(Connection(found))
    workload = rows()

    assert list(workload.stored(PLACE)) == positions
    assert workload.torn == torn


def test_each_step_asks_what_it_is_for(connected):
    home, replica = Connection((7,), (None,)), Connection((3,), (4,))
    led = connected(home, replica)
    session = rows({WRITE: 1, READ: 1}, READER).open(2, Bounds())

    assert session.perform(READ_YOUR_WRITE, 9) == seen(7, own=True)
    assert session.perform(READ_YOUR_WRITE, 9) == seen(None, own=True)
    assert session.perform(READ, 9) == seen(3, own=False)
    assert session.perform(READ, 9) == seen(4, own=False)
    assert led == ["cluster", "reader"]
    assert session.perform(WRITE, 5) is session.perform(TRANSACTION, 6) is None
    assert home.asked[2:] == [
        ("INSERT", 2, 5, 0, 1), ("BEGIN",), ("INSERT", 2, 6, 0, 3), ("INSERT", 2, 6, 1, 3),
        ("INSERT", 2, 6, 2, 3), ("COMMIT",),
    ]  # fmt: skip
    session.close()
    assert (home.closed, replica.closed) == (1, 1)


@pytest.mark.parametrize("rollback", ["ok", LOST])
def test_a_transaction_that_fails_is_rolled_back_and_says_why(connected, rollback):
    home = Connection("ok", DEADLOCK, rollback)
    connected(home)
    session = rows().open(0, Bounds())
    with pytest.raises(pymysql.err.OperationalError, match="1213"):
        session.perform(TRANSACTION, 1)

    assert [asked[0] for asked in home.asked] == ["BEGIN", "INSERT", "ROLLBACK"]


def test_a_reader_that_is_lost_is_connected_anew_and_costs_the_writer_nothing(connected):
    home, lost, again = Connection(), Connection(LOST), Connection((3,))
    led = connected(home, lost, OSError("refused"), again)
    session = rows({WRITE: 1, READ: 1}, READER).open(0, Bounds())
    for error in (pymysql.err.OperationalError, OSError):
        with pytest.raises(error):
            session.perform(READ, 1)
    assert session.perform(READ, 1) == seen(3, own=False)
    assert (lost.closed, home.closed, led) == (1, 0, ["cluster", *["reader"] * 3])


def test_our_table_is_read_in_pages(connected, monkeypatch):
    monkeypatch.setattr(inserts, "AUDIT_ROWS", 2)
    connection = Connection([(1, 0, 0), (4, 0, 1)], [(5, 1, 0)])
    connected(connection)
    workload = InsertWorkload(PLACE, "run")

    assert list(workload.stored(PLACE)) == [(0, 0), (0, 1), (1, 0)]
    assert [asked[1] for asked in connection.asked] == [0, 4]
    assert workload.made == "table d.rds_writes_run"
    assert workload.insert_head == b"INSERT INTO rds_writes_run (writer, sequence) VALUES "
    connected(Connection([]))
    assert list(workload.stored(PLACE)) == []


class Sessions:
    """A workload whose sessions fail as they are told, each in turn."""

    steps, torn, needs_writer, made = (WRITE,), (), True, "table t"

    def __init__(self, *results):
        self.results, self.opened, self.closed = list(results), 0, 0

    def open(self, *_):
        self.opened += 1
        if self.results and self.results[0] == "refused":
            self.results.pop(0)
            raise pymysql.err.OperationalError(2003, "refused")
        return self

    instance = "i-1"

    def perform(self, *_):
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def close(self):
        self.closed += 1


def retried(*results, retries=2):
    """Do a write that is tried again; return its session, what came of it, and its attempts."""
    journal, inner = Journal("run", 1), Sessions(*results)
    workload = RetryingWorkload(inner, journal, retries, ReconnectPolicy(backoff=0.0))
    session = workload.open(0, Bounds())
    session.attempts.begin(0)
    try:
        found = session.perform(WRITE, 0)
    except Exception as error:  # noqa: BLE001 - what it raises is looked at
        found = error
    attempts = journal.writers[0].attempts
    return inner, found, [Outcome(outcome).name for outcome in attempts.outcome], session


@pytest.mark.parametrize(
    ("results", "found", "outcomes", "opened"),
    [
        ([7], 7, ["ACKED"], 1),
        ([LOST, 7], 7, ["UNKNOWN", "ACKED"], 2),
        ([DEADLOCK, 7], 7, ["REFUSED", "ACKED"], 1),
        ([LOST, "refused", 7], 7, ["UNKNOWN", "REFUSED", "ACKED"], 3),
        ([LOST, LOST, DEADLOCK, 7], DEADLOCK, ["UNKNOWN", "UNKNOWN", "REFUSED"], 3),
    ],
)
def test_a_write_is_tried_again_on_a_new_connection_unless_the_last_one_is_good(
    results, found, outcomes, opened
):
    inner, told, attempts, session = retried(*results)

    assert (told, attempts, inner.opened) == (found, outcomes, opened)
    assert inner.closed == opened - 1 - (results[1:2] == ["refused"])
    assert session.instance == "i-1"
    session.close()
    session.close()
    assert session.instance is None


def test_without_retries_the_first_failure_counts():
    inner, told, attempts, _ = retried(DEADLOCK, 7, retries=0)
    assert (told, attempts) == (DEADLOCK, ["REFUSED"])
    assert inner.results == [7]


def test_an_operation_does_not_go_on_trying_beyond_the_end_of_a_load(monkeypatch):
    moments = iter([0.0, retrying.LONGEST, retrying.LONGEST + 0.1])
    clock = SimpleNamespace(monotonic=lambda: next(moments), sleep=lambda _: None)
    monkeypatch.setattr(retrying, "time", clock)
    _, told, attempts, _ = retried(DEADLOCK, DEADLOCK, 7, retries=9)
    assert (told, attempts) == (DEADLOCK, ["REFUSED"] * 2)


def test_a_writer_is_connected_at_first_and_later_when_it_writes():
    inner = Sessions()
    workload = RetryingWorkload(inner, Journal("run", 2), 1, ReconnectPolicy())
    for writer, opened in ((0, 1), (0, 1), (1, 2)):
        workload.open(writer, Bounds())
        assert inner.opened == opened
