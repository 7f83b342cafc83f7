import pytest

from pytest_rdsfailover.local.gateway.keys import Keys
from pytest_rdsfailover.local.gateway.witness import MOST_MARKS, TrafficCounter
from pytest_rdsfailover.model.target import Traffic

QUERY, EXECUTE, BULK, PING = b"\x03", b"\x17", b"\xfa", b"\x0e"


def test_statements_are_counted_by_endpoint_and_those_with_a_mark_apart():
    witness = TrafficCounter()
    cluster, proxy = witness.at("cluster"), witness.at("proxy")
    cluster.connections += 1
    cluster.begin(QUERY + b"SELECT 'run-0-0'")  # before anybody asked for the mark
    witness.watch(b"run")

    first = cluster.begin(QUERY + b"INSERT INTO t VALUES ('run-0-1')")
    second = cluster.begin(EXECUTE + b"....run-0-2")
    assert cluster.begin(QUERY + b"SELECT 1") is None
    assert cluster.begin(PING) is None
    assert proxy.begin(QUERY + b"SELECT 1") is None
    assert first.by is second.by
    first.answered(0)

    assert witness.tell(b"run") == {
        "cluster": Traffic(connections=1, statements=4, marked=2, confirmed=1, keys={"0": 1}),
        "proxy": Traffic(statements=1),
    }
    assert witness.tell(b"other")["cluster"].marked == 0


def test_an_endpoint_that_is_used_later_counts_the_marks_of_before():
    witness = TrafficCounter()
    witness.watch(b"run")
    assert witness.at("reader").begin(QUERY + b"run-0-0") is not None


def test_a_mark_is_watched_once_and_of_too_many_the_oldest_is_forgotten():
    witness = TrafficCounter()
    seen = witness.at("cluster")
    for number in range(MOST_MARKS):
        witness.watch(b"run%d." % number)
    seen.begin(QUERY + b"run0.")
    witness.watch(b"run0.")
    assert witness.tell(b"run0.")["cluster"].marked == 1

    witness.watch(b"one more")
    assert witness.tell(b"run0.")["cluster"].marked == 0
    assert len(seen.marked) == MOST_MARKS


def test_a_key_at_the_end_of_a_very_long_statement_is_found():
    assert confirmed(QUERY + b"INSERT " + b"x" * 1_000_000 + b"run-0-7") == {"0": 1}


def confirmed(*messages, error=0):
    """Return how many keys of each writer are confirmed after some statements with one answer."""
    witness = TrafficCounter()
    witness.watch(b"run")
    seen = witness.at("cluster")
    for message in messages:
        carried = seen.begin(message)
        if carried is not None:
            carried.answered(error)
    return witness.tell(b"run")["cluster"].keys


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
def test_keys_are_counted_by_writer_each_once(message, keys):
    assert confirmed(message, message) == keys


def test_a_write_that_is_there_already_is_confirmed_and_one_that_failed_is_not():
    insert = QUERY + b"INSERT INTO t VALUES ('run-0-1')"
    assert confirmed(insert, error=1062) == {"0": 1}
    assert confirmed(insert, error=1290) == {"0": 0}


def test_the_last_statement_with_a_key_of_its_own_decides():
    witness = TrafficCounter()
    witness.watch(b"run")
    seen = witness.at("cluster")
    seen.begin(QUERY + b"SELECT 1 FROM t WHERE k = 'run-0-1'").answered(0)
    seen.begin(QUERY + b"SELECT 1 FROM t WHERE k = 'run-0-2'").answered(0)
    seen.begin(QUERY + b"INSERT INTO t VALUES ('run-0-1')")  # is never answered
    assert witness.tell(b"run")["cluster"].keys == {"0": 1}
    seen.begin(QUERY + b"SELECT 1 FROM t WHERE k IN ('run-0-1', 'run-0-2')")  # somebody looks
    assert witness.tell(b"run")["cluster"].keys == {"0": 1}


def test_a_look_after_a_failed_write_confirms_nothing_and_takes_nothing_back():
    witness = TrafficCounter()
    witness.watch(b"run")
    seen = witness.at("cluster")
    seen.begin(QUERY + b"INSERT INTO t VALUES ('run-0-1')").answered(1290)
    seen.begin(QUERY + b"SELECT COUNT(*) FROM t WHERE k = 'run-0-1'").answered(0)
    assert witness.tell(b"run")["cluster"].keys == {"0": 0}
    seen.begin(QUERY + b"INSERT INTO t VALUES ('run-0-1')").answered(0)
    seen.begin(QUERY + b"SELECT COUNT(*) FROM t WHERE k = 'run-0-1'")  # is never answered
    assert witness.tell(b"run")["cluster"].keys == {"0": 1}


def test_keys_that_nobody_made_fill_no_memory():
    keys = Keys(b"run")
    for writer in range(100):
        keys.note((writer, 9_999_999_999), confirmed=True)
    keys.note((0, 1), confirmed=True)
    assert keys.counts() == {}


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        (b"insert into t values (7)", 1),
        (b"/* from a/b */ INSERT INTO t VALUES (7)", 1),
        (b"CALL place_order(7)", 1),
        (b"COMMIT", 0),
        (b"  select 1", 0),
        (b"/* ping */ SELECT 1", 0),
        (b"-- why\nSET autocommit = 0", 0),
        (b"SELECTED = 1", 1),
    ],
)
def test_statements_without_a_key_that_may_write_are_counted(sql, writes):
    witness = TrafficCounter()
    assert witness.at("cluster").begin(QUERY + sql) is None
    assert witness.tell(b"run")["cluster"].writes == writes


def test_prepared_statements_without_a_key_may_write():
    witness = TrafficCounter()
    witness.at("cluster").begin(EXECUTE + b"\x01\x00\x00\x00")
    assert witness.tell(b"run")["cluster"].writes == 1
