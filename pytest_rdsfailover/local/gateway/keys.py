"""Which keys of a load the server has confirmed, one bit each. No I/O."""

import re
from collections.abc import Sequence

MOST_BYTES = 64 * 1024 * 1024  # of one load; beyond, nothing is told of its keys
Key = tuple[int, int]  # writer and sequence


class Keys:
    """The keys that begin with a load's mark, as `Journal.key` makes them: mark, writer, sequence.

    Args:
        mark: the prefix of all of them.
    """

    def __init__(self, mark: bytes) -> None:
        self._pattern = re.compile(re.escape(mark) + rb"-(\d{1,5})-(\d{1,10})")
        self._bits: dict[int, bytearray] = {}  # of each writer: which are confirmed
        self._tried: dict[int, bytearray] = {}  # which were in a statement that may write
        self._bytes = 0

    def found_in(self, message: bytes, start: int) -> Sequence[Key]:
        """Return the keys that a message carries from a place on."""
        return [
            (int(writer), int(number)) for writer, number in self._pattern.findall(message, start)
        ]

    def note(self, key: Key, *, confirmed: bool, looks: bool = False) -> None:
        """Note what became of a key at last; a look tells nothing of one that was to be written."""
        writer, sequence = key
        place, bit = sequence // 8, 1 << sequence % 8
        bits = self._bits.setdefault(writer, bytearray())
        tried = self._tried.setdefault(writer, bytearray())
        for each in (bits, tried):
            self._make_room(each, place + 1)
        if place >= min(len(bits), len(tried)) or (looks and tried[place] & bit):
            return
        if not looks:
            tried[place] |= bit
        if confirmed:
            bits[place] |= bit
        else:
            bits[place] &= ~bit

    def _make_room(self, bits: bytearray, size: int) -> None:
        """Make room for so many bytes, unless all keys take too much by then."""
        more = max(0, size - len(bits))
        self._bytes += more
        if self._bytes <= MOST_BYTES:
            bits.extend(bytes(more))

    def counts(self) -> dict[str, int]:
        """Return how many keys are confirmed, by the number of each writer of whom one was seen."""
        if self._bytes > MOST_BYTES:
            return {}
        return {
            str(writer): int.from_bytes(bits).bit_count()
            for writer, bits in sorted(self._bits.items())
        }
