"""Nothing happens: the smallest toxic, to copy from."""

from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Noop(StreamToxic):
    """Passes everything on as it comes."""

    async def run(self, pipe: Pipe) -> None:
        """Pass on until the stream ends."""
        while await pipe.take():
            await pipe.give()
