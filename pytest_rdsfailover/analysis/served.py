"""Which share of the operations that were due was served: in all, in time, in the worst second.

Times are integer nanoseconds. What the words mean: `docs/definitions.md`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import sub, truediv

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.latency import slept_through
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.pauses import NEAR, UNSEEN, Pauses
from pytest_rdsfailover.analysis.series import Series, slots_of
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_moment


@dataclass(frozen=True, slots=True)
class Served:
    """Operations that were due, and how many of them were served.

    Attributes:
        due: how many there were, slots that were not issued included.
        served: how many were acknowledged, in time if that was asked for.
        excused: how many others may be the load generator's own fault, because it stood still.
    """

    due: int
    served: int
    excused: int

    @property
    def figure(self) -> Figure:
        """Return the share of them that was served."""
        seen = min(1.0, self.served / self.due)
        most = min(1.0, (self.served + self.excused) / self.due)
        return Figure(seen, most, unit="%", best=seen, basis=f"{self.served} of {self.due}")


def served(seen: Observed, span: Gap, *, within: int | None = None) -> Served:
    """Return what became of the operations that were due in a span.

    Args:
        seen: the trial.
        span: from when to when, by their intended times.
        within: the latency from the intended time in which they were to be served; None for any.
    """
    due = count = excused = 0
    for series in seen.series:
        first, last = (bisect_left(series.intended, edge) for edge in span)
        due += last - first + series.not_issued(*span)
        count += _in_time(series, first, last, within)
        excused += _excused(series, span, seen.still.of_writer(series.writer), within)
    return Served(due, count, excused)


def _in_time(series: Series, first: int, last: int, within: int | None) -> int:
    """Return how many of the rows were acknowledged in time."""
    acked = series.acked.count(1, first, last)
    if within is None or not acked:
        return acked
    late = series.latency.above(within, first, last)
    return acked - sum(map(series.acked.__getitem__, late))


def _excused(series: Series, span: Gap, pauses: Pauses, within: int | None) -> int:
    """Return how many were not served in time while the load generator stood still."""
    row = bisect_left(series.intended, span[1]) - 1  # its answer may come long after the span
    touched = pauses.touching((span[0], max(span[1], series.finished[row] if row >= 0 else 0)))
    skipped = sum(excused for _, excused in _skipped(series, span, pauses)) if pauses.spans else 0
    slept = slept_through(series, *span, Pauses(touched)) if touched else {}
    return skipped + sum(_perhaps(series, row, own, within) for row, own in slept.items())


def _skipped(series: Series, span: Gap, pauses: Pauses) -> Iterator[tuple[int, bool]]:
    """Yield the slots that were not issued, and whether that may be the load generator's fault.

    Where a pause was noted, there may be a short one near by that was not.
    """
    for skip in series.skips:
        first, last, _ = skip
        brief = last - first <= UNSEEN and pauses.touching((first - NEAR, last + NEAR))
        for slot in slots_of(skip):
            if span[0] <= slot < span[1]:
                yield slot, bool(brief or pauses.touching((slot, slot)))


def _perhaps(series: Series, row: int, own: int, within: int | None) -> bool:
    """Tell whether an operation was not served in time, and might have been without our pause."""
    if not series.acked[row]:
        return True
    taken = series.finished[row] - series.intended[row]
    return within is not None and taken - own <= within < taken


def worst_second(seen: Observed, *, zero: int) -> Figure | None:
    """Return the smallest share of operations served of those due in one second; None without any.

    No second has more operations that were not served than one of those that begin with such an
    operation, so that these are looked at. The last ones end with observation.

    Args:
        seen: the trial.
        zero: the moment that its times are counted from.
    """
    found = [pair for series in seen.series for pair in _unserved(series, seen)]
    if not found:
        return None if not _any_due(seen) else Figure.exact(1.0, "%")
    unserved = sorted(slot for slot, _ in found)
    latest = max(seen.start, seen.stop - SECOND)
    due = _due(seen, (min(unserved[0], latest), unserved[-1] + SECOND))
    least, at, counts = _worst(unserved, due, latest)
    sure = [slot for slot, excused in found if not excused]
    most = least
    if len(sure) < len(found):
        most = _worst(sorted(sure), due, latest)[0] if sure else 1.0
    moment = format_moment(to_seconds(at - zero))
    return Figure(least, most, unit="%", best=least, basis=f"{counts} in the second from {moment}")


def _unserved(series: Series, seen: Observed) -> Iterator[tuple[int, bool]]:
    """Yield the slots that were not served, and whether that may be the load generator's fault."""
    rows = series.failures_within(seen.start, seen.stop)
    slots, ends = (map(column.__getitem__, rows) for column in (series.intended, series.finished))
    pauses = seen.still.of_writer(series.writer)
    touching = pauses.touching if pauses.spans else None
    yield from (
        (slot, bool(touching and touching((slot, end))))
        for slot, end in zip(slots, ends, strict=True)
    )
    yield from _skipped(series, (seen.start, seen.stop), pauses)


def _any_due(seen: Observed) -> bool:
    return any(
        bisect_left(series.intended, seen.stop) > bisect_left(series.intended, seen.start)
        for series in seen.series
    )


def _due(seen: Observed, span: Gap) -> list[int]:
    """Return the slots in a span, in order, issued or not."""
    first, last = span[0], min(span[1], seen.stop)
    issued = (
        series.intended[bisect_left(series.intended, first) : bisect_left(series.intended, last)]
        for series in seen.series
    )
    skipped = (series.skipped(first, last) for series in seen.series)
    return sorted(chain(*issued, *skipped))


def _worst(unserved: Sequence[int], due: Sequence[int], latest: int) -> tuple[float, int, str]:
    """Return the smallest share of a second that begins with an unserved slot, when, and its counts."""
    begins = [min(slot, latest) for slot in unserved]
    failed = list(_counts(unserved, begins))
    of = list(map(max, _counts(due, begins), failed, repeat(1)))  # altered records fit nothing
    shares = list(map(truediv, map(sub, of, failed), of))
    worst = min(shares)
    place = shares.index(worst)
    return worst, begins[place], f"{of[place] - failed[place]} of {of[place]}"


def _counts(moments: Sequence[int], begins: Sequence[int]) -> Iterator[int]:
    """Yield how many moments lie in the second from each of several times on."""
    ends = [begin + SECOND for begin in begins]
    return map(
        sub, map(bisect_left, repeat(moments), ends), map(bisect_left, repeat(moments), begins)
    )
