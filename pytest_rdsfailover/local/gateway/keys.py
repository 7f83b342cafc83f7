"""Which keys of a load the server has confirmed, a few bits each. No I/O."""

import re
from collections.abc import Callable, Sequence

MOST_LOST = 1000  # keys of one writer that are told one by one
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

    A key is confirmed once a write with it was committed, whatever is written with it later: an
    application may write a key several times, of which not each need succeed.

    Args:
        mark: the prefix of all of them.
    """

    def __init__(self, mark: bytes) -> None:
        self._pattern = re.compile(re.escape(mark) + rb"-(\d{1,5})-(\d{1,10})")
        self._writers: set[int] = set()  # of whom a key was seen
        self._tried, self._written, self._stored = Bits(), Bits(), Bits()
        self._asked = Bits()  # answered by what writes nothing
        self._unchanged = Bits()  # in a write that changed no row
        self._unanswered = Bits()  # in a write whose answer was lost: it may be stored
        self._failing = Bits()  # the latest write with it alone is not committed

    def found_in(self, message: bytes, start: int) -> Sequence[Key]:
        """Return the keys that a message carries from a place on."""
        return [
            (int(writer), int(number)) for writer, number in self._pattern.findall(message, start)
        ]

    def see(self, key: Key) -> None:
        """Note that a statement with this key came, whatever it does."""
        self._writers.add(key[0])

    def begin(self, key: Key, *, alone: bool) -> None:
        """Note that a key is about to be written, *alone* or with others."""
        self._tried.add(key)
        if alone:
            self._failing.add(key)

    def write(self, key: Key) -> None:
        """Note that a key is written, in a transaction that may still be open."""
        self._written.add(key)

    def leave(self, key: Key) -> None:
        """Note that a write with a key changed no row: there was none, or it was as it should be."""
        self._unchanged.add(key)
        self._failing.discard(key)

    def lose(self, key: Key) -> None:
        """Note that nobody saw what became of a write with a key."""
        self._unanswered.add(key)
        self._failing.discard(key)

    def ask(self, key: Key) -> None:
        """Note a good answer to what writes nothing; it tells nothing of a key to be written."""
        self._asked.add(key)

    def may_be_stored(self, key: Key) -> bool:
        """Tell whether a write with it was answered well, or nobody saw its answer."""
        return key in self._stored or key in self._written or key in self._unanswered

    def confirm(self, key: Key) -> None:
        """Note that a key is stored."""
        self._stored.add(key)
        self._failing.discard(key)

    def counts(self) -> dict[str, int]:
        """Return how many keys are confirmed, by the number of each writer of whom one was seen."""
        return {str(writer): self._known(writer).bit_count() for writer in self._countable()}

    def stored(self) -> dict[str, int]:
        """Return how many of these by something that may write."""
        return {str(writer): self._kept(writer).bit_count() for writer in self._countable()}

    def uncommitted(self) -> dict[str, int]:
        """Return how many keys were written and never committed, by the number of their writer."""
        return self._some(lambda writer: self._written.of(writer) & ~self._known(writer))

    def unchanged(self) -> dict[str, int]:
        """Return how many keys were only in writes that changed no row."""
        return self._some(
            lambda writer: (
                self._unchanged.of(writer) & ~(self._known(writer) | self._written.of(writer))
            )
        )

    def failing(self) -> dict[str, int]:
        """Return how many keys were stored by one write, and are not by the latest."""
        return self._some(lambda writer: self._failing.of(writer) & self._stored.of(writer))

    def lost(self, everywhere: "Sequence[Keys]") -> dict[str, list[int]]:
        """Return the keys of each writer of which nothing was answered after an answer was lost.

        Args:
            everywhere: what is known of them at all endpoints.
        """
        found = {}
        for writer in self._countable():
            bits = self._unanswered.of(writer)
            for keys in everywhere if bits else ():
                bits &= ~(keys._stored.of(writer) | keys._asked.of(writer))  # noqa: SLF001 - of this class
            if bits:
                found[str(writer)] = _places(bits)
        return found

    def _kept(self, writer: int) -> int:
        return self._stored.of(writer) | self._unanswered.of(writer)

    def _known(self, writer: int) -> int:
        return self._kept(writer) | self._asked.of(writer) & ~self._tried.of(writer)

    def _some(self, bits_of: Callable[[int], int]) -> dict[str, int]:
        counts = {str(writer): bits_of(writer).bit_count() for writer in self._countable()}
        return {writer: count for writer, count in counts.items() if count}

    def _countable(self) -> list[int]:
        """Return the writers whose keys can be counted: none if all keys take too much."""
        taken = max(bits.bytes for bits in (self._tried, self._written, self._stored, self._asked))
        return [] if taken > MOST_BYTES else sorted(self._writers)


def _places(bits: int) -> list[int]:
    """Return which bits of a number are set, the first of many."""
    places: list[int] = []
    while bits and len(places) < MOST_LOST:
        place = (bits & -bits).bit_length() - 1
        places.append(place)
        bits &= bits - 1
    return places
