"""One database connection of the proxy, as a state machine: bytes in, bytes out, no I/O."""

import enum
from collections import deque
from collections.abc import Callable
from typing import Protocol

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.lag.session import LaggedSession
from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.local.gateway.proxy.errands import Errand, Row, TakeRows, nothing
from pytest_rdsfailover.local.gateway.proxy.server_login import ConnectionKey, Setup, login
from pytest_rdsfailover.local.gateway.proxy.state import Values, question, quoted_name, setting
from pytest_rdsfailover.local.gateway.witness import Seen
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    ERR,
    MAX_PAYLOAD,
    Packet,
    ProtocolError,
    ServerFault,
    frame,
    parse_error,
)
from pytest_rdsfailover.mysql.response_reader import ResponseReader
from pytest_rdsfailover.mysql.responses import UNANSWERED, Command, Part, Response
from pytest_rdsfailover.mysql.results import parse_row

# MariaDB forgets warnings only when a statement reads from something.
FORGET = b"DO (SELECT 1 FROM (SELECT 1) AS nothing)"


class Client(Protocol):
    """Whose command a connection is answering."""

    def answer(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of the answer; *part* is None for one that continues the one before."""

    def relay(self, data: bytes) -> None:
        """Take packets of an answer that only its client needs to understand."""


class DatabaseStage(enum.Enum):
    """How far a connection is."""

    LOGIN = enum.auto()
    SETUP = enum.auto()
    READY = enum.auto()


class Database:
    """A connection to an instance, lent to one client at a time.

    Attributes:
        key: whom it can serve.
        instance: which instance it leads to.
        session: the instance as a state machine; its `to_server` is what is to be sent.
        client: whom it is lent to; None if to nobody.
        schema: its current database; None for none.
        uses: how often it has been lent.
        dirty: it must be reset before it is lent again.
        state: the values of tracked variables that it has now.
        baseline: the values it had when it was new.
        ready: is called when it can be lent: after its set-up, and after a reset.
        touch: is called when it has something to send.
        fault: why it failed; None as long as it has not.
        status: the latest status flags; None before there were any.
        insert_id: what LAST_INSERT_ID() tells on it.
        aftermath: of the client's statement that it can still be asked about; None for none.
        fresh: no client's command was sent since it was new, or was reset.
        noisy: it may have warnings of a client's.
    """

    def __init__(
        self,
        key: ConnectionKey,
        instance: Instance,
        setup: Setup,
        *,
        ready: Callable[["Database"], None],
        touch: Callable[["Database"], None],
        seen: Seen | None = None,
    ) -> None:
        self.key, self.instance, self.setup = key, instance, setup
        self.session = LaggedSession(instance, sink=self, seen=seen)
        self.client: Client | None = None
        self.schema: bytes | None = None
        self.uses = 0
        self.dirty = False
        self.state: dict[bytes, bytes | None] = {}
        self.baseline: Values = {}
        self.ready, self.touch = ready, touch
        self.fault: ServerFault | None = None
        self.status: int | None = None
        self.insert_id = 0
        self.aftermath: Aftermath | None = None
        self.fresh, self.noisy = True, False
        self._then = ready  # what a reset leads to
        self._stage = DatabaseStage.LOGIN
        self._login = login(key, setup)
        self._deprecate_eof = bool(key.capabilities & Capability.DEPRECATE_EOF)
        self._errands: deque[Errand] = deque()
        self._errand: Errand | None = None
        self._asked: int | None = None  # the command that is to be answered
        self._response: Response | None = None  # its answer, if the session does not follow it
        self._continues = False

    @property
    def busy(self) -> bool:
        """Tell whether the server may be working for this connection."""
        return self._asked is not None or bool(self._errands)

    @property
    def usable(self) -> bool:
        """Tell whether it is logged in, set up and whole, with nothing left of an answer in it."""
        return (
            self._stage is DatabaseStage.READY and self.fault is None and not self.session.leftover
        )

    def from_server(self, data: bytes) -> None:
        """Take bytes that the server sent.

        Raises:
            ProtocolError: if no server may send them.
        """
        self.hear(self.session.from_server, data)

    def hear(self, work: Callable[[bytes], None], data: bytes) -> None:
        """Work on received bytes, of the server's or of what answers in its place.

        Raises:
            ProtocolError: if they may not be sent.
        """
        work(data)
        if self.session.to_server:
            self.touch(self)

    def take(self, packet: Packet) -> None:
        """Take a packet that the instance has for its client."""
        continues, self._continues = self._continues, len(packet.payload) == MAX_PAYLOAD
        if self._stage is DatabaseStage.LOGIN:
            self._log_in(packet)
            return
        if self._asked is None:
            self._farewell(packet)
            return
        if self._response is None:
            self._response = Response(self._asked, deprecate_eof=self._deprecate_eof)
        response = self._response
        self._take_part(packet, None if continues else response.feed(packet.payload), response)

    def pass_on(self, data: bytes, server: ResponseReader) -> None:
        """Take bytes of an answer; its client has rows as they came, and all else as packets."""
        client = self.client
        if self._errand is None and client is not None:
            rows, packets = server.skip(data)
            if rows:
                client.relay(rows)
        else:
            packets = server.packets(data)
        for packet in packets:
            response, part = server.response, server.follow(packet)
            if response is None:
                self.take(packet)  # a farewell
                continue
            self._take_part(packet, part, response)
            if response.done:
                server.end()

    def _take_part(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet whose part in its response is known."""
        if part is Part.END:
            self._note(response)
        if response.done:
            self._asked = self._response = None
        if self._errand is not None:
            self._own(packet, part, response)
        elif self.client is not None:
            self.client.answer(packet, part, response)

    def _note(self, response: Response) -> None:
        """Note the end of a result: status flags, and whether SHOW WARNINGS has something."""
        if response.status is not None:
            self.status = response.status
        self.noisy = self.noisy or (response.warned and self._errand is None)

    def _farewell(self, packet: Packet) -> None:
        if packet.payload[:1] != bytes((ERR,)):
            raise ProtocolError("the server sent what nobody asked for")
        self.fault = parse_error(packet.payload)

    def _log_in(self, packet: Packet) -> None:
        """Go on with the login, then with the set-up."""
        try:
            answer = self._login.feed(packet.payload)
        except ProtocolError as error:
            self.fault = ServerFault(1105, "HY000", f"RDS Proxy cannot log in: {error}")
            return
        self.fault = self._login.fault
        if self._login.done:
            self._stage = DatabaseStage.SETUP
            self._set_up()
        elif answer is not None:
            self.session.from_client(frame(answer, packet.sequence + 1))

    # The proxy's own commands --------------------------------------------------------------------

    def _set_up(self) -> None:
        """Run the init query, then note which state a connection begins with."""
        for sql in self.setup.init:
            self.ask(sql)
        self.ask(question(self.setup.names), self._is_ready)

    def _is_ready(self, rows: list[Row]) -> None:
        self.learn(rows, self.setup.names)
        self.baseline = dict(self.state)
        self._stage, self.dirty = DatabaseStage.READY, False
        self.fresh, self.noisy = True, False
        then, self._then = self._then, self.ready
        then(self)

    def learn(self, rows: list[Row], names: tuple[bytes, ...]) -> None:
        """Note the state that a `question` was answered with."""
        row = rows[0] if rows else []
        if len(row) != 1 + len(names):
            raise ProtocolError("the server tells less of its state than it was asked for")
        self.schema = row[0]
        self.state.update(zip(names, row[1:], strict=True))

    def reset(self, then: Callable[["Database"], None] | None = None) -> None:
        """Make it like new, then call *then*, or `ready`."""
        self._stage, self._then = DatabaseStage.SETUP, then or self.ready
        self.state.clear()
        self.insert_id = 0
        self._run(Errand(bytes((Command.RESET_CONNECTION,)), nothing))
        self._set_up()

    def ask(self, sql: bytes, done: TakeRows = nothing) -> None:
        """Run a statement of the proxy's own and hand on its rows."""
        self._run(Errand(bytes((Command.QUERY,)) + sql, done))

    def _run(self, errand: Errand) -> None:
        """Run a command of the proxy's own, which ends what could be asked about a client's."""
        self.aftermath = None
        self._errands.append(errand)
        if self._asked is None:
            self._next()

    def _next(self) -> None:
        if self._errands and self._asked is None:
            self._errand = self._errands.popleft()
            self.command(self._errand.payload)

    def _own(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of the answer to a command of our own."""
        errand = self._errand
        if errand is None:
            return
        if part is Part.ROW:
            errand.rows.append(parse_row(packet.payload))
        if not response.done:
            return
        self._errand = None
        if response.failed:
            self.fault = parse_error(packet.payload)
            return
        errand.done(errand.rows)
        self._next()

    # A client's commands -------------------------------------------------------------------------

    def adopt(self, schema: bytes | None, wanted: Values, done: Callable[[], None]) -> None:
        """Take over a client's state, without another client's warnings, then call *done*.

        A connection cannot leave its database for none: a client without one needs another
        connection.
        """
        if self.noisy:
            self.noisy = False
            self.ask(FORGET)
        if schema is not None and schema != self.schema:
            self.schema = schema
            self.ask(b"USE " + quoted_name(schema))
        change = setting(wanted, self.state)
        if change:
            self.state.update(wanted)
            self.ask(change)
        last = self._errands[-1] if self._errands else self._errand
        if last is None:
            done()
        else:
            last.done = lambda _: done()

    def command(self, message: bytes) -> bool:
        """Send a command; return whether it is answered, which may be before this returns."""
        answered = message[0] not in UNANSWERED
        self._asked = message[0] if answered else None
        self.touch(self)
        self.session.submit(message)
        return answered

    def more(self, packet: Packet) -> None:
        """Send what a client was asked for in the middle of a command: a file's contents."""
        self.touch(self)
        self.session.from_client(frame(packet.payload, packet.sequence))
