"""What a statement does to rows and to its session's transaction, by its first words. No I/O."""

import enum
import re
from dataclasses import dataclass

from pytest_rdsfailover.mysql.statements import SqlDialect, statements

LONGEST_HEAD = 4096  # bytes of a statement in which its first words are looked for
LONGEST_TEXT = 1 << 16  # bytes of a text in which more than one statement is looked for


class Does(enum.Enum):
    """What becomes of rows."""

    LOOKS = enum.auto()  # reads from tables: who looks for a row has not stored it
    ASKS = enum.auto()  # neither reads rows nor writes any
    CARRIES = enum.auto()  # puts values or a text where a later statement finds them
    CALCULATES = enum.auto()  # the same by a function, which may write as it does in a SELECT
    MAKES = enum.auto()  # a table of the session's own
    WRITES = enum.auto()  # may write


class Transacts(enum.Enum):
    """What becomes of the transaction that is open when the statement begins."""

    NOTHING = enum.auto()
    COMMITS = enum.auto()
    ROLLS_BACK = enum.auto()
    SAVES = enum.auto()  # up to here it can be rolled back
    GOES_BACK = enum.auto()  # rolled back to where it was saved
    PREPARES = enum.auto()  # an XA transaction: any session may end it
    COMMITS_PREPARED = enum.auto()
    FORGETS_PREPARED = enum.auto()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a statement does.

    Attributes:
        does: with rows.
        transacts: with its transaction.
        name: of the savepoint or the XA transaction; empty for none.
        counts: its answer tells how many rows it changed.
        calls: it runs a procedure, of which nobody sees what that does.
        locks: it locks tables, or lets go of those that are locked; None for neither.
    """

    does: Does
    transacts: Transacts = Transacts.NOTHING
    name: bytes = b""
    counts: bool = False
    calls: bool = False
    locks: bool | None = None


WRITES, LOOKS, ASKS = Kind(Does.WRITES), Kind(Does.LOOKS), Kind(Does.ASKS)
CALCULATES = Kind(Does.CALCULATES)
PLAIN = {
    "CARRIES": Kind(Does.CARRIES),
    "MAKES": Kind(Does.MAKES),
    "FORGETS": LOOKS,
    "COUNTS": Kind(Does.WRITES, counts=True),
    "CALLS": Kind(Does.WRITES, calls=True),
    "LOCKS": Kind(Does.WRITES, locks=True),
    "UNLOCKS": Kind(Does.WRITES, locks=False),
}
GAP = rb"(?:\s|/\*[^!].*?\*/|--\s[^\n]*\n|\#[^\n]*\n)*+"
HEAD = re.compile(
    GAP + rb"""
    (?: (?P<SAVES>SAVEPOINT\s+) | (?P<GOES_BACK>ROLLBACK(?:\s+WORK)?\s+TO\s+(?:SAVEPOINT\s+)?)
      | (?P<PREPARES>XA\s+PREPARE\b) | (?P<COMMITS_PREPARED>XA\s+COMMIT\b)
      | (?P<FORGETS_PREPARED>XA\s+ROLLBACK\b)
      | (?P<ROLLS_BACK>ROLLBACK\b)
      | (?P<COMMITS>(?:COMMIT|BEGIN(?!\s+NOT\s)|START\s+TRANSACTION)\b)
      | (?P<CARRIES>(?:SET(?!\s+STATEMENT\s)|PREPARE)\b)
      | (?P<MAKES>CREATE\s+(?:OR\s+REPLACE\s+)?TEMPORARY\b)
      | (?P<FORGETS>DEALLOCATE\b)
      | (?P<COUNTS>(?:INSERT|REPLACE|UPDATE|DELETE|LOAD)\b)
      | (?P<CALLS>CALL\b)
      | (?P<LOCKS>LOCK\s+TABLES?\b) | (?P<UNLOCKS>UNLOCK\s+TABLES?\b)
      | (?P<QUIET>\(*\s*+(?:SELECT|TABLE|VALUES)\b | WITH\b(?!.*\b(?:UPDATE|DELETE)\b)
          | (?:SHOW|USE|DO|START|RELEASE|XA|DESC|DESCRIBE|EXPLAIN|HANDLER|HELP)\b)
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)  # fmt: skip
FROM_TABLES = re.compile(rb"\b(?:FROM|TABLE|HANDLER)\b", re.IGNORECASE)
BY_FUNCTION = re.compile(rb"=\s*[\w$.`]+\s*\(")
ENDINGS = re.compile(rb"\b(?:COMMIT|ROLLBACK|SAVEPOINT|BEGIN|START|XA)\b", re.IGNORECASE)


def kind(sql: bytes) -> Kind:
    """Return what one statement does; comments may stand in front of it."""
    head = HEAD.match(sql, 0, LONGEST_HEAD)
    if head is None or head.lastgroup is None:
        return WRITES
    if head.lastgroup == "QUIET":
        return LOOKS if FROM_TABLES.search(sql, 0, LONGEST_TEXT) else ASKS
    if head.lastgroup == "CARRIES" and BY_FUNCTION.search(sql, head.end(), LONGEST_HEAD):
        return CALCULATES
    if head.lastgroup in PLAIN:
        return PLAIN[head.lastgroup]
    return Kind(Does.ASKS, Transacts[head.lastgroup], _name(sql[head.end() :]))


def _name(rest: bytes) -> bytes:
    """Return what a savepoint or an XA transaction is called, whatever its quotes and capitals are."""
    words = rest.split(maxsplit=1)
    return words[0].strip(b"`'\";").lower() if words else b""


def parts(sql: bytes, dialect: SqlDialect, *, apart: bool = False) -> list[tuple[bytes, Kind]]:
    """Return the statements of a text that may have several, with what each does.

    Those that only write stay together, since the server tells of all of them alike. Behind a CALL,
    or if they are wanted *apart* because some may write into what is the session's own, they do not.
    """
    first = kind(sql)
    if b";" not in sql[:LONGEST_TEXT].rstrip(b"; \t\r\n"):
        return [(sql, first)]
    alike = first.does is Does.WRITES and not (apart or first.calls)
    if alike and not ENDINGS.search(sql, 0, LONGEST_TEXT):
        return [(sql, first)]
    return [(statement.sql, kind(statement.sql)) for statement in statements(sql, dialect)]
