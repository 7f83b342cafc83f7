"""The proxy's database connections: who has one, who waits for one. No I/O, no clock."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol

from pytest_rdsfailover.gateway.proxy.database import Database
from pytest_rdsfailover.gateway.proxy.server_login import Key
from pytest_rdsfailover.gateway.router import Instance


class Borrower(Protocol):
    """Who wants a database connection."""

    @property
    def key(self) -> Key:
        """Return what the connection must have."""

    @property
    def schema(self) -> bytes | None:
        """Return the database that it must be able to go to; None for none at all."""

    def lend(self, database: Database) -> None:
        """Take a connection."""

    def deny(self, database: Database) -> None:
        """Learn that a connection made for it has failed, as its `fault` says."""


Open = Callable[[Key, Instance], Database]
Drop = Callable[[Database], None]


class Pool:
    """The connections of one proxy endpoint.

    Attributes:
        open: makes a connection, which is `ready` or lost later.
        drop: ends one.
        most: how many there may be.
        most_idle: how many of them may be idle.
        everything: all there are, those that are still being made among them.
        idle: those that can be lent, the one used last at the end.
        waiting: who wants one, in the order of asking.
    """

    def __init__(self, open_one: Open, drop: Drop, *, most: int, most_idle: int) -> None:
        self.open, self.drop = open_one, drop
        self.most, self.most_idle = most, most_idle
        self.everything: set[Database] = set()
        self.idle: list[Database] = []
        self.waiting: deque[Borrower] = deque()
        self._instance: Instance | None = None
        self._opening: set[Database] = set()

    @property
    def borrowed(self) -> int:
        """Return how many are lent."""
        return sum(1 for one in self.everything if one.client is not None)

    @property
    def instance(self) -> Instance | None:
        """Return the instance to connect to; None while there is none."""
        return self._instance

    def follow(self, instance: Instance | None) -> None:
        """Lend connections to an instance from now on, or to none for the time being."""
        if instance is not self._instance:
            self._instance = instance
            for one in list(self.idle):
                self.discard(one)
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
        """Wait no longer; what is being made for it will serve another."""
        if borrower in self.waiting:
            self.waiting.remove(borrower)

    def pump(self) -> None:
        """Serve those who wait, as far as possible."""
        while (found := self._next()) is not None:
            borrower, database = found
            self.waiting.remove(borrower)
            self._lend(database, borrower)

    def _next(self) -> tuple[Borrower, Database] | None:
        """Return the next who can be served, and with what; let connections be made for others.

        None is made for who will have one that is being made already, whoever it was meant for:
        whoever asked first has the first that suits.
        """
        coming = Counter(one.key for one in self._opening)
        for borrower in self.waiting if self._instance is not None else ():
            found = self._idle_for(borrower)
            if found is not None:
                return borrower, found
            if coming[borrower.key]:
                coming[borrower.key] -= 1
            elif self._has_room():
                self._open_for(borrower)
            else:
                break
        return None

    def _idle_for(self, borrower: Borrower) -> Database | None:
        """Return an idle connection that suits, taken out of the idle ones."""
        for position in range(len(self.idle) - 1, -1, -1):
            if _suits(self.idle[position], borrower):
                return self.idle.pop(position)
        return None

    def _has_room(self) -> bool:
        """Make sure that one more connection may be opened; tell whether it may."""
        if len(self.everything) >= self.most and self.idle:
            self.discard(self.idle[0])  # it serves none of those who wait
        return len(self.everything) < self.most

    def _open_for(self, borrower: Borrower) -> None:
        if self._instance is not None:
            database = self.open(borrower.key, self._instance)
            self.everything.add(database)
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
        if not database.dirty and database.instance is self._instance:
            self._rest(database)
            return
        if database.instance is self._instance:
            database.reset()
        else:
            self.discard(database)
        self.pump()

    def _rest(self, database: Database) -> None:
        self.idle.append(database)
        if self.waiting:
            self.pump()
        if len(self.idle) > self.most_idle and not self.waiting:
            self.discard(self.idle[0])

    def discard(self, database: Database) -> None:
        """End a connection."""
        self.lost(database)
        self.drop(database)

    def lost(self, database: Database) -> None:
        """Forget a connection that has ended; if it was refused, one who waited for it learns why."""
        self.everything.discard(database)
        if database in self.idle:
            self.idle.remove(database)
        if database not in self._opening:
            return
        self._opening.remove(database)
        meant = next((one for one in self.waiting if one.key == database.key), None)
        refused = database.fault is not None and self._instance is database.instance
        if refused and meant is not None:
            self.waiting.remove(meant)
            meant.deny(database)


def _suits(database: Database, borrower: Borrower) -> bool:
    """Tell whether a connection can serve a client at all."""
    without = borrower.schema is None and database.schema is not None
    same = database.key is borrower.key or database.key == borrower.key
    return same and not without and database.usable
