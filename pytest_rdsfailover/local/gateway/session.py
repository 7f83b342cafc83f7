"""One client's connection to an instance, as a state machine: bytes in, bytes out, no I/O."""

from pytest_rdsfailover.local.gateway.command_queue import CommandQueue
from pytest_rdsfailover.local.gateway.crash import BUSY, is_crash
from pytest_rdsfailover.local.gateway.host import Host
from pytest_rdsfailover.local.gateway.relayed_exchanges import RelayedExchanges
from pytest_rdsfailover.local.gateway.relayed_login import RelayedLogin
from pytest_rdsfailover.local.gateway.sink import Sink
from pytest_rdsfailover.local.gateway.token_login import Relayed
from pytest_rdsfailover.local.gateway.volume import NO_ROOM
from pytest_rdsfailover.local.gateway.witness import Seen
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    MessageReader,
    Packet,
    PacketReader,
    ProtocolError,
    error_packet,
    packets_of,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesError
from pytest_rdsfailover.mysql.responses import Command

SET_MULTI_STATEMENTS = b"\x1b\x00\x00"


class InstanceSession(RelayedExchanges):
    """A relay between one client and the real server that plays one instance of Aurora.

    Feed it what either side sent; then send and clear `to_client` and `to_server`.

    Args:
        host: the instance.
        tls: clients are offered TLS.
        sink: takes what the instance has for its client; None to have it as bytes in `to_client`.
        seen: counts what clients of its endpoint do; None if it is not to be counted.

    Attributes:
        crashing: the client wants its instance to crash.
        full: the client cannot take more, so that no further command of its is begun.
        waits: nor is one, because its instance restarts.
        away: nor is one, because the last one is answered elsewhere.
    """

    def __init__(
        self, host: Host, *, tls: bool = False, sink: Sink | None = None, seen: Seen | None = None
    ) -> None:
        super().__init__(host, sink, seen)
        self.crashing = self.full = self.waits = self.away = False
        self._client, self._message = PacketReader(), MessageReader()
        self._login = RelayedLogin(host.volume, tls=tls)
        self._multi = False  # the client may send several statements at once
        self._waiting = CommandQueue()

    @property
    def thread_id(self) -> int | None:
        """Return the connection's id in the server's process list; None before the greeting."""
        return self._login.thread_id

    @property
    def ahead(self) -> bool:
        """Tell whether so many commands wait that no more of the client should be read."""
        return self._waiting.enough

    @property
    def delay(self) -> float:
        """Return for how many seconds the command in `to_server` is to wait.

        Its commit is late because storage is slow, or all is because the instance is small.
        """
        late = self._host.volume.commit_delay
        late = late if late and self._witness.commits(self._server.status) else 0.0
        begins = self.busy and not self._server.asks  # no part of a file that it has asked for
        return late + (self._host.slowness() if begins else 0.0)

    @property
    def forwarding(self) -> bool:
        """Tell whether something of it that was forwarded is under way at the cluster's writer."""
        return self.forwards and self._witness.writing

    def ended(self) -> None:
        """Learn that nothing more is taken from the server: what is unanswered stays so."""
        self._witness.ended()

    def encrypted(self) -> bool:
        """Note that the client's first packet asked for TLS; return whether it may have it."""
        return self._login.encrypted()

    def refuse_crash(self) -> None:
        """Answer that the instance cannot crash now."""
        self.crashing = False
        self.answers.tell(error_packet(BUSY))

    def from_client(self, data: bytes) -> None:
        """Take bytes that the client sent.

        Raises:
            ProtocolError: if no client may send them; the session is over.
        """
        for packet in self._client.feed(data):
            if not self._login.done:
                if not self._login.capabilities:
                    self._planner.logged_in(packet.payload)
                self._relay(self._login.from_client(packet))
            elif self._server.asks and not self._drop:
                self._answer_from_client(packet)
            else:
                message = self._message.add(packet)
                if message is not None:
                    self._waiting.put(message.payload, packet.sequence)
        self._advance()

    def submit(self, message: bytes) -> None:
        """Take a whole command of a client that has logged in, as `from_client` does its bytes."""
        self._waiting.put(message, packets_of(message) - 1)
        self._advance()

    def from_server(self, data: bytes) -> None:
        """Take bytes that the server sent.

        Raises:
            ProtocolError: if no server may send them; the session is over.
        """
        if self._plain:
            self._sink.pass_on(data, self._server)
            self._plain = self._server.response is not None
            self._advance()
            return
        # What follows an answer is done before the next packet is looked at, however they came.
        for packet in self._server.packets(data):
            if self._login.done:
                self._take(packet)
            else:
                self._open(packet)
            self._advance()

    def _open(self, packet: Packet) -> None:
        """Take a server's part of the login, up to its OK."""
        login = self._login
        relayed = login.from_server(packet)
        if login.dialect is not None:
            self._planner.dialect = login.dialect
        if login.done:
            self._multi = bool(login.capabilities & Capability.MULTI_STATEMENTS)
            self._attributes = login.attributes
            self._server.status = login.status
            self._server.deprecate_eof = bool(login.capabilities & Capability.DEPRECATE_EOF)
        self._relay(relayed)

    def _relay(self, relayed: Relayed) -> None:
        """Pass on a part of the login."""
        self.to_server += relayed.to_server
        if relayed.to_client is not None:
            self._sink.take(relayed.to_client)

    # Commands ------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Send the server all it can be sent now."""
        while self._server.response is None and self._login.done:
            if self._plan:
                self._send(self._plan.popleft())
            elif self._held is not None:
                self._release()
            elif self._waiting and not (self.full or self.waits or self.away):
                message = self._waiting.take()[0]
                if not message:
                    raise ProtocolError("an empty command")
                self._take_command(message)
            else:
                return

    def _take_command(self, message: bytes) -> None:
        """Begin a client's command, without its attributes."""
        self.answers.sequence = packets_of(message)
        attributes = self._attributes
        try:
            self._begin(message if attributes is None else attributes.without(message))
        except AttributesError as error:
            self.answers.tell(error_packet(error.fault))

    def _begin(self, message: bytes) -> None:
        """Plan what is to be done for a client's command."""
        self._command = message[0]
        if is_crash(message):
            self.crashing = True  # no answer: the instance goes down
            return
        self._reader = not self._takes_writes
        self._witness.begin(message, self._planner.dialect, multi=self._multi)
        if self._host.volume.full and self._takes_writes and self._witness.writes:
            self._witness.answered(NO_ROOM.code, self._server.status)
            self.answers.tell(error_packet(NO_ROOM))
            return
        if self._command == Command.SET_OPTION:
            self._multi = message == SET_MULTI_STATEMENTS
        self._plan.extend(self._planner.plan(message, self._server.status, multi=self._multi))
