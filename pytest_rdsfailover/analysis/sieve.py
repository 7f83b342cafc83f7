"""The few large ones among very many values, found without looking at each in Python."""

from collections.abc import Iterator, Sequence

STRETCH = 4096  # values whose largest is looked at first: nearly always it is none of them


class Sieve:
    """Values that are asked again and again which of them are large.

    Args:
        values: these, which must not change any more.
    """

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values
        self._largest = [
            max(values[begin : begin + STRETCH]) for begin in range(0, len(values), STRETCH)
        ]

    def above(self, least: int, first: int = 0, last: int | None = None) -> Iterator[int]:
        """Yield where the values stand that are larger than *least*, in order.

        Args:
            least: that value.
            first: the first place that is looked at.
            last: the place up to which is looked; None for the end.
        """
        last = len(self.values) if last is None else last
        for number in range(first // STRETCH, -(-last // STRETCH)):
            if self._largest[number] > least:
                begin = max(first, number * STRETCH)
                stretch = self.values[begin : min(last, (number + 1) * STRETCH)]
                yield from (place for place, value in enumerate(stretch, begin) if value > least)

    def largest(self, first: int) -> int:
        """Return the largest value from a place on; 0 without any."""
        whole = -(-first // STRETCH)  # the first stretch that lies behind that place
        near = self.values[first : whole * STRETCH]
        return max(max(near, default=0), max(self._largest[whole:], default=0))
