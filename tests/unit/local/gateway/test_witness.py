import itertools

import pytest

from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.keys import Keys
from pytest_rdsfailover.local.gateway.session_witness import SessionWitness
from pytest_rdsfailover.local.gateway.witness import MOST_MARKS, TrafficCounter
from pytest_rdsfailover.model.target import Traffic
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT, STATUS_IN_TRANS
from pytest_rdsfailover.mysql.statements import SqlDialect

QUERY, PREPARE, EXECUTE, BULK, PING = b"\x03", b"\x16", b"\x17", b"\xfa", b"\x0e"
RESET, CHANGE_USER = b"\x1f", b"\x11"
INSERT = QUERY + b"INSERT INTO t VALUES ('run-0-%d')"


class Session:
    """A session at an endpoint whose server answers as it is told."""

    def __init__(self, witness, endpoint="cluster"):
        self.times = itertools.count()
        self.commits = Commits(clock=lambda: next(self.times))
        self._witness = SessionWitness(witness.at(endpoint), self.commits)

    def ask(self, message):
        """Send a command that is not answered yet."""
        self._witness.begin(message, SqlDialect(), multi=True)

    def do(self, *messages, error=0, in_transaction=False):
        """Send commands, each answered with an error, or with a transaction open or not."""
        for message in messages:
            self.ask(message)
            status = STATUS_AUTOCOMMIT | (STATUS_IN_TRANS if in_transaction else 0)
            self._witness.answered(error, status)

    def begin(self, *messages):
        """Send commands in a transaction that is open after each."""
        self.do(*messages, in_transaction=True)

    def prepare(self, sql, number=b"\x01\x00\x00\x00"):
        self.do(PREPARE + sql)
        self._witness.prepared(number, PREPARE + sql)
        return EXECUTE + number


@pytest.fixture
def witness():
    witness = TrafficCounter()
    witness.watch(b"run")
    return witness


@pytest.fixture
def session(witness):
    return Session(witness)


def seen(witness):
    return witness.tell(b"run")["cluster"]


def test_statements_are_counted_by_endpoint_and_those_with_a_mark_apart():
    witness = TrafficCounter()
    session, proxy = Session(witness), Session(witness, "proxy")
    witness.at("cluster").connections += 1
    session.do(QUERY + b"SELECT 'run-0-0'")  # before anybody asked for the mark
    witness.watch(b"run")

    session.do(QUERY + b"INSERT INTO t VALUES ('run-0-1')")
    session.ask(EXECUTE + b"....run-0-2")
    session.do(PING)
    session.do(QUERY + b"SELECT 1")
    proxy.do(QUERY + b"SELECT 1")

    assert witness.tell(b"run") == {
        "cluster": Traffic(
            connections=1,
            statements=4,
            marked=2,
            confirmed=1,
            commits=1,
            keys={"0": 1},
            stored_keys={"0": 1},
        ),
        "proxy": Traffic(statements=1),
    }
    assert witness.tell(b"other")["cluster"].marked == 0


def test_an_endpoint_that_is_used_later_counts_the_marks_of_before(witness):
    Session(witness, "reader").do(QUERY + b"run-0-0")
    assert witness.tell(b"run")["reader"].marked == 1


def test_a_mark_is_watched_once_and_of_too_many_the_oldest_is_forgotten():
    witness = TrafficCounter()
    session = Session(witness)
    for number in range(MOST_MARKS):
        witness.watch(b"run%d." % number)
    session.do(QUERY + b"run0.")
    witness.watch(b"run0.")
    assert witness.tell(b"run0.")["cluster"].marked == 1

    witness.watch(b"one more")
    assert witness.tell(b"run0.")["cluster"].marked == 0


def test_a_key_at_the_end_of_a_very_long_statement_is_found(witness, session):
    session.do(QUERY + b"INSERT " + b"x" * 1_000_000 + b"run-0-7")
    assert seen(witness).keys == {"0": 1}


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        (QUERY + b"INSERT INTO t VALUES ('run-3-0'), ('run-3-1'), ('run-12-5')", {"3": 2, "12": 1}),
        (EXECUTE + b"\x01\x00\x00\x00\x00\x01\x00\x00\x00\x07run-3-10", {"3": 1}),
        (BULK + b"\x01\x00\x00\x00\x80\x00\xfd\x00\x00\x07run-3-1\x00\x07run-3-2", {"3": 2}),
        (QUERY + b'INSERT INTO t VALUES (\'{"order": "run-3-1"}\')', {"3": 1}),
        (QUERY + b"CREATE TABLE rds_writes_run (id INT)", {}),
        (QUERY + b"INSERT INTO rds_writes_run VALUES (3, 1)", {}),  # our own inserts have no keys
    ],
)
def test_keys_are_counted_by_writer_each_once(witness, session, message, keys):
    session.do(message, message)
    assert seen(witness).keys == keys


def test_a_write_that_is_there_already_is_confirmed_and_one_that_failed_is_not(witness, session):
    session.do(INSERT % 1, error=1290)
    assert seen(witness).keys == {"0": 0}
    session.do(INSERT % 1, error=1062)
    assert seen(witness).keys == {"0": 1}


def test_the_last_write_with_a_key_of_its_own_decides(witness, session):
    session.do(INSERT % 1)
    session.ask(INSERT % 1)  # is never answered
    assert seen(witness).keys == {"0": 0}
    assert seen(witness).stored_keys == {"0": 1}  # it was stored meanwhile


LOOKS = [
    b"SELECT 1 FROM t WHERE k = 'run-0-1'",
    b"  select count(*) from t where k in ('run-0-1', 'run-0-2')",
    b"/* is it there? */ (SELECT * FROM t WHERE k = 'run-0-1')",
    b"WITH c AS (SELECT * FROM t WHERE k = 'run-0-1') SELECT * FROM c",
    b"SET @n = (SELECT COUNT(*) FROM t WHERE k = 'run-0-1')",
    b"BEGIN; SELECT * FROM t WHERE k = 'run-0-1'; COMMIT",
]


@pytest.mark.parametrize("sql", LOOKS)
def test_who_only_looks_for_a_row_has_stored_none(witness, session, sql):
    session.do(QUERY + sql)
    assert seen(witness).keys == {"0": 0}


def test_who_looks_by_a_prepared_statement_has_stored_none(witness, session):
    session.do(session.prepare(b"SELECT 1 FROM t WHERE k = ?") + b".....run-0-1")
    assert seen(witness).keys == {"0": 0}


def test_a_look_takes_nothing_back(witness, session):
    session.do(INSERT % 1)
    session.do(session.prepare(b"SELECT 1 FROM t WHERE k = ?") + b".....run-0-1", error=1317)
    for sql in LOOKS:
        session.ask(QUERY + sql)
    assert seen(witness).keys == {"0": 1}


def test_a_statement_that_only_asks_confirms_no_key_whose_write_failed(witness, session):
    session.do(INSERT % 1, error=1290)
    session.do(QUERY + b"SELECT 'run-0-1'", QUERY + b"SELECT 'run-0-2'")
    assert seen(witness).keys == {"0": 1}


def test_a_key_in_the_text_of_a_prepared_statement_is_read(witness, session):
    session.do(session.prepare(b"INSERT INTO t VALUES ('run-0-1')"))
    session.do(EXECUTE + b"\xff\xff\xff\xff")  # the one that was prepared last
    assert seen(witness).keys == {"0": 1}
    assert seen(witness).confirmed == 2


# What is written and what is committed.

COMMITTED = {
    "by COMMIT": [b"COMMIT"],
    "by its comment's COMMIT": [b"/* x */ commit /* y */"],
    "by COMMIT and a chain": [b"COMMIT AND CHAIN"],
    "by the next BEGIN": [b"BEGIN"],
    "by START TRANSACTION": [b"START TRANSACTION"],
    "after a savepoint": [b"SAVEPOINT a", b"ROLLBACK TO a", b"COMMIT"],
    "in a text": [b"SELECT 1; COMMIT; BEGIN; SELECT 2"],
}


@pytest.mark.parametrize("statements", COMMITTED.values(), ids=COMMITTED)
def test_a_key_is_confirmed_by_the_commit(witness, session, statements):
    session.begin(QUERY + b"BEGIN", INSERT % 1)
    assert (seen(witness).keys, seen(witness).uncommitted_keys) == ({"0": 0}, {"0": 1})
    for sql in statements:
        session.begin(QUERY + sql)
    assert (seen(witness).keys, seen(witness).uncommitted_keys) == ({"0": 1}, {})
    assert (seen(witness).confirmed, seen(witness).commits) == (1, 1)


def test_what_ends_a_transaction_without_a_word_commits_it(witness, session):
    session.begin(INSERT % 1, INSERT % 2)
    session.do(QUERY + b"SET autocommit = 1")  # as DDL and LOCK TABLES do
    assert (seen(witness).keys, seen(witness).commits) == ({"0": 2}, 1)


UNDONE = {
    "by ROLLBACK": [QUERY + b"ROLLBACK"],
    "by a chain": [QUERY + b"ROLLBACK WORK AND CHAIN", QUERY + b"COMMIT"],
    "by a reset": [RESET, QUERY + b"COMMIT"],
    "by another user": [CHANGE_USER, QUERY + b"COMMIT"],
    "to a savepoint": [QUERY + b"ROLLBACK TO SAVEPOINT `A`", QUERY + b"COMMIT"],
    "in a text": [QUERY + b"SELECT 1; ROLLBACK; SELECT 2"],
}


@pytest.mark.parametrize("messages", UNDONE.values(), ids=UNDONE)
def test_what_is_rolled_back_is_never_confirmed(witness, session, messages):
    session.begin(QUERY + b"SAVEPOINT a", INSERT % 1)
    session.do(*messages)
    session.do(QUERY + b"INSERT INTO t VALUES (7)")
    assert (seen(witness).keys, seen(witness).uncommitted_keys) == ({"0": 0}, {"0": 1})
    assert (seen(witness).commits, seen(witness).writes) == (0, 1)


@pytest.mark.parametrize(("error", "kept"), [(1213, 0), (1205, 1), (1064, 1)])
def test_a_deadlock_undoes_the_whole_transaction(witness, session, error, kept):
    session.begin(INSERT % 1)
    session.do(INSERT % 2, error=error)
    session.do(QUERY + b"COMMIT")
    assert seen(witness).keys == {"0": kept}


def test_a_commit_that_fails_commits_nothing(witness, session):
    session.begin(INSERT % 1)
    session.do(QUERY + b"COMMIT", error=1105)
    session.do(QUERY + b"SELECT 1")
    assert seen(witness).keys == {"0": 0}


def test_a_duplicate_of_a_row_of_ones_own_open_transaction_is_no_confirmation(witness, session):
    session.begin(INSERT % 1)
    session.do(INSERT % 1, error=1062)
    assert seen(witness).keys == {"0": 0}
    session.do(QUERY + b"COMMIT")
    assert seen(witness).keys == {"0": 1}


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        (b"BEGIN; INSERT INTO t VALUES ('run-0-1'); COMMIT", {"0": 1}),
        (b"BEGIN; INSERT INTO t VALUES ('run-0-1'); ROLLBACK", {"0": 0}),
        (b"ROLLBACK; INSERT INTO t VALUES ('run-0-1')", {"0": 1}),
        (b"INSERT INTO t VALUES ('a;'); INSERT INTO t VALUES ('run-0-1'), ('run-0-2');", {"0": 2}),
        (b"INSERT INTO t VALUES ('run-0-1; ROLLBACK')", {"0": 1}),
    ],
)
def test_a_text_of_several_statements(witness, session, sql, keys):
    session.do(QUERY + sql)
    assert seen(witness).keys == keys


def test_xa_transactions_are_committed_by_any_session(witness, session):
    for number in (1, 2):
        session.begin(QUERY + b"XA START 'x%d'" % number, INSERT % number)
        session.begin(QUERY + b"XA END 'x%d'" % number)
        session.do(QUERY + b"XA PREPARE 'x%d'" % number)
    assert seen(witness).keys == {"0": 0}
    other = Session(witness)
    other.do(QUERY + b"XA ROLLBACK 'x1'", QUERY + b"xa commit 'x2'")
    assert (seen(witness).keys, seen(witness).uncommitted_keys) == ({"0": 1}, {"0": 1})


def test_writes_without_a_key_are_counted_when_they_are_committed(witness, session):
    insert = QUERY + b"INSERT INTO t VALUES (7)"
    session.begin(insert, insert)
    assert (seen(witness).writes, seen(witness).uncommitted) == (0, 2)
    session.do(QUERY + b"COMMIT")
    assert (seen(witness).writes, seen(witness).uncommitted) == (2, 0)
    session.do(insert, error=1146)
    assert (seen(witness).writes, seen(witness).refused) == (2, 1)


def test_keys_that_nobody_made_fill_no_memory():
    keys = Keys(b"run")
    for writer in range(100):
        keys.confirm((writer, 9_999_999_999))
    keys.see((0, 1))
    keys.confirm((0, 1))
    assert keys.counts() == {}


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        (b"insert into t values (7)", 1),
        (b"/* from a/b */ INSERT INTO t VALUES (7)", 1),
        (b"CALL place_order(7)", 1),
        (b"WITH c AS (SELECT 1) UPDATE t SET k = 1", 1),
        (b"SET STATEMENT max_statement_time = 1 FOR INSERT INTO t VALUES (7)", 1),
        (b"BEGIN NOT ATOMIC INSERT INTO t VALUES (7); END", 1),
        (b"COMMIT", 0),
        (b"  select 1", 0),
        (b"/* ping */ SELECT 1", 0),
        (b"-- why\nSET autocommit = 0", 0),
        (b"SELECTED = 1", 1),
    ],
)
def test_statements_without_a_key_that_may_write_are_counted(witness, session, sql, writes):
    session.do(QUERY + sql)
    assert seen(witness).writes == writes


def test_prepared_statements_without_a_key_may_write(witness, session):
    session.do(EXECUTE + b"\x01\x00\x00\x00")
    assert seen(witness).writes == 1
    session.do(session.prepare(b"SELECT 1"))
    assert seen(witness).writes == 1


COMMITTING = [
    ([INSERT % 1], []), ([QUERY + b"INSERT INTO other VALUES (1)"], []),
    ([QUERY + b"COMMIT"], [INSERT % 1, INSERT % 2]), ([QUERY + b"COMMIT AND CHAIN"], [INSERT % 1]),
    ([QUERY + b"CREATE TABLE n (i INT)"], [INSERT % 1]),
]  # fmt: skip


@pytest.mark.parametrize(("last", "before"), COMMITTING)
def test_a_commit_lasts_from_its_statement_to_the_answer(session, last, before):
    session.begin(*before)
    assert session.commits.count == 0
    session.do(*last)

    assert (session.commits.count, session.commits.duration) == (
        1,
        1,
    )  # the clock ticks at each look


@pytest.mark.parametrize(
    "statements",
    [[PING], [QUERY + b"SELECT 1"], [QUERY + b"COMMIT"], [QUERY + b"ROLLBACK"], [RESET]],
)
def test_what_commits_nothing_is_no_commit(session, statements):
    session.do(*statements)
    session.do(INSERT % 1, error=1205)

    assert (session.commits.count, session.commits.duration) == (0, 0)


def test_what_was_rolled_back_is_no_commit(session):
    session.begin(INSERT % 1)
    session.do(QUERY + b"ROLLBACK")

    assert session.commits.count == 0
