"""One toxic at work on one link: what it has taken, what waits, and its task."""

import asyncio
import contextlib
import random
import time
from collections import deque
from typing import Protocol

from pytest_rdsfailover.local.toxiproxy.toxic import Chunk, StreamToxic


class Installed(Protocol):
    """A toxic in the chain of a proxy; an update changes it in place."""

    @property
    def toxic(self) -> StreamToxic:
        """What the toxic does to bytes."""

    @property
    def toxicity(self) -> float:
        """The chance that it acts on a link, 0 to 1."""


class Line(Protocol):
    """The link as its stages see it."""

    def has_room(self, stage: "Stage") -> bool:
        """Return whether what follows *stage* has room for another chunk."""

    def hand_on(self, stage: "Stage", chunk: Chunk) -> None:
        """Give *chunk* to what follows *stage*, even if that has no room."""

    def end_after(self, stage: "Stage") -> None:
        """End the stream for what follows *stage*."""

    def took(self, stage: "Stage") -> None:
        """Tell what comes before *stage* that there is room again."""


class Stage:
    """The `Pipe` of one toxic on one link.

    Starting a stage draws whether its toxic acts on this link. If it does not, the stage is idle:
    the link passes it by.
    """

    def __init__(self, installed: Installed, line: Line) -> None:
        self.installed = installed
        self.passed = 0
        self.closed = False
        self._line = line
        self._inbox: deque[Chunk] = deque()
        self._held: Chunk | None = None
        self._ended = self._committed = False
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Future[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether bytes may pass this stage by."""
        return self._task is None and not self.closed

    @property
    def room(self) -> bool:
        """Whether the inbox has room for another chunk."""
        return len(self._inbox) < self.installed.toxic.buffered

    def put(self, chunk: Chunk) -> None:
        """Take a chunk into the inbox; a closed stage drops it."""
        if not self.closed:
            self._inbox.append(chunk)
            self.stir()

    def end(self) -> None:
        """Take note that nothing follows what is in the inbox."""
        self._ended = True
        self.stir()

    def stir(self) -> None:
        """Let a waiting toxic look again."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def start(self) -> None:
        """Draw by the toxicity: run the toxic, or stay idle and hand everything on."""
        if random.random() < self.installed.toxicity:  # noqa: S311 - no secret
            self._task = asyncio.get_running_loop().create_task(self._run())
        else:
            self.empty()

    def interrupt(self) -> bool:
        """Stop the toxic, handing on what it holds; return whether it could still be stopped."""
        if self.closed or self._committed:
            return False
        self.cancel()
        if self._held is not None:
            chunk, self._held = self._held, None
            self._line.hand_on(self, chunk)
        return True

    def empty(self) -> None:
        """Hand on the inbox, and the end of the stream if it has come."""
        while self._inbox:
            self._line.hand_on(self, self._inbox.popleft())
        if self._ended:
            self._line.end_after(self)
        else:
            self._line.took(self)

    def close(self) -> None:
        """End the stream here; whatever was not handed on is lost."""
        self.closed = True
        self.cancel()
        self._held = None
        self._inbox.clear()
        self._line.end_after(self)

    def cancel(self) -> None:
        """Stop the toxic where it is; the bytes that it holds stay held."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._wake = None

    async def take(self) -> Chunk | None:
        """See `Pipe.take`."""
        await self._arrived()
        self._held = self._inbox.popleft() if self._inbox else None
        if self._held is not None:
            self._line.took(self)
        return self._held

    async def give(self, size: int | None = None) -> None:
        """See `Pipe.give`."""
        while not self._line.has_room(self):
            await self._stirred()
        held = self._held
        if held is None:
            return
        part, held.data = held.data[:size], b"" if size is None else held.data[size:]
        if not held.data:
            self._held = None
        self.passed += len(part)
        self._line.hand_on(self, Chunk(part, held.at))

    def drop(self) -> None:
        """See `Pipe.drop`."""
        self._held = None

    async def rest(self, seconds: float) -> None:
        """See `Pipe.rest`."""
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def hang(self) -> None:
        """See `Pipe.hang`."""
        await asyncio.get_running_loop().create_future()

    async def arrival(self, seconds: float) -> bool:
        """See `Pipe.arrival`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived()
        return bool(self._inbox or self._ended)

    def commit(self) -> None:
        """See `Pipe.commit`."""
        self._committed = True
        self._held = None

    def now(self) -> float:
        """See `Pipe.now`."""
        return time.monotonic()

    async def _arrived(self) -> None:
        while not (self._inbox or self._ended):
            await self._stirred()

    async def _stirred(self) -> None:
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake

    async def _run(self) -> None:
        await self.installed.toxic.run(self)
        self._task = None
        self.close()
