"""When a database was there for certain: at some moment of every acknowledged write."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from pytest_rdsfailover.analysis.outages import Gap, WideGaps, longer
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.model.clock import SECOND

FINEST = SECOND // 400  # upper ends below twice this are not looked for


def there(all_series: Sequence[Series], before: int, start: int) -> int:
    """Return the latest moment at which a database was there still, judged by a moment.

    That is the latest start of any write that was acknowledged by then; *start* if none was.
    """
    rows = ((series, bisect_right(series.finished, before)) for series in all_series)
    return latest_served(rows, start)


def latest_served(rows: Iterable[tuple[Series, int]], start: int) -> int:
    """Return the latest start of any acknowledged write in front of some rows; *start* without one."""
    latest = start
    for series, end in rows:
        row = series.acked.rfind(1, 0, end)
        if row >= 0:
            latest = max(latest, series.started[row])
    return latest


def longest_unseen(all_series: Sequence[Series], wide: WideGaps, *, since: int) -> Gap:
    """Return the longest time in which a database can have been away without a break.

    It holds no acknowledged write, from its start to its end: such a write would have been served
    in it. One shorter than twice `FINEST` may be missed.

    Args:
        all_series: all writers.
        wide: the gaps between their acknowledgements.
        since: what was over by then does not count.
    """
    acks = wide.acks
    # A time twice as long as *slow* holds a gap of that length between writes that were not slow.
    slow = max(wide.widest(since) // 2, FINEST)
    late = sorted(_slow(all_series, slow))
    gaps = longer(_without(acks, late), slow) if late else wide.longer(slow)
    found = (acks[-1], acks[-1])
    for before, after in sorted(gaps, key=lambda gap: gap[0] - gap[1]):
        if after <= since:
            continue
        if after - before + slow <= found[1] - found[0]:
            break
        ends = late[bisect_right(late, before) : bisect_left(late, after)]
        for end in (*ends, after):
            begin = there(all_series, end - 1, acks[0])
            if end > since and end - begin > found[1] - found[0]:
                found = begin, end
    return found


def _slow(all_series: Sequence[Series], slow: int) -> list[int]:
    """Return when writes were acknowledged that took longer than *slow*."""
    found: list[int] = []
    for series in all_series:
        found += [series.finished[row] for row in series.taken.above(slow) if series.acked[row]]
    return found


def _without(acks: Sequence[int], late: Sequence[int]) -> Sequence[int]:
    """Return acknowledgements in order but for those of slow writes; the edges of the run stay."""
    slow = frozenset(late)
    return [acks[0], *(ack for ack in acks[1:-1] if ack not in slow), acks[-1]]
