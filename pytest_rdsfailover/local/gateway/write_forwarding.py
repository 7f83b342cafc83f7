"""Write forwarding: what a reader lets its cluster's writer do, and how a session asks for it. No I/O."""

import enum
from itertools import pairwise
from typing import NamedTuple

from pytest_rdsfailover.local.gateway.statement_kind import Does, kind
from pytest_rdsfailover.mysql.packets import ServerFault
from pytest_rdsfailover.mysql.statements import Statement, Token, is_compound

CONSISTENCY = b"aurora_replica_read_consistency"
EVENTUAL, SESSION, GLOBAL = b"EVENTUAL", b"SESSION", b"GLOBAL"
LEVELS = frozenset({b"", EVENTUAL, SESSION, GLOBAL})
UNSET = (b"DEFAULT", b"NULL")
KEPT = b"@`rdsfailover consistency`"  # the server has no such variable, so it sets one of a user
SCOPES = frozenset({b"SESSION", b"LOCAL"})
UNSUPPORTED = ServerFault(
    1235,
    "42000",
    "This version of MySQL doesn't yet support 'operation with write forwarding'",
)
UNAVAILABLE = ServerFault(63976, "HY000", "Internal write forwarding error")
NOT_PREPARED = ServerFault(
    1295, "HY000", "This command is not supported in the prepared statement protocol yet"
)
REFUSED = frozenset(
    b"ALTER CALL CREATE DROP FLUSH GRANT IMPORT INSTALL LOAD LOCK RELEASE RENAME REVOKE SAVEPOINT"
    b" TRUNCATE UNINSTALL XA".split()
)


class Forwarding(enum.Enum):
    """What a reader does with a statement of a session that has its writes forwarded."""

    HERE = enum.auto()  # carried out on the reader
    FORWARDED = enum.auto()  # carried out on the writer
    REFUSED = enum.auto()


def forwarding(statement: Statement) -> Forwarding:
    """Return what becomes of a statement."""
    words = statement.words
    if words[:1] in ((b"CREATE",), (b"DROP",)) and b"TEMPORARY" in words[1:4]:
        return Forwarding.HERE
    if _is_refused(words) or is_compound(words, statement.all_words):
        return Forwarding.REFUSED
    if kind(statement.sql).does is Does.WRITES or _locks(statement):
        return Forwarding.FORWARDED
    return Forwarding.HERE


def _is_refused(words: tuple[bytes, ...]) -> bool:
    if words[:1] == (b"ROLLBACK",):
        return b"TO" in words
    return bool(words) and words[0] in REFUSED


def _locks(statement: Statement) -> bool:
    """Tell whether a query locks the rows that it reads, which the writer does."""
    run = [token.word for token in statement.tokens]
    locks = ((b"FOR", b"UPDATE"), (b"FOR", b"SHARE"), (b"LOCK", b"IN"))
    return any(pair in locks for pair in pairwise(run))


class ConsistencyAsked(NamedTuple):
    """A SET of the session's read consistency.

    Attributes:
        level: the level asked for, in upper case; it may be none of `LEVELS`.
        text: the statement as the server can carry it out.
    """

    level: bytes
    text: bytes

    @property
    def fault(self) -> ServerFault | None:
        """Return what is said to a level that is none."""
        if self.level in LEVELS:
            return None
        name, level = CONSISTENCY.decode(), self.level.decode("utf-8", "replace")
        return ServerFault(
            1231, "42000", f"Variable '{name}' can't be set to the value of '{level}'"
        )


def consistency_asked(statement: Statement) -> ConsistencyAsked | None:
    """Return what a statement asks of the session's read consistency; None if nothing."""
    run = statement.tokens
    if statement.words[:1] != (b"SET",):
        return None
    for at, token in enumerate(run):
        begin, value, end = _assignment(run, at)
        if token.name == CONSISTENCY and value and _is_own(run[begin:at]):
            level = value[0].text.strip(b"'\"").upper() if len(value) == 1 else b"?"
            level = b"" if level in UNSET else level
            sql = statement.sql
            text = b"%s%s = '%s'%s" % (sql[: run[begin].start], KEPT, level, sql[end:])
            return ConsistencyAsked(level, text)
    return None


def _is_own(scope: tuple[Token, ...]) -> bool:
    """Tell whether what stands before a variable's name means the session's own value."""
    return all(
        token.kind == "system" or token.text == b"." or token.word in SCOPES for token in scope
    )


def _assignment(run: tuple[Token, ...], at: int) -> tuple[int, tuple[Token, ...], int]:
    """Return where the assignment begins whose name is at a place, its value, and where that ends."""
    begin = at
    while begin > 1 and run[begin - 1].text != b",":
        begin -= 1
    first = at + 1
    while first < len(run) and run[first].text in (b"=", b":", b":="):
        first += 1
    last = first
    while last < len(run) and run[last].text != b",":
        last += 1
    value = run[first:last] if first > at + 1 else ()
    return begin, value, value[-1].end if value else 0
