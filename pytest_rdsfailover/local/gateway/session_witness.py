"""Follows what one session writes until it is committed, rolled back, or lost with it. No I/O."""

from dataclasses import dataclass

from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.statement_kind import Does, Kind, Transacts, kind, parts
from pytest_rdsfailover.local.gateway.witness import Marked, Seen, SeenStatement
from pytest_rdsfailover.mysql.packets import STATUS_IN_TRANS
from pytest_rdsfailover.mysql.responses import EXECUTING, Command
from pytest_rdsfailover.mysql.statements import SqlDialect

DUPLICATE = 1062  # who tries a write again learns by it that the write is stored
# Deadlock, record changed since last read, too many locks, error during commit, and those of XA: the
# server has rolled back the whole transaction, not the statement alone.
UNDOING = frozenset({1020, 1180, 1206, 1213, 1402, 1613, 1614})
ANEW = frozenset({Command.CHANGE_USER, Command.RESET_CONNECTION})
STATEMENT_ID = slice(1, 5)
LATEST = b"\xff\xff\xff\xff"  # in place of a number: what was prepared last (MariaDB)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A prepared statement: what it does, and its text."""

    kind: Kind
    text: bytes


UNSEEN = _Prepared(Kind(Does.WRITES), b"")


class _Transaction:
    """What a session has written and not committed."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.commits = 0
        self._written: list[SeenStatement] = []
        self._saved: dict[bytes, int] = {}  # how much was written by then, by savepoint

    def write(self, statement: SeenStatement) -> None:
        """Take what a statement wrote."""
        statement.write()
        self._written.append(statement)

    def open_keys(self, marked: Marked | None) -> set[tuple[int, int]]:
        """Return the keys that are written in it."""
        return {key for write in self._written if write.marked is marked for key in write.keys}

    def turn(self, how: Kind) -> None:
        """Take what a statement does to it."""
        match how.transacts:
            case Transacts.COMMITS:
                self.commit()
            case Transacts.ROLLS_BACK:
                self.roll_back()
            case Transacts.SAVES:
                self._saved[how.name] = len(self._written)
            case Transacts.GOES_BACK:
                del self._written[self._saved.get(how.name, len(self._written)) :]
            case Transacts.PREPARES:
                self._seen.prepared[how.name] = self._take()
            case Transacts.COMMITS_PREPARED:
                self._written += self._seen.prepared.pop(how.name, [])
                self.commit()
            case Transacts.FORGETS_PREPARED:
                self._seen.prepared.pop(how.name, None)
                self.roll_back()

    def commit(self) -> None:
        """Count all that was written."""
        loads: list[Marked] = []
        written = self._take()
        self.commits += bool(written)
        for statement in written:
            statement.commit()
            if statement.marked is not None and statement.marked not in loads:
                loads.append(statement.marked)
                statement.marked.commits += 1

    def roll_back(self) -> None:
        """Forget what was written."""
        self._take()

    def _take(self) -> list[SeenStatement]:
        written, self._written, self._saved = self._written, [], {}
        return written


class SessionWitness:
    """Counts a session's statements, and what of them is committed.

    Args:
        seen: where they are counted.
        commits: where commits are.
    """

    def __init__(self, seen: Seen, commits: Commits) -> None:
        self._seen, self._commits = seen, commits
        self._since = 0  # when the latest command began
        self._asked: list[tuple[SeenStatement, Kind]] = []  # what is to be answered
        self._transaction = _Transaction(seen)
        self._prepared: dict[bytes, _Prepared] = {}

    def begin(self, message: bytes, dialect: SqlDialect, *, multi: bool) -> None:
        """Take a client's command.

        Args:
            message: the command.
            dialect: how the server reads SQL.
            multi: the client may send several statements at once.
        """
        command, self._since = message[0], self._commits.clock()
        if command == Command.QUERY:
            sql = message[1:]
            found = parts(sql, dialect) if multi else [(sql, kind(sql))]
            self._asked = [(self._seen.statement(text, what.does), what) for text, what in found]
        elif command in EXECUTING:
            prepared = self._prepared.get(message[STATEMENT_ID], UNSEEN)
            does = prepared.kind.does
            statement = self._seen.statement(message, does, prepared.text)
            self._asked = [(statement, prepared.kind)]
        else:
            self._asked = []
            if command in ANEW:
                self._transaction.roll_back()
                self._prepared.clear()
            return
        self._seen.statements += 1
        for statement, _ in self._asked:
            statement.begin()

    def prepared(self, number: bytes, message: bytes) -> None:
        """Remember a prepared statement by its number."""
        prepared = _Prepared(kind(message[1:]), message[1:])
        self._prepared[number] = self._prepared[LATEST] = prepared

    def closed(self, number: bytes) -> None:
        """Forget a prepared statement."""
        self._prepared.pop(number, None)

    def rolled_back(self) -> None:
        """Learn that the gateway has ended the session's transaction, and refused its command."""
        self._asked = []
        self._transaction.roll_back()

    def answered(self, error: int, status: int) -> None:
        """Take the end of the answer: an error's code or 0, and the session's status flags by now."""
        asked, self._asked = self._asked, []
        if error:
            self._failed(asked, error)
            return
        before = self._transaction.commits
        for statement, what in asked:
            self._transaction.turn(what)
            if what.does is Does.WRITES:
                self._transaction.write(statement)
            else:
                statement.ask()
        if not status & STATUS_IN_TRANS:
            self._transaction.commit()
        if self._transaction.commits > before:
            self._commits.add(self._since)

    def _failed(self, asked: list[tuple[SeenStatement, Kind]], error: int) -> None:
        for statement, what in asked:
            if error == DUPLICATE:
                statement.confirm(self._transaction.open_keys(statement.marked))
            elif what.does is Does.WRITES:
                statement.refuse()
        turns = {what.transacts for _, what in asked} - {Transacts.NOTHING, Transacts.SAVES}
        if error in UNDOING or turns:
            self._transaction.roll_back()
