"""One client's connection to the proxy, as a state machine: bytes in, bytes out, no I/O."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from pytest_rdsfailover.gateway.proxy.authentication import (
    Authentication,
    Directory,
    Login,
    new_scramble,
    parse_change_user,
    parse_login,
)
from pytest_rdsfailover.gateway.proxy.database import Database
from pytest_rdsfailover.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.gateway.proxy.pinning import Effect, effect
from pytest_rdsfailover.gateway.proxy.server_login import MATCHED, UTF8MB4, Key
from pytest_rdsfailover.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.gateway.proxy.state import FOLLOWERS, charset_state, question
from pytest_rdsfailover.wire.auth import CACHING, NATIVE
from pytest_rdsfailover.wire.handshake import (
    RELAYED,
    Capability,
    Greeting,
    encode_greeting,
    is_tls_request,
)
from pytest_rdsfailover.wire.packets import (
    HEADER,
    MAX_PAYLOAD,
    OK,
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_IN_TRANS_READONLY,
    STATUS_NO_BACKSLASH_ESCAPES,
    MessageReader,
    Packet,
    PacketReader,
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
    read_lenenc,
)
from pytest_rdsfailover.wire.responses import ENDLESS, UNANSWERED, Command, Part, Response

BACKLOG = 64 * 1024 * 1024  # bytes of commands that a client may send ahead
IN_TRANS = STATUS_IN_TRANS | STATUS_IN_TRANS_READONLY
SHOWN = IN_TRANS | STATUS_AUTOCOMMIT | STATUS_NO_BACKSLASH_ESCAPES
OFFERED = RELAYED | Capability.SSL
TLS_REQUIRED = ServerFault(3159, "HY000", "This RDS Proxy requires TLS connections.")
NO_CONNECTION = ServerFault(9501, "HY000", "Timed-out waiting to acquire database connection")
NOT_SUPPORTED = ServerFault(1235, "42000", "This RDS Proxy does not support that command")
UNKNOWN_COMMAND = ServerFault(1047, "08S01", "Unknown command")
LONGEST_LOGIN = 64 * 1024  # bytes
ON_STATEMENTS = frozenset({Command.STMT_EXECUTE, Command.STMT_FETCH, Command.STMT_RESET})
KNOWN = frozenset(Command)
ONLY_AUTOCOMMIT = re.compile(
    rb"\s*SET\s+(?:SESSION\s+)?autocommit\s*=\s*[01]\s*;?\s*", re.IGNORECASE
)


class Service(Protocol):
    """The proxy, as its sessions see it."""

    settings: ProxySettings
    facts: ServerFacts
    directory: Directory

    def borrow(self, session: "ProxySession", last: Database | None) -> None:
        """Lend a database connection now or later."""

    def lent(self, session: "ProxySession") -> None:
        """Learn that a session has got its connection."""

    def give_back(self, database: Database) -> None:
        """Take a database connection back."""

    def leave(self, session: "ProxySession") -> None:
        """Let a session wait no longer."""

    def pinned(self, session: "ProxySession", reason: str, statement: bytes) -> None:
        """Note that a session keeps its connection."""

    def touch(self, session: "ProxySession") -> None:
        """Learn that a session has something to send."""

    def discard(self, database: Database) -> None:
        """End a database connection."""


class ProxySession:
    """A client of the proxy.

    Attributes:
        number: its connection id in the greeting.
        to_client: bytes to send.
        closing: hang up when they have been sent.
        rest: bytes that followed a request for TLS; None unless TLS is to begin.
        encrypted: TLS is on.
        user: who has logged in; empty before.
        database: the connection it has now.
        pin: why it keeps that; None while it does not.
        waiting: it wants a connection.
        schema: the database it uses; None for none.
        key: what its database connections must have.
        message: the command that is being worked on; empty between two.
        commands: how many commands it has sent.
    """

    __slots__ = (
        "_asked", "_authentication", "_effect", "_explicit", "_held", "_insert_id", "_last", "_last_uses",
        "_login", "_message", "_opening", "_pumping", "_queue", "_queued", "_reader", "_scramble", "_sent", "_sequence",
        "_service", "_shift", "_state", "_status",
        "closing", "commands", "database", "encrypted", "key", "message", "number", "pin",
        "rest", "schema", "to_client", "user", "waiting",
    )  # fmt: skip

    def __init__(self, service: Service, number: int) -> None:
        self.number, self._service = number, service
        self.to_client = bytearray()
        self.closing = self.encrypted = self.waiting = False
        self.rest: bytes | None = None
        self.user = ""
        self.key = Key("", Capability(0))
        self.schema: bytes | None = None
        self.database: Database | None = None
        self.pin: str | None = None
        self.commands = 0
        self.message = b""  # the command that is being worked on
        self._reader, self._message = PacketReader(), MessageReader()
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued = 0
        self._sequence = self._shift = 0
        self._scramble = new_scramble()
        self._authentication: Authentication | None = None
        self._login: Login | None = None
        self._status = STATUS_AUTOCOMMIT
        self._state: dict[bytes, bytes | None] = {}
        self._explicit: tuple[bytes, ...] = ()
        self._effect = Effect()
        self._insert_id = 0
        self._last: Database | None = None
        self._last_uses = 0
        self._pumping = self._sent = False
        self._held = b""  # the end of an answer, until the proxy's own work is done
        self._asked = False  # the client is to send data, not a command
        self._opening = bytearray()

    # The opening ---------------------------------------------------------------------------------

    def greet(self) -> None:
        """Say hello, as RDS does."""
        facts = self._service.facts
        greeting = Greeting(
            version=facts.version, thread_id=self.number, capabilities=OFFERED,
            status=STATUS_AUTOCOMMIT, charset=facts.charset, scramble=self._scramble,
            plugin=self._method(),
        )  # fmt: skip
        self._say(encode_greeting(greeting), 0)

    def _method(self) -> bytes:
        kind = self._service.settings.client_password_auth_type
        return NATIVE if kind == "MYSQL_NATIVE_PASSWORD" else CACHING

    def refuse(self, fault: ServerFault) -> None:
        """Hang up on a client before it has said anything."""
        self._say(error_packet(fault), 0)
        self.closing = True

    def from_client(self, data: bytes) -> None:
        """Take bytes that the client sent, in plain text.

        Raises:
            ProtocolError: if no client may send them.
        """
        if self._login is None and not self.encrypted:
            data = self._before_tls(data)
        for packet in self._reader.feed(data):
            if self.closing:
                return
            self._packet(packet)
        if self._login is None and self._reader.pending > LONGEST_LOGIN:
            raise ProtocolError("nobody logs in with that many bytes")
        if self._queued > BACKLOG and len(self._queue) > 1:
            raise ProtocolError("the client sends commands faster than they are answered")
        self._pump()

    def _before_tls(self, data: bytes) -> bytes:
        """Return what may go to the packet reader: nothing of what follows a request for TLS."""
        opening = self._opening
        opening += data
        length = HEADER + int.from_bytes(opening[:3], "little")
        if len(opening) >= HEADER and length > LONGEST_LOGIN:
            raise ProtocolError("nobody logs in with that many bytes")
        if len(opening) < max(HEADER, length):
            return b""
        data = bytes(opening)
        opening.clear()
        if not is_tls_request(data[HEADER:length]):
            return data
        self._sequence, self.rest = data[3] + 1, data[length:]
        return b""

    def _packet(self, packet: Packet) -> None:
        if self._authentication is not None:
            self._sequence = packet.sequence + 1
            self._authenticate(self._authentication.feed(packet.payload))
        elif self._login is None:
            self._log_in(packet)
        elif self._asked and self.database is not None:
            self._asked = bool(packet.payload)
            self.database.more(Packet(packet.sequence - self._first & 0xFF, packet.payload))
        else:
            message = self._message.add(packet)
            if message is not None:
                self._queue.append((message.payload, packet.sequence))
                self._queued += len(message.payload)

    def _log_in(self, packet: Packet) -> None:
        self._sequence = packet.sequence + 1
        self._login = parse_login(packet.payload)
        if self._login.capabilities & (Capability.COMPRESS | Capability.ZSTD):
            # It may compress although that was not offered, and would then wait for ever.
            raise ProtocolError("the client wants compression, which was not offered")
        if self._service.settings.require_tls and not self.encrypted:
            self._fail(TLS_REQUIRED)
            return
        self._authentication = self._new_authentication()
        self._authenticate(self._authentication.begin())

    def _new_authentication(self) -> Authentication:
        assert self._login is not None  # noqa: S101 - set by both callers
        return Authentication(
            self._service.directory, self._login, self._scramble, self._method(), tls=self.encrypted
        )

    def _authenticate(self, payloads: list[bytes]) -> None:
        """Go on with a login, up to its OK or its error."""
        for payload in payloads:
            self._say(payload, self._sequence)
            self._sequence += 1
        authentication, login = self._authentication, self._login
        if authentication is None or login is None or not authentication.done:
            return
        self._authentication = None
        if authentication.fault is not None:
            self._fail(authentication.fault)
            return
        self.user, self.schema = login.user, login.database
        self.key = Key(login.user, login.capabilities & MATCHED)
        self._begin_anew()
        self._say(ok_packet(self._status), self._sequence)

    def _fail(self, fault: ServerFault) -> None:
        self._say(error_packet(fault), self._sequence)
        self.closing = True

    def _begin_anew(self) -> None:
        """Forget all state but what the login gave."""
        number = UTF8MB4 if self._login is None else self._login.charset
        charsets = self._service.facts.charsets
        found = charsets.get(number) or charsets.get(UTF8MB4)
        self._state = {} if found is None else charset_state(*found)
        self._explicit, self._insert_id, self._last = (), 0, None
        self._status = STATUS_AUTOCOMMIT

    # Commands ------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return bool(self._status & IN_TRANS)

    def _pump(self) -> None:
        """Work on the commands that have come; a command that ends at once calls this again."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._queue and not self._occupied:
                message, sequence = self._queue.popleft()
                self._queued -= len(message)
                self._shift = sequence
                self.commands += 1
                self._begin(message)
        except ProtocolError:
            # This may run while a server's bytes are worked on, which are nobody's fault.
            self.closing = True
            self._service.touch(self)
        finally:
            self._pumping = False

    @property
    def _occupied(self) -> bool:
        return bool(self.message) or self.closing or self._authentication is not None

    def _begin(self, message: bytes) -> None:
        if not message:
            raise ProtocolError("an empty command")
        command = message[0]
        own = OWN.get(command)
        if own is not None:
            own(self, message)
        elif command not in KNOWN:
            self._answer(error_packet(UNKNOWN_COMMAND))
        elif command in ENDLESS:
            self._answer(error_packet(NOT_SUPPORTED))
        elif self.pin is None and command in UNANSWERED:
            pass  # about a prepared statement, but there is none
        elif self.pin is None and command in ON_STATEMENTS:
            number = int.from_bytes(message[1:5], "little")
            text = f"Unknown prepared statement handler ({number}) given to EXECUTE"
            self._answer(error_packet(ServerFault(1243, "HY000", text)))
        else:
            self._forward(message)

    def _forward(self, message: bytes) -> None:
        """Let a database connection work on a command: the one it has, or one it borrows."""
        settings, facts = self._service.settings, self._service.facts
        dialect = facts.dialect
        if self._status & STATUS_NO_BACKSLASH_ESCAPES:
            dialect = replace(dialect, backslash=False)
        self.message, self._sent = message, False
        self._effect = effect(message, dialect, exclude_sets=settings.excludes_variable_sets)
        if self.database is not None:
            self._go()
            return
        self.waiting = True
        last = self._last
        unused = last is not None and last.uses == self._last_uses
        self._service.borrow(self, last if unused else None)

    def lend(self, database: Database) -> None:
        """Take a database connection; bring it into this session's state, then use it."""
        same = database is self._last and database.uses == self._last_uses + 1
        self.waiting, self.database, database.client = False, database, self
        self._service.lent(self)
        if not same:  # what another session left to look back at is not for this one
            database.quieten(always=self._effect.looks_back)
        database.adopt(self.schema, {**database.baseline, **self._state}, self._go)

    def deny(self, database: Database) -> None:
        """Learn that no connection could be made, because the server refused it."""
        self.waiting = False
        self._give_up(database.fault or NO_CONNECTION)

    def timed_out(self) -> None:
        """Wait no longer for a connection."""
        self.waiting = False
        self._give_up(NO_CONNECTION)

    def broken(self, fault: ServerFault) -> None:
        """Learn that the connection failed in what the proxy did on it for this session."""
        self.database, self.pin = None, None
        if self._sent:
            self.closing = True  # what the command did to the session cannot be known any more
        else:
            self._give_up(fault)

    def _give_up(self, fault: ServerFault) -> None:
        self._answer(error_packet(fault))
        self.message = b""
        self._pump()

    def _go(self) -> None:
        """Send the command, on a connection that is in this session's state."""
        database = self.database
        if database is None:
            return
        if self._effect.insert_id and database.inserter != self.number:
            database.inserter = self.number
            database.ask(b"SET LAST_INSERT_ID = %d" % self._insert_id, lambda _: self._go())
            return
        if self._effect.pin is not None and self.pin is None:
            self.pin = self._effect.pin
            self._service.pinned(self, self.pin, self.message[1:])
        database.dirty = database.dirty or self._effect.leaves
        self._sent = True
        if not database.command(self.message):
            self._finished(failed=False)

    @property
    def _first(self) -> int:
        """Return the number of the command's first packet; its last one has `_shift`."""
        return self._shift - len(self.message) // MAX_PAYLOAD

    def answer(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of the server's answer."""
        payload = packet.payload
        if response.done and part is not None:
            self._held = frame(payload, packet.sequence + self._first)
        else:
            self._say(payload, packet.sequence + self._first)
        if part is Part.ASK:
            self._asked = True
        elif part is Part.END and response.status is not None:
            self._status = response.status
            if payload[0] == OK:
                number, _ = read_lenenc(payload, read_lenenc(payload, 1)[1])
                if number and self.database is not None:
                    self._insert_id, self.database.inserter = number, self.number
        if response.done and (part is not None):
            self._finished(failed=response.failed)

    def _finished(self, *, failed: bool) -> None:
        """Note what a command has done to the session, then tell its client the end.

        In this order, because a client that has its answer is idle: whatever happens to the
        database connection now must not matter to it.
        """
        self._asked = False
        database = self.database
        if database is None:
            return
        if self._effect.changes:
            self._learn(database)
        elif failed and not self.pin and not self._status & STATUS_AUTOCOMMIT:
            # An error tells nothing of the transaction that its statement may have begun.
            database.ask(b"DO 0", lambda _: self._rest())
        else:
            self._rest()

    def _learn(self, database: Database) -> None:
        """Ask the connection for the state that a statement has changed."""
        if ONLY_AUTOCOMMIT.fullmatch(self.message, 1):
            on = b"1" if self._status & STATUS_AUTOCOMMIT else b"0"
            database.state[b"autocommit"] = self._state[b"autocommit"] = on
            self._rest()
            return
        lowered = self.message.lower()
        named = tuple(name for name in sorted(FOLLOWERS) if name in lowered)
        before = self.schema
        names = (*database.setup.names, *(named or self._explicit))

        def learnt(row: list[bytes | None]) -> None:
            database.learn(row, names)
            self.schema = database.schema
            self._explicit = named or (self._explicit if self.schema == before else ())
            wanted = {name: database.state.get(name) for name in database.setup.names}
            base = database.baseline
            self._state = {name: value for name, value in wanted.items() if value != base.get(name)}
            self._state |= {name: database.state.get(name) for name in self._explicit}
            self._rest()

        database.ask(question(names), learnt)

    def _rest(self) -> None:
        """End the answer; return the connection between two transactions, unless it is pinned."""
        self.message = b""
        if self._held:
            self._service.touch(self)
            self.to_client += self._held
            self._held = b""
        database = self.database
        if database is not None and not self.pin:
            if database.status is not None:
                self._status = database.status
            if not self.in_transaction:
                self._return(database)
        self._pump()

    def _return(self, database: Database) -> None:
        self.database, database.client = None, None
        database.dirty = database.dirty or bool(self._explicit)
        # One that is reset has forgotten what could be asked about the latest statement.
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

    # What the proxy answers itself ---------------------------------------------------------------

    def _quit(self, _: bytes) -> None:
        self.closing = True

    def _ping(self, _: bytes) -> None:
        self._answer(ok_packet(self._status & SHOWN))

    def _reset(self, _: bytes) -> None:
        self._detach()
        self._begin_anew()
        self._answer(ok_packet(self._status & SHOWN))

    def _option(self, message: bytes) -> None:
        """Switch several statements a text on or off."""
        on = message[1:3] == b"\0\0"
        one = Capability.MULTI_STATEMENTS
        capabilities = self.key.capabilities | one if on else self.key.capabilities & ~one
        self.key = Key(self.user, capabilities)
        if self.database is not None:
            self.database.key = self.key
            self._forward(message)
        elif capabilities & Capability.DEPRECATE_EOF:
            self._answer(ok_packet(self._status & SHOWN))
        else:
            self._answer(eof_packet(self._status & SHOWN))

    def _change_user(self, message: bytes) -> None:
        assert self._login is not None  # noqa: S101 - a command comes after a login
        self._detach()
        self._login = parse_change_user(message, self._login.capabilities)
        self._sequence = self._shift + 1
        self._authentication = self._new_authentication()
        self._authenticate(self._authentication.restart())

    def _answer(self, payload: bytes) -> None:
        """Answer the command with a packet of our own."""
        self._say(payload, self._shift + 1)

    def _say(self, payload: bytes, sequence: int) -> None:
        self._service.touch(self)
        self.to_client += frame(payload, sequence)


OWN: dict[int, Callable[[ProxySession, bytes], None]] = {
    Command.QUIT: ProxySession._quit,  # noqa: SLF001 - of the same file
    Command.PING: ProxySession._ping,  # noqa: SLF001
    Command.RESET_CONNECTION: ProxySession._reset,  # noqa: SLF001
    Command.SET_OPTION: ProxySession._option,  # noqa: SLF001
    Command.CHANGE_USER: ProxySession._change_user,  # noqa: SLF001
}
