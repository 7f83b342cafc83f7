"""The connection ends in the middle of a message."""

from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitData(StreamToxic):
    """Ends the stream after *bytes* bytes."""

    bytes: int = 0

    async def run(self, pipe: Pipe) -> None:
        """Pass on what is within the limit; the end comes with the byte that reaches it."""
        while chunk := await pipe.take():
            left = max(self.bytes - pipe.passed, 0)
            if left:
                await pipe.give(min(left, len(chunk.data)))
            if pipe.passed >= self.bytes:
                return
