import pytest
from client_sessions import BULK, EXECUTE, INSERT, PING, QUERY, Session, seen

from pytest_rdsfailover.local.gateway.keys import Keys
from pytest_rdsfailover.local.gateway.witness import MOST_MARKS, TrafficCounter
from pytest_rdsfailover.model.traffic import Traffic


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
            by_readers=(),
        ),
        "proxy": Traffic(statements=1, by_readers=()),
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


def test_a_write_that_is_there_already_is_confirmed_if_one_with_its_key_may_be(witness, session):
    session.do(INSERT % 1, error=1290)
    assert seen(witness).keys == {"0": 0}
    session.do(INSERT % 1, error=1062)  # the row that is there is somebody else's
    assert (seen(witness).keys, seen(witness).confirmed) == ({"0": 0}, 0)
    session.ask(INSERT % 1)
    session.end()
    Session(witness).do(INSERT % 1, error=1062)
    assert (seen(witness).keys, seen(witness).confirmed) == ({"0": 1}, 1)


def test_rows_that_statements_without_a_key_changed_are_counted(witness, session):
    session.do(QUERY + b"INSERT INTO t SELECT k FROM u", rows=20)
    session.do(INSERT % 1, rows=1)
    assert seen(witness).rows == 20
    session.do(QUERY + b"CREATE TEMPORARY TABLE mine (k INT)")
    session.do(QUERY + b"INSERT INTO mine VALUES (1)", rows=1)
    assert seen(witness).rows == 20


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
        (b"RELEASE SAVEPOINT a", 0),
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


CALL = QUERY + b"CALL put('run-0-1')"


def test_what_a_reader_answers_well_has_stored_nothing(witness, session):
    session.do(CALL, QUERY + b"CALL put('hidden')", reader=True)
    assert (seen(witness).keys, seen(witness).writes, seen(witness).refused) == ({"0": 0}, 0, 1)
    session.do(QUERY + b"CREATE TEMPORARY TABLE mine (k INT)", reader=True)
    session.do(QUERY + b"INSERT INTO mine VALUES ('hidden')", reader=True)
    assert (seen(witness).refused, seen(witness).unchanged) == (1, 1)
    session.do(CALL)
    assert seen(witness).keys == {"0": 1}


def test_hidden_writes_of_which_nobody_saw_the_end_are_counted(witness, session):
    session.ask(QUERY + b"INSERT INTO t VALUES (1)")
    session.end()
    later = Session(witness)
    later.begin(QUERY + b"INSERT INTO t VALUES (2)")
    later.ask(QUERY + b"COMMIT")
    later.end()
    reads = Session(witness)
    reads.ask(QUERY + b"SELECT 1")
    reads.end()
    assert seen(witness).unanswered == 2


def test_a_function_that_a_variable_is_set_by_may_write_as_one_that_is_selected(witness, session):
    session.do(QUERY + b"SET @r = put_f('run-0-1')")
    session.begin(QUERY + b"SET @r = `app`.put_f ('run-0-2')")
    assert seen(witness).keys == {"0": 1}
    session.do(QUERY + b"COMMIT", QUERY + b"SET @k = 'run-0-3'")
    assert seen(witness).keys == {"0": 2}
    session.do(QUERY + b"SET @k = CONCAT('run-0-4', '')")
    session.do(QUERY + b"INSERT INTO t VALUES (@k)", error=1290)
    assert (seen(witness).keys, seen(witness).stored_keys) == ({"0": 2}, {"0": 0})


def lost(witness, endpoint="cluster"):
    return witness.tell(b"run")[endpoint].lost_answers


def test_keys_are_told_whose_write_lost_its_answer_until_they_are_answered_anywhere(witness):
    first, again = Session(witness), Session(witness)
    for number in (1, 2, 3, 4):
        first = Session(witness)
        first.ask(INSERT % number)
        first.end()
    assert lost(witness) == {"0": [1, 2, 3, 4]}

    again.do(INSERT % 1)  # written again
    again.do(INSERT % 2, error=1062)  # found by its duplicate
    Session(witness, "instance-2").do(QUERY + b"SELECT 'run-0-3'")  # looked for, by another way
    assert lost(witness) == {"0": [4]}
    assert lost(witness, "instance-2") == {}


def test_a_commit_without_an_answer_leaves_what_was_written_in_doubt(witness, session):
    session.begin(INSERT % 1)
    session.ask(QUERY + b"COMMIT")
    session.end()
    assert lost(witness) == {"0": [1]}
