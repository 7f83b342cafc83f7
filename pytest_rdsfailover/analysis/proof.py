"""For how much of a gap the database was away for certain: what failed and late writes prove.

Times are integer nanoseconds. What each rule means, with pictures: `docs/definitions.md`.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.rows import Rows
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Fault, Outcome

# Errors that show the database away: no answer, or an answer of an instance that may not write.
AWAY = frozenset({"refused", "reset", "timeout", "read-only", "dns"})
# Errors of a server that cannot serve anybody: out of space, memory, connections or threads.
CANNOT_SERVE = frozenset({1021, 1030, 1037, 1038, 1040, 1041, 1114, 1135, 1203, 1226})
# Errors of one statement, from a server that is there: a deadlock, a lock that another one holds, a
# duplicate key, a packet that is too long. After the last of these it closes the connection.
TOO_LONG, NEIGHBOURS = 1153, 8
ONE_STATEMENT = frozenset({1213, 1205, 1062, TOO_LONG})
# After a stall the server's threads have to be scheduled before the first answer can be seen. On
# two CPUs that took longer than 2 ms in 7 of 400 freezes, and never 3 ms, however fast a single write
# was before.
RELEASE = 3 * SECOND // 1000
# Answers that a server held up come together, and those that a path lost come each in its own time.
# Starts closer to each other than this do not tell one from the other: TCP's timers tick in 4 ms.
TELLING = 2 * RELEASE
ENOUGH = 3  # writers; of two, both may be late by themselves
TOGETHER = 3  # three quarters of the ends are that many times closer to each other than the starts
# A machine that is busy answers some of them late. Of so many writers, the middle half tells: the ends are
# that many times closer to each other than the waits (16 freezes beside a busy machine: 1.7 to 20 times),
# and of a path that lost them it is the other way round. Of eight writers the middle half are four, and
# answers that are late each by itself come that close together by chance in one of 300 trials.
MANY, CLOSER = 12, 1.5
UPPER_QUARTER = 0.75
RETRANSMIT = SECOND // 4  # TCP sends again 0.2 s after a loss at the least, and a round trip
UNKNOWN = int(Outcome.UNKNOWN)
AGAIN = 1.5  # times what writes usually take: a write that took no longer was not held up


def is_absence(fault: Fault | None, *, database: bool) -> bool:
    """Tell whether an error shows that nobody could be served.

    Args:
        fault: the error; None if there was none.
        database: whether the database is asked for, and not the application: that one is away
            whatever its operations failed of, except for errors of one statement.
    """
    if fault is None or fault.code in ONE_STATEMENT:
        return False
    return fault.kind in AWAY or fault.code in CANNOT_SERVE or not database


@dataclass(frozen=True, slots=True)
class Due:
    """When a write should have been answered by a database that is there.

    Attributes:
        there: the latest moment at which a later-answered write shows that it still was.
        service: how long a write normally takes.
    """

    there: int
    service: int

    def after(self, started: int) -> int:
        """Return until when a write that was sent at a moment should have been answered."""
        return max(started, self.there) + self.service

    def overdue(self, started: int) -> bool:
        """Tell whether a write was unanswered although others were served: slow by itself."""
        return started + self.service < self.there


def showing(series: Series, *, database: bool) -> bytes:
    """Return one byte an operation: 1 if it failed in a way that shows that nobody could be served."""
    shown = bytearray(len(series))
    away = [is_absence(fault, database=database) for fault in series.faults]
    long = any(fault is not None and fault.code == TOO_LONG for fault in series.faults)
    for row in series.failures:
        if away[series.fault[row]] and not (long and _by_its_own_packet(series, row)):
            shown[row] = 1
    return bytes(shown)


def failures_within(rows: Rows, shown: Sequence[bytes], gap: Gap, due: Due) -> list[Gap]:
    """Return (earliest, latest) moments between which the database was away, one pair a failure.

    Args:
        rows: those of all writers around the gap.
        shown: what each writer's failures are `showing`.
        gap: from when to when.
        due: when its writes should have been answered.
    """
    found = []
    for series, shows, first, sent in zip(rows.series, shown, rows.first, rows.sent, strict=True):
        row = shows.find(1, first, sent)
        if row >= 0 and _failed_before(series, first, due.there):
            continue
        while row >= 0:
            earliest, latest = _moment(series, row, due)
            found.append((min(earliest, gap[1]), min(max(latest, gap[0]), gap[1])))
            row = shows.find(1, row + 1, sent)
    return found


def failing_moments(
    all_series: Sequence[Series], shown: Sequence[bytes], *, over: float = math.inf
) -> list[int]:
    """Return the earliest moment at which the database can have been away, for all failures by a moment."""
    return sorted(
        _earliest(series, row)
        for series, shows in zip(all_series, shown, strict=True)
        for row in series.failures
        if shows[row] and series.finished[row] <= over
    )


def _failed_before(series: Series, row: int, there: int) -> bool:
    """Tell whether a writer had been failing before a moment at which another one was served.

    Then it fails for a reason of its own, up to its next success, which a gap does not have.
    """
    begun = series.acked.rfind(1, 0, row) + 1  # the first failure of those in a row
    return begun < row and series.finished[begun] < there


def _moment(series: Series, row: int, due: Due) -> Gap:
    """Return between which moments the database was away, by a failed write.

    A time-out proves the database away when the write was sent, not until the client gave up: a
    hung connection stays silent when the database is back. So too with a connection that had been
    open before (its writer cannot know the outcome): it may have been cut at any moment since
    its writer's attempt before, and be noticed late.
    """
    started, finished = series.started[row], series.finished[row]
    if series.outcome[row] != UNKNOWN:
        return started, finished
    fault = series.faults[series.fault[row]]
    silent = fault is not None and fault.kind == "timeout" and not had_to_connect(series, row)
    latest = min(finished, due.after(started)) if silent else finished
    return _earliest(series, row), latest


def _earliest(series: Series, row: int) -> int:
    if series.outcome[row] != UNKNOWN:
        return series.started[row]
    return series.started[row - 1] if row else 0


def _by_its_own_packet(series: Series, row: int) -> bool:
    """Tell whether the writer's own packets, too long for the server, end its connections.

    The server's word for that may get lost in the end of the connection. So a reset is of that kind if
    there is such a word beside it, with nothing but resets between.
    """
    beside = (
        range(row, max(-1, row - NEIGHBOURS), -1),
        range(row, min(row + NEIGHBOURS, len(series))),
    )
    return any(_meets_too_long(series, rows) for rows in beside)


def _meets_too_long(series: Series, rows: Iterable[int]) -> bool:
    faults = (series.faults[series.fault[row]] for row in rows)
    ends = takewhile(
        lambda fault: fault is not None and (fault.kind == "reset" or fault.code == TOO_LONG),
        faults,
    )
    return any(fault is not None and fault.code == TOO_LONG for fault in ends)


def had_to_connect(series: Series, row: int) -> bool:
    """Tell whether a writer had lost its connection before this attempt."""
    return row > 0 and not series.acked[row - 1]


def silence(rows: Rows, gap: Gap, due: Due) -> Gap | None:
    """Return (earliest, latest) of what writes prove that were held up over the end of a gap.

    A server that stood still answers all of them together, and was away from when the first of
    them was due until shortly before. Answers that come each in their own time were lost or late on
    the way: TCP sends again after ever doubled times, so the way can have been open for the second
    half of the silence. A single connection cannot tell one from the other.

    A write that had to connect first proves nothing: how long that normally takes, nobody measured.
    """
    released = gap[1] - max(due.service, RELEASE)
    held = [
        (start, end)
        for start, end in _held(rows)
        if due.after(start) < released and not due.overdue(start)
    ]
    if not held:
        return None
    first = max(gap[0], min(due.after(start) for start, _ in held))
    if len(held) >= ENOUGH and _came_together(
        [(max(start, due.there), end) for start, end in held], gap[1]
    ):
        return released, first
    alone = (max(gap[0], due.after(start)) for start, end in held if end == gap[1])
    since = min(alone, default=gap[1])
    sure = (gap[1] - since - RETRANSMIT) // 2
    return (since + sure, since) if sure > 0 else None


def _came_together(held: Sequence[Gap], first: int) -> bool:
    """Tell whether writes sent apart from each other were answered at one moment, the *first* answer's."""
    starts, ends = sorted(start for start, _ in held), sorted(end for _, end in held)
    apart, late = starts[-1] - starts[0], percentile(ends, UPPER_QUARTER) - first
    if apart < TELLING or late > apart:
        return False
    waits = [end - start for start, end in held]
    closer = len(held) >= MANY and _deviation(ends) * CLOSER <= _deviation(waits)
    return closer or late * TOGETHER <= apart


def _deviation(times: Sequence[int]) -> int:
    """Return the median distance from the median: a few that came late by themselves do not count."""
    middle = percentile(sorted(times), 0.5)
    return percentile(sorted(abs(time - middle) for time in times), 0.5)


def _held(rows: Rows) -> Iterator[Gap]:
    """Yield start and end of each write that was sent before the end of a gap and served after it."""
    for series, row, sent in zip(rows.series, rows.back, rows.sent, strict=True):
        if row < sent and series.acked[row] and not had_to_connect(series, row):
            yield series.started[row], series.finished[row]


def between(proofs: Sequence[Gap], gap: Gap, due: Due) -> Gap:
    """Return the first moment of absence, at its latest, and the last one, at its earliest.

    These are one moment if there are no proofs, or if they prove no time between them.
    """
    if not proofs:
        return gap[1], gap[1]
    latest_first = min(latest for _, latest in proofs)
    earliest_last = max(earliest for earliest, _ in proofs)
    length = min(max(0, earliest_last - latest_first), gap[1] - due.there)
    return latest_first, latest_first + length


def passed_by(rows: Rows, gap: Gap, due: Due) -> bool:
    """Tell whether one writer was served on both sides of a gap, in time and with nothing between.

    Then nothing shows that the database was away: the other writers may have been cut off alone.
    """
    for series, row in zip(rows.series, rows.back, strict=True):
        if 0 < row < len(series) and series.finished[row] == gap[1]:
            usual = series.finished[row] - series.intended[row] <= max(AGAIN * due.service, RELEASE)
            both = series.acked[row] and series.acked[row - 1]
            if usual and both and series.finished[row - 1] == gap[0]:
                return True
    return False


def fresh_failures(all_series: Sequence[Series], since: int, begun: int, *, database: bool) -> int:
    """Count the writers that were served before a moment and met an absence after it.

    Not those whose attempt had begun before *begun*: others were served while it waited.
    """
    fresh = 0
    for series in all_series:
        row = bisect_right(series.finished, since)
        if row < len(series) and not series.acked[row] and not had_to_connect(series, row):
            new = series.started[row] >= begun
            fresh += new and is_absence(series.faults[series.fault[row]], database=database)
    return fresh
