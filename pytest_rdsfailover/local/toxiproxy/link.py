"""One direction of a proxied connection, and the connection of two directions.

source ─► stage ─► stage ─► dest        idle stages are passed by; without any other, bytes
                                        go straight from socket to socket
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Mapping

from pytest_rdsfailover.local.toxiproxy.stage import Installed, Stage
from pytest_rdsfailover.local.toxiproxy.toxic import Chunk
from pytest_rdsfailover.local.toxiproxy.wire import Wire


class Link:
    """Reads one wire and writes the other, through the stages of its chain."""

    __slots__ = ("_entry", "_finishing", "_over", "dest", "source", "stages")

    def __init__(self, source: Wire, dest: Wire) -> None:
        self.source, self.dest = source, dest
        self.stages: list[Stage] = []
        self._entry: Stage | None = None
        self._finishing = self._over = False

    # What the wires call.

    def feed(self, data: bytes) -> None:
        """Take bytes from the source."""
        if self._entry is None:
            self.dest.send(data)
            if self.dest.busy:
                self.source.pause()
        else:
            self._entry.put(Chunk(data, time.monotonic()))
            if not self._entry.room:
                self.source.pause()

    def end(self) -> None:
        """The source has ended: let the end travel behind its bytes."""
        self._over = True
        if self._entry is None:
            self._finish()
        else:
            self._entry.end()

    def drained(self) -> None:
        """The destination has taken everything that was sent."""
        if self._finishing:
            self.dest.close()
            return
        self._room_before(len(self.stages))

    def abandon(self) -> None:
        """The destination is closed: nothing can be delivered any more."""
        for stage in self.stages:
            stage.cancel()
        self.stages.clear()
        self._entry = None

    # What the stages call.

    def has_room(self, stage: Stage) -> bool:
        """See `Line.has_room`."""
        following = self._after(stage)
        return not self.dest.busy if following is None else following.room

    def hand_on(self, stage: Stage, chunk: Chunk) -> None:
        """See `Line.hand_on`."""
        following = self._after(stage)
        if following is None:
            self.dest.send(chunk.data)
        else:
            following.put(chunk)

    def end_after(self, stage: Stage) -> None:
        """See `Line.end_after`."""
        following = self._after(stage)
        if following is None:
            self._finish()
        else:
            following.end()

    def took(self, stage: Stage) -> None:
        """See `Line.took`."""
        if stage in self.stages:
            self._room_before(self.stages.index(stage))

    # What the chain calls.

    def add(self, installed: Installed) -> None:
        """Put a toxic at the end; the toxic before it starts anew, as Toxiproxy's own do."""
        previous = self.stages[-1] if self.stages else None
        if self._finishing or self.dest.closed:
            return
        stopped = previous is not None and previous.interrupt()
        stage = Stage(installed, self)
        self.stages.append(stage)
        stage.start()
        if previous is not None and stopped:
            previous.start()
        self._settle()

    def update(self, installed: Installed) -> None:
        """Let a changed toxic start anew with its new attributes and toxicity."""
        stage = self._find(installed)
        if stage is not None and stage.interrupt():
            stage.start()
            self._settle()

    def remove(self, installed: Installed) -> None:
        """Take a toxic out; the bytes that it holds go on in order."""
        stage = self._find(installed)
        if stage is None or not stage.interrupt():
            return
        if installed.toxic.removal_closes:
            stage.close()
            return
        stage.empty()
        if stage not in self.stages:
            return
        index = self.stages.index(stage)
        del self.stages[index]
        if index and self.stages[index - 1].interrupt():
            self.stages[index - 1].start()
        self._settle()
        self._room_before(index)

    # Inside.

    def _find(self, installed: Installed) -> Stage | None:
        return next((stage for stage in self.stages if stage.installed is installed), None)

    def _after(self, stage: Stage) -> Stage | None:
        """Return the next stage that is not idle; None if the destination comes next."""
        later = self.stages[self.stages.index(stage) + 1 :] if stage in self.stages else []
        return next((other for other in later if not other.idle), None)

    def _settle(self) -> None:
        """Find the first stage that is not idle: bytes from the source enter there."""
        self._entry = next((stage for stage in self.stages if not stage.idle), None)

    def _room_before(self, index: int) -> None:
        """Tell the last active stage before *index*, or else the source, that there is room."""
        for stage in reversed(self.stages[:index]):
            if not stage.idle:
                stage.stir()
                return
        if not self._over:
            self.source.resume()

    def _finish(self) -> None:
        self._finishing = True
        if not self.dest.busy:
            self.dest.close()


class Connection:
    """A client's connection and its counterpart at the upstream, with a link each way."""

    def __init__(
        self,
        client: socket.socket,
        upstream: socket.socket,
        on_closed: Callable[["Connection"], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._wires = near, far = Wire(loop, client), Wire(loop, upstream)
        self._on_closed = on_closed
        self.links = {"upstream": Link(near, far), "downstream": Link(far, near)}
        near.reader, far.reader = self.links["upstream"], self.links["downstream"]
        near.writer, far.writer = (
            _Watched(self.links["downstream"], self),
            _Watched(self.links["upstream"], self),
        )

    def start(self, chains: Mapping[str, Iterable[Installed]]) -> None:
        """Set up the toxics of each stream in order, and let bytes flow."""
        for stream, link in self.links.items():
            for installed in chains[stream]:
                link.add(installed)
                if installed.toxic.resets:
                    self._reset_on_close()
        for wire in self._wires:
            wire.resume()

    def close(self) -> None:
        """Close both sockets at once."""
        for wire in self._wires:
            wire.close()

    def wire_closed(self) -> None:
        """Report the end when the second wire has closed."""
        if all(wire.closed for wire in self._wires):
            self._on_closed(self)

    def _reset_on_close(self) -> None:
        for wire in self._wires:
            wire.reset_on_close()


class _Watched:
    """A link as the writer of a wire; it also tells the connection that the wire has closed."""

    __slots__ = ("_connection", "_link")

    def __init__(self, link: Link, connection: Connection) -> None:
        self._link, self._connection = link, connection

    def drained(self) -> None:
        self._link.drained()

    def abandon(self) -> None:
        self._link.abandon()
        self._connection.wire_closed()
