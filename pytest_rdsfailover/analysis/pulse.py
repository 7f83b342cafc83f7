"""Acknowledged writes per slice of time: what a timeline draws."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_rdsfailover.model.clock import SECOND, to_seconds

SLICES = 36  # as many as a timeline of 80 columns has room for, beside its words
MARGIN = 0.12  # of the interesting time, shown before and after it
LEAST_MARGIN = SECOND // 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Acknowledged writes in slices of equal length.

    Attributes:
        start: where the first slice begins, in seconds from the trigger.
        stop: where the last one ends.
        counts: how many writes were acknowledged in each.
    """

    start: float
    stop: float
    counts: tuple[int, ...]


def pulse(acks: Sequence[int], *, first: int, last: int, zero: int) -> Pulse:
    """Return the slices around the time from *first* to *last*.

    Args:
        acks: acknowledgements in order with both edges of the run; nanoseconds.
        first: the first moment of interest.
        last: the last one.
        zero: the time that becomes 0.
    """
    margin = max(LEAST_MARGIN, round((last - first) * MARGIN))
    start, stop = max(acks[0], first - margin), min(acks[-1], last + margin)
    edges = [start + (stop - start) * number // SLICES for number in range(SLICES + 1)]
    places = [bisect_left(acks, edge, 1, len(acks) - 1) for edge in edges]
    counts = tuple(b - a for a, b in pairwise(places))
    return Pulse(start=to_seconds(start - zero), stop=to_seconds(stop - zero), counts=counts)
