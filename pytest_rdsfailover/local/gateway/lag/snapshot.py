"""A session of our own in the real server that shows its rows as they were once. No I/O."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_rdsfailover.local.gateway.lag.reads import AnswerPart, Read
from pytest_rdsfailover.local.gateway.proxy.state import Values, question, quoted_name, setting
from pytest_rdsfailover.mysql.auth import ClientIdentity, ClientLogin
from pytest_rdsfailover.mysql.packets import Packet, ProtocolError, encode, frame
from pytest_rdsfailover.mysql.response_reader import ResponseReader
from pytest_rdsfailover.mysql.responses import Command, Part, Response
from pytest_rdsfailover.mysql.results import parse_row

REPEATABLE = b"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
START = b"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
# What a statement has read stays locked against changes of its definition. Going back to a savepoint
# ends these locks, not the snapshot.
SAVE, GO_BACK = b"SAVEPOINT rdsfailover", b"ROLLBACK TO SAVEPOINT rdsfailover"
ENOUGH = 1 << 16  # bytes of an answer that are passed on together


@dataclass(slots=True)
class SnapshotTask:
    """A command, what to do with its rows, and the client's read that it is."""

    message: bytes
    done: Callable[[list[list[bytes | None]]], None] | None = None
    read: Read | None = None
    rows: list[list[bytes | None]] = field(default_factory=list)


class Way(Protocol):
    """The connection of a snapshot to the real server."""

    def write(self, data: bytearray) -> None:
        """Send bytes, and clear them."""

    def end(self) -> None:
        """Log out, then tell the snapshot that it is lost."""


class Snapshot:
    """A session in a transaction that is never to write, begun at one moment.

    Args:
        who: whose session it is.
        names: variables that make up its state.
        way: leads to the server.
        ready: is called when it is free for a read: new, renewed, or after the last one.
        clock: tells the time in seconds.

    Attributes:
        since: it shows nothing that was committed after this moment; 0 while it is being made.
        holders: how many transactions of clients read from it.
        ended: it is of no use any more.
    """

    def __init__(
        self,
        who: ClientIdentity,
        names: tuple[bytes, ...],
        way: "Way",
        ready: Callable[["Snapshot"], None],
        clock: Callable[[], float],
    ) -> None:
        self.since, self.holders, self.ended = 0.0, 0, False
        self._to_server = bytearray()
        self._way, self._ready, self._clock, self._names = way, ready, clock, names
        self._login = ClientLogin(who)
        self._server = ResponseReader()
        self._tasks: deque[SnapshotTask] = deque()  # sent, and still to be answered
        self._after: deque[SnapshotTask] = deque()  # to be sent when these are
        self._schema: bytes | None = None
        self._state: dict[bytes, bytes | None] = {}
        self._answer: list[AnswerPart] = []
        self._size = 0

    @property
    def idle(self) -> bool:
        """Tell whether it can take a read now."""
        return self.since > 0 and not (self.ended or self._tasks or self._after)

    def renew(self) -> None:
        """Show the present from now on, as soon as what was asked for is answered."""
        self.since = 0.0
        self._after += [SnapshotTask(_query(START)), SnapshotTask(_query(SAVE), done=self._renewed)]
        self._go_on()

    def answer(self, read: Read) -> None:
        """Answer a read, in the state of its client's session."""
        read.snapshot = self
        if read.schema != self._schema:
            self._schema = read.schema
            self._after.append(SnapshotTask(_query(b"USE " + quoted_name(read.schema))))
        change = setting(read.state, self._state)
        if change:
            self._state.update(read.state)
            self._after.append(SnapshotTask(_query(change)))
        self._after.append(SnapshotTask(read.message, read=read))
        self._go_on()

    def close(self) -> None:
        """End it."""
        self._way.end()

    def lost(self) -> None:
        """Learn that the connection is gone: whose read it was must look elsewhere."""
        self.ended = True
        reads = [task.read for task in (*self._tasks, *self._after) if task.read is not None]
        self._tasks.clear()
        self._after.clear()
        for read in reads:
            self._give(read, [])

    def from_server(self, data: bytes) -> None:
        """Take bytes that the server sent.

        Raises:
            ProtocolError: if it may not say this, or refuses what we need of it.
        """
        for packet in self._server.packets(data):
            if self._login.done:
                self._take(packet)
            else:
                self._log_in(packet)

    def _log_in(self, packet: Packet) -> None:
        answer = self._login.feed(packet.payload)
        if self._login.fault is not None:
            raise ProtocolError(f"no snapshot: {self._login.fault.text}")
        if answer is not None:
            self._to_server += frame(answer, packet.sequence + 1)
            self._way.write(self._to_server)
        if self._login.done:
            self._after += [
                SnapshotTask(_query(REPEATABLE)),
                SnapshotTask(_query(question(self._names)), done=self._learn),
            ]
            self.renew()

    def _learn(self, rows: list[list[bytes | None]]) -> None:
        self._state = dict(zip(self._names, rows[0][1:], strict=True))

    def _renewed(self, _: list[list[bytes | None]]) -> None:
        self.since = self._clock()

    def _go_on(self) -> None:
        """Send what comes next; the end of a read's locks at once with the read."""
        if self._tasks or not self._after:
            return
        task = self._after.popleft()
        self._tasks.append(task)
        if task.read is not None:
            self._tasks.append(SnapshotTask(_query(GO_BACK)))
        for sent in self._tasks:
            self._to_server += encode(sent.message)
        self._way.write(self._to_server)
        self._server.begin(task.message[0])

    def _take(self, packet: Packet) -> None:
        """Take a packet of an answer."""
        response = self._server.response
        part = self._server.follow(packet)
        if response is None:
            raise ProtocolError("the server ends the session of a snapshot")
        task = self._tasks[0]
        if task.read is not None:
            self._pass_on(task.read, AnswerPart(packet.payload, part), done=response.done)
        elif part is Part.ROW:
            task.rows.append(parse_row(packet.payload))
        if response.done:
            self._done(task, response)

    def _done(self, task: SnapshotTask, response: Response) -> None:
        self._server.end()
        if response.failed and task.read is None:
            raise ProtocolError(f"the server refuses a snapshot what it needs: {response.error}")
        self._tasks.popleft()
        if task.done is not None:
            task.done(task.rows)
        if self._tasks:
            self._server.begin(self._tasks[0].message[0])
            return
        self._go_on()
        if self.idle:
            self._ready(self)

    def _pass_on(self, read: Read, part: AnswerPart, *, done: bool) -> None:
        self._answer.append(part)
        self._size += len(part.payload)
        if done or self._size > ENOUGH:
            answer, self._answer, self._size = self._answer, [], 0
            self._give(read, answer)

    def _give(self, read: Read, answer: Sequence[AnswerPart]) -> None:
        if not read.dropped:
            read.client.take_answer(read, answer)


def _query(sql: bytes) -> bytes:
    return bytes((Command.QUERY,)) + sql


def carried(state: Values) -> Values:
    """Return what of a session's state a snapshot must have, too; the rest it has of its own."""
    return {name: value for name, value in state.items() if name not in KEPT}


# How transactions begin and end is the snapshot's own affair, and so is how long it lives.
KEPT = frozenset({
    b"autocommit", b"transaction_isolation", b"tx_isolation", b"transaction_read_only", b"tx_read_only",
    b"wait_timeout", b"interactive_timeout", b"net_write_timeout", b"auto_increment_increment",
    b"session_track_schema",
})  # fmt: skip
