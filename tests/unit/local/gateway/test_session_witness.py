"""What a session writes, and what of it is kept."""

import pytest
from client_sessions import (
    CHANGE_USER,
    EXECUTE,
    INSERT,
    PING,
    QUERY,
    RESET,
    Session,
    seen,
)

from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT, STATUS_IN_TRANS


def test_a_key_that_is_stored_stays_so_and_a_later_write_that_fails_is_counted(witness, session):
    session.do(INSERT % 1)
    session.do(INSERT % 1, error=1146)
    assert (seen(witness).keys, seen(witness).failing_keys) == ({"0": 1}, {"0": 1})
    session.do(INSERT % 1)
    assert seen(witness).failing_keys == {}


def test_a_write_whose_answer_nobody_saw_may_be_stored(witness, session):
    session.ask(INSERT % 1)
    assert seen(witness).keys == {"0": 0}
    session.end()
    assert (seen(witness).keys, seen(witness).failing_keys) == ({"0": 1}, {})


@pytest.mark.parametrize(("sql", "kept"), [(b"COMMIT", 1), (b"SELECT 1", 0)])
def test_a_commit_whose_answer_nobody_saw_may_have_stored_all(witness, session, sql, kept):
    session.begin(INSERT % 1)
    session.ask(QUERY + sql)
    session.end()
    assert seen(witness).keys == {"0": kept}


UPDATE = QUERY + b"UPDATE t SET n = 1 WHERE k = 'run-0-1'"


def test_a_write_that_changes_no_row_stores_no_key_and_takes_none_back(witness, session):
    session.do(UPDATE, changed=False)
    assert (seen(witness).keys, seen(witness).unchanged_keys) == ({"0": 0}, {"0": 1})
    session.do(INSERT % 1, UPDATE)
    session.do(UPDATE, changed=False)
    assert (seen(witness).keys, seen(witness).unchanged_keys) == ({"0": 1}, {})


@pytest.mark.parametrize(
    ("sql", "unchanged"),
    [
        (b"DELETE FROM t", 1),
        (b"REPLACE INTO t SELECT 1 FROM u", 1),
        (b"LOAD DATA LOCAL INFILE 'nothing' INTO TABLE t", 1),
        (b"CALL p(7)", 0),
        (b"CREATE TABLE u (k INT)", 0),
    ],
)
def test_writes_without_a_key_that_change_no_row_are_counted_where_the_answer_tells(
    witness, session, sql, unchanged
):
    session.do(QUERY + sql, changed=False)
    assert (seen(witness).unchanged, seen(witness).writes) == (unchanged, 1 - unchanged)


TEMPORARY = [
    (b"CREATE TEMPORARY TABLE t (k INT)", 0),
    (b"/* why */ create or replace temporary table if not exists `T` (k INT)", 0),
    (b"CREATE TEMPORARY TABLE app.t (k INT)", 0),
    (b"CREATE TEMPORARY TABLE u (k INT)", 1),
    (b"CREATE TABLE t (k INT)", 1),
]


@pytest.mark.parametrize(("made", "kept"), TEMPORARY)
def test_what_is_written_into_a_table_of_the_session_alone_is_not_stored(
    witness, session, made, kept
):
    session.do(QUERY + made, INSERT % 1)
    assert seen(witness).keys == {"0": kept}
    session.do(QUERY + b"INSERT INTO kept SELECT k FROM t")  # carries the key on
    assert seen(witness).keys == {"0": 1}


DROPPED = [QUERY + b"DROP TEMPORARY TABLE t"]


@pytest.mark.parametrize("end", [DROPPED, [RESET], [CHANGE_USER]])
def test_a_temporary_table_ends(witness, session, end):
    session.do(QUERY + b"CREATE TEMPORARY TABLE t (k INT)", *end)
    assert (seen(witness).writes, seen(witness).unchanged) == (end == DROPPED, 0)
    session.do(INSERT % 1)
    assert seen(witness).keys == {"0": 1}


@pytest.mark.parametrize(
    "statements",
    [
        [QUERY + b"SET @k = 'run-0-1'", QUERY + b"EXECUTE s USING @k"],
        [QUERY + b"PREPARE s FROM 'INSERT INTO t VALUES (''run-0-1'')'", QUERY + b"EXECUTE s"],
        [b"\x18\x01\x00\x00\x00\x00\x00run-0-1", EXECUTE + b"\x01\x00\x00\x00"],
    ],
)
def test_a_key_may_be_carried_by_an_earlier_message(witness, session, statements):
    session.do(statements[0])
    assert sum(seen(witness).keys.values()) == 0
    session.do(statements[1])
    assert seen(witness).keys == {"0": 1}


def test_what_was_carried_and_used_is_not_taken_for_the_next(witness, session):
    for number in (1, 2):
        session.do(QUERY + b"SET @k = 'run-0-%d'" % number, QUERY + b"EXECUTE s USING @k")
    assert seen(witness).keys == {"0": 2}


def test_what_was_carried_is_forgotten_when_the_next_is(witness, session):
    for number in (1, 2):
        session.do(QUERY + b"SET @k = 'run-0-%d'" % number)
        session.do(QUERY + b"EXECUTE s USING @k", error=number - 1 and 1146)
    assert seen(witness).keys == {"0": 1}


@pytest.mark.parametrize("anew", [RESET, CHANGE_USER])
def test_what_was_carried_ends_with_its_session(witness, session, anew):
    session.do(QUERY + b"SET @k = 'run-0-1'", anew, QUERY + b"INSERT INTO t VALUES (@k)")
    assert sum(seen(witness).keys.values()) == 0


def test_what_is_asked_in_a_transaction_counts_when_that_is_committed(witness, session):
    session.begin(QUERY + b"SELECT put('run-0-1')")
    assert seen(witness).keys == {"0": 0}
    session.do(QUERY + b"COMMIT")
    assert (seen(witness).keys, seen(witness).stored_keys) == ({"0": 1}, {"0": 0})
    assert seen(witness).commits == 0


def test_calls_and_rollbacks_are_counted(witness, session):
    call = QUERY + b"CALL put('run-0-1')"
    session.do(call, QUERY + b"ROLLBACK", QUERY + b"ROLLBACK TO SAVEPOINT a")
    session.do(call, error=1146)
    session.ask(call)
    session.end()
    found = seen(witness)
    assert (found.calls, found.failed_calls, found.rollbacks) == (1, 2, 1)


def test_what_the_gateway_rolled_back_is_no_write_and_no_procedure_s_doing(witness, session):
    session.begin(INSERT % 1)
    session.ask(INSERT % 2)
    session.roll_back()
    session.do(QUERY + b"COMMIT")
    assert (seen(witness).keys, seen(witness).rollbacks) == ({"0": 0}, 1)


def test_what_was_open_when_a_session_ended_is_not_committed_by_another(witness, session):
    session.begin(INSERT % 1)
    session.end()
    session.do(QUERY + b"COMMIT")
    assert (seen(witness).keys, seen(witness).uncommitted_keys) == ({"0": 0}, {"0": 1})


def test_a_batch_that_fails_takes_no_key_back(witness, session):
    session.do(INSERT % 1, INSERT % 2)
    session.do(QUERY + b"INSERT INTO t VALUES ('run-0-1'), ('run-0-2')", error=1146)
    assert (seen(witness).keys, seen(witness).failing_keys) == ({"0": 2}, {})


def test_a_savepoint_may_come_before_the_first_write(witness, session):
    session.do(QUERY + b"SAVEPOINT a")
    session.begin(INSERT % 1, QUERY + b"ROLLBACK TO SAVEPOINT a")
    session.do(QUERY + b"COMMIT")
    assert seen(witness).keys == {"0": 0}


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
    "in a text that writes": [QUERY + b"INSERT INTO t VALUES (8); ROLLBACK"],
    "of two phases": [QUERY + b"XA ROLLBACK 'x'"],
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


@pytest.mark.parametrize(
    ("status", "alone"),
    [
        (STATUS_AUTOCOMMIT, True),
        (STATUS_AUTOCOMMIT | STATUS_IN_TRANS, False),
        (STATUS_IN_TRANS, False),
        (0, False),  # without autocommit, before the transaction's first statement
    ],
)
def test_a_write_commits_by_itself_with_autocommit_outside_of_a_transaction(session, status, alone):
    session.ask(INSERT % 1)

    assert bool(session._witness.commits(status)) is alone
