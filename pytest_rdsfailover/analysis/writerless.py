"""Writes that were acknowledged while no instance took any: their workload waits for no database."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.reached_keys import tolerated
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.traffic import Traffic

WRITTEN_TO = frozenset({"writer", "proxy"})  # kinds of endpoints; the others are there to be read
FEWEST_WRITES = 0.5  # of the acknowledged ones; of fewer the finding `only_reads` tells
AWAY, BACK = {"writer_cut", "writes_refused"}, {"promoted", "switched", "old_writer_back"}
# Seconds for which others may still be served by who has answered a probe no more, and for which a
# new writer may take writes before a probe reaches it: one that waits for a connect, and an answer.
EARLY, LATE = 0.5, 2.0
SEEN = "writes were sent and acknowledged after the writer had been cut, and before there was one again"


def why_without_writer(all_series: Sequence[Series], course: Course) -> str:
    """Return how many writes without readable keys were acknowledged without a writer; empty if few.

    Args:
        all_series: what every writer did.
        course: has what the cluster did.
    """
    seen, total = _seen(course), sum(len(series.acks) for series in all_series)
    if course.mode != "local" or seen is None or seen.marked:
        return ""
    if max(seen.writes, seen.rows) < FEWEST_WRITES * total:
        return ""
    count = acked_without_writer(all_series, course)
    if not count:
        return ""
    return (
        f"{count} {SEEN}: the workload acknowledges what has failed, is still to be done, or only reads;"
        " let it raise its errors and wait for its work, and give what only reads as reads="
    )


def acked_without_writer(all_series: Sequence[Series], course: Course) -> int:
    """Return how many writes began and were acknowledged while there was no writer; 0 if few.

    Of a real cluster it is known by probes only, which may have missed a writer.
    """
    if course.endpoint not in WRITTEN_TO:
        return 0
    doubt = to_nanoseconds(course.alignment)
    known = _without_writer if course.mode == "local" else _without_seen_writer
    spans = [(first + doubt, last - doubt) for first, last in known(course)]
    count = sum(_acked_within(series, span) for series in all_series for span in spans)
    total = sum(len(series.acks) for series in all_series)
    return count if count > tolerated(total) else 0


def only_writes(course: Course) -> bool:
    """Tell whether all keys that were seen were in statements that write."""
    seen = _seen(course)
    return seen is not None and bool(seen.keys) and seen.keys == seen.stored_keys


def _seen(course: Course) -> Traffic | None:
    """Return what came to all endpoints; None if nobody saw it, or the load's is there to be read."""
    witnessed = course.witnessed
    if witnessed is None or not witnessed.whole or "reader" in witnessed.endpoint:
        return None
    return Traffic.total(list(witnessed.whole.values()))


def _without_writer(course: Course) -> Iterator[Gap]:
    """Yield when no instance can have taken a write: from a writer's cut until the next one's plan.

    An instance takes writes no earlier than its profile plans it; the milestone is noted later.
    """
    writer, cut = course.writer_before, None
    for milestone in sorted(course.milestones, key=lambda milestone: milestone.at):
        if milestone.name == "writer_cut" and milestone.instance == writer and cut is None:
            cut = milestone.at
        restarted = milestone.name == "instance_back" and milestone.instance == writer
        if milestone.name != "promoted" and not restarted:
            continue
        if cut is not None and milestone.planned is not None and cut < milestone.planned:
            yield to_nanoseconds(cut), to_nanoseconds(milestone.planned)
        writer, cut = milestone.instance, None


def _without_seen_writer(course: Course) -> Iterator[Gap]:
    """Yield when probes of a real cluster saw nobody take writes, but for what they notice late."""
    away: float | None = None
    for milestone in sorted(course.milestones, key=lambda milestone: milestone.at):
        if milestone.name in AWAY and away is None:
            away = milestone.at
        elif milestone.name in BACK and away is not None:
            yield to_nanoseconds(away + EARLY), to_nanoseconds(milestone.at - LATE)
            away = None


def _acked_within(series: Series, span: Gap) -> int:
    first, last = span
    rows = bisect_right(series.started, first), bisect_left(series.finished, last)
    return series.acked.count(1, *rows)
