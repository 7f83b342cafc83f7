"""Bytes arrive slowly."""

from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic

SLICE = 0.1
"""Seconds between the parts of a chunk that takes longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth(StreamToxic):
    """Lets *rate* kilobytes (1000 bytes) a second through; nothing at a rate of 0."""

    rate: int = 0

    async def run(self, pipe: Pipe) -> None:
        """Pass on each chunk after the time that it takes, large ones in parts.

        A chunk takes its time from when the one before was due, or when it came if that is later:
        if the system sleeps too long, the next chunk makes up for it.
        """
        due = pipe.now()
        while chunk := await pipe.take():
            if self.rate <= 0:
                await pipe.hang()
            due = max(due, chunk.at)
            part = self.rate * 100
            while len(chunk.data) > part:
                due += SLICE
                await pipe.rest(due - pipe.now())
                await pipe.give(part)
            due += len(chunk.data) / (self.rate * 1000)
            await pipe.rest(due - pipe.now())
            await pipe.give()
