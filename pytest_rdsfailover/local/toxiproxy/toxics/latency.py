"""Bytes arrive later."""

import random
from dataclasses import dataclass
from typing import ClassVar

from pytest_rdsfailover.local.toxiproxy.toxic import Pipe, StreamToxic


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(StreamToxic):
    """Delays all bytes by *latency*, plus or minus up to *jitter*, both in milliseconds."""

    buffered: ClassVar[int] = 1024

    latency: int = 0
    jitter: int = 0

    def delay(self) -> float:
        """Return the delay of the next chunk in seconds."""
        jitter = random.uniform(-self.jitter, self.jitter) if self.jitter > 0 else 0  # noqa: S311 - no secret
        return (self.latency + jitter) / 1000

    async def run(self, pipe: Pipe) -> None:
        """Hold each chunk until its delay since reception is over."""
        while chunk := await pipe.take():
            remaining = self.delay() - (pipe.now() - chunk.at)
            await pipe.rest(remaining)
            chunk.at += remaining
            await pipe.give()
