"""One client's connection to the proxy, as a state machine: bytes in, bytes out, no I/O."""

from collections.abc import Callable

from pytest_rdsfailover.local.gateway.command_queue import CommandQueue
from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.local.gateway.proxy.forwarding import Forwarder
from pytest_rdsfailover.local.gateway.proxy.opening import LONGEST_LOGIN, Opening
from pytest_rdsfailover.local.gateway.proxy.server_login import MATCHED, ConnectionKey
from pytest_rdsfailover.local.gateway.proxy.service import Service
from pytest_rdsfailover.mysql.auth import UTF8MB4
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    IN_TRANS,
    MAX_PAYLOAD,
    STATUS_AUTOCOMMIT,
    STATUS_NO_BACKSLASH_ESCAPES,
    MessageReader,
    Packet,
    PacketReader,
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    ok_packet,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesError, AttributesReader
from pytest_rdsfailover.mysql.responses import ENDLESS, UNANSWERED, Command

SHOWN = IN_TRANS | STATUS_AUTOCOMMIT | STATUS_NO_BACKSLASH_ESCAPES
NOT_SUPPORTED = ServerFault(1235, "42000", "This RDS Proxy does not support that command")
UNKNOWN_COMMAND = ServerFault(1047, "08S01", "Unknown command")
ON_STATEMENTS = frozenset({Command.STMT_EXECUTE, Command.STMT_FETCH, Command.STMT_RESET})
KNOWN = frozenset(Command)
QUERY = int(Command.QUERY)


class ProxySession(Forwarder):
    """A client of the proxy: logs in, and has its commands answered in order.

    Attributes:
        opening: its login.
        full: it cannot take more, so that no further command of its is begun.
    """

    __slots__ = (
        "_goes_on", "_message", "_pumping", "_queue", "_reader", "full", "opening",
    )  # fmt: skip

    def __init__(self, service: Service["ProxySession"], number: int) -> None:
        super().__init__(service, number)
        self.opening = Opening(service, number)
        self._reader, self._message = PacketReader(), MessageReader()
        self._queue = CommandQueue()
        self._pumping = self.full = False
        self._goes_on = False  # what the client sends on request is continued by its next packet

    def greet(self) -> None:
        """Say hello, as RDS does."""
        self._send(self.opening.greet())

    def refuse(self, fault: ServerFault) -> None:
        """Hang up on a client before it has said anything."""
        self._say(error_packet(fault), 0)
        self.closing = True

    def from_client(self, data: bytes) -> None:
        """Take bytes that the client sent, in plain text.

        Raises:
            ProtocolError: if no client may send them.
        """
        opening = self.opening
        if opening.going:
            data = opening.before_tls(data)
        for packet in self._reader.feed(data):
            if self.closing:
                return
            self._packet(packet)
        if opening.going and self._reader.pending > LONGEST_LOGIN:
            raise ProtocolError("nobody logs in with that many bytes")
        self.next_command()

    def _packet(self, packet: Packet) -> None:
        if self.opening.going:
            self._come_in(self.opening.feed(packet))
        elif self._asked and self.database is not None:
            self._asked = bool(packet.payload) or self._goes_on
            self._goes_on = len(packet.payload) == MAX_PAYLOAD
            self.database.more(Packet(packet.sequence - self._first & 0xFF, packet.payload))
        else:
            message = self._message.add(packet)
            if message is not None:
                self._queue.put(message.payload, packet.sequence)

    def _come_in(self, sent: bytes) -> None:
        """Go on with the login; when it is over, take the state that it gave."""
        opening = self.opening
        login = opening.login
        self.closing = opening.failed
        if login is not None and not opening.going:
            self.user = login.user
            self.key = ConnectionKey(login.user, login.capabilities & MATCHED)
            sends = login.capabilities & Capability.QUERY_ATTRIBUTES
            self.attributes = AttributesReader(passes=False) if sends else None
            self._begin_anew(login.database, self._charset(login.charset))
        self._send(sent)

    def _charset(self, number: int) -> tuple[bytes, bytes] | None:
        """Return character set and collation that a login's number means."""
        charsets = self._service.facts.charsets
        return charsets.get(number) or charsets.get(UTF8MB4)

    def _begin_anew(self, schema: bytes | None, charset: tuple[bytes, bytes] | None) -> None:
        """Forget all state but a database, and a character set with its collation."""
        self._carried.begin(schema, charset)
        self._last, self._status, self._saved = None, STATUS_AUTOCOMMIT, False
        self._aftermath = Aftermath(self._aftermath.found_rows)

    # Commands ------------------------------------------------------------------------------------

    def next_command(self) -> None:
        """Work on the commands that have come; a command that ends at once calls this again."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._queue and not self._occupied:
                message, self._shift = self._queue.take()
                self._take_command(message)
        except ProtocolError:
            # This may run while a server's bytes are taken: the server's session must not end for it.
            self.closing = True
            self._service.touch(self)
        finally:
            self._pumping = False

    @property
    def _occupied(self) -> bool:
        return bool(self.message) or self.closing or self.full or self.opening.going

    @property
    def ahead(self) -> bool:
        """Tell whether so many commands wait that no more of the client should be read."""
        return self._queue.enough

    def _take_command(self, message: bytes) -> None:
        """Begin a command; its attributes end here."""
        if not message:
            raise ProtocolError("an empty command")
        attributes = self.attributes
        try:
            self._begin(message if attributes is None else attributes.without(message))
        except AttributesError as error:
            self._answer(error_packet(error.fault))

    def _begin(self, message: bytes) -> None:
        command = message[0]
        own = OWN.get(command)
        if command == QUERY:  # the usual case
            self.forward(message)
        elif own is not None:
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
            self.forward(message)

    # What the proxy answers itself ---------------------------------------------------------------

    def _quit(self, _: bytes) -> None:
        self.closing = True
        self._service.touch(self)

    def _ping(self, message: bytes) -> None:
        if self.database is not None:  # whose server knows of a transaction that an error has ended
            self.forward(message)
            return
        self._aftermath.row_count = 0
        self._answer(ok_packet(self._status & SHOWN))

    def _reset(self, _: bytes) -> None:
        self._detach()
        login = self.opening.login
        charset = self._charset(UTF8MB4 if login is None else login.charset)
        self._begin_anew(self.schema, self._service.facts.after_reset or charset)
        self._answer(ok_packet(self._status & SHOWN))

    def _option(self, message: bytes) -> None:
        """Switch several statements a text on or off."""
        on = message[1:3] == b"\0\0"
        one = Capability.MULTI_STATEMENTS
        capabilities = self.key.capabilities | one if on else self.key.capabilities & ~one
        self.key = ConnectionKey(self.user, capabilities)
        if self.database is not None:
            self.database.key = self.key
            self.forward(message)
        elif capabilities & Capability.DEPRECATE_EOF:
            self._answer(ok_packet(self._status & SHOWN))
        else:
            self._answer(eof_packet(self._status & SHOWN))

    def _change_user(self, message: bytes) -> None:
        self._detach()
        self._come_in(self.opening.change_user(message, self._shift))


OWN: dict[int, Callable[[ProxySession, bytes], None]] = {
    Command.QUIT: ProxySession._quit,  # noqa: SLF001 - of the same file
    Command.PING: ProxySession._ping,  # noqa: SLF001
    Command.RESET_CONNECTION: ProxySession._reset,  # noqa: SLF001
    Command.SET_OPTION: ProxySession._option,  # noqa: SLF001
    Command.CHANGE_USER: ProxySession._change_user,  # noqa: SLF001
}
