"""The sockets of an endpoint's database connections: made, tied to a client's, ended."""

import asyncio
from collections import defaultdict

from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.links import DatabaseLink, Owner
from pytest_rdsfailover.local.gateway.sockets import Dial

AGAIN = 0.05  # seconds until a server that cannot be reached is tried again


class Databases:
    """The links to the real server, by the state machine that each belongs to."""

    def __init__(self, owner: Owner, dial: Dial) -> None:
        self._owner, self._dial = owner, dial
        self._links: dict[Database, DatabaseLink] = {}
        self._dialing: set[asyncio.Task[None]] = set()
        # Threads whose client went away while the server was still working for them.
        self._departed: dict[str, set[int]] = defaultdict(set)

    def link(self, database: Database) -> DatabaseLink | None:
        """Return a connection's socket; None if it has been ended."""
        return self._links.get(database)

    def open(self, database: Database) -> None:
        """Connect to the server."""
        link = self._links[database] = DatabaseLink(self._owner, database)
        task = asyncio.get_running_loop().create_task(self._connect(link))
        self._dialing.add(task)
        task.add_done_callback(self._dialing.discard)

    async def _connect(self, link: DatabaseLink) -> None:
        try:
            await self._dial(lambda: link)
        except OSError:
            await asyncio.sleep(AGAIN)
            self._owner.ended(link)
            self._owner.flush()

    def end(self, database: Database) -> None:
        """End a connection, but remember what the server may still be doing for it."""
        link = self._links.pop(database, None)
        database.session.ended()
        if link is None:
            return
        thread = database.session.thread_id
        if database.session.busy and thread is not None:
            self._departed[database.instance.id].add(thread)
        link.let_go()
        link.abort(reset=False)

    def leave(self, database: Database) -> None:
        """Forget a connection whose thread is about to be killed.

        Hanging up would free its locks, if it is idle, for others that wait to be killed.
        """
        database.session.ended()
        link = self._links.get(database)
        if link is not None and database.session.thread_id is not None:
            del self._links[database]
            link.leave()

    def departed(self, instance: str) -> set[int]:
        """Return and forget the threads that may still execute statements of lost connections."""
        return self._departed.pop(instance, set())

    def free(self, database: Database) -> None:
        """Stop a client from pausing a connection that it has given back."""
        link = self._links.get(database)
        if link is not None:
            link.untie()
