"""Bytes arrive in small pieces."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicer(StreamToxic):
    """Cuts chunks into pieces of about *average_size* bytes, plus or minus *size_variation*.

    *delay* is the pause after each piece in microseconds.
    """

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    def pieces(self, size: int) -> Iterator[int]:
        """Yield sizes that add up to *size*, cut in halves until they are near the average."""
        if size - self.average_size <= self.size_variation or size <= 1:
            yield size
            return
        cut = size // 2
        if self.size_variation > 0:
            cut += random.randrange(-self.size_variation, self.size_variation)  # noqa: S311 - no secret
        cut = min(max(cut, 1), size - 1)
        yield from self.pieces(cut)
        yield from self.pieces(size - cut)

    async def run(self, pipe: Pipe) -> None:
        """Pass on piece by piece."""
        while chunk := await pipe.take():
            for piece in list(self.pieces(len(chunk.data))):
                await pipe.give(piece)
                await pipe.rest(self.delay / 1e6)
