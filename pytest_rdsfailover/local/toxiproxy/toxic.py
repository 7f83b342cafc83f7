"""What a toxic is, and what it may do with the bytes of one link."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

SMALLEST = -(1 << 63)
"""The smallest integer that an attribute can have."""


@dataclass(slots=True)
class Chunk:
    """Bytes on their way, with the monotonic time in seconds at which they count as received."""

    data: bytes
    at: float


class Pipe(Protocol):
    """One link's bytes as a toxic sees them.

    When a toxic is updated or removed, the pipe itself hands on the bytes that the toxic has taken
    and neither given nor dropped. So a toxic need not care about being interrupted.
    """

    passed: int
    """Bytes given on since the toxic came to this link; survives updates."""

    async def take(self) -> Chunk | None:
        """Wait for bytes and hold them; None at the end of the stream, again at every call."""

    async def give(self, size: int | None = None) -> None:
        """Pass on the first *size* of the held bytes, or all, when there is room for them."""

    def drop(self) -> None:
        """Forget the held bytes."""

    async def rest(self, seconds: float) -> None:
        """Let time pass; at once if *seconds* is not positive."""

    async def hang(self) -> None:
        """Wait until the toxic is updated or removed, or the link is gone."""

    async def arrival(self, seconds: float) -> bool:
        """Wait for something to take, at most *seconds*; return whether there is anything."""

    def commit(self) -> None:
        """From now on no update or removal can stop this toxic from ending the stream."""

    def now(self) -> float:
        """Return the monotonic time in seconds that `Chunk.at` uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamToxic:
    """A fault on one direction of a link. Its fields are its attributes in the REST API.

    Durations are integers in the API's own unit, which each class names.
    """

    buffered: ClassVar[int] = 1
    """How many chunks wait in front of the toxic before its source is told to pause."""

    resets: ClassVar[bool] = False
    """Links that start with this toxic in their chain are closed with RST, whatever its toxicity."""

    removal_closes: ClassVar[bool] = False
    """Removing the toxic ends every link that it is on."""

    async def run(self, pipe: Pipe) -> None:
        """Treat the stream; returning ends it, and what was not given is lost."""
        raise NotImplementedError

    def with_attributes(self, attributes: dict[str, object]) -> Self:
        """Return a copy with the attributes that this toxic has; others are ignored.

        Raises:
            TypeError: if an attribute is not an integer of 64 bits.
        """
        names = {field.name for field in dataclasses.fields(self)}
        given = {
            name: value for name, value in attributes.items() if name in names and value is not None
        }
        for name, value in given.items():
            if type(value) is not int or not SMALLEST <= value <= -SMALLEST - 1:
                raise TypeError(f"{name} must be an integer of 64 bits, not {value!r}")
        return dataclasses.replace(self, **given)

    def attributes(self) -> dict[str, int]:
        """Return the attributes as the REST API shows them."""
        return dataclasses.asdict(self)
