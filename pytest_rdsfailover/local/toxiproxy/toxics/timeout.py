"""Nothing arrives any more."""

from dataclasses import dataclass
from typing import ClassVar

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout(StreamToxic):
    """Drops all bytes, and ends the stream when none came for *timeout* milliseconds.

    With a timeout of 0 only the sender, or the removal of the toxic, ends the stream.
    """

    removal_closes: ClassVar[bool] = True

    timeout: int = 0

    async def run(self, pipe: Pipe) -> None:
        """Drop all bytes until the stream ends, or none came for the timeout."""
        while self.timeout <= 0 or await pipe.arrival(self.timeout / 1000):
            if not await pipe.take():
                return
            pipe.drop()
