"""What one session has written: counted at a commit, and only what was not rolled back."""

import pytest

from pytest_rdsfailover.local.gateway.open_transaction import OpenTransaction
from pytest_rdsfailover.local.gateway.statement_kind import Does, kind


class Statement:
    """One that a session has sent; notes what became of it."""

    def __init__(self, name, does=Does.WRITES, marked=None, keys=()):
        self.name, self.does, self.marked, self.keys = name, does, marked, keys
        self.became = []

    def write(self):
        self.became.append("written")

    def commit(self):
        self.became.append("committed")

    def lose(self):
        self.became.append("lost")


class Load:
    commits = 0


class Seen:
    def __init__(self):
        self.prepared = {}


def played(text, seen=None):
    """Play a session's statements; return it and those that wrote, by name."""
    transaction, written = OpenTransaction(seen or Seen()), {}
    for sql in text.split("; "):
        if sql.islower() and " " not in sql:
            written[sql] = Statement(sql)
            transaction.write(written[sql])
        else:
            transaction.turn(kind(sql.encode()))
    committed = "".join(name for name, each in written.items() if "committed" in each.became)
    return transaction, committed


@pytest.mark.parametrize(
    ("text", "committed", "commits"),
    [
        ("a; COMMIT", "a", 1),
        ("a; b; COMMIT", "ab", 1),
        ("a; COMMIT; b; COMMIT", "ab", 2),
        ("COMMIT", "", 0),
        ("a; BEGIN", "a", 1),
        ("a; START TRANSACTION", "a", 1),
        ("a; ROLLBACK; COMMIT", "", 0),
        ("a; ROLLBACK; b; COMMIT", "b", 1),
        ("a; SAVEPOINT s; b; ROLLBACK TO s; COMMIT", "a", 1),
        ("a; SAVEPOINT s; b; ROLLBACK TO s; c; COMMIT", "ac", 1),
        ("SAVEPOINT s; a; ROLLBACK TO s; COMMIT", "", 0),
        ("a; SAVEPOINT s; b; SAVEPOINT t; c; ROLLBACK TO `T`; COMMIT", "ab", 1),
        ("a; SAVEPOINT s; b; SAVEPOINT t; c; ROLLBACK TO s; COMMIT", "a", 1),
        ("a; SAVEPOINT s; b; SAVEPOINT s; c; ROLLBACK TO s; COMMIT", "ab", 1),
        ("a; ROLLBACK TO nobody; COMMIT", "a", 1),
        ("SAVEPOINT s; a; COMMIT; b; ROLLBACK TO s; COMMIT", "ab", 2),  # it went with its transaction
        ("a; XA PREPARE 'x'; ROLLBACK; XA COMMIT 'x'", "a", 1),
        ("a; XA PREPARE 'x'; b; XA COMMIT 'x'", "ab", 1),
        ("a; XA PREPARE 'x'; XA COMMIT 'y'", "", 0),
        ("a; XA PREPARE 'x'; XA ROLLBACK 'x'; XA COMMIT 'x'", "", 0),
        ("a; XA PREPARE 'x'; b; XA ROLLBACK 'x'; COMMIT", "", 0),
        ("a; XA PREPARE 'x'; XA COMMIT 'x'; XA COMMIT 'x'", "a", 1),
        ("a; XA PREPARE 'x'; COMMIT", "", 0),
    ],
)  # fmt: skip
def test_what_was_not_rolled_back_is_committed_once(text, committed, commits):
    transaction, found = played(text)

    assert (found, transaction.commits) == (committed, commits)


def test_any_session_may_end_what_another_has_prepared():
    seen = Seen()
    played("a; XA PREPARE 'x'", seen)
    one = seen.prepared[b"x"][0]
    other = OpenTransaction(seen)
    other.turn(kind(b"XA COMMIT 'x'"))

    assert one.became == ["written", "committed"]
    assert (seen.prepared, other.commits) == ({}, 1)


def test_a_load_counts_one_commit_however_much_it_wrote():
    one, other = Load(), Load()
    transaction = OpenTransaction(Seen())
    for marked in (one, one, None, other):
        transaction.write(Statement("w", marked=marked))
    transaction.commit()

    assert (one.commits, other.commits, transaction.commits) == (1, 1, 1)


def test_who_only_asked_is_told_of_the_end_and_counts_no_commit():
    load, asks = Load(), Statement("q", Does.CALCULATES)
    asks.marked = load
    transaction = OpenTransaction(Seen())
    transaction.ask(asks)
    assert not transaction.writes
    transaction.commit()

    assert asks.became == ["committed"]
    assert (load.commits, transaction.commits) == (0, 0)


def test_a_load_behind_a_question_still_counts():
    load = Load()
    transaction = OpenTransaction(Seen())
    transaction.ask(Statement("q", Does.CALCULATES))
    transaction.write(Statement("w", marked=load))
    assert transaction.writes
    transaction.commit()

    assert (load.commits, transaction.commits) == (1, 1)


def test_what_nobody_saw_the_end_of_is_lost_and_open_no_more():
    transaction, statement = OpenTransaction(Seen()), Statement("w")
    transaction.write(statement)
    transaction.lose()
    transaction.commit()

    assert statement.became == ["written", "lost"]
    assert not transaction.writes


def test_open_keys_are_those_of_one_load():
    one, other = Load(), Load()
    transaction = OpenTransaction(Seen())
    transaction.write(Statement("w", marked=one, keys=[(1, 2), (1, 3)]))
    transaction.write(Statement("w", marked=other, keys=[(9, 9)]))
    transaction.write(Statement("w", marked=one, keys=[(4, 5)]))

    assert transaction.open_keys(one) == {(1, 2), (1, 3), (4, 5)}


def test_settling_commits_what_was_written_and_keeps_a_savepoint_before_the_first_write():
    transaction, statement = OpenTransaction(Seen()), Statement("w")
    transaction.turn(kind(b"SAVEPOINT s"))
    transaction.settle()
    transaction.write(statement)
    transaction.turn(kind(b"ROLLBACK TO s"))
    transaction.settle()
    assert statement.became == ["written"]

    transaction.write(statement)
    transaction.settle()
    assert (statement.became[-1], transaction.commits) == ("committed", 1)
