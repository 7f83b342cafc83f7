"""A client's read on its way to a snapshot, and which statements are such reads. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pytest_rdsfailover.local.gateway.proxy.state import Values
from pytest_rdsfailover.local.gateway.statement_kind import LOOKS, kind
from pytest_rdsfailover.mysql.responses import Part
from pytest_rdsfailover.mysql.statements import SqlDialect, Token, statements

LONGEST = 1 << 20  # bytes of a text that is looked at
READS = re.compile(rb"\s*\(*\s*(?:SELECT|WITH|TABLE|VALUES)\b", re.IGNORECASE)
FUNCTIONS = (
    b"LAST_INSERT_ID", b"FOUND_ROWS", b"ROW_COUNT", b"CONNECTION_ID", b"VERSION", b"AURORA_VERSION",
    b"GET_LOCK", b"IS_FREE_LOCK", b"IS_USED_LOCK", b"RELEASE_LOCK", b"RELEASE_ALL_LOCKS",
    b"SLEEP", b"BENCHMARK", b"NEXTVAL", b"LASTVAL", b"SETVAL",
)  # fmt: skip
SYSTEM_SCHEMAS = (b"information_schema", b"performance_schema", b"mysql", b"sys")
# What only the client's own session can answer, or what is not read from a snapshot: its variables and
# locks, the statement before, the newest rows, the server's own tables.
OWN = re.compile(
    rb"[@;]|/\*|\bINTO\b|\bFOR\s+(?:UPDATE|SHARE)\b|\bLOCK\s+IN\b|\bSQL_CALC_FOUND_ROWS\b"
    rb"|\bNEXT\s+VALUE\b|\bREPLICA_HOST_STATUS\b|\b(?:%s)\s*\(|\b(?:%s)`?\s*\."
    % (b"|".join(FUNCTIONS), b"|".join(SYSTEM_SCHEMAS)),
    re.IGNORECASE,
)


def reads_rows(sql: bytes, dialect: SqlDialect) -> bool:
    """Tell whether a text is one SELECT from tables that any session in the same state answers alike."""
    if len(sql) > LONGEST or kind(sql) is not LOOKS:
        return False
    if OWN.search(sql) is not None:
        parts = statements(sql, dialect)
        if len(parts) > 1:
            return False
        sql = b" ".join(_bare(token) for token in parts[0].tokens)
    return READS.match(sql) is not None and OWN.search(sql) is None


def _bare(token: Token) -> bytes:
    """Return a token's text, without what a string or a quoted name says; schemas keep theirs."""
    if token.kind == "quoted" and token.name in SYSTEM_SCHEMAS:
        return token.name
    return b"``" if token.kind in ("string", "quoted") else token.text


class AnswerPart(NamedTuple):
    """A packet of an answer, and what it is; None for one that continues the one before."""

    payload: bytes
    part: Part | None


class ReadClient(Protocol):
    """Whose read a snapshot answers."""

    def take_answer(self, read: "Read", parts: Sequence[AnswerPart]) -> None:
        """Take the next packets of the answer; nothing at all if the snapshot was lost."""


@dataclass(eq=False, slots=True)
class Read:
    """A client's statement, and the state of the session in which it is to be answered.

    Attributes:
        message: the command.
        schema: the session's current database.
        state: its variables.
        client: takes the answer.
        asked: when the client asked, in monotonic seconds.
        after: an earlier moment than this the answer must not show.
        snapshot: which one answers; None before that is decided.
        dropped: nobody waits for the answer any more.
    """

    message: bytes
    schema: bytes
    state: Values
    client: ReadClient
    asked: float
    after: float = 0.0
    snapshot: "Past | None" = None
    dropped: bool = False


class Past(Protocol):
    """What a read is answered from.

    Attributes:
        since: its moment, in monotonic seconds.
        holders: how many transactions read from it.
        ended: it is of no use any more.
    """

    since: float
    holders: int
    ended: bool

    @property
    def idle(self) -> bool:
        """Tell whether it can take a read now."""

    def answer(self, read: Read) -> None:
        """Answer a read."""


class Lag(Protocol):
    """The lag of a cluster's readers.

    Attributes:
        seconds: how old what they show is at least.
        names: variables that make up a session's state.
    """

    seconds: float
    names: tuple[bytes, ...]

    def covers(self, user: str) -> bool:
        """Tell whether this user's reads lag."""

    def read(self, user: str, read: Read) -> None:
        """Have a read answered: by its snapshot if it has one, else by one as old as the lag."""
