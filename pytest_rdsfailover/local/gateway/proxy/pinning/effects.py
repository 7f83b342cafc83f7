"""What a command means for its session, and the reasons to keep a connection."""

from collections.abc import Sequence
from dataclasses import dataclass

TOO_LONG = "statement over 16 KB"
EXECUTABLE_COMMENT = "executable comment"
USER_VARIABLE = "user variable"
UNTRACKED = "variable that is not tracked"
TEMPORARY_TABLE = "temporary table"
LOCK_TABLES = "LOCK TABLES"
READ_LOCK = "FLUSH TABLES WITH READ LOCK"
BACKUP_LOCK = "backup lock"
NAMED_LOCK = "GET_LOCK"
FOUND_ROWS, ROW_COUNT = "FOUND_ROWS", "ROW_COUNT"
PREPARED = "prepared statement"
NEXT_TRANSACTION = "next transaction's characteristics"
HANDLER = "HANDLER"
XA = "XA transaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a command means for the session.

    Attributes:
        pin: why the session must keep its connection from now on; None if it need not.
        changes: tracked state may be different afterwards.
        leaves: something may be left behind that nobody tracks: the connection is reset before
            anybody else has it.
        looks_back: it asks about the statement before it.
        insert_id: it uses LAST_INSERT_ID().
    """

    pin: str | None = None
    changes: bool = False
    leaves: bool = False
    looks_back: bool = False
    insert_id: bool = False


NOTHING = Effect()


def merged(found: Sequence[Effect]) -> Effect:
    """Return what all parts of a statement mean together; the first reason to pin is given."""
    if len(found) == 1:
        return found[0]
    return Effect(
        pin=next((each.pin for each in found if each.pin), None),
        changes=any(each.changes for each in found),
        leaves=any(each.leaves for each in found),
        looks_back=any(each.looks_back for each in found),
        insert_id=any(each.insert_id for each in found),
    )
