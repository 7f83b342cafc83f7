"""The connection is torn down instead of closed."""

from dataclasses import dataclass
from typing import ClassVar

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPeer(StreamToxic):
    """Ends the stream *timeout* milliseconds after the first bytes or the sender's end, with RST."""

    resets: ClassVar[bool] = True

    timeout: int = 0

    async def run(self, pipe: Pipe) -> None:
        """Drop the first bytes and end the stream; no later update or removal can prevent that."""
        await pipe.take()
        pipe.commit()
        await pipe.rest(self.timeout / 1000)
