"""What only a local server itself can tell of a load: changed rows, ROLLBACKs, tables in memory."""

from typing import Any, NamedTuple

from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.mysql.changed_rows import NAMES, changed_rows

BOUNDS = Bounds(connect=2.0, read=2.0, write=2.0)
ROLLBACKS = "Com_rollback"
ASK = f"SHOW GLOBAL STATUS WHERE Variable_name IN {(ROLLBACKS, *NAMES)}"
IN_MEMORY = (
    "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE engine = 'MEMORY'"
    " AND table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema',"
    " 'mysql', 'sys') ORDER BY 1 LIMIT 9"
)


class ServerCounts(NamedTuple):
    """What a server counts of all its clients, since it started.

    Attributes:
        rollbacks: ROLLBACK statements, those in procedures among them.
        changed: rows that were inserted, updated or deleted; None if it counts none.
    """

    rollbacks: int
    changed: int | None

    def since(self, before: "ServerCounts") -> "ServerCounts | None":
        """Return what was counted since an earlier look; None if the server was started anew."""
        changed = None
        if self.changed is not None and before.changed is not None:
            changed = self.changed - before.changed
        if self.rollbacks < before.rollbacks or (changed or 0) < 0:
            return None
        return ServerCounts(rollbacks=self.rollbacks - before.rollbacks, changed=changed)


def server_counts(target: Target) -> ServerCounts | None:
    """Return what the server counts; None if it is a real cluster, or cannot be asked."""
    found = {str(name): int(value) for name, value in _asked(target, ASK)}
    if ROLLBACKS not in found:
        return None
    return ServerCounts(rollbacks=found[ROLLBACKS], changed=changed_rows(found))


def tables_in_memory(target: Target) -> tuple[str, ...]:
    """Return the names of a local server's tables that live in memory, the first of many."""
    return tuple(str(name) for (name,) in _asked(target, IN_MEMORY))


def _asked(target: Target, question: str) -> Any:
    """Return the rows that answer a question; none of a real cluster, or if it cannot be asked."""
    if target.mode != "local":
        return ()
    try:
        with (
            driver.connect(target.audit_endpoint(), bounds=BOUNDS) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(question)
            return cursor.fetchall()
    except Exception as error:
        if driver.fault_of(error).kind == "client":  # not the server's, nor of the way there
            raise
        return ()
