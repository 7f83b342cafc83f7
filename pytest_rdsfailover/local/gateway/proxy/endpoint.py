"""One endpoint of the proxy: its clients, its pool, and what passes between them."""

import asyncio
import itertools
import ssl
from collections import Counter

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.proxy.authentication import Directory
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.databases import Databases
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.links import ClientLink, DatabaseLink
from pytest_rdsfailover.local.gateway.proxy.pins import Pins
from pytest_rdsfailover.local.gateway.proxy.pool import Pool
from pytest_rdsfailover.local.gateway.proxy.server_login import ConnectionKey, Setup
from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.proxy.sweeper import Sweeper
from pytest_rdsfailover.local.gateway.proxy.waits import Waits
from pytest_rdsfailover.local.gateway.sockets import BACKLOG, Dial, bound
from pytest_rdsfailover.local.gateway.turns import AtEnd
from pytest_rdsfailover.local.gateway.witness import Seen
from pytest_rdsfailover.mysql.packets import ServerFault
from pytest_rdsfailover.mysql.statements import statements

UNKNOWN_ERROR = ServerFault(1105, "HY000", "Unknown error")
# RDS Proxy greets with a number of its own, which is no thread of the database: KILL with it is
# answered by 1094. So the numbers begin far above any thread, and below what drivers read as negative.
FIRST_NUMBER = 2_000_000_000


class ProxyEndpoint:
    """A listener of the proxy with a pool of its own.

    Attributes:
        name: the endpoint's.
        settings: how the proxy is set up; may be replaced while it runs.
        facts: what the real server is.
        directory: who may log in.
        tls: the server's side of TLS.
        pool: the database connections.
        pins: who has been pinned.
        counts: what has happened so far, by name.
        waits: who waits for a database connection, and for how long at most.
        refusing: new clients get error 1105.
    """

    _numbers = itertools.count(FIRST_NUMBER)

    def __init__(
        self,
        name: str,
        facts: ServerFacts,
        directory: Directory,
        tls: ssl.SSLContext,
        dial: Dial,
        at_end: AtEnd,
        *,
        seen: Seen,
        secure: bool,
    ) -> None:
        self.name, self.facts, self.directory, self.tls = name, facts, directory, tls
        self.settings = ProxySettings()
        self.pins = Pins(name)
        self.counts: Counter[str] = Counter()
        self.refusing = False
        self.port = 0
        self._seen, self._secure = seen, secure
        self._databases = Databases(self, dial)
        self.waits = Waits(self._timed_out)
        self.pool = Pool(self._open, self._databases.end, most=1, most_idle=1)
        self._clients: dict[ProxySession, ClientLink] = {}
        self._sweeper = Sweeper(self._clients, self._databases, self.pool, self.counts)
        self.configure(self.settings)
        self._touched: set[ProxySession | Database] = set()
        self._at_end, self._due = at_end, False
        self._sweeping: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Open the listener.

        Raises:
            RdsFailoverError: if no port is free.
        """
        raw = bound()
        self.port = raw.getsockname()[1]
        loop = asyncio.get_running_loop()
        await loop.create_server(self._accept, sock=raw, backlog=BACKLOG)
        self._sweeping = loop.create_task(self._sweeper.run())

    def configure(self, settings: ProxySettings) -> None:
        """Take other settings; connections that exist keep what they have."""
        self.settings = self._sweeper.settings = settings
        self.pool.most = settings.most(self.facts.most)
        self.pool.most_idle = settings.most_idle(self.facts.most)
        self.directory.iam_required = settings.iam_auth == "REQUIRED"
        self.pool.trim()
        self.pool.pump()

    @property
    def clients(self) -> int:
        """Return how many clients are connected."""
        return len(self._clients)

    @property
    def pinned_now(self) -> int:
        """Return how many database connections are pinned to a session."""
        return sum(1 for session in self._clients if session.pin is not None)

    # Clients -------------------------------------------------------------------------------------

    def _accept(self) -> ClientLink:
        self._seen.connections += 1
        return ClientLink(self, ProxySession(self, next(self._numbers)))

    def joined(self, link: ClientLink) -> None:
        """Greet a new client, or refuse it."""
        most = self.settings.max_client_connections
        self._clients[link.session] = link
        if len(self._clients) > most:
            text = f"Number simultaneous connections exceeded ({most})"
            link.session.refuse(ServerFault(1040, "08004", text))
        elif self.refusing:
            link.session.refuse(UNKNOWN_ERROR)
        else:
            link.session.greet()

    def left(self, link: ClientLink) -> None:
        """Take back what a client had."""
        if self._clients.pop(link.session, None) is not None:
            link.session.leave()
        link.untie()

    def touch(self, who: ProxySession | Database) -> None:
        """Note that a session or a database connection has bytes to send."""
        self._touched.add(who)

    def flush_soon(self) -> None:
        """Send what there is to be sent once all that has come is worked on."""
        if not self._due:
            self._due = True
            self._at_end(self.flush)

    def flush(self) -> None:
        """Send what there is to be sent."""
        self._due = False
        while self._touched:
            who = self._touched.pop()
            if isinstance(who, ProxySession):
                link = self._clients.get(who)
                if link is not None:
                    link.flush()
            else:
                server, client = self._databases.link(who), self._client_of(who)
                if server is not None and client is not None:
                    server.tie(client)
                if server is not None:
                    server.flush()

    def _client_of(self, database: Database) -> ClientLink | None:
        client = database.client
        return self._clients.get(client) if isinstance(client, ProxySession) else None

    # Borrowing -----------------------------------------------------------------------------------

    def borrow(self, session: ProxySession, last: Database | None) -> None:
        """Lend a database connection now or later."""
        self.counts["borrows"] += 1
        self.pool.borrow(session, last)
        if session.waiting:
            self.waits.begin(session, self.settings.connection_borrow_timeout)

    def lent(self, session: ProxySession) -> None:
        """Note that a session has got its connection."""
        self.waits.end(session)

    def _timed_out(self, session: ProxySession) -> None:
        self.counts["borrow_timeouts"] += 1
        self.pool.leave(session)
        session.timed_out()
        self.flush()

    def give_back(self, database: Database) -> None:
        """Take a database connection back."""
        self._databases.free(database)
        self.pool.give_back(database)

    def leave(self, session: ProxySession) -> None:
        """Let a session wait no longer."""
        self.pool.leave(session)
        self.waits.end(session)

    def discard(self, database: Database) -> None:
        """End a connection that may still be working, and remember its thread."""
        self.pool.discard(database)
        self.pool.pump()

    def pinned(self, session: ProxySession, reason: str, statement: bytes) -> None:
        """Note that a session keeps its connection."""
        self.counts["pins"] += 1
        self.pins.note(session, reason, statement)

    # Database connections ------------------------------------------------------------------------

    def _open(self, key: ConnectionKey, instance: Instance) -> Database:
        init = statements(self.settings.init_query.encode(), self.facts.dialect)
        setup = Setup(
            password=self.directory.password(key.user) or b"",
            init=tuple(statement.sql for statement in init if statement.tokens),
            names=self.facts.names,
            secure=self._secure,
        )
        database = Database(
            key, instance, setup, ready=self.pool.ready, touch=self.touch, seen=self._seen
        )
        self._databases.open(database)
        self.counts["opened"] += 1
        return database

    def ended(self, link: DatabaseLink) -> None:
        """Learn that a database connection has ended or failed; its statement fails with it."""
        database = link.database
        client, fault = database.client, database.fault
        database.client = None
        self.pool.lost(database)
        self._databases.end(database)
        if isinstance(client, ProxySession):
            if fault is not None and not client.pin and not client.in_transaction:
                client.broken(fault)
                self.touch(client)
            else:
                self._end(client, reset=False)
        self.pool.pump()

    def _end(self, session: ProxySession, *, reset: bool) -> None:
        """Hang up on a client whose connection was lost in the middle of something."""
        link = self._clients.get(session)
        session.database = None
        if link is not None:
            link.flush()
            link.abort(reset=reset)

    # Failover ------------------------------------------------------------------------------------

    def cut(self, instance: str, how: str) -> set[int]:
        """End an instance's connections; return the threads that may still work in the server."""
        lost = [database for database in self.pool.everything if database.instance.id == instance]
        threads = {
            database.session.thread_id
            for database in lost
            if database.session.thread_id is not None
        }
        threads |= self._databases.departed(instance)
        for database in lost:
            client, database.client = database.client, None
            self._databases.leave(database)
            self.pool.discard(database)
            if isinstance(client, ProxySession):
                self._cut_off(client, how)
        self._databases.departed(instance)  # forgets the threads that `discard` has added
        self.pool.pump()  # sessions that waited for one of those need another connection
        self.flush()
        return threads

    def _cut_off(self, session: ProxySession, how: str) -> None:
        """End a session that was in the middle of something, or let it hang."""
        link = self._clients.get(session)
        session.database = None
        self.counts["cut"] += 1
        if link is None:
            return
        if how == "hang":
            link.silence()
        else:
            link.abort(reset=how == "reset")

    def hang_up(self) -> None:
        """End the connections of all clients."""
        for link in list(self._clients.values()):
            link.abort(reset=True)

    def reset_silent(self) -> None:
        """Reset the sessions that were left hanging."""
        for link in [link for link in self._clients.values() if link.silent]:
            link.abort(reset=True)
