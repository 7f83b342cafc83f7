"""Ends what has been there for too long: clients, and database connections that nobody uses."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from pytest_rdsfailover.local.gateway.proxy.databases import Databases
from pytest_rdsfailover.local.gateway.proxy.lifetimes import outstayed, pause, unused
from pytest_rdsfailover.local.gateway.proxy.links import ClientLink
from pytest_rdsfailover.local.gateway.proxy.pool import Pool
from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings


class Sweeper:
    """Looks at the connections of one endpoint again and again.

    Args:
        clients: the clients' connections, by session.
        databases: the sockets of the database connections.
        pool: the database connections.
        counts: counts, by reason, the clients that were hung up on.

    Attributes:
        settings: how long what may stay; may be replaced.
    """

    def __init__(
        self,
        clients: Mapping[ProxySession, ClientLink],
        databases: Databases,
        pool: Pool,
        counts: Counter[str],
    ) -> None:
        self.settings = ProxySettings()
        self._clients, self._databases = clients, databases
        self._pool, self._counts = pool, counts

    async def run(self) -> None:
        """End what has outstayed its time, for ever."""
        while True:
            await asyncio.sleep(pause(self.settings))
            self._hang_up(time.monotonic())
            self._close_unused(time.monotonic())

    def _hang_up(self, now: float) -> None:
        """Hang up on clients that were idle or connected for too long, or do not log in."""
        for session, link in list(self._clients.items()):
            if link.silent or session.message:
                continue
            reason = outstayed(
                self.settings, now, since=link.since, heard=link.heard, known=bool(session.user)
            )
            if reason is not None:
                self._counts[reason] += 1
                link.close()

    def _close_unused(self, now: float) -> None:
        """Close database connections that were idle for too long."""
        for database in list(self._pool.idle):
            link = self._databases.link(database)
            if link is not None and unused(self.settings, now, heard=link.heard):
                self._pool.discard(database)
