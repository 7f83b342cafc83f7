"""What a session witness says of a command that is not answered yet, whatever stands before or behind it."""

import itertools

import pytest

from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.session_witness import SessionWitness
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT, STATUS_IN_TRANS
from pytest_rdsfailover.mysql.statements import SqlDialect

QUERY, PREPARE, EXECUTE = b"\x03", b"\x16", b"\x17"
NUMBER = b"\x01\x00\x00\x00"
ALONE, WITHIN, OFF = STATUS_AUTOCOMMIT, STATUS_AUTOCOMMIT | STATUS_IN_TRANS, 0


class Asking:
    """A session whose last command is on its way."""

    def __init__(self, *, multi=True):
        times = itertools.count()
        self.commits = Commits(clock=lambda: next(times))
        self.witness = SessionWitness(TrafficCounter().at("cluster"), self.commits)
        self._multi = multi

    def ask(self, message):
        self.witness.begin(message, SqlDialect(), multi=self._multi)
        return self

    def do(self, message, status=ALONE):
        self.ask(message).witness.answered(0, status)
        return self


INSERT = b"INSERT INTO t VALUES (1)"
OWN = b"CREATE TEMPORARY TABLE own (a INT)"


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        (b"SELECT 1", False),
        (INSERT, True),
        (b"SELECT 1; " + INSERT, True),
        (INSERT + b"; SELECT 1", True),
        (b"SELECT a FROM t; SET @a = 1; " + INSERT + b"; COMMIT", True),
        (b"BEGIN; SELECT 1; COMMIT", False),
        (b"CALL p()", False),
        (b"CALL p(); " + INSERT, True),
        (b"INSERT INTO own VALUES (1)", False),
        (b"SELECT 1; INSERT INTO own VALUES (1)", False),
        (b"INSERT INTO own VALUES (1); " + INSERT, True),
        (b"INSERT INTO own VALUES (1); DELETE FROM own", False),
        (b"CALL p(); SELECT 1", False),
        (b"SET @a = 1; INSERT INTO own VALUES (1); " + INSERT, True),
    ],
)
def test_one_statement_that_writes_is_enough(text, writes):
    asking = Asking().do(QUERY + OWN).ask(QUERY + text)

    assert asking.witness.writes is writes
    assert asking.witness.writing is writes


def test_before_a_command_and_behind_its_answer_nothing_is_written():
    assert not Asking().witness.writes
    assert not Asking().do(QUERY + INSERT).witness.writes


def test_without_several_statements_only_the_first_counts():
    assert not Asking(multi=False).ask(QUERY + b"SELECT 1; " + INSERT).witness.writes
    assert Asking().ask(QUERY + b"SELECT 1; " + INSERT).witness.writes


def test_what_is_open_is_being_written_while_something_else_is_asked():
    asking = Asking().do(QUERY + INSERT, WITHIN).ask(QUERY + b"SELECT 1")
    assert (asking.witness.writes, asking.witness.writing) == (False, True)
    asking.witness.answered(0, WITHIN)
    asking.do(QUERY + b"COMMIT")
    assert not asking.witness.writing


@pytest.mark.parametrize(
    ("text", "status", "open_write", "commits"),
    [
        (INSERT, ALONE, False, True),
        (INSERT, WITHIN, False, False),
        (INSERT, OFF, False, False),
        (b"COMMIT", WITHIN, True, True),
        (b"COMMIT", WITHIN, False, False),
        (b"ROLLBACK", WITHIN, True, False),
        (b"SELECT 1", ALONE, False, False),
        (b"SELECT 1", WITHIN, True, False),
        (b"SET @a = 1; " + INSERT, ALONE, False, True),
        (INSERT + b"; SET @a = 1", ALONE, False, True),
        (b"SELECT 1; COMMIT", WITHIN, True, True),
        (b"BEGIN", WITHIN, True, True),
        (b"XA COMMIT 'x'", ALONE, False, False),
    ],
)
def test_what_commits_is_a_write_alone_or_the_end_of_one(text, status, open_write, commits):
    asking = Asking()
    if open_write:
        asking.do(QUERY + INSERT, WITHIN)

    assert bool(asking.ask(QUERY + text).witness.commits(status)) is commits


def test_a_prepared_write_writes_at_each_use_until_it_is_closed():
    asking = Asking().do(PREPARE + INSERT)
    asking.witness.prepared(NUMBER, PREPARE + INSERT)
    for _ in range(2):
        assert asking.ask(EXECUTE + NUMBER + bytes(5)).witness.writes
        asking.witness.answered(0, ALONE)
    assert not asking.ask(QUERY + b"SELECT 1").witness.writes


def test_of_two_prepared_statements_each_is_itself():
    asking = Asking()
    for number, sql in ((NUMBER, INSERT), (b"\x02\x00\x00\x00", b"SELECT 1")):
        asking.do(PREPARE + sql).witness.prepared(number, PREPARE + sql)

    assert asking.ask(EXECUTE + NUMBER + bytes(5)).witness.writes
    assert not asking.ask(EXECUTE + b"\x02\x00\x00\x00" + bytes(5)).witness.writes
    assert not asking.ask(EXECUTE + b"\xff\xff\xff\xff" + bytes(5)).witness.writes  # the latest


def test_a_session_that_begins_anew_writes_into_no_table_of_its_own():
    asking = Asking().do(QUERY + OWN)
    assert asking.witness.owns_tables
    asking.do(b"\x1f")

    assert not asking.witness.owns_tables
    assert asking.ask(QUERY + b"INSERT INTO own VALUES (1)").witness.writes
