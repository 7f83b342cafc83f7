"""Gaps between acknowledged writes, and how long the database was away for certain.

Times are integer nanoseconds. What each rule means, with pictures: `docs/definitions.md`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice, pairwise
from operator import sub

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Outcome

Gap = tuple[int, int]  # from an acknowledgement to the next, both as `finished`

# Below this, gaps come from the scheduler of an ordinary machine: 1,000 writes a second showed
# natural gaps of up to 7 ms without any fault.
SHORTEST_OUTAGE = SECOND // 100
NATURAL_FACTOR = 3
# Even spacing leaves 1/rate between two writes; one write that comes late makes it two.
MISSED_SLOTS = 2
HOLD = SECOND  # outages closer than this are one incident
# Errors that show the database away. An error of another kind (a deadlock, a bug of the
# application) comes from a database that is there.
AWAY = frozenset({"refused", "reset", "timeout", "read-only", "dns"})
# After a stall the server's threads have to be scheduled before the first answer can be seen. On
# two CPUs that took longer than 2 ms in 7 of 400 freezes, and never 3 ms, however fast a single write
# was before.
RELEASE = 3 * SECOND // 1000
RECENT = 20_000  # so many writes of the calm are enough to know the normal service time
UNKNOWN = int(Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Outages so close to each other that they are one event for whoever is on call.

    Attributes:
        start: when the first of them began; seconds in a `Trial`.
        stop: when the last of them ended.
        outage: their lengths added up.
        count: how many they are.
    """

    start: float
    stop: float
    outage: float
    count: int


def acknowledgements(all_series: Sequence[Series], *, start: int, stop: int) -> list[int]:
    """Return when any writer's write was acknowledged, in order, between both edges of the run.

    The edges count as acknowledgements, so that a database that never comes back shows as one gap
    up to *stop* instead of as none at all.
    """
    # Each series is in order already, so sorting their concatenation only merges them.
    acks = sorted(chain.from_iterable(series.acks for series in all_series))
    return [start, *acks[bisect_right(acks, start) : bisect_left(acks, stop)], stop]


def largest_gap(acks: Sequence[int]) -> int:
    """Return the longest time between two neighbours; 0 if there are not two."""
    return max(map(sub, islice(acks, 1, None), acks), default=0)


def widest(acks: Sequence[int]) -> Gap:
    """Return the two neighbours, of at least two, that are furthest apart."""
    place = max(zip(map(sub, islice(acks, 1, None), acks), count(), strict=False))[1]
    return acks[place], acks[place + 1]


def threshold(natural: int, rate: float) -> int:
    """Return the length up to which the schedule and the machine explain a gap.

    Args:
        natural: the largest gap in the calm before the trigger. Three times that is beyond what
            the same machine does by itself in the short time of a failover.
        rate: writes per second that all writers intend together; 0 if there is no schedule.
    """
    schedule = round(MISSED_SLOTS * SECOND / rate) if rate > 0 else 0
    return max(SHORTEST_OUTAGE, NATURAL_FACTOR * natural, schedule)


def outages(acks: Sequence[int], *, longer_than: int) -> list[Gap]:
    """Return every gap between neighbours in *acks* that exceeds *longer_than*."""
    return [(before, after) for before, after in pairwise(acks) if after - before > longer_than]


def service_time(all_series: Sequence[Series], *, since: int, until: int) -> int:
    """Return how long a write normally takes from its start, judged by the calm *since*..*until*.

    The 99th percentile, so that a single hiccup does not blur every figure. 0 if nothing was
    acknowledged in the calm.
    """
    taken: list[int] = []
    share = max(1, RECENT // max(1, len(all_series)))
    for series in all_series:
        end = bisect_left(series.finished, until)
        rows = range(max(bisect_left(series.started, since), end - share), end)
        taken += [series.finished[row] - series.started[row] for row in rows if series.acked[row]]
    return percentile(sorted(taken), 0.99) if taken else 0


def certain(all_series: Sequence[Series], gap: Gap, *, service: int) -> Gap:
    """Return the shortest and the longest time for which the database can have been away.

    It was there at some moment of the last write acknowledged before the gap, and of the first
    one after it: no longer than from the start of one to the end of the other. It was away at
    some moment of each failure in the gap: no shorter than from the first failure's latest moment
    to the last failure's earliest.

    Args:
        all_series: all writers.
        gap: an outage as `outages` returns it.
        service: how long a write normally takes.
    """
    starts = [start for series in all_series for start in _last_start(series, gap[0])]
    there = max(starts, default=gap[0])
    longest = gap[1] - there
    # A write that was sent earlier and is still unanswered was slow by itself, before the gap.
    due = _Due(there, service)
    seen = [evidence for series in all_series for evidence in _absences(series, gap, due)]
    if not seen:
        return 0, longest
    latest_first = min(latest for _, latest in seen)
    earliest_last = max(earliest for earliest, _ in seen)
    return min(max(0, earliest_last - latest_first), longest), longest


def _last_start(series: Series, before: int) -> list[int]:
    """Return the start of this writer's last acknowledged write over by *before*, if any."""
    row = series.acked.rfind(1, 0, bisect_right(series.finished, before))
    return [series.started[row]] if row >= 0 else []


@dataclass(frozen=True, slots=True)
class _Due:
    """When a write should have been answered by a database that is there.

    Attributes:
        there: the latest moment at which a later-answered write shows that it still was.
        service: how long a write normally takes.
    """

    there: int
    service: int

    def after(self, started: int) -> int:
        return max(started, self.there) + self.service


def _absences(series: Series, gap: Gap, due: _Due) -> list[Gap]:
    """Return (earliest, latest) moments between which the database was away, one pair a proof."""
    proofs = []
    for row in range(bisect_right(series.finished, gap[0]), len(series)):
        if series.started[row] >= gap[1]:
            break
        proof = _stall(series, row, gap, due) if series.acked[row] else _error(series, row, due)
        if proof is not None:
            earliest, latest = proof
            proofs.append((min(earliest, gap[1]), min(max(latest, gap[0]), gap[1])))
    return proofs


def _stall(series: Series, row: int, gap: Gap, due: _Due) -> Gap | None:
    """Return what a write proves that was sent before or in the gap and acknowledged after it.

    Away from when it should have been answered to when the first answer can have been sent. A
    write that had to connect first proves nothing: how long that normally takes, nobody measured.
    """
    if _had_to_connect(series, row):
        return None
    latest, released = due.after(series.started[row]), gap[1] - max(due.service, RELEASE)
    return (released, latest) if latest < released else None


def _error(series: Series, row: int, due: _Due) -> Gap | None:
    """Return what a failed write proves.

    A time-out proves the database away when the write was sent, not until the client gave up: a
    hung connection stays silent when the database is back. So too with a connection that had been
    open before (its writer cannot know the outcome): it may have been cut at any moment since
    its writer's attempt before, and be noticed late.
    """
    fault = series.faults[series.fault[row]]
    if fault is None or fault.kind not in AWAY:
        return None
    started, finished = series.started[row], series.finished[row]
    if series.outcome[row] != UNKNOWN:
        return started, finished
    silent = fault.kind == "timeout" and not _had_to_connect(series, row)
    latest = min(finished, due.after(started)) if silent else finished
    return (series.started[row - 1] if row else 0), latest


def _had_to_connect(series: Series, row: int) -> bool:
    """Tell whether a writer had lost its connection before this attempt."""
    return row > 0 and not series.acked[row - 1]


def writer_outages(series: Series, *, since: int, stop: int, longer_than: int) -> list[Gap]:
    """Return when this writer was not served: from a write's intended time to its next success.

    Errors and silent stalls count alike. An outage that does not end is one up to *stop*.

    Args:
        series: the writer.
        since: attempts that were over before this are not looked at.
        stop: the end of observation.
        longer_than: shorter ones are not returned.
    """
    first = bisect_left(series.finished, since)
    taken = map(sub, islice(series.finished, first, None), islice(series.intended, first, None))
    # A late success right after a failure ends that failure's outage and is none of its own.
    late = [
        (series.intended[row], series.finished[row])
        for row, seconds in enumerate(taken, first)
        if seconds > longer_than and series.acked[row] and (row == first or series.acked[row - 1])
    ]
    away = sorted([*late, *_failing(series, first, stop)])
    closed = ((start, min(back, stop)) for start, back in away)
    return [(start, back) for start, back in closed if back - start > longer_than]


def covered(gaps: Iterable[Gap]) -> int:
    """Return how much time gaps in order of their start cover; overlaps count once."""
    total = reached = 0
    for start, stop in gaps:
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total


def _failing(series: Series, row: int, stop: int) -> Iterator[Gap]:
    """Yield, from *row* on, each run of failures from its first intended time to its end."""
    while (row := series.acked.find(0, row)) >= 0:
        back = series.acked.find(1, row)
        if back < 0:
            yield series.intended[row], stop
            return
        yield series.intended[row], series.finished[back]
        row = back


def is_stuck(series: Series, *, since: int, stop: int, patience: int) -> bool:
    """Tell whether a writer that had work had none of it acknowledged from *since* to *stop*.

    Args:
        series: the writer.
        since: when the cluster had settled.
        stop: the end of observation.
        patience: two slots of the schedule: a writer that waits for its next one is not stuck.
    """
    place = bisect_left(series.acks, since)
    if place < len(series.acks) and series.acks[place] <= stop:
        return False
    tried = bisect_left(series.finished, since) < len(series)
    return tried or any(last >= since for _, last, _ in series.skips) or stop - since > patience


def incidents(gaps: Sequence[Gap], *, hold: int = HOLD) -> list[Incident]:
    """Return outages in order with those that follow each other within *hold* merged."""
    merged: list[Incident] = []
    for start, stop in gaps:
        last = merged[-1] if merged else None
        if last is not None and start - last.stop < hold:
            merged[-1] = Incident(
                start=last.start,
                stop=stop,
                outage=last.outage + stop - start,
                count=last.count + 1,
            )
        else:
            merged.append(Incident(start=start, stop=stop, outage=stop - start, count=1))
    return merged
