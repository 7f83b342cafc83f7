"""What only a local server itself counts, and what of it came since an earlier look."""

from contextlib import contextmanager
from types import SimpleNamespace

import pymysql
import pytest

from pytest_rdsfailover.trial import server_counts as module
from pytest_rdsfailover.trial.server_counts import ServerCounts, server_counts, tables_in_memory

SERVER = SimpleNamespace(mode="local", audit_endpoint=lambda: None)
LIVE = SimpleNamespace(mode="live", audit_endpoint=pytest.fail)


@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        ((5, 10), (7, 13), (2, 3)),
        ((5, 10), (5, 10), (0, 0)),
        ((5, None), (7, 13), (2, None)),
        ((5, 10), (7, None), (2, None)),
        ((5, 10), (4, 13), None),
        ((5, 10), (7, 9), None),
    ],
    ids=["more", "nothing", "counted later", "counted no more", "started anew", "and wrote"],
)
def test_counts_are_those_since_an_earlier_look_at_the_same_server(before, now, since):
    found = ServerCounts(*now).since(ServerCounts(*before))

    assert found == (since and ServerCounts(*since))


@pytest.fixture
def answering(monkeypatch):
    """Let the server answer with rows, or with an error; return what it was asked."""
    asked = []

    def answer(rows):
        @contextmanager
        def cursor():
            yield SimpleNamespace(execute=asked.append, fetchall=lambda: rows)

        @contextmanager
        def connect(*_, **__):
            if isinstance(rows, Exception):
                raise rows
            yield SimpleNamespace(cursor=cursor)

        monkeypatch.setattr(module.driver, "connect", connect)
        return asked

    return answer


def test_a_server_tells_its_rollbacks_and_changed_rows(answering):
    asked = answering([("Com_rollback", "3"), ("Innodb_rows_inserted", "4")])
    assert server_counts(SERVER) == ServerCounts(rollbacks=3, changed=4)
    assert "Com_rollback" in asked[0]

    answering([("Com_rollback", "3")])
    assert server_counts(SERVER) == ServerCounts(rollbacks=3, changed=None)
    answering([("Innodb_rows_inserted", "4")])
    assert server_counts(SERVER) is None


def test_a_server_tells_its_tables_in_memory(answering):
    asked = answering([("app.carts",), ("app.seen",)])

    assert tables_in_memory(SERVER) == ("app.carts", "app.seen")
    assert "MEMORY" in asked[0]


def test_a_real_cluster_is_not_asked(answering):
    answering([("Com_rollback", "3")])

    assert server_counts(LIVE) is None
    assert tables_in_memory(LIVE) == ()


@pytest.mark.parametrize("code", [1142, 2003])
def test_a_server_that_refuses_or_does_not_answer_tells_nothing(answering, code):
    answering(pymysql.err.OperationalError(code, "no"))

    assert server_counts(SERVER) is None
    assert tables_in_memory(SERVER) == ()


def test_a_fault_of_our_own_is_no_silence_of_the_server(answering):
    answering(ZeroDivisionError("ours"))

    with pytest.raises(ZeroDivisionError, match="ours"):
        server_counts(SERVER)
