"""A client's session that borrows database connections and gives them back. No I/O."""

from typing import Any

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.proxy.carried import Carried
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.pinning.effects import NOTHING
from pytest_rdsfailover.local.gateway.proxy.server_login import ConnectionKey
from pytest_rdsfailover.local.gateway.proxy.service import Service
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    IN_TRANS,
    STATUS_AUTOCOMMIT,
    ServerFault,
    frame,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesReader
from pytest_rdsfailover.mysql.tls import TlsServer

NO_CONNECTION = ServerFault(9501, "HY000", "Timed-out waiting to acquire database connection")


class BorrowingSession:
    """A client's session, which has a database connection while it needs one.

    Attributes:
        number: its connection id in the greeting.
        to_client: bytes to send.
        closing: hang up when they have been sent.
        user: who has logged in; empty before.
        database: the connection it has now.
        tls: what encrypts the way to the client; None if nothing does.
        pin: why it keeps that; None while it does not.
        waiting: it wants a connection.
        key: what its database connections must have.
        instance: where they lead to, which the pool decides; None before the first.
        message: the command that is being worked on; empty between two.
        attributes: takes query attributes out of commands; None if the client sends none.
    """

    __slots__ = (
        "_carried", "_effect", "_last", "_last_uses", "_saved", "_service", "_status",
        "attributes", "closing", "database", "instance", "key", "message", "number", "pin", "tls", "to_client",
        "user", "waiting",
    )  # fmt: skip

    def __init__(self, service: Service[Any], number: int) -> None:
        self.number, self._service = number, service
        self.to_client = bytearray()
        self.closing = self.waiting = False
        self.user = ""
        self.key = ConnectionKey("", Capability(0))
        self.database: Database | None = None
        self.tls: TlsServer | None = None
        self.instance: Instance | None = None
        self.pin: str | None = None
        self.message = b""
        self.attributes: AttributesReader | None = None
        self._status = STATUS_AUTOCOMMIT
        self._carried = Carried()
        self._effect = NOTHING  # what the command may do to a session
        self._last: Database | None = None
        self._last_uses = 0
        self._saved = False  # there are savepoints, but no transaction by the flags

    @property
    def schema(self) -> bytes | None:
        """Return the database it uses; None for none."""
        return self._carried.schema

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self._saved or bool(self._status & IN_TRANS)

    def _give_up(self, fault: ServerFault) -> None:
        """Answer the command with a fault, because no connection can take it; for subclasses."""
        raise NotImplementedError

    def _borrow(self) -> None:
        """Want a connection: the latest one, if no other session has used it since."""
        self.waiting = True
        last = self._last
        unused = last is not None and last.uses == self._last_uses
        self._service.borrow(self, last if unused else None)

    def deny(self, database: Database) -> None:
        """Learn that no connection could be made, because the server refused it."""
        self.waiting = False
        self._service.leave(self)  # stops its time-out, which would end a later wait
        self._give_up(database.fault or NO_CONNECTION)

    def timed_out(self) -> None:
        """Wait no longer for a connection."""
        self.waiting = False
        self._give_up(NO_CONNECTION)

    def _return(self, database: Database) -> None:
        self.database, database.client = None, None
        database.dirty = database.dirty or self._carried.sticks
        # A connection that is reset cannot tell this session about its latest statement any more.
        self._last = None if database.dirty else database
        self._last_uses = database.uses
        self._service.give_back(database)

    def _detach(self) -> None:
        """Return the connection with nothing left of this session in it."""
        self.pin = None
        database = self.database
        if database is not None:
            database.dirty = True
            self._return(database)

    def leave(self) -> None:
        """Give back what the session has, because its client is gone."""
        self.closing = True
        if self.waiting:
            self.waiting = False
            self._service.leave(self)
        database = self.database
        if database is not None and database.busy:
            self.database, database.client = None, None
            self._service.discard(database)
        elif database is not None and (self.pin or self.in_transaction):
            self._detach()
        elif database is not None:
            self._return(database)

    def _say(self, payload: bytes, sequence: int) -> None:
        self._send(frame(payload, sequence))

    def _send(self, data: bytes) -> None:
        self._service.touch(self)
        self.to_client += data
