from pytest_rdsfailover.local.gateway.witness import LOOKED_AT, MOST_MARKS, TrafficCounter
from pytest_rdsfailover.model.target import Traffic

QUERY, EXECUTE, PING = b"\x03", b"\x17", b"\x0e"


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
    assert first is second
    first.confirmed += 1

    assert witness.tell(b"run") == {
        "cluster": Traffic(connections=1, statements=4, marked=2, confirmed=1),
        "proxy": Traffic(connections=0, statements=1, marked=0, confirmed=0),
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


def test_the_end_of_a_very_long_statement_is_not_searched():
    witness = TrafficCounter()
    witness.watch(b"run")
    assert witness.at("cluster").begin(QUERY + b"x" * LOOKED_AT + b"run") is None
