"""Ends sessions in the real server, and tells when they are gone from its process list."""

from collections.abc import Callable, Collection
from typing import Any

from pytest_rdsfailover.model.errors import GatewayError

NO_SUCH_THREAD = 1094
HUNG_UP = ((0,), (2006,), (2013,), (4031,))  # the server, since it was asked last
# A lock goes from its holder to who waits for it, and an engine that restarts hands none on. So who
# waits is ended first: of several, the one that came last, for which no other one waits.
IN_ORDER = """
SELECT session.id
FROM information_schema.processlist AS session
LEFT JOIN information_schema.innodb_trx AS trx ON trx.trx_mysql_thread_id = session.id
ORDER BY COALESCE(trx.trx_state = 'LOCK WAIT', 0)
      OR session.state LIKE 'Waiting for%' OR session.state = 'User lock' DESC,
    trx.trx_id IS NULL DESC, CAST(trx.trx_id AS UNSIGNED) DESC, session.time
"""


class Fence:
    """An administrator's connection that kills; used from one thread at a time.

    Closing a session's socket does not stop the statement that it is running, or that waits for
    a lock: only a kill does, and only its absence from the process list proves it.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._connection: Any = None

    def open(self) -> None:
        """Connect now, so that the first cut need not.

        Raises:
            GatewayError: if the server cannot be reached.
        """
        self._ask("DO 0")

    def kill(self, threads: Collection[int]) -> None:
        """End sessions by their ids, those that hold locks last; who is gone already is fine.

        Raises:
            GatewayError: if the server will not end one of them.
        """
        listed = [int(row[0]) for row in self._ask(IN_ORDER)] if len(threads) > 1 else []
        for thread in [
            *(number for number in listed if number in threads),
            *(set(threads) - set(listed)),
        ]:
            self._ask(f"KILL CONNECTION {thread}", ignore=NO_SUCH_THREAD)

    def interrupt(self, threads: Collection[int]) -> None:
        """End the statements that sessions are running, not the sessions.

        Raises:
            GatewayError: if the server will not.
        """
        for thread in threads:
            self._ask(f"KILL QUERY {thread}", ignore=NO_SUCH_THREAD)

    def alive(self, threads: Collection[int]) -> set[int]:
        """Return those ids that are still in the server's process list.

        Raises:
            GatewayError: if the server cannot be asked.
        """
        if not threads:
            return set()
        return set(threads) & {int(row[0]) for row in self._ask("SHOW PROCESSLIST")}

    def _ask(self, sql: str, *, ignore: int = 0) -> list[tuple[Any, ...]]:
        """Ask the server; once more if the connection of earlier questions is gone.

        Between two cuts a server may restart, or hang up on who is silent. Each question may be asked twice.
        """
        kept = self._connection is not None
        try:
            return self._answer(sql)
        except Exception as error:
            code = error.args[:1]
            if ignore and code == (ignore,):
                return []
            # A connection that broke in the middle cannot be used again: the next call opens
            # another.
            self._connection = None
            if kept and code in HUNG_UP:
                return self._ask(sql, ignore=ignore)
            raise GatewayError(f"the server refused {sql.split(maxsplit=1)[0]}: {error}") from error

    def _answer(self, sql: str) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())
