"""Spans of time on any scale."""

from collections.abc import Iterable
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
