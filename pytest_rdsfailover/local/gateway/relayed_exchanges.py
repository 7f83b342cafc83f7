"""What passes between one client and the real server behind a login, exchange by exchange. No I/O."""

from collections import deque
from itertools import takewhile

from pytest_rdsfailover.local.gateway.answer_writer import AnswerWriter
from pytest_rdsfailover.local.gateway.host import Host
from pytest_rdsfailover.local.gateway.plan import COMMIT, Planner, lifting, withholding
from pytest_rdsfailover.local.gateway.roles import Exchange, hidden, refused, worded
from pytest_rdsfailover.local.gateway.session_witness import SessionWitness
from pytest_rdsfailover.local.gateway.sink import Framed, Sink
from pytest_rdsfailover.local.gateway.variables import Variables
from pytest_rdsfailover.local.gateway.witness import Seen
from pytest_rdsfailover.mysql.packets import (
    IN_TRANS,
    MAX_PAYLOAD,
    OK,
    STATUS_IN_TRANS,
    STATUS_MORE_RESULTS,
    Packet,
    ProtocolError,
    as_of,
    encode,
    error_packet,
    frame,
    packets_of,
    with_status,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesReader
from pytest_rdsfailover.mysql.response_reader import ResponseReader
from pytest_rdsfailover.mysql.responses import STATEMENT_ID, Command, Part, Response

ROLLBACK = hidden(b"ROLLBACK")
PLAIN = frozenset({Command.QUERY, Command.STMT_EXECUTE})  # their answers may pass as they are


class RelayedExchanges:
    """Sends the server what is planned for a client's command, and gives the client its answer.

    Which command comes next, and what is planned for it, is the session's.

    Args:
        host: the instance.
        sink: takes what the instance has for its client; None to have it as bytes in `to_client`.
        seen: counts what clients of its endpoint do; None if it is not to be counted.

    Attributes:
        to_client: bytes for the client.
        to_server: bytes for the server.
        answers: numbers and counts what the client gets of answers.
        variables: what the client finds in place of the server's own.
    """

    def __init__(self, host: Host, sink: Sink | None, seen: Seen | None) -> None:
        self.to_client, self.to_server = bytearray(), bytearray()
        self._sink: Sink = Framed(self.to_client) if sink is None else sink
        self.answers = AnswerWriter(self._sink)
        self._host = host
        self._server = ResponseReader(self._answered)
        self._witness = SessionWitness(seen or Seen(), host.commits)
        self.variables = Variables(host.id, host.volume.aurora)
        self._planner = Planner(host, self.variables, direct=sink is None)
        self._plan: deque[Exchange] = deque()
        self._exchange: Exchange | None = None
        self._command = 0
        self._held: bytes | None = None  # the end of an answer, until our own work is done
        self._drop = False  # the rest of the server's answer is not for the client
        self._goes_on = False  # what the client sends on request is continued by its next packet
        self._plain = False  # the server's answer is for the client as it is
        self._reader = False  # the client's command came to a reader
        self._attributes: AttributesReader | None = None  # of a client that sends any
        self._shift = 0  # by how much the client's packet numbers are ahead of the server's

    @property
    def busy(self) -> bool:
        """Tell whether the server may still be working on a command of this session."""
        return self._server.response is not None

    @property
    def leftover(self) -> bool:
        """Tell whether the server has sent the beginning of a packet, but not its end."""
        return self._server.pending > 0

    @property
    def _takes_writes(self) -> bool:
        """Tell whether its writes are carried out, here or at the cluster's writer."""
        return self._host.writer or self.forwards

    @property
    def forwards(self) -> bool:
        """Tell whether it is at a reader that forwards its writes."""
        return self._planner.forwards

    def _send(self, exchange: Exchange) -> None:
        """Send one command, or answer it ourselves."""
        if exchange.refuse is not None:
            self._plan.clear()
            self.answers.tell(error_packet(exchange.refuse))
            return
        if exchange.lift:
            self._plan.extendleft(reversed(lifting(exchange, self._server.status)))
            return
        if exchange.withheld and exchange.payload[0] != Command.STMT_PREPARE:
            self._plan.extendleft(reversed(withholding(exchange, self._server.status)))
            return
        self._exchange = exchange
        payload, attributes = exchange.payload, self._attributes
        command = payload[0]
        if attributes is not None:
            payload = attributes.own(payload) if exchange.hidden else attributes.restored(payload)
        if exchange.hidden:
            self._planner.sent(exchange)
        else:
            # The server counts on from our command, the client from its own.
            self._shift = self.answers.sequence - packets_of(payload)
        self.to_server += encode(payload)
        self._server.begin(command)
        self._plain = (
            command in PLAIN and self._host.writer and not self._plan and not self._shift
            and not (exchange.hidden or exchange.more or self.variables.marked or self.leftover)
        )  # fmt: skip
        if command == Command.STMT_CLOSE:
            self._planner.closed(exchange.payload[STATEMENT_ID])
            self._witness.closed(exchange.payload[STATEMENT_ID])

    def _answer_from_client(self, packet: Packet) -> None:
        """Pass on what the client was asked for: a file's contents, or its part of a login."""
        self.to_server += frame(packet.payload, packet.sequence - self._shift)
        self.answers.sequence = packet.sequence + 1
        if self._command != Command.CHANGE_USER and not (packet.payload or self._goes_on):
            self._server.asks = False
        self._goes_on = len(packet.payload) == MAX_PAYLOAD

    # Answers -------------------------------------------------------------------------------------

    def _take(self, packet: Packet) -> None:
        """Take the next packet of the server's answer."""
        response, exchange = self._server.response, self._exchange
        part = self._server.follow(packet)
        if response is None or exchange is None:
            self._sink.take(packet)  # an error that comes unasked: the server is about to hang up
            return
        if part is Part.END:
            self._end(packet.payload, response, exchange)
        elif exchange.hidden and part is Part.ROW:
            self._read_row(packet.payload, exchange)
        elif not (exchange.hidden or self._drop):
            self._forward(packet.payload, part, exchange)
        if response.done:
            self._server.end()
            self._plain = self._drop = False

    def _read_row(self, payload: bytes, exchange: Exchange) -> None:
        """Take a row that answers a question of our own; a subclass that asks any reads it."""

    def _answered(self, response: Response) -> None:
        """Count that the server has answered a command of the client's, to its end."""
        exchange, error = self._exchange, response.error
        if exchange is not None and not error:
            self._planner.answered(exchange.payload)
        if exchange is None or (exchange.hidden and exchange != COMMIT):
            return
        if error or not exchange.more:
            self._witness.answered(
                error,
                self._server.status,
                changed=not response.idle,
                rows=response.changed,
                reader=self._reader and not self._host.writer,
                by="" if self._takes_writes else self._host.id,
            )

    def _forward(self, payload: bytes, part: Part | None, exchange: Exchange) -> None:
        """Let the client have a packet from the middle of its answer."""
        if part is Part.COLUMN and self.variables.marked:
            payload = self.variables.unmark(payload)
        elif part and self._command == Command.STMT_PREPARE and payload[0] == OK:
            self._planner.prepared(payload[STATEMENT_ID], exchange)
            self._witness.prepared(payload[STATEMENT_ID], exchange.payload)
            if self._attributes is not None:
                self._attributes.prepared(payload)
        self.answers.tell(payload)

    def _end(self, payload: bytes, response: Response, exchange: Exchange) -> None:
        """Take the end of a result: forward it, hold it, or put an error in its place."""
        if self._drop:
            return
        if exchange.hidden:
            if response.failed and exchange.payload == ROLLBACK.payload:
                raise ProtocolError("a transaction that may write cannot be ended")
            if response.failed:
                self._fail(payload)
        elif response.failed:
            self._fail(
                payload if self._host.writer else worded(payload, self._host.read_only_error)
            )
        elif self._writing() and not exchange.lifted:
            # A transaction that may write was begun on a reader: it must be ended.
            self._plan.clear()
            self._plan.append(ROLLBACK)
            self._witness.rolled_back()
            self._held = refused(self._host.read_only_error)
            self._drop = True
        else:
            self._finish(payload, response, exchange)

    def _writing(self) -> bool:
        """Tell whether a transaction that may write is open although this is a reader."""
        return not self._takes_writes and self._server.status & IN_TRANS == STATUS_IN_TRANS

    def _finish(self, payload: bytes, response: Response, exchange: Exchange) -> None:
        """Forward the good end of a result, now or when our own work behind it is done."""
        if exchange.more and response.done:
            payload = with_status(payload, self._server.status | STATUS_MORE_RESULTS)
        elif response.done and self._plan:
            self._held = payload
            return
        self.answers.tell(payload)

    def _fail(self, payload: bytes) -> None:
        """Answer with an error; of the planned exchanges only our own that tidy up remain."""
        payload = self.variables.unmark_error(payload) if self.variables.marked else payload
        self._plan = deque(takewhile(lambda exchange: exchange.hidden, self._plan))
        self._held = payload

    def _release(self) -> None:
        """Send the client the end of its answer, with the state the session is in by now."""
        payload, self._held = self._held or b"", None
        self.answers.tell(as_of(payload, self._server.status))
