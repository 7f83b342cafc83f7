"""When single writers were not served, and which of them never came back."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.proof import ONE_STATEMENT
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.complaints import HANGING


class WriterOutage(NamedTuple):
    """A time in which one writer was not served.

    Attributes:
        start: the intended time of the first write that was not served.
        stop: when the writer was served next; the end of observation if it was not.
        ended: whether it was served again by then.
        before: when it had last been served, at the earliest: when that write was sent; 0 if never.
        failed: whether operations failed in it, or were never heard of; else one was late.
    """

    start: int
    stop: int
    ended: bool
    before: int
    failed: bool

    @property
    def length(self) -> int:
        """Return how long it lasted."""
        return self.stop - self.start

    @property
    def span(self) -> Gap:
        """Return its start and its stop."""
        return self.start, self.stop


def writer_outages(
    series: Series, *, since: int, stop: int, longer_than: int, patience: int
) -> list[WriterOutage]:
    """Return when this writer was not served: from a write's intended time to its next success.

    Errors and silent stalls count alike. An error of one statement comes from a server that serves,
    so it is no outage, and it ends one. A writer that reports nothing any more is away, too.

    Args:
        series: the writer.
        since: attempts that were over before this are not looked at.
        stop: the end of observation.
        longer_than: what was served in that time is no outage; failures are, however short.
        patience: for how long nothing need be heard of a writer that waits for its slot; 0 if
            nobody knows.
    """
    first = bisect_left(series.finished, since)
    served = _served(series)
    found = [
        *((*span, False) for span in _late(series, served, first, longer_than)),
        *((*span, True) for span in _failing(series, served, first, stop)),
    ]
    last = series.finished[-1] if len(series) else since
    if patience and stop - last > patience:
        found.append((max(last, since), stop + 1, True))
    return [
        WriterOutage(start, min(back, stop), back <= stop, _served_before(series, start), failed)
        for start, back, failed in sorted(found)
        if start < stop
    ]


def _served_before(series: Series, moment: int) -> int:
    row = series.acked.rfind(1, 0, bisect_right(series.finished, moment))
    return series.started[row] if row >= 0 else 0


def longest_wait(series: Series, *, since: int) -> int:
    """Return the longest time from a write's intended time to its answer."""
    return series.latency.largest(bisect_left(series.finished, since))


def _served(series: Series) -> bytes:
    """Return one byte an attempt: 1 if a server that serves answered it."""
    codes = [0 if fault is None else fault.code for fault in series.faults]
    if ONE_STATEMENT.isdisjoint(codes):
        return series.acked
    statement = array("B", (code in ONE_STATEMENT for code in codes))
    return bytes(
        acked or statement[fault] for acked, fault in zip(series.acked, series.fault, strict=True)
    )


def _late(series: Series, served: bytes, first: int, longer_than: int) -> Iterator[Gap]:
    """Yield the writes that were acknowledged late.

    One right after a failure ends that failure's outage and is none of its own.
    """
    for row in series.latency.above(longer_than, first):
        if series.acked[row] and (row == first or served[row - 1]):
            yield series.intended[row], series.finished[row]


def _failing(series: Series, served: bytes, row: int, stop: int) -> Iterator[Gap]:
    """Yield, from *row* on, each run of failures from its first intended time to its end."""
    while (row := served.find(0, row)) >= 0:
        back = served.find(1, row)
        if back < 0:
            yield series.intended[row], stop + 1
            return
        yield series.intended[row], series.finished[back]
        row = back


def covered(gaps: Iterable[Gap]) -> int:
    """Return how much time gaps in order of their start cover; overlaps count once."""
    total = reached = 0
    for start, stop in gaps:
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total


def is_stuck(series: Series, *, since: int, stop: int, patience: int) -> bool:
    """Tell whether a writer that had work had none of it acknowledged from *since* to *stop*.

    Args:
        series: the writer.
        since: when the cluster had settled.
        stop: the end of observation.
        patience: two slots of the schedule: a writer that waits for its next one is not stuck.
    """
    if series.acked_between(since, stop):
        return False
    tried = bisect_left(series.finished, since) < len(series)
    return tried or any(last >= since for _, last, _ in series.skips) or stop - since > patience


def hangs(series: Series) -> bool:
    """Tell whether a writer's last attempt was given up, because the user's code had no end."""
    return bool(series.fault) and series.faults[series.fault[-1]] == HANGING


def is_open(away: Sequence[WriterOutage]) -> bool:
    """Tell whether an outage of a writer had not ended when observation did."""
    return not all(outage.ended for outage in away)


def fails_to_the_end(series: Series, away: Sequence[WriterOutage], *, patience: int) -> bool:
    """Tell whether a writer failed to the end of observation for longer than *patience*."""
    return never_back(away, patience=patience) and series.acked[-1:] == b"\0"


def never_back(away: Sequence[WriterOutage], *, patience: int, of_all: Sequence[Gap] = ()) -> bool:
    """Tell whether a writer's last outage did not end, though it had longer than *patience*.

    Args:
        away: its outages.
        patience: two slots of the schedule.
        of_all: when no writer was served, which leaves none of them a chance.
    """
    return any(
        not outage.ended and outage.length - _shared(outage.span, of_all) > patience
        for outage in away
    )


def _shared(span: Gap, others: Iterable[Gap]) -> int:
    return sum(max(0, min(span[1], stop) - max(span[0], start)) for start, stop in others)
