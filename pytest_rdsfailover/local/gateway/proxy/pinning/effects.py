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
        leaves: something untracked may be left behind, so the connection is reset before another
            session may use it.
        looks_back: it asks about the statement before it.
        insert_id: it uses LAST_INSERT_ID(), or may change it in a way that its answer does not tell.
        reads: it may read a user variable, which a trigger of another client's may have set.
        saves: it sets a savepoint.
    """

    pin: str | None = None
    changes: bool = False
    leaves: bool = False
    looks_back: bool = False
    insert_id: bool = False
    reads: bool = False
    saves: bool = False


NOTHING = Effect()


def merged(effects: Sequence[Effect]) -> Effect:
    """Return what all parts of a statement mean together; the first reason to pin is given."""
    if len(effects) == 1:
        return effects[0]
    return Effect(
        pin=next((effect.pin for effect in effects if effect.pin), None),
        changes=any(effect.changes for effect in effects),
        leaves=any(effect.leaves for effect in effects),
        looks_back=any(effect.looks_back for effect in effects),
        insert_id=any(effect.insert_id for effect in effects),
        reads=any(effect.reads for effect in effects),
        saves=any(effect.saves for effect in effects),
    )
