"""Which keys of a load the server has confirmed, a few bits each. No I/O."""

import re
from collections.abc import Sequence

MOST_BYTES = 64 * 1024 * 1024  # of one load; beyond, nothing is told of its keys
Key = tuple[int, int]  # writer and sequence


class Bits:
    """A set of keys, one bit each."""

    __slots__ = ("_bits", "bytes")

    def __init__(self) -> None:
        self._bits: dict[int, bytearray] = {}  # of each writer
        self.bytes = 0

    def __contains__(self, key: Key) -> bool:
        writer, sequence = key
        bits = self._bits.get(writer, b"")
        return sequence // 8 < len(bits) and bool(bits[sequence // 8] >> sequence % 8 & 1)

    def add(self, key: Key) -> None:
        """Add a key."""
        writer, sequence = key
        bits = self._bits.setdefault(writer, bytearray())
        more = max(0, sequence // 8 + 1 - len(bits))
        self.bytes += more
        if self.bytes <= MOST_BYTES:
            bits.extend(bytes(more))
            bits[sequence // 8] |= 1 << sequence % 8

    def discard(self, key: Key) -> None:
        """Take a key out, if it is in."""
        if key in self:
            writer, sequence = key
            self._bits[writer][sequence // 8] &= ~(1 << sequence % 8)

    def of(self, writer: int) -> int:
        """Return a writer's keys as the bits of a number."""
        return int.from_bytes(self._bits.get(writer, b""), "little")


class Keys:
    """The keys that begin with a load's mark, as `Journal.key` makes them: mark, writer, sequence.

    Args:
        mark: the prefix of all of them.
    """

    def __init__(self, mark: bytes) -> None:
        self._pattern = re.compile(re.escape(mark) + rb"-(\d{1,5})-(\d{1,10})")
        self._writers: set[int] = set()  # of whom a key was seen
        self._tried, self._written, self._confirmed = Bits(), Bits(), Bits()
        self._stored = Bits()  # confirmed at any time

    def found_in(self, message: bytes, start: int) -> Sequence[Key]:
        """Return the keys that a message carries from a place on."""
        return [
            (int(writer), int(number)) for writer, number in self._pattern.findall(message, start)
        ]

    def see(self, key: Key) -> None:
        """Note that a statement with this key came, whatever it does."""
        self._writers.add(key[0])

    def begin(self, key: Key) -> None:
        """Note that a key alone is about to be written: what was before counts no more."""
        self._tried.add(key)
        self._written.discard(key)
        self._confirmed.discard(key)

    def write(self, key: Key) -> None:
        """Note that a key is written, in a transaction that may still be open."""
        self._tried.add(key)
        self._written.add(key)

    def confirm(self, key: Key, *, asks: bool = False) -> None:
        """Note that a key is stored; a statement that only asks tells nothing of one to be written."""
        if not (asks and key in self._tried):
            self._confirmed.add(key)
            self._stored.add(key)

    def counts(self) -> dict[str, int]:
        """Return how many keys are confirmed, by the number of each writer of whom one was seen."""
        return self._count(self._confirmed)

    def stored(self) -> dict[str, int]:
        """Return how many were confirmed at any time, though some are being written again."""
        return self._count(self._stored)

    def uncommitted(self) -> dict[str, int]:
        """Return how many keys were written and never committed, by the number of their writer."""
        left = {
            writer: (self._written.of(writer) & ~self._confirmed.of(writer)).bit_count()
            for writer in self._countable()
        }
        return {str(writer): count for writer, count in left.items() if count}

    def _count(self, bits: Bits) -> dict[str, int]:
        return {str(writer): bits.of(writer).bit_count() for writer in self._countable()}

    def _countable(self) -> list[int]:
        """Return the writers whose keys can be counted: none if all keys take too much."""
        taken = max(bits.bytes for bits in (self._tried, self._written, self._stored))
        return [] if taken > MOST_BYTES else sorted(self._writers)
