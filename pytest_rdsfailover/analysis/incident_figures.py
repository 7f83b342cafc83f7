"""For how long the worst incident lasted: the sum of its outages, and its span.

Times are integer nanoseconds. What the words mean: `docs/definitions.md`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.outages import HOLD
from pytest_rdsfailover.analysis.weighing import Weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFigures:
    """The largest of all incidents; nanoseconds.

    Attributes:
        sum: the most that the outages of one incident add up to.
        span: the longest time from the start of an incident's first outage to the end of its last.
    """

    sum: Interval
    span: Interval


class _Extent(NamedTuple):
    """An incident that there was for certain, or that there can have been."""

    sum: int
    span: int


def incident_figures(gaps: GapFigures) -> IncidentFigures:
    """Return the sum and the span of the worst incident.

    The edges of an outage are not known exactly. Two outages are one incident for certain if they
    are even at the longest time that can have been between them, and perhaps if they are at the
    shortest.
    """
    proven = _grouped(gaps.proven, _farthest)
    possible = _grouped(gaps.candidates, _nearest)
    surely = [_least(group) for group in proven]
    perhaps = [_most(group) for group in possible]
    # Late answers may hide more than the gaps between acknowledgements show.
    hidden = max(0, gaps.unseen - max((_room(weighed) for weighed in gaps.candidates), default=0))

    def ends(part: Callable[[_Extent], int]) -> Interval:
        least = max(map(part, surely), default=0)
        most = hidden + max(map(part, perhaps), default=0)
        return Interval(least, math.inf if gaps.unfinished else max(least, most))

    return IncidentFigures(
        sum=ends(lambda extent: extent.sum), span=ends(lambda extent: extent.span)
    )


def _grouped(
    found: Sequence[Weighed], apart: Callable[[Weighed, Weighed], int]
) -> list[list[Weighed]]:
    """Return outages in order, those together that follow each other closely."""
    groups: list[list[Weighed]] = []
    for weighed in found:
        if groups and apart(groups[-1][-1], weighed) < HOLD:
            groups[-1].append(weighed)
        else:
            groups.append([weighed])
    return groups


def _farthest(one: Weighed, other: Weighed) -> int:
    """Return the longest time that can have been between two outages."""
    return other.gap[1] - other.lower - one.there - one.lower


def _nearest(one: Weighed, other: Weighed) -> int:
    """Return the shortest time that can have been between two outages."""
    return other.there - one.gap[1]


def _least(group: Sequence[Weighed]) -> _Extent:
    first, last = group[0], group[-1]
    sure = last.there + last.lower - (first.gap[1] - first.lower)
    lengths = [weighed.lower for weighed in group]
    return _Extent(sum(lengths), max(sure, *lengths))


def _most(group: Sequence[Weighed]) -> _Extent:
    return _Extent(sum(map(_room, group)), group[-1].gap[1] - group[0].there)


def _room(weighed: Weighed) -> int:
    """Return how long an outage can have been."""
    return weighed.gap[1] - weighed.there
