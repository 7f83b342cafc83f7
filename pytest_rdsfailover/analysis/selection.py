"""Single values of a long list, as they would stand in it if it were sorted."""

from collections.abc import Sequence
from typing import TypeVar

Number = TypeVar("Number", int, float)
FEW = 20_000  # values that are sorted faster than they are sieved
SAMPLE = 1_000
MARGIN = 40  # places in the sample by which a value may be off


def selected(values: Sequence[Number], places: Sequence[int]) -> list[Number]:
    """Return the values that stand in some places, in order, once all are in order.

    Of a long list a sample tells between which two values each lies, and only those are sorted.
    """
    if len(values) <= FEW:
        ordered = sorted(values)
        return [ordered[place] for place in places]
    sample = sorted(values[:: len(values) // SAMPLE])
    found: list[Number] = []
    above, least = values, sample[0]
    for place in places:
        about = place * len(sample) // len(values)
        low, high = max(0, about - MARGIN), about + MARGIN
        if sample[low] > least:
            least = sample[low]
            above = [value for value in above if value >= least]
        within = above
        if high < len(sample):
            within = [value for value in above if value <= sample[high]]
        found.append(_selected(values, place, place - (len(values) - len(above)), within))
    return found


def _selected(values: Sequence[Number], place: int, rank: int, within: Sequence[Number]) -> Number:
    """Return the value in a place, which has a *rank* among those *within* reach of it."""
    if 0 <= rank < len(within):
        return sorted(within)[rank]
    return sorted(values)[place]  # the sample was misled
