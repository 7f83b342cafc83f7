"""The proxy's database connections: which session has borrowed which, which ones wait. No I/O."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.server_login import ConnectionKey


class Borrower(Protocol):
    """Who wants a database connection.

    Attributes:
        instance: where it is served, which the pool decides.
    """

    instance: Instance | None

    @property
    def key(self) -> ConnectionKey:
        """Return what the connection must have."""

    @property
    def schema(self) -> bytes | None:
        """Return the database that it must be able to go to; None for none at all."""

    def lend(self, database: Database) -> None:
        """Take a connection."""

    def deny(self, database: Database) -> None:
        """Learn that a connection made for it has failed, as its `fault` says."""


Open = Callable[[ConnectionKey, Instance], Database]
Drop = Callable[[Database], None]


class Pool:
    """The connections of one proxy endpoint.

    Attributes:
        open: makes a connection, which is `ready` or lost later.
        drop: ends a connection.
        instances: where they lead to; empty while there is nobody to lead to.
        most: how many there may be on each instance.
        most_idle: how many may be idle, on each on average.
        everything: all connections, also those that are still being made.
        idle: those that can be lent, the one used last at the end.
        waiting: who wants one, in the order of asking.
    """

    def __init__(self, open_one: Open, drop: Drop, *, most: int, most_idle: int) -> None:
        self.open, self.drop = open_one, drop
        self.most, self.most_idle = most, most_idle
        self.everything: set[Database] = set()
        self.idle: list[Database] = []
        self.waiting: deque[Borrower] = deque()
        self.instances: tuple[Instance, ...] = ()
        self._sizes: Counter[str] = Counter()  # by instance
        self._turn = 0  # of the instances, to spread clients over them
        self._opening: set[Database] = set()

    @property
    def borrowed(self) -> int:
        """Return how many are lent."""
        return sum(1 for database in self.everything if database.client is not None)

    def follow(self, *instances: Instance) -> None:
        """Lend connections to these from now on, or to nobody for the time being."""
        self.instances = instances
        for database in [database for database in self.idle if database.instance not in instances]:
            self.discard(database)
        self.pump()

    def borrow(self, borrower: Borrower, last: Database | None = None) -> None:
        """Lend a connection now or later; first come, first served.

        Args:
            borrower: who wants it.
            last: the one it had before, which is best if nobody else has had it since.
        """
        if last is not None and not self.waiting and last in self.idle and _suits(last, borrower):
            self.idle.remove(last)
            self._lend(last, borrower)
            return
        self.waiting.append(borrower)
        self.pump()

    def leave(self, borrower: Borrower) -> None:
        """Let a borrower wait no longer; a connection being opened for it will serve another."""
        if borrower in self.waiting:
            self.waiting.remove(borrower)

    def pump(self) -> None:
        """Serve those who wait, as far as possible."""
        while (served := self._next()) is not None:
            borrower, database = served
            self.waiting.remove(borrower)
            self._lend(database, borrower)

    def _next(self) -> tuple[Borrower, Database] | None:
        """Return the next borrower who can be served, and with what; open connections for others.

        For each borrower, in the order of asking, the first of these that holds:

        1. An idle connection suits it: it is served.
        2. A connection is being opened that suits it, and that none before it counts on: it waits.
        3. There is room on its instance: a connection is opened, and it waits.
        4. Its instance is full: it waits. Once all instances are full, nobody behind it is asked.
        """
        coming = Counter((database.key, database.instance.id) for database in self._opening)
        full: set[str] = set()
        for borrower in self.waiting if self.instances else ():
            instance = self._place(borrower)
            wanted = borrower.key, instance.id
            idle = self._idle_for(borrower)
            if idle is not None:
                return borrower, idle
            if coming[wanted]:
                coming[wanted] -= 1
            elif self._has_room(instance):
                self._open_for(borrower, instance)
            else:
                full.add(instance.id)
                if len(full) == len(self.instances):
                    break
        return None

    def _place(self, borrower: Borrower) -> Instance:
        """Return the instance that serves a client: its last one, or the next in turn."""
        if borrower.instance not in self.instances:
            self._turn += 1
            borrower.instance = self.instances[self._turn % len(self.instances)]
        return borrower.instance

    def _idle_for(self, borrower: Borrower) -> Database | None:
        """Return an idle connection that suits, taken out of the idle ones."""
        for position in range(len(self.idle) - 1, -1, -1):
            if _suits(self.idle[position], borrower):
                return self.idle.pop(position)
        return None

    def _has_room(self, instance: Instance) -> bool:
        """Make sure that one more connection may be opened there; tell whether it may."""
        if not instance.has_room(self._sizes[instance.id]):
            return False
        if self._sizes[instance.id] >= self.most:
            useless = next(
                (database for database in self.idle if database.instance is instance), None
            )
            if useless is None:
                return False
            self.discard(useless)  # who asked first is served first
        return True

    def _open_for(self, borrower: Borrower, instance: Instance) -> None:
        database = self.open(borrower.key, instance)
        self.everything.add(database)
        self._sizes[instance.id] += 1
        self._opening.add(database)

    def _lend(self, database: Database, borrower: Borrower) -> None:
        database.uses += 1
        borrower.lend(database)

    def ready(self, database: Database) -> None:
        """Take a connection that has just been made, or reset."""
        if database not in self.everything:
            return
        self._opening.discard(database)
        self._rest(database)

    def give_back(self, database: Database) -> None:
        """Take a connection back; one that is dirty is reset first."""
        if database not in self.everything:
            return
        if database.dirty and database.instance in self.instances:
            database.reset()
            self.pump()
        else:
            self._rest(database)

    def _rest(self, database: Database) -> None:
        if database.instance not in self.instances:
            self.discard(database)
            return
        self.idle.append(database)
        if self.waiting:
            self.pump()
        if not self.waiting:
            self.trim()

    def trim(self) -> None:
        """End idle connections that are too many, those that were used longest ago first."""
        while len(self.idle) > self.most_idle * len(self.instances):
            self.discard(self.idle[0])

    def discard(self, database: Database) -> None:
        """End a connection."""
        self.lost(database)
        self.drop(database)

    def lost(self, database: Database) -> None:
        """Forget a connection that has ended.

        If the server refused it while it was being opened, one borrower whom it would have suited
        learns why.
        """
        if database in self.everything:
            self.everything.remove(database)
            self._sizes[database.instance.id] -= 1
        if database in self.idle:
            self.idle.remove(database)
        if database not in self._opening:
            return
        self._opening.remove(database)
        meant = next((borrower for borrower in self.waiting if _placed(database, borrower)), None)
        refused = database.fault is not None and database.instance in self.instances
        if refused and meant is not None:
            self.waiting.remove(meant)
            meant.deny(database)


def _suits(database: Database, borrower: Borrower) -> bool:
    """Tell whether a connection can serve a client at all."""
    without = borrower.schema is None and database.schema is not None
    return _placed(database, borrower) and not without and database.usable


def _placed(database: Database, borrower: Borrower) -> bool:
    """Tell whether a connection leads to the client's instance and suits the client."""
    same = database.key is borrower.key or database.key == borrower.key
    return same and database.instance is borrower.instance
