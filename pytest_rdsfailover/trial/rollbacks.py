"""What only a local server itself can tell of a load: ROLLBACKs of procedures, and tables in memory."""

from typing import Any

from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver

BOUNDS = Bounds(connect=2.0, read=2.0, write=2.0)
ASK = "SHOW GLOBAL STATUS LIKE 'Com_rollback'"
IN_MEMORY = (
    "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE engine = 'MEMORY'"
    " AND table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema',"
    " 'mysql', 'sys') ORDER BY 1 LIMIT 9"
)


def rollbacks(target: Target) -> int | None:
    """Return how many ROLLBACK statements were executed since its server started.

    None if it is a real cluster, of which nobody sees the single statements, or cannot be asked.
    """
    found = _asked(target, ASK)
    return int(found[0][1]) if found else None


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
