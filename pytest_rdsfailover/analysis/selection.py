"""Single values of a long list, as they would stand in it if it were sorted."""

from collections.abc import Sequence
from itertools import compress
from typing import TypeVar

Number = TypeVar("Number", int, float)
FEW = 20_000  # values that are sorted faster than they are sieved
SAMPLE = 1_000
MARGIN = 40  # places in the sample by which a value may be off


def selected(values: Sequence[Number], places: Sequence[int]) -> list[Number]:
    """Return the values that stand in some places once all are in order.

    Of a long list a sample tells between which two values each lies, and only those are sorted.
    """
    if len(values) <= FEW:
        ordered = sorted(values)
        return [ordered[place] for place in places]
    sample = sorted(values[:: len(values) // SAMPLE])
    return [_selected(values, place, sample) for place in places]


def _selected(values: Sequence[Number], place: int, sample: Sequence[Number]) -> Number:
    if place == len(values) - 1:
        return max(values)
    about = place * len(sample) // len(values)
    low, high = sample[max(0, about - MARGIN)], sample[min(len(sample) - 1, about + MARGIN)]
    above = list(compress(values, map(low.__le__, values)))
    within = sorted(
        above if about + MARGIN >= len(sample) else compress(above, map(high.__ge__, above))
    )
    rank = place - (len(values) - len(above))
    if 0 <= rank < len(within):
        return within[rank]
    return sorted(values)[place]  # the sample was misled
