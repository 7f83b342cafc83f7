"""The figures of single writers: for how long they were not served, and when the last one was again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.outages import Gap, incidents
from pytest_rdsfailover.analysis.pauses import Pauses
from pytest_rdsfailover.analysis.weighing import Weighed
from pytest_rdsfailover.analysis.writer_outages import (
    WriterOutage,
    covered,
    fails_to_the_end,
    hangs,
    is_open,
    is_stuck,
    longest_wait,
    never_back,
    writer_outages,
)

_SPAN = attrgetter("start", "stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterFigures:
    """What single writers say; nanoseconds.

    Attributes:
        explained: the length up to which a wait is what writes normally take.
        away: their outages, as far as these are beyond doubt.
        stuck: the numbers of those that never came back.
        unsure: how many others may have been stuck: nobody saw them come back to stay.
        longest: the longest outage of a writer.
        area: all their outages added up.
        seen_area: the same, of those beyond doubt, as long as they seemed.
        last_back: from the trigger until the last of them was served again.
        back: when that was; the end of observation if it was not; None if nobody was away.
    """

    explained: int
    away: list[WriterOutage]
    stuck: list[int]
    unsure: int
    longest: Interval
    area: Interval
    seen_area: int
    last_back: Interval
    back: int | None

    @property
    def spans(self) -> list[Gap]:
        """Return from when to when they were away."""
        return list(map(_SPAN, self.away))


def writer_figures(seen: Observed, judged: GapFigures) -> WriterFigures:
    """Return what single writers say of a trial.

    Args:
        seen: the trial.
        judged: what the gaps between the acknowledgements of all of them say.
    """
    # A write that takes as long as writes normally do is no outage of its writer.
    doubtful, unusual = max(judged.explained, judged.service), judged.unusual
    patience = max(seen.patience, unusual)
    waits = [
        writer_outages(
            series,
            since=seen.trigger,
            stop=seen.stop,
            longer_than=doubtful,
            patience=patience if seen.rate else 0,
        )
        for series in seen.series
    ]
    found = [[outage for outage in away if outage.length > doubtful] for away in waits]
    weighed = [
        [(outage, _net(outage, seen.still.of_writer(series.writer))) for outage in away]
        for series, away in zip(seen.series, found, strict=True)
    ]
    sure = [[outage for outage, net in away if net > unusual] for away in weighed]
    nets = [net for away in weighed for _, net in away if net > unusual]
    over = [outage.gap for outage in judged.outages if outage.gap[1] < seen.stop]
    stuck = _stuck(seen, found, patience, over)
    possible = [outage for away in found for outage in away]
    certain = [outage for away in sure for outage in away]
    ended = all(outage.ended for outage in possible)
    late = (longest_wait(series, since=seen.trigger) for series in seen.series)
    most = max([*late, *(outage.length for away in waits for outage in away)], default=0)
    until = _until(seen, judged.proven, certain)
    # What is certainly of the failover may be of it, too, when the longest gap that may be is another.
    until_perhaps = max(
        until, _until(seen, judged.candidates, [*certain, *filter(_failed, possible)])
    )
    known = [outage.stop for outage in certain if outage.start <= until]
    # Some writers notice only at their next write. An outage that has not ended is not one of the
    # past.
    counted = [
        outage
        for outage in possible
        if outage.start <= until_perhaps
        or outage.before <= until_perhaps
        or not (outage.ended or seen.triggered)
    ]
    area = sum(map(_covered, sure))
    never = bool(stuck) or not all(outage.ended for outage in counted)
    return WriterFigures(
        explained=doubtful,
        away=certain,
        stuck=stuck,
        unsure=_unsure(seen, found, stuck, patience),
        longest=Interval(max(nets, default=0), most if ended else math.inf),
        area=Interval(
            max(0, area - sum(outage.length for outage in certain) + sum(nets)),
            sum(map(_covered, found)) if ended else math.inf,
        ),
        seen_area=area,
        last_back=_since_trigger(
            seen, first=known, last=[outage.stop for outage in counted], never=never
        ),
        back=seen.stop if never else max(known, default=None),
    )


def _stuck(
    seen: Observed,
    found: Sequence[Sequence[WriterOutage]],
    patience: int,
    over: Sequence[Gap],
) -> list[int]:
    """Return the numbers of the writers that never came back.

    Without a trigger nobody knows since when they should have: such a writer's outage has not ended,
    though others were served meanwhile. One whose write hangs will not, whenever that began.
    """
    since = max(seen.trigger, seen.settled or 0)
    return [
        series.writer
        for series, away in zip(seen.series, found, strict=True)
        if (
            is_stuck(series, since=since, stop=seen.stop, patience=patience)
            if seen.triggered
            else never_back(away, patience=patience, of_all=over)
        )
        or (series.writer in seen.hanging and hangs(series))
    ]


def _unsure(
    seen: Observed, found: Sequence[Sequence[WriterOutage]], stuck: Sequence[int], patience: int
) -> int:
    """Return how many writers were away to the end, too shortly or too late to be called stuck."""
    since = max(seen.trigger, seen.settled or 0)
    return sum(
        series.writer not in stuck
        and (
            (is_open(away) and not series.acked_between(since, seen.stop))
            or fails_to_the_end(series, away, patience=patience)
            or (not seen.triggered and never_back(away, patience=patience))
        )
        for series, away in zip(seen.series, found, strict=True)
    )


def _until(seen: Observed, outages: Sequence[Weighed], away: Sequence[WriterOutage]) -> int:
    """Return up to when an outage of a writer is part of the failover, and none of its own later.

    That is until the cluster had settled, or the end of the longest outage's incident. Without a
    trigger it is the end of the last outage, be it of all writers or of one.
    """
    gaps = [outage.gap for outage in outages]
    if not seen.triggered:
        return max([seen.start, *(gap[1] for gap in gaps), *(outage.stop for outage in away)])
    return max(seen.stop if seen.settled is None else seen.settled, _end_of_incident(gaps))


def _end_of_incident(outages: Sequence[Gap]) -> int:
    """Return when the incident of the longest outage was over; 0 without any."""
    longest = max(outages, key=lambda gap: gap[1] - gap[0], default=(0, 0))
    ends = (
        outage.stop for outage in incidents(outages) if outage.start <= longest[0] <= outage.stop
    )
    return int(max(ends, default=0))


def _since_trigger(
    seen: Observed, *, first: Sequence[int], last: Sequence[int], never: bool
) -> Interval:
    """Return from the trigger until the last writer was back, at the earliest and at the latest."""
    sure = max((moment - seen.still.any.before(moment) for moment in first), default=seen.trigger)
    most = max(last, default=seen.trigger) - seen.trigger
    return Interval(max(0, sure - seen.trigger), math.inf if never else max(0, most))


def _failed(outage: WriterOutage) -> bool:
    return outage.failed


def _covered(away: Sequence[WriterOutage]) -> int:
    return covered(map(_SPAN, away))


def _net(outage: WriterOutage, pauses: Pauses) -> int:
    """Return how long an outage was, but for what the load generator slept through."""
    own = pauses.most_within(_SPAN(outage)) if pauses.spans else 0
    return outage.length - own
