"""Where a gap lies among each writer's operations, found once."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from typing import NamedTuple

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.series import Series


class Rows(NamedTuple):
    """The rows around a gap, one a writer.

    Attributes:
        series: what each writer did.
        first: the first row that was not finished by the gap's start.
        back: the first row that was finished at the gap's end or later.
        sent: the first row that was sent at the gap's end or later.
    """

    series: Sequence[Series]
    first: Sequence[int]
    back: Sequence[int]
    sent: Sequence[int]

    def of_writers(self, kept: Sequence[bool]) -> "Rows":
        """Return those of some writers."""
        first, back, sent = (
            tuple(compress(column, kept)) for column in (self.first, self.back, self.sent)
        )
        return Rows(tuple(compress(self.series, kept)), first, back, sent)


BLOCK = 256  # gaps whose rows are in memory at the same time


def rows_around(all_series: Sequence[Series], gap: Gap) -> Rows:
    """Return all writers' rows around a gap."""
    return next(rows_of(all_series, [gap]))


def rows_of(all_series: Sequence[Series], gaps: Sequence[Gap]) -> Iterator[Rows]:
    """Yield all writers' rows around one gap after the other; gaps are in order, and apart."""
    for begin in range(0, len(gaps), BLOCK):
        block = gaps[begin : begin + BLOCK]
        starts, ends = [gap[0] for gap in block], [gap[1] for gap in block]
        first = [places(series.finished, starts, after=True) for series in all_series]
        back = [places(series.finished, ends) for series in all_series]
        sent = [places(series.started, ends) for series in all_series]
        columns = (
            zip(*column, strict=True) if column else repeat((), len(block))
            for column in (first, back, sent)
        )
        yield from map(Rows, repeat(all_series), *columns)


def places(times: Sequence[int], moments: Sequence[int], *, after: bool = False) -> Iterator[int]:
    """Return where each of some moments in order stands among times in order, or *after* its equals."""
    find = bisect_right if after else bisect_left
    low, high = find(times, moments[0]), find(times, moments[-1])
    near = list(times[low:high])  # is searched much faster than a column of a journal
    return map(low.__add__, map(find, repeat(near), moments))
