"""Spans of time on any scale."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Time = TypeVar("Time", int, float)


def joined(spans: Iterable[tuple[Time, Time]]) -> list[tuple[Time, Time]]:
    """Return spans in order, those that touch each other joined."""
    found: list[tuple[Time, Time]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def common(lists: Sequence[Sequence[tuple[Time, Time]]]) -> list[tuple[Time, Time]]:
    """Return what all lists of spans share; each is in order, and its spans are apart."""
    found = list(lists[0]) if lists else []
    for others in lists[1:]:
        found = list(_shared(found, others))
    return found


def _shared(
    some: Sequence[tuple[Time, Time]], others: Sequence[tuple[Time, Time]]
) -> Iterator[tuple[Time, Time]]:
    place = 0
    for first, last in some:
        while place < len(others) and others[place][1] <= first:
            place += 1
        for begin, end in islice(others, place, None):
            if begin >= last:
                break
            yield max(first, begin), min(last, end)
