"""Follows what one session writes until it is committed, rolled back, or lost with it. No I/O."""

from collections.abc import Sequence
from typing import NamedTuple

from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.open_transaction import OpenTransaction
from pytest_rdsfailover.local.gateway.statement_kind import (
    LOOKS,
    Does,
    Kind,
    Transacts,
    kind,
    parts,
)
from pytest_rdsfailover.local.gateway.temporary_tables import TemporaryTables
from pytest_rdsfailover.local.gateway.witness import Seen, SeenStatement
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT, STATUS_IN_TRANS
from pytest_rdsfailover.mysql.responses import ANEW, EXECUTING, STATEMENT_ID, Command
from pytest_rdsfailover.mysql.statements import SqlDialect

DUPLICATE = 1062  # who tries a write again learns by it that the write is stored
# Deadlock, record changed since last read, too many locks, error during commit, and those of XA: the
# server has rolled back the whole transaction, not the statement alone.
UNDOING = frozenset({1020, 1180, 1206, 1213, 1402, 1613, 1614})
COMMITTING = frozenset({Transacts.COMMITS, Transacts.COMMITS_PREPARED})
MOST_CARRIED = 64  # texts
LATEST = b"\xff\xff\xff\xff"  # in place of a number: what was prepared last (MariaDB)


class _Prepared(NamedTuple):
    """A prepared statement: what it does, and its text."""

    kind: Kind
    text: bytes


UNSEEN = _Prepared(Kind(Does.WRITES), b"")


class _Asked(NamedTuple):
    """A statement that is to be answered: what it is, what it does, its message, and its text."""

    seen: SeenStatement
    what: Kind
    message: bytes
    text: bytes


class SessionWitness:
    """Counts a session's statements, and what of them is committed.

    Args:
        seen: where they are counted.
        commits: where commits are.
    """

    def __init__(self, seen: Seen, commits: Commits) -> None:
        self._seen, self._commits = seen, commits
        self._since = 0  # when the latest command began
        self._asked: list[_Asked] = []
        self._transaction = OpenTransaction(seen)
        self._prepared: dict[bytes, _Prepared] = {}
        self._temporary = TemporaryTables()
        self._carried: list[bytes] = []  # what carries a key for later statements
        self._used = False  # since then something was written
        self._locked = False  # by LOCK TABLES

    def begin(self, message: bytes, dialect: SqlDialect, *, multi: bool) -> None:
        """Take a client's command.

        Args:
            message: the command.
            dialect: how the server reads SQL.
            multi: the client may send several statements at once.
        """
        command, self._since = message[0], self._commits.clock()
        self._asked = []
        if command == Command.QUERY:
            sql = message[1:]
            apart = bool(self._temporary)
            for text, what in parts(sql, dialect, apart=apart) if multi else [(sql, kind(sql))]:
                self._ask(text, what, text)
        elif command in EXECUTING:
            prepared = self._prepared.get(message[STATEMENT_ID], UNSEEN)
            self._ask(message, prepared.kind, prepared.text)
        else:
            if command == Command.STMT_SEND_LONG_DATA:
                self._carry(message)
            elif command in ANEW:
                self._transaction.roll_back()
                self._prepared.clear()
                self._temporary.clear()
                self._carried, self._locked = [], False
            return
        self._seen.statements += 1

    def _ask(self, message: bytes, what: Kind, text: bytes) -> None:
        """Take a statement; what only looks, without a load's mark, leaves nothing to follow."""
        if what.does in (Does.CARRIES, Does.CALCULATES):
            self._carry(message)
        writes = what.does is Does.WRITES
        self._used = self._used or writes
        seen = self._seen.statement(message, what.does, text, *(self._carried if writes else ()))
        seen.begin()
        if what is not LOOKS or seen.marked is not None:
            self._asked.append(_Asked(seen, what, message, text))

    def _carry(self, message: bytes) -> None:
        """Keep what a later statement may use, as a user variable or a temporary table, if it has a key."""
        if any(mark in message for mark in self._seen.marked):
            self._carried = [*([] if self._used else self._carried[-MOST_CARRIED:]), message]
            self._used = False

    def prepared(self, number: bytes, message: bytes) -> None:
        """Remember a prepared statement by its number."""
        prepared = _Prepared(kind(message[1:]), message[1:])
        self._prepared[number] = self._prepared[LATEST] = prepared

    def closed(self, number: bytes) -> None:
        """Forget a prepared statement."""
        self._prepared.pop(number, None)

    @property
    def owns_tables(self) -> bool:
        """Tell whether the session has temporary tables, or has locked tables."""
        return self._locked or bool(self._temporary)

    @property
    def writes(self) -> bool:
        """Tell whether the command that is to be answered writes rows that last.

        What a procedure does is not known, so that a CALL does not count.
        """
        return any(
            statement.what.does is Does.WRITES
            and not statement.what.calls
            and not self._temporary.holds(statement.text)
            for statement in self._asked
        )

    @property
    def writing(self) -> bool:
        """Tell whether something written is not committed yet, or about to be written."""
        return self.writes or self._transaction.writes

    def commits(self, status: int) -> bool:
        """Tell whether the command that is to be answered commits what was written."""
        alone = not status & STATUS_IN_TRANS and status & STATUS_AUTOCOMMIT
        return any(
            alone
            if statement.what.does is Does.WRITES
            else statement.what.transacts in COMMITTING and self._transaction.writes
            for statement in self._asked
        )

    def rolled_back(self) -> None:
        """Learn that the gateway has ended the session's transaction, and refused its command."""
        self._seen.rollbacks += 1
        self._asked = []
        self._transaction.roll_back()

    def ended(self) -> None:
        """Learn that the session is over, maybe in the middle of a command: then nobody saw its end."""
        asked, self._asked = self._asked, []
        self._count(asked, failed=True)
        for statement in asked:
            statement.seen.lose()
        if any(statement.what.transacts in COMMITTING for statement in asked):
            self._transaction.lose()
        self._transaction.roll_back()

    def answered(
        self,
        error: int,
        status: int,
        *,
        changed: bool = True,
        rows: int = 0,
        reader: bool = False,
        by: str = "",
    ) -> None:
        """Take the end of the answer.

        Args:
            error: its code; 0 if it is none.
            status: the session's status flags by now.
            changed: whether rows may have been changed, or were found as they should be.
            rows: how many it says were changed.
            reader: whether it comes from one, where nothing can be stored.
            by: the instance that it comes from, if that takes no writes by now.
        """
        asked, self._asked = self._asked, []
        if asked:
            self._count(asked, failed=error > 0)
        if error:
            self._failed(asked, error)
            return
        before, within = self._transaction.commits, bool(status & STATUS_IN_TRANS)
        if rows and any(self._changes_hidden_rows(statement) for statement in asked):
            self._seen.rows += rows
        if by and changed:
            self._note_reader(asked, by)
        if asked:
            self._take_all(asked, changed=changed, within=within, reader=reader)
        if not within:
            self._transaction.settle()
        if self._transaction.commits > before:
            self._commits.add(self._since)

    def _note_reader(self, asked: Sequence[_Asked], instance: str) -> None:
        """Note writes that an instance took which takes none; what a procedure does is not known."""
        for seen, what, _, text in asked:
            lasts = what.counts and not self._temporary.holds(text)
            if what.does is Does.WRITES and lasts and not what.calls:
                seen.wrote_at(instance, self._since, self._commits.clock())

    def _changes_hidden_rows(self, asked: _Asked) -> bool:
        """Tell whether a statement without a load's mark changes rows that last."""
        return asked.seen.marked is None and not self._temporary.holds(asked.text)

    def _take_all(
        self, asked: Sequence[_Asked], *, changed: bool, within: bool, reader: bool
    ) -> None:
        """Take statements that were answered well, together."""
        writes = [statement.what for statement in asked if statement.what.does is Does.WRITES]
        changed = changed or not all(what.counts for what in writes)
        for statement in asked:
            self._take(statement, changed=changed, within=within, reader=reader)

    def _take(self, asked: _Asked, *, changed: bool, within: bool, reader: bool) -> None:
        """Take a statement that was answered well, within a transaction or not."""
        self._transaction.turn(asked.what)
        if asked.what.locks is not None:
            self._locked = asked.what.locks
        if asked.what.does is Does.WRITES:
            if not asked.what.counts:
                self._temporary.take(asked.text)
            passing = self._temporary.holds(asked.text)
            if reader and not passing:  # a procedure may handle the reader's error itself
                asked.seen.refuse()
                return
            if changed and not passing:
                self._transaction.write(asked.seen)
                return
            asked.seen.leave()
            if passing:
                self._carry(asked.message)
        elif asked.what.does is Does.MAKES:
            self._temporary.take(asked.text)
        elif within:
            self._transaction.ask(asked.seen)
        else:
            asked.seen.ask()

    def _count(self, asked: Sequence[_Asked], *, failed: bool) -> None:
        for statement in asked:
            if statement.what.calls and failed:
                self._seen.failed_calls += 1
            elif statement.what.calls:
                self._seen.calls += 1
            elif statement.what.transacts is Transacts.ROLLS_BACK:
                self._seen.rollbacks += 1

    def _failed(self, asked: Sequence[_Asked], error: int) -> None:
        for statement in asked:
            if error == DUPLICATE:
                statement.seen.find(self._transaction.open_keys(statement.seen.marked))
            elif statement.what.does is Does.WRITES:
                statement.seen.refuse()
        turns = {statement.what.transacts for statement in asked}
        if error in UNDOING or turns - {Transacts.NOTHING, Transacts.SAVES}:
            self._transaction.roll_back()
