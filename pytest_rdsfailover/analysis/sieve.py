"""The few large ones among very many values, found without looking at each in Python."""

from collections.abc import Iterator, Sequence

STRETCH = 4096  # values whose largest is looked at first: nearly always it is none of them


def places_above(values: Sequence[int], least: int) -> Iterator[int]:
    """Yield where the values stand that are larger than *least*, in order."""
    for begin in range(0, len(values), STRETCH):
        stretch = values[begin : begin + STRETCH]
        if max(stretch) > least:
            yield from (place for place, value in enumerate(stretch, begin) if value > least)
