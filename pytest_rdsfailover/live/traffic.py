"""What came to the real writer since a load began, by the server's own status variables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.traffic import Traffic
from pytest_rdsfailover.mysql import changed_rows, driver

BOUNDS = Bounds(connect=2.0, read=2.0, write=2.0)
WRITES = (
    "Com_insert", "Com_insert_select", "Com_replace", "Com_replace_select", "Com_load",
    "Com_update", "Com_update_multi", "Com_delete", "Com_delete_multi", "Com_call_procedure",
)  # fmt: skip
# Each says of some commits that there were any: Aurora of all, MySQL of those that were asked for.
COMMITS = ("Com_commit", "AuroraDb_commits")
COUNTED = (
    "Questions", "Connections", "Uptime", "Handler_rollback", *COMMITS, *WRITES, *changed_rows.NAMES,
)  # fmt: skip
OPEN = "SELECT COALESCE(SUM(trx_rows_modified), 0) FROM information_schema.INNODB_TRX"
MAY_NOT = 1227  # what only an account with PROCESS may ask


@dataclass(slots=True)
class _Watched:
    """The instance that is asked for one load, and what asking it has added to its counts.

    Attributes:
        instance: where the load's writes go.
        uptime: for how many seconds its server ran when it was last asked.
        asked: how often it was asked, each time on a connection of its own.
        own: statements of those connections.
    """

    instance: str
    uptime: int = 0
    asked: int = 0
    own: int = 0


@dataclass(slots=True)
class ServerTraffic:
    """Asks the instance that was the writer when a load began; all clients of it are counted.

    Attributes:
        endpoint_of: returns an instance's endpoint.
    """

    endpoint_of: Callable[[str], Endpoint]
    _watched: dict[str, _Watched] = field(default_factory=dict)

    def ask(self, mark: str, writer: str) -> Traffic | None:
        """Return what came to the writer since its server started, without these questions.

        None if the server cannot be asked. None, too, once another instance is the writer or the
        server was started anew: then its counts do not cover the whole load.

        Args:
            mark: tells loads apart.
            writer: the instance that is the writer now.
        """
        watched = self._watched.setdefault(mark, _Watched(writer))
        if watched.instance != writer:
            return None
        try:
            return self._ask(watched)
        except Exception as error:
            if driver.fault_of(error).kind == "client":  # not the server's, nor of the way there
                raise
            return None

    def _ask(self, watched: _Watched) -> Traffic | None:
        names = ", ".join(f"'{name}'" for name in COUNTED)
        with (
            driver.connect(self.endpoint_of(watched.instance), bounds=BOUNDS) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
            counts = {name: int(value) for name, value in cursor.fetchall()}
            open_rows = _open_rows(cursor)
            cursor.execute("SHOW SESSION STATUS WHERE Variable_name = 'Questions'")
            ((_, own),) = cursor.fetchall()
        if counts["Uptime"] < watched.uptime:
            return None
        watched.uptime, watched.asked = counts["Uptime"], watched.asked + 1
        watched.own += int(own)
        writes = sum(counts.get(name, 0) for name in WRITES)
        rows = changed_rows.changed_rows(counts)
        return Traffic(
            connections=max(0, counts["Connections"] - watched.asked),
            statements=max(0, counts["Questions"] - watched.own),
            writes=writes,
            rows=writes if rows is None else rows,
            commits=max(counts.get(name, 0) for name in COMMITS),
            rollbacks=counts.get("Handler_rollback", 0),
            uncommitted=open_rows or 0,
            unseen=open_rows is None,
        )


def _open_rows(cursor: Any) -> int | None:
    """Return how many rows are changed in open transactions; None if nobody may look."""
    try:
        cursor.execute(OPEN)
    except Exception as error:
        if driver.fault_of(error).code != MAY_NOT:
            raise
        return None
    return int(cursor.fetchone()[0])
