"""The end comes late."""

from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowClose(StreamToxic):
    """Delays the end of the stream by *delay* milliseconds; bytes pass as they come."""

    delay: int = 0

    async def run(self, pipe: Pipe) -> None:
        """Pass on, and wait at the end."""
        while await pipe.take():
            await pipe.give()
        await pipe.rest(self.delay / 1000)
