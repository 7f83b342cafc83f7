"""When nobody was served during a trial, when single writers were not, and how sure that is."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_rdsfailover.analysis import outages as gaps
from pytest_rdsfailover.analysis.downtime import Downtime
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.reliability import pause_within
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Between which ends the figures of a trial's absences lie; nanoseconds, except the count.

    An end that observation did not see is infinite. What makes the longest gap no figure of the
    database (`Reliability.problem`) makes none of these one.

    Attributes:
        downtime: the longest time in which nobody was served.
        outages: how many times nobody was served for longer than the schedule explains.
        writer_outage: the longest time in which one writer was not served.
        area: for how long writers were not served, all added up.
        first_back: from the trigger until the longest outage ended; 0 without one.
        last_back: from the trigger until the last writer was served again; 0 if none was away.
    """

    downtime: Interval
    outages: Interval
    writer_outage: Interval
    area: Interval
    first_back: Interval
    last_back: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What the gaps of a trial say; times in nanoseconds of the monotonic clock.

    Attributes:
        acks: acknowledgements in order, with both edges of the run.
        calm: how many of them came before the trigger.
        threshold: the length up to which a gap is no outage.
        outages: the gaps longer than that which overlap the failover.
        downtime: the longest of them, with its bounds.
        ends: between which ends each figure lies.
        writer_outages: when single writers were not served.
        area: for how long they were not, all writers added up.
        stuck: the numbers of the writers that never came back.
        first_back: when the longest outage ended; None without one, or if it did not end.
        last_back: when the last writer was served again; None without one, or if some are stuck.
        natural: the largest gap in the calm before the trigger.
        judged: the gap by which the downtime stands or falls: the one that proves most of it, or,
            if that is less than half of what may be, the widest one, outage or not.
        own: how much of that gap the load generator stood still itself.
        proven: for how much of it the database was away for certain.
    """

    acks: list[int]
    calm: int
    threshold: int
    outages: list[gaps.Gap]
    downtime: Downtime
    ends: Ends
    writer_outages: list[gaps.Gap]
    area: int
    stuck: list[int]
    first_back: int | None
    last_back: int | None
    natural: int
    judged: gaps.Gap
    own: int
    proven: int


def absences(found: Sequence[Series], course: Course) -> Absence:
    """Return when nobody was served, and when single writers were not."""
    start = to_nanoseconds(course.start)
    # A fault of the project's own may be said to come later than the end of observation.
    stop = max(start, to_nanoseconds(course.stop))
    trigger = start if course.trigger is None else min(stop, to_nanoseconds(course.trigger))
    acks = gaps.acknowledgements(found, start=start, stop=stop)
    calm = acks[1 : bisect_right(acks, trigger, 1, len(acks) - 1)]
    natural = gaps.largest_gap(calm)
    longer_than = gaps.threshold(natural, course.rate)
    # Nobody knows when a fault without a trigger began, so all of the run stands for the calm.
    until = stop if course.trigger is None else trigger
    service = gaps.service_time(found, since=start, until=until)
    felt = acks[max(0, bisect_left(acks, trigger) - 1) :]
    pauses = [(to_nanoseconds(first), to_nanoseconds(last)) for first, last in course.pauses]
    # What the load generator slept through itself is no outage of the database.
    outages = [
        gap
        for gap in gaps.outages(felt, longer_than=longer_than)
        if gap[1] - gap[0] - pause_within(pauses, gap) > longer_than
    ]
    unserved = [
        gaps.writer_outages(series, since=trigger, stop=stop, longer_than=longer_than)
        for series in found
    ]
    away = [gap for each in unserved for gap in each]
    patience = gaps.MISSED_SLOTS * round(len(found) * SECOND / course.rate) if course.rate else 0
    since = max(trigger, settled(course))
    stuck = [
        series.writer
        for series in found
        if gaps.is_stuck(series, since=since, stop=stop, patience=max(patience, longer_than))
    ]
    weighed = [
        _weigh(found, gap, pauses, service) for gap in dict.fromkeys([gaps.widest(felt), *outages])
    ]
    judged = _judged(weighed)
    main = max(outages, key=lambda gap: gap[1] - gap[0], default=None)
    first_back = main[1] if main and main[1] < stop else None
    last_back = max((back for _, back in away), default=None) if not stuck else None
    return Absence(
        acks=acks,
        calm=len(acks) - 2 if course.trigger is None else len(calm),
        threshold=longer_than,
        outages=outages,
        downtime=_downtime(weighed, away=bool(outages), rate=course.rate),
        ends=Ends(
            downtime=Interval(
                max(each.lower for each in weighed) if outages else 0,
                max(each.upper for each in weighed),
            ),
            outages=Interval.exact(len(outages)),
            writer_outage=Interval.exact(max((back - first for first, back in away), default=0)),
            area=Interval.exact(sum(map(gaps.covered, unserved))),
            first_back=_since(trigger, first_back, away=bool(outages)),
            last_back=_since(trigger, last_back, away=bool(away or stuck)),
        ),
        writer_outages=away,
        area=sum(map(gaps.covered, unserved)),
        stuck=stuck,
        first_back=first_back,
        last_back=last_back,
        natural=natural,
        judged=judged.gap,
        own=judged.own,
        proven=judged.lower,
    )


def _since(trigger: int, back: int | None, *, away: bool) -> Interval:
    """Return from the trigger until somebody was back; 0 if nobody was away."""
    if not away:
        return Interval.exact(0)
    return Interval(0, math.inf) if back is None else Interval.exact(max(0, back - trigger))


class _Weighed(NamedTuple):
    """A gap, how much of it the load generator stood still, and how long the database was away."""

    gap: gaps.Gap
    own: int
    lower: int
    upper: int


def _weigh(
    found: Sequence[Series], gap: gaps.Gap, pauses: Sequence[gaps.Gap], service: int
) -> _Weighed:
    """Weigh a gap; while the load generator stood still itself nobody looked: no proof of anything."""
    own = pause_within(pauses, gap)
    lower, upper = gaps.certain(found, gap, service=service)
    return _Weighed(gap, own, max(0, lower - own), upper)


def _judged(weighed: Sequence[_Weighed]) -> _Weighed:
    """Return the gap by which the downtime stands or falls; the widest one comes first."""
    surest = max(weighed, key=lambda each: each.lower)
    return surest if 2 * surest.lower > max(each.upper for each in weighed) else weighed[0]


def _downtime(weighed: Sequence[_Weighed], *, away: bool, rate: float) -> Downtime:
    """Return the longest outage's bounds; without one, zero up to the widest gap's longest.

    The longest is at least as long as any of them is for certain, and at most as any can be: which
    of them it is need not be known.
    """
    upper = to_seconds(max(each.upper for each in weighed))
    if not away:
        return Downtime(0.0, upper, value=0.0, rate=rate)
    return Downtime(to_seconds(max(each.lower for each in weighed)), upper, rate=rate)


def settled(course: Course) -> int:
    """Return when the cluster had settled; 0 if it had not."""
    return 0 if course.settled is None else to_nanoseconds(course.settled)
